"""What the machine fails at becomes an alert; nobody is woken for what can wait."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns import alerts, tasks
from campaigns.alerts import machine
from campaigns.models import Absence, Alert, Case, CoordinatorScope
from campaigns.models.levels import Level
from solidarites.celery import app as celery_app
from solidarites.models import Heartbeat, JournalEntry, OutgoingMail, User
from tests import factories

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
    OutgoingMail.objects.create(
        key="b",
        object_type="campaigns.referral",
        object_id=1,
        to="b@exemple.fr",
        template="referral_sent",
        state="failed",
    )
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
    alerts.raise_alert(task="a", kind=Alert.Kind.TASK_FAILED, level=level, case=case, now=raised)
    row = OutgoingMail.objects.get()
    assert (row.next_try_at, row.urgent) == (leaves, level == Level.U0)


def test_reminders_sleep_too_vital_ones_excepted(case: Case, coordinator: Any) -> None:
    alerts.raise_alert(task="a", kind=Alert.Kind.TASK_FAILED, level=Level.U1, case=case, now=at(2, 20, 50))
    alerts.raise_alert(task="b", kind=Alert.Kind.TASK_FAILED, level=Level.U0, case=case, now=at(2, 20, 50))
    assert alerts.remind(now=at(2, 21, 10)) == 1
    assert alerts.remind(now=at(3, 7, 5)) == 2


# Who is told, until somebody deals with it ----------------------------------------------------------------


def sent_to() -> list[str]:
    waiting = OutgoingMail.objects.filter(state=OutgoingMail.State.QUEUED)
    return list(waiting.order_by("pk").values_list("to", flat=True))


def button(case: Case, now: datetime, level: str = Level.U1) -> Alert:
    return alerts.raise_alert(task="essai", kind=Alert.Kind.TASK_FAILED, level=level, case=case, now=now)


def away(user: Any, first: int, last: int | None = None) -> None:
    Absence.objects.create(user=user, first_day=date(2026, 6, first), last_day=last and date(2026, 6, last))


def test_the_morning_brings_one_mail_each_and_the_next_comes_a_quarter_later(case: Case, coordinator: Any) -> None:
    button(case, at(2, 23))
    assert alerts.remind(now=at(3, 7, 1)) == 0
    assert alerts.remind(now=at(3, 7, 15)) == 1
    assert OutgoingMail.objects.count() == 2


def test_what_somebody_took_at_night_wakes_nobody_in_the_morning(case: Case, coordinator: Any) -> None:
    alert = button(case, at(2, 23))
    alerts.take(alert=alert, by=coordinator, now=at(2, 23, 5))
    assert sent_to() == []
    assert OutgoingMail.objects.get().state == OutgoingMail.State.CANCELLED


def test_a_late_vital_alert_climbs_at_night_too(case: Case, coordinator: Any) -> None:
    second = factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    button(case, at(3, 2), Level.U0)
    for minutes in (15, 30):
        alerts.remind(now=at(3, 2, minutes))
    assert sent_to() == [coordinator.email, second.email] * 2


def test_who_is_away_is_told_only_when_nobody_else_is_there(case: Case, coordinator: Any) -> None:
    second = factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    away(coordinator, 1, 3)
    button(case, at(2, 10))
    alerts.remind(now=at(2, 10, 15))
    assert sent_to() == [second.email, second.email]
    away(second, 2)
    alerts.remind(now=at(2, 10, 30))
    alerts.remind(now=at(2, 10, 45))
    assert sorted(sent_to()[2:]) == sorted([coordinator.email, second.email])


def test_a_sector_that_nobody_follows_is_everybodys(case: Case, coordinator: Any, client_of: Any) -> None:
    elsewhere = factories.make_agency(case.household.landlord, "Agence de Pau")
    CoordinatorScope.objects.create(user=coordinator).agencies.add(elsewhere)
    alert = button(case, at(2, 10))
    assert sent_to() == [coordinator.email]
    client = client_of(coordinator)
    assert "1 alerte à prendre" in " ".join(client.get("/alertes/bandeau/").content.decode().split())
    page = client.get(f"/alertes/{alert.pk}/").content.decode()
    assert "ne suit le secteur de ce foyer" in page
    assert "Ouvrir le dossier" in page
    assert client.get(f"/dossiers/{case.pk}/").status_code == 200
    # As soon as somebody follows its agency, it is theirs alone.
    Case.objects.update(agency=factories.make_agency(case.household.landlord, "Agence de Dax"))
    factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    assert client.get(f"/alertes/{alert.pk}/").status_code == 404
    assert client.get(f"/dossiers/{case.pk}/").status_code == 404


def test_without_any_coordinator_the_administrators_are_told(case: Case, administrator: Any) -> None:
    button(case, at(2, 10))
    alerts.remind(now=at(2, 10, 15))
    assert sent_to() == [administrator.email] * 2


def test_without_anybody_the_alert_waits_on_the_page(case: Case, db: None) -> None:
    User.objects.update(is_active=False)
    button(case, at(2, 10))
    assert alerts.remind(now=at(2, 10, 15)) == 0
    assert not OutgoingMail.objects.exists()
    assert Alert.objects.filter(solved_at=None).count() == 1


@pytest.mark.parametrize("gone", ["deactivated", "role", "away"])
def test_an_alert_whose_taker_left_rings_again(case: Case, coordinator: Any, gone: str) -> None:
    second = factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    alert = button(case, at(2, 10))
    alerts.take(alert=alert, by=coordinator, now=at(2, 10, 5))
    assert alerts.remind(now=at(2, 11)) == 0
    if gone == "deactivated":
        User.objects.filter(pk=coordinator.pk).update(is_active=False)
    elif gone == "role":
        coordinator.groups.clear()
    else:
        away(coordinator, 3, 5)
    assert alerts.remind(now=at(3, 9)) == 1
    assert sent_to() == [second.email]
    alert.refresh_from_db()
    assert (alert.taken_by, alert.taken_at) == (None, None)
    assert JournalEntry.objects.filter(action="alert.released").count() == 1
    alerts.take(alert=alert, by=second, now=at(3, 9, 5))
    assert alerts.remind(now=at(3, 12)) == 0


def test_somebody_on_holiday_who_takes_one_keeps_it(case: Case, coordinator: Any) -> None:
    away(coordinator, 1, 30)
    alert = button(case, at(2, 10))
    alerts.take(alert=alert, by=coordinator, now=at(2, 10, 5))
    assert alerts.release_left(now=at(3, 10)) == 0


def test_reopened_it_rings_again_at_once(case: Case, coordinator: Any) -> None:
    alert = button(case, at(2, 10))
    assert alerts.remind(now=at(2, 10, 15)) == 1
    alerts.solve(alert=alert, solution="Fait.", by=coordinator, now=at(2, 10, 20))
    before = OutgoingMail.objects.count()
    alerts.reopen(alert=alert, by=coordinator, now=at(2, 14))
    assert alerts.remind(now=at(2, 14, 1)) == 1
    assert OutgoingMail.objects.count() == before + 1
