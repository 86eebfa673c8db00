"""A coordinator shares the neighbours' page: sees how it will look, takes the pictures and the words away."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.neighbours import sharing
from campaigns.welfare.tests.welfare_cast import make_door, make_residence
from tests import factories
from tests.browser.conftest import LAPTOP, PHONE


@pytest.fixture
def campaign(transactional_db: None, volunteer: Any) -> Any:
    made = factories.make_campaign(volunteers=[volunteer], name="Grand froid")
    make_door(made, make_residence(), now=timezone.now())
    return made


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_coordinator_takes_the_pictures_and_copies_the_words(
    campaign: Any, coordinator: Any, open_browser: Any, session_of: Any, check_page: Any, shot: Any, viewport: Any
) -> None:
    page = open_browser(viewport, permissions=["clipboard-read", "clipboard-write"])
    session_of(page, coordinator)
    page.goto(f"/campagnes/{campaign.slug}/")
    page.get_by_role("link", name="Partager").click()
    page.get_by_role("heading", name="Partager", exact=True).wait_for()
    check_page(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Image carrée").click()
    assert taken.value.suggested_filename == "voisins-1080x1080.png"
    page.get_by_role("button", name="Copier : Texte court").click()
    expect(page.get_by_text("Copié", exact=True)).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    share = sharing.of(campaign, sharing.landlords_of(campaign.cases.all()).get())
    assert copied.replace("\r\n", "\n") == share.short
    # Every picture is there.
    page.locator(".share-pictures img").last.scroll_into_view_if_needed()
    loaded = "() => [...document.images].every(one => one.complete && one.naturalWidth > 1000)"
    page.wait_for_function(loaded)
    page.reload()
    page.locator(".share-pictures img").last.scroll_into_view_if_needed()
    page.wait_for_function(loaded)
    shot(page, "partager", full_page=True)


def test_without_a_script_the_words_can_be_selected(
    campaign: Any, coordinator: Any, open_browser: Any, session_of: Any
) -> None:
    page = open_browser(PHONE, javascript=False)
    session_of(page, coordinator)
    page.goto(f"/campagnes/{campaign.slug}/partager/")
    for label in ("Texte court", "Texte long", "Texte de remplacement", "Adresse de la page"):
        field = page.get_by_label(label, exact=True)
        expect(field).to_be_visible()
        expect(field).not_to_be_editable()
    expect(page.get_by_role("button", name="Copier")).to_have_count(0)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Image large").click()
    assert taken.value.suggested_filename == "voisins-1200x630.png"
