"""Lists as people and their software write them, with what must be read of them: one folder a kind, and its kin.

What each folder is stands in its README; ``expected`` says what must come of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from tenants import phones
from tenants.imports import jobs, work
from tenants.imports.csvs import detect_encoding
from tenants.imports.read import open_list
from tenants.models import Household, ListImport, PhoneNumber, Tenant
from tenants.tests import formats
from tests.strict import StrictClient

CASES = Path(__file__).parent
pytestmark = pytest.mark.django_db
Give = Callable[..., dict[str, Any]]


@pytest.fixture
def give(capsys: pytest.CaptureFixture[str], tmp_path: Path, landlord: Any) -> Give:
    """Import a file of a case, a text or bytes by the command, and what its report says; twice changes nothing."""

    def run(name: str = "", content: str | bytes = b"", options: tuple[str, ...] = ()) -> dict[str, Any]:
        path = CASES / name
        if content:
            path = tmp_path / "liste"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

        def once() -> dict[str, Any]:
            call_command("import_tenants", str(path), "--json", "--people", "--landlord", landlord.code, *options)
            said: dict[str, Any] = json.loads(capsys.readouterr().out)
            people = sum(said[f"tenants_{kind}"] for kind in ("created", "updated", "unchanged", "skipped", "rejected"))
            assert said["rows"] + said["second_people"] == people
            return said

        first, again = once(), once()
        assert (again["tenants_created"], again["tenants_updated"]) == (0, 0)
        assert (again["households_created"], again["households_updated"]) == (0, 0)
        return first

    return run


def people() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """« MARTIN Jeanne » → (birth, contract, own numbers to dial)."""
    return {
        f"{one.last_name} {one.first_name}".strip(): (
            (str(one.birth_date.year) if one.birth_precision == "year" else one.birth_date.isoformat())
            if one.birth_date
            else "",
            one.household.reference,
            tuple(phone.e164 for phone in one.phones.all() if phone.usable),
        )
        for one in Tenant.objects.select_related("household").prefetch_related("phones")
    }


def codes(said: dict[str, Any]) -> set[tuple[int, str]]:
    return {(issue["row"], issue["code"]) for issue in said["issues"]}


def skipped(said: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(one["row"], one["name"], one["word"]) for one in said["skipped"]]


# 06: merged cells -----------------------------------------------------------------------------------------


def test_a_merged_cell_holds_its_value_for_every_row_it_covers(give: Give) -> None:
    give("06-cellules-fusionnees/liste.xlsx")
    assert people()["FAURE Henri"][:2] == ("1938-06-05", "C1")
    assert Household.objects.count() == 2
    henri = Tenant.objects.get(first_name="Henri").household
    assert (henri.street, henri.city, henri.insee_code) == ("1 rue du Port", "Bordeaux", "33063")
    assert henri.phones.get().e164 == "+33536490101"


ODS_MERGED = (
    "<table:table-row>{}</table:table-row>"
    '<table:table-row><table:table-cell office:value-type="string" table:number-rows-spanned="2"><text:p>C1</text:p>'
    "</table:table-cell>{}</table:table-row>"
    "<table:table-row><table:covered-table-cell/>{}</table:table-row>"
)


def test_a_cell_over_several_rows_of_an_opendocument_sheet_or_a_web_page_does_too(give: Give) -> None:
    def cells(*texts: str) -> str:
        return "".join(
            f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>' for text in texts
        )

    rows = ODS_MERGED.format(cells("N° contrat", "Nom", "Prénom"), cells("FAURE", "Lucie"), cells("FAURE", "Henri"))
    give(content=formats.ods_of(rows))
    assert {name: one[1] for name, one in people().items()} == {"FAURE Lucie": "C1", "FAURE Henri": "C1"}
    give(
        content="<html><body><table><tr><td>N° contrat<td>Nom<td>Prénom<td>Ville"
        '<tr><td rowspan="2">C7<td>GAY<td>Irma<td rowspan=2>Bordeaux<tr><td>GAY<td>Luc</table></body></html>'
    )
    assert people()["GAY Luc"][1] == "C7"
    assert Tenant.objects.get(first_name="Luc").household.city == "Bordeaux"


# 07: the name somebody goes by ----------------------------------------------------------------------------


def test_the_usage_name_counts_whatever_the_order_of_the_columns(give: Give) -> None:
    give("07-nom-usage/liste.csv")
    assert set(people()) == {"LAFON Ginette", "LAFON Guy"}


@pytest.mark.parametrize(
    ("head", "row", "name"),
    [
        ("Nom d'usage;Nom", "LAFON;DUPUIS", "LAFON"),
        ("Nom de naissance;Nom", "DUPUIS;LAFON", "LAFON"),
        ("Nom de naissance;Nom d'usage", "DUPUIS;", "DUPUIS"),
        ("NOMNAI;NOMUSA;NOM", "DUPUIS;LAFON;X", "LAFON"),
        ("Nom", "LAFON née DUPUIS", "LAFON"),
        ("Nom", "LAFON (veuve DUPUIS)", "LAFON"),
    ],
)
def test_a_birth_name_is_only_what_is_left(give: Give, head: str, row: str, name: str) -> None:
    give(content=f"Référence;Prénom;{head}\nT1;Ginette;{row}\n")
    assert Tenant.objects.get().last_name == name


# 13: cells of numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("1) 05 36 49 01 01 2) 06 39 98 01 02", ["+33536490101", "+33639980102"]),
        ("1/ 0536490101 2/ 0639980102", ["+33536490101", "+33639980102"]),
        ("1- 05 36 49 01 01\n2- 06 39 98 01 02", ["+33536490101", "+33639980102"]),
        ("n°1 : 05 36 49 01 01 ; n°2 : 06 39 98 01 02", ["+33536490101", "+33639980102"]),
        ("tél.1 05 36 49 01 01 tél.2 06 39 98 01 02", ["+33536490101", "+33639980102"]),
        ("après 18h00 06 39 98 01 02", ["+33639980102"]),
        ("8h-12h : 05 36 49 01 01", ["+33536490101"]),
        ("05 36 49 01 01 (1) 06 39 98 01 02 (2)", ["+33536490101", "+33639980102"]),
        ("05/36/49/01/01", ["+33536490101"]),
    ],
)
def test_numbered_and_annotated_numbers_are_read(cell: str, numbers: list[str]) -> None:
    read = phones.parse_cell(cell)
    assert ([phone.e164 for phone in read.phones], read.rejected) == (numbers, ())


def test_an_hour_stays_said_beside_its_number() -> None:
    assert phones.parse_cell("06 39 98 01 02 après 18h30").phones[0].label == "après 18h30"


# 29: do not call ------------------------------------------------------------------------------------------


def test_who_a_list_says_not_to_call_is_said_and_a_wrong_number_is_not_dialled(give: Give) -> None:
    said = give("29-ne-pas-appeler/liste.csv")
    assert {(2, "do_not_call"), (3, "do_not_call"), (4, "do_not_call"), (5, "number_not_dialled")} <= codes(said)
    assert people()["FOURCADE Denis"][2] == ("+33639980104",)
    assert people()["DARTIGUES Berthe"][2] == ()
    assert not PhoneNumber.objects.get(e164="+33536490104").usable


def test_a_later_list_without_the_word_does_not_bring_the_number_back(give: Give) -> None:
    head = "Référence;Nom;Prénom;Téléphone\n"
    give(content=head + "T1;ROUX;Luce;05 36 49 01 01\n")
    assert people()["ROUX Luce"][2] == ("+33536490101",)
    give(content=head + "T1;ROUX;Luce;05 36 49 01 01 n’est plus attribué\n")
    give(content=head + "T1;ROUX;Luce;05 36 49 01 01\n")
    assert people()["ROUX Luce"][2] == ()


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("Ne souhaite plus être appelé", True),
        ("Merci de ne plus appeler ce locataire", True),
        ("Refuse les appels", True),
        ("ne veut plus être contactée", True),
        ("Ne pas appeler le matin", False),
        ("ne pas appeler avant 10h", False),
        ("Rappeler demain", False),
        ("Plus de téléphone fixe", False),
    ],
)
def test_an_hour_to_avoid_is_no_refusal(text: str, refused: bool) -> None:
    assert phones.says_no_call(text) is refused


# 40, 44: two people on one row ----------------------------------------------------------------------------


def test_two_rows_of_headings_name_two_people_a_row(give: Give) -> None:
    said = give("40-deux-titres-deux-locataires/l1_couples_2headers.xlsx")
    assert people() == {
        "MARTIN Jeanne": ("1938-04-02", "L/0001/01", ("+33556123456",)),
        "MARTIN Robert": ("1936-01-05", "L/0001/01", ("+33612345679",)),
        "DUBOIS Alice": ("1941-05-12", "L/0002/01", ("+33612345670",)),
        "LAFITTE Pierre": ("1940-05-01", "L/0003/01", ("+33612345671",)),
        "LAFITTE Marie": ("1942-11-03", "L/0003/01", ()),
        "O'CONNOR Sean": ("1940-03-03", "L/0004/01", ("+33612345672",)),
        "NGUYEN Thi Lan": ("1950-07-07", "L/0004/01", ("+33612345673",)),
        "PETIT Luc": ("1990-07-19", "L/0005/01", ("+33612345674",)),
        "PETIT Germaine": ("1935-07-19", "L/0005/01", ("+33558000001",)),
    }
    assert (said["rows"], said["second_people"]) == (5, 4)
    assert [i["value"] for i in said["issues"] if i["code"] == "phone_invalid"] == ["06.12.34.56.78"]
    assert (Household.objects.count(), said["skipped_rows"]) == (5, 6)


def test_a_hidden_sheet_is_read_only_when_it_is_chosen(give: Give) -> None:
    path = CASES / "40-deux-titres-deux-locataires" / "l1_couples_2headers.xlsx"
    source = open_list(path)
    assert (source.sheet, source.sheets) == ("Locataires", ["Synthèse", "Locataires", "ancien"])
    assert open_list(path, sheet="ancien").sheet == "ancien"


def test_columns_of_a_spouse_are_a_second_person_of_the_household(give: Give) -> None:
    said = give("44-conjoint/l5_conjoint.csv")
    assert people() == {
        "SANCHEZ Carmen": ("1944-04-04", "B100", ("+33558112233", "+33611223344")),
        "SANCHEZ Luis": ("1941-05-05", "B100", ("+33611223345",)),
        "FABRE Henri": ("1960-04-04", "B101", ("+33558112234",)),
        "FABRE Louise": ("1933-05-05", "B101", ()),
        "ROBERT Claire": ("1951-09-01", "B102", ("+33558112235", "+33611223346")),
    }
    assert said["refused_columns"] == ["Mail"]
    assert Household.objects.count() == 3


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("Nom 1;Prénom 1;Né le 1;Nom 2;Prénom 2;Né le 2", "GAY;Irma;1938;GAY;Luc;1936"),
        ("Locataire 1;Né le;Locataire 2;Né le locataire 2", "GAY Irma;1938;GAY Luc;1936"),
        ("Nom;Prénom;Né le;Prénom conjoint;Né le conjoint", "GAY;Irma;1938;Luc;1936"),
        ("Nom titulaire;Prénom titulaire;Né le titulaire;Nom co-titulaire;Prénom co-titulaire;Né le co-titulaire",
         "GAY;Irma;1938;GAY;Luc;1936"),
        ("Nom;Prénom;Né le;Nom du 2e locataire;Prénom du 2e locataire;Né le (2e locataire)",
         "GAY;Irma;1938;GAY;Luc;1936"),
    ],
)  # fmt: skip
def test_however_a_second_person_is_headed(give: Give, head: str, row: str) -> None:
    give(content=f"Référence;{head}\nT1;{row}\n")
    assert {name: one[0] for name, one in people().items()} == {"GAY Irma": "1938", "GAY Luc": "1936"}
    assert Household.objects.count() == 1


def test_two_rows_of_headings_in_text_reach_over_their_columns(give: Give) -> None:
    give(
        content="N° contrat;Locataire 1;;Locataire 2;;Adresse;Personne à prévenir;\n"
        ";Nom;Prénom;Nom;Prénom;;Nom;Tél\n"
        "C1;GAY;Irma;ROUX;Luc;1 rue du Port;DURAND;06 39 98 01 02\n"
    )
    assert {name: one[1] for name, one in people().items()} == {"GAY Irma": "C1", "ROUX Luc": "C1"}
    assert PhoneNumber.objects.get().third_party


def test_a_second_person_that_nothing_reads_is_answered_before_the_confirmation(
    landlord: Any, administrator: Any, client_of: Callable[[Any], StrictClient]
) -> None:
    text = "Référence;Nom;Prénom;Nom conjoint\nT1;GAY;Irma;GAY\n"
    row = jobs.upload(
        landlord=landlord, file=ContentFile(text.encode()), file_name="l.csv", by=None, now=timezone.now()
    )
    jobs.set_columns(list_import=row, fields={3: ""}, by=None, now=timezone.now())
    work.run_all()
    client = client_of(administrator)
    refused = client.post(f"/administration/imports/{row.pk}/confirmer/")
    assert refused.status_code == 422
    assert "dites qu’il n’y a personne d’autre" in refused.text.replace("\u00a0", " ")
    row.refresh_from_db()
    assert row.state == ListImport.State.CHECKED
    client.post(f"/administration/imports/{row.pk}/confirmer/", {"one_a_row": "on"})
    work.run_all()
    assert set(people()) == {"GAY Irma"}


# 41: names in one column ----------------------------------------------------------------------------------


def test_a_column_of_designations_gives_people_and_says_who_is_none(give: Give) -> None:
    said = give("41-designations/l2_ikos_latin1.csv")
    assert {name: one[0] for name, one in people().items()} == {
        "MARTIN Jeanne": "1938-04-02",
        "DURAND Paul": "",
        "DURAND Simone": "",
        "LE GOFF Anne-Marie": "",
        "DUPONT Marcel": "1940-12-31",
        "BÉGUÉ": "1939-10-10",
    }
    assert skipped(said) == [(6, "LARRIEU", "SUCCESSION"), (7, "SARL BOULANGERIE DU PORT", "SARL")]
    assert {(4, "birth_owner"), (9, "several_people")} <= codes(said)
    couple = {one.household_id for one in Tenant.objects.filter(last_name="DURAND")}
    assert len(couple) == 1
    daughter = PhoneNumber.objects.get(e164="+33612345680")
    assert (daughter.label, daughter.third_party) == ("fille", True)
    assert Tenant.objects.get(first_name="Jeanne").civility == "Mme"


@pytest.mark.parametrize(
    ("cell", "two"),
    [
        ("M. et Mme DURAND Paul et Simone", {"DURAND Paul", "DURAND Simone"}),
        ("Mme MARTIN Jeanne et M. PETIT Paul", {"MARTIN Jeanne", "PETIT Paul"}),
        ("MARTIN Jeanne / PETIT Paul", {"MARTIN Jeanne", "PETIT Paul"}),
        ("DURAND Paul & Simone", {"DURAND Paul", "DURAND Simone"}),
        ("M. Paul et Mme Simone DURAND", {"DURAND Paul", "DURAND Simone"}),
        ("M. DURAND Jean-Paul et Mme LE GOFF Anne-Marie", {"DURAND Jean-Paul", "LE GOFF Anne-Marie"}),
        ("M. et Mme DURAND", {"DURAND"}),
        ("Mme ETCHEVERRY Maritxu", {"ETCHEVERRY Maritxu"}),
    ],
)
def test_a_couple_in_one_cell_is_two_people_of_one_household(give: Give, cell: str, two: set[str]) -> None:
    give(content=f"Réf. loc.;Désignation;Adresse;CP Ville\n124;{cell};3 rue du Port;33000 BORDEAUX\n")
    assert set(people()) == two
    assert Household.objects.count() == 1


def test_a_couple_in_two_columns_too(give: Give) -> None:
    give(
        content="Réf. loc.;Civilité;Nom;Prénom\n1;M. et Mme;DURAND;Paul et Simone\n2;M. et Mme;ROUX / PETIT;Luc / Ana\n"
    )
    assert set(people()) == {"DURAND Paul", "DURAND Simone", "ROUX Luc", "PETIT Ana"}
    assert Tenant.objects.get(first_name="Simone").civility == "Mme"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("SCI LES PINS", False),
        ("ASSOCIATION LE PHARE", False),
        ("BOULANGERIE DU PORT SARL", False),
        ("CCAS DE DAX", False),
        ("DE SA Maria", True),
        ("SAS Marie", True),
        ("SOCIAS Paul", True),
    ],
)
def test_a_company_is_no_person_and_a_name_like_one_is(give: Give, name: str, kept: bool) -> None:
    said = give(content=f"Réf. loc.;Désignation\n1;{name}\n2;GAY Irma\n")
    assert (Tenant.objects.count() == 2) is kept
    assert [one["code"] for one in said["skipped"]] == ([] if kept else ["company"])


# 42: overseas ---------------------------------------------------------------------------------------------


def test_overseas_numbers_without_a_plus_are_read_where_they_are(give: Give) -> None:
    give("42-outre-mer/l3_outremer.tsv")
    assert {name: one[2] for name, one in people().items()} == {
        "PAYET Marie": ("+262262123456", "+262692123456"),
        "HOARAU Jean": ("+262692123457",),
        "BEAUROY Lucette": ("+590590123457", "+590690123458"),
        "MARIE-SAINTE Paul": ("+596596123458", "+596696123459"),
        "SAID Ali": ("+262269611234", "+262639123456"),
        "WAMYTAN Pauline": ("+687261234",),
    }
    assert people()["SAID Ali"][0] == "1940"


@pytest.mark.parametrize(
    ("digits", "region", "number"),
    [
        ("262692123457", "FR", "+262692123457"),
        ("590690123458", "GP", "+590690123458"),
        ("594694123456", "GF", "+594694123456"),
        ("596696123459", "MQ", "+596696123459"),
        ("687261234", "NC", "+687261234"),
        ("68940412345", "PF", "+68940412345"),
        ("0687261234", "FR", "+33687261234"),
        ("0639123456", "FR", "+262639123456"),
        ("0639980102", "YT", "+33639980102"),
        ("0639123456", "YT", "+262639123456"),
    ],
)
def test_each_territory_has_its_own_code(digits: str, region: str, number: str) -> None:
    assert phones.e164(digits, region) == number


# 43: headings of software ---------------------------------------------------------------------------------


def test_a_landlords_software_names_its_columns_by_codes(give: Give) -> None:
    said = give("43-codes-de-logiciel/l4_aravis.xls")
    assert said["refused_columns"] == ["NUMSS", "LOYER"]
    assert people() == {
        "GARCIA Maria": ("1938-02-09", "", ("+33558123470", "+33612345690")),
        "GARCIA José": ("1935-08-04", "", ()),
        "LEROY Yves": ("1941", "", ("+33558123472",)),
        "ROUSSEAU Jean": ("1938", "", ()),
    }
    garcia = {one.household_id for one in Tenant.objects.filter(last_name="GARCIA")}
    assert len(garcia) == 1
    assert skipped(said) == [(5, "Odette BERNARD", "DCD"), (7, "Lise MOREAU", "31/01/2020")]
    assert {(4, "same_name_same_address"), (6, "birth_impossible_day"), (8, "birth_year_only")} <= codes(said)
    assert said["skipped_rows"] == 3


DIALECTS = (
    "NUMTIE;NOMTIE;PRETIE;DATNAI;TELPOR;ADR1;CODPOS;VILLE",
    "CODLOC;NOMLOC;PRELOC;NELE;TELDOM;ADRLOC;CPLOC;VILLOC",
    "REFCLI;NOMCLI;PRNCLI;DTNAIS;GSM;LIBVOI;CPOST;LIBCOM",
    "ID_OCC;NOM_OCC;PREN_OCC;DT_NAISS_OCC;TEL_MOB;ADRESSE;CP;COMMUNE",
    "MATLOC;NOM;PRN;DNAI;NUMTEL;ADRLGT1;CODPOST;NOMVIL",
)


@pytest.mark.parametrize("head", DIALECTS)
def test_dialects_of_software_are_recognised(give: Give, head: str) -> None:
    give(content=f"{head}\nT1;GAY;Irma;05/06/1938;06 39 98 01 02;1 rue du Port;33000;BORDEAUX\n")
    one = Tenant.objects.get()
    assert (one.reference, one.last_name, one.first_name, str(one.birth_date)) == ("T1", "GAY", "Irma", "1938-06-05")
    assert one.phones.get().e164 == "+33639980102"
    assert (one.household.street, one.household.insee_code) == ("1 rue du Port", "33063")


@pytest.mark.parametrize("heading", ["Digicode", "Code porte", "Code entrée", "Code d'accès"])
def test_the_key_of_a_door_is_no_building(give: Give, heading: str) -> None:
    give(content=f"Référence;Nom;Prénom;Adresse;{heading};CP;Ville\nT1;GAY;Irma;1 rue du Port;12B45;33000;Bordeaux\n")
    home = Household.objects.get()
    assert (home.building, home.door) == ("", "")


def test_unknown_headings_are_proposed_by_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    rows = ["GAY;Irma;05/06/1938;06 39 98 01 02", "ROUX;Jeanne;01/02/1940;05 36 49 01 01", "NOEL;Paul;1936;"]
    path.write_text("\n".join(["Référence;Adresse;Zone A;Zone B;Zone C;Zone D", *(f"T;1 rue X;{row}" for row in rows)]))
    header = open_list(path).header
    assert header is not None
    assert [(column.field, column.score < 80) for column in header.columns[2:]] == [
        ("last_name", True),
        ("first_name", True),
        ("birth", True),
        ("phone", True),
    ]


# Encodings, ages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "cp850", "mac_roman"])
@pytest.mark.parametrize("names", [("BÉGUÉ", "Hélène"), ("LEFÈVRE", "ZOÉ"), ("ROUX", "François")])
def test_encodings_are_told_apart_by_how_french_they_read(
    tmp_path: Path, give: Give, codec: str, names: tuple[str, str]
) -> None:
    text = f"Référence;Nom;Prénom\nT1;{names[0]};{names[1]}\n"
    path = tmp_path / "l.csv"
    path.write_bytes(text.encode(codec))
    assert detect_encoding(path)[0] == codec
    give(content=text.encode(codec))
    assert (Tenant.objects.get().last_name, Tenant.objects.get().first_name) == names


def test_a_year_of_a_baby_or_a_centenarian_is_the_centenarians_unless_the_row_says_child(give: Give) -> None:
    said = give(content="Référence;Nom;Prénom;Né le;Qualité\nT1;GAY;Irma;05/06/24;\nT2;GAY;Luc;05/06/24;Enfant\n"
                "T3;GAY;Ana;05/06/24;Occupant\nT4;GAY;Max;05/06/38;\n")  # fmt: skip
    births = said["births"]
    assert births == {"T1": "1924-06-05", "T2": "2024-06-05", "T3": "1924-06-05", "T4": "1938-06-05"}
    assert {(2, "age_in_doubt"), (3, "age_in_doubt"), (4, "age_in_doubt")} <= codes(said)
    assert (5, "age_in_doubt") not in codes(said)
