"""A year of follow-ups: the clock travels, the real tasks run, and a calculation apart says what should have been.

The short form crosses a leap day, a change of hour and Easter in eight weeks; ``make soak`` lives 500 plans for a year.
"""

from __future__ import annotations

import random
import time as clock
from datetime import date, datetime, time, timedelta

import pytest

from campaigns.followups.tests import year_oracle as oracle
from campaigns.followups.tests.year_life import PARIS, Life
from campaigns.models import Absence, Alert, Campaign, DueCall, FollowUpPlan, WelfareCheck

State = DueCall.State


def verdict(life: Life) -> int:
    """What was opened equals what the calculation says, plan by plan; what was not made was said. How many."""
    assert not life.wrong, life.wrong[:10]
    found: dict[int, list[datetime]] = {plan_id: [] for plan_id in life.specs}
    for plan_id, due_at in DueCall.objects.order_by("due_at").values_list("plan_id", "due_at"):
        found[plan_id].append(due_at)
    total, differences = 0, []
    for plan_id, spec in life.specs.items():
        wanted = oracle.expected(spec, life.end, life.heats)
        if found[plan_id] != wanted:
            missing, extra = set(wanted) - set(found[plan_id]), set(found[plan_id]) - set(wanted)
            differences.append(f"plan {plan_id}, {spec}: missing {sorted(missing)[:5]}, too many {sorted(extra)[:5]}")
        total += len(wanted)
    assert not differences, f"{len(differences)} plans: " + "\n".join(differences[:5])
    assert DueCall.objects.count() == total == life.did["opened"]
    opened = DueCall.objects.filter(state=State.OPENED)
    assert opened.values("case__household").distinct().count() == opened.count()
    stopped_or_over(life)
    nothing_in_silence(life)
    return total


def stopped_or_over(life: Life) -> None:
    """Plans that were stopped are ended and no others, and nothing of theirs waits.

    One whose last call nobody has made goes on until somebody does.
    """
    waits = set(DueCall.objects.filter(state=State.OPENED).values_list("plan", flat=True))
    ended = set(FollowUpPlan.objects.filter(status=FollowUpPlan.Status.ENDED).values_list("pk", flat=True))
    stopped = {pk for pk, spec in life.specs.items() if spec.ended_at is not None}
    dated = {pk: spec.rhythms[-1].ends_on for pk, spec in life.specs.items()}
    over = {pk for pk, day in dated.items() if day is not None and day < life.last - timedelta(days=7)}
    perhaps = {pk for pk, day in dated.items() if day is not None}
    assert stopped | over - waits <= ended <= stopped | perhaps
    assert not DueCall.objects.filter(state=State.OPENED, plan__in=ended).exists()
    assert not FollowUpPlan.objects.filter(pk__in=ended, next_due_at__isnull=False).exists()


def nothing_in_silence(life: Life) -> None:
    """Each call was made, or an alert says that it was not, once; whoever never answered has a welfare check."""
    alerts = list(Alert.objects.filter(kind=Alert.Kind.MISSED_FOLLOW_UP).values_list("due_call", flat=True))
    missed = set(alerts)
    assert len(alerts) == len(missed)
    assert missed <= set(DueCall.objects.values_list("pk", flat=True))
    for due in DueCall.objects.select_related("plan", "case"):
        made = life.answered.get(due.pk)
        if made is not None:
            assert (due.state, due.done_at) == (State.CALLED, made), due
        elif due.pk in life.given_up:
            assert due.state == State.MISSED, due
        elif due.state == State.MISSED:
            assert due.pk in missed, f"{due.due_at} was missed in silence"
        elif due.state == State.OPENED:
            assert due.pk in missed or due.grace_until > life.end, f"{due.due_at} waits in silence"
        else:
            # Not made because the plan or the household said so, or because a coordinator had it already.
            assert due.state == State.SKIPPED, due
        if made is not None and made <= due.opened_at + timedelta(hours=1):
            assert due.pk not in missed, f"{due.due_at} was made, and called missed"
        if life.fate(due) > 0.9 and due.done_at is not None and due.done_at > due.grace_until:
            assert due.pk in missed, f"{due.due_at} passed its grace in silence"
    unanswered = Alert.objects.filter(kind=Alert.Kind.UNANSWERED_FOLLOW_UP).values_list("due_call", flat=True)
    assert sorted(unanswered) == sorted(life.given_up)
    assert WelfareCheck.objects.filter(origin=WelfareCheck.Origin.MISSED_FOLLOW_UP).count() == len(life.given_up)


@pytest.mark.django_db
def test_eight_weeks_across_a_leap_day_a_change_of_hour_and_easter() -> None:
    life = Life(random.Random(2020), date(2028, 2, 28), 56, hours=[time(10), time(14, 45), time(17)])
    life.heat = (date(2028, 4, 4), date(2028, 4, 13))
    life.people(5, 48)
    life.live()
    assert verdict(life) > 150
    assert {"completed", "no_answer", "backup", "handed over"} <= set(life.did)
    assert life.unmade
    assert {spec.region for spec in life.specs.values()} == set(oracle.ZONES)
    assert Absence.objects.exists()


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_five_hundred_plans_for_a_year() -> None:
    began = clock.perf_counter()
    life = Life(random.Random(68), date(2027, 9, 6), 366)
    life.heat = (date(2028, 6, 20), date(2028, 7, 18))
    life.false_heat = (date(2028, 8, 1), date(2028, 8, 9))
    # The machine is off from a Tuesday noon to a Thursday morning.
    life.stop = (datetime(2027, 11, 23, 12, tzinfo=PARIS), datetime(2027, 11, 25, 9, tzinfo=PARIS))
    life.people(24, 500)
    life.live()
    total = verdict(life)
    seconds = clock.perf_counter() - began
    assert life.unmade
    everything = {"completed", "no_answer", "checks", "refused_campaign", "back early", "opened late"}
    assert everything | {"backup", "to reassign", "on the desk", "handed over"} <= set(life.did)
    print(
        f"\n{total} due calls of 500 plans in a year, {dict(life.did)}, {len(life.unmade)} never made, {seconds:.0f} s"
    )
    assert Campaign.objects.get().heat_wave_until is None
