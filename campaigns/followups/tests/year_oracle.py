"""When follow-up calls should have been: dateutil's recurrences, the law's holidays, nothing of the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from dateutil import easter, rrule

WEEKS = {"weekly": 1, "twice_a_week": 1, "fortnightly": 2, "monthly": 4}
# Code du travail, article L3133-1; Alsace-Moselle: ordinance of 16 August 1892; La Réunion and Mayotte: law of
# 30 June 1983 and decree of 23 November 1983; Nouvelle-Calédonie and Polynésie: their own labour codes.
FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
LOCAL = {
    "67": ((12, 26),),
    "974": ((12, 20),),
    "976": ((4, 27),),
    "987": ((3, 5), (11, 20)),
    "988": ((9, 24),),
}
GOOD_FRIDAY = ("67", "987")
ZONES = {
    "": "Europe/Paris",
    "67": "Europe/Paris",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}


@cache
def holidays(year: int, region: str) -> frozenset[date]:
    sunday = easter.easter(year)
    moving = [sunday + timedelta(days=days) for days in (1, 39, 50)]
    if region in GOOD_FRIDAY:
        moving.append(sunday - timedelta(days=2))
    return frozenset([*moving, *(date(year, *day) for day in (*FIXED, *LOCAL.get(region, ())))])


def working(day: date, region: str) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year, region)


def moved(day: date, region: str) -> date:
    while not working(day, region):
        day += timedelta(days=1)
    return day


@dataclass(frozen=True)
class Rhythm:
    """What was agreed, from the instant at which it was."""

    since: datetime
    cadence: str
    weekdays: list[int]
    time: time
    starts_on: date
    ends_on: date | None = None


@dataclass
class Silence:
    """Days without a call, entered at an instant; perhaps taken back at another."""

    entered: datetime
    first: date
    last: date
    taken_back: datetime | None = None

    def covers(self, day: date, at: datetime) -> bool:
        open_still = self.taken_back is None or at < self.taken_back
        return self.first <= day <= self.last and self.entered < at and open_still


@dataclass
class Spec:
    """One plan as a person would write it down, and what happened to it."""

    region: str
    rhythms: list[Rhythm] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    # After this instant nobody calls any more.
    ended_at: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(ZONES[self.region])


@dataclass(frozen=True)
class Heat:
    """From an instant on: each 48 hours until that day; or, without a day, no more."""

    since: datetime
    until: date | None


def nominal(cadence: str, weekdays: list[int], starts_on: date, last: date) -> list[date]:
    begin = datetime.combine(starts_on, time())
    if cadence == "48h":
        rule = rrule.rrule(rrule.DAILY, interval=2, dtstart=begin)
    else:
        monday = begin - timedelta(days=starts_on.weekday())
        rule = rrule.rrule(rrule.WEEKLY, interval=WEEKS[cadence], byweekday=weekdays, dtstart=monday, wkst=rrule.MO)
    return [day.date() for day in rule.between(begin, datetime.combine(last, time()), inc=True)]


def days_of(rhythm: Rhythm, region: str, until: date | None, last: date) -> list[date]:
    """The local days that this rhythm asks for; each second day up to ``until``, when that is a heat wave."""
    days = nominal(rhythm.cadence, rhythm.weekdays, rhythm.starts_on, last)
    if until is not None:
        days = nominal("48h", [], rhythm.starts_on, until) + [day for day in days if day > until]
    # A call whose day is over the end is not made, nor one that a holiday would push over it.
    kept = [day for day in days if rhythm.ends_on is None or day <= rhythm.ends_on]
    after = sorted({moved(day, region) for day in kept})
    return [day for day in after if rhythm.ends_on is None or day <= rhythm.ends_on]


def expected(spec: Spec, end: datetime, heats: list[Heat]) -> list[datetime]:
    """The instants of all calls up to ``end``: the local hour of the household, whatever its clock does.

    After each change the calls are those of the new rhythm, but the one planned for the day of the change stands,
    and no day has two.
    """
    turns = sorted({one.since for one in (*spec.rhythms, *heats) if one.since >= spec.rhythms[0].since})
    found: list[tuple[date, datetime]] = []
    for turn, next_turn in zip(turns, [*turns[1:], None], strict=True):
        rhythm = max((one for one in spec.rhythms if one.since <= turn), key=lambda one: one.since)
        heat = max((one for one in heats if one.since <= turn), key=lambda one: one.since, default=None)
        until = (
            heat.until if heat is not None and heat.until and heat.until >= turn.astimezone(spec.zone).date() else None
        )
        for day in days_of(rhythm, spec.region, until, end.astimezone(spec.zone).date()):
            at = datetime.combine(day, rhythm.time, spec.zone).astimezone(UTC)
            if at <= turn or (found and day <= found[-1][0]):
                continue
            if next_turn is not None and at > next_turn and day > next_turn.astimezone(spec.zone).date():
                break
            if not any(one.covers(day, at) for one in spec.silences):
                found.append((day, at))
    return [at for _, at in found if at <= end and (spec.ended_at is None or at <= spec.ended_at)]
