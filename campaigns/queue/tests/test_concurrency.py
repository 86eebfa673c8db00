"""Many volunteers at once, as processes of their own: no case given twice, none lost, no error."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from campaigns import followups, queue
from campaigns.models import Call, Campaign, Case, DueCall, FollowUpPlan
from solidarites.models import User
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def volunteers_at_once() -> int:
    return 41 if connection.vendor == "postgresql" else 8


def in_processes(work: Any, arguments: list[Any]) -> list[Any]:
    """Run ``work(argument)`` in one process each, all starting together; a failure comes back as its traceback."""
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(len(arguments)), context.Queue()

    def child(argument: Any) -> None:
        connections.close_all()
        try:
            barrier.wait(60)
            results.put(("done", work(argument)))
        except BaseException:
            results.put(("error", traceback.format_exc()))
        finally:
            connections.close_all()

    connections.close_all()  # a forked child must never share the parent's socket
    processes = [context.Process(target=child, args=(argument,)) for argument in arguments]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    errors = [text for kind, text in outcomes if kind == "error"]
    assert not errors, errors[0]
    return [value for _, value in outcomes]


def call_until_empty(arguments: tuple[int, int]) -> list[int]:
    campaign, user = Campaign.objects.get(pk=arguments[0]), User.objects.get(pk=arguments[1])
    done = []
    while True:
        given = queue.claim_next(campaign=campaign, by=user, now=timezone.now())
        if given.case is None or given.call is None:
            return done
        done.append(given.case.pk)
        factories.record_call(
            case_id=given.case.pk,
            by=user,
            submission=given.call.submission,
            outcome="refused_campaign",
            now=timezone.now(),
        )


def make_team(count: int) -> list[User]:
    names = [f"b{number}@exemple.fr" for number in range(count)]
    return [factories.make_user(name, "Béné", name.split("@")[0], "volunteer") for name in names]


def test_no_case_is_given_twice_and_none_is_lost() -> None:
    team = make_team(volunteers_at_once())
    campaign = factories.make_campaign(volunteers=team)
    cases = [factories.make_case(campaign).pk for _ in range(4 * len(team))]
    served = in_processes(call_until_empty, [(campaign.pk, user.pk) for user in team])
    counted = Counter(pk for one in served for pk in one)
    assert set(counted.values()) == {1}
    # Who asks while others hold the last cases is told so and stops; whatever is left is served to the next who asks.
    left = call_until_empty((campaign.pk, team[0].pk))
    assert sorted([*counted, *left]) == sorted(cases)
    assert Case.objects.filter(status=Case.Status.CLOSED, claimed_by=None).count() == len(cases)
    assert Call.objects.filter(state=Call.State.RECORDED).count() == len(cases)


def test_one_volunteer_never_holds_two_claims_by_simultaneous_requests() -> None:
    (user,) = make_team(1)
    campaign = factories.make_campaign(volunteers=[user])
    for _ in range(20):
        factories.make_case(campaign)

    def ask(_: int) -> int | None:
        given = queue.claim_next(campaign=campaign, by=user, now=timezone.now())
        return given.case.pk if given.case else None

    served = in_processes(ask, list(range(8)))
    assert len(set(served)) == 1
    assert served[0] is not None
    assert Case.objects.filter(claimed_by=user).count() == 1
    assert Call.objects.count() == 1


def test_two_identical_submissions_at_the_same_instant_store_one_call() -> None:
    (user,) = make_team(1)
    campaign = factories.make_campaign(volunteers=[user])
    case = factories.make_case(campaign)
    draft = queue.claim_next(campaign=campaign, by=user, now=timezone.now()).call
    assert draft is not None

    def post(_: int) -> int:
        return factories.record_call(
            case_id=case.pk, by=user, submission=draft.submission, outcome="no_answer", now=timezone.now()
        ).pk

    assert set(in_processes(post, list(range(8)))) == {draft.pk}
    case.refresh_from_db()
    assert (case.attempts, Call.objects.count()) == (1, 1)


def test_two_schedulers_at_once_open_each_due_call_once() -> None:
    (user,) = make_team(1)
    campaign = factories.make_campaign(volunteers=[user])
    now = timezone.localtime().replace(second=0, microsecond=0)
    for _ in range(60):
        case = factories.make_case(campaign)
        FollowUpPlan.objects.create(
            case=case,
            household=case.household,
            weekdays=[now.weekday()],
            time=now.time(),
            volunteer=user,
            starts_on=now.date(),
            next_due_at=now,
            review_on=now.date(),
        )
    opened = in_processes(lambda _: followups.open_due_calls(now=now), list(range(4)))
    assert sum(opened) == DueCall.objects.count() == 60
    assert not FollowUpPlan.objects.filter(next_due_at__lte=now).exists()
