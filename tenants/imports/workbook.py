"""Reads one workbook in a process of its own: what a hostile file breaks is this process alone.

Run as ``python workbook.py list PATH`` or ``python workbook.py rows PATH SHEET``; writes JSON lines: first
``{"sheets": …}`` or ``{"error": …}``, then lists of rows. It knows nothing of the application.
"""

import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import iterparse

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

MEMORY = 1536 * 1024 * 1024
UNPACKED = 700 * 1024 * 1024
RATIO = 150  # of a part above 20 MB: real sheets stay under 40
DEPTH = 400
SLICE = 8192
COLUMNS = 1000
ROWS = 1_048_576
CELLS = 60_000_000
BATCH = 500
# Cells that a merged one covers in its column, over all of a sheet.
COVERED = 2_000_000


class Refused(Exception):
    pass


def fail(code: str, value: object = "") -> None:
    print(json.dumps({"error": code, "value": value}))
    sys.exit(0)


def column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def inspect_zip(path: Path) -> None:
    """Refuse bombs, macros, entities and absurd nesting by unpacking every part once, without keeping it."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if len(parts) > 5000:
            raise Refused("bomb")
        names = {part.filename.lower() for part in parts}
        if any(name.endswith(("vbaproject.bin", "vbadata.xml")) or name.startswith("basic/") for name in names):
            raise Refused("macro")
        if any(part.flag_bits & 0x1 for part in parts):
            raise Refused("password")
        if sum(part.file_size for part in parts) > UNPACKED:
            raise Refused("bomb")
        total = 0
        for part in parts:
            if part.file_size > 20_000_000 and part.file_size > RATIO * max(part.compress_size, 1):
                raise Refused("bomb")
            if part.filename.endswith((".zip", ".jar", ".exe", ".js")):
                raise Refused("document")
            if not part.filename.lower().endswith((".xml", ".rels")):
                continue
            with archive.open(part) as stream:
                total = inspect_xml(stream, part.filename.lower(), total)


def inspect_xml(stream: IO[bytes], name: str, total: int) -> int:
    sheet = "worksheets/" in name
    ods = name == "content.xml"
    depth, widest, tallest, tail, held = 0, 0, 0, b"", b""
    while chunk := stream.read(1 << 20):
        total += len(chunk)
        if total > UNPACKED:
            raise Refused("bomb")
        data = tail + chunk
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise Refused("entities")
        if b"manifest:encryption-data" in data:
            raise Refused("password")
        # In small slices: what opens and closes again within one of them is not deep.
        for start in range(0, len(chunk), SLICE):
            piece = held + chunk[start : start + SLICE]
            # A tag cut in two by the slice is counted with the next one.
            held = piece[len(piece.rstrip(b"</")) :][-2:]
            depth += open_tags(piece[: len(piece) - len(held)])
            if depth > DEPTH:
                raise Refused("nested")
        if sheet:
            # The furthest cell: a workbook may pretend to be seventeen thousand million cells wide.
            for letters in set(re.findall(rb'<c r="([A-Z]{1,7})\d', data)):
                widest = max(widest, column_number(letters))
            for row in re.findall(rb'<row r="(\d{1,12})"', data):
                tallest = max(tallest, int(row))
            for cell in re.findall(rb'<c r="[A-Z]{1,7}(\d{7,})"', data):
                tallest = max(tallest, int(cell))
        if ods:
            inspect_ods(data)
        tail = data[-256:]
        if widest > COLUMNS:
            raise Refused("columns", widest)
        if tallest > ROWS or widest * tallest > CELLS:
            raise Refused("rows")
    return total


def open_tags(data: bytes) -> int:
    closed = 2 * data.count(b"</") + data.count(b"/>") + data.count(b"<?") + data.count(b"<!")
    return data.count(b"<") - closed


def inspect_ods(data: bytes) -> None:
    """Refuse filled cells repeated over and over; empty ones end every sheet and cost nothing."""
    for repeat, rest in re.findall(rb'number-columns-repeated="(\d+)"([^>]*/?)>', data):
        if int(repeat) > COLUMNS and (b"value" in rest or not rest.endswith(b"/")):
            raise Refused("columns", int(repeat))
    for repeat, after in re.findall(rb'number-rows-repeated="(\d+)"[^>]*>(.{0,400})', data, re.DOTALL):
        if int(repeat) > 1000 and b"value-type" in after.split(b"</table:table-row>")[0]:
            raise Refused("rows")


def inspect_ole(path: Path) -> None:
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refused("password")
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        raise Refused("macro")


def plain(value: object) -> object:
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


# Merged cells ---------------------------------------------------------------------------------------------

# Row -> columns whose value is that of the row above; of a wide merged cell, its first column alone.
Covered = dict[int, set[int]]


def covered_by(ranges: Iterable[tuple[tuple[int, int], tuple[int, int]]]) -> Covered:
    found: Covered = {}
    total = 0
    for (top, left), (bottom, _right) in ranges:
        total += bottom - top
        if left >= COLUMNS or total > COVERED:
            continue
        for row in range(top + 1, bottom + 1):
            found.setdefault(row, set()).add(left)
    return found


def merged_in(path: Path, name: str, sheet: CalamineSheet) -> Covered:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if "content.xml" in archive.namelist():
                with archive.open("content.xml") as stream:
                    return covered_by(ods_ranges(stream, name))
    return covered_by(sheet.merged_cell_ranges or [])


def ods_ranges(stream: IO[bytes], name: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Cells that reach over several rows of one sheet of an OpenDocument file."""
    row = column = 0
    here = False
    for event, element in iterparse(stream, events=("start", "end")):  # noqa: S314
        tag = element.tag.rpartition("}")[2]
        given = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        if tag == "table":
            here, row = event == "start" and given.get("name") == name, 0
        elif event == "start":
            if tag == "table-row":
                column = 0
            elif here and tag in ("table-cell", "covered-table-cell"):
                if (rows := int(given.get("number-rows-spanned", 1))) > 1:
                    yield (row, column), (row + min(rows, ROWS) - 1, column)
                column += int(given.get("number-columns-repeated", 1))
        elif tag == "table-row":
            row += int(given.get("number-rows-repeated", 1))
            element.clear()


def filled(rows: Iterable[list[Any]], covered: Covered) -> Iterator[list[Any]]:
    """Each row with the values of the merged cells that reach into it; a row that holds nothing else stays blank."""
    above: list[Any] = []
    for number, row in enumerate(rows):
        columns = covered.get(number, set())
        if columns:
            given = {column: above[column] for column in columns if column < len(above)}
            own = any(value not in (None, "") for column, value in enumerate(row) if column not in columns)
            full = list(row)
            for column, value in given.items():
                full.extend([""] * (column + 1 - len(full)))
                full[column] = value
            yield full if own else row
            above = full
        else:
            yield row
            above = row


def main() -> None:
    action, path = sys.argv[1], Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (240, 240))
    with path.open("rb") as stream:
        magic = stream.read(4)
    try:
        # « rows » always follows « list », which has looked at every part.
        if action == "list" and magic.startswith(b"PK"):
            inspect_zip(path)
        elif action == "list":
            inspect_ole(path)
    except Refused as error:
        fail(*error.args)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError, MemoryError):
        fail("unreadable")
    except Exception:
        # zlib.error, struct.error, UnicodeDecodeError: whatever a broken archive raises
        fail("unreadable")
    try:
        book = CalamineWorkbook.from_path(path)
        meta = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        seen = [one.name for one in meta if one.visible == SheetVisibleEnum.Visible]
        sheets = [*seen, *(one.name for one in meta if one.name not in seen)] or book.sheet_names
        if action == "list":
            heads = {}
            for name in sheets[:50]:
                rows = []
                sheet = book.get_sheet_by_name(name)
                for index, row in enumerate(filled(sheet.iter_rows(), merged_in(path, name, sheet))):
                    if index >= 60:
                        break
                    rows.append([plain(value) for value in row[: COLUMNS + 1]])
                heads[name] = rows
            print(json.dumps({"sheets": heads, "seen": len(seen)}))
            return
        print(json.dumps({"sheets": {}}))
        sheet = book.get_sheet_by_name(sys.argv[3])
        batch = []
        for row in filled(sheet.iter_rows(), merged_in(path, sys.argv[3], sheet)):
            batch.append([plain(value) for value in row])
            if len(batch) == BATCH:
                print(json.dumps(batch))
                batch = []
        print(json.dumps(batch))
    except PasswordError:
        fail("password")
    except Exception as error:
        fail("password" if "password" in str(error).lower() else "unreadable")


if __name__ == "__main__":
    main()
