"""What the partner says: by the link (``by=None``), or by phone to a coordinator who records it (``by=user``)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from campaigns import alerts
from campaigns.models import Alert, Referral
from campaigns.models.levels import Level
from campaigns.models.limits import FACTS, TEXT
from campaigns.referrals import call_back, sending
from campaigns.referrals.deadlines import is_urgent
from campaigns.referrals.states import (
    WITH_PARTNER,
    Actor,
    ReferralError,
    State,
    StateError,
    actor_of,
    move,
    note_event,
    record,
)
from solidarites.models import User

# One line of the timeline for a partner who reloads the page; the journal keeps every opening.
OPENINGS_APART = timedelta(minutes=10)


def _catch_up(referral: Referral, now: datetime) -> None:
    """A partner who answers has received it, even if the sending task has not yet said so."""
    if referral.state == State.APPROVED:
        at = referral.mail.sent_at if referral.mail and referral.mail.sent_at else now
        sending.mark_sent(referral=referral, at=at, now=now)


@transaction.atomic
def opened(*, referral: Referral, now: datetime, action: str = "opened") -> None:
    """The partner reads the sheet (or takes its PDF): shown to coordinators, journaled each time."""
    seen = Q(opened_at=None) | Q(opened_at__lte=now - OPENINGS_APART)
    first = Referral.objects.filter(seen, pk=referral.pk).update(opened_at=now)
    if first or action != "opened":
        referral.opened_at = now
        note_event(referral, action, actor=Actor.PARTNER, by=None, now=now)
    record(f"referral.{action}", referral, by=None, actor=Actor.PARTNER)


@transaction.atomic
def acknowledge(*, referral: Referral, by: User | None, now: datetime) -> Referral:
    """« Accuser réception »: sent → acknowledged. Errors: StateError."""
    _catch_up(referral, now)
    move(referral, State.ACKNOWLEDGED, actor=actor_of(by), by=by, now=now, action="acknowledged", acknowledged_at=now)
    return referral


@transaction.atomic
def take_charge(*, referral: Referral, by: User | None, now: datetime, note: str = "") -> Referral:
    """« Prendre en charge »: sent or acknowledged → in progress. Errors: StateError."""
    _catch_up(referral, now)
    if referral.state == State.ANSWERED:
        raise StateError("Ce signalement a déjà une réponse.")
    move(
        referral,
        State.IN_PROGRESS,
        actor=actor_of(by),
        by=by,
        now=now,
        action="in_progress",
        note=note,
        acknowledged_at=referral.acknowledged_at or now,
    )
    return referral


@transaction.atomic
def decline(*, referral: Referral, reason: str, by: User | None, now: datetime) -> Referral:
    """« Décliner », with a reason: the link shuts, and a coordinator is told to find another partner.

    Errors: ReferralError without a reason; StateError.
    """
    if not reason.strip():
        raise ReferralError("Indiquez pourquoi, en quelques mots.", "reason")
    _catch_up(referral, now)
    move(
        referral,
        State.DECLINED,
        actor=actor_of(by),
        by=by,
        now=now,
        action="declined",
        note=reason,
        decline_reason=reason.strip()[:TEXT],
        acknowledged_at=referral.acknowledged_at or now,
        token="",
        token_until=None,
    )
    if is_urgent(referral.level):
        alerts.raise_alert(
            referral=referral,
            kind=Alert.Kind.REFERRAL_WAITING,
            level=Level(referral.level),
            case=referral.case,
            now=now,
        )
    return referral


@transaction.atomic
def answer(*, referral: Referral, result: str, text: str, by: User | None, now: datetime) -> Referral:
    """« Clore » for the partner: what was done. The tenant is then called back through the queue.

    Errors: ReferralError for an unknown result or no text; StateError unless acknowledged or in progress.
    """
    if result not in Referral.CloseReason.values:
        raise ReferralError("Choisissez un résultat.", "result")
    if not text.strip():
        raise ReferralError("Dites en une phrase ce qui a été fait.", "text")
    _catch_up(referral, now)
    move(
        referral,
        State.ANSWERED,
        actor=actor_of(by),
        by=by,
        now=now,
        action="answered",
        note=text,
        answered_at=now,
        answer_result=result,
        answer=text.strip()[:FACTS],
        called_back_at=None,
        no_call_back_reason="",
    )
    call_back.schedule_call_back(referral, by=by, now=now)
    return referral


@transaction.atomic
def comment(*, referral: Referral, text: str, by: User | None, now: datetime) -> Referral:
    """A line of the timeline that changes no state, from the partner or a coordinator.

    Errors: ReferralError when empty; StateError for a partner whose referral is over.
    """
    if not text.strip():
        raise ReferralError("Écrivez votre commentaire.", "text")
    if by is None:
        _catch_up(referral, now)
        if referral.state not in (*WITH_PARTNER, State.ANSWERED):
            raise StateError("Ce signalement est terminé.")
    note_event(referral, "comment", actor=actor_of(by), by=by, now=now, note=text)
    record("referral.comment", referral, by=by, actor=actor_of(by))
    return referral
