"""After the partner's answer: the tenant is called back, through the queue or by a coordinator."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns import cases
from campaigns.models import Call, Case, Referral
from campaigns.referrals.deadlines import is_urgent
from campaigns.referrals.states import Actor, ReferralError, State, StateError, note_event, record
from solidarites.models import User

AFTER_PARTNER = (State.ANSWERED, State.DECLINED)


def last_call_back(referral: Referral) -> datetime | None:
    """When somebody of the household was last spoken with since the partner's answer; None if not yet."""
    since = referral.answered_at if referral.state == State.ANSWERED else referral.acknowledged_at
    if referral.called_back_at or since is None:
        return referral.called_back_at
    call = (
        Call.objects.recorded()
        .filter(case_id=referral.case_id, outcome__in=Call.REACHED, started_at__gte=since)
        .order_by("-started_at")
        .values_list("started_at", flat=True)
        .first()
    )
    return call


def schedule_call_back(referral: Referral, *, by: User | None, now: datetime) -> bool:
    """Put the call back to the tenant at the head of the queue; False, and said so, when that cannot be."""
    case = Case.objects.only("status").get(pk=referral.case_id)
    why = ""
    if case.status == Case.Status.ON_HOLD:
        why = "Le dossier attend une décision de la coordination."
    else:
        try:
            with transaction.atomic():
                cases.schedule(
                    case_id=referral.case_id,
                    kind=Case.Kind.CALL_BACK_AFTER_REFERRAL,
                    at=now,
                    by=by,
                    urgent=is_urgent(referral.level),
                )
        except cases.CaseError as error:
            why = str(error)
    action = "call_back_blocked" if why else "call_back_asked"
    note_event(referral, action, actor=Actor.USER if by else Actor.SYSTEM, by=by, now=now, note=why)
    return not why


@transaction.atomic
def ask_call_back(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Ask again for the call back to the tenant (it was passed on, or the partner declined).

    Errors: StateError unless answered or declined; ReferralError when the queue cannot take it.
    """
    if referral.state not in AFTER_PARTNER:
        raise StateError("Le locataire est rappelé une fois que le partenaire a répondu.")
    if not schedule_call_back(referral, by=by, now=now):
        last = referral.events.order_by("-id").values_list("note", flat=True).first()
        raise ReferralError(f"Ce rappel ne peut pas être demandé. {last}")
    record("referral.call_back_asked", referral, by=by)
    return referral


@transaction.atomic
def note_call_back(*, referral: Referral, at: datetime, by: User, now: datetime) -> Referral:
    """A coordinator called the tenant back without the queue. Errors: StateError; ReferralError for the future."""
    if at > now:
        raise ReferralError("L'heure du rappel est dans le futur.", "at")
    if not Referral.objects.filter(pk=referral.pk, state__in=AFTER_PARTNER).update(called_back_at=at):
        raise StateError("Le locataire est rappelé une fois que le partenaire a répondu.")
    referral.called_back_at = at
    note_event(referral, "called_back", actor=Actor.USER, by=by, now=now)
    record("referral.called_back", referral, by=by)
    return referral
