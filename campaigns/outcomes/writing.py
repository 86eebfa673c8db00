"""Writing what an outcome brings: the case's next call, numbers, people, opposition, due call, welfare check."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from campaigns import followups, welfare
from campaigns.models import Call, Case, DueCall, FollowUpPlan, WelfareCheck
from campaigns.outcomes.table import NUMBER_VALIDITY, PERSON_STATUS, TABLE, Decision, Rule, Situation
from solidarites.models import User
from tenants import households
from tenants.models import Confirmation, PhoneNumber, Tenant

TRIED_FIELDS = [
    "attempts",
    "slots_tried",
    "last_attempt_on",
    "busy_today",
    "voicemail_left",
    "soft_refusals",
    "reached_at",
    "last_call_at",
    "last_outcome",
    "language",
    "has_number",
    "neighbour_told_at",
]


def apply(*, call: Call, case: Case, situation: Situation, by: User, tenant: Tenant | None, language: str) -> Decision:
    """Write what the outcome brings, inside the transaction that records it. ``case`` is locked, and saved here.

    The case's claim ends. A number is marked, a person closed, an opposition recorded, a due call settled, a welfare
    check opened, as the table says.
    """
    rule, now = TABLE[call.outcome], situation.now
    decision = rule.decide(situation)
    note_attempt(case, rule, situation, decision, language)
    if call.outcome in NUMBER_VALIDITY and call.phone is not None:
        households.mark_number(phone=call.phone, validity=NUMBER_VALIDITY[call.outcome], now=now, by=by)
        case.has_number = situation.other_number
    if rule.reached and call.phone is not None and call.phone.validity == PhoneNumber.Validity.UNKNOWN:
        call.phone.validity, call.phone.validity_at = PhoneNumber.Validity.CONFIRMED, now
        call.phone.save(update_fields=["validity", "validity_at"])
    move(case, decision, now)
    case.save_moved(*TRIED_FIELDS)
    _settle_due_call(call, case, situation, decision, rule, by)
    if decision.welfare and situation.due is None:
        welfare.open_check(case=case, origin=WelfareCheck.Origin.EXHAUSTED, now=now, by=by)
    if call.outcome == "opt_out":
        _oppose(case, tenant, now, by)
    elif call.outcome in PERSON_STATUS and tenant is not None:
        households.close_person(tenant=tenant, status=PERSON_STATUS[call.outcome], now=now, by=by)
    elif situation.plan and decision.reason == Case.CloseReason.REFUSED:
        followups.end_plans(case=case, reason=FollowUpPlan.EndReason.TENANT, now=now, by=by)
    elif situation.plan and call.outcome in ("hospitalised", "soft_refusal", "callback"):
        _pause_plans(case, decision, situation)
    return decision


def _oppose(case: Case, tenant: Tenant | None, now: datetime, by: User) -> None:
    """For everybody there, or for one of them: the case then waits for a coordinator, who decides for the others."""
    only = [tenant.pk] if tenant is not None else None
    households.record_opposition(household=case.household, tenant_ids=only, now=now, by=by)
    if Confirmation.objects.blocking().filter(household=case.household_id).exists():
        case.set_hold(Case.Hold.TO_CONFIRM)
        case.save_moved()


def note_attempt(case: Case, rule: Rule, situation: Situation, decision: Decision, language: str) -> None:
    now, calendar = situation.now, situation.calendar
    case.last_call_at, case.last_outcome = now, rule.code
    if rule.attempt and situation.due is None:
        if not situation.tried_today:
            case.busy_today = 0
        case.attempts, case.slots_tried = situation.attempts_now, list(situation.slots_now)
        case.last_attempt_on = calendar.local(now).date()
    if decision.busy:
        case.busy_today = situation.busy_today + 1
        case.last_attempt_on = calendar.local(now).date()
    if rule.reached:
        case.reached_at = case.reached_at or now
        case.attempts, case.slots_tried = 0, []
    if rule.code == "voicemail_left":
        case.voicemail_left = True
    if rule.code == "soft_refusal":
        case.soft_refusals += 1
    if rule.code == "language" and situation.speaker:
        case.language = language


def move(case: Case, decision: Decision, now: datetime) -> None:
    if decision.status == Case.Status.CLOSED:
        case.set_closed(decision.reason, now)
    elif decision.status == Case.Status.ON_HOLD:
        case.set_hold(decision.reason)
    else:
        case.set_next(
            kind=decision.kind,
            at=decision.at,
            volunteer_id=decision.volunteer_id,
            anyone_from=decision.anyone_from,
            not_for_id=decision.not_for_id,
            urgent=decision.urgent,
        )
    case.free()


def _settle_due_call(call: Call, case: Case, situation: Situation, decision: Decision, rule: Rule, by: User) -> None:
    due = situation.due
    if due is None:
        return
    if rule.reached and call.outcome != "callback":
        followups.mark_called(due=due, call=call, now=situation.now)
    elif decision.welfare:
        followups.give_up(due=due, case=case, count=decision.unanswered, now=situation.now, by=by)
    elif decision.unanswered:
        # The next try is watched like the call itself.
        DueCall.objects.filter(pk=due.pk).update(
            unanswered=decision.unanswered, grace_until=decision.anyone_from, alerted_at=None
        )
    elif decision.status != Case.Status.OPEN or call.outcome in ("hospitalised", "language") or not case.has_number:
        # A coordinator, or the next round, takes over from this call.
        DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.SKIPPED, done_at=situation.now)


def _pause_plans(case: Case, decision: Decision, situation: Situation) -> None:
    """In hospital, refused for now, or asked for at another moment: that call stands in the place of the plan's own.

    After a refusal, or a moment that was agreed, those of the same day too: nobody is called twice in that day.
    """
    if decision.at is None:
        return
    over, calendar = decision.at, situation.calendar
    if decision.kind == Case.Kind.CALLBACK or decision.not_for_id is not None:
        over = calendar.at(calendar.local(over).date() + timedelta(days=1), time.min)
    for plan in FollowUpPlan.objects.active().filter(case=case).select_related("case__campaign"):
        if plan.next_due_at is not None and plan.next_due_at < over:
            plan.next_due_at = followups.next_due(plan, over - timedelta(microseconds=1))
            plan.save(update_fields=["next_due_at"])
