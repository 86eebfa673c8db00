"""The same cells in every format a landlord's system may export: bytes of a CSV, workbook or web page."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from typing import Any

import xlsxwriter
import xlwt

Cells = Sequence[Sequence[Any]]
_ODS = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">'
    '<office:body><office:spreadsheet><table:table table:name="Feuille1">{}'
    # As spreadsheets end a sheet: a million empty rows in one.
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
)
_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" '
    'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>'
)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)


def as_csv(rows: Cells, separator: str = ";", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows([_text(v) for v in row] for row in rows)
    return text.getvalue().encode(encoding, errors="replace")


def as_xlsx(rows: Cells, before: dict[str, Cells] | None = None) -> bytes:
    """``before``: other sheets, in front of the list's."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, cells in {**(before or {}), "Locataires": rows}.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(cells):
                for column, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(line, column, datetime(value.year, value.month, value.day), day)
                    elif isinstance(value, str) and value:
                        sheet.write_string(line, column, value)
                    elif value not in (None, ""):
                        sheet.write(line, column, value)
    return output.getvalue()


def as_xls(rows: Cells) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Locataires")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for line, row in enumerate(rows):
        for column, value in enumerate(row):
            if value not in (None, ""):
                sheet.write(line, column, value, day if isinstance(value, date) else xlwt.easyxf())
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


_END = "</table:table-cell>"


def _ods_cell(value: Any) -> str:
    if value in (None, ""):
        return "<table:table-cell/>"
    if isinstance(value, date):
        iso = value.isoformat()
        return f'<table:table-cell office:value-type="date" office:date-value="{iso}"><text:p>{iso}</text:p>{_END}'
    if isinstance(value, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p>' + _END
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in value.split("\n"))
    return f'<table:table-cell office:value-type="string">{lines}{_END}'


def as_ods(rows: Cells) -> bytes:
    lines = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", _ODS.format(lines))
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
    return output.getvalue()


def as_html(rows: Cells, encoding: str = "utf-8") -> bytes:
    lines = "".join("<tr>" + "".join(f"<td>{escape(_text(v))}</td>" for v in row) + "</tr>\n" for row in rows)
    page = f"<html><head><meta charset={encoding}></head><body><table border=1>{lines}</table></body></html>"
    return page.encode(encoding, errors="xmlcharrefreplace")


def as_xml_of_2003(rows: Cells) -> bytes:
    lines = "".join(
        "<Row>"
        + "".join(f'<Cell><Data ss:Type="String">{escape(_text(value))}</Data></Cell>' for value in row)
        + "</Row>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        f'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="L"><Table>{lines}</Table>'
        "</Worksheet></Workbook>"
    ).encode()


def ods_of(rows: str) -> bytes:
    """An OpenDocument sheet of rows written as XML."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", _ODS.format(rows))
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
    return output.getvalue()
