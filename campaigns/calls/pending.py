"""Pending calls: two volunteers called the same household, and a coordinator decides."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns import outcomes, scripts
from campaigns.calendar import calendar_of
from campaigns.calls.reading import CallError, people_of, with_household
from campaigns.calls.recording import check_campaign, finish
from campaigns.calls.said import Said
from campaigns.models import Call, Case
from solidarites import journal
from solidarites.models import User


def _locked(call_id: int) -> tuple[Call, Case]:
    """The pending call and its case, both locked. Raises CallError when somebody has already decided."""
    call = Call.objects.filter(pk=call_id, state=Call.State.PENDING).first()
    if call is None:
        raise CallError("call", "Cet appel a déjà été traité.")
    case = with_household(call.case_id, lock=True)
    call = Call.objects.select_for_update(of=("self",)).filter(pk=call_id, state=Call.State.PENDING).first()
    if call is None:
        raise CallError("call", "Cet appel a déjà été traité.")
    call.case = case
    return call, case


@transaction.atomic
def accept_pending(*, call_id: int, by: User, now: datetime) -> Call:
    """The pending call counts after all: what follows from it is drawn as when it would have been recorded.

    Raises CallError when it is no longer pending, or when what it asked for is no longer possible.
    """
    call, case = _locked(call_id)
    check_campaign(case.campaign)
    if case.claimed_by_id is not None and case.claimed_until is not None and case.claimed_until > now:
        raise CallError("call", "Ce foyer est en cours d'appel : attendez la fin de cet appel pour décider.")
    author = call.volunteer or by
    people = people_of(case)
    said = Said.from_json(call.draft)
    if call.outcome == "callback" and said.callback_at is not None and said.callback_at <= now:
        said = Said(
            calendar_of(case.campaign, case.region).next_opening(now),
            said.tenant_id,
            said.language,
            said.follow_up,
            said.consents,
        )
    tenant = next((one for one in case.household.tenants.all() if one.pk == said.tenant_id), None)
    if tenant is None and call.outcome in outcomes.PERSON_STATUS:
        tenant = people[0] if len(people) == 1 else None
    finish(call, case, author, now, reading_of(call, people), people, tenant, said)
    journal.record("call.accepted", call, by=by, campaign_id=case.campaign_id, household_id=case.household_id)
    return call


def reading_of(call: Call, people: list) -> scripts.Reading:
    """What the answers of a call mean, by the version of the script it was made with."""
    if call.script_id is None:
        return scripts.Reading()
    return scripts.content_of(call.script_id).read(call.answers, [str(tenant.pk) for tenant in people])


@transaction.atomic
def merge_pending(*, call_id: int, by: User, now: datetime) -> Call:
    """Both conversations count once: what the pending one heard is added to the household, its outcome is not.

    Needs, referral drafts and a helpful neighbour are kept; the next call stays what the other volunteer's call made
    it. Raises CallError when it is no longer pending, or when the campaign is over.
    """
    call, case = _locked(call_id)
    check_campaign(case.campaign)
    people = people_of(case)
    reading = reading_of(call, people)
    if outcomes.TABLE[call.outcome].reached if call.outcome in outcomes.TABLE else False:
        needs = outcomes.write_needs(call, case, reading.needs, people, Said.from_json(call.draft).consents, now)
        outcomes.draft_referrals(call, needs, call.volunteer or by, now)
        changed = {"reached_at": case.reached_at or call.recorded_at or now}
        if "neighbour" in reading.opens:
            changed["neighbour_told_at"] = now
        Case.objects.filter(pk=case.pk).update(**changed)
    call.state = Call.State.MERGED
    call.save(update_fields=["state"])
    journal.record("call.merged", call, by=by, campaign_id=case.campaign_id, household_id=case.household_id)
    return call


@transaction.atomic
def drop_pending(*, call_id: int, by: User, now: datetime) -> Call:
    """The pending call does not count: kept in the history, nothing follows. Raises CallError when already decided."""
    call = Call.objects.filter(pk=call_id).select_related("case").first()
    changed = Call.objects.filter(pk=call_id, state=Call.State.PENDING).update(state=Call.State.DROPPED)
    if call is None or not changed:
        raise CallError("call", "Cet appel a déjà été traité.")
    call.state = Call.State.DROPPED
    journal.record("call.dropped", call, by=by, campaign_id=call.case.campaign_id, household_id=call.case.household_id)
    return call
