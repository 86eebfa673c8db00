"""Mails of the demonstration: they leave from the queue as any other, and go nowhere."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.test.utils import override_settings

from campaigns import referrals
from solidarites import mail

HERE = "campaigns.demo.post"
NOWHERE = "django.core.mail.backends.dummy.EmailBackend"


class RefusingBackend(BaseEmailBackend):
    """A partner whose mailbox is full: the demonstration shows what the product does about it."""

    def send_messages(self, email_messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({})


@contextmanager
def nowhere() -> Iterator[None]:
    with override_settings(EMAIL_BACKEND=NOWHERE):
        yield


def send_waiting(now: datetime, *, refused: bool = False) -> None:
    """What the worker does: send what waits, then see what left."""
    backend = f"{HERE}.RefusingBackend" if refused else NOWHERE
    with override_settings(EMAIL_BACKEND=backend):
        for pk in mail.due_ids(now):
            mail.send_one(pk, now)
    referrals.watch_referrals(now=now)
