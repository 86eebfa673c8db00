"""When follow-up calls should have been: dateutil's recurrences, the law's holidays, nothing of the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from dateutil import easter, rrule

WEEKS = {"weekly": 1, "twice_a_week": 1, "fortnightly": 2, "monthly": 4}
# Code du travail, article L3133-1; Alsace-Moselle: ordinance of 16 August 1892; La Réunion: 20 December 1848.
FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
LOCAL = {"974": ((12, 20),), "67": ((12, 26),)}
ZONES = {"": "Europe/Paris", "67": "Europe/Paris", "974": "Indian/Reunion", "975": "America/Miquelon"}


@cache
def holidays(year: int, region: str) -> frozenset[date]:
    sunday = easter.easter(year)
    moving = [sunday + timedelta(days=days) for days in (1, 39, 50)]
    if region == "67":
        moving.append(sunday - timedelta(days=2))
    return frozenset([*moving, *(date(year, *day) for day in (*FIXED, *LOCAL.get(region, ())))])


def working(day: date, region: str) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year, region)


def moved(day: date, region: str) -> date:
    while not working(day, region):
        day += timedelta(days=1)
    return day


@dataclass
class Spec:
    """One plan as a person would write it down, and what happened to it."""

    cadence: str
    weekdays: list[int]
    time: time
    region: str
    starts_on: date
    ends_on: date | None = None
    exceptions: list[tuple[date, date]] = field(default_factory=list)
    # On this morning it ended.
    ended_on: date | None = None
    # On this morning it was spaced out.
    spaced: tuple[date, str, list[int]] | None = None


def nominal(cadence: str, weekdays: list[int], starts_on: date, last: date) -> list[date]:
    if cadence == "48h":
        rule = rrule.rrule(rrule.DAILY, interval=2, dtstart=datetime.combine(starts_on, time()))
    else:
        monday = starts_on - timedelta(days=starts_on.weekday())
        rule = rrule.rrule(
            rrule.WEEKLY,
            interval=WEEKS[cadence],
            byweekday=weekdays,
            dtstart=datetime.combine(monday, time()),
            wkst=rrule.MO,
        )
    days = rule.between(datetime.combine(starts_on, time()), datetime.combine(last, time()), inc=True)
    return [day.date() for day in days]


def days_of(spec: Spec, last: date, heat: tuple[date, date] | None) -> set[date]:
    """The local days of the calls up to ``last``; ``heat`` is the morning it began and its last day."""

    def made(days: list[date]) -> set[date]:
        kept = [day for day in days if spec.ends_on is None or day <= spec.ends_on]
        after = {moved(day, spec.region) for day in kept}
        return {day for day in after if spec.ends_on is None or day <= spec.ends_on}

    own = nominal(spec.cadence, spec.weekdays, spec.starts_on, last)
    found = made(own)
    if spec.spaced is not None:
        morning, cadence, weekdays = spec.spaced
        later = nominal(cadence, weekdays, morning + timedelta(days=1), last)
        found = {day for day in found if day <= morning} | made(later)
        own = [day for day in own if day <= morning] + later
    if heat is not None:
        morning, until = heat
        start = spec.starts_on if spec.spaced is None else spec.spaced[0] + timedelta(days=1)
        raised = made(nominal("48h", [], start, until))
        afterwards = made([day for day in own if day > until])
        found = {day for day in found if day <= morning} | {day for day in raised if day >= morning} | afterwards
    if spec.ended_on is not None:
        found = {day for day in found if day < spec.ended_on}
    return {day for day in found if day <= last and not any(first <= day <= final for first, final in spec.exceptions)}


def expected(spec: Spec, last: date, heat: tuple[date, date] | None = None) -> list[datetime]:
    """The same as instants: the local hour of the household, whatever its clock does."""
    zone = ZoneInfo(ZONES[spec.region])
    return sorted(datetime.combine(day, spec.time, zone).astimezone(UTC) for day in days_of(spec, last, heat))
