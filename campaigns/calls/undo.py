"""What a call changed on its case: photographed when it is recorded, so that its author may correct it for a day.

Two photographs, before and after. While the case still looks like the second, nobody has acted on it since, and
the first may be put back; a difference means that somebody has, and only a coordinator may sort it out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

from django.db.models import Field, Model

from campaigns.models import Case, DueCall, FollowUpPlan
from campaigns.outcomes import TRIED_FIELDS
from tenants.models import PhoneNumber

Photo = dict[str, Any]

_FIELDS: dict[type[Model], list[str]] = {
    Case: [*Case.MOVED, *TRIED_FIELDS],
    PhoneNumber: ["validity", "validity_at"],
    DueCall: ["state", "unanswered", "grace_until", "alerted_at", "done_at", "call"],
    FollowUpPlan: [
        "status", "cadence", "weekdays", "time", "volunteer", "backup", "starts_on", "next_due_at", "review_on",
        "ended_at", "end_reason",
    ],
}  # fmt: skip
_KEYS: dict[str, type[Model]] = {"case": Case, "phone": PhoneNumber, "due": DueCall, "plan": FollowUpPlan}


def photograph(
    case: Case, *, phone: PhoneNumber | None, due: DueCall | None = None, plan: FollowUpPlan | None = None
) -> Photo:
    """The rows that recording may change, as JSON; ids, dates and codes only."""
    return {
        name: {"pk": row.pk, **{field: _plain(row, field) for field in _FIELDS[type(row)]}}
        for name, row in (("case", case), ("phone", phone), ("due", due), ("plan", plan))
        if row is not None
    }


def again(photo: Photo) -> Photo:
    """The same rows as they stand now; a row that is gone is left out."""
    rows = {
        name: model._default_manager.filter(pk=photo[name]["pk"]).first()
        for name, model in _KEYS.items()
        if name in photo
    }
    return {
        name: {"pk": row.pk, **{field: _plain(row, field) for field in _FIELDS[type(row)]}}
        for name, row in rows.items()
        if row is not None
    }


def put_back(photo: Photo) -> None:
    """Write the photographed values into their rows."""
    for name, model in _KEYS.items():
        if name not in photo:
            continue
        values = {_column(model, field).attname: _value(model, field, photo[name][field]) for field in _FIELDS[model]}
        model._default_manager.filter(pk=photo[name]["pk"]).update(**values)


def _column(model: type[Model], field: str) -> Field[Any, Any]:
    return cast("Field[Any, Any]", model._meta.get_field(field))


def _plain(row: Model, field: str) -> Any:
    value = getattr(row, _column(type(row), field).attname)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, str | int | float | bool | list) or value is None:
        return value if not isinstance(value, list) else list(value)
    return value.isoformat()  # a day, or an hour


def _value(model: type[Model], field: str, kept: Any) -> Any:
    column = _column(model, field)
    kind = column.get_internal_type()
    if kept is None or kind not in ("DateTimeField", "DateField", "TimeField"):
        return kept
    if kind == "DateTimeField":
        return datetime.fromisoformat(kept)
    return date.fromisoformat(kept) if kind == "DateField" else column.to_python(kept)
