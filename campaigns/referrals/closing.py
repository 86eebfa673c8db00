"""The end of a referral: resumed or given to another partner, or closed once the tenant was called back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.models import Need, Partner, PartnerCode, Referral
from campaigns.models.limits import TEXT
from campaigns.referrals import answers, sending
from campaigns.referrals.call_back import last_call_back
from campaigns.referrals.states import (
    WITH_PARTNER,
    Actor,
    ReferralError,
    State,
    StateError,
    move,
    require,
)
from solidarites import mail
from solidarites.models import User

CloseReason = Referral.CloseReason
# A need is met by these ends; by the others it is left without a sequel.
MET = (CloseReason.HELP_IN_PLACE, CloseReason.ALREADY_FOLLOWED)


@transaction.atomic
def resume(*, referral: Referral, reason: str, by: User, now: datetime) -> Referral:
    """The tenant says that the help has not come: answered → in progress, and the partner is reminded.

    Errors: ReferralError without a reason; StateError.
    """
    if not reason.strip():
        raise ReferralError("Indiquez ce qui manque encore.", "reason")
    if referral.state != State.ANSWERED:
        raise StateError("Seul un signalement répondu peut être relancé auprès du partenaire.")
    move(
        referral,
        State.IN_PROGRESS,
        actor=Actor.USER,
        by=by,
        now=now,
        action="resumed",
        note=reason,
        reminded_at=None,
    )
    return sending.remind(referral=referral, by=by, now=now)


@transaction.atomic
def reroute(*, referral: Referral, partner: Partner, by: User, now: datetime) -> Referral:
    """Declined → draft, for another partner. Errors: ReferralError for the same or an inactive partner; StateError."""
    require(referral, State.DRAFT, Actor.USER)
    if referral.state != State.DECLINED:
        raise StateError("Seul un signalement décliné est réorienté.")
    if partner.pk == referral.partner_id:
        raise ReferralError("Ce partenaire vient de décliner : choisissez-en un autre.", "partner")
    if not partner.active:
        raise ReferralError("Ce partenaire n'est plus actif.", "partner")
    move(
        referral,
        State.DRAFT,
        actor=Actor.USER,
        by=by,
        now=now,
        action="rerouted",
        note=partner.name,
        partner=partner,
        first_approval_by=None,
        approved_by=None,
        approved_at=None,
        # The phone call was to the other partner.
        phoned_at=None,
        phoned_person="",
        token="",
        token_until=None,
    )
    # Nor were the codes, used, awaited or mistyped, this one's: it asks for its own at once.
    PartnerCode.objects.filter(referral=referral).delete()
    return referral


def is_late(referral: Referral, now: datetime) -> bool:
    """The partner holds it and the hour of its acknowledgement, or of its answer, has passed."""
    return referral.state in WITH_PARTNER and referral.due_at is not None and referral.due_at <= now


@transaction.atomic
def ask_another(*, referral: Referral, partner: Partner, reason: str, by: User, now: datetime) -> Referral:
    """The partner stays silent: declined in its place, then rerouted, as two moves of the table.

    Conditions: with the partner, and past its deadline. Steps: the first link shuts; the first partner is told by the
    reference alone that nothing is asked of it any more; a draft for the other one. Errors: StateError when it is not
    late; ReferralError without a reason, or as ``reroute``.
    """
    if not is_late(referral, now):
        raise StateError("Ce partenaire a encore le temps de répondre.")
    silent = referral.partner
    answers.decline(referral=referral, reason=reason, by=by, now=now)
    reroute(referral=referral, partner=partner, by=by, now=now)
    if silent is not None:
        campaign, landlord = referral.case.campaign, referral.case.household.landlord
        mail.queue_mail(
            key=f"referral:{referral.pk}:withdrawn:{referral.sending}",
            about=referral,
            to=silent.addresses,
            template="referral_withdrawn",
            context={
                "reference": referral.reference,
                "sender": landlord.spoken_name or landlord.name,
                "phone": sending.spoken_number(campaign.callback_number or landlord.callback_number),
            },
            now=now,
        )
    return referral


@transaction.atomic
def close(*, referral: Referral, reason: str, by: User, now: datetime, no_call_back_reason: str = "") -> Referral:
    """Close for good, after the tenant was called back.

    Conditions: answered or declined; somebody of the household was spoken with since, or ``no_call_back_reason`` says
    why that was not possible. Steps: needs met or left without a sequel; the link shuts.
    Errors: ReferralError with its field; StateError.
    """
    require(referral, State.CLOSED, Actor.USER)
    if reason not in CloseReason.values:
        raise ReferralError("Choisissez le motif de clôture.", "reason")
    called_back = last_call_back(referral)
    if called_back is None and not no_call_back_reason.strip():
        raise ReferralError(
            "Le locataire n'a pas encore été rappelé. Rappelez-le, ou dites pourquoi ce n'est pas possible.",
            "no_call_back_reason",
        )
    move(
        referral,
        State.CLOSED,
        actor=Actor.USER,
        by=by,
        now=now,
        action="closed",
        note=CloseReason(reason).label,
        close_reason=reason,
        closed_at=now,
        called_back_at=called_back,
        no_call_back_reason="" if called_back else no_call_back_reason.strip()[:TEXT],
        token="",
        token_until=None,
    )
    referral.needs.update(state=Need.State.MET if reason in MET else Need.State.DROPPED)
    return referral
