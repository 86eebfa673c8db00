"""A coordinator looks after the queue: chosen cases moved and freed, a call recorded twice decided, the rules read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns import queue, texts
from campaigns.calls.tests.test_messages import pending_call
from campaigns.models import Call, Campaign, Case, Script
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_campaign, make_case, make_household

CASES = 60
SIZES = pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])


@pytest.fixture
def cold(default_scripts: None, volunteer: Any, volunteer2: Any) -> Campaign:
    first = Script.objects.get(key="veille-seniors")
    campaign = make_campaign(
        name="Grand froid", slug="grand-froid", volunteers=[volunteer, volunteer2], script=first, max_attempts=4
    )
    names = {0: "Martin", 1: "de La Rochefoucauld-Montmorency d'Estissac"}
    for rank in range(CASES):
        household = make_household(last_name=names.get(rank, f"Exemple{rank:02d}"), first_name="Jeanne", civility="Mme")
        # At any hour, on a public holiday too.
        make_case(campaign, household, rank=rank, urgent=True)
    return campaign


@SIZES
def test_the_chosen_cases_move_by_the_keyboard_however_long_the_list(
    cold: Campaign, coordinator: Any, volunteer: Any, viewport: dict[str, int], open_browser: Callable[..., Page],
    session_of: Callable[..., None], check_page: Any,
) -> None:  # fmt: skip
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/dossiers/?etat=ready")
    check_page(page)
    first, third = Case.objects.order_by("rank")[0], Case.objects.order_by("rank")[2]
    for case in (first, third):
        box = page.get_by_label(f"Choisir le dossier {case.pk}", exact=True)
        box.focus()
        page.keyboard.press("Space")
        expect(box).to_be_checked()
    # In reach from the first tick on.
    down = page.get_by_role("button", name="Mettre après les autres")
    expect(down).to_be_in_viewport()
    check_page(page)
    down.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 dossiers passent après les autres.")).to_be_visible()
    assert page.url.endswith("?etat=ready")
    given = queue.claim_next(campaign=cold, by=volunteer, now=timezone.now()).case
    assert given is not None
    assert given.rank == 1
    page.goto("/dossiers/?etat=held")
    page.get_by_label(f"Choisir le dossier {given.pk}", exact=True).check()
    page.get_by_role("button", name="Libérer").click()
    expect(page.get_by_text("1 dossier est libéré.")).to_be_visible()
    assert queue.current_claim(volunteer) is None


@SIZES
def test_a_call_recorded_twice_is_decided_where_both_are_read(
    cold: Campaign, coordinator: Any, volunteer: Any, volunteer2: Any, viewport: dict[str, int],
    open_browser: Callable[..., Page], session_of: Callable[..., None], check_page: Any, shot: Any,
) -> None:  # fmt: skip
    case = Case.objects.order_by("rank")[0]
    call = pending_call(case, volunteer, volunteer2, outcome="refused_campaign", comment="Sa fille l'appelle.")
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/tableau-de-bord/")
    page.get_by_role("link", name="appels à trancher").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Appels à trancher")
    expect(page.get_by_text("Sa fille l'appelle.")).to_be_visible()
    check_page(page)
    shot(page, "appels-en-double")
    page.get_by_role("button", name="L'écarter").click()
    expect(page.get_by_text("Rien à trancher")).to_be_visible()
    call.refresh_from_db()
    assert call.state == Call.State.DROPPED


@SIZES
def test_what_the_rules_will_do_is_read_for_any_day_and_place(
    cold: Campaign, coordinator: Any, viewport: dict[str, int], open_browser: Callable[..., Page],
    session_of: Callable[..., None], check_page: Any, shot: Any,
) -> None:  # fmt: skip
    Campaign.objects.update(hours={str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)})
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/campagnes/grand-froid/regles/")
    page.get_by_label("Département du foyer").select_option("974")
    page.get_by_label("Jour de l'appel").fill("2027-01-12")
    page.get_by_label("Heure chez ce foyer").fill("10:00")
    page.get_by_label("Heure chez ce foyer").press("Enter")
    expect(page.locator(".lead")).to_contain_text("Un foyer qui ne répond pas mardi 12 janvier")
    expect(page.locator(".lead")).to_contain_text("sera rappelé mercredi 13 janvier")
    check_page(page)
    shot(page, "ce-que-feront-les-regles")


@SIZES
def test_texts_and_calls_are_read_again_with_the_thumb(
    cold: Campaign, coordinator: Any, volunteer: Any, viewport: dict[str, int], open_browser: Callable[..., Page],
    session_of: Callable[..., None], check_page: Any, shot: Any,
) -> None:  # fmt: skip
    # The first five alone: which others are drawn hangs on their numbers, and those on the tests before.
    Campaign.objects.update(review_share=0)
    now = timezone.now()
    for number, case in enumerate(Case.objects.order_by("rank")[:7]):
        at = now - timedelta(hours=number + 1)
        call = Call.objects.create(
            case=case, volunteer=volunteer, state=Call.State.RECORDED, outcome="completed", recorded_at=at,
            started_at=at - timedelta(minutes=6), comment="Un peu avare sur le chauffage, il fait froid chez elle.",
        )  # fmt: skip
        texts.flag(call, None, at)
    page = open_browser(viewport)
    session_of(page, coordinator)
    page.goto("/textes-a-revoir/")
    check_page(page)
    shot(page, "textes-a-revoir")
    page.get_by_role("link", name="Réécrire").first.click()
    page.get_by_label("Nouveau texte").fill("Il fait froid dans le logement.")
    page.get_by_role("button", name="Réécrire").click()
    expect(page.get_by_text("Le texte est réécrit.")).to_be_visible()
    page.goto("/relectures/")
    check_page(page)
    shot(page, "appels-a-relire")
    page.locator(".rows a").first.click()
    page.get_by_role("button", name="Relu", exact=True).click()
    expect(page.locator(".rows li")).to_have_count(4)
