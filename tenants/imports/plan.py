"""What a list would change, household by household, and the figures it adds up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tenants.imports.departures import CLOSING
from tenants.imports.people import NEXT_PERSON, Issue, Person
from tenants.models import Household, ImportRow, PhoneNumber, Tenant

Kind = ImportRow.Kind
Change = list[str]


@dataclass(slots=True)
class RowPlan:
    person: Person
    kind: str
    tenant: Tenant | None = None
    changes: list[Change] = field(default_factory=list)
    # A status to close the known person with.
    close: str = ""
    reopen: bool = False
    save: bool = False
    # Known as another whose record this one was merged into: that record stays as it is.
    aliased: bool = False
    # What recognised the person: reference, names, household, alias; empty for somebody new.
    how: str = ""

    @property
    def issues(self) -> list[Issue]:
        """What is said of the row: of somebody who is not taken over, only why."""
        issues = self.person.issues
        return [issue for issue in issues if issue[1] in CLOSING] if self.kind == Kind.SKIP else issues


@dataclass(slots=True)
class HouseholdPlan:
    rows: list[RowPlan]
    household: Household | None = None
    kind: str = ""  # create, update, or empty
    changes: list[Change] = field(default_factory=list)
    agency: str = ""
    residence: str = ""
    residence_name: str = ""
    save: bool = False
    new_phones: list[tuple[PhoneNumber, RowPlan | None]] = field(default_factory=list)
    changed_phones: list[PhoneNumber] = field(default_factory=list)
    left_households: set[int] = field(default_factory=set)
    # Another household's contract or dwelling, now this one's; its own people are elsewhere.
    frees: int = 0
    # Numbers that come with who moves in, and what is to be confirmed before anybody calls.
    moved_phones: list[PhoneNumber] = field(default_factory=list)
    phones_valid: int = 0
    phones_rejected: int = 0
    callable: bool = False

    def signature(self) -> list[Any]:
        return [[row.person.number, row.kind, row.changes] for row in self.rows] + [self.kind, self.changes]


@dataclass
class Tally:
    """The figures of an import, added up household by household."""

    counts: Counter[str] = field(default_factory=Counter)
    issues: Counter[str] = field(default_factory=Counter)

    def figures(self) -> dict[str, int]:
        return {name: self.counts[name] for name in FIGURES}

    def add(self, plan: HouseholdPlan) -> None:
        count = self.counts
        for row in plan.rows:
            # Rows of the file; who stands second on one is counted apart.
            count["rows" if row.person.number < NEXT_PERSON else "second_people"] += 1
            count[_TALLY[row.kind]] += 1
            if row.close:
                count["tenants_closed"] += 1
            # Who is not taken over is shown with the reason, and counts among no remarks.
            if row.kind != Kind.SKIP:
                for issue in row.person.issues:
                    self.issues[issue[1]] += 1
        if plan.kind:
            count["households_created" if plan.kind == "create" else "households_updated"] += 1
        count["phones_valid"] += plan.phones_valid
        count["phones_rejected"] += plan.phones_rejected
        count["callable_households"] += plan.callable


_TALLY: dict[str, str] = {
    Kind.CREATE: "tenants_created",
    Kind.UPDATE: "tenants_updated",
    Kind.UNCHANGED: "tenants_unchanged",
    Kind.SKIP: "tenants_skipped",
    Kind.REJECT: "tenants_rejected",
}
FIGURES = (
    "rows",
    "second_people",
    *_TALLY.values(),
    "households_created",
    "households_updated",
    "phones_valid",
    "phones_rejected",
    "callable_households",
    "tenants_closed",
)
