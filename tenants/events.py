"""What happened to whom we call, told to whoever subscribed in an AppConfig.

An explicit registry instead of Django signals: subscribers run in the caller's transaction, in the order
in which they subscribed, and an error in one undoes the whole act.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class PersonClosed:
    """A tenant died, moved or entered a care home (``status`` is a Tenant.Status)."""

    tenant_id: int
    household_id: int
    status: str
    now: datetime
    by: Any = None


@dataclass(frozen=True)
class HouseholdOpposed:
    """The household asked never to be called again."""

    household_id: int
    now: datetime
    by: Any = None


@dataclass(frozen=True)
class HouseholdMerged:
    """Two records were the same household; ``gone_id`` is deleted right after the subscribers ran."""

    kept_id: int
    gone_id: int
    now: datetime
    by: Any = None


@dataclass(frozen=True)
class HouseholdParted:
    """Some of the people of ``stays_id`` live in ``leaves_id`` now; both have somebody."""

    stays_id: int
    leaves_id: int
    now: datetime
    by: Any = None


@dataclass(frozen=True)
class ConfirmationAsked:
    """Nobody calls these households before a coordinator has decided (tenants.confirmations)."""

    household_ids: tuple[int, ...]
    now: datetime
    by: Any = None


@dataclass(frozen=True)
class ConfirmationSettled:
    """Nothing is left to be confirmed before this household may be called."""

    household_id: int
    now: datetime
    by: Any = None


@dataclass(frozen=True)
class NumbersChanged:
    """The callable numbers of these households, their address, or the fragility of somebody changed."""

    household_ids: tuple[int, ...]
    now: datetime
    by: Any = None


Event = (
    PersonClosed
    | HouseholdOpposed
    | HouseholdMerged
    | HouseholdParted
    | ConfirmationAsked
    | ConfirmationSettled
    | NumbersChanged
)
Subscriber = Callable[[Any], None]
_subscribers: dict[type, list[Subscriber]] = {}


def subscribe(kind: type, subscriber: Subscriber) -> None:
    if subscriber not in _subscribers.setdefault(kind, []):
        _subscribers[kind].append(subscriber)


def tell(event: Event) -> None:
    for subscriber in _subscribers.get(type(event), []):
        subscriber(event)
