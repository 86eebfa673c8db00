"""What a row says of a death or a departure: by plain words about the person, and by dates that have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tenants.imports import births, departures, words
from tenants.imports.columns import cell_text
from tenants.imports.departures import DECEASED, MOVED, PRESENT, Situation
from tenants.imports.person import WARNING, Issue, Person


class SituationReader:
    """The cells of a row that close somebody, or say that they are there."""

    today: date
    at: dict[str, int]
    title: dict[str, str]
    remark_columns: list[tuple[int, str]]
    asks_presence: bool

    def cell(self, cells: Sequence[Any], name: str) -> Any:
        index = self.at.get(name)
        return cells[index] if index is not None and index < len(cells) else ""

    def status(self, person: Person, cells: Sequence[Any], texts: dict[str, str], issues: list[Issue]) -> None:
        """Present, gone or dead, by plain words about the person and dates that have come; nothing else closes."""
        self._situation(person, texts.get("status", "")[:80], issues)
        left = self.cell(cells, "exit_date")
        if left not in ("", None):
            has_come = self._past(left)
            written = self.dated(left)
            if has_come is None:
                status = MOVED if words.is_yes(written) else departures.closing(written[:80], self.today)
                if status:
                    close(person, status, self.title.get("exit_date", ""), "exit_date_past", written)
                elif words.yes_no(written) is None:
                    issues.append([self.title.get("exit_date", ""), "exit_unreadable", WARNING, written[:60]])
            elif has_come:
                close(person, MOVED, self.title.get("exit_date", ""), "exit_date_past", written)
        for index, heading in self.remark_columns:
            remark = cell_text(cells[index]) if index < len(cells) else ""
            situation = departures.in_remark(remark[:200], self.today)
            if situation.status:
                close(person, situation.status, heading, "status_in_remark", remark)
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
            close(person, situation.status, heading, "gone_in_status", word)
        elif situation.doubt:
            issues.append([heading, "status_doubt", WARNING, word[:60]])
        elif not situation.understood:
            issues.append([heading, "status_unknown", WARNING, word[:60]])

    def _death(self, person: Person, value: Any, issues: list[Issue]) -> None:
        if value in ("", None):
            return
        written, day = self.dated(value), words.any_date(value, self.today)
        # A death is written once it is there: of a month or a year alone, this year's has come.
        died = day is not None and 1901 < day.year <= self.today.year
        if died or words.is_yes(written) or departures.closing(written[:80], self.today) == DECEASED:
            close(person, DECEASED, self.title.get("death_date", ""), "death_date_past", written)
        elif words.yes_no(written) is None and self._past(value) is None:
            issues.append([self.title.get("death_date", ""), "death_unreadable", WARNING, written[:60]])

    def dated(self, value: Any) -> str:
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


def close(person: Person, status: str, heading: str, code: str, word: str) -> None:
    """The list says that the person is dead or gone; a death is stronger than a departure."""
    if person.status == PRESENT or (status == DECEASED and person.status != DECEASED):
        person.status = status
        person.issues.append([heading, code, WARNING, word[:60]])
