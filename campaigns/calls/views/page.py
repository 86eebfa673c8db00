"""The call page as its template reads it: who, why now, numbers, script, what was typed, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from campaigns import calls, outcomes, scripts
from campaigns.alerts import dangers
from campaigns.calls.forms import COMMENT_LIMIT, LANGUAGE_CHOICES, Typed
from campaigns.calls.views.follows import Follows, what_follows
from campaigns.calls.views.labels import (
    national,
    typography,
)
from campaigns.calls.views.later import Later
from campaigns.calls.views.phones import Phones
from campaigns.calls.views.place import AlertView, EarlierDanger, Place, alert_of, earlier_danger, notice_of
from campaigns.calls.views.questions import ConsentView, QuestionView, ScriptView
from campaigns.calls.views.who import Who
from campaigns.common.calendar import clock_label
from campaigns.models import Campaign, CasePass
from campaigns.texts import warned
from tenants.models import Household

REMINDER = "Des faits utiles, courts, comme si la personne vous lisait. Pas de diagnostic, pas d'opinion."


@dataclass(frozen=True)
class OutcomeView:
    code: str
    label: str
    follows: str


@dataclass
class CallPage:
    """Everything the template shows."""

    place: Place
    typed: Typed
    errors: Mapping[str, str] = field(default_factory=dict)
    proposals: list[datetime] = field(default_factory=list)

    comment_limit = COMMENT_LIMIT
    reminder = REMINDER
    languages = LANGUAGE_CHOICES
    pass_reasons = CasePass.Reason.choices

    def __post_init__(self) -> None:
        place = self.place
        self.case, self.draft, self.now = place.case, place.draft, place.now
        self.campaign: Campaign = place.case.campaign
        self.household: Household = place.case.household
        self.reading = place.read(self.typed)
        self.values = calls.placeholders(place.case, place.by)
        self.values["numero_rappel"] = national(self.values["numero_rappel"])
        self.notice = notice_of(place)
        self.who = Who(place)
        self.phones = Phones(place, self.typed)
        self.situation = outcomes.situation_of(
            place.case, by=place.by, now=place.now, phone=self.phones.dialled(), danger=place.danger(self.reading)
        )
        self.follows: Follows = what_follows(place, self.typed, self.reading, self.situation)
        self.later = Later(place, self.typed, self.reading, self.errors, self.proposals, self.situation.plan)
        script = self._script()
        self.questions: list[QuestionView] = script.questions() if script else []
        self.consents: list[ConsentView] = script.consents() if script else []

    @property
    def title(self) -> str:
        return self.who.title

    # Outcomes ---------------------------------------------------------------------------------------
    def _outcomes(self, way: outcomes.Way) -> list[OutcomeView]:
        return [
            OutcomeView(rule.code, rule.button or rule.label, typography(rule.decide(self.situation).text))
            for rule in outcomes.by(way)
        ]

    @property
    def quick_outcomes(self) -> list[OutcomeView]:
        return self._outcomes(outcomes.Way.QUICK)

    @property
    def more_outcomes(self) -> list[OutcomeView]:
        return self._outcomes(outcomes.Way.MORE)

    @property
    def language_outcome(self) -> OutcomeView:
        return self._outcomes(outcomes.Way.LANGUAGE)[0]

    @property
    def hospital_outcome(self) -> OutcomeView:
        return self._outcomes(outcomes.Way.HOSPITAL)[0]

    @property
    def closing_outcomes(self) -> list[OutcomeView]:
        """They close a person: apart from the others, and the name is asked first."""
        return self._outcomes(outcomes.Way.CLOSING)

    @property
    def more_open(self) -> bool:
        return bool({"tenant_id", "language", "outcome"} & set(self.errors))

    @property
    def second_voicemail(self) -> bool:
        return self.case.voicemail_left

    # The script ---------------------------------------------------------------------------------------
    @property
    def content(self) -> scripts.Content | None:
        return self.place.content

    def say(self, text: str) -> str:
        return typography(scripts.fill(text, self.values))

    def _script(self) -> ScriptView | None:
        if self.content is None:
            return None
        return ScriptView(
            self.content, self.reading, self.typed, self.values, self.who.short_names(), self.household, self.errors
        )

    @property
    def unasked(self) -> list[QuestionView]:
        """The questions that these answers do not bring up."""
        return [one for one in self.questions if not one.shown]

    @property
    def asks_leave(self) -> bool:
        return any(one.shown for one in self.consents)

    @property
    def lonely(self) -> bool:
        return self.reading.propose_follow_up

    @property
    def lonely_from(self) -> int:
        return self.content.propose_follow_up_from if self.content else 0

    @property
    def reactions(self) -> list[dict[str, str]]:
        if self.content is None:
            return []
        return [
            {
                "title": typography(one.get("title", "")),
                "say": self.say(one.get("say", "")),
                "guide": self.say(one.get("guide", "")),
            }
            for one in self.content.reactions
        ]

    @property
    def emergency_lines(self) -> list[dict[str, str]]:
        return self._lines("emergency")

    @property
    def support_lines(self) -> list[dict[str, str]]:
        return self._lines("support")

    def _lines(self, kind: str) -> list[dict[str, str]]:
        lines = self.content.helplines if self.content else ()
        return [
            {"number": one["number"], "label": one["label"], "href": "tel:" + one["number"].replace(" ", "")}
            for one in lines
            if one.get("kind") == kind
        ]

    @property
    def voicemail(self) -> dict[str, str]:
        if self.content is None:
            return {}
        voicemail = self.content.voicemail
        return {"say": self.say(voicemail.get("say", "")), "guide": self.say(voicemail.get("guide", ""))}

    # What is typed ------------------------------------------------------------------------------------
    @property
    def warnings(self) -> list[str]:
        return warned.warnings(self.typed.texts())

    def value(self, name: str) -> str:
        return str(self.typed.fields.get(name, ""))

    @property
    def fields(self) -> dict[str, str]:
        """What the other fields hold, empty when nothing was typed."""
        names = (
            "tenant_id",
            "language",
            "direction",
            "callback",
            "callback_date",
            "callback_time",
            "follow_up_time",
            "touched_me",
        )
        return {name: self.value(name) for name in names}

    # After an alert -------------------------------------------------------------------------------------
    @property
    def alert(self) -> AlertView | None:
        return alert_of(self.draft, self.place)

    @property
    def earlier_danger(self) -> EarlierDanger | None:
        return earlier_danger(self.place)

    @property
    def danger_numbers(self) -> list[tuple[str, str]]:
        """All of them, shown each when a danger calls for it."""
        return list(dangers.NUMBERS.items())

    @property
    def any_danger(self) -> str:
        return " ".join(dangers.ANY)

    @property
    def submission(self) -> str:
        return str(self.draft.submission)

    @property
    def page_stamp(self) -> str:
        """Which of two tabs was opened last."""
        return str(int(self.now.timestamp() * 1000))

    @property
    def saved_label(self) -> str:
        if self.draft.saved_at is None:
            return ""
        return f"enregistré à {clock_label(self.draft.saved_at.astimezone(self.place.here))}"

    @property
    def error_list(self) -> list[str]:
        return list(dict.fromkeys(self.errors.values()))
