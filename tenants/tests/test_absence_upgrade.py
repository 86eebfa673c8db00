"""Who a complete list of the version before had made leave is still brought back by a row."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from tenants.models import ListImport, Tenant
from tests.factories import make_household, make_landlord

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("asked", "minutes", "status", "by_list", "found"),
    [
        (True, 0, "moved", True, True),
        (False, 0, "moved", True, False),
        (True, -60, "moved", True, False),
        (True, 0, "deceased", True, False),
        (True, 0, "moved", False, False),
    ],
)
def test_only_those_closed_by_the_writing_of_a_complete_list_were_absent(asked, minutes, status, by_list, found):
    now = timezone.now()
    landlord = make_landlord()
    home = make_household(landlord)
    ListImport.objects.create(
        landlord=landlord, absent_left=asked, confirmed_at=now - timedelta(minutes=2),
        applied_at=now + timedelta(minutes=2),
    )  # fmt: skip
    Tenant.objects.filter(household=home).update(
        status=status, closed_by_list=by_list, status_at=now + timedelta(minutes=minutes)
    )
    importlib.import_module("tenants.migrations.0002_absence_and_named_rows").mark_absent(apps, None)
    assert home.tenants.get().closed_by_absence is found
