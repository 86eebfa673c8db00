"""What the import's screens show of a row, of the progress, of a section of the preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from tenants.imports import reasons
from tenants.imports.fields import DETAILS
from tenants.imports.people import FORMAT, IN_FILE_ORDER, Person, row_of
from tenants.models import ImportRow, ListImport, Tenant

Kind = ImportRow.Kind
State = ListImport.State
EXAMPLES = 5
# Those that somebody should read one by one.
READ = 25
TO_CHECK = "a-verifier"


@dataclass
class RowView:
    number: int
    kind: str
    name: str = ""
    details: list[str] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)
    household_changes: list[Any] = field(default_factory=list)
    remarks: list[tuple[str, str, str]] = field(default_factory=list)  # column, reason, value
    # The row to correct, while the list is a preview and something of it can be.
    correct: int = 0


def row_view(row: ImportRow, absent: dict[int, Tenant]) -> RowView:
    view = RowView(row_of(row.number), row.kind, changes=row.changes, household_changes=row.household_changes)
    view.correct = row.pk if row.format == FORMAT and _correctable(row) else 0
    view.remarks = [(column, reasons.title(code), value) for column, code, _severity, value in row.issues]
    if row.kind == Kind.ABSENT:
        tenant = absent.get(_tenant_id(row))
        view.name = tenant.full_name if tenant else "personne retirée depuis"
        view.details = [tenant.reference] if tenant and tenant.reference else []
    elif row.data and row.format == FORMAT:
        person = Person.from_json(row.data)
        view.name = person.full_name
        view.details = [text for text in (_birth(person), f"{person.postal_code} {person.city}".strip()) if text]
        if who := _recognised(row, person):
            view.details.insert(0, who)
        if person.phones:
            view.details.append("1 numéro" if len(person.phones) == 1 else f"{len(person.phones)} numéros")
        view.details += [
            f"{detail.change} : {detail.say(person.details[detail.name])}"
            for detail in DETAILS
            if detail.name in person.details
        ]
    else:
        view.name = row.name
    return view


def corrected_as(row: ImportRow) -> tuple[dict[str, Any], str]:
    """What may be corrected of a row, as it is now, and the department its numbers are read in."""
    if row.data:
        person = Person.from_json(row.data)
        known = {name: getattr(person, name) for name in ("last_name", "first_name", "status")}
        born = _birth(person) if person.precision == "day" else person.birth[:4]
        numbers = ", ".join(phone[0] for phone in person.phones)
        return {**known, "birth": born, "phones": numbers}, person.department
    codes = {issue[1] for issue in row.issues}
    if "no_last_name" in codes:
        return {"last_name": ""}, ""
    return ({"first_name": ""} if "no_identity" in codes else {"status": row.closed_as}), ""


def _correctable(row: ImportRow) -> bool:
    if row.kind == Kind.ABSENT:
        return False
    # A company's row, or an estate's, names nobody whose row could be put right.
    return bool(row.data) or (bool(row.mark) and not {issue[1] for issue in row.issues} & {"company", "estate"})


def absent_people(rows: Sequence[ImportRow]) -> dict[int, Tenant]:
    """Whom the rows of people absent from the list are about."""
    return Tenant.objects.in_bulk([_tenant_id(row) for row in rows if row.kind == Kind.ABSENT])


def _tenant_id(row: ImportRow) -> int:
    return row.data["tenant_id"] if row.format == FORMAT else 0


def to_check(row: ListImport) -> QuerySet[ImportRow]:
    """Rows with a remark that may be a person forgotten, or called by mistake."""
    codes = Q()
    for code in reasons.TO_CHECK:
        codes |= Q(codes__contains=f" {code} ")
    return row.rows.filter(codes).exclude(kind=Kind.REJECT)


def _recognised(row: ImportRow, person: Person) -> str:
    """How the list's row was found to be somebody known, or nobody."""
    if row.kind == Kind.CREATE:
        return "nouvelle personne"
    if row.kind not in (Kind.UPDATE, Kind.UNCHANGED) or person.same_as:
        return ""
    by_names = not person.reference or " known_by_names " in row.codes or " reference_shared " in row.codes
    return "reconnue par ses noms et sa date de naissance" if by_names else "reconnue par sa référence"


def _birth(person: Person) -> str:
    if not person.birth:
        return "âge à vérifier"
    if person.precision == "year":
        return f"née ou né en {person.birth[:4]}"
    return f"{date.fromisoformat(person.birth):%d/%m/%Y}"


@dataclass
class Section:
    key: str
    title: str
    count: int
    lines: list[RowView]
    note: str = ""


SECTIONS = (
    (Kind.CREATE, "tenants_created", "Personnes à ajouter", ""),
    (Kind.UPDATE, "tenants_updated", "Personnes à modifier", "Ancienne valeur → nouvelle valeur."),
    (Kind.UNCHANGED, "tenants_unchanged", "Personnes inchangées", ""),
    (
        Kind.SKIP,
        "tenants_skipped",
        "Parties ou décédées",
        "La liste les dit décédées ou parties, ou leur ligne est celle d’une société ou d’une succession. Elles ne "
        "sont pas encore connues : elles ne seront pas enregistrées. Leurs noms sont effacés avec l’écriture. Une "
        "personne vit bien là ? Corrigez sa ligne ici, puis déposez de nouveau le même fichier.",
    ),
    (
        Kind.REJECT,
        "tenants_rejected",
        "Lignes rejetées",
        "Corrigez-les ici ou dans la liste, puis déposez-la de nouveau.",
    ),
    (Kind.ABSENT, "absent", "Connues, absentes de cette liste", "Par défaut, rien ne change pour elles."),
)


def section_views(row: ListImport) -> list[Section]:
    """Counts and a few examples of each kind; one query a kind that has any."""
    sections = []
    for kind, name, title, note in SECTIONS:
        count = row.counts.get(name, 0)
        if not count:
            continue
        most = READ if kind in (Kind.SKIP, Kind.REJECT) else EXAMPLES
        lines = list(row.rows.filter(kind=kind).order_by(*IN_FILE_ORDER)[:most])
        absent = absent_people(lines) if kind == Kind.ABSENT else {}
        sections.append(Section(kind, title, count, [row_view(line, absent) for line in lines], note))
    if row.counts.get("households_updated"):
        lines = list(
            row.rows.filter(household_kind="update").exclude(household_changes=[]).order_by(*IN_FILE_ORDER)[:EXAMPLES]
        )
        if lines:
            views = [row_view(line, {}) for line in lines]
            sections.insert(
                min(2, len(sections)),
                Section(
                    "foyers",
                    "Foyers à modifier",
                    row.counts["households_updated"],
                    views,
                    "Adresse, agence ou numéros.",
                ),
            )
    if doubtful := to_check(row).count():
        lines = list(to_check(row).order_by(*IN_FILE_ORDER)[:READ])
        note = "Personne n’est écarté ni rappelé à cause de ces mots. Relisez-les avant de confirmer."
        sections.insert(0, Section(TO_CHECK, "À vérifier", doubtful, [row_view(line, {}) for line in lines], note))
    return sections


def progress_of(row: ListImport, now: datetime) -> dict[str, Any]:
    """Rows done, rate, and the time that remains, as far as the rate tells."""
    done, total = row.rows_done, row.rows_total
    seconds = max((now - row.started_at).total_seconds(), 0.1) if row.started_at else 0
    rate = done / seconds if seconds else 0
    remaining = (total - done) / rate if rate and total else 0
    writing = row.state in (State.APPLY_QUEUED, State.APPLYING)
    waiting = row.state in (State.CHECK_QUEUED, State.APPLY_QUEUED)
    return {
        "writing": writing,
        "waiting": waiting,
        "done": done,
        "total": total,
        "percent": min(100, round(100 * done / total)) if total else None,
        "rate": round(rate) if done else None,
        "remaining": _duration(remaining) if remaining >= 1 and total else "",
        "cancellable": row.state in (State.CHECK_QUEUED, State.CHECKING, State.APPLY_QUEUED),
    }


def _duration(seconds: float) -> str:
    if seconds < 60:
        return "moins d’une minute"
    minutes = round(seconds / 60)
    return f"environ {minutes} min"


def duration(seconds: float) -> str:
    """« 12 s », « 3 min 05 s »; empty when it is not known."""
    whole = round(seconds)
    if seconds <= 0:
        return ""
    return f"{max(whole, 1)} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
