"""The people a landlord has after a list, as ``import_tenants --json --people`` tells them."""

from __future__ import annotations

from typing import Any

from tenants.models import Confirmation, Landlord, PhoneNumber, Tenant

PRESENT = Tenant.Status.PRESENT
LEFT = "left"


def people(landlord: Landlord) -> list[dict[str, Any]]:
    """One object for each person, in the order in which they came; three queries however many there are."""
    phones: dict[int, list[PhoneNumber]] = {}
    for phone in PhoneNumber.objects.filter(household__landlord=landlord.pk or 0):
        phones.setdefault(phone.household_id, []).append(phone)
    waiting: dict[int, list[Confirmation]] = {}
    for asked in Confirmation.objects.waiting().filter(household__landlord=landlord.pk or 0):
        waiting.setdefault(asked.household_id, []).append(asked)
    found = Tenant.objects.filter(landlord=landlord.pk or 0).select_related("household").order_by("pk")
    return [_told(one, phones.get(one.household_id, []), waiting.get(one.household_id, [])) for one in found]


def _told(tenant: Tenant, phones: list[PhoneNumber], waiting: list[Confirmation]) -> dict[str, Any]:
    opposed = bool(tenant.opposed_at or tenant.household.opposed_at)
    return {
        "reference": tenant.reference,
        "last_name": tenant.last_name,
        "first_name": tenant.first_name,
        "birth": _birth(tenant),
        "status": LEFT if tenant.closed_by_absence else tenant.status,
        "household": tenant.household_id,
        "household_reference": tenant.household.reference,
        "phones": _numbers(tenant, phones) if tenant.status == PRESENT and not opposed else [],
        "opposed": opposed,
        "to_confirm": sorted(
            {asked.kind for asked in waiting if asked.tenant_id == tenant.pk or _of_all(asked, tenant)}
        ),
    }


def _of_all(asked: Confirmation, tenant: Tenant) -> bool:
    return asked.tenant_id is None and tenant.status == PRESENT


def _birth(tenant: Tenant) -> str | None:
    if tenant.birth_date is None:
        return None
    return str(tenant.birth_date.year) if tenant.birth_precision == "year" else tenant.birth_date.isoformat()


def _numbers(tenant: Tenant, phones: list[PhoneNumber]) -> list[str]:
    """Their own, then the household's, then third parties'; those that are to be dialled."""
    order = sorted(phones, key=lambda one: (one.third_party, one.tenant_id != tenant.pk, one.rank, one.pk))
    return [phone.e164 for phone in order if phone.usable]
