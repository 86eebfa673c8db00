"""Absences of volunteers, dates told in advance, ends by themselves, plans by hand, hand-over."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import followups, purge, queue, tasks
from campaigns.followups import absences, handover, words
from campaigns.followups import review as reviews
from campaigns.followups.tests.test_followups import OFFICE, PARIS, TUESDAY, at, plan_for
from campaigns.models import (
    Absence,
    Call,
    Campaign,
    CampaignVolunteer,
    Case,
    DueCall,
    FollowUpPlan,
    Partner,
    PlanException,
    Referral,
)
from campaigns.setup import lifecycle
from tenants import households
from tests import factories

Error = followups.FollowUpError


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=TUESDAY, hours=OFFICE)


def told(plan: FollowUpPlan, now: datetime = TUESDAY, count: int = 6) -> list[tuple[str, list[str]]]:
    plan = FollowUpPlan.objects.select_related("case__campaign", "volunteer", "backup").get(pk=plan.pk)
    return [
        (line.at.astimezone(PARIS).strftime("%d/%m %H:%M"), line.notes) for line in islice(words.told(plan, now), count)
    ]


def interrupt(plan: FollowUpPlan, first: date, last: date, by: Any, now: datetime = TUESDAY) -> PlanException:
    return followups.add_exception(plan_id=plan.pk, first_day=first, last_day=last, reason="hospital", by=by, now=now)


def away(user: Any, first: date, last: date | None = None, now: datetime = TUESDAY) -> Absence:
    return followups.add_absence(user=user, first_day=first, last_day=last, by=user, now=now)


# Absences ------------------------------------------------------------------------------------------------


def test_absences_that_touch_become_one(volunteer: Any) -> None:
    away(volunteer, date(2026, 1, 20), date(2026, 1, 22))
    away(volunteer, date(2026, 1, 23), date(2026, 1, 25))
    away(volunteer, date(2026, 1, 15), date(2026, 1, 20))
    assert [(one.first_day.day, one.last_day.day) for one in Absence.objects.all() if one.last_day] == [(15, 25)]
    away(volunteer, date(2026, 1, 24))
    assert Absence.objects.get().last_day is None


def test_days_in_the_past_or_out_of_order_are_refused(volunteer: Any) -> None:
    with pytest.raises(Error, match="avant le premier"):
        away(volunteer, date(2026, 1, 20), date(2026, 1, 19))
    with pytest.raises(Error, match="à venir"):
        away(volunteer, date(2026, 1, 1), date(2026, 1, 2))


def test_back_earlier_keeps_what_was_and_takes_back_what_was_to_come(volunteer: Any) -> None:
    under_way = away(volunteer, date(2026, 1, 10), date(2026, 1, 20))
    to_come = away(volunteer, date(2026, 2, 10), date(2026, 2, 20))
    for one in (under_way, to_come):
        followups.end_absence(absence=one, by=volunteer, now=TUESDAY)
    assert [one.last_day for one in Absence.objects.all()] == [date(2026, 1, 12)]


def test_an_absence_that_begins_while_a_call_waits_hands_it_over(
    campaign: Campaign,
    volunteer: Any,
    volunteer2: Any,
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15), volunteer.pk, volunteer2.pk))
    followups.open_due_calls(now=at(15, 15))
    away(volunteer, date(2026, 1, 16), now=at(15, 15, 5))
    assert DueCall.objects.get().volunteer == volunteer
    assert followups.hand_over_opened(now=at(16, 0, 1)) == 1
    assert followups.hand_over_opened(now=at(16, 0, 2)) == 0
    plan.case.refresh_from_db()
    assert (DueCall.objects.get().volunteer, plan.case.next_call_for) == (volunteer2, volunteer2)


def test_without_a_backup_the_call_is_everybody_s_and_the_coordinator_s(
    campaign: Campaign,
    volunteer: Any,
    volunteer2: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    assert not handover.to_reassign(FollowUpPlan.objects.all(), TUESDAY)
    away(volunteer, date(2026, 1, 14), date(2026, 1, 20))
    assert list(handover.to_reassign(FollowUpPlan.objects.all(), TUESDAY)) == [plan]
    followups.open_due_calls(now=at(15, 15))
    assert list(handover.to_reassign(FollowUpPlan.objects.all(), at(15, 15))) == [plan]
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=at(15, 15)).case == plan.case


def test_the_one_who_replaces_sees_the_call_among_their_own(
    campaign: Campaign,
    volunteer: Any,
    volunteer2: Any,
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15), volunteer.pk, volunteer2.pk))
    away(volunteer, date(2026, 1, 15), date(2026, 1, 15))
    now = at(14, 18)
    assert (list(followups.today_of(volunteer, now)[1]), list(followups.today_of(volunteer2, now)[1])) == ([], [plan])


def test_what_an_absence_moves_is_counted(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15), volunteer.pk, volunteer2.pk))
    plan_for(campaign, volunteer)
    row = away(volunteer, date(2026, 1, 14), date(2026, 1, 27))
    assert absences.effect_of(row, TUESDAY) == absences.Moved(to_backup=2, to_reassign=2)


def test_who_calls_next_is_known_when_it_is_somebody_else(
    campaign: Campaign,
    volunteer: Any,
    volunteer2: Any,
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("weekly", [3], time(15), volunteer.pk, volunteer2.pk))
    usual = followups.next_call_of(plan, TUESDAY)
    assert usual is not None
    assert usual.other is None
    away(volunteer, date(2026, 1, 14), date(2026, 1, 20))
    found = followups.next_call_of(plan, TUESDAY)
    assert found is not None
    assert (found.other, found.one.at) == (volunteer2, at(15, 15))


def test_past_absences_are_forgotten_after_a_month(volunteer: Any) -> None:
    away(volunteer, date(2026, 1, 13), date(2026, 1, 14))
    assert followups.forget_past(now=TUESDAY + timedelta(days=31)) == 0
    assert followups.forget_past(now=TUESDAY + timedelta(days=32)) == 1


# Dates and their reasons ------------------------------------------------------------------------------------


def test_each_date_is_explained(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    rhythm = followups.Rhythm("weekly", [0], time(15), volunteer.pk, volunteer2.pk)
    plan = plan_for(campaign, volunteer, rhythm)
    away(volunteer, date(2026, 4, 20), date(2026, 4, 20))
    FollowUpPlan.objects.filter(pk=plan.pk).update(next_due_at=at(23, 15, 0, 3))
    followups.add_exception(
        plan_id=plan.pk,
        first_day=date(2026, 4, 11),
        last_day=date(2026, 4, 14),
        reason="hospital",
        by=volunteer,
        now=at(20, 9, 0, 3),
    )
    found = told(plan, at(20, 9, 0, 3))
    assert [day for day, _ in found] == [
        "23/03 15:00", "30/03 15:00", "07/04 15:00", "13/04 15:00", "20/04 15:00", "27/04 15:00",
    ]  # fmt: skip
    notes = [" ".join(lines) for _, lines in found]
    assert notes[0] == notes[5] == ""
    assert "changement d'heure" in notes[1]
    assert "lundi 6 avril" in notes[2]
    assert "Pâques" in notes[2]
    assert "hospitalisation, du 11 avril au 14 avril" in notes[3]
    assert "Paul Girard appelle" in notes[4]


def test_overseas_the_hour_and_the_holidays_are_those_of_the_household(
    campaign: Campaign,
    volunteer: Any,
) -> None:
    rhythm = followups.Rhythm("weekly", [6], time(11), volunteer.pk)
    Campaign.objects.filter(pk=campaign.pk).update(hours={str(day): [["10:00", "18:00"]] for day in range(7)})
    campaign.refresh_from_db()
    plan = plan_for(campaign, volunteer, rhythm, region="974")
    # Sunday 20 December 2026: abolition of slavery in La Réunion, four hours ahead of UTC.
    days = followups.preview(FollowUpPlan.objects.get(pk=plan.pk), TUESDAY, count=60)
    near = [day.astimezone(ZoneInfo("Indian/Reunion")).strftime("%d/%m %H:%M") for day in days if day.month == 12]
    assert near == ["06/12 11:00", "13/12 11:00", "21/12 11:00", "27/12 11:00"]
    assert {day.hour for day in days} == {7}


@pytest.mark.parametrize(
    ("start", "days"), [(date(2028, 2, 28), ["28", "01", "03"]), (date(2027, 2, 27), ["01", "03"])]
)
def test_every_48_hours_crosses_the_end_of_february(
    campaign: Campaign,
    volunteer: Any,
    start: date,
    days: list[str],
) -> None:
    plan = plan_for(campaign, volunteer, followups.Rhythm("48h", [], time(15)))
    plan.starts_on = start
    found = islice(followups.nominal_days(cadence="48h", weekdays=[], starts_on=start, after=start), 3)
    assert [day.strftime("%d") for day in found][-len(days) :] == days


def test_a_plan_calls_until_its_end_date_then_ends_by_itself(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    rhythm = followups.Rhythm("weekly", [3], time(15), volunteer.pk, ends_on=date(2026, 1, 23))
    plan = plan_for(campaign, volunteer, rhythm)
    followups.open_due_calls(now=at(15, 15))
    followups.open_due_calls(now=at(22, 15))
    plan.refresh_from_db()
    assert plan.next_due_at is None
    assert followups.settle_ended(now=at(24, 9)) == 0  # the last call still waits
    DueCall.objects.update(state=DueCall.State.CALLED)
    assert followups.settle_ended(now=at(23, 9)) == 0
    assert followups.settle_ended(now=at(24, 9)) == 1
    plan.refresh_from_db()
    plan.case.refresh_from_db()
    assert (plan.status, plan.end_reason, plan.case.closed_reason) == ("ended", "date", "plan_ended")
    assert followups.settle_ended(now=at(24, 9)) == 0


def test_a_case_that_was_being_called_when_its_plan_ended_closes_once_it_is_free(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    followups.open_due_calls(now=at(15, 15))
    queue.claim_one(case_id=plan.case_id, by=volunteer, now=at(15, 15))
    followups.end_plan(plan_id=plan.pk, reason="no_need", by=coordinator, now=at(15, 15, 5))
    plan.case.refresh_from_db()
    assert plan.case.status == Case.Status.OPEN
    assert followups.settle_ended(now=at(15, 15, 10)) == 0
    queue.release_stale(now=at(15, 17))
    assert followups.settle_ended(now=at(15, 17)) == 1
    plan.case.refresh_from_db()
    assert plan.case.status == Case.Status.CLOSED


@pytest.mark.parametrize("end", ["by hand", "opposition", "deceased", "moved", "care_home"])
@pytest.mark.parametrize("outcome", ["completed", "no_answer"])
def test_whatever_ends_a_plan_the_call_under_way_is_recorded_and_none_follows(
    campaign: Campaign, volunteer: Any, coordinator: Any, end: str, outcome: str
) -> None:
    plan = plan_for(campaign, volunteer)
    followups.open_due_calls(now=at(15, 15))
    given = queue.claim_one(case_id=plan.case_id, by=volunteer, now=at(15, 15))
    assert given.call is not None
    household, now = plan.household, at(15, 15, 5)
    if end == "by hand":
        followups.end_plan(plan_id=plan.pk, reason="no_need", by=coordinator, now=now)
    elif end == "opposition":
        households.record_opposition(household=household, now=now, by=coordinator)
    else:
        households.close_person(tenant=household.tenants.get(), status=end, now=now, by=coordinator)
    made = factories.record_call(
        case_id=plan.case_id, by=volunteer, submission=given.call.submission, outcome=outcome, now=at(15, 15, 9)
    )
    assert made.state in (Call.State.RECORDED, Call.State.PENDING)
    plan.refresh_from_db()
    assert (plan.status, plan.next_due_at) == (FollowUpPlan.Status.ENDED, None)
    for day in (16, 22, 29):
        assert followups.open_due_calls(now=at(day, 15)) == 0
    assert not DueCall.objects.filter(state=DueCall.State.OPENED).exists()
    case = Case.objects.get(pk=plan.case_id)
    assert case.next_call_kind != Case.Kind.FOLLOW_UP or case.next_call_at is None


def test_today_s_call_stands_when_the_rhythm_changes_and_silent_days_are_listed(
    campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    plan = plan_for(campaign, volunteer)
    rhythm = followups.Rhythm("weekly", [4], time(16), volunteer.pk)
    followups.change_plan(plan_id=plan.pk, rhythm=rhythm, by=coordinator, now=at(15, 9))
    assert [day for day, _ in told(plan, at(15, 9), 3)] == ["15/01 15:00", "16/01 16:00", "23/01 16:00"]
    interrupt(plan, date(2026, 1, 16), date(2026, 1, 29), coordinator, at(15, 9))
    followups.open_due_calls(now=at(15, 15))
    found = told(plan, at(15, 16), 3)
    assert [day for day, _ in found] == ["16/01 16:00", "23/01 16:00", "30/01 16:00"]
    assert [bool(notes) for _, notes in found] == [True, True, False]


# By hand, review, hand-over ---------------------------------------------------------------------------------


def test_a_plan_by_hand_opens_a_closed_case_again(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    case = factories.make_case(campaign, now=TUESDAY, status=Case.Status.CLOSED, closed_reason="completed")
    rhythm = followups.Rhythm("weekly", [3], time(15), volunteer.pk)
    plan = followups.start_by_hand(case_id=case.pk, rhythm=rhythm, by=coordinator, now=TUESDAY)
    case.refresh_from_db()
    assert (case.status, case.next_call_kind, plan.next_due_at) == (Case.Status.OPEN, "follow_up", at(15, 15))
    with pytest.raises(Error, match="déjà un suivi"):
        followups.start_by_hand(case_id=case.pk, rhythm=rhythm, by=coordinator, now=TUESDAY)


def test_a_household_that_opposed_or_waits_for_a_decision_has_no_plan_by_hand(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    rhythm = followups.Rhythm("weekly", [3], time(15))
    held = factories.make_case(campaign, now=TUESDAY, status=Case.Status.ON_HOLD, hold_reason=Case.Hold.UNABLE)
    opposed = factories.make_case(campaign, now=TUESDAY)
    opposed.household.opposed_at = TUESDAY
    opposed.household.save()
    gone = factories.make_case(campaign, now=TUESDAY)
    gone.household.tenants.update(status="deceased")
    for case, message in ((held, "décision"), (opposed, "ne plus être appelé"), (gone, "Plus personne")):
        with pytest.raises(Error, match=message):
            followups.start_by_hand(case_id=case.pk, rhythm=rhythm, by=coordinator, now=TUESDAY)


def test_the_review_hands_to_an_association_with_the_tenant_s_yes(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    partner = Partner.objects.create(kind=Partner.Kind.ASSOCIATION, name="Voisins", email="v@exemple.fr")
    tenant = plan.household.tenants.get()

    def hand(agreed: bool, stop: bool) -> Referral:
        return reviews.hand_to_association(
            plan_id=plan.pk, tenant=tenant, partner=partner, agreed=agreed, stop=stop, by=coordinator, now=TUESDAY
        )

    with pytest.raises(Error, match="accord"):
        hand(agreed=False, stop=False)
    draft = hand(agreed=True, stop=False)
    plan.refresh_from_db()
    assert (draft.state, draft.partner, draft.agreement, plan.status) == ("draft", partner, "yes", "active")
    assert plan.review_on == date(2026, 1, 27)
    hand(agreed=True, stop=True)
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason) == ("ended", "handed_over")


def test_a_departing_volunteer_s_plans_are_shared_by_load(
    campaign: Campaign,
    volunteer: Any,
    volunteer2: Any,
    coordinator: Any,
) -> None:
    third = factories.make_user("ana@exemple.fr", "Ana", "Costa", "volunteer")
    CampaignVolunteer.objects.create(campaign=campaign, user=third)
    plans = [plan_for(campaign, volunteer) for _ in range(4)]
    plan_for(campaign, volunteer2, followups.Rhythm("twice_a_week", [1, 3], time(15), volunteer2.pk))
    today = date(2026, 1, 13)
    mine = list(handover.plans_of(campaign, volunteer.pk).select_related("case"))
    given = handover.share(campaign, mine, leaving_id=volunteer.pk, today=today)
    assert sorted(given.values()) == sorted([volunteer2.pk, third.pk, third.pk, third.pk])
    balance = handover.balance(campaign, mine, given, leaving_id=volunteer.pk, today=today)
    assert [(one.user, one.before, one.after) for one in balance] == [(third, 0.0, 3.0), (volunteer2, 2.0, 3.0)]
    FollowUpPlan.objects.filter(pk=plans[0].pk).update(volunteer=volunteer2)
    assert followups.hand_over(
        campaign=campaign, given=given, leaving_id=volunteer.pk, by=coordinator, now=TUESDAY
    ) == (3, 1)
    assert not FollowUpPlan.objects.filter(volunteer=volunteer).exists()
    outsider = factories.make_user("x@exemple.fr", "X", "Y", "volunteer")
    with pytest.raises(Error, match="ne fait plus partie"):
        followups.hand_over(
            campaign=campaign, given={plans[1].pk: outsider.pk}, leaving_id=None, by=coordinator, now=TUESDAY
        )


def test_somebody_who_is_only_away_keeps_the_plan(
    campaign: Campaign,
    volunteer: Any,
    volunteer2: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    away(volunteer, date(2026, 1, 14), date(2026, 1, 20))
    with pytest.raises(Error, match="n'appelle pas"):
        followups.give_to(plan_id=plan.pk, user_id=volunteer.pk, by=coordinator, now=TUESDAY)
    plan = followups.give_to(plan_id=plan.pk, user_id=volunteer2.pk, by=coordinator, now=TUESDAY)
    assert (plan.volunteer, plan.backup) == (volunteer, volunteer2)
    campaign.memberships.filter(user=volunteer).update(active=False)
    plan = followups.give_to(plan_id=plan.pk, user_id=volunteer2.pk, by=coordinator, now=TUESDAY)
    assert (plan.volunteer, plan.backup) == (volunteer2, None)


# Opening among others ----------------------------------------------------------------------------------------


def test_a_case_closed_here_and_open_elsewhere_is_left_alone(
    campaign: Campaign,
    volunteer: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    Case.objects.filter(pk=plan.case_id).update(**factories.closed())
    other = factories.make_campaign(volunteers=[volunteer], now=TUESDAY, hours=OFFICE)
    factories.make_case(other, plan.household, now=TUESDAY)
    assert followups.open_due_calls(now=at(15, 15)) == 1
    assert DueCall.objects.get().state == DueCall.State.SKIPPED


def test_a_chunk_costs_the_same_for_one_plan_and_for_fifty(
    campaign: Campaign,
    volunteer: Any,
    count_queries: Any,
) -> None:
    plan_for(campaign, volunteer)
    with count_queries() as one:
        followups.open_due_calls(now=at(15, 15))
    for _ in range(50):
        plan_for(campaign, volunteer, followups.Rhythm("weekly", [4], time(15)))
    with count_queries() as fifty:
        assert followups.open_due_calls(now=at(16, 15)) == 50
    assert len(fifty) == len(one)


def test_the_tasks_run(campaign: Campaign, volunteer: Any) -> None:
    for task in (
        tasks.open_due_calls,
        tasks.settle_follow_ups,
        tasks.remind_follow_ups,
        tasks.forget_past_absences,
    ):
        assert task() == 0


def test_exceptions_go_with_the_purge_of_their_campaign(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    interrupt(plan, date(2026, 1, 24), date(2026, 1, 26), coordinator)
    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=at(30, 9))
    assert purge.purge_campaign(campaign_id=campaign.pk, now=at(30, 9, 0, 4)) is not None
    assert not PlanException.objects.exists()
