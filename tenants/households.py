"""Contactability, closing a person, opposition: what holds for a household whatever the campaign."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from solidarites import journal
from tenants import events
from tenants.models import Household, Opposition, PhoneNumber, Tenant

USABLE = Q(validity__in=[PhoneNumber.Validity.UNKNOWN, PhoneNumber.Validity.CONFIRMED])


def with_living_tenant(households: QuerySet[Household]) -> QuerySet[Household]:
    return households.filter(Exists(Tenant.objects.filter(household=OuterRef("pk"), status=Tenant.Status.PRESENT)))


def callable_households(households: QuerySet[Household]) -> QuerySet[Household]:
    """Those with a living, present person and a number that may be dialled."""
    numbers = PhoneNumber.objects.filter(USABLE, household=OuterRef("pk"))
    return with_living_tenant(households).filter(Exists(numbers))


def usable_phones(household: Household) -> list[PhoneNumber]:
    """In dialling order: the tenants' own first, a third party's always last."""
    return sorted((p for p in household.phones.all() if p.usable), key=lambda p: (p.third_party, p.rank, p.pk))


def digest(text: str) -> str:
    return hmac.new(settings.PRIVACY_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def person_keys(*, reference: str, last_name: str, first_name: str, birth: str) -> list[str]:
    """What an opposition of this person is known by; ``birth`` is ISO, or empty."""
    keys = [digest(f"ref:{reference}")] if reference else []
    if birth:
        keys.append(digest(f"per:{last_name.casefold()}|{first_name.casefold()}|{birth}"))
    return keys


def known_by(household: Household, *, numbers: bool = True) -> set[str]:
    """The keyed hashes of a household's people and, with ``numbers``, of their own numbers."""
    keys: set[str] = set()
    for tenant in household.tenants.all():
        keys.update(
            person_keys(
                reference=tenant.reference,
                last_name=tenant.last_name,
                first_name=tenant.first_name,
                birth=tenant.birth_date.isoformat() if tenant.birth_date else "",
            )
        )
    if numbers:
        keys.update(digest(f"tel:{p.e164}") for p in household.phones.all() if not p.third_party)
    return keys


@transaction.atomic
def record_opposition(*, household: Household, now: datetime, by: Any = None) -> None:
    """« Ne plus jamais appeler »: the household and, by keyed hashes, its people and own numbers.

    Idempotent. Tells subscribers, who stop every call and follow-up in the same transaction.
    """
    if household.opposed_at:
        return
    keys = known_by(household)
    Opposition.objects.bulk_create(
        [Opposition(landlord_id=household.landlord_id, digest=key, created_at=now) for key in sorted(keys)],
        ignore_conflicts=True,
    )
    household.opposed_at = now
    household.save(update_fields=["opposed_at"])
    journal.record("household.opposed", household, by=by, household_id=household.pk)
    events.tell(events.HouseholdOpposed(household_id=household.pk, now=now, by=by))


@transaction.atomic
def lift_opposition(*, household: Household, reason: str, now: datetime, by: Any = None) -> bool:
    """The opposition was a slip, or the household asks to be called after all. False when there is none.

    ``reason`` is a code, kept in the journal. Hashes that another household's opposition needs (a number they share)
    stay. Nothing is called by itself and nothing that stopped starts again: who decides asks for a call.
    """
    locked = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    if locked.opposed_at is None:
        return False
    keys = known_by(locked)
    numbers = [phone.e164 for phone in locked.phones.all() if not phone.third_party]
    names = [tenant.last_name for tenant in locked.tenants.all()]
    others = (
        Household.objects.filter(landlord=locked.landlord_id, opposed_at__isnull=False)
        .exclude(pk=locked.pk)
        .filter(Q(phones__e164__in=numbers) | Q(tenants__last_name__in=names))
        .distinct()
        .prefetch_related("tenants", "phones")
    )
    for other in others:
        keys -= known_by(other)
    Opposition.objects.filter(landlord=locked.landlord_id, digest__in=keys).delete()
    Household.objects.filter(pk=locked.pk).update(opposed_at=None, updated_at=now)
    household.opposed_at = None
    journal.record("household.opposition_lifted", household, by=by, household_id=household.pk, reason=reason)
    return True


@transaction.atomic
def close_person(
    *, tenant: Tenant, status: str, now: datetime, by: Any = None, by_list: bool = False, by_absence: bool = False
) -> None:
    """The person died, moved or entered a care home: not called, never asked for. Idempotent.

    ``by_list``: a landlord's list said so; a later one that says present in words brings back who had left, never
    the dead; what a call taught, no list undoes. ``by_absence``: a complete list did not name them; a row of a later
    list brings them back.
    """
    changed = (
        Tenant.objects.filter(pk=tenant.pk)
        .exclude(status=status)
        .update(status=status, status_at=now, closed_by_list=by_list or by_absence, closed_by_absence=by_absence)
    )
    if not changed:
        return
    tenant.status, tenant.status_at = status, now
    journal.record("tenant.closed", tenant, by=by, household_id=tenant.household_id, status=status)
    events.tell(
        events.PersonClosed(tenant_id=tenant.pk, household_id=tenant.household_id, status=status, now=now, by=by)
    )


@transaction.atomic
def reopen_person(*, tenant: Tenant, now: datetime, by: Any = None) -> bool:
    """Somebody noted as dead or gone by mistake lives here after all. False when they were present already.

    Nothing is called by itself: who decides about the household asks for a call.
    """
    changed = (
        Tenant.objects.filter(pk=tenant.pk)
        .exclude(status=Tenant.Status.PRESENT)
        .update(status=Tenant.Status.PRESENT, status_at=now, closed_by_list=False, closed_by_absence=False)
    )
    if changed:
        tenant.status, tenant.status_at = Tenant.Status.PRESENT, now
        journal.record("tenant.reopened", tenant, by=by, household_id=tenant.household_id)
    return bool(changed)


@transaction.atomic
def mark_number(*, phone: PhoneNumber, validity: str, now: datetime, by: Any = None) -> None:
    """What a call taught about a number; a wrong one is not revived by the next import."""
    PhoneNumber.objects.filter(pk=phone.pk).update(validity=validity, validity_at=now)
    phone.validity, phone.validity_at = validity, now
    journal.record("phone.marked", phone, by=by, household_id=phone.household_id, validity=validity)


@transaction.atomic
def describe(*, household: Household, language: str, fragile: bool, notes: str, now: datetime, by: Any = None) -> None:
    """What helps the call, written by hand: the language to speak, fragility, what to know. Tells subscribers."""
    household.language, household.fragile, household.notes = language, fragile, notes.strip()[:300]
    household.updated_at = now
    household.save(update_fields=["language", "fragile", "notes", "updated_at"])
    journal.record("household.described", household, by=by, household_id=household.pk)
    events.tell(events.NumbersChanged(household_ids=(household.pk,), now=now, by=by))
