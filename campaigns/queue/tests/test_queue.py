"""The order of the queue, claims, passing, and why nothing comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction

from campaigns import calls, queue, scripts
from campaigns.models import Call, Campaign, CampaignVolunteer, Case, CasePass
from solidarites.models import JournalEntry
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    script = {one.kind: one for one in scripts.load_defaults(now=TUESDAY)}["first"]
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=TUESDAY, script=script)


def make(campaign: Campaign, tier: int, kind: str, minutes: int = 0, **fields: Any) -> Case:
    """A case due ``minutes`` ago in a tier of the queue."""
    at = TUESDAY - timedelta(minutes=minutes)
    return factories.make_case(campaign, now=TUESDAY, tier=tier, next_call_kind=kind, **{"next_call_at": at, **fields})


def served(campaign: Campaign, by: Any, now: datetime = TUESDAY) -> Case | None:
    """What is given, then put back as if it had never been."""
    case = queue.claim_next(campaign=campaign, by=by, now=now).case
    if case is not None:
        queue.release(case_id=case.pk, by=by, now=now)
        Call.objects.filter(case=case, state=Call.State.DRAFT).delete()
    return case


def test_the_five_tiers_come_in_order(campaign: Campaign, volunteer: Any) -> None:
    first = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    retry = make(campaign, Case.Tier.RETRY, Case.Kind.RETRY)
    head = make(campaign, Case.Tier.PUT_FIRST, Case.Kind.ASKED)
    follow_up = make(campaign, Case.Tier.FOLLOW_UP, Case.Kind.FOLLOW_UP, next_call_for=volunteer)
    callback = make(campaign, Case.Tier.CALLBACK, Case.Kind.CALLBACK, next_call_for=volunteer)
    for expected in (callback, follow_up, head, retry, first):
        assert queue.peek(campaign=campaign, by=volunteer, now=TUESDAY) == expected
        assert served(campaign, volunteer) == expected
        Case.objects.filter(pk=expected.pk).update(**factories.closed())
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).empty == queue.Empty(queue.Empty.ALL_DONE)


def test_within_a_tier_the_longest_due_comes_first(campaign: Campaign, volunteer: Any) -> None:
    late = make(campaign, Case.Tier.RETRY, Case.Kind.RETRY, minutes=90)
    make(campaign, Case.Tier.RETRY, Case.Kind.RETRY, minutes=10)
    make(campaign, Case.Tier.RETRY, Case.Kind.RETRY, minutes=-10)
    assert served(campaign, volunteer) == late


def test_never_called_cases_go_by_fragility_then_age(campaign: Campaign, volunteer: Any) -> None:
    from campaigns.setup import enrolment

    young = factories.make_household(people=1, living_alone=False, birth_date=datetime(1950, 1, 1).date())
    old = factories.make_household(people=1, living_alone=False, birth_date=datetime(1945, 1, 1).date())
    alone = factories.make_household(people=1, living_alone=True, birth_date=datetime(1952, 1, 1).date())
    enrolment.enrol(campaign=campaign, now=TUESDAY)
    for expected in (alone, old, young):
        case = served(campaign, volunteer)
        assert case is not None
        assert case.household_id == expected.pk
        Case.objects.filter(pk=case.pk).update(**factories.closed())


def test_a_follow_up_is_kept_for_its_volunteer_until_the_grace_has_passed(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    case = make(
        campaign,
        Case.Tier.FOLLOW_UP,
        Case.Kind.FOLLOW_UP,
        next_call_for=volunteer,
        anyone_from=TUESDAY + timedelta(hours=2),
    )
    empty = queue.claim_next(campaign=campaign, by=volunteer2, now=TUESDAY).empty
    assert empty == queue.Empty(queue.Empty.NONE_FOR_YOU, TUESDAY + timedelta(hours=2))
    assert served(campaign, volunteer2, TUESDAY + timedelta(hours=2)) == case


def test_a_look_does_not_claim(campaign: Campaign, volunteer: Any) -> None:
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    before = JournalEntry.objects.count()
    assert queue.peek(campaign=campaign, by=volunteer, now=TUESDAY) is not None
    assert (Case.objects.filter(claimed_by__isnull=False).count(), JournalEntry.objects.count()) == (0, before)


def test_an_expired_claim_serves_again_and_its_holder_keeps_the_draft(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).case == case
    almost = TUESDAY + timedelta(minutes=59)
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=almost).case is None
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=TUESDAY + timedelta(minutes=60)).case == case
    assert Call.objects.filter(case=case, volunteer=volunteer, state=Call.State.DRAFT).exists()
    assert not queue.renew(case_id=case.pk, by=volunteer, now=TUESDAY)


def test_a_heartbeat_holds_the_case_60_minutes_more(campaign: Campaign, volunteer: Any) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    later = TUESDAY + timedelta(minutes=50)
    assert queue.renew(case_id=case.pk, by=volunteer, now=later)
    assert queue.release_stale(now=TUESDAY + timedelta(minutes=61)) == 0
    assert queue.release_stale(now=later + timedelta(minutes=60)) == 1
    case.refresh_from_db()
    assert case.claimed_by is None


def test_asking_again_returns_to_the_open_claim(campaign: Campaign, volunteer: Any) -> None:
    for _ in range(2):
        make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    first = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    again = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY + timedelta(minutes=5))
    assert (again.case, again.call) == (first.case, first.call)
    assert Case.objects.filter(claimed_by=volunteer).count() == 1


def test_the_database_refuses_a_second_claim_of_one_volunteer(campaign: Campaign, volunteer: Any) -> None:
    cases = [make(campaign, Case.Tier.FIRST, Case.Kind.FIRST) for _ in range(2)]
    Case.objects.filter(pk=cases[0].pk).update(claimed_by=volunteer, claimed_until=TUESDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=cases[1].pk).update(claimed_by=volunteer, claimed_until=TUESDAY)


def test_passing_puts_a_case_at_the_end_of_its_tier_and_not_back_to_that_volunteer_today(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    first, second = (make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, rank=rank) for rank in (1, 2))
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).case == first
    queue.pass_case(case_id=first.pk, by=volunteer, reason=CasePass.Reason.KNOWN, now=TUESDAY)
    assert served(campaign, volunteer2) == second
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).case == second
    queue.pass_case(case_id=second.pk, by=volunteer, reason=CasePass.Reason.KNOWN, now=TUESDAY)
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).empty == queue.Empty(queue.Empty.NONE_FOR_YOU)
    assert served(campaign, volunteer2) == first
    assert served(campaign, volunteer, TUESDAY + timedelta(days=1)) == first


def test_passing_never_makes_a_case_leave_the_queue_and_a_callback_keeps_its_hour(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    case = make(campaign, Case.Tier.CALLBACK, Case.Kind.CALLBACK, minutes=5, next_call_for=volunteer)
    queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    queue.pass_case(case_id=case.pk, by=volunteer, reason=CasePass.Reason.TIME, now=TUESDAY)
    case.refresh_from_db()
    assert case.next_call_at == TUESDAY - timedelta(minutes=5)
    assert served(campaign, volunteer2) == case


def test_passing_needs_a_reason_of_the_list_and_one_s_own_claim(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    with pytest.raises(queue.QueueError, match="raison"):
        queue.pass_case(case_id=case.pk, by=volunteer, reason="rien", now=TUESDAY)
    with pytest.raises(queue.NotYoursError):
        queue.pass_case(case_id=case.pk, by=volunteer2, reason="known", now=TUESDAY)


def test_a_sector_returns_only_that_sector(campaign: Campaign, volunteer: Any, agency: Any, agency2: Any) -> None:
    mine = factories.make_case(campaign, factories.make_household(agency=agency), now=TUESDAY, rank=9)
    factories.make_case(campaign, factories.make_household(agency=agency2), now=TUESDAY)
    CampaignVolunteer.objects.get(campaign=campaign, user=volunteer).agencies.add(agency)
    assert served(campaign, volunteer) == mine
    Case.objects.filter(pk=mine.pk).update(**factories.closed())
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).empty == queue.Empty(queue.Empty.NONE_FOR_YOU)


def test_a_household_without_number_is_never_served(campaign: Campaign, volunteer: Any) -> None:
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, has_number=False)
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).case is None


def test_closed_hours_say_when_it_opens_again_and_urgent_work_goes_on(campaign: Campaign, volunteer: Any) -> None:
    campaign.hours = OFFICE
    campaign.save()
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    noon = datetime(2026, 1, 13, 12, 30, tzinfo=PARIS)
    empty = queue.claim_next(campaign=campaign, by=volunteer, now=noon).empty
    assert empty == queue.Empty(queue.Empty.CLOSED_HOURS, datetime(2026, 1, 13, 14, 0, tzinfo=PARIS))
    urgent = make(campaign, Case.Tier.PUT_FIRST, Case.Kind.ASKED, urgent=True, minutes=1)
    assert served(campaign, volunteer, noon) == urgent


def test_overseas_households_are_called_at_their_own_hours(campaign: Campaign, volunteer: Any) -> None:
    campaign.hours = OFFICE
    campaign.save()
    far = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, region="974")
    # 14:30 in Réunion, 11:30 in Paris; then 18:30 there, 15:30 in Paris.
    assert served(campaign, volunteer, datetime(2026, 1, 13, 11, 30, tzinfo=PARIS)) == far
    assert served(campaign, volunteer, datetime(2026, 1, 13, 15, 30, tzinfo=PARIS)) is None


def test_what_is_said_when_nothing_comes(campaign: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any) -> None:
    def reason(by: Any = volunteer) -> str:
        empty = queue.claim_next(campaign=campaign, by=by, now=TUESDAY).empty
        assert empty is not None
        assert empty.message.endswith(".")
        return empty.code

    assert reason(coordinator) == queue.Empty.NOT_MEMBER
    assert reason() == queue.Empty.ALL_DONE
    make(campaign, Case.Tier.RETRY, Case.Kind.RETRY, minutes=-60)
    assert reason() == queue.Empty.ONLY_FUTURE
    Case.objects.all().delete()
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    queue.claim_next(campaign=campaign, by=volunteer2, now=TUESDAY)
    assert reason() == queue.Empty.ALL_HELD
    campaign.status = Campaign.Status.PAUSED
    campaign.save()
    assert reason() == queue.Empty.PAUSED
    campaign.status = Campaign.Status.CLOSED
    campaign.save()
    assert reason() == queue.Empty.NOT_RUNNING


def test_the_counts_always_add_up_to_the_enrolled(campaign: Campaign, volunteer: Any) -> None:
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, rank=5)
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    make(campaign, Case.Tier.RETRY, Case.Kind.RETRY, minutes=-60)
    make(campaign, Case.Tier.FOLLOW_UP, Case.Kind.FOLLOW_UP, next_call_at=None)
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, status=Case.Status.ON_HOLD)
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, status=Case.Status.CLOSED)
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, has_number=False)
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, status=Case.Status.PREPARED)
    make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, status=Case.Status.PREPARED, has_number=False)
    queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    counts = queue.counts(campaign, TUESDAY)
    enrolled = counts.pop("enrolled")
    names = {"prepared": 1, "ready": 1, "held": 1, "scheduled": 2, "blocked": 1, "done": 1, "without_number": 2}
    assert counts == names
    assert enrolled == sum(counts.values()) == 9


def test_one_named_case_is_given_to_whom_it_is_due(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    case = make(campaign, Case.Tier.CALLBACK, Case.Kind.CALLBACK, next_call_for=volunteer)
    with pytest.raises(queue.NotYoursError):
        queue.claim_one(case_id=case.pk, by=volunteer2, now=TUESDAY)
    assert queue.claim_one(case_id=case.pk, by=volunteer, now=TUESDAY).case == case
    with pytest.raises(queue.CaseHeldError, match="Léa"):
        queue.claim_one(case_id=case.pk, by=volunteer2, now=TUESDAY, incoming=True)
    other = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    with pytest.raises(queue.QueueError, match="Terminez"):
        queue.claim_one(case_id=other.pk, by=volunteer, now=TUESDAY, incoming=True)


def test_a_coordinator_puts_chosen_cases_first(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    cases = [make(campaign, Case.Tier.FIRST, Case.Kind.FIRST, rank=rank) for rank in range(3)]
    callback = make(campaign, Case.Tier.CALLBACK, Case.Kind.CALLBACK, minutes=-60)
    assert queue.put_first(case_ids=[cases[2].pk, callback.pk], by=coordinator, now=TUESDAY) == 1
    assert served(campaign, volunteer) == cases[2]
    Case.objects.filter(pk=cases[2].pk).update(claimed_by=volunteer, claimed_at=TUESDAY, claimed_until=TUESDAY)
    assert queue.release(case_id=cases[2].pk, by=coordinator, now=TUESDAY)
    for action in ("case.put_first", "case.released"):
        row = JournalEntry.objects.filter(action=action, user=coordinator).latest("pk")
        assert (row.object_id, row.household_id, row.campaign_id, row.user_id) == (
            cases[2].pk, cases[2].household_id, campaign.pk, coordinator.pk,
        )  # fmt: skip
    callback.refresh_from_db()
    assert callback.tier == Case.Tier.CALLBACK


def test_claiming_costs_at_most_eight_queries(campaign: Campaign, volunteer: Any, max_queries: Any) -> None:
    for _ in range(3):
        make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    campaign = Campaign.objects.get(pk=campaign.pk)
    with max_queries(8):
        queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)


def test_a_claim_lost_to_another_keeps_the_text_as_a_pending_call(
    campaign: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    mine = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).call
    later = TUESDAY + timedelta(minutes=61)
    theirs = queue.claim_next(campaign=campaign, by=volunteer2, now=later).call
    assert mine is not None
    assert theirs is not None
    pending = factories.record_call(
        case_id=case.pk, by=volunteer, submission=mine.submission, outcome="refused_campaign", comment="vu", now=later
    )
    assert (pending.state, pending.comment) == (Call.State.PENDING, "vu")
    with pytest.raises(calls.CallError, match="en cours d'appel"):
        calls.accept_pending(call_id=pending.pk, by=coordinator, now=later)
    kept = factories.record_call(
        case_id=case.pk, by=volunteer2, submission=theirs.submission, outcome="no_answer", now=later
    )
    assert kept.state == Call.State.RECORDED
    case.refresh_from_db()
    assert (case.status, case.attempts) == (Case.Status.OPEN, 1)
    calls.accept_pending(call_id=pending.pk, by=coordinator, now=later)
    case.refresh_from_db()
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "refused")
    with pytest.raises(calls.CallError, match="déjà été traité"):
        calls.drop_pending(call_id=pending.pk, by=coordinator, now=later)


def test_an_expired_claim_that_nobody_took_is_still_good(campaign: Campaign, volunteer: Any) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    draft = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).call
    assert draft is not None
    later = TUESDAY + timedelta(hours=3)
    assert queue.release_stale(now=later) == 1
    call = factories.record_call(
        case_id=case.pk, by=volunteer, submission=draft.submission, outcome="no_answer", now=later
    )
    assert call.state == Call.State.RECORDED


def test_posting_twice_records_once(campaign: Campaign, volunteer: Any) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    draft = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).call
    assert draft is not None
    first, second = (
        factories.record_call(
            case_id=case.pk, by=volunteer, submission=draft.submission, outcome="no_answer", now=TUESDAY
        )
        for _ in range(2)
    )
    case.refresh_from_db()
    assert (first.pk, case.attempts, Call.objects.count()) == (second.pk, 1, 1)


def test_who_never_held_the_case_cannot_record(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    draft = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).call
    assert draft is not None
    with pytest.raises(queue.NotYoursError):
        factories.record_call(
            case_id=case.pk, by=volunteer2, submission=draft.submission, outcome="no_answer", now=TUESDAY
        )


@pytest.mark.parametrize(
    ("status", "state"),
    [(Campaign.Status.PAUSED, Call.State.RECORDED), (Campaign.Status.CLOSED, Call.State.PENDING)],
)
def test_a_call_in_progress_survives_a_pause_and_is_kept_when_the_campaign_is_closed(
    campaign: Campaign, volunteer: Any, status: str, state: str
) -> None:
    case = make(campaign, Case.Tier.FIRST, Case.Kind.FIRST)
    draft = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).call
    assert draft is not None
    Campaign.objects.filter(pk=campaign.pk).update(status=status)
    CampaignVolunteer.objects.filter(user=volunteer).update(active=False)
    arguments: dict[str, Any] = {
        "case_id": case.pk,
        "by": volunteer,
        "submission": draft.submission,
        "outcome": "no_answer",
    }
    assert factories.record_call(now=TUESDAY, **arguments).state == state
