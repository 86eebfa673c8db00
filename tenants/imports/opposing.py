"""Whom of a list asked once never to be called, and which of its numbers are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tenants import confirmations, identity
from tenants import households as rules
from tenants.imports.matching import keys_of
from tenants.imports.people import Person
from tenants.imports.plan import HouseholdPlan, Kind, RowPlan
from tenants.models import Confirmation, Household, Landlord, Opposition, PhoneNumber, Tenant


class Opposing:
    """The oppositions that a chunk of plans meets: asked before it is written, followed once it is."""

    def __init__(self, landlord: Landlord, plans: Sequence[HouseholdPlan]) -> None:
        self._landlord = landlord
        self._people: list[tuple[RowPlan, HouseholdPlan]] = []
        self._doubts: list[tuple[RowPlan, HouseholdPlan]] = []
        self._held: list[tuple[PhoneNumber, HouseholdPlan]] = []
        asked = {
            id(row): _keys(row.person) for plan in plans for row in plan.rows if row.kind == Kind.CREATE or row.save
        }
        numbers = {id(one): identity.number_key(one.e164) for plan in plans for one, _ in plan.new_phones}
        digests = {key for sure, doubtful in asked.values() for key in (*sure, *doubtful)} | set(numbers.values())
        known = set(
            Opposition.objects.filter(landlord_id=landlord.pk or 0, digest__in=list(digests)).values_list(
                "digest", flat=True
            )
        )
        if known:
            self._meet(plans, known, asked, numbers)

    def _meet(
        self,
        plans: Sequence[HouseholdPlan],
        known: set[str],
        asked: dict[int, tuple[list[str], list[str]]],
        numbers: dict[int, str],
    ) -> None:
        for plan in plans:
            for row in plan.rows:
                sure, doubtful = asked.get(id(row), ([], []))
                if known & set(sure) and not (self._by_names_alone(row, known) and self._another(row)):
                    self._people.append((row, plan))
                elif known & {*sure, *doubtful}:
                    self._doubts.append((row, plan))
            for phone, _ in plan.new_phones:
                if numbers[id(phone)] in known:
                    self._held.append((phone, plan))

    @staticmethod
    def _by_names_alone(row: RowPlan, known: set[str]) -> bool:
        return not row.person.reference or identity.reference_key(row.person.reference) not in known

    def _another(self, row: RowPlan) -> bool:
        """Whether who asked lives here under a reference of their own: the same names are somebody else's, or not."""
        person = row.person
        if not person.reference or not identity.identifies(person.birth, person.precision):
            return False
        same_day = Tenant.objects.filter(landlord=self._landlord.pk or 0, birth_date=person.birth)
        asked = same_day.filter(opposed_at__isnull=False).exclude(reference="")
        if row.tenant is not None:
            if row.tenant.opposed_at is not None:
                return False
            asked = asked.exclude(pk=row.tenant.pk)
        names = person.last_name, person.first_name
        return any(identity.same_names(names, (one.last_name, one.first_name)) for one in asked)

    def follow(self, *, now: datetime, by: Any) -> None:
        """Oppose the people again, hold the numbers, and ask about what an earlier release kept too loosely."""
        homes = [plan.household.pk for _, plan in self._people if plan.household is not None]
        people = [row.tenant.pk for row, _ in self._people if row.tenant is not None]
        for household in Household.objects.filter(pk__in=homes).prefetch_related("tenants", "phones"):
            mine = [one.pk for one in household.tenants.all() if one.pk in people and one.opposed_at is None]
            if mine:
                rules.record_opposition(household=household, tenant_ids=mine, now=now, by=by)
        opposed = set(Household.objects.filter(pk__in=homes, opposed_at__isnull=False).values_list("pk", flat=True))
        phones = [phone for phone, plan in self._held if plan.household and plan.household.pk not in opposed]
        own = set(Tenant.objects.filter(pk__in=people, opposed_at__isnull=False).values_list("pk", flat=True))
        rules.hold_numbers([phone for phone in phones if phone.tenant_id not in own], now=now, by=by)
        confirmations.ask(
            [
                (plan.household.pk, row.tenant.pk, Confirmation.Kind.OPPOSITION_BIRTH, "", True)
                for row, plan in self._doubts
                if plan.household is not None and row.tenant is not None
            ],
            now=now,
            by=by,
        )


def _keys(person: Person) -> tuple[list[str], list[str]]:
    """(what is surely this person's, what an earlier release kept and identifies nobody alone)."""
    if not person.birth:
        return keys_of(person), []
    former = identity.former_names_key(person.last_name, person.first_name, person.birth)
    if identity.identifies(person.birth, person.precision):
        return [*keys_of(person), former], []
    return keys_of(person), [former]
