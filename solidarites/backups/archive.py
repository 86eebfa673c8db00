"""The file of a backup: a .tar.gz of ``manifest.json``, then of the database.

It is opened by ``tar xzf`` on any machine. The manifest says what must be found again after a restore.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from solidarites import reports
from solidarites.backups import BackupError, of_the_system

FORMAT = 1
MANIFEST = "manifest.json"
# By kind of database: what the file inside is called.
FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
BLOCK = 1024 * 1024
DAMAGED = "Cette sauvegarde est endommagée ou incomplète : prenez-en une autre. Rien n’est changé."


@dataclass(frozen=True)
class Look:
    """What a database holds: rows by table, and the last migration of each application."""

    counts: dict[str, int]
    migrations: dict[str, str]


@dataclass(frozen=True)
class Manifest:
    """``made_at`` is None, ``product`` and ``fingerprint`` empty, for a backup of 0.2, which said nothing."""

    database: str
    migrations: dict[str, str]
    made_at: datetime | None = None
    product: str = ""
    fingerprint: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    sha256: str = ""


def product_version() -> str:
    return reports.version()


def digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write(target: Path, database: Path, manifest: Manifest) -> None:
    """Put both in ``target``. Errors: OSError."""
    text: dict[str, Any] = {"format": FORMAT, **asdict(manifest)}
    text["made_at"] = manifest.made_at.isoformat() if manifest.made_at else None
    content = json.dumps(text, ensure_ascii=False, indent=2, sort_keys=True).encode()
    with tarfile.open(target, "w:gz", compresslevel=6) as tar, database.open("rb") as data:
        for name, size, stream in (
            (MANIFEST, len(content), io.BytesIO(content)),
            (FILES[manifest.database], database.stat().st_size, data),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.mode = size, 0o600
            member.mtime = int(manifest.made_at.timestamp()) if manifest.made_at else 0
            tar.addfile(member, stream)


def read(source: Path, folder: Path) -> tuple[Manifest, Path]:
    """Take the database out of ``source`` into ``folder``; raises BackupError unless all of it is as it was written."""
    try:
        with _opened(source) as tar:
            manifest = _manifest(_inside(tar, MANIFEST).read())
            name = FILES.get(manifest.database)
            if name is None:
                raise BackupError(DAMAGED)
            target = folder / name
            with _inside(tar, name) as stream, target.open("xb") as copy:
                found = hashlib.sha256()
                while block := stream.read(BLOCK):
                    found.update(block)
                    copy.write(block)
    except (tarfile.TarError, EOFError, zlib.error, KeyError, ValueError, TypeError) as error:
        raise BackupError(DAMAGED) from error
    if found.hexdigest() != manifest.sha256:
        raise BackupError(DAMAGED)
    return manifest, target


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:gz") as tar:
            yield tar
    except OSError as error:
        # gzip says so of a checksum that differs, without a number.
        if error.errno is None:
            raise BackupError(DAMAGED) from error
        raise of_the_system(error, "La sauvegarde n’a pas pu être lue") from error


def _inside(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    stream = tar.extractfile(name)
    if stream is None:
        raise BackupError(DAMAGED)
    return stream


def _manifest(content: bytes) -> Manifest:
    said = json.loads(content)
    if said["format"] > FORMAT:
        raise BackupError(
            f"Cette sauvegarde vient d’une version plus récente du produit ({said.get('product')}) : installez-la, "
            "puis recommencez. Rien n’est changé."
        )
    return Manifest(
        database=said["database"],
        migrations=dict(said["migrations"]),
        made_at=datetime.fromisoformat(said["made_at"]),
        product=said["product"],
        fingerprint=said["fingerprint"],
        counts={str(table): int(rows) for table, rows in said["counts"].items()},
        sha256=said["sha256"],
    )
