"""The coordinator's figures on a campaign in mid-course, on a laptop and a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import alerts
from campaigns.figures.tests import figures_cast as cast
from campaigns.models import Alert
from campaigns.models.levels import Level
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_case, make_household

TOWNS = [("33000", "Bordeaux", "33063"), ("33600", "Pessac", "33318"), ("40000", "Mont-de-Marsan", "40192")]
OUTCOMES = [
    "completed",
    "no_answer",
    "completed",
    "voicemail_none",
    "completed",
    "busy",
    "completed",
    "refused_campaign",
]
NEEDS = [{}, {"repas": "oui"}, {}, {"logement": "oui"}, {"courses": "personne", "manger": "oui"}]
DAYS, HOUSEHOLDS = 6, 48


@pytest.fixture
def mid_course(transactional_db, volunteer, volunteer2, coordinator):
    """Two volunteers, six days of calls, a third of the households still to be called, one urgent alert."""
    now = timezone.now()
    campaign = cast.make_campaign(volunteer, volunteer2, now=now, name="Grand froid")
    cases = []
    for number in range(HOUSEHOLDS):
        postal_code, city, insee = TOWNS[number % 3]
        household = make_household(postal_code=postal_code, city=city, insee_code=insee, department=insee[:2])
        cases.append(make_case(campaign, household, now=now, rank=number))
    called = cases[: HOUSEHOLDS * 2 // 3]
    for number, case in enumerate(called):
        day = now - timedelta(days=DAYS - number * DAYS // len(called))
        at = day.replace(hour=8 + number % 8, minute=number % 60) - timedelta(days=1)
        outcome = OUTCOMES[number % len(OUTCOMES)]
        say = {"say": NEEDS[number % len(NEEDS)]} if outcome == "completed" else {}
        cast.call(case, (volunteer, volunteer2)[number % 2], outcome, now=at, **say)
    alerts.raise_alert(task="essai", kind=Alert.Kind.TASK_FAILED, level=Level.U1, case=cases[0], by=volunteer, now=now)
    return campaign


@pytest.mark.parametrize(("viewport", "dark"), [(LAPTOP, False), (PHONE, True)], ids=["laptop", "phone"])
def test_the_dashboard_says_where_the_campaign_stands(
    mid_course, coordinator, open_browser, session_of, shot, check_page, viewport, dark
):
    page = open_browser(viewport, dark=dark)
    session_of(page, coordinator)
    page.goto("/tableau-de-bord/")
    page.locator("canvas").first.wait_for()
    page.wait_for_timeout(500)
    shot(page, "tableau-de-bord", full_page=False)
    check_page(page)
    # Every chart has its table.
    assert page.locator("canvas").count() == page.locator(".chart + details table, .chart ~ details table").count()
    page.get_by_role("link", name="Bilan").click()
    check_page(page)
    shot(page, "bilan")
