"""A call that began counts, whatever happened to its campaign, its case or its volunteer meanwhile."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from campaigns import listeners, outcomes, purge, queue, tasks
from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Alert, Call, Campaign, Case, FollowUpPlan, Need
from campaigns.setup import lifecycle
from solidarites.models import User
from tenants import events
from tenants.models import PhoneNumber, Tenant
from tests import factories
from tests.factories import make_case
from tests.pages import press

WORDS = "Le chauffage ne marche plus."


@pytest.fixture
def case(volunteer: Any, volunteer2: Any) -> Case:
    return make_case(running_campaign(volunteer, volunteer2))


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def opened(lea: Any, case: Case, volunteer: Any) -> Any:
    """Léa is on the phone; her first words are saved."""
    hold(case, volunteer)
    page = lea.get(url("call", case.pk))
    typed = {"submission": str(Call.objects.get().submission), "q-courses": "personne", "comment": WORDS}
    assert lea.post(url("save", case.pk), typed).status_code == 200
    return page


def finish(lea: Any, page: Any, case: Case, **more: Any) -> str:
    """« Enregistrer l'appel », and what the next page says."""
    answer = press(lea, page, "Enregistrer l'appel", **(well(case) | {"comment": WORDS} | more))
    assert answer.status_code == 302
    return text(lea.get(answer["Location"]))


def close_campaign(case: Case) -> None:
    lifecycle.close_campaign(campaign=case.campaign, by=None, now=timezone.now())


def decide(nadia: Any, case: Case, words: str, **typed: Any) -> Call:
    assert press(nadia, nadia.get(f"/dossiers/{case.pk}/"), words, **typed).status_code == 302
    case.refresh_from_db()
    return Call.objects.get()


# While one is on the phone ------------------------------------------------------------------------------------


def test_the_campaign_is_paused_and_the_call_is_recorded(lea: Any, nadia: Any, case: Case, opened: Any) -> None:
    press(nadia, nadia.get(f"/campagnes/{case.campaign.slug}/"), "Mettre en pause")
    assert "Appel enregistré" in finish(lea, opened, case)
    assert Call.objects.get().state == Call.State.RECORDED


def test_the_volunteer_is_removed_and_the_call_is_recorded(
    lea: Any, nadia: Any, case: Case, opened: Any, volunteer: Any
) -> None:
    member = case.campaign.memberships.get(user=volunteer)
    address = reverse("coordinator:volunteer", args=[case.campaign.slug, member.pk])
    assert press(nadia, nadia.get(address), "Retirer de la campagne").status_code == 302
    member.refresh_from_db()
    assert not member.active
    assert "Appel enregistré" in finish(lea, opened, case)
    assert (Call.objects.get().state, Call.objects.get().comment) == (Call.State.RECORDED, WORDS)


def test_a_coordinator_closes_the_case_and_decides_of_the_call(lea: Any, nadia: Any, case: Case, opened: Any) -> None:
    press(nadia, nadia.get(f"/dossiers/{case.pk}/"), "Clore le dossier", reason="by_hand")
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert "Ce dossier a été clos pendant votre appel. Votre texte est gardé" in text(lea.get(url("call", case.pk)))
    said = finish(lea, opened, case)
    assert "Ce dossier a été clos pendant votre appel. Votre texte est gardé : la coordination décide." in said
    assert Alert.objects.get().kind == Alert.Kind.KEPT_CALL
    shown = text(nadia.get("/appels-en-double/"))
    assert "Le dossier a été clos pendant cet appel." in shown
    assert f"« {WORDS} »" in shown
    assert decide(nadia, case, "Cet appel compte").state == Call.State.RECORDED
    assert Alert.objects.get().solved_at is not None


@pytest.mark.parametrize("gone", ["deactivated", "role", "deleted"])
def test_who_may_call_no_more_leaves_their_words_to_a_coordinator(
    nadia: Any, case: Case, opened: Any, volunteer: Any, volunteer2: Any, gone: str
) -> None:
    assert tasks.release_stale_claims() == 0
    if gone == "deactivated":
        User.objects.filter(pk=volunteer.pk).update(is_active=False)
    elif gone == "role":
        volunteer.groups.clear()
    else:
        volunteer.delete()
    tasks.release_stale_claims()
    assert Call.objects.get().state == Call.State.PENDING
    assert Alert.objects.get().kind == Alert.Kind.KEPT_CALL
    shown = nadia.get("/appels-en-double/")
    assert f"« {WORDS} »" in text(shown)
    # The household goes back to the queue all the same.
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=timezone.now()).case == case
    queue.leave(by=volunteer2, now=timezone.now())
    press(nadia, shown, "Joindre au dossier")
    assert Call.objects.filter(state=Call.State.MERGED).count() == 1
    assert Need.objects.get().category == "courses"


def test_an_account_that_calls_again_may_still_record(lea: Any, case: Case, opened: Any, volunteer: Any) -> None:
    role = volunteer.groups.get()
    volunteer.groups.clear()
    tasks.release_stale_claims()
    volunteer.groups.add(role)
    assert "Appel enregistré" in finish(lea, opened, case)
    assert Call.objects.get().state == Call.State.RECORDED
    assert Alert.objects.get().solved_at is not None


def test_two_records_are_merged_and_what_was_typed_waits(nadia: Any, case: Case, opened: Any, coordinator: Any) -> None:
    other = make_case(case.campaign)
    now = timezone.now()
    listeners.on_household_merged(
        events.HouseholdMerged(kept_id=other.household_id, gone_id=case.household_id, now=now, by=coordinator)
    )
    call = Call.objects.get()
    assert (call.case_id, call.state, call.comment) == (other.pk, Call.State.PENDING, WORDS)
    assert f"« {WORDS} »" in text(nadia.get("/appels-en-double/"))


def test_two_calls_of_one_household_ring_for_an_urgent_need_alone(
    case: Case, opened: Any, volunteer: Any, volunteer2: Any
) -> None:
    """The list says the rest: two at once happens every day."""
    Case.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    queue.claim_next(campaign=case.campaign, by=volunteer2, now=timezone.now())
    call = Call.objects.get(volunteer=volunteer)
    answers = {"courses": {"": "personne"}, "manger": {"": "oui"}}
    arguments = {"case_id": case.pk, "by": volunteer, "submission": call.submission, "outcome": "cut_off"}
    kept = factories.record_call(**arguments, answers=answers, now=timezone.now())
    assert kept.state == Call.State.PENDING
    assert not Alert.objects.exists()


# Counted in a campaign that is over -----------------------------------------------------------------------------


def test_a_promise_that_no_campaign_will_keep_is_said(lea: Any, nadia: Any, case: Case, opened: Any) -> None:
    close_campaign(case)
    at = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    typed = {"submission": str(Call.objects.get().submission), "outcome": "callback", "callback": at.isoformat()}
    assert lea.post(url("record", case.pk), typed).status_code == 302
    shown = text(nadia.get(f"/dossiers/{case.pk}/"))
    assert "Promis pendant l'appel : un rappel" in shown
    assert "le dossier reste clos, aucun appel n'est planifié" in shown
    assert decide(nadia, case, "Cet appel compte").state == Call.State.RECORDED
    assert (case.status, case.next_call_at, case.closed_reason) == (Case.Status.CLOSED, None, "campaign_closed")


def test_a_follow_up_agreed_too_late_begins_no_plan(lea: Any, nadia: Any, case: Case, opened: Any) -> None:
    close_campaign(case)
    person = case.household.tenants.get().pk
    agreed = {f"q-solitude-{person}": "souvent", "q-suivi": "hebdo", "cadence": "weekly", "follow_up_time": "15:00"}
    finish(lea, opened, case, **agreed, weekdays="3")
    assert "Promis pendant l'appel : un suivi" in text(nadia.get("/appels-en-double/"))
    assert decide(nadia, case, "Cet appel compte").state == Call.State.RECORDED
    assert not FollowUpPlan.objects.exists()
    assert case.status == Case.Status.CLOSED


@pytest.mark.parametrize("outcome", ["opt_out", "wrong_number", "deceased", "no_answer", "unable"])
def test_what_is_learnt_of_people_and_numbers_is_written(
    lea: Any, nadia: Any, case: Case, opened: Any, outcome: str
) -> None:
    close_campaign(case)
    typed = {"submission": str(Call.objects.get().submission), "outcome": outcome}
    assert lea.post(url("record", case.pk), typed).status_code == 302
    if outcome in outcomes.PERSON_STATUS:
        named = {**typed, "tenant_id": case.household.tenants.get().pk}
        assert lea.post(url("closing", case.pk), named).status_code == 302
    assert decide(nadia, case, "Cet appel compte").state == Call.State.RECORDED
    case.household.refresh_from_db()
    assert (case.status, case.next_call_at, case.hold_reason) == (Case.Status.CLOSED, None, "")
    assert (case.household.opposed_at is not None) == (outcome == "opt_out")
    assert (PhoneNumber.objects.get().validity == PhoneNumber.Validity.WRONG) == (outcome == "wrong_number")
    assert (Tenant.objects.get().status == Tenant.Status.DECEASED) == (outcome == "deceased")
    assert not case.welfare_checks.exists()


def test_a_household_called_in_another_campaign_stays_there(lea: Any, nadia: Any, case: Case, opened: Any) -> None:
    press(nadia, nadia.get(f"/dossiers/{case.pk}/"), "Clore le dossier", reason="by_hand")
    elsewhere = make_case(running_campaign(name="Canicule", slug="canicule"), case.household)
    typed = {"submission": str(Call.objects.get().submission), "outcome": "no_answer"}
    lea.post(url("record", case.pk), typed)
    assert decide(nadia, case, "Cet appel compte").state == Call.State.RECORDED
    elsewhere.refresh_from_db()
    assert (case.status, elsewhere.status) == (Case.Status.CLOSED, Case.Status.OPEN)


# Before anything is erased --------------------------------------------------------------------------------------


def test_the_command_says_what_waits_and_erases_nothing_of_it(case: Case, opened: Any) -> None:
    Campaign.objects.update(purge_after_days=0)
    case.campaign.refresh_from_db()
    close_campaign(case)
    for given in ([], ["--confirm"]):
        out = StringIO()
        call_command("purge_expired", *given, stdout=out)
        assert "n'a pas tranché 1 appel." in out.getvalue().replace("\u00a0", " ")
        assert Call.objects.get().comment == WORDS
    assert Alert.objects.filter(kind=Alert.Kind.PURGE_WAITING).count() == 1


def test_a_purge_that_began_stops_for_a_call_recorded_meanwhile(
    lea: Any, case: Case, volunteer: Any, monkeypatch: Any
) -> None:
    """Nothing was saved as it was typed (no script): the draft held nothing back, what is posted does."""
    monkeypatch.setattr(purge, "CASES_A_STEP", 1)
    Campaign.objects.update(purge_after_days=0)
    case.campaign.refresh_from_db()
    later = make_case(case.campaign)
    queue.claim_next(campaign=case.campaign, by=volunteer, now=timezone.now())
    Call.objects.update(case=later)
    close_campaign(case)
    run = purge.steps(campaign_id=case.campaign_id, now=timezone.now())
    assert [next(run), next(run)] == ["figures", "cases"]
    typed = {"submission": str(Call.objects.get().submission), "outcome": "no_answer"}
    assert lea.post(url("record", later.pk), typed).status_code == 302
    assert list(run) == []
    assert Call.objects.get().state == Call.State.PENDING
    assert list(Case.objects.all()) == [later]


def test_the_list_costs_the_same_for_one_call_and_for_fifteen(
    nadia: Any, case: Case, opened: Any, volunteer: Any, count_queries: Any
) -> None:
    def left(number: int) -> None:
        for _ in range(number):
            other = make_case(case.campaign)
            script = case.campaign.script
            Call.objects.create(case=other, volunteer=volunteer, state=Call.State.PENDING, script=script, comment="Oui")
        close_campaign(case)
        Case.objects.filter(campaign=case.campaign).update(**factories.closed())

    left(1)
    nadia.get("/appels-en-double/")
    with count_queries() as few:
        nadia.get("/appels-en-double/")
    left(14)
    with count_queries() as many:
        nadia.get("/appels-en-double/")
    assert len(few) == len(many)
