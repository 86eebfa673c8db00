"""Who is it: whom of the database a row is, which household a group of rows is, and why.

A person is found by the tenant reference; without one, or when the one known before is no longer in the landlord's
list, by folded names and a full birth date (``tenants.identity``); within a known household, by names and birth.
A household goes on while one of its living members stays at that door, or when all of them move together; a dwelling
let again is a new one; when members part, who stays keeps it.

What only the whole list can tell (is the former reference still in it, where is the husband now) is decided while it
is checked, and remembered by row number (``Memory``): the writing follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tenants import identity
from tenants.imports.departures import DECEASED, PRESENT
from tenants.imports.people import WARNING, Person
from tenants.imports.workspace import Group, Place, folded_name
from tenants.models import Household, Landlord, PhoneNumber, Tenant, TenantAlias

# How a household is the one it was, or is not: codes of reasons.REASONS.
NEW_CONTRACT, MOVED, JOINED, PARTED, RELET = "home_contract", "home_moved", "home_joined", "home_parted", "home_relet"
BY_NAMES = "known_by_names"


class Listed(Protocol):
    """The whole list, as far as somebody known can be looked for in it."""

    def places(self, tenants: Sequence[Tenant]) -> dict[int, Place]: ...

    def has_references(self, references: Iterable[str]) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Home:
    """Which household a group is: ``household`` 0 for a new one, ``frees`` whose reference it takes."""

    household: int = 0
    why: str = ""
    frees: int = 0
    may_edit: bool = True


@dataclass
class Memory:
    """What the check decided with the whole list before it: {row number: person}, {first row of a group: home}."""

    people: dict[int, int] = field(default_factory=dict)
    homes: dict[int, Home] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        homes = {str(n): [h.household, h.why, h.frees, h.may_edit] for n, h in self.homes.items()}
        return {"people": {str(number): pk for number, pk in self.people.items()}, "homes": homes}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Memory:
        people = {int(number): pk for number, pk in kept.get("people", {}).items()}
        return cls(people, {int(number): Home(*home) for number, home in kept.get("homes", {}).items()})


class Known:
    """What the database knows of a batch of groups, asked in at most ten queries."""

    def __init__(
        self, landlord: Landlord, groups: Sequence[Group], *, aliases: bool, memory: Memory, listed: Listed | None
    ) -> None:
        self.memory, self.listed = memory, listed
        people = [person for group in groups for person in group if not person.rejected]
        self._tenants = Tenant.objects.filter(landlord_id=landlord.pk or 0)
        self._own = Household.objects.filter(landlord_id=landlord.pk or 0)
        self.households: dict[int, Household] = {}
        self.by_reference = self._find_references(people)
        self.by_pk = self._find_remembered(people)
        self.by_birth = self._find_births(people)
        self.aliases = self._find_aliases(landlord, people) if aliases else {}
        self.by_contract, self.by_key = self._find_homes(people)
        self._find_members()

    def _find_references(self, people: Sequence[Person]) -> dict[str, Tenant]:
        references = {person.reference for person in people if person.reference}
        found = self._tenants.filter(reference__in=list(references)) if references else []
        return {tenant.reference: tenant for tenant in found}

    def _find_remembered(self, people: Sequence[Person]) -> dict[int, Tenant]:
        numbers = {person.number for person in people} & self.memory.people.keys()
        wanted = {self.memory.people[number] for number in numbers}
        return {tenant.pk: tenant for tenant in self._tenants.filter(pk__in=list(wanted))} if wanted else {}

    def _find_births(self, people: Sequence[Person]) -> dict[str, list[Tenant]]:
        """Those born on the day of somebody whose reference says nothing; only while the whole list is at hand."""
        if self.listed is None:
            return {}
        days = {
            person.birth
            for person in people
            if person.reference not in self.by_reference and identity.identifies(person.birth, person.precision)
        }
        found: dict[str, list[Tenant]] = {}
        if days:
            same = {tenant.pk: tenant for tenant in self.by_reference.values()}
            for tenant in self._tenants.filter(birth_date__in=list(days), birth_precision="day").order_by("pk"):
                found.setdefault(tenant.birth_date.isoformat(), []).append(  # type: ignore[union-attr]
                    same.get(tenant.pk, tenant)
                )
        return found

    def _find_homes(self, people: Sequence[Person]) -> tuple[dict[str, Household], dict[str, list[Household]]]:
        contracts = {person.household_reference for person in people if person.household_reference}
        if contracts:
            self._keep(self._own.filter(reference__in=list(contracts)))
        by_contract = {home.reference: home for home in self.households.values()}
        keys = {p.match_key for p in people if p.match_key and p.household_reference not in by_contract}
        by_key: dict[str, list[Household]] = {}
        if keys:
            for household in self._keep(self._own.filter(match_key__in=list(keys)).order_by("pk")):
                by_key.setdefault(household.match_key, []).append(household)
        tenants = [*self.by_reference.values(), *self.by_pk.values()]
        tenants += [tenant for born in self.by_birth.values() for tenant in born]
        missing = {tenant.household_id for tenant in tenants} - self.households.keys()
        if missing:
            self._keep(self._own.filter(pk__in=list(missing)))
        return by_contract, by_key

    def _find_members(self) -> None:
        self._members: dict[int, list[Tenant]] = {}
        self._phones: dict[int, list[PhoneNumber]] = {}
        if not self.households:
            return
        same = {tenant.pk: tenant for born in self.by_birth.values() for tenant in born}
        same |= self.by_pk | {tenant.pk: tenant for tenant in self.by_reference.values()}
        for tenant in Tenant.objects.filter(household_id__in=list(self.households)).order_by("pk"):
            self._members.setdefault(tenant.household_id, []).append(same.get(tenant.pk, tenant))
        for phone in PhoneNumber.objects.filter(household_id__in=list(self.households)).order_by("pk"):
            self._phones.setdefault(phone.household_id, []).append(phone)

    def _keep(self, found: Iterable[Household]) -> list[Household]:
        return [self.households.setdefault(household.pk, household) for household in found]

    def _find_aliases(self, landlord: Landlord, people: Sequence[Person]) -> dict[str, Tenant]:
        keys = {key for person in people for key in alias_keys(person)}
        found = TenantAlias.objects.filter(landlord_id=landlord.pk or 0, digest__in=list(keys)).select_related("tenant")
        return {alias.digest: alias.tenant for alias in found}

    def members(self, household_id: int) -> list[Tenant]:
        return self._members.get(household_id, [])

    def phones(self, household_id: int) -> list[PhoneNumber]:
        return self._phones.get(household_id, [])

    def places(self, tenants: Sequence[Tenant]) -> dict[int, Place]:
        """Where the list has these people; nothing without the whole list."""
        return self.listed.places(tenants) if self.listed is not None and tenants else {}

    def still_listed(self, reference: str) -> bool:
        """Whether this reference has a row of its own; taken for granted without the whole list."""
        return self.listed is None or bool(self.listed.has_references([reference]))


# People ------------------------------------------------------------------------------------------------


def keys_of(person: Person) -> list[str]:
    return identity.person_keys(
        reference=person.reference,
        last_name=person.last_name,
        first_name=person.first_name,
        birth=person.birth,
        precision=person.precision,
    )


def alias_keys(person: Person) -> list[str]:
    """What a record merged into another is known by: the reference when there is one, else names and birth."""
    keys = keys_of(person)
    if person.reference:
        return keys[:1]
    if identity.identifies(person.birth, person.precision):
        keys.append(identity.former_names_key(person.last_name, person.first_name, person.birth))
    return keys


@dataclass(frozen=True, slots=True)
class Found:
    tenant: Tenant
    how: str  # reference, names, alias, household


def recognise(group: Group, known: Known) -> dict[int, Found]:
    """Whom of the database each row is, whatever the household: {row number: who}. Adds remarks."""
    found: dict[int, Found] = {}
    taken: set[int] = set()
    for person in group:
        tenant = known.by_reference.get(person.reference) if person.reference and not person.same_as else None
        if tenant is None:
            continue
        if code := _reference_of_another(person, tenant):
            person.issues.append(["Référence", code, WARNING, person.reference])
            person.reference = ""
        elif tenant.pk not in taken:
            found[person.number] = Found(tenant, "reference")
            taken.add(tenant.pk)
    for person in group:
        if person.number in found or person.same_as or person.rejected:
            continue
        other = _by_names(person, known, taken)
        if other is not None:
            found[person.number] = other
            taken.add(other.tenant.pk)
    return found


def _by_names(person: Person, known: Known, taken: set[int]) -> Found | None:
    remembered = known.by_pk.get(known.memory.people.get(person.number, 0))
    if remembered is not None and remembered.pk not in taken:
        return Found(remembered, "names")
    for key in alias_keys(person) if known.aliases else ():
        if key in known.aliases:
            return Found(known.aliases[key], "alias")
    candidates = [
        tenant
        for tenant in known.by_birth.get(person.birth, [])
        if tenant.pk not in taken
        and identity.same_names((person.last_name, person.first_name), (tenant.last_name, tenant.first_name))
        # Two references of one list are two people, whatever else they share.
        and not (tenant.reference and known.still_listed(tenant.reference))
    ]
    if not candidates:
        return None
    candidates.sort(key=lambda tenant: (tenant.status != PRESENT, *_far(person, tenant, known), tenant.pk))
    known.memory.people[person.number] = candidates[0].pk
    return Found(candidates[0], "names")


def _far(person: Person, tenant: Tenant, known: Known) -> tuple[bool, bool]:
    """Of two homonyms born on one day, the one with this number, then the one of this address, is meant."""
    home = known.households.get(tenant.household_id)
    numbers = {phone.e164 for phone in known.phones(tenant.household_id)}
    same_door = home is not None and bool(person.match_key) and home.match_key == person.match_key
    return not numbers & {phone[0] for phone in person.phones}, not same_door


def _reference_of_another(person: Person, tenant: Tenant) -> str:
    """One reference, two first names or births: the household's reference, or one given again. A remark's code."""
    if not identity.other_first_name(person.first_name, tenant.first_name):
        return ""
    born = tenant.birth_date.isoformat() if tenant.birth_date else ""
    if born and born == person.birth:
        return ""
    if tenant.status == PRESENT:
        return "reference_shared"
    if not person.birth or not born:
        return ""
    days = person.precision == tenant.birth_precision == Tenant.Precision.DAY
    return "reference_of_closed" if (person.birth != born if days else person.birth[:4] != born[:4]) else ""


def returns(person: Person, tenant: Tenant) -> bool:
    """Whether the row brings back somebody closed: only absent from a list, or said gone by one and present now."""
    by_word = person.present_word and tenant.closed_by_list and tenant.status != DECEASED
    return tenant.status != PRESENT and bool(tenant.closed_by_absence or by_word)


def within(person: Person, tenant: Tenant, known: Known) -> bool:
    """Whether a row of a household is this member of it: names, and a birth that does not say otherwise."""
    same = folded_name(person.last_name, person.first_name) == folded_name(tenant.last_name, tenant.first_name)
    if not same and not identity.same_names(
        (person.last_name, person.first_name), (tenant.last_name, tenant.first_name)
    ):
        return False
    born = tenant.birth_date.isoformat() if tenant.birth_date else ""
    renumbered = bool(person.reference and tenant.reference) and person.reference != tenant.reference
    # The landlord renumbered everybody: the former reference has no row of its own any more.
    if renumbered and (not born or not person.birth or known.still_listed(tenant.reference)):
        return False
    if not born or not person.birth or born == person.birth:
        return True
    return "year" in (person.precision, tenant.birth_precision) and born[:4] == person.birth[:4]


def find_members(group: Group, homes: Sequence[Household], found: dict[int, Found], known: Known) -> None:
    """Add to ``found`` the members of these households that nothing else recognised."""
    taken = {one.tenant.pk for one in found.values()}
    for person in group:
        if person.number in found or person.same_as or person.rejected:
            continue
        for home in homes:
            member = next(
                (one for one in known.members(home.pk) if one.pk not in taken and within(person, one, known)), None
            )
            if member is not None:
                found[person.number] = Found(member, "household")
                taken.add(member.pk)
                if person.reference and member.reference and person.reference != member.reference:
                    known.memory.people[person.number] = member.pk
                break


# Households --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Group:
    """A group of rows as the rules of a household see it."""

    contract: str
    key: str
    number: int
    # Who lives there by this list, of those known; whom it closes.
    here: dict[int, Tenant]
    closed: set[int]
    # Somebody living that nobody knew.
    fresh: bool
    phones: set[str]
    last_names: set[str]


def _seen(group: Group, found: dict[int, Found]) -> _Group:
    living = [person for person in group if person.status == PRESENT and not person.rejected and not person.same_as]
    here, fresh = {}, False
    for person in living:
        one = found.get(person.number)
        if one is None:
            fresh = True
        elif one.how != "alias" and (one.tenant.status == PRESENT or returns(person, one.tenant)):
            here[one.tenant.pk] = one.tenant
    return _Group(
        contract=next((person.household_reference for person in group if person.household_reference), ""),
        key=next((person.match_key for person in group if person.match_key), ""),
        number=group[0].number,
        here=here,
        closed={found[p.number].tenant.pk for p in group if p.status != PRESENT and p.number in found},
        fresh=fresh,
        phones={phone[0] for person in living for phone in person.phones},
        last_names={folded_name(person.last_name, "") for person in living},
    )


def place(group: Group, found: dict[int, Found], known: Known) -> Home:
    """Which household this group is. Completes ``found`` with the members that the household makes known."""
    contract = next((person.household_reference for person in group if person.household_reference), "")
    key = next((person.match_key for person in group if person.match_key), "")
    held = known.by_contract.get(contract) if contract else None
    find_members(group, [held] if held is not None else _homes(found, key, known), found, known)
    seen = _seen(group, found)
    if held is not None:
        stays = any(tenant.household_id == held.pk for tenant in seen.here.values())
        if stays or not (seen.here or seen.fresh) or not (seen.here or known.members(held.pk)):
            return Home(held.pk)
    if known.listed is None and seen.number in known.memory.homes:
        remembered = known.memory.homes[seen.number]
        if not remembered.household or remembered.household in known.households:
            return remembered
    home, looked = _decide(seen, held, known)
    if known.listed is not None and (home.why or looked):
        known.memory.homes[seen.number] = home
    return home


def _homes(found: dict[int, Found], key: str, known: Known) -> list[Household]:
    """Where those recognised live, then the households of that address."""
    lived = dict.fromkeys(one.tenant.household_id for one in found.values() if one.how != "alias")
    homes = [known.households[pk] for pk in lived if pk in known.households]
    return homes + [one for one in known.by_key.get(key, []) if one.pk not in lived]


def _decide(seen: _Group, held: Household | None, known: Known) -> tuple[Home, bool]:
    """(the household, whether the whole list was asked)."""
    frees = held.pk if held is not None else 0
    if not seen.here:
        return _of_strangers(seen, held, known), held is not None
    if held is not None and _related(seen, held, _left_there(seen, held, known), known):
        return Home(held.pk, JOINED), True
    sources = dict.fromkeys(tenant.household_id for tenant in seen.here.values())
    for source in [known.households[pk] for pk in sources if pk in known.households]:
        others = _others(seen, source, known)
        rest = [tenant for tenant in others if not _said_closed(tenant, known)] if others else []
        if not rest:
            return Home(source.pk, _why(seen, source), frees), bool(others)
        if (home := _when_some_stay(seen, source, rest, known)) is not None:
            return home, True
    return Home(0, PARTED, frees), True


def _why(seen: _Group, source: Household) -> str:
    if seen.key and source.match_key and seen.key != source.match_key:
        return MOVED
    return NEW_CONTRACT if seen.contract and source.reference and seen.contract != source.reference else ""


def _others(seen: _Group, household: Household, known: Known) -> list[Tenant]:
    """The living members of a household that this group neither houses nor closes."""
    return [
        tenant
        for tenant in known.members(household.pk)
        if tenant.status == PRESENT and tenant.pk not in seen.here and tenant.pk not in seen.closed
    ]


def _said_closed(tenant: Tenant, known: Known) -> bool:
    at = known.places([tenant]).get(tenant.pk)
    return at is not None and at.status != PRESENT


def _left_there(seen: _Group, household: Household, known: Known) -> list[Tenant]:
    """Its living members that the list does not have elsewhere, dead or gone."""
    others = _others(seen, household, known)
    at = known.places(others)
    return [
        tenant
        for tenant in others
        if tenant.pk not in at or (at[tenant.pk].status == PRESENT and _at_door(at[tenant.pk], household))
    ]


def _at_door(at: Place, household: Household) -> bool:
    if at.contract or household.reference:
        return at.contract in ("", household.reference)
    return not at.key or at.key == household.match_key


def _related(seen: _Group, household: Household, rest: Sequence[Tenant], known: Known) -> bool:
    """Whether these rows live with who is left there: a number or a last name in common."""
    if not rest:
        return False
    numbers = {phone.e164 for phone in known.phones(household.pk)}
    return bool(seen.phones & numbers or seen.last_names & {folded_name(tenant.last_name, "") for tenant in rest})


def _when_some_stay(seen: _Group, source: Household, rest: Sequence[Tenant], known: Known) -> Home | None:
    """Some members are not in this group: the household is theirs, and None, or goes on here all the same."""
    same_door = bool(seen.key) and seen.key == source.match_key
    at = known.places(rest)
    if not seen.contract:
        apart = any(one.key and one.key != seen.key and one.status == PRESENT for one in at.values())
        if same_door or not seen.key or not apart:
            return Home(source.pk, may_edit=same_door or not source.reference)
    elif same_door and (not source.reference or not at):
        return Home(source.pk, _why(seen, source))
    stays = any(tenant.pk not in at or _at_door(at[tenant.pk], source) for tenant in rest)
    if not stays and seen.number < min(one.first for one in at.values()):
        # Nobody is left at the door: it goes with the first of the list, until a coordinator has chosen.
        return Home(source.pk, PARTED)
    return None


def _of_strangers(seen: _Group, held: Household | None, known: Known) -> Home:
    """A group of which nobody is known: who joined a household, a dwelling let again, or a new one."""
    if held is not None:
        if _related(seen, held, _left_there(seen, held, known), known):
            return Home(held.pk)
        return Home(0, RELET, held.pk)
    if (seen.contract and not seen.key) or not seen.fresh:
        return Home()
    emptied = False
    for household in known.by_key.get(seen.key, []):
        if seen.contract and household.reference:
            continue
        rest = _left_there(seen, household, known)
        numbers = {phone.e164 for phone in known.phones(household.pk)}
        alike = seen.last_names & {folded_name(tenant.last_name, "") for tenant in rest}
        if rest and (seen.phones & numbers or (alike and not (seen.phones and numbers))):
            return Home(household.pk)
        emptied = emptied or (not rest and bool(known.members(household.pk)))
    return Home(0, RELET if emptied else "")
