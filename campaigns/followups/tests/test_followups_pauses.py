"""Follow-ups through a pause of their campaign: its dates are no calls, nothing is missed, no promise is lost."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from campaigns import followups, queue
from campaigns.figures import dashboards
from campaigns.followups import pauses, week, words
from campaigns.followups.tests.test_followups import OFFICE, TUESDAY, at, plan_for
from campaigns.models import Alert, Campaign, CampaignPause, Case, DueCall, FollowUpPlan, Script, WelfareCheck
from campaigns.setup import enrolment, lifecycle
from solidarites.models import OutgoingMail
from tests import factories

State = DueCall.State


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return make(volunteer, volunteer2)


def make(*volunteers: Any) -> Campaign:
    script = Script.objects.get_or_create(key="premier", title="Premier appel", status=Script.Status.PUBLISHED)[0]
    return factories.make_campaign(volunteers=list(volunteers), now=TUESDAY, hours=OFFICE, script=script)


@pytest.fixture
def thursday(campaign: Campaign, volunteer: Any, coordinator: Any) -> FollowUpPlan:
    """Each Thursday at three: the 15th, the 22nd, the 29th of January."""
    return plan_for(campaign, volunteer)


def stop(campaign: Campaign, now: datetime) -> None:
    lifecycle.pause(campaign=campaign, by=None, now=now)


def go(campaign: Campaign, now: datetime) -> None:
    lifecycle.resume(campaign=campaign, by=None, now=now)


def tick(now: datetime, plan: FollowUpPlan | None = None) -> None:
    """What beat runs; twice, as two beats by mistake would."""
    for _ in range(2):
        followups.open_due_calls(now=now)
        followups.hand_over_opened(now=now)
        followups.watch_missed(now=now)
        followups.settle_ended(now=now)
    if plan is not None:
        plan.refresh_from_db()


def silence() -> None:
    """Nobody was told anything, and no call is said to be missed."""
    assert not Alert.objects.exists()
    assert not OutgoingMail.objects.filter(template__startswith="alert").exists()
    assert not DueCall.objects.filter(state=State.MISSED).exists()


def record(plan: FollowUpPlan, by: Any, now: datetime, outcome: str = "completed", **fields: Any) -> None:
    given = queue.claim_one(case_id=plan.case_id, by=by, now=now)
    assert given.call is not None
    factories.record_call(
        case_id=plan.case_id, by=by, submission=given.call.submission, outcome=outcome, now=now, **fields
    )


# Dates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rhythm", "following"),
    [
        (("weekly", [3]), at(12, 15, month=2)),
        (("48h", []), at(10, 15, month=2)),  # Sunday the 8th waits for Monday, which is the pause's
        (("monthly", [3]), at(12, 15, month=2)),
        (("twice_a_week", [1, 4]), at(10, 15, month=2)),
    ],
)
def test_each_plan_goes_on_at_its_next_date(
    campaign: Campaign, volunteer: Any, coordinator: Any, rhythm: Any, following: datetime
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm(*rhythm, time(15, 0)))
    stop(campaign, at(14, 9))
    for day in range(14, 31):
        tick(at(day, 15))
        tick(at(day, 18))
    assert not DueCall.objects.exists()
    go(campaign, at(9, 15, 30, month=2))
    tick(at(9, 15, 31, month=2), plan)
    assert plan.next_due_at == following
    assert not DueCall.objects.exists()
    silence()
    tick(following)
    assert [due.due_at for due in DueCall.objects.all()] == [following]


def test_a_machine_that_was_off_all_along_changes_nothing(campaign: Campaign, thursday: FollowUpPlan) -> None:
    stop(campaign, at(14, 9))
    go(campaign, at(6, 9, month=2))
    tick(at(6, 9, month=2), thursday)
    assert not DueCall.objects.exists()
    assert thursday.next_due_at == at(12, 15, month=2)


def test_pauses_of_one_day_move_nothing_that_is_later_that_day(campaign: Campaign, thursday: FollowUpPlan) -> None:
    for hour in (10, 13):
        stop(campaign, at(15, hour))
        tick(at(15, hour, 30))
        go(campaign, at(15, hour + 1))
        tick(at(15, hour + 1), thursday)
        assert thursday.next_due_at == at(15, 15)
    tick(at(15, 15), thursday)
    assert [(due.due_at, due.state) for due in DueCall.objects.all()] == [(at(15, 15), State.OPENED)]
    assert thursday.next_due_at == at(22, 15)
    assert [(one.began_at, one.ended_at) for one in CampaignPause.objects.all()] == [
        (at(15, 10), at(15, 11)),
        (at(15, 13), at(15, 14)),
    ]


def test_a_night_of_pause_forbids_what_falls_in_it_and_nothing_else(
    campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    evening = plan_for(campaign, volunteer, followups.Rhythm("weekly", [0], time(17, 30)))
    morning = plan_for(campaign, volunteer, followups.Rhythm("weekly", [1], time(10, 0)))
    stop(campaign, at(19, 17))
    tick(at(19, 23))
    go(campaign, at(20, 9))
    tick(at(20, 10), evening)
    assert evening.next_due_at == at(26, 17, 30)
    assert [(due.plan, due.due_at) for due in DueCall.objects.all()] == [(morning, at(20, 10))]
    silence()


def test_a_heat_wave_that_ends_in_the_pause_is_over_afterwards(campaign: Campaign, thursday: FollowUpPlan) -> None:
    lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 20), by=None, now=at(14, 8))
    stop(campaign, at(14, 9))
    lifecycle.end_heat_waves(now=at(21, 6))
    campaign.refresh_from_db()
    go(campaign, at(23, 9))
    tick(at(23, 9), thursday)
    assert thursday.next_due_at == at(29, 15)


def test_a_heat_wave_that_goes_on_after_the_pause_still_holds(campaign: Campaign, thursday: FollowUpPlan) -> None:
    lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 30), by=None, now=at(14, 8))
    stop(campaign, at(14, 9))
    go(campaign, at(21, 9))
    tick(at(21, 9), thursday)
    assert thursday.next_due_at == at(22, 15)
    assert [line.at for line in words.told(thursday, at(21, 9))][:3] == [at(22, 15), at(26, 15), at(28, 15)]


def test_a_plan_whose_end_date_passes_in_the_pause_ends(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15, 0), ends_on=date(2026, 1, 31)))
    stop(campaign, at(14, 9))
    go(campaign, at(2, 9, month=2))
    tick(at(2, 9, month=2), plan)
    assert (plan.status, plan.end_reason) == (FollowUpPlan.Status.ENDED, FollowUpPlan.EndReason.DATE)
    silence()


def test_an_interruption_longer_than_the_pause_still_holds(
    campaign: Campaign, thursday: FollowUpPlan, coordinator: Any
) -> None:
    stop(campaign, at(14, 9))
    followups.add_exception(
        plan_id=thursday.pk,
        first_day=date(2026, 1, 20),
        last_day=date(2026, 1, 30),
        reason="hospital",
        by=coordinator,
        now=at(19, 9),
    )
    go(campaign, at(21, 9))
    tick(at(21, 9), thursday)
    assert thursday.next_due_at == at(5, 15, month=2)


def test_opening_a_paused_campaign_from_an_old_page_is_resuming_it(campaign: Campaign, thursday: FollowUpPlan) -> None:
    stop(campaign, at(14, 9))
    lifecycle.open_campaign(campaign=campaign, by=None, now=at(23, 9))
    tick(at(23, 9), thursday)
    assert thursday.next_due_at == at(29, 15)
    assert CampaignPause.objects.get().ended_at == at(23, 9)
    silence()


def test_a_plan_that_a_draft_had_taken_is_called_once_when_it_opens(campaign: Campaign, thursday: FollowUpPlan) -> None:
    """Nobody called during the preparation: the last date is called now, those before it are told to nobody."""
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.DRAFT, opened_at=None)
    Case.objects.update(status=Case.Status.PREPARED)
    campaign.refresh_from_db()
    tick(at(23, 9))
    lifecycle.open_campaign(campaign=campaign, by=None, now=at(23, 9))
    tick(at(23, 9))
    enrolment.enrol(campaign=campaign, now=at(23, 9))
    tick(at(23, 9), thursday)
    assert [due.due_at for due in DueCall.objects.all()] == [at(22, 15)]
    assert thursday.next_due_at == at(29, 15)
    silence()


def test_a_pause_that_an_older_version_began_ends_as_well(campaign: Campaign, thursday: FollowUpPlan) -> None:
    """It left no row that says since when."""
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.PAUSED)
    campaign.refresh_from_db()
    go(campaign, at(23, 9))
    tick(at(23, 9), thursday)
    assert thursday.next_due_at == at(29, 15)
    silence()


def test_a_campaign_without_any_hour_resumes_and_is_looked_at_again(campaign: Campaign, thursday: FollowUpPlan) -> None:
    """Its only day is a holiday's: the plan waits, and nothing stops."""
    stop(campaign, at(14, 9))
    Campaign.objects.filter(pk=campaign.pk).update(hours={"0": []}, status=Campaign.Status.PAUSED)
    campaign.refresh_from_db()
    followups.go_on(campaign=campaign, since=at(14, 9), now=at(23, 9))
    thursday.refresh_from_db()
    assert thursday.next_due_at == at(30, 9)


def test_pausing_and_resuming_twice_is_once(campaign: Campaign, thursday: FollowUpPlan) -> None:
    for now in (at(14, 9), at(14, 10)):
        stop(campaign, now)
    for now in (at(23, 9), at(23, 10)):
        go(campaign, now)
    assert [(one.began_at, one.ended_at) for one in CampaignPause.objects.all()] == [(at(14, 9), at(23, 9))]


# A call that was due already --------------------------------------------------------------------------------


def test_a_call_that_waited_is_due_again_with_its_whole_grace_for_the_same_person(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any, volunteer2: Any
) -> None:
    tick(at(15, 15))
    stop(campaign, at(15, 15, 30))
    tick(at(15, 18))
    tick(at(19, 18))
    go(campaign, at(20, 10, 30))
    tick(at(20, 10, 30))
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(20, 10, 31)).case is None
    tick(at(20, 12, 29))
    silence()
    record(thursday, volunteer, at(20, 12, 29))
    assert [(due.due_at, due.state) for due in DueCall.objects.all()] == [(at(15, 15), State.CALLED)]
    silence()


def test_a_call_that_nobody_makes_after_the_pause_either_is_one_alert(
    campaign: Campaign, thursday: FollowUpPlan, coordinator: Any
) -> None:
    tick(at(15, 15))
    stop(campaign, at(15, 15, 30))
    go(campaign, at(20, 10, 30))
    tick(at(20, 12, 30))
    tick(at(20, 17))
    assert [alert.raised_at for alert in Alert.objects.all()] == [at(20, 12, 30)]


def test_resumed_in_the_evening_the_grace_begins_in_the_morning(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any
) -> None:
    tick(at(15, 15))
    stop(campaign, at(15, 15, 30))
    go(campaign, at(19, 20))
    for hour in (20, 22):
        tick(at(19, hour, 30))
    tick(at(20, 11, 59))
    silence()
    thursday.case.refresh_from_db()
    assert (thursday.case.next_call_at, thursday.case.anyone_from) == (at(20, 10), at(20, 12))
    assert thursday.case.next_call_for == volunteer


def test_a_call_whose_plan_calls_that_same_day_is_left_for_it(campaign: Campaign, thursday: FollowUpPlan) -> None:
    tick(at(15, 15))
    stop(campaign, at(15, 15, 30))
    go(campaign, at(22, 14, 45))
    thursday.case.refresh_from_db()
    assert thursday.case.next_call_at is None
    tick(at(22, 15), thursday)
    assert [(due.due_at, due.state) for due in DueCall.objects.order_by("due_at")] == [
        (at(15, 15), State.SKIPPED),
        (at(22, 15), State.OPENED),
    ]
    silence()
    assert [(line.at, line.replaced) for line in pauses.history(thursday, limit=9)] == [
        (at(22, 15), False),
        (at(15, 15, 30), False),
        (at(15, 15), True),
    ]


def test_a_call_being_made_when_the_campaign_goes_on_is_not_skipped(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any
) -> None:
    tick(at(15, 15))
    given = queue.claim_one(case_id=thursday.case_id, by=volunteer, now=at(15, 15))
    assert given.call is not None
    stop(campaign, at(15, 15, 10))
    Case.objects.filter(pk=thursday.case_id).update(claimed_until=at(22, 15))
    go(campaign, at(22, 14, 30))
    factories.record_call(
        case_id=thursday.case_id,
        by=volunteer,
        submission=given.call.submission,
        outcome="completed",
        now=at(22, 14, 40),
    )
    assert [(due.due_at, due.state) for due in DueCall.objects.all()] == [(at(15, 15), State.CALLED)]


def test_a_call_that_was_late_before_the_pause_stays_so_and_is_said_once(
    campaign: Campaign, thursday: FollowUpPlan, volunteer2: Any, coordinator: Any
) -> None:
    tick(at(15, 17))
    stop(campaign, at(16, 9))
    go(campaign, at(20, 10, 30))
    tick(at(20, 14))
    assert Alert.objects.count() == 1
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(20, 14)).case == thursday.case


def test_what_was_due_a_moment_before_the_pause_and_not_yet_opened_is_due_afterwards(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any
) -> None:
    stop(campaign, at(15, 15, 0) + timedelta(seconds=30))
    tick(at(15, 15, 1))
    go(campaign, at(16, 10, 30))
    tick(at(16, 12, 29), thursday)
    assert [(due.due_at, due.state, due.grace_until) for due in DueCall.objects.all()] == [
        (at(15, 15), State.OPENED, at(16, 12, 30))
    ]
    assert thursday.next_due_at == at(22, 15)
    silence()
    assert queue.claim_next(campaign=campaign, by=volunteer, now=at(16, 11, 59)).case == thursday.case


def test_a_machine_off_for_days_before_the_pause_leaves_one_call_a_plan(
    campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("48h", [], time(15, 0)))
    stop(campaign, at(21, 18))  # the 15th, the 19th and the 21st were due
    go(campaign, at(29, 10, 30))
    tick(at(29, 10, 31), plan)
    assert [(due.due_at, due.state) for due in DueCall.objects.all()] == []  # the 29th is a date of the plan
    assert plan.next_due_at == at(29, 15)
    silence()


def test_tries_after_no_answer_that_fall_in_the_pause_go_on_where_they_were(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    tick(at(15, 15))
    record(thursday, volunteer, at(15, 15), "no_answer")
    stop(campaign, at(15, 16))  # to be tried again at 17
    tick(at(16, 18))
    go(campaign, at(19, 10, 30))
    tick(at(19, 12))
    silence()
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(19, 12)).case is None
    record(thursday, volunteer, at(19, 12), "no_answer")
    due = DueCall.objects.get()
    assert (due.state, due.unanswered, due.grace_until) == (State.OPENED, 2, at(20, 12))
    record(thursday, volunteer, at(20, 10), "no_answer")
    assert WelfareCheck.objects.get().origin == WelfareCheck.Origin.MISSED_FOLLOW_UP
    assert Alert.objects.get().kind == Alert.Kind.UNANSWERED_FOLLOW_UP


def test_a_call_recorded_in_the_pause_plans_its_next_try_for_the_end_of_it(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any
) -> None:
    tick(at(15, 15))
    given = queue.claim_one(case_id=thursday.case_id, by=volunteer, now=at(15, 15))
    assert given.call is not None
    stop(campaign, at(15, 15, 1))
    factories.record_call(
        case_id=thursday.case_id, by=volunteer, submission=given.call.submission, outcome="no_answer", now=at(15, 15, 2)
    )
    tick(at(16, 18))
    go(campaign, at(19, 10, 30))
    tick(at(19, 12, 29))
    silence()
    record(thursday, volunteer, at(19, 12, 29))
    assert DueCall.objects.get().state == State.CALLED


# Hours that were agreed ---------------------------------------------------------------------------------------


@pytest.fixture
def agreed(campaign: Campaign, volunteer: Any, coordinator: Any) -> Case:
    """Paul is asked for; Léa promised to ring on Thursday at 15."""
    return factories.make_case(
        campaign,
        now=TUESDAY,
        next_call_kind=Case.Kind.CALLBACK,
        tier=Case.Tier.CALLBACK,
        next_call_at=at(15, 15),
        next_call_for=volunteer,
        anyone_from=at(15, 15, 30),
        reached_at=TUESDAY,
    )


def missed(campaign: Campaign, by: Any, now: datetime) -> int:
    return dashboards.dashboard(filters=dashboards.Filters(campaign), by=by, now=now).callbacks_missed


@pytest.mark.parametrize(("back", "due"), [(at(19, 10, 30), at(19, 10, 30)), (at(17, 20), at(19, 10))])
def test_an_agreed_hour_of_the_pause_is_due_at_once_for_who_agreed(
    campaign: Campaign, agreed: Case, volunteer: Any, volunteer2: Any, coordinator: Any, back: datetime, due: datetime
) -> None:
    stop(campaign, at(15, 9))
    assert missed(campaign, coordinator, at(16, 9)) == 0
    go(campaign, back)
    assert missed(campaign, coordinator, due + timedelta(minutes=29)) == 0
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=due + timedelta(minutes=29)).case is None
    given = queue.claim_next(campaign=campaign, by=volunteer, now=due + timedelta(minutes=29))
    assert given.case == agreed
    assert given.call is not None
    assert given.call.kind == Case.Kind.CALLBACK
    silence()


def test_an_agreed_hour_is_everybodys_half_an_hour_later_as_ever(
    campaign: Campaign, agreed: Case, volunteer2: Any
) -> None:
    stop(campaign, at(15, 9))
    go(campaign, at(19, 10, 30))
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(19, 11)).case == agreed


def test_an_urgent_promise_is_due_at_once_whatever_the_opening_hours(
    campaign: Campaign, agreed: Case, volunteer: Any
) -> None:
    Case.objects.filter(pk=agreed.pk).update(urgent=True)
    stop(campaign, at(15, 9))
    go(campaign, at(17, 20))  # a Saturday evening
    assert queue.claim_next(campaign=campaign, by=volunteer, now=at(17, 20)).case == agreed


@pytest.mark.parametrize("back", [at(15, 11), at(15, 14, 59)])
def test_an_agreed_hour_after_the_pause_keeps_its_hour(campaign: Campaign, agreed: Case, back: datetime) -> None:
    stop(campaign, at(15, 9))
    go(campaign, back)
    agreed.refresh_from_db()
    assert (agreed.next_call_at, agreed.anyone_from) == (at(15, 15), at(15, 15, 30))


def test_a_promise_that_was_everybodys_before_the_pause_stays_so(
    campaign: Campaign, agreed: Case, volunteer2: Any, coordinator: Any
) -> None:
    stop(campaign, at(15, 16))
    go(campaign, at(15, 16, 10))
    assert missed(campaign, coordinator, at(15, 16, 10)) == 1
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(15, 16, 10)).case == agreed


def test_an_hour_asked_for_in_place_of_a_follow_up_is_watched_from_the_end_of_the_pause(
    campaign: Campaign, thursday: FollowUpPlan, volunteer: Any, coordinator: Any
) -> None:
    tick(at(15, 15))
    record(thursday, volunteer, at(15, 15), "callback", callback_at=at(16, 10))
    stop(campaign, at(15, 16))
    go(campaign, at(19, 10, 30))
    tick(at(19, 12))
    silence()
    record(thursday, volunteer, at(19, 12))
    assert DueCall.objects.get().state == State.CALLED


# What is shown meanwhile ------------------------------------------------------------------------------------


def test_nothing_is_late_in_a_pause(campaign: Campaign, thursday: FollowUpPlan, coordinator: Any) -> None:
    tick(at(15, 15))
    stop(campaign, at(15, 15, 30))
    board = dashboards.dashboard(filters=dashboards.Filters(campaign), by=coordinator, now=at(16, 9))
    assert [cell.value for cell in board.late_follow_ups] == [0, 0, 0, 0]
    shown = week.week_of(Case.objects.all(), date(2026, 1, 12), at(16, 9))
    assert [entry.state for day in shown for entry in day.entries] == ["paused"]


def test_the_dates_of_a_pause_are_announced_no_more(campaign: Campaign, thursday: FollowUpPlan) -> None:
    stop(campaign, at(14, 9))
    thursday.refresh_from_db()
    thursday.case.campaign.refresh_from_db()
    assert next(words.told(thursday, at(16, 9))).at == at(22, 15)
    coming = followups.next_call_of(thursday, at(16, 9))
    assert coming is not None
    assert coming.one.at == at(22, 15)
    shown = week.week_of(Case.objects.all(), date(2026, 1, 12), at(16, 9))
    assert [entry.state for day in shown for entry in day.entries] == []


def test_nobody_calls_early_in_a_pause(campaign: Campaign, thursday: FollowUpPlan, volunteer: Any) -> None:
    stop(campaign, at(15, 9))
    with pytest.raises(followups.FollowUpError, match="en pause"):
        followups.open_now(plan_id=thursday.pk, by=volunteer, now=at(15, 14))
    assert not DueCall.objects.exists()


def test_a_waiting_call_goes_to_who_is_there_after_the_pause(
    campaign: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    """An absence that begins and ends in the pause moves nothing."""
    plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15, 0), volunteer.pk, volunteer2.pk))
    tick(at(15, 15))
    stop(campaign, at(15, 15, 30))
    followups.add_absence(
        user=volunteer, first_day=date(2026, 1, 16), last_day=date(2026, 1, 18), by=volunteer, now=at(15, 16)
    )
    tick(at(16, 9))
    go(campaign, at(19, 10))
    tick(at(19, 10))
    assert DueCall.objects.get().volunteer == volunteer
    assert not OutgoingMail.objects.exists()


def test_resuming_asks_as_many_questions_for_one_plan_as_for_many(
    volunteer: Any, coordinator: Any, count_queries: Any
) -> None:
    counted = []
    for plans in (1, 12):
        campaign = make(volunteer)
        for _ in range(plans):
            plan_for(campaign, volunteer)
            plan_for(campaign, volunteer, followups.Rhythm("monthly", [2], time(10, 0)))
        followups.open_due_calls(now=at(14, 10))
        stop(campaign, at(14, 10, 30))
        with count_queries() as queries:
            go(campaign, at(19, 10))
        counted.append(len(queries))
        campaign.delete()
    assert counted[0] == counted[1]
