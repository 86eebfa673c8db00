"""Mail leaves from rows, once, with one Message-ID, whatever the server and the process do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from solidarites import holds, mail
from solidarites.models import OutgoingMail
from tests.smtp import CLOSE, Inbox


def queued(key: str = "alert:1:raised:1") -> OutgoingMail:
    context = {"alert_id": 1, "level": "U0", "case_id": 12, "kind": "bouton d'alerte"}
    return mail.queue_mail(key=key, to="coordination@exemple.fr", template="alert", context=context)


def test_the_same_cause_queues_one_mail_and_it_leaves_once(inbox: Inbox) -> None:
    row = queued()
    assert queued() == row
    now = timezone.now()
    assert mail.send_one(row.pk, now)
    assert not mail.send_one(row.pk, now)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.sent_at) == (OutgoingMail.State.SENT, 1, now)
    assert inbox.message_ids() == [row.message_id]


def test_the_message_says_the_level_the_number_of_the_case_and_a_link(inbox: Inbox, settings: Any) -> None:
    row = queued()
    message = mail.build(row)
    html = str(message.alternatives[0][0])
    for text in (message.body, html):
        assert "Alerte" in message.subject
        assert f"{settings.SITE_URL}/alertes/1/" in text
        assert "12" in text
    assert "&#" not in message.body


def test_a_server_that_is_busy_is_tried_again_with_growing_pauses(inbox: Inbox) -> None:
    inbox.answers = ["451 busy", "421 later"]
    row, now = queued(), timezone.now()
    for pause in mail.PAUSES[:2]:
        assert not mail.send_one(row.pk, now)
        row.refresh_from_db()
        assert (row.state, row.next_try_at) == (OutgoingMail.State.QUEUED, now + pause)
        assert not mail.send_one(row.pk, now), "not before its pause"
        now += pause
    assert mail.send_one(row.pk, now)
    assert inbox.message_ids() == [row.message_id]


def test_after_the_last_pause_it_has_failed_and_says_so(inbox: Inbox) -> None:
    row, now = queued(), timezone.now()
    for _ in range(len(mail.PAUSES) + 1):
        inbox.answers = ["451 busy"]
        assert not mail.send_one(row.pk, now)
        now += timedelta(days=1)
    row.refresh_from_db()
    assert (row.state, row.error) == (OutgoingMail.State.FAILED, "SMTPDataError 451")
    assert row.pk not in mail.due_ids(now)


def test_a_server_that_cannot_be_reached_is_tried_again(settings: Any, db: None) -> None:
    settings.EMAIL_BACKEND = "solidarites.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    row = queued()
    assert not mail.send_one(row.pk, timezone.now())
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.QUEUED
    assert "exemple" not in row.error


def test_a_process_killed_while_sending_sends_the_same_message_again_and_notes_it(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, now = queued(), timezone.now()

    class KilledError(BaseException):
        """What no handler catches, as a kill."""

    def killed(*args: Any, **kwargs: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(mail, "build", killed)
        with pytest.raises(KilledError):
            mail.send_one(row.pk, now)
    assert not mail.send_one(row.pk, now + timedelta(minutes=1)), "its lease still runs"
    assert mail.send_one(row.pk, now + mail.LEASE)
    row.refresh_from_db()
    assert (row.state, row.was_unsure) == (OutgoingMail.State.SENT, True)
    assert inbox.message_ids() == [row.message_id]


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_jumps_while_the_server_answers_sends_no_second_copy(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, now, said = queued(), timezone.now(), []

    def elsewhere() -> None:
        try:
            said.append(mail.send_one(row.pk, now + timedelta(days=1)))
        finally:
            connection.close()

    def build(row: OutgoingMail) -> Any:
        message = made(row)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(elsewhere).result()
        return message

    made = mail.build
    monkeypatch.setattr(mail, "build", build)
    assert mail.send_one(row.pk, now)
    assert said == [False]
    row.refresh_from_db()
    assert (row.state, row.attempts, row.was_unsure) == (OutgoingMail.State.SENT, 1, False)
    assert inbox.copies() == {row.message_id: 1}


def test_a_mail_is_never_queued_for_an_act_that_was_undone(db: None) -> None:
    def undone() -> None:
        with transaction.atomic():
            queued()
            raise IntegrityError

    with pytest.raises(IntegrityError):
        undone()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("where", ["at_rcpt", "answers"])
def test_a_message_refused_for_good_is_not_tried_for_hours(inbox: Inbox, where: str) -> None:
    setattr(inbox, where, ["550 unknown"])
    row = queued()
    assert not mail.send_one(row.pk, timezone.now())
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.FAILED
    assert "exemple" not in row.error


def test_a_server_that_asks_to_come_back_later_gets_it_later(inbox: Inbox) -> None:
    """Greylisting (RFC 6647) answers 450 to each new sender."""
    inbox.at_rcpt = ["450 greylisted"]
    row, now = queued(), timezone.now()
    assert not mail.send_one(row.pk, now)
    assert mail.send_one(row.pk, now + mail.PAUSES[0])
    assert inbox.message_ids() == [row.message_id]


@pytest.mark.parametrize("kept", [True, False])
def test_a_connection_cut_before_the_answer_sends_the_same_message_again_and_notes_it(inbox: Inbox, kept: bool) -> None:
    inbox.answers, inbox.keeps_when_closing = [CLOSE], kept
    row, now = queued(), timezone.now()
    assert not mail.send_one(row.pk, now)
    assert mail.send_one(row.pk, now + mail.PAUSES[0])
    row.refresh_from_db()
    assert (row.state, row.was_unsure) == (OutgoingMail.State.SENT, True)
    assert inbox.copies() == {row.message_id: 2 if kept else 1}


def test_one_message_goes_to_several_addresses(inbox: Inbox) -> None:
    row = mail.queue_mail(
        key="a", to=["ccas@exemple.fr", "accueil@exemple.fr"], template="alert", context=queued().context
    )
    assert mail.send_one(row.pk, timezone.now())
    assert inbox.taken[-1].rcpt_tos == ["ccas@exemple.fr", "accueil@exemple.fr"]


def to_two(key: str = "referral:1:sent:1") -> OutgoingMail:
    return mail.queue_mail(
        key=key, to=["ccas@exemple.fr", "accueil@exemple.fr"], template="alert", context=queued().context
    )


def test_an_address_refused_beside_another_is_told_and_the_one_that_took_it_gets_no_second_copy(inbox: Inbox) -> None:
    inbox.at_rcpt = ["", "550 unknown"]
    row, now = to_two(), timezone.now()
    assert mail.send_one(row.pk, now)
    alone = OutgoingMail.objects.get(key__startswith=f"{row.key}:alone")
    assert (alone.to, alone.state) == ("accueil@exemple.fr", OutgoingMail.State.FAILED)
    assert alone.error == "SMTPRecipientsRefused 550"
    assert [one.rcpt_tos for one in inbox.taken] == [["ccas@exemple.fr"]]
    assert alone.pk not in mail.due_ids(now + timedelta(days=2))


def test_an_address_that_gets_a_row_of_its_own_is_told_of_the_same_thing(inbox: Inbox, coordinator: Any) -> None:
    inbox.at_rcpt = ["", "550 unknown"]
    two = ["ccas@exemple.fr", "accueil@exemple.fr"]
    row = mail.queue_mail(key="a", about=coordinator, to=two, template="alert", context=queued().context)
    assert mail.send_one(row.pk, timezone.now())
    assert OutgoingMail.objects.filter(mail.about(coordinator)).count() == 2


def test_what_is_cancelled_is_what_one_template_still_has_to_say_of_one_thing(coordinator: Any, volunteer: Any) -> None:
    def waiting(key: str, about: Any, template: str = "alert") -> OutgoingMail:
        return mail.queue_mail(key=key, about=about, to="a@exemple.fr", template=template, context={})

    rows = [waiting("a", coordinator), waiting("b", coordinator), waiting("c", coordinator, "alerts")]
    rows += [waiting("d", volunteer)]
    OutgoingMail.objects.filter(key="b").update(state=OutgoingMail.State.SENT)
    assert mail.cancel(coordinator, "alert") == 1
    cancelled = OutgoingMail.objects.filter(state=OutgoingMail.State.CANCELLED)
    assert [row.key for row in cancelled] == ["a"]


def test_an_address_that_asks_to_wait_beside_another_is_tried_again_alone(inbox: Inbox) -> None:
    inbox.at_rcpt = ["450 greylisted", ""]
    row, now = to_two(), timezone.now()
    assert mail.send_one(row.pk, now)
    alone = OutgoingMail.objects.get(key__startswith=f"{row.key}:alone")
    assert not mail.send_one(alone.pk, now)
    assert mail.send_one(alone.pk, now + mail.PAUSES[0])
    assert [one.rcpt_tos for one in inbox.taken] == [["accueil@exemple.fr"], ["ccas@exemple.fr"]]
    assert len(inbox.copies()) == 2, "another message, with a Message-ID of its own"


def test_a_message_that_cannot_be_made_has_failed_and_holds_back_no_other(inbox: Inbox) -> None:
    now = timezone.now()
    for key, to, template in (
        ("a", "accueil@exemple.fr\nBcc: autre@exemple.fr", "alert"),
        ("b", "a@b@c", "alert"),
        ("c", "a@exemple.fr", "inconnu"),
    ):
        mail.queue_mail(key=key, to=to, template=template, context=queued().context, now=now)
    assert mail.send_due(lambda: now + timedelta(seconds=1)) == 1
    bad = OutgoingMail.objects.exclude(state=OutgoingMail.State.SENT)
    assert {(row.key, row.state) for row in bad} == {(key, OutgoingMail.State.FAILED) for key in "abc"}
    assert "autre@exemple.fr" not in inbox.everything()


def test_a_message_whose_every_try_is_cut_short_ends_as_a_failure(inbox: Inbox) -> None:
    row, now = queued(), timezone.now()
    OutgoingMail.objects.update(state=OutgoingMail.State.SENDING, attempts=len(mail.PAUSES) + 1, next_try_at=now)
    assert not mail.send_one(row.pk, now)
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.FAILED
    assert not inbox.taken


def test_a_process_that_wakes_up_late_undoes_nothing(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease and its hold are over, another has sent the message, and the server refuses the sleeper's copy."""
    monkeypatch.setattr(holds, "on_this_machine", lambda number: nullcontext(True))
    monkeypatch.setattr(holds, "in_the_database", lambda row: nullcontext(True))
    row, now = queued(), timezone.now()
    built = mail.build

    def slow(one: OutgoingMail) -> Any:
        monkeypatch.setattr(mail, "build", built)
        assert mail.send_one(row.pk, now + mail.LEASE)
        inbox.answers = ["550 no"]
        return built(one)

    monkeypatch.setattr(mail, "build", slow)
    assert not mail.send_one(row.pk, now)
    row.refresh_from_db()
    assert (row.state, row.was_unsure) == (OutgoingMail.State.SENT, True)


def test_a_slow_server_keeps_a_worker_for_a_minute_at_most(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "LONGEST_RUN", -1)
    queued()
    assert mail.send_due(lambda: timezone.now() + timedelta(seconds=1)) == 0
    monkeypatch.undo()
    assert mail.send_due(lambda: timezone.now() + timedelta(seconds=1)) == 1


def test_mails_leave_at_a_set_pace_the_urgent_ones_at_once(inbox: Inbox, settings: Any) -> None:
    settings.MAIL_PER_MINUTE = 3
    now = timezone.now()
    context = queued().context
    OutgoingMail.objects.all().delete()
    for number in range(5):
        mail.queue_mail(key=f"a:{number}", to="a@exemple.fr", template="alert", context=context, now=now)
    mail.queue_mail(key="u", to="a@exemple.fr", template="alert", context=context, now=now, urgent=True)
    sent = [mail.send_one(pk, now) for pk in mail.due_ids(now)]
    assert len(sent) == 3
    mail.queue_mail(key="u2", to="a@exemple.fr", template="alert", context=context, now=now, urgent=True)
    assert mail.due_ids(now) == list(OutgoingMail.objects.filter(key="u2").values_list("pk", flat=True))
    assert len(mail.due_ids(now + timedelta(seconds=61))) == 3


def test_a_link_to_a_thing_with_a_large_number_still_leads_to_it(db: None, settings: Any) -> None:
    context = {"alert_id": 123456, "level": "U1", "case_id": 98765, "kind": "bouton d'alerte"}
    row = mail.queue_mail(key="alert:123456:raised:1", to="nadia@exemple.fr", template="alert", context=context)
    message = mail.build(row)
    for text in (message.body, str(message.alternatives[0][0])):
        assert f"{settings.SITE_URL}/alertes/123456/" in text
        assert "98765" in text
