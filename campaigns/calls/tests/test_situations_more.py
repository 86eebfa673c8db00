"""The situations that must behave, 14 to 26, through the real doors; each found by its number."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from campaigns import calls, followups, outcomes, queue
from campaigns.calls.tests.caller_cast import text, url, well
from campaigns.common.calendar import calendar_of
from campaigns.models import Call, Campaign, Case, CasePass, FollowUpPlan
from tenants import events
from tenants.models import PhoneNumber
from tests import factories
from tests.factories import make_case, make_household

PARIS = ZoneInfo("Europe/Paris")
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)


def ask(client: Any, campaign: Campaign) -> Any:
    return client.post(url("next", campaign.pk), follow=True)


def held_by(person: Any) -> Case | None:
    return Case.objects.filter(claimed_by=person).first()


def record(client: Any, case: Case, person: Any, **typed: Any) -> Any:
    draft = Call.objects.get(case=case, volunteer=person, state=Call.State.DRAFT)
    typed = {"submission": str(draft.submission), **typed}
    answer = client.post(url("record", case.pk), typed)
    if typed.get("outcome") in outcomes.PERSON_STATUS:
        # The page that asks for the name.
        named = {**typed, "tenant_id": case.household.tenants.get().pk}
        answer = client.post(url("closing", case.pk), named)
    return answer


def call(case: Case, by: Any, outcome: str, now: datetime, **fields: Any) -> Call:
    """Claim and record by the rules, at a moment of one's choice."""
    given = queue.claim_next(campaign=case.campaign, by=by, now=now)
    assert given.case == case, given.empty
    assert given.call is not None
    return factories.record_call(
        case_id=case.pk, by=by, submission=given.call.submission, outcome=outcome, now=now, **fields
    )


def test_14_skipping_without_a_date_never_makes_a_case_leave_the_queue(
    lea: Any, paul: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    """Situation 14: whatever the tier and the reason, the case is served to the others, and tomorrow to the same."""
    for tier, kind in (
        (Case.Tier.FIRST, "first"),
        (Case.Tier.RETRY, "retry"),
        (Case.Tier.PUT_FIRST, "asked"),
        (Case.Tier.CALLBACK, "callback"),
    ):
        Case.objects.all().delete()
        case = make_case(campaign, tier=tier, next_call_kind=kind)
        for reason in CasePass.Reason.values[:1]:
            ask(lea, campaign)
            assert held_by(volunteer) == case
            lea.post(url("pass", case.pk), {"reason": reason})
        ask(lea, campaign)
        assert held_by(volunteer) is None
        ask(paul, campaign)
        assert held_by(volunteer2) == case
        paul.post(url("pass", case.pk), {"reason": "other"})
        case.refresh_from_db()
        assert (case.status, case.next_call_at is not None) == ("open", True)
        tomorrow = timezone.now() + timedelta(days=1)
        assert queue.peek(campaign=campaign, by=volunteer, now=tomorrow) == case


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (datetime(2026, 1, 12, 15, 0, tzinfo=PARIS), "déjà passé"),
        (datetime(2026, 1, 17, 15, 0, tzinfo=PARIS), "n'appelle pas à ce moment-là"),
        (datetime(2026, 1, 14, 12, 30, tzinfo=PARIS), "n'appelle pas à ce moment-là"),
    ],
)
def test_15_a_callback_in_the_past_or_outside_hours_is_refused_with_the_nearest_proposals(
    lea: Any, campaign: Campaign, volunteer: Any, at: datetime, message: str
) -> None:
    """Situation 15."""
    Campaign.objects.update(hours=OFFICE)
    with time_machine.travel(TUESDAY, tick=False):
        case = make_case(campaign)
        ask(lea, campaign)
        moment = {"callback": "other", "callback_date": at.date().isoformat(), "callback_time": f"{at:%H:%M}"}
        page = text(record(lea, case, volunteer, **{"q-accueil": "plus_tard", **moment}))
    assert message in page
    for proposal in ("Aujourd'hui à 11 h 30", "Aujourd'hui à 14 h", "Aujourd'hui à 17 h", "Demain à 10 h"):
        assert proposal in page
    assert Call.objects.get().state == Call.State.DRAFT


def test_16_an_import_that_updates_a_household_during_its_call_does_not_free_it(
    lea: Any, campaign: Campaign, volunteer: Any
) -> None:
    """Situation 16."""
    case = make_case(campaign)
    ask(lea, campaign)
    PhoneNumber.objects.create(household=case.household, e164="+33536490099")
    events.tell(events.NumbersChanged(household_ids=(case.household_id,), now=timezone.now()))
    assert held_by(volunteer) == case
    record(lea, case, volunteer, **well(case))
    assert Call.objects.get().state == Call.State.RECORDED


def test_17_asking_by_direct_link_never_gives_two_volunteers_the_same_case(
    lea: Any, paul: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    """Situation 17."""
    case = make_case(campaign, make_household(phone="+33536497777"))
    ask(lea, campaign)
    for answer in (
        paul.post(url("claim", case.pk), follow=True),
        paul.post(url("returned"), {"number": "05 36 49 77 77"}, follow=True),
    ):
        assert answer.status_code == 200
    assert paul.get(url("call", case.pk)).status_code == 404
    assert (held_by(volunteer), held_by(volunteer2)) == (case, None)


def test_18_monday_chosen_on_a_monday_means_the_next_one(campaign: Campaign, volunteer: Any) -> None:
    """Situation 18: a first follow-up is at least a full day ahead, whatever the hour."""
    Campaign.objects.update(hours=OFFICE)
    campaign.refresh_from_db()
    for hour in (10, 17):
        Case.objects.all().delete()
        monday = datetime(2026, 1, 12, hour, 0, tzinfo=PARIS)
        case = make_case(campaign, now=monday)
        rhythm = followups.Rhythm("weekly", (0,), time(17, 30))
        person = str(case.household.tenants.get().pk)
        answers = {
            "accueil": {"": "oui"},
            "information": {"": "oui"},
            "sante": {person: "bien"},
            "courses": {"": "moi"},
            "solitude": {person: "souvent"},
            "suivi": {"": "hebdo"},
        }
        call(case, volunteer, "completed", monday, answers=answers, follow_up=rhythm)
        assert FollowUpPlan.objects.get().next_due_at == datetime(2026, 1, 19, 17, 30, tzinfo=PARIS)


def test_19_a_coordinator_releases_moves_up_moves_down_only_the_chosen_cases(
    lea: Any, client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any
) -> None:
    """Situation 19."""
    nadia = client_of(coordinator)
    cases = [make_case(campaign, rank=rank) for rank in range(4)]
    untouched = list(Case.objects.exclude(pk=cases[2].pk).order_by("pk").values())
    nadia.post(reverse("coordinator:cases_first"), {"case": [cases[2].pk]})
    assert list(Case.objects.exclude(pk=cases[2].pk).order_by("pk").values()) == untouched
    ask(lea, campaign)
    assert held_by(volunteer) == cases[2]
    nadia.post(reverse("coordinator:case_release", args=[cases[2].pk]))
    assert held_by(volunteer) is None
    assert list(Case.objects.exclude(pk=cases[2].pk).order_by("pk").values()) == untouched
    cases[2].refresh_from_db()
    assert cases[2].tier == Case.Tier.PUT_FIRST
    nadia.post(reverse("coordinator:cases_last"), {"case": [cases[2].pk]})
    assert list(Case.objects.exclude(pk=cases[2].pk).order_by("pk").values()) == untouched
    ask(lea, campaign)
    assert held_by(volunteer) == cases[0]


@pytest.mark.parametrize(
    ("friday", "monday"),
    [
        (datetime(2026, 3, 27, 10, 0, tzinfo=PARIS), datetime(2026, 3, 30, 11, 0, tzinfo=PARIS)),
        (datetime(2026, 10, 23, 10, 0, tzinfo=PARIS), datetime(2026, 10, 26, 11, 0, tzinfo=PARIS)),
    ],
)
def test_20_a_retry_at_the_hour_change_lands_at_the_intended_local_time(
    campaign: Campaign, volunteer: Any, friday: datetime, monday: datetime
) -> None:
    """Situation 20: the clocks change in the night of the Sunday between."""
    Campaign.objects.update(hours=OFFICE)
    campaign.refresh_from_db()
    case = make_case(campaign, now=friday)
    call(case, volunteer, "no_answer", friday)
    case.refresh_from_db()
    assert case.next_call_at == monday
    assert case.next_call_at.astimezone(PARIS).hour == 11
    assert monday.utcoffset() != friday.utcoffset()


def test_21_a_campaign_paused_during_a_call_lets_that_call_be_recorded(
    lea: Any, campaign: Campaign, volunteer: Any
) -> None:
    """Situation 21."""
    case = make_case(campaign)
    make_case(campaign)
    ask(lea, campaign)
    case = held_by(volunteer) or case
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    assert "Vous pouvez terminer et enregistrer cet appel." in text(lea.get(url("call", case.pk)))
    record(lea, case, volunteer, **well(case))
    assert Call.objects.get().state == Call.State.RECORDED
    assert "La campagne est en pause" in text(ask(lea, campaign))
    assert held_by(volunteer) is None


def test_22_a_volunteer_removed_during_a_call_records_it_then_gets_no_more(
    lea: Any, campaign: Campaign, volunteer: Any
) -> None:
    """Situation 22."""
    from campaigns.setup import lifecycle

    case = make_case(campaign)
    ask(lea, campaign)
    membership = campaign.memberships.get(user=volunteer)
    lifecycle.remove_volunteer(membership=membership, by=None, now=timezone.now())
    record(lea, case, volunteer, **well(case))
    assert Call.objects.get().state == Call.State.RECORDED
    make_case(campaign)
    assert "Vous ne faites pas partie des bénévoles" in text(ask(lea, campaign))
    assert held_by(volunteer) is None


def test_23_busy_returns_to_the_same_volunteer_if_still_working_else_to_anyone(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    """Situation 23: kept ten minutes for who is there, given at once when they have left the campaign."""
    case = make_case(campaign, now=TUESDAY)
    call(case, volunteer, "busy", TUESDAY)
    again = TUESDAY + timedelta(minutes=30)
    assert queue.peek(campaign=campaign, by=volunteer, now=again) == case
    assert queue.peek(campaign=campaign, by=volunteer2, now=again) is None
    assert queue.peek(campaign=campaign, by=volunteer2, now=again + timedelta(minutes=10)) == case
    from campaigns.setup import lifecycle

    lifecycle.remove_volunteer(membership=campaign.memberships.get(user=volunteer), by=None, now=again)
    assert queue.peek(campaign=campaign, by=volunteer2, now=again) == case


def test_24_a_second_voicemail_in_one_campaign_is_advised_against(lea: Any, campaign: Campaign, volunteer: Any) -> None:
    """Situation 24."""
    advice = "Un message a déjà été laissé"
    case = make_case(campaign)
    page = text(ask(lea, campaign))
    assert advice not in page
    record(lea, case, volunteer, outcome="voicemail_left")
    Case.objects.update(next_call_at=timezone.now() - timedelta(minutes=1))
    assert advice in text(ask(lea, campaign))


def test_25_both_numbers_are_tried_before_a_household_counts_as_attempted_twice(
    campaign: Campaign, volunteer: Any
) -> None:
    """Situation 25."""
    Campaign.objects.update(hours=OFFICE)
    campaign.refresh_from_db()
    case = make_case(campaign, now=TUESDAY)
    first = case.household.phones.get()
    second = PhoneNumber.objects.create(household=case.household, e164="+33536490123", rank=1)
    attempts, now = [], TUESDAY
    for phone in (first, second, first):
        call(case, volunteer, "no_answer", now, phone_id=phone.pk)
        case.refresh_from_db()
        attempts.append(case.attempts)
        now = case.next_call_at or now
    assert attempts == [1, 2, 3]
    # The same number twice: the other one has not been tried, the household counts as attempted once.
    other = make_case(campaign, now=TUESDAY)
    number = other.household.phones.get()
    PhoneNumber.objects.create(household=other.household, e164="+33536490124", rank=1)
    Case.objects.exclude(pk=other.pk).delete()
    attempts, now = [], TUESDAY
    for _ in range(2):
        call(other, volunteer, "no_answer", now, phone_id=number.pk)
        other.refresh_from_db()
        attempts.append(other.attempts)
        now = other.next_call_at or now
    assert attempts == [1, 1]


def test_26_the_counts_always_add_up_to_the_enrolled(
    lea: Any, campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    """Situation 26: after every outcome, a hold, a release and a household without a number."""
    from campaigns import cases, outcomes

    made = [make_case(campaign) for _ in range(len(outcomes.TABLE))]
    make_case(campaign, make_household(phone=None), has_number=False)

    def check() -> None:
        counts = queue.counts(campaign, timezone.now())
        assert counts.pop("enrolled") == sum(counts.values()) == len(made) + 1

    check()
    for outcome in outcomes.TABLE:
        ask(lea, campaign)
        case = held_by(volunteer)
        assert case is not None
        check()
        typed = {"outcome": outcome, "language": "pt"}
        if outcome == "completed":
            typed = well(case)
        elif outcome == "callback":
            moment = calls.callback_presets(calls.with_household(case.pk), timezone.now())[0]
            typed = {"q-accueil": "plus_tard", "callback": moment.isoformat()}
        record(lea, case, volunteer, **typed)
        assert held_by(volunteer) is None, outcome
        check()
    waiting = Case.objects.filter(status=Case.Status.OPEN, has_number=True).first()
    assert waiting is not None
    cases.hold(case_id=waiting.pk, reason=Case.Hold.COORDINATOR, by=coordinator, now=timezone.now())
    check()
    assert calendar_of(campaign).is_open(timezone.now())
