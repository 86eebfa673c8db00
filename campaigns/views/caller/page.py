"""The call page as its template reads it: who, why now, numbers, script, what was typed, what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import segno
from django.db.models import Q
from django.utils.safestring import SafeString, mark_safe

from campaigns import calls, needs, outcomes, partners, scope, scripts
from campaigns.calendar import WEEKDAYS, Calendar, calendar_of, clock_label, moment_label
from campaigns.forms.caller import COMMENT_LIMIT, CONSENTS, LANGUAGE_CHOICES, OTHER_MOMENT, Typed, consent_name, field_name
from campaigns.models import Alert, Call, Campaign, Case, CasePass, FollowUpPlan, Need
from campaigns.models.levels import Level
from campaigns.views.caller.follows import Follows, what_follows
from campaigns.views.caller.labels import dial, history_line, national, past_label, reason, typography
from solidarites.models import User
from tenants import departments
from tenants.households import usable_phones
from tenants.models import Household, PhoneNumber, Tenant

# A draft whose claim went elsewhere may still be opened and recorded this long after its last word.
DRAFT_OPENS = timedelta(hours=24)
# One click each; the others wait behind « Autre issue ».
QUICK = ("no_answer", "busy", "voicemail_left", "voicemail_none")
MORE = ("wrong_number", "disconnected", "other_person", "cut_off", "language", "unable")
PERSONAL = ("hospitalised", "deceased", "moved", "care_home")
REMINDER = "Des faits utiles, courts, comme si la personne vous lisait. Pas de diagnostic, pas d'opinion."
ANY_PARTNER = "un service d'aide (mairie, CCAS ou association)"


@dataclass(frozen=True)
class PersonView:
    key: str
    name: str
    age: str


@dataclass(frozen=True)
class PhoneView:
    pk: int
    number: str
    label: str
    href: str
    qr: SafeString
    chosen: bool


@dataclass(frozen=True)
class ChoiceView:
    choice: scripts.Choice
    checked: bool
    need: str
    level: str


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

    @property
    def shown(self) -> bool:
        return any(block.shown for block in self.blocks)


@dataclass(frozen=True)
class ConsentView:
    name: str
    category: str
    label: str
    partner: str
    say: str
    options: list[tuple[str, str, bool]]
    shown: bool


@dataclass(frozen=True)
class OutcomeView:
    code: str
    label: str
    follows: str
    personal: bool


@dataclass(frozen=True)
class Notice:
    """What the person must know about the state of the case: kind is a Bootstrap alert's."""

    kind: str
    text: str
    code: str = ""


@dataclass
class Place:
    """A case this volunteer may open: held, or with a draft that is still fresh."""

    case: Case
    draft: Call
    history: list[Call]
    by: User
    now: datetime
    content: scripts.Content | None
    people: list[Tenant]

    @property
    def keys(self) -> list[str]:
        return [str(tenant.pk) for tenant in self.people]

    @property
    def calendar(self) -> Calendar:
        return calendar_of(self.case.campaign, self.case.region)

    def read(self, typed: Typed) -> scripts.Reading:
        if self.content is None:
            return scripts.Reading()
        return self.content.read(self.content.clean(typed.answers, self.keys), self.keys)


def place_of(*, case_id: int, by: User, now: datetime) -> Place | None:
    """The case as this volunteer may see it; None when it is not (or no more) theirs to see."""
    rows = list(
        Call.objects.filter(Q(state=Call.State.RECORDED) | Q(state=Call.State.DRAFT, volunteer=by), case_id=case_id)
        .select_related("volunteer")
        .order_by("-started_at", "-pk")[:12]
    )
    draft = next((call for call in rows if call.state == Call.State.DRAFT), None)
    if draft is None:
        return None
    case = calls.with_household(case_id)
    if case.claimed_by_id != by.pk and now - (draft.saved_at or draft.started_at) > DRAFT_OPENS:
        return None
    history = [call for call in rows if call.state == Call.State.RECORDED]
    draft.case = case
    _, content = calls.script_of(case)
    return Place(case, draft, history, by, now, content, calls.people_of(case))


def notice_of(place: Place) -> Notice | None:
    """Whose the case is now, in words without blame."""
    case, now, tz = place.case, place.now, place.calendar.tz
    if not case.campaign.is_running:
        return Notice(
            "warning",
            "Cette campagne est terminée : l'appel ne peut plus être enregistré. Votre texte est gardé, prévenez la coordination.",
            "closed",
        )
    if case.claimed_by_id == place.by.pk:
        if case.campaign.status == Campaign.Status.PAUSED:
            return Notice("info", "La campagne est en pause. Vous pouvez terminer et enregistrer cet appel.", "paused")
        return None
    if case.claimed_by_id is not None and case.claimed_by is not None:
        at = clock_label(case.claimed_at.astimezone(tz)) if case.claimed_at else ""
        name = case.claimed_by.first_name or str(case.claimed_by)
        return Notice("warning", f"Ce dossier a été repris par {name} à {at}. Votre texte est gardé.", "taken")
    newer = next((call for call in place.history if (call.recorded_at or call.started_at) > place.draft.started_at), None)
    if newer is not None:
        name = (newer.volunteer.first_name or str(newer.volunteer)) if newer.volunteer else "Quelqu'un d'autre"
        when = past_label(newer.recorded_at or newer.started_at, now, tz)
        return Notice("warning", f"{name} a enregistré un appel à ce foyer {when}. Votre texte est gardé.", "taken")
    return Notice("info", "Le délai d'une heure est passé. Personne n'a repris ce dossier : vous pouvez encore enregistrer.", "free")


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
        self.notice = notice_of(place)
        self.situation = outcomes.situation_of(place.case, by=place.by, now=place.now, phone=self._dialled())
        self.follows: Follows = what_follows(place, self.typed, self.reading, self.situation)
        self.phones = self._phones()
        self.questions = self._questions()
        self.consents = self._consents()

    # Who and why ----------------------------------------------------------------------------------
    @property
    def people(self) -> list[PersonView]:
        day = self.now.astimezone(self.place.calendar.tz).date()
        return [PersonView(str(one.pk), one.full_name, one.age_band_on(day)) for one in self.place.people]

    @property
    def residents(self) -> list[PersonView]:
        """Whom « décédé(e) », « a déménagé »… may speak of."""
        day = self.now.astimezone(self.place.calendar.tz).date()
        present = [one for one in self.household.tenants.all() if one.status == Tenant.Status.PRESENT]
        return [PersonView(str(one.pk), one.full_name, one.age_band_on(day)) for one in present]

    @property
    def reason(self) -> str:
        return reason(self.case, self.place.by, self.now)

    @property
    def history(self) -> list[dict[str, str]]:
        tz = self.place.calendar.tz
        return [{"line": history_line(call, self.now, tz), "comment": call.comment} for call in self.place.history[:2]]

    @property
    def department(self) -> str:
        return departments.label(self.household.department)

    @property
    def zone_note(self) -> str:
        """Said when the household lives by another clock."""
        tz = self.place.calendar.tz
        if str(tz) == self.campaign.zone:
            return ""
        return f"Il est {clock_label(self.now.astimezone(tz))} chez cette personne."

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
                pk=phone.pk,
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
    def _outcomes(self, codes: tuple[str, ...]) -> list[OutcomeView]:
        views = []
        for code in codes:
            rule = outcomes.TABLE[code]
            text = rule.decide(self.situation).text
            views.append(OutcomeView(code, rule.button or rule.label, text, code in PERSONAL))
        return views

    @property
    def quick_outcomes(self) -> list[OutcomeView]:
        return self._outcomes(QUICK)

    @property
    def more_outcomes(self) -> list[OutcomeView]:
        return self._outcomes(tuple(code for code in MORE if code != "language"))

    @property
    def language_outcome(self) -> OutcomeView:
        return self._outcomes(("language",))[0]

    @property
    def personal_outcomes(self) -> list[OutcomeView]:
        return self._outcomes(PERSONAL)

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

    def say(self, text: str, **more: str) -> str:
        return typography(scripts.fill(text, {**self.values, **more}))

    def _questions(self) -> list[QuestionView]:
        content = self.content
        if content is None:
            return []
        shown = {(question.key, person) for question, person in self.reading.shown}
        names = {person.key: person.name for person in self.people}
        views: list[QuestionView] = []
        section, opened = "", set()
        for question in content.questions:
            blocks = [
                self._block(question, person, names, (question.key, person) in shown)
                for person in (names if question.per_person else [""])
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
                )
            )
            section = question.section
        return views

    def _block(self, question: scripts.Question, person: str, names: Mapping[str, str], shown: bool) -> Block:
        value: Any = self.typed.answers.get(question.key, {}).get(person)
        chosen = value if isinstance(value, list) else [value]
        name = field_name(question.key, person)
        choices = [
            ChoiceView(choice, choice.key in chosen, self._need(choice.need), level_label(choice)) for choice in question.choices
        ]
        # Which of two persons is named only where there are two.
        label = names.get(person, "") if len(names) > 1 else ""
        text = value if isinstance(value, str) and question.kind == "text" else ""
        return Block(name, person, label, text, choices, shown, self.errors.get(name, ""))

    def _need(self, category: str) -> str:
        if not category:
            return ""
        return (self.content.needs.get(category) if self.content else "") or needs.label(category)

    def _condition(self, question: scripts.Question) -> str:
        """« Comment allez-vous ? : Pas bien »: when to ask, for those who read the page without a script."""
        parts = []
        for key, wanted in question.shown_if:
            earlier = self.content.question(key) if self.content else None
            label = next((choice.label for choice in earlier.choices if choice.key == wanted), "") if earlier else ""
            if label:
                parts.append(f"«\u00a0{label}\u00a0»")
        return " ou ".join(parts)

    def _consents(self) -> list[ConsentView]:
        content = self.content
        if content is None:
            return []
        asked = {choice.need for question in content.questions for choice in question.choices if choice.need}
        heard = {need.category for need in self.reading.needs}
        among = partners.active() if asked else []
        given = self.typed.consents()
        labels = dict(zip(CONSENTS, [choice["label"] for choice in content.consent.get("choices", [])], strict=False))
        views = []
        for category in content.needs:
            if category not in asked:
                continue
            partner = partners.propose(
                categories=[category], insee_code=self.household.insee_code, department=self.household.department, among=among
            )
            views.append(
                ConsentView(
                    name=consent_name(category),
                    category=category,
                    label=self._need(category),
                    partner=partner.name if partner else "",
                    say=self.say(content.consent.get("say", ""), partenaire=partner.name if partner else ANY_PARTNER),
                    options=[
                        (code, labels.get(code, Need.Consent(code).label), given.get(category) == code) for code in CONSENTS
                    ],
                    shown=category in heard,
                )
            )
        return views

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
            {"title": typography(one.get("title", "")), "say": self.say(one.get("say", "")), "guide": self.say(one.get("guide", ""))}
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
    def neighbour_open(self) -> bool:
        return "neighbour" in self.reading.opens

    @property
    def presets(self) -> list[tuple[str, str, bool]]:
        tz = self.place.calendar.tz
        moments = self.proposals or calls.callback_presets(self.case, self.now)
        chosen = self.typed.fields.get("callback", "")
        options = [(moment.isoformat(), moment_label(moment, self.now, tz), moment.isoformat() == chosen) for moment in moments]
        # A preset chosen on an earlier visit stays, even if the four proposed have moved on.
        if chosen and chosen != OTHER_MOMENT and not any(checked for _, _, checked in options):
            try:
                earlier = datetime.fromisoformat(chosen)
                options.insert(0, (chosen, moment_label(earlier, self.now, tz), True))
            except (ValueError, OverflowError):
                pass
        return [(value, label[:1].upper() + label[1:], checked) for value, label, checked in options]

    def value(self, name: str) -> str:
        return str(self.typed.fields.get(name, ""))

    @property
    def fields(self) -> dict[str, str]:
        """What the other fields hold, empty when nothing was typed."""
        names = ("tenant_id", "language", "direction", "callback", "callback_date", "callback_time", "follow_up_time", "touched_me")
        return {name: self.value(name) for name in names}

    @property
    def cadences(self) -> list[tuple[str, str, bool]]:
        chosen = self.typed.fields.get("cadence") or self.reading.cadence
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
    def submission(self) -> str:
        return str(self.draft.submission)

    @property
    def page_stamp(self) -> int:
        """Which of two tabs was opened last."""
        return int(self.now.timestamp() * 1000)

    @property
    def saved_label(self) -> str:
        if self.draft.saved_at is None:
            return ""
        return f"enregistré à {clock_label(self.draft.saved_at.astimezone(self.place.calendar.tz))}"

    @property
    def error_list(self) -> list[str]:
        return list(dict.fromkeys(self.errors.values()))


@dataclass(frozen=True)
class AlertView:
    """The alerts raised in this call that nobody has solved: since when, and who was told."""

    at: str
    told: str
    taken_by: str


def alert_of(draft: Call, place: Place) -> AlertView | None:
    raised = (
        Alert.objects.filter(case_id=draft.case_id, key__startswith=f"call:{draft.pk}:", solved_at=None)
        .select_related("taken_by")
        .order_by("raised_at")
        .first()
    )
    return describe_alert(raised, place) if raised is not None else None


def describe_alert(alert: Alert, place: Place) -> AlertView:
    people = [person.display_name for person in scope.coordinators_of(place.case)]
    told = ""
    if people:
        told = people[0] if len(people) == 1 else ", ".join(people[:-1]) + " et " + people[-1]
    taken = alert.taken_by.display_name if alert.taken_by else ""
    return AlertView(clock_label(alert.raised_at.astimezone(place.calendar.tz)), told, taken)


def level_label(choice: scripts.Choice) -> str:
    """« sous 48 heures » for a choice that opens a need."""
    return Level(choice.level).label.partition(":")[2].strip() if choice.level in Level.values else ""


def qr_code(address: str) -> SafeString:
    """The number as a QR code, to be dialled by one's own phone. Our own drawing of digits: nothing to escape."""
    code = segno.make(address, error="m", micro=False)
    return mark_safe(code.svg_inline(scale=4, border=3, omitsize=True, svgclass="qr", lineclass=None, light="#fff"))  # noqa: S308
