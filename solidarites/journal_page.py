"""The journal as administrators read it: filtered, one sentence a row, a page or a file at a time.

Nothing is counted: a page is the rows that come after the last one shown, whatever the table holds.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from solidarites import journal, journal_objects, roles
from solidarites.journal_objects import Thing
from solidarites.journal_words import ACTORS, COUNTED, KINDS, PEOPLE, sentence
from solidarites.models import JournalEntry, User

PER_PAGE = 50
# Rows read at once for a file.
CHUNK = 1000
USER = "solidarites.user"
HOUSEHOLD = "tenants.household"
CAMPAIGN = "campaigns.campaign"
HEADINGS = ("Date", "Qui", "Quoi", "Sur quoi", "Précisions", "Code")


@dataclass(frozen=True)
class Filters:
    """What is looked for; nothing chosen is everything."""

    first_day: date | None = None
    last_day: date | None = None
    # The number of an account, or one of ACTORS.
    person: str = ""
    kind: str = ""
    campaign_id: int | None = None
    household_id: int | None = None

    def ids(self) -> dict[str, Any]:
        """For the journal itself."""
        given = {
            "first_day": self.first_day and self.first_day.isoformat(),
            "last_day": self.last_day and self.last_day.isoformat(),
            "person": self.person,
            "kind": self.kind,
            "campaign": self.campaign_id,
            "household": self.household_id,
        }
        return {name: value for name, value in given.items() if value}


@dataclass
class Line:
    """One row in words."""

    at: datetime
    who: Thing
    what: str
    about: list[Thing] = field(default_factory=list)
    detail: str = ""
    action: str = ""


# Reading ---------------------------------------------------------------------------------------------------
def _selected(filters: Filters) -> list[QuerySet[JournalEntry]]:
    """The rows looked for, newest first. An account is looked for as who acted and as what was acted on: each has its
    own index, so these are two lists, to be merged."""
    rows = JournalEntry.objects.order_by("-at", "-pk")
    if filters.first_day:
        rows = rows.filter(at__gte=timezone.make_aware(datetime.combine(filters.first_day, time.min)))
    if filters.last_day:
        end = datetime.combine(filters.last_day + timedelta(days=1), time.min)
        rows = rows.filter(at__lt=timezone.make_aware(end))
    if filters.kind:
        rows = rows.filter(action__in=list(KINDS[filters.kind][1]))
    if filters.campaign_id:
        rows = rows.filter(campaign_id=filters.campaign_id)
    if filters.household_id:
        rows = rows.filter(household_id=filters.household_id)
    if filters.person.isdigit():
        number = int(filters.person)
        about = rows.filter(object_type=USER, object_id=number)
        return [rows.filter(user=number), about.filter(Q(user=None) | ~Q(user=number))]
    if filters.person:
        return [rows.filter(user=None, actor=filters.person)]
    return [rows]


def rows_after(filters: Filters, last: tuple[datetime, int] | None, most: int) -> list[JournalEntry]:
    """At most ``most`` rows, older than the one at ``last`` (its moment and number)."""
    lists = []
    for found in _selected(filters):
        if last is not None:
            found = found.filter(at__lte=last[0]).exclude(at=last[0], pk__gte=last[1])
        lists.append(list(found[:most]))
    return list(islice(merge(*lists, key=_place, reverse=True), most))


def _place(row: JournalEntry) -> tuple[datetime, int]:
    return row.at, row.pk


def place_of(entry_id: int) -> tuple[datetime, int] | None:
    """Where a page ended; None when that row is past its 12 months: nothing older is left either."""
    return JournalEntry.objects.filter(pk=entry_id).values_list("at", "pk").first()


# In words --------------------------------------------------------------------------------------------------
def lines(rows: list[JournalEntry], by: User) -> list[Line]:
    """Each row as a sentence, with links that ``by`` may open. The queries depend on the kinds of things, not on the
    number of rows."""
    wanted: set[tuple[str, int]] = set()
    for row in rows:
        wanted.update(_things(row))
        wanted.update((USER, number) for _, number in _people(row))
        if row.user_id:
            wanted.add((USER, row.user_id))
    found = {**journal_objects.find(wanted), **_accounts([number for kind, number in wanted if kind == USER])}
    may_open: dict[str, bool] = {}

    def shown(kind: str, number: int) -> Thing:
        thing = found[kind, number]
        if thing.path and kind not in may_open:
            may_open[kind] = roles.may_open(by, thing.path)
        return thing if not thing.path or may_open[kind] else Thing(thing.words)

    made = []
    for row in rows:
        who = shown(USER, row.user_id) if row.user_id else Thing(ACTORS.get(row.actor, ACTORS["user"]))
        about = [shown(*thing) for thing in _things(row)]
        details = [f"{word} {shown(USER, number).words}" for word, number in _people(row)]
        made.append(Line(row.at, who, sentence(row.action), about, ", ".join([*details, *_details(row)]), row.action))
    return made


def _things(row: JournalEntry) -> list[tuple[str, int]]:
    """What the row is about; oneself is not said twice."""
    found = []
    if row.object_type and row.object_id is not None and (row.object_type, row.object_id) != (USER, row.user_id):
        found.append((row.object_type, row.object_id))
    if row.household_id is not None:
        found.append((HOUSEHOLD, row.household_id))
    if row.campaign_id is not None:
        found.append((CAMPAIGN, row.campaign_id))
    return list(dict.fromkeys(found))


def _people(row: JournalEntry) -> list[tuple[str, int]]:
    given = [(word, row.detail.get(name)) for name, word in PEOPLE.items()]
    return [(word, number) for word, number in given if type(number) is int]


def _details(row: JournalEntry) -> list[str]:
    """Counts, levels and roles; codes that only the machine reads are left out."""
    words = []
    for name, (one, many) in COUNTED.items():
        value = row.detail.get(name)
        if isinstance(value, list):
            words.append(f"{len(value)} {many if len(value) > 1 else one}")
    if row.detail.get("level"):
        words.append(f"niveau {row.detail['level']}")
    given = row.detail.get("roles", row.detail.get("role"))
    if isinstance(given, str):
        labels = [roles.LABELS.get(name, name) for name in given.split(",") if name]
        words.append(f"rôles\u00a0: {', '.join(labels) or 'aucun'}")
    return words


def _accounts(numbers: list[int]) -> dict[tuple[str, int], Thing]:
    found = {user.pk: user for user in User.objects.filter(pk__in=set(numbers))}
    return {
        (USER, number): Thing(found[number].display_name, reverse("people:person", args=[number]))
        if number in found
        else Thing(f"compte n°\u00a0{number}, effacé")
        for number in numbers
    }


# As a file ---------------------------------------------------------------------------------------------------
class _Echo:
    """What csv.writer writes to: each line is handed back at once."""

    def write(self, text: str) -> str:
        return text


def export(filters: Filters, by: User) -> Iterator[bytes]:
    """The rows looked for, a thousand at a time: UTF-8 with its mark and semicolons, as French spreadsheets open it.

    No cell is ever a formula.
    """
    writer = csv.writer(_Echo(), delimiter=";", lineterminator="\r\n")
    yield b"\xef\xbb\xbf" + writer.writerow(HEADINGS).encode()
    last: tuple[datetime, int] | None = None
    while rows := rows_after(filters, last, CHUNK):
        yield "".join(writer.writerow(_cells(line)) for line in lines(rows, by)).encode()
        if len(rows) < CHUNK:
            return
        last = _place(rows[-1])


def _cells(line: Line) -> list[str]:
    at = timezone.localtime(line.at).strftime("%d/%m/%Y %H:%M:%S")
    about = ", ".join(thing.words for thing in line.about)
    return [at, *(neutral(text) for text in (line.who.words, line.what, about, line.detail, line.action))]


def neutral(value: str) -> str:
    """A text that a spreadsheet would run as a formula is preceded by an apostrophe."""
    return f"'{value}" if value.lstrip()[:1] in ("=", "+", "-", "@") or value[:1] in ("\t", "\r", "\n") else value


@transaction.atomic
def note_read(filters: Filters, by: User) -> None:
    """Who read the journal, and what they looked for."""
    journal.record("journal.read", by=by, **filters.ids())


@transaction.atomic
def note_export(filters: Filters, by: User) -> None:
    journal.record("journal.exported", by=by, **filters.ids())
