"""One's own call corrected, on a phone and on a laptop: every state of the page under axe."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import hold, running_campaign, url, well
from campaigns.models import Call, Case, FollowUpPlan, Need
from tests.browser.test_call import SIZES
from tests.factories import make_case, make_household


@pytest.fixture
def case(volunteer: Any, volunteer2: Any, coordinator: Any) -> Case:
    household = make_household(last_name="Lafitte", first_name="Simone", civility="Mme", people=2)
    return make_case(running_campaign(volunteer, volunteer2), household)


@pytest.fixture
def corrected(open_browser: Any, session_of: Any, client_of: Any, volunteer: Any, case: Case) -> Any:
    """The correction page of a call recorded with these fields."""

    def opened(viewport: dict[str, int], **fields: Any) -> Page:
        given = hold(case, volunteer)
        client_of(volunteer).post(url("record", case.pk), {"submission": str(given.call.submission), **fields})
        page = open_browser(viewport)
        session_of(page, volunteer)
        page.goto(url("correct", Call.objects.get().pk))
        return page

    return opened


def pressed(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).press("Enter")


@SIZES
def test_by_the_keyboard_nobody_answered_becomes_a_callback(
    viewport: dict[str, int], corrected: Any, check_page: Any
) -> None:
    page = corrected(viewport, outcome="no_answer")
    expect(page.locator(".fold[open]")).to_have_count(0)
    check_page(page)
    first = page.locator(".fold").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    first.get_by_role("radio", name="Plutôt un autre moment").focus()
    page.keyboard.press("Space")
    first.locator("input[name=callback]").first.focus()
    page.keyboard.press("Space")
    page.get_by_label("Issue").select_option("")
    pressed(page, "Voir ce qui va changer")
    expect(page.get_by_role("status")).to_contain_text("devient « Rappel convenu »")
    check_page(page)
    pressed(page, "Enregistrer la correction")
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert Call.objects.get(state=Call.State.RECORDED).outcome == "callback"


@SIZES
def test_everything_opened_the_page_stays_inside_the_screen(
    viewport: dict[str, int], corrected: Any, case: Case, check_page: Any, shot: Any
) -> None:
    """A couple, a weekly call, meals: whatever the page can show."""
    agreed = {"q-suivi": "hebdo", "weekdays": "2", "follow_up_time": "10:30", "q-repas": "oui", "consent-repas": "yes"}
    page = corrected(viewport, **well(case, **agreed))
    assert FollowUpPlan.objects.exists()
    assert Need.objects.get().consent == "yes"
    opened = page.locator(".consents .fold[open]")
    expect(opened).to_have_count(1)
    expect(opened.locator("summary")).to_have_text("Repas, portage")
    check_page(page)
    shot(page, "correction", full_page=True)
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
    check_page(page)
    shot(page, "correction-ouverte", full_page=True)


@SIZES
def test_what_cannot_be_recorded_is_said_at_its_field(
    viewport: dict[str, int], corrected: Any, case: Case, check_page: Any
) -> None:
    page = corrected(viewport, **well(case))
    page.get_by_label("Issue").select_option("deceased")
    pressed(page, "Voir ce qui va changer")
    expect(page.locator("#errors")).to_contain_text("Précisez de quelle personne il s'agit.")
    expect(page.get_by_role("group", name="De qui s'agit-il")).to_be_visible()
    check_page(page)
    page.locator("#tenant_id .choice").first.click()
    pressed(page, "Voir ce qui va changer")
    expect(page.get_by_role("status")).to_contain_text("devient « Décédé(e) »")
    check_page(page)
    page.get_by_role("link", name="Ne rien changer").click()
    expect(page.locator("main")).to_contain_text("Échange réalisé")
    assert Call.objects.get(state=Call.State.RECORDED).outcome == "completed"
