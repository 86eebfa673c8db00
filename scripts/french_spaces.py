"""Puts the non-breaking spaces of French typography into templates and into the sentences of the code.

An ordinary space before « : ; ? ! » » or after « « » lets a line break there. Part of ``make fmt``.
"""

from __future__ import annotations

import io
import re
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NBSP = "\u00a0"
SKIPPED = {".venv", "var", "tests", "vendor", "migrations", ".git", "node_modules"}
BEFORE = re.compile(r"(?<=[\w)»’'%}\]…]) (?=[:;?!»](?![\w/=]))")
AFTER = re.compile(r"« ")
FRENCH = re.compile(r"[éèêàùçôîâûœ«]", re.IGNORECASE)
# Template code, comments and tags: left as they are.
CODE = re.compile(
    r"(\{%\s*comment\b.*?endcomment\s*%\}|\{#.*?#\}|<!--.*?-->|<(?:script|style|code|kbd|pre)\b.*?</\w+>"
    r"|\{\{.*?\}\}|\{%.*?%\}|<[^>]*>)",
    re.DOTALL,
)
STARTS = re.compile(r"^ (?=[:;?!»](?![\w/=]))")


def spaced(text: str) -> str:
    return AFTER.sub(f"«{NBSP}", BEFORE.sub(NBSP, text))


def template(text: str) -> str:
    pieces = CODE.split(text)
    for index in range(0, len(pieces), 2):
        piece = spaced(pieces[index])
        # « {{ name }} : » and « </strong> : » go on with the words before them.
        if index and (pieces[index - 1].startswith(("{{", "</"))):
            piece = STARTS.sub(NBSP, piece)
        pieces[index] = piece
    for index in range(1, len(pieces), 2):
        pieces[index] = re.sub(
            r"""(?<=\s)((?:alt|title|placeholder|aria-label)\s*=\s*")([^"]*)""",
            lambda match: match.group(1) + spaced(match.group(2)),
            pieces[index],
        )
    return "".join(pieces)


def python(text: str) -> str:
    """Only strings that hold French, never docstrings (they are English and quote French words)."""
    lines = text.splitlines(keepends=True)
    edits: list[tuple[tuple[int, int], tuple[int, int], str]] = []
    fresh = True  # a string at the start of a statement is a docstring
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        french = token.type == tokenize.STRING and not fresh and FRENCH.search(token.string)
        if french and (new := spaced(token.string)) != token.string:
            edits.append((token.start, token.end, new))
        if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            fresh = True
        elif token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENCODING):
            fresh = False
    for (row, column), (end_row, end_column), new in reversed(edits):
        head, tail = lines[row - 1][:column], lines[end_row - 1][end_column:]
        lines[row - 1 : end_row] = (head + new + tail).splitlines(keepends=True)
    return "".join(lines)


def main() -> None:
    wanted = [Path(name) for name in sys.argv[1:]] or [
        path for kind in ("*.py", "*.html", "*.txt") for path in ROOT.rglob(kind)
    ]
    for path in wanted:
        inside = path.resolve().relative_to(ROOT).parts
        if SKIPPED & set(inside) or inside[0] == "scripts":
            continue
        if path.suffix != ".py" and inside[0] != "templates":
            continue
        before = path.read_text()
        after = python(before) if path.suffix == ".py" else template(before)
        if after != before:
            path.write_text(after)
            print(f"espaces insécables : {path.resolve().relative_to(ROOT)}")


if __name__ == "__main__":
    main()
