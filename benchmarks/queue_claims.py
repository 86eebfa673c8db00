"""Claims per second of the queue's rule, by 8 and 41 processes, on 2,400 and 100,000 cases (60,000 of them finished).

Beside it, in the same run, the floor: a hand-written ``SELECT … FOR UPDATE SKIP LOCKED`` + ``UPDATE`` loop in
psycopg2 on the same table. A double is a case given to two processes.
Needs PostgreSQL. Usage: DATABASE_URL=postgres://… python -m benchmarks queue_claims
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from typing import Any

import psycopg2

from benchmarks import world

SECONDS = 4.0
SIZES = (2_400, 100_000)
PROCESSES = (8, 41)
AIM = 400
FLOOR = """
    SELECT id FROM campaigns_case
    WHERE campaign_id = %s AND status = 'open' AND has_number AND tier = 5
      AND (claimed_by_id IS NULL OR claimed_until <= now())
    ORDER BY rank, next_call_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def rule(campaign_id: int, user_id: int) -> list[tuple[int, float]]:
    """Claim, then let go by closing the case, as fast as one process can; each claim's case and seconds."""
    from django.utils import timezone

    from campaigns import queue
    from campaigns.models import Campaign, Case
    from solidarites.models import User

    campaign, user, spent = Campaign.objects.get(pk=campaign_id), User.objects.get(pk=user_id), []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        given = queue.claim_next(campaign=campaign, by=user, now=timezone.now())
        if given.case is None:
            break
        spent.append((given.case.pk, time.perf_counter() - start))
        Case.objects.filter(pk=given.case.pk).update(
            claimed_by=None, claimed_until=None, status="closed", closed_reason="measured"
        )
    return spent


def floor(campaign_id: int, user_id: int) -> list[tuple[int, float]]:
    """The same with two hand-written statements and nothing else (no journal, no draft, no tiers)."""
    from django.db import connection

    named = connection.settings_dict
    wanted = {"dbname": named["NAME"], "user": named["USER"], "password": named["PASSWORD"]}
    raw = psycopg2.connect(host=named["HOST"], port=named["PORT"], **wanted)
    spent = []
    until = "claimed_until = now() + interval '1 hour'"
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        with raw, raw.cursor() as cursor:
            cursor.execute(FLOOR, [campaign_id])
            row = cursor.fetchone()
            if row is None:
                break
            cursor.execute(f"UPDATE campaigns_case SET claimed_by_id = %s, {until} WHERE id = %s", [user_id, row[0]])
        spent.append((row[0], time.perf_counter() - start))
        with raw, raw.cursor() as cursor:
            cursor.execute(
                "UPDATE campaigns_case SET claimed_by_id = NULL, claimed_until = NULL, status = 'closed',"
                " closed_reason = 'measured' WHERE id = %s",
                [row[0]],
            )
    raw.close()
    return spent


def together(work: Any, campaign_id: int, users: list[int]) -> tuple[float, float, float, int]:
    """Claims per second of all processes, median and 95th percentile in milliseconds, cases given twice."""
    from django.db import connections

    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(len(users)), context.Queue()

    def child(user_id: int) -> None:
        connections.close_all()
        barrier.wait(60)
        start = time.perf_counter()
        spent = work(campaign_id, user_id)
        results.put((spent, time.perf_counter() - start))
        connections.close_all()

    processes = [context.Process(target=child, args=(user,)) for user in users]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    spent = sorted(seconds for each, _ in found for _, seconds in each)
    cases = [case for each, _ in found for case, _ in each]
    rate = sum(len(each) / seconds for each, seconds in found if each)
    return rate, statistics.median(spent) * 1000, spent[int(len(spent) * 0.95)] * 1000, len(cases) - len(set(cases))


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
    from django.utils import timezone

    from campaigns import queue
    from campaigns.models import Campaign
    from solidarites.models import User

    titles = (
        ("dossiers", 8), ("processus", 9), ("demandes/s", 10), ("objectif", 8), ("médiane ms", 10), ("95 % ms", 8),
        ("doublons", 8), ("psycopg2/s", 10), ("rapport", 7),
    )  # fmt: skip
    print(" ".join(f"{title:>{width}}" for title, width in titles))
    rates: dict[int, list[float]] = {}
    for size in SIZES:
        campaign_id, users = world.make_campaign(size)
        # Public holidays and communes are read once per process: here, before the processes part.
        given = {"campaign": Campaign.objects.get(pk=campaign_id), "by": User.objects.get(pk=users[0])}
        queue.peek(now=timezone.now(), **given)
        for count in PROCESSES:
            world.tidy(campaign_id)
            rate, median, high, doubles = together(rule, campaign_id, users[:count])
            world.tidy(campaign_id)
            least, _, _, _ = together(floor, campaign_id, users[:count])
            rates.setdefault(count, []).append(rate)
            print(
                f"{size:>8} {count:>9} {rate:>10.0f} {f'>= {AIM}':>8} {median:>10.1f} {high:>8.1f}"
                f" {doubles:>8} {least:>10.0f} {least / rate:>7.1f}",
                flush=True,
            )
    for count, (small, large) in rates.items():
        print(f"{count} processus : 100 000 dossiers / 2 400 = {large / small:.2f} (objectif : 0,90 au moins)")
