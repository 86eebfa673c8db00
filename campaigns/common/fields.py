"""Fields of coordinators' forms: hours of a day, phone numbers, working days between attempts."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
from django import forms

from campaigns.models.limits import TEXT

# « 10:00 », « 10h », « 10 h 30 », « 9 »
_CLOCK = re.compile(r"^(\d{1,2})(?:\s*(?:h|:)\s*(\d{2})?)?$")
_SPAN = re.compile(r"\s*[-–—]\s*|\s+[àa]\s+")


UNKNOWN_CHOICE = "Ce choix n'existe pas ou n'existe plus."


class HoursField(forms.CharField):
    """The calling hours of one weekday: « 10:00-12:00, 14:00-18:00 »; empty means closed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=80, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(f"{start}-{end}" for start, end in value)
        return value

    def to_python(self, value: Any) -> list[list[str]]:  # type: ignore[override]
        text = (super().to_python(value) or "").lower()
        spans = [read_span(part) for part in re.split(r"[,;]|\bet\b|\bpuis\b", text) if part.strip()]
        for before, after in zip(sorted(spans), sorted(spans)[1:], strict=False):
            if after[0] < before[1]:
                raise forms.ValidationError("Deux plages se recouvrent.")
        return sorted(spans)

    def validate(self, value: Any) -> None:
        if len(value) > 6:
            raise forms.ValidationError("Six plages au plus dans une journée.")

    def run_validators(self, value: Any) -> None:
        """What is typed was checked while it was read."""


def read_span(text: str) -> list[str]:
    parts = _SPAN.split(text.strip())
    if len(parts) != 2:
        raise forms.ValidationError(
            f"«\u00a0{text.strip()[:20]}\u00a0» ne se lit pas. Écrivez par exemple 10:00-12:00."
        )
    start, end = (read_clock(part) for part in parts)
    if end <= start:
        raise forms.ValidationError(f"«\u00a0{text.strip()[:20]}\u00a0» finit avant de commencer.")
    return [start, end]


def read_clock(text: str) -> str:
    match = _CLOCK.match(text.strip())
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    if hour > 23 or minute > 59:
        raise forms.ValidationError(
            f"«\u00a0{text.strip()[:20]}\u00a0» n'est pas une heure. Écrivez par exemple 14:30."
        )
    return f"{hour:02d}:{minute:02d}"


class PhoneField(forms.CharField):
    """A number that people dial: any real one, kept as E.164, or a short one (15, 3939) kept as typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 30, "widget": forms.TextInput(attrs={"inputmode": "tel"}), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return readable(value) if isinstance(value, str) and value.startswith("+") else value

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "").strip()
        if not text or re.fullmatch(r"\d{2,6}", re.sub(r"\s", "", text)):
            return re.sub(r"\s", "", text)
        try:
            number = phonenumbers.parse(text, "FR")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise forms.ValidationError("Écrivez un numéro de téléphone, par exemple 05 36 49 12 34.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(e164: str) -> str:
    """« 05 36 49 12 34 »; what cannot be read is shown as it is."""
    try:
        number = phonenumbers.parse(e164, "FR")
    except phonenumbers.NumberParseException:
        return e164
    french = number.country_code == 33
    style = phonenumbers.PhoneNumberFormat.NATIONAL if french else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


class GapsField(forms.CharField):
    """Working days between two attempts: « 1, 3, 6 »."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(day) for day in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[int]:  # type: ignore[override]
        parts = re.split(r"[,;\s]+", (super().to_python(value) or "").strip())
        if not all(re.fullmatch(r"\d{1,2}", part) and 1 <= int(part) <= 30 for part in parts):
            raise forms.ValidationError("Écrivez des nombres de jours entre 1 et 30, par exemple 1, 3, 6.")
        return [int(part) for part in parts]

    def run_validators(self, value: Any) -> None:
        """What is typed was checked while it was read."""


class ClocksField(forms.CharField):
    """Three hours of a day, one after the other: « 11:00, 14:00, 17:00 »."""

    count = 3

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        text = super().to_python(value) or ""
        clocks = [read_clock(part) for part in re.split(r"[,;]", text) if part.strip()]
        if clocks and (len(clocks) != self.count or sorted(set(clocks)) != clocks):
            raise forms.ValidationError(
                "Écrivez trois heures, de la plus tôt à la plus tard\u00a0: 11:00, 14:00, 17:00."
            )
        return clocks

    def run_validators(self, value: Any) -> None:
        """What is typed was checked while it was read."""


class SafeText(forms.CharField):
    """Up to 300 characters, as every text about somebody."""

    def __init__(self, *, rows: int = 0, required_message: str = "", **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
        messages = {"required": required_message, "max_length": f"{TEXT} caractères au plus."}
        super().__init__(**{"max_length": 300, "widget": widget, "error_messages": messages, **kwargs})


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.display_name)


class TenantChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.full_name)
