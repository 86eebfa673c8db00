"""Rows become people and households as the rules say, on the first import and on every later one."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from tenants.imports.at_once import import_rows
from tenants.models import Household, PhoneNumber, Tenant

pytestmark = pytest.mark.django_db
HEAD = ("Matricule", "Contrat", "Nom", "Prénom", "Né(e) le", "Tél", "Adresse", "CP", "Ville", "Agence", "Situation")


def give(landlord, *lines: str, head=HEAD):
    rows = [dict(zip(head, line.split(";"), strict=True)) for line in lines]
    return import_rows(rows, landlord=landlord, now=timezone.now())


def codes(result) -> list[str]:
    return [issue["code"] for issue in result.issues]


JEANNE = "T1;C1;Martin;Jeanne;12/03/1938;0536490001;1 rue du Port;33000;Bordeaux;Nord;"
PAUL = "T2;C1;Martin;Paul;01/02/1936;0536490001;1 rue du Port;33000;Bordeaux;Nord;"


def test_people_of_one_contract_are_one_household_wherever_their_rows_are(landlord):
    other = "T3;C2;Petit;Odette;1940;0536490003;2 rue du Port;33000;Bordeaux;Nord;"
    give(landlord, JEANNE, other, PAUL)
    assert Household.objects.count() == 2
    assert Tenant.objects.get(reference="T1").household == Tenant.objects.get(reference="T2").household
    assert Tenant.objects.get(reference="T3").birth_precision == "year"


def test_without_a_contract_the_address_and_a_shared_phone_make_a_household(landlord):
    lines = [
        "T1;;Martin;Jeanne;;0536490001;1 rue du Port, Bât A;33000;Bordeaux;;",
        "T2;;Martin;Paul;;0536490001;1 RUE DU PORT Bât. A;33000;Bordeaux;;",
        "T3;;Petit;Odette;;0536490003;1 rue du Port, Bât A;33000;Bordeaux;;",
        "T4;;Roux;Zoé;;0536490001;9 rue du Port;33000;Bordeaux;;",
    ]
    give(landlord, *lines)
    homes = dict(Tenant.objects.values_list("reference", "household"))
    assert homes["T1"] == homes["T2"]
    assert len({homes["T1"], homes["T3"], homes["T4"]}) == 3
    again = give(landlord, *lines)
    assert (again.counts["tenants_created"], again.counts["tenants_updated"]) == (0, 0)
    assert (again.counts["households_created"], again.counts["households_updated"]) == (0, 0)


def test_people_without_any_reference_are_known_again_by_names_birth_and_household(landlord):
    lines = [
        ";;Martin;Jeanne;12/03/1938;0536490001;1 rue du Port;33000;Bordeaux;;",
        ";;Martin;Paul;01/02/1936;0536490001;1 rue du Port;33000;Bordeaux;;",
        ";;Petit;Odette;;;2 rue du Port;33000;Bordeaux;;",
    ]
    give(landlord, *lines)
    again = give(landlord, *lines)
    assert again.counts["tenants_unchanged"] == 3
    assert Tenant.objects.count() == 3
    assert Household.objects.count() == 2


def test_the_first_row_wins_a_contradiction_on_every_import(landlord):
    paul = PAUL.replace("Nord", "Sud").replace("1 rue du Port", "7 rue Neuve")
    for _ in range(2):
        result = give(landlord, JEANNE, paul)
        assert {"agency_contradiction", "address_contradiction"} <= set(codes(result))
        home = Household.objects.get()
        assert (home.agency.name, home.street) == ("Nord", "1 rue du Port")
    assert result.counts["households_updated"] == 0


def test_a_widow_is_called_and_never_asked_for_the_deceased(landlord):
    give(landlord, JEANNE, PAUL)
    result = give(landlord, JEANNE, PAUL + "Décédé(e)")
    assert Tenant.objects.get(reference="T2").status == "deceased"
    assert Tenant.objects.get(reference="T1").status == "present"
    assert result.counts["tenants_updated"] == 1
    assert result.counts["callable_households"] == 1


def test_the_deceased_and_the_departed_not_known_yet_are_never_stored(landlord):
    result = give(landlord, PAUL + "DCD", JEANNE.replace("C1", "C2") + "Parti")
    assert result.counts["tenants_skipped"] == 2
    assert Tenant.objects.count() == Household.objects.count() == PhoneNumber.objects.count() == 0


def test_changed_cells_change_the_person_and_empty_ones_change_nothing(landlord):
    give(landlord, JEANNE)
    give(landlord, "T1;C1;MARTIN;Jeanne;;;;;;;")
    tenant = Tenant.objects.get()
    assert (tenant.last_name, tenant.birth_date) == ("Martin", date(1938, 3, 12))
    assert tenant.household.street == "1 rue du Port"
    assert tenant.household.phones.count() == 1
    result = give(landlord, JEANNE.replace("Jeanne", "Jeannine").replace("1938", "1939"))
    tenant.refresh_from_db()
    assert (tenant.first_name, tenant.birth_date.year) == ("Jeannine", 1939)
    assert result.counts["tenants_updated"] == 1


FULL = ("Matricule", "Contrat", "Civilité", "Nom", "Prénom", "Né(e) le", "Tél", "Adresse", "Bâtiment", "Porte", "CP",
        "Ville", "Résidence", "Agence", "Vit seul", "Fragile", "Langue", "À savoir", "Situation")  # fmt: skip
KNOWN = "T1;C1;Mme;Martin;Jeanne;12/03/1938;0536490001 (fils);1 rue du Port;B;4;33000;Bordeaux;R1;Nord;oui;oui;espagnol;entend mal;Présente"  # noqa: E501


@pytest.mark.parametrize("emptied", [*FULL[2:3], *FULL[4:], ("Adresse", "Porte"), ("Adresse", "CP"), ("CP", "Ville")])
def test_no_cell_that_is_emptied_changes_anything(landlord, emptied):
    def everything():
        return [list(model.objects.order_by("pk").values()) for model in (Household, Tenant, PhoneNumber)]

    give(landlord, KNOWN, head=FULL)
    before = everything()
    cells = dict(zip(FULL, KNOWN.split(";"), strict=True))
    cells.update(dict.fromkeys([emptied] if isinstance(emptied, str) else emptied, ""))
    result = give(landlord, ";".join(cells.values()), head=FULL)
    assert (result.counts["tenants_updated"], result.counts["households_updated"]) == (0, 0)
    assert everything() == before


def test_a_town_written_otherwise_under_its_postal_code_loses_no_door(landlord):
    give(landlord, KNOWN, head=FULL)
    cells = dict(zip(FULL, KNOWN.split(";"), strict=True)) | {"Ville": "BORDEAUX CENTRE", "Bâtiment": "", "Porte": ""}
    give(landlord, ";".join(cells.values()), head=FULL)
    home = Household.objects.get()
    assert (home.building, home.door) == ("Bât. B", "Porte 4")


def test_another_street_is_another_door_in_the_town_that_is_known(landlord):
    give(landlord, KNOWN, head=FULL)
    cells = dict(zip(FULL, KNOWN.split(";"), strict=True)) | {"Adresse": "9 rue Neuve", "Porte": "", "Bâtiment": ""}
    give(landlord, ";".join((cells | {"CP": "", "Ville": ""}).values()), head=FULL)
    home = Household.objects.get()
    assert (home.street, home.building, home.door) == ("9 rue Neuve", "", "")
    assert (home.postal_code, home.city, home.insee_code) == ("33000", "Bordeaux", "33063")
    give(landlord, ";".join((cells | {"CP": "64000", "Ville": "Pau", "Adresse": ""}).values()), head=FULL)
    home.refresh_from_db()
    assert (home.street, home.city, home.insee_code) == ("", "Pau", "64445")


def test_a_bare_year_does_not_blur_a_known_day(landlord):
    give(landlord, JEANNE)
    result = give(landlord, JEANNE.replace("12/03/1938", "1938"))
    assert result.counts["tenants_updated"] == 0
    assert Tenant.objects.get().birth_precision == "day"


def test_somebody_who_moves_within_the_landlords_homes_takes_the_new_household(landlord):
    give(landlord, JEANNE, PAUL)
    give(landlord, JEANNE.replace("C1", "C9").replace("1 rue du Port", "9 rue Neuve"), PAUL)
    assert Tenant.objects.get(reference="T1").household.reference == "C9"
    assert Tenant.objects.get(reference="T2").household.reference == "C1"


def test_a_renewed_contract_behind_the_same_door_is_the_same_household(landlord):
    give(landlord, JEANNE, PAUL)
    before = Household.objects.get().pk
    give(landlord, JEANNE.replace("C1", "C7"), PAUL.replace("C1", "C7"))
    home = Household.objects.get()
    assert (home.pk, home.reference) == (before, "C7")


def test_one_reference_for_two_people_loses_neither(landlord):
    lines = (JEANNE, PAUL.replace("T2", "T1"))
    result = give(landlord, *lines)
    assert "reference_shared" in codes(result)
    assert Tenant.objects.count() == 2
    assert give(landlord, *lines).counts["tenants_created"] == 0
    assert Tenant.objects.count() == 2


def test_one_person_on_two_rows_is_one_person_with_the_numbers_of_both(landlord):
    garage = JEANNE.replace("C1", "G1").replace("0536490001", "0536490009")
    result = give(landlord, JEANNE, garage)
    assert (Tenant.objects.count(), Household.objects.count()) == (1, 1)
    assert PhoneNumber.objects.count() == 2
    assert "same_person" in codes(result)


def test_a_landlord_who_renumbers_everybody_makes_nobody_twice(landlord):
    give(landlord, JEANNE, PAUL)
    give(landlord, JEANNE.replace("T1", "N1"), PAUL.replace("T2", "N2"))
    assert set(Tenant.objects.values_list("reference", flat=True)) == {"N1", "N2"}


def test_a_third_partys_number_is_dialled_after_the_tenants(landlord):
    give(landlord, JEANNE.replace("0536490001", "0536490001 (fils) / 0536490002"))
    from tenants.households import usable_phones

    phones = usable_phones(Household.objects.prefetch_related("phones").get())
    assert [(p.e164[-1], p.third_party, p.label) for p in phones] == [("2", False, ""), ("1", True, "fils")]


def test_rows_without_a_name_or_an_identity_are_rejected_and_nothing_else_is(landlord):
    result = give(
        landlord,
        "T1;C1;;Jeanne;;;;;;;",
        ";C2;Martin;;;;;;;;",
        "T3;C3;Petit;;31/31/1938;0800123456;;99999;Nulle Part;;Mystère",
    )
    assert result.counts["tenants_rejected"] == 2
    assert [i["row"] for i in result.issues if i["severity"] == "error"] == [2, 3]
    assert Tenant.objects.get().reference == "T3"
    assert {"birth_unreadable", "phone_invalid", "commune_unknown", "status_unknown"} <= set(codes(result))


def test_references_are_the_landlords_own(landlord):
    from tests.factories import make_landlord

    give(landlord, JEANNE)
    give(make_landlord("autre", "Autre bailleur"), JEANNE.replace("Jeanne", "Zoé"))
    assert Tenant.objects.count() == 2


def test_names_addresses_and_towns_in_single_columns_are_taken_apart(landlord):
    head = ("Identité", "Adresse", "Date de naissance")
    rows = [
        dict(
            zip(
                head,
                ("Mme DE OLIVEIRA Jeanne", "12 rue du Port, Bât B, apt 4 33000 BORDEAUX CEDEX", "1938"),
                strict=True,
            )
        )
    ]
    import_rows(rows, landlord=landlord, now=timezone.now())
    tenant = Tenant.objects.select_related("household").get()
    home = tenant.household
    assert (tenant.civility, tenant.last_name, tenant.first_name) == ("Mme", "DE OLIVEIRA", "Jeanne")
    assert (home.street, home.building, home.door) == ("12 rue du Port", "Bât B", "apt 4")
    assert (home.postal_code, home.city, home.insee_code) == ("33000", "BORDEAUX", "33063")


def test_the_cost_does_not_grow_with_the_rows_of_a_chunk(landlord, count_queries):
    from tenants.tests.lists import HEADINGS, people

    costs = []
    for size in (30, 600):
        rows = [dict(zip(HEADINGS, row, strict=True)) for row in people(size, seed=size)]
        import_rows(rows, landlord=landlord, now=timezone.now())
        with count_queries() as queries:
            import_rows(rows, landlord=landlord, now=timezone.now())
        costs.append(len(queries))
    # One more where somebody of the list was born on the day of somebody who lives elsewhere.
    assert abs(costs[0] - costs[1]) <= 1
    assert max(costs) <= 18
