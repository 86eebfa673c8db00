"""Pending calls: two volunteers called the same household, or a call could not be recorded; a coordinator decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from campaigns import outcomes, scripts, texts
from campaigns.calls.entry import Details
from campaigns.calls.keeping import decided, is_double
from campaigns.calls.reading import CallError, people_of, with_household
from campaigns.calls.recording import finish
from campaigns.common.calendar import NeverOpenError, calendar_of
from campaigns.models import Call, Case
from solidarites import journal
from solidarites.models import User

# How a call left without an outcome may be said to have ended: those that ask for nothing more.
ENDINGS = ("completed", "cut_off", "other_person", "unable", "soft_refusal", "refused_campaign", "opt_out")


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
    call.recorded_at = call.recorded_at or call.saved_at or call.started_at
    return call, case


@transaction.atomic
def accept_pending(*, call_id: int, by: User, now: datetime, outcome: str = "") -> Call:
    """The pending call counts after all: what follows from it is drawn as when it would have been recorded.

    Where the campaign is over, or the household called in another one, its needs, referral drafts, alerts and facts
    about people and numbers are written, and no call is planned. A call left without an outcome takes ``outcome``, one
    of ENDINGS. Raises CallError when it is no longer pending, when the household is being called, without an outcome,
    or when what it asked for is no longer possible.
    """
    call, case = _locked(call_id)
    if case.claimed_by_id is not None and case.claimed_until is not None and case.claimed_until > now:
        raise CallError("call", "Ce foyer est en cours d'appel : attendez la fin de cet appel pour décider.")
    author = call.volunteer or by
    people = people_of(case, since=call.started_at)
    details = Details.of(call)
    if not call.outcome:
        if outcome not in ENDINGS:
            raise CallError("outcome", "Choisissez comment cet appel s'est terminé.")
        call.outcome, call.draft = outcome, details.to_json()
        texts.flag(call, scripts.content_of(call.script_id) if call.script_id else None, now)
    if call.outcome == "callback" and details.callback_at is not None and details.callback_at <= now:
        details = replace(details, callback_at=_next_opening(case, now))
    tenant = next((one for one in case.household.tenants.all() if one.pk == details.tenant_id), None)
    if tenant is None and call.outcome in outcomes.PERSON_STATUS:
        tenant = people[0] if len(people) == 1 else None
    finish(call, case, author, now, reading_of(call, people), people, tenant, details)
    journal.of_case("call.accepted", case, call, by=by)
    decided(call=call, solution="L'appel compte.", by=by, now=now)
    return call


def _next_opening(case: Case, now: datetime) -> datetime | None:
    """The moment agreed is over: the next one at which the campaign calls, if it still does."""
    try:
        return calendar_of(case.campaign, case.region).next_opening(now)
    except NeverOpenError:
        return None


def reading_of(call: Call, people: list) -> scripts.Reading:
    """What the answers of a call mean, by the version of the script it was made with."""
    if call.script_id is None:
        return scripts.Reading()
    return scripts.content_of(call.script_id).read(call.answers, [str(tenant.pk) for tenant in people])


@transaction.atomic
def merge_pending(*, call_id: int, by: User, now: datetime) -> Call:
    """What the pending call heard is added to the household, its outcome is not.

    Needs, referral drafts and a helpful neighbour are kept; the next call stays what it is: what the other volunteer's
    call made it, or none. Raises CallError when it is no longer pending.
    """
    call, case = _locked(call_id)
    people = people_of(case, since=call.started_at)
    reading = reading_of(call, people)
    # Left without an outcome: whoever told a need was there to tell it.
    reached = outcomes.TABLE[call.outcome].reached if call.outcome in outcomes.TABLE else bool(reading.needs)
    heard = reading.needs if reached else outcomes.needs_heard(call.outcome, reading)
    needs = outcomes.write_needs(call, case, heard, people, Details.of(call).consents, now)
    outcomes.draft_referrals(call, needs, call.volunteer or by, now)
    if reached:
        changed = {"reached_at": case.reached_at or call.recorded_at}
        if "neighbour" in reading.opens:
            changed["neighbour_told_at"] = now
        Case.objects.filter(pk=case.pk).update(**changed)
    call.state = Call.State.MERGED
    call.save(update_fields=["state", "recorded_at"])
    journal.of_case("call.merged", case, call, by=by)
    decided(call=call, solution="Ce qui a été dit est joint au dossier.", by=by, now=now)
    return call


def _speaks_alone(call: Call, case: Case) -> bool:
    """Left without an outcome, or kept because its campaign or its case was closed, and not because of another call."""
    closed = not case.campaign.is_running or case.status == Case.Status.CLOSED
    return not call.outcome or (closed and not is_double(call, case))


@transaction.atomic
def drop_pending(*, call_id: int, by: User, now: datetime, reason: str = "") -> Call:
    """The pending call does not count: kept in the history, nothing follows.

    Raises CallError when it is already decided, or without a ``reason`` when no other call speaks for the household.
    """
    call, case = _locked(call_id)
    if reason not in Call.DropReason.values and _speaks_alone(call, case):
        raise CallError("reason", "Choisissez pourquoi cet appel est écarté.")
    call.state, call.dropped_because = Call.State.DROPPED, reason if reason in Call.DropReason.values else ""
    call.save(update_fields=["state", "dropped_because", "recorded_at"])
    journal.of_case("call.dropped", case, call, by=by, reason=reason[:8])
    decided(call=call, solution="L'appel est écarté.", by=by, now=now)
    return call
