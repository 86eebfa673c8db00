"""Write what a check planned: in chunks, one transaction each, in few queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from solidarites import journal
from tenants import events
from tenants import households as rules
from tenants.communes import fold
from tenants.imports import bulk, columns, people, reasons
from tenants.imports.check import Checker, opposed
from tenants.imports.people import Parser, Person
from tenants.imports.plan import COUNTS, HouseholdPlan, Kind, Tally
from tenants.imports.read import Source, open_list
from tenants.imports.refusal import Refused
from tenants.imports.workspace import Workspace
from tenants.models import Agency, Household, Landlord, ListImport, PhoneNumber, Residence, Tenant

CHUNK = 1000  # rows
AT_ONCE = 4 * CHUNK  # where nobody watches the progress
_HOUSEHOLD_FIELDS = [
    "agency", "residence", "reference", "match_key", "street", "building", "door", "postal_code", "city", "insee_code",
    "department", "living_alone", "fragile", "language", "notes", "updated_at",
]  # fmt: skip
_TENANT_FIELDS = [
    "household", "reference", "civility", "last_name", "first_name", "birth_date", "birth_precision", "status",
    "status_at",
    "closed_by_list",
    "closed_by_absence",
]  # fmt: skip


# Reading a list into a workspace -----------------------------------------------------------------------


@dataclass
class Lines:
    """What was seen while reading: rows that hold nobody, by kind."""

    skipped: dict[str, int] = field(default_factory=dict)
    rows: int = 0

    @property
    def skipped_total(self) -> int:
        return sum(self.skipped.values())


def read_people(source: Source, today: date, lines: Lines) -> Iterator[Person]:
    """Every person's row of an opened list. Raises Refused when no column holds names, or nobody is there."""
    header = source.header
    if header is None:
        raise Refused("no_header")
    if not header.usable:
        raise Refused("no_name")
    parser = Parser(header, today)
    blanks = 0
    started = False
    for position, (number, cells) in enumerate(source.rows()):
        kind = parser.kind(cells)
        if kind == people.BLANK:
            # Blank rows count between filled ones alone.
            blanks += started
            continue
        if blanks:
            lines.skipped[people.BLANK] = lines.skipped.get(people.BLANK, 0) + blanks
            blanks = 0
        started = True
        if position < header.position:
            kind = people.TITLE
        elif position == header.position:
            kind = people.HEADER
        if kind:
            lines.skipped[kind] = lines.skipped.get(kind, 0) + 1
            continue
        lines.rows += 1
        yield parser.person(number, cells)
    if not lines.rows:
        raise Refused("no_rows")


def fill(workspace: Workspace, found: Iterable[Person], progress: Callable[[int], None] | None = None) -> None:
    batch: list[Person] = []
    count = 0
    for person in found:
        batch.append(person)
        if len(batch) == CHUNK:
            workspace.add(batch)
            count += len(batch)
            batch = []
            if progress:
                progress(count)
    workspace.add(batch)
    workspace.group()


# Writing one chunk -----------------------------------------------------------------------------------


def lock(landlord: Landlord) -> None:
    """One writer of a landlord's list at a time; must be inside the chunk's transaction."""
    Landlord.objects.select_for_update().only("pk").get(pk=landlord.pk)


def write(checker: Checker, plans: Sequence[HouseholdPlan], *, now: datetime, by: Any = None) -> None:
    """Write one planned chunk, inside the caller's transaction, and tell subscribers whose numbers changed."""
    _places(checker, plans, now)
    created = [plan for plan in plans if plan.kind == "create" and plan.household is not None]
    changed = [plan for plan in plans if plan.save and plan.kind == "update" and plan.household is not None]
    against = opposed(checker.landlord, plans) if checker.has_oppositions else []
    for plan in against:
        if plan.kind == "create" and plan.household is not None:
            plan.household.opposed_at = now
    bulk.insert([plan.household for plan in created if plan.household])
    if changed:
        Household.objects.bulk_create(
            [plan.household for plan in changed if plan.household],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=_HOUSEHOLD_FIELDS,
        )
    _people(plans, checker.landlord, now)
    _phones(plans)
    for plan in plans:
        for row in plan.rows:
            if row.close and row.tenant is not None:
                rules.close_person(tenant=row.tenant, status=row.close, now=now, by=by, by_list=True)
    for plan in against:
        if plan.kind != "create" and plan.household is not None:
            rules.record_opposition(household=plan.household, now=now, by=by)
    touched = {plan.household.pk for plan in plans if plan.household is not None and _touched(plan)}
    touched |= {pk for plan in plans for pk in plan.left_households}
    if touched:
        events.tell(events.NumbersChanged(household_ids=tuple(sorted(touched)), now=now, by=by))


def _touched(plan: HouseholdPlan) -> bool:
    return bool(plan.kind) or any(row.kind in (Kind.CREATE, Kind.UPDATE) for row in plan.rows)


def _places(checker: Checker, plans: Sequence[HouseholdPlan], now: datetime) -> None:
    """Agencies and residences met for the first time, then their ids on the households."""
    landlord = checker.landlord
    agencies = {fold(p.agency): p.agency for p in plans if p.agency and fold(p.agency) not in checker.agencies}
    if agencies:
        Agency.objects.bulk_create(
            [Agency(landlord=landlord, name=name) for name in agencies.values()], ignore_conflicts=True
        )
        for agency in Agency.objects.filter(landlord=landlord, name__in=list(agencies.values())):
            checker.agencies[fold(agency.name)] = agency
            checker.agency_names[agency.pk] = agency.name
    for plan in plans:
        if plan.household is None:
            continue
        plan.household.updated_at = now
        if plan.kind == "create":
            plan.household.created_at = now
        if plan.agency:
            plan.household.agency_id = checker.agencies[fold(plan.agency)].pk
    residences = {fold(p.residence): p for p in plans if p.residence and fold(p.residence) not in checker.residences}
    if residences:
        Residence.objects.bulk_create(
            [
                Residence(
                    landlord=landlord,
                    reference=plan.residence,
                    name=plan.residence_name,
                    agency_id=plan.household.agency_id if plan.household else None,
                )
                for plan in residences.values()
            ],
            ignore_conflicts=True,
        )
        wanted = [plan.residence for plan in residences.values()]
        for residence in Residence.objects.filter(landlord=landlord, reference__in=wanted):
            checker.residences[fold(residence.reference)] = residence
            checker.residence_references[residence.pk] = residence.reference
    for plan in plans:
        if plan.household is not None and plan.residence:
            plan.household.residence_id = checker.residences[fold(plan.residence)].pk


def _people(plans: Sequence[HouseholdPlan], landlord: Landlord, now: datetime) -> None:
    new: list[Tenant] = []
    changed: list[Tenant] = []
    for plan in plans:
        for row in plan.rows:
            person = row.person
            if row.kind == Kind.CREATE and plan.household is not None:
                row.tenant = bulk.new(
                    Tenant,
                    household_id=plan.household.pk,
                    landlord_id=landlord.pk,
                    reference=person.reference,
                    civility=person.civility,
                    last_name=person.last_name,
                    first_name=person.first_name,
                    birth_date=date.fromisoformat(person.birth) if person.birth else None,
                    birth_precision=person.precision,
                )
                new.append(row.tenant)
            elif row.save and row.tenant is not None:
                if plan.household is not None and any(change[0] == "foyer" for change in row.changes):
                    row.tenant.household = plan.household
                if row.reopen:
                    row.tenant.status, row.tenant.status_at = Tenant.Status.PRESENT, now
                    row.tenant.closed_by_list = row.tenant.closed_by_absence = False
                changed.append(row.tenant)
    bulk.insert(new)
    if changed:
        Tenant.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=_TENANT_FIELDS, batch_size=CHUNK
        )


def _phones(plans: Sequence[HouseholdPlan]) -> None:
    new: list[PhoneNumber] = []
    changed: list[PhoneNumber] = []
    for plan in plans:
        by_number = {row.person.number: row for row in plan.rows}
        for phone, row in plan.new_phones:
            owner = row if row.tenant is not None else by_number.get(row.person.same_as, row)
            phone.household_id = plan.household.pk  # type: ignore[union-attr]
            phone.tenant_id = owner.tenant.pk if owner.tenant is not None else None
            new.append(phone)
        changed.extend(plan.changed_phones)
    bulk.insert(new)
    if changed:
        PhoneNumber.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["label", "third_party"],
            batch_size=CHUNK,
        )


# The whole of it, at once ------------------------------------------------------------------------------


@dataclass
class Result:
    """What ``--json`` tells, and the preview."""

    counts: dict[str, int]
    skipped: dict[str, int]
    refused_columns: list[str]
    encoding: str | None
    issues: list[dict[str, Any]]
    # Who is not taken over: row, name, word, reason.
    gone: list[dict[str, Any]]
    births: dict[str, str | None]
    insee: dict[str, str | None]
    import_id: int | None = None

    def as_json(self, *, people: bool = False) -> dict[str, Any]:
        said: dict[str, Any] = {name: self.counts.get(name, 0) for name in COUNTS if name != "tenants_closed"}
        said["skipped_rows"] = sum(self.skipped.values())
        said["refused_columns"] = self.refused_columns
        said["encoding"] = self.encoding
        said["skipped"] = self.gone
        said["issues"] = self.issues
        if people:
            said["births"], said["insee"] = self.births, self.insee
        return said


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
) -> Result:
    """Check a file and, unless ``dry_run``, write it, synchronously.

    The file is read to its end before anything is written; then each chunk is planned and written in a
    transaction of its own: started again after a stop, it changes only what is left. ``details`` gathers
    issues, births and communes. Raises Refused.
    """
    started = time.monotonic()
    source = open_list(path, sheet=sheet)
    if source.header is not None and fields:
        columns.use_fields(source.header, dict(fields))
    lines = Lines()
    today = timezone.localdate(now)
    with Workspace() as workspace:
        fill(workspace, read_people(source, today, lines))
        result = _run(workspace, landlord, now=now, by=by, dry_run=dry_run, details=details)
    result.skipped = lines.skipped
    result.encoding = source.encoding
    result.refused_columns = source.header.refused if source.header else []
    if not dry_run:
        result.import_id = _remember(
            landlord, result, now=now, by=by, file_name=file_name or path.name, size=path.stat().st_size,
            seconds=time.monotonic() - started,
        )  # fmt: skip
    return result


def import_rows(
    rows: Iterable[Mapping[str, Any]], *, landlord: Landlord, now: datetime, by: Any = None, dry_run: bool = False
) -> Result:
    """Check and write rows given as ``{heading: value}``, as a list with these headings would be. Synchronous."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        raise Refused("no_rows")
    header = columns.read_header(list(first), 0)
    if not header.usable:
        raise Refused("no_name")
    parser = Parser(header, timezone.localdate(now))
    names = list(first)

    def found() -> Iterator[Person]:
        yield parser.person(2, [first[name] for name in names])
        for number, row in enumerate(rows, start=3):
            yield parser.person(number, [row.get(name, "") for name in names])

    with Workspace() as workspace:
        fill(workspace, found())
        result = _run(workspace, landlord, now=now, by=by, dry_run=dry_run, details=True)
    result.refused_columns = header.refused
    return result


def _run(workspace: Workspace, landlord: Landlord, *, now: datetime, by: Any, dry_run: bool, details: bool) -> Result:
    checker = Checker(landlord)
    tally = Tally()
    result = Result({}, {}, [], None, [], [], {}, {})
    for batch in workspace.households(AT_ONCE):
        with transaction.atomic():
            if not dry_run:
                lock(landlord)
            plans = checker.plan(batch)
            if not dry_run:
                write(checker, plans, now=now, by=by)
        for plan in plans:
            tally.add(plan)
            if details:
                _details(result, plan)
    result.counts = {name: tally.counts.get(name, 0) for name in COUNTS}
    return result


def _details(result: Result, plan: HouseholdPlan) -> None:
    for row in plan.rows:
        person = row.person
        for column, code, severity, value in row.issues:
            said = {"row": person.number, "column": column, "code": code}
            if row.kind == Kind.SKIP:
                result.gone.append({**said, "name": person.shown_name, "word": value, "reason": reasons.title(code)})
            else:
                result.issues.append({**said, "severity": severity, "value": value})
        if row.kind not in (Kind.SKIP, Kind.REJECT) and person.reference and not person.same_as:
            birth = person.birth[:4] if person.precision == "year" else person.birth
            result.births[person.reference] = birth or None
            result.insee[person.reference] = person.insee or None


@transaction.atomic
def _remember(
    landlord: Landlord, result: Result, *, now: datetime, by: Any, file_name: str, size: int, seconds: float
) -> int:
    """A finished import in the history: who, when, counts, duration; nothing of the file."""
    row = ListImport.objects.create(
        landlord=landlord,
        uploaded_by=by,
        file_name=file_name[:200],
        file_size=size,
        state=ListImport.State.APPLIED,
        encoding=result.encoding or "",
        counts={**result.counts, "skipped_rows": sum(result.skipped.values()), "seconds": round(seconds, 1)},
        rows_total=result.counts["rows"],
        rows_done=result.counts["rows"],
        created_at=now,
        started_at=now,
        checked_at=now,
        confirmed_at=now,
        applied_at=timezone.now(),
    )
    journal.record("import.applied", row, by=by, **dict[str, Any](result.counts))
    return row.pk
