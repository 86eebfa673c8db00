"""What becomes of somebody's work when their account is closed: said before, done with it.

Those who keep that work (the campaigns) subscribe when they start; accounts know nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from solidarites.models import User


@dataclass(frozen=True)
class Fate:
    """One kind of thing that is this person's now, and what becomes of it: a sentence, and where it is looked after."""

    sentence: str
    url: str = ""
    link: str = ""


Foresee = Callable[[User, User, datetime], list[Fate]]
Settle = Callable[[User, User, datetime], None]
_subscribed: list[tuple[Foresee, Settle]] = []


def subscribe(foresee: Foresee, settle: Settle) -> None:
    """``foresee(user, by, now)`` says what would become of things; ``settle(user, by, now)`` does it. Once each."""
    if (foresee, settle) not in _subscribed:
        _subscribed.append((foresee, settle))


def fates(*, user: User, by: User, now: datetime) -> list[Fate]:
    return [fate for foresee, _ in _subscribed for fate in foresee(user, by, now)]


def settle(*, user: User, by: User, now: datetime) -> None:
    """In the caller's transaction, once the account is closed."""
    for _, one in _subscribed:
        one(user, by, now)
