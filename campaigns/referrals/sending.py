"""Approve, send, remind, withdraw: what leaves for the partner, always as a row of the mail queue.

No e-mail says anything about anybody: a reference, a level, a delay and a link.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

import phonenumbers
from django.db import transaction
from django.db.models import F, Q

from campaigns.models import Need, Partner, Referral
from campaigns.referrals import deadlines
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
from solidarites import bounces, mail
from solidarites.models import OutgoingMail, User

Agreement = Referral.Agreement
# The partner's link; a reminder makes it last again.
LINK_LASTS = timedelta(days=30)
# Two people who press « Relancer » one after the other send one message.
REMINDERS_APART = timedelta(minutes=10)


# Approval --------------------------------------------------------------------------------------------


def missing_for_approval(referral: Referral) -> list[ReferralError]:
    """What a coordinator still has to fill in before approving, each with its field."""
    problems = []
    partner = referral.partner
    if partner is None:
        problems.append(ReferralError("Choisissez le partenaire.", "partner"))
    elif not partner.active:
        problems.append(ReferralError("Ce partenaire n'est plus actif : choisissez-en un autre.", "partner"))
    if referral.kind == Referral.Kind.REGISTER and referral.tenant_id is None:
        problems.append(ReferralError("Le registre inscrit une personne, pas un foyer : refaites la demande.", "facts"))
    if not referral.facts.strip():
        problems.append(ReferralError("Écrivez les faits entendus.", "facts"))
    if not referral.agreement:
        problems.append(
            ReferralError("Indiquez l'accord du locataire : oui, non, ou impossible à recueillir.", "agreement")
        )
    elif referral.kind == Referral.Kind.REGISTER and referral.agreement != Agreement.YES:
        problems.append(
            ReferralError("On ne s'inscrit au registre qu'à sa demande : il faut l'accord de la personne.", "agreement")
        )
    elif referral.agreement == Agreement.YES:
        if referral.agreement_at is None:
            problems.append(ReferralError("Indiquez quand l'accord a été recueilli.", "agreement_at"))
        if not referral.agreement_how:
            problems.append(ReferralError("Indiquez comment l'accord a été recueilli.", "agreement_how"))
    elif referral.grave_danger:
        if referral.phoned_at is None:
            problems.append(
                ReferralError(
                    "Danger grave et imminent : téléphonez d'abord, puis notez l'heure de l'appel.", "phoned_at"
                )
            )
        if not referral.phoned_person.strip():
            problems.append(ReferralError("Notez la personne jointe au téléphone.", "phoned_person"))
    elif not referral.no_agreement_reason.strip():
        problems.append(
            ReferralError(
                "Sans accord, il faut un danger grave et imminent, ou un motif écrit approuvé par deux personnes.",
                "no_agreement_reason",
            )
        )
    return problems


def needs_second_approval(referral: Referral) -> bool:
    """No agreement and no grave danger: a second coordinator must approve the written reason."""
    return referral.agreement in (Agreement.NO, Agreement.IMPOSSIBLE) and not referral.grave_danger


@transaction.atomic
def approve(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Approve a draft, which queues its e-mail.

    Conditions: partner, facts and agreement are there (``missing_for_approval``). Without agreement and without
    grave danger the first approval is only noted; another coordinator's makes it an approval.
    Steps: new link; the e-mail queued under the key of this sending; state « approved ».
    Errors: ReferralError with its field; StateError when it is no longer a draft.
    """
    require(referral, State.APPROVED, Actor.USER)
    for problem in missing_for_approval(referral):
        raise problem
    if needs_second_approval(referral):
        if referral.first_approval_by_id is None:
            return _first_approval(referral, by=by, now=now)
        if referral.first_approval_by_id == by.pk:
            raise ReferralError("Sans accord du locataire, une deuxième personne de la coordination doit approuver.")
    sending = referral.sending + 1
    row = mail.queue_mail(
        key=f"referral:{referral.pk}:sent:{sending}",
        about=referral,
        to=_partner_of(referral).addresses,
        template="referral_sent",
        context=mail_context(referral) | {"sending": sending},
        now=now,
        urgent=deadlines.is_urgent(referral.level),
    )
    move(
        referral,
        State.APPROVED,
        actor=Actor.USER,
        by=by,
        now=now,
        action="approved",
        approved_by=by,
        approved_at=now,
        sending=sending,
        mail=row,
        token=secrets.token_urlsafe(24),
        token_until=now + LINK_LASTS,
        sent_at=None,
        reminded_at=None,
        reminders=0,
        opened_at=None,
        acknowledged_at=None,
        answered_at=None,
        answer="",
        answer_result="",
        decline_reason="",
        called_back_at=None,
    )
    return referral


def approve_all(*, found: list[Referral], by: User, now: datetime) -> tuple[int, int, list[tuple[str, str]]]:
    """Approve several drafts, each as ``approve`` does, in a transaction of its own.

    (approved, first approvals noted, [(reference, why)] of those left as they were): one that lacks something, or
    that somebody else moved meanwhile, holds back none of the others.
    """
    approved, noted, refused = 0, 0, []
    for referral in found:
        try:
            approve(referral=referral, by=by, now=now)
        except ReferralError as error:
            refused.append((referral.reference, str(error)))
        else:
            approved += referral.state == State.APPROVED
            noted += referral.state == State.DRAFT
    return approved, noted, refused


def _first_approval(referral: Referral, *, by: User, now: datetime) -> Referral:
    if not Referral.objects.filter(pk=referral.pk, state=State.DRAFT, first_approval_by=None).update(
        first_approval_by=by
    ):
        raise StateError("Ce signalement a changé entre-temps. Relisez-le avant d'agir.")
    referral.first_approval_by = by
    note_event(
        referral, "first_approval", actor=Actor.USER, by=by, now=now, from_state=State.DRAFT, to_state=State.DRAFT
    )
    record("referral.first_approval", referral, by=by)
    return referral


def _partner_of(referral: Referral) -> Partner:
    if referral.partner is None:
        raise ReferralError("Choisissez le partenaire.", "partner")
    return referral.partner


def mail_context(referral: Referral) -> dict[str, Any]:
    """All that a message about a referral may say. The link is made when it leaves: the queue holds no secret."""
    campaign, landlord = referral.case.campaign, referral.case.household.landlord
    return {
        "reference": referral.reference,
        "level": referral.level,
        "level_label": referral.get_level_display(),
        "delay": deadlines.SPOKEN[deadlines.Level(referral.level)],
        "referral_id": referral.pk,
        "sending": referral.sending,
        "sender": landlord.spoken_name or landlord.name,
        "phone": spoken_number(campaign.callback_number or landlord.callback_number),
    }


def spoken_number(number: str) -> str:
    """« 01 99 00 12 34 » of a number kept as E.164; what cannot be read is shown as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number, "FR"), phonenumbers.PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        return number


# What the mail queue did ---------------------------------------------------------------------------------


@transaction.atomic
def mark_sent(*, referral: Referral, at: datetime, now: datetime) -> bool:
    """The e-mail has left (or the partner has its link): approved → sent. False when it was already."""
    if referral.state != State.APPROVED:
        return False
    department = referral.case.household.department
    try:
        move(
            referral,
            State.SENT,
            actor=Actor.SYSTEM,
            by=None,
            now=now,
            action="sent",
            sent_at=at,
            due_at=deadlines.due(State.SENT, referral.level, at, department, referral.partner),
        )
    except StateError:
        referral.refresh_from_db()
        return False
    return True


def _cancel_mail(referral: Referral) -> bool:
    """Keep a message that still waits from leaving; False when it left or may be leaving at this moment."""
    if referral.mail_id is None:
        return True
    waiting = OutgoingMail.objects.filter(pk=referral.mail_id, state=OutgoingMail.State.QUEUED)
    if waiting.update(state=OutgoingMail.State.CANCELLED):
        return True
    left = (OutgoingMail.State.SENDING, OutgoingMail.State.UNSURE, OutgoingMail.State.SENT)
    return not OutgoingMail.objects.filter(pk=referral.mail_id, state__in=left).exists()


@transaction.atomic
def back_to_draft(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Take an approval back before its e-mail left (or after it finally failed).

    Errors: StateError when it is not approved, or when the message has left: withdraw it then.
    """
    require(referral, State.DRAFT, Actor.USER)
    if referral.state != State.APPROVED:
        raise StateError("Seul un signalement approuvé revient à la relecture.")
    if not _cancel_mail(referral):
        raise StateError("L'e-mail est déjà parti : retirez le signalement s'il ne doit pas être suivi.")
    move(
        referral,
        State.DRAFT,
        actor=Actor.USER,
        by=by,
        now=now,
        action="back_to_draft",
        token="",
        token_until=None,
        approved_by=None,
        approved_at=None,
        first_approval_by=None,
    )
    return referral


@transaction.atomic
def withdraw(*, referral: Referral, reason: str, by: User, now: datetime) -> Referral:
    """Withdraw it (the tenant no longer agrees, or it has no object): the link shuts at once.

    Steps: a waiting e-mail is cancelled; a partner who may have it is told by its reference; needs end.
    Errors: ReferralError without a reason; StateError when it was answered, closed or withdrawn.
    """
    if not reason.strip():
        raise ReferralError("Indiquez pourquoi le signalement est retiré.", "reason")
    before = referral.state
    require(referral, State.WITHDRAWN, Actor.USER)
    told = before in WITH_PARTNER or (before == State.APPROVED and not _cancel_mail(referral))
    context = mail_context(referral)
    move(
        referral,
        State.WITHDRAWN,
        actor=Actor.USER,
        by=by,
        now=now,
        action="withdrawn",
        note=reason,
        token="",
        token_until=None,
        closed_at=now,
    )
    referral.needs.update(state=Need.State.DROPPED)
    if told and referral.partner:
        mail.queue_mail(
            key=f"referral:{referral.pk}:withdrawn:{referral.sending}",
            about=referral,
            to=referral.partner.addresses,
            template="referral_withdrawn",
            context={name: context[name] for name in ("reference", "sender", "phone")},
            now=now,
        )
    return referral


# By phone and again ----------------------------------------------------------------------------------------


@transaction.atomic
def record_phone_call(*, referral: Referral, person: str, at: datetime, by: User, now: datetime) -> Referral:
    """Note that the partner was phoned: who answered, when (asked for at levels U0 and U1).

    Errors: ReferralError without a person or for a moment to come; StateError once it is over.
    """
    if not person.strip():
        raise ReferralError("Notez la personne jointe au téléphone.", "phoned_person")
    if at > now:
        raise ReferralError("L'heure de l'appel est dans le futur.", "phoned_at")
    open_now = Referral.objects.filter(pk=referral.pk).exclude(state__in=(State.CLOSED, State.WITHDRAWN))
    if not open_now.update(phoned_at=at, phoned_person=person.strip()[:120]):
        raise StateError("Ce signalement est terminé.")
    referral.phoned_at, referral.phoned_person = at, person.strip()[:120]
    note_event(referral, "phoned", actor=Actor.USER, by=by, now=now, note=referral.phoned_person)
    record("referral.phoned", referral, by=by)
    return referral


@transaction.atomic
def mail_came_back(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Note by hand that the e-mail of this sending was returned: an alert follows, and its cause is on the timeline.

    Errors: StateError when no e-mail of this referral has left, or when it was noted before.
    """
    if referral.mail_id is None or not bounces.note(mail_id=referral.mail_id, by=by, now=now):
        raise StateError("Aucun e-mail de ce signalement n'est noté comme parti.")
    record("referral.mail_came_back", referral, by=by)
    return referral


@transaction.atomic
def remind(*, referral: Referral, by: User | None, now: datetime) -> Referral:
    """Remind the partner by e-mail; the link is made to last again.

    Conditions: the partner has it and has not answered; no reminder left in the last ten minutes.
    Errors: StateError otherwise.
    """
    if referral.state not in WITH_PARTNER:
        raise StateError("Seul un signalement envoyé et sans réponse peut être relancé.")
    free = Q(reminded_at=None) | Q(reminded_at__lte=now - REMINDERS_APART)
    waiting = Referral.objects.filter(free, pk=referral.pk, state=referral.state, reminders=referral.reminders)
    if not waiting.update(reminders=F("reminders") + 1, reminded_at=now, token_until=now + LINK_LASTS):
        raise StateError("Une relance vient de partir : attendez dix minutes.")
    referral.reminders, referral.reminded_at, referral.token_until = referral.reminders + 1, now, now + LINK_LASTS
    mail.queue_mail(
        key=f"referral:{referral.pk}:reminder:{referral.sending}:{referral.reminders}",
        about=referral,
        to=_partner_of(referral).addresses,
        template="referral_reminder",
        context=mail_context(referral) | {"acknowledged": referral.state != State.SENT},
        now=now,
        urgent=deadlines.is_urgent(referral.level),
    )
    actor = Actor.USER if by else Actor.SYSTEM
    note_event(referral, "reminded", actor=actor, by=by, now=now)
    record("referral.reminded", referral, by=by, actor=actor)
    return referral
