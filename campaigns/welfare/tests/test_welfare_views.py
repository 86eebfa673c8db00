"""Welfare checks on screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Case, WelfareCheck
from tenants.models import Tenant
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def check(nadia: Any, case: Case) -> WelfareCheck:
    nadia.post(f"/dossiers/{case.pk}/veille/", {"level": "U1"})
    return WelfareCheck.objects.get()


def text(response: Any) -> str:
    return response.content.decode()


def test_a_coordinator_opens_a_check_and_the_calls_stop(
    nadia: Any, check: WelfareCheck, case: Case, coordinator: Any
) -> None:
    case.refresh_from_db()
    assert (check.owner, check.level, check.origin) == (coordinator, "U1", "coordinator")
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.WELFARE)
    nadia.post(f"/dossiers/{case.pk}/veille/", {"level": "U0"})
    assert WelfareCheck.objects.count() == 1


def test_while_a_check_runs_its_closing_alone_decides(nadia: Any, check: WelfareCheck, case: Case) -> None:
    shown = text(nadia.get(f"/dossiers/{case.pk}/"))
    assert "Ouvrir la veille" in shown
    assert "Faire rappeler ce foyer" not in shown
    assert "sa clôture décidera" in text(nadia.post(f"/dossiers/{case.pk}/reprendre/", follow=True))
    case.refresh_from_db()
    assert case.status == Case.Status.ON_HOLD


def test_it_is_refused_for_a_household_followed_elsewhere_or_a_wrong_level(nadia: Any, campaign: Campaign) -> None:
    closed = factories.make_case(campaign, status=Case.Status.CLOSED)
    factories.make_case(factories.make_campaign(), closed.household)
    assert "autre campagne" in text(nadia.post(f"/dossiers/{closed.pk}/veille/", {"level": "U1"}, follow=True))
    over = factories.make_case(factories.make_campaign(status=Campaign.Status.CLOSED))
    assert "pas en cours" in text(nadia.post(f"/dossiers/{over.pk}/veille/", {"level": "U1"}, follow=True))
    other = factories.make_case(campaign)
    assert "urgence" in text(nadia.post(f"/dossiers/{other.pk}/veille/", {"level": "U9"}, follow=True))
    assert not WelfareCheck.objects.exists()


def test_steps_are_dated_with_their_result(nadia: Any, check: WelfareCheck, coordinator: Any) -> None:
    url = f"/veilles/{check.pk}/"
    assert "Étape suivante proposée\u00a0: lettre" in text(nadia.get(url))
    answer = nadia.post(f"{url}demarche/", {"kind": "letter", "result": ""})
    assert "Dites ce que la démarche a donné." in text(answer)
    nadia.post(f"{url}demarche/", {"kind": "letter", "result": "Déposée dans la boîte."})
    step = check.steps.get()
    assert (step.by, step.result) == (coordinator, "Déposée dans la boîte.")
    assert "voisin ou contact de confiance" in text(nadia.get(url))
    assert nadia.post(f"{url}demarche/", {"kind": "xx", "result": "ok"}).context["step_form"].errors


def test_a_check_whose_owner_left_has_nobody(nadia: Any, check: WelfareCheck, client_of: Any) -> None:
    zoe = factories.make_user("zoe@exemple.fr", "Zoé", "Partout", "coordinator")
    client = client_of(zoe)

    def listed() -> list[int]:
        return [one.pk for one in client.get("/veilles/?etat=nobody").context["page_obj"]]

    assert listed() == []
    assert check.owner is not None
    check.owner.groups.clear()
    assert listed() == [check.pk]
    WelfareCheck.objects.update(owner=None)
    assert listed() == [check.pk]


def test_a_neighbour_who_may_be_asked_is_said(nadia: Any, check: WelfareCheck, case: Case) -> None:
    url = f"/veilles/{check.pk}/"
    assert "Un voisin peut nous prévenir" not in text(nadia.get(url))
    Case.objects.filter(pk=case.pk).update(neighbour_told_at=timezone.now())
    page = text(nadia.get(url))
    assert "Un voisin peut nous prévenir" in page
    assert f'href="/dossiers/{case.pk}/#t-calls"' in page
    assert 'id="t-calls"' in text(nadia.get(f"/dossiers/{case.pk}/"))


def test_somebody_takes_it_or_is_given_it(nadia: Any, check: WelfareCheck, coordinator: Any, volunteer: Any) -> None:
    url = f"/veilles/{check.pk}/responsable/"
    yann = factories.make_user("yann@exemple.fr", "Yann", "Le Goff", "coordinator")
    nadia.post(url, {"owner": yann.pk})
    check.refresh_from_db()
    assert check.owner == yann
    assert nadia.post(url, {"owner": volunteer.pk}).context["owner_form"].errors
    nadia.post(url, {"me": "1"})
    check.refresh_from_db()
    assert check.owner == coordinator


def test_closing_says_what_follows(nadia: Any, check: WelfareCheck, case: Case) -> None:
    url = f"/veilles/{check.pk}/clore/"
    assert nadia.post(url, {}).context["close_form"].errors
    nadia.post(url, {"result": "well", "call_again": "on", "note": "En vacances chez sa fille."})
    check.refresh_from_db()
    case.refresh_from_db()
    assert (check.result, case.status, case.next_call_kind) == ("well", Case.Status.OPEN, Case.Kind.ASKED)
    assert "déjà close" in text(nadia.post(url, {"result": "well"}, follow=True))
    late = nadia.post(f"/veilles/{check.pk}/demarche/", {"kind": "call", "result": "x"}, follow=True)
    assert "déjà close" in text(late)
    assert not check.steps.exists()
    assert "En vacances" in text(nadia.get(f"/veilles/{check.pk}/"))


def test_of_a_couple_one_says_who_died(nadia: Any, campaign: Campaign) -> None:
    case = factories.make_case(campaign, factories.make_household(people=2))
    nadia.post(f"/dossiers/{case.pk}/veille/", {"level": "U1"})
    check = WelfareCheck.objects.get()
    url = f"/veilles/{check.pk}/clore/"
    assert "Précisez de quelle personne" in text(nadia.post(url, {"result": "deceased"}))
    gone = case.household.tenants.first()
    stranger = factories.make_household().tenants.get()
    assert nadia.post(url, {"result": "deceased", "tenant": stranger.pk}).context["close_form"].errors
    nadia.post(url, {"result": "deceased", "tenant": gone.pk})
    gone.refresh_from_db()
    case.refresh_from_db()
    assert (gone.status, case.hold_reason) == (Tenant.Status.DECEASED, Case.Hold.PERSON_CLOSED)


def test_each_list_holds_its_checks(nadia: Any, campaign: Campaign, coordinator: Any) -> None:
    now = timezone.now()

    def one(**fields: Any) -> WelfareCheck:
        due = {"due_at": now + timedelta(hours=4)}
        return WelfareCheck.objects.create(case=factories.make_case(campaign), origin="exhausted", **(due | fields))

    late, mine = one(due_at=now - timedelta(hours=1)), one(owner=coordinator)
    closed = one(closed_at=now, result="well")

    def found(state: str) -> list[int]:
        return [row.pk for row in nadia.get(f"/veilles/?etat={state}").context["page_obj"]]

    assert (found(""), found("late"), found("mine")) == ([late.pk, mine.pk], [late.pk], [mine.pk])
    assert (found("nobody"), found("closed")) == ([late.pk], [closed.pk])


def test_the_list_costs_the_same_for_one_check_and_for_fifty(nadia: Any, campaign: Campaign) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            WelfareCheck.objects.create(case=factories.make_case(campaign), origin="exhausted", due_at=timezone.now())

    fill(1)
    nadia.get("/veilles/")
    with count_queries() as one:
        nadia.get("/veilles/")
    fill(49)
    with count_queries() as fifty:
        nadia.get("/veilles/")
    assert len(one) == len(fifty) <= 12
