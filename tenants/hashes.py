"""The keyed hashes as a whole: does PRIVACY_KEY read them, what is saved under another key or from another base."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from solidarites import privacy
from tenants import households
from tenants.models import Household, Landlord, Opposition, TenantAlias

# A household whose people and numbers were all corrected since is no longer known by its hashes: one proves nothing.
PROVED_FROM = 3
LOOKED_AT = 50
AT_ONCE = 500


def recognised() -> bool | None:
    """Whether the key in use knows the opposed households again; None when there are too few to tell."""
    looked = 0
    opposed = Household.objects.filter(opposed_at__isnull=False).order_by("-opposed_at")
    for household in opposed.prefetch_related("tenants", "phones")[:LOOKED_AT]:
        keys = households.known_by(household)
        if not keys:
            continue
        if Opposition.objects.filter(landlord=household.landlord_id, digest__in=keys).exists():
            return True
        looked += 1
    return False if looked >= PROVED_FROM else None


@dataclass(frozen=True)
class Rehashed:
    """``lost`` oppositions and ``aliases`` are hashes that the new key cannot read; ``households`` are saved."""

    households: int
    lost: int
    aliases: int


@transaction.atomic
def accept_key(*, now: datetime, by: Any = None) -> Rehashed:
    """The key of this base is lost for good: the one in use takes its place.

    Steps: the opposed households that are still here are written again under the new key; the hashes of those whom a
    purge erased cannot be (they stay, should the old key be found); the fingerprint is replaced; one journal row.
    Nothing is changed when the key in use is that of the base already.
    """
    before = Opposition.objects.count()
    written: list[Opposition] = []
    opposed = Household.objects.filter(opposed_at__isnull=False).prefetch_related("tenants", "phones")
    saved = 0
    for household in opposed:
        rows = households.rows_of(household, household.opposed_at or now)
        saved += bool(rows)
        written += rows
    Opposition.objects.bulk_create(written, ignore_conflicts=True, batch_size=AT_ONCE)
    # As many hashes as the households here have now were theirs under the old key: the others are of people erased.
    found = Rehashed(
        households=saved,
        lost=max(0, before - len({(one.landlord_id, one.digest) for one in written})),
        aliases=TenantAlias.objects.count(),
    )
    privacy.accept(now=now, by=by, lost=found.lost)
    return found


@dataclass(frozen=True)
class Carried:
    """An opposition of another base: whose list it holds for, and the hash."""

    landlord: dict[str, str]
    digest: str
    created_at: datetime


@transaction.atomic
def carry_over(
    *, found: Iterable[Carried], opposed_ids: Collection[int], now: datetime, by: Any = None
) -> tuple[int, list[int]]:
    """Write oppositions that this base has not, and oppose the households they speak of.

    ``opposed_ids``: numbers of households that the other base held as opposed, when both are one installation. A
    household is opposed here when the hash of one of its people came over (a shared number opposes nobody), or when
    it is one of these and one of its hashes came over. A landlord that is missing is written too: its next list would
    bring the people back. Returns (hashes written, numbers of the households opposed).
    """
    landlords = {one.code: one for one in Landlord.objects.all()}
    have = set(Opposition.objects.values_list("landlord__code", "digest"))
    missing = {(one.landlord["code"], one.digest): one for one in found}
    missing = {key: one for key, one in missing.items() if key not in have}
    for one in missing.values():
        if one.landlord["code"] not in landlords:
            landlords[one.landlord["code"]] = Landlord.objects.create(**one.landlord)
    Opposition.objects.bulk_create(
        [
            Opposition(landlord=landlords[code], digest=digest, created_at=one.created_at)
            for (code, digest), one in missing.items()
        ],
        ignore_conflicts=True,
        batch_size=AT_ONCE,
    )
    if not missing:
        return 0, []
    return len(missing), _oppose(
        {(landlords[code].pk, digest) for code, digest in missing}, frozenset(opposed_ids), now, by
    )


def _oppose(carried: set[tuple[int, str]], opposed_ids: frozenset[int], now: datetime, by: Any) -> list[int]:
    opposed = []
    candidates = Household.objects.filter(opposed_at=None, landlord__in={landlord for landlord, _ in carried})
    for household in candidates.prefetch_related("tenants", "phones").order_by("pk").iterator(chunk_size=AT_ONCE):
        keys = households.known_by(household, numbers=household.pk in opposed_ids)
        if any((household.landlord_id, key) in carried for key in keys):
            households.record_opposition(household=household, now=now, by=by)
            opposed.append(household.pk)
    return opposed
