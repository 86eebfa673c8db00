"""The whole call on a browser that runs no script: every question in view, the server follows the branching."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Call, Case, FollowUpPlan, Need
from tests.browser.conftest import PHONE, layout_problems
from tests.browser.test_call import SIZES, WELL, answer, question
from tests.factories import make_case


@pytest.fixture
def case(volunteer: Any, volunteer2: Any, household: Any) -> Case:
    return make_case(running_campaign(volunteer, volunteer2), household)


@pytest.fixture
def open_call(open_browser: Any, session_of: Any, volunteer: Any, case: Case) -> Any:
    def opened(viewport: dict[str, int]) -> Page:
        hold(case, volunteer)
        page = open_browser(viewport, javascript=False)
        session_of(page, volunteer)
        page.goto(f"/appels/{case.pk}/")
        return page

    return opened


def record(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer l'appel").last.click()


@SIZES
def test_a_conversation_is_recorded(viewport: dict[str, int], open_call: Any) -> None:
    page = open_call(viewport)
    # Everything is in view, with the condition in words.
    expect(question(page, "urgence")).to_contain_text("Si la réponse est")
    for key, value in WELL.items():
        answer(page, key, value)
    page.get_by_label("Commentaire").fill("Tout va bien")
    record(page)
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert Call.objects.get().outcome == "completed"


@SIZES
def test_a_callback_is_agreed(viewport: dict[str, int], open_call: Any, case: Case) -> None:
    """First without its moment: the page comes back with what was typed, and says what is missing."""
    page = open_call(viewport)
    answer(page, "accueil", "plus_tard")
    page.get_by_label("Commentaire").fill("Elle sort du bain")
    record(page)
    expect(page.locator("#errors")).to_contain_text("Choisissez le jour et l'heure du rappel.")
    expect(page.get_by_label("Commentaire")).to_have_value("Elle sort du bain")
    assert not layout_problems(page)  # axe needs a script to run
    page.locator("#errors").get_by_role("link").click()
    panel = page.get_by_role("group", name="Quand rappeler")
    expect(panel).to_be_in_viewport()
    panel.locator(".choice", has_text="À un autre moment").click()
    day = timezone.localtime(timezone.now() + timedelta(days=3)).date()
    panel.get_by_label("Jour", exact=True).fill(day.isoformat())
    panel.get_by_label("Heure", exact=True).fill("10:30")
    assert not layout_problems(page)
    record(page)
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    expect(page.locator("main")).to_contain_text(re.compile(r"Prochain appel par vous.* 10\sh\s30"))
    case.refresh_from_db()
    at = timezone.localtime(case.next_call_at)
    assert (at.date(), at.hour, at.minute) == (day, 10, 30)


@SIZES
def test_a_regular_call_and_a_need_are_agreed(viewport: dict[str, int], open_call: Any, case: Case) -> None:
    page = open_call(viewport)
    for key, value in (WELL | {"solitude": "souvent", "repas": "oui", "suivi": "hebdo"}).items():
        answer(page, key, value)
    record(page)
    expect(page.locator("#errors")).to_contain_text("Indiquez l'heure du rendez-vous.")
    page.locator(".day-list .choice", has_text="mercredi").click()
    page.get_by_label("Heure", exact=True).last.fill("10:30")
    page.locator('[data-consent~="repas"] .choice', has_text="Oui").click()
    record(page)
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    plan = FollowUpPlan.objects.get()
    assert (plan.weekdays, plan.time.hour, plan.volunteer.first_name) == ([2], 10, "Léa")
    assert Need.objects.get().consent == Need.Consent.YES


def test_nobody_answers_and_the_next_one_is_asked_for(open_call: Any) -> None:
    page = open_call(PHONE)
    page.get_by_role("button", name=re.compile("^Pas de réponse")).click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    page.get_by_role("button", name="Appeler le prochain foyer").click()
    expect(page.locator("main")).to_contain_text("appels prévus plus tard")


def test_the_alert_keeps_what_was_typed(open_call: Any, coordinator: Any) -> None:
    page = open_call(PHONE)
    page.get_by_label("Commentaire").fill("Elle est tombée")
    page.get_by_role("button", name="Alerte").click()
    expect(page.locator("#alert-box")).to_contain_text("Nadia Benali")
    expect(page.get_by_label("Commentaire")).to_have_value("Elle est tombée")


def test_a_call_is_passed_with_a_reason(open_call: Any, case: Case) -> None:
    page = open_call(PHONE)
    page.get_by_text("Passer ce dossier").click()
    page.get_by_role("button", name="Passer à quelqu'un d'autre").click()
    expect(page.locator("main")).to_contain_text("Choisissez une raison dans la liste.")
    page.locator("#reason .choice").first.click()
    page.get_by_role("button", name="Passer à quelqu'un d'autre").click()
    expect(page.locator("main")).to_contain_text("Dossier passé")
    case.refresh_from_db()
    assert case.claimed_by is None
