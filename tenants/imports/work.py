"""What the worker does with a ListImport: check it, write it. Chunk by chunk, resumable, safe twice at once.

A worker holds an import by a lease (a token and a moment) taken and renewed by conditional updates whose row
count is checked. Every chunk's transaction renews it first: a worker that lost its lease, or whose import was
called off, stops without having written.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from solidarites import journal
from solidarites.prompt import ask_for
from tenants import departed
from tenants import households as rules
from tenants.imports import bulk, columns, corrections, jobs, uploads
from tenants.imports.apply import is_dead_stranger, lock, write
from tenants.imports.check import Checker
from tenants.imports.grouping import CHUNK, GroupedList, grouped
from tenants.imports.matching import Memory
from tenants.imports.people import FORMAT, NEXT_PERSON, Person
from tenants.imports.plan import HouseholdPlan, Kind, RowPlan, Tally
from tenants.imports.read import open_list
from tenants.imports.refusal import Refused
from tenants.imports.workspace import Group
from tenants.models import ImportRow, ListImport, Tenant

log = logging.getLogger(__name__)

State = ListImport.State
LEASE = timedelta(seconds=45)
ATTEMPTS = 5
CHANGED = "Des données ont changé depuis la vérification. Voici ce qui reste à écrire : relisez, puis confirmez."
BROKEN = "Cette liste n’a pas pu être traitée. Rien de plus n’a été écrit : prévenez la personne qui gère le logiciel."


class LeaseLost(Exception):
    """Another worker holds the import now, or somebody called it off."""


def run_all() -> int:
    """Work through every import that waits or whose worker stopped; how many were taken up."""
    count = 0
    while (row := claim(timezone.now())) is not None:
        count += 1
        run(row)
    jobs.send_outdated_back()
    jobs.forget_old(timezone.now())
    return count


def claim(now: datetime) -> ListImport | None:
    """Take the oldest import that waits or whose lease has passed; one at a time per landlord."""
    busy = ListImport.objects.filter(
        landlord=OuterRef("landlord"), state__in=ListImport.TO_WRITE, leased_until__gte=now
    )
    waiting = ListImport.objects.waiting(now)
    for pk in waiting.exclude(Exists(busy)).order_by("created_at", "pk").values_list("pk", flat=True)[:20]:
        token = uuid.uuid4().hex
        taken = waiting.filter(pk=pk).update(lease=token, leased_until=now + LEASE, attempts=F("attempts") + 1)
        if taken:
            return ListImport.objects.select_related("landlord").get(pk=pk)
    return None


def renew(row: ListImport, **values: Any) -> None:
    """Keep the lease and save progress, in the caller's transaction if there is one. Raises LeaseLost."""
    held = ListImport.objects.filter(pk=row.pk, lease=row.lease, state=row.state).update(
        leased_until=timezone.now() + LEASE, **values
    )
    if not held:
        raise LeaseLost
    for name, value in values.items():
        setattr(row, name, value)


def advance(row: ListImport, done: int, reached: int) -> None:
    """Save a check's progress. A check starts anew after a stop: only beyond where it has been does it move on,
    and only then are the times it was taken up forgotten; a list that breaks it at one place is given up.
    """
    values: dict[str, Any] = {"rows_done": done}
    if reached > row.counts.get("reached", 0):
        values.update(attempts=0, counts={**row.counts, "reached": reached})
    renew(row, **values)


def run(row: ListImport) -> None:
    """Check or write a claimed import. An unforeseen error is logged by its kind alone, tried again, then given up."""
    try:
        if row.attempts > ATTEMPTS:
            _give_up(row, BROKEN)
        elif row.state in ListImport.TO_CHECK:
            check_list(row)
        else:
            write_list(row)
    except LeaseLost:
        log.info("import %s: taken over or called off", row.pk)
    except Refused as error:
        _give_up(row, error.message)
    except jobs.Outdated:
        with transaction.atomic():
            renew(row)
            jobs.back_to_upload(row)
    except Exception as error:
        # Only the kind of error: its text may hold a cell of the list.
        log.error("import %s: %s at attempt %s", row.pk, type(error).__name__, row.attempts)
        # Free again at once for the next round.
        ListImport.objects.filter(pk=row.pk, lease=row.lease).update(leased_until=timezone.now())


def _give_up(row: ListImport, message: str) -> None:
    with transaction.atomic():
        renew(row, state=State.REFUSED, message=message, lease="")
        row.rows.all().delete()
        uploads.erase(row)
        journal.record("import.refused", row)


# Check --------------------------------------------------------------------------------------------------


def check_list(row: ListImport) -> None:
    """Read the file and stage every row with what would become of it; or, once the file is gone, look again.

    A stopped check starts again from the file, which is erased only when everything is staged.
    """
    now = timezone.now()
    renew(row, state=State.CHECKING, started_at=now, rows_done=0)
    if not uploads.waits(row):
        _refuse_outdated(row)
        _check_again(row)
        return
    ImportRow.objects.filter(list_import=row).delete()
    with uploads.opened(row) as path:
        counts = _read(row, path, now)
    _checked(row, counts)


def _read(row: ListImport, path: Path, now: datetime) -> dict[str, Any]:
    """Stage every row of the file; what the preview counts."""
    source = open_list(path, sheet=row.sheet)
    if source.header is None:
        raise Refused("no_header")
    chosen = columns.header_from_json(row.columns, source.header.position)
    if [c.heading for c in chosen.columns] == [c.heading for c in source.header.columns]:
        source.header = chosen
    remembered = corrections.Remembered(row.landlord)
    with grouped(source, timezone.localdate(now), progress=_reading(row), remembered=remembered) as found:
        renew(row, rows_total=found.rows, rows_done=0)
        _stage(row, found)
        absent, known = _stage_absent(row, found)
        seconds = round((timezone.now() - now).total_seconds(), 1)
        return {**found.counts(), "absent": absent, "known": known, "check_seconds": seconds}


def _reading(row: ListImport) -> Callable[[int], None]:
    def progress(count: int) -> None:
        if count % (5 * CHUNK) == 0:
            advance(row, count, count)

    return progress


def _checked(row: ListImport, counts: dict[str, Any], message: str = "") -> None:
    with transaction.atomic():
        renew(
            row,
            state=State.CHECKED,
            counts=counts,
            checked_at=timezone.now(),
            message=message,
            lease="",
            attempts=0,
        )
        ListImport.objects.filter(pk=row.pk).update(leased_until=None)
        uploads.erase(row)
        journal.record("import.checked", row, rows=counts["rows"])


def _stage(row: ListImport, found: GroupedList) -> None:
    checker = Checker(row.landlord, listed=found.workspace)
    group = done = 0
    found.workspace.db.execute("CREATE TABLE seen (id INTEGER PRIMARY KEY)")
    for batch in found.batches(CHUNK):
        as_read = _snapshots(batch)
        plans = checker.plan(batch)
        staged: list[ImportRow] = []
        for plan in plans:
            group += 1
            found.tally.add(plan)
            staged.extend(_staged(row, group, plan, as_read))
        seen = [(r.tenant.pk,) for plan in plans for r in plan.rows if r.tenant is not None and r.tenant.pk]
        found.workspace.db.executemany("INSERT OR IGNORE INTO seen VALUES (?)", seen)
        done += sum(len(plan.rows) for plan in plans)
        with transaction.atomic():
            advance(row, done, found.rows + done)
            bulk.insert(staged)
    renew(row, recognised=checker.memory.as_json())


def _snapshots(batch: Sequence[Group]) -> dict[int, dict[str, Any]]:
    """The people as read, before the plan adds its remarks: what a later look starts from."""
    return {person.number: {**person.as_json(), "issues": list(person.issues)} for group in batch for person in group}


def codes_of(issues: Sequence[Sequence[str]]) -> str:
    return f" {' '.join(dict.fromkeys(issue[1] for issue in issues))} "[:400] if issues else ""


def _staged(
    row: ListImport, group: int, plan: HouseholdPlan, as_read: dict[int, dict[str, Any]]
) -> Iterator[ImportRow]:
    first = True
    for planned in plan.rows:
        person = planned.person
        # Who left or died and is not known, or is rejected, is not kept: only the row's number, the name and why.
        bare = planned.kind in (Kind.SKIP, Kind.REJECT)
        tells = first and not bare
        first = first and bare
        yield ImportRow(
            list_import_id=row.pk,
            group=group,
            number=person.number,
            kind=planned.kind,
            household_kind=plan.kind if tells else "",
            household_changes=plan.changes if tells else [],
            data={} if bare else as_read[person.number],
            format=FORMAT,
            name=person.full_name[:260] if bare else "",
            mark=person.mark if bare else "",
            closed_as=person.status if planned.kind == Kind.SKIP else "",
            departed_keys=departed.keys_of_row(person) if is_dead_stranger(planned) else [],
            changes=planned.changes,
            issues=planned.issues,
            codes=_codes(planned),
        )


def _codes(planned: RowPlan) -> str:
    """None for who is not taken over: shown apart, and erased with the writing."""
    return "" if planned.kind == Kind.SKIP else codes_of(planned.issues)


def _stage_absent(row: ListImport, found: GroupedList) -> tuple[int, int]:
    """Known, present people whom the list does not name: (how many, of how many)."""
    last_group = row.rows.order_by("-group").values_list("group", flat=True).first() or 0
    known = absent = 0
    batch: list[int] = []
    present = Tenant.objects.filter(landlord=row.landlord, status=Tenant.Status.PRESENT)
    for pk in present.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5000):
        known += 1
        if not found.workspace.db.execute("SELECT 1 FROM seen WHERE id = ?", (pk,)).fetchone():
            batch.append(pk)
        if len(batch) == CHUNK:
            _stage_batch_absent(row, batch, last_group + absent)
            absent += len(batch)
            batch = []
    _stage_batch_absent(row, batch, last_group + absent)
    return absent + len(batch), known


def _stage_batch_absent(row: ListImport, ids: list[int], group: int) -> None:
    with transaction.atomic():
        renew(row)
        ImportRow.objects.bulk_create(
            [
                ImportRow(
                    list_import_id=row.pk,
                    group=group + index,
                    number=0,
                    kind=Kind.ABSENT,
                    data={"tenant_id": pk},
                    format=FORMAT,
                )
                for index, pk in enumerate(ids, start=1)
            ]
        )


def _check_again(row: ListImport) -> None:
    """Plan the staged rows once more against the database of now; those already written come out unchanged."""
    checker = Checker(row.landlord, memory=Memory.from_json(row.recognised))
    tally = Tally()
    done = 0
    for rows, groups in _staged_groups(row, after=0):
        plans = checker.plan(groups)
        by_number = {r.number: r for r in rows}
        changed: list[ImportRow] = []
        for plan in plans:
            tally.add(plan)
            for index, planned in enumerate(plan.rows):
                staged = by_number[planned.person.number]
                staged.kind, staged.changes = planned.kind, planned.changes
                staged.household_kind = plan.kind if index == 0 else ""
                staged.household_changes = plan.changes if index == 0 else []
                staged.issues, staged.codes = planned.issues, _codes(planned)
                changed.append(staged)
        done += len(rows)
        with transaction.atomic():
            advance(row, done, done)
            ImportRow.objects.bulk_create(
                changed,
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=["kind", "changes", "household_kind", "household_changes", "issues", "codes"],
            )
    before = row.counts
    bare = {"tenants_skipped": 0, "tenants_rejected": 0}
    kept_nothing = row.rows.filter(kind__in=(Kind.SKIP, Kind.REJECT), data={})
    for kind, name in ((Kind.SKIP, "tenants_skipped"), (Kind.REJECT, "tenants_rejected")):
        bare[name] = kept_nothing.filter(kind=kind).count()
    second = kept_nothing.filter(number__gte=NEXT_PERSON).count()
    counts = {**before, **tally.figures(), "issues": dict(tally.issues)}
    counts["tenants_skipped"] += bare["tenants_skipped"]
    counts["tenants_rejected"] += bare["tenants_rejected"]
    counts["rows"] += bare["tenants_skipped"] + bare["tenants_rejected"] - second
    counts["second_people"] += second
    counts["phones_rejected"] = before.get("phones_rejected", 0)
    counts.pop("reached", None)
    corrected = counts.pop("corrections", 0)
    _checked(row, counts, "Vos corrections sont prises en compte. Relisez, puis confirmez." if corrected else CHANGED)


def _staged_groups(row: ListImport, after: int) -> Iterator[tuple[list[ImportRow], list[Group]]]:
    """Batches of whole households from the staged rows, with their people."""
    while True:
        rows = list(
            ImportRow.objects.filter(list_import=row, group__gt=after, group__lte=after + CHUNK)
            .exclude(kind=Kind.ABSENT)
            .order_by("group", "number")
        )
        if not rows:
            if not ImportRow.objects.filter(list_import=row, group__gt=after).exclude(kind=Kind.ABSENT).exists():
                return
            after += CHUNK
            continue
        yield rows, _groups(rows)
        after += CHUNK


def _groups(rows: Iterable[ImportRow]) -> list[Group]:
    groups: dict[int, Group] = {}
    for staged in rows:
        if staged.data:
            person = Person.from_json({**staged.data, "issues": list(staged.data["issues"])})
            groups.setdefault(staged.group, []).append(person)
    return list(groups.values())


def _refuse_outdated(row: ListImport) -> None:
    """Raises Outdated for rows that another version of the software checked: they could be read otherwise."""
    if jobs.is_outdated(row):
        raise jobs.Outdated


# Writing ------------------------------------------------------------------------------------------------


def write_list(row: ListImport) -> None:
    """Write the staged rows from where it is, a chunk at a time; stop and check again if they no longer hold."""
    _refuse_outdated(row)
    if row.state == State.APPLY_QUEUED:
        renew(row, state=State.APPLYING, started_at=timezone.now())
    checker = Checker(row.landlord, memory=Memory.from_json(row.recognised))
    while _write_chunk(row, checker):
        pass


def _write_chunk(row: ListImport, checker: Checker) -> bool:
    """One chunk, one transaction: lease, plan, compare with the preview, write, progress. False when it is over."""
    now = timezone.now()
    after = row.applied_through
    with transaction.atomic():
        renew(row)
        first = row.rows.filter(group__gt=after).order_by("group").values_list("group", flat=True).first()
        if first is None:
            _written(row, now)
            return False
        last = max(first - 1, after) + CHUNK
        lock(row.landlord)
        rows = list(row.rows.filter(group__gt=after, group__lte=last).order_by("group", "number"))
        plans = checker.plan(_groups(r for r in rows if r.kind != Kind.ABSENT))
        if not _as_previewed(rows, plans):
            renew(row, state=State.CHECK_QUEUED, rows_done=0, applied_through=0, attempts=0)
            ListImport.objects.filter(pk=row.pk).update(leased_until=None, lease="")
            ask_for("tenants.tasks.run_imports")
            return False
        write(checker, plans, now=now, by=row.uploaded_by)
        dead = [r.departed_keys for r in rows if r.departed_keys]
        departed.remember(landlord_id=row.landlord_id, status=Tenant.Status.DECEASED, keys=dead, now=now)
        if row.absent_left:
            _close_absent([r.data["tenant_id"] for r in rows if r.kind == Kind.ABSENT], row, now)
        _forget_written(rows)
        done = row.rows_done + sum(1 for r in rows if r.kind != Kind.ABSENT)
        renew(row, applied_through=last, rows_done=done, attempts=0)
    return True


def _as_previewed(rows: Sequence[ImportRow], plans: Sequence[HouseholdPlan]) -> bool:
    staged = [r for r in rows if r.data and r.kind != Kind.ABSENT]
    previewed = {r.number: [r.kind, _said(r.changes), r.household_kind, _said(r.household_changes)] for r in staged}
    now = {
        planned.person.number: [
            planned.kind,
            _said(planned.changes),
            "" if index else plan.kind,
            [] if index else _said(plan.changes),
        ]
        for plan in plans
        for index, planned in enumerate(plan.rows)
    }
    return previewed == now


def _said(changes: Sequence[Sequence[str]]) -> list[list[str]]:
    """What changes, without the contract that was: an earlier chunk of this list may have given it to somebody else."""
    return [[change[0], "", change[2]] if "foyer" in change[0] else list(change) for change in changes]


def _close_absent(ids: list[int], row: ListImport, now: datetime) -> None:
    for tenant in Tenant.objects.filter(pk__in=ids, landlord=row.landlord, status=Tenant.Status.PRESENT):
        rules.close_person(tenant=tenant, status=Tenant.Status.MOVED, now=now, by=row.uploaded_by, by_absence=True)


def _forget_written(rows: Sequence[ImportRow]) -> None:
    """Written rows are erased; of those with remarks, only the remarks stay, for the report."""
    ImportRow.objects.filter(pk__in=[r.pk for r in rows if not r.codes]).delete()
    remarked = [r.pk for r in rows if r.codes and r.kind not in (Kind.SKIP, Kind.REJECT)]
    ImportRow.objects.filter(pk__in=remarked).update(
        kind=Kind.UNCHANGED, data={}, changes=[], household_kind="", household_changes=[]
    )


def _written(row: ListImport, now: datetime) -> None:
    seconds = round((now - (row.started_at or now)).total_seconds(), 1)
    renew(row, recognised={})
    jobs.note_applied(row, {**row.counts, "apply_seconds": seconds}, now=now)
