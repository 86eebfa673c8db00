"""Files handed out: rejects and remarks for the landlord, the empty model list. No cell is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import xlsxwriter

from tenants.imports import reasons
from tenants.imports.fields import MODEL
from tenants.imports.people import IN_FILE_ORDER, row_of
from tenants.models import ImportRow, ListImport

HEADINGS = ("Ligne", "Colonne", "Valeur", "Motif", "Suite donnée", "Rejetée")


def neutral(value: str) -> str:
    """A text that a spreadsheet would run as a formula is preceded by an apostrophe."""
    return f"'{value}" if value.lstrip()[:1] in ("=", "+", "-", "@") or value[:1] in ("\t", "\r", "\n") else value


def remarks(row: ListImport) -> Iterator[tuple[int, str, str, str, str, str]]:
    """One line per remark, in the order of the spreadsheet."""
    found = row.rows.exclude(codes="").order_by(*IN_FILE_ORDER).only("number", "kind", "issues")
    for line in found.iterator(chunk_size=2000):
        for column, code, _severity, value in line.issues:
            rejected = "oui" if line.kind == ImportRow.Kind.REJECT else ""
            yield row_of(line.number), column, value, reasons.title(code), reasons.advice(code), rejected


def as_csv(row: ListImport) -> bytes:
    """UTF-8 with its mark and semicolons: what French spreadsheets open with a double click."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for number, *texts in remarks(row):
        writer.writerow([number, *(neutral(value) for value in texts)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_xlsx(row: ListImport) -> bytes:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Remarques")
        bold = book.add_format({"bold": True})
        for column, (heading, width) in enumerate(zip(HEADINGS, (8, 22, 30, 34, 70, 10), strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading, bold)
        for line, (number, *texts) in enumerate(remarks(row), start=1):
            sheet.write_number(line, 0, number)
            for column, value in enumerate(texts, start=1):
                sheet.write_string(line, column, neutral(value))
    return output.getvalue()


def model() -> bytes:
    """An empty list with the recommended headings; texts stay texts, so that no zero is lost."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet("Locataires")
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "bg_color": "#e2efed", "border": 1})
        for column, heading in enumerate(MODEL):
            sheet.set_column(column, column, max(14, len(heading) + 2), text)
            sheet.write_string(0, column, heading, bold)
        sheet.freeze_panes(1, 0)
    return output.getvalue()
