"""A hold on a piece of work that ends with the process that has it: no clock says that it is over.

On PostgreSQL an advisory lock of the connection, which the server frees when the connection breaks; on SQLite, where
all processes share one machine, a lock on a file, which the system frees.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import DatabaseError, connection

MAIL = 1
# Files, on SQLite; two pieces of work that fall on the same one wait for each other.
PLACES = 64
# A machine that lost its power says no goodbye: the server asks after it, and forgets it within a minute.
_KEEPALIVE = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}


@contextmanager
def hold(kind: int, number: int) -> Iterator[bool]:
    """True when nobody else alive holds this; it is then held until the block ends. Never waits."""
    with _in_the_database(kind, number) if connection.vendor == "postgresql" else _in_a_file(kind, number) as mine:
        yield mine


@contextmanager
def _in_the_database(kind: int, number: int) -> Iterator[bool]:
    place = (kind, number % 2**31)
    with connection.cursor() as cursor:
        for name, value in _KEEPALIVE.items():
            cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", place)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            # A connection that broke has freed it already.
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", place)


@contextmanager
def _in_a_file(kind: int, number: int) -> Iterator[bool]:
    folder = settings.VAR_DIR / "holds"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{kind}-{number % PLACES}").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
