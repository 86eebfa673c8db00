"""From needs to a draft that a coordinator reads: by itself after a call, or by hand from a household."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from campaigns.common import needs as categories_of_need
from campaigns.models import Call, Case, Need, Partner, Referral, ReferralEvent
from campaigns.models.levels import Level
from campaigns.models.limits import FACTS
from campaigns.referrals import deadlines, partners
from campaigns.referrals.states import Actor, ReferralError, State, StateError, note_event, record
from solidarites.models import User
from tenants.models import Tenant

Agreement = Referral.Agreement
# What a coordinator may change before the approval.
EDITABLE = (
    "partner",
    "level",
    "facts",
    "assessment",
    "since",
    "help_in_place",
    "contact_person",
    "contact_agrees",
    "agreement",
    "agreement_how",
    "agreement_at",
    "no_agreement_reason",
    "grave_danger",
    "phoned_at",
    "phoned_person",
)
# Tenant, partner, agreement, kind: what one sheet may hold together.
Group = tuple[int | None, int | None, str, str]
AGREEMENT_FIELDS = ("agreement", "agreement_how", "agreement_at")


def draft_for_call(*, call: Call, needs: list[Need], by: User | None, now: datetime) -> list[Referral]:
    """Turn the needs heard in a call into referrals to be read by a coordinator.

    Inside the transaction (and under the journal row) of the call being recorded. Needs are grouped by tenant,
    proposed partner, kind and what the tenant said of it: a need without agreement never rides on another's. Where
    no partner fits, the draft waits without one. A draft of the same group still waiting takes the needs in.
    The needs become « signalé ». Six queries for a usual call, whatever the number of needs.
    """
    needs = [need for need in needs if need.pk]
    if not needs:
        return []
    case = call.case
    household = case.household
    among = partners.active()
    groups: dict[Group, list[Need]] = {}
    for need in needs:
        partner = partners.propose(categories=[need.category], **partners.place_of(household), among=among)
        key = (need.tenant_id, partner.pk if partner else None, _agreement([need]), _kind([need.category]))
        groups.setdefault(key, []).append(need)

    candidates: list[str] = []
    taken: set[str] = set()
    waiting: dict[Group, Referral] = {}
    while len(candidates) < 4 * len(groups):
        drawn = _candidate_references(now, 8)
        candidates += drawn
        for referral in Referral.objects.filter(Q(case=case, state=State.DRAFT) | Q(reference__in=drawn)):
            taken.add(referral.reference)
            if referral.case_id == case.pk and referral.state == State.DRAFT:
                waiting[(referral.tenant_id, referral.partner_id, referral.agreement, referral.kind)] = referral
    free = (reference for reference in candidates if reference not in taken)

    new: list[Referral] = []
    result: list[tuple[Referral, list[Need]]] = []
    for key, group in groups.items():
        tenant_id, partner_id, agreement, kind = key
        level = min(need.level for need in group)
        if key in waiting:
            _extend(waiting[key], group, now, household.department)
            result.append((waiting[key], group))
            continue
        referral = Referral(
            reference=next(free),
            case=case,
            tenant_id=tenant_id,
            partner_id=partner_id,
            kind=kind,
            level=level,
            due_at=deadlines.due(State.DRAFT, level, now, household.department),
            facts=_facts(group),
            agreement=agreement,
            agreement_by=by if agreement == Agreement.YES else None,
            agreement_at=now if agreement == Agreement.YES else None,
            agreement_how=Referral.AgreementHow.CALL if agreement == Agreement.YES else "",
            created_by=by,
            created_at=now,
        )
        new.append(referral)
        result.append((referral, group))
    for referral in new:
        referral.save(force_insert=True)
    _hand_over(result, by=by, now=now, new=new)
    return [referral for referral, _ in result]


def _kind(categories: Iterable[str]) -> str:
    return Referral.Kind.REGISTER if set(categories) == {categories_of_need.REGISTER} else Referral.Kind.HELP


def _agreement(needs: Iterable[Need]) -> str:
    """Yes when the tenant said yes to all of them; no when to one; blank while unasked or thinking."""
    said = {need.consent for need in needs}
    if said == {Need.Consent.YES}:
        return Agreement.YES
    return Agreement.NO if Need.Consent.NO in said else ""


def _candidate_references(now: datetime, count: int) -> list[str]:
    """« S-2026-482913 »: drawn at random, so that it tells nobody how many there are."""
    return [f"S-{now.year}-{secrets.randbelow(900_000) + 100_000}" for _ in range(count)]


def _facts(needs: Iterable[Need]) -> str:
    lines = (f"{categories_of_need.label(need.category)} ({Level(need.level).label})" for need in needs)
    return "\n".join(dict.fromkeys(lines))[:FACTS]


def _extend(referral: Referral, needs: list[Need], now: datetime, department: str) -> None:
    """Add needs to a waiting draft: level, facts and deadline follow; a first approval no longer stands."""
    facts = _facts(needs)
    if facts not in referral.facts:
        referral.facts = f"{referral.facts}\n{facts}".strip()[:FACTS]
    referral.level = min(referral.level, *(need.level for need in needs))
    # A more urgent need brings the reading forward; a lesser one never puts it off.
    due = deadlines.due(State.DRAFT, referral.level, now, department)
    referral.due_at = min(moment for moment in (referral.due_at, due) if moment)
    referral.first_approval_by = None
    referral.save(update_fields=["facts", "level", "due_at", "first_approval_by"])


def _hand_over(
    result: list[tuple[Referral, list[Need]]], *, by: User | None, now: datetime, new: list[Referral]
) -> None:
    """Link needs to their referrals, mark them « signalé », and write the timeline."""
    link = Referral.needs.through
    created = {referral.pk for referral in new}
    needs = [need for _, group in result for need in group]
    waiting = [need for need in needs if need.state != Need.State.REFERRED]
    if waiting:
        Need.objects.filter(pk__in=[need.pk for need in waiting]).update(state=Need.State.REFERRED)
    for need in waiting:
        need.state = Need.State.REFERRED
    links = [link(referral_id=referral.pk, need_id=need.pk) for referral, group in result for need in group]
    link.objects.bulk_create(links, ignore_conflicts=True)
    ReferralEvent.objects.bulk_create(
        ReferralEvent(
            referral=referral,
            at=now,
            by=by,
            actor=Actor.USER if by else Actor.SYSTEM,
            action="drafted" if referral.pk in created else "extended",
            to_state=State.DRAFT,
        )
        for referral, _ in result
    )


@transaction.atomic
def draft_by_hand(
    *,
    case: Case,
    tenant: Tenant | None,
    categories: list[str],
    level: str,
    facts: str = "",
    partner: Partner | None = None,
    by: User,
    now: datetime,
) -> Referral:
    """A coordinator starts a referral for somebody of a household.

    Conditions: at least one category; the tenant lives in this household. Open needs of these categories are taken
    in, missing ones are created. Without ``partner`` the closest one is proposed. Errors: ReferralError.
    """
    if not categories:
        raise ReferralError("Choisissez au moins un besoin.", "categories")
    if categories_of_need.REGISTER in categories and len(set(categories)) > 1:
        raise ReferralError("L'inscription au registre se demande à part : faites deux signalements.", "categories")
    household = case.household
    if tenant is not None and tenant.household_id != household.pk:
        raise ReferralError("Cette personne n'habite pas ce foyer.", "tenant")
    open_needs = {
        need.category: need for need in Need.objects.open().filter(case=case, tenant=tenant, category__in=categories)
    }
    needs = [
        open_needs.get(category)
        or Need(case=case, tenant=tenant, category=category, level=level, state=Need.State.REFERRED, created_at=now)
        for category in categories
    ]
    Need.objects.bulk_create([need for need in needs if not need.pk])
    partner = partner or partners.propose(categories=categories, **partners.place_of(household))
    candidates = _candidate_references(now, 4)
    taken = set(Referral.objects.filter(reference__in=candidates).values_list("reference", flat=True))
    referral = Referral.objects.create(
        reference=next(reference for reference in candidates if reference not in taken),
        case=case,
        tenant=tenant,
        partner=partner,
        kind=_kind(categories),
        level=level,
        facts=facts.strip()[:FACTS] or _facts(needs),
        due_at=deadlines.due(State.DRAFT, level, now, household.department),
        created_by=by,
        created_at=now,
    )
    _hand_over([(referral, needs)], by=by, now=now, new=[referral])
    record("referral.drafted", referral, by=by)
    return referral


@transaction.atomic
def edit(*, referral: Referral, by: User, now: datetime, **fields: Any) -> Referral:
    """Change a draft.

    Conditions: still a draft. Steps: the given fields alone; whoever changes the agreement has collected it; what
    the tenant said is kept with the needs; a first approval no longer stands, since the text it approved changed.
    Errors: StateError once approved; ReferralError for an unknown field.
    """
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise ReferralError(f"Champs inconnus : {', '.join(sorted(unknown))}")
    changed = {name: value for name, value in fields.items() if getattr(referral, name) != value}
    if not changed:
        return referral
    if any(name in changed for name in AGREEMENT_FIELDS):
        changed |= {"agreement_by": by}
    if "level" in changed:
        start = referral.created_at if deadlines.is_urgent(changed["level"]) else now
        changed["due_at"] = deadlines.due(State.DRAFT, changed["level"], start, referral.case.household.department)
    changed["first_approval_by"] = None
    if not Referral.objects.filter(pk=referral.pk, state=State.DRAFT).update(**changed):
        raise StateError("Ce signalement n'est plus à relire : il a été approuvé ou retiré.")
    for name, value in changed.items():
        setattr(referral, name, value)
    if "agreement" in changed:
        consent = {Agreement.YES: Need.Consent.YES, Agreement.NO: Need.Consent.NO}.get(changed["agreement"])
        if consent:
            referral.needs.update(consent=consent)
    note_event(referral, "edited", actor=Actor.USER, by=by, now=now, from_state=State.DRAFT, to_state=State.DRAFT)
    record("referral.edited", referral, by=by)
    return referral
