"""Alerts on screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import alerts
from campaigns.alerts import machine
from campaigns.models import Alert, Call, Campaign, Case, WelfareCheck
from solidarites import health
from solidarites.models import JournalEntry, OutgoingMail
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def alert(case: Case) -> Alert:
    return raise_one(case, "U0")


def raise_one(case: Case, level: str = "U1", call: Call | None = None) -> Alert:
    """The red button, in a call of this household."""
    call = call or Call.objects.create(case=case)
    return alerts.raise_alert(call=call, kind=Alert.Kind.BUTTON, level=level, case=case, now=timezone.now())


def text(response: Any) -> str:
    return response.content.decode()


def test_the_most_urgent_comes_first(nadia: Any, case: Case, alert: Alert) -> None:
    other = alerts.raise_alert(task="beat", kind=Alert.Kind.TASK_FAILED, level="U1", now=timezone.now())
    shown = nadia.get("/alertes/")
    assert list(shown.context["page_obj"]) == [alert, other]
    assert "aucun en particulier" in text(shown)


def test_the_list_refreshes_alone_without_counting_as_a_read(nadia: Any, alert: Alert) -> None:
    shown = text(nadia.get("/alertes/"))
    assert 'hx-trigger="every 20s"' in shown
    assert "data-background" in shown
    JournalEntry.objects.all()._raw_delete("default")
    fragment = nadia.get("/alertes/", headers={"HX-Request": "true", "X-Background": "1"})
    assert "<html" not in text(fragment)
    assert "MARTIN" in text(fragment)
    assert not JournalEntry.objects.exists()


def test_the_banner_counts_what_nobody_took(nadia: Any, coordinator: Any, alert: Alert, case: Case) -> None:
    raise_one(case)
    health.beat_now(health.WORKER, timezone.now())
    banner = text(nadia.get("/alertes/bandeau/", headers={"X-Background": "1"}))
    assert "2 alertes" in banner
    assert "1 vitale" in banner
    assert "MARTIN" not in banner
    for one in Alert.objects.all():
        alerts.take(alert=one, by=coordinator, now=timezone.now())
    assert text(nadia.get("/alertes/bandeau/")).strip() == ""


def test_every_page_of_a_coordinator_asks_for_the_banner(nadia: Any, client_of: Any, volunteer: Any) -> None:
    assert 'data-banner="/alertes/bandeau/"' in text(nadia.get("/dossiers/"))
    assert "data-banner" not in text(nadia.get("/alertes/"))
    assert "data-banner" not in text(client_of(volunteer).get("/appels/"))


def test_take_solve_and_reopen(nadia: Any, coordinator: Any, alert: Alert) -> None:
    url = f"/alertes/{alert.pk}/"
    nadia.post(f"{url}prendre/")
    alert.refresh_from_db()
    assert alert.taken_by == coordinator
    assert nadia.get("/alertes/?etat=mine").context["page_obj"].paginator.count == 1
    answer = nadia.post(url, {"solution": "  "})
    assert "Indiquez ce qui a été fait." in text(answer)
    nadia.post(url, {"solution": "Le SAMU est passé."})
    alert.refresh_from_db()
    assert (alert.solution, alert.solved_by) == ("Le SAMU est passé.", coordinator)
    assert "Le SAMU est passé." in text(nadia.get(url))
    assert nadia.get("/alertes/").context["page_obj"].paginator.count == 0
    assert nadia.get("/alertes/?etat=solved").context["page_obj"].paginator.count == 1
    nadia.post(f"{url}rouvrir/")
    alert.refresh_from_db()
    assert alert.solved_at is None


@pytest.mark.parametrize("solution", ["x" * 301, "nul\x00"])
def test_what_cannot_be_kept_is_said_and_stays_typed(nadia: Any, alert: Alert, solution: str) -> None:
    answer = nadia.post(f"/alertes/{alert.pk}/", {"solution": solution})
    assert answer.context["form"]["solution"].errors
    alert.refresh_from_db()
    assert alert.solved_at is None


def test_two_coordinators_at_once_are_told(
    nadia: Any, client_of: Any, administrator: Any, coordinator: Any, alert: Alert
) -> None:
    other = factories.make_user("yann@exemple.fr", "Yann", "Le Goff", "coordinator")
    alerts.take(alert=alert, by=other, now=timezone.now())
    assert "Yann Le Goff s&#x27;en occupe déjà" in text(nadia.post(f"/alertes/{alert.pk}/prendre/", follow=True))
    alerts.solve(alert=alert, solution="Fait.", by=other, now=timezone.now())
    assert "déjà résolue" in text(nadia.post(f"/alertes/{alert.pk}/", {"solution": "Moi aussi"}, follow=True))
    raise_one(alert.case, call=alert.call)
    assert "déjà ouverte" in text(nadia.post(f"/alertes/{alert.pk}/rouvrir/", follow=True))


def test_an_alert_leads_to_what_raised_it(nadia: Any, case: Case) -> None:
    check = WelfareCheck.objects.create(case=case, origin="exhausted", due_at=timezone.now())
    raised = {"kind": Alert.Kind.WELFARE_OVERDUE, "level": "U1", "case": case, "now": timezone.now()}
    alert = alerts.raise_alert(welfare_check=check, **raised)
    address = f"/veilles/{check.pk}/"
    assert address in text(nadia.get(f"/alertes/{alert.pk}/"))
    check.delete()
    gone = text(nadia.get(f"/alertes/{alert.pk}/"))
    assert address not in gone
    assert "Ouvrir la veille" not in gone


def test_the_dashboard_s_link_narrows_the_list(nadia: Any, alert: Alert, campaign: Campaign) -> None:
    raise_one(factories.make_case(factories.make_campaign()))
    assert nadia.get("/alertes/").context["page_obj"].paginator.count == 2
    assert list(nadia.get(f"/alertes/?campagne={campaign.slug}").context["page_obj"]) == [alert]


def test_the_list_costs_the_same_for_one_alert_and_for_fifty(nadia: Any, campaign: Campaign) -> None:
    raise_one(factories.make_case(campaign))
    nadia.get("/alertes/")
    with count_queries() as one:
        nadia.get("/alertes/")
    for _ in range(1, 50):
        raise_one(factories.make_case(campaign))
    with count_queries() as fifty:
        nadia.get("/alertes/")
    assert len(one) == len(fifty) <= 14


def test_the_banner_says_since_when_the_machine_is_silent(nadia: Any, client_of: Any, administrator: Any) -> None:
    assert "pas encore démarré" in text(nadia.get("/alertes/bandeau/"))
    health.beat_now(health.WORKER, timezone.now())
    assert text(nadia.get("/alertes/bandeau/")).strip() == ""
    since = timezone.localtime() - timedelta(days=1)
    health.beat_now(health.WORKER, since)
    for client in (nadia, client_of(administrator)):
        assert f"arrêtées depuis le {since.day} " in text(client.get("/alertes/bandeau/"))


def test_a_failure_of_the_machine_says_what_and_what_to_do(nadia: Any) -> None:
    machine.task_failed(task="campaigns.tasks.open_due_calls", now=timezone.now())
    page = text(nadia.get(f"/alertes/{Alert.objects.get().pk}/"))
    assert "ouverture des appels de suivi" in page
    lost = OutgoingMail.objects.create(key="a", to="lea@exemple.fr", template="invitation", state="failed")
    machine.watch_mail(now=timezone.now())
    page = text(nadia.get(f"/alertes/{Alert.objects.get(mail=lost).pk}/"))
    assert "une invitation" in page
    assert "lea@exemple.fr" in page
