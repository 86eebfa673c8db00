"""« Décédé(e) », « A déménagé », « En EHPAD »: apart from the others, and never noted without the person's name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Call, Case
from tenants.models import Tenant
from tests.browser.conftest import LAPTOP, PHONE, layout_problems
from tests.browser.test_call import SIZES, answer, saved
from tests.factories import make_case, make_household

SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])


@pytest.fixture
def open_call(open_browser: Any, session_of: Any, volunteer: Any, volunteer2: Any) -> Any:
    def opened(viewport: dict[str, int], people: int = 1, **options: Any) -> tuple[Page, Case]:
        case = make_case(running_campaign(volunteer, volunteer2), make_household(people=people))
        hold(case, volunteer)
        page = open_browser(viewport, **options)
        session_of(page, volunteer)
        page.goto(f"/appels/{case.pk}/")
        return page, case

    return opened


def press(page: Page, label: str) -> None:
    page.locator("summary", has_text="Décès, déménagement ou EHPAD").click()
    page.get_by_role("button", name=label).click()
    expect(page.locator("main")).to_contain_text("Rien n'est encore noté.")


def statuses(case: Case) -> list[str]:
    return list(case.household.tenants.order_by("pk").values_list("status", flat=True))


@SIZES
@SCRIPTS
@pytest.mark.parametrize(
    ("label", "code", "button"),
    [
        ("Décédé(e)", "deceased", "Noter le décès"),
        ("A déménagé", "moved", "Noter le déménagement"),
        ("En EHPAD", "care_home", "Noter l'entrée en EHPAD"),
    ],
)
def test_the_name_is_confirmed_before_anything_is_noted(
    viewport: dict[str, int], javascript: bool, label: str, code: str, button: str,
    open_call: Any, check_page: Any, shot: Any,
) -> None:  # fmt: skip
    page, case = open_call(viewport, javascript=javascript)
    page.get_by_label("Commentaire").fill("Sa fille a répondu")
    press(page, label)
    name = case.household.tenants.get().full_name
    expect(page.get_by_text(name)).to_be_visible()
    assert statuses(case) == ["present"]
    assert Call.objects.get().state == Call.State.DRAFT
    check_page(page) if javascript else None
    assert not layout_problems(page)
    shot(page, f"confirmer-{code}")
    page.get_by_role("button", name=button).click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert statuses(case) == [code]
    assert Call.objects.get().comment == "Sa fille a répondu"


@SIZES
@SCRIPTS
def test_of_two_people_the_volunteer_says_which_one(
    viewport: dict[str, int], javascript: bool, open_call: Any, check_page: Any, shot: Any
) -> None:
    page, case = open_call(viewport, people=2, javascript=javascript)
    press(page, "Décédé(e)")
    choices = page.get_by_role("group", name="Qui est décédé(e)").get_by_role("radio")
    expect(choices).to_have_count(2)
    for which in range(2):
        expect(choices.nth(which)).not_to_be_checked()
    page.get_by_role("button", name="Noter le décès").click()
    expect(page.locator("#tenant_id-error")).to_contain_text("Précisez de quelle personne il s'agit.")
    assert statuses(case) == ["present", "present"]
    check_page(page) if javascript else None
    assert not layout_problems(page)
    shot(page, "confirmer-deux")
    page.locator("#tenant_id .choice").nth(1).click()
    page.get_by_role("button", name="Noter le décès").click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert statuses(case) == ["present", "deceased"]


@SIZES
@SCRIPTS
def test_going_back_gives_what_was_typed(viewport: dict[str, int], javascript: bool, open_call: Any) -> None:
    page, case = open_call(viewport, javascript=javascript)
    answer(page, "accueil", "oui")
    page.get_by_label("Commentaire").fill("Erreur de bouton")
    press(page, "A déménagé")
    page.get_by_role("link", name="Retour à l'appel").click()
    expect(page.get_by_label("Commentaire")).to_have_value("Erreur de bouton")
    expect(page.locator('input[name="q-accueil"][value="oui"]')).to_be_checked()
    assert statuses(case) == ["present"]


def test_by_the_keyboard_alone(open_call: Any) -> None:
    page, case = open_call(LAPTOP, people=2)
    page.locator("summary", has_text="Décès, déménagement ou EHPAD").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Décédé(e)").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Rien n'est encore noté.")
    page.locator("#tenant_id input").first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Noter le décès").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert statuses(case) == ["deceased", "present"]


def test_a_double_click_and_a_second_tab_note_it_once(open_call: Any) -> None:
    page, case = open_call(PHONE)
    press(page, "Décédé(e)")
    other = page.context.new_page()
    other.goto(page.url)
    page.get_by_role("button", name="Noter le décès").dblclick()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    other.get_by_role("button", name="Noter le décès").click()
    expect(other.locator("h1")).to_have_text("Appel enregistré")
    assert statuses(case) == ["deceased"]
    assert Call.objects.count() == 1


@SIZES
def test_they_stand_apart_from_the_other_buttons(
    viewport: dict[str, int], open_call: Any, check_page: Any, shot: Any
) -> None:
    """Opened both, the last of the others and the first of these are more than a thumb apart, and do not look alike."""
    page, _ = open_call(viewport, people=2)
    page.locator("summary", has_text="Autre issue").click()
    page.locator("summary", has_text="Décès, déménagement ou EHPAD").click()
    others = page.locator(".not-reached button.outcome")
    ours = page.locator(".closes button")
    expect(ours).to_have_count(3)
    lowest = max(others.nth(which).bounding_box()["y"] + others.nth(which).bounding_box()["height"]
                 for which in range(others.count()))  # fmt: skip
    highest = min(ours.nth(which).bounding_box()["y"] for which in range(3))
    assert highest - lowest > 88
    expect(ours.first).not_to_have_class(re.compile("outcome"))
    assert Tenant.objects.filter(status=Tenant.Status.PRESENT).count() == 2
    check_page(page)
    page.locator(".closes").scroll_into_view_if_needed()
    shot(page, "issues-a-part")
    saved_before = page.locator("#save-state [data-said]")
    expect(saved_before).to_have_text("")
    page.get_by_label("Commentaire").fill("Rien")
    saved(page)
