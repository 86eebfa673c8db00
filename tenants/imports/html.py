"""Tables of a web page that some systems name « .xls », and spreadsheets saved as XML of 2003."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tenants.imports import csvs
from tenants.imports.refusal import Refused

ROW_TAGS = frozenset(("tr", "row", "ss:row"))
CELL_TAGS = frozenset(("td", "th", "cell", "ss:cell"))
HIDDEN = frozenset(("script", "style", "title", "head"))
COLUMNS = 1000
ROWS = 1_048_576
CELL = 10_000


class _Tables(HTMLParser):
    """Collects finished rows in ``ready``; a row of an inner table belongs to its outer cell's text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.ready: list[list[str]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._size = 0
        self._span = 1
        self._hidden = ""
        # Cells of an earlier row that reach down into the next ones: column -> rows left, and what they hold.
        self._down: dict[int, int] = {}
        self._held: dict[int, str] = {}
        self._first: int | None = None
        self._covered: set[int] = set()
        self._rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden = tag
        elif tag in ROW_TAGS:
            self.end_row()
            self._row = []
            # A spreadsheet saved as XML leaves blank rows out and numbers the next one.
            index = _number(dict(attrs).get("ss:index"), 0)
            while self._rows + 1 < min(index, ROWS):
                self._finish([])
        elif tag in CELL_TAGS and self._row is not None:
            self._end_cell()
            self._cell, self._size = [], 0
            given = dict(attrs)
            self._span = _number(given.get("colspan"), 1) + _number(given.get("ss:mergeacross"), 0)
            self._reached()
            if (rows := _number(given.get("rowspan"), 1) + _number(given.get("ss:mergedown"), 0)) > 1:
                first = len(self._row)
                self._down.update(dict.fromkeys(range(first, first + min(self._span, COLUMNS)), rows))
                self._first = first
            index = _number(given.get("ss:index") or given.get("index"), 0)
            while len(self._row) < min(index - 1, COLUMNS + 1):
                self._row.append("")
        elif tag in ("br", "p", "div") and self._cell:
            self._cell.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in CELL_TAGS:
            self._end_cell()
        elif tag in ROW_TAGS:
            self.end_row()

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""
        elif tag in CELL_TAGS:
            self._end_cell()
        elif tag in ROW_TAGS or tag == "table":
            self.end_row()

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._hidden and self._size < CELL:
            self._cell.append(data)
            self._size += len(data)

    def _end_cell(self) -> None:
        if self._cell is None or self._row is None:
            return
        text = "\n".join(" ".join(line.split()) for line in "".join(self._cell).split("\n")).strip()
        if self._first is not None:
            self._held[self._first], self._first = text, None
        self._row.append(text)
        self._row.extend([""] * (min(self._span, COLUMNS + 1) - 1))
        self._cell = None
        if len(self._row) > COLUMNS:
            raise Refused("columns", len(self._row))

    def _reached(self) -> None:
        """Step over the columns that a cell of an earlier row fills."""
        assert self._row is not None  # noqa: S101
        while self._down.get(len(self._row), 0) > 0 and len(self._row) <= COLUMNS:
            self._row.append("")
            self._covered.add(len(self._row) - 1)

    def end_row(self) -> None:
        self._end_cell()
        if self._row is not None:
            self._reached()
            self._hold(self._row)
            self._finish(self._row)
            self._down = {column: left - 1 for column, left in self._down.items() if left > 1}
        self._row = None

    def _hold(self, row: list[str]) -> None:
        """What the cells that reach down into it hold; a row that has nothing else stays blank."""
        if any(text for column, text in enumerate(row) if column not in self._covered):
            for column in self._covered:
                row[column] = self._held.get(column, "")
        self._covered.clear()

    def _finish(self, row: list[str]) -> None:
        self.ready.append(row)
        self._rows += 1


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and len(text) < 7 else default


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows of all tables, numbered from 1 as a spreadsheet shows them when it opens the page."""
    _, codec = csvs.detect_encoding(path)
    parser = _Tables()
    number = 0
    errors = "stray" if codec in ("utf-8", "utf-8-sig", *csvs.EIGHT_BITS) else "replace"
    with path.open(encoding=codec, errors=errors) as stream:
        while chunk := stream.read(65_536):
            if "<!ENTITY" in chunk.upper():
                raise Refused("entities")
            parser.feed(chunk)
            if len(parser.rawdata) > 2_000_000:
                raise Refused("unreadable")
            for row in parser.ready:
                number += 1
                yield number, row
            parser.ready.clear()
    parser.close()
    parser.end_row()
    for row in parser.ready:
        number += 1
        yield number, row
