"""What tenants' events mean for campaigns; called inside the transaction of whoever tells them (``tenants.events``)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from campaigns import followups
from campaigns.models import Call, Case, DueCall, FollowUpPlan, Need
from campaigns.setup import enrolment
from campaigns.welfare import without_number
from tenants import events, households
from tenants.models import Household


def connect() -> None:
    """Listen to every event of tenants, in the order in which each is to be heard."""
    events.subscribe(events.NumbersChanged, enrolment.numbers_changed)
    # After the enrolment's: the case knows by then that it has a number.
    events.subscribe(events.NumbersChanged, without_number.numbers_changed)
    events.subscribe(events.HouseholdOpposed, on_household_opposed)
    events.subscribe(events.PersonClosed, on_person_closed)
    events.subscribe(events.HouseholdMerged, on_household_merged)
    events.subscribe(events.HouseholdParted, followups.ask_with_whom)
    events.subscribe(events.ConfirmationAsked, on_confirmation_asked)
    events.subscribe(events.ConfirmationSettled, on_confirmation_settled)


def on_household_opposed(event: events.HouseholdOpposed) -> None:
    """« Ne plus jamais appeler »: every call, follow-up and claim stops now; the history stays."""
    for case in Case.objects.select_for_update(of=("self",)).filter(household_id=event.household_id):
        followups.end_plans(case=case, reason="opposition", now=event.now, by=event.by)
        if case.status != Case.Status.CLOSED:
            case.set_closed("opt_out", event.now)
            case.save_moved()


def on_confirmation_asked(event: events.ConfirmationAsked) -> None:
    """Nobody calls these households before a coordinator has decided; a call that a danger asks for is made first.

    What a coordinator already has on the desk for another reason (a welfare check, a death) stays there for it.
    """
    cases = Case.objects.select_for_update(of=("self",)).filter(household__in=event.household_ids, hold_reason="")
    for case in cases.exclude(status=Case.Status.CLOSED):
        if not case.is_safety_call:
            case.set_hold(Case.Hold.TO_CONFIRM)
            case.save_moved()


def on_confirmation_settled(event: events.ConfirmationSettled) -> None:
    """The household may be called: its plan goes on at its next date, else it is called now."""
    held = Case.objects.select_for_update(of=("self",)).filter(
        household=event.household_id, hold_reason=Case.Hold.TO_CONFIRM
    )
    for case in held:
        if case.status == Case.Status.PREPARED:
            case.hold_reason = ""
        elif case.plans.running().exists():
            case.set_next(kind=Case.Kind.FOLLOW_UP, at=None)
        elif case.last_call_at is None:
            rank = case.rank
            case.set_next(kind=Case.Kind.FIRST, at=event.now)
            case.rank = rank
        else:
            case.set_next(kind=Case.Kind.ASKED, at=event.now)
        case.save_moved()


def on_person_closed(event: events.PersonClosed) -> None:
    """Somebody died, moved or entered a care home: what is left of the household goes to a coordinator.

    Who stays keeps the plan, its hour and its caller: a widow's promised calls do not end in silence.
    """
    left = households.with_living_tenant(Household.objects.filter(pk=event.household_id)).exists()
    for case in Case.objects.select_for_update(of=("self",)).filter(household_id=event.household_id):
        if not left:
            followups.end_plans(case=case, reason="closed_person", now=event.now, by=event.by)
        if case.status == Case.Status.CLOSED:
            continue
        if left and case.is_safety_call:
            # Somebody may still be in danger there: first this call, then the coordination decides.
            continue
        if left:
            case.set_hold(Case.Hold.PERSON_CLOSED)
        else:
            case.set_closed(event.status, event.now)
        case.save_moved()


def on_household_merged(event: events.HouseholdMerged) -> None:
    """Two records were one household: its history follows the one that is kept.

    In a campaign that knew both, the rows of the case that goes move to the one that stays; of two open cases, plans
    or checks the kept household's goes on.
    """
    kept_plan = FollowUpPlan.objects.filter(household_id=event.kept_id).exclude(status=FollowUpPlan.Status.ENDED)
    gone_plan = FollowUpPlan.objects.filter(household_id=event.gone_id).exclude(status=FollowUpPlan.Status.ENDED)
    if kept_plan.exists():
        for plan in gone_plan.select_related("case"):
            _end_merged_plans(plan.case, event.now, event.by)
    twins = {case.campaign_id: case for case in Case.objects.filter(household_id=event.kept_id)}
    kept_open = any(case.status in Case.ALIVE for case in twins.values())
    for case in Case.objects.select_for_update(of=("self",)).filter(household_id=event.gone_id):
        if kept_open and case.status in Case.ALIVE:
            case.set_closed("merged", event.now)
            case.save_moved()
        twin = twins.get(case.campaign_id)
        if twin is None:
            case.household_id = event.kept_id
            case.save(update_fields=["household"])
        else:
            _move_history(case, twin, event.now)
    FollowUpPlan.objects.filter(household_id=event.gone_id).update(household_id=event.kept_id)


def _end_merged_plans(case: Case, now: datetime, by: Any) -> None:
    followups.end_plans(case=case, reason=FollowUpPlan.EndReason.NO_NEED, now=now, by=by)


def _move_history(gone: Case, kept: Case, now: datetime) -> None:
    """Move every row of ``gone`` to ``kept`` and delete it; what may be open only once is closed first."""
    if kept.welfare_checks.open().exists():
        gone.welfare_checks.open().update(closed_at=now, note="fusion de deux fiches")
    gone.due_calls.opened().update(state=DueCall.State.SKIPPED, done_at=now)
    gone.needs.open().filter(category__in=kept.needs.open().values("category")).update(state=Need.State.DROPPED)
    drafts = gone.calls.filter(state=Call.State.DRAFT)
    # Somebody may be on the phone at this very moment, with nothing typed yet.
    drafts.filter(Call.WITH_WORDS | Q(started_at__gte=now - Case.CLAIM)).update(state=Call.State.PENDING)
    drafts.update(state=Call.State.DROPPED)
    if kept.number_searches.filter(answered_at=None).exists():
        gone.number_searches.filter(answered_at=None).update(answered_at=now)
    # The same letter of the same day is one letter.
    for letter in gone.letters.all():
        if not kept.letters.filter(kind=letter.kind, day=letter.day).exists():
            kept.letters.add(letter)
    for rows in (
        gone.calls,
        gone.needs,
        gone.referrals,
        gone.welfare_checks,
        gone.alerts,
        gone.due_calls,
        gone.plans,
        gone.number_searches,
        gone.messages,
    ):
        rows.update(case=kept)
    gone.delete()
