"""Signing in and out, passwords, second factors: what allauth and Django tell is written in the journal."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from solidarites import journal

# In the session: when it began, in seconds.
SIGNED_IN_AT = "signed_in_at"
# Set on the request whose session ends because nobody was there.
IDLE = "session_was_idle"


def connect() -> None:
    """Called once the applications are there (SolidaritesConfig.ready)."""
    for signal, receiver in (
        (user_logged_in, signed_in),
        (user_logged_out, signed_out),
        (account.password_changed, password_changed),
        (account.password_reset, password_reset),
        (mfa.authenticator_removed, factor_removed),
        (mfa.authenticator_reset, codes_made),
        (mfa.authenticator_used, factor_used),
        (mfa.authentication_failed, code_failed),
    ):
        signal.connect(receiver, dispatch_uid=f"solidarites.{receiver.__name__}")


def signed_in(*, request: HttpRequest, **kwargs: Any) -> None:
    request.session[SIGNED_IN_AT] = time.time()


def signed_out(*, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    if user is not None:
        idle = getattr(request, IDLE, False)
        journal.record("account.session_ended" if idle else "account.signed_out", user, by=user)


def password_changed(*, user: Any, **kwargs: Any) -> None:
    journal.record("account.password_changed", user, by=user)


def password_reset(*, user: Any, **kwargs: Any) -> None:
    journal.record("account.password_reset", user, by=user)


def factor_removed(*, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    """The recovery codes that go with it are no row of their own."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        journal.record("account.second_factor_removed", user, by=user)


def codes_made(*, user: Any, **kwargs: Any) -> None:
    journal.record("account.recovery_codes_made", user, by=user)


def factor_used(*, user: Any, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        journal.record("account.recovery_code_used", user, by=user)


def code_failed(*, user: Any, reauthentication: bool = False, **kwargs: Any) -> None:
    """At sign-in nobody is signed in yet; asked again later, it is the person's own."""
    if reauthentication:
        journal.record("account.code_failed", user, by=user)
    else:
        journal.record("account.code_failed", user, actor="public")
