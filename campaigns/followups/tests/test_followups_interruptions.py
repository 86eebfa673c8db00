"""Interruptions of plans (hospital, holidays) and heat waves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from campaigns import followups, queue
from campaigns.followups.tests.test_followups import OFFICE, TUESDAY, at, plan_for
from campaigns.followups.tests.test_followups_absences import interrupt, told
from campaigns.models import (
    Campaign,
    DueCall,
    FollowUpPlan,
    PlanException,
)
from campaigns.setup import lifecycle
from solidarites.models import JournalEntry
from tests import factories

Error = followups.FollowUpError


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=TUESDAY, hours=OFFICE)


# Interruptions ---------------------------------------------------------------------------------------------


def test_an_interruption_silences_its_days_and_the_plan_goes_on(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    row = interrupt(plan, date(2026, 1, 14), date(2026, 1, 25), coordinator)
    plan.refresh_from_db()
    assert plan.next_due_at == at(29, 15)
    assert followups.open_due_calls(now=at(28, 23)) == 0
    followups.remove_exception(exception_id=row.pk, by=coordinator, now=at(20, 9))
    plan.refresh_from_db()
    assert plan.next_due_at == at(22, 15)
    assert list(JournalEntry.objects.values_list("action", flat=True).order_by("pk"))[-2:] == [
        "plan.interrupted",
        "plan.resumed",
    ]


def test_a_call_that_waits_is_cancelled_by_an_interruption_of_today(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    followups.open_due_calls(now=at(15, 15))
    interrupt(plan, date(2026, 1, 15), date(2026, 1, 16), coordinator, at(15, 15, 20))
    assert DueCall.objects.get().state == DueCall.State.SKIPPED
    assert queue.claim_next(campaign=campaign, by=volunteer, now=at(15, 15, 21)).case is None


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (date(2026, 1, 20), date(2026, 1, 19), "avant le premier"),
        (date(2026, 1, 1), date(2026, 1, 2), "à venir"),
        (date(2026, 1, 14), date(2026, 12, 31), "Six mois"),
        (date(2026, 1, 25), date(2026, 1, 27), "déjà interrompu"),
    ],
)
def test_days_that_cannot_be_set_aside_are_refused(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
    first: date,
    last: date,
    message: str,
) -> None:
    plan = plan_for(campaign, volunteer)
    interrupt(plan, date(2026, 1, 24), date(2026, 1, 26), coordinator)
    with pytest.raises(Error, match=message):
        interrupt(plan, first, last, coordinator)
    assert PlanException.objects.count() == 1


# Heat waves ---------------------------------------------------------------------------------------------------


def test_a_heat_wave_raises_every_plan_and_its_last_day_brings_the_rhythm_back(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 20), by=coordinator, now=TUESDAY)
    days = [day for day, _ in told(plan)]
    assert days[:4] == ["14/01 15:00", "16/01 15:00", "19/01 15:00", "20/01 15:00"]
    assert days[4:] == ["22/01 15:00", "29/01 15:00"]
    assert lifecycle.end_heat_waves(now=at(20, 23)) == 0
    assert lifecycle.end_heat_waves(now=at(21, 1)) == 1
    assert lifecycle.end_heat_waves(now=at(21, 1)) == 0
    campaign.refresh_from_db()
    assert campaign.heat_wave_until is None


def test_a_call_due_and_not_yet_opened_survives_both_switches(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 20), by=coordinator, now=at(15, 15, 1))
    lifecycle.set_heat_wave(campaign=campaign, until=None, by=coordinator, now=at(15, 15, 2))
    plan.refresh_from_db()
    assert plan.next_due_at == at(15, 15) if plan.next_due_at == at(15, 15) else plan.next_due_at == at(14, 15)
    assert followups.open_due_calls(now=at(15, 15, 3)) == 1


def test_a_heat_wave_never_calls_twice_in_a_day(
    campaign: Campaign,
    volunteer: Any,
    coordinator: Any,
) -> None:
    plan = plan_for(campaign, volunteer)
    followups.open_now(plan_id=plan.pk, by=volunteer, now=at(15, 14))
    FollowUpPlan.objects.filter(pk=plan.pk).update(starts_on=date(2026, 1, 15))
    lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 30), by=coordinator, now=at(15, 14, 30))
    plan.refresh_from_db()
    assert plan.next_due_at == at(19, 15)  # Saturday the 17th waits for Monday
