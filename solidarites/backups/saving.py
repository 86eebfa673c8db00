"""Making a backup: under a name of its own, complete or not there at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from solidarites import health, privacy
from solidarites.backups import BackupError, archive, encryption, of_the_system, postgresql, sqlite
from solidarites.backups.archive import Manifest
from solidarites.models import Installation

PREFIX, BEFORE_RESTORE = "solidarites", "avant-restauration"
STAMP = "%Y-%m-%d-%H%M%S"
# Ours alone are ever removed; « .sqlite3 » and « .dump » are those of 0.2.
NAMED = re.compile(
    rf"(?:{PREFIX}|{BEFORE_RESTORE})-(\d{{4}}-\d\d-\d\d-\d{{6}})\.(?:tar\.gz(?:\.age|\.gpg)?|sqlite3|dump)"
)
WORK = ".en-cours-"
# A process that was killed left its work; one that still runs has not been at it for a day.
ABANDONED_AFTER = 24 * 3600


@dataclass(frozen=True)
class Saved:
    path: Path
    manifest: Manifest
    removed: list[Path]


def default_folder() -> Path:
    return Path(settings.VAR_DIR) / "backups"


def refuse_root() -> None:
    """Files made by root in a folder of the service would stop it. Raises BackupError."""
    owner = Path(settings.VAR_DIR).stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        raise BackupError(
            f"Lancez cette commande avec le compte de l’application, à qui appartient {settings.VAR_DIR} "
            "(runuser -u solidarites -- …) : des fichiers de root l’empêcheraient d’écrire."
        )


def save(
    *,
    now: datetime,
    target: Path | None = None,
    recipient: str = "",
    keep: int = 0,
    prefix: str = PREFIX,
) -> Saved:
    """Copy the database, application running or not, into one file that its owner alone reads.

    ``target``: a file, which must not exist; or a folder, as by default VAR_DIR/backups, where the file takes its name
    from the moment and only the last ``keep`` of them stay (0: all). With ``recipient`` it is encrypted.
    Steps: copy and check it; write and encrypt it aside; give it its name; forget older ones; note the success.
    Errors: BackupError. Nothing is then left under the final name.
    """
    try:
        given = target or default_folder()
        folder = given if target is None or given.is_dir() else given.parent
        if folder == given.parent and not given.name.endswith((".tar.gz", ".age", ".gpg")):
            raise BackupError(
                f"{given} n'est pas un dossier : est-il monté ? Pour un fichier, donnez un nom en .tar.gz."
            )
        suffix = f".{encryption.program_for(recipient)}" if recipient else ""
        path = given
        if folder == given:
            path = _free(folder, prefix, f".tar.gz{suffix}", now)
        if path.exists():
            raise BackupError(f"{path} existe déjà.")
        with work_in(folder) as work:
            manifest, made = _made(work, now)
            if recipient:
                closed = work / "closed"
                encryption.encrypt(made, closed, recipient)
                made = closed
            _put(made, path)
        removed = _rotate(folder, keep, path) if folder == given else []
    except OSError as error:
        raise of_the_system(error, "La sauvegarde a échoué") from error
    if prefix == PREFIX:
        health.guarded(lambda: health.beat_now(health.BACKUP, now))
    return Saved(path=path, manifest=manifest, removed=removed)


def _free(folder: Path, prefix: str, suffix: str, now: datetime) -> Path:
    """The name of this moment; of the next second when another took it."""
    while (path := folder / f"{prefix}-{timezone.localtime(now):{STAMP}}{suffix}").exists():
        now += timedelta(seconds=1)
    return path


@contextmanager
def work_in(folder: Path) -> Iterator[Path]:
    """A folder for what is not finished, on the same disk, gone afterwards whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{WORK}*"):
        if time.time() - old.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=WORK, dir=folder) as made:
        yield Path(made)


def _made(work: Path, now: datetime) -> tuple[Manifest, Path]:
    database = work / archive.FILES[connection.vendor]
    database.touch(mode=0o600)
    try:
        if connection.vendor == "sqlite":
            seen = sqlite.copy(Path(str(connection.settings_dict["NAME"])), database)
        else:
            seen = postgresql.dump(database)
        if "django_migrations" not in seen.counts:
            raise BackupError("Cette base est vide : DATABASE_URL et VAR_DIR sont-ils bons ?")
        # A base of the version before has no such table.
        up_to_date = Installation._meta.db_table in seen.counts
        fingerprint = privacy.of_this_base() if up_to_date else privacy.fingerprint()
    except DatabaseError as error:
        raise BackupError(unreachable(error)) from error
    manifest = Manifest(
        database=connection.vendor,
        migrations=seen.migrations,
        made_at=now,
        product=archive.product_version(),
        fingerprint=fingerprint,
        counts=seen.counts,
        sha256=archive.digest_of(database),
    )
    made = work / "archive"
    made.touch(mode=0o600)
    archive.write(made, database, manifest)
    database.unlink()
    return manifest, made


def unreachable(error: DatabaseError) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"La base ne répond pas : {lines[0][:250]} Vérifiez DATABASE_URL."


def _put(made: Path, path: Path) -> None:
    """On the disk for good, then under its name; a file that came there meanwhile is not replaced."""
    made.chmod(0o600)
    with made.open("rb") as stream:
        os.fsync(stream.fileno())
    try:
        os.link(made, path)
    except FileExistsError as error:
        raise BackupError(f"{path} existe déjà.") from error
    except OSError:  # a disk without hard links
        shutil.move(made, path)


def _rotate(folder: Path, keep: int, newest: Path) -> list[Path]:
    """Remove all but the last ``keep`` backups of this folder, by the moment in their name."""
    ours = [(found.group(1), path) for path in folder.iterdir() if (found := NAMED.fullmatch(path.name))]
    old = [path for _, path in sorted(ours, reverse=True)[keep:] if path != newest] if keep else []
    for path in old:
        path.unlink()
    return sorted(old)
