"""Who is dead or gone and not kept: by keyed hashes, so that a list that says nothing of it raises nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tenants import identity
from tenants.models import Departed, Tenant


def remember(*, landlord_id: int, status: str, keys: Iterable[Sequence[str]], now: datetime) -> None:
    """Keep the hashes of these people, inside the caller's transaction. Idempotent."""
    rows = [
        Departed(landlord_id=landlord_id, digest=key, status=status, created_at=now)
        for key in sorted({key for person in keys for key in person})
    ]
    if rows:
        Departed.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def keys_of_row(person: Any) -> list[str]:
    """Of a row of a list (``imports.people.Person``)."""
    return identity.departed_keys(
        reference=person.reference,
        last_name=person.last_name,
        first_name=person.first_name,
        birth=person.birth,
        precision=person.precision,
    )


def keys_of(tenant: Tenant) -> list[str]:
    return identity.departed_keys(
        reference=tenant.reference,
        last_name=tenant.last_name,
        first_name=tenant.first_name,
        birth=tenant.birth_date.isoformat() if tenant.birth_date else "",
        precision=tenant.birth_precision,
    )


def remember_closed(household_ids: Sequence[int], now: datetime) -> None:
    """Before these households are erased: who died there, or whom a call found gone."""
    closed = Tenant.objects.filter(household__in=household_ids).exclude(status=Tenant.Status.PRESENT)
    for tenant in closed:
        if tenant.status == Tenant.Status.DECEASED or not tenant.closed_by_list:
            remember(landlord_id=tenant.landlord_id, status=tenant.status, keys=[keys_of(tenant)], now=now)
