"""What a pause of the campaign does to its follow-ups: its dates are not calls, and nothing is missed in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from campaigns.common.calendar import Calendar, NeverOpenError, calendar_of
from campaigns.followups.dates import next_due
from campaigns.followups.opening import CASE_FIELDS, open_each
from campaigns.followups.plans import cancel
from campaigns.models import Campaign, CampaignPause, Case, DueCall, FollowUpPlan

_A_WEEK = timedelta(days=7)
# A call kept for one volunteer is theirs alone for at most this long, plans that say otherwise excepted.
LONGEST_KEPT = timedelta(hours=2)


def go_on(*, campaign: Campaign, since: datetime | None, now: datetime) -> int:
    """The campaign calls again, after a pause that began at ``since``; how many plans moved to their next date.

    Inside the transaction that opens the campaign, its row locked. Without ``since`` (a draft, or a pause that an
    older version began) all that is past is taken as forbidden.

    - A plan goes on at its next date: those of the pause are no calls, and leave no row.
    - A call that was due before and not made still is: it is due now (at the next opening), for the same volunteer,
      and its grace starts anew; so are the tries of a call that was not answered. When the plan's next date is that
      same day, it is skipped for it. One that was already late stays so: an alert says it.
    - A promise to call at an hour of the pause is due now for who made it, half an hour before anybody else's; urgent
      ones whatever the opening hours.
    """
    cases = _locked_cases(campaign, now)
    plans = _plans(cases, now)
    following = {plan.pk: _following(plan, now) for plan in plans}
    if lost := [plan for plan in _lost(plans, since) if not _today(plan, following[plan.pk], now)]:
        open_each(lost, cases, now)
    for plan in plans:
        plan.next_due_at = following[plan.pk]
    FollowUpPlan.objects.bulk_update(plans, ["next_due_at"], batch_size=500)
    # Read anew: what has just been opened is among them.
    _promise_again(_locked_cases(campaign, now), since, now)
    return len(plans)


def _locked_cases(campaign: Campaign, now: datetime) -> dict[int, Case]:
    """The cases that a pause may have touched, locked by ascending number, as whoever records a call does."""
    plans = FollowUpPlan.objects.active().filter(next_due_at__lte=now)
    opened = DueCall.objects.opened()
    promised = Q(status=Case.Status.OPEN, next_call_for__isnull=False, anyone_from__isnull=False, next_call_at__lte=now)
    found = (
        Case.objects.select_for_update(of=("self",), no_key=True)
        .filter(promised | Q(pk__in=plans.values("case")) | Q(pk__in=opened.values("case")), campaign=campaign)
        .only(*CASE_FIELDS, "next_call_for", "anyone_from", "urgent")
        .order_by("pk")
    )
    cases = {case.pk: case for case in found}
    for case in cases.values():
        case.campaign = campaign
    return cases


def _plans(cases: dict[int, Case], now: datetime) -> list[FollowUpPlan]:
    """Those of which a date has passed, locked."""
    found = FollowUpPlan.objects.select_for_update(of=("self",), no_key=True).filter(
        case__in=list(cases), status=FollowUpPlan.Status.ACTIVE, next_due_at__lte=now
    )
    plans = list(found.prefetch_related("exceptions").order_by("case_id"))
    for plan in plans:
        plan.case = cases[plan.case_id]
    return plans


def _lost(plans: Sequence[FollowUpPlan], since: datetime | None) -> list[FollowUpPlan]:
    """Due before the pause and not opened (a stopped machine, the same minute), where no other call of theirs waits."""
    if since is None:
        return []
    opened = DueCall.objects.opened().filter(case__in=[plan.case_id for plan in plans])
    waiting = set(opened.values_list("case_id", flat=True))
    due = [plan for plan in plans if plan.next_due_at is not None and plan.next_due_at < since]
    return [plan for plan in due if plan.case_id not in waiting]


def _following(plan: FollowUpPlan, now: datetime) -> datetime | None:
    try:
        return next_due(plan, now)
    except NeverOpenError:
        # Somebody took every calling hour away: looked at again in a week, as when a call opens.
        return now + _A_WEEK


def _today(plan: FollowUpPlan, following: datetime | None, now: datetime) -> bool:
    """The plan's next date is the very day on which what waits could be called: it takes its place."""
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    if following is None:
        return False
    return calendar.local(following).date() <= calendar.local(_opening(calendar, now)).date()


def _opening(calendar: Calendar, now: datetime) -> datetime:
    try:
        return calendar.next_opening(now)
    except NeverOpenError:
        return now


def _promise_again(cases: dict[int, Case], since: datetime | None, now: datetime) -> None:
    """What was kept for somebody when the pause came is due now, and theirs for as long as it was to be."""
    opened = DueCall.objects.opened().filter(case__in=list(cases)).select_related("plan")
    waiting = {due.case_id: due for due in opened}
    moved, graced = [], []
    for case in cases.values():
        due = waiting.get(case.pk)
        if due is not None:
            due.plan.case = case
            if _replaced(due, now):
                cancel(due, now)
                continue
        start = now if case.urgent else _opening(calendar_of(case.campaign, case.region), now)
        kept = timedelta(minutes=due.plan.grace_minutes) if due is not None else LONGEST_KEPT
        if due is not None and due.alerted_at is None and due.grace_until < start + kept:
            due.grace_until = start + kept
            graced.append(due)
        window = _kept_for(case, since, now)
        if window is not None:
            case.next_call_at, case.anyone_from = start, start + min(window, kept)
            moved.append(case)
    DueCall.objects.bulk_update(graced, ["grace_until"], batch_size=500)
    Case.objects.bulk_update(moved, ["next_call_at", "anyone_from"], batch_size=500)


def _replaced(due: DueCall, now: datetime) -> bool:
    """Nobody was told that it is late, nobody is making it, and its plan calls that same day."""
    case = due.plan.case
    being_called = case.claimed_until is not None and case.claimed_until > now
    return due.alerted_at is None and not being_called and _today(due.plan, due.plan.next_due_at, now)


def _kept_for(case: Case, since: datetime | None, now: datetime) -> timedelta | None:
    """How long its call was to be one volunteer's alone, if its hour has come and anybody could not take it before."""
    at, anyone_from = case.next_call_at, case.anyone_from
    if case.status != Case.Status.OPEN or case.next_call_for_id is None or at is None or anyone_from is None:
        return None
    return anyone_from - at if at <= now and (since is None or anyone_from > since) else None


# What the page of a plan tells ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """One line of a plan's history: a call, or a pause of its campaign."""

    at: datetime
    due: DueCall | None = None
    pause: CampaignPause | None = None
    # Skipped when the campaign went on: the plan called that same day.
    replaced: bool = False


def history(plan: FollowUpPlan, *, limit: int, waiting: bool = True) -> list[Told]:
    """The latest calls of the plan and the pauses that it went through, the latest first.

    Without ``waiting``, those that are over.
    """
    calls = plan.due_calls.select_related("volunteer").order_by("-due_at")
    if not waiting:
        calls = calls.exclude(state=DueCall.State.OPENED)
    gone_through = CampaignPause.objects.filter(campaign=plan.case.campaign_id).exclude(ended_at__lt=plan.created_at)
    if plan.ended_at is not None:
        gone_through = gone_through.filter(began_at__lt=plan.ended_at)
    pauses = list(gone_through.order_by("-began_at")[:limit])
    resumed = {pause.ended_at for pause in pauses if pause.ended_at}
    lines = [Told(pause.began_at, pause=pause) for pause in pauses]
    for due in calls[:limit]:
        lines.append(Told(due.due_at, due=due, replaced=due.state == DueCall.State.SKIPPED and due.done_at in resumed))
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]
