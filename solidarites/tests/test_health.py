"""The state page, and what it says when a part of the machine stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.utils import timezone

from solidarites import beat, health, mail
from solidarites.celery import app as celery_app
from solidarites.models import Heartbeat, OutgoingMail

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def alive(settings: Any, tmp_path: Any) -> None:
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.BROKER_DIR = tmp_path
    (tmp_path / "queue").mkdir()
    for name in (health.WORKER, health.BEAT):
        health.beat_now(name, timezone.now())


def parts_of(client: Any) -> tuple[int, dict[str, Any]]:
    cache.clear()
    answer = client.get("/sante/")
    return answer.status_code, {part["name"]: part for part in answer.json()["parts"]}


def test_monitoring_reads_that_all_is_well(client: Any, alive: None) -> None:
    status, parts = parts_of(client)
    assert status == 200
    assert list(parts) == ["database", "broker", "beat", "worker", "tasks", "mail"]


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_a_silent_process_is_named_with_its_last_sign(client: Any, alive: None, name: str) -> None:
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=4))
    status, parts = parts_of(client)
    assert status == 503
    assert [part for part, said in parts.items() if not said["ok"]] == [name]
    assert parts[name]["last"]


def test_a_broker_out_of_reach_is_said(client: Any, alive: None, settings: Any) -> None:
    (settings.BROKER_DIR / "queue").rmdir()
    status, parts = parts_of(client)
    assert status == 503
    assert not parts["broker"]["ok"]


def test_a_broker_on_another_machine_that_is_away_is_said(
    client: Any, alive: None, settings: Any, monkeypatch: Any
) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    settings.CELERY_BROKER_URL = nowhere
    connection = celery_app.connection_for_write
    monkeypatch.setattr(celery_app, "connection_for_write", lambda: connection(nowhere))
    status, parts = parts_of(client)
    assert status == 503
    assert (parts["broker"]["ok"], parts["broker"]["detail"]) == (False, "injoignable")
    assert parts["mail"]["ok"], "the parts after it are looked at too"


def test_the_worker_waits_for_its_broker_however_long() -> None:
    assert celery_app.conf.broker_connection_max_retries is None


def test_late_and_lost_mail_is_said(client: Any, alive: None) -> None:
    row = mail.queue_mail(key="a", to="a@exemple.fr", template="alert", context={}, now=timezone.now())
    assert parts_of(client)[1]["mail"]["ok"]
    OutgoingMail.objects.update(next_try_at=timezone.now() - timedelta(minutes=20))
    assert parts_of(client)[1]["mail"]["detail"] == "des messages attendent"
    OutgoingMail.objects.filter(pk=row.pk).update(state="failed")
    assert parts_of(client)[1]["mail"]["detail"].endswith(": 1")


@pytest.mark.parametrize("fields", [{"state": "bounced"}, {"state": "failed", "error": "SMTPRecipientsRefused 550"}])
def test_an_address_that_nobody_has_is_no_trouble_of_the_machine(
    client: Any, alive: None, fields: dict[str, str]
) -> None:
    row = mail.queue_mail(key="a", to="a@exemple.fr", template="alert", context={}, now=timezone.now())
    OutgoingMail.objects.filter(pk=row.pk).update(**fields)
    assert parts_of(client)[1]["mail"]["ok"]


def test_a_failing_task_is_said_until_it_works_again(client: Any, alive: None) -> None:
    task = "campaigns.tasks.open_due_calls"
    assert health.task_failed(task, NOW) == NOW
    assert health.task_failed(task, NOW + timedelta(minutes=3)) == NOW
    assert parts_of(client)[1]["tasks"]["detail"].endswith(": open_due_calls")
    assert health.task_succeeded(task, NOW + timedelta(minutes=4))
    assert parts_of(client)[1]["tasks"]["ok"]
    assert not health.task_succeeded(task, NOW + timedelta(minutes=5))


def test_a_database_that_is_away_is_said_without_a_page_error(client: Any, alive: None, monkeypatch: Any) -> None:
    def away() -> Any:
        raise OperationalError("no database")

    monkeypatch.setattr(health.connection, "cursor", away)
    answer = client.get("/sante/", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert answer.json()["parts"][0]["name"] == "database"


def test_people_read_a_page(client: Any, alive: None) -> None:
    cache.clear()
    assert "Tout fonctionne" in client.get("/sante/", headers={"Accept": "text/html"}).content.decode()
    health.task_failed("campaigns.tasks.open_due_calls", timezone.now())
    cache.clear()
    answer = client.get("/sante/", headers={"Accept": "text/html"})
    assert answer.status_code == 503
    assert "Les appels peuvent continuer" in answer.content.decode()


def test_beat_signs_at_most_every_thirty_seconds(monkeypatch: Any) -> None:
    monkeypatch.setattr(beat.PersistentScheduler, "tick", lambda self: 1.0)
    monkeypatch.setattr(beat, "close_old_connections", lambda: None)
    scheduler = object.__new__(beat.Scheduler)
    signs: list[str] = []
    monkeypatch.setattr(health, "beat_now", lambda name, now: signs.append(name))
    assert scheduler.tick() == 1.0
    scheduler.tick()
    assert signs == ["beat"]


def test_beat_goes_on_without_a_database(monkeypatch: Any) -> None:
    def away(name: str, now: datetime) -> None:
        raise OperationalError("no database")

    monkeypatch.setattr(beat.PersistentScheduler, "tick", lambda self: 1.0)
    monkeypatch.setattr(beat, "close_old_connections", lambda: None)
    monkeypatch.setattr(health, "beat_now", away)
    assert object.__new__(beat.Scheduler).tick() == 1.0


def test_after_a_stop_what_is_vital_leaves_first() -> None:
    late = mail.queue_mail(key="late", to="a@exemple.fr", template="alert", context={}, now=NOW - timedelta(days=1))
    vital = mail.queue_mail(key="vital", to="a@exemple.fr", template="alert", context={}, now=NOW, urgent=True)
    assert mail.due_ids(NOW) == [vital.pk, late.pk]
