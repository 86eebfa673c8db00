"""Headings → fields: recognised by their usual French spellings, refused when the purpose does not need them."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from typing import Any

from solidarites.searching import fold
from tenants import phones
from tenants.imports.fields import FREE, LABELS, SEVERAL, SPELLINGS
from tenants.imports.headings import BLOCKERS, KEYWORDS, PATTERNS, REFUSED, SECOND_GIVEN, SECOND_PERSON

HEADER_WITHIN = 60  # title rows above the header, at most
_STOP = frozenset(("DE", "DU", "DES", "LA", "LE", "LES", "L", "D", "A", "AU", "AUX", "EN", "OU"))


@dataclass(slots=True)
class Column:
    """One column of the file: its heading as written, what it is taken for, and how sure that is (0–100)."""

    index: int
    heading: str
    field: str = ""
    score: int = 0
    refused: bool = False
    second_person: bool = False
    samples: list[str] = dataclasses.field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Header:
    """Where the header is (position among the rows read) and the columns under it."""

    position: int
    columns: list[Column]
    score: int = 0

    @property
    def fields(self) -> set[str]:
        return {column.field for column in self.columns if column.field}

    @property
    def refused(self) -> list[str]:
        return [column.heading for column in self.columns if column.refused]

    @property
    def usable(self) -> bool:
        """A list needs at least the names."""
        return bool({"last_name", "full_name", "birth_name"} & self.fields)


@lru_cache(maxsize=10_000)
def canonical(heading: str) -> str:
    """« N° d'usage (nom) » → « N USAGE NOM »: accents, case, dots, apostrophes and small words aside."""
    heading = re.sub(r"\b(?:[^\W\d_]\.){2,}", lambda match: match[0].replace(".", "") + " ", heading)
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", heading.replace("°", " ").replace("º", " "))
    words = re.findall(r"[A-Z]+|\d+", fold(spaced))
    return " ".join(word for word in words if word not in _STOP)


def _squash(text: str) -> str:
    return text.replace(" ", "")


@cache
def _exact() -> dict[str, str]:
    known: dict[str, str] = {}
    for name, spellings in SPELLINGS.items():
        for spelling in spellings:
            known.setdefault(_squash(canonical(spelling)), name)
    return known


@cache
def _patterns() -> list[tuple[re.Pattern[str], str, int]]:
    return [(re.compile(pattern), field, score) for pattern, field, score in PATTERNS]


@cache
def _refused() -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{pattern})" for pattern in REFUSED))


def is_refused(heading: str) -> bool:
    return bool(_refused().search(canonical(heading)))


@lru_cache(maxsize=10_000)
def recognise(heading: str, guess: bool = True) -> tuple[str, int]:
    """The field a heading names and a score; ("", 0) when it names none. ``guess`` forgives misspellings."""
    name = canonical(heading)
    if not name or len(heading) > 120:
        return "", 0
    known = _exact()
    squashed = _squash(name)
    if squashed in known:
        return known[squashed], 100
    # « Téléphone 2 », « Tél1 »
    bare = re.sub(r"\d+$", "", squashed)
    if bare != squashed and known.get(bare) in SEVERAL:
        return known[bare], 95
    for pattern, found, score in _patterns():
        if pattern.match(squashed):
            return found, score
    tokens = set(name.split())
    for wanted, found in KEYWORDS:
        if all(any(re.fullmatch(pattern, token) for token in tokens) for pattern in wanted):
            return found, 80
    if tokens & BLOCKERS or SECOND_PERSON.search(name):
        return "", 0
    if guess and len(squashed) >= 5 and (close := difflib.get_close_matches(squashed, known, n=1, cutoff=0.86)):
        return known[close[0]], int(100 * difflib.SequenceMatcher(None, squashed, close[0]).ratio()) - 10
    return "", 0


def read_header(cells: Sequence[Any], position: int, *, guess: bool = True) -> Header:
    """What each heading of one row is taken for; of two columns for one field the surer, then the first, wins."""
    columns: list[Column] = []
    best: dict[str, Column] = {}
    for index, cell in enumerate(cells):
        heading = " ".join(str(cell if cell is not None else "").split())
        column = Column(index, heading[:120])
        columns.append(column)
        if not heading:
            continue
        if is_refused(heading):
            column.refused = True
            continue
        column.second_person = bool(SECOND_PERSON.search(canonical(heading)))
        name, score = recognise(heading, guess)
        if not name:
            continue
        rival = best.get(name)
        if rival is not None and name not in SEVERAL:
            if rival.score >= score:
                continue
            rival.field, rival.score = "", 0
        best[name] = column
        column.field, column.score = name, score
    _settle(columns)
    names = {canonical(column.heading) for column in columns}
    for column in columns:
        if column.second_person and SECOND_GIVEN.match(canonical(column.heading)) and "NOM 2" not in names:
            column.second_person = False
    return Header(position, columns, score=sum(column.score for column in columns))


def _settle(columns: list[Column]) -> None:
    """« Locataire » is the name only where no other column holds names; « N° et rue » the street where none is."""
    fields = {column.field for column in columns}
    for column in columns:
        if column.field == "full_name" and "last_name" in fields:
            column.field, column.score = "", 0
        if column.field == "street_number" and "street" not in fields and " " in canonical(column.heading):
            column.field, column.score = "street", 70
            fields.add("street")


def find_header(rows: Sequence[tuple[int, Sequence[Any]]]) -> Header | None:
    """The header among the first rows: the one where most headings are recognised; None when none has two."""
    best: Header | None = None
    for position, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        filled = [cell for cell in cells if cell not in (None, "")]
        if len(filled) < 2:
            continue
        header = read_header(cells, position, guess=False)
        recognised = sum(1 for column in header.columns if column.field and column.score >= 80)
        if recognised >= 2 and (best is None or header.score > best.score):
            best = header
    if best is not None:
        best = read_header(rows[best.position][1], best.position)
        below = [cells for _, cells in rows[best.position + 1 :]]
        settle_by_values(best, below)
        add_samples(best, below)
    return best


# By what the cells hold ---------------------------------------------------------------------------------

_NIR = re.compile(r"[12]\d\d(?:0[1-9]|1[0-2]|[2-9]\d)(?:\d\d|2[AB])\d{6}(\d\d)?")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_BARE_NUMBER = frozenset(("N", "NO", "NUM", "NUMERO"))


def settle_by_values(header: Header, rows: Sequence[Sequence[Any]]) -> None:
    """Where the heading leaves a doubt, the cells under it decide.

    Social-security and bank numbers are refused whatever the heading; a column without a known heading where
    nearly all are telephone numbers is one of telephones; a bare « N° » before whole addresses counts the rows.
    """
    street = next((column for column in header.columns if column.field == "street"), None)
    for column in header.columns:
        values = [text for cells in rows if column.index < len(cells) and (text := cell_text(cells[column.index]))][:50]
        if column.refused or not values:
            continue
        if column.field not in FREE and _mostly(values, _is_secret if column.field in _IDS else _may_be_secret):
            column.field, column.score, column.refused = "", 0, True
        elif column.field == "street_number" and canonical(column.heading) in _BARE_NUMBER:
            if street is None or _mostly(_texts(street, rows), lambda text: text[:1].isdigit()):
                number = _mostly(values, _is_phone)
                column.field, column.score = ("phone", 70) if number else ("", 0)
        elif not column.field and not _blocked(column.heading) and len(values) > 1 and _mostly(values, _is_phone):
            column.field, column.score = "phone", 70
    header.score = sum(column.score for column in header.columns)


_IDS = frozenset(("reference", "contract", "dwelling"))


def _texts(column: Column, rows: Sequence[Sequence[Any]]) -> list[str]:
    return [text for cells in rows if column.index < len(cells) and (text := cell_text(cells[column.index]))]


def _mostly(values: Sequence[str], holds: Callable[[str], bool]) -> bool:
    return bool(values) and sum(map(holds, values)) * 10 >= len(values) * 8


def _may_be_secret(text: str) -> bool:
    """A social-security number, with or without its key, or an IBAN."""
    bare = re.sub(r"[ .-]", "", text).upper()
    return bool(_NIR.fullmatch(bare)) or _is_secret(text)


def _is_secret(text: str) -> bool:
    """The same, sure: its key fits."""
    bare = re.sub(r"[ .-]", "", text).upper()
    if (match := _NIR.fullmatch(bare)) and match[1]:
        digits = bare[:13].replace("2A", "19").replace("2B", "18")
        return int(match[1]) == 97 - int(digits) % 97
    if not _IBAN.fullmatch(bare):
        return False
    return int("".join(str(int(char, 36)) for char in bare[4:] + bare[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    read = phones.parse_cell(text[:120])
    return bool(read.phones) and not read.rejected


def _blocked(heading: str) -> bool:
    return bool(set(canonical(heading).split()) & (BLOCKERS | {"AGENCE", "BAILLEUR", "GARDIEN"}))


def add_samples(header: Header, rows: Sequence[Sequence[Any]]) -> None:
    """Three values of each column, to see what it holds; none of a refused one."""
    for column in header.columns:
        if column.refused:
            continue
        values: list[str] = []
        for cells in rows:
            value = cells[column.index] if column.index < len(cells) else ""
            text = cell_text(value)
            if text and text not in values:
                values.append(text[:60])
            if len(values) == 3:
                break
        column.samples = values


def cell_text(value: Any) -> str:
    """A cell as a spreadsheet shows it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def fingerprint(header: Header) -> str:
    """The same headings in the same order have the same one: a profile is proposed by it."""
    return hashlib.sha256("\n".join(canonical(column.heading) for column in header.columns).encode()).hexdigest()


def use_fields(header: Header, fields: dict[str, str]) -> None:
    """Take the fields somebody chose (canonical heading → field); a refused column stays refused."""
    for column in header.columns:
        if column.refused or canonical(column.heading) not in fields:
            continue
        chosen = fields[canonical(column.heading)]
        if chosen not in LABELS:
            chosen = ""
        if chosen != column.field:
            column.field, column.score = chosen, 100 if chosen else 0


def header_from_json(columns: list[dict[str, Any]], position: int = 0) -> Header:
    return Header(position, [Column(**column) for column in columns])
