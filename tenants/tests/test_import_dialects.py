"""Lists as landlords' systems and people write them: each with the answer a careful reader would give."""

# ruff: noqa: E501 — lists stand as they come
from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tenants.models import Household, Tenant
from tenants.tests import formats

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(tmp_path: Path, capsys):
    """What the command says of these bytes."""

    def tell(content: bytes | str, *options: str) -> dict[str, Any]:
        path = tmp_path / "liste"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        call_command("import_tenants", str(path), "--json", "--people", *options)
        return json.loads(capsys.readouterr().out)

    return tell


def has(said: dict[str, Any], **figures: Any) -> None:
    """These figures, and nothing else but zeros among the counts."""
    counted = {key: value for key, value in said.items() if isinstance(value, int) and value}
    assert counted == {key: value for key, value in figures.items() if isinstance(value, int)}
    for key, value in figures.items():
        assert said[key] == value, key


def codes(said: dict[str, Any]) -> list[tuple[int, str]]:
    return [(issue["row"], issue["code"]) for issue in said["issues"]]


MANAGEMENT = """Edition des occupants au 02/11/2026;;;;;;;;;;;;;;;
Société : 001 - GARONNE HABITAT;;;;;;;;;;;;;;;
;;;;;;;;;;;;;;;
Cd agence;Lib agence;Cd groupe;N° UG;N° Bail;Cd client;Civ;Nom client;Prénom client;Dt naiss.;Tel 1;Tel 2;Adresse 1;CP;Bureau distributeur;Dt sortie;Motif sortie;Loyer;Solde
01;NORD;0123;U1;B1;C1;MME;BARRÈRE;Jeannine;12031938;0556000101;NC;12 RUE DES LILAS;33300;BORDEAUX;;;412,33;-12
01;NORD;0123;U1;B1;C2;M;BARRÈRE;Roland;01021935;0556000101;06 51 20 01 01 (épouse);12 RUE DES LILAS;33300;BORDEAUX;;;4;0
01;NORD;0123;U2;B2;C3;MLLE;D'ALMEIDA;Rosa;00/00/1938;néant;06.51.20.01.02;14 RUE DES LILAS;33300;BORDEAUX CEDEX;31/12/9999;;3;0
01;NORD;0123;U3;B3;C4;M;LOPEZ (DCD);Jose;05/05/1930;0556000104;;16 RUE DES LILAS;33300;BORDEAUX;;;300;0
Sous-total agence 01;;;;;;4;;;;;;;;;;;1424,66;
Cd agence;Lib agence;Cd groupe;N° UG;N° Bail;Cd client;Civ;Nom client;Prénom client;Dt naiss.;Tel 1;Tel 2;Adresse 1;CP;Bureau distributeur;Dt sortie;Motif sortie;Loyer;Solde
02;SUD;0200;U4;B10;C10;M ou Mme;ETCHEVERRY;Peio;31/12/9999;+262 262 12 34 56;;3 CHEMIN DE LA MER;64200;BIARRITZ;01/12/2099;;3;0
02;SUD;0200;U5;B11;C11;MME;ETCHEVERRY;Maite;01/01/1900;05 59 00 01 11 / 06 51 20 01 11 (fille);;5 CHEMIN;64200;BIARRITZ;15/10/2020;Décès;3;0
02;SUD;0200;U6;B12;C12;MME;HARITSCHELHAR;;29/02/1940;0899123456;0800123456;7 CHEMIN DE LA MER;64200;BIARRITZ;00/00/0000;;3;0
Total général;;;;;;7;;;;;;;;;;;;
"""


def test_an_export_of_a_management_system(told):
    said = told(MANAGEMENT.encode("cp1252"))
    has(
        said, rows=7, skipped_rows=7, tenants_created=5, tenants_skipped=2, households_created=4,
        phones_valid=4, phones_rejected=2, callable_households=3, refused_columns=["Loyer", "Solde"], encoding="cp1252",
        births={"C1": "1938-03-12", "C2": "1935-02-01", "C3": "1938", "C10": None, "C12": "1940-02-29"},
        insee={"C1": "33063", "C2": "33063", "C3": "33063", "C10": "64122", "C12": "64122"},
    )  # fmt: skip
    # The agency's name rather than its code; nothing said of those who are not stored.
    assert set(Household.objects.values_list("agency__name", flat=True)) == {"NORD", "SUD"}
    assert not [issue for issue in said["issues"] if issue["row"] in (8, 12)]
    assert (11, "several_people") in codes(said)


OVERSEAS = """N° locataire|Nom et prénom|Né(e) le|Téléphones|Adresse|CP Ville|Contrat
R1|Mme PAYET Marie-Thérèse|12/03/38|0262 12 34 56 - 0692 12 34 57|1 rue du Port|97400 SAINT DENIS|K1
R2|M. HOARAU Jean|1-2-29|0693123456|2 rue du Port|97410 ST PIERRE|K2
R3|Mme BILON Anise|1939|0590 12 34 56|3 rue du Port|97110 POINTE-A-PITRE|K3
R4|M. VATEL Eric|12/1940|0696123456|4 rue|97200 FORT DE FRANCE|K4
R5|M. SAIDI Ali|19380312|0269601234|5 rue|97600 MAMOUDZOU|K5
R6|Mme WAHNAPO Rose|12 mars 1938|27 12 34|6 rue|98800 NOUMEA|K6
R7|Mme TERIIPAIA Moea|12-mars-38|87 12 34 56|7 rue|98714 PAPEETE|K7
R8|M. LEDEE Paul|03/12/1938|0590271234|8 rue|97133 SAINT BARTHELEMY|K8
R9|M. FLEMING Al|03.12.1938|0690 12 34 56|9 rue|97150 SAINT-MARTIN|K9
R10|Mme PAOLI Angèle|1938-03-12T00:00:00|04 95 12 34 56|10 cours Napoléon|20000 AJACCIO CEDEX 1|K10
R11|Mme CASANOVA Ghjulia|13/03/1938 00:00|0495123457|11 bd Paoli|20200 BASTIA|K11
R12|M. DETCHEVERRY Yvon|1er avril 1938|41 12 34|1 rue|97500 SAINT PIERRE|K12
"""


def test_a_list_from_overseas_and_corsica(told):
    said = told(OVERSEAS)
    has(
        said, rows=12, skipped_rows=1, tenants_created=12, households_created=12, phones_valid=13,
        callable_households=12,
        births={
            "R1": "1938-03-12", "R2": "1929-02-01", "R3": "1939", "R4": "1940", "R5": "1938-03-12",
            "R6": "1938-03-12", "R7": "1938-03-12", "R8": "1938-12-03", "R9": "1938-12-03", "R10": "1938-03-12",
            "R11": "1938-03-13", "R12": "1938-04-01",
        },
        insee={
            "R1": "97411", "R2": "97416", "R3": "97120", "R4": "97209", "R5": "97611", "R6": "98818", "R7": "98735",
            "R8": "97701", "R9": "97801", "R10": "2A004", "R11": "2B033", "R12": "97502",
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "codec"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"", "utf-16-le")]
)
def test_tabs_and_utf_16(told, mark, codec):
    rows = [
        "Matricule\tNom d’usage\tNom de jeune fille\tPrénom\tD.D.N.\tTél. domicile\tTél. portable"
        "\tPersonne à prévenir\tAdresse\tCP\tVille\tNationalité\tN° Sécu\tImpayé\tBail",
        "1\tSERRANO\tPEREZ\tLuz\t3/4/38\t05 56 00 02 01\t\tson fils Marc 06 51 20 02 02\t1 allée\t6000\tNice\tES\t2\t0\tA1",
        "2\tSERRANO\t\tManuel\t3/4/31\t\tportable HS\tVoisine Mme Roux: 0556000203\t1 allée\t6000\tNice\tES\t2\t0\tA1",
        "3\tLE GUEN\t\tYann\t31/12/1899\t00 00 00 00 00\t0600000000\t\t1 allée\t1000\tBourg en Bresse\tES\t2\t0\tA2",
        "4\tVVE MARTIN\t\tOdette\t1938.0\t5 56 00 02 04\t33651200204\t\t1 allée\t1000\tBourg en Bresse\tES\t2\t0\tA3",
    ]
    said = told(mark + "\r\n".join(rows).encode(codec))
    has(
        said, rows=4, skipped_rows=1, tenants_created=4, households_created=3, phones_valid=5, phones_rejected=2,
        callable_households=2, refused_columns=["Nationalité", "N° Sécu", "Impayé"], encoding="utf-16",
        births={"1": "1938-04-03", "2": "1931-04-03", "3": None, "4": "1938"},
        insee={"1": "06088", "2": "06088", "3": "01053", "4": "01053"},
    )  # fmt: skip
    widow = Tenant.objects.get(reference="4")
    assert (widow.civility, widow.last_name) == ("Mme", "MARTIN")


BY_HAND = """Liste canicule 2026 - agence de Pau;;;;;;
mise à jour : 3 juin 2026 (Sylvie);;;;;;
;;;;;;
NOM;PRENOM;AGE;NE(E) LE;TEL;ADRESSE;OBSERVATIONS
;;;;;;
Résidence Les Tilleuls;;;;;;
LABORDE;Marcelle;88 ans;5/7/38;05.59.00.04.01 (liste rouge);12, av. de la Gare - Apt 4 - 64000 PAU;voisine décédée
LABORDE;Fernand;90;5/7/36;05 59 00 04 01;12 avenue de la Gare - Apt 4 - 64000 PAU;
CAZENAVE;Yvette;;1935;0559000402 ou 06-51-20-04-03 (sa fille Nicole);14 avenue de la Gare, 64000 Pau;
POURTEAU;Albert;;?;pas de tél;16 avenue de la Gare, 64000 Pau;décédé en mai
LASSERRE;Jean;;1940;0559000404;18 avenue de la Gare, 64000 Pau;Est en EHPAD depuis mars
;;;;;;
Résidence Les Acacias;;;;;;
LARRIEU;Simone;;30/02/1940;05 59 00 04 05;20 avenue de la Gare, 64000 Pau;
LARRIEU;;;1/1/40;0559000406;;
;Paulette;;1/1/41;0559000407;3 rue Z;
TOTAL : 6 personnes;;;;;;
"""


def test_a_list_kept_by_hand_without_any_reference(told):
    said = told(BY_HAND)
    has(
        said, rows=8, skipped_rows=9, tenants_created=4, tenants_skipped=2, tenants_rejected=2, households_created=3,
        phones_valid=4, callable_households=3, encoding="utf-8", births={}, insee={},
    )  # fmt: skip
    assert Tenant.objects.filter(last_name="LABORDE").values("household").distinct().count() == 1
    assert Tenant.objects.get(first_name="Simone").birth_precision == "year"
    home = Household.objects.get(tenants__first_name="Yvette")
    assert [(phone.e164[-2:], phone.third_party) for phone in home.phones.all()] == [("02", False), ("03", True)]


def test_a_workbook_whose_list_is_behind_other_sheets(told):
    head = [
        "Identifiant", "N° contrat", "Nom - Prénom", "Date de naissance", "Téléphone(s)", "Voie", "N°", "Complément",
        "Code INSEE", "Code postal", "Localité", "Présent", "Compte bancaire", "Pays de naissance",
    ]  # fmt: skip
    rest = ["Bis", 33063, 33000, "Bordeaux", "Oui", "FR76", "Italie"]
    rows = [
        [],
        [],
        ["", "", "Locataires au 2 novembre"],
        [],
        head,
        [45, 1001, "MARTIN - Jeanne", date(1938, 3, 12), 556000101, "rue du Port", 12, *rest],
        [46, 1001, "DE LA TOUR-MARTIN Paul", "12.03.1936", 33556000102, "rue du Port", 12, *rest],
        [
            47,
            1002,
            "Odette PETIT",
            1941,
            "+33 5 56 00 01 03\n06 51 20 03 04",
            "rue",
            "14",
            "",
            6088,
            6200,
            "NICE",
            "Oui",
        ],
        [48, 1003, "Léa PETIT", 1941, 556000104, "rue", "15", "", 6088, 6200, "NICE", "Non", "FR76"],
        [],
        ["Total", 4],
    ]
    before = {
        "Lisez-moi": [["Export du 02/11/2026"], ["Contact : Sylvie"]],
        "Stats": [["Agence", "Nombre"], ["Pau", 3]],
    }
    said = told(formats.as_xlsx(rows, before))
    has(
        said, rows=4, skipped_rows=5, tenants_created=3, tenants_skipped=1, households_created=2, phones_valid=4,
        callable_households=2, refused_columns=["Compte bancaire", "Pays de naissance"], encoding=None,
        births={"45": "1938-03-12", "46": "1936-03-12", "47": "1941"},
        insee={"45": "33063", "46": "33063", "47": "06088"},
    )  # fmt: skip
    assert Tenant.objects.get(reference="47").last_name == "PETIT"
    assert Household.objects.get(reference="1001").street == "12 rue du Port Bis"


def test_a_table_of_a_database_with_spreadsheet_dates_and_codes(told):
    head = [
        "NUM_LOC",
        "NUM_CTR",
        "NOM",
        "PRENOM1",
        "DATE_NAIS",
        "TEL_DOM",
        "TEL_PORT",
        "ADR1",
        "CODPOST",
        "LIBCOM",
        "CD_AGENCE",
        "DATE_SORTIE",
        "DATE_ENTREE",
        "QUITTANCE",
        "SOLDE_DU",
        "RIB",
        "NUM_SECU",
        "NATIO",
    ]
    secret = [date(2001, 1, 1), 412.5, -3, "x", 2380333063123, "FR"]
    rows = [
        head,
        ["L1", "X1", "MARTIN", "JEANNE", date(1928, 3, 12), "05-56-00-01-01", 651200305, "12 RUE", 33000, "BORDEAUX", 1, 2958465, *secret],
        ["L2", "X2", "DURAND", "Yves", 0, "556000102.0", "#N/A", "12 RUE", 33000, "BORDEAUX", 1, 0, *secret],
        ["L3", "X3", "DURAND", "Éva", 13951, "0556000103", "N/C", "12 RUE", 33000, "BORDEAUX", 1, date(2026, 10, 1), *secret],
        ["L4", "X4", "ROUX", "Max", "13951.0", "6,51E+08", "", "12 RUE", 33000, "BORDEAUX", 1, "", *secret],
    ]  # fmt: skip
    said = told(formats.as_xlsx(rows))
    has(
        said, rows=4, skipped_rows=1, tenants_created=3, tenants_skipped=1, households_created=3, phones_valid=3,
        phones_rejected=1, callable_households=2,
        refused_columns=["QUITTANCE", "SOLDE_DU", "RIB", "NUM_SECU", "NATIO"],
        births={"L1": "1928-03-12", "L2": None, "L4": "1938-03-12"},
    )  # fmt: skip


PLAIN = [
    ["Titre de la liste"],
    ["Code locataire", "Code bail", "Nom", "Prénom", "Naissance", "Portable", "CP", "Ville"],
    ["007", "B1", "Abadie", "Zoé", date(1938, 3, 12), "06 51 20 03 04", "06000", "Nice"],
    [],
    ["008", "B1", "Petit", "Léa", "1941", "0651200305\n0556000101", "06000", "NICE CEDEX 4"],
    ["Total", "2"],
]
WRITERS = {
    "semicolons": formats.as_csv,
    "commas": lambda rows: formats.as_csv(rows, ",", "utf-8-sig"),
    "pipes": lambda rows: formats.as_csv(rows, "|", "cp1252"),
    "tabs": lambda rows: formats.as_csv(rows, "\t", "utf-16"),
    "xlsx": formats.as_xlsx,
    "xls": formats.as_xls,
    "ods": formats.as_ods,
    "page": formats.as_html,
    "old page": lambda rows: formats.as_html(rows, "windows-1252"),
    "xml": formats.as_xml_of_2003,
}
ENCODINGS = {"semicolons": "utf-8", "commas": "utf-8-sig", "pipes": "cp1252", "tabs": "utf-16"}


@pytest.mark.parametrize("kind", WRITERS)
def test_one_list_is_the_same_in_every_format(told, kind):
    said = told(WRITERS[kind](PLAIN))
    has(
        said, rows=2, skipped_rows=4, tenants_created=2, households_created=1, phones_valid=3, callable_households=1,
        births={"007": "1938-03-12", "008": "1941"}, insee={"007": "06088", "008": "06088"},
        encoding=ENCODINGS.get(kind), refused_columns=[],
    )  # fmt: skip
    again = told(WRITERS[kind](PLAIN))
    has(again, rows=2, skipped_rows=4, tenants_unchanged=2, phones_valid=3, callable_households=1)


def test_cells_over_several_rows_and_tags_left_open(told):
    page = """<html><body><h1>Export</h1><table><tr><th>Bail</th><th>R&eacute;f. loc.</th><th>Nom<br>d'usage</th>
    <th>Pr&eacute;nom</th><th>T&eacute;l.&nbsp;fixe</th></tr>
    <tr><td rowspan=2>B1</td><td>0012<td>Garc&iacute;a<td>Jos&eacute;<td>05&nbsp;56&nbsp;00&nbsp;05&nbsp;02
    <tr><td>0013<td>Garc&iacute;a<td>Ana<td>
    <tr><td>B2<td>0014<td>Petit<td>L&eacute;a<td>
    <tr><td colspan=5>Nombre de lignes : 3</table></body></html>"""
    said = told(page)
    assert (said["rows"], said["skipped_rows"], said["phones_valid"]) == (3, 2, 1)
    assert sorted(said["births"]) == ["0012", "0013", "0014"]
    assert Tenant.objects.get(reference="0013").first_name == "Ana"


def test_a_couple_on_one_row_is_said_row_by_row(told):
    said = told(
        "Réf. locataire,Nom titulaire,Prénom titulaire,Nom cotitulaire,Prénom cotitulaire,Tél titulaire,Tél cotitulaire\n"
        "T1,MARTIN,Jeanne,MARTIN,Paul,0556000301,0651200302\n"
        "T2,DURAND,Luc,,,0556000303,\n"
    )
    assert (said["rows"], said["second_people"], said["tenants_created"], said["phones_valid"]) == (2, 1, 3, 3)
    assert Tenant.objects.get(first_name="Paul").phones.get().e164 == "+33651200302"


def test_what_a_name_and_a_remark_say_of_a_death_or_a_departure(told):
    said = told(
        "Identifiant;Nom;Prénom;Né le;Remarques\n"
        "1;MARTIN (EHPAD);Jeanne;1938;\n"
        "2;PETIT (parti);Paul;1938;\n"
        "3;DURAND †;Léa;1938;\n"
        "4;SUCC. ROUX;Max;1938;\n"
        "5;Defunt-Ali;Sam;1938;mari décédé en 2020\n"
        "6;Feuillet;Ève;1938;DCD le 12/03/2026\n"
        "7;Succar;Ali;1938;Parti en EHPAD\n"
        "8;FEU MARTIN;Jo;1938;\n"
        "9;Roy;Éva;1938;a perdu son fils, décédé\n"
    )
    # Inside a name no word closes anybody: kept, and shown.
    assert sorted(said["births"]) == ["3", "4", "5", "8", "9"]
    assert [one["word"] for one in said["skipped"]] == ["EHPAD", "parti", "DCD le 12/03/2026", "Parti en EHPAD"]
    assert {(4, "name_doubt"), (5, "name_doubt"), (9, "name_doubt")} <= set(codes(said))


def test_what_a_yes_or_no_column_says(told):
    said = told(
        "Réf;Nom;Prénom;Actif\n1;Martin;Jeanne;O\n2;Petit;Léa;N\n3;Roux;Max;\n",
    )
    assert sorted(said["births"]) == ["1", "3"]
    said = told("Réf;Nom;Prénom;Parti\n11;Martin;Jeanne;Non\n12;Petit;Léa;Oui\n13;Roux;Max;01/02/2020\n", "--dry-run")
    assert sorted(said["births"]) == ["11"]


def test_the_cells_decide_where_a_heading_leaves_a_doubt(told):
    said = told(
        "Ref;Nom;Prénom;N°;Adresse;CP;Ville;Contact;Identifiant national;Code\n"
        "1;Martin;Jeanne;1;12 rue X;33000;Bordeaux (33);0556000101;2 38 03 33 063 123 75;FR1420041010050500013M02606\n"
        "2;Petit;Léa;2;13 rue X;33000;33000 Bordeaux;0556000102;238033306312375;FR1420041010050500013M02606\n"
    )
    assert said["phones_valid"] == 2
    assert said["refused_columns"] == ["Identifiant national", "Code"]
    assert said["insee"] == {"1": "33063", "2": "33063"}
    assert set(Household.objects.values_list("street", flat=True)) == {"12 rue X", "13 rue X"}


def test_a_first_name_first_when_the_heading_says_so(told):
    told("Réf;Prénom Nom;Naissance\n1;Jean Martin;1938\n2;Marie de la Tour;1938\n3;Mme Odette Petit;1940\n")
    assert list(Tenant.objects.order_by("reference").values_list("first_name", "last_name")) == [
        ("Jean", "Martin"),
        ("Marie", "de la Tour"),
        ("Odette", "Petit"),
    ]


def test_dwellings_numbered_within_their_residence_are_not_one_household(told):
    said = told(
        "Réf;Nom;Prénom;Résidence;N° logement;Tél\n"
        "1;Martin;Jeanne;Lilas;1;0556000101\n"
        "2;Petit;Léa;Tilleuls;1;0556000102\n"
        "3;Martin;Paul;Lilas;1;0556000101\n"
    )
    assert (said["households_created"], said["phones_valid"]) == (2, 2)


def test_odd_quotes_equal_signs_and_the_first_line_of_spreadsheets(told):
    said = told(
        'sep=,\r\n"N° locataire","Nom","Prénom","Adresse","Tél"\r\n'
        '"=""0012""","Martin ""Jo""","Zoé","12, rue X\r\n33000 Bordeaux","=""0556000601"""\r\n'
        '\'0013,Petit,Odette,"1 rue X, 33000 Bordeaux","05,56,00,06,02"\r\n'
    )
    assert said["births"] == {"0012": None, "0013": None}
    assert said["insee"] == {"0012": "33063", "0013": "33063"}
    assert (said["phones_valid"], said["phones_rejected"]) == (2, 0)


def test_rows_keep_the_numbers_a_spreadsheet_shows(told):
    rows = [[], ["", "Réf", "Nom", "Prénom"], ["", "1", "A", "B"], [], [], ["", "2", "", "B"]]
    for write in (formats.as_xlsx, formats.as_xls, formats.as_ods, formats.as_csv):
        said = told(write(rows), "--dry-run")
        assert [i["row"] for i in said["issues"] if i["severity"] == "error"] == [6], write.__name__


# The command's statuses ------------------------------------------------------------------------------


def test_a_refused_file_ends_with_one_and_says_why_in_french(tmp_path, capsys):
    path = tmp_path / "photo.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 100)
    with pytest.raises(SystemExit) as left:
        call_command("import_tenants", str(path), "--json")
    said = json.loads(capsys.readouterr().out)
    assert left.value.code == 1
    assert set(said) == {"error", "message"}
    assert said["message"].startswith("Ce fichier est une image.")
    assert Tenant.objects.count() == 0


@pytest.mark.parametrize("options", [["absent"], ["liste", "--landlord", "x"], ["liste", "--profile", "x"]])
def test_a_wrong_usage_ends_with_two(tmp_path, options):
    (tmp_path / "liste").write_bytes(formats.as_csv(PLAIN))
    with pytest.raises(CommandError) as wrong:
        call_command("import_tenants", str(tmp_path / options[0]), *options[1:])
    assert wrong.value.returncode == 2
    assert Tenant.objects.count() == 0
