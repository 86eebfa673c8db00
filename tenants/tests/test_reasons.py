"""Every remark that a list may bring is said in words, with what becomes of it."""

from __future__ import annotations

import ast
from pathlib import Path

from tenants.imports import departures, matching, reasons

FOLDER = Path(reasons.__file__).parent
NAMED = {
    *(matching.NEW_CONTRACT, matching.MOVED, matching.JOINED, matching.PARTED, matching.RELET, matching.BY_NAMES),
    *("reference_of_closed", "reference_shared"),
    *departures.CLOSING,
}


def written() -> set[str]:
    """The codes written where remarks are made: [column, code, WARNING or ERROR, value]."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_remark = isinstance(node, ast.List) and len(node.elts) == 4 and isinstance(node.elts[2], ast.Name)
            if is_remark and node.elts[2].id in ("WARNING", "ERROR") and isinstance(node.elts[1], ast.Constant):
                found.add(node.elts[1].value)
    return found


def test_every_remark_has_its_words_and_its_consequence() -> None:
    codes = written() | NAMED
    assert len(codes) > 30
    assert sorted(code for code in codes if not reasons.advice(code) or reasons.title(code) == code) == []
