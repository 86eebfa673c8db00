"""Households of a list → what would change in the database. Reads, never writes.

A ``Checker`` plans batches of households in a handful of queries each. The same plan is shown as the preview,
and made again inside the writing transaction: what is written is what was previewed, or nothing is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from solidarites.searching import fold
from tenants import departed as departed_rules
from tenants.addresses import keep_unsaid, match_key
from tenants.imports import bulk, matching
from tenants.imports.departures import PRESENT
from tenants.imports.fields import DETAILS
from tenants.imports.matching import Found, Known, Listed, Memory
from tenants.imports.people import WARNING, Person
from tenants.imports.plan import Change, HouseholdPlan, Kind, RowPlan
from tenants.imports.workspace import Group, folded_name
from tenants.models import (
    Agency,
    Departed,
    Household,
    Landlord,
    Opposition,
    PhoneNumber,
    Residence,
    Tenant,
    TenantAlias,
)


class Checker:
    """Plans batches for one landlord. Keeps what is small (agencies, residences), asks for the rest per batch."""

    def __init__(self, landlord: Landlord, *, memory: Memory | None = None, listed: Listed | None = None) -> None:
        self.landlord = landlord
        # What was decided with the whole list, and the whole list where it is at hand and anybody is known.
        self.memory = memory if memory is not None else Memory()
        known = Tenant.objects.filter(landlord_id=landlord.pk or 0).exists()
        self.listed = listed if known else None
        self.has_departed = Departed.objects.filter(landlord_id=landlord.pk or 0).exists()
        self.agencies = {fold(a.name): a for a in Agency.objects.filter(landlord_id=landlord.pk or 0)}
        self.agency_names = {a.pk: a.name for a in self.agencies.values()}
        self.residences = {fold(r.reference): r for r in Residence.objects.filter(landlord_id=landlord.pk or 0)}
        self.residence_references = {r.pk: r.reference for r in self.residences.values()}
        self.has_aliases = TenantAlias.objects.filter(landlord_id=landlord.pk or 0).exists()
        self.has_oppositions = Opposition.objects.filter(landlord_id=landlord.pk or 0).exists()
        # Households whose own fields an earlier group of this list has settled.
        self.settled: set[int] = set()

    # One batch -------------------------------------------------------------------------------------

    def plan(self, groups: Sequence[Group]) -> list[HouseholdPlan]:
        known = Known(self.landlord, groups, aliases=self.has_aliases, memory=self.memory, listed=self.listed)
        departed = self._departed(groups, known) if self.has_departed else {}
        return [self._plan(group, known, departed) for group in groups]

    def _departed(self, groups: Sequence[Group], known: Known) -> dict[int, str]:
        """The rows of people whom a former list or call said dead or gone, and who are not kept: {number: status}."""
        keys: dict[str, list[int]] = {}
        for person in (one for group in groups for one in group if not one.rejected):
            if person.reference not in known.by_reference:
                for key in departed_rules.keys_of_row(person):
                    keys.setdefault(key, []).append(person.number)
        found = Departed.objects.filter(landlord_id=self.landlord.pk or 0, digest__in=list(keys))
        return {number: one.status for one in found for number in keys[one.digest]}

    def _plan(self, group: Group, known: Known, departed: dict[int, str]) -> HouseholdPlan:
        if group[0].rejected:
            return HouseholdPlan([RowPlan(person, Kind.REJECT) for person in group])
        found = matching.recognise(group, known)
        for person in group:
            if person.number not in found and person.number in departed and person.status == PRESENT:
                self._remembered_as_gone(person, departed[person.number])
        home = matching.place(group, found, known)
        household = known.households.get(home.household)
        plan = HouseholdPlan([], household, frees=home.frees)
        self._once_each(group, found)
        for person in group:
            plan.rows.append(self._row(person, found.get(person.number), departed.get(person.number, "")))
        if home.why:
            self._say_why(plan, home.why)
        present = _living(plan.rows)
        stored = [row for row in plan.rows if row.kind in (Kind.CREATE, Kind.UPDATE, Kind.UNCHANGED)]
        if household is None and any(row.kind == Kind.CREATE or _is_here(row) for row in plan.rows):
            # Its dates are given when it is written.
            plan.household = bulk.new(Household, landlord_id=self.landlord.pk, created_at=None, updated_at=None)
            plan.kind = "create"
        self._moves(plan, stored, known)
        described = present or ([row for row in stored if row.close] if plan.kind == "create" else [])
        if plan.household is not None and described:
            self._household_fields(plan, described, home.may_edit)
        if plan.household is not None and present:
            self._phones(plan, present, known)
        plan.phones_rejected = sum(row.person.phones_rejected for row in present)
        living = any(row.kind == Kind.CREATE or _is_here(row) for row in present)
        plan.callable = plan.callable and living
        return plan

    # People ----------------------------------------------------------------------------------------

    @staticmethod
    def _remembered_as_gone(person: Person, status: str) -> None:
        """A list that says nothing of it raises nobody; one that says present is for a coordinator."""
        if not person.present_word:
            person.status = status
            person.issues.append(["Situation", "departed_before", WARNING, Tenant.Status(status).label])

    @staticmethod
    def _say_why(plan: HouseholdPlan, code: str) -> None:
        """Once for the household, on its first living row."""
        first = next((row for row in plan.rows if row.person.status == PRESENT and row.kind != Kind.REJECT), None)
        if first is not None:
            first.person.issues.append(["Foyer", code, WARNING, ""])

    @staticmethod
    def _once_each(group: Group, found: dict[int, Found]) -> None:
        """The same person twice in one household, without a reference to say so."""
        seen: dict[str, Person] = {}
        for person in group:
            if person.number in found or person.same_as or person.reference:
                continue
            mark = f"{folded_name(person.last_name, person.first_name)}|{person.birth}"
            if mark in seen:
                person.same_as = seen[mark].number
                person.issues.append(["Référence", "same_person", WARNING, str(person.same_as)])
            else:
                seen[mark] = person

    def _row(self, person: Person, found: Found | None, gone: str) -> RowPlan:
        tenant, aliased = (found.tenant, found.how == "alias") if found is not None else (None, False)
        if person.rejected:
            return RowPlan(person, Kind.REJECT)
        if person.same_as or aliased:
            row = RowPlan(person, Kind.UNCHANGED)
            if aliased:
                row.tenant, row.aliased = tenant, True
            return row
        if person.nobody and tenant is not None:
            return RowPlan(person, Kind.UNCHANGED, tenant)
        if tenant is None:
            row = RowPlan(person, Kind.CREATE if person.status == PRESENT else Kind.SKIP)
            # Said present, against a death remembered: kept, and closed until a coordinator has decided.
            row.close = gone if row.kind == Kind.CREATE else ""
            return row
        row = RowPlan(person, Kind.UNCHANGED, tenant, how=found.how if found is not None else "")
        if person.reference and tenant.reference and person.reference != tenant.reference:
            person.issues.append(["Référence", matching.BY_NAMES, WARNING, person.reference])
        if person.status != PRESENT:
            said_dead = person.status == Tenant.Status.DECEASED != tenant.status
            if tenant.status == PRESENT or said_dead:
                row.close = person.status
                row.changes.append(["situation", tenant.get_status_display(), Tenant.Status(person.status).label])
                row.kind = Kind.UPDATE
            elif tenant.closed_by_absence:
                # Now said in words: a row that says nothing does not bring them back any more.
                row.changes.append(["situation", "absent de la liste", Tenant.Status(person.status).label])
                tenant.closed_by_absence = False
                row.kind, row.save = Kind.UPDATE, True
            return row
        if tenant.status != PRESENT:
            self._closed(row, person, tenant)
            if not row.reopen and _other_first_name(person, tenant):
                return row
        self._person_fields(row, person, tenant)
        if row.changes:
            row.kind, row.save = Kind.UPDATE, True
        return row

    @staticmethod
    def _closed(row: RowPlan, person: Person, tenant: Tenant) -> None:
        """A row for somebody closed: who left by a list is back by the word « présent », who was only absent from one
        by the row itself; nobody else is, and what the list says or does not say is shown.
        """
        if matching.returns(person, tenant):
            row.reopen = row.save = True
            row.changes.append(["situation", tenant.get_status_display(), Tenant.Status.PRESENT.label])
        elif person.present_word:
            person.issues.append(["Situation", f"present_but_{tenant.status}", WARNING, person.present_word])
        elif _other_first_name(person, tenant):
            person.issues.append(["Prénom", "closed_other_name", WARNING, person.first_name])
        else:
            person.issues.append(["Situation", "still_closed", WARNING, tenant.get_status_display()])

    def _person_fields(self, row: RowPlan, person: Person, tenant: Tenant) -> None:
        if person.reference and person.reference != tenant.reference:
            row.changes.append(["référence", tenant.reference, person.reference])
            tenant.reference = person.reference
        for name, label in (("civility", "civilité"), ("last_name", "nom"), ("first_name", "prénom")):
            new, old = getattr(person, name), getattr(tenant, name)
            if new and new != old and not (fold(new) == fold(old) and not _better_spelt(new, old)):
                row.changes.append([label, old, new])
                setattr(tenant, name, new)
        born = date.fromisoformat(person.birth) if person.birth else None
        if born and (born != tenant.birth_date or person.precision != tenant.birth_precision):
            vaguer = person.precision == "year" and tenant.birth_precision == "day"
            if not (vaguer and tenant.birth_date and tenant.birth_date.year == born.year):
                row.changes.append(["naissance", _birth_text(tenant), _birth_words(born, person.precision)])
                tenant.birth_date, tenant.birth_precision = born, person.precision

    # Household -------------------------------------------------------------------------------------

    def _household_fields(self, plan: HouseholdPlan, rows: list[RowPlan], may_edit: bool) -> None:
        """The first row of the file wins; blanks are filled by the next ones; contradictions are said."""
        household = plan.household
        assert household is not None  # noqa: S101
        new = plan.kind == "create"
        first = next((r.person for r in rows if r.person.street or r.person.city), rows[0].person)
        building, door = first.building, first.door
        for row in rows:
            person = row.person
            if person is not first and person.street and fold(person.street) != fold(first.street):
                person.issues.append(["Adresse", "address_contradiction", WARNING, person.street])
            elif person.postal_code and person.postal_code != first.postal_code:
                person.issues.append(
                    ["Adresse", "address_contradiction", WARNING, f"{person.postal_code} {person.city}"]
                )
            else:
                building, door = building or person.building, door or person.door
        reference = next((row.person.household_reference for row in rows if row.person.household_reference), "")
        agency = self._first(rows, "agency", "agency_contradiction")
        residence = self._first(rows, "residence", "")
        residence_name = next((r.person.residence_name for r in rows if r.person.residence_name), "")
        if not new and household.pk in self.settled:
            may_edit = False
        if household.pk:
            self.settled.add(household.pk)
        address = {
            "street": first.street,
            "building": building,
            "door": door,
            "postal_code": first.postal_code,
            "city": first.city,
        }
        if first.street or first.city:
            self._address(plan, household, address, first, may_edit, new)
        if new or may_edit:
            self._details(plan, household, rows)
        if reference and may_edit and reference != household.reference:
            if not new:
                plan.changes.append(["référence du foyer", household.reference, reference])
            household.reference = reference
        self._place(plan, household, agency, residence, residence_name, new, may_edit)
        if plan.changes and not new:
            plan.kind, plan.save = "update", True

    @staticmethod
    def _details(plan: HouseholdPlan, household: Household, rows: list[RowPlan]) -> None:
        """What the first row that speaks of it says, of each of ``fields.DETAILS``."""
        for detail in DETAILS:
            value = next((r.person.details[detail.name] for r in rows if detail.name in r.person.details), None)
            known = getattr(household, detail.name)
            if value is None or value == known or (known and not detail.replaces):
                continue
            if plan.kind != "create":
                plan.changes.append([detail.change, detail.say(known), detail.say(value)])
            setattr(household, detail.name, value)

    def _address(
        self,
        plan: HouseholdPlan,
        household: Household,
        address: dict[str, str],
        first: Person,
        may_edit: bool,
        new: bool,
    ) -> None:
        insee, department = first.insee, first.department
        if not new and keep_unsaid(address, {name: getattr(household, name) for name in address}):
            insee, department = insee or household.insee_code, department or household.department
        read = (first.street, first.building, first.door, first.postal_code, first.city)
        key = first.match_key if tuple(address.values()) == read else match_key(**address)
        same = key == household.match_key and (key or address["city"] == household.city)
        if same and insee == household.insee_code:
            return
        if not new and not may_edit:
            if not same:
                first.issues.append(["Adresse", "address_differs", WARNING, first.street])
            return
        if not new:
            old = ", ".join(household.address_lines)
            for name, value in address.items():
                setattr(household, name, value)
            plan.changes.append(["adresse", old, ", ".join(household.address_lines)])
        else:
            for name, value in address.items():
                setattr(household, name, value)
        household.match_key, household.insee_code, household.department = key, insee, department

    def _place(
        self,
        plan: HouseholdPlan,
        household: Household,
        agency: str,
        residence: str,
        residence_name: str,
        new: bool,
        may_edit: bool,
    ) -> None:
        if not (new or may_edit):
            return
        old_agency = self.agency_names.get(household.agency_id or 0, "")
        if agency and fold(agency) != fold(old_agency):
            plan.agency = agency
            if not new:
                plan.changes.append(["agence", old_agency, agency])
        old_residence = self.residence_references.get(household.residence_id or 0, "")
        if residence and fold(residence) != fold(old_residence):
            plan.residence, plan.residence_name = residence, residence_name
            if not new:
                plan.changes.append(["résidence", old_residence, residence])

    @staticmethod
    def _first(rows: list[RowPlan], name: str, code: str) -> str:
        winner = ""
        for row in rows:
            value = getattr(row.person, name)
            if value and not winner:
                winner = value
            elif value and code and fold(value) != fold(winner):
                row.person.issues.append(["Agence", code, WARNING, value])
        return winner

    # Phones ----------------------------------------------------------------------------------------

    def _phones(self, plan: HouseholdPlan, rows: list[RowPlan], known: Known) -> None:
        """New numbers after the known ones; a number a call marked wrong is not revived by being listed again."""
        household = plan.household
        assert household is not None  # noqa: S101
        listed: dict[str, tuple[list[Any], RowPlan]] = {}
        # On the rows of two people: the household's, nobody's own.
        shared: set[str] = set()
        for row in rows:
            for phone in row.person.phones:
                if phone[0] not in listed:
                    listed[phone[0]] = (list(phone), row)
                    continue
                if (row.person.same_as or row.person.number) != listed[phone[0]][1].person.number:
                    shared.add(phone[0])
                if listed[phone[0]][0][2] and not phone[2]:
                    # Somebody's own number, and somebody else's contact: it is of the household.
                    listed[phone[0]][0][2] = False
        existing = {phone.e164: phone for phone in plan.moved_phones}
        existing |= {phone.e164: phone for phone in known.phones(household.pk)} if household.pk else {}
        rank = max((p.rank for p in existing.values()), default=-1) + 1
        order = sorted(listed.values(), key=lambda item: (bool(item[0][2]), not item[0][3]))
        for (e164, label, third, _), row in order:
            if (old := existing.get(e164)) is None:
                new = bulk.new(PhoneNumber, e164=e164, label=label, third_party=third, rank=rank)
                plan.new_phones.append((new, None if e164 in shared else row))
                rank += 1
                if plan.kind != "create":
                    self._phone_change(plan, row, ["téléphone", "", _spaced(e164)])
            elif old.third_party != third or (label and label != old.label):
                self._phone_change(
                    plan, row, ["libellé du numéro", f"{_spaced(e164)} {old.label}".strip(), label or "locataire"]
                )
                old.third_party, old.label = third, label or ("" if not third else old.label)
                plan.changed_phones.append(old)
        self._barred(plan, rows, existing, rank)
        plan.phones_valid = len(listed)
        barred = _barred_in(rows)
        plan.callable = any(e164 not in barred and (e164 not in existing or existing[e164].usable) for e164 in listed)

    def _barred(self, plan: HouseholdPlan, rows: list[RowPlan], existing: dict[str, PhoneNumber], rank: int) -> None:
        """Numbers that the list says are not to be dialled: kept as wrong, so that no later list brings them back."""
        wrong = PhoneNumber.Validity.WRONG
        for e164, (word, row) in _barred_in(rows).items():
            if (old := existing.get(e164)) is None:
                rank += 1
                phone = bulk.new(PhoneNumber, e164=e164, label=word, third_party=False, rank=rank, validity=wrong)
                plan.new_phones = [one for one in plan.new_phones if one[0].e164 != e164]
                plan.new_phones.append((phone, row))
            elif old.usable:
                self._phone_change(plan, row, ["numéro à ne pas composer", _spaced(e164), word])
                old.validity, old.label = wrong, word
                plan.changed_phones.append(old)

    @staticmethod
    def _phone_change(plan: HouseholdPlan, row: RowPlan, change: Change) -> None:
        """Shown on the row that brings it, and a change of the household."""
        if row.tenant is not None and row.kind in (Kind.UNCHANGED, Kind.UPDATE) and not row.aliased:
            row.changes.append(change)
            row.kind = Kind.UPDATE
        else:
            plan.changes.append(change)
        if plan.kind != "create":
            plan.kind = "update"

    def _moves(self, plan: HouseholdPlan, rows: list[RowPlan], known: Known) -> None:
        target = plan.household
        if target is None:
            return
        for row in rows:
            tenant = row.tenant
            if tenant is None or not _is_here(row) or row.person.status != PRESENT:
                continue
            if tenant.household_id != target.pk:
                old = known.households.get(tenant.household_id)
                plan.left_households.add(tenant.household_id)
                row.changes.append(["foyer", old.reference if old else "", row.person.household_reference or "nouveau"])
                row.kind, row.save = Kind.UPDATE, True
                # A number follows its owner.
                plan.moved_phones += [one for one in known.phones(tenant.household_id) if one.tenant_id == tenant.pk]


def _is_here(row: RowPlan) -> bool:
    """A known person whom this list may house: not one whom a call found gone, nor one merged into another."""
    return row.tenant is not None and not row.aliased and (row.tenant.status == PRESENT or row.reopen)


def _barred_in(rows: Sequence[RowPlan]) -> dict[str, tuple[str, RowPlan]]:
    """Numbers that the list says are not to be dialled, in which words and on which row."""
    return {e164: (word, row) for row in rows for e164, word in row.person.barred}


def _living(rows: Sequence[RowPlan]) -> list[RowPlan]:
    """The rows that say something of the household: nobody's who is dead or gone, by this list or before it."""
    departed = {
        row.person.number
        for row in rows
        if row.person.status != PRESENT
        or (row.kind == Kind.CREATE and row.close)
        or (row.tenant is not None and row.tenant.status != PRESENT and not row.reopen)
    }
    return [
        row
        for row in rows
        if row.kind != Kind.REJECT and not row.aliased and not {row.person.number, row.person.same_as} & departed
    ]


def _other_first_name(person: Person, tenant: Tenant) -> bool:
    first, known = folded_name("", person.first_name).split(), folded_name("", tenant.first_name).split()
    return bool(first and known) and not set(first) & set(known)


def _better_spelt(new: str, old: str) -> bool:
    """« Hélène » for « HELENE », never the reverse: lists without accents do not undo those with."""
    return sum(char > "\x7f" for char in new) > sum(char > "\x7f" for char in old)


def _birth_words(born: date, precision: str) -> str:
    return str(born.year) if precision == "year" else f"{born:%d/%m/%Y}"


def _birth_text(tenant: Tenant) -> str:
    return _birth_words(tenant.birth_date, tenant.birth_precision) if tenant.birth_date else "inconnue"


def _spaced(e164: str) -> str:
    if e164.startswith("+33") and len(e164) == 12:
        national = "0" + e164[3:]
        return " ".join(national[i : i + 2] for i in range(0, 10, 2))
    return e164
