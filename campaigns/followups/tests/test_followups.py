"""Follow-up plans: their dates, the opening of due calls, the grace, absences, endings."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule

from campaigns import followups, queue, scripts
from campaigns.common import calendar
from campaigns.followups.review import review
from campaigns.models import Alert, Campaign, Case, DueCall, FollowUpPlan
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    loaded = {one.kind: one for one in scripts.load_defaults(now=TUESDAY)}
    return factories.make_campaign(
        volunteers=[volunteer, volunteer2],
        now=TUESDAY,
        hours=OFFICE,
        script=loaded["first"],
        follow_up_script=loaded["follow_up"],
    )


def plan_for(
    campaign: Campaign, volunteer: Any, rhythm: followups.Rhythm | None = None, **case_fields: Any
) -> FollowUpPlan:
    case = factories.make_case(campaign, now=TUESDAY, **case_fields)
    rhythm = rhythm or followups.Rhythm("weekly", [3], time(15, 0))
    plan = followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=TUESDAY)
    Case.objects.filter(pk=case.pk).update(
        next_call_at=None, next_call_kind=Case.Kind.FOLLOW_UP, tier=Case.Tier.FOLLOW_UP
    )
    return plan


def at(day: int, hour: int, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("rhythm", "expected"),
    [
        (("weekly", [3]), ["15/01", "22/01", "29/01", "05/02"]),
        (("twice_a_week", [1, 4]), ["16/01", "20/01", "23/01", "27/01"]),
        (("fortnightly", [3]), ["15/01", "29/01", "12/02", "26/02"]),
        (("monthly", [3]), ["15/01", "12/02", "12/03", "09/04"]),
        (("48h", []), ["15/01", "19/01", "21/01", "23/01"]),  # Saturday the 17th waits for Monday
    ],
)
def test_the_series_of_each_rhythm(campaign: Campaign, volunteer: Any, rhythm: Any, expected: list[str]) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm(*rhythm, time(15, 0)))
    days = followups.preview(plan, TUESDAY, count=4)
    assert [moment.astimezone(PARIS).strftime("%d/%m") for moment in days] == expected
    assert {moment.astimezone(PARIS).time() for moment in days} == {time(15, 0)}


def test_the_monday_chosen_on_a_monday_is_the_next_one(campaign: Campaign, volunteer: Any) -> None:
    case = factories.make_case(campaign, now=TUESDAY)
    rhythm = followups.Rhythm("weekly", [1], time(15, 0))
    plan = followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=TUESDAY)
    assert plan.next_due_at == at(20, 15)


def test_a_public_holiday_moves_the_call_to_the_next_working_day_and_not_the_series(
    campaign: Campaign, volunteer: Any
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("weekly", [0], time(15, 0)))
    cal = calendar.calendar_of(campaign)
    # 6 April 2026 is Easter Monday.
    days = [
        moment.astimezone(PARIS).strftime("%a %d/%m")
        for moment in islice(followups.series(plan, cal, at(29, 0, 0, 3)), 3)
    ]
    assert days == ["Mon 30/03", "Tue 07/04", "Mon 13/04"]


@pytest.mark.parametrize("cadence", ["weekly", "fortnightly", "monthly", "twice_a_week"])
def test_two_years_of_dates_equal_an_independent_calculation(campaign: Campaign, volunteer: Any, cadence: str) -> None:
    weekdays = [0, 3] if cadence == "twice_a_week" else [3]
    plan = plan_for(campaign, volunteer, followups.Rhythm(cadence, weekdays, time(15, 0)))
    interval = {"weekly": 1, "twice_a_week": 1, "fortnightly": 2, "monthly": 4}[cadence]
    first = plan.next_due_at
    assert first is not None
    monday = plan.starts_on - timedelta(days=plan.starts_on.weekday())
    nominal = rrule.rrule(
        rrule.WEEKLY, interval=interval, byweekday=weekdays, dtstart=datetime.combine(monday, time(15)), wkst=rrule.MO
    )
    expected = []
    for naive in nominal.between(datetime(2026, 1, 14), datetime(2028, 1, 1), inc=True):
        day = naive.date()
        while day.weekday() > 4 or calendar.holiday_name(day):
            day += timedelta(days=1)
        moment = datetime.combine(day, time(15), PARIS).astimezone(UTC)
        if not expected or moment > expected[-1]:
            expected.append(moment)
    assert followups.preview(plan, TUESDAY, count=len(expected)) == expected


def test_a_due_call_is_opened_once_at_its_hour_for_its_volunteer(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    plan = plan_for(campaign, volunteer)
    assert followups.open_due_calls(now=at(15, 14, 59)) == 0
    assert followups.open_due_calls(now=at(15, 15)) == 1
    assert followups.open_due_calls(now=at(15, 15)) == 0
    due = DueCall.objects.get()
    assert (due.due_at, due.volunteer, due.state) == (at(15, 15), volunteer, DueCall.State.OPENED)
    plan.refresh_from_db()
    assert plan.next_due_at == at(22, 15)
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(15, 15)).case is None
    given = queue.claim_next(campaign=campaign, by=volunteer, now=at(15, 15))
    assert (given.case, given.call and given.call.kind) == (plan.case, Case.Kind.FOLLOW_UP)


def test_a_call_nobody_made_is_offered_to_everybody_and_alerts_once(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    plan_for(campaign, volunteer)
    followups.open_due_calls(now=at(15, 15))
    assert followups.watch_missed(now=at(15, 16, 59)) == 0
    assert followups.watch_missed(now=at(15, 17)) == 1
    assert followups.watch_missed(now=at(15, 17, 1)) == 0
    assert Alert.objects.get().kind == Alert.Kind.MISSED_FOLLOW_UP
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(15, 17)).case is not None


@pytest.mark.parametrize("has_backup", [True, False])
def test_an_absent_volunteer_s_calls_go_to_the_backup_or_to_everybody(
    campaign: Campaign, volunteer: Any, volunteer2: Any, has_backup: bool
) -> None:
    backup = volunteer2.pk if has_backup else None
    plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15, 0), volunteer.pk, backup))
    followups.add_absence(
        user=volunteer, first_day=date(2026, 1, 14), last_day=date(2026, 1, 20), by=volunteer, now=TUESDAY
    )
    followups.open_due_calls(now=at(15, 15))
    due = DueCall.objects.get()
    assert due.volunteer == (volunteer2 if has_backup else None)
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(15, 15)).case is not None


def test_after_a_stop_of_the_machine_everything_due_is_opened_once_and_the_missed_ones_are_said(
    campaign: Campaign, volunteer: Any
) -> None:
    plan_for(campaign, volunteer, followups.Rhythm("twice_a_week", [1, 3], time(15, 0)))
    back = at(27, 16)
    assert followups.open_due_calls(now=back) == 4  # 15, 20, 22 and 27 January
    assert [(due.due_at.day, due.state) for due in DueCall.objects.order_by("due_at")] == [
        (15, "missed"), (20, "missed"), (22, "missed"), (27, "opened"),
    ]  # fmt: skip
    assert Alert.objects.count() == 3


def test_an_agreed_callback_keeps_its_hour_when_a_follow_up_falls_due(campaign: Campaign, volunteer: Any) -> None:
    plan = plan_for(campaign, volunteer)
    callback = at(15, 16)
    Case.objects.filter(pk=plan.case_id).update(
        next_call_kind=Case.Kind.CALLBACK, next_call_at=callback, tier=Case.Tier.CALLBACK
    )
    followups.open_due_calls(now=at(15, 15))
    plan.case.refresh_from_db()
    assert (plan.case.next_call_kind, plan.case.next_call_at) == (Case.Kind.CALLBACK, callback)
    assert DueCall.objects.count() == 1


def test_a_household_on_the_coordinator_s_desk_is_not_called(campaign: Campaign, volunteer: Any) -> None:
    plan = plan_for(campaign, volunteer)
    Case.objects.filter(pk=plan.case_id).update(status=Case.Status.ON_HOLD, hold_reason=Case.Hold.WELFARE)
    followups.open_due_calls(now=at(15, 15))
    assert DueCall.objects.get().state == DueCall.State.SKIPPED
    plan.case.refresh_from_db()
    assert plan.case.status == Case.Status.ON_HOLD


def test_ending_a_plan_stops_at_once_and_closes_a_case_that_only_waited_for_it(
    campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    plan = plan_for(campaign, volunteer)
    followups.open_due_calls(now=at(15, 15))
    followups.end_plan(plan_id=plan.pk, reason="no_need", by=coordinator, now=at(15, 15, 5))
    assert DueCall.objects.get().state == DueCall.State.SKIPPED
    plan.case.refresh_from_db()
    assert (plan.case.status, plan.case.closed_reason) == (Case.Status.CLOSED, "plan_ended")
    assert followups.open_due_calls(now=at(29, 15)) == 0


def test_the_named_volunteer_may_call_a_little_early_the_same_day(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    plan = plan_for(campaign, volunteer)
    with pytest.raises(followups.FollowUpError, match="pas prévu aujourd'hui"):
        followups.open_now(plan_id=plan.pk, by=volunteer, now=at(14, 14))
    with pytest.raises(followups.FollowUpError, match="quelqu'un d'autre"):
        followups.open_now(plan_id=plan.pk, by=volunteer2, now=at(15, 14))
    followups.open_now(plan_id=plan.pk, by=volunteer, now=at(15, 14))
    assert queue.claim_one(case_id=plan.case_id, by=volunteer, now=at(15, 14)).case == plan.case
    assert followups.open_due_calls(now=at(15, 15)) == 0


def test_one_plan_per_household_takes_the_new_rhythm(campaign: Campaign, volunteer: Any) -> None:
    plan = plan_for(campaign, volunteer)
    again = followups.create_plan(
        case=plan.case, rhythm=followups.Rhythm("monthly", [0], time(10, 0)), by=volunteer, now=TUESDAY
    )
    assert (again.pk, again.cadence, FollowUpPlan.objects.count()) == (plan.pk, "monthly", 1)


def test_changing_the_volunteer_moves_the_call_that_is_open(
    campaign: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    plan = plan_for(campaign, volunteer)
    followups.open_due_calls(now=at(15, 15))
    rhythm = followups.Rhythm("weekly", [3], time(15, 0), volunteer2.pk)
    followups.change_plan(plan_id=plan.pk, rhythm=rhythm, by=coordinator, now=at(15, 15, 10))
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(15, 15, 10)).case == plan.case


def test_the_review_spaces_out_and_sets_the_next_one(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    plan = plan_for(campaign, volunteer)
    plan = review(plan_id=plan.pk, cadence="fortnightly", by=coordinator, now=at(24, 10, month=2))
    assert plan.cadence == "fortnightly"
    assert plan.review_on == date(2026, 4, 7)


def test_heat_wave_raises_all_calls_to_every_48_hours(campaign: Campaign, volunteer: Any) -> None:
    plan = plan_for(campaign, volunteer)
    Campaign.objects.filter(pk=campaign.pk).update(heat_wave_until=date(2026, 1, 23))
    plan = FollowUpPlan.objects.select_related("case__campaign").get(pk=plan.pk)
    followups.open_due_calls(now=at(15, 15))
    plan.refresh_from_db()
    assert plan.next_due_at is not None
    assert plan.next_due_at.astimezone(PARIS).strftime("%a %d") == "Fri 16"
