"""What a person does in the product between two lists of a stock that lives."""

from __future__ import annotations

from django.utils import timezone

from tenants import households
from tenants.models import Tenant


def oppose(reference: str) -> None:
    """« Ne plus jamais m'appeler », said for oneself."""
    tenant = Tenant.objects.select_related("household").get(reference=reference)
    households.record_opposition(household=tenant.household, tenant_ids=[tenant.pk], now=timezone.now())
