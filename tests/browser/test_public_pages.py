"""A coordinator writes the questions on a phone; a tenant reads them without JavaScript, prints them, searches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.models import Crisis, FaqEdition
from campaigns.public import loading
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_campaign, make_landlord

READ = [
    "/questions/canicule/",
    "/questions/numeros/",
    "/bons-gestes/canicule/",
    "/vos-donnees/",
    "/mentions-legales/",
    "/accessibilite/",
]
# How far what was shown moved while the page was loading.
SHIFT = """
() => new Promise(done => {
  let moved = 0
  new PerformanceObserver(list => { for (const one of list.getEntries()) moved += one.value })
    .observe({ type: 'layout-shift', buffered: true })
  setTimeout(() => done(moved), 300)
})
"""


@pytest.fixture(autouse=True)
def shipped(transactional_db: None) -> None:
    loading.load_defaults(now=timezone.now())


@pytest.mark.main_path
def test_a_coordinator_publishes_on_a_phone_and_a_tenant_reads_without_javascript(
    phone: Page,
    coordinator: Any,
    open_browser: Callable[..., Page],
    session_of: Callable[[Page, Any], None],
    check_page: Callable[[Page], None],
    shot: Callable[..., None],
) -> None:
    make_campaign(crisis=Crisis.HEAT)
    session_of(phone, coordinator)
    phone.goto("/pages-publiques/")
    check_page(phone)
    shot(phone, "pages-publiques", full_page=True)
    phone.get_by_label("Crise").select_option("canicule")
    phone.get_by_role("button", name="Préparer une édition").click()
    check_page(phone)
    shot(phone, "edition", full_page=True)

    phone.get_by_role("link", name="Ajouter une question dans Pendant la canicule").click()
    phone.get_by_label("Question", exact=False).first.fill("Mon chien a chaud. Que faire ?")
    phone.get_by_label("Réponse", exact=False).first.fill(
        "Donnez-lui de l'eau.\n\n- à l'ombre ;\n- au frais.\n\nVoyez /bons-gestes/canicule/"
    )
    phone.get_by_role("button", name="Voir la réponse").click()
    expect(phone.locator(".answer-look li")).to_have_count(2)
    expect(phone.locator(".answer-look a")).to_have_text("Les bons gestes (canicule)")
    check_page(phone)
    shot(phone, "edition-question", full_page=True)
    phone.get_by_role("button", name="Enregistrer la question").click()
    phone.get_by_role("button", name="Monter : Mon chien a chaud").click()

    phone.get_by_role("link", name="Aperçu").click()
    expect(phone.get_by_text("les locataires ne le voient pas")).to_be_visible()
    check_page(phone)
    phone.get_by_role("link", name="Revenir à l'édition").click()
    phone.get_by_role("link", name="Publier").click()
    check_page(phone)
    phone.get_by_role("button", name="Publier cette édition").click()
    expect(phone.get_by_text("Tout le monde la lit maintenant")).to_be_visible()
    edition = FaqEdition.objects.get(crisis=Crisis.HEAT, number=2)
    assert edition.is_published

    for size in (PHONE, LAPTOP):
        tenant = open_browser(size, javascript=False)
        tenant.goto("/questions/")
        expect(tenant.get_by_role("heading", name="Mon chien a chaud. Que faire ?")).to_be_visible()
        expect(tenant.get_by_text("Donnez-lui de l'eau.")).to_be_visible()
        tenant.get_by_label("Chercher un mot").fill("chien")
        tenant.get_by_role("button", name="Chercher").click()
        expect(tenant.locator(".qa")).to_have_count(1)
        tenant.get_by_role("link", name="Voir toutes les questions").click()
        assert tenant.locator(".qa").count() > 20
        assert tenant.context.cookies() == []
        shot(tenant, "questions", full_page=True)


def test_the_search_narrows_the_page_as_one_types(phone: Page, check_page: Callable[[Page], None]) -> None:
    phone.goto("/questions/canicule/")
    every = phone.locator(".qa:visible").count()
    phone.get_by_label("Chercher un mot").press_sequentially("medicament")
    expect(phone.get_by_text("3 questions trouvées.")).to_be_visible()
    assert phone.locator(".qa:visible").count() == 3
    check_page(phone)
    phone.get_by_label("Chercher un mot").fill("xylophone")
    expect(phone.get_by_text("Aucune question ne contient ces mots")).to_be_visible()
    phone.get_by_label("Chercher un mot").fill("")
    assert phone.locator(".qa:visible").count() == every


def test_a_number_is_confirmed_on_a_phone(
    phone: Page, coordinator: Any, session_of: Callable[[Page, Any], None], check_page: Callable[[Page], None]
) -> None:
    session_of(phone, coordinator)
    phone.goto("/pages-publiques/numeros/")
    check_page(phone)
    phone.get_by_role("button", name="Confirmer : Samu").click()
    expect(phone.get_by_text("Le 15 est noté comme vérifié aujourd'hui.")).to_be_visible()
    phone.get_by_role("link", name="Modifier : Samu").click()
    check_page(phone)
    phone.goto("/pages-publiques/")
    phone.get_by_role("button", name="Préparer une édition").click()
    phone.get_by_role("link", name="Modifier : Les appels").click()
    check_page(phone)


def test_printed_it_is_the_words_and_nothing_else(page: Page) -> None:
    page.goto("/questions/canicule/")
    page.emulate_media(media="print")
    for gone in (page.locator(".site-header"), page.locator(".site-footer"), page.get_by_role("search")):
        expect(gone).to_be_hidden()
    expect(page.get_by_role("heading", name="Combien dois-je boire ?")).to_be_visible()
    page.goto("/questions/numeros/")
    expect(page.get_by_text("3114", exact=True)).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
def test_public_pages_are_large_contrasted_and_still(
    dark: bool, open_browser: Callable[..., Page], shot: Callable[..., None]
) -> None:
    make_campaign(crisis=Crisis.HEAT).landlords.set([make_landlord()])
    page = open_browser(PHONE, dark=dark)
    wrong = []
    for path in READ:
        page.goto(path)
        page.wait_for_load_state("load")
        options = {"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}}
        for one in Axe().run(page, options=options).response["violations"]:
            wrong += [f"{path}: {node['target'][0]} {node['any'][0]['message']}" for node in one["nodes"]]
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main p:not(.lead)')).fontSize)")
        if size < 18:
            wrong.append(f"{path}: {size} px")
        if (moved := page.evaluate(SHIFT)) > 0:
            wrong.append(f"{path}: moves by {moved}")
        shot(page, f"public{path.replace('/', '-')}{'dark' if dark else 'light'}", full_page=True)
    assert not wrong, "\n".join(wrong)
