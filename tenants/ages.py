"""« Âge à vérifier »: people whose birth date nobody knows; kept, listed apart, never silently dropped."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from solidarites import journal
from tenants import events
from tenants.models import Tenant


def unknown() -> QuerySet[Tenant]:
    return (
        Tenant.objects.filter(status=Tenant.Status.PRESENT, birth_date__isnull=True)
        .select_related("household", "household__agency")
        .order_by("last_name", "first_name", "pk")
    )


@transaction.atomic
def settle(*, tenant: Tenant, birth: date, precision: str, by: Any, now: datetime) -> None:
    """Note the birth date somebody found out. Does nothing when one is known meanwhile."""
    changed = Tenant.objects.filter(pk=tenant.pk, birth_date__isnull=True).update(
        birth_date=birth, birth_precision=precision
    )
    if changed:
        journal.record("tenant.birth_settled", tenant, by=by, household_id=tenant.household_id)
        events.tell(events.NumbersChanged(household_ids=(tenant.household_id,), now=now, by=by))
