"""Write what a check planned: in chunks, one transaction each, in few queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from solidarites import searching
from solidarites.searching import fold
from tenants import confirmations, departed, duplicates, events
from tenants import households as rules
from tenants.imports import bulk, corrections
from tenants.imports.check import Checker
from tenants.imports.fields import DETAILS
from tenants.imports.opposing import Opposing
from tenants.imports.plan import HouseholdPlan, Kind, RowPlan
from tenants.models import Agency, Confirmation, Household, Landlord, PhoneNumber, Residence, Tenant

BATCH = 1000
_KIND = Confirmation.Kind
# Remarks that a coordinator settles: what is asked, and whether nobody calls before.
ASKS = {
    "do_not_call": (_KIND.DO_NOT_CALL, True),
    "birth_owner": (_KIND.BIRTH_OWNER, False),
    "age_in_doubt": (_KIND.AGE_IN_DOUBT, False),
}
_HOUSEHOLD_FIELDS = [
    "agency", "residence", "reference", "match_key", "street", "building", "door", "postal_code", "city", "insee_code",
    "department", "updated_at", *(detail.name for detail in DETAILS),
]  # fmt: skip
_TENANT_FIELDS = [
    "household", "reference", "civility", "last_name", "first_name", "search_name", "birth_date", "birth_precision",
    "status", "status_at",
    "closed_by_list",
    "closed_by_absence",
]  # fmt: skip


def lock(landlord: Landlord) -> None:
    """One writer of a landlord's list at a time; must be inside the chunk's transaction."""
    Landlord.objects.select_for_update().only("pk").get(pk=landlord.pk)


def write(checker: Checker, plans: Sequence[HouseholdPlan], *, now: datetime, by: Any = None) -> None:
    """Write one planned chunk, inside the caller's transaction, and tell subscribers what happened to whom."""
    _places(checker, plans, now)
    opposing = Opposing(checker.landlord, plans) if checker.has_oppositions else None
    _households(plans)
    _people(plans, checker.landlord, now)
    _phones(plans)
    for plan in plans:
        for row in plan.rows:
            if row.close and row.tenant is not None:
                rules.close_person(tenant=row.tenant, status=row.close, now=now, by=by, by_list=True)
    corrections.link(checker.landlord, plans)
    _remember_departed(plans, checker.landlord, now)
    _follow_moves(plans, now, by)
    if opposing is not None:
        changed = {plan.household.pk for plan in plans if plan.household is not None and _touched(plan)}
        rules.settle_oppositions(changed, now=now, by=by)
        opposing.follow(now=now, by=by)
    touched = {plan.household.pk for plan in plans if plan.household is not None and _touched(plan)}
    touched |= {pk for plan in plans for pk in plan.left_households}
    if touched:
        events.tell(events.NumbersChanged(household_ids=tuple(sorted(touched)), now=now, by=by))
    if asked := _to_confirm(plans):
        confirmations.ask(asked, now=now, by=by)


def _households(plans: Sequence[HouseholdPlan]) -> None:
    """Contracts that are given again first: a reference names one household."""
    freed = {plan.frees for plan in plans if plan.frees}
    for household in Household.objects.filter(pk__in=freed):
        taken = {plan.household.reference for plan in plans if plan.frees == household.pk and plan.household}
        if household.reference in taken:
            Household.objects.filter(pk=household.pk).update(reference="")
    bulk.insert([plan.household for plan in plans if plan.kind == "create" and plan.household])
    changed = [plan.household for plan in plans if plan.save and plan.kind == "update" and plan.household]
    if changed:
        Household.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=_HOUSEHOLD_FIELDS
        )


def is_dead_stranger(row: RowPlan) -> bool:
    """Whether the list says dead somebody whom nobody knew: never kept, and remembered by keyed hashes."""
    return row.kind == Kind.SKIP and row.person.status == Tenant.Status.DECEASED


def _remember_departed(plans: Sequence[HouseholdPlan], landlord: Landlord, now: datetime) -> None:
    """The dead whom nobody knew are not kept; their hashes are, so that the next list does not raise them."""
    dead = [row.person for plan in plans for row in plan.rows if is_dead_stranger(row)]
    departed.remember(
        landlord_id=landlord.pk,
        status=Tenant.Status.DECEASED,
        keys=[departed.keys_of_row(one) for one in dead],
        now=now,
    )


def _follow_moves(plans: Sequence[HouseholdPlan], now: datetime, by: Any) -> None:
    """Numbers follow their owners; a household that all have left joins the one they live in, else it parts."""
    for plan in plans:
        home = plan.household
        if home is None or not plan.left_households:
            continue
        known = set(PhoneNumber.objects.filter(household=home.pk).values_list("e164", flat=True))
        for phone in plan.moved_phones:
            if phone.e164 not in known:
                PhoneNumber.objects.filter(pk=phone.pk).update(household=home)
    for plan in plans:
        for pk in sorted(plan.left_households):
            if plan.household is not None:
                _left(pk, plan, now, by)


def _left(pk: int, plan: HouseholdPlan, now: datetime, by: Any) -> None:
    left = Household.objects.filter(pk=pk).first()
    home = plan.household
    if left is None or home is None:
        return
    if left.tenants.filter(status=Tenant.Status.PRESENT).exists():
        events.tell(events.HouseholdParted(stays_id=pk, leaves_id=home.pk, now=now, by=by))
    else:
        duplicates.merge_households(home, left, now=now, by=by)


def _to_confirm(plans: Sequence[HouseholdPlan]) -> list[confirmations.Asked]:
    """What these rows leave for a coordinator."""
    found: list[confirmations.Asked] = []
    for plan in plans:
        for row in plan.rows:
            tenant, person = row.tenant, row.person
            if plan.household is None or tenant is None or row.kind in (Kind.SKIP, Kind.REJECT):
                continue
            closed = tenant.status != Tenant.Status.PRESENT
            if closed and person.present_word and not row.reopen:
                dead = tenant.status == Tenant.Status.DECEASED
                kind = _KIND.DEAD_THEN_PRESENT if dead else _KIND.RETURNED
                found.append((tenant.household_id, tenant.pk, kind, person.present_word, False))
            found += [
                (tenant.household_id, tenant.pk, kind, value, blocks)
                for _, code, _, value in person.issues
                if (asked := ASKS.get(code)) and not closed
                for kind, blocks in [asked]
            ]
    return found


def _touched(plan: HouseholdPlan) -> bool:
    return bool(plan.kind) or any(row.kind in (Kind.CREATE, Kind.UPDATE) for row in plan.rows)


def _places(checker: Checker, plans: Sequence[HouseholdPlan], now: datetime) -> None:
    """Agencies and residences met for the first time, then their ids on the households."""
    landlord = checker.landlord
    agencies = {fold(p.agency): p.agency for p in plans if p.agency and fold(p.agency) not in checker.agencies}
    if agencies:
        Agency.objects.bulk_create(
            [Agency(landlord=landlord, name=name) for name in agencies.values()], ignore_conflicts=True
        )
        for agency in Agency.objects.filter(landlord=landlord, name__in=list(agencies.values())):
            checker.agencies[fold(agency.name)] = agency
            checker.agency_names[agency.pk] = agency.name
    for plan in plans:
        if plan.household is None:
            continue
        plan.household.updated_at = now
        if plan.kind == "create":
            plan.household.created_at = now
        if plan.agency:
            plan.household.agency_id = checker.agencies[fold(plan.agency)].pk
    residences = {fold(p.residence): p for p in plans if p.residence and fold(p.residence) not in checker.residences}
    if residences:
        Residence.objects.bulk_create(
            [
                Residence(
                    landlord=landlord,
                    reference=plan.residence,
                    name=plan.residence_name,
                    agency_id=plan.household.agency_id if plan.household else None,
                )
                for plan in residences.values()
            ],
            ignore_conflicts=True,
        )
        wanted = [plan.residence for plan in residences.values()]
        for residence in Residence.objects.filter(landlord=landlord, reference__in=wanted):
            checker.residences[fold(residence.reference)] = residence
            checker.residence_references[residence.pk] = residence.reference
    for plan in plans:
        if plan.household is not None and plan.residence:
            plan.household.residence_id = checker.residences[fold(plan.residence)].pk


def _people(plans: Sequence[HouseholdPlan], landlord: Landlord, now: datetime) -> None:
    new: list[Tenant] = []
    changed: list[Tenant] = []
    for plan in plans:
        for row in plan.rows:
            person = row.person
            if row.kind == Kind.CREATE and plan.household is not None:
                row.tenant = bulk.new(
                    Tenant,
                    household_id=plan.household.pk,
                    landlord_id=landlord.pk,
                    reference=person.reference,
                    civility=person.civility,
                    last_name=person.last_name,
                    first_name=person.first_name,
                    search_name=searching.key(person.last_name, person.first_name),
                    birth_date=date.fromisoformat(person.birth) if person.birth else None,
                    birth_precision=person.precision,
                )
                new.append(row.tenant)
            elif row.save and row.tenant is not None:
                if plan.household is not None and any(change[0] == "foyer" for change in row.changes):
                    row.tenant.household = plan.household
                row.tenant.search_name = searching.key(row.tenant.last_name, row.tenant.first_name)
                if row.reopen:
                    row.tenant.status, row.tenant.status_at = Tenant.Status.PRESENT, now
                    row.tenant.closed_by_list = row.tenant.closed_by_absence = False
                changed.append(row.tenant)
    bulk.insert(new)
    if changed:
        Tenant.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=_TENANT_FIELDS, batch_size=BATCH
        )


def _phones(plans: Sequence[HouseholdPlan]) -> None:
    new: list[PhoneNumber] = []
    changed: list[PhoneNumber] = []
    for plan in plans:
        by_number = {row.person.number: row for row in plan.rows}
        for phone, row in plan.new_phones:
            owner = row if row is None or row.tenant is not None else by_number.get(row.person.same_as, row)
            phone.household_id = plan.household.pk  # type: ignore[union-attr]
            phone.tenant_id = owner.tenant.pk if owner is not None and owner.tenant is not None else None
            new.append(phone)
        changed.extend(plan.changed_phones)
    bulk.insert(new)
    if changed:
        PhoneNumber.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["label", "third_party", "validity"],
            batch_size=BATCH,
        )
