"""Fields that forms of every part share."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar

from django import forms

Kind = TypeVar("Kind", bound=forms.Field)


def field_of(form: forms.BaseForm, name: str, kind: type[Kind]) -> Kind:
    """The form's own field of that name, as the kind it was declared: Django hands every one out as a plain field."""
    field = form.fields[name]
    if not isinstance(field, kind):
        raise TypeError(f"{name} is a {type(field).__name__}, not a {kind.__name__}")
    return field


def believable(day: date) -> None:
    """A slip of the finger in the year (« 0026 », « 9999 ») is said at its field: no calendar goes that far."""
    if not 2000 <= day.year <= 2099:
        raise forms.ValidationError("Vérifiez l'année.", code="year")


class DateField(forms.DateField):
    """A day chosen in the browser's own calendar."""

    default_validators = [*forms.DateField.default_validators, believable]

    def __init__(self, *, required_message: str = "", css: str = "", **kwargs: Any) -> None:
        attrs = {"type": "date"} | ({"class": css} if css else {})
        messages = {"invalid": "Écrivez la date ainsi\u00a0: 17/03/2020."}
        if required_message:
            messages["required"] = required_message
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs=attrs))
        super().__init__(error_messages=messages, **kwargs)
