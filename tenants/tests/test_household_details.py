"""A household's column is declared once: what follows a list reads the declaration, whatever the column."""

from __future__ import annotations

import ast

import pytest
from django.urls import reverse
from django.utils import timezone

from tenants.imports import jobs, work
from tenants.imports.at_once import import_rows
from tenants.imports.fields import DETAILS, HouseholdDetail
from tenants.models import Household
from tenants.tests.test_import_jobs import checked
from tests.house.source import files, name_of, tree

pytestmark = pytest.mark.django_db
each = pytest.mark.parametrize("detail", DETAILS, ids=lambda detail: detail.name)
PERSON = {"N° locataire": "T1", "N° contrat": "C1", "Nom": "Martin", "Prénom": "Jeanne"}


def give(landlord, detail: HouseholdDetail, cell: str):
    return import_rows([{**PERSON, detail.spellings[0]: cell}], landlord=landlord, now=timezone.now())


@each
def test_a_detail_is_read_written_and_unchanged_the_second_time(detail, landlord):
    give(landlord, detail, detail.example)
    assert getattr(Household.objects.get(), detail.name) == detail.read(detail.example) != ""
    assert give(landlord, detail, detail.example).counts["households_updated"] == 0
    assert give(landlord, detail, "").counts["households_updated"] == 0


@each
def test_a_detail_first_said_by_a_later_list_is_shown_then_written(detail, landlord, client_of, administrator):
    blank = ";".join((*PERSON, detail.spellings[0])) + "\nT1;C1;Martin;Jeanne;"
    import_rows([PERSON], landlord=landlord, now=timezone.now())
    row = checked(landlord, f"{blank}{detail.example}\n")
    page = client_of(administrator).get(reverse("imports:show", args=[row.pk])).content.decode()
    assert f"{detail.change} : " in page.replace("\u00a0", " ")
    assert detail.say(detail.read(detail.example)) in page
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    assert getattr(Household.objects.get(), detail.name) == detail.read(detail.example)


@each
def test_what_was_written_by_hand_is_replaced_only_where_it_is_declared(detail, landlord):
    give(landlord, detail, "")
    by_hand = {"living_alone": False, "fragile": True, "language": "ar", "notes": "Laisser sonner"}[detail.name]
    Household.objects.update(**{detail.name: by_hand})
    give(landlord, detail, detail.example)
    expected = detail.read(detail.example) if detail.replaces else by_hand
    assert getattr(Household.objects.get(), detail.name) == expected


def test_the_guide_speaks_of_each(client_of, administrator):
    page = client_of(administrator).get(reverse("imports:guide")).content.decode().replace("&#x27;", "'")
    assert not [detail.name for detail in DETAILS if detail.label.lower() not in page]


def test_a_cell_that_is_not_understood_is_said_and_nothing_is_kept(landlord):
    language = next(detail for detail in DETAILS if detail.name == "language")
    result = give(landlord, language, "klingon")
    assert [issue["code"] for issue in result.issues if issue["column"] == language.spellings[0]] == [
        "language_unknown"
    ]
    assert Household.objects.get().language == ""
    assert not [i for i in give(landlord, language, "Français").issues if i["code"] == "language_unknown"]


def test_no_other_module_of_the_imports_names_a_detail():
    names = {detail.name for detail in DETAILS}
    found = {
        (name_of(path), word)
        for path in [*files(".py", under="tenants/imports"), *files(".py", under="tenants/views")]
        for node in ast.walk(tree(path))
        if (word := node.value if isinstance(node, ast.Constant) else getattr(node, "attr", "")) in names
    }
    assert {path for path, _ in found} == {"tenants/imports/fields.py"}
