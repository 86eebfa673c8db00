"""The closest fitting partner for a commune and a need."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.models import Partner
from campaigns.referrals import partners
from campaigns.referrals.partners import Nearness
from campaigns.referrals.tests.referral_cast import make_partner

pytestmark = pytest.mark.django_db

BORDEAUX, MERIGNAC, METROPOLE = "33063", "33281", "243300316"


def propose(*categories, insee_code=BORDEAUX, department="33"):
    return partners.propose(categories=list(categories), insee_code=insee_code, department=department)


def place(name, **territory):
    return make_partner(name, **{"communes": [], **territory})


def test_commune_comes_before_epci_before_department_before_everywhere():
    everywhere = place("Partout")
    department = place("Département", departments=["33"])
    epci = place("Métropole", epcis=[METROPOLE])
    commune = place("CCAS", communes=[BORDEAUX])
    for expected in (commune, epci, department, everywhere):
        assert propose("repas") == expected
        expected.delete()
    assert propose("repas") is None


def test_a_partner_for_this_very_need_comes_before_one_for_all_needs():
    make_partner("CCAS", communes=[BORDEAUX])
    meals = make_partner("Portage de repas", communes=[BORDEAUX], categories=["repas"])
    assert propose("repas") == meals
    assert propose("courses").name == "CCAS"


def test_nearness_counts_more_than_being_specific():
    town = make_partner("CCAS", communes=[BORDEAUX])
    place("Portage du département", departments=["33"], categories=["repas"])
    assert propose("repas") == town


def test_one_partner_for_all_the_needs_comes_before_a_closer_one_for_some():
    make_partner("Portage de repas", communes=[BORDEAUX], categories=["repas"])
    wide = place("Association", departments=["33"], categories=["repas", "courses"])
    assert propose("repas", "courses") == wide


def test_a_partner_of_another_commune_or_need_is_never_proposed():
    make_partner("CCAS de Mérignac", communes=[MERIGNAC])
    place("Landes", departments=["40"])
    make_partner("Logement", communes=[BORDEAUX], categories=["logement"])
    assert propose("repas") is None


def test_an_inactive_partner_is_never_proposed():
    make_partner(active=False)
    assert propose("repas") is None


def test_a_household_without_a_known_commune_still_finds_its_department():
    department = place("Département", departments=["33"])
    assert propose("repas", insee_code="") == department
    assert propose("repas", insee_code="99999") == department


def test_the_department_is_read_from_the_commune_when_it_is_missing():
    department = place("Département", departments=["33"])
    assert propose("repas", department="") == department


def test_among_equals_the_most_recently_verified_comes_first():
    make_partner("Jamais vérifié")
    make_partner("Ancien", verified_on=date(2020, 3, 1))
    fresh = make_partner("Récent", verified_on=date(2026, 1, 1))
    assert propose("repas") == fresh


def test_every_proposal_says_why():
    make_partner("CCAS", communes=[BORDEAUX])
    place("ARI", departments=["33"], categories=["psychologique"], kind=Partner.Kind.ARI)
    found = partners.fits(categories=["psychologique"], insee_code=BORDEAUX, department="33")
    assert [fit.nearness for fit in found] == [Nearness.COMMUNE, Nearness.DEPARTMENT]
    assert found[0].why == "couvre Bordeaux\u00a0; tous les besoins"
    assert found[1].why == "couvre le département 33\u00a0; pour ce besoin\u00a0: soutien psychologique"


def test_proposing_costs_one_query_whatever_the_number_of_partners(max_queries):
    for number in range(30):
        make_partner(f"Partenaire {number}")
    with max_queries(1):
        propose("repas", "courses", "soins")
