"""What a draft changes in the version before it, in plain French."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.common import needs as categories
from campaigns.models import Call
from campaigns.models.levels import Level
from campaigns.scripts.checks import title_of
from campaigns.scripts.document import question_of
from campaigns.scripts.reading import condition

CADENCES = {
    "48h": "toutes les 48 heures",
    "twice_a_week": "deux fois par semaine",
    "weekly": "chaque semaine",
    "fortnightly": "tous les quinze jours",
    "monthly": "une fois par mois",
}
KINDS = {"single": "une seule réponse", "multi": "plusieurs réponses", "text": "réponse libre"}
OPENS = {
    "callback": "ouvre le choix du moment",
    "follow_up": "ouvre le rendez-vous régulier",
    "neighbour": "ouvre la note sur le voisin",
    "consent": "ouvre la demande d'accord",
}


@dataclass(frozen=True)
class Line:
    """One thing that changed; ``before`` or ``after`` is empty when it was added or taken out."""

    what: str
    before: str = ""
    after: str = ""


@dataclass
class Difference:
    """What changed in one question or one part."""

    title: str
    lines: list[Line] = field(default_factory=list)


def consequences(choice: Mapping[str, Any], content: Mapping[str, Any]) -> list[str]:
    """What an answer leads to, in a few words each."""
    found = []
    level = choice.get("level") or ""
    delay = Level(level).label if level in Level.values else level
    if need := choice.get("need"):
        label = content.get("needs", {}).get(need) or categories.label(need)
        found.append(f"besoin : {label}" + (f", {delay}" if delay else ""))
    if choice.get("alert"):
        found.append("alerte" + (f" {delay}" if delay and not need else ""))
    elif level and not need:
        found.append(delay)
    if points := choice.get("lonely"):
        found.append(f"solitude + {points}")
    if outcome := choice.get("outcome"):
        found.append(f"fin : {dict(Call.Outcome.choices).get(outcome, outcome)}")
    if opens := choice.get("opens"):
        found.append(OPENS.get(opens, opens))
    if cadence := choice.get("cadence"):
        found.append(CADENCES.get(cadence, cadence))
    if choice.get("plan") == "end":
        found.append("arrête le suivi")
    return found


def conditions(raw: Mapping[str, Any], content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(question, answer) of each « posée seulement si », as one reads them."""
    found = []
    for text in raw.get("shown_if", []):
        key, wanted = condition(text)
        other = question_of(content, key)
        choice = next((one for one in (other or {}).get("choices", []) if one.get("key") == wanted), None)
        found.append((title_of(other) if other else key, choice.get("label", "") if choice else wanted))
    return found


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Everything that changed between two documents: questions in their order, then the other parts."""
    found = [*_questions(old, new), *_parts(old, new)]
    return [one for one in found if one.lines]


def _questions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before = {raw.get("key", ""): raw for raw in old.get("questions", [])}
    after = {raw.get("key", ""): raw for raw in new.get("questions", [])}
    kept = [key for key in after if key in before]
    moved = _moved([key for key in before if key in after], kept)
    for key, raw in after.items():
        one = Difference(title_of(raw) or key)
        if key not in before:
            one.lines.append(Line("Question ajoutée", after=raw.get("say", "")))
            one.lines += [Line("Réponse", after=_answer(choice, new)) for choice in raw.get("choices", [])]
        else:
            if key in moved:
                one.lines.append(Line("Question déplacée"))
            one.lines += _question(before[key], raw, old, new)
        yield one
    for key, raw in before.items():
        if key not in after:
            yield Difference(title_of(raw) or key, [Line("Question retirée", before=raw.get("say", ""))])


def _moved(before: list[str], after: list[str]) -> set[str]:
    """Those that changed place, as few as possible: out of the longest run kept in order."""
    rank = {key: index for index, key in enumerate(before)}
    runs: list[list[str]] = [[]]
    for key in after:
        runs.append([*_longest([run for run in runs if not run or rank[run[-1]] < rank[key]]), key])
    return set(after) - set(_longest(runs))


def _longest(runs: list[list[str]]) -> list[str]:
    return max(runs, key=lambda run: len(run))


def _answer(choice: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    return " · ".join([choice.get("label", ""), *consequences(choice, content)])


def _question(
    was: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Line]:
    words = {"say": "Mots à dire", "guide": "Conseil", "sheet": "Fiche à lire", "section": "Partie"}
    for name, label in words.items():
        if was.get(name, "") != now.get(name, ""):
            yield Line(label, was.get(name, ""), now.get(name, ""))
    kinds = [KINDS.get(raw.get("kind", "single"), "") for raw in (was, now)]
    if kinds[0] != kinds[1]:
        yield Line("Sorte de réponse", *kinds)
    for name, yes, no in (
        ("required", "Réponse désormais nécessaire", "Réponse désormais facultative"),
        ("per_person", "Posée désormais à chaque personne", "Posée désormais au foyer"),
    ):
        if bool(was.get(name)) != bool(now.get(name)):
            yield Line(yes if now.get(name) else no)
    when = [
        " ou ".join(f"« {answer} » à « {asked} »" for asked, answer in conditions(raw, content)) or "toujours"
        for raw, content in ((was, old), (now, new))
    ]
    if when[0] != when[1] or set(was.get("shown_if", [])) != set(now.get("shown_if", [])):
        yield Line("Posée si", *when)
    yield from _answers(was, now, old, new)


def _answers(
    was: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Line]:
    before = {choice.get("key", ""): choice for choice in was.get("choices", [])}
    after = {choice.get("key", ""): choice for choice in now.get("choices", [])}
    for key, choice in after.items():
        said = _answer(before[key], old) if key in before else ""
        if key not in before:
            yield Line("Réponse ajoutée", after=_answer(choice, new))
        elif said != _answer(choice, new):
            yield Line("Réponse changée", said, _answer(choice, new))
    for key, choice in before.items():
        if key not in after:
            yield Line("Réponse retirée", before=_answer(choice, old))
    if [key for key in before if key in after] != [key for key in after if key in before]:
        yield Line("Ordre des réponses changé")


def _parts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    settings = Difference("Réglages")
    for name, label in (("title", "Titre"), ("language", "Langue")):
        if old.get(name, "") != new.get(name, ""):
            settings.lines.append(Line(label, str(old.get(name, "")), str(new.get(name, ""))))
    rules = [str(one.get("loneliness_rule", {}).get("propose_follow_up_from", 3)) for one in (old, new)]
    if rules[0] != rules[1]:
        settings.lines.append(Line("Points de solitude qui proposent un suivi", *rules))
    settings.lines += _table("Besoin", old.get("needs", {}), new.get("needs", {}))
    yield settings
    for part, title in (("voicemail", "Répondeur"), ("consent", "Demande d'accord")):
        was, now = old.get(part, {}), new.get(part, {})
        one = Difference(title)
        for name, label in (("say", "Mots à dire"), ("guide", "Conseil")):
            if was.get(name, "") != now.get(name, ""):
                one.lines.append(Line(label, was.get(name, ""), now.get(name, "")))
        answers = [", ".join(choice.get("label", "") for choice in raw.get("choices", [])) for raw in (was, now)]
        if answers[0] != answers[1]:
            one.lines.append(Line("Réponses", *answers))
        yield one
    said = [
        {one.get("title", ""): " · ".join(filter(None, (one.get("say"), one.get("guide")))) for one in raw}
        for raw in (old.get("reactions", []), new.get("reactions", []))
    ]
    yield Difference("Réactions", list(_table("Réaction", *said)))
    lines = [
        {one.get("number", ""): f"{one.get('label', '')} ({one.get('kind', '')})" for one in raw}
        for raw in (old.get("helplines", []), new.get("helplines", []))
    ]
    yield Difference("Lignes d'aide", list(_table("Ligne", *lines)))


def _table(label: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Line]:
    for key in [*after, *(key for key in before if key not in after)]:
        if before.get(key) != after.get(key):
            yield Line(f"{label} « {key} »", before.get(key, ""), after.get(key, ""))
