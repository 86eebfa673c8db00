"""The second factor of a real installation, from the first sign-in: the key that is shown is the key that works."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from solidarites import accounts, roles
from solidarites.sign_ins import SIGNED_IN_AT
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import PASSWORD
from tests.totp import code_of, wrong_code

pytestmark = pytest.mark.django_db(transaction=True)
SET_UP = "/compte/second-facteur/application/"
SIZES = pytest.mark.parametrize(
    ("viewport", "dark"), [(PHONE, False), (LAPTOP, True)], ids=["phone-light", "laptop-dark"]
)


@pytest.fixture(autouse=True)
def a_real_installation(settings: Any) -> None:
    settings.DEMO = False
    settings.REQUIRE_SECOND_FACTOR = True


def heard(page: Page) -> list[str]:
    """The requests that this page makes without anybody asking."""
    found: list[str] = []
    page.on("request", lambda request: "x-background" in request.headers and found.append(request.url))
    return found


def key_of(page: Page) -> str:
    return page.locator("code.secret").inner_text().strip()


def stay(page: Page) -> None:
    """Somebody looks for their phone: two real seconds, then more than three turns of what pages ask by themselves."""
    page.wait_for_timeout(2000)
    page.clock.run_for(65_000)
    page.wait_for_load_state("networkidle")


def confirm(page: Page, code: str) -> None:
    page.get_by_label("Code affiché par l'application").fill(code)
    page.get_by_role("button", name="Terminer l'installation").click()


def install(page: Page) -> str:
    """From the page that asks for it to the person's own pages: a long wait, a wrong code, the right one."""
    page.wait_for_url(f"**{SET_UP}")
    key = key_of(page)
    stay(page)
    assert key_of(page) == key
    confirm(page, wrong_code(key))
    expect(page.get_by_text("Code inexact")).to_be_visible()
    assert key_of(page) == key
    stay(page)
    confirm(page, code_of(key))
    expect(page.get_by_role("heading", name="Codes de secours")).to_be_visible()
    page.get_by_role("link", name="Aller à mes pages").click()
    return key


def sign_out(page: Page) -> None:
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/connexion/")


@pytest.mark.main_path
@pytest.mark.parametrize(
    ("who", "home"), [("administrator", "/administration/imports/"), ("coordinator", "/tableau-de-bord/")]
)
def test_the_first_sign_in_of_those_who_need_it_ends_on_their_pages(page, sign_in, request, who, home):
    person = request.getfixturevalue(who)
    page.clock.install()
    sign_in(page, person.email)
    asked = heard(page)
    key = install(page)
    page.wait_for_url(f"**{home}")
    assert not [url for url in asked if SET_UP in url], "nothing polls before it is installed"

    sign_out(page)
    sign_in(page, person.email)
    page.wait_for_url("**/compte/second-facteur/code/")
    page.locator("[name=code]").fill(code_of(key))
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url(f"**{home}")


def test_nothing_polls_and_no_menu_stands_before_it_is_installed(page, sign_in, coordinator):
    page.clock.install()
    asked = heard(page)
    sign_in(page, coordinator.email)
    page.wait_for_url(f"**{SET_UP}")
    stay(page)
    assert asked == []
    assert page.locator("nav#menu").count() == 0
    assert page.locator(".menu-button").count() == 0
    page.locator(".user-menu summary").click()
    assert page.locator(".user-menu-panel a").count() == 0, "every other page would lead back here"
    # The page that asks for the password again, and one that is not found, are no different.
    page.goto("/compte/confirmer/")
    stay(page)
    assert asked == []
    assert page.locator("nav#menu").count() == 0


def test_another_tab_a_reload_and_back_show_the_key_that_was_photographed(page, sign_in, administrator):
    sign_in(page, administrator.email)
    page.wait_for_url(f"**{SET_UP}")
    key = key_of(page)
    other = page.context.new_page()
    other.goto("/administration/imports/")
    other.wait_for_url(f"**{SET_UP}")
    assert key_of(other) == key
    page.reload()
    page.goto("/compte/second-facteur/")
    page.go_back()
    assert key_of(page) == key
    confirm(other, code_of(key))
    expect(other.get_by_role("heading", name="Codes de secours")).to_be_visible()
    # The first tab is late: its form leads on, it breaks nothing.
    confirm(page, code_of(key))
    page.wait_for_url(re.compile(r"/compte/second-facteur/"))
    assert page.get_by_text("Code inexact").count() == 0


def test_another_code_is_shown_when_asked_for_and_it_alone_works(page, sign_in, coordinator):
    sign_in(page, coordinator.email)
    page.wait_for_url(f"**{SET_UP}")
    first = key_of(page)
    page.get_by_role("button", name="Afficher un autre code").click()
    expect(page.locator("code.secret")).not_to_have_text(first)
    second = key_of(page)
    page.reload()
    assert key_of(page) == second
    confirm(page, code_of(first))
    expect(page.get_by_text("Code inexact")).to_be_visible()
    confirm(page, code_of(second))
    expect(page.get_by_role("heading", name="Codes de secours")).to_be_visible()


@pytest.mark.main_path
@pytest.mark.parametrize("role", [roles.COORDINATOR, roles.ADMINISTRATOR])
def test_from_the_link_of_an_invitation_to_the_pages_of_work(page, administrator, role):
    from django.utils import timezone

    invited = accounts.invite(
        addresses=[accounts.Address("zoe@exemple.fr")], role=role, by=administrator, now=timezone.now()
    )
    page.clock.install()
    page.goto("/invitation/" + accounts.token_of(invited.invitations[0]) + "/")
    page.get_by_label("Prénom").fill("Zoé")
    page.locator("[name=last_name]").fill("Marin")
    page.locator("[name=password1]").fill("une-phrase-facile-a-retenir")
    page.locator("[name=password2]").fill("une-phrase-facile-a-retenir")
    page.get_by_role("button", name="Rejoindre l'équipe").click()
    install(page)
    page.wait_for_url("**/tableau-de-bord/" if role == roles.COORDINATOR else "**/administration/imports/")


def test_a_password_asked_again_after_a_long_search_for_the_phone_keeps_the_key(page, sign_in, coordinator, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
    sign_in(page, coordinator.email)
    page.wait_for_url(f"**{SET_UP}")
    key = key_of(page)
    _signed_in_long_ago()
    confirm(page, code_of(key))
    page.wait_for_url("**/compte/confirmer/**")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_role("heading", name="Codes de secours")).to_be_visible()


def _signed_in_long_ago() -> None:
    """Ten minutes have passed since the password was given."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    row = Session.objects.get()
    session = SessionStore(session_key=row.session_key)
    for record in session["account_authentication_methods"]:
        record["at"] -= 600
    session[SIGNED_IN_AT] -= 600
    session.save()


@SIZES
def test_its_pages_stand(open_browser, check_page, sign_in, shot, coordinator, viewport, dark):
    page = open_browser(viewport, dark=dark)
    sign_in(page, coordinator.email)
    page.wait_for_url(f"**{SET_UP}")
    check_page(page)
    shot(page, "second-facteur", full_page=True)
    key = key_of(page)
    confirm(page, wrong_code(key))
    expect(page.get_by_text("Code inexact")).to_be_visible()
    check_page(page)
    shot(page, "second-facteur-code-inexact", full_page=True)
    confirm(page, code_of(key))
    expect(page.get_by_text("Imprimez-les ou recopiez-les maintenant")).to_be_visible()
    assert page.locator("code.secret").count() == 10
    check_page(page)
    shot(page, "codes-de-secours", full_page=True)
    page.evaluate("() => { window.print = () => { document.body.dataset.printed = '1' } }")
    page.get_by_role("button", name="Imprimer").click()
    assert page.locator("body").get_attribute("data-printed") == "1"
    page.emulate_media(media="print")
    assert page.locator("code.secret").first.is_visible()
    assert not page.get_by_role("button", name="Imprimer").is_visible()
    page.emulate_media(media="screen")
    # Shown once.
    page.reload()
    expect(page.get_by_text("Ils ont déjà été montrés")).to_be_visible()
    assert page.locator("code.secret").count() == 0
    check_page(page)
    shot(page, "codes-de-secours-deja-montres", full_page=True)
    page.goto("/compte/second-facteur/")
    check_page(page)
    shot(page, "double-authentification", full_page=True)
