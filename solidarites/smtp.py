"""Django's way to an SMTP server, which also tells the addresses refused while the message was taken for others."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

Refused = dict[str, tuple[int, bytes]]


class _Remembers(smtplib.SMTP):
    """Keeps what ``sendmail`` returns: the addresses of a message that the server refused, with its answers."""

    refused: Refused

    def sendmail(self, *args: Any, **kwargs: Any) -> Refused:
        self.refused = {}
        self.refused = super().sendmail(*args, **kwargs)
        return self.refused


class _RemembersSSL(_Remembers, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    """Each message it has sent carries ``refused_addresses``, empty when all were accepted."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _RemembersSSL if self.use_ssl else _Remembers

    def _send(self, email_message: EmailMessage) -> bool:
        sent = bool(super()._send(email_message))  # type: ignore[misc]
        refused: Refused = getattr(self.connection, "refused", {})
        email_message.refused_addresses = dict(refused)  # type: ignore[attr-defined]
        return sent


def refused_by(message: EmailMessage) -> dict[str, int]:
    """The addresses that the server refused while it took the message for the others, with its codes."""
    refused: Refused = getattr(message, "refused_addresses", {})
    return {address: code for address, (code, _) in refused.items()}
