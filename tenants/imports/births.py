"""A cell of a list → a birth date and how much of it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from solidarites.searching import fold

DAY, YEAR, UNKNOWN = "day", "year", "unknown"
# A two-digit year that a baby or somebody of a hundred may be born in, however it was read.
IN_DOUBT = "age_in_doubt"
OLDEST = 120
ADULT = 18
EXCEL_EPOCH = date(1899, 12, 30)
# What systems write when they must write a date and know none.
_NO_DATE = frozenset((date(1900, 1, 1), date(1899, 12, 31), date(1899, 12, 30), date(1, 1, 1), date(9999, 12, 31)))
_EMPTY = frozenset(("", "NC", "NR", "NEANT", "INCONNU", "INCONNUE", "NON RENSEIGNE", "NON COMMUNIQUE", "ND", "NA", "X"))
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("JANVIER", "JANV", "JAN"),
            ("FEVRIER", "FEVR", "FEV", "FEB"),
            ("MARS", "MAR"),
            ("AVRIL", "AVR", "APR"),
            ("MAI", "MAY"),
            ("JUIN", "JUN"),
            ("JUILLET", "JUIL", "JUL"),
            ("AOUT", "AOU", "AUG"),
            ("SEPTEMBRE", "SEPT", "SEP"),
            ("OCTOBRE", "OCT"),
            ("NOVEMBRE", "NOV"),
            ("DECEMBRE", "DEC"),
        ),
        start=1,
    )
    for name in names
}

_DAY_FIRST = re.compile(r"(\d{1,2})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{1,2})")
_WORDS = re.compile(r"(\d{1,2})\s*(?:ER)?[ .\-/]*([A-Z]{3,9})\.?[ .\-/]*(\d{4}|\d{2})")
_MONTH_YEAR = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{4})")
_TIME = re.compile(r"[T ]\s*\d{1,2}[:hH]\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?\s*$")
_DIGIT = re.compile(r"\d")
_SAID = re.compile(r"^(?:NEE?(?:\(E\))?|LE|DATE|:)\s+(?:LE\s+)?")
_NUMBER = re.compile(r"\d+(?:[.,]0+)?")


@dataclass(frozen=True, slots=True)
class Birth:
    """``day`` is 1 January for a bare year; ``codes`` are the warnings to give."""

    day: date | None = None
    precision: str = UNKNOWN
    codes: tuple[str, ...] = ()


def parse(value: object, *, today: date, leaseholder: bool = True) -> Birth:
    """What a cell says of a birth: JJ/MM/AAAA, JJ-MM-AA, ISO, a serial, « 12 mars 1938 », a year alone.

    Two-digit years are taken in this century, and go back one (with a warning) when the date would be in
    the future or make a leaseholder a minor. A day or month of zero leaves the year. What is written and
    cannot be a birth gives an unknown date with a warning; an empty cell gives an unknown date.
    """
    if isinstance(value, datetime):
        return _checked(value.date(), DAY, today)
    if isinstance(value, date):
        return _checked(value, DAY, today)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(float(value), today)
    return parse_text(str(value or ""), today, leaseholder)


@lru_cache(maxsize=50_000)
def parse_text(text: str, today: date, leaseholder: bool = True) -> Birth:
    text = text.strip().strip("'\"").removeprefix('="').strip()
    folded = fold(text)
    if not _DIGIT.search(text):
        return Birth(codes=() if is_empty(text) else ("birth_unreadable",))
    if not text.strip("0/.-: "):  # 00/00/0000, or the 0 that a spreadsheet shows as an hour
        return Birth()
    folded = _TIME.sub("", folded)
    folded = _SAID.sub("", folded).strip()
    if match := _DAY_FIRST.fullmatch(folded):
        return _from_parts(int(match[1]), int(match[2]), match[3], today, leaseholder)
    if match := _YEAR_FIRST.fullmatch(folded):
        return _from_parts(int(match[3]), int(match[2]), match[1], today, leaseholder)
    if (match := _WORDS.search(folded)) and match[2] in _MONTHS:
        return _from_parts(int(match[1]), _MONTHS[match[2]], match[3], today, leaseholder)
    if match := _MONTH_YEAR.fullmatch(folded):
        return _from_parts(0, int(match[1]), match[2], today, leaseholder)
    if _NUMBER.fullmatch(folded):
        digits = re.split(r"[.,]", folded)[0]
        if len(digits) == 8:
            return _from_eight(digits, today, leaseholder)
        if len(digits) == 6:
            return _from_parts(int(digits[:2]), int(digits[2:4]), digits[4:], today, leaseholder)
        if len(digits) <= 5:
            return _from_number(float(digits), today)
    if match := re.fullmatch(r"(?:VERS|ENV(?:IRON)?\.?|CIRCA|EN|ANNEE)?\s*((?:18|19|20)\d\d)\s*\??", folded):
        return _year(int(match[1]), today)
    return Birth(codes=("birth_unreadable",))


def is_empty(value: object) -> bool:
    """« 00/00/0000 », 0, « NC »: a date cell that holds none."""
    text = str(value).strip()
    return not text.strip("0/.-: ") or " ".join(re.findall(r"[A-Z0-9]+", fold(text))) in _EMPTY


def _from_eight(digits: str, today: date, leaseholder: bool) -> Birth:
    """AAAAMMJJ or JJMMAAAA: whichever is a plausible date."""
    year_first = _from_parts(int(digits[6:]), int(digits[4:6]), digits[:4], today, leaseholder)
    if digits[:2] in ("18", "19", "20") and year_first.day and not year_first.codes:
        return year_first
    day_first = _from_parts(int(digits[:2]), int(digits[2:4]), digits[4:], today, leaseholder)
    return day_first if day_first.day or not year_first.day else year_first


def _from_number(number: float, today: date) -> Birth:
    """A year, or the days a spreadsheet counts from 1900."""
    whole = int(number) if 0 <= number < 1_000_000 else -1
    if whole in (0, 1, 2):
        return Birth()
    if 1850 <= whole <= today.year + 1:
        return _year(whole, today)
    if 3 <= whole <= 99:
        # As days they would be births of the spring of 1900: a year on two digits.
        return _from_parts(0, 0, f"{whole:02d}", today, True)
    if 100 <= whole <= 60_000:
        return _checked(EXCEL_EPOCH + timedelta(days=whole), DAY, today)
    if 10_000_000 <= number < 100_000_000:
        return _from_eight(str(int(number)), today, True)
    if 1_000_000 <= number < 10_000_000:  # 1021938: the leading zero of JJMMAAAA is lost
        return _from_eight(f"0{int(number)}", today, True)
    return Birth(codes=("birth_unreadable",))


def _year(year: int, today: date) -> Birth:
    if year in (1900, 9999):
        return Birth()
    return _checked(date(year, 1, 1), YEAR, today)


def _from_parts(day: int, month: int, year_text: str, today: date, leaseholder: bool) -> Birth:
    codes: tuple[str, ...] = ()
    year = int(year_text)
    short = len(year_text) == 2
    if short:
        if day == 0 and month == 0 and year == 0:
            return Birth()
        year += 2000
    if year == 0 or (year == 9999):
        return Birth()
    if month > 12 >= day > 0:
        # Written month first.
        day, month = month, day
        codes = ("birth_month_first",)
    if day == 0 or month == 0:
        if short:
            year, codes = _century(year, 12, 31, today, leaseholder)
        known = _year(year, today)
        return Birth(known.day, known.precision, (*codes, *known.codes, *(("birth_year_only",) if known.day else ())))
    if short:
        year, back = _century(year, month, day, today, leaseholder)
        codes = (*codes, *back)
    try:
        born = date(year, month, day)
    except ValueError:
        # 31/02/1938: the year is most likely right.
        if 1 <= month <= 12 and 1 <= day <= 31:
            known = _year(year, today)
            return Birth(known.day, known.precision, (*codes, "birth_impossible_day"))
        return Birth(codes=("birth_unreadable",))
    checked = _checked(born, DAY, today)
    return Birth(checked.day, checked.precision, (*codes, *checked.codes) if checked.day else checked.codes)


def _century(year: int, month: int, day: int, today: date, leaseholder: bool) -> tuple[int, tuple[str, ...]]:
    too_young = (today.year - year - ((today.month, today.day) < (month, day))) < (ADULT if leaseholder else 0)
    either = 0 <= today.year - year < ADULT
    if too_young:
        return year - 100, ("birth_two_digit_year", IN_DOUBT) if either else ("birth_two_digit_year",)
    return year, (IN_DOUBT,) if either else ()


def _checked(born: date, precision: str, today: date) -> Birth:
    if born in _NO_DATE:
        return Birth()
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if born > today or age > OLDEST:
        return Birth(codes=("birth_implausible",))
    return Birth(born, precision)
