"""What must never be is refused by the database itself, and mended where an older version had let it in."""

from __future__ import annotations

import importlib
from datetime import date

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from tenants.models import ImportRow, ListImport, Tenant
from tests.factories import make_household

pytestmark = pytest.mark.django_db
BORN = date(1940, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date": None},
        {"birth_precision": "unknown"},
        {"birth_precision": "month"},
        {"closed_by_list": True},
        {"closed_by_list": True, "closed_by_absence": True},
        {"status": "moved", "closed_by_absence": True},
    ],
)
def test_a_person_is_never_half_known_nor_half_closed(wrong, landlord):
    tenant = make_household(landlord, birth_date=BORN).tenants.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(pk=tenant.pk).update(**wrong)


@pytest.mark.parametrize(("kind", "number"), [("absent", 3), ("create", 0)])
def test_only_somebody_absent_from_a_list_has_no_row_of_it(kind, number, landlord):
    row = ListImport.objects.create(landlord=landlord)
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportRow.objects.create(list_import=row, group=1, number=number, kind=kind)


def test_the_upgrade_leaves_right_rows_as_they_are(landlord):
    tenant = make_household(landlord, birth_date=BORN).tenants.get()
    Tenant.objects.update(status="moved", closed_by_list=True, closed_by_absence=True)
    importlib.import_module("tenants.migrations.0006_what_never_is").mend(apps, connection.schema_editor())
    tenant.refresh_from_db()
    assert (tenant.birth_precision, tenant.status, tenant.closed_by_absence) == ("day", "moved", True)
