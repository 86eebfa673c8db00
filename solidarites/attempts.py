"""Wrong passwords and codes are counted, so that nobody guesses, and so that no stranger locks a colleague out.

A try is counted in two places: for the account from where it comes, and for the account from anywhere. A stranger who
knows an address soon waits, where the stranger is; the colleague, elsewhere, does not. From many addresses at once, the
account itself waits, for all but the browsers that its owner has signed in with: those hold a proof (a signed cookie),
and are counted apart. Limits by address alone are allauth's (settings.ACCOUNT_RATE_LIMITS).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from solidarites import addresses, limits
from solidarites.limits import Limit
from solidarites.models import User

PASSWORD = "password"  # noqa: S105
CODE = "code"


# For one account from one place: what hands that mistype need, then what a whole hour may bring.
FROM_HERE = (Limit(5, 300), Limit(10, 3600))
# For one account from all places together, its owner's own browsers excepted: at least so many places are needed to
# reach it, and guessing stays hopeless (a code has a million values, and comes after the password).
FROM_ANYWHERE = {PASSWORD: Limit(50, 3600), CODE: Limit(30, 3600)}
# Failed sign-ins with an unknown address that the journal keeps: what strangers type must not fill it.
JOURNALED = (Limit(10, 3600), Limit(200, 3600))


def begin(request: HttpRequest, *, kind: str, account: str, known: bool) -> int:
    """Count one try: 0 when it may be made, else how many seconds to wait. ``forgive`` takes back one that was right.

    ``account``: what is tried, whether it exists or not. ``known``: from a browser of its owner.
    """
    return _count(_counters(request, kind, account, known))


def forgive(request: HttpRequest, *, kind: str, account: str, known: bool) -> None:
    """The try was right: it is no wrong one. Earlier ones stay, or a guesser could wipe them with an own account."""
    for key, _ in _counters(request, kind, account, known):
        limits.take_back(key)


def forget(request: HttpRequest, *, kind: str, account: str) -> None:
    """The password is a new one: nothing that was tried before tells anything of it."""
    for known in (False, True):
        limits.forget(*(key for key, _ in _counters(request, kind, account, known)))


def may_journal_unknown(request: HttpRequest) -> bool:
    """Whether a failed sign-in that names no account still gets its row."""
    here, everywhere = JOURNALED
    return not _count([(_key("journal", _place(request), here), here), (_key("journal", "", everywhere), everywhere)])


def in_words(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    return "une minute" if minutes <= 1 else f"{minutes} minutes"


def _counters(request: HttpRequest, kind: str, account: str, known: bool) -> list[tuple[str, Limit]]:
    place = "known" if known else _place(request)
    found = [(_key(kind, f"{account}|{place}", limit), limit) for limit in FROM_HERE]
    if not known:
        found.append((_key(kind, account, FROM_ANYWHERE[kind]), FROM_ANYWHERE[kind]))
    return found


def _count(counters: Iterable[tuple[str, Limit]]) -> int:
    """The longest wait. Stops at the first that is full: who is refused for one place is not counted for all."""
    wait = 0
    for key, limit in counters:
        # Refused already: this one is looked at, to tell the true wait.
        full = limits.is_full(key, limit) if wait else not limits.within(key, limit)
        if full:
            wait = max(wait, 1, limits.seconds_left(key))
    return wait


def _key(kind: str, what: str, limit: Limit) -> str:
    # What was typed may be a password by mistake: it is never kept in clear.
    return f"attempts:{kind}:{limit.most}:{hashlib.sha256(what.encode()).hexdigest()}"


def _place(request: HttpRequest) -> str:
    """The address, or its network in IPv6, where one person has billions of addresses."""
    address = addresses.client_address(request)
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return address


# Browsers that somebody has signed in with ---------------------------------------------------------------
COOKIE = "appareil"
COOKIE_LASTS = timedelta(days=180)
# A shared computer: the last ones who signed in there.
MOST_PEOPLE = 5


def proof_of(user: User) -> str:
    """Says that this person has signed in here, with the password of now, and names nobody."""
    seed = f"{user.pk}:{user.get_session_auth_hash()}"
    return salted_hmac("solidarites.known_browser", seed, algorithm="sha256").hexdigest()[:40]


def _proofs(request: HttpRequest) -> list[str]:
    return [one for one in request.COOKIES.get(COOKIE, "")[:1000].split(".") if one][:MOST_PEOPLE]


def is_known(request: HttpRequest, user: Any) -> bool:
    proofs = _proofs(request)
    return bool(proofs) and user is not None and any(constant_time_compare(one, proof_of(user)) for one in proofs)


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """This browser is one of theirs from now on: somebody else's mistakes no longer close its door."""
    mine = proof_of(user)
    proofs = [mine, *(one for one in _proofs(request) if one != mine)][:MOST_PEOPLE]
    response.set_cookie(
        COOKIE,
        ".".join(proofs),
        max_age=COOKIE_LASTS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
