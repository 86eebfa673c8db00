"""After the partner: call the tenant back, then close; or ask another partner."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns import cases
from campaigns.models import Call, Case, Need, Partner, PartnerCode, Referral
from campaigns.outcomes.table import REACHED_CODES
from campaigns.referrals.deadlines import is_urgent
from campaigns.referrals.states import (
    WITH_PARTNER,
    Actor,
    ReferralError,
    State,
    StateError,
    move,
    note_event,
    record,
    require,
)
from solidarites import mail
from solidarites.models import User

CloseReason = Referral.CloseReason
AFTER_PARTNER = (State.ANSWERED, State.DECLINED)
# A need is met by these ends; by the others it is left without a sequel.
MET = (CloseReason.HELP_IN_PLACE, CloseReason.ALREADY_FOLLOWED)


def last_call_back(referral: Referral) -> datetime | None:
    """When somebody of the household was last spoken with since the partner's answer; None if not yet."""
    since = referral.answered_at if referral.state == State.ANSWERED else referral.acknowledged_at
    if referral.called_back_at or since is None:
        return referral.called_back_at
    call = (
        Call.objects.filter(
            case_id=referral.case_id, state=Call.State.RECORDED, outcome__in=REACHED_CODES, started_at__gte=since
        )
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


@transaction.atomic
def resume(*, referral: Referral, reason: str, by: User, now: datetime) -> Referral:
    """The tenant says that the help has not come: answered → in progress, and the partner is reminded.

    Errors: ReferralError without a reason; StateError.
    """
    from campaigns.referrals import sending

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
    from campaigns.referrals import answers, sending

    if not is_late(referral, now):
        raise StateError("Ce partenaire a encore le temps de répondre.")
    silent = referral.partner
    answers.decline(referral=referral, reason=reason, by=by, now=now)
    reroute(referral=referral, partner=partner, by=by, now=now)
    if silent is not None:
        campaign, landlord = referral.case.campaign, referral.case.household.landlord
        mail.queue_mail(
            key=f"referral:{referral.pk}:withdrawn:{referral.sending}",
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
        no_call_back_reason="" if called_back else no_call_back_reason.strip()[:300],
        token="",
        token_until=None,
    )
    referral.needs.update(state=Need.State.MET if reason in MET else Need.State.DROPPED)
    return referral
