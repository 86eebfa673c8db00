"""Headings are recognised by their usual spellings; what the purpose does not need is refused by name."""

from __future__ import annotations

import pytest

from tenants.imports.columns import find_header, fingerprint, is_refused, read_header, recognise, use_fields
from tenants.imports.fields import LABELS, SPELLINGS


def test_every_field_has_a_dozen_spellings_and_each_is_recognised():
    for field, spellings in SPELLINGS.items():
        assert field in LABELS
        assert len(set(spellings)) >= 12, field
        for spelling in spellings:
            assert recognise(spelling) == (field, 100), spelling
            assert recognise(spelling.upper().replace(" ", "_"))[0] == field, spelling
            assert not is_refused(spelling), spelling


@pytest.mark.parametrize(
    "heading",
    ["NIR", "N° sécurité sociale", "N° SS", "IBAN", "R.I.B.", "Loyer mensuel", "LOYER_HC", "Impayés", "Solde compte",
     "Dette locative", "Nationalité", "Retard de paiement", "Arriérés", "Revenu fiscal", "Lieu de naissance"],
)  # fmt: skip
def test_what_is_not_needed_is_refused(heading):
    assert is_refused(heading)
    assert read_header([heading, "Nom"], 0).refused == [heading]


@pytest.mark.parametrize(
    "heading",
    [
        "Nom du gardien",
        "Tél. agence",
        "Nom de l'enfant",
        "E-mail",
        "Digicode",
        "Code entrée",
        "Date d'entrée",
        "Surface",
    ],
)
def test_what_is_about_something_else_is_not_guessed(heading):
    assert recognise(heading)[0] == ""


def test_a_second_person_on_the_row_is_noticed():
    header = read_header(["Nom", "Prénom", "Nom conjoint", "Date naissance conjoint"], 0)
    assert [c.second_person for c in header.columns] == [False, False, True, True]
    assert [c.field for c in header.columns][2:] == ["second_last_name", "second_birth"]


def test_the_surer_heading_wins_and_several_numbers_are_kept():
    header = read_header(["Nom", "Nom d'usage", "Tél 1", "Tél 2", "Locataire"], 0)
    assert [c.field for c in header.columns] == ["last_name", "usage_name", "phone", "phone", ""]


def test_the_header_is_found_under_its_titles():
    rows = [(1, ["Liste au 02/11/2026"]), (2, []), (3, ["Matricule", "Nom", "Prénom"]), (4, ["T1", "Martin", "Zoé"])]
    header = find_header(rows)
    assert header is not None
    assert header.position == 2
    assert header.columns[1].samples == ["Martin"]


def test_a_profile_never_brings_back_a_refused_column():
    header = read_header(["Nom", "NIR", "Divers"], 0)
    use_fields(header, {"NOM": "last_name", "NIR": "reference", "DIVERS": "notes"})
    assert [c.field for c in header.columns] == ["last_name", "", "notes"]
    assert fingerprint(header) == fingerprint(read_header(["nom", "N.I.R.", "DIVERS"], 0))
