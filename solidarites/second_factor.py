"""The second factor: who still has to install it, and the secret they are shown until it is confirmed."""

from __future__ import annotations

from base64 import b32encode
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from solidarites import roles

# In the session. Installed: one query at sign-in, none afterwards.
INSTALLED = "second_factor"
# How many secrets this session has confirmed or put aside.
ROUND = "second_factor_round"


def awaited(request: HttpRequest) -> bool:
    """Whether this person must install the second factor before anything else: it is asked of those who see many."""
    if not settings.REQUIRE_SECOND_FACTOR or request.session.session_key is None:
        # Whoever has no session has not signed in: nothing is read, and a public answer depends on no cookie.
        return False
    user: Any = request.user
    if not user.is_authenticated or request.session.get(INSTALLED):
        return False
    if not (user.has_role(roles.COORDINATOR) or user.has_role(roles.ADMINISTRATOR) or user.is_superuser):
        return False
    if is_mfa_enabled(user):
        request.session[INSTALLED] = True
        return False
    return True


def secret_of(request: HttpRequest) -> str:
    """The secret shown to this person: the same on every page and in every tab, until confirmed or replaced.

    It is computed from the session, not kept: showing it writes nothing, so nothing that happens beside it (a poll, a
    reload, another tab) can change it; and no other session knows it.
    """
    seed = f"{request.user.pk}:{request.session.session_key}:{request.session.get(ROUND, 0)}"
    return b32encode(salted_hmac("solidarites.second_factor", seed, algorithm="sha256").digest()[:20]).decode()


def renew_secret(request: HttpRequest) -> None:
    """From now on this session shows another secret; the one before it confirms nothing any more."""
    request.session[ROUND] = request.session.get(ROUND, 0) + 1
