"""record_call(): the only door by which a call is recorded."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns import followups, outcomes, scripts, texts
from campaigns.alerts import dangers
from campaigns.calls import keeping, undo
from campaigns.calls.drafts import raise_answer_alerts
from campaigns.calls.entry import Details, Entry
from campaigns.calls.reading import (
    COMMENT_LIMIT,
    CallError,
    check_callback,
    people_of,
    phone_to_dial,
    script_of,
    with_household,
)
from campaigns.models import Call, Case, FollowUpPlan
from campaigns.queue import NotYoursError
from campaigns.team import debriefs
from solidarites import journal
from solidarites.models import User
from tenants.models import Household, PhoneNumber, Tenant

# All but what a call is from its first minute.
_CALL_FIELDS = tuple(
    field.name
    for field in Call._meta.concrete_fields
    if field.name not in ("id", "case", "volunteer", "submission", "started_at")
)


@transaction.atomic
def record_call(
    *,
    case_id: int,
    by: User,
    submission: uuid.UUID,
    entry: Entry,
    now: datetime,
    household: Household | None = None,
) -> Call:
    """Record one attempt and everything that follows from it, once per ``submission``.

    Conditions: the volunteer was given the case (its draft proves it). A claim that expired and was not taken is still
    good. When the campaign or the case was closed meanwhile, or when another volunteer took the case or recorded it,
    the call is kept as PENDING: nothing follows until a coordinator decides. With a vital alert open nothing more is
    asked: the case stays open, a safety call is due within two hours. Who died, moved or entered a care home is named.
    Steps: lock the case; find the same submission; check the form; save the call; needs, alerts, plan, outcome,
    referral drafts; texts to look at again; a debrief for who was touched; journal.
    ``household`` is the case's with its people and numbers, when the caller has just read them.
    Raises CallError (a French message at a field), NotYoursError when the case was never given to ``by``.
    """
    try:
        case = with_household(case_id, lock=True, household=household)
    except Case.DoesNotExist:
        raise NotYoursError("Ce dossier n'existe plus.") from None
    # With whether a vital alert is open in its case: nearly never, and then none is read.
    alarmed = Exists(dangers.unsettled(OuterRef("case_id")))
    call = Call.objects.filter(submission=submission, case=case, volunteer=by).annotate(alarmed=alarmed).first()
    if call is None:
        raise NotYoursError("Ce dossier ne vous est pas confié.")
    if not call.is_unfinished:
        return call  # posted twice: the first of the two was recorded
    call.case, left = case, call.state == Call.State.PENDING
    people = people_of(case, since=call.started_at)
    keys = [str(tenant.pk) for tenant in people]
    script_id, content = script_of(case, call)
    call.answers = content.clean(entry.answers, keys) if content is not None else {}
    reading = content.read(call.answers, keys) if content is not None else scripts.Reading()
    danger = dangers.danger_of(call, reading, now, None if getattr(call, "alarmed", True) else [])
    tenant = check_form(case, entry, reading, now, vital=danger.vital)
    call.outcome, call.comment, call.script_id = entry.outcome, clean_comment(entry.comment), script_id
    call.phone = _phone(case, entry.phone_id)
    call.direction, call.touched_me = entry.direction, entry.touched_me
    call.recorded_at = call.saved_at = now
    call.draft = entry.details.to_json()
    if not _still_good(case, call, by):
        keeping.keep(call=call, case=case, reading=reading, by=by, now=now)
    else:
        finish(call, case, by, now, reading, people, tenant, entry.details, danger=danger)
        if left:
            keeping.decided(call=call, solution="Appel terminé par la personne qui l'avait commencé.", by=by, now=now)
    texts.flag(call, content, now)
    if entry.touched_me:
        debriefs.ask(call=call, by=by, now=now)
    return call


def clean_comment(comment: str) -> str:
    return comment.replace("\x00", "").strip()


def check_form(
    case: Case, entry: Entry, reading: scripts.Reading, now: datetime, *, vital: bool = False
) -> Tenant | None:
    """The person a closing outcome speaks of, if any. Raises CallError at the field that is wrong.

    With a vital alert open no answer is missing, and the safety call needs no agreed moment. Who is closed is named,
    even where one person lives: a slip of the finger closes nobody.
    """
    outcome, details = entry.outcome, entry.details
    if outcome not in outcomes.TABLE:
        raise CallError("outcome", "Indiquez comment l'appel s'est terminé.")
    if len(entry.comment.strip()) > COMMENT_LIMIT:
        raise CallError("comment", f"{COMMENT_LIMIT} caractères au plus.")
    if outcome == "callback" and not vital:
        check_callback(case, details.callback_at, now)
    if outcome == "completed" and reading.missing and not vital:
        question, person = reading.missing[0]
        raise CallError(
            f"q-{question.key}-{person}" if person else f"q-{question.key}", "Cette question attend une réponse."
        )
    if outcome not in outcomes.PERSON_STATUS and outcome not in ("hospitalised", "opt_out"):
        return None
    present = [tenant for tenant in case.household.tenants.all() if tenant.status == Tenant.Status.PRESENT]
    chosen = next((tenant for tenant in present if tenant.pk == details.tenant_id), None)
    if outcome == "opt_out":
        # For both, unless one of several said it for themselves alone.
        return chosen if len(present) > 1 else None
    if chosen is None and len(present) == 1 and outcome not in outcomes.PERSON_STATUS:
        return present[0]
    if chosen is None:
        raise CallError("tenant_id", "Précisez de quelle personne il s'agit.")
    return chosen


def _phone(case: Case, phone_id: int | None) -> PhoneNumber | None:
    phones = {phone.pk: phone for phone in case.household.phones.all()}
    return phones.get(phone_id) if phone_id else phone_to_dial(case)


def _still_good(case: Case, call: Call, by: User) -> bool:
    """The campaign goes on; held by ``by``, or by nobody with nothing recorded since the draft began."""
    if not case.campaign.is_running:
        return False
    if case.claimed_by_id == by.pk:
        return True
    if case.claimed_by_id is not None or case.status not in Case.ALIVE:
        return False
    return not Call.objects.recorded().filter(case=case, recorded_at__gt=call.started_at).exists()


def finish(
    call: Call,
    case: Case,
    by: User,
    now: datetime,
    reading: scripts.Reading,
    people: list[Tenant],
    tenant: Tenant | None,
    details: Details,
    *,
    again: bool = False,
    danger: dangers.Danger | None = None,
) -> None:
    """Everything that follows from a call that counts, inside the transaction that records, accepts or corrects it.

    ``now`` is the moment of the call. Both photographs of the case are kept with it, for a correction (``again``),
    which has its own journal row.
    """
    call.state, call.kind = Call.State.RECORDED, case.next_call_kind
    situation = outcomes.situation_of(
        case,
        by=by,
        now=now,
        phone=call.phone,
        callback_at=details.callback_at,
        language=details.language,
        danger=danger or dangers.danger_of(call, reading, now),
    )
    before = undo.photograph(case, phone=call.phone, due=situation.due, plan=situation.running_plan)
    try:
        outcomes.draw(
            call=call,
            case=case,
            situation=situation,
            reading=reading,
            people=people,
            tenant=tenant,
            rhythm=details.follow_up,
            consents=details.consents,
            language=details.language,
            by=by,
        )
    except followups.FollowUpError as error:
        raise CallError("follow_up", str(error)) from error
    # Whatever the outcome: the line may be cut in the middle of a danger.
    raise_answer_alerts(call, case, reading.alerts, by, now)
    call.undo = {
        "before": before,
        "after": _after(call, case, situation, details),
        "people": [one.pk for one in people],
    }
    call.save(update_fields=_CALL_FIELDS)
    if not again:
        journal.of_case("call.recorded", case, call, by=by, outcome=call.outcome)


def _after(call: Call, case: Case, situation: outcomes.Situation, details: Details) -> undo.Photo:
    """The case once everything was written; its plan and due call are read again only when there are some."""
    plan, due = situation.running_plan, situation.due
    if plan is not None or (call.outcome == "completed" and details.follow_up is not None):
        plan = FollowUpPlan.objects.filter(case=case).order_by("-pk").first()
    if due is not None:
        due.refresh_from_db()
    return undo.photograph(case, phone=call.phone, due=due, plan=plan)
