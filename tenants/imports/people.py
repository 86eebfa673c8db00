"""One row of cells → one person, with what was wrong about it; or the reason why the row holds nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import Any

from solidarites.searching import fold
from tenants import communes, phones
from tenants.addresses import match_key, split_address, split_town
from tenants.imports import births, departures, words
from tenants.imports.columns import Header, canonical, cell_text
from tenants.imports.departures import DECEASED, MOVED, PRESENT, Situation
from tenants.imports.fields import DETAILS, HouseholdDetail
from tenants.imports.headings import PRESENCE

# Why a row holds no person: counted and said, never an error.
TITLE, BLANK, TOTAL, HEADER = "title", "blank", "total", "header"
# An issue: [column heading, code, severity, value as written]
Issue = list[str]
ERROR, WARNING = "error", "warning"


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
    # Number of an earlier row of the same person: this one only brings its phones.
    same_as: int = 0
    # The word by which the list says that the person is present; empty where it does not say.
    present_word: str = ""
    issues: list[Issue] = field(default_factory=list)

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
FORMAT = 1
_NAMES = tuple(one.name for one in fields(Person))
_VALUES = attrgetter(*_NAMES)
_BLANK = {**dict(zip(_NAMES, _VALUES(Person(0)), strict=True)), "number": None}


class Parser:
    """Reads rows under one header. ``today`` settles two-digit years and exits to come."""

    def __init__(self, header: Header, today: date) -> None:
        self.today = today
        self.header = header
        self.headings = [fold(column.heading) for column in header.columns]
        self.at: dict[str, int] = {}
        self.title: dict[str, str] = {}
        self.phone_columns: list[tuple[int, str, bool, str]] = []
        self.extra: list[int] = []
        self.details: dict[str, list[int]] = {}
        self.remark_columns: list[tuple[int, str]] = []
        self.others: list[tuple[int, str]] = []
        for column in header.columns:
            if column.second_person and not column.field:
                self.others.append((column.index, column.heading))
            if column.field in ("phone", "phone_third"):
                third = column.field == "phone_third"
                label = _column_label(column.heading) if third else ""
                self.phone_columns.append((column.index, column.heading, third, label))
            elif column.field == "street_extra":
                self.extra.append(column.index)
            elif column.field in _DETAILS:
                self.details.setdefault(column.field, []).append(column.index)
            elif column.field == "remarks":
                self.remark_columns.append((column.index, column.heading))
            elif column.field:
                self.at.setdefault(column.field, column.index)
            if column.field:
                self.title.setdefault(column.field, column.heading)
        self.asks_presence = bool(PRESENCE.match(canonical(self.title.get("status", "")).replace(" ", "")))
        self.first_name_first = "PRENOM" in canonical(self.title.get("full_name", "")).split()[:1]
        # Everything read of a row: the refused columns are not among it.
        self.read = [column.index for column in header.columns if column.field]
        self.preferred_first = len(self.phone_columns)

    # Cells -----------------------------------------------------------------------------------------

    def cell(self, cells: Sequence[Any], name: str) -> Any:
        index = self.at.get(name)
        return cells[index] if index is not None and index < len(cells) else ""

    def texts(self, cells: Sequence[Any]) -> dict[str, str]:
        """The filled cells of the fields that only one column holds, cleaned."""
        found = {}
        width = len(cells)
        for name, index in self.at.items():
            if index < width and (value := cells[index]) not in ("", None):
                found[name] = words.clean(value if type(value) is str else cell_text(value))
        return found

    # Rows ------------------------------------------------------------------------------------------

    def kind(self, cells: Sequence[Any]) -> str:
        """ "" for a person's row, else BLANK, HEADER, TOTAL or TITLE."""
        # Most rows are somebody's, at one glance.
        if len(cells) > 4 and self._surely_somebody(cells):
            return ""
        filled = [(i, cell) for i, cell in enumerate(cells) if cell not in ("", None) and str(cell).strip()]
        if not filled:
            return BLANK
        if len(filled) > 1 and self._is_header(filled):
            return HEADER
        names = [cell_text(name) for name in (self.cell(cells, "last_name"), self.cell(cells, "full_name")) if name]
        total = words.is_total(str(filled[0][1])) or any(words.is_total(name) for name in names)
        if total and len(filled) <= max(4, len(self.read) // 3):
            return TOTAL
        if not names and len(filled) <= 4 and any(words.is_total(str(cell)) for _, cell in filled):
            return TOTAL
        if len(filled) == 1:
            index, value = filled[0]
            if index == self.at.get("last_name", -1):
                return TITLE if words.is_section(str(value)) else ""
            if index == self.at.get("full_name", -1) and len(self.read) > 1 and not words.looks_like_name(str(value)):
                return TITLE
            if index in (self.at.get("full_name", -1),):
                return ""
            if index == self.at.get("reference", -1) and re.fullmatch(r"[\w./-]*\d[\w./-]*", str(value).strip()):
                return ""
            return TITLE
        return ""

    def _surely_somebody(self, cells: Sequence[Any]) -> bool:
        """A first name, a birth date with a digit and another cell: no title, total or header has them."""
        first, birth = self.cell(cells, "first_name"), self.cell(cells, "birth")
        return bool(first and birth) and (type(birth) is not str or birth[:1].isdigit())

    def _is_header(self, filled: list[tuple[int, Any]]) -> bool:
        same = sum(
            1
            for i, cell in filled
            if i < len(self.headings) and self.headings[i] and fold(str(cell)).strip() == self.headings[i]
        )
        return same >= 2 and same * 10 >= len(filled) * 6

    def person(self, number: int, cells: Sequence[Any]) -> Person:
        person = Person(number)
        issues = person.issues
        texts = self.texts(cells)
        person.reference = words.reference(texts.get("reference", "")[:200])[:60]
        contract = words.reference(texts.get("contract", "")[:200])[:60]
        person.household_reference = contract or self._dwelling(texts)
        self._names(person, cells, texts, issues)
        if not person.last_name:
            person.rejected = "no_last_name"
            issues.append([self.title.get("last_name") or self.title.get("full_name", ""), "no_last_name", ERROR, ""])
            return person
        if not person.reference and not person.first_name:
            person.rejected = "no_identity"
            issues.append([self.title.get("first_name", ""), "no_identity", ERROR, person.last_name])
            return person
        self._address(person, cells, texts, issues)
        self._birth(person, cells, texts, issues)
        self._status(person, cells, texts, issues)
        self._phones(person, cells, issues)
        self._others(person, cells, texts, issues)
        return person

    def _dwelling(self, texts: dict[str, str]) -> str:
        """A dwelling's reference; « 12 » is one only within its residence."""
        dwelling = words.reference(texts.get("dwelling", "")[:200])[:60]
        if dwelling and len(dwelling) <= 4:
            within = texts.get("residence", "")[:50] or texts.get("residence_name", "")[:50]
            return f"{within}/{dwelling}" if within else dwelling
        return dwelling

    def _names(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        civility = texts.get("civility", "")[:60]
        last = texts.get("last_name", "")[:120] or texts.get("birth_name", "")[:120]
        first = texts.get("first_name", "")[:120]
        if not last and (full := texts.get("full_name", "")[:200]):
            found, last, split_first = words.split_name(full, self.first_name_first)
            first = first or split_first
            civility = civility or found
        for which, value in (("last_name", last), ("first_name", first), ("civility", civility)):
            code, status, word = departures.in_name(value, self.today)
            if status:
                _close(person, status, self.title.get(which, ""), code, word)
            elif code:
                issues.append([self.title.get(which, ""), code, WARNING, value[:60]])
        last, first = (words.name(departures.without_marks(text)) for text in (last, first))
        if not civility and last:
            civility, last = words.leading_civility(last)
        person.civility, several = words.civility(civility)
        if several:
            issues.append(
                [self.title.get("civility", self.title.get("full_name", "")), "several_people", WARNING, civility]
            )
        person.last_name, person.first_name = last[:120], first[:120]
        for index, heading in self.others:
            other = cell_text(cells[index]) if index < len(cells) else ""
            if other and words.yes_no(other) is None and (words.looks_like_name(other) or other[:1].isdigit()):
                issues.append([heading, "several_people", WARNING, other[:60]])
                break

    def _address(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        street = texts.get("street", "")[:400]
        number = texts.get("street_number", "")[:20]
        kind = texts.get("street_type", "")[:30]
        postal = words.postal_code(texts.get("postal_code", "")[:30])
        city = words.without_department(texts.get("city", "")[:120])
        if city[:1].isdigit():
            postal_found, city = words.postal_and_city(city)
            postal = postal or postal_found
        if not (postal and city) and (both := texts.get("postal_city", "")[:160]):
            postal_found, city_found = words.postal_and_city(both)
            postal, city = postal or postal_found, city or city_found
        extra = [words.clean(cell_text(cells[i])) for i in self.extra if i < len(cells) and cells[i] not in ("", None)]
        street = (
            " ".join(part for part in (number, kind) if part and not street.startswith(part))
            + (" " if number or kind else "")
            + street
        )
        whole = "\n".join(part for part in (street.strip(), *extra) if part)
        if not (postal and city) and (town := split_town(whole.replace("\n", " "))):
            whole, postal, city = town[0], postal or town[1], city or town[2]
        line, building, door = split_address(whole)
        building = ", ".join(part for part in (_labelled("Bât.", texts.get("building", "")[:60]), building) if part)
        door = ", ".join(part for part in (_labelled("Porte", texts.get("door", "")[:60]), door) if part)
        person.street, person.building, person.door = line[:200], building[:60], door[:60]
        person.postal_code, person.city = postal[:10], words.city(city)[:120]
        self._commune(person, city, texts.get("insee", "")[:10], issues)
        person.match_key = match_key(person.street, person.building, person.door, person.postal_code, person.city)

    def _commune(self, person: Person, city: str, insee: str, issues: list[Issue]) -> None:
        found = communes.find(person.postal_code, city)
        known = communes.get(insee.zfill(5)) if insee and not found else None
        title = self.title.get("city") or self.title.get("postal_city") or self.title.get("street", "")
        if found:
            person.insee, person.department = found.commune.code, found.commune.department
            if not person.postal_code:
                issues.append([self.title.get("postal_code", title), "postal_code_missing", WARNING, ""])
                if len(found.commune.postal_codes) == 1:
                    person.postal_code = found.commune.postal_codes[0]
            elif not found.exact:
                issues.append([title, "commune_close", WARNING, f"{person.postal_code} {person.city}"])
        elif known:
            person.insee, person.department = known.code, known.department
        else:
            person.department = communes.department_of_postal_code(person.postal_code) if person.postal_code else ""
            issues.append([title, "commune_unknown", WARNING, f"{person.postal_code} {person.city}".strip()])

    def _birth(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        value = self.cell(cells, "birth")
        birth = births.parse(value, today=self.today, leaseholder=words.is_leaseholder(texts.get("role", "")[:60]))
        for code in birth.codes:
            issues.append([self.title.get("birth", ""), code, WARNING, cell_text(value)[:60]])
        if birth.day is None:
            if not birth.codes:
                issues.append([self.title.get("birth", ""), "birth_unknown", WARNING, cell_text(value)[:60]])
            return
        person.birth, person.precision = birth.day.isoformat(), birth.precision

    def _status(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        """Present, gone or dead, by plain words about the person and dates that have come; nothing else closes."""
        self._situation(person, texts.get("status", "")[:80], issues)
        left = self.cell(cells, "exit_date")
        if left not in ("", None):
            has_come = self._past(left)
            written = self._dated(left)
            if has_come is None:
                status = MOVED if words.is_yes(written) else departures.closing(written[:80], self.today)
                if status:
                    _close(person, status, self.title.get("exit_date", ""), "exit_date_past", written)
                elif words.yes_no(written) is None:
                    issues.append([self.title.get("exit_date", ""), "exit_unreadable", WARNING, written[:60]])
            elif has_come:
                _close(person, MOVED, self.title.get("exit_date", ""), "exit_date_past", written)
        for index, heading in self.remark_columns:
            remark = cell_text(cells[index]) if index < len(cells) else ""
            situation = departures.in_remark(remark[:200], self.today)
            if situation.status:
                _close(person, situation.status, heading, "status_in_remark", remark)
            elif situation.doubt:
                issues.append([heading, "status_doubt", WARNING, remark[:60]])
        self._death(person, self.cell(cells, "death_date"), issues)

    def _situation(self, person: Person, word: str, issues: list[Issue]) -> None:
        heading = self.title.get("status", "")
        situation = departures.in_status(word, self.today)
        if self.asks_presence and words.is_no(word):
            situation = Situation(MOVED)
        if situation.status == PRESENT or (self.asks_presence and words.is_yes(word)):
            person.present_word = word[:60]
        elif situation.status:
            _close(person, situation.status, heading, "gone_in_status", word)
        elif situation.doubt:
            issues.append([heading, "status_doubt", WARNING, word[:60]])
        elif not situation.understood:
            issues.append([heading, "status_unknown", WARNING, word[:60]])

    def _death(self, person: Person, value: Any, issues: list[Issue]) -> None:
        if value in ("", None):
            return
        written, day = self._dated(value), words.any_date(value, self.today)
        # A death is written once it is there: of a month or a year alone, this year's has come.
        died = day is not None and 1901 < day.year <= self.today.year
        if died or words.is_yes(written) or departures.closing(written[:80], self.today) == DECEASED:
            _close(person, DECEASED, self.title.get("death_date", ""), "death_date_past", written)
        elif words.yes_no(written) is None and self._past(value) is None:
            issues.append([self.title.get("death_date", ""), "death_unreadable", WARNING, written[:60]])

    def _dated(self, value: Any) -> str:
        """A date cell as its reader knows it: « 31/01/2020 », not the number a spreadsheet keeps."""
        if isinstance(value, (date, int, float)) and (day := words.any_date(value, self.today)):
            return f"{day:%d/%m/%Y}"
        return cell_text(value)

    def _past(self, value: Any) -> bool | None:
        """Whether a date has come; None when it is not one. 31/12/9999, 01/01/1900, 0 and « NC » have not."""
        read = words.any_date(value, self.today)
        if read is None:
            return False if births.is_empty(value) else None
        return date(1901, 1, 1) < read <= self.today

    def _phones(self, person: Person, cells: Sequence[Any], issues: list[Issue]) -> None:
        region = communes.phone_region(person.department)
        known: dict[str, list[Any]] = {}
        for index, heading, third, label in self.phone_columns:
            if index >= len(cells) or cells[index] in ("", None):
                continue
            read = phones.parse_cell(cell_text(cells[index]), region)
            for wrong in read.rejected:
                person.phones_rejected += 1
                issues.append([heading, "phone_invalid", WARNING, wrong])
            for phone in read.phones:
                entry = [phone.e164, phone.label or label, phone.third_party or third, phone.preferred]
                if phone.e164 not in known:
                    known[phone.e164] = entry
                elif known[phone.e164][2] and not entry[2]:
                    known[phone.e164][2] = False
        person.phones = list(known.values())

    def _others(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        person.agency = texts.get("agency", "")[:120]
        person.residence = words.reference(texts.get("residence", "")[:60])
        person.residence_name = texts.get("residence_name", "")[:160]
        if person.residence_name and not person.residence:
            person.residence = person.residence_name[:60]
        for name, indexes in self.details.items():
            self._detail(person, _DETAILS[name], [cells[i] for i in indexes if i < len(cells)], issues)

    def _detail(self, person: Person, detail: HouseholdDetail, cells: Sequence[Any], issues: list[Issue]) -> None:
        text = " · ".join(words.clean(cell_text(cell)) for cell in cells if cell not in ("", None))[:300]
        value = detail.read(text) if text else ""
        if value is None and detail.doubt:
            issues.append([self.title[detail.name], detail.doubt, WARNING, text[:60]])
        if value not in ("", None):
            person.details[detail.name] = value


def _close(person: Person, status: str, heading: str, code: str, word: str) -> None:
    """The list says that the person is dead or gone; a death is stronger than a departure."""
    if person.status == PRESENT or (status == DECEASED and person.status != DECEASED):
        person.status = status
        person.issues.append([heading, code, WARNING, word[:60]])


def _labelled(label: str, value: str) -> str:
    """« B » in a column « Bâtiment » → « Bât. B »; « Bât B » and « RDC » stay."""
    if not value or value.strip() in ("0", "-"):
        return ""
    return f"{label} {value}" if re.fullmatch(r"[A-Za-z]?\d{0,4}[A-Za-z]?", value.strip()) else value


_DETAILS = {detail.name: detail for detail in DETAILS}


@lru_cache(maxsize=100)
def _column_label(heading: str) -> str:
    """« Tél. fils » → « fils »."""
    label = phones.read_label(heading)[0]
    return label.lower() if label and canonical(label) not in ("D URGENCE",) else "proche"
