"""A pause of 22 days and what follows, as it happened: tests/cases/60-pause-reprise."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from campaigns import alerts, followups, queue
from campaigns.followups.tests.test_followups import OFFICE
from campaigns.models import Alert, Campaign, Case, DueCall, FollowUpPlan, Script
from campaigns.setup import lifecycle
from solidarites.models import OutgoingMail
from tests import factories

CASE = json.loads((Path(settings.BASE_DIR) / "tests" / "cases" / "60-pause-reprise" / "case.json").read_text())
ZONE = ZoneInfo(CASE["zone"])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


START, END = moment(CASE["start"]), moment(CASE["end"])
PAUSED, RESUMED = map(moment, CASE["pause"])
# When something falls due, when a grace ends, and a night; in the pause, now and then.
HOURS = [time(10), time(10, 30), time(10, 45), time(12, 30), time(14), time(14, 30), time(15), time(16), time(18)]
BUSY, IDLE = [*HOURS, time(23)], [time(10, 30), time(15), time(23)]


@pytest.fixture
def campaign(volunteer: Any, coordinator: Any) -> Campaign:
    factories.make_user("omar@exemple.fr", "Omar", "Diallo", "coordinator")
    script = Script.objects.create(key="premier", title="Premier appel", status=Script.Status.PUBLISHED)
    return factories.make_campaign(volunteers=[volunteer], now=START, hours=OFFICE, script=script)


@pytest.fixture
def plans(campaign: Campaign, volunteer: Any) -> list[FollowUpPlan]:
    found = []
    for one in CASE["plans"]:
        case = factories.make_case(campaign, now=START, next_call_kind=Case.Kind.FOLLOW_UP, tier=Case.Tier.FOLLOW_UP)
        Case.objects.filter(pk=case.pk).update(next_call_at=None)
        days = [] if one["weekday"] is None else [one["weekday"]]
        rhythm = followups.Rhythm(one["cadence"], days, time.fromisoformat(one["time"]), volunteer.pk)
        found.append(followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=START))
    return found


def tick(now: datetime) -> None:
    followups.open_due_calls(now=now)
    followups.watch_missed(now=now)
    followups.settle_ended(now=now)
    alerts.remind(now=now)


def run(since: datetime, until: datetime, clocks: list[time], call: Any = None) -> None:
    """The scheduler from one moment to another, at these hours of each day; ``call`` makes the calls that are due."""
    for number in range((until.date() - since.date()).days + 1):
        for clock in clocks:
            now = datetime.combine(since.date() + timedelta(days=number), clock, ZONE)
            if since <= now <= until:
                tick(now)
                if call is not None:
                    call(now)


def called_by(volunteer: Any, plans: list[FollowUpPlan], *, before_the_pause: bool = False) -> Any:
    """Everybody who is due is called and answers, but for what the case says of the morning of the pause."""
    waiting = {plan.pk for plan, one in zip(plans, CASE["plans"], strict=True) if one.get("waiting_at_pause")}
    silent = {plan.pk for plan, one in zip(plans, CASE["plans"], strict=True) if one.get("unanswered_at_pause")}

    def call(now: datetime) -> None:
        last_morning = before_the_pause and now.date() == PAUSED.date()
        due_now = Case.objects.filter(next_call_for=volunteer, next_call_at__lte=now, status=Case.Status.OPEN)
        for due in DueCall.objects.filter(state=DueCall.State.OPENED, case__in=due_now):
            if last_morning and due.plan_id in waiting:
                continue
            given = queue.claim_one(case_id=due.case_id, by=volunteer, now=now)
            assert given.call is not None
            outcome = "no_answer" if last_morning and due.plan_id in silent else "completed"
            factories.record_call(
                case_id=due.case_id, by=volunteer, submission=given.call.submission, outcome=outcome, now=now
            )

    return call


def states() -> dict[str, int]:
    return dict(Counter(DueCall.objects.values_list("state", flat=True)))


def told() -> int:
    return OutgoingMail.objects.filter(template__startswith="alert").count()


def until_the_end_of_the_pause(campaign: Campaign, volunteer: Any, plans: list[FollowUpPlan]) -> None:
    run(START, PAUSED, BUSY, called_by(volunteer, plans, before_the_pause=True))
    lifecycle.pause(campaign=campaign, by=None, now=PAUSED)
    assert states() == CASE["at_pause"]
    run(PAUSED, RESUMED - timedelta(minutes=1), IDLE)
    assert states() == CASE["at_pause"]
    lifecycle.resume(campaign=campaign, by=None, now=RESUMED)
    following = [FollowUpPlan.objects.get(pk=plan.pk).next_due_at for plan in plans]
    assert following == [moment(one["next"]) for one in CASE["plans"]]
    assert (Alert.objects.count(), told()) == (0, 0)


def test_every_plan_goes_on_at_its_next_date_and_nobody_is_alerted(
    campaign: Campaign, volunteer: Any, plans: list[FollowUpPlan]
) -> None:
    until_the_end_of_the_pause(campaign, volunteer, plans)
    run(RESUMED, END, BUSY, called_by(volunteer, plans))
    assert states() == CASE["at_end"]
    assert not DueCall.objects.filter(due_at__gt=PAUSED, due_at__lte=RESUMED).exists()
    assert (Alert.objects.count(), told()) == (0, 0)


def test_when_nobody_calls_afterwards_one_alert_a_plan_at_most_and_one_message_a_person(
    campaign: Campaign, volunteer: Any, plans: list[FollowUpPlan]
) -> None:
    until_the_end_of_the_pause(campaign, volunteer, plans)
    for minutes in (1, 30, 60, 90, 119):
        tick(RESUMED + timedelta(minutes=minutes))
    assert (Alert.objects.count(), told()) == (0, 0)
    tick(RESUMED + timedelta(hours=2))
    # The two calls that waited when the pause began; each of the two coordinators has one message about both.
    assert (Alert.objects.count(), told()) == (2, 2)
    run(RESUMED + timedelta(hours=2), RESUMED + timedelta(hours=8), BUSY)
    late = DueCall.objects.filter(alerted_at__isnull=False)
    assert set(Counter(late.values_list("plan", flat=True)).values()) == {1}
    assert not DueCall.objects.filter(state=DueCall.State.MISSED).exists()
