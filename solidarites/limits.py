"""How often something may be asked: counted in the cache, in windows that begin with the first time.

Nothing that must not be lost: when the cache forgets, one may ask again. django-allauth
has limits of its own, by address (settings.ACCOUNT_RATE_LIMITS).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil

from django.core.cache import cache


@dataclass(frozen=True)
class Limit:
    """At most so many times in so many seconds."""

    most: int
    seconds: int


def within(name: str, limit: Limit) -> bool:
    """Count one more under ``name``: False once it is too often."""
    if cache.add(name, 0, limit.seconds):
        cache.set(_end(name), time.time() + limit.seconds, limit.seconds)
    try:
        return bool(cache.incr(name) <= limit.most)
    except ValueError:
        return True  # the window ended between the two lines


def is_full(name: str, limit: Limit) -> bool:
    """Whether the next time would be once too often; nothing is counted."""
    return bool((cache.get(name) or 0) >= limit.most)


def seconds_left(name: str) -> int:
    """Until the window ends; 0 or less where there is none."""
    return ceil((cache.get(_end(name)) or 0) - time.time())


def take_back(name: str) -> None:
    """The last time does not count after all."""
    try:
        cache.decr(name)
    except ValueError:
        return  # the window has ended meanwhile


def forget(*names: str) -> None:
    cache.delete_many([key for name in names for key in (name, _end(name))])


def _end(name: str) -> str:
    return f"{name}:until"
