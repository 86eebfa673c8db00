"""A mail that leaves is held by the process that sends it, until it ends: no clock says that it is over.

On PostgreSQL by its row, locked in a transaction that the server ends when the connection breaks; on SQLite, where a
transaction would stop every other writer and all processes share one machine, by a file that the system frees.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import realpath
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

# Files, on SQLite; two mails that fall on the same one wait for each other.
PLACES = 64
# A machine that lost its power says no goodbye: the server asks after it, and forgets it within a minute.
_KEEPALIVE = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}


@contextmanager
def in_the_database(row: QuerySet[Any]) -> Iterator[bool]:
    """True when the row is as said and nobody else alive holds it; held until the block ends. Never waits."""
    if connection.vendor != "postgresql":
        yield True
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            for name, value in _KEEPALIVE.items():
                cursor.execute("SELECT set_config(%s, %s, true)", (name, value))
        yield row.select_for_update(skip_locked=True, no_key=True).first() is not None


@contextmanager
def on_this_machine(number: int) -> Iterator[bool]:
    """On SQLite, True when no other process sends what has this number; elsewhere there is nothing to ask here."""
    if connection.vendor != "sqlite":
        yield True
        return
    folder = settings.VAR_DIR / "holds"
    folder.mkdir(parents=True, exist_ok=True)
    # Two databases beside one folder have each their own mails.
    base = zlib.crc32(realpath(connection.settings_dict["NAME"]).encode())
    with (folder / f"mail-{base:08x}-{number % PLACES}").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
