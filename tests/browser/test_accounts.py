"""From an invitation to the first page of work, in a browser; and the account pages on every screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import PASSWORD

SIZES = pytest.mark.parametrize(
    ("viewport", "dark"), [(PHONE, False), (LAPTOP, True)], ids=["phone-light", "laptop-dark"]
)


def test_an_invitation_goes_from_hand_to_hand(page, phone, session_of, coordinator, settings):
    settings.HAS_MAIL_SERVER = False
    session_of(page, coordinator)
    page.goto("/personnes/inviter/")
    page.get_by_label("Adresses e-mail").fill("Zoé Marin <zoe@exemple.fr>\npas une adresse")
    page.get_by_role("button", name="Inviter", exact=True).click()
    page.get_by_text("n'est pas une adresse e-mail").wait_for()
    field = page.get_by_label("Adresses e-mail")
    # The page opens on the field in error, once its script has run.
    expect(field).to_be_focused()
    field.fill("Zoé Marin <zoe@exemple.fr>")
    page.get_by_role("button", name="Inviter", exact=True).click()
    page.get_by_role("button", name="Copier").click()
    page.get_by_text("Copié").wait_for()
    link = page.get_by_label("Lien d'invitation").input_value()

    phone.goto("/invitation/" + link.split("/invitation/")[1])
    assert phone.get_by_label("Prénom").input_value() == "Zoé"
    phone.locator("[name=password1]").fill("une-phrase-facile-a-retenir")
    phone.locator("[name=password2]").fill("une-phrase-facile-a-retenir")
    phone.get_by_role("button", name="Rejoindre l'équipe").click()
    phone.wait_for_url("**/appels/")


def test_the_menu_of_a_phone_opens_without_a_script(open_browser, session_of, coordinator):
    page = open_browser(PHONE, javascript=False)
    session_of(page, coordinator)
    page.goto("/compte/")
    entry = page.get_by_role("link", name="Comptes", exact=True)
    assert not entry.is_visible()
    page.locator(".menu-button").click()
    entry.click()
    page.wait_for_url("**/personnes/")


def test_a_page_that_polls_asks_to_sign_in_once_the_session_is_over(page, watcher, session_of, coordinator):
    watcher.expected.append("status of 401")
    session_of(page, coordinator)
    page.clock.install()
    page.goto("/alertes/?etat=ouvertes")
    page.context.clear_cookies(name="sessionid")
    page.clock.run_for(21_000)
    page.wait_for_url("**/connexion/?next=/alertes/**")
    expect(page.locator("h1")).to_have_count(1)
    page.locator("input[name=login]").fill(coordinator.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/alertes/?etat=ouvertes")


@SIZES
def test_the_pages_of_strangers_stand(open_browser, check_page, settings, viewport, dark):
    settings.DEMO = True
    page = open_browser(viewport, dark=dark)
    for path in ("/connexion/", "/mot-de-passe-oublie/", "/mot-de-passe-oublie/envoye/", "/compte/inactif/"):
        page.goto(path)
        check_page(page)
    page.goto("/connexion/")
    page.get_by_label("Adresse e-mail").fill("lea@exemple.fr")
    page.get_by_label("Mot de passe").fill("pas-le-bon")
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_text("mot de passe inexact").wait_for()
    check_page(page)


@SIZES
def test_the_pages_of_ones_account_stand(open_browser, check_page, sign_in, coordinator, volunteer, viewport, dark):
    page = open_browser(viewport, dark=dark)
    sign_in(page, coordinator.email)
    for path in ("", "mot-de-passe/", "second-facteur/", "second-facteur/application/", "confirmer/"):
        page.goto(f"/compte/{path}")
        check_page(page)
    page.goto("/personnes/")
    check_page(page)
    page.goto(f"/personnes/{volunteer.pk}/")
    check_page(page)
