"""Opening hours, slots, public holidays, the household's own zone. Knows nothing of cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.conf import settings

from campaigns.models.campaign import Campaign
from tenants import communes

MORNING, MIDDAY, AFTERNOON, EVENING = SLOTS = ("morning", "midday", "afternoon", "evening")
SLOT_LABELS = {MORNING: "le matin", MIDDAY: "vers midi", AFTERNOON: "l'après-midi", EVENING: "en fin de journée"}
# Morning until 11, midday 11–14, afternoon 14–17, evening from 17, unless the campaign says otherwise.
SLOT_ENDS = (time(11), time(14), time(17))
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
# Departments and territories whose holidays or clock differ from the rest of France.
SPECIAL_DEPARTMENTS = ("57", "67", "68", "971", "972", "973", "974", "975", "976", "977", "978", "986", "987", "988")
# No campaign stays shut longer: a search for the next opening stops there.
HORIZON_DAYS = 400


class NeverOpenError(ValueError):
    """The campaign has no opening hours at all within the horizon."""


def region_of(department: str) -> str:
    """What the queue keeps of a department: itself when its calendar is special, else nothing."""
    return department if department in SPECIAL_DEPARTMENTS else ""


@lru_cache(maxsize=512)
def _holidays(region: str, year: int) -> dict[date, str]:
    subdivision = communes.holiday_region(region) if region else ""
    return dict(holidays.country_holidays("FR", subdiv=subdivision or None, years=year, language="fr"))


def holiday_name(day: date, region: str = "") -> str:
    """The French name of the public holiday on ``day``, or nothing."""
    return _holidays(region, day.year).get(day, "")


def slot_at(local: datetime, ends: tuple[time, ...] = SLOT_ENDS) -> str:
    """The slot of a local time."""
    return next((slot for end, slot in zip(ends, SLOTS, strict=False) if local.time() < end), EVENING)


@lru_cache(maxsize=256)
def _parse(hours: str) -> tuple[tuple[tuple[time, time], ...], ...]:
    """« 0=10:00-12:00,14:00-18:00;1=… » to a tuple of windows per weekday."""
    week: list[tuple[tuple[time, time], ...]] = [()] * 7
    for part in filter(None, hours.split(";")):
        weekday, _, spans = part.partition("=")
        week[int(weekday)] = tuple(
            (time.fromisoformat(start), time.fromisoformat(end))
            for start, _, end in (span.partition("-") for span in spans.split(","))
        )
    return tuple(week)


@dataclass(frozen=True)
class Calendar:
    """When a campaign may call the households of one region."""

    week: tuple[tuple[tuple[time, time], ...], ...]
    tz: ZoneInfo
    region: str = ""
    slot_ends: tuple[time, ...] = SLOT_ENDS
    # The demonstration is tried on any day.
    holidays_too: bool = False

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.tz)

    def at(self, day: date, clock: time) -> datetime:
        """The instant of a local day and time, in UTC.

        A time that the spring change skips moves forward by the hour skipped (02:30 becomes 03:30); of the two
        instants that the autumn change gives one time, the first is meant.
        """
        return datetime.combine(day, clock, self.tz).astimezone(UTC)

    def is_working_day(self, day: date) -> bool:
        return bool(self.week[day.weekday()]) and (self.holidays_too or not holiday_name(day, self.region))

    def windows(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            return []
        return [(self.at(day, start), self.at(day, end)) for start, end in self.week[day.weekday()]]

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self.windows(self.local(at).date()))

    def next_opening(self, after: datetime) -> datetime:
        """``after`` itself when open then, else the next moment that is.

        Raises NeverOpenError when nothing opens within the horizon.
        """
        for start, end in self._windows_from(self.local(after).date()):
            if end > after:
                return max(start, after)
        raise NeverOpenError

    def next_working_day(self, day: date) -> date:
        """``day`` itself when worked, else the first worked day after it."""
        for _ in range(HORIZON_DAYS):
            if self.is_working_day(day):
                return day
            day += timedelta(days=1)
        raise NeverOpenError

    def add_working_days(self, day: date, count: int) -> date:
        for _ in range(count):
            day = self.next_working_day(day + timedelta(days=1))
        return day

    def slot_windows(self, day: date) -> dict[str, tuple[datetime, datetime]]:
        """The slots of ``day``, each cut by the opening hours; a slot split by a closure keeps its longest part."""
        found: dict[str, tuple[datetime, datetime]] = {}
        bounds = (time.min, *self.slot_ends, None)
        for index, slot in enumerate(SLOTS):
            low = self.at(day, bounds[index] or time.min)
            after = bounds[index + 1]
            high = self.at(day, after) if after else self.at(day + timedelta(days=1), time.min)
            for start, end in self.windows(day):
                start, end = max(start, low), min(end, high)
                if start < end and (slot not in found or end - start > found[slot][1] - found[slot][0]):
                    found[slot] = (start, end)
        return found

    def slot_of(self, at: datetime) -> str:
        return slot_at(self.local(at), self.slot_ends)

    def _windows_from(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for offset in range(HORIZON_DAYS):
            yield from self.windows(day + timedelta(days=offset))


@lru_cache(maxsize=256)
def _calendar(
    hours: str, zone: str, region: str, slot_ends: tuple[str, ...] = (), *, holidays_too: bool = False
) -> Calendar:
    """Kept: a claim asks for every region's, and Python reads a time zone from its file each time it is named."""
    ends = tuple(time.fromisoformat(end) for end in slot_ends) or SLOT_ENDS
    return Calendar(week=_parse(hours), tz=ZoneInfo(zone), region=region, slot_ends=ends, holidays_too=holidays_too)


def _hours_text(campaign: Campaign) -> str:
    return _text(campaign.hours)


def _text(hours: dict[str, list[list[str]]]) -> str:
    return ";".join(
        f"{weekday}=" + ",".join(f"{start}-{end}" for start, end in spans)
        for weekday, spans in sorted(hours.items())
        if spans
    )


def week_of(hours: dict[str, list[list[str]]]) -> tuple[tuple[tuple[time, time], ...], ...]:
    """The windows of each weekday, from hours kept as a campaign keeps them."""
    return _parse(_text(hours))


def calendar_of(campaign: Campaign, region: str = "") -> Calendar:
    """The calendar of a campaign for the households of ``region`` (see region_of)."""
    zone = communes.zone_of(region) if region else campaign.zone
    return _calendar(_hours_text(campaign), zone, region, tuple(campaign.slot_ends), holidays_too=settings.DEMO)


def open_regions(campaign: Campaign, now: datetime) -> list[str]:
    """The regions whose households may be called now; « » is the ordinary one."""
    minute = now.replace(second=0, microsecond=0)
    return list(_open_regions(_hours_text(campaign), campaign.zone, minute, holidays_too=settings.DEMO))


@lru_cache(maxsize=64)
def _open_regions(hours: str, zone: str, minute: datetime, *, holidays_too: bool) -> tuple[str, ...]:
    """Opening hours are whole minutes: the answer is the same for all of them."""
    calendars = [
        _calendar(hours, communes.zone_of(one) if one else zone, one, holidays_too=holidays_too)
        for one in ("", *SPECIAL_DEPARTMENTS)
    ]
    return tuple(calendar.region for calendar in calendars if calendar.is_open(minute))


def day_label(day: date, today: date) -> str:
    """« aujourd'hui », « demain », « mercredi », « mercredi 2 décembre »."""
    distance = (day - today).days
    if distance == 0:
        return "aujourd'hui"
    if distance == 1:
        return "demain"
    name = WEEKDAYS[day.weekday()]
    if 1 < distance < 7:
        return name
    number = "1er" if day.day == 1 else str(day.day)
    year = "" if day.year == today.year else f" {day.year}"
    return f"{name} {number} {MONTHS[day.month - 1]}{year}"


def clock_label(local: datetime | time) -> str:
    """« 14 h 30 », « 9 h »."""
    return f"{local.hour} h {local.minute:02d}" if local.minute else f"{local.hour} h"


def moment_label(at: datetime, now: datetime, tz: ZoneInfo) -> str:
    """« demain à 10 h », « mercredi 2 décembre à 14 h 30 »."""
    local = at.astimezone(tz)
    return f"{day_label(local.date(), now.astimezone(tz).date())} à {clock_label(local)}"
