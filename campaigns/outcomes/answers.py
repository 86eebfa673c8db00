"""What the answers ask for, beside the outcome: a plan started or ended, needs, referral drafts, a neighbour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from campaigns import followups, referrals, scripts
from campaigns.models import Call, Case, FollowUpPlan, Need, Referral
from campaigns.models.levels import Level
from campaigns.outcomes.table import TABLE, Situation
from campaigns.outcomes.writing import apply
from solidarites.models import User
from tenants.models import Tenant


def draw(
    *,
    call: Call,
    case: Case,
    situation: Situation,
    reading: scripts.Reading,
    people: list[Tenant],
    tenant: Tenant | None,
    rhythm: followups.Rhythm | None,
    consents: Mapping[str, str],
    language: str,
    by: User,
) -> list[Need]:
    """Write everything that follows from a call that counts; the needs heard, whatever became of them.

    Inside the transaction that records it; ``case`` is locked and saved here. Raises FollowUpError when the plan wished
    for cannot be held.
    """
    now, rule = situation.now, TABLE[call.outcome]
    if call.outcome == "completed":
        situation = _with_plan(case, call, situation, reading, rhythm, by)
    call.is_attempt = rule.attempt and not situation.tried_today
    if rule.reached and "neighbour" in reading.opens:
        case.neighbour_told_at = now
    apply(call=call, case=case, situation=situation, by=by, tenant=tenant, language=language)
    if call.outcome == "completed" and call.kind == Case.Kind.CALL_BACK_AFTER_REFERRAL:
        Referral.objects.filter(case=case, state=Referral.State.ANSWERED, called_back_at=None).update(
            called_back_at=now
        )
    needs = write_needs(call, case, needs_heard(call.outcome, reading), people, consents, now)
    draft_referrals(call, needs, by, now)
    return needs


def _with_plan(
    case: Case,
    call: Call,
    situation: Situation,
    reading: scripts.Reading,
    rhythm: followups.Rhythm | None,
    by: User,
) -> Situation:
    now = situation.now
    if reading.ends_plan and situation.plan:
        if situation.due is not None:
            followups.mark_called(due=situation.due, call=call, now=now)
        followups.end_plans(case=case, reason=FollowUpPlan.EndReason.TENANT, now=now, by=by)
        return replace(situation, plan=False, due=None)
    if rhythm is None or situation.over:
        return situation
    followups.create_plan(case=case, rhythm=rhythm, by=by, now=now)
    return replace(situation, plan=True)


def needs_heard(outcome: str, reading: scripts.Reading) -> list[scripts.HeardNeed]:
    """Those that count: of a conversation, all; when the line was cut or somebody else spoke, the vital ones."""
    reached = TABLE[outcome].reached if outcome in TABLE else False
    return [need for need in reading.needs if reached or need.level == Level.U0]


def write_needs(
    call: Call,
    case: Case,
    heard: list[scripts.HeardNeed],
    people: list[Tenant],
    consents: Mapping[str, str],
    now: datetime,
) -> list[Need]:
    """One need per person and category, at its most urgent level; one already open takes the new call and level.

    Those that ``draft_referrals`` takes are « signalé » from the start.
    """
    if not heard:
        return []
    existing = {(need.tenant_id, need.category): need for need in case.needs.open()}
    written: list[Need] = []
    for (tenant_id, category), level in sorted(worst(heard, people).items(), key=lambda item: (item[1], item[0][1])):
        need = existing.get((tenant_id, category))
        if need is None:
            need = Need(case=case, tenant_id=tenant_id, category=category, created_at=now)
        need.call, need.level, need.consent = call, level, consent_to(category, consents)
        need.state = Need.State.REFERRED if is_referred(need.consent, level) else Need.State.OPEN
        need.save()
        written.append(need)
    return written


def worst(heard: list[scripts.HeardNeed], people: list[Tenant]) -> dict[tuple[int | None, str], str]:
    """The most urgent level heard for each person and category; the household's needs are the eldest's."""
    default = people[0].pk if people else None
    found: dict[tuple[int | None, str], str] = {}
    for one in heard:
        key = (int(one.person) if one.person else default, one.category)
        found[key] = min(found.get(key, one.level), one.level)
    return found


def consent_to(category: str, consents: Mapping[str, str]) -> str:
    consent = consents.get(category, Need.Consent.UNASKED)
    return consent if consent in Need.Consent.values else Need.Consent.UNASKED


def is_referred(consent: str, level: str) -> bool:
    """A draft waits for the coordinator, unless the tenant said no or is thinking and nothing is urgent."""
    return consent in (Need.Consent.YES, Need.Consent.UNASKED) or level in (Level.U0, Level.U1)


def draft_referrals(call: Call, needs: list[Need], by: User, now: datetime) -> None:
    wanted = [need for need in needs if is_referred(need.consent, need.level)]
    if wanted:
        referrals.draft_for_call(call=call, needs=wanted, by=by, now=now)
