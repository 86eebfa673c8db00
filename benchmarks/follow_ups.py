"""20,000 follow-up plans due at one moment, opened in chunks while eight volunteers keep claiming.

Printed: seconds, calls opened a second, memory of the opening process after the first tenth and at its highest, and
what the volunteers got meanwhile. Needs PostgreSQL. Usage: DATABASE_URL=postgres://… python -m benchmarks follow_ups
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from datetime import timedelta
from typing import Any

import psutil

PLANS = 20_000
FIRST_CALLS = 4_000
VOLUNTEERS = 8
# Between two claims of one volunteer: forty a second in all, what a thousand volunteers ask at the busiest hour.
PAUSE = 0.2
LIMIT_SECONDS = 30


def prepare() -> tuple[int, list[int]]:
    """One campaign: a household a plan, all due now, shared among 200 volunteers; and cases never called."""
    from django.db import connection
    from django.utils import timezone

    from campaigns.models import Campaign, CampaignVolunteer, Case, FollowUpPlan
    from solidarites.models import User
    from tenants.models import Household, Landlord

    now = timezone.now()
    landlord, _ = Landlord.objects.get_or_create(code="mesures", defaults={"name": "Mesures"})
    campaign = Campaign.objects.create(
        name="Mesures des suivis",
        slug=f"mesures-suivis-{int(time.time() * 1000)}",
        status=Campaign.Status.OPEN,
        hours={str(day): [["00:00", "23:59"]] for day in range(7)},
    )
    users = User.objects.bulk_create([User(email=f"suivi{number}@exemple.fr") for number in range(200)])
    CampaignVolunteer.objects.bulk_create([CampaignVolunteer(campaign=campaign, user=user) for user in users])
    households = Household.objects.bulk_create(
        [Household(landlord=landlord) for _ in range(PLANS + FIRST_CALLS)], batch_size=5_000
    )
    followed, others = households[:PLANS], households[PLANS:]
    cases = Case.objects.bulk_create(
        [
            Case(campaign=campaign, household=one, next_call_kind=Case.Kind.FOLLOW_UP, tier=Case.Tier.FOLLOW_UP)
            for one in followed
        ],
        batch_size=5_000,
    )
    Case.objects.bulk_create(
        [Case(campaign=campaign, household=one, rank=number, next_call_at=now) for number, one in enumerate(others)],
        batch_size=5_000,
    )
    due_at = now - timedelta(minutes=1)
    FollowUpPlan.objects.bulk_create(
        [
            FollowUpPlan(
                case=case,
                household_id=case.household_id,
                weekdays=[now.weekday()],
                time=due_at.time().replace(microsecond=0),
                starts_on=now.date() - timedelta(weeks=number % 6),
                volunteer=users[number % len(users)],
                backup=users[(number + 1) % len(users)],
                next_due_at=due_at,
                review_on=now.date() + timedelta(weeks=6),
            )
            for number, case in enumerate(cases)
        ],
        batch_size=5_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return campaign.pk, [user.pk for user in users[:VOLUNTEERS]]


def keep_claiming(campaign_id: int, user_id: int, stop: Any) -> list[float]:
    """Claim and let go until told to stop; the seconds of each claim."""
    from django.utils import timezone

    from campaigns import queue
    from campaigns.models import Campaign, Case
    from solidarites.models import User

    campaign, user, spent = Campaign.objects.get(pk=campaign_id), User.objects.get(pk=user_id), []
    while not stop.is_set():
        start = time.perf_counter()
        given = queue.claim_next(campaign=campaign, by=user, now=timezone.now())
        spent.append(time.perf_counter() - start)
        if given.case is not None:
            Case.objects.filter(pk=given.case.pk).update(claimed_by=None, claimed_until=None)
        time.sleep(PAUSE)
    return spent


def main() -> None:
    """Measure in a scratch database, dropped at the end."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        measure()
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def measure() -> None:
    from django.db import connections
    from django.utils import timezone

    from campaigns import followups
    from campaigns.models import DueCall, FollowUpPlan

    campaign_id, users = prepare()
    connections.close_all()
    context = multiprocessing.get_context("fork")
    stop, results = context.Event(), context.Queue()

    def child(user_id: int) -> None:
        connections.close_all()
        results.put(keep_claiming(campaign_id, user_id, stop))
        connections.close_all()

    processes = [context.Process(target=child, args=(user,)) for user in users]
    for process in processes:
        process.start()
    memory = psutil.Process()
    now, start, highest, first = timezone.now(), time.perf_counter(), 0, 0
    opened = 0
    while done := followups.open_due_calls(now=now, limit=PLANS // 10):
        opened += done
        highest = max(highest, memory.memory_info().rss)
        first = first or highest
    seconds = time.perf_counter() - start
    stop.set()
    spent = sorted(one for _ in processes for one in results.get())
    for process in processes:
        process.join()
    assert opened == PLANS == DueCall.objects.values("plan").distinct().count()
    assert not FollowUpPlan.objects.filter(next_due_at__lte=now).exists()
    mega = 1024 * 1024
    print(f"{opened} calls opened in {seconds:.1f} s ({opened / seconds:.0f}/s), at most {LIMIT_SECONDS} s wanted")
    print(f"memory: {first / mega:.0f} MB after the first tenth, {highest / mega:.0f} MB at the highest")
    median, high = statistics.median(spent) * 1000, spent[int(len(spent) * 0.95)] * 1000
    print(f"meanwhile {len(spent)} claims by {len(users)} volunteers, median {median:.0f} ms, 95 % {high:.0f} ms")
