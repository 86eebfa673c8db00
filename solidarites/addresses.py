"""Where a request comes from, for the limits by address."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# A socket of the machine itself has no address.
LOCAL = "127.0.0.1"


def client_address(request: HttpRequest) -> str:
    """The visitor's address: who connects, or, from a declared proxy (TRUSTED_PROXIES), who it says it speaks for.

    X-Forwarded-For is read from its end, past the declared proxies: what a visitor writes there before them is
    never believed. A piece that is no address ends the reading.
    """
    here = _address(request.META.get("REMOTE_ADDR") or LOCAL)
    if here is None:
        return LOCAL
    pieces = request.headers.get("X-Forwarded-For", "").split(",")
    while pieces and _trusted(here):
        before = _address(pieces.pop())
        if before is None:
            break
        here = before
    return str(here)


def through_a_declared_proxy(request: HttpRequest) -> bool:
    """Whether who connects is one of those whose X-Forwarded-For is believed."""
    here = _address(request.META.get("REMOTE_ADDR") or LOCAL)
    return here is not None and _trusted(here)


def _trusted(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=4)
def _networks(declared: tuple[str, ...]) -> list[Network]:
    """Raises ValueError for what is neither an address nor a network; checks.check_proxies says so before."""
    return [ipaddress.ip_network(text.strip(), strict=False) for text in declared]


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
