"""Verification phrases: what a tenant repeats to the switchboard to check that a call was genuine.

Two words and a number, chosen to be told apart aloud on a poor line (« tilleul martin 47 »). The words carry no
accent, so that a phrase typed with or without one is found by its plain form.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"


@cache
def words(name: str) -> list[str]:
    return (DATA / f"words_{name}.txt").read_text(encoding="utf-8").split()


def draw() -> str:
    """One phrase; whether it is free is for the caller to check."""
    # 11 to 69: « soixante-dix-sept » and beyond are heard as several numbers.
    return f"{secrets.choice(words('first'))} {secrets.choice(words('second'))} {secrets.randbelow(59) + 11}"


@cache
def _spoken() -> dict[str, str]:
    """« quarante sept » → « 47 », for the numbers that are drawn."""
    units = [
        "zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
        "treize", "quatorze", "quinze", "seize",
    ]  # fmt: skip
    tens = {10: "dix", 20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
    found = {}
    for number in range(11, 70):
        ten, unit = number - number % 10, number % 10
        words = units[number] if number < 17 else tens[ten] + {0: "", 1: " et un"}.get(unit, f" {units[unit]}")
        found[words] = str(number)
    return found


def plain(typed: str) -> str:
    """The form in which phrases are stored: no accent, no capital, single spaces, the number last and in digits.

    What a person dictates is understood: « le tilleul, martin, quarante-sept », or the number first.
    """
    text = unicodedata.normalize("NFKD", typed[:200].replace("œ", "oe")).encode("ascii", "ignore").decode().lower()
    said = [word for word in re.findall(r"[a-z]+|\d+", text) if word not in ("le", "la", "les", "l")]
    words = " ".join(said)
    for spoken in sorted(_spoken(), key=len, reverse=True):
        words = re.sub(rf"(^|(?<= )){spoken}($|(?= ))", _spoken()[spoken], words)
    parts = words.split()
    numbers = [part for part in parts if part.isdigit()]
    return " ".join([part for part in parts if not part.isdigit()] + numbers)
