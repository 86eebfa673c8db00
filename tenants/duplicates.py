"""Records that may be one person: proposed to somebody, never merged alone; the choice is remembered."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Count

from solidarites import journal
from tenants import events
from tenants import households as rules
from tenants.addresses import match_key
from tenants.imports.workspace import folded_name
from tenants.models import DistinctPair, Household, PhoneNumber, Tenant, TenantAlias

MOST = 500


@dataclass(frozen=True)
class Pair:
    first: Tenant
    second: Tenant


def close_names(one: Tenant, other: Tenant) -> bool:
    """The same names but for a spelling, a second first name, or last and first name exchanged."""
    first = folded_name(one.last_name, one.first_name)
    second = folded_name(other.last_name, other.first_name)
    words, others = set(first.split()), set(second.split())
    if words == others or (len(words & others) >= 2 and (words <= others or others <= words)):
        return True
    if difflib.SequenceMatcher(None, first, second).ratio() < 0.85:
        return False
    # A couple may share a last name and a birthday: their first names must be close as well.
    names = folded_name("", one.first_name), folded_name("", other.first_name)
    return difflib.SequenceMatcher(None, *names).ratio() >= 0.75


def pairs() -> list[Pair]:
    """Present people of one landlord, with the same full birth date, close names and the same street address."""
    present = Tenant.objects.filter(
        status=Tenant.Status.PRESENT, birth_date__isnull=False, birth_precision=Tenant.Precision.DAY
    )
    keys = (
        present.order_by()
        .values("landlord_id", "birth_date", "household__postal_code")
        .annotate(count=Count("pk"))
        .filter(count__gt=1)
    )
    births = {(k["landlord_id"], k["birth_date"], k["household__postal_code"]) for k in keys}
    groups: dict[tuple[Any, ...], list[Tenant]] = {}
    days = sorted({birth for _, birth, _ in births if birth is not None})
    for start in range(0, len(days), 500):
        found = present.filter(birth_date__in=days[start : start + 500]).select_related("household", "landlord")
        for tenant in found.order_by("pk"):
            home = tenant.household
            if (tenant.landlord_id, tenant.birth_date, home.postal_code) not in births:
                continue
            street = match_key(home.street, "", "", home.postal_code, home.city)
            if street:
                groups.setdefault((tenant.landlord_id, tenant.birth_date, street), []).append(tenant)
    apart = set(DistinctPair.objects.values_list("first_id", "second_id"))
    proposed: list[Pair] = []
    for people in groups.values():
        for index, one in enumerate(people):
            for other in people[index + 1 :]:
                if (one.pk, other.pk) not in apart and close_names(one, other):
                    proposed.append(Pair(one, other))
        if len(proposed) >= MOST:
            break
    return proposed[:MOST]


@transaction.atomic
def keep_apart(*, first: Tenant, second: Tenant, by: Any, now: datetime) -> None:
    """They are two people: never proposed again. Idempotent."""
    one, other = sorted((first, second), key=lambda tenant: tenant.pk)
    _, created = DistinctPair.objects.get_or_create(
        first=one, second=other, defaults={"decided_by": by, "decided_at": now}
    )
    if created:
        journal.record("duplicate.kept_apart", one, by=by, other_id=other.pk)


@transaction.atomic
def merge(*, kept: Tenant, gone: Tenant, by: Any, now: datetime) -> None:
    """They are one person: everything said of ``gone`` becomes ``kept``'s, and the next lists know it.

    The household of ``gone`` is merged as well when nobody else lives there; subscribers hear of it before
    it is deleted. Raises ValueError for people of two landlords, or one and the same record.
    """
    kept = Tenant.objects.select_for_update().get(pk=kept.pk)
    gone = Tenant.objects.select_for_update().get(pk=gone.pk)
    if kept.pk == gone.pk or kept.landlord_id != gone.landlord_id:
        raise ValueError("only two records of one landlord can be merged")
    keys, own = rules.own_keys(gone), rules.own_keys(kept)
    old_household, home, gone_id = gone.household, kept.household, gone.pk
    _repoint(gone, kept)
    gone.delete()
    TenantAlias.objects.bulk_create(
        [TenantAlias(landlord_id=kept.landlord_id, tenant=kept, digest=key) for key in keys if key not in own],
        ignore_conflicts=True,
    )
    blanks = [name for name in ("reference", "civility", "first_name", "opposed_at") if not getattr(kept, name)]
    for name in blanks:
        setattr(kept, name, getattr(gone, name))
    if blanks:
        kept.save(update_fields=blanks)
    rules.settle_oppositions([home.pk], now=now, by=by)
    if old_household.pk != home.pk and not old_household.tenants.exists():
        merge_households(home, old_household, by=by, now=now)
    journal.record("duplicate.merged", kept, by=by, household_id=home.pk, other_id=gone_id)


def _repoint(gone: Tenant, kept: Tenant) -> None:
    """Whatever points at the record that goes points at the one that stays; what both have stays once."""
    for relation in Tenant._meta.related_objects:
        field = relation.field
        if not isinstance(field, models.ForeignKey) or relation.related_model is DistinctPair:
            continue
        for row in relation.related_model._base_manager.filter(**{field.name: gone}):
            try:
                with transaction.atomic():
                    type(row)._base_manager.filter(pk=row.pk).update(**{field.name: kept})
            except IntegrityError:
                continue


def merge_households(kept: Household, gone: Household, *, by: Any, now: datetime) -> None:
    """Everything of ``gone`` becomes ``kept``'s, and it is deleted; who is dead or left there stays remembered."""
    known = set(kept.phones.values_list("e164", flat=True))
    last = max((phone.rank for phone in kept.phones.all()), default=-1)
    for offset, phone in enumerate(gone.phones.exclude(e164__in=known), start=1):
        PhoneNumber.objects.filter(pk=phone.pk).update(household=kept, rank=last + offset)
    gone.tenants.update(household=kept)
    _keep_of_both(kept, gone)
    if gone.opposed_at and not kept.opposed_at and not kept.tenants.filter(opposed_at__isnull=False).exists():
        rules.record_opposition(household=kept, now=now, by=by)
    events.tell(events.HouseholdMerged(kept_id=kept.pk, gone_id=gone.pk, now=now, by=by))
    gone.delete()
    events.tell(events.NumbersChanged(household_ids=(kept.pk,), now=now, by=by))


def _keep_of_both(kept: Household, gone: Household) -> None:
    """Fragility, notes, language and the way they live: what one of the two records knew."""
    kept.fragile = kept.fragile or gone.fragile
    kept.language = kept.language or gone.language
    if gone.notes and gone.notes not in kept.notes:
        kept.notes = " · ".join(note for note in (kept.notes, gone.notes) if note)[:300]
    kept.save(update_fields=["fragile", "language", "notes"])
