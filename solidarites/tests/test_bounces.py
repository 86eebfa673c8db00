"""Messages that come back, against a small real IMAP server."""

from __future__ import annotations

import imaplib
import re
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_string
from typing import Any

import pytest

from solidarites import bounces, tasks
from solidarites.models import JournalEntry, OutgoingMail

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 2, 8, 0, tzinfo=UTC)

REPORT = """From: MAILER-DAEMON@exemple.fr
To: solidarites@exemple.fr
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.exemple.fr

Final-Recipient: rfc822; ccas@exemple.fr
Action: {action}
Status: 5.1.1

--b
Content-Type: {kind}

Message-ID: {message_id}
Subject: Signalement S-2026-004217

--b--
"""


def report(message_id: str, action: str = "failed", kind: str = "message/rfc822") -> str:
    return REPORT.format(message_id=message_id, action=action, kind=kind)


class Mailbox(socketserver.StreamRequestHandler):
    """As much of IMAP4rev1 as a client needs to read unseen messages."""

    messages: dict[str, str] = {}
    seen: set[str] = set()
    logins: list[str] = []
    folders: list[str] = []
    # What goes wrong: « login » and « select » are refused, « fetch 2 » cuts the line at the second message.
    trouble = ""

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("* OK IMAP4rev1 ready")
        for raw in self.rfile:
            tag, command, *rest = raw.decode().split(None, 2)
            words = rest[0].strip() if rest else ""
            if command == "CAPABILITY":
                self.say("* CAPABILITY IMAP4rev1")
            elif command == "LOGIN":
                self.logins.append(words)
                if self.trouble == "login":
                    self.say(f"{tag} NO [AUTHENTICATIONFAILED] no")
                    continue
            elif command == "SELECT":
                self.folders.append(words)
                if self.trouble == "select":
                    self.say(f"{tag} NO no such mailbox")
                    continue
                self.say(f"* {len(self.messages)} EXISTS")
            elif words.startswith("SEARCH"):
                self.say("* SEARCH " + " ".join(uid for uid in self.messages if uid not in self.seen))
            elif words.startswith("FETCH"):
                uid = words.split()[1]
                if self.trouble == f"fetch {uid}":
                    self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[] {{5000}}\r\nFrom: MAILER".encode())
                    return
                most = int(re.search(r"<0\.(\d+)>", words)[1])  # type: ignore[index]
                body = self.messages[uid].replace("\n", "\r\n")[:most]
                self.say(f"* {uid} FETCH (UID {uid} BODY[] {{{len(body.encode())}}}")
                self.wfile.write(body.encode() + b")\r\n")
            elif words.startswith("STORE"):
                self.seen.add(words.split()[1])
            self.say(f"{tag} OK done")
            if command == "LOGOUT":
                return


@pytest.fixture
def mailbox(settings: Any) -> Iterator[type[Mailbox]]:
    Mailbox.messages, Mailbox.seen, Mailbox.logins, Mailbox.folders, Mailbox.trouble = {}, set(), [], [], ""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.IMAP_URL = f"imap://retours:s%40cret@127.0.0.1:{server.server_address[1]}/INBOX"
        yield Mailbox
        server.shutdown()


@pytest.fixture
def sent() -> OutgoingMail:
    return OutgoingMail.objects.create(key="a", to="ccas@exemple.fr", template="alert", state="sent")


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_message_that_came_back_is_noted_once(mailbox: type[Mailbox], sent: OutgoingMail, kind: str) -> None:
    mailbox.messages = {"1": report(sent.message_id, kind=kind)}
    assert bounces.read_mailbox(now=NOW) == 1
    sent.refresh_from_db()
    assert sent.state == OutgoingMail.State.BOUNCED
    assert mailbox.seen == {"1"}
    assert mailbox.logins == ['retours "s@cret"']
    assert bounces.read_mailbox(now=NOW) == 0
    assert JournalEntry.objects.filter(action="mail.bounced").count() == 1


def test_what_is_no_failure_of_ours_stays_unread(mailbox: type[Mailbox], sent: OutgoingMail) -> None:
    mailbox.messages = {
        "1": report(sent.message_id, action="delayed"),
        "2": report("<un-autre@exemple.fr>"),
        "3": f"From: ccas@exemple.fr\nSubject: Re: Signalement\nIn-Reply-To: {sent.message_id}\n\nBien reçu.",
        "4": "",
    }
    assert bounces.read_mailbox(now=NOW) == 0
    assert mailbox.seen == set()
    sent.refresh_from_db()
    assert sent.state == OutgoingMail.State.SENT


def test_without_a_mailbox_nothing_is_read(settings: Any) -> None:
    settings.IMAP_URL = ""
    assert bounces.read_mailbox(now=NOW) == 0


def test_a_mailbox_out_of_reach_fails_the_task(settings: Any) -> None:
    settings.IMAP_URL = "imap://a:b@127.0.0.1:9/INBOX"
    with pytest.raises(OSError, match=r"refused|111"):
        bounces.read_mailbox(now=NOW)


def test_only_a_sent_message_comes_back(sent: OutgoingMail) -> None:
    OutgoingMail.objects.update(state="queued")
    assert not bounces.note(mail_id=sent.pk, by=None, now=NOW)
    assert not bounces.note(mail_id=0, by=None, now=NOW)


def test_a_strange_report_is_no_error() -> None:
    for text in (report("pas un identifiant"), report("<a@b>").replace("Action: failed", ""), "\x00\xff"):
        assert bounces.failed_ids(message_from_string(text)) == []
    assert re.match(r"<.+>", bounces.failed_ids(message_from_string(report("<a@b>")))[0])


def test_a_folder_with_spaces_accents_and_quotes_is_opened_by_its_name(mailbox: type[Mailbox], settings: Any) -> None:
    settings.IMAP_URL = settings.IMAP_URL.replace("INBOX", "INBOX/Non%20d%C3%A9livr%C3%A9s%20%26%20%22retours%22")
    assert bounces.read_mailbox(now=NOW) == 0
    assert mailbox.folders == ['"INBOX/Non d&AOk-livr&AOk-s &- \\"retours\\""']


def test_a_huge_notification_is_read_at_its_beginning(mailbox: type[Mailbox], sent: OutgoingMail) -> None:
    mailbox.messages = {"1": report(sent.message_id).removesuffix("--b--\n") + "x" * 3_000_000}
    assert bounces.read_mailbox(now=NOW) == 1
    assert mailbox.seen == {"1"}


def test_a_connection_cut_in_the_middle_keeps_what_was_noted_and_reads_the_rest_later(
    mailbox: type[Mailbox], sent: OutgoingMail
) -> None:
    other = OutgoingMail.objects.create(key="b", to="b@exemple.fr", template="alert", state="sent")
    mailbox.messages = {"1": report(sent.message_id), "2": report(other.message_id)}
    mailbox.trouble = "fetch 2"
    with pytest.raises((OSError, imaplib.IMAP4.error)):
        bounces.read_mailbox(now=NOW)
    sent.refresh_from_db()
    assert sent.state == OutgoingMail.State.BOUNCED
    assert mailbox.seen == {"1"}
    mailbox.trouble = ""
    assert bounces.read_mailbox(now=NOW) == 1


@pytest.mark.parametrize("trouble", ["login", "select"])
def test_a_mailbox_that_refuses_us_is_an_alert_that_ends_by_itself(mailbox: type[Mailbox], trouble: str) -> None:
    """Through the task, as the worker runs it: never silence."""
    from campaigns.alerts import machine
    from campaigns.models import Alert

    mailbox.trouble = trouble
    with pytest.raises(imaplib.IMAP4.error):
        tasks.read_bounces()
    machine.task_failed(task="solidarites.tasks.read_bounces", now=NOW)
    alert = Alert.objects.get()
    assert alert.kind == Alert.Kind.TASK_FAILED
    mailbox.trouble = ""
    assert tasks.read_bounces() == 0
    machine.task_succeeded(task="solidarites.tasks.read_bounces", now=NOW)
    alert.refresh_from_db()
    assert alert.solved_at
