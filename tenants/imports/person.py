"""One person of a list, as the check and the writing know them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from django.db.models import F

from tenants.identity import digest
from tenants.imports import births
from tenants.imports.departures import PRESENT

# Added to the number of a row for the second person it names, twice for the third: every person has a number of
# their own, and the row's is what is left.
NEXT_PERSON = 10_000_000
# An issue: [column heading, code, severity, value as written]
Issue = list[str]
ERROR, WARNING = "error", "warning"


def row_of(number: int) -> int:
    """The spreadsheet's own row of a person's number."""
    return number % NEXT_PERSON


# Rows of an import as they stand in the file, the second person of a row after the first.
IN_FILE_ORDER = (F("number") % NEXT_PERSON, "number", "group")


@dataclass(slots=True)
class Person:
    """A row as the check and the writing know it: normalised, and nothing of the refused columns."""

    number: int
    reference: str = ""
    # Its contract or dwelling, as the list names it.
    household_reference: str = ""
    civility: str = ""
    last_name: str = ""
    first_name: str = ""
    birth: str = ""  # ISO; 1 January for a bare year
    precision: str = births.UNKNOWN
    # Closed by the list, or not: « present » is also what a list says that says nothing.
    status: str = PRESENT
    street: str = ""
    building: str = ""
    door: str = ""
    postal_code: str = ""
    city: str = ""
    insee: str = ""
    department: str = ""
    match_key: str = ""
    residence: str = ""
    residence_name: str = ""
    agency: str = ""
    # What the row says of its household beside the address, by the names of ``fields.DETAILS``.
    details: dict[str, Any] = field(default_factory=dict)
    phones: list[list[Any]] = field(default_factory=list)  # [e164, label, third party, preferred]
    phones_rejected: int = 0
    rejected: str = ""
    # [e164, in which words]: numbers that the list says are not to be dialled.
    barred: list[list[str]] = field(default_factory=list)
    # What a coordinator decides before anybody calls: do_not_call, birth_owner, age_in_doubt.
    to_confirm: list[str] = field(default_factory=list)
    # « company », « estate »: a row that names nobody to call. Known under its reference, somebody stays as they are.
    nobody: str = ""
    # Others stand on the same row: they are one household.
    beside: bool = False
    # By what a correction of this row would be remembered, where the reference does not say it (``corrections``).
    mark: str = ""
    # The key of the correction that was applied.
    corrected: str = ""
    # Number of an earlier row of the same person: this one only brings its phones.
    same_as: int = 0
    # The word by which the list says that the person is present; empty where it does not say.
    present_word: str = ""
    issues: list[Issue] = field(default_factory=list)

    @property
    def row(self) -> int:
        return row_of(self.number)

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.civility, self.first_name, self.last_name.upper()) if part)

    def as_json(self) -> dict[str, Any]:
        """Each value by its name, but for those that every person has until something is said."""
        return {name: value for name, value in zip(_NAMES, _VALUES(self), strict=True) if value != _BLANK[name]}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Person:
        """Raises TypeError for values of another format than ``FORMAT``."""
        return cls(**values)


# Of what ``as_json`` gives, kept beside it in a checked row: another number for every change of what a name of Person
# means, or of which names there are.
FORMAT = 2
_NAMES = tuple(one.name for one in fields(Person))
_VALUES = attrgetter(*_NAMES)
_BLANK = {**dict(zip(_NAMES, _VALUES(Person(0)), strict=True)), "number": None}


def key_of(reference: str, row: Sequence[str], part: int = 0) -> str:
    """By what a correction is remembered, keyed: the reference, or the whole row and whom of it."""
    return digest(f"cor:ref:{reference}" if reference else f"cor:row:{part}:{json.dumps(list(row))}")
