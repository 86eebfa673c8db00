"""A week of follow-ups as a calendar: what was made or missed, what waits, what is to come and who calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from campaigns.common.calendar import calendar_of
from campaigns.followups.absences import presence_of
from campaigns.followups.dates import coming
from campaigns.followups.words import why_moved
from campaigns.models import Campaign, Case, DueCall, FollowUpPlan


@dataclass(frozen=True)
class Entry:
    """One call of the week. ``state``: called, missed, skipped, late, opened, paused, planned, orphan or silent."""

    at: datetime
    case: Case
    plan_id: int
    state: str
    volunteer_id: int | None = None
    note: str = ""


@dataclass
class Day:
    day: date
    entries: list[Entry] = field(default_factory=list)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week_of(
    cases: QuerySet[Case], monday: date, now: datetime, *, volunteer_id: int | None = None, days: int = 7
) -> list[Day]:
    """The calls of these cases from ``monday`` on, a list a day, each at its own local hour.

    What is past comes from the due calls, what is to come from the plans: nothing is computed of the past. With
    ``volunteer_id``, only what this person calls or called.
    """
    zone = timezone.get_default_timezone()
    # Zones overseas: a local day may begin or end half a day away from ours.
    start = datetime.combine(monday, time.min, zone) - timedelta(hours=14)
    end = datetime.combine(monday + timedelta(days=days), time.min, zone) + timedelta(hours=14)
    found = {monday + timedelta(days=number): Day(monday + timedelta(days=number)) for number in range(days)}
    for entry, day in [*_past(cases, start, end, now), *_coming(cases, end, now)]:
        if day in found and (volunteer_id is None or entry.volunteer_id == volunteer_id):
            found[day].entries.append(entry)
    for one in found.values():
        one.entries.sort(key=lambda entry: (entry.at, entry.plan_id))
    return list(found.values())


def _past(cases: QuerySet[Case], start: datetime, end: datetime, now: datetime) -> list[tuple[Entry, date]]:
    rows = DueCall.objects.filter(case__in=cases, due_at__gte=start, due_at__lt=end)
    entries = []
    for due in rows.select_related("case__campaign"):
        state = str(due.state)
        if due.state == DueCall.State.OPENED:
            state = "late" if due.grace_until <= now else "opened" if due.volunteer_id else "orphan"
            state = "paused" if due.case.campaign.is_paused else state
        day = calendar_of(due.case.campaign, due.case.region).local(due.due_at).date()
        entries.append((Entry(due.due_at, due.case, due.plan_id, state, due.volunteer_id), day))
    return entries


def _coming(cases: QuerySet[Case], end: datetime, now: datetime) -> list[tuple[Entry, date]]:
    plans = list(
        FollowUpPlan.objects.active()
        .filter(
            case__in=cases,
            next_due_at__lt=end,
            case__campaign__status__in=(Campaign.Status.OPEN, Campaign.Status.PAUSED),
        )
        .select_related("case__campaign")
        .prefetch_related("exceptions")
    )
    presence = presence_of({plan.case.campaign_id for plan in plans}, (now - timedelta(days=1)).date())
    entries = []
    for plan in plans:
        calendar = calendar_of(plan.case.campaign, plan.case.region)
        for one in coming(plan, until=end, now=now):
            if one.exception is not None:
                note = str(one.exception.get_reason_display())
                entries.append((Entry(one.at, plan.case, plan.pk, "silent", None, note), one.day))
                continue
            caller = presence.caller(plan, one.day)
            state = "planned" if caller else "orphan"
            entries.append((Entry(one.at, plan.case, plan.pk, state, caller, why_moved(one, calendar)), one.day))
    return entries
