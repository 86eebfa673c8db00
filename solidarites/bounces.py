"""Messages that come back: the mailbox of the sender's address, read over IMAP when it is configured.

A delivery status notification (RFC 3464) that says « failed » and quotes one of our Message-IDs marks that message as
bounced. Everything else in the mailbox (delays, absences, people's answers) is left as it is, unread, for whoever reads
it. Nothing of a message is kept or logged.
"""

from __future__ import annotations

import email
import imaplib
import logging
import re
from base64 import b64encode
from contextlib import suppress
from datetime import datetime
from email.message import Message
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import transaction

from solidarites import journal
from solidarites.models import OutgoingMail

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
TIMEOUT = 20
# Characters read of each message: a notification says all of it at its beginning, whatever it sends back entire.
MOST_OF_ONE = 256 * 1024
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,118}>")
State = OutgoingMail.State


@transaction.atomic
def note(*, mail_id: int, by: Any, now: datetime) -> bool:
    """Note that a sent message came back: by a person, or by the mailbox (``by`` is None).

    False when it is unknown, was not sent, or was noted before. What watches the mail raises the alert.
    """
    sent = OutgoingMail.objects.filter(pk=mail_id, state=State.SENT)
    if not sent.update(state=State.BOUNCED, next_try_at=now, error="refusé par le serveur du destinataire"):
        return False
    journal.record("mail.bounced", OutgoingMail.objects.get(pk=mail_id), by=by)
    return True


def failed_ids(message: Message) -> list[str]:
    """The Message-IDs that a notification says could not be delivered; none for any other message."""
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        return []
    failed, found = False, []
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            groups = part.get_payload()
            failed |= any(
                str(group.get("Action", "")).strip().lower() == "failed"
                for group in (groups if isinstance(groups, list) else [])
                if isinstance(group, Message)
            )
        elif kind == "message/rfc822":
            inside = part.get_payload()
            if isinstance(inside, list) and inside and isinstance(inside[0], Message):
                found += _MESSAGE_ID.findall(str(inside[0].get("Message-ID", "")))
        elif kind == "text/rfc822-headers":
            quoted = email.message_from_bytes(part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
            found += _MESSAGE_ID.findall(str(quoted.get("Message-ID", "")))
    return found if failed else []


def read_mailbox(*, now: datetime) -> int:
    """Read the notifications that nobody has read; how many messages of ours came back.

    Only those that speak of a message of ours are marked as read, each once it is noted: a connection cut in the
    middle leaves the rest for the next reading. Errors: OSError or imaplib.IMAP4.error when the mailbox cannot be
    reached, opened or read, which the task's failure tells.
    """
    if not settings.IMAP_URL:
        return 0
    count = 0
    box = _open(settings.IMAP_URL)
    try:
        _, answer = box.uid("SEARCH", "UNSEEN")
        for uid in (answer[0] or b"").split()[:MOST_AT_ONCE]:
            _, parts = box.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{MOST_OF_ONE}>)")
            raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
            ids = failed_ids(email.message_from_bytes(raw))
            ours = list(OutgoingMail.objects.filter(message_id__in=ids).values_list("pk", flat=True))
            if ours:
                count += sum(note(mail_id=pk, by=None, now=now) for pk in ours)
                box.uid("STORE", uid.decode(), "+FLAGS", r"(\Seen)")
    finally:
        try:
            box.logout()
        except (OSError, imaplib.IMAP4.error):
            log.info("the mailbox was closed before we left it")
            with suppress(OSError):
                box.shutdown()
    return count


def _open(url: str) -> imaplib.IMAP4:
    """« imaps://compte:motdepasse@hote/INBOX », or « imap://…:143 » which starts TLS when the server knows it."""
    parts = urlsplit(url)
    host, user, password = parts.hostname or "", unquote(parts.username or ""), unquote(parts.password or "")
    box: imaplib.IMAP4
    if parts.scheme == "imaps":
        box = imaplib.IMAP4_SSL(host, parts.port or 993, timeout=TIMEOUT)
    else:
        box = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT)
        if "STARTTLS" in box.capabilities:
            box.starttls()
    try:
        box.login(user, password)
        folder = unquote(parts.path.strip("/")) or "INBOX"
        status, _ = box.select(f'"{mailbox_name(folder)}"')
        if status != "OK":
            # Only the folder's name is ours; the server's words may say more.
            raise imaplib.IMAP4.error("no such folder")
    except Exception:
        box.shutdown()
        raise
    return box


def mailbox_name(folder: str) -> str:
    """The name of a folder as IMAP writes it (RFC 3501, 5.1.3): « Non délivrés » is « Non d&AOk-livr&AOk-s »."""

    def encode(run: re.Match[str]) -> str:
        if run[0] == "&":
            return "&-"
        return "&" + b64encode(run[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", encode, folder).replace("\\", "\\\\").replace('"', '\\"')
