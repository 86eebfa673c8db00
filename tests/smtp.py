"""A real SMTP server beside the test, as kind or as rude as a test asks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

CLOSE = "close"  # the connection is cut after the message was read, before any answer


class Inbox:
    """Keeps what it takes. ``answers`` and ``at_rcpt`` are given in turn before it accepts; both may hold CLOSE."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: list[str] = []
        self.at_rcpt: list[str] = []
        # Seconds between taking a message and saying so: a death in between leaves the sender unsure.
        self.slowness = 0.0
        # A message whose answer never left was taken all the same.
        self.keeps_when_closing = False
        self.answered = 0
        # Of those taken: cut by the server itself, and those whose sender was gone before it was answered.
        self.closed: list[Any] = []
        self.hung_up: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.at_rcpt.pop(0) if self.at_rcpt else ""
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if self.answers else ""
        if answer == CLOSE:
            if self.keeps_when_closing:
                self.taken.append(envelope)
                self.closed.append(envelope)
            server.transport.close()
            return "421 closing"
        if answer:
            return answer
        self.taken.append(envelope)
        try:
            await asyncio.sleep(self.slowness)
        except asyncio.CancelledError:
            self.hung_up.append(envelope)
            raise
        if server._reader.at_eof():
            # Gone without a word: the answer will reach nobody.
            self.hung_up.append(envelope)
        else:
            self.answered += 1
        return "250 OK"

    @property
    def answering(self) -> bool:
        """A message has been taken, and its sender waits for the answer."""
        return len(self.taken) > self.answered + len(self.closed) + len(self.hung_up)

    def message_ids(self) -> list[str]:
        return ids_of(self.taken)

    def copies(self) -> Counter[str]:
        return Counter(self.message_ids())

    def everything(self) -> str:
        """All that reached the server, in lower case: envelopes and messages as sent, and again decoded."""
        said = []
        for one in self.taken:
            said += [str(one.mail_from), *map(str, one.rcpt_tos), one.content.decode("utf-8", "replace")]
            message = message_from_bytes(one.content, policy=default)
            for part in message.walk():
                said += [str(value) for value in part.values()] + [part.get_filename() or ""]
                if not part.is_multipart():
                    said.append((part.get_payload(decode=True) or b"").decode("utf-8", "replace"))
        return "\n".join(said).lower()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ids_of(envelopes: list[Any]) -> list[str]:
    found = [re.search(rb"^Message-ID: (<[^>]+>)", one.content, re.I | re.M) for one in envelopes]
    return [match[1].decode() for match in found if match is not None]


@contextmanager
def smtp_server() -> Iterator[tuple[Inbox, int]]:
    # It tells every line of every conversation.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    inbox, port = Inbox(), free_port()
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield inbox, port
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            server.stop()


def use(settings: Any, port: int) -> None:
    """Let Django send there."""
    settings.EMAIL_BACKEND = "solidarites.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
