"""The call page in a real browser: one volunteer, on a phone and on a laptop, with and without a network."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Alert, Call, Case, FollowUpPlan, Partner, Referral
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_case, make_household

SIZES = pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
SAVED = re.compile(r"^enregistré à \d+\s?h")


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Any:
    Partner.objects.create(kind="ccas", name="CCAS de Bordeaux", email="ccas@exemple.fr", communes=["33063"])
    return running_campaign(volunteer, volunteer2)


@pytest.fixture
def case(campaign: Any, household: Any) -> Case:
    return make_case(campaign, household, verification_phrase="tilleul martin 47")


@pytest.fixture
def open_call(open_browser: Any, session_of: Any, volunteer: Any, case: Case) -> Any:
    def opened(viewport: dict[str, int] = LAPTOP, **options: Any) -> Page:
        if not Call.objects.filter(case=case, state=Call.State.DRAFT).exists():
            hold(case, volunteer)
        page = open_browser(viewport, **options)
        session_of(page, volunteer)
        page.goto(f"/appels/{case.pk}/")
        return page

    return opened


def question(page: Page, key: str) -> Any:
    return page.locator(f'.q[data-question="{key}"]')


def answer(page: Page, key: str, value: str) -> None:
    folded = question(page, key).locator("[data-reopen]")
    if folded.is_visible():
        folded.click()
    question(page, key).locator(f'.choice:has(input[value="{value}"])').first.click()


def go_on(page: Page, key: str) -> None:
    """« Continuer » or « Passer cette question », where one question is shown at a time."""
    button = question(page, key).locator("[data-go-on]")
    if button.is_visible():
        button.click()


def answer_all(page: Page, **values: str) -> None:
    """Go through the default script; questions that are not named are skipped."""
    order = list(page.locator(".q").evaluate_all("all => all.map(q => q.dataset.question)"))
    for key in order:
        if not question(page, key).is_visible():
            continue
        if key in values:
            answer(page, key, values[key])
        go_on(page, key)


def saved(page: Page) -> None:
    expect(page.locator("#save-state [data-said]")).to_have_text(SAVED)


WELL = {
    "accueil": "oui",
    "information": "oui",
    "sante": "bien",
    "courses": "moi",
    "solitude": "rarement",
    "suivi": "non",
}


# One whole call ------------------------------------------------------------------------------------------
@SIZES
def test_a_volunteer_calls_a_lonely_tenant_who_needs_meals(
    viewport: dict[str, int], open_browser: Any, sign_in: Any, case: Case, shot: Any, check_page: Any
) -> None:
    page = open_browser(viewport)
    sign_in(page, "lea@exemple.fr")
    expect(page.get_by_role("button", name="Appeler le prochain foyer")).to_be_visible()
    check_page(page)
    shot(page, "appels")
    page.get_by_role("button", name="Appeler le prochain foyer").click()

    expect(page.locator("h1")).to_have_text("Mme Jeanne MARTIN")
    expect(page.get_by_role("link", name=re.compile("^Appeler le"))).to_have_attribute("href", re.compile("^tel:"))
    check_page(page)
    shot(page, "appel")
    answer_all(page, **WELL | {"solitude": "souvent", "repas": "oui", "suivi": "hebdo"})
    page.locator(".day-list .choice", has_text="mercredi").click()
    page.get_by_label("Heure", exact=True).last.fill("10:30")
    page.locator('[data-consent~="repas"] .choice', has_text="Oui").click()
    expect(page.locator('[data-need-name="medicaments"]')).to_be_hidden()
    page.get_by_label("Commentaire").fill("La fille passe le dimanche.")
    expect(page.locator("#follows")).to_contain_text("Suivi chaque semaine")
    expect(page.locator("#follows")).to_contain_text("CCAS de Bordeaux")
    saved(page)
    check_page(page)
    shot(page, "appel-fin", full_page=True)

    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    check_page(page)
    shot(page, "appel-enregistre")
    call = Call.objects.get()
    assert (call.outcome, call.comment) == ("completed", "La fille passe le dimanche.")
    assert FollowUpPlan.objects.get().weekdays == [2]
    assert Referral.objects.get().agreement == "yes"


# Branching ---------------------------------------------------------------------------------------------------
def test_questions_appear_and_go_with_the_answers(open_call: Any) -> None:
    page = open_call(LAPTOP)
    expect(question(page, "urgence")).to_be_hidden()
    answer(page, "sante", "pas_bien")
    expect(question(page, "urgence")).to_be_visible()
    expect(question(page, "manger")).to_be_visible()
    answer(page, "sante", "bien")
    expect(question(page, "urgence")).to_be_hidden()
    answer(page, "accueil", "plus_tard")
    expect(question(page, "sante")).to_be_hidden()
    expect(page.locator('[data-panel="callback"]')).to_be_visible()
    expect(page.locator("[data-other-moment]")).to_be_hidden()
    page.get_by_text("À un autre moment").click()
    expect(page.locator("[data-other-moment]")).to_be_visible()


def test_the_page_reads_the_branching_as_the_server_does(open_call: Any, case: Case) -> None:
    """Whatever is answered, the questions in view are those the server would show."""
    from campaigns.calls import script_of

    page = open_call(LAPTOP)
    content = script_of(case)[1]
    person = str(case.household.tenants.get().pk)
    for key, value in [
        ("accueil", "oui"),
        ("sante", "moyen"),
        ("urgence", "oui"),
        ("courses", "personne"),
        ("moral", "tres_bas"),
        ("idees_noires", "ne_sait_pas"),
        ("sante", "bien"),
        ("information", "plus_jamais"),
        ("information", "oui"),
        ("accueil", "vexe"),
    ]:
        answer(page, key, value)
        typed = page.locator("#call-form").evaluate("form => Object.fromEntries(new FormData(form))")
        answers: dict[str, Any] = {}
        for one in content.questions:
            who = person if one.per_person else ""
            name = f"q-{one.key}-{who}" if who else f"q-{one.key}"
            if typed.get(name):
                answers[one.key] = {who: typed[name]}
        expected = [one.key for one, _ in content.read(answers, [person]).shown]
        seen = page.locator(".q:not([data-off])").evaluate_all("all => all.map(q => q.dataset.question)")
        assert seen == expected, f"after {key} = {value}"


def test_one_question_at_a_time_on_a_phone(open_call: Any) -> None:
    page = open_call(PHONE)
    expect(question(page, "accueil").locator(".q-body")).to_be_visible()
    expect(question(page, "information")).to_be_hidden()
    answer(page, "accueil", "oui")
    expect(question(page, "information")).to_be_visible()
    expect(question(page, "accueil").locator(".q-line")).to_contain_text("Oui, je vous écoute")
    question(page, "accueil").get_by_role("button", name="Modifier la réponse").click()
    expect(question(page, "accueil").locator(".q-body")).to_be_visible()


# Nothing lost -----------------------------------------------------------------------------------------------
@SIZES
def test_what_is_typed_survives_a_reload(viewport: dict[str, int], open_call: Any) -> None:
    page = open_call(viewport)
    answer(page, "accueil", "oui")
    page.get_by_label("Commentaire").fill("Un fait utile")
    saved(page)
    assert Call.objects.get().comment == "Un fait utile"
    page.reload()
    expect(page.get_by_label("Commentaire")).to_have_value("Un fait utile")
    expect(page.locator('input[name="q-accueil"][value="oui"]')).to_be_checked()


def test_a_lost_network_is_said_and_what_was_typed_goes_once_it_is_back(open_call: Any, watcher: Any) -> None:
    watcher.expected.append("ERR_INTERNET_DISCONNECTED")
    page = open_call(LAPTOP)
    page.context.set_offline(True)
    page.get_by_label("Commentaire").fill("Écrit dans un tunnel")
    expect(page.locator("#save-state")).to_contain_text("non enregistré, nouvelle tentative")
    # Recording waits for the network instead of losing the page.
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.get_by_label("Commentaire")).to_have_value("Écrit dans un tunnel")
    page.context.set_offline(False)
    saved(page)
    assert Call.objects.get().comment == "Écrit dans un tunnel"


def test_a_session_that_ended_loses_nothing(open_call: Any, watcher: Any, session_of: Any, volunteer: Any) -> None:
    watcher.expected.append("status of 401")
    page = open_call(LAPTOP)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Commentaire").fill("Écrit trop tard")
    expect(page.locator("#notice")).to_contain_text("Reconnectez-vous dans un autre onglet")
    session_of(page, volunteer)
    saved(page)
    assert Call.objects.get().comment == "Écrit trop tard"


def test_the_older_of_two_tabs_is_told(open_call: Any, watcher: Any) -> None:
    watcher.expected.append("status of 409")
    old = open_call(LAPTOP)
    new = old.context.new_page()
    new.goto(old.url)
    new.get_by_label("Commentaire").fill("récent")
    saved(new)
    old.get_by_label("Commentaire").fill("ancien")
    expect(old.locator("#notice")).to_contain_text("onglet plus récent")
    assert Call.objects.get().comment == "récent"


def test_a_case_taken_by_another_is_said_while_one_types(open_call: Any, case: Case, volunteer2: Any) -> None:
    page = open_call(LAPTOP)
    now = timezone.now()
    Case.objects.update(claimed_by=volunteer2, claimed_at=now, claimed_until=now + timedelta(hours=1))
    page.get_by_label("Commentaire").fill("Mon texte")
    expect(page.locator("#notice")).to_contain_text("Ce dossier a été repris par Paul")
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator(".script")).to_be_visible()  # questions are missing: the text is still there
    expect(page.get_by_label("Commentaire")).to_have_value("Mon texte")


# Alert --------------------------------------------------------------------------------------------------------
@SIZES
def test_the_red_button_says_who_was_told_and_keeps_the_page(
    viewport: dict[str, int], open_call: Any, coordinator: Any, check_page: Any, shot: Any
) -> None:
    page = open_call(viewport)
    answer(page, "accueil", "oui")
    page.get_by_role("button", name="Alerte").click()
    expect(page.locator("#alert-box")).to_contain_text("Transmise à Nadia Benali")
    expect(page.locator("#alert-box").get_by_role("link", name=re.compile("Astreinte"))).to_be_in_viewport()
    expect(page.locator("#alert-box")).to_contain_text("33, Gironde")
    expect(page.locator('input[name="q-accueil"][value="oui"]')).to_be_checked()
    assert Alert.objects.get().level == "U0"
    check_page(page)
    shot(page, "alerte")


def test_an_alarming_answer_rings_by_itself(open_call: Any, coordinator: Any) -> None:
    page = open_call(LAPTOP)
    answer(page, "sante", "pas_bien")
    answer(page, "urgence", "oui")
    expect(page.locator("#alert-box")).to_contain_text("Alerte transmise")
    assert Alert.objects.count() == 1


def test_help_is_one_touch_away_on_a_phone(open_call: Any, check_page: Any, shot: Any) -> None:
    page = open_call(PHONE)
    page.get_by_role("button", name="Aide", exact=True).click()
    expect(page.locator("#aide")).to_contain_text("tilleul martin 47")
    page.get_by_text("La personne se méfie").click()
    expect(page.locator("#aide")).to_contain_text("Vous faites bien.")
    check_page(page)
    shot(page, "aide")


# Keyboard -----------------------------------------------------------------------------------------------------
def test_a_whole_call_by_the_keyboard(open_call: Any) -> None:
    page = open_call(LAPTOP)
    page.keyboard.press("Digit1")
    expect(page.locator('input[name="q-accueil"][value="oui"]')).to_be_checked()
    page.keyboard.press("Digit1")
    expect(page.locator('input[name="q-information"][value="oui"]')).to_be_checked()
    # The French keyboard gives « & » for that key: what counts is its place.
    page.evaluate(
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', "
        "{code: 'Digit2', key: 'é', bubbles: true, cancelable: true}))"
    )
    expect(page.locator('.q[data-question="sante"] input[value="moyen"]')).to_be_checked()
    comment = page.get_by_label("Commentaire")
    comment.focus()
    page.keyboard.type("Depuis 3 jours")
    expect(comment).to_have_value("Depuis 3 jours")
    page.keyboard.press("Control+Enter")
    # Required questions are missing: the form comes back with its text and points at the first.
    expect(page.locator("#errors")).to_be_visible()
    expect(comment).to_have_value("Depuis 3 jours")


def test_shortcuts_can_be_switched_off(open_call: Any, volunteer: Any) -> None:
    volunteer.keyboard_shortcuts = False
    volunteer.save()
    page = open_call(LAPTOP)
    page.keyboard.press("Digit1")
    expect(page.locator('input[name="q-accueil"][value="oui"]')).not_to_be_checked()


def test_a_panel_is_entered_named_and_left_by_the_keyboard(open_call: Any) -> None:
    page = open_call(LAPTOP)
    question(page, "accueil").locator('input[value="plus_tard"]').focus()
    page.keyboard.press("Digit2")
    panel = page.get_by_role("group", name="Quand rappeler")
    expect(panel).to_be_focused()
    expect(panel.get_by_role("radio")).to_have_count(5)
    page.keyboard.press("Digit1")
    page.keyboard.press("Escape")
    expect(page.locator('input[name="q-accueil"][value="plus_tard"]')).to_be_focused()
    expect(panel).to_be_visible()


def test_enter_in_a_field_never_records_another_outcome(open_call: Any) -> None:
    page = open_call(LAPTOP)
    answer(page, "accueil", "plus_tard")
    page.get_by_text("À un autre moment").click()
    page.get_by_label("Heure", exact=True).first.press("Enter")
    expect(page.locator("#errors")).to_be_visible()
    assert Call.objects.get().state == Call.State.DRAFT


# Situations ---------------------------------------------------------------------------------------------------
@SIZES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_long_names_a_couple_and_several_numbers_stay_inside_the_screen(
    viewport: dict[str, int],
    dark: bool,
    open_browser: Any,
    session_of: Any,
    volunteer: Any,
    campaign: Any,
    check_page: Any,
) -> None:
    from tenants.models import PhoneNumber

    household = make_household(
        last_name="De La Rochefoucauld-Montmorency de Saint-Barthélemy-d'Anjou",
        first_name="Marie-Antoinette Bérengère",
        civility="Mme",
        people=2,
        notes="Entend mal. " + "x" * 200,
        building="Bâtiment C",
        door="3e étage, porte 12",
    )
    PhoneNumber.objects.create(household=household, e164="+33639980012", label="portable", rank=1)
    case = make_case(campaign, household, fragile=True)
    hold(case, volunteer)
    page = open_browser(viewport, dark=dark)
    session_of(page, volunteer)
    page.goto(f"/appels/{case.pk}/")
    check_page(page)
    for more in page.locator("details.more").all():
        if more.is_visible():
            more.evaluate("one => { one.open = true }")
    check_page(page)


@SIZES
def test_several_calls_one_after_the_other(
    viewport: dict[str, int], open_browser: Any, session_of: Any, volunteer: Any, campaign: Any
) -> None:
    """Nobody answers, the line is busy, a message is left, a number is wrong: one click each."""
    for index in range(4):
        make_case(campaign, make_household(), rank=index)
    page = open_browser(viewport)
    session_of(page, volunteer)
    page.goto("/appels/")
    for outcome in ("Pas de réponse", "Occupé", "Message laissé"):
        page.get_by_role("button", name="Appeler le prochain foyer").click()
        page.locator("button.outcome", has_text=outcome).first.click()
        expect(page.locator("h1")).to_have_text("Appel enregistré")
    page.get_by_role("button", name="Appeler le prochain foyer").click()
    page.get_by_text("Autre issue").click()
    page.locator("button.outcome", has_text="Mauvais numéro").click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    page.get_by_role("link", name="Faire une pause").click()
    expect(page.locator(".recent li")).to_have_count(4)
    assert Call.objects.filter(state=Call.State.RECORDED).count() == 4
