"""Possible duplicates and ages to verify, on screen."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from tenants import duplicates, events
from tenants.imports.at_once import import_rows
from tenants.models import DistinctPair, Household, Tenant

pytestmark = pytest.mark.django_db
ROWS = [
    {"N° locataire": "T1", "N° contrat": "C1", "Nom": "Lafitte", "Prénom": "Jeanne", "Né(e) le": "12/03/1938",
     "Tél": "05 36 49 00 01", "Adresse": "4 rue du Port", "CP": "33000", "Ville": "Bordeaux"},
    {"N° locataire": "T2", "N° contrat": "C2", "Nom": "Laffitte", "Prénom": "Jeanne", "Né(e) le": "12/03/1938",
     "Tél": "05 36 49 00 02", "Adresse": "4, rue du Port", "CP": "33000", "Ville": "Bordeaux"},
    {"N° locataire": "T3", "N° contrat": "C1", "Nom": "Lafitte", "Prénom": "Paul", "Né(e) le": "12/03/1938",
     "Tél": "", "Adresse": "4 rue du Port", "CP": "33000", "Ville": "Bordeaux"},
    {"N° locataire": "T4", "N° contrat": "C4", "Nom": "Petit", "Prénom": "Odette", "Né(e) le": "",
     "Tél": "", "Adresse": "9 rue du Port", "CP": "33000", "Ville": "Bordeaux"},
]  # fmt: skip


@pytest.fixture
def admin(client_of, administrator):
    return client_of(administrator)


@pytest.fixture
def people(landlord):
    import_rows(ROWS, landlord=landlord, now=timezone.now())
    return {tenant.reference: tenant for tenant in Tenant.objects.all()}


def decide(client, one, other, choice):
    return client.post(reverse("imports:duplicate_decide", args=[one.pk, other.pk]), {"choice": choice}, follow=True)


def test_only_close_names_at_one_address_with_one_birth_date_are_proposed(people):
    found = [{pair.first.reference, pair.second.reference} for pair in duplicates.pairs()]
    assert found == [{"T1", "T2"}]


def test_two_people_are_never_proposed_again(admin, people):
    assert "Laffitte".upper() in admin.get(reverse("imports:duplicates")).content.decode()
    decide(admin, people["T2"], people["T1"], "apart")
    decide(admin, people["T1"], people["T2"], "apart")
    assert DistinctPair.objects.count() == 1
    assert "Aucun doublon" in admin.get(reverse("imports:duplicates")).content.decode()


def test_a_merge_keeps_the_numbers_tells_subscribers_and_is_known_to_the_next_list(
    admin, people, landlord, monkeypatch
):
    heard = []
    monkeypatch.setattr(events, "_subscribers", {events.HouseholdMerged: [heard.append]})
    decide(admin, people["T1"], people["T2"], str(people["T1"].pk))
    kept = Tenant.objects.get(reference="T1")
    assert {p.e164 for p in kept.household.phones.all()} == {"+33536490001", "+33536490002"}
    assert not Household.objects.filter(reference="C2").exists()
    assert [(event.kept_id) for event in heard] == [kept.household_id]
    result = import_rows(ROWS, landlord=landlord, now=timezone.now())
    assert (result.counts["tenants_created"], result.counts["households_created"]) == (0, 0)
    assert Tenant.objects.count() == 3


def test_a_nonsense_choice_changes_nothing(admin, people):
    for choice in ("", "12", "-1", "x"):
        decide(admin, people["T1"], people["T2"], choice)
    decide(admin, people["T1"], people["T1"], str(people["T1"].pk))
    assert Tenant.objects.count() == 4
    assert decide(admin, people["T1"], Tenant(pk=10**7), "apart").status_code == 404


def test_an_age_to_verify_is_settled_by_a_date_or_a_year(admin, people):
    page = admin.get(reverse("imports:ages")).content.decode()
    assert "PETIT" in page
    response = admin.post(reverse("imports:ages"), {"tenant": people["T4"].pk, "birth": "bientôt"})
    assert response.status_code == 422
    assert "bientôt" in response.content.decode()
    admin.post(reverse("imports:ages"), {"tenant": people["T4"].pk, "birth": "1941"})
    tenant = Tenant.objects.get(reference="T4")
    assert (tenant.birth_date, tenant.birth_precision) == (date(1941, 1, 1), "year")
    assert "Tous les âges" in admin.get(reverse("imports:ages")).content.decode()
    for wrong in ("", "abc", "9" * 30, "-4", "²"):
        assert admin.post(reverse("imports:ages"), {"tenant": wrong, "birth": "1941"}).status_code == 404


def test_others_decide_nothing(client, client_of, coordinator, volunteer, admin, people):
    url = reverse("imports:duplicate_decide", args=[people["T1"].pk, people["T2"].pk])
    assert client.post(url).url.startswith("/connexion/")
    assert client_of(coordinator).post(url).status_code == 403
    assert client_of(volunteer).post(url).status_code == 403
    assert admin.get(url).status_code == 405


def test_the_lists_cost_the_same_for_one_and_for_many(admin, landlord, count_queries):
    costs = []
    admin.get(reverse("imports:duplicates"))
    for size in (1, 30):
        rows = []
        for index in range(size):
            for spelling in ("Castaing", "Castaings"):
                rows.append({**ROWS[0], "N° locataire": f"{spelling}{index}", "N° contrat": f"{spelling}{index}",
                             "Nom": spelling, "Adresse": f"{index} rue Neuve"})  # fmt: skip
            rows.append({**ROWS[3], "N° locataire": f"age{index}", "N° contrat": f"age{index}"})
        import_rows(rows, landlord=landlord, now=timezone.now())
        with count_queries() as queries:
            admin.get(reverse("imports:duplicates"))
            admin.get(reverse("imports:ages"))
        costs.append(len(queries))
    assert costs[0] == costs[1]
