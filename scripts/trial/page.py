"""The code blocks of docs/installer.md: what is tried, in its order, and what is not, with the reason given there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "installer.md"
BLOCK = re.compile(
    r"^(?P<heading>#{2,4} [^\n]+)$|"
    r"(?:^<!-- essai: non, (?P<reason>[^>]+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    heading: str
    text: str
    language: str
    # Why it is not tried; empty: it is.
    reason: str


def blocks(text: str | None = None) -> list[Block]:
    found: list[Block] = []
    heading = ""
    for match in BLOCK.finditer(PAGE.read_text() if text is None else text):
        if match["heading"]:
            heading = match["heading"].lstrip("# ")
        else:
            found.append(Block(heading, match["text"], match["language"], match["reason"] or ""))
    return found
