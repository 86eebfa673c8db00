"""« À confirmer »: what waits for a coordinator before somebody is called; asked once, decided once.

The list of what may be asked is ``Confirmation.Kind``. A decision is remembered: the same list next month does not ask
again. Subscribers hold the household's case, and give it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from solidarites import journal
from tenants import events
from tenants.models import Confirmation, Household, PhoneNumber

_KIND = Confirmation.Kind
# (household, person or None for the household, kind, the list's word, whether nobody calls before)
Asked = tuple[int, int | None, str, str, bool]


@transaction.atomic
def ask(found: Sequence[Asked], *, now: datetime, by: Any = None, again: bool = False) -> int:
    """Note what is to be confirmed, unless it waits already or, but for ``again``, was decided once; how many."""
    if not found:
        return 0
    homes = {one[0] for one in found}
    known = {
        (row.household_id, row.tenant_id, row.kind): row
        for row in Confirmation.objects.filter(household__in=homes).order_by("pk")
    }
    fresh = [one for one in dict.fromkeys(found) if _is_new(known.get(one[:3]), again)]
    Confirmation.objects.bulk_create(
        [
            Confirmation(household_id=home, tenant_id=person, kind=kind, word=word[:60], blocks=blocks, created_at=now)
            for home, person, kind, word, blocks in fresh
        ],
        ignore_conflicts=True,
    )
    if fresh:
        journal.record("confirmation.asked", by=by, households=sorted({one[0] for one in fresh}), count=len(fresh))
    held = sorted({one[0] for one in fresh if one[4]})
    if held:
        events.tell(events.ConfirmationAsked(household_ids=tuple(held), now=now, by=by))
    return len(fresh)


def _is_new(before: Confirmation | None, again: bool) -> bool:
    return before is None or (again and before.decided_at is not None)


@transaction.atomic
def decide(*, confirmation: Confirmation, agreed: bool, now: datetime, by: Any) -> bool:
    """Note the decision (``households.settle_confirmation`` does what follows). False when it was taken before."""
    done = Confirmation.objects.waiting().filter(pk=confirmation.pk)
    if not done.update(decided_at=now, decided_by=by, agreed=agreed):
        return False
    journal.record(
        "confirmation.decided",
        confirmation,
        by=by,
        household_id=confirmation.household_id,
        kind=confirmation.kind,
        agreed=agreed,
    )
    if confirmation.kind == _KIND.OPPOSITION_NUMBER and not agreed:
        PhoneNumber.objects.filter(household=confirmation.household_id, held=True).update(held=False)
        events.tell(events.NumbersChanged(household_ids=(confirmation.household_id,), now=now, by=by))
    return True


def drop(*, household_id: int, kind: str, now: datetime, by: Any = None) -> None:
    """The question is no more: it is closed without an answer."""
    waiting = Confirmation.objects.waiting().filter(household=household_id, kind=kind)
    if waiting.update(decided_at=now):
        settled(household_id, now, by)


def settled(household_id: int, now: datetime, by: Any) -> None:
    """Tell subscribers once nothing is left to be confirmed before the household may be called."""
    opposed = Household.objects.filter(pk=household_id, opposed_at__isnull=False).exists()
    if not opposed and not Confirmation.objects.blocking().filter(household=household_id).exists():
        events.tell(events.ConfirmationSettled(household_id=household_id, now=now, by=by))
