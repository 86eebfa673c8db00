"""A beginner's first quarter of an hour: the training that the campaign asks for, the practice call, a real one; and
what follows on the coordinator's side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.models import Alert, Call, CallReview, Debrief, Script
from campaigns.practice.views.training import STEPS
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_campaign, make_case, make_household

SIZES = pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])


@pytest.fixture
def campaign(default_scripts: None, volunteer: Any, coordinator: Any) -> Any:
    campaign = make_campaign(
        name="Grand froid",
        volunteers=[volunteer],
        script=Script.objects.get(key="veille-seniors"),
        follow_up_script=Script.objects.get(kind=Script.Kind.FOLLOW_UP),
        training_required=True,
    )
    make_case(campaign, make_household(last_name="Martin", first_name="Jeanne", civility="Mme"))
    return campaign


def answer(page: Page, question: str, label: str) -> None:
    """Choose an answer; on a phone, where one question is shown at a time, pass those in between."""
    block = page.locator(f".q[data-question={question}]")
    for _ in range(20):
        if block.locator(".choice").first.is_visible():
            break
        page.locator("[data-go-on]:visible").first.click()
    block.locator(".choice", has_text=label).first.click()


def converse(page: Page) -> None:
    for question, label in (
        ("accueil", "Oui, je vous écoute"),
        ("information", "Oui"),
        ("sante", "Bien"),
        ("courses", "Moi-même"),
        ("solitude", "Rarement"),
        ("suivi", "Non"),
    ):
        answer(page, question, label)


@SIZES
def test_a_beginners_first_quarter_of_an_hour(
    viewport: dict[str, int],
    campaign: Any,
    open_browser: Any,
    session_of: Any,
    volunteer: Any,
    check_page: Any,
    shot: Any,
) -> None:
    page = open_browser(viewport)
    session_of(page, volunteer)
    page.goto("/appels/", timeout=60_000)  # the first page of a server that has just started
    expect(page.locator("main")).to_contain_text("demande un entraînement")
    expect(page.get_by_role("button", name="Appeler le prochain foyer")).to_have_count(0)
    check_page(page)
    shot(page, "accueil-debutant", full_page=True)

    page.locator("main").get_by_role("link", name="S'entraîner").click()
    for number in range(1, len(STEPS) + 1):
        expect(page.locator(".training-band")).to_contain_text(f"étape {number} sur {len(STEPS)}")
        check_page(page)
        shot(page, f"entrainement-{number}", full_page=True)
        name = "Continuer" if number < len(STEPS) else "Essayer un appel"
        page.locator(".form-actions").get_by_role("link", name=name).click()

    expect(page.locator("h1")).to_contain_text("Entraînement")
    assert page.locator("a[href^='tel:']").count() == 0
    check_page(page)
    shot(page, "entrainement-appel")
    page.get_by_role("button", name="Alerte", exact=True).first.click()
    expect(page.locator("#alert-box")).to_contain_text("personne n'est prévenu")
    assert page.locator("a[href^='tel:']").count() == 0
    shot(page, "entrainement-alerte")
    converse(page)
    page.locator("#comment").fill("Elle est dépressive.")
    expect(page.locator("#warnings")).to_contain_text("diagnostic")
    expect(page.locator("#save-state")).to_contain_text("rien n'est gardé")
    # The alert was tried: the button says so, as in a real danger.
    page.get_by_role("button", name="Terminer l'appel").last.click()
    page.wait_for_url("**/fini/**")
    expect(page.locator("h1")).to_have_text("Entraînement terminé")
    check_page(page)
    shot(page, "entrainement-fini", full_page=True)
    assert not Call.objects.exists()
    assert not Alert.objects.exists()

    # The first real call.
    page.get_by_role("button", name="Appeler un vrai foyer").click()
    expect(page.locator("h1")).to_contain_text("MARTIN")
    expect(page.locator("h1")).not_to_contain_text("Entraînement")
    assert page.locator("a[href^='tel:+33']").count() > 0
    converse(page)
    page.get_by_role("button", name="Enregistrer l'appel").last.click()
    page.wait_for_url("**/appels/faits/**")
    assert Call.objects.get().state == Call.State.RECORDED
    page.get_by_role("button", name="Cet appel m'a touché(e)").click()
    expect(page.locator("main")).to_contain_text("vous proposera d'en parler")
    check_page(page)
    assert Debrief.objects.exists()


def test_without_javascript_one_may_practise_too(
    campaign: Any, open_browser: Any, session_of: Any, volunteer: Any
) -> None:
    page = open_browser(PHONE, javascript=False)
    session_of(page, volunteer)
    page.goto(f"/appels/entrainement/{campaign.pk}/essai/")
    page.get_by_role("button", name="Alerte", exact=True).first.click()
    expect(page.locator("main")).to_contain_text("personne n'est prévenu")
    page.get_by_role("button", name="Pas de réponse").click()
    expect(page.locator("main")).to_contain_text("quelqu'un qui répond")


@SIZES
def test_a_coordinator_reads_again_listens_and_announces(
    viewport: dict[str, int],
    campaign: Any,
    open_browser: Any,
    session_of: Any,
    volunteer: Any,
    coordinator: Any,
    check_page: Any,
    shot: Any,
) -> None:
    now = timezone.now()
    answers = {"accueil": {"": "oui"}, "courses": {"": "moi"}}
    call = Call.objects.create(
        case=campaign.cases.get(), volunteer=volunteer, state=Call.State.RECORDED, outcome="completed",
        script=campaign.script, answers=answers, comment="Rappeler sa fille.", touched_me=True,
        started_at=now - timedelta(minutes=9), recorded_at=now - timedelta(minutes=2),
    )  # fmt: skip
    Debrief.objects.create(call=call)
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/relectures/")
    check_page(page)
    shot(page, "relectures")
    page.locator(".rows a").first.click()
    page.get_by_text("Relu, avec un mot").click()
    page.get_by_label("Votre mot").fill("Vous avez pris le temps qu'il fallait.")
    check_page(page)
    shot(page, "relecture", full_page=True)
    page.get_by_role("button", name="Envoyer ce mot").click()
    expect(page.locator("main")).to_contain_text("Rien à relire")
    assert CallReview.objects.get().note

    page.goto("/a-ecouter/")
    check_page(page)
    shot(page, "a-ecouter")
    page.locator("tbody th a").first.click()
    check_page(page)
    shot(page, "a-ecouter-une", full_page=True)
    page.get_by_role("button", name="Noter le contact").click()
    expect(page.locator("main")).to_contain_text("Pris")

    page.goto("/temps-d-echange/")
    page.get_by_label("Jour").fill((now + timedelta(days=2)).date().isoformat())
    page.get_by_label("Heure").fill("18:30")
    page.get_by_label("Lien de la réunion").fill("https://visio.exemple.fr/equipe")
    page.get_by_label("Quelques mots").fill("Une demi-heure pour souffler.")
    page.get_by_role("button", name="Annoncer").click()
    expect(page.locator("main")).to_contain_text("souffler")
    check_page(page)
    shot(page, "temps-d-echange", full_page=True)

    lea = open_browser(viewport)
    session_of(lea, volunteer)
    lea.goto("/appels/temps-d-echange/")
    lea.get_by_label("Votre moment").fill("Mme Dupouy m'a chanté une chanson.")
    lea.get_by_role("button", name="Partager, sans mon nom").click()
    expect(lea.locator("main")).to_contain_text("ressemble au nom")
    check_page(lea)
    shot(lea, "moments-avis", full_page=True)
    lea.get_by_label("Votre moment").fill("Une dame m'a chanté une chanson.")
    lea.get_by_role("button", name="Partager").click()
    expect(lea.locator(".moments")).to_contain_text("chanson")
    check_page(lea)
    shot(lea, "moments", full_page=True)
    lea.goto("/appels/")
    expect(lea.locator("main")).to_contain_text("Un mot de Nadia")
    check_page(lea)
    shot(lea, "accueil-mot", full_page=True)
    lea.get_by_role("button", name="Merci, lu").click()
    expect(lea.locator("main")).not_to_contain_text("Un mot de Nadia")
    lea.goto("/appels/ma-journee/")
    check_page(lea)
    shot(lea, "ma-journee", full_page=True)
