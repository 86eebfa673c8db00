"""When the people of a household part: a coordinator chooses with whom its case and its plan go on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.common import phrases
from campaigns.followups.plans import FollowUpError, end_plans
from campaigns.models import Case, DueCall, FollowUpPlan, Parting
from solidarites import journal
from solidarites.models import User
from tenants import events

GONE = "Ces deux foyers ont changé entre-temps\u00a0: regardez leurs dossiers."


def ask(event: events.HouseholdParted) -> None:
    """Members part: the case and the plan stay for now, and a coordinator chooses. Nothing where nobody is called."""
    alive = Case.objects.alive().filter(household=event.stays_id).exists()
    if not alive and not FollowUpPlan.objects.running().filter(household=event.stays_id).exists():
        return
    if Parting.objects.filter(stays=event.stays_id, leaves=event.leaves_id, decided_at=None).exists():
        return
    row = Parting.objects.create(stays_id=event.stays_id, leaves_id=event.leaves_id, created_at=event.now)
    journal.record("parting.asked", row, by=event.by, household_id=event.stays_id)


@transaction.atomic
def decide(*, parting_id: int, choice: str, by: User, now: datetime) -> Parting:
    """Follow the coordinator's choice. The household left without a case is enrolled like any other.

    Raises FollowUpError for an unknown choice, one made already, or when both households have a case by now.
    """
    row = Parting.objects.select_for_update(of=("self",)).get(pk=parting_id)
    if choice not in Parting.Choice.values:
        raise FollowUpError("Choisissez avec qui continuent le dossier et le suivi.", "choice")
    if row.decided_at is not None:
        raise FollowUpError("Ce choix est déjà fait.")
    cases = list(
        Case.objects.select_for_update(of=("self",)).select_related("campaign").alive().filter(household=row.stays_id)
    )
    if choice in (Parting.Choice.LEAVES, Parting.Choice.BOTH):
        _refuse_twice(row, cases)
    for case in cases:
        if choice == Parting.Choice.LEAVES:
            _move(case, row)
        elif choice == Parting.Choice.BOTH:
            _double(case, row, now)
        elif choice == Parting.Choice.END:
            end_plans(case=case, reason=FollowUpPlan.EndReason.NO_NEED, now=now, by=by)
            case.set_closed("plan_ended", now)
            case.save_moved()
    row.choice, row.decided_at, row.decided_by = choice, now, by
    row.save(update_fields=["choice", "decided_at", "decided_by"])
    events.tell(events.NumbersChanged(household_ids=(row.stays_id, row.leaves_id), now=now, by=by))
    journal.record("parting.decided", row, by=by, household_id=row.stays_id, choice=choice)
    return row


def _refuse_twice(row: Parting, cases: list[Case]) -> None:
    campaigns = [case.campaign_id for case in cases]
    there = Case.objects.filter(household=row.leaves_id)
    if there.alive().exists() or there.filter(campaign__in=campaigns).exists():
        raise FollowUpError(GONE)


def _move(case: Case, row: Parting) -> None:
    """Case, plan and all that hangs on them go to the new address."""
    case.household_id = row.leaves_id
    case.save(update_fields=["household"])
    FollowUpPlan.objects.filter(case=case).update(household=row.leaves_id)


def _double(case: Case, row: Parting, now: datetime) -> None:
    """A case of their own for who left, called like the other; the plan is doubled with its hour and its callers."""
    plans = list(case.plans.running())
    opened = DueCall.objects.opened().filter(case=case).exists()
    twin = Case(
        campaign=case.campaign,
        household_id=row.leaves_id,
        enrolled_at=now,
        verification_phrase=phrases.draw(),
        language=case.language,
        region=case.region,
        reached_at=case.reached_at,
    )
    if plans and not opened:
        twin.set_next(kind=Case.Kind.FOLLOW_UP, at=None)
    else:
        twin.set_next(kind=Case.Kind.ASKED, at=now)
    twin.save()
    for plan in plans:
        plan.pk, plan.case, plan.household_id, plan.created_at = None, twin, row.leaves_id, now
        plan._state.adding = True
        plan.save()
