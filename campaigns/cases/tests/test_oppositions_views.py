"""« Ne plus jamais appeler » recorded by mistake, or taken back: a coordinator lifts it, with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import CallRevision, Case, FollowUpPlan
from campaigns.outcomes import PERSON_STATUS, TABLE
from solidarites.models import JournalEntry
from tenants import households, identity
from tenants.models import Household, Opposition, PhoneNumber
from tests.factories import limit_to, make_agency, make_case, make_household

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def case(volunteer: Any, volunteer2: Any, household: Household) -> Case:
    return make_case(running_campaign(volunteer, volunteer2), household)


@pytest.fixture
def opposed(case: Case) -> Case:
    households.record_opposition(household=case.household, now=timezone.now())
    case.refresh_from_db()
    return case


def lift(client: Any, case: Case, reason: str) -> Any:
    return client.post(f"/dossiers/{case.pk}/opposition/levee/", {"reason": reason}, follow=True)


def test_a_coordinator_notes_it_for_one_of_two_and_may_lift_it(nadia: Any, volunteer: Any) -> None:
    case = make_case(running_campaign(volunteer), make_household(people=2))
    one, other = case.household.tenants.all()
    asked = f"/dossiers/{case.pk}/opposition/"
    assert f"{one.full_name} seulement" in text(nadia.get(f"/dossiers/{case.pk}/"))
    refused = text(nadia.post(asked, {"opposed_id": one.pk}, follow=True))
    assert "Cochez la case" in refused
    assert "Choisissez pour qui" in text(nadia.post(asked, {"sure": "yes", "opposed_id": "x"}, follow=True))
    said = text(nadia.post(asked, {"sure": "yes", "opposed_id": one.pk}, follow=True))
    assert "Faut-il encore appeler ce foyer" in said
    assert "plus aucun appel" not in said
    case.refresh_from_db()
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.opposed_at is not None, other.opposed_at, case.household.opposed_at) == (True, None, None)
    assert (case.status, case.hold_reason) == ("on_hold", "to_confirm")
    assert "Lever l'opposition" in text(nadia.get(f"/dossiers/{case.pk}/"))
    lift(nadia, case, "mistake")
    one.refresh_from_db()
    assert one.opposed_at is None


def test_it_is_lifted_with_a_reason_and_nothing_starts_again_by_itself(
    nadia: Any, coordinator: Any, opposed: Case
) -> None:
    page = text(nadia.get(f"/dossiers/{opposed.pk}/"))
    assert "Lever l'opposition" in page
    assert "Demander un appel" not in page
    page = text(lift(nadia, opposed, "mistake"))
    assert "L'opposition est levée." in page
    opposed.refresh_from_db()
    assert (opposed.status, opposed.closed_reason, opposed.household.opposed_at) == ("closed", "opt_out", None)
    assert not Opposition.objects.exists()
    entry = JournalEntry.objects.get(action="household.opposition_lifted")
    assert (entry.user, entry.detail["reason"]) == (coordinator, "mistake")
    # Then, and only then, a call may be asked for.
    assert "Demander un appel" in page
    nadia.post(f"/dossiers/{opposed.pk}/appeler/")
    opposed.refresh_from_db()
    assert (opposed.status, opposed.next_call_kind) == ("open", "asked")


@pytest.mark.parametrize("reason", ["", "parce que"])
def test_no_reason_no_lifting(nadia: Any, opposed: Case, reason: str) -> None:
    page = text(lift(nadia, opposed, reason))
    assert "Indiquez pourquoi." in page
    opposed.refresh_from_db()
    assert opposed.household.opposed_at is not None
    assert Opposition.objects.exists()


def test_a_follow_up_that_stopped_stays_stopped(nadia: Any, case: Case, volunteer: Any) -> None:
    plan = FollowUpPlan.objects.create(
        case=case, household=case.household, cadence="weekly", weekdays=[2], time="10:30", volunteer=volunteer,
        starts_on=timezone.localdate(), review_on=timezone.localdate(), status=FollowUpPlan.Status.ACTIVE,
    )  # fmt: skip
    households.record_opposition(household=case.household, now=timezone.now())
    lift(nadia, case, "asked")
    plan.refresh_from_db()
    assert plan.status == FollowUpPlan.Status.ENDED


def test_what_another_household_opposed_stays_protected(nadia: Any, opposed: Case) -> None:
    """Two households share a number, and both opposed: lifting one does not undo the other."""
    shared = opposed.household.phones.get().e164
    other = make_household(opposed.household.landlord, phone=shared)
    households.record_opposition(household=other, now=timezone.now())
    lift(nadia, opposed, "mistake")
    kept = set(Opposition.objects.values_list("digest", flat=True))
    assert identity.digest(f"tel:{shared}") in kept
    other.refresh_from_db()
    assert other.opposed_at is not None
    assert len(kept) == 3  # its number, its person's reference, its person's name


def test_lifted_twice_is_said_and_journaled_once(nadia: Any, opposed: Case) -> None:
    lift(nadia, opposed, "mistake")
    assert "ne s'oppose pas" in text(lift(nadia, opposed, "mistake"))
    assert JournalEntry.objects.filter(action="household.opposition_lifted").count() == 1


def test_a_coordinator_of_another_sector_cannot(client_of: Any, coordinator: Any, opposed: Case) -> None:
    elsewhere = make_agency(opposed.household.landlord, "Agence de Dax")
    limit_to(coordinator, elsewhere)
    assert lift(client_of(coordinator), opposed, "mistake").status_code == 404
    opposed.refresh_from_db()
    assert opposed.household.opposed_at is not None


def test_its_author_corrects_it_within_a_day_by_telling_the_coordination(
    client_of: Any, volunteer: Any, nadia: Any, case: Case
) -> None:
    """The slip of a volunteer: they say so, the coordinator reads it on the case and lifts it."""
    lea = client_of(volunteer)
    given = hold(case, volunteer)
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), "outcome": "opt_out"})
    typed = {"outcome": "no_answer"}
    page = text(lea.post(url("correct", given.call.pk), typed))
    assert "Seule la coordination peut revenir sur « Ne plus jamais appeler »." in page
    seen = page.split('name="seen" value="')[1].split('"')[0]
    lea.post(url("correct", given.call.pk), {**typed, "seen": seen})
    assert CallRevision.objects.get().asked_outcome == "no_answer"
    page = text(nadia.get(f"/dossiers/{case.pk}/"))
    assert "C'était plutôt : <strong>Pas de réponse</strong>" in page
    lift(nadia, case, "mistake")
    case.household.refresh_from_db()
    assert case.household.opposed_at is None


def test_a_number_may_be_added_and_the_next_list_opposes_nobody(nadia: Any, opposed: Case) -> None:
    lift(nadia, opposed, "asked")
    nadia.post(f"/dossiers/{opposed.pk}/numero/", {"number": "05 36 49 55 55"})
    assert PhoneNumber.objects.filter(household=opposed.household, e164="+33536495555").exists()


def test_the_campaign_takes_the_household_again_only_when_asked(nadia: Any, opposed: Case) -> None:
    from campaigns.setup import enrolment

    lift(nadia, opposed, "mistake")
    enrolment.enrol_arrivals(now=timezone.now() + timedelta(minutes=5))
    opposed.refresh_from_db()
    assert (Case.objects.count(), opposed.status) == (1, "closed")


# It rings back ------------------------------------------------------------------------------------------


@pytest.fixture
def ringing(client_of: Any, volunteer: Any, opposed: Case) -> Any:
    """Léa has the household that opposed on the line: her browser, and the fields of her form."""
    lea = client_of(volunteer)
    number = opposed.household.phones.get().e164.replace("+33", "0")
    page = text(lea.post(url("returned"), {"number": number}, follow=True))
    assert "Ce foyer a demandé de ne plus être appelé : aucun appel ne sera prévu." in page
    assert "plus aucun appel, ce foyer l'a demandé" in page  # what the buttons would bring
    return lea, {"submission": page.split('name="submission" value="')[1].split('"')[0]}


@pytest.mark.parametrize("outcome", sorted(set(TABLE) - {"completed", "callback", "language"}))
def test_whatever_is_heard_nothing_is_planned(ringing: Any, opposed: Case, outcome: str) -> None:
    lea, typed = ringing
    done = text(lea.post(url("record", opposed.pk), {**typed, "outcome": outcome}, follow=True))
    if outcome in PERSON_STATUS:
        named = {**typed, "outcome": outcome, "tenant_id": opposed.household.tenants.get().pk}
        done = text(lea.post(url("closing", opposed.pk), named, follow=True))
    assert "Appel enregistré" in done
    opposed.refresh_from_db()
    assert (opposed.status, opposed.next_call_at, opposed.claimed_by) == (Case.Status.CLOSED, None, None)


def test_a_conversation_is_kept_and_nothing_is_planned(ringing: Any, opposed: Case) -> None:
    lea, typed = ringing
    done = text(lea.post(url("record", opposed.pk), {**typed, **well(opposed)}, follow=True))
    assert "Dossier clos" in done
    opposed.refresh_from_db()
    assert (opposed.status, opposed.closed_reason) == (Case.Status.CLOSED, "opt_out")


def test_no_callback_is_promised_before_the_coordination_lifts_it(ringing: Any, opposed: Case, nadia: Any) -> None:
    lea, typed = ringing
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    typed |= {"q-accueil": "plus_tard", "callback": tomorrow, "comment": "Veut bien nos appels."}
    page = text(lea.post(url("record", opposed.pk), typed))
    assert "la coordination peut lever l'opposition." in page
    assert "Veut bien nos appels." in page
    lift(nadia, opposed, "asked")
    lea.post(url("record", opposed.pk), typed)
    opposed.refresh_from_db()
    assert (opposed.status, opposed.next_call_kind) == (Case.Status.OPEN, Case.Kind.CALLBACK)


def test_a_regular_call_is_not_started_either(ringing: Any, opposed: Case) -> None:
    lea, typed = ringing
    typed |= well(opposed, **{"q-suivi": "hebdo", "weekdays": "2", "follow_up_time": "10:30"})
    said = "Ce foyer a demandé de ne plus être appelé."
    assert f"Suivi : {said}" in text(lea.post(url("save", opposed.pk), typed).json()["follows"])
    page = text(lea.post(url("record", opposed.pk), typed))
    assert f'<a href="#follow_up">{said}</a>' in page
    assert not FollowUpPlan.objects.exists()
