"""A cell → a birth date and how much of it is known."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tenants.imports.births import parse

TODAY = date(2026, 11, 23)
UNKNOWN = None


@pytest.mark.parametrize(
    ("value", "day", "precision", "codes"),
    [
        ("21/12/1960", date(1960, 12, 21), "day", ()),
        ("11-01-80", date(1980, 1, 11), "day", ("birth_two_digit_year",)),
        ("27-12-31", date(1931, 12, 27), "day", ("birth_two_digit_year",)),
        ("24-11-08", date(1908, 11, 24), "day", ("birth_two_digit_year",)),
        ("23-11-08", date(2008, 11, 23), "day", ()),
        ("1938-03-12T00:00:00", date(1938, 3, 12), "day", ()),
        (10959.0, date(1930, 1, 1), "day", ()),
        ("10959", date(1930, 1, 1), "day", ()),
        (datetime(1945, 3, 1), date(1945, 3, 1), "day", ()),
        (1938.0, date(1938, 1, 1), "year", ()),
        ("1938", date(1938, 1, 1), "year", ()),
        ("38", date(1938, 1, 1), "year", ("birth_two_digit_year", "birth_year_only")),
        (38, date(1938, 1, 1), "year", ("birth_two_digit_year", "birth_year_only")),
        ("24", date(1924, 1, 1), "year", ("birth_two_digit_year", "age_in_doubt", "birth_year_only")),
        ("00/00/1938", date(1938, 1, 1), "year", ("birth_year_only",)),
        ("03/1938", date(1938, 1, 1), "year", ("birth_year_only",)),
        ("31/02/1938", date(1938, 1, 1), "year", ("birth_impossible_day",)),
        ("12 mars 1938", date(1938, 3, 12), "day", ()),
        ("1er août 1940", date(1940, 8, 1), "day", ()),
        ("19380312", date(1938, 3, 12), "day", ()),
        ("12031938", date(1938, 3, 12), "day", ()),
        ("12/31/1938", date(1938, 12, 31), "day", ("birth_month_first",)),
        ("01/01/1900", UNKNOWN, "unknown", ()),
        ("31/12/9999", UNKNOWN, "unknown", ()),
        ("00/00/0000", UNKNOWN, "unknown", ()),
        ("", UNKNOWN, "unknown", ()),
        ("NC", UNKNOWN, "unknown", ()),
        ("bientôt", UNKNOWN, "unknown", ("birth_unreadable",)),
        ("12/12/2050", UNKNOWN, "unknown", ("birth_implausible",)),
        ("12/05/1850", UNKNOWN, "unknown", ("birth_implausible",)),
    ],
)
def test_dates_are_read_as_lists_write_them(value, day, precision, codes):
    read = parse(value, today=TODAY)
    assert (read.day, read.precision, read.codes) == (day, precision, codes)


def test_a_child_of_the_household_keeps_its_year():
    assert parse("07-05-18", today=TODAY, leaseholder=False).day == date(2018, 5, 7)
    assert parse("07-05-18", today=TODAY).day == date(1918, 5, 7)
