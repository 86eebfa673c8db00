"""Dates and hours in every template, as French writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.template import engines

FIRST = datetime(2027, 1, 1, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ('{{ at|date:"j F" }}', "1er janvier"),
        ('{{ at|date:"l j F Y" }}', "vendredi 1er janvier 2027"),
        ('{{ at|date:"j F à G \\h i" }}', "1er janvier à 9\u00a0h\u00a005"),
        ('{{ at|time:"G \\h i" }}', "9\u00a0h\u00a005"),
        ('{{ at|date:"d/m/Y" }}', "01/01/2027"),
        ('{{ at|date:"Y-m-d" }}', "2027-01-01"),
        ('{{ other|date:"j F" }}', "21 août"),
        ('{{ nothing|date:"j F" }}', ""),
    ],
)
def test_a_date_is_written_as_french_does(words: str, shown: str) -> None:
    made = engines["django"].from_string(words)
    assert made.render({"at": FIRST, "other": date(2026, 8, 21), "nothing": None}) == shown
