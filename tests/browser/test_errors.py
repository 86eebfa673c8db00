"""What a person sees when something is not there."""

from __future__ import annotations

import errno

import pytest
from playwright.sync_api import expect

from solidarites import accounts
from tests.browser.conftest import LAPTOP, PHONE


@pytest.mark.parametrize(("viewport", "dark"), [(PHONE, True), (LAPTOP, False)], ids=["phone-dark", "laptop-light"])
def test_a_page_that_does_not_exist_is_said_in_french(open_browser, watcher, check_page, viewport, dark):
    watcher.expected.append("status of 404")
    page = open_browser(viewport, dark=dark)
    page.goto("/page-inconnue/")
    assert page.locator("h1").inner_text() == "Cette page n'existe pas"
    check_page(page)


@pytest.mark.parametrize(("viewport", "dark"), [(PHONE, True), (LAPTOP, False)], ids=["phone-dark", "laptop-light"])
def test_a_full_disk_is_said_and_what_was_typed_is_sent_again(
    open_browser, session_of, volunteer, watcher, check_page, monkeypatch, viewport, dark
):
    watcher.expected.append("503")
    page = open_browser(viewport, dark=dark)
    session_of(page, volunteer)
    page.goto("/compte/")

    def full(**kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(accounts, "update_profile", full)
        page.get_by_label("Prénom").fill("Léa Marguerite Anne")
        page.locator("main form button[type=submit]").first.click()
        expect(page.locator("h1")).to_have_text("Rien ne peut être enregistré en ce moment")
        check_page(page)
    page.get_by_role("button", name="Envoyer de nouveau").click()
    expect(page.get_by_text("Votre compte est à jour.")).to_be_visible()
    volunteer.refresh_from_db()
    assert volunteer.first_name == "Léa Marguerite Anne"
