"""The official communes: found by postal code and name, never guessed when two fit."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import holidays
import pytest
from django.core.management import CommandError, call_command

from solidarites.searching import fold
from tenants import communes


@pytest.mark.parametrize(
    ("postal_code", "city", "code"),
    [
        ("33320", "LE TAILLAN-MÉDOC", "33519"),
        ("33320", "Taillan Medoc (Le)", "33519"),
        ("33160", "ST MEDARD EN JALLES", "33449"),
        ("33077", "BORDEAUX CEDEX", "33063"),
        ("33000", "Bordeaux cedex 2", "33063"),
        ("75012", "PARIS 12E ARRONDISSEMENT", "75056"),
        ("69003", "LYON 03", "69123"),
        ("13001", "MARSEILLE 1ER", "13055"),
        ("20000", "AJACCIO", "2A004"),
        ("20200", "BASTIA", "2B033"),
        ("97400", "ST DENIS", "97411"),
        ("97133", "SAINT-BARTHELEMY", "97701"),
        ("94200", "IVRY S/SEINE", "94041"),
        ("49310", "VIHIERS", "49373"),
        ("", "Bordeaux", "33063"),
        ("33000", "Mérignac", "33281"),
    ],
)
def test_a_commune_is_found_however_it_is_written(postal_code, city, code):
    found = communes.find(postal_code, city)
    assert found is not None
    assert found.commune.code == code


@pytest.mark.parametrize(
    ("postal_code", "city"), [("33000", "Trifouillis"), ("", "Saint-Martin"), ("33000", ""), ("", "")]
)
def test_what_is_unknown_or_ambiguous_gives_nothing(postal_code, city):
    assert communes.find(postal_code, city) is None


def test_every_commune_is_found_by_its_own_name_and_postal_codes():
    for commune in list(communes.all_communes())[::7]:
        for postal_code in commune.postal_codes:
            for name in (commune.name, fold(commune.name).replace("-", " ").replace("SAINT ", "ST ")):
                found = communes.find(postal_code, name)
                assert found is not None, (postal_code, name)
                assert found.commune.code == commune.code


def test_departments_zones_holidays_and_phone_regions():
    assert communes.department_of("33063") == communes.department_of("33000") == "33"
    assert communes.department_of("2A004") == communes.department_of("20000") == "2A"
    assert communes.department_of("97133") == "971"
    assert communes.department_of_postal_code("97133") == "977"
    assert communes.department_of("00000") == communes.department_of("abc") == ""
    assert communes.zone_of("974") == "Indian/Reunion"
    assert communes.zone_of("33") == communes.zone_of("") == "Europe/Paris"
    for department in {commune.department for commune in communes.all_communes()}:
        ZoneInfo(communes.zone_of(department))
        holidays.France(subdiv=communes.holiday_region(department), years=2026)
    assert communes.phone_region("988") == "NC"
    assert communes.phone_region("33") == "FR"


def test_a_commune_knows_its_epci_and_population():
    bordeaux = communes.get("33063")
    assert bordeaux is not None
    assert bordeaux.epci_name == "Bordeaux Métropole"
    assert bordeaux.population > 200_000


def test_refreshing_refuses_what_is_not_the_package(tmp_path):
    wrong = tmp_path / "x.tgz"
    wrong.write_bytes(b"nothing")
    with pytest.raises(CommandError):
        call_command("refresh_communes", str(wrong))
