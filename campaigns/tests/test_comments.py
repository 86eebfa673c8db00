"""The gentle warning under free texts."""

from __future__ import annotations

import pytest

from campaigns.comments import HEALTH, IDENTITY, OPINION, ORIGIN, warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Elle a un cancer du sein", [HEALTH]),
        ("Début d'Alzheimer, semble-t-il", [HEALTH]),
        ("Très DÉPRESSIVE en ce moment", [HEALTH]),
        ("Vraiment une vieille folle", [OPINION]),
        ("Il est gâteux et radin", [OPINION]),
        ("Famille musulmane", [ORIGIN]),
        ("Sécu : 1 38 05 33 063 123 45", [IDENTITY]),
        ("138053306312345", [IDENTITY]),
        ("2 40 11 2A 004 123 45", [IDENTITY]),
        ("RIB FR76 3000 6000 0112 3456 7890 189", [IDENTITY]),
        ("Carte 4970 1000 0000 0154", [IDENTITY]),
        ("Folle, avec un cancer", [HEALTH, OPINION]),
    ],
)
def test_what_should_not_be_kept_is_pointed_at(text, expected):
    assert warnings([text]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "La fille passe le dimanche.",
        "Préfère l'après-midi, entend mal.",
        "Parle portugais avec sa voisine.",
        "Rappeler au 05 36 49 00 12 ou au 06 39 98 00 12.",
        "Ascenseur en panne depuis le 12/11/2026, ticket 1234567890123456.",
        "Manque de médicaments pour la semaine.",
        "Content de l'appel, confond les jours.",
        "Le fourgon du portage passe à midi, rue du Foulon.",
        "\x00 😀 " + "é" * 300,
    ],
)
def test_ordinary_facts_pass_without_a_word(text):
    assert warnings([text]) == []


def test_each_warning_is_said_once():
    assert warnings(["un cancer", "un autre cancer", ""]) == [HEALTH]
