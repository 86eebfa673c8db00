"""Whether the machine works: database, broker, worker, beat, mail. Component names and moments, nothing personal."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from solidarites.models import Heartbeat, OutgoingMail

log = logging.getLogger(__name__)

WORKER, BEAT = "worker", "beat"
# The last backup that succeeded (solidarites.backups.saving).
BACKUP = "backup"
# Both give a sign every 30 seconds; a long task may hold the worker for some of them.
SILENT_AFTER = timedelta(minutes=3)
# A message that has waited this long past its turn is not leaving.
MAIL_LATE_AFTER = timedelta(minutes=15)
# A final failure is an alert of its own; monitoring speaks of it for a day.
MAIL_FAILED_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Part:
    """One component: ``since`` is the last sign of life when it is silent, None when it never gave one."""

    name: str
    label: str
    ok: bool
    detail: str = ""
    since: datetime | None = None


def beat_now(name: str, now: datetime) -> None:
    """Note a sign of life of ``name`` (worker or beat)."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})


def task_succeeded(name: str, now: datetime) -> bool:
    """Note that a task ended well; True when it had been failing until now."""
    was_failing = Heartbeat.objects.filter(name=name, failing_since__isnull=False).exists()
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "failing_since": None})
    return was_failing


def task_failed(name: str, now: datetime) -> datetime:
    """Note that a task failed; the moment of its first failure since it last ended well."""
    row, _ = Heartbeat.objects.get_or_create(name=name, defaults={"at": now, "failing_since": now})
    Heartbeat.objects.filter(name=name, failing_since=None).update(failing_since=now)
    return row.failing_since or now


def stopped_since(now: datetime) -> tuple[bool, datetime | None]:
    """(stopped, last sign of life) of the automatic tasks; (True, None) when they never started.

    The worker's sign is asked for by beat: its row is late as soon as either of them is stopped.
    """
    last = Heartbeat.objects.filter(name=WORKER).values_list("at", flat=True).first()
    return last is None or now - last > SILENT_AFTER, last


def report(now: datetime) -> list[Part]:
    """Every component, in the order in which to look at them. Without a database nothing else can be known."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("health: no database")
        return [Part("database", "base de données", False, "ne répond pas")]
    return [
        Part("database", "base de données", True),
        _broker(),
        _sign(BEAT, "planificateur (beat)", now),
        _sign(WORKER, "tâches automatiques (worker)", now),
        _tasks(),
        _mail(now),
    ]


def _broker() -> Part:
    ok = _folder_writable() if settings.CELERY_BROKER_URL.startswith("filesystem") else _reachable()
    return Part("broker", "file des tâches", ok, "" if ok else "injoignable")


def _folder_writable() -> bool:
    return os.access(settings.BROKER_DIR / "queue", os.W_OK)


def _reachable() -> bool:
    from kombu.exceptions import KombuError

    from solidarites.celery import app

    link = app.connection_for_write()
    try:
        with link:
            # kombu wraps what the transport raises in an error of its own.
            link.ensure_connection(max_retries=1, interval_start=0, timeout=2)
    except (OSError, KombuError, *link.connection_errors):
        return False
    return True


def _sign(name: str, label: str, now: datetime) -> Part:
    last = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    if last is None:
        return Part(name, label, False, "jamais vu")
    ok = now - last <= SILENT_AFTER
    return Part(name, label, ok, "" if ok else "silencieux", last)


def _tasks() -> Part:
    failing = list(
        Heartbeat.objects.filter(failing_since__isnull=False)
        .order_by("failing_since")
        .values_list("name", "failing_since")
    )
    if not failing:
        return Part("tasks", "résultat des tâches", True)
    names = ", ".join(name.rpartition(".")[2] for name, _ in failing)
    return Part("tasks", "résultat des tâches", False, f"en échec : {names}", failing[0][1])


def _mail(now: datetime) -> Part:
    from solidarites import mail

    oldest = (
        OutgoingMail.objects.filter(mail.WAITING).order_by("next_try_at").values_list("next_try_at", flat=True).first()
    )
    if oldest is not None and now - oldest > MAIL_LATE_AFTER:
        return Part("mail", "e-mails", False, "des messages attendent", oldest)
    # An address that nobody has is an alert for the coordination; the server that said so works.
    lost = OutgoingMail.objects.filter(state=OutgoingMail.State.FAILED, next_try_at__gte=now - MAIL_FAILED_FOR)
    if failed := lost.exclude(error__startswith="SMTPRecipientsRefused").count():
        return Part("mail", "e-mails", False, f"non remis depuis 24 h : {failed}")
    return Part("mail", "e-mails", True)


def guarded(note: Callable[[], object]) -> None:
    """Run ``note``; a database that is away never stops who gives the sign."""
    try:
        note()
    except DatabaseError:
        log.exception("health: the sign of life could not be written")
