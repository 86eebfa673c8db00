"""Reminders of alerts: every one that nobody has taken, however many, and one message a person."""

from __future__ import annotations

import re
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connection

from campaigns import alerts
from campaigns.models import Alert, Campaign, Case
from campaigns.models.levels import Level
from solidarites import mail
from solidarites.models import OutgoingMail
from tests import factories

NOW = datetime(2026, 6, 2, 8, tzinfo=UTC)  # ten in the morning
QUARTER = timedelta(minutes=15)


@pytest.fixture
def second(db: None) -> Any:
    return factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")


def untaken(case: Case, count: int, *, level: str = Level.U1, at: datetime = NOW, key: str = "due_call") -> list[Alert]:
    return Alert.objects.bulk_create(
        Alert(
            key=f"{key}:{number}",
            kind=Alert.Kind.MISSED_FOLLOW_UP,
            level=level,
            case=case,
            campaign=case.campaign,
            raised_at=at,
        )
        for number in range(count)
    )


def counters() -> Counter[int]:
    return Counter(Alert.objects.values_list("reminders", flat=True))


def ids_told() -> list[int]:
    """Each alert as often as a message tells of it."""
    return [pk for row in OutgoingMail.objects.filter(template="alerts") for pk in row.context["alert_ids"]]


def test_450_alerts_are_all_reminded_each_time_in_a_few_messages(case: Case, coordinator: Any, second: Any) -> None:
    untaken(case, 450)
    everything = sorted(Alert.objects.values_list("pk", flat=True))
    for turn in (1, 2, 3):
        assert alerts.remind(now=NOW + turn * QUARTER) == 450
        assert alerts.remind(now=NOW + turn * QUARTER) == 0
        assert counters() == {turn: 450}
        assert sorted(ids_told()) == sorted(everything * turn)
    # One coordinator more each time, a message a chunk.
    rows = OutgoingMail.objects.order_by("pk").values_list("to", flat=True)
    assert list(rows) == [*[coordinator.email] * 3, *[second.email] * 3, *[coordinator.email] * 3]


def test_what_everybody_left_for_days_does_not_hide_what_is_new(case: Case, coordinator: Any) -> None:
    untaken(case, 450, at=NOW - timedelta(days=3))
    alerts.remind(now=NOW)
    (new,) = untaken(case, 1, at=NOW - timedelta(minutes=10), key="new")
    assert alerts.remind(now=NOW + timedelta(minutes=5)) == 1
    new.refresh_from_db()
    assert (new.reminders, new.reminded_at) == (1, NOW + timedelta(minutes=5))
    assert OutgoingMail.objects.get(mail.about(new)).context["alert_id"] == new.pk


def test_each_has_its_own_quarter_of_an_hour(case: Case, coordinator: Any) -> None:
    untaken(case, 3, key="a")
    untaken(case, 2, key="b", at=NOW + timedelta(minutes=7))
    assert [alerts.remind(now=NOW + timedelta(minutes=minutes)) for minutes in (14, 15, 21, 22, 29, 30, 37)] == [
        0, 3, 0, 2, 0, 3, 2,
    ]  # fmt: skip


def test_a_run_asks_as_many_questions_for_two_alerts_as_for_a_chunk(
    case: Case, coordinator: Any, second: Any, count_queries: Any
) -> None:
    counted = []
    for count, key in ((2, "few"), (150, "many")):
        Alert.objects.all().delete()
        untaken(case, count, key=key)
        with count_queries() as queries:
            assert alerts.remind(now=NOW + QUARTER) == count
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_vital_alert_is_a_message_of_its_own(case: Case, coordinator: Any) -> None:
    untaken(case, 3)
    (vital,) = untaken(case, 1, level=Level.U0, key="vital")
    assert alerts.remind(now=NOW + QUARTER) == 4
    own = OutgoingMail.objects.get(template="alert")
    assert (own.context["alert_id"], own.urgent) == (vital.pk, True)
    together = OutgoingMail.objects.get(template="alerts")
    assert (len(together.context["alert_ids"]), together.urgent) == (3, False)


def test_each_coordinator_hears_of_their_sector_alone(campaign: Campaign, coordinator: Any, second: Any) -> None:
    from campaigns.models import CoordinatorScope

    landlord = factories.make_landlord("autre", "Autre bailleur")
    cases = []
    for name, person in (("Pau", coordinator), ("Dax", second)):
        agency = factories.make_agency(landlord, f"Agence de {name}")
        CoordinatorScope.objects.create(user=person).agencies.add(agency)
        cases.append(factories.make_case(campaign, factories.make_household(landlord, agency=agency)))
    here, there = (untaken(case, 2, key=str(case.pk)) for case in cases)
    assert alerts.remind(now=NOW + QUARTER) == 4
    told = dict(OutgoingMail.objects.values_list("to", "context"))
    assert {to: sorted(context["alert_ids"]) for to, context in told.items()} == {
        coordinator.email: [alert.pk for alert in here],
        second.email: [alert.pk for alert in there],
    }


def test_the_message_lists_what_still_waits_when_it_leaves(case: Case, coordinator: Any) -> None:
    first, *others = untaken(case, 30)
    alerts.remind(now=NOW + QUARTER)
    alerts.take(alert=first, by=coordinator, now=NOW + QUARTER)
    row = OutgoingMail.objects.get()
    assert mail.send_one(row.pk, NOW + QUARTER)
    (message,) = outbox.outbox
    assert message.subject == "29 alertes à prendre"
    assert len(re.findall("U1, dossier", message.body)) == 20
    assert "et 9 de plus" in message.body
    assert "/alertes/\n" in message.body
    assert len(others) == 29


def test_the_message_does_not_leave_when_all_were_taken(case: Case, coordinator: Any) -> None:
    both = untaken(case, 2)
    alerts.remind(now=NOW + QUARTER)
    for alert in both:
        alerts.take(alert=alert, by=coordinator, now=NOW + QUARTER)
    row = OutgoingMail.objects.get()
    assert not mail.send_one(row.pk, NOW + QUARTER)
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.CANCELLED
    assert outbox.outbox == []


def test_many_raised_at_once_are_one_message_a_person_and_an_alert_each(
    case: Case, coordinator: Any, second: Any
) -> None:
    causes = [(case, {"task": f"essai {number}"}) for number in range(12)]
    raised = {"causes": causes, "kind": Alert.Kind.TASK_FAILED, "level": Level.U1}
    assert alerts.raise_all(**raised, now=NOW) == 12
    assert alerts.raise_all(**raised, now=NOW) == 0
    assert Alert.objects.count() == 12
    assert sorted(OutgoingMail.objects.values_list("to", flat=True)) == sorted([coordinator.email, second.email])


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_remind_none_twice(coordinator: Any, volunteer: Any) -> None:
    campaign = factories.make_campaign(volunteers=[volunteer], now=NOW)
    untaken(factories.make_case(campaign, now=NOW), 450)
    told: list[int] = []
    errors: list[BaseException] = []
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait(20)
            told.append(alerts.remind(now=NOW + QUARTER))
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert not errors
    # Whatever one of them found locked is reminded by who held it.
    assert sum(told) == 450
    assert counters() == {1: 450}
    assert Counter(Counter(ids_told()).values()) == {1: 450}
