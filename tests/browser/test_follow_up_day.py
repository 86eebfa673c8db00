"""A volunteer's follow-up day: the hour on the home page, the call, who calls next week, an absence, the agenda."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import followups
from campaigns.models import Case, DueCall, FollowUpPlan, Script
from tests.factories import make_campaign, make_case, make_household


@pytest.fixture
def rendezvous(default_scripts, volunteer, volunteer2):
    """Léa calls Mme Martin every week; today's call has just fallen due, and Paul replaces her when she is away."""
    now = timezone.now()
    campaign = make_campaign(
        name="Grand froid",
        volunteers=[volunteer, volunteer2],
        script=Script.objects.get(kind=Script.Kind.FIRST),
        follow_up_script=Script.objects.get(kind=Script.Kind.FOLLOW_UP),
    )
    jeanne = make_household(last_name="Martin", first_name="Jeanne", civility="Mme")
    case = make_case(campaign, jeanne, next_call_kind=Case.Kind.FOLLOW_UP, tier=Case.Tier.FOLLOW_UP)
    local = timezone.localtime(now).replace(second=0, microsecond=0)
    plan = FollowUpPlan.objects.create(
        case=case,
        household=jeanne,
        volunteer=volunteer,
        backup=volunteer2,
        weekdays=[local.weekday()],
        time=local.time(),
        starts_on=local.date() - timedelta(weeks=3),
        next_due_at=local,
        review_on=local.date() + timedelta(weeks=3),
    )
    followups.open_due_calls(now=now)
    return plan


def test_a_volunteer_s_follow_up_day(rendezvous, phone, sign_in, check_page, shot):
    page = phone
    sign_in(page, "lea@exemple.fr")
    expect(page.locator(".rendezvous")).to_contain_text("Mme Jeanne MARTIN")
    check_page(page)

    # Away next week: said once, and the tenant will hear it from her.
    page.goto("/appels/absences/")
    page.locator("input[name=first_day]").fill((timezone.localdate() + timedelta(days=1)).isoformat())
    page.locator("input[name=last_day]").fill((timezone.localdate() + timedelta(days=10)).isoformat())
    page.get_by_role("button", name="Noter l'absence").click()
    expect(page.locator("main")).to_contain_text("va à la personne remplaçante")
    check_page(page)
    shot(page, "absences", full_page=True)

    page.goto("/appels/")
    page.locator(".rendezvous button").first.click()
    expect(page.locator("main")).to_contain_text("c'est Paul qui vous appellera")
    check_page(page)
    page.locator("button[name=outcome][value=no_answer]").click()
    page.wait_for_url(lambda url: "/faits/" in url or url.endswith("/appels/"))
    due = DueCall.objects.get(plan=rendezvous)
    assert due.state == DueCall.State.OPENED
    # Later today in another slot, or tomorrow morning when the day is over.
    assert due.unanswered in (1, 2)

    page.goto("/appels/agenda/")
    page.get_by_role("button", name="Créer mon lien").click()
    link = page.locator("#feed-link").input_value()
    assert link.endswith(".ics")
    check_page(page)
    shot(page, "agenda", full_page=True)
    answer = page.request.get("/agenda/" + link.rpartition("/")[2])
    assert "SUMMARY:Appel de suivi" in answer.text()
    assert "MARTIN" not in answer.text().upper()
