"""What a volunteer types: read leniently while it is typed, strictly when the call is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from campaigns.calls.entry import CONSENT, Details, Entry
from campaigns.calls.reading import COMMENT_LIMIT
from campaigns.common.calendar import Calendar
from campaigns.followups import Rhythm
from campaigns.models import Call, CasePass, FollowUpPlan, Need
from campaigns.scripts import Content
from solidarites.accounts import LANGUAGES
from tenants import phones

# What the form holds besides answers and comment; kept in the draft as it was typed.
SINGLE = (
    "phone_id", "tenant_id", "opposed_id", "language", "direction", "callback", "callback_date", "callback_time",
    "cadence", "follow_up_time", "touched_me", "page",
)  # fmt: skip
OTHER_MOMENT = "other"
LANGUAGE_CHOICES = [(code, label) for code, label in LANGUAGES.items() if code != "fr"]
# How the form writes its answers to « may we tell the partner? ».
CONSENTS = (Need.Consent.YES, Need.Consent.NO, Need.Consent.THINKING)


def field_name(question: str, person: str) -> str:
    return f"q-{question}-{person}" if person else f"q-{question}"


def consent_name(*categories: str) -> str:
    """The field where a person agrees, or not, that a partner hears of these needs."""
    return f"{CONSENT}{'+'.join(categories)}"


def _text(value: Any, limit: int) -> str:
    return str(value or "").replace("\x00", "").replace("\r\n", "\n")[:limit]


@dataclass
class Typed:
    """Everything the form holds, as typed; from a request or from the draft."""

    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    comment: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_post(cls, post: Any, content: Content | None, people: Iterable[str]) -> Typed:
        answers: dict[str, dict[str, Any]] = {}
        fields: dict[str, Any] = {name: _text(post.get(name), 60) for name in SINGLE if post.get(name)}
        if days := [day for day in post.getlist("weekdays") if day in "0123456"][:7]:
            fields["weekdays"] = days
        people = list(people) or [""]
        for question in content.questions if content is not None else ():
            for person in people if question.per_person else [""]:
                name = field_name(question.key, person)
                value: Any = post.getlist(name) if question.kind == "multi" else post.get(name)
                if value:
                    answers.setdefault(question.key, {})[person] = value
        known = set(content.needs) if content is not None else set()
        for name in [one for one in post if one.startswith(consent_name(""))]:
            for category in name.removeprefix(consent_name("")).split("+"):
                if category in known and post[name] in CONSENTS:
                    fields[consent_name(category)] = post[name]
        # Longer than the limit on purpose: the person gets it back with the message.
        return cls(answers, _text(post.get("comment"), 5000), fields)

    @classmethod
    def from_draft(cls, call: Call) -> Typed:
        return cls(call.answers, call.comment, {key: value for key, value in call.draft.items() if key != "page"})

    @classmethod
    def from_recorded(cls, call: Call) -> Typed:
        """The form as it was when the call was recorded."""
        kept = call.draft
        rhythm = kept.get("follow_up") or {}
        fields = {
            "phone_id": str(call.phone_id or ""),
            "tenant_id": str(kept.get("tenant_id") or ""),
            "language": kept.get("language", ""),
            "direction": call.direction,
            "callback": kept.get("callback_at", ""),
            "cadence": rhythm.get("cadence", ""),
            "follow_up_time": rhythm.get("time", "")[:5],
            "weekdays": [str(day) for day in rhythm.get("weekdays", [])],
            **{consent_name(category): given for category, given in kept.get("consents", {}).items()},
        }
        return cls(call.answers, call.comment, {name: value for name, value in fields.items() if value})

    def texts(self) -> list[str]:
        """Every free text: the comment, and the answers in one's own words."""
        words = [value for answers in self.answers.values() for value in answers.values() if isinstance(value, str)]
        return [self.comment, *words]

    def consents(self) -> dict[str, str]:
        prefix = consent_name("")
        return {key.removeprefix(prefix): value for key, value in self.fields.items() if key.startswith(prefix)}


def _number(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _clock(value: Any) -> time | None:
    try:
        return time.fromisoformat(str(value or "")[:8]).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


def _moment(value: str) -> datetime | None:
    """One of the moments proposed, as the form sends it back."""
    try:
        moment = datetime.fromisoformat(value)
        return moment if timezone.is_aware(moment) else None
    except (ValueError, OverflowError):
        return None


def callback_of(fields: Mapping[str, Any], calendar: Calendar) -> tuple[datetime | None, str]:
    """The moment chosen for the callback, and what is wrong with it."""
    chosen = fields.get("callback", "")
    if chosen != OTHER_MOMENT:
        return (_moment(chosen), "") if chosen else (None, "")
    try:
        day = date.fromisoformat(fields.get("callback_date", "")[:10])
    except ValueError:
        return None, "Indiquez le jour du rappel."
    clock = _clock(fields.get("callback_time"))
    if clock is None:
        return None, "Indiquez l'heure du rappel."
    if not 2000 < day.year < 2200:
        return None, "Choisissez un moment dans les deux mois."
    return calendar.at(day, clock), ""


def rhythm_of(fields: Mapping[str, Any], cadence: str) -> tuple[Rhythm | None, str]:
    """The rhythm the tenant accepted, and what is wrong with it; the cadence of the answer unless changed."""
    chosen = fields.get("cadence") or cadence
    if chosen not in FollowUpPlan.Cadence.values:
        return None, "Choisissez un rythme dans la liste."
    clock = _clock(fields.get("follow_up_time"))
    if clock is None:
        return None, "Indiquez l'heure du rendez-vous."
    return Rhythm(cadence=chosen, weekdays=tuple(int(day) for day in fields.get("weekdays", [])), time=clock), ""


def read_form(
    typed: Typed, *, outcome: str, opens: set[str], cadence: str, calendar: Calendar, vital: bool = False
) -> tuple[Entry, dict[str, str]]:
    """What is typed as record_call takes it, with a French message for each that cannot be read.

    With a vital alert open, a moment or a rhythm that is not whole yet waits for the safety call.
    """
    fields, errors = typed.fields, {}
    callback_at, rhythm = None, None
    if outcome == "callback":
        callback_at, problem = callback_of(fields, calendar)
        if problem and not vital:
            errors["callback_at"] = problem
    if outcome == "completed" and "follow_up" in opens:
        rhythm, problem = rhythm_of(fields, cadence)
        if problem and not vital:
            errors["follow_up"] = problem
    language = fields.get("language", "")
    if outcome == "language" and language not in dict(LANGUAGE_CHOICES):
        errors["language"] = "Choisissez la langue parlée."
    if len(typed.comment.strip()) > COMMENT_LIMIT:
        errors["comment"] = f"{COMMENT_LIMIT} caractères au plus. Il y en a {len(typed.comment.strip())}."
    incoming = fields.get("direction") == Call.Direction.INCOMING
    details = Details(
        callback_at=callback_at,
        tenant_id=_number(fields.get("opposed_id" if outcome == "opt_out" else "tenant_id")),
        language=language if outcome == "language" else "",
        follow_up=rhythm,
        consents=typed.consents(),
    )
    return Entry(
        outcome=outcome,
        answers=typed.answers,
        comment=typed.comment,
        details=details,
        phone_id=_number(fields.get("phone_id")),
        direction=Call.Direction.INCOMING if incoming else Call.Direction.OUTGOING,
        touched_me=bool(fields.get("touched_me")),
    ), errors


class PassForm(forms.Form):
    """« Passer »: a reason among a few."""

    reason = forms.ChoiceField(
        label="Pourquoi passer ce dossier",
        choices=CasePass.Reason.choices,
        error_messages={
            "required": "Choisissez une raison dans la liste.",
            "invalid_choice": "Choisissez une raison dans la liste.",
        },
    )


class ReturnedCallForm(forms.Form):
    """« On me rappelle »: the number that rang, in any format."""

    number = forms.CharField(
        label="Numéro qui vous appelle",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={
            "required": "Tapez le numéro affiché sur votre téléphone.",
            "max_length": "Tapez un seul numéro.",
        },
    )

    def clean_number(self) -> list[str]:
        """Every way to read what was typed: a local number overseas is written like a French one."""
        typed = self.cleaned_data["number"].replace("#31#", "")
        found = {phone.e164 for region in phones.REGIONS for phone in phones.parse_cell(typed, region).phones}
        if not found:
            raise forms.ValidationError(
                "Ce numéro n'est pas lisible. Tapez les dix chiffres, par exemple 05 36 49 00 00."
            )
        return sorted(found)


class PhraseForm(forms.Form):
    """The switchboard: the phrase a tenant reads out."""

    phrase = forms.CharField(
        label="Phrase donnée par la personne",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={
            "required": "Tapez les deux mots et le nombre.",
            "max_length": "Deux mots et un nombre suffisent.",
        },
    )
