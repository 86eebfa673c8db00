"""Cases 61, 64 and 72: a promise made during a follow-up, or before an absence, is what happens."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import followups, outcomes, queue
from campaigns.followups import absences
from campaigns.followups.views.away import said
from campaigns.models import Absence, Alert, Campaign, Case, DueCall, FollowUpPlan
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Of November 2026: the 4th is a Wednesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=PARIS)


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=at(2, 10), hours=OFFICE)


@pytest.fixture
def plan(campaign: Campaign, volunteer: Any) -> FollowUpPlan:
    """Every 48 hours at 10 h, from Wednesday the 4th."""
    case = factories.make_case(campaign, now=at(2, 10), next_call_kind=Case.Kind.FOLLOW_UP, tier=Case.Tier.FOLLOW_UP)
    Case.objects.filter(pk=case.pk).update(next_call_at=None)
    rhythm = followups.Rhythm("48h", [], time(10), volunteer.pk)
    return followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=at(2, 10))


def tick(now: datetime) -> None:
    followups.open_due_calls(now=now)
    followups.hand_over_opened(now=now)
    followups.watch_missed(now=now)


def said_by(plan: FollowUpPlan, outcome: str, by: Any, now: datetime, **form: Any) -> str:
    """The follow-up that is open is called and recorded; gives what the button said."""
    given = queue.claim_one(case_id=plan.case_id, by=by, now=now)
    case = Case.objects.select_related("campaign", "household").get(pk=plan.case_id)
    situation = outcomes.situation_of(case, by=by, now=now, callback_at=form.get("callback_at"))
    text = outcomes.TABLE[outcome].decide(situation).text
    factories.record_call(
        case_id=plan.case_id, by=by, submission=given.call.submission, now=now, outcome=outcome, **form
    )
    return text


# Case 61: refused in a follow-up ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_refused_for_now_somebody_else_calls_on_the_day_said(plan: FollowUpPlan, volunteer: Any) -> None:
    tick(at(4, 10))
    assert said_by(plan, "soft_refusal", volunteer, at(4, 10, 5)).startswith("rappel par quelqu'un d'autre")
    case = Case.objects.get(pk=plan.case_id)
    again = case.next_call_at
    assert again is not None
    for day in range(4, again.astimezone(PARIS).day):
        for hour in (10, 15):
            tick(at(day, hour))
    case.refresh_from_db()
    assert (case.next_call_at, case.not_for_id) == (again, volunteer.pk), "no follow-up comes first"
    assert DueCall.objects.get().state == DueCall.State.CALLED
    plan.refresh_from_db()
    assert plan.next_due_at is not None
    assert plan.next_due_at.astimezone(PARIS).date() > again.astimezone(PARIS).date()
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_refused_twice_the_plan_ends_with_the_case(plan: FollowUpPlan, volunteer: Any) -> None:
    Case.objects.filter(pk=plan.case_id).update(soft_refusals=1)
    tick(at(4, 10))
    assert said_by(plan, "soft_refusal", volunteer, at(4, 10, 5)) == "le suivi s'arrête, dossier clos"
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason) == (FollowUpPlan.Status.ENDED, FollowUpPlan.EndReason.TENANT)
    for day in (6, 9, 11):
        tick(at(day, 10))
    assert Case.objects.get(pk=plan.case_id).status == Case.Status.CLOSED
    assert DueCall.objects.count() == 1


# Case 64: another moment asked for, after the next call of the plan -----------------------------------------------


@pytest.mark.django_db
def test_a_later_call_asked_for_takes_the_place_of_those_before_it(plan: FollowUpPlan, volunteer: Any) -> None:
    tick(at(4, 10))
    text = said_by(plan, "callback", volunteer, at(4, 10, 5), callback_at=at(9, 14))
    assert text == "rappel lundi à 14 h, à la place des appels de suivi d'ici là"
    plan.refresh_from_db()
    assert plan.next_due_at == at(10, 10), "neither Friday nor Monday at 10 h"
    for now in (at(4, 13), at(6, 10), at(6, 13), at(9, 10), at(9, 13)):
        tick(now)
    assert not Alert.objects.exists()
    case = Case.objects.get(pk=plan.case_id)
    assert (case.next_call_kind, case.next_call_at, case.next_call_for_id) == ("callback", at(9, 14), volunteer.pk)
    said_by(plan, "completed", volunteer, at(9, 14))
    assert DueCall.objects.get().state == DueCall.State.CALLED
    tick(at(10, 10))
    assert DueCall.objects.opened().get().due_at == at(10, 10)
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_not_kept_it_is_an_alert_like_the_call_it_replaces(plan: FollowUpPlan, volunteer: Any) -> None:
    tick(at(4, 10))
    said_by(plan, "callback", volunteer, at(4, 10, 5), callback_at=at(9, 14))
    tick(at(9, 14, 29))
    assert not Alert.objects.exists()
    tick(at(9, 14, 31))
    assert Alert.objects.get().kind == Alert.Kind.MISSED_FOLLOW_UP


@pytest.mark.django_db
def test_a_sooner_call_leaves_the_plan_as_it_is(plan: FollowUpPlan, volunteer: Any) -> None:
    tick(at(4, 10))
    said_by(plan, "callback", volunteer, at(4, 10, 5), callback_at=at(5, 15))
    plan.refresh_from_db()
    assert plan.next_due_at == at(6, 10)


# Case 72: a call back promised by somebody who is away that day ---------------------------------------------------


@pytest.fixture
def promised(campaign: Campaign, volunteer: Any) -> Case:
    return factories.make_case(
        campaign, now=at(2, 10), next_call_kind=Case.Kind.CALLBACK, tier=Case.Tier.CALLBACK, next_call_at=at(10, 14),
        next_call_for=volunteer, anyone_from=at(10, 14, 30),
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "offered"), [(10, True), (9, False), (11, False)])
def test_a_promised_call_of_an_absent_volunteer_is_everybody_s_at_its_hour(
    promised: Case, campaign: Campaign, volunteer: Any, volunteer2: Any, day: int, offered: bool
) -> None:
    absence = followups.add_absence(
        user=volunteer, first_day=date(2026, 11, day), last_day=date(2026, 11, day), by=volunteer, now=at(4, 10)
    )
    words = said(absences.effect_of(absence, at(4, 10)))
    assert ("1 rappel promis sera proposé à toute l'équipe, à son heure." in words) is offered
    given = queue.claim_next(campaign=campaign, by=volunteer2, now=at(10, 14))
    assert (given.case == promised) is offered
    assert Case.objects.get(pk=promised.pk).next_call_at == at(10, 14)


@pytest.mark.django_db
def test_one_promised_after_the_absence_was_noted_too(campaign: Campaign, volunteer: Any, promised: Case) -> None:
    Absence.objects.create(user=volunteer, first_day=date(2026, 11, 10), created_at=at(2, 10))
    tick(at(4, 10))
    assert Case.objects.get(pk=promised.pk).anyone_from == at(10, 14)
    Case.objects.filter(pk=promised.pk).update(anyone_from=at(10, 14, 30), next_call_at=at(10, 14))
    Absence.objects.update(first_day=date(2026, 11, 11))
    tick(at(4, 10, 1))
    assert Case.objects.get(pk=promised.pk).anyone_from == at(10, 14, 30)
