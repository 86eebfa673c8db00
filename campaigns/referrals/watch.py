"""What time does to referrals: sent, reminded, escalated, failed. Found in the rows; safe twice at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from campaigns import alerts
from campaigns.models import Alert, PartnerCode, Referral
from campaigns.models.levels import Level
from campaigns.referrals import deadlines, sending
from campaigns.referrals.states import (
    OPEN_STATES,
    WITH_PARTNER,
    Actor,
    State,
    StateError,
    note_event,
    record,
)
from solidarites import mail
from solidarites.models import OutgoingMail

MailState = OutgoingMail.State
LOST = (MailState.FAILED, MailState.BOUNCED)


def watch_referrals(*, now: datetime) -> int:
    """One pass: what left, what failed, what is due; how many things were done.

    Every step is a conditional update on its own row.
    """
    done = _mark_sent(now) + _raise_failures(now) + _remind(now) + _escalate(now)
    _forget_codes(now)
    return done


def _rows(*states: str) -> list[Referral]:
    return list(
        Referral.objects.filter(state__in=states)
        .select_related("case__household__landlord", "case__campaign", "partner", "mail")
        .order_by("pk")
    )


def _mark_sent(now: datetime) -> int:
    count = 0
    for referral in _rows(State.APPROVED):
        row = referral.mail
        if row is not None and row.state == MailState.SENT:
            count += sending.mark_sent(referral=referral, at=row.sent_at or now, now=now)
    return count


def _raise_failures(now: datetime) -> int:
    """A message about a referral that will never arrive: one alert for it, even after that alert was solved."""
    told = Alert.objects.filter(mail=OuterRef("pk"))
    lost = list(OutgoingMail.objects.filter(mail.about(Referral), ~Exists(told), state__in=LOST).order_by("pk"))
    referrals = Referral.objects.select_related("case__household", "case__campaign").in_bulk(
        {row.object_id for row in lost}
    )
    count = 0
    for row in lost:
        referral = referrals.get(row.object_id or 0)
        if referral is None:
            continue
        with transaction.atomic():
            alerts.raise_alert(
                # With its referral: a later move of it solves the alert.
                referral=referral,
                mail=row,
                kind=Alert.Kind.MAIL_FAILED,
                level=Level.U1 if deadlines.is_urgent(referral.level) else Level.U2,
                case=referral.case,
                now=now,
            )
            # Which address: a partner may have several, and one of them refused it.
            note_event(referral, "mail_failed", actor=Actor.SYSTEM, by=None, now=now, note=row.to)
        count += 1
    return count


def _remind(now: datetime) -> int:
    """One reminder before the acknowledgement is due; U2 and U3 only while the partner's office is open."""
    soon = Q()
    for level, before in deadlines.REMIND_BEFORE.items():
        soon |= Q(level=level, due_at__lte=now + (before if deadlines.is_urgent(level) else deadlines.CLOSED_FOR))
    count = 0
    due = Referral.objects.filter(soon, state=State.SENT, reminded_at=None, due_at__gt=now)
    for referral in due.select_related("case__household__landlord", "case__campaign", "partner"):
        if not deadlines.reminder_is_due(referral, now):
            continue
        try:
            sending.remind(referral=referral, by=None, now=now)
        except StateError:
            continue  # another pass, or a coordinator, was first
        count += 1
    return count


def _escalate(now: datetime) -> int:
    """Past its deadline, whoever owes the next step: one alert for this state of this referral."""
    count = 0
    late = Referral.objects.filter(state__in=OPEN_STATES, escalated_at=None, due_at__lte=now)
    for referral in late.select_related("case__household", "case__campaign"):
        with transaction.atomic():
            mine = Referral.objects.filter(pk=referral.pk, state=referral.state, escalated_at=None)
            if not mine.update(escalated_at=now):
                continue
            waiting = referral.state in WITH_PARTNER
            alerts.raise_alert(
                referral=referral,
                kind=Alert.Kind.REFERRAL_UNANSWERED if waiting else Alert.Kind.REFERRAL_WAITING,
                level=referral.level,
                case=referral.case,
                now=now,
            )
            note_event(referral, "escalated", actor=Actor.SYSTEM, by=None, now=now)
            record("referral.escalated", referral, by=None, actor=Actor.SYSTEM)
        count += 1
    return count


def _forget_codes(now: datetime) -> None:
    """A code lives ten minutes: nothing of it stays, neither its row nor what its message was made of."""
    old = OutgoingMail.objects.filter(template="referral_code", created_at__lt=now - timedelta(minutes=15))
    old.filter(mail.WAITING).update(state=MailState.CANCELLED, context={})
    old.exclude(context={}).update(context={})
    PartnerCode.objects.filter(created_at__lt=now - timedelta(days=1)).delete()
