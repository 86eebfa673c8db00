"""The numbers to call: who answers, when, and when a coordinator last checked that this is still so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns.models import UsefulNumber
from solidarites import journal, roles
from solidarites.models import User

# A number not looked at for longer is said to be checked before a campaign opens: a reminder, never a refusal.
FRESH = timedelta(days=30)


def shown(crisis: str = "") -> QuerySet[UsefulNumber]:
    """What readers see: those of every crisis, and those of this one; all of them without a crisis."""
    rows = UsefulNumber.objects.filter(active=True)
    return rows.filter(Q(crisis="") | Q(crisis=crisis)) if crisis else rows


@dataclass(frozen=True)
class Checked:
    """When the numbers that readers see were checked."""

    never: int
    stale: int
    # Of the one checked longest ago, when all have been.
    oldest: datetime | None

    @property
    def due(self) -> bool:
        return bool(self.never or self.stale)


def checked(*, now: datetime, crisis: str = "") -> Checked:
    dates = list(shown(crisis).values_list("checked_at", flat=True))
    known = [one for one in dates if one is not None]
    return Checked(
        never=len(dates) - len(known),
        stale=sum(one < now - FRESH for one in known),
        oldest=min(known) if known and len(known) == len(dates) else None,
    )


@transaction.atomic
def change(*, number: UsefulNumber, label: str, purpose: str, hours: str, active: bool, by: User) -> UsefulNumber:
    """Write who answers, for what and when; show the number or not. What was checked is to be checked again when the
    words about it change."""
    row = UsefulNumber.objects.select_for_update(of=("self",)).get(pk=number.pk)
    same = (row.label, row.purpose, row.hours) == (label, purpose, hours)
    row.label, row.purpose, row.hours, row.active = label, purpose, hours, active
    if not same:
        row.checked_at, row.checked_by, row.checked_as = None, None, ""
    row.save(
        update_fields=["label", "purpose", "hours", "active", "checked_at", "checked_by", "checked_as"],
    )
    journal.record("number.changed", row, by=by, active=active)
    return row


@transaction.atomic
def confirm(*, number_id: int, seen: str, by: User, now: datetime) -> bool:
    """Note that somebody checked a number: it answers, and its hours are those that are written.

    ``seen`` is what the page showed (``fingerprint``): False, and nothing is noted, when it was changed meanwhile.
    """
    row = UsefulNumber.objects.select_for_update(of=("self",)).get(pk=number_id)
    if fingerprint(row) != seen:
        return False
    row.checked_at, row.checked_by = now, by
    row.checked_as = roles.LABELS[roles.COORDINATOR if by.has_role(roles.COORDINATOR) else roles.ADMINISTRATOR]
    row.save(update_fields=["checked_at", "checked_by", "checked_as"])
    journal.record("number.checked", row, by=by)
    return True


def fingerprint(number: UsefulNumber) -> str:
    """What is confirmed: the words that were on the page."""
    return "|".join((number.number, number.label, number.purpose, number.hours))
