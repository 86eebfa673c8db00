"""Mail leaves from rows, once, with one Message-ID, whatever the server and the process do."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import IntegrityError, transaction
from django.utils import timezone

from solidarites import mail
from solidarites.models import OutgoingMail


class Inbox:
    """A real SMTP server that keeps what it takes; ``answers`` are given in turn before it accepts."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(envelope)
        return "250 OK"

    def message_ids(self) -> list[str]:
        lines = [line for envelope in self.taken for line in envelope.content.decode().splitlines()]
        return [line.split(": ", 1)[1] for line in lines if line.lower().startswith("message-id")]


@pytest.fixture
def inbox(settings: Any, db: None) -> Iterator[Inbox]:
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=0)
    # Port 0 asks the system for a free one; the controller must know it before it looks whether it answers.
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield inbox
    server.stop()


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
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
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


def test_a_mail_is_never_queued_for_an_act_that_was_undone(db: None) -> None:
    def undone() -> None:
        with transaction.atomic():
            queued()
            raise IntegrityError

    with pytest.raises(IntegrityError):
        undone()
    assert not OutgoingMail.objects.exists()


def test_a_refused_recipient_is_not_tried_for_hours(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    row = queued()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise smtplib.SMTPRecipientsRefused({"coordination@exemple.fr": (550, b"unknown")})

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
    assert not mail.send_one(row.pk, timezone.now())
    row.refresh_from_db()
    assert (row.state, row.error) == (OutgoingMail.State.FAILED, "SMTPRecipientsRefused")


def test_a_link_to_a_thing_with_a_large_number_still_leads_to_it(db: None, settings: Any) -> None:
    context = {"alert_id": 123456, "level": "U1", "case_id": 98765, "kind": "bouton d'alerte"}
    row = mail.queue_mail(key="alert:123456:raised:1", to="nadia@exemple.fr", template="alert", context=context)
    message = mail.build(row)
    for text in (message.body, str(message.alternatives[0][0])):
        assert f"{settings.SITE_URL}/alertes/123456/" in text
        assert "98765" in text
