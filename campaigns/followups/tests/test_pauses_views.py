"""A pause on screen: the buttons of the campaign's page, what the lists say meanwhile, a plan's history afterwards."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import time_machine

from campaigns import followups
from campaigns.followups.tests.test_followups import OFFICE, TUESDAY, at, plan_for
from campaigns.models import Alert, Campaign, CampaignPause, DueCall, FollowUpPlan, Script
from tests import factories


@pytest.fixture
def campaign(volunteer: Any) -> Campaign:
    script = Script.objects.create(key="premier", title="Premier appel", status=Script.Status.PUBLISHED)
    return factories.make_campaign(volunteers=[volunteer], now=TUESDAY, hours=OFFICE, script=script)


@pytest.fixture
def plan(campaign: Campaign, volunteer: Any) -> FollowUpPlan:
    return plan_for(campaign, volunteer)


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    """Signed in anew each time: days pass between two visits."""
    return lambda: client_of(coordinator)


def words(response: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(text).replace("\u2019", "'"))


def press(sign_in: Any, campaign: Campaign, label: str) -> str:
    """Press the button of the campaign's page that says so; the page that comes back."""
    client = sign_in()
    page = client.get(f"/campagnes/{campaign.slug}/").content.decode()
    forms = re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL)
    (action,) = (action for action, inside in forms if label in inside)
    return words(client.post(action, follow=True))


def test_the_page_says_what_a_pause_does_and_resuming_what_follows(
    nadia: Any, campaign: Campaign, plan: FollowUpPlan
) -> None:
    with time_machine.travel(at(14, 9), tick=False):
        paused = press(nadia, campaign, "Mettre en pause")
    assert "En pause depuis aujourd'hui à 9 h" in paused
    assert "Rien n'est compté comme manqué" in paused
    with time_machine.travel(at(23, 9), tick=False):
        assert "Chaque suivi continue à sa prochaine date" in press(nadia, campaign, "Reprendre les appels")
    plan.refresh_from_db()
    assert plan.next_due_at == at(29, 15)
    assert not Alert.objects.exists()


def test_the_lists_say_that_a_call_waits_for_the_end_of_the_pause(
    nadia: Any, campaign: Campaign, plan: FollowUpPlan
) -> None:
    followups.open_due_calls(now=at(15, 15))
    with time_machine.travel(at(15, 15, 30), tick=False):
        press(nadia, campaign, "Mettre en pause")
    with time_machine.travel(at(16, 18), tick=False):
        for address in ("/suivis/", f"/suivis/{plan.pk}/", "/suivis/semaine/"):
            page = words(nadia().get(address))
            assert "Attend la reprise" in page, address
            # The name of a list alone.
            assert page.count("En retard") == (address == "/suivis/"), address
        assert "Rien dans cette liste" in words(nadia().get("/suivis/?etat=late"))


def test_a_plan_without_a_call_that_waits_announces_no_date_of_the_pause(
    nadia: Any, campaign: Campaign, plan: FollowUpPlan
) -> None:
    with time_machine.travel(at(14, 9), tick=False):
        press(nadia, campaign, "Mettre en pause")
    with time_machine.travel(at(16, 18), tick=False):
        assert "Campagne en pause" in words(nadia().get("/suivis/"))
        page = words(nadia().get(f"/suivis/{plan.pk}/"))
    assert "jeudi 15 janvier" not in page
    assert "jeudi à 15 h" in page


def test_the_history_shows_the_pause_and_never_says_missed(nadia: Any, campaign: Campaign, plan: FollowUpPlan) -> None:
    followups.open_due_calls(now=at(15, 15))
    with time_machine.travel(at(15, 15, 30), tick=False):
        press(nadia, campaign, "Mettre en pause")
    with time_machine.travel(at(29, 10), tick=False):
        press(nadia, campaign, "Reprendre les appels")
        page = words(nadia().get(f"/suivis/{plan.pk}/"))
        review = words(nadia().get(f"/suivis/{plan.pk}/bilan/"))
    assert DueCall.objects.get().state == DueCall.State.SKIPPED
    for text in (page, review):
        assert "Campagne en pause" in text
        assert "remplacé par l'appel suivant" in text
        assert "Manqué" not in text
    assert CampaignPause.objects.get().ended_at == at(29, 10)
