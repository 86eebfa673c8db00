"""Files that want to harm, or are no list: refused in words, nothing stored, nothing taken."""

from __future__ import annotations

import io
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import xlsxwriter

from tenants.imports.grouping import persons
from tenants.imports.people import Parser
from tenants.imports.read import open_list
from tenants.imports.refusal import Refused

HEAD = "N° locataire;Nom;Prénom\n"
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def workbook(rows: list[list[str]] | None = None, **parts: bytes | str) -> bytes:
    """A small workbook, with parts replaced or added (« xl__worksheets__sheet1.xml »)."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet("Locataires")
        for index, row in enumerate(rows or [["N° locataire", "Nom", "Prénom"], ["T1", "Martin", "Jeanne"]]):
            sheet.write_row(index, 0, row)
    if not parts:
        return output.getvalue()
    names = {name.replace("__", "/"): content for name, content in parts.items()}
    changed = io.BytesIO()
    with zipfile.ZipFile(output) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in names:
                new.writestr(name, old.read(name))
        for name, content in names.items():
            new.writestr(name, content)
    return changed.getvalue()


def sheet1(xml: str) -> bytes:
    return workbook(**{"xl__worksheets__sheet1.xml": SHEET.format(xml)})


def nested() -> bytes:
    return sheet1("<row><c>" + "<is>" * 50_000 + "</is>" * 50_000 + "</c></row>")


def bomb() -> bytes:
    output = io.BytesIO()
    # What opens into more than a gigabyte is quickly closed, too.
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(1100):
                part.write(b" " * 1_000_000)
    return output.getvalue()


def ole(*words: str) -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\x00" * 2000
        + b"".join(w.encode("utf-16-le") for w in words)
        + b"\0" * 999
    )


def ods(content: str, **more: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        for name, text in more.items():
            archive.writestr(name.replace("__", "/"), text)
    return output.getvalue()


ENTITY = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
HOSTILE = {
    "a picture named .csv": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8, "picture"),
    "a jpeg named .csv": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 8, "picture"),
    "a PDF": (b"%PDF-1.7\n" + b"x" * 500, "pdf"),
    "an empty file": (b"", "empty"),
    "nothing but blanks": (b";;;\r\n \r\n;;\r\n", "empty"),
    "NUL bytes": ((HEAD + "T1;Mar\0tin;Jeanne\n").encode(), "nul"),
    "NUL bytes far away": ((HEAD + "T1;Martin;Jeanne\n" * 20_000).encode() + b"T2;\0;x\n", "nul"),
    "random bytes": (bytes((i * 7919 + 13) % 256 for i in range(5000)), "binary"),
    "a million columns": (b";".join(b"a" for _ in range(1_000_000)) + b"\n", "line"),
    "too many columns": ((";".join("a" * 3 for _ in range(3000)) + "\n").encode() * 3, "columns"),
    "a line without end": (HEAD.encode() + b"x" * 3_000_000, "line"),
    "an open quote": ((HEAD + 'T1;"Martin;Jeanne\n' + "T2;Petit;Odette\n" * 500).encode(), "quotes"),
    "a rar archive": (b"Rar!\x1a\x07\x01\x00" + b"x" * 100, "archive"),
    "a gzip": (b"\x1f\x8b\x08\x00" + b"x" * 100, "archive"),
    "an empty zip": (b"PK\x05\x06" + b"\0" * 18, "archive"),
    "a zip of something else": (ods("", **{"virus.exe": "x"}), "document"),
    "a broken zip": (workbook()[:-200], "unreadable"),
    "a zip bomb": (None, "bomb"),
    "a deeply nested workbook": (nested(), "nested"),
    "a macro workbook": (workbook(**{"xl__vbaProject.bin": b"x"}), "macro"),
    "an old macro workbook": (ole("_VBA_PROJECT_CUR"), "macro"),
    "a workbook with a password": (ole("EncryptedPackage"), "password"),
    "an ODS with a password": (ods("<a/>", **{"META-INF__manifest.xml": "<manifest:encryption-data/>"}), "password"),
    "external entities": (workbook(**{"xl__sharedStrings.xml": ENTITY + "<sst/>"}), "entities"),
    "entities in an ODS": (ods(ENTITY + "<a>&a;</a>"), "entities"),
    "entities in XML": (f'<?xml version="1.0"?>{ENTITY}<x>&a;</x>'.encode(), "entities"),
    "a far corner": (sheet1('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'), "columns"),
    "a far row": (sheet1('<row r="9999999"><c r="A9999999"><v>1</v></c></row>'), "rows"),
    "a repeated row": (
        ods('<t:r table:number-rows-repeated="900000"><c office:value-type="string">x</c></t:r>'),
        "rows",
    ),
    "an rtf": (b"{\\rtf1 abc}", "document"),
    "a letter": (b"Bonjour,\nvoici la liste.\nCordialement\n", "no_header"),
    "a list of nobody": (HEAD.encode(), "no_rows"),
}


def read(path: Path) -> int:
    from datetime import date

    source = open_list(path)
    return sum(1 for _ in persons(source, date(2026, 11, 23), Counter()))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_quickly_and_in_words(name, tmp_path):
    content, code = HOSTILE[name]
    path = tmp_path / "liste"
    path.write_bytes(content if content is not None else bomb())
    started = time.process_time()
    with pytest.raises(Refused) as refused:
        read(path)
    assert time.process_time() - started < 5
    assert refused.value.code == code
    assert refused.value.message[0].isupper()
    assert "Traceback" not in refused.value.message


def test_a_formula_counts_as_its_last_value(tmp_path):
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["N° locataire", "Nom", "Prénom", "Date de naissance"])
        sheet.write_row(1, 0, ["T1", "", "Jeanne"])
        sheet.write_formula(1, 1, '="Mar"&"tin"', None, "Martin")
        sheet.write_formula(1, 3, "=DATE(1938,3,12)", book.add_format({"num_format": "dd/mm/yyyy"}), 13951)
    path = tmp_path / "liste.xlsx"
    path.write_bytes(output.getvalue())
    from datetime import date

    source = open_list(path)
    person = next(persons(source, date(2026, 11, 23), Counter()))
    assert (person.last_name, person.birth) == ("Martin", "1938-03-12")


def test_the_parser_survives_rows_of_any_width():
    from datetime import date

    from tenants.imports.columns import read_header

    parser = Parser(read_header(["N° locataire", "Nom", "Prénom", "Tél"], 0), date(2026, 11, 23))
    for cells in (
        [],
        ["T1"],
        ["T1", "Martin"],
        ["T1", "Martin", "Zoé", "0", "x", "y"],
        [None, None, "Zoé", 612345679.0],
    ):
        if not parser.kind(cells):
            parser.person(2, cells)


def test_a_long_honest_workbook_is_not_taken_for_a_hostile_one(tmp_path):
    rows = [["N° locataire", "Nom", "Prénom"], *([f"T{n}", "Martin & Fils" * (n % 7), "Jeanne"] for n in range(25_000))]
    path = tmp_path / "liste.xlsx"
    path.write_bytes(workbook(rows))
    assert read(path) == 25_000
