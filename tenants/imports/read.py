"""Any file → numbered rows of cells. What a file is, is decided by its bytes, never by its name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tenants.imports import csvs, html
from tenants.imports.columns import HEADER_WITHIN, Header, find_header, read_header
from tenants.imports.refusal import Refused

MAX_BYTES = 100 * 1024 * 1024
MAX_ROWS = 2_000_000
SECONDS = 300
Row = tuple[int, list[Any]]


@dataclass(slots=True)
class Source:
    """An opened list: what it is, its sheets, and the header of the one to read."""

    path: Path
    kind: str  # csv, workbook or html
    encoding: str | None = None
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""
    header: Header | None = None
    dialect: csvs.Dialect | None = None

    def rows(self) -> Iterator[Row]:
        """All rows, from the first; may be read again from the start."""
        if self.kind == "csv":
            assert self.dialect is not None  # noqa: S101 — set together with the kind
            numbered: Iterator[Row] = csvs.rows(self.path, self.dialect)
        elif self.kind == "html":
            numbered = html.rows(self.path)
        else:
            numbered = _workbook_rows(self.path, self.sheet)
        for number, cells in numbered:
            if number > MAX_ROWS:
                raise Refused("rows")
            yield number, cells

    def head(self) -> list[Row]:
        found: list[Row] = []
        for row in self.rows():
            found.append(row)
            if len(found) >= HEADER_WITHIN * 2:
                break
        return found


def open_list(path: Path, *, sheet: str = "") -> Source:
    """Recognise the file and its header row.

    Raises Refused for what cannot be a list: empty, too big, binary, macros, password, bombs. A list
    whose header is not recognised is still opened (``header`` is None, or not ``usable``): a person may
    say which column holds what.
    """
    size = path.stat().st_size
    if size == 0:
        raise Refused("empty")
    if size > MAX_BYTES:
        raise Refused("too_big", f"{size // (1024 * 1024)} Mo")
    with path.open("rb") as stream:
        head = stream.read(4096)
    kind = _kind(head)
    if kind == "workbook":
        return _open_workbook(path, sheet)
    if kind == "html":
        source = Source(path, "html")
    else:
        dialect = csvs.detect(path)
        source = Source(path, "csv", encoding=dialect.encoding, dialect=dialect)
    rows = source.head()
    if not any(cell not in (None, "") for _, cells in rows for cell in cells):
        raise Refused("empty")
    source.header = find_header(rows)
    return source


def _kind(head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "workbook"
    if head.startswith((b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")):
        raise Refused("archive")
    if head.startswith(b"{\\rtf"):
        raise Refused("document")
    if (
        head.startswith((b"\t\x08", b"\t\x04", b"\t\x02", b"\t\x00"))
        and len(head) > 4
        and head[2:4] in (b"\x10\x00", b"\x06\x00", b"\x08\x00")
    ):
        return "workbook"  # a bare BIFF stream, without its OLE envelope
    start = head.removeprefix(b"\xef\xbb\xbf")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = head.decode("utf-16", errors="ignore").encode("utf-8", errors="ignore")
    start = start.lstrip().lower()
    if start.startswith(
        (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<body", b"<style", b"<div", b"<tr")
    ):
        return "html"
    if start.startswith((b"<?xml", b"<workbook")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in start or b"<html" in start or b"<table" in start:
            return "html"
        raise Refused("entities" if b"<!entity" in start else "document")
    if start.startswith(b"<!--") and b"<table" in start:
        return "html"
    if start.startswith(b"<!doctype"):
        raise Refused("entities" if b"<!entity" in start else "document")
    return "csv"


def _open_workbook(path: Path, sheet: str) -> Source:
    """Choose the sheet where most headings are recognised, unless one is named; a hidden one only when it is."""
    listed = next(_run("list", path))
    heads: dict[str, list[list[Any]]] = listed["sheets"]
    hidden = list(heads)[listed["seen"] :] if listed["seen"] else []
    source = Source(path, "workbook", sheets=list(heads))
    if sheet and sheet not in heads:
        raise Refused("no_sheet", sheet[:60])
    best_score = -1
    for name, rows in heads.items():
        if any(len(cells) > csvs.COLUMNS for cells in rows):
            raise Refused("columns", max(len(cells) for cells in rows))
        if name != sheet if sheet else name in hidden:
            continue
        header = find_header(list(enumerate(rows, start=1)))
        score = header.score if header else 0
        if score > best_score:
            source.sheet, source.header, best_score = name, header, score
    if not any(cell not in (None, "") for rows in heads.values() for cells in rows for cell in cells):
        raise Refused("empty")
    return source


def _run(action: str, path: Path, *args: str) -> Iterator[Any]:
    """What the workbook process says, line by line; its death is a refusal, not ours."""
    script = Path(__file__).with_name("workbook.py")
    command = [sys.executable, "-I", str(script), action, str(path), *args]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    assert process.stdout is not None  # noqa: S101
    try:
        first = True
        for line in process.stdout:
            try:
                answer = json.loads(line)
            except ValueError as error:
                raise Refused("unreadable") from error
            if isinstance(answer, dict) and "error" in answer:
                raise Refused(answer["error"], answer.get("value", ""))
            yield answer
            first = False
        if process.wait(SECONDS) != 0 or first:
            raise Refused("unreadable")
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def _workbook_rows(path: Path, sheet: str) -> Iterator[Row]:
    number = 0
    for answer in _run("rows", path, sheet):
        if isinstance(answer, dict):
            continue
        for cells in answer:
            number += 1
            yield number, cells


def header_at(source: Source, position: int) -> Header:
    """The header when a person says which row it is on (position among the first rows)."""
    rows = source.head()
    return read_header(rows[position][1], position)
