"""The life of a ListImport: upload → columns → check → preview → confirmation → writing → report.

What a person does is a rule here, in one transaction with its journal row. What takes long is a row that a
worker claims by a conditional update and works on in chunks (``tenants.imports.work``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.db import transaction

from solidarites import journal
from solidarites.prompt import ask_for
from tenants.imports import columns, uploads
from tenants.imports.columns import Header
from tenants.imports.fields import LABELS, SEVERAL
from tenants.imports.people import FORMAT
from tenants.imports.plan import FIGURES
from tenants.imports.read import MAX_BYTES, open_list
from tenants.imports.refusal import Refused
from tenants.models import ImportProfile, ImportRow, Landlord, ListCorrection, ListImport, UploadedPiece

State = ListImport.State
# States that somebody may still call off: nothing is written yet.
CANCELLABLE = (State.UPLOADED, State.CHECK_QUEUED, State.CHECKING, State.CHECKED, State.APPLY_QUEUED)
# What nobody confirmed, and what a report shows of its rows.
ERASED_AFTER = timedelta(days=7)
# A correction of somebody who is not known yet.
CORRECTION_KEPT = timedelta(days=365)
# Beyond this share of known people absent from a list, a second confirmation is asked for.
SHRINKS = 20


OUTDATED = (
    "Cette liste avait été vérifiée avant une mise à jour du logiciel. Rien n’en a été écrit depuis : déposez de "
    "nouveau le même fichier. Vos choix de colonnes sont gardés."
)


SECOND_UNREAD = (
    "Des colonnes semblent nommer une seconde personne et ne sont pas lues : dites qu’il n’y a personne d’autre à "
    "appeler, ou annulez et indiquez ce que ces colonnes contiennent."
)


class Outdated(Exception):
    """Checked by another version of the software: its rows could be read otherwise than they were shown."""


class NotNow(Exception):
    """The import has moved on meanwhile; ``message`` says so to whoever acted."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


MOVED_ON = "Cet import a changé d’état entre-temps. Voici où il en est."


def _moved_on() -> NotNow:
    return NotNow(MOVED_ON)


# Upload -----------------------------------------------------------------------------------------------


def upload(*, landlord: Landlord, file: File[bytes], file_name: str, by: Any, now: datetime) -> ListImport:
    """Keep the file until the check has read it, and recognise its columns.

    A refused file leaves a line in the history (who, when, why) and nothing else. Never raises Refused.
    """
    size = file.size or 0
    row = ListImport(landlord=landlord, uploaded_by=by, file_name=_safe_name(file_name), file_size=size, created_at=now)
    if size > MAX_BYTES:
        row.state, row.message = State.REFUSED, Refused("too_big", f"{size // (1024 * 1024)} Mo").message
        return _uploaded(row, None, by)
    with uploads.spooled(file) as path:
        try:
            _recognise(row, path)
        except Refused as error:
            row.state, row.message = State.REFUSED, error.message
        return _uploaded(row, path if row.state == State.UPLOADED else None, by)


@transaction.atomic
def _uploaded(row: ListImport, path: Path | None, by: Any) -> ListImport:
    row.save()
    if path is not None:
        uploads.keep(row, path)
    journal.record("import.uploaded", row, by=by, size=row.file_size, state=row.state)
    return row


def _safe_name(name: str) -> str:
    return "".join(char for char in Path(name.replace("\\", "/")).name if char.isprintable())[:200] or "liste"


def _recognise(row: ListImport, path: Path, sheet: str = "") -> None:
    source = open_list(path, sheet=sheet)
    row.sheets, row.sheet, row.encoding = source.sheets, source.sheet, source.encoding or ""
    header = source.header
    row.columns = []
    row.profile = None
    if header is None:
        if len(source.sheets) <= 1:
            raise Refused("no_header")
        return
    profile = known_profile(row.landlord, header)
    if profile is not None:
        columns.use_fields(header, profile.fields)
        row.profile = profile
    row.columns = [column.as_json() for column in header.columns]


def known_profile(landlord: Landlord, header: Header) -> ImportProfile | None:
    """The newest profile saved for the same headings."""
    profiles = ImportProfile.objects.filter(landlord=landlord, headings=columns.fingerprint(header))
    return profiles.order_by("-created_at", "-pk").first()


@transaction.atomic
def choose_sheet(*, list_import: ListImport, sheet: str, by: Any, now: datetime) -> ListImport:
    """Read another sheet of the workbook. Raises NotNow once the check was asked for, Refused for an unknown sheet."""
    row = _locked(list_import, State.UPLOADED)
    if not uploads.waits(row):
        raise NotNow(OUTDATED)
    with uploads.opened(row) as path:
        _recognise(row, path, sheet)
    row.save(update_fields=["sheets", "sheet", "columns", "profile", "encoding"])
    journal.record("import.sheet_chosen", row, by=by)
    return row


@transaction.atomic
def set_columns(
    *,
    list_import: ListImport,
    fields: dict[int, str],
    by: Any,
    now: datetime,
    profile_name: str = "",
    file: File[bytes] | None = None,
) -> ListImport:
    """Take the columns as corrected, save them as a named profile when asked, and ask for the check.

    ``file``: the same one again, for a list that an upgrade sent back to its upload. Raises NotNow once the check was
    asked for, Refused when no column holds names, or for a file that is missing or another.
    """
    row = _locked(list_import, State.UPLOADED)
    header = columns.header_from_json(row.columns)
    taken: set[str] = set()
    for column in header.columns:
        chosen = fields.get(column.index, column.field)
        if column.refused or chosen not in LABELS or (chosen in taken and chosen not in SEVERAL):
            chosen = ""
        if chosen:
            taken.add(chosen)
        column.field = chosen
    if not header.usable:
        raise Refused("no_name")
    if not uploads.waits(row):
        _keep_again(row, file)
    # The values shown for the choice have served.
    for column in header.columns:
        column.samples = []
    row.columns = [column.as_json() for column in header.columns]
    if profile_name:
        row.profile, _ = ImportProfile.objects.update_or_create(
            landlord=row.landlord,
            name=profile_name[:80],
            defaults={
                "headings": columns.fingerprint(header),
                "fields": {columns.canonical(c.title): c.field for c in header.columns if c.heading},
                "created_at": now,
            },
        )
    row.state, row.message = State.CHECK_QUEUED, ""
    row.save(update_fields=["columns", "profile", "state", "message", "file_size"])
    journal.record("import.check_asked", row, by=by)
    ask_for("tenants.tasks.run_imports")
    return row


# Confirmation, cancelling --------------------------------------------------------------------------------


def shrinks(row: ListImport) -> bool:
    """Whether the list has lost more than a fifth of the people known so far."""
    known = row.counts.get("known", 0)
    return bool(known) and row.counts.get("absent", 0) * 100 > known * SHRINKS


@transaction.atomic
def confirm(
    *,
    list_import: ListImport,
    by: Any,
    now: datetime,
    absent_left: bool = False,
    absent_sure: bool = False,
    one_a_row: bool = False,
) -> ListImport:
    """Ask for the writing of what was previewed.

    ``absent_left`` also closes the people absent from the list; a list that shrank by more than 20 % needs
    ``absent_sure`` too; one with an unread column of a second person needs ``one_a_row``. A list checked by
    another version of the software goes back to its upload instead. Raises NotNow in any other state than «
    checked », ValueError without these answers.
    """
    row = _locked(list_import, State.CHECKED)
    if is_outdated(row):
        back_to_upload(row)
        return row
    if absent_left and shrinks(row) and not absent_sure:
        raise ValueError("La liste compte plus de 20 % de personnes en moins : confirmez une seconde fois.")
    if row.counts.get("corrections"):
        raise ValueError("Des corrections attendent : faites vérifier la liste de nouveau avant de confirmer.")
    if row.counts.get("second_person") and not one_a_row:
        raise ValueError(SECOND_UNREAD)
    row.state, row.absent_left, row.confirmed_at, row.message = State.APPLY_QUEUED, absent_left, now, ""
    row.rows_done = row.applied_through = 0
    row.save(update_fields=["state", "absent_left", "confirmed_at", "message", "rows_done", "applied_through"])
    journal.record("import.confirmed", row, by=by, absent_left=absent_left)
    ask_for("tenants.tasks.run_imports")
    return row


@transaction.atomic
def look_again(*, list_import: ListImport, by: Any, now: datetime) -> ListImport:
    """Check the kept rows anew, with what was corrected of them. Raises NotNow in any other state than « checked »."""
    row = _locked(list_import, State.CHECKED)
    row.state, row.message, row.rows_done = State.CHECK_QUEUED, "", 0
    row.save(update_fields=["state", "message", "rows_done"])
    journal.record("import.check_asked", row, by=by)
    ask_for("tenants.tasks.run_imports")
    return row


@transaction.atomic
def cancel(*, list_import: ListImport, by: Any, now: datetime) -> ListImport:
    """Call it off before anything is written: file and checked rows are erased. Raises NotNow afterwards."""
    row = _locked(list_import, *CANCELLABLE)
    row.rows.all().delete()
    row.state, row.message, row.leased_until, row.lease = State.CANCELLED, "", None, ""
    _forget_samples(row)
    row.save(update_fields=["state", "message", "leased_until", "lease", "columns"])
    journal.record("import.cancelled", row, by=by)
    uploads.erase(row)
    return row


def _forget_samples(row: ListImport) -> None:
    for column in row.columns:
        column["samples"] = []


def _locked(list_import: ListImport, *states: str) -> ListImport:
    row = ListImport.objects.select_for_update(of=("self",)).select_related("landlord").get(pk=list_import.pk)
    if row.state not in states:
        raise _moved_on()
    return row


# After an upgrade ----------------------------------------------------------------------------------------


def is_outdated(row: ListImport) -> bool:
    """Whether rows of this list were checked by a version that keeps them otherwise."""
    return ListImport.objects.outdated(FORMAT).filter(pk=row.pk).exists()


def send_outdated_back() -> None:
    """Checked lists that nobody could confirm any more, back to their upload."""
    for pk in ListImport.objects.outdated(FORMAT).filter(state=State.CHECKED).values_list("pk", flat=True):
        with transaction.atomic():
            row = ListImport.objects.select_for_update().filter(pk=pk, state=State.CHECKED).first()
            if row is not None:
                back_to_upload(row)


def back_to_upload(row: ListImport) -> None:
    """Nothing more of it is written: the same file is asked for again, and its columns stay as they were chosen.

    Within the transaction of the caller, who holds the row.
    """
    row.rows.all().delete()
    row.state, row.message = State.UPLOADED, OUTDATED
    row.counts, row.rows_total, row.rows_done, row.applied_through, row.attempts = {}, 0, 0, 0, 0
    row.absent_left, row.confirmed_at, row.checked_at, row.leased_until, row.lease = False, None, None, None, ""
    row.save(
        update_fields=[
            "state", "message", "counts", "rows_total", "rows_done", "applied_through", "attempts", "absent_left",
            "confirmed_at", "checked_at", "leased_until", "lease",
        ]
    )  # fmt: skip
    journal.record("import.sent_back", row, by=None)


def _keep_again(row: ListImport, file: File[bytes] | None) -> None:
    """Take the file of a list that went back to its upload. Raises Refused without it, or for other headings."""
    if file is None:
        raise Refused("file_missing")
    size = file.size or 0
    if size > MAX_BYTES:
        raise Refused("too_big", f"{size // (1024 * 1024)} Mo")
    with uploads.spooled(file) as path:
        header = open_list(path, sheet=row.sheet).header
        if header is None or [c.heading for c in header.columns] != [c["heading"] for c in row.columns]:
            raise Refused("other_headings")
        uploads.keep(row, path)
    row.file_size = size


# Once written -------------------------------------------------------------------------------------------


@transaction.atomic
def note_applied(row: ListImport, counts: dict[str, Any], *, now: datetime) -> ListImport:
    """The list is written: in the history, who, when, counts and duration; nothing of the file."""
    row.state, row.applied_at, row.counts, row.rows_done = State.APPLIED, now, counts, row.rows_total
    row.leased_until, row.lease, row.attempts = None, "", 0
    row.save(update_fields=["state", "applied_at", "counts", "rows_done", "leased_until", "lease", "attempts"])
    figures = {name: counts.get(name, 0) for name in FIGURES}
    journal.record("import.applied", row, by=row.uploaded_by, absent_left=row.absent_left, **figures)
    return row


# Forgetting ---------------------------------------------------------------------------------------------


def forget_old(now: datetime) -> None:
    """Erase files the check has read, and what waited more than seven days: checked rows, uploads, rejects."""
    reading = (State.UPLOADED, State.CHECK_QUEUED, State.CHECKING)
    UploadedPiece.objects.exclude(list_import__state__in=reading).delete()
    old = ListImport.objects.filter(created_at__lt=now - ERASED_AFTER)
    for row in old.filter(state__in=[State.UPLOADED, State.CHECKED]):
        # Never confirmed: as good as called off.
        if ListImport.objects.filter(pk=row.pk, state=row.state).update(state=State.CANCELLED):
            row.refresh_from_db()
            _forget_samples(row)
            row.save(update_fields=["columns"])
            uploads.erase(row)
    # Of people whom no list brought since.
    ListCorrection.objects.filter(tenant=None, created_at__lt=now - CORRECTION_KEPT).delete()
    final = (State.APPLIED, State.CANCELLED, State.REFUSED)
    ImportRow.objects.filter(list_import__created_at__lt=now - ERASED_AFTER, list_import__state__in=final).delete()
