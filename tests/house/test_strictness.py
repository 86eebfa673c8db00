"""The checks of tests/strict.py do refuse what they are there to refuse."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.template import Context, Template, engines
from django.template.base import Origin

from tests import strict
from tests.strict import UndefinedVariable, problems_of

GOOD = '<html lang="fr"><head><title>Appels</title></head><body><h1>Appels</h1>{}</body></html>'


@pytest.mark.parametrize(
    ("piece", "problem"),
    [
        ("<script>alert(1)</script>", "inline <script>"),
        ("<style>p { color: red }</style>", "<style>"),
        ('<p style="color: red">x</p>', "style"),
        ('<a href="#" onclick="go()">x</a>', "onclick"),
        ('<a href="javascript:go()">x</a>', "javascript:"),
        ('<input name="ville">', "field without a label: ville"),
        ('<p id="a"></p><p id="a"></p>', "ids used twice"),
        ("<p>Please wait</p>", "English words"),
        ('<img src="/a.png">', "without alt"),
        ("<h1>Encore</h1>", "2 <h1>"),
    ],
)
def test_a_page_that_breaks_a_house_rule_is_refused(piece, problem):
    assert any(problem in one for one in problems_of(GOOD.format(piece)))


def test_a_page_that_keeps_them_all_passes():
    field = '<label for="a">Ville</label><input id="a" name="ville"><script src="/static/a.js"></script>'
    assert problems_of(GOOD.format(field)) == []


def test_a_name_in_the_title_is_refused():
    strict.PERSONAL.add("Etcheverry")
    page = GOOD.replace("<title>Appels</title>", "<title>Mme ETCHEVERRY</title>").format("")
    assert any("personal data" in one for one in problems_of(page))


def template(text, settings):
    engine = engines["django"].engine
    name = settings.BASE_DIR / "templates" / "essai.html"
    return Template(text, origin=Origin(name=str(name), template_name="essai.html"), engine=engine)


@pytest.mark.parametrize(
    "text", ["{{ inconnu }}", "{% for x in inconnus %}{{ x }}{% endfor %}", "{{ a.inconnu|upper }}"]
)
def test_an_undefined_variable_of_our_templates_fails(text, settings):
    with pytest.raises(UndefinedVariable, match="inconnu"):
        template(text, settings).render(Context({"a": object()}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ inconnu|default:'rien' }}", "rien"),
        ("{% if inconnu %}oui{% else %}non{% endif %}", "non"),
        ("{{ a.b.c }}", ""),
    ],
)
def test_what_may_be_absent_stays_empty(text, shown, settings):
    assert template(text, settings).render(Context({"a": {"b": None}})) == shown


def test_other_peoples_templates_are_left_alone():
    assert Template("{{ inconnu }}", origin=Origin(name="/elsewhere/a.html")).render(Context()) == ""


@pytest.mark.django_db
def test_rows_without_an_order_do_not_come_in_the_order_of_their_making():
    """SQLite alone has a word for it (conftest.py); what asks for an order has it on every database."""
    Group.objects.all().delete()
    made = [Group.objects.create(name=name).pk for name in ("un", "deux", "trois")]
    assert list(Group.objects.order_by("pk").values_list("pk", flat=True)) == made
    if connection.vendor == "sqlite":
        assert list(Group.objects.order_by().values_list("pk", flat=True)) == made[::-1]
