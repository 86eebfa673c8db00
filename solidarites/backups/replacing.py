"""Opening a backup, refusing what does not fit before anything is touched, and putting it in the place of the base."""

from __future__ import annotations

import hmac
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader

from solidarites import privacy
from solidarites.backups import BackupError, archive, encryption, of_the_system, postgresql, saving, sqlite
from solidarites.backups.archive import DAMAGED, Manifest

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True)
class Opened:
    """A backup that has been read whole: ``path`` is the database taken out of it."""

    manifest: Manifest
    path: Path


def open_backup(file: Path, work: Path, *, identity: str = "") -> Opened:
    """Decrypt, unpack and check all of it; ``work`` receives what is in clear. Errors: BackupError."""
    if not file.is_file():
        raise BackupError(f"{file} : ce fichier n’existe pas. Rien n’est changé.")
    try:
        if encryption.program_of(file):
            clear = work / "clear"
            clear.touch(mode=0o600)
            encryption.decrypt(file, clear, identity)
            file = clear
        with file.open("rb") as stream:
            start = stream.read(len(sqlite.MAGIC))
        if start.startswith(b"\x1f\x8b"):
            manifest, path = archive.read(file, work)
        elif start == sqlite.MAGIC:
            manifest, path = Manifest(database="sqlite", migrations={}), file
        elif start.startswith(postgresql.MAGIC):
            manifest, path = Manifest(database="postgresql", migrations={}), file
        else:
            raise BackupError(f"{file.name} n’est pas une sauvegarde de Solidarités. Rien n’est changé.")
    except OSError as error:
        raise of_the_system(error, "La sauvegarde n’a pas pu être lue") from error
    if manifest.database != connection.vendor:
        raise BackupError(
            f"C’est la sauvegarde d’une base {KINDS[manifest.database]}, et DATABASE_URL désigne une base "
            f"{KINDS[connection.vendor]}. Rien n’est changé."
        )
    return Opened(manifest=_checked(manifest, path), path=path)


def _checked(manifest: Manifest, path: Path) -> Manifest:
    """Read the database inside; of a backup without manifest, what it holds."""
    if manifest.database == "postgresql":
        postgresql.check(path)
        if manifest.sha256:
            return manifest
        return Manifest(database="postgresql", migrations=postgresql.migrations_in(path))
    try:
        sqlite.check(path)
        seen = sqlite.look(path)
    except sqlite3.Error as error:
        raise BackupError(DAMAGED) from error
    if not manifest.sha256:
        return Manifest(database="sqlite", migrations=seen.migrations)
    if seen.counts != manifest.counts:
        raise BackupError(DAMAGED)
    return manifest


def refuse_newer(manifest: Manifest) -> None:
    """A base that newer code has migrated is not for this one. Raises BackupError."""
    if "solidarites" not in manifest.migrations:
        raise BackupError("Ce n’est pas la sauvegarde d’une base de Solidarités. Rien n’est changé.")
    loader = MigrationLoader(None)
    known = set(loader.disk_migrations)
    known |= {old for one in loader.disk_migrations.values() for old in one.replaces}
    newer = [f"{app} {name}" for app, name in sorted(manifest.migrations.items()) if (app, name) not in known]
    if newer:
        version = f" ({manifest.product})" if manifest.product else ""
        raise BackupError(
            f"Cette sauvegarde vient d’une version plus récente du produit{version} que celle-ci "
            f"({archive.product_version()})\u00a0: installez-la, puis recommencez. "
            f"Inconnu ici\u00a0: {', '.join(newer)}. Rien n’est changé."
        )


def refuse_other_key(manifest: Manifest) -> None:
    """The oppositions of the backup are read under this key, or not at all. Raises BackupError."""
    if manifest.fingerprint and not hmac.compare_digest(manifest.fingerprint, privacy.fingerprint()):
        raise BackupError(
            f"La clé de cette sauvegarde est une autre : {privacy.problem(manifest.fingerprint)} "
            "Pour restaurer quand même : ACCEPT_OTHER_KEY=1 avec make, --accept-other-key sinon. Rien n’est changé."
        )


def standing() -> bool:
    """Whether a readable base is there.

    Raises StillRunning when another program uses it, BackupError when the server does not answer.
    """
    if connection.vendor == "sqlite":
        connections.close_all()
        return sqlite.readable_alone(_sqlite_path()) and _has_migrations()
    try:
        return postgresql.is_readable()
    except DatabaseError as error:
        raise BackupError(saving.unreachable(error)) from error


def _has_migrations() -> bool:
    with suppress(DatabaseError):
        return "django_migrations" in connection.introspection.table_names()
    return False


def _sqlite_path() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


def set_aside(now: datetime) -> Path | None:
    """Keep as it is an SQLite base that cannot be read: somebody may still get something out of it."""
    path = _sqlite_path()
    if connection.vendor != "sqlite" or not path.is_file() or not path.stat().st_size:
        return None
    kept = saving.default_folder() / f"{saving.BEFORE_RESTORE}-{now.astimezone():{saving.STAMP}}.sqlite3"
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        for source in (path, *sqlite.beside(path)):
            target = kept.with_name(kept.name + source.name.removeprefix(path.name))
            target.touch(mode=0o600)
            target.write_bytes(source.read_bytes())
    except OSError as error:
        raise of_the_system(error, "La base illisible n’a pas pu être mise de côté") from error
    return kept


def replace(opened: Opened) -> None:
    """The backup takes the place of the base. Errors: BackupError, and the base is as before."""
    connections.close_all()
    if connection.vendor == "sqlite":
        sqlite.replace(opened.path, _sqlite_path())
    else:
        postgresql.replace(opened.path, opened.manifest.counts)


def bring_up(opened: Opened) -> None:
    """Count again what is now in the base, then bring it to this version. Errors: BackupError."""
    if opened.manifest.counts:
        seen = sqlite.look(_sqlite_path()) if connection.vendor == "sqlite" else postgresql.look()
        wrong = [table for table, rows in opened.manifest.counts.items() if seen.counts.get(table) != rows]
        if wrong:
            raise BackupError(f"Ces tables n’ont pas le nombre de lignes de la sauvegarde : {', '.join(wrong)}.")
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise BackupError(f"La base est remise, mais sa mise à jour a échoué : {str(error)[:200]}") from error
