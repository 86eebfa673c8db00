"""A whole list checked and written while one waits: the command, the demonstration, rows given by a program."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from tenants.imports import columns, corrections, jobs, told
from tenants.imports.apply import lock, write
from tenants.imports.check import Checker
from tenants.imports.grouping import CHUNK, GroupedList, grouped, grouped_rows
from tenants.imports.plan import FIGURES, HouseholdPlan, Kind
from tenants.imports.read import Row, open_list
from tenants.imports.refusal import Refused
from tenants.models import Landlord, ListImport

AT_ONCE = 4 * CHUNK  # rows, where nobody watches the progress


@dataclass
class Result:
    """What ``--json`` tells. ``counts`` are those of the preview and of the report."""

    counts: dict[str, Any] = field(default_factory=dict)
    encoding: str | None = None
    issues: list[dict[str, Any]] = field(default_factory=list)
    # Who is not taken over: row, name, word, reason.
    departed: list[dict[str, Any]] = field(default_factory=list)
    births: dict[str, str | None] = field(default_factory=dict)
    insee: dict[str, str | None] = field(default_factory=dict)
    # Everybody the landlord has after the list (``told.people``).
    people: list[dict[str, Any]] = field(default_factory=list)
    import_id: int | None = None

    def as_json(self, *, people: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = {name: self.counts[name] for name in FIGURES if name != "tenants_closed"}
        answer["skipped_rows"] = self.counts["skipped_rows"]
        answer["refused_columns"] = self.counts["refused_columns"]
        answer["encoding"] = self.encoding
        answer["skipped"] = self.departed
        answer["issues"] = self.issues
        if people:
            answer["births"], answer["insee"], answer["people"] = self.births, self.insee, self.people
        return answer


def import_list(
    path: Path,
    *,
    landlord: Landlord,
    now: datetime,
    by: Any = None,
    sheet: str = "",
    fields: Mapping[str, str] | None = None,
    file_name: str = "",
    dry_run: bool = False,
    details: bool = False,
    people: bool = False,
) -> Result:
    """Check a file and, unless ``dry_run``, write it, synchronously.

    The file is read to its end before anything is written; then each chunk is planned and written in a
    transaction of its own: started again after a stop, it changes only what is left. ``details`` gathers
    issues, births and communes, ``people`` everybody the landlord then has. Raises Refused.
    """
    started = time.monotonic()
    source = open_list(path, sheet=sheet)
    if source.header is not None and fields:
        columns.use_fields(source.header, dict(fields))
    remembered = corrections.Remembered(landlord)
    with grouped(source, timezone.localdate(now), remembered=remembered if remembered.values else None) as found:
        result = _run(found, landlord, now=now, by=by, dry_run=dry_run, details=details)
    result.encoding = source.encoding
    if people:
        result.people = told.people(landlord)
    if not dry_run:
        counts = {**result.counts, "seconds": round(time.monotonic() - started, 1)}
        with transaction.atomic():
            row = ListImport.objects.create(
                landlord=landlord,
                uploaded_by=by,
                file_name=(file_name or path.name)[:200],
                file_size=path.stat().st_size,
                encoding=result.encoding or "",
                rows_total=counts["rows"],
                created_at=now,
                started_at=now,
                checked_at=now,
                confirmed_at=now,
            )
            jobs.note_applied(row, counts, now=timezone.now())
        result.import_id = row.pk
    return result


def import_rows(
    rows: Iterable[Mapping[str, Any]], *, landlord: Landlord, now: datetime, by: Any = None, dry_run: bool = False
) -> Result:
    """Check and write rows given as ``{heading: value}``, as a list with these headings would be. Synchronous."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        raise Refused("no_rows")
    names = list(first)

    def numbered() -> Iterable[Row]:
        # As in a spreadsheet, the headings are its first row.
        yield 2, [first[name] for name in names]
        for number, row in enumerate(rows, start=3):
            yield number, [row.get(name, "") for name in names]

    with grouped_rows(columns.read_header(names, 0), numbered(), timezone.localdate(now)) as found:
        return _run(found, landlord, now=now, by=by, dry_run=dry_run, details=True)


def _run(found: GroupedList, landlord: Landlord, *, now: datetime, by: Any, dry_run: bool, details: bool) -> Result:
    checker = Checker(landlord, listed=found.workspace)
    result = Result()
    for batch in found.batches(AT_ONCE):
        with transaction.atomic():
            if not dry_run:
                lock(landlord)
            plans = checker.plan(batch)
            if not dry_run:
                write(checker, plans, now=now, by=by)
        for plan in plans:
            found.tally.add(plan)
            if details:
                _details(result, plan)
    result.counts = found.counts()
    return result


def _details(result: Result, plan: HouseholdPlan) -> None:
    for row in plan.rows:
        person = row.person
        for column, code, severity, value in row.issues:
            remark = {"row": person.row, "column": column, "code": code}
            if row.kind == Kind.SKIP:
                result.departed.append({**remark, "name": person.full_name, "word": value, "reason": code})
            else:
                result.issues.append({**remark, "severity": severity, "value": value})
        kept = row.kind not in (Kind.SKIP, Kind.REJECT) and not row.aliased
        if kept and person.reference and not person.same_as:
            birth = person.birth[:4] if person.precision == "year" else person.birth
            result.births[person.reference] = birth or None
            result.insee[person.reference] = person.insee or None
