"""What somebody types becomes paragraphs, lists and links, and never anything else."""

from __future__ import annotations

import pytest

from campaigns.public import answers


def test_an_empty_line_separates_paragraphs_and_dashes_make_a_list():
    made = answers.html("Bonjour.\nEncore.\n\nDeux choses :\n- l'eau ;\n- le frais.\n\nFin.")
    listed = "<ul><li>l&#x27;eau\u00a0;</li><li>le frais.</li></ul>"
    assert made == f"<p>Bonjour. Encore.</p><p>Deux choses\u00a0:</p>{listed}<p>Fin.</p>"


@pytest.mark.parametrize(
    "typed",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">ici</a>',
        "[ici](javascript:alert(1))",
        "- <img src=x onerror=alert(1)>",
        'le 15" onclick="alert(1)',
    ],
)
def test_nobody_types_html(typed):
    made = str(answers.html(typed))
    for tag in ("<p>", "</p>", "<ul>", "</ul>", "<li>", "</li>", '<a class="nowrap" href="tel:15">', "</a>"):
        made = made.replace(tag, "")
    assert "<" not in made
    assert '"' not in made


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("Appelez le 15.", "tel:15"),
        ("Parlez au 3977, sans crainte.", "tel:3977"),
        ("Écrivez au 114.", "sms:114"),
        ("Appelez le 0 800 47 47 88.", "tel:0800474788"),
        ("Appelez le 0 800 858 858.", "tel:0800858858"),
        ("Notre numéro : 05 56 00 00 00", "tel:0556000000"),
    ],
)
def test_a_number_can_be_pressed(typed, address):
    assert f'href="{address}"' in answers.html(typed)


@pytest.mark.parametrize("typed", ["Avant le 15 août.", "Le 15 h 30.", "le 1512", "au 18 %", "il y a 15 ans", "le 153"])
def test_a_date_or_an_hour_is_no_number(typed):
    assert "<a" not in answers.html(typed)


def test_the_address_of_our_page_bears_its_title_and_another_stays_text():
    made = answers.html("Voyez /bons-gestes/canicule/ ou /admin/ ou https://exemple.fr/questions/")
    assert '<a href="/bons-gestes/canicule/">Les bons gestes (canicule)</a>' in made
    assert made.count("<a ") == 1


def test_a_search_minds_neither_accents_nor_capitals():
    assert answers.plain("Médecin, CŒUR\u00a0d’Été") == "medecin, coeur d'ete"
