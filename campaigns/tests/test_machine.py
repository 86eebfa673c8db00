"""What the machine fails at becomes an alert; nobody is woken for what can wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns import alerts, machine, tasks
from campaigns.models import Alert, Case
from campaigns.models.levels import Level
from solidarites.celery import app as celery_app
from solidarites.models import Heartbeat, OutgoingMail

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 2, 8, 0, tzinfo=UTC)
TASK = "campaigns.tasks.open_due_calls"


def levels() -> list[str]:
    return sorted(Alert.objects.filter(kind="task_failed", solved_at=None).values_list("level", flat=True))


def test_a_task_that_fails_is_an_alert_and_an_e_mail_when_it_lasts(coordinator: Any) -> None:
    machine.task_failed(task=TASK, now=NOW)
    machine.task_failed(task=TASK, now=NOW + timedelta(minutes=1))
    assert levels() == ["U2"]
    assert not OutgoingMail.objects.exists()
    machine.task_failed(task=TASK, now=NOW + timedelta(minutes=15))
    assert levels() == ["U1", "U2"]
    assert OutgoingMail.objects.get().to == coordinator.email
    machine.task_succeeded(task=TASK, now=NOW + timedelta(minutes=16))
    assert levels() == []


def test_an_alert_that_somebody_took_is_theirs_to_solve(coordinator: Any) -> None:
    machine.task_failed(task=TASK, now=NOW)
    alerts.take(alert=Alert.objects.get(), by=coordinator, now=NOW)
    machine.task_succeeded(task=TASK, now=NOW)
    assert levels() == ["U2"]


@pytest.mark.django_db(transaction=True)
def test_the_worker_tells_of_failures_and_of_successes() -> None:
    tasks.tell_failure(sender=celery_app.tasks[TASK])
    assert levels() == ["U2"]
    tasks.tell_success(sender=celery_app.tasks[TASK])
    assert levels() == []
    assert Heartbeat.objects.get(name=TASK).failing_since is None


def test_every_periodic_task_has_a_french_name() -> None:
    celery_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    assert scheduled <= set(machine.TASKS)
    assert {name for name in machine.TASKS if name not in celery_app.tasks} == set()


def test_a_mail_that_finally_failed_is_one_alert_without_a_mail(coordinator: Any) -> None:
    lost = OutgoingMail.objects.create(key="invitation:1", to="a@exemple.fr", template="invitation", state="failed")
    OutgoingMail.objects.create(key="referral:1:sent:1", to="b@exemple.fr", template="referral_sent", state="failed")
    OutgoingMail.objects.update(next_try_at=NOW)
    assert machine.watch_mail(now=NOW) == 1
    assert machine.watch_mail(now=NOW) == 0
    alert = Alert.objects.get()
    assert (alert.key, alert.level) == (f"mail:{lost.pk}", "U2")
    alerts.solve(alert=alert, solution="Prévenue par téléphone.", by=coordinator, now=NOW)
    assert machine.watch_mail(now=NOW) == 0
    assert OutgoingMail.objects.count() == 2


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In June Paris is two hours ahead of UTC."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC) - timedelta(hours=2)


@pytest.mark.parametrize(
    ("level", "raised", "leaves"),
    [
        (Level.U1, at(2, 20, 59), at(2, 20, 59)),
        (Level.U1, at(2, 21), at(3, 7)),
        (Level.U1, at(3, 2), at(3, 7)),
        (Level.U1, at(3, 7), at(3, 7)),
        (Level.U0, at(3, 2), at(3, 2)),
    ],
)
def test_quiet_hours_never_hold_back_what_is_vital(
    case: Case, coordinator: Any, level: str, raised: datetime, leaves: datetime
) -> None:
    alerts.raise_alert(key="a", kind=Alert.Kind.BUTTON, level=level, case=case, now=raised)
    row = OutgoingMail.objects.get()
    assert (row.next_try_at, row.urgent) == (leaves, level == Level.U0)


def test_reminders_sleep_too_vital_ones_excepted(case: Case, coordinator: Any) -> None:
    alerts.raise_alert(key="a", kind=Alert.Kind.BUTTON, level=Level.U1, case=case, now=at(2, 20, 50))
    alerts.raise_alert(key="b", kind=Alert.Kind.BUTTON, level=Level.U0, case=case, now=at(2, 20, 50))
    assert alerts.remind(now=at(2, 21, 10)) == 1
    assert alerts.remind(now=at(3, 7, 5)) == 2
