"""Who serves this installation: web, worker and beat say so for as long as they live, a restore makes sure of nobody.

On one machine each process holds a shared lock on a file of VAR_DIR (``holds/running-web``…), which the system frees
however the process ends; a restore takes these locks whole, so nothing starts while it works either. No clock, no
process number that another process could have taken over.

Elsewhere only the database tells, and only PostgreSQL is shared: any other connection to it refuses; and a sign of
life of worker or beat that moves while one watches (they may have no connection open at that moment). On SQLite,
whoever else has the file open (a terminal, another container) is found by SQLite's own lock (``backups.sqlite``).
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.utils import timezone

from solidarites import health
from solidarites.models import Heartbeat

WEB, WORKER, BEAT = "web", "worker", "beat"
KINDS = (WEB, WORKER, BEAT)
RESTORING = "Une restauration est en cours : attendez sa fin, puis redémarrez."
UNFINISHED = (
    "Une restauration n’est pas allée au bout : relancez « make restore FILE=… » ; rien ne démarre avant, pour que "
    "personne ne soit appelé à tort."
)
# Both give a sign every 30 seconds.
SIGN_WITHIN = timedelta(seconds=40)
# Open as long as the process lives.
_held: list[IO[str]] = []


class StillRunning(Exception):
    """Somebody uses this installation; the text says who."""


def _file(kind: str) -> Path:
    folder: Path = settings.VAR_DIR / "holds"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"running-{kind}"


def unfinished() -> Path:
    """There while a restore is under way; it holds what the restore has still to carry over."""
    return _file("restore").with_name("restoration.json")


def announce(kind: str) -> None:
    """This process serves until it ends. Raises ImproperlyConfigured during a restore, or after one that was cut."""
    file = _file(kind).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise ImproperlyConfigured(RESTORING) from error
    if unfinished().exists():
        file.close()
        raise ImproperlyConfigured(UNFINISHED)
    _held.append(file)


@contextmanager
def alone() -> Iterator[None]:
    """Nothing serves on this machine, and nothing starts until the block ends. Raises StillRunning."""
    with ExitStack() as stack:
        busy = []
        for kind in KINDS:
            file = stack.enter_context(_file(kind).open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                busy.append(kind)
        if busy:
            raise StillRunning(
                f"L’application tourne encore ({', '.join(busy)}) : arrêtez web, worker et beat, sur toutes les "
                "machines, puis recommencez. Rien n’est changé."
            )
        yield


def refuse_elsewhere(say: Callable[[str], object], sleep: Callable[[float], object] = time.sleep) -> None:
    """On PostgreSQL: nobody else is connected, and no worker or beat of another machine gives signs of life."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            # Autovacuum and the like have no user.
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
        )
        others = cursor.fetchone()[0]
    if others:
        raise StillRunning(
            f"{others} autre(s) connexion(s) à cette base PostgreSQL : arrêtez web, worker et beat sur toutes les "
            "machines, fermez psql et les autres outils, puis recommencez. Rien n’est changé."
        )
    last = _last_sign()
    if last is None or timezone.now() - last > SIGN_WITHIN:
        return
    say(f"Un worker ou beat a donné signe de vie à {timezone.localtime(last):%H:%M:%S} : attente de 40 secondes…")
    for _ in range(int(SIGN_WITHIN.total_seconds())):
        sleep(1)
        if _last_sign() != last:
            raise StillRunning(
                "Un worker ou beat tourne encore sur une autre machine : arrêtez-le, puis recommencez. "
                "Rien n’est changé."
            )


def _last_sign() -> datetime | None:
    signs = Heartbeat.objects.filter(name__in=[health.WORKER, health.BEAT]).order_by("-at")
    try:
        return signs.values_list("at", flat=True).first()
    except DatabaseError:  # an empty database, or one of another version
        return None
