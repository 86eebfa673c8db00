"""Numbers written by hand: found by the agency, a neighbour, a letter that came back."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from solidarites import journal
from solidarites.refused import Refused
from tenants import communes, events, phones
from tenants.households import mark_number
from tenants.identity import number_key
from tenants.models import Household, Opposition, PhoneNumber


class NumberError(Refused):
    """The number cannot be kept."""


@transaction.atomic
def add_number(
    *, household: Household, number: str, now: datetime, by: Any = None, label: str = "", third_party: bool = False
) -> PhoneNumber:
    """Add a number to a household, to be tried; subscribers put its case back into the queue.

    One that a call had found wrong is to be tried again. Raises NumberError when it is no number, when the household
    has it already, or when its owner asked never to be called.
    """
    region = communes.phone_region(household.department) if household.department else "FR"
    e164 = phones.e164(re.sub(r"[^\d+]", "", number.replace("(0)", ""))[:20], region)
    if e164 is None:
        raise NumberError("Ce numéro n'est pas un numéro de téléphone que l'on peut appeler.")
    if (
        household.opposed_at
        or Opposition.objects.filter(landlord_id=household.landlord_id, digest=number_key(e164)).exists()
    ):
        raise NumberError("Cette personne a demandé de ne plus être appelée.")
    known = PhoneNumber.objects.select_for_update(of=("self",)).filter(household=household, e164=e164).first()
    if known is not None and known.usable:
        raise NumberError("Ce numéro est déjà enregistré pour ce foyer.")
    if known is not None:
        known.validity, known.validity_at = PhoneNumber.Validity.UNKNOWN, now
        known.save(update_fields=["validity", "validity_at"])
        phone = known
    else:
        last = household.phones.aggregate(last=Max("rank"))["last"]
        phone = PhoneNumber.objects.create(
            household=household,
            e164=e164,
            label=label.strip()[:60],
            third_party=third_party,
            rank=0 if last is None else last + 1,
        )
    journal.record("phone.added", phone, by=by, household_id=household.pk)
    events.tell(events.NumbersChanged(household_ids=(household.pk,), now=now, by=by))
    return phone


@transaction.atomic
def mark_wrong(*, phone: PhoneNumber, now: datetime, by: Any = None) -> None:
    """By hand: this number is not theirs, it is dialled no more; subscribers look whether another one is left."""
    mark_number(phone=phone, validity=PhoneNumber.Validity.WRONG, now=now, by=by)
    events.tell(events.NumbersChanged(household_ids=(phone.household_id,), now=now, by=by))
