"""The uploaded file, from its upload to its check: pieces in the database, encrypted under a key that is not there.

Machines share nothing but the database, so the worker that checks a list finds it wherever it was uploaded. What stands
on a disk is a temporary copy in clear of the one process that reads it, which goes with the reading.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.db import transaction

from solidarites import secrets_at_rest
from tenants.imports.refusal import Refused
from tenants.models import ListImport, UploadedPiece

# Bytes of the file in one row: a statement of a megabyte, and a hundred rows for the largest list.
PIECE = 1024 * 1024
PURPOSE = "uploaded list"
FOLDER = "uploads"


def waits(row: ListImport) -> bool:
    """Whether the file is still there, to be read."""
    return UploadedPiece.objects.filter(list_import=row).exists()


@contextmanager
def spooled(file: File[bytes]) -> Iterator[Path]:
    """What a browser sent, as a file to read."""
    with _temporary() as copy:
        for chunk in file.chunks(PIECE):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


@transaction.atomic
def keep(row: ListImport, path: Path) -> None:
    """Write the file in the database; ``row`` is saved."""
    with path.open("rb") as stream:
        position = 0
        while content := stream.read(PIECE):
            UploadedPiece.objects.create(
                list_import=row, position=position, content=secrets_at_rest.encrypt(content, purpose=PURPOSE)
            )
            position += 1


@contextmanager
def opened(row: ListImport) -> Iterator[Path]:
    """The file in clear, for as long as the block lasts. Raises Refused where PRIVACY_KEY is not the one of the upload.

    One piece in memory at a time.
    """
    with _temporary() as copy:
        pieces = UploadedPiece.objects.filter(list_import=row).order_by("position")
        for pk in pieces.values_list("pk", flat=True):
            content = bytes(UploadedPiece.objects.values_list("content", flat=True).get(pk=pk))
            try:
                copy.write(secrets_at_rest.decrypt(content, purpose=PURPOSE))
            except secrets_at_rest.Unreadable as error:
                raise Refused("file_lost") from error
        copy.flush()
        yield Path(copy.name)


def erase(row: ListImport) -> int:
    """How many pieces went."""
    return UploadedPiece.objects.filter(list_import=row).delete()[0]


@contextmanager
def _temporary() -> Iterator[IO[bytes]]:
    folder = settings.VAR_DIR / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".list") as copy:
        yield copy
