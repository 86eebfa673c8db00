"""A coordinator writes a script, breaks it, mends it, publishes it; the volunteer's next call shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Script
from tests.browser.conftest import LAPTOP, PHONE, accessibility_problems, layout_problems
from tests.factories import make_campaign, make_case


@pytest.fixture
def cold(default_scripts: None, volunteer: Any) -> Any:
    shipped = {one.kind: one for one in Script.objects.all()}
    campaign = make_campaign(
        name="Grand froid", slug="grand-froid", volunteers=[volunteer], script=shipped["first"],
        follow_up_script=shipped["follow_up"],
    )  # fmt: skip
    make_case(campaign)
    return campaign


def test_a_script_from_its_copy_to_the_call(
    cold: Any, coordinator: Any, volunteer: Any, page: Page, phone: Page, session_of: Callable[..., None], shot: Any
) -> None:
    session_of(page, coordinator)
    page.goto("/trames/")
    shot(page, "trames", full_page=True)
    page.locator("article", has_text="Veille seniors").get_by_role("button", name="Dupliquer").click()
    page.get_by_role("link", name="Réglages et besoins").click()
    page.get_by_label("Titre").fill("Grand froid 2026")
    page.get_by_role("button", name="Enregistrer", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grand froid 2026")
    draft = Script.objects.get(title="Grand froid 2026")
    shot(page, "trame-brouillon")

    # A question with a need and a branch
    page.locator("#q-logement").get_by_role("link", name="Ajouter une question après").click()
    page.get_by_label("Mots à dire").fill("Votre chauffage fonctionne-t-il ?")
    row = page.locator("#reponse-0")
    row.get_by_label("Réponse", exact=True).fill("Oui, il chauffe bien")
    page.get_by_role("button", name="Enregistrer et ajouter une réponse").click()
    row = page.locator("#reponse-1")
    row.get_by_label("Réponse", exact=True).fill("Non, il est en panne")
    row.get_by_text("Ce qu'elle entraîne").click()
    row.get_by_label("Besoin").select_option("logement")
    row.get_by_label("Niveau").select_option("U2")
    row.get_by_label("Faire aussi poser").select_option("gestes")
    # The question shows beside its form as it is being typed.
    beside = page.locator("#apercu")
    expect(beside.get_by_text("Non, il est en panne", exact=True)).to_be_visible()
    expect(beside.get_by_text(re.compile("Problème dans le logement, sous 48"))).to_be_visible()
    shot(page, "trame-question", full_page=True)
    assert not accessibility_problems(page) + layout_problems(page)
    page.get_by_role("button", name="Enregistrer la question").click()
    expect(page.locator("#q-gestes")).to_contain_text("Posée si")

    # The preview follows it
    page.get_by_role("link", name="Aperçu").click()
    told = page.locator("#follows")
    bons_gestes = page.locator(".q[data-question=gestes]")
    expect(bons_gestes).to_be_hidden()
    page.locator(".q[data-question=accueil]").get_by_text("Oui, je vous écoute").click()
    page.locator(".q[data-question=votre_chauffage_fonctionne_t_il]").get_by_text("Non, il est en panne").click()
    expect(bons_gestes).to_be_visible()
    expect(told).to_contain_text("Problème dans le logement")
    assert not accessibility_problems(page) + layout_problems(page)
    shot(page, "trame-apercu", full_page=True)
    page.locator(".q[data-question=accueil]").get_by_role("button", name="Modifier la réponse").click()
    page.locator(".q[data-question=accueil]").get_by_text("Non merci, tout va bien").click()
    expect(told).to_contain_text("Ne souhaite pas cette fois")
    expect(bons_gestes).to_be_hidden()

    # Broken, it says so and is not published
    page.goto(f"/trames/{draft.pk}/questions/votre_chauffage_fonctionne_t_il/")
    page.get_by_label("Mots à dire").fill("Votre {chaudiere} fonctionne-t-elle ?")
    expect(beside.get_by_text(re.compile("chaudiere.* n'existe pas"))).to_be_visible()
    page.get_by_role("button", name="Enregistrer la question").click()
    checks = page.locator("#verifications")
    expect(checks).to_contain_text("n'existe pas")
    page.get_by_role("link", name="Publier").click()
    expect(page.get_by_role("button", name="Publier cette version")).to_have_count(0)
    shot(page, "trame-verifications", full_page=True)
    page.locator("#verifications").get_by_role("link", name=re.compile("chaudiere")).click()
    page.get_by_label("Mots à dire").fill("Votre chaudière fonctionne-t-elle ?")
    page.get_by_role("button", name="Enregistrer la question").click()
    expect(page.locator("#verifications")).to_contain_text("Rien à corriger")

    page.get_by_role("link", name="Publier").click()
    page.get_by_role("button", name="Publier cette version").click()
    page.get_by_role("button", name="Donner cette version à Grand froid").click()
    expect(page.locator("main")).to_contain_text("Les prochains appels")

    # The next call shows it
    session_of(phone, volunteer)
    phone.goto("/appels/")
    phone.get_by_role("button", name=re.compile("Appeler le prochain foyer")).first.click()
    expect(phone.locator(".q[data-question=votre_chauffage_fonctionne_t_il] .spoken")).to_have_text(
        "Votre chaudière fonctionne-t-elle ?"
    )


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_the_editor_stands_on_every_screen_and_without_javascript(
    cold: Any,
    coordinator: Any,
    viewport: dict[str, int],
    open_browser: Callable[..., Page],
    session_of: Callable[..., None],
    shot: Any,
) -> None:
    page = open_browser(viewport, javascript=False)
    session_of(page, coordinator)
    page.goto("/trames/")
    page.locator("article", has_text="Veille seniors").get_by_role("button", name="Nouvelle version").click()
    draft = Script.objects.get(status="draft")
    page.goto(f"/trames/{draft.pk}/questions/courses/")
    page.locator("#reponse-3").get_by_role("button", name="Monter la réponse 4").click()
    page.locator("#reponse-2").get_by_label("Retirer cette réponse").check()
    page.get_by_role("button", name="Enregistrer la question").click()
    draft.refresh_from_db()
    courses = next(one for one in draft.content["questions"] if one["key"] == "courses")
    assert [one["key"] for one in courses["choices"]] == ["moi", "proche", "aide"]
    # « De quoi manger » depended on the answer taken out: said, not forgotten.
    expect(page.locator("#verifications")).to_contain_text("réponse qui n'existe pas")
    page.goto(f"/trames/{draft.pk}/apercu/")
    page.locator(".q[data-question=accueil]").get_by_text("Plutôt un autre moment").click()
    page.get_by_role("button", name="Suivre ces réponses").click()
    expect(page.locator("#follows")).to_contain_text("Rappel convenu")

    seen = open_browser(viewport)
    session_of(seen, coordinator)
    wrong = []
    for name in ("", "questions/moral/", "reglages/", "paroles/", "reactions/", "aide/", "apercu/", "publier/"):
        seen.goto(f"/trames/{draft.pk}/{name}")
        wrong += [f"{name}: {one}" for one in accessibility_problems(seen) + layout_problems(seen)]
        shot(seen, f"trame-{name.replace('/', '-')}page", full_page=True)
    for name in ("", "nouvelle/"):
        seen.goto(f"/trames/{name}")
        wrong += [f"{name}: {one}" for one in accessibility_problems(seen) + layout_problems(seen)]
        shot(seen, f"trames-{name.replace('/', '-')}page", full_page=True)
    assert not wrong, "\n".join(wrong)


def test_the_preview_on_a_phone_is_what_the_volunteer_will_see(
    cold: Any, coordinator: Any, open_browser: Callable[..., Page], session_of: Callable[..., None], shot: Any
) -> None:
    """One question at a time, answers that fold, the moments to call back; then two people, the answers kept."""
    page = open_browser(PHONE)
    session_of(page, coordinator)
    page.goto(f"/trames/{Script.objects.get(key='veille-seniors').pk}/apercu/")
    asked = page.locator(".q-body:visible")
    expect(asked).to_have_count(1)
    greeting = page.locator(".q[data-question=accueil]")
    greeting.get_by_text("Plutôt un autre moment").click()
    expect(greeting.locator(".q-line")).to_contain_text("Plutôt un autre moment")
    expect(asked).to_have_count(0)
    panel = page.get_by_role("group", name="Quand rappeler")
    expect(panel.get_by_role("radio")).to_have_count(5)
    expect(panel).to_be_in_viewport()
    panel.locator(".choice", has_text="À un autre moment").click()
    expect(panel.get_by_label("Jour", exact=True)).to_be_visible()
    panel.locator(".choice").first.click()
    expect(page.locator("#follows")).to_contain_text(re.compile(r"Rappel .* à \d+"))
    assert not accessibility_problems(page) + layout_problems(page)
    shot(page, "trame-apercu-rappel", full_page=True)
    page.get_by_label("Deux personnes dans le foyer").check()
    expect(page.locator("#follows")).to_contain_text("Rappel")
    greeting.get_by_role("button", name="Modifier la réponse").click()
    greeting.get_by_text("Oui, je vous écoute").click()
    expect(asked).to_have_count(1)
    page.locator(".q[data-question=information]").get_by_text("Oui", exact=True).click()
    expect(page.locator(".q[data-question=sante] .answer:visible")).to_have_count(2)
