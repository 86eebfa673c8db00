"""A danger in the middle of a call: the number stays on top, the call ends at once, with a script and without one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Alert, Call, Case, Need
from tests.browser.conftest import LAPTOP, PHONE, layout_problems
from tests.browser.test_call import SIZES, answer, go_on, question
from tests.factories import make_case

SMALL = {"width": 740, "height": 360}


@pytest.fixture
def case(volunteer: Any, volunteer2: Any, household: Any, coordinator: Any) -> Case:
    return make_case(running_campaign(volunteer, volunteer2), household)


@pytest.fixture
def open_call(open_browser: Any, session_of: Any, volunteer: Any, case: Case) -> Any:
    def opened(viewport: dict[str, int], **options: Any) -> Page:
        hold(case, volunteer)
        page = open_browser(viewport, **options)
        session_of(page, volunteer)
        page.goto(f"/appels/{case.pk}/")
        return page

    return opened


def number(page: Page, which: str) -> Any:
    return page.locator(f'.danger [data-number="{which}"]')


def fall(page: Page) -> None:
    for key, value in (("accueil", "oui"), ("information", "oui"), ("sante", "pas_bien"), ("urgence", "oui")):
        answer(page, key, value)


def ended(case: Case, page: Page) -> None:
    """Recorded with that answer alone: the case is open, somebody calls back, the number is still there."""
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    expect(page.locator("main")).to_contain_text("Rappel de sécurité")
    expect(page.get_by_role("link", name="15 SAMU")).to_be_visible()
    case.refresh_from_db()
    assert case.is_safety_call
    assert case.next_call_at is not None
    assert case.next_call_at <= timezone.now() + timedelta(hours=2)
    assert Call.objects.get().state == Call.State.RECORDED
    assert (Alert.objects.get().level, Need.objects.get().level) == ("U0", "U0")


@SIZES
def test_a_vital_answer_stops_the_script_and_the_call_ends_at_once(
    viewport: dict[str, int], open_call: Any, case: Case, check_page: Any, shot: Any
) -> None:
    page = open_call(viewport)
    expect(page.locator(".danger")).to_be_hidden()
    fall(page)
    # The question and its advice stay in view, the next one does not come by itself.
    expect(question(page, "urgence").locator(".advice")).to_be_visible()
    expect(question(page, "urgence").locator("[data-reopen]")).to_be_hidden()
    if viewport == PHONE:
        expect(question(page, "courses")).to_be_hidden()
    expect(page.locator(".danger")).to_contain_text("Rien d'autre n'est à demander.")
    for shown in ("15", "18"):
        expect(number(page, shown)).to_be_in_viewport()
        expect(number(page, shown)).to_have_attribute("href", f"tel:{shown}")
    for other in ("17", "112", "114", "3114"):
        expect(number(page, other)).to_be_hidden()
    expect(page.locator("#alert-box")).to_contain_text("Nadia Benali")
    expect(page.locator("[data-consents]")).to_be_hidden()
    expect(page.locator("#follows")).to_contain_text("Rappel de sécurité")
    check_page(page)
    shot(page, "danger")
    page.get_by_role("button", name="Terminer l'appel").click()
    ended(case, page)
    check_page(page)
    shot(page, "danger-apres")


@SIZES
def test_the_number_stays_on_top_of_every_following_question(
    viewport: dict[str, int], open_call: Any, case: Case, shot: Any
) -> None:
    page = open_call(viewport)
    fall(page)
    question(page, "urgence").get_by_role("button", name="Reprendre les questions").click()
    keys = page.locator(".q").evaluate_all("all => all.map(q => q.dataset.question)")
    passed = 0
    for key in keys[keys.index("urgence") + 1 :]:
        asked = question(page, key)
        if not asked.is_visible():
            continue
        asked.scroll_into_view_if_needed()
        expect(number(page, "15")).to_be_in_viewport(ratio=1)
        passed += 1
        if passed == 3:
            shot(page, "danger-suite")
        choice = asked.locator(".choice").first
        if choice.count():
            choice.click()
        go_on(page, key)
    assert passed > 8
    expect(question(page, "urgence").locator(".advice")).to_have_count(1)
    expect(number(page, "15")).to_be_in_viewport(ratio=1)
    # Corrected: « non »; the alert that left is still the coordination's, and its number still there.
    answer(page, "urgence", "non")
    expect(number(page, "15")).to_be_in_viewport(ratio=1)
    page.reload()
    expect(number(page, "15")).to_be_in_viewport(ratio=1)


def test_by_the_keyboard_the_script_stops_too(open_call: Any, case: Case) -> None:
    page = open_call(LAPTOP)
    for key in ("accueil", "information"):
        answer(page, key, "oui")
    answer(page, "sante", "pas_bien")
    question(page, "urgence").focus()
    page.keyboard.press("Digit2")
    expect(number(page, "15")).to_be_in_viewport()
    expect(question(page, "urgence")).to_have_attribute("data-here", "")
    page.keyboard.press("Control+Enter")
    ended(case, page)


def test_dark_ideas_have_their_own_number(open_call: Any) -> None:
    page = open_call(PHONE)
    for key, value in (
        ("accueil", "oui"), ("information", "oui"), ("sante", "bien"), ("courses", "moi"), ("solitude", "souvent"),
        ("moral", "tres_bas"), ("idees_noires", "oui"),
    ):  # fmt: skip
        while not question(page, key).is_visible():
            page.locator(".q:not([data-folded], [data-later], [data-off]) [data-go-on]").click()
        answer(page, key, value)
    expect(number(page, "3114")).to_be_in_viewport()
    expect(number(page, "18")).to_be_hidden()


@SIZES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_red_button_shows_every_number_and_the_call_ends_at_once(
    viewport: dict[str, int], dark: bool, open_call: Any, case: Case, check_page: Any, shot: Any
) -> None:
    page = open_call(viewport, dark=dark)
    page.get_by_role("button", name="Alerte").click()
    expect(page.locator("#alert-box")).to_contain_text("Nadia Benali")
    for shown in ("15", "18", "17", "112", "3114"):
        expect(number(page, shown)).to_be_in_viewport(ratio=1)
    expect(number(page, "114")).to_be_hidden()
    check_page(page)
    shot(page, f"danger-bouton{'-sombre' if dark else ''}")
    page.get_by_role("button", name="Terminer l'appel").click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    case.refresh_from_db()
    assert case.is_safety_call


def test_the_numbers_stay_on_a_screen_with_little_height(open_call: Any, shot: Any) -> None:
    page = open_call(SMALL)
    fall(page)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(number(page, "15")).to_be_in_viewport(ratio=1)
    assert not layout_problems(page)
    shot(page, "danger-bas")


def test_without_a_network_the_number_is_there_at_once(open_call: Any, watcher: Any) -> None:
    watcher.expected.append("ERR_INTERNET_DISCONNECTED")
    page = open_call(PHONE)
    page.context.set_offline(True)
    fall(page)
    expect(number(page, "15")).to_be_in_viewport()
    page.get_by_role("button", name="Alerte").click()
    expect(number(page, "17")).to_be_in_viewport()
    page.context.set_offline(False)


@SIZES
def test_a_danger_of_an_earlier_call_is_on_top_for_whoever_calls_next(
    viewport: dict[str, int], open_call: Any, case: Case, volunteer2: Any, session_of: Any, open_browser: Any,
    check_page: Any, shot: Any,
) -> None:  # fmt: skip
    first = open_call(viewport)
    fall(first)
    first.get_by_role("button", name="Terminer l'appel").click()
    ended(case, first)
    Case.objects.update(next_call_for=None, next_call_at=timezone.now())
    page = open_browser(viewport)
    session_of(page, volunteer2)
    page.goto("/appels/")
    page.get_by_role("button", name="Appeler le prochain foyer").click()
    expect(page.locator(".danger")).to_contain_text("Danger signalé aujourd'hui")
    expect(number(page, "15")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Enregistrer l'appel").last).to_be_visible()
    check_page(page)
    shot(page, "danger-rappel")


# Without a script ------------------------------------------------------------------------------------------
@SIZES
def test_without_a_script_a_vital_answer_shows_its_number_and_ends_the_call(
    viewport: dict[str, int], open_call: Any, case: Case, shot: Any
) -> None:
    page = open_call(viewport, javascript=False)
    expect(number(page, "15")).to_be_hidden()
    answer(page, "sante", "pas_bien")
    answer(page, "urgence", "oui")
    expect(number(page, "15")).to_be_in_viewport(ratio=1)
    assert not layout_problems(page)
    shot(page, "danger-sans-js")
    page.get_by_role("button", name="Terminer l'appel").click()
    ended(case, page)
