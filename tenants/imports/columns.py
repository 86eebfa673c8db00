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
from tenants.imports import words
from tenants.imports.fields import FREE, LABELS, SECOND, SEVERAL, SPELLINGS
from tenants.imports.headings import (
    BLOCKERS,
    DOOR_CODES,
    FIRST_MARK,
    FIRST_TAIL,
    KEYWORDS,
    PATTERNS,
    REFUSED,
    SECOND_GIVEN,
    SECOND_MARK,
    SECOND_PERSON,
)

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
    # The heading above it, where a list has two rows of them: « Locataire 2 ».
    group: str = ""
    samples: list[str] = dataclasses.field(default_factory=list)

    @property
    def title(self) -> str:
        """As it is named on screen: « Locataire 2 – Nom »."""
        return f"{self.group} – {self.heading}" if self.group else self.heading

    @property
    def unread_person(self) -> bool:
        """A second person's column that nothing reads."""
        return self.second_person and not self.field and not self.refused

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
        return bool(_NAMES & self.fields)

    @property
    def unread_people(self) -> list[str]:
        return [column.title for column in self.columns if column.unread_person]


_NAMES = frozenset(("last_name", "usage_name", "full_name", "birth_name"))


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
    if DOOR_CODES.match(name):
        return "", 0
    if SECOND_MARK.search(name):
        return _of_second(SECOND_MARK.sub(" ", name), guess)
    if mark := FIRST_MARK.match(name):
        inner = recognise(name[mark.end() :].strip(), guess)
        if inner[0] in ONE_PERSON:
            return inner
    # « Téléphone 2 », « Tél1 »
    bare = re.sub(r"\d+$", "", squashed)
    if bare != squashed and known.get(bare) in SEVERAL:
        return known[bare], 95
    for pattern, found, score in _patterns():
        if pattern.match(squashed):
            return found, score
    if (mark := FIRST_TAIL.search(name)) and mark.start():
        inner = recognise(name[: mark.start()], guess)
        if inner[0] in ONE_PERSON and (inner[0] not in SEVERAL or inner[1] >= 90):
            return inner
    tokens = set(name.split())
    for wanted, found in KEYWORDS:
        if all(any(re.fullmatch(pattern, token) for token in tokens) for pattern in wanted):
            return found, 80
    if tokens & BLOCKERS or SECOND_PERSON.search(name):
        return "", 0
    if guess and len(squashed) >= 5 and (close := difflib.get_close_matches(squashed, known, n=1, cutoff=0.86)):
        return known[close[0]], int(100 * difflib.SequenceMatcher(None, squashed, close[0]).ratio()) - 10
    return "", 0


ONE_PERSON = frozenset(name.removeprefix(SECOND) for name in LABELS if name.startswith(SECOND))
_ABOUT_OTHERS = re.compile(
    r"\b(?:ENFANTS?|AGENCE|GARDIENN?E?|GARANTE?|BAILLEUR|TUTEUR|TUTELLE|PROPRIETAIRE|EMPLOYEUR|CAUTION|GESTIONNAIRE)\b"
)


def _of_second(rest: str, guess: bool) -> tuple[str, int]:
    """The field of the second person that a heading names once the person is taken out of it."""
    rest = " ".join(word for word in rest.split() if word not in ("ET", "S"))
    if not rest:
        return SECOND + "full_name", 90
    if _ABOUT_OTHERS.search(rest):
        return "", 0
    name, score = recognise(rest, guess)
    return (SECOND + name, max(score - 2, 0)) if name in ONE_PERSON else ("", 0)


def recognise_under(group: str, heading: str, guess: bool = True) -> tuple[str, int]:
    """The field of a heading that stands below another one, « Locataire 2 » above « Nom »."""
    above = canonical(group)
    if not above or above == canonical(heading):
        return recognise(heading, guess)
    if SECOND_MARK.search(above):
        return _of_second(canonical(heading), guess)
    name, score = recognise(heading, guess)
    if _ABOUT_OTHERS.search(above) or recognise(group, False)[0] == "phone_third":
        return ("phone_third", 90) if name in ("phone", "phone_third") and "AGENCE" not in above else ("", 0)
    if score < 95 or canonical(heading) in _BARE_NUMBER:
        whole = recognise(f"{group} {heading}", guess)
        if whole[1] > score or canonical(heading) in _BARE_NUMBER:
            return whole
    return name, score


def read_header(cells: Sequence[Any], position: int, *, guess: bool = True, above: Sequence[str] = ()) -> Header:
    """What each heading of one row is taken for; of two columns for one field the surer, then the first, wins.

    ``above``: for each column, the heading that stands over it in a list with two rows of them, or « ».
    """
    columns: list[Column] = []
    best: dict[str, Column] = {}
    for index, cell in enumerate(cells):
        heading = " ".join(str(cell if cell is not None else "").split())
        group = above[index] if index < len(above) else ""
        if group and not heading:
            heading, group = group, ""
        column = Column(index, heading[:120], group=group[:60])
        columns.append(column)
        if not heading:
            continue
        if is_refused(heading):
            column.refused = True
            continue
        column.second_person = bool(SECOND_PERSON.search(canonical(column.title)))
        name, score = recognise_under(group, heading, guess)
        if not name:
            continue
        rival = best.get(name)
        if rival is not None and name not in SEVERAL:
            if rival.score >= score:
                continue
            rival.field, rival.score = "", 0
        best[name] = column
        column.field, column.score = name, score
    _number_two(columns)
    _settle(columns)
    names = {canonical(column.title) for column in columns}
    for column in columns:
        if column.second_person and SECOND_GIVEN.match(canonical(column.title)) and "NOM 2" not in names:
            column.second_person = False
    return Header(position, columns, score=sum(column.score for column in columns))


def _number_two(columns: list[Column]) -> None:
    """« Nom 1 », « Nom 2 », « Tél 2 »: where a second name is numbered, so is what belongs to it."""
    by_name = {canonical(column.title): column for column in columns if not column.refused}
    if "NOM 2" not in by_name:
        return
    fields = {column.field for column in columns}
    for name, column in by_name.items():
        if not name.endswith(" 2") or (column.field and column.field != "phone"):
            continue
        stem = name.removesuffix(" 2")
        found, score = recognise(stem)
        # « Tél 1 » and « Tél 2 » are two numbers of one person, unless each person has one.
        if found not in ONE_PERSON or (found == "phone" and f"{stem} 1" not in by_name):
            continue
        if found in SEVERAL or SECOND + found not in fields:
            column.field, column.score, column.second_person = SECOND + found, score, True
            fields.add(column.field)


def _settle(columns: list[Column]) -> None:
    """« Locataire » is the name only where no other column holds names; « N° et rue » the street where none is."""
    fields = {column.field for column in columns}
    named_twice = {SECOND + name for name in (*_NAMES, "first_name")} & fields
    for column in columns:
        if column.field == SECOND + "full_name" and {SECOND + "last_name", SECOND + "usage_name"} & fields:
            column.field, column.score = "", 0
        if column.field.startswith(SECOND) and not named_twice:
            # Nobody is named: a number is the household's, a date nobody's.
            column.field = "phone" if column.field == SECOND + "phone" else ""
        if column.field.startswith(SECOND):
            column.second_person = True
        if column.field == "full_name" and {"last_name", "usage_name"} & fields:
            column.field, column.score = "", 0
        if column.field == "street_number" and "street" not in fields and " " in canonical(column.heading):
            column.field, column.score = "street", 70
            fields.add("street")


def find_header(rows: Sequence[tuple[int, Sequence[Any]]]) -> Header | None:
    """The header among the first rows: the one where most headings are recognised; None when none has two."""
    best: Header | None = None
    above: list[str] = []
    for position, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        filled = [cell for cell in cells if cell not in (None, "")]
        if len(filled) < 2:
            continue
        header = read_header(cells, position, guess=False)
        recognised = sum(1 for column in header.columns if column.field and column.score >= 80)
        if recognised < 2:
            continue
        groups = _groups(rows[position - 1][1], cells) if position else []
        if groups:
            under = read_header(cells, position, guess=False, above=groups)
            header, groups = (under, groups) if under.score > header.score else (header, [])
        if best is None or header.score > best.score:
            best, above = header, groups
    if best is not None:
        best = read_header(rows[best.position][1], best.position, above=above)
        below = [cells for _, cells in rows[best.position + 1 :]]
        settle_by_values(best, below)
        add_samples(best, below)
    return best


def _groups(upper: Sequence[Any], lower: Sequence[Any]) -> list[str]:
    """The headings over a row of headings, each over all of its columns; none where the row above is something else.

    A merged cell of a workbook holds its text in its first column: it reaches to the next one that is filled.
    """
    texts = [" ".join(str(cell if cell is not None else "").split()) for cell in upper]
    filled = [text for text in texts if text]
    if len(filled) < 2 or any(len(text) > 60 or is_refused(text) for text in filled):
        return []
    below = [canonical(str(cell)) for cell in lower if cell not in (None, "")]
    about = any(SECOND_MARK.search(canonical(text)) for text in filled)
    if not about and len(set(below)) == len(below):
        return []
    found: list[str] = []
    for index in range(len(lower)):
        text = texts[index] if index < len(texts) else ""
        own = lower[index] not in (None, "")
        found.append(text or (found[-1] if index and own else ""))
    return found


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
    unknown: list[tuple[Column, list[str]]] = []
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
        elif column.field == "building" and canonical(column.heading).startswith("COD") and _mostly(values, _is_key):
            column.field, column.score = "", 0
        elif not column.field and not _blocked(column.title) and len(values) > 1 and not column.second_person:
            unknown.append((column, values))
    for _ in range(2):  # A column of last names is known once that of first names is.
        for column, values in unknown:
            if not column.field:
                column.field, column.score = _by_values(values, header.fields)
    header.score = sum(column.score for column in header.columns)


def _by_values(values: Sequence[str], known: set[str]) -> tuple[str, int]:
    """What a column without a known heading looks like, of what the list still lacks: numbers, births, names."""
    if _mostly(values, _is_phone):
        return "phone", 70
    if "birth" not in known and _mostly(values, _is_birth):
        return "birth", 60
    different = len(set(values)) * 2 > len(values)
    if not (different and _mostly(values, words.looks_like_name)):
        return "", 0
    if not _NAMES & known and _mostly(values, lambda text: len(text.split()) > 1):
        return "full_name", 60
    given = sum(words.is_given_name(text) for text in values) * 2 >= len(values)
    if given and "first_name" not in known and "full_name" not in known:
        return "first_name", 60
    if not given and not _NAMES & known and "first_name" in known and _mostly(values, str.isupper):
        return "last_name", 60
    return "", 0


_OLD_DATE = re.compile(r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:19[0-6]\d|\d\d)|19[0-6]\d(?:-\d\d-\d\d)?)(?:[T ].*)?")


def _is_birth(text: str) -> bool:
    """A date before 1970: a lease that began then is rarer than a column of births."""
    if not _OLD_DATE.fullmatch(text):
        return False
    year = text[-2:] if "-" not in text[:5] else text[2:4]
    return len(text) > 8 or not year.isdigit() or int(year) < 70


def _is_key(text: str) -> bool:
    """A door's code, « 1234A », « B4567 »: no building is named so."""
    return bool(re.fullmatch(r"[A-Z#*]?\d{3,6}[A-Z#*]?|\d{1,3}[A-Z]\d{1,3}", text.strip().upper()))


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
    return hashlib.sha256("\n".join(canonical(column.title) for column in header.columns).encode()).hexdigest()


def use_fields(header: Header, fields: dict[str, str]) -> None:
    """Take the fields somebody chose (canonical heading → field); a refused column stays refused."""
    for column in header.columns:
        if column.refused or canonical(column.title) not in fields:
            continue
        chosen = fields[canonical(column.title)]
        if chosen not in LABELS:
            chosen = ""
        if chosen != column.field:
            column.field, column.score = chosen, 100 if chosen else 0


def header_from_json(columns: list[dict[str, Any]], position: int = 0) -> Header:
    return Header(position, [Column(**column) for column in columns])
