"""A follow-up day: a volunteer's hour, call, absence and agenda; a coordinator's morning, from alerts to who calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import followups
from campaigns.models import Absence, Alert, Case, DueCall, FollowUpPlan, Script, WelfareCheck, WelfareStep
from tests.factories import make_campaign, make_case, make_household


@pytest.fixture
def rendezvous(default_scripts, volunteer, volunteer2):
    """Léa calls Mme Martin every week; today's call has just fallen due, and Paul replaces her when she is away."""
    now = timezone.now()
    campaign = make_campaign(
        name="Grand froid",
        volunteers=[volunteer, volunteer2],
        script=Script.objects.get(key="veille-seniors"),
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


@pytest.mark.main_path
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


def test_a_coordinator_s_morning(rendezvous, coordinator, volunteer2, page, sign_in, check_page, shot):
    """An alert in the night, the welfare check it opened, and the calls of a volunteer who is away with no backup."""
    now = timezone.now()
    due = DueCall.objects.get(plan=rendezvous)
    followups.give_up(due=due, case=due.case, count=3, now=now - timedelta(hours=10), by=None)
    orphan = FollowUpPlan.objects.create(
        case=make_case(due.case.campaign, make_household(last_name="Duval", first_name="Simone", civility="Mme")),
        household_id=Case.objects.latest("pk").household_id,
        volunteer=rendezvous.volunteer,
        weekdays=[0],
        time="10:00",
        starts_on=timezone.localdate(),
        next_due_at=now + timedelta(days=1),
        review_on=timezone.localdate() - timedelta(days=1),
    )
    Absence.objects.create(user=rendezvous.volunteer, first_day=timezone.localdate(), created_at=now)

    sign_in(page, "nadia@exemple.fr")
    page.goto("/tableau-de-bord/")
    check_page(page)
    page.get_by_role("link", name="1 alerte à résoudre").click()
    page.locator("main table a").first.click()
    page.get_by_role("button", name="Je m'en occupe").click()
    expect(page.locator("main")).to_contain_text("Nadia")
    check_page(page)

    page.goto("/veilles/")
    page.get_by_role("link", name="Mme Jeanne MARTIN").click()
    page.get_by_role("button", name="Je m'en occupe").click()
    check_page(page)
    form = page.locator("form", has=page.get_by_role("button", name="Noter la démarche"))
    form.locator("select[name=kind]").select_option(WelfareStep.Kind.NEIGHBOUR)
    form.locator("[name=result]").fill("La voisine l'a vue hier soir au marché.")
    form.get_by_role("button", name="Noter la démarche").click()
    expect(page.locator("main")).to_contain_text("La voisine l'a vue")
    page.get_by_text("Clore la veille").first.click()
    page.locator("select[name=result]").select_option(WelfareCheck.Result.WELL)
    page.get_by_role("button", name="Clore la veille").click()
    page.wait_for_load_state()
    assert WelfareCheck.objects.get().result == WelfareCheck.Result.WELL

    page.goto("/suivis/")
    page.get_by_role("navigation", name="État").get_by_role("link", name="À réattribuer").click()
    row = page.locator("main tr", has_text="DUVAL")
    check_page(page)
    shot(page, "a-reattribuer", full_page=True)
    row.locator("select[name=user]").select_option(str(volunteer2.pk))
    row.get_by_role("button", name="Confier").click()
    expect(page.locator("main")).to_contain_text("Paul Girard remplace")
    orphan.refresh_from_db()
    # Léa is only away: the plan stays hers.
    assert (orphan.volunteer_id, orphan.backup_id) == (rendezvous.volunteer_id, volunteer2.pk)
    page.get_by_role("navigation", name="État").get_by_role("link", name="Bilan à faire").click()
    page.locator("main").get_by_role("link", name="Mme Simone DUVAL").click()
    page.get_by_role("link", name="Faire le bilan").first.click()
    check_page(page)
    page.get_by_role("button", name="Continuer").click()
    expect(page.locator("main")).to_contain_text("Le bilan est fait.")
    check_page(page)
    assert Alert.objects.get().taken_by == coordinator
