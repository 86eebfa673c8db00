"""Worker, beats, broker and web killed at random in a busy hour, then a day skipped: nothing lost, nothing twice."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from campaigns import alerts
from campaigns.models import Alert, Call, Case, DueCall, FollowUpPlan
from campaigns.models.levels import Level
from solidarites import mail
from solidarites.models import OutgoingMail
from tenants.models import Household, PhoneNumber
from tests.factories import fiction_number, make_campaign, make_landlord, make_user
from tests.processes.busy_hour import Machine, Volunteer
from tests.processes.installation import Installation, wait_until
from tests.smtp import smtp_server

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
            key=f"case:{number}",
            kind=Alert.Kind.BUTTON,
            level=Level.U0 if number % 7 == 0 else Level.U1,
            case=followed[number % plans],
            now=now,
        )
    return campaign


def survive(
    installation: Installation, client_of: Any, people: list[Any], *, kills: int, plans: int, calls: int, mails: int
) -> None:
    dice = random.Random(20261123)
    campaign = a_busy_hour(people, plans=plans, calls=calls, mails=mails)
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
            machine.kill(part)
            machine.clock.advance(3600 / kills)
        for one in crew:
            one.over.set()
            one.join(30)
        # The clock jumps forward by a day while everything runs.
        machine.clock.advance(86400)

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
        held_at_night = OutgoingMail.objects.filter(mail.WAITING).count()
        sent = set(OutgoingMail.objects.filter(state="sent").values_list("message_id", flat=True))
        assert sent, "no e-mail left"
        # Each message expected has arrived; a second copy only where a process died while the server answered.
        assert set(inbox.copies()) == sent
        twice = {key for key, copies in inbox.copies().items() if copies > 1}
        unsure = set(OutgoingMail.objects.filter(was_unsure=True).values_list("message_id", flat=True))
        assert twice <= unsure
        assert OutgoingMail.objects.count() == len(sent) + held_at_night
    # Every due call opened once, and only once; none is open beside another of its household.
    assert DueCall.objects.count() == plans
    assert DueCall.objects.values("plan").distinct().count() == plans
    assert not FollowUpPlan.objects.filter(next_due_at__lte=machine.clock.now()).exists()
    # Nobody made them: each is an alert, once.
    missed = [f"due_call:{pk}" for pk in DueCall.objects.values_list("pk", flat=True)]
    told = list(Alert.objects.filter(kind=Alert.Kind.MISSED_FOLLOW_UP).values_list("key", flat=True))
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
        f"\n{kills} kills: {plans} due calls, {len(stored)} calls recorded, {len(sent)} e-mails, "
        f"{len(twice)} second copies, {len(unsure)} unsure"
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
