"""SQLite: a copy while others write, and a file in the place of another with nothing of it left."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from solidarites.backups import BackupError, of_the_system
from solidarites.backups.archive import Look
from solidarites.running import StillRunning

MAGIC = b"SQLite format 3\x00"
# What SQLite keeps beside a base, and would read again into whatever stands in its place.
BESIDE = ("-wal", "-shm", "-journal")


def copy(source: Path, target: Path) -> Look:
    """A whole and checked copy of a base in use. Errors: BackupError."""
    if not source.is_file() or not source.stat().st_size:
        raise BackupError(f"Il n’y a pas de base à sauvegarder ({source}) : DATABASE_URL et VAR_DIR sont-ils bons ?")
    try:
        with closing(sqlite3.connect(source)) as base, closing(sqlite3.connect(target)) as new:
            base.backup(new)
            # One file, without companions.
            new.execute("PRAGMA journal_mode=DELETE")
        check(target)
        return look(target)
    except sqlite3.Error as error:
        raise BackupError(_said(error, "La copie de la base a échoué")) from error


def _said(error: sqlite3.Error, what: str) -> str:
    # SQLite itself says « full » only of some of the ways in which a disk has no room.
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
        return f"{what} : plus de place sur le disque. Libérez de la place, puis recommencez."
    return f"{what} : {error}."


def check(path: Path) -> None:
    """Raises sqlite3.DatabaseError unless SQLite finds every page in order."""
    with closing(sqlite3.connect(path)) as base:
        found = [row[0] for row in base.execute("PRAGMA integrity_check(3)")]
        if found != ["ok"]:
            raise sqlite3.DatabaseError("; ".join(found))


def look(path: Path) -> Look:
    with closing(sqlite3.connect(path)) as base:
        tables = [
            name
            for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not name.startswith("sqlite_")
        ]
        counts = {name: base.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608
        migrations = {}
        if "django_migrations" in counts:
            migrations = dict(base.execute("SELECT app, max(name) FROM django_migrations GROUP BY app"))
    return Look(counts=counts, migrations=migrations)


def beside(path: Path) -> list[Path]:
    return [found for suffix in BESIDE if (found := path.with_name(path.name + suffix)).exists()]


def readable_alone(path: Path) -> bool:
    """Whether a readable base is there; what its WAL held is then in the file.

    Raises StillRunning when another process has it open.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as base:
        return _take(base)


def _take(base: sqlite3.Connection) -> bool:
    try:
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # In WAL mode whoever has the base open holds a shared lock, which this one does not get past.
        base.execute("PRAGMA locking_mode=EXCLUSIVE")
        base.execute("BEGIN EXCLUSIVE")
        base.execute("COMMIT")
        base.execute("PRAGMA locking_mode=NORMAL")
        base.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise StillRunning(
                "La base SQLite est ouverte par un autre programme : arrêtez web, worker et beat, fermez les autres "
                "outils, puis recommencez. Rien n’est changé."
            ) from error
        return False
    except sqlite3.DatabaseError:
        return False
    return True


def replace(new: Path, target: Path) -> None:
    """``new`` takes the place of ``target``; nothing of the base before is left beside it. Errors: BackupError.

    The new file is whole on the disk before the old one goes. The old WAL goes first: cut off there, the old base
    lacks its last writes (it was copied before); the other way round, SQLite would read the old WAL into the new
    base, and delete what is in it.
    """
    staged = target.with_name(f".{target.name}.restauration")
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.unlink(missing_ok=True)
        staged.touch(mode=0o600)
        with new.open("rb") as source, staged.open("wb") as copied:
            shutil.copyfileobj(source, copied, 1024 * 1024)
            copied.flush()
            os.fsync(copied.fileno())
        staged.chmod(mode)
        for old in beside(target):
            old.unlink()
        staged.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise of_the_system(error, "La base n’a pas pu être remplacée") from error
    finally:
        staged.unlink(missing_ok=True)
