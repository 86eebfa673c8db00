"""What happens to a case outside a call: schedule, hold, resume, close; and what tenants' events mean for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from campaigns.models import Call, Case, DueCall, FollowUpPlan, Need
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User
from tenants import events, households
from tenants.models import Household, Tenant

TIER_OF_KIND = {
    Case.Kind.FIRST: Case.Tier.FIRST,
    Case.Kind.RETRY: Case.Tier.RETRY,
    Case.Kind.CALLBACK: Case.Tier.CALLBACK,
    Case.Kind.FOLLOW_UP: Case.Tier.FOLLOW_UP,
    Case.Kind.CALL_BACK_AFTER_REFERRAL: Case.Tier.PUT_FIRST,
    Case.Kind.ASKED: Case.Tier.PUT_FIRST,
}
# How long a case stays with who asked for it; a call that began less than this ago may still go on.
CLAIM = timedelta(minutes=60)
# Why a case was closed with its campaign.
CAMPAIGN_CLOSED = "campaign_closed"
CLAIM_FIELDS = ["claimed_by", "claimed_at", "claimed_until"]
NEXT_FIELDS = ["next_call_at", "next_call_kind", "next_call_for", "anyone_from", "not_for", "tier", "rank", "urgent"]
STATE_FIELDS = ["status", "hold_reason", "closed_reason", "closed_at"]


class CaseError(ValueError):
    """The act does not fit the state of the case; the message is French."""


def free(case: Case) -> None:
    """Take the claim off the instance (the caller saves)."""
    case.claimed_by = case.claimed_at = case.claimed_until = None


def set_next(
    case: Case,
    *,
    kind: str,
    at: datetime | None,
    volunteer_id: int | None = None,
    anyone_from: datetime | None = None,
    not_for_id: int | None = None,
    urgent: bool = False,
) -> None:
    """Set the next call on the instance (the caller saves): an open case, with its place in the queue."""
    case.status, case.hold_reason, case.closed_reason, case.closed_at = Case.Status.OPEN, "", "", None
    case.next_call_kind, case.next_call_at = kind, at
    case.next_call_for_id, case.anyone_from, case.not_for_id = volunteer_id, anyone_from, not_for_id
    case.tier, case.rank, case.urgent = TIER_OF_KIND[Case.Kind(kind)], 0, urgent


def set_hold(case: Case, reason: str) -> None:
    """A case in preparation keeps the reason, and is held once its campaign opens."""
    case.hold_reason = reason
    if case.status != Case.Status.PREPARED:
        case.status = Case.Status.ON_HOLD
    case.next_call_at = case.next_call_for = case.anyone_from = None
    free(case)


def set_closed(case: Case, reason: str, now: datetime) -> None:
    case.status, case.hold_reason, case.closed_reason, case.closed_at = Case.Status.CLOSED, "", reason, now
    case.next_call_at = case.next_call_for = case.anyone_from = None
    free(case)


def alive_elsewhere(case: Case) -> bool:
    """Whether another campaign has the household: this case may not open then."""
    others = Case.objects.filter(household_id=case.household_id, status__in=Case.ALIVE)
    return others.exclude(pk=case.pk).exists()


def call_again_after_a_danger(case_ids: list[int], now: datetime) -> None:
    """A vital alert was raised in a call that ends without being recorded: anybody calls again, at once."""
    unrecorded = Q(last_call_at=None) | Q(alerts__raised_at__gt=F("last_call_at"))
    in_danger = Case.objects.filter(
        unrecorded,
        pk__in=case_ids,
        status=Case.Status.OPEN,
        alerts__level=Level.U0,
        alerts__solved_at=None,
        alerts__key__startswith="call:",
    ).values_list("pk", flat=True)
    if found := list(in_danger) if case_ids else []:
        kind = Case.Kind.CALLBACK
        Case.objects.filter(pk__in=found).update(
            next_call_kind=kind, tier=TIER_OF_KIND[kind], rank=0, next_call_at=now, next_call_for=None,
            anyone_from=now, not_for=None, urgent=True,
        )  # fmt: skip


def _locked(case_id: int) -> Case:
    return Case.objects.select_for_update(of=("self",)).select_related("campaign", "household").get(pk=case_id)


def _save(case: Case) -> None:
    case.save(update_fields=[*STATE_FIELDS, *NEXT_FIELDS, *CLAIM_FIELDS])


@transaction.atomic
def schedule(
    *,
    case_id: int,
    kind: str,
    at: datetime,
    by: User | None = None,
    volunteer_id: int | None = None,
    anyone_from: datetime | None = None,
    urgent: bool = False,
) -> Case:
    """Ask for a call of this household (after a referral, by a coordinator); a closed case opens again.

    Raises CaseError when its campaign is over, when the household opposed, or when it is open in another campaign.
    A case being called at this moment keeps its claim; a callback already agreed keeps its hour.
    """
    case = _locked(case_id)
    if not case.campaign.is_running:
        raise CaseError("Cette campagne est terminée.")
    if case.household.opposed_at:
        raise CaseError("Ce foyer a demandé de ne plus être appelé.")
    if case.status not in Case.ALIVE and alive_elsewhere(case):
        raise CaseError("Ce foyer est suivi dans une autre campagne.")
    agreed = (
        case.status == Case.Status.OPEN and case.next_call_kind == Case.Kind.CALLBACK and case.next_call_at is not None
    )
    if not agreed:
        set_next(case, kind=kind, at=at, volunteer_id=volunteer_id, anyone_from=anyone_from, urgent=urgent)
        _save(case)
    journal.record(
        "case.scheduled", case, by=by, campaign_id=case.campaign_id, household_id=case.household_id, kind=kind
    )
    return case


@transaction.atomic
def hold(*, case_id: int, reason: str, by: User | None, now: datetime) -> Case:
    """Nobody calls until a coordinator decides. Raises CaseError for a closed case."""
    case = _locked(case_id)
    if case.status == Case.Status.CLOSED:
        raise CaseError("Ce dossier est clos.")
    set_hold(case, reason)
    _save(case)
    journal.record(
        "case.held", case, by=by, campaign_id=case.campaign_id, household_id=case.household_id, reason=reason
    )
    return case


@transaction.atomic
def resume(*, case_id: int, by: User, now: datetime) -> Case:
    """A coordinator decides that this held household is called again, now and before the others.

    Raises CaseError when the case is not held, when its campaign is over, while a welfare check runs, or when nobody is
    left to call.
    """
    case = _locked(case_id)
    if case.status != Case.Status.ON_HOLD:
        raise CaseError("Ce dossier n'est pas en attente d'une décision.")
    if not case.campaign.is_running:
        raise CaseError("Cette campagne est terminée.")
    if case.welfare_checks.filter(closed_at=None).exists():
        raise CaseError("Une veille est en cours\u00a0: sa clôture décidera de la suite.")
    if not case.household.tenants.filter(status=Tenant.Status.PRESENT).exists():
        raise CaseError("Plus personne n'habite ce foyer : vous pouvez clore le dossier.")
    set_next(case, kind=Case.Kind.ASKED, at=now)
    # A new round: the attempts that led to the hold are in the history of calls.
    case.attempts, case.slots_tried, case.busy_today = 0, [], 0
    case.save(update_fields=[*STATE_FIELDS, *NEXT_FIELDS, *CLAIM_FIELDS, "attempts", "slots_tried", "busy_today"])
    journal.record("case.resumed", case, by=by, campaign_id=case.campaign_id, household_id=case.household_id)
    return case


@transaction.atomic
def close(*, case_id: int, reason: str, by: User | None, now: datetime) -> Case:
    """Close by hand. Raises CaseError while a follow-up plan runs: end the plan first."""
    case = _locked(case_id)
    if case.status == Case.Status.CLOSED:
        return case
    if case.plans.exclude(status="ended").exists():
        raise CaseError("Un suivi est en cours : terminez-le avant de clore le dossier.")
    set_closed(case, reason, now)
    _save(case)
    journal.record(
        "case.closed", case, by=by, campaign_id=case.campaign_id, household_id=case.household_id, reason=reason
    )
    return case


@transaction.atomic
def settle_need(*, need_id: int, state: str, by: User, now: datetime) -> Need:
    """A need that no partner has: met meanwhile, or without further action. Raises CaseError when it is not open."""
    need = Need.objects.select_related("case").get(pk=need_id)
    if state not in (Need.State.MET, Need.State.DROPPED):
        raise CaseError("Choisissez ce qu'est devenu ce besoin.")
    if not Need.objects.filter(pk=need_id, state=Need.State.OPEN).update(state=state):
        raise CaseError("Ce besoin a déjà été traité.")
    need.state = state
    journal.record(
        "need.settled", need, by=by, campaign_id=need.case.campaign_id, household_id=need.case.household_id, state=state
    )
    return need


# What tenants tell us (subscribed in apps.py; called inside the caller's transaction) -----------------


def on_household_opposed(event: events.HouseholdOpposed) -> None:
    """« Ne plus jamais appeler »: every call, follow-up and claim stops now; the history stays."""
    from campaigns import followups

    for case in Case.objects.select_for_update(of=("self",)).filter(household_id=event.household_id):
        followups.end_plans(case=case, reason="opposition", now=event.now, by=event.by)
        if case.status != Case.Status.CLOSED:
            set_closed(case, "opt_out", event.now)
            _save(case)


def on_person_closed(event: events.PersonClosed) -> None:
    """Somebody died, moved or entered a care home: what is left of the household goes to a coordinator."""
    from campaigns import followups

    left = households.with_living_tenant(Household.objects.filter(pk=event.household_id)).exists()
    for case in Case.objects.select_for_update(of=("self",)).filter(household_id=event.household_id):
        followups.end_plans(case=case, reason="closed_person", now=event.now, by=event.by)
        if case.status == Case.Status.CLOSED:
            continue
        if left and case.is_safety_call:
            # Somebody may still be in danger there: first this call, then the coordination decides.
            continue
        if left:
            set_hold(case, Case.Hold.PERSON_CLOSED)
        else:
            set_closed(case, event.status, event.now)
        _save(case)


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
            set_closed(case, "merged", event.now)
            _save(case)
        twin = twins.get(case.campaign_id)
        if twin is None:
            case.household_id = event.kept_id
            case.save(update_fields=["household"])
        else:
            _move_history(case, twin, event.now)
    FollowUpPlan.objects.filter(household_id=event.gone_id).update(household_id=event.kept_id)


def _end_merged_plans(case: Case, now: datetime, by: Any) -> None:
    from campaigns import followups

    followups.end_plans(case=case, reason=FollowUpPlan.EndReason.NO_NEED, now=now, by=by)


def _move_history(gone: Case, kept: Case, now: datetime) -> None:
    """Move every row of ``gone`` to ``kept`` and delete it; what may be open only once is closed first."""
    if kept.welfare_checks.filter(closed_at=None).exists():
        gone.welfare_checks.filter(closed_at=None).update(closed_at=now, note="fusion de deux fiches")
    gone.due_calls.filter(state=DueCall.State.OPENED).update(state=DueCall.State.SKIPPED, done_at=now)
    gone.needs.filter(
        state=Need.State.OPEN, category__in=kept.needs.filter(state=Need.State.OPEN).values("category")
    ).update(state=Need.State.DROPPED)
    drafts = gone.calls.filter(state=Call.State.DRAFT)
    # Somebody may be on the phone at this very moment, with nothing typed yet.
    drafts.filter(Call.WITH_WORDS | Q(started_at__gte=now - CLAIM)).update(state=Call.State.PENDING)
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
