"""The look shared by every page: icons, states, menu, pages of a list, and what the first visit weighs."""

from __future__ import annotations

import gzip
import re

import pytest
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from solidarites import roles
from solidarites.templatetags import ui
from tests.factories import make_user

STATIC = settings.BASE_DIR / "static"


def render(text, path="/", **context):
    return Template("{% load ui %}" + text).render(Context({"request": RequestFactory().get(path), **context}))


def test_an_icon_is_hidden_from_those_who_listen_unless_it_says_something():
    assert 'aria-hidden="true"' in render('{% icon "telephone" %}')
    labelled = render('{% icon "telephone" "Appel en cours" %}')
    assert 'role="img"' in labelled
    assert 'aria-label="Appel en cours"' in labelled


def test_every_icon_named_in_a_template_exists():
    known = set(ui._sprite())
    missing = {
        f"{path.relative_to(settings.BASE_DIR)}: {name}"
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for name in re.findall(r'\{%\s*icon\s+"([^"]+)"|icon_name="([^"]+)"', path.read_text())
        if not {*filter(None, name)} <= known
    }
    assert not missing


def test_a_state_is_an_icon_a_word_and_a_colour():
    text = render('{% state "alert" "bell" word %}', word="Alerte <U0>")
    assert "state-alert" in text
    assert "<svg" in text
    assert "Alerte &lt;U0&gt;" in text


def test_a_menu_entry_marks_its_page_and_is_nothing_for_a_route_that_is_not_there():
    assert render('{% nav_link "nulle:part" "Rien" "house" %}') == ""
    assert 'aria-current="page"' in render('{% nav_link "people:list" "Comptes" "people" %}', "/personnes/")
    assert 'aria-current="true"' in render('{% nav_link "people:list" "Comptes" "people" %}', "/personnes/3/")
    assert "aria-current" not in render('{% nav_link "people:list" "Comptes" "people" %}', "/compte/")
    assert ">3<" in render('{% nav_link "people:list" "Comptes" "people" 3 %}')


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("names", "shown", "hidden"),
    [
        ([roles.VOLUNTEER], ["/appels/"], ["/personnes/", "/admin/", "/tableau-de-bord/"]),
        (
            [roles.COORDINATOR],
            ["/tableau-de-bord/", "/personnes/", "/admin/"],
            ["/appels/", "/administration/imports/"],
        ),
        ([roles.ADMINISTRATOR], ["/personnes/", "/admin/"], ["/appels/", "/tableau-de-bord/"]),
        ([], [], ["/appels/", "/personnes/", "/admin/"]),
    ],
)
def test_the_menu_shows_each_role_its_own_pages(client_of, names, shown, hidden):
    client = client_of(make_user("zoe@exemple.fr", "Zoé", "Marin", *names))
    links = re.findall(r'<li><a href="([^"]+)"', client.get("/compte/").content.decode())
    assert set(shown) <= set(links)
    assert not set(hidden) & set(links)


@pytest.mark.django_db
@pytest.mark.parametrize("demo", [True, False])
def test_every_page_says_when_it_is_a_demonstration(client, settings, demo):
    settings.DEMO = demo
    for path in ("/connexion/", "/nulle-part/", "/mot-de-passe-oublie/"):
        assert ("Démonstration" in client.get(path).content.decode()) is demo


def pages(address, page_obj):
    request = RequestFactory().get(address)
    return render_to_string("_partials/pagination.html", {"page_obj": page_obj}, request)


def test_the_pages_of_a_list_keep_the_rest_of_the_address():
    text = pages("/x/?etat=actif&page=2", Paginator(range(500), 10).get_page(25))
    assert "etat=actif&amp;page=26" in text
    assert "Page suivante" in text
    assert text.count("<li") < 10, "fits a phone"
    assert not pages("/x/", Paginator([1], 10).get_page(1)).strip()


def packed(name):
    return len(gzip.compress((STATIC / name).read_bytes(), 9))


def test_what_every_page_loads_leaves_room_for_the_page_itself():
    # The calling page must weigh 60 kB at most on a first visit; this is its fixed part, htmx included.
    shared = ["vendor/bootstrap.css", "css/app.css", "js/app.js", "favicon.svg", "vendor/htmx.min.js"]
    assert sum(packed(name) for name in shared) < 45_000


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read(scheme):
    css = (STATIC / "css/app.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.S)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6}|#[0-9a-f]{3});", blocks[scheme == "dark"]))
    colours = {
        name: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for name, value in colours.items()
    }
    for ground in ("paper", "surface", "sunken"):
        assert contrast(colours["ink"], colours[ground]) >= 7, f"words to be spoken on {ground}"
        for ink in ("ink-soft", "primary", "attention", "alert", "ok", "info"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, f"{ink} on {ground}"
    for kind in ("attention", "alert", "ok", "info"):
        assert contrast(colours[kind], colours[f"{kind}-soft"]) >= 4.5, kind
    assert contrast(colours["on-primary"], colours["primary"]) >= 4.5
    assert contrast(colours["on-alert"], colours["alert"]) >= 4.5
