"""Letters after a call, from the page of a campaign and of a household: the box, the PDF, a landlord's own words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.models import Call, Letter
from campaigns.welfare.tests.welfare_cast import make_door, make_residence
from tests import factories
from tests.browser.conftest import LAPTOP, PHONE


@pytest.fixture
def doors(transactional_db: None, volunteer: Any) -> list[Any]:
    """Two residences called without an answer; a letter left for the first door three days ago."""
    campaign = factories.make_campaign(volunteers=[volunteer], name="Grand froid")
    now = timezone.now()
    found = [make_door(campaign, make_residence(name), now=now) for name in ("Les Acacias", "Les Tilleuls")]
    for case in found:
        Call.objects.create(case=case, volunteer=volunteer, state="recorded", outcome="no_answer", recorded_at=now)
    Letter.objects.create(case=found[0], kind="after_call", day=timezone.localdate() - timedelta(days=3))
    return found


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_coordinator_writes_after_a_call(
    doors: list[Any],
    coordinator: Any,
    open_browser: Any,
    session_of: Any,
    check_page: Any,
    shot: Any,
    watcher: Any,
    viewport: Any,
) -> None:
    # The browser's own reader of PDF, in its tab.
    watcher.expected += ["chrome://", "chrome-extension://"]
    page = open_browser(viewport)
    session_of(page, coordinator)
    campaign = doors[0].campaign
    page.goto(f"/campagnes/{campaign.slug}/")
    page.get_by_role("link", name="Lettres").click()
    expect(page.get_by_text("1 lettre à faire, pour 2 foyers.")).to_be_visible()
    check_page(page)
    shot(page, "lettres", full_page=True)
    page.get_by_role("link", name="Changer les mots").click()
    page.get_by_label("Signature").fill("Le service de proximité")
    check_page(page)
    shot(page, "lettres-mots", full_page=True)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("A ses propres mots")).to_be_visible()
    # The PDF opens in another tab.
    with page.context.expect_event("response", lambda response: "/lettres/produire/" in response.url) as made:
        page.get_by_role("button", name="Toutes les lettres").click()
    assert made.value.header_value("content-type") == "application/pdf"
    assert Letter.objects.filter(case=doors[1]).count() == 1
    # The household that has a recent one: its day is shown, and the box lets another leave.
    page.goto(f"/dossiers/{doors[0].pk}/")
    expect(page.get_by_label("Renvoyer quand même")).to_be_visible()
    check_page(page)
    page.locator("#t-letter").scroll_into_view_if_needed()
    shot(page, "dossier-lettre")
    page.get_by_label("Renvoyer quand même").check()
    with page.context.expect_event("response", lambda response: response.url.endswith("/lettre/")) as again:
        page.get_by_role("button", name="Lettre après un appel").click()
    assert again.value.header_value("content-type") == "application/pdf"
    assert Letter.objects.filter(case=doors[0]).count() == 2
