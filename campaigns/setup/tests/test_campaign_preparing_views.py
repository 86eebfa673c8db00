"""The coordinator's path: a campaign is prepared while another one calls, then abandoned, or opened."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import followups
from campaigns.models import Alert, Campaign, Case, DueCall, FollowUpPlan, Script
from campaigns.setup.views import campaigns as views
from tests import factories, pages
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    """What is read on the page."""
    found = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", found).replace("&#x27;", "'")


def press(client: Any, page: str, words: str) -> str:
    """Press the button that bears these words on that page: what is read next."""
    return text(client.get(pages.press(client, client.get(page), words)["Location"], follow=True))


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def draft(volunteer2: Any) -> Campaign:
    script = Script.objects.create(
        key="neuve", title="Neuve", status=Script.Status.PUBLISHED, published_at=timezone.now()
    )
    return factories.make_campaign(
        name="Canicule", status=Campaign.Status.DRAFT, opened_at=None, script=script, volunteers=[volunteer2]
    )


def follow(campaign: Campaign, volunteer: Any, **fields: Any) -> FollowUpPlan:
    now = timezone.now()
    kept = {"reached_at": now, "next_call_at": None, "next_call_kind": Case.Kind.FOLLOW_UP, "tier": Case.Tier.FOLLOW_UP}
    case = factories.make_case(campaign, **{**kept, **fields})
    return FollowUpPlan.objects.create(
        case=case, household=case.household, volunteer=volunteer, time="10:00",
        weekdays=[(now + timedelta(days=1)).weekday()], starts_on=now.date(), next_due_at=now + timedelta(days=1),
        review_on=now.date() + timedelta(days=40), created_at=now - timedelta(days=30),
    )  # fmt: skip


def test_prepared_then_abandoned_nothing_has_changed(
    nadia: Any, campaign: Campaign, draft: Campaign, volunteer: Any
) -> None:
    plans = [follow(campaign, volunteer) for _ in range(2)]
    factories.make_case(campaign)
    factories.make_household()
    page = f"/campagnes/{draft.slug}/"
    assert "3 foyers suivis dans une autre campagne y restent jusqu'à l'ouverture." in text(nadia.get(page))
    assert "ils y restent jusqu'à l'ouverture" in text(nadia.get(f"{page}inscrire/"))
    said = press(nadia, f"{page}inscrire/", "Inscrire 1 foyer")
    assert "1 foyer est inscrit." in said
    assert "3 foyers suivis dans une autre campagne y restent jusqu'à l'ouverture." in said
    assert f"2 foyers avec un suivi en cours viendront de « {campaign.name} »" in said.replace("\u00a0", " ")
    assert "L'autre viendra quand son dossier sera clos là-bas." in said
    shown = text(nadia.get(f"{page}ailleurs/"))
    assert shown.count("vient avec son suivi") == 2
    assert shown.count("reste d'abord") == 1
    before = list(campaign.cases.order_by("pk").values())
    assert "rien ne change dans les autres campagnes" in text(nadia.get(f"{page}clore/"))
    press(nadia, f"{page}clore/", "Abandonner")
    assert list(campaign.cases.order_by("pk").values()) == before
    followups.open_due_calls(now=timezone.now() + timedelta(days=1, minutes=1))
    opened = DueCall.objects.filter(state=DueCall.State.OPENED, volunteer=volunteer, case__campaign=campaign)
    assert sorted(opened.values_list("plan_id", flat=True)) == [plan.pk for plan in plans]


def test_opened_the_plans_come_with_who_calls(nadia: Any, campaign: Campaign, draft: Campaign, volunteer: Any) -> None:
    plan = follow(campaign, volunteer)
    factories.make_case(campaign)
    factories.make_household()
    page = f"/campagnes/{draft.slug}/"
    press(nadia, f"{page}inscrire/", "Inscrire 1 foyer")
    assert "En préparation" in text(nadia.get(f"/dossiers/{draft.cases.get().pk}/"))
    said = press(nadia, page, "Ouvrir la campagne")
    assert "La campagne est ouverte" in said
    assert "1 foyer est venu d'une autre campagne, avec le suivi en cours." in said
    assert "1 foyer reste dans une autre campagne tant que son dossier y est ouvert." in said
    plan.refresh_from_db()
    assert (plan.case.campaign, plan.volunteer) == (draft, volunteer)
    assert volunteer.display_name in text(nadia.get(f"{page}benevoles/"))
    followups.open_due_calls(now=timezone.now() + timedelta(days=1, minutes=1))
    assert DueCall.objects.get().case.campaign == draft
    assert not draft.cases.filter(status=Case.Status.PREPARED).exists()


def test_a_large_opening_is_left_to_the_worker(
    nadia: Any, campaign: Campaign, draft: Campaign, volunteer: Any, monkeypatch: Any, eager_tasks: None
) -> None:
    plan = follow(campaign, volunteer)
    for _ in range(2):
        factories.make_household()
    page = f"/campagnes/{draft.slug}/"
    press(nadia, f"{page}inscrire/", "Inscrire 2 foyers")
    monkeypatch.setattr(views, "INLINE", 1)
    assert "L'inscription a commencé" in press(nadia, page, "Ouvrir la campagne")
    plan.refresh_from_db()
    assert plan.case.campaign == draft
    assert draft.cases.filter(status=Case.Status.OPEN).count() == 3


def test_a_draft_that_holds_plans_says_that_nobody_calls_them_and_its_alert_leads_there(
    nadia: Any, campaign: Campaign, draft: Campaign, volunteer: Any
) -> None:
    plan = follow(campaign, volunteer, status=Case.Status.CLOSED, closed_reason="taken_over")
    plan.case = factories.make_case(draft, plan.household, status=Case.Status.PREPARED)
    plan.save()
    followups.watch_stranded(now=timezone.now())
    page = f"/campagnes/{draft.slug}/"
    assert "1 suivi en cours est dans cette campagne, qui n'appelle pas encore" in text(nadia.get(page))
    alert = f"/alertes/{Alert.objects.get().pk}/"
    shown = nadia.get(alert)
    assert "Suivi qu'aucune campagne n'appelle" in text(shown)
    assert "Faites appeler ce foyer aujourd'hui" in text(shown)
    assert f'href="{page}"' in shown.content.decode()
    assert "1 suivi en cours reprend dans la campagne d'avant" in text(nadia.get(f"{page}clore/"))
    press(nadia, f"{page}clore/", "Abandonner")
    plan.refresh_from_db()
    assert plan.case.campaign == campaign
    assert "Résolue" in text(nadia.get(alert))


def test_the_page_of_a_draft_costs_the_same_whoever_waits_elsewhere(
    nadia: Any, campaign: Campaign, draft: Campaign, volunteer: Any
) -> None:
    def cost(count: int) -> int:
        for _ in range(count):
            follow(campaign, volunteer)
        with count_queries() as queries:
            nadia.get(f"/campagnes/{draft.slug}/")
        return len(queries)

    cost(1)
    assert cost(1) == cost(20) <= 30
