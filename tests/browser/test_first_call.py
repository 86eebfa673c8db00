"""The product's main job, in a browser: a volunteer calls, and everything that must follow has followed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.models import Call, Case, FollowUpPlan, Partner, Referral, Script
from tests.browser.conftest import PHONE
from tests.factories import make_campaign, make_case, make_household

pytestmark = pytest.mark.main_path


@pytest.fixture
def grand_froid(default_scripts, volunteer, volunteer2, coordinator):
    """An open campaign of two households, with the shipped scripts and a CCAS that brings meals."""
    Partner.objects.create(
        kind=Partner.Kind.CCAS,
        name="CCAS de Bordeaux",
        email="ccas@exemple.fr",
        communes=["33063"],
        categories=["repas"],
    )
    campaign = make_campaign(
        name="Grand froid",
        volunteers=[volunteer, volunteer2],
        script=Script.objects.get(key="veille-seniors"),
        follow_up_script=Script.objects.get(kind=Script.Kind.FOLLOW_UP),
    )
    now = timezone.now()
    jeanne = make_household(last_name="Martin", first_name="Jeanne", civility="Mme")
    marcel = make_household(last_name="Dupouy", first_name="Marcel", civility="M.")
    make_case(campaign, jeanne, rank=1, next_call_at=now - timedelta(days=2), verification_phrase="rivage tranquille")
    make_case(campaign, marcel, rank=2)
    return campaign


def answer(page: Page, question: str, *labels: str) -> None:
    """Choose answers; on a phone, where one question is shown at a time, pass those in between."""
    block = page.locator(f".q[data-question={question}]")
    first = block.locator(".choice").first
    for _ in range(20):
        if first.is_visible():
            break
        page.locator(".q[data-here] [data-go-on]").click()
    for label in labels:
        block.locator(".choice", has_text=label).first.click()


def tiles(page: Page) -> list[str]:
    return [text.replace("\u202f", " ").replace("\xa0", " ") for text in page.locator(".tile").all_inner_texts()]


def tell_loneliness_and_a_need(page: Page) -> None:
    """Mme Martin is well, lonely, would like meals brought, and one call a week."""
    answer(page, "accueil", "Oui, je vous écoute")
    answer(page, "information", "Oui")
    answer(page, "sante", "Bien")
    answer(page, "courses", "Moi-même")
    answer(page, "repas", "un portage de repas")
    answer(page, "solitude", "Souvent")
    answer(page, "suivi", "Chaque semaine")


def choose_an_hour(page: Page) -> None:
    page.locator("#follow_up .day-list .choice").nth(1).click()
    page.locator("#follow-up-time").fill("10:30")


def test_a_call_with_loneliness_and_a_need_leads_to_a_plan_a_referral_and_figures(
    grand_froid, page, phone, sign_in, check_page
):
    desk = page
    sign_in(desk, "nadia@exemple.fr")
    desk.goto("/tableau-de-bord/")
    before = tiles(desk)

    sign_in(phone, "lea@exemple.fr")
    phone.goto("/appels/")
    check_page(phone)
    phone.get_by_role("button", name="Appeler le prochain foyer").click()
    expect(phone.locator("h1")).to_contain_text("MARTIN")
    assert phone.locator("a[href^='tel:+']").first.get_attribute("href").startswith("tel:+335")
    check_page(phone)

    tell_loneliness_and_a_need(phone)
    choose_an_hour(phone)
    phone.locator("[data-consent=repas] .choice", has_text="Oui").click()
    phone.locator("#comment").fill("Le four est en panne, elle mange froid.")
    expect(phone.locator("#save-state")).to_contain_text("nregistré")
    phone.get_by_role("button", name="Enregistrer l'appel").last.click()
    phone.wait_for_url("**/appels/faits/**")
    check_page(phone)

    call = Call.objects.get(state=Call.State.RECORDED)
    assert (call.outcome, call.comment) == ("completed", "Le four est en panne, elle mange froid.")
    plan = FollowUpPlan.objects.get(case=call.case)
    assert plan.status == FollowUpPlan.Status.ACTIVE
    assert plan.next_due_at > timezone.now()
    referral = Referral.objects.get(case=call.case)
    assert referral.state == Referral.State.DRAFT
    assert [need.category for need in referral.needs.all()] == ["repas"]
    case = Case.objects.get(pk=call.case_id)
    assert case.claimed_by is None
    assert case.reached_at is not None
    assert case.next_call_kind == Case.Kind.FOLLOW_UP

    # The next household is another one.
    phone.goto("/appels/")
    phone.get_by_role("button", name="Appeler le prochain foyer").click()
    expect(phone.locator("h1")).to_contain_text("DUPOUY")

    # The coordinator sees it: the figures moved, the draft waits.
    desk.goto("/tableau-de-bord/")
    after = tiles(desk)
    assert before != after
    expect(desk.locator(".reached-line")).to_contain_text(re.compile(r"50\s%\sjoints"))
    desk.goto("/signalements/")
    expect(desk.locator("main")).to_contain_text(referral.reference)


def test_what_is_typed_is_still_there_after_the_laptop_was_closed(grand_froid, open_browser, page, sign_in):
    sign_in(page, "lea@exemple.fr")
    page.goto("/appels/")
    page.get_by_role("button", name="Appeler le prochain foyer").click()
    answer(page, "accueil", "Oui, je vous écoute")
    page.locator("#comment").fill("Rappeler après le déjeuner.")
    expect(page.locator("#save-state")).to_contain_text("nregistré")
    page.context.close()

    again = open_browser(PHONE)
    sign_in(again, "lea@exemple.fr")
    again.goto("/appels/")
    again.get_by_role("link", name="Reprendre l'appel").click()
    expect(again.locator("#comment")).to_have_value("Rappeler après le déjeuner.")
    expect(again.locator(".q[data-question=accueil] input[value=oui]")).to_be_checked()


def test_nobody_at_the_other_end_takes_one_click(grand_froid, phone, sign_in):
    sign_in(phone, "lea@exemple.fr")
    phone.goto("/appels/")
    phone.get_by_role("button", name="Appeler le prochain foyer").click()
    phone.locator("button[name=outcome][value=no_answer]").click()
    phone.wait_for_url(lambda url: "/faits/" in url or url.endswith("/appels/"))
    call = Call.objects.get(state=Call.State.RECORDED)
    assert call.outcome == "no_answer"
    call.case.refresh_from_db()
    assert call.case.next_call_kind == Case.Kind.RETRY
    assert call.case.next_call_at > timezone.now()


def test_two_volunteers_at_once_never_get_the_same_household(grand_froid, page, phone, sign_in):
    for who, email in ((page, "lea@exemple.fr"), (phone, "paul@exemple.fr")):
        sign_in(who, email)
        who.goto("/appels/")
        who.get_by_role("button", name="Appeler le prochain foyer").click()
    assert page.locator("h1").inner_text() != phone.locator("h1").inner_text()


def test_a_call_can_be_recorded_without_javascript(grand_froid, open_browser, sign_in):
    plain = open_browser(javascript=False)
    sign_in(plain, "lea@exemple.fr")
    plain.goto("/appels/")
    plain.get_by_role("button", name="Appeler le prochain foyer").click()
    for question, value in (("accueil", "oui"), ("information", "oui"), ("courses", "moi")):
        plain.locator(f".q[data-question={question}] input[value={value}]").check(force=True)
    for question, value in (("sante", "bien"), ("solitude", "rarement"), ("suivi", "non")):
        plain.locator(f".q[data-question={question}] input[value={value}]").first.check(force=True)
    plain.get_by_role("button", name="Enregistrer l'appel").last.click()
    plain.wait_for_url("**/appels/faits/**")
    assert Call.objects.get(state=Call.State.RECORDED).outcome == "completed"
