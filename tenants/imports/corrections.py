"""What somebody corrects of a row in the preview, and what the next list does with it.

A correction is remembered by the reference, or else by a keyed digest of the raw row, with what the list said and what
is right: it holds as long as a list says the same thing again. It is erased with the person, and by the purge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from solidarites import journal
from tenants import communes, phones
from tenants.imports import births, jobs
from tenants.imports.departures import CARE_HOME, DECEASED, MOVED, PRESENT
from tenants.imports.person import WARNING, Person, key_of
from tenants.imports.plan import HouseholdPlan
from tenants.models import ImportRow, Landlord, ListCorrection, ListImport

# What may be corrected: the name of a value of Person → how the preview names it.
CORRECTED = {
    "last_name": "nom",
    "first_name": "prénom",
    "birth": "naissance",
    "status": "situation",
    "phones": "numéros",
}
STATUSES = (PRESENT, DECEASED, MOVED, CARE_HOME)
# [what the list says, what is right], by the names above.
Values = dict[str, list[Any]]
# Remarks that a correction answers.
_ANSWERED = {
    "last_name": ("name_doubt", "several_people", "no_last_name", "no_identity"),
    "first_name": ("name_doubt", "second_without_first_name", "no_identity"),
    "birth": ("birth_", "age_in_doubt"),
    "status": ("status_", "name_doubt", "gone_in_status", "exit_", "death_", "deceased_in_name", "left_in_name"),
    "phones": ("phone_", "number_not_dialled"),
}


class Remembered:
    """The corrections of a landlord's lists: a handful, asked for once a list."""

    def __init__(self, landlord: Landlord) -> None:
        found = ListCorrection.objects.filter(landlord_id=landlord.pk or 0)
        self.values: dict[str, Any] = dict(found.values_list("digest", "values"))

    def names(self, person: Person, key: str) -> None:
        """The names, before a row without any is rejected."""
        if key in self.values:
            apply(person, self.values[key], key, ("last_name", "first_name"))

    def rest(self, person: Person, key: str) -> None:
        if key in self.values and not person.rejected:
            apply(person, self.values[key], key, ("birth", "status", "phones"))


def said(person: Person, name: str) -> Any:
    """What the list says of one of ``CORRECTED``, to be compared with what it said then."""
    if name == "birth":
        return person.birth[:4] if person.precision == births.YEAR else person.birth
    if name == "phones":
        return sorted([*(phone[0] for phone in person.phones), *(one[0] for one in person.barred)])
    return getattr(person, name)


def apply(person: Person, values: Mapping[str, Sequence[Any]], key: str, names: Iterable[str] = CORRECTED) -> None:
    """Put what is right in the place of what the list says, where it still says the same."""
    for name in names:
        if name not in values or values[name][0] != said(person, name):
            continue
        _set(person, name, values[name][1])
        answered = _ANSWERED[name]
        person.issues[:] = [issue for issue in person.issues if not issue[1].startswith(answered)]
        person.to_confirm = [code for code in person.to_confirm if not _settles(name, code)]
        person.issues.append([CORRECTED[name].capitalize(), "corrected", WARNING, ""])
        person.corrected = key


def _settles(name: str, code: str) -> bool:
    return name == "birth" and code in ("birth_owner", "age_in_doubt")


def _set(person: Person, name: str, value: Any) -> None:
    if name == "birth":
        year = len(value) == 4
        person.birth = f"{value}-01-01" if year else value
        person.precision = births.YEAR if year else births.DAY if value else births.UNKNOWN
    elif name == "phones":
        known = {phone[0]: phone for phone in person.phones}
        person.phones = [known.get(e164, [e164, "", False, False]) for e164 in value]
        person.barred, person.phones_rejected = [], 0
    else:
        setattr(person, name, value)


# In the preview -----------------------------------------------------------------------------------------


def read_birth(text: str, today: date) -> str | None:
    """« 05/06/1938 » or « 1938 » → what is kept of it; « » for none, None for what is no birth."""
    read = births.parse_text(text, today)
    if read.day is None:
        return None if text.strip() and not births.is_empty(text) else ""
    return str(read.day.year) if read.precision == births.YEAR else read.day.isoformat()


def read_phones(text: str, department: str) -> list[str] | None:
    """The numbers of a text, or None when one of them is none that a person has."""
    read = phones.parse_cell(text[:400], communes.phone_region(department))
    return None if read.rejected else [phone.e164 for phone in read.phones]


@transaction.atomic
def correct(
    *, list_import: ListImport, row: ImportRow, right: Mapping[str, Any], by: Any, now: datetime
) -> ListCorrection | None:
    """Keep what is right of one checked row, for this list and the next ones; None when nothing differs.

    ``right``: values of ``CORRECTED``. The row is corrected at once where its values are kept, and the list waits to
    be checked again; of a row that keeps nothing (skipped, rejected) the correction waits for the same file. One
    journal row. Raises NotNow once the list is no longer a preview.
    """
    list_import = ListImport.objects.select_for_update(of=("self",)).get(pk=list_import.pk)
    if list_import.state != ListImport.State.CHECKED:
        raise jobs.NotNow(jobs.MOVED_ON)
    person = Person.from_json({**row.data, "issues": list(row.data.get("issues", []))}) if row.data else None
    key = row.mark if person is None else person.mark or (person.reference and key_of(person.reference, ()))
    if not key:
        return None
    before = {} if person is None else {name: said(person, name) for name in CORRECTED}
    if person is None:
        before = _before(row)
    values = {
        name: [before.get(name, ""), value] for name, value in right.items() if _differs(value, before.get(name, ""))
    }
    if not values:
        return None
    kept = ListCorrection.objects.filter(landlord=list_import.landlord, digest=key).first()
    if kept is not None:
        # Corrected twice: what the list itself said stays what it is compared with.
        values = {**kept.values, **{n: [kept.values.get(n, pair)[0], pair[1]] for n, pair in values.items()}}
    found, _ = ListCorrection.objects.update_or_create(
        landlord=list_import.landlord, digest=key, defaults={"values": values, "created_at": now, "created_by": by}
    )
    if person is not None:
        apply(person, {name: [said(person, name), pair[1]] for name, pair in values.items()}, key)
        row.data = person.as_json()
        row.save(update_fields=["data"])
    waits = "corrections" if person is not None else "corrections_by_file"
    list_import.counts = {**list_import.counts, waits: list_import.counts.get(waits, 0) + 1}
    list_import.save(update_fields=["counts"])
    journal.record("import.row_corrected", list_import, by=by, fields=len(values))
    return found


def _differs(value: Any, before: Any) -> bool:
    return (sorted(value) if isinstance(value, list) else value) != before


def _before(row: ImportRow) -> dict[str, Any]:
    """Of a row that keeps nothing: its situation is told by its remarks, its name by what is missing."""
    codes = {issue[1] for issue in row.issues}
    if "no_last_name" in codes:
        return {"last_name": ""}
    if "no_identity" in codes:
        return {"first_name": ""}
    return {"status": row.closed_as}


def link(landlord: Landlord, plans: Iterable[HouseholdPlan]) -> None:
    """Corrections of people who are now known are theirs: erased when they are."""
    for plan in plans:
        for row in plan.rows:
            if row.person.corrected and row.tenant is not None:
                ListCorrection.objects.filter(landlord=landlord, digest=row.person.corrected).update(tenant=row.tenant)
