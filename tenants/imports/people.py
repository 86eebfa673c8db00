"""One row of cells → one person, with what was wrong about it; or the reason why the row holds nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Protocol

from solidarites.searching import fold
from tenants import communes, phones
from tenants.addresses import match_key, split_address, split_town
from tenants.imports import births, departures, words
from tenants.imports.columns import Header, canonical, cell_text
from tenants.imports.departures import DECEASED, MOVED, PRESENT
from tenants.imports.fields import DETAILS, SECOND, HouseholdDetail
from tenants.imports.headings import PRESENCE, SECOND_MARK
from tenants.imports.person import ERROR, FORMAT, IN_FILE_ORDER, NEXT_PERSON, WARNING, Issue, Person, key_of, row_of
from tenants.imports.second import SAID_ONCE, names_second, of_second_person
from tenants.imports.situations import SituationReader, close

__all__ = [
    "ERROR",
    "FORMAT",
    "IN_FILE_ORDER",
    "NEXT_PERSON",
    "WARNING",
    "Issue",
    "Parser",
    "Person",
    "Remembered",
    "row_of",
]
# Why a row holds no person: counted and said, never an error.
TITLE, BLANK, TOTAL, HEADER = "title", "blank", "total", "header"


class Remembered(Protocol):
    """Corrections of earlier lists (``corrections.Remembered``)."""

    values: dict[str, Any]

    def names(self, person: Person, key: str) -> None: ...
    def rest(self, person: Person, key: str) -> None: ...


class Parser(SituationReader):
    """Reads rows under one header. ``today`` settles two-digit years and exits to come."""

    def __init__(
        self, header: Header, today: date, *, remembered: Remembered | None = None, of_second: bool = False
    ) -> None:
        self.remembered = remembered
        second = of_second_person(header) if names_second(header) else None
        self.second = Parser(second, today, remembered=remembered, of_second=True) if second else None
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
            if column.unread_person:
                self.others.append((column.index, column.title))
            if column.field.startswith(SECOND):
                continue
            if column.field in ("phone", "phone_third"):
                third = column.field == "phone_third"
                label = _column_label(column.heading) if third else "" if of_second else _of_spouse(column.title)
                self.phone_columns.append((column.index, column.title, third, label))
            elif column.field == "street_extra":
                self.extra.append(column.index)
            elif column.field in _DETAILS:
                self.details.setdefault(column.field, []).append(column.index)
            elif column.field == "remarks":
                self.remark_columns.append((column.index, column.title))
            elif column.field:
                self.at.setdefault(column.field, column.index)
            if column.field:
                self.title.setdefault(column.field, column.title)
        self.asks_presence = bool(PRESENCE.match(canonical(self.title.get("status", "")).replace(" ", "")))
        self.first_name_first = "PRENOM" in canonical(self.title.get("full_name", "")).split()[:1]
        # Everything read of a row: the refused columns are not among it.
        self.read = [column.index for column in header.columns if column.field]
        self.name_columns = [self.at[name] for name in _OF_NAMES if name in self.at]
        self.refusal_columns = [
            *self.remark_columns,
            *((self.at[name], self.title[name]) for name in _SAY_SO if name in self.at),
        ]
        self.preferred_first = len(self.phone_columns)

    # Cells -----------------------------------------------------------------------------------------

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

    def people(self, number: int, cells: Sequence[Any]) -> list[Person]:
        """Everybody a row names, each with a number of their own; the first one's is the row's."""
        couple = self._couple(cells) if self._may_be_two(cells) else []
        if not couple and self.second is None:
            return [self.person(number, cells)]
        found = (
            [self.person(number, cells, names=names, part=part) for part, names in enumerate(couple)]
            if couple
            else [self.person(number, cells)]
        )
        if couple:
            self._share(found, cells)
        if self.second is not None and (second := self._second(cells, found[0])) is not None:
            found = [second] if found[0].rejected == "no_last_name" else [*found, second]
        for position, person in enumerate(found):
            person.number, person.beside = number + position * NEXT_PERSON, len(found) > 1
        return found

    def _may_be_two(self, cells: Sequence[Any]) -> bool:
        """At one glance: something joins two names in a cell of names."""
        for index in self.name_columns:
            if index < len(cells):
                text = cells[index]
                if type(text) is str and (
                    "/" in text or "&" in text or "+" in text or " et " in text or " ET " in text
                ):
                    return True
        return False

    def _couple(self, cells: Sequence[Any]) -> list[words.Names]:
        """« M. et Mme DURAND Paul et Simone »: the two that the cells of a name hold, or nothing."""
        texts = {name: cell_text(self.cell(cells, name))[:200] for name in ("civility", "full_name", "first_name")}
        last = cell_text(self.cell(cells, "usage_name") or self.cell(cells, "last_name"))[:120]
        if not words.JOINED.search(texts["full_name"] + " " + texts["first_name"] + " " + last):
            return []
        if last:
            return words.couple_in_columns(texts["civility"], last, texts["first_name"])
        return words.couple(texts["full_name"], self.first_name_first)

    def _share(self, couple: list[Person], cells: Sequence[Any]) -> None:
        """What one row says once of two people: the reference and the numbers are the first one's, a birth nobody's."""
        first, second = couple
        second.reference, second.phones, second.barred, second.phones_rejected = "", [], [], 0
        second.issues = [issue for issue in second.issues if issue[1] not in SAID_ONCE]
        born = self.cell(cells, "birth")
        if cell_text(born):
            for person in couple:
                person.birth, person.precision = "", births.UNKNOWN
                person.to_confirm = [*(c for c in person.to_confirm if c != births.IN_DOUBT), "birth_owner"]
                person.issues = [
                    issue for issue in person.issues if not issue[1].startswith(("birth_", births.IN_DOUBT))
                ]
                person.issues.append([self.title.get("birth", ""), "birth_owner", WARNING, self.dated(born)[:60]])
        first.issues.append([self.title.get("full_name", ""), "two_people", WARNING, second.full_name])

    def _second(self, cells: Sequence[Any], first: Person) -> Person | None:
        """The second person that columns of their own hold; None where these are empty."""
        second = self.second
        assert second is not None  # noqa: S101
        last, given = (second.names_of(cells), cell_text(second.cell(cells, "first_name")))
        if not (last or given) or words.yes_no(last or given) is not None:
            return None
        person = second.person(0, cells, fallback=first.last_name if given else "", part=1)
        if person.rejected == "no_identity":
            # A name alone beside somebody who is known: kept with them.
            person.rejected, person.issues = "", []
            second.rest(person, cells, second.texts(cells), person.issues)
            person.issues.append([second.title.get("last_name", ""), "second_without_first_name", WARNING, last[:60]])
        return person

    def names_of(self, cells: Sequence[Any]) -> str:
        for name in ("usage_name", "last_name", "full_name", "birth_name"):
            if text := words.clean(cell_text(self.cell(cells, name))):
                return text
        return ""

    def person(
        self,
        number: int,
        cells: Sequence[Any],
        *,
        names: words.Names | None = None,
        fallback: str = "",
        part: int = 0,
    ) -> Person:
        """One person of a row. ``names``: of one of a couple; ``fallback``: a last name where the row has none."""
        person = Person(number)
        texts = self.texts(cells)
        person.reference = words.reference(texts.get("reference", "")[:200])[:60]
        if self.remembered is None:
            self._read(person, cells, texts, names, fallback, "")
            return person
        reference = person.reference if part == 0 or names is None else ""
        if reference and not self.remembered.values:
            # Nothing to look for: the reference says the key again, should the row be kept.
            self._read(person, cells, texts, names, fallback, "")
            if person.rejected or person.status != PRESENT:
                person.mark = key_of(reference, ())
            return person
        raw = [] if reference else [cell_text(cells[index]) for index in self.read if index < len(cells)]
        person.mark = key_of(reference, raw, part)
        self._read(person, cells, texts, names, fallback, person.mark)
        self.remembered.rest(person, person.mark)
        return person

    def _read(
        self,
        person: Person,
        cells: Sequence[Any],
        texts: dict[str, str],
        names: words.Names | None,
        fallback: str,
        key: str,
    ) -> None:
        issues = person.issues
        contract = words.reference(texts.get("contract", "")[:200])[:60]
        person.household_reference = contract or self._dwelling(texts)
        if names is not None:
            texts = {**texts, **names._asdict(), "full_name": "", "usage_name": ""}
        self._names(person, cells, texts, issues)
        person.last_name = person.last_name or fallback
        if key and self.remembered is not None:
            self.remembered.names(person, key)
        if not person.last_name:
            person.rejected = "no_last_name"
            issues.append([self.title.get("last_name") or self.title.get("full_name", ""), "no_last_name", ERROR, ""])
            return
        if person.nobody:
            return
        if not person.reference and not person.first_name:
            person.rejected = "no_identity"
            issues.append([self.title.get("first_name", ""), "no_identity", ERROR, person.last_name])
            return
        self.rest(person, cells, texts, issues)

    def rest(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        """What follows the names: address, birth, situation, numbers, details."""
        self._address(person, cells, texts, issues)
        if person.department == "988" and texts.get("reference") == "NC":
            person.reference = "NC"  # New Caledonia's own code, and « non communiqué » elsewhere
        self._birth(person, cells, texts, issues)
        self.status(person, cells, texts, issues)
        self._phones(person, cells, issues)
        self._others(person, cells, texts, issues)
        self._refusal(person, cells, texts, issues)

    def _refusal(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        """« Ne pas contacter »: nobody calls before a coordinator has decided."""
        said = texts.get("do_not_call", "")
        if said and words.yes_no(said) is not False:
            self._do_not_call(person, self.title["do_not_call"], said, issues)
        for index, heading in self.refusal_columns:
            text = cell_text(cells[index]) if index < len(cells) else ""
            if text and phones.says_no_call(text[:200]):
                self._do_not_call(person, heading, text, issues)

    @staticmethod
    def _do_not_call(person: Person, heading: str, said: str, issues: list[Issue]) -> None:
        if "do_not_call" not in person.to_confirm:
            person.to_confirm.append("do_not_call")
            issues.append([heading, "do_not_call", WARNING, said[:60]])

    def _dwelling(self, texts: dict[str, str]) -> str:
        """A dwelling's reference; « 12 » is one only within its residence."""
        dwelling = words.reference(texts.get("dwelling", "")[:200])[:60]
        if dwelling and len(dwelling) <= 4:
            within = texts.get("residence", "")[:50] or texts.get("residence_name", "")[:50]
            return f"{within}/{dwelling}" if within else dwelling
        return dwelling

    def _names(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        civility = texts.get("civility", "")[:60]
        last = texts.get("usage_name", "")[:120] or texts.get("last_name", "")[:120]
        first = texts.get("first_name", "")[:120]
        full = texts.get("full_name", "")[:200]
        if not last and full:
            notes, bare = departures.notes_apart(words.birth_name_apart(full))
            found, last, split_first = words.split_name(bare, self.first_name_first)
            last = f"{last} {notes}".strip()
            first = first or split_first
            civility = civility or found
        last = last or texts.get("birth_name", "")[:120]
        if " " in last:
            last = words.birth_name_apart(last)
        own, born = bool(texts.get("first_name")), bool(texts.get("birth"))
        if not (own or born) and (code := words.nobody(civility, full or last)):
            self._nobody(person, code, full or last, issues)
            return
        for which, value in (("last_name", last), ("first_name", first), ("civility", civility)):
            code, status, word = departures.in_name(value, self.today)
            if status:
                close(person, status, self.title.get(which, ""), code, word)
            elif code:
                issues.append([self.title.get(which, ""), code, WARNING, value[:60]])
        last, first = (words.name(departures.without_marks(text)) for text in (last, first))
        if not civility and last:
            civility, last = words.leading_civility(last)
        person.civility, several = words.civility(civility)
        if several and not (words.JOINED.search(full) and first):
            issues.append(
                [self.title.get("civility", self.title.get("full_name", "")), "several_people", WARNING, civility]
            )
        person.last_name, person.first_name = last[:120], first[:120]
        for index, heading in self.others:
            other = cell_text(cells[index]) if index < len(cells) else ""
            if other and words.yes_no(other) is None and (words.looks_like_name(other) or other[:1].isdigit()):
                issues.append([heading, "several_people", WARNING, other[:60]])
                break

    def _nobody(self, person: Person, code: str, name: str, issues: list[Issue]) -> None:
        """A company or an estate: listed apart, called by nobody."""
        person.nobody, person.status = code, DECEASED if code == "estate" else MOVED
        person.last_name = words.name(departures.without_marks(name) if code == "estate" else name)[:120]
        issues.append(
            [self.title.get("last_name") or self.title.get("full_name", ""), code, WARNING, words.nobody_word(name)]
        )

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
        birth = births.parse(value, today=self.today, leaseholder=not words.is_child(texts.get("role", "")[:60]))
        for code in birth.codes:
            if code == births.IN_DOUBT:
                person.to_confirm.append("age_in_doubt")
            issues.append([self.title.get("birth", ""), code, WARNING, cell_text(value)[:60]])
        if birth.day is None:
            if not birth.codes:
                issues.append([self.title.get("birth", ""), "birth_unknown", WARNING, cell_text(value)[:60]])
            return
        person.birth, person.precision = birth.day.isoformat(), birth.precision

    def _phones(self, person: Person, cells: Sequence[Any], issues: list[Issue]) -> None:
        region = communes.phone_region(person.department)
        known: dict[str, list[Any]] = {}
        no_call = ""
        for index, heading, third, label in self.phone_columns:
            if index >= len(cells) or cells[index] in ("", None):
                continue
            read = phones.parse_cell(cell_text(cells[index]), region)
            for wrong in read.rejected:
                person.phones_rejected += 1
                issues.append([heading, "phone_invalid", WARNING, wrong])
            for phone in read.phones:
                if phone.barred:
                    person.barred.append([phone.e164, phone.barred])
                    issues.append([heading, "number_not_dialled", WARNING, phone.barred])
                    known.pop(phone.e164, None)
                    no_call = no_call or (phone.barred if phone.no_call and not (phone.third_party or third) else "")
                    continue
                if any(phone.e164 == barred for barred, _ in person.barred):
                    continue
                entry = [phone.e164, phone.label or label, phone.third_party or third, phone.preferred]
                if phone.e164 not in known:
                    known[phone.e164] = entry
                elif known[phone.e164][2] and not entry[2]:
                    known[phone.e164][2] = False
        person.phones = list(known.values())
        if no_call and not any(not phone[2] for phone in person.phones):
            # Their only number is not to be called: it is they who asked.
            self._do_not_call(person, self.title.get("phone", ""), no_call, issues)

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


def _labelled(label: str, value: str) -> str:
    """« B » in a column « Bâtiment » → « Bât. B »; « Bât B » and « RDC » stay."""
    if not value or value.strip() in ("0", "-"):
        return ""
    return f"{label} {value}" if re.fullmatch(r"[A-Za-z]?\d{0,4}[A-Za-z]?", value.strip()) else value


# Columns of situations where somebody may write that nobody is to call.
_SAY_SO = ("status", "role")
_OF_NAMES = ("full_name", "usage_name", "last_name", "first_name")
_DETAILS = {detail.name: detail for detail in DETAILS}


def _of_spouse(title: str) -> str:
    """« Portable conjoint » of a list that names no second person: whose number it is stays said."""
    found = SECOND_MARK.search(canonical(title))
    return "conjoint" if found and "2" not in found[0] else ""


@lru_cache(maxsize=100)
def _column_label(heading: str) -> str:
    """« Tél. fils » → « fils »."""
    label = phones.read_label(heading)[0]
    return label.lower() if label and canonical(label) not in ("D URGENCE",) else "proche"
