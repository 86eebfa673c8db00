"""What a person is looked for in follows her names, whoever writes them."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from solidarites import searching
from tenants.imports.at_once import import_rows
from tenants.models import Tenant
from tests.factories import make_household, make_landlord

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> list[dict[str, str]]:
    return [{"N° locataire": "T1", "N° contrat": "C1", "Nom": "L'Hénoret", "Prénom": "Anne-Cécile"}]


def test_a_list_writes_it_and_a_later_list_renews_it(rows: list[dict[str, str]]) -> None:
    landlord = make_landlord()
    import_rows(rows, landlord=landlord, now=timezone.now())
    assert Tenant.objects.get().search_name == "LHENORETANNECECILE"
    import_rows([{**rows[0], "Nom": "Béréziat"}], landlord=landlord, now=timezone.now())
    assert Tenant.objects.get().search_name == "BEREZIATANNECECILE"


def test_those_of_an_earlier_version_get_it() -> None:
    make_household(last_name="Œuvrard", first_name="Zoé")
    Tenant.objects.update(search_name="")
    importlib.import_module("tenants.migrations.0008_search_name").fill(apps, connection.schema_editor())
    assert Tenant.objects.get().search_name == "OEUVRARDZOE"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("Mme Guérin", ["GUERIN"]),
        ("m.", ["M"]),
        ("Jean-Pierre d'Œuvre", ["JEAN", "PIERRE", "D", "OEUVRE"]),
        ("  ", []),
        ("%_\\", []),
    ],
)
def test_words_are_folded_and_civilities_left_out(typed: str, asked: list[str]) -> None:
    assert searching.words(typed) == asked


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("06.12 34-56/78", "0612345678"), ("+33 (0)6 12", "330612"), ("12 rue", ""), ("٠٦١٢", ""), ("+", "")],
)
def test_a_number_is_digits_and_their_signs(typed: str, digits: str) -> None:
    assert searching.digits(typed) == digits
