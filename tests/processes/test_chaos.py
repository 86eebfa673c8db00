"""Worker, beats, broker and web killed at random in a busy hour, then a day skipped: nothing lost, nothing twice."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from campaigns import alerts
from campaigns.models import Alert, Call, Campaign, Case, DueCall, FollowUpPlan
from campaigns.models.levels import Level
from solidarites import mail, roles
from solidarites.models import OutgoingMail, User
from tenants.models import Household, PhoneNumber
from tests.factories import fiction_number, make_campaign, make_landlord, make_user
from tests.processes.busy_hour import Machine, Volunteer
from tests.processes.installation import Installation, wait_until
from tests.smtp import Inbox, ids_of, smtp_server

EVERY_ROUND = (
    "campaigns.tasks.open_due_calls",
    "campaigns.tasks.watch_missed_calls",
    "campaigns.tasks.release_stale_claims",
    "campaigns.tasks.remind_alerts",
    "solidarites.tasks.send_mail",
)


def a_busy_hour(volunteers: list[Any], *, plans: int, calls: int, mails: int) -> Any:
    """Plans due all along the hour and the next day, households to call, alerts to tell."""
    now = timezone.now()
    busy_elsewhere = make_user("odile@exemple.fr", "Odile", "Partie", "volunteer")
    campaign = make_campaign(volunteers=[*volunteers, busy_elsewhere])
    landlord = make_landlord()
    households = Household.objects.bulk_create(
        [Household(landlord=landlord, reference=f"F{n:05d}", department="33") for n in range(plans + calls)]
    )
    PhoneNumber.objects.bulk_create(
        [PhoneNumber(household=household, e164=fiction_number(n)) for n, household in enumerate(households)]
    )
    waiting = {"tier": Case.Tier.FOLLOW_UP, "next_call_kind": Case.Kind.FOLLOW_UP, "next_call_at": None}
    followed = Case.objects.bulk_create(
        [Case(campaign=campaign, household=household, **waiting) for household in households[:plans]]
    )
    Case.objects.bulk_create(
        [
            Case(campaign=campaign, household=household, next_call_at=now - timedelta(days=1), enrolled_at=now)
            for household in households[plans:]
        ]
    )
    for number, case in enumerate(followed):
        # Half of them within the hour, half within the day that will be skipped.
        due = now + timedelta(minutes=(number % 30) * 2 if number % 2 else 90 + number % 1200)
        FollowUpPlan.objects.create(
            case=case,
            household_id=case.household_id,
            weekdays=[timezone.localtime(due).weekday()],
            time=timezone.localtime(due).time().replace(second=0, microsecond=0),
            volunteer=busy_elsewhere,
            starts_on=now.date() - timedelta(days=30),
            review_on=now.date() + timedelta(days=20),
            next_due_at=due,
        )
    for number in range(mails):
        alerts.raise_alert(
            task=f"essai {number}",
            kind=Alert.Kind.TASK_FAILED,
            level=Level.U0 if number % 7 == 0 else Level.U1,
            case=followed[number % plans],
            now=now,
        )
    return campaign


def planned_calls() -> list[tuple[int, Any]]:
    return sorted(FollowUpPlan.objects.values_list("pk", "next_due_at"))


def expected_tellings() -> Counter[int]:
    """How many messages tell of each alert: the first one and its reminders, to each coordinator who is told."""
    told = User.objects.filter(groups__name=roles.COORDINATOR)
    assert told.count() == 1, "reminders go to one more person each time"
    return Counter({alert.pk: 1 + alert.reminders for alert in Alert.objects.filter(level__in=[Level.U0, Level.U1])})


def tellings() -> Counter[int]:
    """The same, of the rows of mails: several alerts of one moment are one message."""
    found = Counter(row.context["alert_id"] for row in OutgoingMail.objects.filter(template="alert"))
    for row in OutgoingMail.objects.filter(template="alerts"):
        found.update(row.context["alert_ids"])
    return found


def while_answering(machine: Machine, inbox: Inbox, campaign: Campaign) -> None:
    """Something urgent leaves; return while the mail server is answering."""
    now = machine.clock.now()
    alerts.raise_alert(task=f"essai {now}", kind=Alert.Kind.TASK_FAILED, level=Level.U0, campaign=campaign, now=now)
    until_asked(lambda: inbox.answering, machine)


def until_asked(happened: Callable[[], bool], machine: Machine) -> None:
    """Ask for the sending, not too often, until something comes of it."""
    steps = itertools.count()

    def seen() -> bool:
        if next(steps) % 100 == 0:
            machine.ask("solidarites.tasks.send_mail")
        return happened()

    wait_until(seen, say=machine.output)


def jump(machine: Machine, inbox: Inbox, campaign: Campaign) -> None:
    """The clock goes forward by a day while everything runs, and the mail server is answering."""
    calm, inbox.slowness = inbox.slowness, 2.0
    while_answering(machine, inbox, campaign)
    machine.clock.advance(86400)
    # Whoever is free looks for what is due: every lease has passed.
    known = inbox.answered
    until_asked(lambda: inbox.answered > known, machine)
    inbox.slowness = calm


def survive(
    installation: Installation, client_of: Any, people: list[Any], *, kills: int, plans: int, calls: int, mails: int
) -> None:
    dice = random.Random(20261123)
    campaign = a_busy_hour(people, plans=plans, calls=calls, mails=mails)
    planned = planned_calls()
    with smtp_server() as (inbox, port):
        # So that deaths fall between a message taken and its answer.
        inbox.slowness = 0.15
        machine = Machine(installation, port)
        crew = [Volunteer(machine, client_of(one), campaign.pk, seed) for seed, one in enumerate(people)]
        for one in crew:
            one.start()
        # An hour in as many steps as there are deaths.
        for number in range(kills):
            machine.at_work()
            machine.ask(*EVERY_ROUND)
            time.sleep(dice.uniform(0.05, 1.0))
            # Every part dies at least once, the order is drawn.
            part = ("worker", "web", "broker", "worker", "beat", "beat2")[
                number % 6 if number < 6 else dice.randrange(6)
            ]
            if part == "worker" and not machine.deaths["worker"] % 2:
                while_answering(machine, inbox, campaign)
            machine.kill(part)
            machine.clock.advance(3600 / kills)
        for one in crew:
            one.over.set()
            one.join(30)
        jump(machine, inbox, campaign)

        def settled() -> bool:
            machine.ask(*EVERY_ROUND)
            time.sleep(1)
            machine.clock.advance(900)
            now = machine.clock.now()
            # Reminders go on for as long as nobody takes the alerts: a coordinator arrives.
            Alert.objects.filter(taken_at=None).update(taken_at=now)
            return not (
                FollowUpPlan.objects.filter(next_due_at__lte=now).exists()
                or OutgoingMail.objects.filter(mail.WAITING, next_try_at__lte=now).exists()
                or DueCall.objects.filter(state="opened", alerted_at=None).exists()
            )

        wait_until(settled, patience=240, say=machine.output)
        for part in machine.parts.values():
            part.kill()
        rows = {row.message_id: row for row in OutgoingMail.objects.all()}
        sent = {key for key, row in rows.items() if row.state == OutgoingMail.State.SENT}
        waits = {key for key, row in rows.items() if row.state == OutgoingMail.State.QUEUED}
        # Each message expected is there, and no other; by night some wait for the morning.
        assert sent, "no e-mail left"
        assert tellings() == expected_tellings()
        # Several alerts of which none waits any more: the message did not leave.
        over = {key for key, row in rows.items() if row.state == OutgoingMail.State.CANCELLED}
        assert {rows[key].template for key in over} <= {"alerts"}
        assert sent | waits | over == set(rows)
        assert set(inbox.copies()) == sent, "each has arrived"
        # A second copy only where a process died while the server answered: one death, one more copy at most.
        deaths = machine.interrupted.times()
        more = {key: copies - 1 for key, copies in inbox.copies().items() if copies > 1}
        assert all(count <= deaths[key] for key, count in more.items()), "a second copy that no death explains"
        assert all(rows[key].was_unsure for key in more)
        assert deaths, "no death fell while a message was leaving: the hour proves little"
        before_the_answer = sum(min(count, ids_of(inbox.hung_up).count(key)) for key, count in more.items())
    # Every due call opened once, and only once, for its own hour; none is open beside another of its household.
    assert sorted(DueCall.objects.values_list("plan", "due_at")) == planned
    assert not DueCall.objects.filter(opened_at__lt=F("due_at")).exists()
    assert not FollowUpPlan.objects.filter(next_due_at__lte=machine.clock.now()).exists()
    # Nobody made them: each is an alert, once.
    missed = DueCall.objects.values_list("pk", flat=True)
    told = Alert.objects.filter(kind=Alert.Kind.MISSED_FOLLOW_UP).values_list("due_call", flat=True)
    assert sorted(told) == sorted(missed)
    # Every call whose page said « enregistré » is there, once.
    said = [one.recorded for one in crew]
    assert sum(map(len, said)) == len(set().union(*said)), "two volunteers were told of the same call"
    stored = set(Call.objects.filter(state="recorded").values_list("pk", flat=True))
    assert set().union(*said) <= stored
    assert len(stored) - len(set().union(*said)) <= len(crew), "a call was stored without anybody having sent it"
    attempts = Call.objects.filter(state="recorded").values("case").annotate(n=Count("pk"))
    assert {row["n"] for row in attempts} <= {1}, "a household was called twice within the hour"
    assert not [line for one in crew for line in one.trouble]
    assert len(stored) >= kills, "the volunteers hardly worked: the hour proves little"
    print(
        f"\n{kills} kills ({dict(machine.deaths)}): {plans} due calls, {len(stored)} calls recorded, "
        f"{len(sent)} e-mails, {len(waits)} wait for the morning; {len(deaths)} sendings cut short by a death, "
        f"{sum(more.values())} second copies ({before_the_answer} of a sender gone before the answer)"
    )
    connection.close()


@pytest.fixture
def people(volunteer: Any, volunteer2: Any, coordinator: Any) -> list[Any]:
    return [volunteer, volunteer2]


def test_a_busy_hour_of_deaths(installation: Installation, client_of: Any, people: list[Any]) -> None:
    survive(installation, client_of, people, kills=6, plans=40, calls=200, mails=20)


@pytest.mark.soak
def test_a_busy_hour_of_thirty_deaths(installation: Installation, client_of: Any, people: list[Any]) -> None:
    survive(installation, client_of, people, kills=30, plans=300, calls=1500, mails=150)
