"""Rows → households, on disk: memory does not grow with the list.

The rows live in an anonymous temporary SQLite file that disappears with the process; a household's rows come
out together, households in the order of their first row, so that « the first row wins » holds on every import.
"""

from __future__ import annotations

import marshal
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from solidarites.searching import fold
from tenants import identity as names
from tenants.imports.departures import PRESENT
from tenants.imports.person import NEXT_PERSON, WARNING, Person, key_of
from tenants.models import Tenant

Group = list[Person]


_WORDS = re.compile(r"[A-Z0-9]+")


def folded_name(last: str, first: str) -> str:
    return " ".join(_WORDS.findall(fold(f"{last} | {first}")))


def identity(person: Person) -> str:
    """Names and birth date: who somebody is when no reference says it."""
    return f"{folded_name(person.last_name, '')}|{folded_name('', person.first_name)}|{person.birth}"


class Place(NamedTuple):
    """Where a list has somebody: the first row of the household, its contract and address, what it says of them."""

    first: int
    contract: str
    key: str
    status: str


def different_people(one: Person, other: Person) -> bool:
    """Two rows under one reference that are two people: two first names, or two full birth dates."""
    if one.birth and one.birth == other.birth:
        return names.other_first_name(one.first_name, other.first_name)
    days = names.identifies(one.birth, one.precision) and names.identifies(other.birth, other.precision)
    return days or names.other_first_name(one.first_name, other.first_name)


class Workspace:
    def __init__(self) -> None:
        self.db = sqlite3.connect("", isolation_level=None)
        self.db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE; PRAGMA cache_size=-16000;"
            "CREATE TABLE rows (number INTEGER PRIMARY KEY, hh TEXT, ref TEXT, mkey TEXT, data BLOB);"
        )
        self.db.execute("BEGIN")
        self.total = 0
        self._named = False

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, people: Sequence[Person]) -> None:
        self.db.executemany(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?)",
            (
                (
                    person.number,
                    _household(person),
                    "" if person.rejected else person.reference,
                    person.match_key,
                    _dump(person),
                )
                for person in people
            ),
        )
        # Rows, not people.
        self.total += sum(person.number < NEXT_PERSON for person in people)

    def group(self) -> None:
        """Settle repeated references, then give every row without a household reference its household."""
        self._repeated_references()
        self._together()
        self._without_reference()
        self.db.execute("CREATE INDEX by_household ON rows (hh, number)")

    def households(self, rows: int) -> Iterator[list[Group]]:
        """Batches of whole households, about ``rows`` rows each."""
        cursor = self.db.cursor()
        cursor.execute(
            "SELECT r.hh, r.data FROM rows r JOIN (SELECT hh, MIN(number) AS first FROM rows GROUP BY hh) g"
            " ON g.hh = r.hh ORDER BY g.first, r.number"
        )
        batch: list[Group] = []
        size = 0
        last = None
        for hh, data in cursor:
            if hh != last:
                if size >= rows:
                    yield batch
                    batch, size = [], 0
                batch.append([])
                last = hh
            batch[-1].append(_load(data))
            size += 1
        if batch:
            yield batch

    # Who is where ----------------------------------------------------------------------------------

    def has_references(self, references: Iterable[str]) -> set[str]:
        """Those that have a row of their own."""
        wanted = list(references)
        marks = ",".join("?" * len(wanted))
        found = self.db.execute(f"SELECT DISTINCT ref FROM rows WHERE ref IN ({marks})", wanted)  # noqa: S608
        return {ref for (ref,) in found}

    def places(self, tenants: Sequence[Tenant]) -> dict[int, Place]:
        """Where the list has these people, by reference, else by names and a full birth date."""
        found: dict[int, Place] = {}
        for tenant in tenants:
            row = self._row_of(tenant)
            if row is not None:
                hh, person = row[0], _load(row[1])
                first = self.db.execute("SELECT MIN(number) FROM rows WHERE hh = ?", (hh,)).fetchone()[0]
                found[tenant.pk] = Place(first, person.household_reference, person.match_key, person.status)
        return found

    def _row_of(self, tenant: Tenant) -> tuple[str, bytes] | None:
        if tenant.reference:
            query = "SELECT hh, data FROM rows WHERE ref = ? ORDER BY number LIMIT 1"
            row: tuple[str, bytes] | None = self.db.execute(query, (tenant.reference,)).fetchone()
            if row is not None:
                return row
        if not names.identifies(tenant.birth_date, tenant.birth_precision):
            return None
        self._index_names()
        for form in sorted(names.name_forms(tenant.last_name, tenant.first_name)):
            query = "SELECT hh, data FROM who JOIN rows USING (number) WHERE who = ? LIMIT 1"
            row = self.db.execute(query, (f"{form}|{tenant.birth_date}",)).fetchone()
            if row is not None:
                return row
        return None

    def _index_names(self) -> None:
        """Made once somebody has to be looked for by name: few lists need it."""
        if self._named:
            return
        self._named = True
        self.db.execute("CREATE TABLE who (who TEXT, number INTEGER)")
        for number, data in self.db.execute("SELECT number, data FROM rows").fetchall():
            person = _load(data)
            if names.identifies(person.birth, person.precision):
                forms = names.name_forms(person.last_name, person.first_name)
                self.db.executemany(
                    "INSERT INTO who VALUES (?, ?)", [(f"{form}|{person.birth}", number) for form in forms]
                )
        self.db.execute("CREATE INDEX by_who ON who (who)")

    # Repeated references ---------------------------------------------------------------------------

    def _repeated_references(self) -> None:
        self.db.execute("CREATE INDEX by_reference ON rows (ref) WHERE ref <> ''")
        repeated = self.db.execute(
            "SELECT ref, number, hh, data FROM rows WHERE ref IN"
            " (SELECT ref FROM rows WHERE ref <> '' GROUP BY ref HAVING COUNT(*) > 1) ORDER BY ref, number"
        ).fetchall()
        first: Person | None = None
        first_hh = last = ""
        for ref, _number, hh, data in repeated:
            person = _load(data)
            if ref != last or first is None:
                first, first_hh, last = person, hh, ref
                if not hh:
                    # Its repetitions must follow it wherever it goes: settle its household now.
                    first_hh = f"n:{person.number}"
                continue
            if different_people(first, person):
                person.issues.append(["Référence", "reference_shared", WARNING, ref])
                person.mark, person.reference = person.mark or key_of(ref, ()), ""
            else:
                person.same_as = first.number
                person.issues.append(["Référence", "same_person", WARNING, str(first.number)])
                hh = first_hh if hh or first_hh.startswith("c:") else ""
                self.db.execute("UPDATE rows SET hh = ? WHERE number = ?", (hh or first_hh, person.number))
                if first_hh.startswith("n:"):
                    self.db.execute("UPDATE rows SET hh = ? WHERE number = ?", (first_hh, first.number))
            self._save(person)

    def _together(self) -> None:
        """Who stands on one row lives behind one door, wherever its first person was found to be."""
        self.db.execute(
            "UPDATE rows SET hh = (SELECT f.hh FROM rows f WHERE f.number = rows.number % ?1) WHERE number >= ?1"
            " AND hh NOT LIKE 'r:%' AND EXISTS (SELECT 1 FROM rows f WHERE f.number = rows.number % ?1"
            " AND f.hh NOT LIKE 'r:%')",
            (NEXT_PERSON,),
        )

    # Rows without a contract or a dwelling ----------------------------------------------------------

    def _without_reference(self) -> None:
        """Join by identical address and a shared phone, or an identical person at one address."""
        if not self.db.execute("SELECT 1 FROM rows WHERE hh = '' OR hh LIKE 'n:%' LIMIT 1").fetchone():
            return
        self.db.execute("UPDATE rows SET hh = 'n:' || number WHERE hh = ''")
        self.db.execute("CREATE INDEX by_address ON rows (mkey)")
        keys = self.db.execute(
            "SELECT mkey FROM rows WHERE mkey <> '' GROUP BY mkey HAVING COUNT(*) > 1 AND SUM(hh LIKE 'n:%') > 0"
        ).fetchall()
        for (key,) in keys:
            self._join(self.db.execute("SELECT hh, data FROM rows WHERE mkey = ? ORDER BY number", (key,)).fetchall())

    def _join(self, rows: list[tuple[str, bytes]]) -> None:
        groups: dict[str, str] = {}

        def root(hh: str) -> str:
            while groups.setdefault(hh, hh) != hh:
                hh = groups[hh]
            return hh

        seen: dict[str, str] = {}
        for hh, data in rows:
            person = _load(data)
            for mark in (*(phone[0] for phone in person.phones), identity(person)):
                other = seen.setdefault(mark, hh)
                one, two = root(other), root(hh)
                # Two contracts stay two households, whatever they share.
                if one != two and not (one.startswith("c:") and two.startswith("c:")):
                    keep, gone = (two, one) if two.startswith("c:") else (one, two)
                    groups[gone] = keep
        self._by_name(rows, groups, root)
        for hh in {hh for hh, _ in rows}:
            if root(hh) != hh:
                self.db.execute("UPDATE rows SET hh = ? WHERE hh = ?", (root(hh), hh))

    def _by_name(self, rows: list[tuple[str, bytes]], groups: dict[str, str], root: Callable[[str], str]) -> None:
        """At one address, who has no number of their own is with who bears the same last name; it is said."""
        named: dict[str, list[tuple[str, Person]]] = {}
        for hh, data in rows:
            person = _load(data)
            named.setdefault(folded_name(person.last_name, ""), []).append((hh, person))
        for same in named.values():
            for hh, person in same:
                if person.rejected or person.status != PRESENT or any(not phone[2] for phone in person.phones):
                    continue
                other = next((h for h, p in same if root(h) != root(hh) and any(not n[2] for n in p.phones)), "")
                if other and not (root(hh).startswith("c:") and root(other).startswith("c:")):
                    keep, gone = (root(hh), root(other)) if root(hh).startswith("c:") else (root(other), root(hh))
                    groups[gone] = keep
                    person.issues.append(["Adresse", "same_name_same_address", WARNING, person.last_name])
                    self._save(person)

    def _save(self, person: Person) -> None:
        self.db.execute(
            "UPDATE rows SET ref = ?, data = ? WHERE number = ?", (person.reference, _dump(person), person.number)
        )


def _household(person: Person) -> str:
    """What household a row says it is of; a rejected row is one of its own, an empty text is settled later."""
    if person.rejected:
        return f"r:{person.number}"
    if person.beside and not person.household_reference:
        return f"n:{person.row}"
    return f"c:{person.household_reference}" if person.household_reference else ""


def _dump(person: Person) -> bytes:
    return marshal.dumps(person.as_json())


def _load(data: bytes) -> Person:
    return Person.from_json(marshal.loads(data))  # noqa: S302 — our own bytes, from our own temporary file
