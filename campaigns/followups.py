"""Follow-up plans: propose, open due calls, miss, review, end.

A plan holds its next due moment only. A periodic task opens each due call once, as a row, and puts the
household in the second tier of the queue; what the call brings comes back through ``outcomes``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns import alerts, retries, welfare
from campaigns.calendar import Calendar, calendar_of
from campaigns.cases import CLAIM_FIELDS, NEXT_FIELDS, STATE_FIELDS, set_closed, set_next
from campaigns.models import Alert, Call, Campaign, CampaignVolunteer, Case, DueCall, FollowUpPlan, WelfareCheck
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User

REVIEW_AFTER = timedelta(weeks=6)
CHUNK = 100
# A callback that replaces a due call is missed half an hour after the agreed time.
AGREED_GRACE = timedelta(minutes=30)
_CADENCE = FollowUpPlan.Cadence
_STEP_WEEKS = {_CADENCE.WEEKLY: 1, _CADENCE.TWICE_A_WEEK: 1, _CADENCE.FORTNIGHTLY: 2, _CADENCE.MONTHLY: 4}
_CASE_FIELDS = [*STATE_FIELDS, *NEXT_FIELDS, *CLAIM_FIELDS]


class FollowUpError(ValueError):
    """The wish or the act is not possible; the message is French."""


@dataclass(frozen=True)
class Wish:
    """What the tenant accepted: a rhythm, a day, an hour, and who calls."""

    cadence: str
    weekdays: Sequence[int] = field(default_factory=tuple)
    time: time = time(10, 0)
    volunteer_id: int | None = None
    backup_id: int | None = None


# Dates ------------------------------------------------------------------------------------------------


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


def series(plan: FollowUpPlan, calendar: Calendar, after: datetime) -> Iterator[datetime]:
    """The due moments strictly after ``after``, in UTC.

    Weekday and hour are local. A public holiday, or a day on which the campaign never calls, moves the call to the
    next working day; two calls that fall on the same moment are one.
    """
    cadence, weekdays = plan.cadence, plan.weekdays
    if plan.case.campaign.heat_wave_until is not None:
        today = calendar.local(after).date()
        if today <= plan.case.campaign.heat_wave_until:
            cadence, weekdays = _CADENCE.EVERY_48H, []
    last = after
    # A day moved by holidays may have been intended up to ten days earlier.
    start = calendar.local(after).date() - timedelta(days=10)
    for day in nominal_days(cadence=cadence, weekdays=weekdays, starts_on=plan.starts_on, after=start):
        moment = calendar.at(calendar.next_working_day(day), plan.time)
        if moment > last:
            last = moment
            yield moment


def next_due(plan: FollowUpPlan, after: datetime) -> datetime:
    return next(series(plan, calendar_of(plan.case.campaign, plan.case.region), after))


def preview(plan: FollowUpPlan, now: datetime, count: int = 10) -> list[datetime]:
    """The next due moments of an active plan, as they stand today."""
    if plan.status != FollowUpPlan.Status.ACTIVE or plan.next_due_at is None:
        return []
    later = series(plan, calendar_of(plan.case.campaign, plan.case.region), plan.next_due_at)
    return [plan.next_due_at, *islice(later, count - 1)]


# A plan's life -----------------------------------------------------------------------------------------


def check_wish(wish: Wish, calendar: Calendar) -> None:
    """Raises FollowUpError with a French message when the wish cannot be held."""
    if wish.cadence not in _CADENCE.values:
        raise FollowUpError("Choisissez un rythme dans la liste.")
    days = [] if wish.cadence == _CADENCE.EVERY_48H else sorted(set(wish.weekdays))
    wanted = {_CADENCE.EVERY_48H: 0, _CADENCE.TWICE_A_WEEK: 2}.get(_CADENCE(wish.cadence), 1)
    if len(days) != wanted:
        raise FollowUpError(
            "Choisissez deux jours de la semaine." if wanted == 2 else "Choisissez un jour de la semaine."
        )
    for day in days:
        if not 0 <= day <= 6 or not calendar.week[day]:
            raise FollowUpError("La campagne n'appelle pas ce jour-là.")
    windows = [span for weekday in (days or range(7)) for span in calendar.week[weekday]]
    if not any(start <= wish.time < end for start, end in windows):
        raise FollowUpError("Choisissez une heure pendant les horaires d'appel.")


@transaction.atomic
def create_plan(*, case: Case, wish: Wish, by: User, now: datetime) -> FollowUpPlan:
    """Start the plan that the tenant accepted; a plan already open for the household takes the new rhythm.

    The first call is at least a full day ahead. Raises FollowUpError (see check_wish), or when the campaign is over.
    The case instance is not saved: record_call does.
    """
    if not case.campaign.is_running:
        raise FollowUpError("Cette campagne est terminée.")
    calendar = calendar_of(case.campaign, case.region)
    check_wish(wish, calendar)
    today = calendar.local(now).date()
    plan = FollowUpPlan.objects.filter(household_id=case.household_id).exclude(status=FollowUpPlan.Status.ENDED).first()
    if plan is None:
        plan = FollowUpPlan(household_id=case.household_id, created_by=by, created_at=now)
    plan.case, plan.status, plan.cadence, plan.time = case, FollowUpPlan.Status.ACTIVE, wish.cadence, wish.time
    plan.weekdays = [] if wish.cadence == _CADENCE.EVERY_48H else sorted(set(wish.weekdays))
    plan.volunteer_id, plan.backup_id = wish.volunteer_id or by.pk, wish.backup_id
    plan.starts_on = today + timedelta(days=2 if wish.cadence == _CADENCE.EVERY_48H else 1)
    plan.review_on = today + REVIEW_AFTER
    plan.next_due_at = next_due(plan, calendar.at(today + timedelta(days=1), time.min) - timedelta(microseconds=1))
    plan.save()
    journal.record(
        "plan.started", plan, by=by, campaign_id=case.campaign_id, household_id=case.household_id, cadence=wish.cadence
    )
    return plan


def end_plans(*, case: Case, reason: str, now: datetime, by: User | None = None) -> int:
    """End the plans of a case, inside the caller's transaction; due calls still open are cancelled.

    The case itself is left to the caller.
    """
    ended = 0
    for plan in (
        FollowUpPlan.objects.select_for_update(of=("self",)).filter(case=case).exclude(status=FollowUpPlan.Status.ENDED)
    ):
        plan.status, plan.ended_at, plan.end_reason, plan.next_due_at = FollowUpPlan.Status.ENDED, now, reason, None
        plan.save(update_fields=["status", "ended_at", "end_reason", "next_due_at"])
        DueCall.objects.filter(plan=plan, state=DueCall.State.OPENED).update(state=DueCall.State.SKIPPED, done_at=now)
        journal.record(
            "plan.ended", plan, by=by, campaign_id=case.campaign_id, household_id=case.household_id, reason=reason
        )
        ended += 1
    return ended


@transaction.atomic
def end_plan(*, plan_id: int, reason: str, by: User, now: datetime) -> FollowUpPlan:
    """A coordinator ends a plan: it stops at once, and a case that only waited for it closes. Idempotent."""
    plan = FollowUpPlan.objects.select_related("case__campaign").get(pk=plan_id)
    case = Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
    if end_plans(case=case, reason=reason, now=now, by=by):
        waiting = case.status == Case.Status.OPEN and case.next_call_kind == Case.Kind.FOLLOW_UP
        if waiting and case.claimed_by_id is None:
            set_closed(case, "plan_ended", now)
            case.save(update_fields=_CASE_FIELDS)
    plan.refresh_from_db()
    return plan


@transaction.atomic
def change_plan(*, plan_id: int, wish: Wish, by: User, now: datetime) -> FollowUpPlan:
    """Change rhythm, day, hour, volunteer or backup of a running plan. Raises FollowUpError."""
    plan = FollowUpPlan.objects.select_for_update(of=("self",)).select_related("case__campaign").get(pk=plan_id)
    if plan.status == FollowUpPlan.Status.ENDED:
        raise FollowUpError("Ce suivi est terminé.")
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    check_wish(wish, calendar)
    weekdays = [] if wish.cadence == _CADENCE.EVERY_48H else sorted(set(wish.weekdays))
    moved = (plan.cadence, plan.weekdays, plan.time) != (wish.cadence, weekdays, wish.time)
    plan.cadence, plan.weekdays, plan.time = wish.cadence, weekdays, wish.time
    plan.volunteer_id, plan.backup_id = wish.volunteer_id, wish.backup_id
    if moved:
        plan.starts_on = calendar.local(now).date() + timedelta(days=1)
        plan.next_due_at = next_due(plan, calendar.at(plan.starts_on, time.min) - timedelta(microseconds=1))
    plan.save()
    opened = DueCall.objects.filter(plan=plan, state=DueCall.State.OPENED).select_related("case").first()
    if opened is not None:
        DueCall.objects.filter(pk=opened.pk).update(volunteer_id=plan.volunteer_id)
        Case.objects.filter(pk=opened.case_id, next_call_kind=Case.Kind.FOLLOW_UP).update(
            next_call_for_id=plan.volunteer_id
        )
    journal.record("plan.changed", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id)
    return plan


@transaction.atomic
def review(*, plan_id: int, cadence: str, by: User, now: datetime) -> FollowUpPlan:
    """The six weeks' review: go on, at the same rhythm or a wider one. Ending it is ``end_plan``."""
    plan = FollowUpPlan.objects.select_related("case__campaign").get(pk=plan_id)
    if plan.status == FollowUpPlan.Status.ENDED:
        raise FollowUpError("Ce suivi est terminé.")
    if cadence != plan.cadence:
        days = list(plan.weekdays) or [calendar_of(plan.case.campaign, plan.case.region).local(now).weekday()]
        wanted = 2 if cadence == _CADENCE.TWICE_A_WEEK else 1
        if wanted == 2 and len(days) < 2:
            raise FollowUpError("Choisissez deux jours de la semaine.")
        wish = Wish(cadence, days[:wanted], plan.time, plan.volunteer_id, plan.backup_id)
        plan = change_plan(plan_id=plan_id, wish=wish, by=by, now=now)
    plan.review_on = (now + REVIEW_AFTER).date()
    plan.save(update_fields=["review_on"])
    journal.record("plan.reviewed", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id)
    return plan


# Due calls -----------------------------------------------------------------------------------------------


def absent_ids(campaign_ids: set[int], day: date) -> set[tuple[int, int]]:
    """(campaign, volunteer) pairs who do not call on ``day``: removed, deactivated or away."""
    away = Q(absent_from__lte=day) & (Q(absent_until=None) | Q(absent_until__gte=day))
    gone = CampaignVolunteer.objects.filter(
        Q(active=False) | Q(user__is_active=False) | away, campaign_id__in=campaign_ids
    )
    return set(gone.values_list("campaign_id", "user_id"))


def open_due_calls(*, now: datetime, limit: int = 100_000) -> int:
    """Open every call that is due, in the order of their hours, in chunks of one transaction each.

    Safe however often it runs or crashes: a plan's row is locked, skipped when another process holds it, and moved on
    in the transaction that creates the due call (unique by plan and moment).
    """
    opened = 0
    while opened < limit:
        done = _open_chunk(now)
        if not done:
            break
        opened += done
    return opened


@transaction.atomic
def _open_chunk(now: datetime) -> int:
    plans = list(
        FollowUpPlan.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(status=FollowUpPlan.Status.ACTIVE, next_due_at__lte=now, case__campaign__status=Campaign.Status.OPEN)
        .select_related("case__campaign")
        .order_by("next_due_at", "id")[:CHUNK]
    )
    if not plans:
        return 0
    absent = absent_ids({plan.case.campaign_id for plan in plans}, now.date())
    for plan in plans:
        _open_one(plan, now, absent)
    return len(plans)


def _open_one(plan: FollowUpPlan, now: datetime, absent: set[tuple[int, int]]) -> DueCall:
    due_at = plan.next_due_at
    assert due_at is not None  # noqa: S101 - the query and open_now both guarantee it
    case = Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
    campaign_id = plan.case.campaign_id
    # Never two open calls for one household: the one before was not made, and says so.
    for old in DueCall.objects.filter(case=case, state=DueCall.State.OPENED):
        _miss(old, now)
    present = [pk for pk in (plan.volunteer_id, plan.backup_id) if pk and (campaign_id, pk) not in absent]
    volunteer_id = present[0] if present else None
    # Opened late, after a stop of the machine: the volunteer still gets the whole grace.
    grace_until = max(due_at, now) + timedelta(minutes=plan.grace_minutes)
    held = case.status == Case.Status.ON_HOLD
    due, _ = DueCall.objects.get_or_create(
        plan=plan,
        due_at=due_at,
        defaults={
            "case": case,
            "volunteer_id": volunteer_id,
            "opened_at": now,
            "grace_until": grace_until,
            # A coordinator already has this household on the desk.
            "state": DueCall.State.SKIPPED if held else DueCall.State.OPENED,
        },
    )
    being_called = case.claimed_by_id is not None and case.claimed_until is not None and case.claimed_until > now
    agreed = (
        case.status == Case.Status.OPEN and case.next_call_kind == Case.Kind.CALLBACK and case.next_call_at is not None
    )
    if not held and not being_called and not agreed:
        anyone_from = grace_until if volunteer_id else due_at
        set_next(case, kind=Case.Kind.FOLLOW_UP, at=due_at, volunteer_id=volunteer_id, anyone_from=anyone_from)
        case.save(update_fields=_CASE_FIELDS)
    plan.next_due_at = next_due(plan, due_at)
    plan.save(update_fields=["next_due_at"])
    journal.record("due_call.opened", due, campaign_id=campaign_id, household_id=plan.household_id, plan=plan.pk)
    return due


def _miss(due: DueCall, now: datetime) -> None:
    DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.MISSED, done_at=now)
    if due.alerted_at is None:
        alerts.raise_alert(
            key=f"due_call:{due.pk}", kind=Alert.Kind.MISSED_FOLLOW_UP, level=Level.U1, case=due.case, now=now
        )


@transaction.atomic
def open_now(*, plan_id: int, by: User, now: datetime) -> DueCall:
    """The named volunteer calls a little before the hour, today. Raises FollowUpError."""
    plan = FollowUpPlan.objects.select_for_update(of=("self",)).select_related("case__campaign").get(pk=plan_id)
    if plan.status != FollowUpPlan.Status.ACTIVE or plan.next_due_at is None:
        raise FollowUpError("Ce suivi est terminé.")
    tz = calendar_of(plan.case.campaign, plan.case.region).tz
    if by.pk not in (plan.volunteer_id, plan.backup_id):
        raise FollowUpError("Ce suivi est confié à quelqu'un d'autre.")
    if plan.next_due_at.astimezone(tz).date() > now.astimezone(tz).date():
        raise FollowUpError("Cet appel n'est pas prévu aujourd'hui.")
    if plan.case.status == Case.Status.ON_HOLD:
        raise FollowUpError("La coordination s'occupe en ce moment de ce foyer.")
    due = _open_one(plan, now, set())
    Case.objects.filter(pk=plan.case_id, next_call_kind=Case.Kind.FOLLOW_UP).update(next_call_at=now, next_call_for=by)
    return due


def opened_due_call(case: Case) -> DueCall | None:
    return DueCall.objects.filter(case=case, state=DueCall.State.OPENED).first()


def mark_called(*, due: DueCall, call: Call, now: datetime) -> None:
    """The tenant was reached: the due call is made."""
    DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.CALLED, done_at=now, call=call)


def unanswered_next(due: DueCall, calendar: Calendar, now: datetime) -> tuple[int, datetime | None]:
    """How many calls went unanswered with this one, and when to try again.

    Same day in another slot, then the next morning, then None: a welfare check and an alert.
    """
    count = due.unanswered + 1
    if count == 1:
        later = retries.later_today(calendar, now)
        if later is not None:
            return 1, later
        return 2, retries.next_morning(calendar, now)
    if count == 2:
        return 2, retries.next_morning(calendar, now)
    return count, None


def give_up(*, due: DueCall, case: Case, count: int, now: datetime, by: User | None) -> None:
    """Nobody answers any more: the due call is missed, a welfare check and an alert are opened."""
    DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.MISSED, unanswered=count, done_at=now)
    welfare.open_check(case=case, origin=WelfareCheck.Origin.MISSED_FOLLOW_UP, level=Level.U1, now=now, by=by)
    alerts.raise_alert(
        key=f"due_call:{due.pk}:unanswered",
        kind=Alert.Kind.UNANSWERED_FOLLOW_UP,
        level=Level.U1,
        case=case,
        now=now,
        by=by,
    )


def watch_missed(*, now: datetime) -> int:
    """Calls that nobody made within their grace: offered to everybody, and an alert, once."""
    late = DueCall.objects.filter(state=DueCall.State.OPENED, grace_until__lte=now, alerted_at=None)
    told = 0
    for due in late.select_related("case")[:500]:
        case = due.case
        agreed = case.next_call_at if case.next_call_kind == Case.Kind.CALLBACK else None
        if agreed is not None and agreed + AGREED_GRACE > now:
            continue  # the tenant asked for another hour
        if case.claimed_until is not None and case.claimed_until > now:
            continue  # being called at this moment
        with transaction.atomic():
            if not DueCall.objects.filter(pk=due.pk, state=DueCall.State.OPENED, alerted_at=None).update(
                alerted_at=now
            ):
                continue
            Case.objects.filter(pk=due.case_id, next_call_kind=Case.Kind.FOLLOW_UP, anyone_from__gt=now).update(
                anyone_from=now
            )
            alerts.raise_alert(
                key=f"due_call:{due.pk}", kind=Alert.Kind.MISSED_FOLLOW_UP, level=Level.U1, case=case, now=now
            )
            told += 1
    return told


def today_of(user: User, now: datetime) -> tuple[QuerySet[DueCall], QuerySet[FollowUpPlan]]:
    """This volunteer's follow-ups: the due calls that are open, and the plans whose next call falls within 24 hours."""
    opened = (
        DueCall.objects.filter(state=DueCall.State.OPENED, volunteer=user, case__campaign__status=Campaign.Status.OPEN)
        .select_related("case__household", "case__campaign", "plan")
        .order_by("due_at")
    )
    coming = (
        FollowUpPlan.objects.filter(
            status=FollowUpPlan.Status.ACTIVE,
            volunteer=user,
            next_due_at__gt=now,
            next_due_at__lte=now + timedelta(hours=24),
            case__campaign__status=Campaign.Status.OPEN,
        )
        .select_related("case__household", "case__campaign")
        .order_by("next_due_at")
    )
    return opened, coming
