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

DATA = Path(__file__).parent / "data"


@cache
def words(name: str) -> list[str]:
    return (DATA / f"words_{name}.txt").read_text(encoding="utf-8").split()


def draw() -> str:
    """One phrase; whether it is free is for the caller to check."""
    # 11 to 69: « soixante-dix-sept » and beyond are heard as several numbers.
    return f"{secrets.choice(words('first'))} {secrets.choice(words('second'))} {secrets.randbelow(59) + 11}"


def plain(typed: str) -> str:
    """The form in which phrases are stored: no accent, no capital, single spaces."""
    letters = unicodedata.normalize("NFKD", typed[:200]).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z]+|\d+", letters))
