"""The audit journal: one row inside the caller's transaction, ids only, append-only."""

from __future__ import annotations

from typing import Any, Protocol, cast

from django.db import models

from solidarites.models import JournalEntry

# Reads and refusals keep 12 months (docs/regles.md#journal; CNIL recommendation on logging of 2021-10-14).
KEEP_DAYS = 365


def record(
    action: str,
    obj: models.Model | None = None,
    *,
    by: Any = None,
    actor: str = "",
    campaign_id: int | None = None,
    household_id: int | None = None,
    **ids: int | str | bool | list[int] | None,
) -> JournalEntry:
    """Write who did ``action`` on ``obj``, in the transaction of the caller.

    ``by`` is the signed-in person; without one, ``actor`` names what acted (« system », « partner »,
    « public »). ``ids`` hold numbers and short codes only: never a name, a text or a phone number.
    """
    row = entry(action, obj, by=by, actor=actor, campaign_id=campaign_id, household_id=household_id, **ids)
    row.save(force_insert=True)
    return row


class Case(Protocol):
    """A household in a campaign: what this project has to know of it."""

    @property
    def campaign_id(self) -> int: ...
    @property
    def household_id(self) -> int: ...


def of_case(
    action: str,
    case: Case,
    obj: models.Model | None = None,
    *,
    by: Any = None,
    actor: str = "",
    **ids: int | str | bool | list[int] | None,
) -> JournalEntry:
    """The same about a case, or about an ``obj`` of this case: its campaign and its household find the row."""
    found = cast(models.Model, case) if obj is None else obj
    campaign_id, household_id = case.campaign_id, case.household_id
    return record(action, found, by=by, actor=actor, campaign_id=campaign_id, household_id=household_id, **ids)


def entry(
    action: str,
    obj: models.Model | None = None,
    *,
    by: Any = None,
    actor: str = "",
    campaign_id: int | None = None,
    household_id: int | None = None,
    **ids: int | str | bool | list[int] | None,
) -> JournalEntry:
    """The same row, unsaved: for rules that write hundreds of them in one statement."""
    user_id = getattr(by, "pk", None)
    return JournalEntry(
        action=action,
        user_id=user_id,
        actor=actor or ("user" if user_id else "system"),
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=obj.pk if obj is not None else None,
        campaign_id=campaign_id,
        household_id=household_id,
        detail=ids,
    )
