"""The spaces of French, for texts that people or files write with ordinary ones."""

from __future__ import annotations

import re

# A space before « : ; ? ! » » or after « « » that must not break the line.
_BEFORE = re.compile(r"(?<=\S) (?=[:;?!»])")
_AFTER = re.compile(r"(?<=«) ")
_HOUR = re.compile(r"(?<=\d) h(?: (?=\d))?")


def typography(text: str) -> str:
    """The same text with the spaces that French wants non-breaking."""
    text = _AFTER.sub("\u00a0", _BEFORE.sub("\u00a0", text))
    return _HOUR.sub(lambda found: found.group().replace(" ", "\u00a0"), text)
