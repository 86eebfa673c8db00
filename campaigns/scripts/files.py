"""A script as a YAML file: landlords hand theirs to each other. What comes in is checked before anything is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from campaigns.models import Script
from campaigns.scripts import document
from campaigns.scripts.reading import PLACEHOLDERS, ScriptError

MOST_BYTES = 300_000
MOST_QUESTIONS = 120
TEXT, YES_NO, NUMBER, TEXTS = "texte", "oui ou non", "nombre", "liste de textes"
QUESTION = {
    "key": TEXT, "section": TEXT, "say": TEXT, "guide": TEXT, "sheet": TEXT, "kind": TEXT, "required": YES_NO,
    "per_person": YES_NO, "shown_if": TEXTS,
}  # fmt: skip
CHOICE = {
    "key": TEXT, "label": TEXT, "need": TEXT, "level": TEXT, "lonely": NUMBER, "alert": YES_NO, "outcome": TEXT,
    "opens": TEXT, "cadence": TEXT, "plan": TEXT,
}  # fmt: skip
SAID = {"say": TEXT, "guide": TEXT}
REACTION = {"title": TEXT, "say": TEXT, "guide": TEXT}
HELPLINE = {"number": TEXT, "label": TEXT, "kind": TEXT, "checked": TEXT}
KEY_SIGNS = set("abcdefghijklmnopqrstuvwxyz0123456789_-")
LONGEST = 2000


def write(script: Script) -> str:
    """The file of a version, in the order of the scripts that ship with the product."""
    content: dict[str, Any] = {**script.content, "key": script.key, "kind": script.kind, "title": script.title}
    ordered = {name: content[name] for name in document.ORDER if name in content}
    ordered["questions"] = [document.tidy_question(raw) for raw in content.get("questions", [])]
    text: str = yaml.safe_dump(ordered, allow_unicode=True, sort_keys=False, width=110)
    return text


class _NoAlias(yaml.SafeLoader):
    """References in a file can make a small text enormous: none is needed, none is read."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("alias")
        return super().compose_node(parent, index)


def read(data: bytes) -> tuple[str, document.Document]:
    """The sort of call and the document of a file.

    Raises ScriptError with what cannot be read. What merely does not hold together is left to the checks of the draft.
    """
    if len(data) > MOST_BYTES:
        raise ScriptError(["Ce fichier est trop grand pour une trame."])
    try:
        raw = yaml.load(data.decode("utf-8-sig"), Loader=_NoAlias)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError:
        raise ScriptError(["Ce fichier n'est pas un texte (UTF-8)."]) from None
    except yaml.MarkedYAMLError as error:
        line = f", vers la ligne {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ScriptError([f"Ce fichier n'est pas lisible comme une trame (YAML){line}."]) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ScriptError(["Ce fichier n'est pas lisible comme une trame (YAML)."]) from None
    if not isinstance(raw, dict):
        raise ScriptError(["Ce fichier ne contient pas de trame."])
    if problems := list(_shape(raw)):
        raise ScriptError(problems[:12])
    kind = raw.pop("kind", Script.Kind.FIRST)
    raw.pop("key", None)
    raw["placeholders"] = list(PLACEHOLDERS)
    raw["questions"] = [document.tidy_question(one) for one in raw["questions"]]
    return kind, raw


def _shape(raw: dict[str, Any]) -> Iterator[str]:
    """What is not of the sort the product reads, and where."""
    if unknown := [str(name)[:30] for name in raw if name not in document.ORDER]:
        yield f"Parties inconnues : {', '.join(unknown[:5])}."
    if raw.get("kind", Script.Kind.FIRST) not in Script.Kind.values:
        yield f"« kind » vaut {', '.join(Script.Kind.values)}."
    yield from _fields(raw, {"title": TEXT, "language": TEXT, "key": TEXT}, "la trame")
    rule = raw.get("loneliness_rule", {})
    if not isinstance(rule, dict) or not all(_is(value, NUMBER) for value in rule.values()):
        yield "« loneliness_rule » : un nombre est attendu."
    needs = raw.get("needs", {})
    if not isinstance(needs, dict) or not all(_is(one, TEXT) and _is_key(key) for key, one in needs.items()):
        yield "« needs » : un nom par besoin, et des identifiants simples."
    elif any(len(key) > 20 for key in needs):
        yield "« needs » : un identifiant a plus de 20 signes."
    questions = raw.get("questions")
    if not isinstance(questions, list) or not all(isinstance(one, dict) for one in questions):
        yield "« questions » : une liste de questions est attendue."
        return
    if len(questions) > MOST_QUESTIONS:
        yield f"Plus de {MOST_QUESTIONS} questions."
        return
    for number, one in enumerate(questions, 1):
        yield from _question(one, f"question {number}")
    # Two of one name could not be told apart afterwards.
    for key in _twice(questions):
        yield f"« key » : deux questions portent l'identifiant « {key} »."
    yield from _list(raw, "reactions", REACTION)
    yield from _list(raw, "helplines", HELPLINE)
    for name in ("voicemail", "consent"):
        part = raw.get(name, {})
        if not isinstance(part, dict):
            yield f"« {name} » : mots à dire et conseil attendus."
            continue
        yield from _fields({key: part[key] for key in part if key != "choices"}, SAID, name)
        yield from _list(part, "choices", CHOICE, f"{name}, ")


def _question(one: dict[str, Any], where: str) -> Iterator[str]:
    yield from _fields({key: value for key, value in one.items() if key != "choices"}, QUESTION, where)
    if not _is_key(one.get("key")):
        yield f"{where} : « key » est fait de lettres minuscules sans accent, de chiffres et de traits bas."
    yield from _list(one, "choices", CHOICE, f"{where}, ")
    choices = one.get("choices", [])
    if isinstance(choices, list) and not all(_is_key(c.get("key")) for c in choices if isinstance(c, dict)):
        yield f"{where} : une réponse n'a pas d'identifiant simple."
    elif isinstance(choices, list):
        for key in _twice(choices):
            yield f"{where} : deux réponses portent l'identifiant « {key} »."


def _twice(rows: list[Any]) -> list[str]:
    """The identifiers that several of these have."""
    found = Counter(str(row.get("key"))[:60] for row in rows if isinstance(row, dict) and row.get("key"))
    return [key for key, number in found.items() if number > 1]


def _list(raw: dict[str, Any], name: str, known: dict[str, str], where: str = "") -> Iterator[str]:
    rows = raw.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > 60:
        yield f"{where}« {name} » : une liste est attendue."
        return
    for number, row in enumerate(rows, 1):
        yield from _fields(row, known, f"{where}{name} {number}")


def _fields(raw: dict[str, Any], known: dict[str, str], where: str) -> Iterator[str]:
    for name, value in raw.items():
        if name not in known:
            if where != "la trame":
                yield f"{where} : « {str(name)[:30]} » est inconnu."
        elif not _is(value, known[name]):
            yield (
                f"{where} : « {name} » doit être un {known[name]}."
                if known[name] != YES_NO
                else (f"{where} : « {name} » vaut true ou false.")
            )


def _is(value: Any, sort: str) -> bool:
    if sort == TEXT:
        return isinstance(value, str) and len(value) <= LONGEST and "\x00" not in value
    if sort == YES_NO:
        return isinstance(value, bool)
    if sort == NUMBER:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 99
    return isinstance(value, list) and len(value) <= 60 and all(_is(one, TEXT) for one in value)


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 60 and set(value) <= KEY_SIGNS
