"""The campaign is closed while somebody is on the phone: what the volunteer reads, and what a coordinator decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from campaigns import alerts
from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Call, Case, CoordinatorScope
from campaigns.referrals.tests.referral_cast import make_partner
from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.test_call import WELL, answer_all, saved
from tests.factories import make_agency, make_case, make_household

SIZES = pytest.mark.parametrize("viewport", [PHONE, LAPTOP], ids=["phone", "laptop"])
WORDS = "N'a plus de chauffage depuis lundi."


@pytest.fixture
def case(volunteer: Any, volunteer2: Any) -> Case:
    make_partner()
    campaign = running_campaign(volunteer, volunteer2, name="Grand froid", slug="grand-froid")
    case = make_case(campaign, make_household(last_name="Martin", first_name="Jeanne"))
    hold(case, volunteer)
    return case


@SIZES
def test_the_call_is_finished_kept_and_counted(
    case: Case, volunteer: Any, coordinator: Any, viewport: dict[str, int], open_browser: Callable[..., Page],
    session_of: Callable[..., None], check_page: Any, shot: Any,
) -> None:  # fmt: skip
    lea, nadia = open_browser(viewport), open_browser(viewport)
    session_of(lea, volunteer)
    session_of(nadia, coordinator)
    lea.goto(f"/appels/{case.pk}/")
    answer_all(lea, **WELL)
    lea.get_by_label("Commentaire").fill(WORDS)
    saved(lea)
    nadia.goto("/campagnes/grand-froid/clore/")
    expect(nadia.get_by_text("1 appel est en cours")).to_be_visible()
    shot(nadia, "clore-pendant-un-appel", full_page=True)
    nadia.get_by_role("button", name="Terminer la campagne").click()
    expect(nadia.get_by_text("1 appel attend une décision")).to_be_visible()
    check_page(nadia)
    shot(nadia, "campagne-close-appel-en-attente")
    lea.get_by_label("Commentaire").fill(f"{WORDS} Elle attend.")
    expect(lea.locator("#notice")).to_contain_text("La campagne a été close pendant votre appel.")
    check_page(lea)
    shot(lea, "appel-campagne-close")
    lea.get_by_role("button", name="Enregistrer l'appel").click()
    expect(lea.locator("h1")).to_have_text("Votre texte est gardé")
    shot(lea, "appel-garde")
    nadia.get_by_role("link", name="Trancher").click()
    expect(nadia.get_by_role("heading", level=1)).to_have_text("Appels à trancher")
    expect(nadia.get_by_text(f"{WORDS} Elle attend.")).to_be_visible()
    nadia.get_by_text("L'écarter", exact=True).last.click()
    check_page(nadia)
    shot(nadia, "appel-a-trancher", full_page=True)
    nadia.get_by_role("button", name="Cet appel compte").click()
    expect(nadia.get_by_text("Rien à trancher")).to_be_visible()
    assert Call.objects.get().state == Call.State.RECORDED


@SIZES
def test_a_call_left_unfinished_asks_how_it_ended(
    case: Case, volunteer: Any, coordinator: Any, viewport: dict[str, int], open_browser: Callable[..., Page],
    session_of: Callable[..., None], check_page: Any, shot: Any,
) -> None:  # fmt: skip
    Call.objects.update(comment=WORDS, state=Call.State.PENDING)
    nadia = open_browser(viewport)
    session_of(nadia, coordinator)
    nadia.goto(f"/dossiers/{case.pk}/")
    expect(nadia.get_by_text("Cet appel n'a jamais été enregistré")).to_be_visible()
    check_page(nadia)
    shot(nadia, "appel-inacheve", full_page=True)


@SIZES
def test_a_household_that_nobody_follows_is_opened_from_its_alert(
    case: Case, coordinator: Any, administrator: Any, viewport: dict[str, int], open_browser: Callable[..., Page],
    session_of: Callable[..., None], check_page: Any, shot: Any,
) -> None:  # fmt: skip
    elsewhere = make_agency(case.household.landlord, "Agence de Dax")
    CoordinatorScope.objects.create(user=coordinator).agencies.add(elsewhere)
    Call.objects.update(comment=WORDS)
    alert = alerts.raise_alert(task="a", kind="task_failed", level="U1", case=case, now=case.enrolled_at)
    for person, name in ((coordinator, "alerte-sans-secteur"), (administrator, "alerte-administration")):
        page = open_browser(viewport)
        session_of(page, person)
        page.goto(f"/alertes/{alert.pk}/")
        check_page(page)
        shot(page, name, full_page=True)
        page.get_by_role("link", name="Ouvrir le dossier").click()
        expect(page.get_by_role("heading", name="Le foyer")).to_be_visible()
        check_page(page)
        shot(page, f"{name}-dossier", full_page=True)
