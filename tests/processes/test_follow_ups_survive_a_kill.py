"""A worker killed in the middle of opening follow-ups: nothing lost, nothing twice."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection
from django.utils import timezone

from campaigns.models import Case, DueCall, FollowUpPlan
from tenants.models import Household
from tests.factories import make_campaign, make_landlord
from tests.processes.installation import Installation, wait_until

PLANS = 600


def many_plans(volunteer) -> None:
    """PLANS households whose follow-up call was due an hour ago."""
    # Its own day and hour, whatever the hour of the run: the next one is in a week.
    due = timezone.localtime().replace(second=0, microsecond=0) - timedelta(hours=1)
    campaign = make_campaign(volunteers=[volunteer])
    landlord = make_landlord()
    households = Household.objects.bulk_create(
        [Household(landlord=landlord, reference=f"F{n:05d}", department="33") for n in range(PLANS)]
    )
    cases = Case.objects.bulk_create(
        [
            Case(campaign=campaign, household=household, tier=Case.Tier.FOLLOW_UP, next_call_kind=Case.Kind.FOLLOW_UP)
            for household in households
        ]
    )
    FollowUpPlan.objects.bulk_create(
        [
            FollowUpPlan(
                case=case,
                household_id=case.household_id,
                weekdays=[due.weekday()],
                time=due.time(),
                volunteer=volunteer,
                starts_on=date.today() - timedelta(days=30),
                review_on=date.today() + timedelta(days=10),
                next_due_at=due,
            )
            for case in cases
        ]
    )


def test_a_worker_killed_while_opening_follow_ups_loses_and_repeats_nothing(installation: Installation, volunteer):
    many_plans(volunteer)
    first = installation.worker()
    installation.ask("campaigns.tasks.open_due_calls")
    wait_until(lambda: DueCall.objects.count() > 0, say=first.output)
    first.kill()
    after_kill = DueCall.objects.count()
    assert 0 < after_kill < PLANS, f"the kill came too late: {after_kill} of {PLANS} were open"

    second = installation.worker()
    # Asked twice, as by two beats; the killed worker's message may come back as well.
    installation.ask("campaigns.tasks.open_due_calls")
    installation.ask("campaigns.tasks.open_due_calls")
    wait_until(lambda: DueCall.objects.count() >= PLANS, say=second.output)
    assert second.stop() == 0, second.output()

    assert DueCall.objects.count() == PLANS
    assert DueCall.objects.values("plan").distinct().count() == PLANS
    assert DueCall.objects.filter(state=DueCall.State.OPENED).count() == PLANS
    assert not FollowUpPlan.objects.filter(next_due_at__lte=timezone.now()).exists()
    assert Case.objects.filter(next_call_kind=Case.Kind.FOLLOW_UP, next_call_at__isnull=False).count() == PLANS
    connection.close()
