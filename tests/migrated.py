"""The tests' database on SQLite: migrated once, then copied for each process and each run until the code changes.

``python -m tests.migrated`` makes it beforehand. On PostgreSQL each process migrates its own.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases

OURS = ("solidarites", "tenants", "campaigns")


def set_up() -> Any:
    """An empty database at the last migration; gives what Django asks to take it away."""
    if connection.vendor != "sqlite":
        return setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    ready = Path(settings.VAR_DIR) / f"migrated-{of_this_code()}.sqlite3"
    own = Path(settings.DATABASES["default"]["TEST"]["NAME"])
    with (ready.parent / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            made = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
            keep(own, ready)
            return made
        for left in own.parent.glob(f"{own.name}*"):
            if left.name.removeprefix(own.name) in ("", "-wal", "-shm", "-journal"):
                left.unlink()
        copy(ready, own)
    # Django looks that nothing is left to migrate.
    return setup_databases(verbosity=0, interactive=False, keepdb=True, serialized_aliases=())


def of_this_code() -> str:
    """The same as long as nothing that migrations may read has changed: our code but its tests, and the libraries."""
    code = (
        path
        for app in OURS
        for path in sorted((settings.BASE_DIR / app).rglob("*.py"))
        if "tests" not in path.relative_to(settings.BASE_DIR).parts
    )
    read = sha256()
    for path in (*code, settings.BASE_DIR / "requirements-dev.lock"):
        read.update(f"{path.relative_to(settings.BASE_DIR)}\n".encode() + path.read_bytes())
    return read.hexdigest()[:16]


def keep(own: Path, ready: Path) -> None:
    """Under its name only once it is whole; those of the code before go."""
    for before in ready.parent.glob("migrated-*.sqlite3"):
        before.unlink()
    unfinished = ready.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    copy(own, unfinished)
    unfinished.rename(ready)


def copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")
    django.setup()
    if connection.vendor == "sqlite":
        teardown_databases(set_up(), verbosity=0)
