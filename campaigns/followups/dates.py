"""When a plan calls: its series in local time, moved by holidays, kept silent by exceptions, raised by a heat wave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice, takewhile

from campaigns.common.calendar import Calendar, calendar_of
from campaigns.models import FollowUpPlan, PlanException

_CADENCE = FollowUpPlan.Cadence
_STEP_WEEKS = {_CADENCE.WEEKLY: 1, _CADENCE.TWICE_A_WEEK: 1, _CADENCE.FORTNIGHTLY: 2, _CADENCE.MONTHLY: 4}
# Calls a week, to weigh what each volunteer carries.
WEEKLY_LOAD = {
    _CADENCE.EVERY_48H: 3.5,
    _CADENCE.TWICE_A_WEEK: 2.0,
    _CADENCE.WEEKLY: 1.0,
    _CADENCE.FORTNIGHTLY: 0.5,
    _CADENCE.MONTHLY: 0.25,
}
# No call is moved further: a campaign that calls one day a week, with that day twice a holiday at Christmas.
FURTHEST_MOVE = timedelta(days=21)


@dataclass(frozen=True)
class Occurrence:
    """One call of a series: when, the day first intended, and why it is not made, if so."""

    at: datetime
    day: date
    intended: date
    heat_wave: bool = False
    exception: PlanException | None = None

    @property
    def moved(self) -> bool:
        return self.day != self.intended


def nominal_days(*, cadence: str, weekdays: Sequence[int], starts_on: date, after: date) -> Iterator[date]:
    """The intended days of the series from ``after`` on (included), before public holidays move any.

    Every 48 hours: each second day from ``starts_on``. Otherwise the weekdays of each first, second or fourth week
    counted from the week of ``starts_on``.
    """
    if cadence == _CADENCE.EVERY_48H:
        gap = max((after - starts_on).days, 0)
        day = starts_on + timedelta(days=gap + gap % 2)
        while True:
            yield day
            day += timedelta(days=2)
    weeks = _STEP_WEEKS[_CADENCE(cadence)]
    monday = starts_on - timedelta(days=starts_on.weekday())
    skipped = max((after - monday).days // 7, 0)
    week = monday + timedelta(weeks=skipped - skipped % weeks)
    while True:
        for weekday in sorted(weekdays):
            day = week + timedelta(days=weekday)
            if day >= max(after, starts_on):
                yield day
        week += timedelta(weeks=weeks)


def _intended(plan: FollowUpPlan, after: date) -> Iterator[tuple[date, bool]]:
    """The intended days from ``after`` on, each with whether the heat wave asks for it."""

    def own(start: date) -> Iterator[tuple[date, bool]]:
        days = nominal_days(cadence=plan.cadence, weekdays=plan.weekdays, starts_on=plan.starts_on, after=start)
        return ((day, False) for day in days)

    until = plan.case.campaign.heat_wave_until
    if until is None or until < after:
        return own(after)
    raised = nominal_days(cadence=_CADENCE.EVERY_48H, weekdays=(), starts_on=plan.starts_on, after=after)
    during = ((day, True) for day in takewhile(lambda day: day <= until, raised))
    return chain(during, own(until + timedelta(days=1)))


def occurrences(plan: FollowUpPlan, calendar: Calendar, after: datetime) -> Iterator[Occurrence]:
    """The calls strictly after ``after``, those that an exception silences included and marked.

    Weekday and hour are local. A public holiday, or a day on which the campaign never calls, moves the call to the
    next working day; two calls that fall on the same moment are one. Until the last day of a heat wave every second
    day counts, afterwards the plan's own days. Nothing is called after the plan's end date, not even a moved call.
    """
    exceptions: Iterable[PlanException] = plan.exceptions.all() if plan.pk else ()
    silent = list(exceptions)
    last = after
    for intended, heat_wave in _intended(plan, calendar.local(after).date() - FURTHEST_MOVE):
        if plan.ends_on is not None and intended > plan.ends_on:
            return
        # Far enough behind to stay behind, wherever a holiday would move it.
        day = calendar.next_working_day(intended)
        at = calendar.at(day, plan.time)
        if at <= last or (plan.ends_on is not None and day > plan.ends_on):
            continue
        last = at
        found = next((one for one in silent if one.first_day <= day <= one.last_day), None)
        yield Occurrence(at, day, intended, heat_wave, found)


def series(plan: FollowUpPlan, calendar: Calendar, after: datetime) -> Iterator[datetime]:
    """The due moments strictly after ``after``, in UTC; see occurrences."""
    return (one.at for one in occurrences(plan, calendar, after) if one.exception is None)


def next_due(plan: FollowUpPlan, after: datetime) -> datetime | None:
    """The next call strictly after ``after``; None when the plan's end date leaves none."""
    return next(series(plan, calendar_of(plan.case.campaign, plan.case.region), after), None)


def preview(plan: FollowUpPlan, now: datetime, count: int = 10) -> list[datetime]:
    """The next due moments of an active plan, as they stand today."""
    if plan.status != FollowUpPlan.Status.ACTIVE or plan.next_due_at is None:
        return []
    later = series(plan, calendar_of(plan.case.campaign, plan.case.region), plan.next_due_at)
    return [plan.next_due_at, *islice(later, count - 1)]


def coming(
    plan: FollowUpPlan, *, until: datetime, since: datetime | None = None, now: datetime | None = None
) -> Iterator[Occurrence]:
    """The calls from the next one to open up to ``until`` (excluded), the silent ones between them included.

    The next one is what the plan holds: a call planned for today stands though the rhythm has changed. With ``since``,
    the silent ones before it are there too. With ``now``, those that a pause of the campaign has forbidden are not.
    """
    next_at = plan.next_due_at
    if now is not None and next_at is not None and next_at <= now and plan.case.campaign.is_paused:
        next_at = next_due(plan, now)
    if plan.status != FollowUpPlan.Status.ACTIVE or next_at is None or next_at >= until:
        return
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    day = calendar.local(next_at).date()
    held: Occurrence | None = Occurrence(next_at, day, day)
    for one in occurrences(plan, calendar, min(since or next_at, next_at) - timedelta(microseconds=1)):
        if one.at < next_at and one.exception is None:
            continue  # of a rhythm that began since
        if held is not None and one.at >= next_at:
            if one.at > next_at:
                yield held
            held = None
        if one.at >= until:
            return
        yield one
    if held is not None:
        yield held


def end_of_day(calendar: Calendar, day: date) -> datetime:
    return calendar.at(day + timedelta(days=1), time.min) - timedelta(microseconds=1)
