"""Delimited text: encoding, separator, rows with the numbers a spreadsheet would give them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenants.imports.columns import find_header
from tenants.imports.refusal import Refused

LINE = 200_000  # characters of one line, at most
COLUMNS = 1000
SEPARATORS = (";", ",", "\t", "|")
FIELD_LINES = 40


def _cp1252(error: UnicodeError) -> tuple[str, int]:
    """A stray Windows byte in a UTF-8 file, or a byte Windows leaves undefined: read it, never fail."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 — registered for decoding alone
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("stray", _cp1252)


@dataclass(frozen=True, slots=True)
class Dialect:
    encoding: str  # as the report names it
    codec: str
    separator: str
    # « sep=; »: a first line that spreadsheets read and do not show
    skip_first: bool = False


def detect_encoding(path: Path) -> tuple[str, str]:
    """(name, codec) among utf-8, utf-8-sig, utf-16, cp1252, cp850 and mac_roman. Refuses NUL bytes and binary data."""
    with path.open("rb") as stream:
        head = stream.read(65_536)
        if head.startswith(codecs.BOM_UTF8):
            _refuse_binary(head[3:], stream)
            return "utf-8-sig", "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", "utf-16"
        if guess := _bare_utf16(head):
            return "utf-16", guess
        _refuse_binary(head, stream)
        stream.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        good = bad = 0
        accented = b""
        while chunk := stream.read(1 << 20):
            if not accented and not chunk.isascii():
                accented = b" ".join(word for word in _WORD.findall(chunk) if not word.isascii())[:_SAMPLE]
            if not bad:
                try:
                    decoder.decode(chunk)
                    continue
                except UnicodeDecodeError:
                    pass
            # A few stray bytes in an UTF-8 file, or another encoding altogether?
            text = chunk.decode("utf-8", errors="replace")
            wrong = text.count("�")
            bad += wrong
            good += sum(1 for char in text if char > "\x7f") - wrong
        if not bad or (good > 20 and bad * 50 < good):
            return "utf-8", "utf-8"
    codec = max(EIGHT_BITS, key=lambda name: _plausible(accented.decode(name, errors="replace")))
    return codec, codec


# One byte a letter: of equally plausible readings the first one counts.
EIGHT_BITS = ("cp1252", "cp850", "mac_roman")
_WORD = re.compile(rb"[A-Za-z'\x80-\xff-]+")
_SAMPLE = 60_000
_SMALL_LETTERS = "éèêëàâäîïôöùûüçœæ"
_CAPITALS = _SMALL_LETTERS.upper()
_OFTEN = re.compile("[éèêçàÉÈ]")
_IN_A_WORD = re.compile(
    rf"(?:[a-z{_SMALL_LETTERS}]+|[A-Z]?[a-z{_SMALL_LETTERS}]+|[A-Z{_CAPITALS}]+|[{_CAPITALS}][a-z]+)"
)
_SIGNS = re.compile("^[°«»€ºª\u00a0…–—’‘“”•·²³§]+$")


def _plausible(text: str) -> int:
    """How French the words with accents read: accents of the language, in words of one case."""
    score = 0
    for word in text.split():
        for part in re.split(r"['’\u00a0-]", word):
            if not any(char > "\x7f" for char in part) or _SIGNS.match(part):
                continue
            if part in ("N°", "n°"):
                score += 1
            elif _IN_A_WORD.fullmatch(part):
                score += 2 + len(_OFTEN.findall(part))
            else:
                score -= 3 if _is_foreign(part) else 1
    return score


def _is_foreign(part: str) -> bool:
    return any(char > "\x7f" and char not in _SMALL_LETTERS and char not in _CAPITALS for char in part)


def _bare_utf16(head: bytes) -> str:
    """UTF-16 without its mark: every other byte of plain text is NUL."""
    sample = head[:2000]
    if len(sample) < 8:
        return ""
    odd, even = sample[1::2].count(0), sample[0::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.7 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.7 and odd < half * 0.05:
        return "utf-16-be"
    return ""


_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")


def _refuse_binary(head: bytes, stream: io.BufferedReader) -> None:
    controls = sum(head.count(bytes((code,))) for code in (*range(1, 9), 14, 15, 16, 17, 18, 19, 20, 127))
    if head.startswith(_PICTURES) and (controls or b"\x00" in head):
        raise Refused("picture")
    if head.startswith(b"%PDF"):
        raise Refused("pdf")
    if controls > max(8, len(head) // 50):
        raise Refused("binary")
    while head:
        if b"\x00" in head:
            raise Refused("nul")
        head = stream.read(1 << 20)


def _lines(path: Path, codec: str) -> Iterator[str]:
    """Lines, never longer than a list's may be: a file of one endless line is not read into memory."""
    errors = "strict" if codec == "utf-8-sig" else "stray"
    errors = "stray" if codec.startswith("utf-8") or codec in EIGHT_BITS else "replace"
    with path.open(encoding=codec, errors=errors, newline="") as stream:
        number = 0
        while line := stream.readline(LINE):
            number += 1
            if len(line) >= LINE:
                raise Refused("line", number)
            if "\x00" in line:
                raise Refused("nul")
            yield line


def detect(path: Path) -> Dialect:
    """Encoding, then the separator under which most headings are recognised (ties: the most columns)."""
    name, codec = detect_encoding(path)
    sample: list[str] = []
    size = 0
    for line in _lines(path, codec):
        sample.append(line)
        size += len(line)
        if len(sample) >= 120 or size > 400_000:
            break
    if not any(line.strip("\ufeff \t\r\n;,|") for line in sample):
        raise Refused("empty")
    first = sample[0].strip().strip('\ufeff"').lower()
    if first.startswith("sep=") and len(first) == 5 and first[4] in "".join(SEPARATORS):
        return Dialect(name, codec, first[4], skip_first=True)
    best, best_score = ";", (-1, -1)
    for separator in SEPARATORS:
        try:
            rows = [(n, row) for n, row in enumerate(csv.reader(sample, delimiter=separator), start=1)]
        except csv.Error:
            continue
        header = find_header(rows)
        widths = sorted(len(row) for _, row in rows)
        score = (header.score if header else 0, widths[len(widths) // 2])
        if score > best_score:
            best, best_score = separator, score
    return Dialect(name, codec, best)


def rows(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[Any]]]:
    """Each record with its row number: a cell may span several lines, and is one row of a spreadsheet."""
    csv.field_size_limit(LINE)
    lines = _lines(path, dialect.codec)
    if dialect.skip_first:
        next(lines, None)
    number = 0
    try:
        for number, row in enumerate(csv.reader(lines, delimiter=dialect.separator), start=1):
            if len(row) > COLUMNS:
                raise Refused("columns", len(row))
            for cell in row:
                if len(cell) > 2000 and cell.count("\n") > FIELD_LINES:
                    raise Refused("quotes", number)
            yield number, row
    except csv.Error as error:
        raise Refused("quotes", number + 1) from error
