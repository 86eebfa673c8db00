"""A script as a document: its parts, their fingerprints, and the same document after one change. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from django.utils.text import slugify

from campaigns.scripts.reading import condition

Document = dict[str, Any]
# The parts edited as a whole, besides the questions.
PARTS: dict[str, tuple[str, ...]] = {
    "settings": ("title", "language", "loneliness_rule", "needs"),
    "words": ("voicemail", "consent"),
    "reactions": ("reactions",),
    "helplines": ("helplines",),
}
ORDER = (
    "key", "kind", "title", "language", "loneliness_rule", "placeholders", "needs", "questions", "consent", "voicemail",
    "reactions", "helplines",
)  # fmt: skip
QUESTION = ("key", "section", "per_person", "say", "guide", "sheet", "kind", "required", "shown_if", "choices")
CHOICE = ("key", "label", "need", "level", "lonely", "alert", "outcome", "opens", "cadence", "plan")
KEY_LIMIT = 40


def fingerprint(value: Any) -> str:
    """What a page was made from: a save that brings back another one is stale."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def part_of(content: Mapping[str, Any], part: str) -> Document:
    return {name: content[name] for name in PARTS[part] if name in content}


def question_of(content: Mapping[str, Any], key: str) -> Document | None:
    return next((raw for raw in content.get("questions", []) if raw.get("key") == key), None)


def asks_of(content: Mapping[str, Any], key: str) -> dict[str, list[str]]:
    """For each answer of a question, the questions it makes asked."""
    found: dict[str, list[str]] = {}
    for raw in content.get("questions", []):
        for text in raw.get("shown_if", []):
            asked, choice = condition(text)
            if asked == key:
                found.setdefault(choice, []).append(raw.get("key", ""))
    return found


def seen_of(content: Mapping[str, Any], key: str) -> str:
    """The fingerprint of what the page of a question shows."""
    raw = question_of(content, key)
    return fingerprint([raw, asks_of(content, key)]) if raw is not None else ""


def free_key(wanted: str, taken: Iterable[str], default: str) -> str:
    """« Qui fait vos courses ? » → qui_fait_vos_courses, or …_2 when it is taken."""
    stem = slugify(wanted.replace("'", " ").replace("’", " "))[:KEY_LIMIT].strip("-").replace("-", "_") or default
    others = set(taken)
    return next(key for key in (stem, *(f"{stem}_{n}" for n in range(2, len(others) + 3))) if key not in others)


def tidy(raw: Mapping[str, Any], names: Iterable[str]) -> Document:
    """The fields in their order, without those that say nothing; unknown ones stay."""
    known = list(names)
    found = {name: raw[name] for name in known if raw.get(name) not in (None, "", False, 0, [], {})}
    return found | {name: value for name, value in raw.items() if name not in known}


def tidy_question(raw: Mapping[str, Any]) -> Document:
    question = tidy(raw, QUESTION)
    if "choices" in question:
        question["choices"] = [tidy(choice, CHOICE) for choice in question["choices"]]
    return question


def with_question(
    content: Mapping[str, Any],
    question: Mapping[str, Any],
    *,
    key: str = "",
    after: str = "",
    renamed: Mapping[str, str] | None = None,
    asks: Mapping[str, Iterable[str]] | None = None,
) -> Document:
    """The document with this question in place of ``key``, or new, after another one (else at the end).

    ``renamed`` are the answers whose identifier changes: the questions that depend on them follow. ``asks`` says,
    for each answer, which later questions it makes asked; None leaves them.
    """
    new = deepcopy(dict(content))
    questions: list[Document] = new.setdefault("questions", [])
    raw = tidy_question(question)
    place = next((index for index, one in enumerate(questions) if key and one.get("key") == key), None)
    if place is not None:
        questions[place] = raw
    else:
        at = next((index + 1 for index, one in enumerate(questions) if one.get("key") == after), len(questions))
        questions.insert(at, raw)
    _follow_names(questions, key, raw["key"], renamed or {})
    if asks is not None:
        _set_asks(questions, raw["key"], asks)
    return new


def _follow_names(questions: list[Document], old: str, new: str, renamed: Mapping[str, str]) -> None:
    for one in questions:
        if "shown_if" in one and old:
            one["shown_if"] = [_renamed(text, old, new, renamed) for text in one["shown_if"]]


def _renamed(text: str, old: str, new: str, renamed: Mapping[str, str]) -> str:
    asked, choice = condition(text)
    return f"{new}.{renamed.get(choice, choice)}" if asked == old else text


def _set_asks(questions: list[Document], key: str, asks: Mapping[str, Iterable[str]]) -> None:
    wanted = {(f"{key}.{choice}", later) for choice, laters in asks.items() for later in laters}
    for one in questions:
        later = one.get("key", "")
        # An answer that was taken out leaves its conditions behind: the checks show them, nothing is asked instead.
        kept = [text for text in one.get("shown_if", []) if _stays(text, key, asks) or (text, later) in wanted]
        kept += sorted(text for text, name in wanted if name == later and text not in kept)
        if kept:
            one["shown_if"] = kept
        else:
            one.pop("shown_if", None)


def _stays(text: str, key: str, asks: Mapping[str, Iterable[str]]) -> bool:
    asked, choice = condition(text)
    return asked != key or choice not in asks


def moved(content: Mapping[str, Any], key: str, step: int) -> Document:
    """The document with a question one place up (-1) or down (1); the same at the edge."""
    new = deepcopy(dict(content))
    questions = new.get("questions", [])
    index = next((at for at, raw in enumerate(questions) if raw.get("key") == key), None)
    if index is not None and 0 <= index + step < len(questions):
        questions[index], questions[index + step] = questions[index + step], questions[index]
    return new


def without(content: Mapping[str, Any], key: str) -> Document:
    """The document without a question. What depended on it still says so: the checks show it."""
    new = deepcopy(dict(content))
    new["questions"] = [raw for raw in new.get("questions", []) if raw.get("key") != key]
    return new


def duplicated(content: Mapping[str, Any], key: str) -> tuple[Document, str]:
    """The document with a copy of a question just after it, and the copy's identifier."""
    raw = question_of(content, key)
    assert raw is not None  # noqa: S101 - the rule looked
    copy = deepcopy(raw)
    copy["key"] = free_key(key, [one.get("key", "") for one in content.get("questions", [])], "question")
    return with_question(content, copy, after=key), copy["key"]
