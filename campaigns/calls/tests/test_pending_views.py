"""« Appels en double »: what a coordinator reads before deciding, and what each decision does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import queue
from campaigns.calls.tests.caller_cast import running_campaign, text
from campaigns.calls.tests.test_messages import answers, pending_call
from campaigns.models import Call, Case
from solidarites.models import JournalEntry
from tests import factories
from tests.factories import limit_to, make_case, make_household

LIST = reverse("coordinator:pending_list")


@pytest.fixture
def case(volunteer: Any, volunteer2: Any, agency: Any) -> Case:
    return make_case(running_campaign(volunteer, volunteer2), make_household(agency=agency))


@pytest.fixture
def call(case: Case, volunteer: Any, volunteer2: Any) -> Call:
    return pending_call(
        case, volunteer, volunteer2, outcome="completed", answers=answers(case), comment="A besoin de courses."
    )


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def address(call: Call) -> str:
    return reverse("coordinator:pending_call", args=[call.pk])


def test_nothing_to_decide(nadia: Any, case: Case) -> None:
    assert "Rien à trancher" in text(nadia.get(LIST))


def test_both_calls_stand_side_by_side_with_what_would_follow(nadia: Any, coordinator: Any, call: Call) -> None:
    page = text(nadia.get(LIST))
    for said in (
        "Léa Bonnet", "Échange réalisé", "« A besoin de courses. »", "Comment allez-vous, ces jours-ci ?",
        "Paul Girard", "Pas de réponse",
        "Cet appel compte</strong> : dossier clos.", call.case.household.tenants.get().last_name.upper(),
    ):  # fmt: skip
        assert said in page, said
    assert JournalEntry.objects.get(action="pending.listed", user=coordinator).detail["cases"] == [call.case_id]
    # The page of the case says the same.
    assert "Cet appel compte</strong> : dossier clos." in text(
        nadia.get(reverse("coordinator:case", args=[call.case_id]))
    )


def test_a_callback_whose_hour_is_over_says_the_next_opening(
    nadia: Any, case: Case, volunteer: Any, volunteer2: Any
) -> None:
    at = timezone.now() + timedelta(hours=2)
    call = pending_call(case, volunteer, volunteer2, outcome="callback", callback_at=at)
    assert "Cet appel compte</strong> : rappel " in text(nadia.get(LIST))
    Call.objects.filter(pk=call.pk).update(draft={**call.draft, "callback_at": "2020-03-17T10:00:00+00:00"})
    assert "2020" not in text(nadia.get(LIST))
    nadia.post(address(call), {"decision": "accept"})
    case.refresh_from_db()
    assert case.next_call_at is not None
    assert case.next_call_at > timezone.now() - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("decision", "state", "said"),
    [
        ("accept", Call.State.RECORDED, "L'appel compte"),
        ("merge", Call.State.MERGED, "est joint au dossier"),
        ("drop", Call.State.DROPPED, "L'appel est écarté"),
    ],
)
def test_a_decision_brings_back_to_the_list(nadia: Any, call: Call, decision: str, state: str, said: str) -> None:
    answer = nadia.post(address(call), {"decision": decision, "next": LIST})
    assert answer["Location"] == LIST
    page = text(nadia.get(LIST))
    assert said in page
    assert "Rien à trancher" in page
    call.refresh_from_db()
    assert call.state == state
    # A colleague's old page.
    assert "déjà été traité" in text(nadia.post(address(call), {"decision": "accept", "next": LIST}, follow=True))


@pytest.mark.parametrize("decision", ["", "xx"])
def test_no_decision_decides_nothing(nadia: Any, call: Call, decision: str) -> None:
    page = text(nadia.post(address(call), {"decision": decision}, follow=True))
    assert "Choisissez ce que devient cet appel." in page
    call.refresh_from_db()
    assert call.state == Call.State.PENDING


def test_a_household_being_called_waits_for_the_end_of_that_call(
    nadia: Any, case: Case, volunteer: Any, volunteer2: Any
) -> None:
    now = timezone.now()
    mine = queue.claim_next(campaign=case.campaign, by=volunteer, now=now - timedelta(minutes=90)).call
    queue.claim_next(campaign=case.campaign, by=volunteer2, now=now)
    assert mine is not None
    call = factories.record_call(
        case_id=case.pk, by=volunteer, submission=mine.submission, outcome="refused_campaign", now=now
    )
    assert call.state == Call.State.PENDING
    assert "Paul Girard a ce dossier en main" in text(nadia.get(LIST))
    assert "en cours d'appel" in text(nadia.post(address(call), {"decision": "accept", "next": LIST}, follow=True))
    call.refresh_from_db()
    assert call.state == Call.State.PENDING


def test_another_sector_sees_and_decides_nothing(nadia: Any, coordinator: Any, call: Call, agency2: Any) -> None:
    limit_to(coordinator, agency2)
    assert "Rien à trancher" in text(nadia.get(LIST))
    assert nadia.post(address(call), {"decision": "drop"}).status_code == 404


def test_the_filters_of_the_dashboard_narrow_the_list(nadia: Any, call: Call, agency: Any, agency2: Any) -> None:
    assert nadia.get(LIST, {"agence": agency.pk}).context["page_obj"].paginator.count == 1
    assert nadia.get(LIST, {"agence": agency2.pk}).context["page_obj"].paginator.count == 0


def test_the_list_costs_the_same_for_one_call_and_for_fifteen(
    nadia: Any, call: Call, volunteer: Any, volunteer2: Any, count_queries: Any
) -> None:
    nadia.get(LIST)
    with count_queries() as few:
        nadia.get(LIST)
    for _ in range(14):
        other = make_case(call.case.campaign)
        Case.objects.exclude(pk=other.pk).update(**factories.closed())
        pending_call(other, volunteer, volunteer2, outcome="refused_campaign")
    assert Call.objects.filter(state=Call.State.PENDING).count() == 15
    with count_queries() as many:
        nadia.get(LIST)
    assert len(few) == len(many)
