"""Contactability, closing a person, opposition: what holds for a household whatever the campaign."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from solidarites import journal
from tenants import confirmations, events, identity
from tenants.models import Confirmation, Household, Opposition, PhoneNumber, Tenant

_KIND = Confirmation.Kind
USABLE = Q(validity__in=[PhoneNumber.Validity.UNKNOWN, PhoneNumber.Validity.CONFIRMED], held=False)


def with_living_tenant(households: QuerySet[Household]) -> QuerySet[Household]:
    return households.filter(Exists(Tenant.objects.filter(household=OuterRef("pk"), status=Tenant.Status.PRESENT)))


def callable_households(households: QuerySet[Household]) -> QuerySet[Household]:
    """Those with a living, present person and a number that may be dialled."""
    numbers = PhoneNumber.objects.filter(USABLE, household=OuterRef("pk"))
    return with_living_tenant(households).filter(Exists(numbers))


def usable_phones(household: Household) -> list[PhoneNumber]:
    """In dialling order: the tenants' own first, a third party's always last."""
    return sorted((p for p in household.phones.all() if p.usable), key=lambda p: (p.third_party, p.rank, p.pk))


def own_keys(tenant: Tenant) -> list[str]:
    """What a person's opposition, or record merged into another, is known by."""
    return identity.person_keys(
        reference=tenant.reference,
        last_name=tenant.last_name,
        first_name=tenant.first_name,
        birth=tenant.birth_date.isoformat() if tenant.birth_date else "",
        precision=tenant.birth_precision,
    )


def opposed_people(household: Household) -> list[Tenant]:
    """Who asked never to be called; of a household opposed by an earlier release, everybody."""
    people = list(household.tenants.all())
    return [tenant for tenant in people if tenant.opposed_at] or (people if household.opposed_at else [])


def opposed_numbers(household: Household) -> list[PhoneNumber]:
    """Their own numbers, and the household's once everybody is opposed; never a third party's."""
    people = {tenant.pk for tenant in opposed_people(household)}
    return [
        phone
        for phone in household.phones.all()
        if not phone.third_party and (phone.tenant_id in people or (phone.tenant_id is None and household.opposed_at))
    ]


def known_by(household: Household, *, numbers: bool = True) -> set[str]:
    """The keyed hashes of a household's opposed people and, with ``numbers``, of their own numbers.

    Of a household without an opposition, everybody's: what an opposition would be recognised by.
    """
    people = opposed_people(household) or list(household.tenants.all())
    keys = {key for tenant in people for key in own_keys(tenant)}
    for tenant in people:
        if tenant.birth_date:
            keys.add(identity.former_names_key(tenant.last_name, tenant.first_name, tenant.birth_date.isoformat()))
    if numbers:
        phones = opposed_numbers(household) if opposed_people(household) else list(household.phones.all())
        keys.update(identity.number_key(phone.e164) for phone in phones if not phone.third_party)
    return keys


def rows_of(household: Household, now: datetime) -> list[Opposition]:
    """The hashes of an opposed household as they are to be kept."""
    found: dict[str, str] = {}
    for tenant in opposed_people(household):
        if tenant.reference:
            found[identity.reference_key(tenant.reference)] = Opposition.Kind.REFERENCE
        for key in own_keys(tenant)[bool(tenant.reference) :]:
            found[key] = Opposition.Kind.NAMES
    for phone in opposed_numbers(household):
        found[identity.number_key(phone.e164)] = Opposition.Kind.NUMBER
    return [
        Opposition(landlord_id=household.landlord_id, digest=key, kind=kind, created_at=now)
        for key, kind in sorted(found.items())
    ]


@transaction.atomic
def record_opposition(
    *, household: Household, now: datetime, by: Any = None, tenant_ids: Collection[int] | None = None
) -> None:
    """« Ne plus jamais appeler », said for these people, else for everybody who lives there.

    Idempotent. Their references, names with birth, and own numbers are kept as hashes; a number that others have too
    is held for a coordinator. Who else lives there waits for a coordinator; where nobody does, every call and
    follow-up stops, in the same transaction.
    """
    people = [tenant for tenant in household.tenants.all() if tenant.opposed_at is None]
    living = [tenant for tenant in people if tenant.status == Tenant.Status.PRESENT]
    asked = [tenant for tenant in people if tenant.pk in tenant_ids] if tenant_ids else living
    if household.opposed_at and not asked:
        return
    if not asked and not opposed_people(household):
        asked = people
    for tenant in asked:
        tenant.opposed_at = now
    Tenant.objects.filter(pk__in=[tenant.pk for tenant in asked]).update(opposed_at=now)
    fresh = Household.objects.prefetch_related("tenants", "phones").get(pk=household.pk)
    everybody = all(tenant.opposed_at for tenant in fresh.tenants.all() if tenant.status == Tenant.Status.PRESENT)
    if everybody and not household.opposed_at:
        household.opposed_at = fresh.opposed_at = now
        Household.objects.filter(pk=household.pk).update(opposed_at=now)
    Opposition.objects.bulk_create(rows_of(fresh, now), ignore_conflicts=True)
    journal.record("household.opposed", household, by=by, household_id=household.pk, people=len(asked))
    _hold_their_numbers(fresh, now, by)
    if everybody:
        events.tell(events.HouseholdOpposed(household_id=household.pk, now=now, by=by))
    else:
        confirmations.ask([(household.pk, None, _KIND.OPPOSED_MEMBER, "", True)], now=now, by=by, again=True)


def _hold_their_numbers(household: Household, now: datetime, by: Any) -> None:
    """The numbers of opposed people are dialled for nobody, wherever they stand, until a coordinator decides."""
    numbers = {phone.e164 for phone in opposed_numbers(household)}
    if not numbers:
        return
    others = PhoneNumber.objects.filter(household__landlord=household.landlord_id, e164__in=numbers, held=False)
    if household.opposed_at:
        others = others.exclude(household=household)
    hold_numbers(list(others.filter(household__opposed_at=None)), now=now, by=by)


def hold_numbers(phones: Sequence[PhoneNumber], *, now: datetime, by: Any = None) -> None:
    """These numbers wait for a coordinator; so does a household that has no other."""
    if not phones:
        return
    PhoneNumber.objects.filter(pk__in=[phone.pk for phone in phones]).update(held=True)
    homes = {phone.household_id for phone in phones}
    reachable = set(
        PhoneNumber.objects.filter(USABLE, household__in=homes).values_list("household_id", flat=True).distinct()
    )
    events.tell(events.NumbersChanged(household_ids=tuple(sorted(homes)), now=now, by=by))
    confirmations.ask(
        [(pk, None, _KIND.OPPOSITION_NUMBER, "", pk not in reachable) for pk in sorted(homes)],
        now=now,
        by=by,
        again=True,
    )


def settle_oppositions(household_ids: Collection[int], *, now: datetime, by: Any = None) -> None:
    """After people came, went or died: opposed is who asked, and the household once all who live there did.

    A newcomer beside somebody opposed, or somebody opposed beside others, waits for a coordinator.
    """
    found = Household.objects.filter(pk__in=list(household_ids)).filter(
        Q(opposed_at__isnull=False) | Exists(Tenant.objects.filter(household=OuterRef("pk"), opposed_at__isnull=False))
    )
    for household in found.prefetch_related("tenants"):
        people = list(household.tenants.all())
        living = [tenant for tenant in people if tenant.status == Tenant.Status.PRESENT]
        if living and any(tenant.opposed_at for tenant in people):
            _settle_opposition(household, living, now, by)


def _settle_opposition(household: Household, living: Sequence[Tenant], now: datetime, by: Any) -> None:
    opposed = [tenant for tenant in living if tenant.opposed_at]
    if len(opposed) == len(living):
        if household.opposed_at is None:
            Household.objects.filter(pk=household.pk).update(opposed_at=now)
            events.tell(events.HouseholdOpposed(household_id=household.pk, now=now, by=by))
        return
    if household.opposed_at:
        Household.objects.filter(pk=household.pk).update(opposed_at=None)
    if opposed:
        confirmations.ask([(household.pk, None, _KIND.OPPOSED_MEMBER, "", True)], now=now, by=by)
    else:
        confirmations.drop(household_id=household.pk, kind=_KIND.OPPOSED_MEMBER, now=now, by=by)


@transaction.atomic
def lift_opposition(*, household: Household, reason: str, now: datetime, by: Any = None) -> bool:
    """The opposition was a slip, or the household asks to be called after all. False when there is none.

    ``reason`` is a code, kept in the journal. Hashes that somebody else's opposition needs (a number they share)
    stay. Nothing is called by itself and nothing that stopped starts again: who decides asks for a call.
    """
    locked = Household.objects.select_for_update(of=("self",)).get(pk=household.pk)
    if locked.opposed_at is None and not locked.tenants.filter(opposed_at__isnull=False).exists():
        return False
    keys = known_by(locked)
    numbers = [phone.e164 for phone in locked.phones.all() if not phone.third_party]
    names = [tenant.last_name for tenant in locked.tenants.all()]
    opposed = Q(opposed_at__isnull=False) | Q(tenants__opposed_at__isnull=False)
    others = (
        Household.objects.filter(opposed, landlord=locked.landlord_id)
        .exclude(pk=locked.pk)
        .filter(Q(phones__e164__in=numbers) | Q(tenants__last_name__in=names))
        .distinct()
        .prefetch_related("tenants", "phones")
    )
    for other in others:
        keys -= known_by(other)
    Opposition.objects.filter(landlord=locked.landlord_id, digest__in=keys).delete()
    Household.objects.filter(pk=locked.pk).update(opposed_at=None, updated_at=now)
    locked.tenants.update(opposed_at=None)
    household.opposed_at = None
    journal.record("household.opposition_lifted", household, by=by, household_id=household.pk, reason=reason)
    confirmations.drop(household_id=household.pk, kind=_KIND.OPPOSED_MEMBER, now=now, by=by)
    return True


@transaction.atomic
def settle_confirmation(*, confirmation: Confirmation, agreed: bool, now: datetime, by: Any) -> bool:
    """A coordinator decides what waits in « À confirmer », and what follows from it is done. False when it was before.

    Agreed, what the list or the opposition says is true: the person lives there after all, does not want to be called,
    the number stays undialled. Else the record was right, or the household is called.
    """
    if not confirmations.decide(confirmation=confirmation, agreed=agreed, now=now, by=by):
        return False
    tenant, home, kind = confirmation.tenant, confirmation.household, confirmation.kind
    if agreed and tenant is not None and kind in (_KIND.DEAD_THEN_PRESENT, _KIND.RETURNED):
        reopen_person(tenant=tenant, now=now, by=by)
    elif agreed and kind in (_KIND.DO_NOT_CALL, _KIND.OPPOSITION_BIRTH, _KIND.OPPOSED_MEMBER):
        record_opposition(household=home, tenant_ids=[tenant.pk] if tenant is not None else None, now=now, by=by)
    confirmations.settled(home.pk, now, by)
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
    settle_oppositions([tenant.household_id], now=now, by=by)
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
        settle_oppositions([tenant.household_id], now=now, by=by)
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
