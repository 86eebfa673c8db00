"""Rude, slow and absent mail servers, deaths at the worst moment: one message delivered per sending, or an alert."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from campaigns import referrals
from campaigns.models import Alert, Referral, ReferralEvent
from campaigns.referrals.tests.referral_cast import make_partner, make_referral, send_all
from solidarites import mail, tasks
from solidarites.models import OutgoingMail
from tests.factories import make_campaign, make_case
from tests.smtp import CLOSE, free_port, use

pytestmark = pytest.mark.django_db

State = Referral.State
Mail = OutgoingMail.State


@contextmanager
def rude_server(answers: dict[str, str], *, slow: dict[str, float] | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """A server written by hand: ``answers`` by command (« CUT » closes), after « slow » seconds; what it was given."""
    given: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def say(self, command: str, usual: str) -> bool:
            time.sleep((slow or {}).get(command, 0))
            answer = answers.get(command, usual)
            if answer != "CUT":
                self.wfile.write(answer.encode() + b"\r\n")
            return answer != "CUT" and not answer.startswith("4") and not answer.startswith("5")

        def handle(self) -> None:
            if not self.say("HELLO", "220 ready"):
                return
            for line in self.rfile:
                command = line[:4].decode("ascii", "replace").upper()
                if command == "DATA":
                    if not self.say("DATA", "354 go on"):
                        return
                    if answers.get("BODY") == "CUT":
                        # In the middle of the message: a few bytes are read, no more.
                        self.rfile.read(40)
                        return
                    body = b""
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        body += line
                    given.append(body)
                    if not self.say("END", "250 taken"):
                        return
                elif command == "QUIT":
                    self.say("QUIT", "221 bye")
                    return
                elif not self.say(command, "250 OK") and answers.get(command) == "CUT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, allow_reuse_address = True, True

        def handle_error(self, *_: Any) -> None:
            """A client that left is what these tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], given
        finally:
            server.shutdown()


def fresh(referral: Referral) -> Referral:
    return Referral.objects.select_related("mail").get(pk=referral.pk)


def copies_of(referral: Referral, bodies: list[bytes]) -> int:
    """Copies of its current message; alerts by e-mail to coordinators are something else."""
    return sum(fresh(referral).mail.message_id.encode() in body for body in bodies)


def told(referral: Referral) -> bool:
    return Alert.objects.filter(referral=referral).exists()


def live(referral: Referral, now: Any, days: float = 3) -> None:
    """Beat's ticks at the moments that count, until its message has left or failed, or for some days."""
    until = now + timedelta(days=days)
    while now <= until:
        send_all(now)
        referrals.watch_referrals(now=now)
        row = fresh(referral).mail
        if row.state in (Mail.SENT, Mail.FAILED):
            return
        now = max(row.next_try_at, now + timedelta(minutes=1))
    referrals.watch_referrals(now=until)


NEVER = [
    pytest.param({"HELLO": "421 not now"}, id="421 at connection"),
    pytest.param({"MAIL": "451 later"}, id="4xx at MAIL"),
    pytest.param({"MAIL": "550 who are you"}, id="5xx at MAIL"),
    pytest.param({"RCPT": "450 greylisted"}, id="4xx at RCPT"),
    pytest.param({"RCPT": "550 unknown"}, id="5xx at RCPT"),
    pytest.param({"DATA": "451 later"}, id="4xx at DATA"),
    pytest.param({"DATA": "554 no"}, id="5xx at DATA"),
    pytest.param({"END": "452 full"}, id="4xx after DATA"),
    pytest.param({"END": "554 spam"}, id="5xx after DATA"),
    pytest.param({"BODY": "CUT"}, id="cut in the middle of DATA"),
    pytest.param({"MAIL": "CUT"}, id="cut at MAIL"),
    pytest.param({"END": "CUT"}, id="cut after the message was taken"),
]


@pytest.mark.parametrize("answers", NEVER)
def test_a_server_that_never_says_yes_is_an_alert(coordinator, now, settings, answers):
    referral = make_referral(coordinator, now, state=State.APPROVED, level="U1")
    with rude_server(answers) as (port, given):
        use(settings, port)
        live(referral, now)
    row = fresh(referral).mail
    assert fresh(referral).state == State.APPROVED
    assert row.state == Mail.FAILED
    assert told(referral)
    assert Alert.objects.filter(kind=Alert.Kind.MAIL_FAILED).count() == 1
    # A coordinator takes it back: its alerts end, and another sending leaves.
    with rude_server({}) as (port, taken):
        use(settings, port)
        referrals.back_to_draft(referral=fresh(referral), by=coordinator, now=now + timedelta(days=4))
        assert not Alert.objects.filter(solved_at=None).exists()
        referrals.approve(referral=fresh(referral), by=coordinator, now=now + timedelta(days=4))
        live(referral, now + timedelta(days=4))
        assert copies_of(referral, taken) == 1
    assert fresh(referral).state == State.SENT
    # What the rude one was given again and again it had refused, or it left us unsure.
    first = [body for body in given if row.message_id.encode() in body]
    assert len(first) <= 1 or row.was_unsure or answers["END"][0] in "45"


@pytest.mark.parametrize("answers", NEVER)
def test_a_server_that_gets_better_gets_the_message_once(coordinator, now, settings, answers):
    referral = make_referral(coordinator, now, state=State.APPROVED, level="U1")
    with rude_server(answers) as (port, given):
        use(settings, port)
        send_all(now)
    before = copies_of(referral, given)
    row = fresh(referral).mail
    if row.state == Mail.FAILED:
        referrals.watch_referrals(now=now)
        assert told(referral)
        return
    with rude_server({}) as (port, taken):
        use(settings, port)
        live(referral, now + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.state, copies_of(referral, taken)) == (Mail.SENT, 1)
    assert fresh(referral).state == State.SENT
    # Two copies only where the first was taken and the answer lost: the same message, and it is noted.
    if answers.get("END") == "CUT":
        assert (before, row.was_unsure) == (1, True)


def test_a_connection_closed_after_yes_is_no_failure(coordinator, now, settings):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    with rude_server({"QUIT": "CUT"}) as (port, given):
        use(settings, port)
        live(referral, now)
    assert copies_of(referral, given) == 1
    assert fresh(referral).state == State.SENT
    assert not fresh(referral).mail.was_unsure


@pytest.mark.parametrize("where", ["HELLO", "MAIL", "END"])
def test_a_server_slower_than_the_patience_is_tried_again(coordinator, now, settings, where):
    settings.EMAIL_TIMEOUT = 0.2
    referral = make_referral(coordinator, now, state=State.APPROVED)
    with rude_server({}, slow={where: 0.6}) as (port, given):
        use(settings, port)
        assert send_all(now) == 0
    row = fresh(referral).mail
    assert (row.state, row.was_unsure) == (Mail.QUEUED, True)
    settings.EMAIL_TIMEOUT = 20
    with rude_server({}) as (port, taken):
        use(settings, port)
        live(referral, now + timedelta(minutes=1))
    assert copies_of(referral, taken) == 1
    assert copies_of(referral, given) == (where == "END")
    assert fresh(referral).state == State.SENT


def test_nobody_listens_then_somebody_does(coordinator, now, settings):
    use(settings, free_port())
    referral = make_referral(coordinator, now, state=State.APPROVED, level="U0")
    live(referral, now, days=0.1)
    # Before the last try, the delay of « approuvé » has already told a coordinator.
    assert fresh(referral).state == State.APPROVED
    assert Alert.objects.get().kind == Alert.Kind.REFERRAL_WAITING
    with rude_server({}) as (port, taken):
        use(settings, port)
        live(referral, now + timedelta(hours=4))
    assert copies_of(referral, taken) == 1
    assert fresh(referral).state == State.SENT
    assert Alert.objects.get().solved_at


def test_an_address_refused_beside_another_is_told_on_the_referral(coordinator, now, inbox):
    partner = make_partner(other_emails=["accueil@ville.exemple.fr"])
    referral = make_referral(coordinator, now, state=State.APPROVED, partner=partner)
    inbox.at_rcpt = ["", "550 unknown"]
    live(referral, now)
    assert fresh(referral).state == State.SENT
    assert [one.rcpt_tos for one in inbox.taken] == [["ccas@ville.exemple.fr"]]
    alert = Alert.objects.get()
    assert alert.kind == Alert.Kind.MAIL_FAILED
    assert ReferralEvent.objects.get(action="mail_failed").note == "accueil@ville.exemple.fr"
    # Told once, and nothing leaves again for the address that took it.
    for hours in range(1, 50, 7):
        send_all(now + timedelta(hours=hours))
    referrals.watch_referrals(now=now + timedelta(minutes=2))
    assert (len(inbox.taken), Alert.objects.count()) == (1, 1)


def test_the_database_away_between_the_answer_and_its_note_sends_the_same_message_again(
    coordinator, now, inbox, monkeypatch
):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    row = fresh(referral).mail

    def away(*args: Any) -> Any:
        raise OperationalError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr(mail.smtp, "refused_by", away)
        with pytest.raises(OperationalError):
            mail.send_one(row.pk, now)
    row.refresh_from_db()
    assert row.state == Mail.SENDING
    assert send_all(now + timedelta(minutes=1)) == 0, "its lease still runs"
    live(referral, now + mail.LEASE)
    row.refresh_from_db()
    assert (row.state, row.was_unsure) == (Mail.SENT, True)
    assert inbox.copies() == {row.message_id: 2}
    assert fresh(referral).state == State.SENT


def test_a_withdrawal_while_it_waits_lets_no_reminder_leave_afterwards(coordinator, now, inbox):
    referral = make_referral(coordinator, now, state=State.SENT)
    inbox.answers = ["451 later"]
    referrals.remind(referral=referral, by=coordinator, now=now)
    send_all(now)
    referrals.withdraw(referral=fresh(referral), reason="Ne veut plus.", by=coordinator, now=now)
    for minutes in (1, 10, 100):
        send_all(now + timedelta(minutes=minutes))
    assert OutgoingMail.objects.get(template="referral_reminder").state == Mail.CANCELLED
    assert len(inbox.taken) == 1
    assert "/p/" not in inbox.everything()


def test_a_message_of_the_former_partner_never_carries_the_link_of_the_next(coordinator, now, inbox):
    former = make_partner("Association", email="asso@exemple.fr")
    referral = make_referral(coordinator, now, state=State.SENT, partner=former)
    referrals.remind(referral=referral, by=coordinator, now=now)
    referrals.decline(referral=fresh(referral), reason="Trop loin.", by=coordinator, now=now)
    referrals.reroute(referral=fresh(referral), partner=make_partner(), by=coordinator, now=now)
    referrals.approve(referral=fresh(referral), by=coordinator, now=now)
    live(referral, now)
    assert [one.rcpt_tos for one in inbox.taken] == [["ccas@ville.exemple.fr"]]


def test_a_code_and_what_is_urgent_do_not_wait_behind_a_thousand_others(coordinator, now, inbox, settings):
    settings.MAIL_PER_MINUTE = 0
    campaign = make_campaign(now=now)
    slow, vital = (
        make_referral(coordinator, now, state=State.APPROVED, level=level, case=make_case(campaign, now=now))
        for level in ("U2", "U0")
    )
    send_all(now)
    assert fresh(slow).mail.state == Mail.QUEUED
    assert fresh(vital).mail.state == Mail.SENT
    referrals.access.send_code(referral=vital, now=now)
    assert send_all(now) == 1


@pytest.mark.django_db(transaction=True)
def test_several_sending_tasks_at_once_send_each_message_once(coordinator, inbox):
    now = mail.timezone.now() - timedelta(seconds=5)
    campaign, partner = make_campaign(now=now), make_partner()
    for _ in range(12):
        make_referral(coordinator, now, state=State.APPROVED, partner=partner, case=make_case(campaign, now=now))
    inbox.slowness = 0.02
    start = threading.Barrier(4)

    def run() -> None:
        try:
            start.wait(timeout=60)
            tasks.send_mail()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert set(inbox.copies().values()) == {1}
    assert len(inbox.copies()) == OutgoingMail.objects.filter(state=Mail.SENT, was_unsure=False).count() == 12


def test_whatever_a_server_answers_in_turn_each_message_arrives_or_is_told(coordinator, now, inbox):
    """The answers of a bad day, in every place."""
    campaign, partner = make_campaign(now=now), make_partner()
    made = [
        make_referral(coordinator, now, state=State.APPROVED, partner=partner, case=make_case(campaign, now=now))
        for _ in range(12)
    ]
    inbox.at_rcpt = ["450 grey", "", "550 no", "", "", "451 later", ""]
    inbox.answers = ["451 busy", "", CLOSE, "554 no", "", CLOSE, "421 later"]
    inbox.keeps_when_closing = True
    for referral in made:
        live(referral, now)
    rows = {row.message_id: row for row in OutgoingMail.objects.all()}
    arrived = inbox.copies()
    for referral in made:
        row = fresh(referral).mail
        assert (row.message_id in arrived and fresh(referral).state == State.SENT) or told(referral)
    assert all(copies == 1 or rows[key].was_unsure for key, copies in arrived.items())
    assert {row.state for row in rows.values()} <= {Mail.SENT, Mail.FAILED}
