"""A script version → questions, branching, consequences.

Pure reading: nothing here writes about a call. ``read(answers)`` says what is shown, what is missing and
what follows; the call page, the saving and the tests all read the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from campaigns.common.needs import LABELS
from campaigns.models import Script
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from solidarites.refused import Refused

KINDS = ("single", "multi", "text")
OPENS = ("callback", "follow_up", "consent", "neighbour")
CADENCES = ("48h", "twice_a_week", "weekly", "fortnightly", "monthly")
# What the words to say may contain, and what stands there during a call (see calls.placeholders).
PLACEHOLDERS = {
    "civilite": "Madame, Monsieur",
    "nom": "le nom de la personne",
    "prenom_appelant": "votre prénom de bénévole",
    "bailleur": "le nom du bailleur, tel qu'il se dit",
    "numero_rappel": "le numéro de rappel de la campagne",
    "phrase_verification": "la phrase qui prouve que l'appel est vrai",
    "partenaire": "le service à qui le besoin serait confié (seulement dans la demande d'accord)",
}
KNOWN_NEEDS = {category: rank for rank, category in enumerate(LABELS)}
PLACEHOLDER = re.compile(r"\{(\w+)\}")
TEXT_LIMIT = TEXT

# {question: {person: answer}}; person is a tenant's id as text, or "" for the household.
Answers = Mapping[str, Mapping[str, Any]]


class ScriptError(Refused):
    """The content of a script does not hold together; ``problems`` are French sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Choice:
    key: str
    label: str
    need: str = ""
    level: str = ""
    lonely: int = 0
    alert: bool = False
    outcome: str = ""
    opens: str = ""
    cadence: str = ""
    plan: str = ""

    @property
    def vital(self) -> bool:
        return self.alert and self.level == Level.U0


@dataclass(frozen=True)
class Question:
    key: str
    section: str
    say: str
    guide: str
    kind: str
    required: bool
    per_person: bool
    shown_if: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]

    def chosen(self, value: Any) -> list[Choice]:
        keys = value if isinstance(value, list) else [value]
        return [choice for choice in self.choices if choice.key in keys]


@dataclass(frozen=True)
class HeardNeed:
    category: str
    level: str
    person: str


@dataclass(frozen=True)
class HeardAlert:
    question: str
    choice: str
    level: str
    person: str


@dataclass
class Reading:
    """What a set of answers means."""

    shown: list[tuple[Question, str]] = field(default_factory=list)
    missing: list[tuple[Question, str]] = field(default_factory=list)
    needs: list[HeardNeed] = field(default_factory=list)
    alerts: list[HeardAlert] = field(default_factory=list)
    lonely: dict[str, int] = field(default_factory=dict)
    outcome: str = ""
    opens: set[str] = field(default_factory=set)
    cadence: str = ""
    ends_plan: bool = False
    propose_follow_up: bool = False

    @property
    def vital(self) -> bool:
        """Somebody is in danger now: nothing more is asked."""
        return any(one.level == Level.U0 for one in self.alerts)


@dataclass(frozen=True)
class Content:
    """A whole version, read once and cached for ever when published."""

    title: str
    questions: tuple[Question, ...]
    needs: Mapping[str, str]
    propose_follow_up_from: int
    consent: Mapping[str, Any]
    voicemail: Mapping[str, str]
    reactions: tuple[Mapping[str, str], ...]
    helplines: tuple[Mapping[str, str], ...]

    def question(self, key: str) -> Question | None:
        return next((question for question in self.questions if question.key == key), None)

    def read(self, answers: Answers, people: Iterable[str]) -> Reading:
        """Follow the branching: what is shown to each person, what is missing, what follows.

        ``people`` are the ids (as text) of those who answer for themselves; household questions use "".
        A choice that closes the conversation hides every question after it; a vital answer that was given hides for
        nothing, until it is changed: on a page without script every question can be answered.
        """
        reading = Reading()
        persons = list(people) or [""]
        for question in self.questions:
            for person in persons if question.per_person else [""]:
                value = answers.get(question.key, {}).get(person)
                vital = any(choice.vital for choice in question.chosen(value))
                if not vital and (reading.outcome or not self._is_shown(question, person, answers, persons)):
                    continue
                reading.shown.append((question, person))
                if value in (None, "", []):
                    if question.required:
                        reading.missing.append((question, person))
                    continue
                for choice in question.chosen(value):
                    self._follow(reading, question, choice, person)
        reading.propose_follow_up = any(points >= self.propose_follow_up_from for points in reading.lonely.values())
        return reading

    @staticmethod
    def _is_shown(question: Question, person: str, answers: Answers, persons: list[str]) -> bool:
        if not question.shown_if:
            return True
        # A household question may depend on what any person said, and a person's on the household's answer.
        voices = [person, ""] if question.per_person else ["", *persons]
        for key, choice in question.shown_if:
            for voice in voices:
                value = answers.get(key, {}).get(voice)
                if choice == value or (isinstance(value, list) and choice in value):
                    return True
        return False

    @staticmethod
    def _follow(reading: Reading, question: Question, choice: Choice, person: str) -> None:
        if choice.need:
            reading.needs.append(HeardNeed(choice.need, choice.level or Level.U3, person))
        if choice.alert:
            reading.alerts.append(HeardAlert(question.key, choice.key, choice.level or Level.U1, person))
        if choice.lonely:
            reading.lonely[person] = reading.lonely.get(person, 0) + choice.lonely
        if choice.outcome:
            reading.outcome = choice.outcome
        if choice.opens:
            reading.opens.add(choice.opens)
        if choice.cadence:
            reading.cadence = choice.cadence
        if choice.plan == "end":
            reading.ends_plan = True

    def clean(self, raw: Mapping[str, Any], people: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Only what the script knows: unknown questions, persons and choices are left out, texts cut to 300."""
        persons = set(people) or {""}
        kept: dict[str, dict[str, Any]] = {}
        for question in self.questions:
            given = raw.get(question.key)
            if not isinstance(given, Mapping):
                continue
            for person, value in given.items():
                if person not in (persons if question.per_person else {""}):
                    continue
                clean = _clean_value(question, value)
                if clean not in (None, "", []):
                    kept.setdefault(question.key, {})[person] = clean
        return kept


def _clean_value(question: Question, value: Any) -> Any:
    if question.kind == "text":
        return value.replace("\x00", "").strip()[:TEXT_LIMIT] if isinstance(value, str) else None
    keys = {choice.key for choice in question.choices}
    if question.kind == "multi":
        values = value if isinstance(value, list) else [value]
        return [choice.key for choice in question.choices if choice.key in values]
    return value if isinstance(value, str) and value in keys else None


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace the placeholders; one without a value stays visible as « … »."""
    return PLACEHOLDER.sub(lambda match: values.get(match.group(1)) or "…", text)


def build(content: Mapping[str, Any]) -> Content:
    """A stored document to its reading form. A draft may not hold together yet: see ``checks``."""
    needs = content.get("needs", {})
    return Content(
        title=content.get("title", ""),
        questions=tuple(_question(raw) for raw in content.get("questions", [])),
        # A document in PostgreSQL forgets the order of its keys: the product's own categories come first, in order.
        needs={key: needs[key] for key in sorted(needs, key=lambda key: (KNOWN_NEEDS.get(key, 99), key))},
        propose_follow_up_from=int(content.get("loneliness_rule", {}).get("propose_follow_up_from", 3)),
        consent=content.get("consent", {}),
        voicemail=content.get("voicemail", {}),
        reactions=tuple(content.get("reactions", [])),
        helplines=tuple(content.get("helplines", [])),
    )


def _question(raw: Mapping[str, Any]) -> Question:
    return Question(
        key=raw["key"],
        section=raw.get("section", ""),
        say=raw.get("say", ""),
        guide=raw.get("guide", ""),
        kind=raw.get("kind", "single"),
        required=bool(raw.get("required")),
        per_person=bool(raw.get("per_person")),
        shown_if=tuple(condition(text) for text in raw.get("shown_if", [])),
        choices=tuple(_choice(choice) for choice in raw.get("choices", [])),
    )


def _choice(raw: Mapping[str, Any]) -> Choice:
    choice = Choice(**raw)
    # A vital answer waits for nobody to read the call, whatever the script says of it.
    return replace(choice, alert=True) if choice.level == Level.U0 else choice


def condition(text: str) -> tuple[str, str]:
    question, _, choice = text.partition(".")
    return question, choice


@lru_cache(maxsize=64)
def published_content(script_id: int) -> Content:
    return build(Script.objects.values_list("content", flat=True).get(pk=script_id))


def content_of(script_id: int, *, published: bool = True) -> Content:
    """The reading form of a version; a published one is read from the database once per process."""
    if published:
        return published_content(script_id)
    return build(Script.objects.values_list("content", flat=True).get(pk=script_id))
