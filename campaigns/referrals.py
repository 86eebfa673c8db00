"""Needs handed to a partner: draft, approve, send, follow, close.

Every change of state goes through ``move``: a conditional update from the state it was read in, the timeline
and the journal, in one transaction. TRANSITIONS is the table of the product; anything else is refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from campaigns import needs as categories_of_need
from campaigns import partners
from campaigns.models import Call, Need, Referral, ReferralEvent
from campaigns.models.levels import Level
from solidarites.models import User

State = Referral.State
Agreement = Referral.Agreement
Actor = ReferralEvent.Actor

# Drafting ------------------------------------------------------------------------------------------


def draft_for_call(*, call: Call, needs: list[Need], by: User | None, now: datetime) -> list[Referral]:
    """Turn the needs heard in a call into referrals to be read by a coordinator.

    Inside the transaction (and under the journal row) of the call being recorded. Needs are grouped by tenant,
    proposed partner and what the tenant said of it: a need without agreement never rides on another's. Where
    no partner fits, the draft waits without one. A draft of the same group still waiting takes the needs in.
    The needs become « signalé ». Six queries for a usual call, whatever the number of needs.
    """
    needs = [need for need in needs if need.pk]
    if not needs:
        return []
    case = call.case
    household = case.household
    among = partners.active()
    groups: dict[tuple[int | None, int | None, str], list[Need]] = {}
    for need in needs:
        partner = partners.propose(
            categories=[need.category], insee_code=household.insee_code, department=household.department, among=among
        )
        key = (need.tenant_id, partner.pk if partner else None, _agreement([need]))
        groups.setdefault(key, []).append(need)

    candidates = _candidate_references(now, 4 * len(groups))
    taken: set[str] = set()
    waiting: dict[tuple[int | None, int | None, str], Referral] = {}
    for referral in Referral.objects.filter(case=case, state=State.DRAFT).union(
        Referral.objects.filter(reference__in=candidates)
    ):
        taken.add(referral.reference)
        if referral.case_id == case.pk and referral.state == State.DRAFT:
            waiting[(referral.tenant_id, referral.partner_id, referral.agreement)] = referral
    free = (reference for reference in candidates if reference not in taken)

    new: list[Referral] = []
    result: list[tuple[Referral, list[Need]]] = []
    for key, group in groups.items():
        tenant_id, partner_id, agreement = key
        if key in waiting:
            _extend(waiting[key], group)
            result.append((waiting[key], group))
            continue
        referral = Referral(
            reference=next(free),
            case=case,
            tenant_id=tenant_id,
            partner_id=partner_id,
            level=min(need.level for need in group),
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
    Referral.objects.bulk_create(new)
    _hand_over(result, by=by, now=now, new=new)
    return [referral for referral, _ in result]


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
    return "\n".join(dict.fromkeys(lines))[:600]


def _extend(referral: Referral, needs: list[Need]) -> None:
    """Add needs to a waiting draft: level and facts follow; a first approval no longer stands."""
    facts = _facts(needs)
    if facts not in referral.facts:
        referral.facts = f"{referral.facts}\n{facts}".strip()[:600]
    referral.level = min(referral.level, *(need.level for need in needs))
    referral.first_approval_by = None
    referral.save(update_fields=["facts", "level", "first_approval_by"])


def _hand_over(
    result: list[tuple[Referral, list[Need]]], *, by: User | None, now: datetime, new: list[Referral]
) -> None:
    """Link needs to their referrals, mark them « signalé », and write the timeline: three queries for all."""
    link = Referral.needs.through
    link.objects.bulk_create(
        [link(referral_id=referral.pk, need_id=need.pk) for referral, group in result for need in group],
        ignore_conflicts=True,
    )
    needs = [need for _, group in result for need in group]
    Need.objects.filter(pk__in=[need.pk for need in needs]).update(state=Need.State.REFERRED)
    for need in needs:
        need.state = Need.State.REFERRED
    created = {referral.pk for referral in new}
    ReferralEvent.objects.bulk_create(
        [
            ReferralEvent(
                referral=referral,
                at=now,
                by=by,
                actor=Actor.USER if by else Actor.SYSTEM,
                action="drafted" if referral.pk in created else "extended",
                to_state=State.DRAFT,
            )
            for referral, _ in result
        ]
    )
