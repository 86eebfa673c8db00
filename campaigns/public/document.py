"""An edition as a document, and the same document after one change. Pure.

{"themes": [{"key", "title", "questions": [{"key", "question", "answer"}]}]}. A key never changes: it is the place in
the page that a printed or sent address names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from campaigns.public.answers import plain
from campaigns.scripts.document import fingerprint, free_key

__all__ = ["fingerprint"]

Document = dict[str, Any]
MOST_THEMES, MOST_QUESTIONS = 20, 100
TITLE, QUESTION, ANSWER = 80, 200, 3000


def themes(content: Mapping[str, Any]) -> list[Document]:
    found: list[Document] = content.get("themes", [])
    return found


def theme_of(content: Mapping[str, Any], key: str) -> Document | None:
    return next((theme for theme in themes(content) if theme["key"] == key), None)


def question_of(content: Mapping[str, Any], key: str) -> tuple[Document, Document] | None:
    """The theme and the question of this key."""
    return next(((theme, one) for theme in themes(content) for one in theme["questions"] if one["key"] == key), None)


def keys(content: Mapping[str, Any]) -> Iterator[str]:
    for theme in themes(content):
        yield theme["key"]
        yield from (one["key"] for one in theme["questions"])


def count(content: Mapping[str, Any]) -> int:
    return sum(len(theme["questions"]) for theme in themes(content))


def problems(content: Mapping[str, Any]) -> list[str]:
    """What stands in the way of publishing, in French sentences."""
    found = [] if themes(content) else ["Ajoutez au moins un thème."]
    for theme in themes(content):
        if not theme["questions"]:
            found.append(f"Le thème «\u00a0{theme['title']}\u00a0» n'a aucune question.")
    return found


def with_theme(content: Mapping[str, Any], key: str, title: str) -> Document:
    """The document with the title of a theme changed, or with a new theme at the end (``key`` empty)."""
    new = deepcopy(dict(content))
    theme = theme_of(new, key)
    if theme is not None:
        theme["title"] = title
    else:
        made = {"key": free_key(title, keys(new), "theme"), "title": title, "questions": []}
        new.setdefault("themes", []).append(made)
    return new


def with_question(content: Mapping[str, Any], key: str, theme: str, question: str, answer: str) -> Document:
    """The document with a question changed, or new (``key`` empty), at the end of its theme when it comes to it."""
    new = deepcopy(dict(content))
    target = theme_of(new, theme)
    if target is None:
        raise LookupError(theme)
    found = question_of(new, key) if key else None
    row = found[1] if found else {"key": free_key(question, keys(new), "question")}
    row["question"], row["answer"] = question, answer
    if found is None or found[0] is not target:
        if found is not None:
            found[0]["questions"].remove(row)
        target["questions"].append(row)
    return new


def without(content: Mapping[str, Any], key: str) -> Document:
    """The document without a question, or without a theme and its questions."""
    new = deepcopy(dict(content))
    new["themes"] = [theme for theme in themes(new) if theme["key"] != key]
    for theme in new["themes"]:
        theme["questions"] = [one for one in theme["questions"] if one["key"] != key]
    return new


def moved(content: Mapping[str, Any], key: str, step: int) -> Document:
    """The document with a theme, or a question in its theme, one place up (-1) or down (1); the same at the edge."""
    new = deepcopy(dict(content))
    for rows in (themes(new), *(theme["questions"] for theme in themes(new))):
        at = next((index for index, row in enumerate(rows) if row["key"] == key), None)
        if at is not None and 0 <= at + step < len(rows):
            rows[at], rows[at + step] = rows[at + step], rows[at]
    return new


def matching(content: Mapping[str, Any], words: str) -> list[Document]:
    """The themes with the questions that hold all of these words, accents and capitals ignored."""
    wanted = plain(words).split()
    found = []
    for theme in themes(content):
        kept = [
            one
            for one in theme["questions"]
            if all(word in plain(f"{theme['title']} {one['question']} {one['answer']}") for word in wanted)
        ]
        if kept:
            found.append({**theme, "questions": kept})
    return found
