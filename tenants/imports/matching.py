"""Which household of the database a group of rows is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tenants import households as rules
from tenants.imports.departures import PRESENT
from tenants.imports.people import Person
from tenants.imports.workspace import Group, folded_name
from tenants.models import Household, Landlord, PhoneNumber, Tenant, TenantAlias


class Known:
    """What the database knows of a batch of groups, asked in at most eight queries."""

    def __init__(self, landlord: Landlord, groups: Sequence[Group], *, aliases: bool) -> None:
        people = [person for group in groups for person in group if not person.rejected]
        references = {person.reference for person in people if person.reference}
        contracts = {person.household_reference for person in people if person.household_reference}
        keys = {p.match_key for p in people if not p.household_reference and p.match_key}
        own = Household.objects.filter(landlord_id=landlord.pk or 0)
        tenants = (
            Tenant.objects.filter(landlord_id=landlord.pk or 0, reference__in=list(references)) if references else []
        )
        self.by_reference = {tenant.reference: tenant for tenant in tenants}
        self.households: dict[int, Household] = {}
        if contracts:
            self._keep(own.filter(reference__in=list(contracts)))
        self.by_contract = {h.reference: h for h in self.households.values()}
        self.by_key: dict[str, list[Household]] = {}
        if keys:
            for household in self._keep(own.filter(match_key__in=list(keys)).order_by("pk")):
                self.by_key.setdefault(household.match_key, []).append(household)
        missing = {t.household_id for t in self.by_reference.values()} - self.households.keys()
        if missing:
            self._keep(own.filter(pk__in=list(missing)))
        self._members: dict[int, list[Tenant]] = {}
        self._phones: dict[int, list[PhoneNumber]] = {}
        if self.households:
            same = {tenant.pk: tenant for tenant in self.by_reference.values()}
            for tenant in Tenant.objects.filter(household_id__in=list(self.households)).order_by("pk"):
                self._members.setdefault(tenant.household_id, []).append(same.get(tenant.pk, tenant))
            for phone in PhoneNumber.objects.filter(household_id__in=list(self.households)).order_by("pk"):
                self._phones.setdefault(phone.household_id, []).append(phone)
        self._aliases = self._find_aliases(landlord, people) if aliases else {}

    def _keep(self, found: Iterable[Household]) -> list[Household]:
        kept = []
        for household in found:
            kept.append(self.households.setdefault(household.pk, household))
        return kept

    def members(self, household_id: int) -> list[Tenant]:
        return self._members.get(household_id, [])

    def phones(self, household_id: int) -> list[PhoneNumber]:
        return self._phones.get(household_id, [])

    @staticmethod
    def keys_of(person: Person) -> list[str]:
        return rules.person_keys(
            reference=person.reference, last_name=person.last_name, first_name=person.first_name, birth=person.birth
        )

    def _find_aliases(self, landlord: Landlord, people: list[Person]) -> dict[str, Tenant]:
        keys = {key for person in people for key in self.keys_of(person)}
        found = TenantAlias.objects.filter(landlord_id=landlord.pk or 0, digest__in=list(keys)).select_related("tenant")
        return {alias.digest: alias.tenant for alias in found}

    def alias(self, person: Person) -> Tenant | None:
        """The person this one was merged into: by the reference when there is one, else by names and birth."""
        if not self._aliases:
            return None
        for key in self.keys_of(person)[:1] if person.reference else self.keys_of(person):
            if key in self._aliases:
                return self._aliases[key]
        return None


def match_household(group: Group, known: Known) -> tuple[Household | None, bool]:
    """(the household this group is or None for a new one, whether the list may change its own fields).

    By its contract or dwelling reference. A known household whose people are all in this group is the same
    one under a new reference or at a new address. Without a reference: where the group's people are known to
    live; else an identical address that shares a phone or a person.
    """
    contract = next((person.household_reference for person in group if person.household_reference), "")
    if contract and contract in known.by_contract:
        return known.by_contract[contract], True
    tenants = [known.by_reference[p.reference] for p in group if p.reference in known.by_reference and p.reference]
    key = next((person.match_key for person in group if person.match_key), "")
    here = {tenant.pk for tenant in tenants}
    named = {folded_name(person.last_name, person.first_name) for person in group}
    for tenant in tenants:
        household = known.households.get(tenant.household_id)
        if household is None:
            continue
        present = [t for t in known.members(household.pk) if t.status == PRESENT]
        # Of two people on one row only the first may have a reference: the other is there by name.
        whole = bool(present) and all(t.pk in here or folded_name(t.last_name, t.first_name) in named for t in present)
        if contract:
            # A renewed contract behind the same door, or a household first met in a list without contracts.
            if whole and (not household.reference or (key and household.match_key == key)):
                return household, True
            continue
        if whole or (household.match_key and household.match_key == key):
            return household, True
        if household.reference:
            return household, False
    if contract and not key:
        return None, True
    if tenants and not contract:
        return None, True
    phones = {phone[0] for person in group for phone in person.phones}
    names = {folded_name(person.last_name, person.first_name) for person in group}
    for household in known.by_key.get(key, []):
        shared = phones & {phone.e164 for phone in known.phones(household.pk)}
        if shared or names & {folded_name(t.last_name, t.first_name) for t in known.members(household.pk)}:
            if contract and household.reference:
                continue
            return household, True
    return None, True
