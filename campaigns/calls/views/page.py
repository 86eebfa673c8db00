"""The call page as its template reads it: who, why now, numbers, script, what was typed, what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import segno
from django.utils.safestring import SafeString, mark_safe

from campaigns import calls, outcomes, scripts
from campaigns.alerts import dangers
from campaigns.calls.forms import COMMENT_LIMIT, LANGUAGE_CHOICES, OTHER_MOMENT, Typed
from campaigns.calls.views.follows import Follows, next_follow_up_words, what_follows
from campaigns.calls.views.labels import (
    clock_here,
    clocks_now,
    date_label,
    dial,
    family,
    history_line,
    message_line,
    national,
    opening_label,
    reason,
    typography,
)
from campaigns.calls.views.place import AlertView, EarlierDanger, Place, alert_of, earlier_danger, notice_of
from campaigns.calls.views.questions import ConsentView, QuestionView, ScriptView
from campaigns.common.calendar import WEEKDAYS, clock_label, moment_label
from campaigns.models import Campaign, CasePass, FollowUpPlan
from campaigns.texts import comments
from tenants import departments
from tenants.households import usable_phones
from tenants.models import Household, PhoneNumber, Tenant

# Two lines of a phone; what is longer is said whole below the top.
WHOLE_TITLE = 34
REMINDER = "Des faits utiles, courts, comme si la personne vous lisait. Pas de diagnostic, pas d'opinion."


@dataclass(frozen=True)
class PersonView:
    key: str
    name: str
    age: str


@dataclass(frozen=True)
class NoteView:
    icon: str
    text: str


@dataclass(frozen=True)
class PhoneView:
    # Text: templates write numbers the French way, with spaces between thousands.
    pk: str
    number: str
    label: str
    href: str
    qr: SafeString
    chosen: bool


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
    other_moment = OTHER_MOMENT

    def __post_init__(self) -> None:
        place = self.place
        self.case, self.draft, self.now = place.case, place.draft, place.now
        self.campaign: Campaign = place.case.campaign
        self.household: Household = place.case.household
        self.reading = place.read(self.typed)
        self.values = calls.placeholders(place.case, place.by)
        self.values["numero_rappel"] = national(self.values["numero_rappel"])
        self.notice = notice_of(place)
        self.situation = outcomes.situation_of(
            place.case, by=place.by, now=place.now, phone=self._dialled(), danger=place.danger(self.reading)
        )
        self.follows: Follows = what_follows(place, self.typed, self.reading, self.situation)
        self.phones = self._phones()
        script = self._script()
        self.questions: list[QuestionView] = script.questions() if script else []
        self.consents: list[ConsentView] = script.consents() if script else []

    # Who and why ----------------------------------------------------------------------------------
    @property
    def people(self) -> list[PersonView]:
        day = self.now.astimezone(self.place.calendar.tz).date()
        names = self._short_names()
        return [PersonView(str(one.pk), names[str(one.pk)], one.age_band_on(day)) for one in self.place.people]

    def _short_names(self) -> dict[str, str]:
        """First names, where they are enough to tell one from the other."""
        people = self.place.people
        given = [one.first_name for one in people]
        short = all(given) and len(set(given)) == len(given)
        return {str(one.pk): one.first_name if short else one.full_name for one in people}

    @property
    def whole_names(self) -> list[str]:
        """Of those whose names the top of a phone cannot hold, with their age band."""
        if len(self.title) <= WHOLE_TITLE:
            return []
        day = self.now.astimezone(self.place.calendar.tz).date()
        return [f"{one.full_name}, {one.age_band_on(day)}" for one in self.place.people]

    @property
    def address_lacks(self) -> str:
        """What emergency services would ask for, and the list does not say."""
        if not self.household.address_lines:
            return "adresse inconnue : demandez-la"
        return "" if self.household.street or self.residence else "rue inconnue : demandez-la"

    @property
    def title(self) -> str:
        """« Mme Jeanne MARTIN », « Mme et M. MARTIN »."""
        if self.place.people:
            return family(self.place.people)
        names = dict.fromkeys(one.last_name.upper() for one in self.household.tenants.all())
        return " ".join(["Foyer", *names])

    @property
    def residents(self) -> list[PersonView]:
        """Whom « décédé(e) », « a déménagé »… may speak of."""
        day = self.now.astimezone(self.place.calendar.tz).date()
        present = [one for one in self.household.tenants.all() if one.status == Tenant.Status.PRESENT]
        return [PersonView(str(one.pk), one.full_name, one.age_band_on(day)) for one in present]

    @property
    def lives_alone(self) -> str:
        if not self.household.living_alone or len(self.place.people) > 1:
            return ""
        civility = self.place.people[0].civility if self.place.people else ""
        return "vit " + {"M.": "seul", "Mme": "seule", "Mlle": "seule"}.get(civility, "seul(e)")

    @property
    def residence(self) -> str:
        """Emergency services and neighbours know the place by that name."""
        return self.household.residence.name if self.household.residence else ""

    @property
    def notes(self) -> list[NoteView]:
        """What helps to speak with this person: the language, then what the list or a coordinator noted."""
        code = self.case.language or self.household.language
        language = dict(LANGUAGE_CHOICES).get(code, "")
        notes = [NoteView("translate", f"Parle {language.lower()}.")] if language else []
        return [*notes, NoteView("ear", self.household.notes)] if self.household.notes else notes

    @property
    def reason(self) -> str:
        return reason(self.case, self.place.by, self.now)

    @property
    def history(self) -> list[dict[str, str]]:
        tz = self.place.calendar.tz
        everybody = self.household.tenants.all()
        calls_made = [
            {"line": history_line(call, self.now, tz, everybody), "comment": call.comment}
            for call in self.place.history[:2]
        ]
        taken = [{"line": message_line(one, self.now, tz), "comment": one.text} for one in self.place.messages]
        return taken + calls_made

    @property
    def department(self) -> str:
        return departments.label(self.household.department)

    @property
    def zone_note(self) -> str:
        """Said when the household lives by another clock."""
        return clocks_now(self.now, self.case)

    @property
    def on_call(self) -> dict[str, str]:
        number = self.campaign.on_call_number
        return {"number": national(number), "href": f"tel:{number}"} if number else {}

    # Numbers --------------------------------------------------------------------------------------
    def _usable(self) -> list[PhoneNumber]:
        return usable_phones(self.household)

    def _dialled(self) -> PhoneNumber | None:
        chosen = self.typed.fields.get("phone_id", "")
        by_pk = {str(phone.pk): phone for phone in self._usable()}
        return by_pk.get(chosen) or calls.phone_to_dial(self.case, self._already_dialled())

    def _already_dialled(self) -> list[int | None]:
        """The numbers tried since somebody last answered: the other one comes next."""
        tried: list[int | None] = []
        for call in self.place.history:
            rule = outcomes.TABLE.get(call.outcome)
            if rule is None or rule.reached:
                break
            tried.append(call.phone_id)
        return tried

    def _phones(self) -> list[PhoneView]:
        hidden = self.hides_number
        chosen = self._dialled()
        views = [
            PhoneView(
                pk=str(phone.pk),
                number=national(phone.e164),
                label=phone.label or ("numéro d'un proche" if phone.third_party else ""),
                href=dial(phone, hidden=hidden),
                qr=qr_code(dial(phone, hidden=hidden)),
                chosen=chosen is not None and phone.pk == chosen.pk,
            )
            for phone in self._usable()
        ]
        return sorted(views, key=lambda view: not view.chosen)

    @property
    def hides_number(self) -> bool:
        return self.campaign.allow_hidden_number and self.place.by.hide_number

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
            self.content, self.reading, self.typed, self.values, self._short_names(), self.household, self.errors
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

    # Callback and follow-up ---------------------------------------------------------------------------
    @property
    def callback_open(self) -> bool:
        return "callback" in self.reading.opens or "callback_at" in self.errors

    @property
    def follow_up_open(self) -> bool:
        return "follow_up" in self.reading.opens or "follow_up" in self.errors

    @property
    def next_follow_up(self) -> str:
        """What to say of the next call when it is another day or another voice than usual."""
        return next_follow_up_words(self.case, self.situation.plan, self.now)

    @property
    def neighbour_open(self) -> bool:
        return "neighbour" in self.reading.opens

    @property
    def presets(self) -> list[tuple[str, str, str, bool]]:
        """The moments proposed: « Demain à 10 h », and the date it falls on."""
        tz = self.place.calendar.tz
        moments = [(at.isoformat(), at) for at in self.proposals or calls.callback_presets(self.case, self.now)]
        chosen = self.typed.fields.get("callback", "")
        # A preset chosen on an earlier visit stays, even if the four proposed have moved on.
        if chosen and chosen != OTHER_MOMENT and chosen not in dict(moments):
            with contextlib.suppress(ValueError, OverflowError):
                moments.insert(0, (chosen, datetime.fromisoformat(chosen).astimezone(tz)))
        options = []
        for value, moment in moments:
            label = typography(moment_label(moment, self.now, tz))
            day = date_label(moment.astimezone(tz).date())
            more = " · ".join(filter(None, ["" if day in label else day, clock_here(moment, self.now, self.case)]))
            options.append((value, label[:1].upper() + label[1:], more, value == chosen))
        return options

    @property
    def opening(self) -> str:
        """« du lundi au vendredi, de 10 h à 12 h et de 14 h à 18 h », where every open day is like the others."""
        return opening_label(self.place.calendar.week)

    @property
    def warnings(self) -> list[str]:
        return comments.warnings(self.typed.texts())

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

    @property
    def cadences(self) -> list[tuple[str, str, bool]]:
        chosen = self.typed.fields.get("cadence")
        return [(code, label, code == chosen) for code, label in FollowUpPlan.Cadence.choices]

    @property
    def weekdays(self) -> list[tuple[str, str, bool]]:
        chosen = self.typed.fields.get("weekdays", [])
        week = self.place.calendar.week
        return [(str(day), name, str(day) in chosen) for day, name in enumerate(WEEKDAYS) if week[day]]

    @property
    def first_day(self) -> str:
        return self.now.astimezone(self.place.calendar.tz).date().isoformat()

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


def qr_code(address: str) -> SafeString:
    """The number as a QR code, to be dialled by one's own phone. Our own drawing of digits: nothing to escape."""
    code = segno.make(address, error="l", boost_error=False, micro=False)
    return mark_safe(code.svg_inline(scale=4, border=3, omitsize=True, svgclass="qr", lineclass=None, light="#fff"))
