"""A campaign in preparation takes nobody; opened, plans come over with who calls; abandoned, nothing has changed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from campaigns import alerts, cases, followups, queue
from campaigns.followups import handover
from campaigns.models import (
    Alert,
    Campaign,
    CampaignVolunteer,
    Case,
    CoordinatorScope,
    DueCall,
    FollowUpPlan,
    Script,
)
from campaigns.setup import enrolment, lifecycle
from solidarites.models import JournalEntry, User
from tenants import households
from tests import factories
from tests.factories import make_agency, make_campaign, make_case, make_household, make_landlord, make_user
from tests.strict import count_queries

pytestmark = pytest.mark.django_db
Status = Case.Status


@pytest.fixture
def calling(now: datetime, volunteer: User, volunteer2: User) -> Campaign:
    """The campaign that calls: Léa follows, Paul replaces her."""
    return make_campaign(now=now, name="Grand froid", volunteers=[volunteer, volunteer2])


@pytest.fixture
def draft(now: datetime) -> Campaign:
    script = Script.objects.create(key="neuve", title="Neuve", status=Script.Status.PUBLISHED)
    fresh = make_user("zoe@exemple.fr", "Zoé", "Neuve", "volunteer")
    return make_campaign(
        now=now, name="Canicule", status=Campaign.Status.DRAFT, opened_at=None, script=script, volunteers=[fresh]
    )


def follow(
    campaign: Campaign, now: datetime, volunteer: User | None = None, backup: User | None = None, **fields: Any
) -> FollowUpPlan:
    """A reached household that only its weekly call (tomorrow at ten) keeps open."""
    kept = {"reached_at": now, "next_call_at": None, "next_call_kind": Case.Kind.FOLLOW_UP, "tier": Case.Tier.FOLLOW_UP}
    case = make_case(campaign, now=now, **{**kept, **fields})
    return FollowUpPlan.objects.create(
        case=case,
        household=case.household,
        volunteer=volunteer,
        backup=backup,
        time=time(10),
        weekdays=[2],
        starts_on=date(2026, 1, 7),
        next_due_at=now + timedelta(days=1),
        review_on=date(2026, 2, 20),
        created_at=now - timedelta(days=30),
    )


def prepare(draft: Campaign, now: datetime) -> enrolment.EnrolmentResult:
    return enrolment.enrol(campaign=draft, now=now)


def open_it(draft: Campaign, now: datetime, **kwargs: Any) -> enrolment.EnrolmentResult:
    lifecycle.open_campaign(campaign=draft, by=None, now=now)
    return enrolment.enrol(campaign=draft, now=now, **kwargs)


def everything() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in (FollowUpPlan, DueCall, CampaignVolunteer, Alert)]


def damaged(calling: Campaign, draft: Campaign, now: datetime, volunteer: User, weeks: int = 0) -> FollowUpPlan:
    """What 0.2 left: the plan in a draft, its household's case closed in the campaign that calls."""
    plan = follow(calling, now, volunteer, status=Status.CLOSED, closed_reason="taken_over", closed_at=now)
    plan.case = make_case(draft, plan.household, now=now, status=Status.PREPARED)
    plan.next_due_at = now - timedelta(weeks=weeks) if weeks else plan.next_due_at
    plan.save()
    return plan


# In preparation -----------------------------------------------------------------------------------------------


def test_a_draft_leaves_followed_households_where_they_are_and_their_calls_go_on_opening(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plans = [follow(calling, now, volunteer) for _ in range(3)]
    free = make_household()
    result = prepare(draft, now)
    assert (result.created, result.elsewhere, result.taken_over) == (1, 3, 0)
    assert list(draft.cases.values_list("household_id", "status")) == [(free.pk, Status.PREPARED)]
    assert enrolment.waiting_elsewhere(draft, now) == (3, [("Grand froid", 3)])
    due_at = now + timedelta(days=1, minutes=1)
    assert followups.open_due_calls(now=due_at) == 3
    opened = DueCall.objects.filter(state=DueCall.State.OPENED, case__campaign=calling, volunteer=volunteer)
    assert sorted(opened.values_list("plan_id", flat=True)) == [plan.pk for plan in plans]


def test_abandoning_a_draft_gives_everything_as_it_was(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User, volunteer2: User
) -> None:
    follow(calling, now, volunteer, volunteer2)
    waiting = follow(calling, now, volunteer)
    DueCall.objects.create(plan=waiting, case=waiting.case, due_at=now, grace_until=now + timedelta(hours=2))
    make_case(calling, now=now)
    before, before_cases = everything(), list(calling.cases.order_by("pk").values())
    make_household()
    prepare(draft, now)
    assert lifecycle.still_open(draft, now).plans == 0
    lifecycle.close_campaign(campaign=draft, by=None, now=now)
    assert everything() == before
    assert list(calling.cases.order_by("pk").values()) == before_cases
    assert set(draft.cases.values_list("status", flat=True)) == {Status.CLOSED}


def test_a_draft_is_in_nobodys_way(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User, coordinator: User
) -> None:
    reopened = make_case(calling, now=now, status=Status.CLOSED, closed_reason="completed", reached_at=now)
    refused = follow(calling, now, volunteer, status=Status.CLOSED, closed_reason="refused")
    prepare(draft, now)
    assert draft.cases.get(household=reopened.household).status == Status.PREPARED
    cases.schedule(case_id=reopened.pk, kind=Case.Kind.CALL_BACK_AFTER_REFERRAL, at=now, by=coordinator)
    followups.open_due_calls(now=now + timedelta(days=1, minutes=1))
    assert DueCall.objects.get(plan=refused).state == DueCall.State.OPENED
    other = make_campaign(now=now)
    free = make_household()
    prepare(draft, now)
    assert enrolment.enrol_households(campaign=other, household_ids=[free.pk], now=now).created == 1
    assert draft.cases.get(household=free).status == Status.PREPARED


def test_a_death_in_a_household_counted_by_a_draft_stops_its_case_and_waits_there_too(
    calling: Campaign, draft: Campaign, now: datetime
) -> None:
    household = make_household(people=2)
    case = make_case(calling, household, now=now, status=Status.CLOSED, reached_at=now)
    prepare(draft, now)
    Case.objects.filter(pk=case.pk).update(status=Status.OPEN)
    prepared = draft.cases.get()
    households.close_person(tenant=household.tenants.first(), status="deceased", now=now, by=None)
    case.refresh_from_db()
    prepared.refresh_from_db()
    assert (case.status, prepared.status, prepared.hold_reason) == ("on_hold", "prepared", "person_closed")
    Case.objects.filter(pk=case.pk).update(status=Status.CLOSED)
    open_it(draft, now)
    prepared.refresh_from_db()
    assert (prepared.status, prepared.hold_reason) == ("on_hold", "person_closed")


def test_a_paused_campaign_takes_no_plan_either(calling: Campaign, now: datetime, volunteer: User) -> None:
    plan = follow(calling, now, volunteer)
    paused = make_campaign(now=now, status=Campaign.Status.PAUSED)
    assert enrolment.enrol(campaign=paused, now=now).elsewhere == 1
    plan.refresh_from_db()
    assert (plan.case.campaign, paused.cases.count()) == (calling, 0)


# On opening ---------------------------------------------------------------------------------------------------


def test_opening_brings_the_plans_with_who_calls_and_their_calls_open_here(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User, volunteer2: User
) -> None:
    agency = make_agency(make_landlord())
    calling.memberships.get(user=volunteer).agencies.set([agency])
    plan = follow(calling, now, volunteer, volunteer2)
    old = plan.case
    prepare(draft, now)
    result = open_it(draft, now)
    old.refresh_from_db()
    plan.refresh_from_db()
    assert (result.taken_over, result.elsewhere) == (1, 0)
    assert (old.status, old.closed_reason, plan.case.campaign) == (Status.CLOSED, "taken_over", draft)
    assert (plan.volunteer, plan.backup, plan.next_due_at) == (volunteer, volunteer2, now + timedelta(days=1))
    members = draft.memberships.filter(active=True, user__in=[volunteer, volunteer2])
    assert [list(member.agencies.all()) for member in members.order_by("user_id")] == [[agency], []]
    assert not handover.to_reassign(FollowUpPlan.objects.all(), now).exists()
    due_at = now + timedelta(days=1, minutes=1)
    assert followups.open_due_calls(now=due_at) == 1
    assert DueCall.objects.get().case == plan.case
    given = queue.claim_one(case_id=plan.case_id, by=volunteer, now=due_at)
    assert given.case == plan.case
    assert enrolment.enrol_arrivals(now=now) == 0


def test_what_was_prepared_opens_once_and_may_be_called(draft: Campaign, now: datetime) -> None:
    for _ in range(3):
        make_household()
    prepare(draft, now)
    zoe = User.objects.get(email="zoe@exemple.fr")
    assert queue.claim_next(campaign=draft, by=zoe, now=now).case is None
    result = open_it(draft, now)
    assert (result.created, result.opened, result.already) == (0, 3, 3)
    assert open_it(draft, now).opened == 0
    assert queue.claim_next(campaign=draft, by=zoe, now=now).case is not None
    actions = JournalEntry.objects.filter(action="campaign.enrolled").order_by("pk")
    assert [entry.detail["opened"] for entry in actions] == [0, 3]


def test_who_had_left_the_new_campaign_is_back_for_their_plan_and_who_calls_no_more_is_not_a_member(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User, volunteer2: User
) -> None:
    CampaignVolunteer.objects.create(campaign=draft, user=volunteer, active=False)
    hers, his = follow(calling, now, volunteer), follow(calling, now, volunteer2)
    volunteer2.groups.clear()
    open_it(draft, now)
    assert draft.memberships.get(user=volunteer).active
    assert not draft.memberships.filter(user=volunteer2).exists()
    assert list(handover.to_reassign(FollowUpPlan.objects.all(), now)) == [his]
    assert FollowUpPlan.objects.filter(pk__in=[hers.pk, his.pk], case__campaign=draft).count() == 2


def test_a_call_that_waits_or_is_under_way_stays_and_its_household_comes_later(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    waiting, under_way = follow(calling, now, volunteer), follow(calling, now, volunteer)
    due = DueCall.objects.create(plan=waiting, case=waiting.case, due_at=now, grace_until=now, volunteer=volunteer)
    Case.objects.filter(pk=waiting.case_id).update(next_call_at=now, next_call_for=volunteer)
    held = {"claimed_by": volunteer, "claimed_at": now, "claimed_until": now + timedelta(hours=1)}
    Case.objects.filter(pk=under_way.case_id).update(**held)
    assert open_it(draft, now).elsewhere == 2
    due.refresh_from_db()
    assert (due.state, due.case.campaign, due.case.status) == (DueCall.State.OPENED, calling, Status.OPEN)
    DueCall.objects.update(state=DueCall.State.CALLED)
    free = {"claimed_by": None, "claimed_at": None, "claimed_until": None, "next_call_at": None}
    calling.cases.update(**free)
    assert enrolment.enrol_arrivals(now=now + timedelta(hours=1)) == 2
    assert set(FollowUpPlan.objects.values_list("case__campaign", flat=True)) == {draft.pk}


def test_a_returned_call_on_a_closed_case_is_under_way_too(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    case = make_case(calling, now=now, status=Status.CLOSED, reached_at=now)
    queue.claim_one(case_id=case.pk, by=volunteer, now=now, incoming=True)
    assert open_it(draft, now).elsewhere == 1
    assert not draft.cases.exists()


def test_of_two_drafts_the_first_to_open_has_the_household_and_the_other_gets_it_later(
    draft: Campaign, now: datetime
) -> None:
    household = make_household()
    other = make_campaign(now=now, status=Campaign.Status.DRAFT, opened_at=None)
    assert (prepare(draft, now).created, prepare(other, now).created) == (1, 1)
    assert enrolment.enrol_households(campaign=other, household_ids=[household.pk], now=now).already == 1
    open_it(draft, now)
    Campaign.objects.filter(pk=other.pk).update(status=Campaign.Status.OPEN, opened_at=now)
    other.refresh_from_db()
    result = enrolment.enrol(campaign=other, now=now)
    assert (result.opened, result.elsewhere, other.cases.get().status) == (0, 1, Status.PREPARED)
    draft.cases.update(**factories.closed(now))
    assert enrolment.enrol_arrivals(now=now) == 1
    assert other.cases.get().status == Status.OPEN


def test_one_prepared_by_hand_outside_the_population_opens_with_the_campaign(draft: Campaign, now: datetime) -> None:
    young = make_household(birth_date=date(1990, 1, 1))
    enrolment.enrol_households(campaign=draft, household_ids=[young.pk], now=now)
    assert open_it(draft, now).opened == 1


def test_an_opening_killed_half_way_leaves_nobody_nowhere_and_goes_on(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The new households are the draft's alone.
    Campaign.objects.filter(pk=calling.pk).update(minimum_age=120)
    for _ in range(4):
        follow(calling, now, volunteer)
        make_household()
    prepare(draft, now)
    real, chunks = enrolment._enrol_chunk, []

    def killed(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        chunks.append(1)
        if len(chunks) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(enrolment, "_enrol_chunk", killed)
    with pytest.raises(KeyboardInterrupt):
        open_it(draft, now, chunk=2)
    alive = Case.objects.filter(status=Status.OPEN)
    plans = FollowUpPlan.objects.filter(case__status=Status.OPEN, case__campaign__status=Campaign.Status.OPEN)
    assert (draft.cases.filter(status=Status.OPEN).count(), plans.count()) == (4, 4)
    monkeypatch.setattr(enrolment, "_enrol_chunk", real)
    assert enrolment.enrol_arrivals(now=now) == 4
    assert (draft.cases.filter(status=Status.OPEN).count(), plans.count(), alive.count()) == (8, 4, 8)


def test_a_chunk_that_another_process_crosses_is_tried_again_and_stops_no_other(
    draft: Campaign, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_household(), make_household()
    prepare(draft, now)
    real, crossed = enrolment._open_prepared, []

    def cross(campaign: Campaign, ids: list[int]) -> list[int]:
        crossed.append(ids)
        if first.pk in ids and len(crossed) < 4:
            raise IntegrityError
        return real(campaign, ids)

    monkeypatch.setattr(enrolment, "_open_prepared", cross)
    result = open_it(draft, now, chunk=1)
    assert (result.opened, draft.cases.get(household=second).status) == (1, Status.OPEN)
    assert draft.cases.get(household=first).status == Status.PREPARED
    assert enrolment.enrol_arrivals(now=now) == 1


def test_a_plan_from_a_paused_campaign_goes_on_at_its_next_date(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = follow(calling, now, volunteer)
    FollowUpPlan.objects.update(next_due_at=now - timedelta(days=13))
    lifecycle.pause(campaign=calling, by=None, now=now)
    open_it(draft, now)
    plan.refresh_from_db()
    assert plan.next_due_at is not None
    assert timezone.localtime(plan.next_due_at).date() == date(2026, 1, 14)


def test_a_plan_whose_household_refused_the_last_call_comes_with_it(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = follow(calling, now, volunteer, status=Status.CLOSED, closed_reason="refused", closed_at=now)
    assert open_it(draft, now).taken_over == 1
    plan.refresh_from_db()
    assert (plan.case.campaign, calling.cases.get().closed_reason) == (draft, "refused")


def test_a_campaign_that_closed_before_leaves_its_households_to_the_draft(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = follow(calling, now, volunteer)
    prepare(draft, now)
    lifecycle.close_campaign(campaign=calling, by=None, now=now)
    result = open_it(draft, now)
    plan.refresh_from_db()
    assert (result.created, plan.status) == (1, FollowUpPlan.Status.ENDED)
    assert draft.cases.get().status == Status.OPEN


def test_taking_over_many_costs_hardly_more_than_one(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    lifecycle.open_campaign(campaign=draft, by=None, now=now)

    def cost(count: int) -> int:
        for _ in range(count):
            follow(calling, now, volunteer)
        with count_queries() as queries:
            assert enrolment.enrol(campaign=draft, now=now).taken_over == count
        return len(queries)

    cost(1)
    assert cost(40) <= cost(1) + 2


@pytest.mark.django_db(transaction=True)
def test_two_campaigns_opened_at_once_share_the_households_without_losing_one(transactional_db: None) -> None:
    now = timezone.now()
    old = make_campaign(now=now)
    drafts = [make_campaign(now=now, status=Campaign.Status.DRAFT) for _ in range(2)]
    for _ in range(10):
        make_household()
        follow(old, now)
    for draft in drafts:
        prepare(draft, now)
    Campaign.objects.filter(pk__in=[draft.pk for draft in drafts]).update(status=Campaign.Status.OPEN)
    barrier, errors = Barrier(2), []

    def run(pk: int) -> None:
        try:
            barrier.wait()
            enrolment.enrol(campaign=Campaign.objects.get(pk=pk), now=now, chunk=3)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[draft.pk]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    enrolment.enrol_arrivals(now=now)
    assert not errors
    alive = Case.objects.filter(status=Status.OPEN).exclude(campaign=old)
    assert alive.values("household").distinct().count() == 20
    assert not followups.stranded(FollowUpPlan.objects.all()).exists()
    assert FollowUpPlan.objects.filter(case__in=alive).count() == 10


# What 0.2 left: plans in a draft --------------------------------------------------------------------------------


def test_a_plan_that_no_campaign_calls_is_told_once_to_the_coordinators_of_its_sector(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User, coordinator: User
) -> None:
    landlord = make_landlord()
    agency, other = make_agency(landlord), make_agency(landlord, "Agence de Dax")
    elsewhere = make_user("yann@exemple.fr", "Yann", "Le Goff", "coordinator")
    CoordinatorScope.objects.create(user=coordinator).agencies.add(agency)
    CoordinatorScope.objects.create(user=elsewhere).agencies.add(other)
    follow(calling, now, volunteer)
    plan = damaged(calling, draft, now, volunteer)
    Case.objects.filter(household=plan.household).update(agency=agency)
    assert (followups.watch_stranded(now=now), followups.watch_stranded(now=now)) == (1, 0)
    alert = Alert.objects.get()
    assert (alert.kind, alert.level, alert.case) == (Alert.Kind.STRANDED_FOLLOW_UP, "U1", plan.case)
    assert (list(alerts.visible(coordinator)), list(alerts.visible(elsewhere))) == ([alert], [])
    alerts.solve(alert=alert, solution="Je l'appelle.", by=coordinator, now=now)
    # Said to be settled, and it is not: told again.
    assert followups.watch_stranded(now=now + timedelta(days=1)) == 1


def test_abandoning_the_draft_sends_the_plan_home_where_it_is_called_once(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = damaged(calling, draft, now, volunteer, weeks=5)
    followups.watch_stranded(now=now)
    told = lifecycle.still_open(draft, now)
    assert (told.plans, told.given_back) == (0, 1)
    lifecycle.close_campaign(campaign=draft, by=None, now=now)
    plan.refresh_from_db()
    assert (plan.status, plan.case.campaign, plan.case.status) == (FollowUpPlan.Status.ACTIVE, calling, Status.OPEN)
    assert Alert.objects.get().solved_at == now
    assert followups.open_due_calls(now=now + timedelta(minutes=1)) == 1
    due = DueCall.objects.get()
    assert (due.state, due.volunteer, due.case.campaign) == (DueCall.State.OPENED, volunteer, calling)
    assert plan.pk in JournalEntry.objects.get(action="campaign.closed").detail["given_back"]


def test_opening_the_draft_makes_the_plan_called_there(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = damaged(calling, draft, now, volunteer, weeks=5)
    followups.watch_stranded(now=now)
    open_it(draft, now)
    plan.refresh_from_db()
    assert (plan.case.campaign, plan.case.status) == (draft, Status.OPEN)
    assert draft.memberships.filter(user=volunteer, active=True).exists()
    assert Alert.objects.get().solved_at == now
    assert followups.open_due_calls(now=now + timedelta(minutes=1)) == 1


def test_a_third_campaign_that_enrols_the_household_takes_the_plan_along(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = damaged(calling, draft, now, volunteer)
    third = make_campaign(now=now)
    assert enrolment.enrol(campaign=third, now=now).taken_over == 1
    plan.refresh_from_db()
    assert (plan.case.campaign, plan.case.status) == (third, Status.OPEN)


def test_a_plan_with_nowhere_to_go_ends_with_the_draft_and_is_said_before(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = damaged(calling, draft, now, volunteer)
    Campaign.objects.filter(pk=calling.pk).update(status=Campaign.Status.CLOSED)
    told = lifecycle.still_open(draft, now)
    assert (told.plans, told.given_back) == (1, 0)
    lifecycle.close_campaign(campaign=draft, by=None, now=now)
    plan.refresh_from_db()
    assert plan.status == FollowUpPlan.Status.ENDED


def test_a_plan_goes_to_the_open_case_of_its_household_rather_than_to_an_old_one(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = damaged(calling, draft, now, volunteer)
    here = make_case(make_campaign(now=now), plan.household, now=now)
    lifecycle.close_campaign(campaign=draft, by=None, now=now)
    plan.refresh_from_db()
    assert plan.case == here
    assert calling.cases.get().status == Status.CLOSED


def test_no_call_opens_by_hand_where_the_campaign_does_not_call(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    plan = damaged(calling, draft, now, volunteer)
    FollowUpPlan.objects.update(next_due_at=now)
    with pytest.raises(followups.FollowUpError, match="n'appelle pas"):
        followups.open_now(plan_id=plan.pk, by=volunteer, now=now)
    assert not DueCall.objects.exists()


# A campaign that calls ends before the one it took from --------------------------------------------------------


@pytest.fixture
def taken(calling: Campaign, draft: Campaign, now: datetime, volunteer: User) -> FollowUpPlan:
    """Followed by « Grand froid », then by « Canicule » from its opening."""
    plan = follow(calling, now, volunteer)
    prepare(draft, now)
    open_it(draft, now)
    plan.refresh_from_db()
    assert plan.case.campaign_id == draft.pk
    return plan


def test_ending_it_sends_the_plans_home_and_says_so_before(
    taken: FollowUpPlan, calling: Campaign, draft: Campaign, now: datetime
) -> None:
    left = lifecycle.still_open(draft, now)
    assert (left.given_back, left.plans) == (1, 0)
    lifecycle.close_campaign(campaign=draft, by=None, now=now)
    taken.refresh_from_db()
    assert (taken.status, taken.case.campaign_id, taken.case.status) == ("active", calling.pk, Status.OPEN)
    later = now + timedelta(days=1, minutes=1)
    assert followups.open_due_calls(now=later) == 1
    assert DueCall.objects.get().case == taken.case


def test_the_call_that_was_due_there_waits_at_home(
    taken: FollowUpPlan, calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    later = now + timedelta(days=1, minutes=1)
    assert followups.open_due_calls(now=later) == 1
    lifecycle.close_campaign(campaign=draft, by=None, now=later)
    due = DueCall.objects.get()
    case = due.case
    assert (due.state, case.campaign_id) == (DueCall.State.OPENED, calling.pk)
    assert (case.status, case.next_call_kind, case.next_call_for) == (Status.OPEN, Case.Kind.FOLLOW_UP, volunteer)
    assert queue.claim_one(case_id=case.pk, by=volunteer, now=later).case == case


def test_what_was_promised_is_counted_before_a_campaign_ends(calling: Campaign, now: datetime) -> None:
    promised = {"next_call_kind": Case.Kind.CALLBACK, "tier": Case.Tier.CALLBACK, "next_call_at": now}
    make_case(calling, now=now, **promised)
    make_case(calling, now=now, urgent=True, **promised)
    make_case(calling, now=now)
    left = lifecycle.still_open(calling, now)
    assert (left.safety_calls, left.callbacks, left.anything) == (1, 1, True)


def test_a_plan_agreed_since_another_campaign_opened_stays_where_it_was_agreed(
    calling: Campaign, draft: Campaign, now: datetime, volunteer: User
) -> None:
    """Both call: only opening takes over, not the arrivals of every ten minutes."""
    open_it(draft, now)
    plan = follow(calling, now, volunteer)
    FollowUpPlan.objects.update(created_at=now + timedelta(minutes=5))
    later = now + timedelta(minutes=10)
    assert enrolment.enrol_arrivals(now=later) == 0
    assert enrolment.enrol(campaign=draft, now=later).taken_over == 0
    plan.refresh_from_db()
    assert plan.case.campaign == calling


def test_a_page_read_before_the_opening_abandons_nothing(draft: Campaign, now: datetime) -> None:
    read_before = Campaign.objects.get(pk=draft.pk)
    open_it(draft, now)
    with pytest.raises(lifecycle.LifecycleError, match="Relisez"):
        lifecycle.close_campaign(campaign=read_before, by=None, now=now)
    draft.refresh_from_db()
    assert draft.status == Campaign.Status.OPEN


def test_a_first_call_that_was_due_there_is_not_due_at_home(
    taken: FollowUpPlan, calling: Campaign, draft: Campaign, now: datetime
) -> None:
    """Who was reached already is not called as if for the first time."""
    Case.objects.filter(pk=taken.case_id).update(next_call_kind=Case.Kind.FIRST, tier=Case.Tier.FIRST, next_call_at=now)
    lifecycle.close_campaign(campaign=draft, by=None, now=now)
    case = Case.objects.get(campaign=calling)
    assert (case.status, case.next_call_kind, case.next_call_at) == (Status.OPEN, Case.Kind.FOLLOW_UP, None)
