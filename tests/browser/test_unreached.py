"""Households that nobody reaches: a neighbour, a caretaker and a coordinator, each on their own screen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.models import Alert, CaretakerVisit, Letter, NeighbourReport, Poster, WelfareCheck
from campaigns.welfare import caretakers
from campaigns.welfare.tests.welfare_cast import make_door, make_residence, make_round, open_check
from tests import factories
from tests.browser.conftest import LAPTOP, PHONE


@pytest.fixture
def campaign(transactional_db, volunteer):
    return factories.make_campaign(volunteers=[volunteer], name="Grand froid")


@pytest.fixture
def residence(campaign):
    return make_residence()


@pytest.fixture
def door(campaign, residence):
    return make_door(
        campaign, residence, now=timezone.now(), street="12 rue des Lilas", building="Bât. B", door="2e étage, porte 7"
    )


@pytest.mark.parametrize("javascript", [True, False], ids=["with-js", "without-js"])
def test_a_neighbour_writes_from_the_code_of_a_poster(
    residence, door, open_browser, check_page, shot, javascript
) -> None:
    poster = Poster.objects.create(residence=residence)
    phone = open_browser(PHONE, javascript=javascript)
    phone.goto(f"/voisins/{poster.code}/")
    expect(phone.get_by_text("Danger en ce moment")).to_be_visible()
    if javascript:
        check_page(phone)
    phone.get_by_role("button", name="Envoyer le message").click()
    expect(phone.get_by_text("Cochez ce qui vous inquiète.")).to_be_visible()
    if javascript:
        check_page(phone)
    phone.get_by_label("Je ne vois plus cette personne depuis plusieurs jours").check()
    phone.get_by_label("En quelques mots").fill("Ses volets n'ont pas bougé depuis mardi.")
    phone.get_by_label("Votre numéro").fill("05 36 49 90 01")
    if javascript:
        shot(phone, "voisins", full_page=True)
    phone.get_by_role("button", name="Envoyer le message").click()
    phone.get_by_role("heading", name="Merci, votre message est arrivé").wait_for()
    if javascript:
        check_page(phone)
    report = NeighbourReport.objects.get()
    assert (report.residence, report.worries, report.level) == (residence, ["not_seen"], "U1")
    assert Alert.objects.get().kind == Alert.Kind.NEIGHBOUR


def test_a_caretaker_answers_on_a_phone(campaign, residence, door, coordinator, open_browser, check_page, shot) -> None:
    now = timezone.now()
    second = make_door(campaign, residence, now=now, street="12 rue des Lilas", building="Bât. B", door="3e, porte 11")
    made = make_round([open_check(one, coordinator, now) for one in (door, second)], coordinator, now)
    phone = open_browser(PHONE)
    phone.goto(f"/gardien/{caretakers.token_of(made)}/")
    expect(phone.get_by_text("N'entrez jamais dans un logement.")).to_be_visible()
    check_page(phone)
    shot(phone, "gardien", full_page=True)
    phone.locator("section", has_text="porte 7").get_by_role("button", name="Absent").click()
    phone.get_by_text("c'est noté").wait_for()
    phone.locator("section", has_text="porte 11").get_by_role("button", name="besoin d'aide").click()
    phone.get_by_text("Tout est répondu").wait_for()
    check_page(phone)
    said = dict(made.visits.values_list("check_row__case", "answer"))
    assert said == {door.pk: CaretakerVisit.Answer.ABSENT, second.pk: CaretakerVisit.Answer.HELP}
    assert Alert.objects.get().level == "U1"
    made.refresh_from_db()
    made.revoked_at = timezone.now()
    made.save()
    phone.reload()
    phone.get_by_role("heading", name="Ce lien n'est pas ouvert").wait_for()
    check_page(phone)


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_coordinator_matches_a_message_and_works_the_check_to_its_end(
    campaign, residence, door, coordinator, open_browser, session_of, check_page, shot, watcher, viewport
) -> None:
    from campaigns.neighbours import reports

    # The browser's own reader of PDF.
    watcher.expected += ["chrome-extension://", "chrome://resources"]

    reports.receive(
        worries=["not_seen"],
        place="12 rue des lilas",
        who="La dame du deuxième",
        text="Ses volets n'ont pas bougé depuis mardi.",
        now=timezone.now(),
    )
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/inquietudes/")
    check_page(page)
    page.get_by_role("link", name="12 rue des lilas").click()
    page.get_by_role("radio").first.check()
    check_page(page)
    shot(page, "inquietude", full_page=True)
    page.get_by_role("button", name="C'est ce foyer").click()
    page.get_by_role("heading", name="La veille").wait_for()
    expect(page.get_by_text("Étape suivante proposée")).to_be_visible()
    check_page(page)

    # A letter: the PDF opens beside, the step is there when one comes back.
    page.get_by_text("Écrire", exact=True).click()
    produced = page.context.expect_event("response", lambda response: "/lettre" in response.url)
    with page.context.expect_page(), produced as answered:
        page.get_by_role("button", name="Produire la lettre").click()
    assert answered.value.ok
    assert Letter.objects.get().case == door
    page.reload()
    expect(page.get_by_text("Lettre « nous avons cherché à vous joindre » produite.")).to_be_visible()
    expect(page.get_by_text("voisin ou contact de confiance").first).to_be_visible()

    # The caretaker is asked.
    page.get_by_role("link", name="Demander une visite au gardien").click()
    check_page(page)
    page.get_by_role("button", name="Préparer la tournée").click()
    link = page.get_by_label("Lien à envoyer au gardien").input_value()
    check_page(page)
    shot(page, "tournee", full_page=True)
    caretaker = open_browser(PHONE)
    caretaker.goto(re.sub(r"^https?://[^/]+", "", link))
    caretaker.get_by_role("button", name="Vu, va bien").click()
    caretaker.get_by_text("Tout est répondu").wait_for()
    page.reload()
    page.get_by_text("Vu, va bien").wait_for()

    # Well, then: the check closes as the caretaker said.
    page.locator("tbody th a").first.click()
    page.get_by_text("Réponse du gardien").first.wait_for()
    shot(page, "veille", full_page=True)
    page.get_by_role("button", name="Clore la veille").click()
    page.get_by_text("La veille est close.").wait_for()
    check: Any = WelfareCheck.objects.get()
    assert (check.result, check.steps.count()) == ("well", 3)
    door.refresh_from_db()
    assert door.closed_reason == "well"
    caretaker.reload()
    caretaker.get_by_role("heading", name="Ce lien n'est pas ouvert").wait_for()
