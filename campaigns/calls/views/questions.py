"""The script as the call page shows it: questions, who answers, what each answer opens, what to ask leave for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from campaigns import scripts
from campaigns.alerts import dangers
from campaigns.calls.forms import CONSENTS, Typed, consent_name, field_name
from campaigns.calls.views.labels import typography
from campaigns.common import needs
from campaigns.models import Need
from campaigns.models.levels import Level
from campaigns.referrals import partners
from tenants.models import Household

ANY_PARTNER = "un service d'aide (mairie, CCAS ou association)"


@dataclass(frozen=True)
class ChoiceView:
    choice: scripts.Choice
    checked: bool
    need: str
    level: str
    # Whom to dial after this answer, when it says that somebody is in danger.
    numbers: str = ""


@dataclass(frozen=True)
class Block:
    """One question put to one person."""

    name: str
    person: str
    label: str
    text: str
    choices: list[ChoiceView]
    shown: bool
    error: str

    @property
    def said(self) -> str:
        words = self.text.strip() or ", ".join(one.choice.label for one in self.choices if one.checked)
        return f"{self.label}\u00a0: {words}" if self.label and words else words


@dataclass(frozen=True)
class QuestionView:
    question: scripts.Question
    section: str
    say: str
    guide: str
    condition: str
    shown_if: str
    blocks: list[Block]
    panels: set[str]
    # The address of the « bons gestes » that it tells to read.
    sheet: str

    @property
    def shown(self) -> bool:
        return any(block.shown for block in self.blocks)

    @property
    def asks(self) -> str:
        """The question itself: the last sentence of what is said."""
        found = re.search(r"[^.?!]*\?\s*$", self.say)
        return found.group().strip() if found else self.say

    @property
    def said(self) -> str:
        """The answers as one reads them again; empty when there is none."""
        return " · ".join(block.said for block in self.blocks if block.shown and block.said)

    @property
    def due(self) -> bool:
        return self.question.required and any(block.shown and not block.said for block in self.blocks)


@dataclass(frozen=True)
class NeedView:
    category: str
    label: str
    shown: bool


@dataclass(frozen=True)
class ConsentView:
    """One question a partner: may we tell them these needs?"""

    needs: list[NeedView]
    partner: str
    say: str
    options: list[tuple[str, str, bool]]

    @property
    def categories(self) -> list[str]:
        return [need.category for need in self.needs]

    @property
    def name(self) -> str:
        return consent_name(*self.categories)

    @property
    def named(self) -> str:
        """The needs that were heard; where none was, all those this partner would be told."""
        heard = [need.label for need in self.needs if need.shown]
        return " · ".join(heard or [need.label for need in self.needs])

    @property
    def shown(self) -> bool:
        return any(need.shown for need in self.needs)


_LEVELS = {level.value: level.label.partition(":")[2].strip() for level in Level}


def level_label(choice: scripts.Choice) -> str:
    """« sous 48 heures » for a choice that opens a need."""
    return _LEVELS.get(choice.level, "")


@dataclass(frozen=True)
class ScriptView:
    """A script, for these people, with what was typed."""

    content: scripts.Content
    reading: scripts.Reading
    typed: Typed
    values: Mapping[str, str]
    names: Mapping[str, str]
    household: Household
    errors: Mapping[str, str]
    crisis: str

    def say(self, text: str, **more: str) -> str:
        return typography(scripts.fill(text, {**self.values, **more}))

    def questions(self) -> list[QuestionView]:
        content = self.content
        shown = {(question.key, person) for question, person in self.reading.shown}
        persons = list(self.names) or [""]
        views: list[QuestionView] = []
        section = ""
        opened: set[str] = set()
        for question in content.questions:
            blocks = [
                self._block(question, person, (question.key, person) in shown)
                for person in (persons if question.per_person else [""])
            ]
            panels = {choice.opens for choice in question.choices if choice.opens} - opened
            opened |= panels
            views.append(
                QuestionView(
                    question=question,
                    section=question.section if question.section != section else "",
                    say=self.say(question.say),
                    guide=self.say(question.guide),
                    condition=self._condition(question),
                    shown_if=" ".join(f"{key}.{choice}" for key, choice in question.shown_if),
                    blocks=blocks,
                    panels=panels,
                    sheet=self._sheet(question),
                )
            )
            section = question.section
        return views

    def _block(self, question: scripts.Question, person: str, shown: bool) -> Block:
        value: Any = self.typed.answers.get(question.key, {}).get(person)
        chosen = value if isinstance(value, list) else [value]
        name = field_name(question.key, person)
        choices = [
            ChoiceView(
                choice,
                choice.key in chosen,
                self._need(choice.need),
                level_label(choice),
                " ".join(dangers.numbers_for(question, choice)) if choice.level == Level.U0 else "",
            )
            for choice in question.choices
        ]
        # Which of two persons is named only where there are two.
        label = self.names.get(person, "") if len(self.names) > 1 else ""
        text = value if isinstance(value, str) and question.kind == "text" else ""
        return Block(name, person, label, text, choices, shown, self.errors.get(name, ""))

    def _sheet(self, question: scripts.Question) -> str:
        if not question.sheet:
            return ""
        crisis = self.crisis if question.sheet == scripts.OF_THE_CAMPAIGN else question.sheet
        return reverse("public:gestures", args=[crisis]) if crisis else reverse("public:gestures_all")

    def _need(self, category: str) -> str:
        if not category:
            return ""
        return self.content.needs.get(category) or needs.label(category)

    def _condition(self, question: scripts.Question) -> str:
        """« Comment allez-vous ? : Pas bien »: when to ask, for those who read the page without a script."""
        parts = []
        for key, wanted in question.shown_if:
            earlier = self.content.question(key)
            label = next((choice.label for choice in earlier.choices if choice.key == wanted), "") if earlier else ""
            if label:
                parts.append(f"«\u00a0{label}\u00a0»")
        return " ou ".join(parts)

    def consents(self) -> list[ConsentView]:
        content = self.content
        asked = {choice.need for question in content.questions for choice in question.choices if choice.need}
        # Nobody is asked to agree in the middle of a danger.
        heard = {need.category for need in self.reading.needs if need.level != Level.U0}
        among = partners.active() if asked else []
        given = self.typed.consents()
        together: dict[str, list[NeedView]] = {}
        labels = dict(zip(CONSENTS, [choice["label"] for choice in content.consent.get("choices", [])], strict=False))
        for category in content.needs:
            if category not in asked:
                continue
            partner = partners.propose(
                categories=[category],
                **partners.place_of(self.household),
                among=among,
            )
            needed = NeedView(category, self._need(category), category in heard)
            together.setdefault(partner.name if partner else "", []).append(needed)
        return [
            ConsentView(
                needs=needed,
                partner=partner,
                say=self.say(content.consent.get("say", ""), partenaire=partner or ANY_PARTNER),
                options=[
                    (
                        code,
                        labels.get(code, Need.Consent(code).label),
                        any(given.get(one.category) == code for one in needed),
                    )
                    for code in CONSENTS
                ],
            )
            for partner, needed in together.items()
        ]
