"""What time does to referrals, and what their e-mails say (nothing about anybody)."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.core import mail as outbox

from campaigns import referrals
from campaigns.models import Alert, PartnerCode, Referral
from campaigns.referrals import access
from campaigns.referrals.tests.referral_cast import canaries, do, make_partner, make_referral, send_all
from solidarites.models import OutgoingMail

pytestmark = pytest.mark.django_db

State = Referral.State


def watch(now):
    return referrals.watch_referrals(now=now)


def fresh(referral):
    return Referral.objects.select_related("case__household", "case__campaign", "partner", "mail").get(pk=referral.pk)


def test_a_message_that_left_makes_it_sent_from_that_moment(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED, level="U1")
    assert watch(now) == 0
    assert send_all(now + timedelta(minutes=1)) == 1
    assert watch(now + timedelta(minutes=3)) == 1
    referral = fresh(referral)
    assert referral.state == State.SENT
    assert referral.sent_at == now + timedelta(minutes=1)
    assert referral.due_at == now + timedelta(minutes=1, hours=4)
    assert watch(now + timedelta(minutes=3)) == 0


def test_a_partner_may_answer_before_the_sending_is_noticed(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    send_all(now)
    referrals.take_charge(referral=fresh(referral), by=None, now=now + timedelta(minutes=1))
    referral = fresh(referral)
    assert referral.state == State.IN_PROGRESS
    assert referral.sent_at == now
    assert watch(now + timedelta(minutes=2)) == 0


def test_one_reminder_leaves_before_the_deadline(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT, level="U1")
    watch(now + timedelta(hours=1))
    assert not OutgoingMail.objects.filter(template="referral_reminder").exists()
    watch(now + timedelta(hours=2, minutes=1))
    watch(now + timedelta(hours=3))
    assert OutgoingMail.objects.filter(template="referral_reminder").count() == 1
    assert fresh(referral).events.filter(action="reminded", actor="system").count() == 1


def test_a_lesser_reminder_waits_for_the_partners_office_hours(coordinator, now):
    # Tuesday 10:30, due on Thursday 10:30; at 22:00 on Wednesday nobody is there.
    make_referral(coordinator, now, state=State.SENT, level="U2")
    watch(now.replace(day=14, hour=22))
    assert not OutgoingMail.objects.filter(template="referral_reminder").exists()
    watch(now.replace(day=15, hour=9, minute=5))
    assert OutgoingMail.objects.filter(template="referral_reminder").count() == 1


def test_a_deadline_after_a_weekend_is_reminded_of_on_the_last_day_somebody_is_there(coordinator, now):
    # Thursday at 8, before the office opens: due on Monday at 9, when it opens again.
    thursday = now.replace(day=15, hour=8, minute=0)
    referral = make_referral(coordinator, thursday, state=State.SENT, level="U2")
    monday = now.replace(day=19, hour=9, minute=0)
    assert fresh(referral).due_at == monday
    for moment, reminders in (
        (thursday.replace(hour=16), 0),
        (thursday.replace(day=16, hour=8, minute=59), 0),
        (thursday.replace(day=16, hour=9, minute=1), 1),
        (monday, 1),
    ):
        watch(moment)
        assert OutgoingMail.objects.filter(template="referral_reminder").count() == reminders, moment
    assert Alert.objects.filter(kind=Alert.Kind.REFERRAL_UNANSWERED).count() == 1


def test_a_reminder_respects_the_partners_own_days_and_the_holidays(coordinator, now):
    # Open on Tuesdays and Wednesdays: sent on Tuesday 23 December 2025 at 10, due on Tuesday 30 at 10.
    start = now.replace(year=2025, month=12, day=23, hour=10, minute=0)
    hours = {"1": [["09:00", "12:00"]], "2": [["09:00", "12:00"]]}
    referral = make_referral(
        coordinator, start, state=State.SENT, level="U2", partner=make_partner("Petite mairie", hours=hours)
    )
    due = fresh(referral).due_at
    assert due == start.replace(day=30)
    for moment, reminders in (
        (start.replace(day=24, hour=13), 0),
        (start.replace(day=29, hour=11), 0),
        (start.replace(day=30, hour=9, minute=5), 1),
    ):
        watch(moment)
        assert OutgoingMail.objects.filter(template="referral_reminder").count() == reminders, moment


def test_a_partner_without_any_hour_holds_back_nobody(coordinator, now):
    partner = make_partner("Sans horaires", hours={str(day): [] for day in range(7)})
    referral = make_referral(coordinator, now, state=State.SENT, level="U3", partner=partner)
    assert fresh(referral).due_at > now + timedelta(days=7)
    watch(now + timedelta(days=6))


def test_past_the_deadline_one_alert_is_raised_until_the_partner_answers(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT, level="U0")
    late = now + timedelta(hours=1, minutes=1)
    watch(late)
    watch(late + timedelta(minutes=5))
    alert = Alert.objects.get(kind=Alert.Kind.REFERRAL_UNANSWERED)
    assert alert.level == "U0"
    do("acknowledge", fresh(referral), coordinator, late + timedelta(hours=1))
    alert.refresh_from_db()
    assert alert.solved_at == late + timedelta(hours=1)


def test_a_solved_alert_of_the_same_delay_is_not_raised_again(coordinator, now):
    from campaigns import alerts

    make_referral(coordinator, now, state=State.SENT, level="U0")
    watch(now + timedelta(hours=2))
    alerts.solve(alert=Alert.objects.get(), solution="Appelé, ils s'en occupent.", by=coordinator, now=now)
    watch(now + timedelta(hours=3))
    assert Alert.objects.count() == 1


@pytest.mark.parametrize("state", [State.DRAFT, State.APPROVED, State.ANSWERED, State.DECLINED])
def test_nothing_waits_on_a_coordinator_in_silence(coordinator, now, state):
    make_referral(coordinator, now, state=state)
    watch(now + timedelta(days=10))
    assert Alert.objects.filter(kind=Alert.Kind.REFERRAL_WAITING).count() == 1


def test_an_acknowledged_referral_without_an_answer_is_escalated_too(coordinator, now):
    make_referral(coordinator, now, state=State.IN_PROGRESS)
    watch(now + timedelta(days=10))
    assert Alert.objects.filter(kind=Alert.Kind.REFERRAL_UNANSWERED).count() == 1


def test_a_message_that_finally_fails_raises_one_alert(coordinator, now, monkeypatch):
    referral = make_referral(coordinator, now, state=State.APPROVED)

    def refuse(self, *args, **kwargs):
        raise smtplib.SMTPRecipientsRefused({})

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    send_all(now)
    assert watch(now + timedelta(minutes=1)) == 1
    assert watch(now + timedelta(minutes=2)) == 0
    alert = Alert.objects.get(kind=Alert.Kind.MAIL_FAILED)
    # The coordinator takes it back, corrects the address, and sends it again.
    referral = fresh(referral)
    referrals.back_to_draft(referral=referral, by=coordinator, now=now)
    alert.refresh_from_db()
    assert alert.solved_at
    referrals.approve(referral=fresh(referral), by=coordinator, now=now)
    assert OutgoingMail.objects.filter(state="queued").count() == 1


def test_a_bounce_after_the_sending_raises_an_alert(coordinator, now):
    make_referral(coordinator, now, state=State.SENT)
    OutgoingMail.objects.update(state=OutgoingMail.State.BOUNCED)
    watch(now)
    assert Alert.objects.filter(kind=Alert.Kind.MAIL_FAILED).count() == 1


def test_a_bounce_noted_by_hand_raises_the_same_alert_and_the_partner_may_be_reminded(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    referrals.mail_came_back(referral=referral, by=coordinator, now=now)
    with pytest.raises(referrals.ReferralError):
        referrals.mail_came_back(referral=fresh(referral), by=coordinator, now=now)
    watch(now)
    assert Alert.objects.filter(kind=Alert.Kind.MAIL_FAILED).count() == 1
    assert fresh(referral).events.filter(action="mail_failed").count() == 1
    referrals.remind(referral=fresh(referral), by=coordinator, now=now + timedelta(minutes=1))
    assert OutgoingMail.objects.filter(template="referral_reminder", state="queued").count() == 1


def test_a_passed_code_leaves_no_trace(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    assert access.send_code(referral=referral, now=now)
    OutgoingMail.objects.filter(template="referral_code").update(created_at=now)
    watch(now + timedelta(minutes=20))
    row = OutgoingMail.objects.get(template="referral_code")
    assert row.context == {}
    assert row.state == OutgoingMail.State.CANCELLED
    watch(now + timedelta(days=2))
    assert not PartnerCode.objects.exists()


def test_a_reminder_by_hand_leaves_once_in_ten_minutes_and_revives_the_link(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    referrals.remind(referral=fresh(referral), by=coordinator, now=now)
    with pytest.raises(referrals.ReferralError, match="attendez dix minutes"):
        referrals.remind(referral=fresh(referral), by=coordinator, now=now + timedelta(minutes=1))
    later = now + timedelta(days=29)
    referrals.remind(referral=fresh(referral), by=coordinator, now=later)
    assert OutgoingMail.objects.filter(template="referral_reminder").count() == 2
    assert access.find(access.token_of(referral), now + timedelta(days=31)) is not None


def test_no_personal_datum_is_in_any_message(coordinator, now):
    """A canary in every personal field, looked for in every byte that leaves."""
    referral = make_referral(coordinator, now, level="U1")
    hidden = canaries(referral)
    for act in ("approve", "sent"):
        do(act, referral, coordinator, now)
    OutgoingMail.objects.update(state="queued", next_try_at=now)
    access.send_code(referral=referral, now=now)
    referrals.remind(referral=referral, by=coordinator, now=now)
    do("take_charge", referral, coordinator, now)
    do("answer", referral, coordinator, now)
    # A link that is shut makes no message: those leave before the withdrawal.
    send_all(now)
    referrals.resume(referral=referral, reason="canari-manque", by=coordinator, now=now + timedelta(hours=1))
    referrals.withdraw(referral=referral, reason="canari-retrait", by=coordinator, now=now + timedelta(hours=1))
    watch(now + timedelta(days=3))
    send_all(now + timedelta(days=3))
    templates = {row.template for row in OutgoingMail.objects.all()}
    assert templates >= {"referral_sent", "referral_code", "referral_reminder", "referral_withdrawn"}
    assert len(outbox.outbox) >= 4
    for message in outbox.outbox:
        raw = message.message().as_string().lower()
        parts = [message.subject, message.body, *(content for content, _ in message.alternatives), raw]
        for part in parts:
            for canary in hidden:
                assert canary.lower() not in part.lower()
    for row in OutgoingMail.objects.all():
        assert not any(canary.lower() in str(row.context).lower() for canary in hidden)


def test_a_message_says_its_reference_level_delay_and_link(coordinator, now, settings):
    referral = make_referral(coordinator, now, state=State.APPROVED, level="U1")
    send_all(now)
    (message,) = outbox.outbox
    assert message.subject.replace("\u00a0", " ") == f"Signalement {referral.reference}, niveau U1"
    for body in (message.body, message.alternatives[0][0]):
        assert referral.reference in body
        assert "sous 4 heures" in body
        assert f"{settings.SITE_URL}/p/{access.token_of(referral)}/" in body
        assert "01 99 00 12 34" in body


def test_no_message_id_is_used_twice(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    referrals.remind(referral=referral, by=coordinator, now=now)
    ids = list(OutgoingMail.objects.values_list("message_id", flat=True))
    assert len(ids) == len(set(ids)) == 2


def test_watching_costs_the_same_when_nothing_is_due(coordinator, now, count_queries, campaign):
    from tests.factories import make_case

    make_referral(coordinator, now, state=State.SENT)
    with count_queries() as one:
        watch(now)
    for _ in range(5):
        make_referral(coordinator, now, state=State.SENT, case=make_case(campaign, now=now))
    with count_queries() as many:
        watch(now)
    assert len(one) == len(many)
