"""Whether the machine works: database, disk, broker, worker, beat, mail, backup. Names, moments and counts alone.

Two questions are kept apart. « Does it serve? » is a yes or a no, for everybody: pages answer, and what follows from a
call is done. « Is all well? » is for who looks after the machine: a late backup or a disk that fills up is no reason
to take the service away from those who call, and every reason to tell somebody (``Part.vital``).
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from kombu.exceptions import ChannelError, KombuError

from solidarites import mail
from solidarites.models import Heartbeat, Installation, OutgoingMail

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
# One a night: two that are missing are no accident any more. A new installation has a few days for its first.
BACKUP_LATE_AFTER = timedelta(hours=48)
BACKUP_EXPECTED_AFTER = timedelta(days=3)
# Bytes of VAR_DIR's disk: somebody should look; nothing can be relied on any more.
ROOM_LOW, ROOM_NONE = 1024**3, 50 * 1024**2
# Written and taken away again: more than a disk that is full keeps in its last block.
WRITTEN = 64 * 1024


@dataclass(frozen=True)
class Part:
    """One component: ``since`` is the last sign of life when it is silent, None when it never gave one.

    ``vital``: without it nothing is served, or nothing that follows from a call is done.
    """

    name: str
    label: str
    ok: bool
    detail: str = ""
    since: datetime | None = None
    vital: bool = True


@dataclass(frozen=True)
class Report:
    """What was found; ``figures`` are the numbers monitoring draws, by name, those that could be known."""

    parts: list[Part]
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        return all(part.ok for part in self.parts if part.vital)

    @property
    def ok(self) -> bool:
        return all(part.ok for part in self.parts)

    @property
    def has_database(self) -> bool:
        return self.part("database").ok

    @property
    def saves(self) -> bool:
        """Whether what is typed is kept; a disk that fills up still takes it."""
        return self.has_database and (self.part("disk").ok or not self.part("disk").vital)

    def part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)


# What waits in the tables of the applications: they say how to count it.
_waiting: dict[str, Callable[[], int]] = {}


def count_waiting(name: str, count: Callable[[], int]) -> None:
    """The state of the service gives ``<name>_waiting`` from now on."""
    _waiting[name] = count


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


def report(now: datetime) -> Report:
    """Every component, in the order in which to look at them. Without a database little else can be known."""
    disk, figures = _disk()
    label = "base de données"
    if not _database_answers():
        return Report([Part("database", label, False, "ne répond pas"), disk], figures)
    try:
        parts, counted = _read(now)
    except DatabaseError as error:
        # Never prepared, of another version, or gone since.
        log.warning("health: the database cannot be read (%s)", type(error).__name__)
        return Report([Part("database", label, False, "ne se lit pas"), disk], figures)
    return Report([Part("database", label, True), disk, *parts], figures | counted)


def _read(now: datetime) -> tuple[list[Part], dict[str, float]]:
    """What the broker and the tables tell."""
    broker, waiting = _broker()
    figures: dict[str, float] = {} if waiting is None else {"tasks_waiting": waiting}
    figures["mails_waiting"] = _mails_waiting()
    figures |= {f"{name}_waiting": count() for name, count in _waiting.items()}
    for row in Heartbeat.objects.filter(name__in=[BEAT, WORKER, BACKUP]):
        figures[f"{row.name}_age_seconds"] = (now - row.at).total_seconds()
    parts = [
        broker,
        _sign(BEAT, "planificateur (beat)", now),
        _sign(WORKER, "tâches automatiques (worker)", now),
        _tasks(),
        _mail(now),
        _backup(now),
    ]
    return parts, figures


def _database_answers() -> bool:
    """Asked through a connection of its own: a connection kept from before may wait for a dead network for minutes.

    settings limits how long a new one may take (connect_timeout).
    """
    fresh = connection.copy()
    try:
        with fresh.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        # The class alone, and no traceback: monitoring asks every few seconds.
        log.warning("health: no database (%s)", type(error).__name__)
        return False
    finally:
        fresh.close()
    return True


def _disk() -> tuple[Part, dict[str, float]]:
    """Something is really written: a disk that has room may refuse (read-only after a fault, a quota)."""
    label = "disque (VAR_DIR)"
    try:
        with tempfile.TemporaryFile(dir=settings.VAR_DIR) as probe:
            probe.write(b"\0" * WRITTEN)
            probe.flush()
            os.fsync(probe.fileno())
        usage = shutil.disk_usage(settings.VAR_DIR)
    except OSError as error:
        log.warning("health: nothing can be written in VAR_DIR (%s)", os.strerror(error.errno or 0))
        return Part("disk", label, False, "rien ne s'y écrit"), {}
    figures = {"disk_free_bytes": float(usage.free), "disk_total_bytes": float(usage.total)}
    left = f"il reste {usage.free // 1024**2} Mo"
    if usage.free < ROOM_NONE:
        return Part("disk", label, False, left), figures
    return Part("disk", label, usage.free >= ROOM_LOW, "" if usage.free >= ROOM_LOW else left, vital=False), figures


def _backup(now: datetime) -> Part:
    """Late, or never made though the installation has served for some days; the demonstration needs none."""
    label = "sauvegarde"
    last = Heartbeat.objects.filter(name=BACKUP).values_list("at", flat=True).first()
    if last is not None:
        late = now - last > BACKUP_LATE_AFTER
        return Part(BACKUP, label, not late, "aucune" if late else "", last, vital=False)
    began = Installation.objects.values_list("since", flat=True).first()
    missing = not settings.DEMO and began is not None and now - began > BACKUP_EXPECTED_AFTER
    return Part(BACKUP, label, not missing, "jamais faite" if missing else "pas encore faite", vital=False)


def _broker() -> tuple[Part, int | None]:
    """Whether tasks can be given, and how many wait; None when that could not be known."""
    waiting = _in_the_folder() if settings.CELERY_BROKER_URL.startswith("filesystem") else _at_the_broker()
    ok = waiting is not None
    return Part("broker", "file des tâches", ok, "" if ok else "injoignable"), waiting


def _in_the_folder() -> int | None:
    folder = settings.BROKER_DIR / "queue"
    return len(list(folder.glob("*.msg"))) if os.access(folder, os.W_OK) else None


def _at_the_broker() -> int | None:
    link = current_app.connection_for_write()
    try:
        with link:
            # kombu wraps what the transport raises in an error of its own.
            link.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            try:
                declared = link.default_channel.queue_declare(queue=current_app.conf.task_default_queue, passive=True)
            except ChannelError:
                return 0  # Redis knows no empty queue
            return int(declared.message_count)
    except (OSError, KombuError, *link.connection_errors):
        return None


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


def _mails_waiting() -> int:
    return OutgoingMail.objects.filter(mail.WAITING).count()


def _mail(now: datetime) -> Part:
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
    except DatabaseError as error:
        log.warning("health: the sign of life could not be written (%s)", type(error).__name__)
