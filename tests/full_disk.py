"""A disk with no room left, as the database itself says it: nothing can be written until the block ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

WRITES = re.compile(r'\b(INSERT INTO|DELETE FROM|UPDATE) "', re.IGNORECASE)
# Of each database: a write that it refuses for want of room. PostgreSQL says so as when its disk is full (53100).
REFUSED = {
    # More than the pages that earlier tests left free in the file.
    "sqlite": "INSERT INTO no_room VALUES (zeroblob(500000000))",
    "postgresql": "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$",
}


def _no_room(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """In the place of each write, one that meets the limit: the error, and what it undoes, are the database's own."""
    if WRITES.search(sql):
        return execute(REFUSED[connection.vendor], None, False, context)
    return execute(sql, params, many, context)


@contextmanager
def full_disk() -> Iterator[None]:
    """Needs a test that commits (transactional_db): SQLite may undo the whole transaction that meets its limit."""
    if connection.vendor == "postgresql":
        with connection.execute_wrapper(_no_room):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE no_room (x)")
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    try:
        with connection.execute_wrapper(_no_room):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE no_room")
