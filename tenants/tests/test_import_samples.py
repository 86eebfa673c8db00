"""The three lists of three dialects give exactly the right answer, and nothing the second time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from tenants.models import Household, PhoneNumber, Tenant

SAMPLES = Path(__file__).parent / "samples"
LISTS = ("agence-gironde.csv", "export-logement.csv", "liste-tableur.xlsx")
pytestmark = pytest.mark.django_db


def run(capsys, *args: str) -> dict:
    call_command("import_tenants", *args, "--json", "--people")
    return json.loads(capsys.readouterr().out)


def expected(name: str) -> dict:
    return json.loads((SAMPLES / f"{name.split('.')[0]}.expected.json").read_text())


@pytest.mark.parametrize("name", LISTS)
def test_a_sample_gives_exactly_its_figures(name, capsys):
    said = run(capsys, str(SAMPLES / name))
    wanted = expected(name)
    assert {key: said[key] for key in wanted} == wanted
    assert Tenant.objects.count() == wanted["tenants_created"]
    assert Household.objects.count() == wanted["households_created"]
    assert PhoneNumber.objects.count() == wanted["phones_valid"]


@pytest.mark.parametrize("name", LISTS)
def test_the_second_import_changes_nothing(name, capsys):
    run(capsys, str(SAMPLES / name))
    before = snapshot()
    said = run(capsys, str(SAMPLES / name))
    assert (said["tenants_created"], said["tenants_updated"]) == (0, 0)
    assert (said["households_created"], said["households_updated"]) == (0, 0)
    assert said["tenants_unchanged"] == expected(name)["tenants_created"]
    assert said["callable_households"] == expected(name)["callable_households"]
    assert snapshot() == before


def test_a_dry_run_tells_the_same_and_writes_nothing(capsys):
    said = run(capsys, str(SAMPLES / LISTS[0]), "--dry-run")
    wanted = expected(LISTS[0])
    assert {key: said[key] for key in wanted} == wanted
    assert Tenant.objects.count() == 0


def snapshot() -> list:
    return [
        sorted(Tenant.objects.values_list()),
        sorted(Household.objects.values_list(), key=lambda row: row[0]),
        sorted(PhoneNumber.objects.values_list(), key=lambda row: row[0]),
    ]
