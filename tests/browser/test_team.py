"""The team, on a phone and on a laptop: what a new volunteer reads, who comes to a meeting, moments read together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.models import Meeting
from campaigns.team import debriefs, meetings
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_campaign, make_landlord


@pytest.fixture
def campaign(transactional_db: None, volunteer: Any) -> Any:
    made = make_campaign(
        volunteers=[volunteer],
        name="Grand froid",
        callback_number="+33199001234",
        on_call_number="+33199005678",
        ends_on=timezone.localdate() + timedelta(days=40),
    )
    made.landlords.set([make_landlord()])
    return made


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_meeting_repeated_is_announced_answered_and_moved(
    campaign: Any,
    coordinator: Any,
    volunteer: Any,
    open_browser: Callable[..., Page],
    session_of: Callable[[Page, Any], None],
    check_page: Callable[[Page], None],
    shot: Callable[..., None],
    viewport: dict[str, int],
) -> None:
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/temps-d-echange/")
    page.get_by_label("Jour").fill((timezone.localdate() + timedelta(days=2)).isoformat())
    page.get_by_label("Heure").fill("18:00")
    page.get_by_label("Répétition").select_option("1")
    page.get_by_label("Lien de la réunion").fill("https://visio.exemple.fr/equipe")
    page.get_by_label("Quelques mots").fill("Une demi-heure pour souffler ensemble.")
    check_page(page)
    page.get_by_role("button", name="Annoncer").click()
    expect(page.get_by_text("dates annoncées")).to_be_visible()
    check_page(page)
    shot(page, "temps-d-echange-coordination", full_page=True)

    lea = open_browser(viewport)
    session_of(lea, volunteer)
    lea.goto("/appels/temps-d-echange/")
    lea.get_by_role("button", name="Je viens").first.click()
    expect(lea.get_by_text("1 personne vient, dont vous.")).to_be_visible()
    with lea.expect_download() as taken:
        lea.get_by_role("link", name="Mettre dans mon agenda").first.click()
    assert taken.value.suggested_filename == "temps-d-echange.ics"
    check_page(lea)
    shot(lea, "temps-d-echange", full_page=True)

    page.get_by_role("link", name="Qui vient, changer").first.click()
    expect(page.get_by_role("listitem").filter(has_text=volunteer.display_name)).to_be_visible()
    check_page(page)
    shot(page, "temps-d-echange-un", full_page=True)
    page.get_by_label("Heure").fill("12:30")
    page.locator("label").filter(has_text="Celle-ci et les").first.click()
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Les bénévoles sont invités à répondre de nouveau")).to_be_visible()
    assert Meeting.objects.filter(sequence=1).count() == Meeting.objects.count() > 4
    lea.reload()
    expect(lea.get_by_text("Personne n'a encore dit venir.").first).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_moments_are_read_together_in_large_type_and_printed_alone(
    campaign: Any,
    coordinator: Any,
    volunteer: Any,
    open_browser: Callable[..., Page],
    session_of: Callable[[Page, Any], None],
    check_page: Callable[[Page], None],
    shot: Callable[..., None],
    viewport: dict[str, int],
) -> None:
    for words in ("Elle m'a remerciée d'avoir pris le temps.", "Un silence de dix secondes, puis un rire."):
        debriefs.share_moment(campaign=campaign, text=words, by=volunteer, now=timezone.now())
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/temps-d-echange/")
    page.get_by_role("link", name="Les lire ensemble").click()
    expect(page.get_by_text("Un silence de dix secondes")).to_be_visible()
    check_page(page)
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('blockquote')).fontSize)") >= 24
    shot(page, "moments-lecture", full_page=True)
    page.emulate_media(media="print")
    expect(page.get_by_text("Un silence de dix secondes")).to_be_visible()
    for gone in (page.locator(".site-header"), page.get_by_label("Du", exact=True), page.get_by_role("navigation")):
        expect(gone.first).to_be_hidden()


@pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
def test_a_new_volunteer_is_welcomed_and_takes_the_sheet(
    campaign: Any,
    coordinator: Any,
    volunteer: Any,
    open_browser: Callable[..., Page],
    session_of: Callable[[Page, Any], None],
    check_page: Callable[[Page], None],
    shot: Callable[..., None],
    viewport: dict[str, int],
) -> None:
    now = timezone.now()
    meetings.plan(
        campaign=campaign,
        starts_at=now + timedelta(days=1),
        link="https://visio.exemple.fr/equipe",
        words="",
        by=coordinator,
        now=now,
    )
    page = open_browser(viewport)
    session_of(page, volunteer)
    page.goto("/appels/")
    shot(page, "accueil-premier-jour", full_page=True)
    page.get_by_role("link", name="Bien commencer", exact=True).click()
    expect(page.get_by_role("heading", name="Ce que l'on n'attend pas de vous")).to_be_visible()
    check_page(page)
    shot(page, "bien-commencer", full_page=True)
    sheet = page.request.get(page.get_by_role("link", name="La fiche à imprimer").get_attribute("href") or "")
    assert sheet.headers["content-type"] == "application/pdf"
    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="La fiche à imprimer")).to_be_hidden()
    expect(page.get_by_text("01 99 00 56 78")).to_be_visible()
