"""What an administrator sets about landlords in the Django admin."""

from __future__ import annotations

import pytest
from django.urls import reverse

from solidarites.models import JournalEntry
from tenants.models import Landlord


@pytest.fixture
def admin(client_of, administrator):
    return client_of(administrator)


def change(admin, landlord, **fields):
    data = {"name": landlord.name, "spoken_name": landlord.spoken_name, "callback_number": "", **fields}
    return admin.post(reverse("admin:tenants_landlord_change", args=[landlord.pk]), data)


@pytest.mark.parametrize(
    ("typed", "kept"), [("05 36 49 00 36", "+33536490036"), ("0800 47 47 88", "+33800474788"), ("", "")]
)
def test_a_callback_number_is_kept_in_one_form(admin, landlord, typed, kept):
    assert change(admin, landlord, callback_number=typed).status_code == 302
    landlord.refresh_from_db()
    assert landlord.callback_number == kept
    assert JournalEntry.objects.filter(action="landlord.changed", object_id=landlord.pk).count() == 1


def test_what_is_no_number_is_said_at_the_field(admin, landlord):
    response = change(admin, landlord, callback_number="bientôt")
    assert response.status_code == 200
    assert "Écrivez un numéro de téléphone" in response.content.decode()


def test_the_code_that_lists_use_never_changes(admin, landlord):
    change(admin, landlord, code="autre", name="Nouveau nom")
    assert Landlord.objects.values_list("code", "name").get() == (landlord.code, "Nouveau nom")


@pytest.mark.parametrize("model", ["landlord", "agency", "residence"])
def test_nothing_that_households_hang_on_is_deleted(admin, landlord, agency, model):
    pk = {"landlord": landlord.pk, "agency": agency.pk, "residence": 1}[model]
    assert admin.get(reverse(f"admin:tenants_{model}_delete", args=[pk])).status_code in (302, 403)
    assert Landlord.objects.count() == 1


@pytest.mark.parametrize("model", ["landlord", "agency", "residence"])
def test_lists_open_and_are_searched(admin, landlord, agency, model):
    url = reverse(f"admin:tenants_{model}_changelist")
    assert admin.get(url).status_code == 200
    assert admin.get(url, {"q": "bordeaux\x00"}).status_code in (200, 302)
