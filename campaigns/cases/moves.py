"""What happens to a case outside a call: schedule, hold, resume, close."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from campaigns.models import Alert, Case, Need
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from tenants.models import Tenant


class CaseError(Refused):
    """The act does not fit the state of the case."""


def alive_elsewhere(case: Case) -> bool:
    """Whether another campaign has the household: this case may not open then."""
    others = Case.objects.alive().filter(household_id=case.household_id)
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
        alerts__kind__in=Alert.IN_A_CALL,
    ).values_list("pk", flat=True)
    if found := list(in_danger) if case_ids else []:
        kind = Case.Kind.CALLBACK
        Case.objects.filter(pk__in=found).update(
            next_call_kind=kind, tier=Case.Tier.of(kind), rank=0, next_call_at=now, next_call_for=None,
            anyone_from=now, not_for=None, urgent=True,
        )  # fmt: skip


def _locked(case_id: int) -> Case:
    return Case.objects.select_for_update(of=("self",)).select_related("campaign", "household").get(pk=case_id)


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
        case.set_next(kind=kind, at=at, volunteer_id=volunteer_id, anyone_from=anyone_from, urgent=urgent)
        case.save_moved()
    journal.of_case("case.scheduled", case, by=by, kind=kind)
    return case


@transaction.atomic
def hold(*, case_id: int, reason: str, by: User | None, now: datetime) -> Case:
    """Nobody calls until a coordinator decides. Raises CaseError for a closed case."""
    case = _locked(case_id)
    if case.status == Case.Status.CLOSED:
        raise CaseError("Ce dossier est clos.")
    case.set_hold(reason)
    case.save_moved()
    journal.of_case("case.held", case, by=by, reason=reason)
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
    if case.welfare_checks.open().exists():
        raise CaseError("Une veille est en cours\u00a0: sa clôture décidera de la suite.")
    if not case.household.tenants.filter(status=Tenant.Status.PRESENT).exists():
        raise CaseError("Plus personne n'habite ce foyer : vous pouvez clore le dossier.")
    case.set_next(kind=Case.Kind.ASKED, at=now)
    # A new round: the attempts that led to the hold are in the history of calls.
    case.attempts, case.slots_tried, case.busy_today = 0, [], 0
    case.save_moved("attempts", "slots_tried", "busy_today")
    journal.of_case("case.resumed", case, by=by)
    return case


@transaction.atomic
def close(*, case_id: int, reason: str, by: User | None, now: datetime) -> Case:
    """Close by hand. Raises CaseError while a follow-up plan runs: end the plan first."""
    case = _locked(case_id)
    if case.status == Case.Status.CLOSED:
        return case
    if case.plans.running().exists():
        raise CaseError("Un suivi est en cours : terminez-le avant de clore le dossier.")
    case.set_closed(reason, now)
    case.save_moved()
    journal.of_case("case.closed", case, by=by, reason=reason)
    return case


@transaction.atomic
def settle_need(*, need_id: int, state: str, by: User, now: datetime) -> Need:
    """A need that no partner has: met meanwhile, or without further action. Raises CaseError when it is not open."""
    need = Need.objects.select_related("case").get(pk=need_id)
    if state not in (Need.State.MET, Need.State.DROPPED):
        raise CaseError("Choisissez ce qu'est devenu ce besoin.")
    if not Need.objects.open().filter(pk=need_id).update(state=state):
        raise CaseError("Ce besoin a déjà été traité.")
    need.state = state
    journal.of_case("need.settled", need.case, need, by=by, state=state)
    return need
