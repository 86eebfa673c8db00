"""An opened list → its people by household, and the figures about them: one path for the screen and for the command.

The screen keeps each plan as rows, shown and then written (``work``); the command writes it at once (``at_once``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tenants.imports import people
from tenants.imports.columns import Header
from tenants.imports.people import Parser, Person, Remembered
from tenants.imports.plan import Tally
from tenants.imports.read import Row, Source
from tenants.imports.refusal import Refused
from tenants.imports.workspace import Group, Workspace

CHUNK = 1000  # rows
Progress = Callable[[int], None]


@dataclass
class GroupedList:
    """A list read to its end. ``tally`` adds up what becomes of it, ``nobody`` the rows without a person, by kind."""

    header: Header
    workspace: Workspace
    tally: Tally = field(default_factory=Tally)
    nobody: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.workspace.total

    def batches(self, rows: int) -> Iterator[list[Group]]:
        """Whole households, about ``rows`` rows at a time."""
        return self.workspace.households(rows)

    def counts(self) -> dict[str, Any]:
        """What the preview, the report and the history count."""
        return {
            **self.tally.figures(),
            "issues": dict(self.tally.issues),
            "skipped": dict(self.nobody),
            "skipped_rows": self.nobody.total(),
            "refused_columns": self.header.refused,
            "second_person": self.header.unread_people,
        }


@contextmanager
def grouped(
    source: Source, today: date, progress: Progress | None = None, remembered: Remembered | None = None
) -> Iterator[GroupedList]:
    """Read every row of an opened list, and put the people together by household.

    Raises Refused when no column holds names, or nobody is there.
    """
    if source.header is None:
        raise Refused("no_header")
    with Workspace() as workspace:
        found = GroupedList(source.header, workspace)
        _fill(found, persons(source, today, found.nobody, remembered), progress)
        yield found


@contextmanager
def grouped_rows(header: Header, rows: Iterable[Row], today: date) -> Iterator[GroupedList]:
    """The same of rows that come from no file, all of them people."""
    if not header.usable:
        raise Refused("no_name")
    parser = Parser(header, today)
    with Workspace() as workspace:
        found = GroupedList(header, workspace)
        _fill(found, (person for number, cells in rows for person in parser.people(number, cells)), None)
        yield found


def persons(
    source: Source, today: date, nobody: Counter[str], remembered: Remembered | None = None
) -> Iterator[Person]:
    """Every person's row of an opened list; the others are counted by kind. Raises Refused as ``grouped`` does."""
    header = source.header
    if header is None:
        raise Refused("no_header")
    if not header.usable:
        raise Refused("no_name")
    parser = Parser(header, today, remembered=remembered)
    blanks = 0
    started = somebody = False
    for position, (number, cells) in enumerate(source.rows()):
        kind = parser.kind(cells)
        if kind == people.BLANK:
            # Blank rows count between filled ones alone.
            blanks += started
            continue
        if blanks:
            nobody[people.BLANK] += blanks
            blanks = 0
        started = True
        if position < header.position:
            kind = people.TITLE
        elif position == header.position:
            kind = people.HEADER
        if kind:
            nobody[kind] += 1
            continue
        somebody = True
        yield from parser.people(number, cells)
    if not somebody:
        raise Refused("no_rows")


def _fill(found: GroupedList, read: Iterable[Person], progress: Progress | None) -> None:
    batch: list[Person] = []
    count = 0
    for person in read:
        batch.append(person)
        if len(batch) == CHUNK:
            found.workspace.add(batch)
            count += len(batch)
            batch = []
            if progress:
                progress(count)
    found.workspace.add(batch)
    found.workspace.group()
