"""Follow-ups written by several people and tasks at the very same moment: one order of locks, no ring."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns import followups
from campaigns.followups.tests.test_followups import OFFICE, TUESDAY, at
from campaigns.models import Absence, Alert, Campaign, CampaignVolunteer, Case, DueCall, FollowUpPlan, Script
from campaigns.setup import lifecycle
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

# Longer than PostgreSQL takes to find two transactions that wait for each other.
PATIENCE = 60


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    script = Script.objects.create(key="premier", title="Premier appel", status=Script.Status.PUBLISHED)
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=TUESDAY, hours=OFFICE, script=script)


@pytest.fixture
def plan(campaign: Campaign, volunteer: Any, volunteer2: Any) -> FollowUpPlan:
    return start(campaign, volunteer, volunteer2)


def start(campaign: Campaign, volunteer: Any, backup: Any) -> FollowUpPlan:
    case = factories.make_case(campaign, now=TUESDAY)
    rhythm = followups.Rhythm("weekly", [3], time(15, 0), volunteer.pk, backup.pk)
    plan = followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=TUESDAY)
    Case.objects.filter(pk=case.pk).update(
        next_call_at=None, next_call_kind=Case.Kind.FOLLOW_UP, tier=Case.Tier.FOLLOW_UP
    )
    return plan


def while_recording(plan: FollowUpPlan, act: Callable[[], Any]) -> list[BaseException]:
    """Somebody holds the case, as recording a call does, then writes the due call and the plan; ``act`` meanwhile.

    What either of them met; the act has ended when this returns.
    """
    errors: list[BaseException] = []
    waits = threading.Event()

    def other() -> None:
        try:
            waits.set()
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    try:
        with transaction.atomic():
            case = Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
            thread.start()
            waits.wait(PATIENCE)
            # Long enough for the other one to hold what it takes first.
            thread.join(timeout=1)
            DueCall.objects.filter(case=case).update(unanswered=1)
            followups.end_plans(case=case, reason=FollowUpPlan.EndReason.TENANT, now=at(15, 18))
    except BaseException as error:
        errors.append(error)
    thread.join(timeout=PATIENCE)
    assert not thread.is_alive()
    return errors


def acts(campaign: Campaign, plan: FollowUpPlan, volunteer: Any, volunteer2: Any) -> dict[str, Callable[[], Any]]:
    late = at(15, 18)
    return {
        "close": lambda: lifecycle.close_campaign(campaign=campaign, by=None, now=late),
        "pause and resume": lambda: (
            lifecycle.pause(campaign=campaign, by=None, now=late),
            lifecycle.resume(campaign=campaign, by=None, now=late + timedelta(days=7)),
        ),
        "heat wave": lambda: lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 30), by=None, now=late),
        "watch": lambda: followups.watch_missed(now=late),
        "open": lambda: followups.open_due_calls(now=late + timedelta(days=7)),
        "leave": lambda: lifecycle.remove_volunteer(
            membership=CampaignVolunteer.objects.get(campaign=campaign, user=volunteer), by=None, now=late
        ),
        "away": lambda: followups.add_absence(
            user=volunteer, first_day=date(2026, 1, 15), last_day=None, by=None, now=late
        ),
        "give": lambda: followups.give_to(plan_id=plan.pk, user_id=volunteer2.pk, by=volunteer2, now=late),
        "hand over": lambda: followups.hand_over(
            campaign=campaign, given={plan.pk: volunteer2.pk}, leaving_id=volunteer.pk, by=volunteer2, now=late
        ),
    }


@pytest.mark.parametrize(
    "name", ["close", "pause and resume", "heat wave", "watch", "open", "leave", "away", "give", "hand over"]
)
def test_nothing_waits_in_a_ring_with_a_call_being_recorded(
    name: str, campaign: Campaign, plan: FollowUpPlan, volunteer: Any, volunteer2: Any
) -> None:
    followups.open_due_calls(now=at(15, 15))
    errors = while_recording(plan, acts(campaign, plan, volunteer, volunteer2)[name])
    # Only what the rules say: the plan has just ended.
    assert all(isinstance(error, followups.FollowUpError) for error in errors), errors
    plan.refresh_from_db()
    assert (plan.status, plan.next_due_at) == (FollowUpPlan.Status.ENDED, None)
    assert DueCall.objects.filter(state=DueCall.State.OPENED).count() == 0


def test_a_late_call_being_recorded_is_left_alone_and_alerted_at_the_next_tick(
    campaign: Campaign, plan: FollowUpPlan
) -> None:
    followups.open_due_calls(now=at(15, 15))
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
        if connection.vendor == "postgresql":  # elsewhere there is one writer at a time
            assert apart(lambda: followups.watch_missed(now=at(15, 18))) == [0]
    assert not Alert.objects.exists()
    assert followups.watch_missed(now=at(15, 18)) == 1
    assert Alert.objects.count() == 1


def test_an_absence_entered_while_calls_open_keeps_nobody_waiting(
    campaign: Campaign, plan: FollowUpPlan, volunteer: Any, volunteer2: Any
) -> None:
    for _ in range(5):
        start(campaign, volunteer, volunteer2)
    errors: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            barrier.wait(PATIENCE)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    both = [
        lambda: followups.open_due_calls(now=at(15, 15)),
        lambda: followups.add_absence(
            user=volunteer, first_day=date(2026, 1, 15), last_day=date(2026, 1, 16), by=volunteer, now=at(15, 15)
        ),
        lambda: followups.open_due_calls(now=at(15, 15)),
    ]
    barrier = threading.Barrier(len(both))
    threads = [threading.Thread(target=run, args=(act,)) for act in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not errors
    assert Absence.objects.count() == 1
    followups.open_due_calls(now=at(15, 15))
    followups.hand_over_opened(now=at(15, 15))
    assert list(DueCall.objects.values_list("volunteer", flat=True)) == [volunteer2.pk] * 6


def test_three_workers_at_the_moment_of_resuming_open_and_miss_nothing_of_the_pause(
    campaign: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    plans = [start(campaign, volunteer, volunteer2) for _ in range(6)]
    followups.open_due_calls(now=at(15, 15))
    lifecycle.pause(campaign=campaign, by=None, now=at(15, 15, 30))
    back = at(30, 10)
    errors: list[BaseException] = []
    barrier = threading.Barrier(4)

    def run(act: Callable[[], Any]) -> None:
        try:
            barrier.wait(PATIENCE)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def worker() -> None:
        for _ in range(5):
            followups.open_due_calls(now=back)
            followups.watch_missed(now=back)
            followups.hand_over_opened(now=back)

    acts = [worker, worker, worker, lambda: lifecycle.resume(campaign=campaign, by=None, now=back)]
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    worker_after = followups.open_due_calls(now=back) + followups.watch_missed(now=back)
    assert worker_after == 0
    assert not Alert.objects.exists()
    assert set(DueCall.objects.values_list("due_at", "state")) == {(at(15, 15), DueCall.State.OPENED)}
    assert DueCall.objects.count() == len(plans)
    assert set(FollowUpPlan.objects.values_list("next_due_at", flat=True)) == {at(5, 15, month=2)}


def apart(act: Callable[[], Any]) -> list[Any]:
    """On another connection."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    return found
