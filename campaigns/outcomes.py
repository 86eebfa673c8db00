"""Outcome → what happens next: one table, read by the code and by the labels of the buttons alike.

``decide`` is pure: it reads a Situation and says what follows; ``apply`` writes it. The label on a button is
the text of the decision that pressing it would take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns import followups, retries, welfare
from campaigns.calendar import AFTERNOON, EVENING, MIDDAY, MORNING, Calendar, calendar_of, day_label, moment_label
from campaigns.cases import CLAIM_FIELDS, NEXT_FIELDS, STATE_FIELDS, free, set_closed, set_hold, set_next
from campaigns.models import Call, Campaign, Case, DueCall, FollowUpPlan, WelfareCheck
from solidarites.models import User
from tenants import households
from tenants.models import PhoneNumber, Tenant

CALLBACK_GRACE = timedelta(minutes=30)
BUSY_GRACE = timedelta(minutes=10)
REACHED, NOT_REACHED, CLOSING = "reached", "not_reached", "closing"


@dataclass(frozen=True)
class Rule:
    """One line of product.md section 7."""

    code: str
    label: str
    group: str
    # The household is reached when somebody living there spoke with a volunteer.
    reached: bool
    # Counts against the attempts of the campaign.
    attempt: bool
    decide: Callable[[Situation], Decision]
    button: str = ""


@dataclass(frozen=True)
class Situation:
    """All that a decision depends on."""

    calendar: Calendar
    now: datetime
    by_id: int
    kind: str = Case.Kind.FIRST
    attempts: int = 0
    slots_tried: tuple[str, ...] = ()
    tried_today: bool = False
    busy_today: int = 0
    soft_refusals: int = 0
    gaps: tuple[int, ...] = (1, 3, 6)
    cap: int = 4
    # Another number of the household that may be dialled, and whether one was never tried.
    other_number: bool = False
    untried_number: bool = False
    plan: bool = False
    due: DueCall | None = None
    callback_at: datetime | None = None
    speaker: bool = False

    @property
    def attempts_now(self) -> int:
        """The attempts once this one is counted: one a day, and both numbers before a second one."""
        if self.tried_today or (self.attempts == 1 and self.untried_number):
            return max(self.attempts, 1)
        return self.attempts + 1

    @property
    def slots_now(self) -> tuple[str, ...]:
        slot = self.calendar.slot_of(self.now)
        return (*(tried for tried in self.slots_tried if tried != slot), slot)


@dataclass(frozen=True)
class Decision:
    """What follows from an outcome."""

    status: str = Case.Status.OPEN
    reason: str = ""
    kind: str = Case.Kind.RETRY
    at: datetime | None = None
    volunteer_id: int | None = None
    anyone_from: datetime | None = None
    not_for_id: int | None = None
    welfare: bool = False
    busy: bool = False
    unanswered: int = 0
    text: str = field(default="", compare=False)


# Decisions ---------------------------------------------------------------------------------------------


def _closed(reason: str, text: str) -> Callable[[Situation], Decision]:
    return lambda situation: Decision(status=Case.Status.CLOSED, reason=reason, text=text)


def _held(reason: str, text: str) -> Callable[[Situation], Decision]:
    return lambda situation: Decision(status=Case.Status.ON_HOLD, reason=reason, text=text)


def _completed(s: Situation) -> Decision:
    if s.plan:
        return Decision(kind=Case.Kind.FOLLOW_UP, at=None, text="le suivi continue")
    return Decision(status=Case.Status.CLOSED, reason="completed", text="dossier clos")


def _callback(s: Situation) -> Decision:
    at = s.callback_at
    return Decision(
        kind=Case.Kind.CALLBACK,
        at=at,
        volunteer_id=s.by_id,
        anyone_from=at + CALLBACK_GRACE if at else None,
        text=f"rappel {moment_label(at, s.now, s.calendar.tz)}" if at else "vous choisissez le moment",
    )


def _soft_refusal(s: Situation) -> Decision:
    if s.soft_refusals:
        return Decision(status=Case.Status.CLOSED, reason="refused", text="dossier clos")
    at = retries.after_days(s.calendar, s.now, retries.SOFT_REFUSAL_DAYS)
    return Decision(at=at, not_for_id=s.by_id, text=f"rappel par quelqu'un d'autre {_when(s, at)}")


def _no_answer(s: Situation) -> Decision:
    if s.due is not None:
        return _unanswered(s)
    at = retries.next_attempt(
        s.calendar, attempts=s.attempts_now, slots_tried=s.slots_now, now=s.now, gaps=s.gaps, cap=s.cap
    )
    if at is None:
        return Decision(
            status=Case.Status.ON_HOLD, reason=Case.Hold.WELFARE, welfare=True, text="ouverture d'une veille"
        )
    return Decision(at=at, text=f"rappel {_when(s, at)}")


def _unanswered(s: Situation) -> Decision:
    assert s.due is not None  # noqa: S101 - the caller looked
    count, at = followups.unanswered_next(s.due, s.calendar, s.now)
    if at is None:
        return Decision(
            status=Case.Status.ON_HOLD,
            reason=Case.Hold.WELFARE,
            welfare=True,
            unanswered=count,
            text="ouverture d'une veille et alerte",
        )
    return Decision(
        kind=Case.Kind.FOLLOW_UP,
        at=at,
        volunteer_id=s.due.volunteer_id or s.by_id,
        anyone_from=at + timedelta(minutes=120),
        unanswered=count,
        text=f"rappel {moment_label(at, s.now, s.calendar.tz)}",
    )


def _busy(s: Situation) -> Decision:
    at = retries.busy_again(s.calendar, s.now, busy_today=s.busy_today)
    if at is None:
        return _no_answer(s)
    return Decision(
        kind=Case.Kind.FOLLOW_UP if s.due is not None else Case.Kind.RETRY,
        at=at,
        volunteer_id=s.by_id,
        anyone_from=at + BUSY_GRACE,
        busy=True,
        text="rappel dans 30 minutes",
    )


def _other_person(s: Situation) -> Decision:
    if s.due is not None:
        return _unanswered(s)
    if s.attempts_now >= s.cap:
        return _no_answer(s)
    at = retries.later_today(s.calendar, s.now)
    if at is None:
        tomorrow = s.calendar.add_working_days(s.calendar.local(s.now).date(), 1)
        at = retries.slot_on(s.calendar, tomorrow, avoid=s.slots_now)
    return Decision(at=at, text=f"rappel {_when(s, at)}")


def _wrong_number(s: Situation) -> Decision:
    if s.other_number:
        kind = Case.Kind.FOLLOW_UP if s.due is not None else Case.Kind.RETRY
        return Decision(
            kind=kind, at=s.now, volunteer_id=s.by_id, anyone_from=s.now + BUSY_GRACE, text="essai de l'autre numéro"
        )
    return Decision(kind=Case.Kind.RETRY, at=s.now, text="recherche d'un autre numéro")


def _language(s: Situation) -> Decision:
    if s.speaker:
        return Decision(at=s.now, text="vers une personne qui parle cette langue")
    return Decision(status=Case.Status.ON_HOLD, reason=Case.Hold.LANGUAGE, text="la coordination cherche une personne")


def _hospitalised(s: Situation) -> Decision:
    at = retries.after_days(s.calendar, s.now, retries.HOSPITAL_DAYS)
    return Decision(at=at, text=f"rappel {_when(s, at)}")


def _when(s: Situation, at: datetime) -> str:
    """« mercredi après-midi », « demain matin »: as precise as a retry is."""
    today, day = s.calendar.local(s.now).date(), s.calendar.local(at).date()
    part = {MORNING: "matin", MIDDAY: "midi", AFTERNOON: "après-midi", EVENING: "soir"}[s.calendar.slot_of(at)]
    if day == today:
        return (
            "ce midi"
            if part == "midi"
            else {"matin": "ce matin", "après-midi": "cet après-midi", "soir": "ce soir"}[part]
        )
    return f"{day_label(day, today)} {part}"


_CLOSED_PERSON = _held(Case.Hold.PERSON_CLOSED, "personne notée, la coordination décide pour le foyer")

TABLE: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule("completed", "Échange réalisé", REACHED, True, False, _completed),
        Rule("callback", "Rappel convenu", REACHED, True, False, _callback, "Rappeler à un autre moment"),
        Rule("soft_refusal", "Pas maintenant, un peu vexé(e)", REACHED, True, False, _soft_refusal),
        Rule(
            "refused_campaign", "Ne souhaite pas cette fois", REACHED, True, False, _closed("refused", "dossier clos")
        ),
        Rule("opt_out", "Ne plus jamais appeler", REACHED, True, False, _closed("opt_out", "plus aucun appel")),
        Rule("other_person", "Une autre personne a répondu", NOT_REACHED, False, True, _other_person, "Autre personne"),
        Rule(
            "unable", "Ne peut pas converser", REACHED, True, False, _held(Case.Hold.UNABLE, "la coordination décide")
        ),
        Rule("language", "Parle une autre langue", NOT_REACHED, False, False, _language, "Autre langue"),
        Rule("cut_off", "Appel coupé", NOT_REACHED, False, True, _busy, "Coupé"),
        Rule("busy", "Occupé", NOT_REACHED, False, True, _busy),
        Rule("no_answer", "Pas de réponse", NOT_REACHED, False, True, _no_answer),
        Rule(
            "voicemail_left", "Message laissé sur le répondeur", NOT_REACHED, False, True, _no_answer, "Message laissé"
        ),
        Rule("voicemail_none", "Répondeur, sans message", NOT_REACHED, False, True, _no_answer),
        Rule("wrong_number", "Mauvais numéro", NOT_REACHED, False, False, _wrong_number),
        Rule("disconnected", "Numéro non attribué", NOT_REACHED, False, False, _wrong_number),
        Rule("hospitalised", "Hospitalisé(e)", CLOSING, False, False, _hospitalised),
        Rule("deceased", "Décédé(e)", CLOSING, False, False, _CLOSED_PERSON),
        Rule("moved", "A déménagé", CLOSING, False, False, _CLOSED_PERSON),
        Rule("care_home", "En EHPAD", CLOSING, False, False, _CLOSED_PERSON),
    )
}
PERSON_STATUS = {
    "deceased": Tenant.Status.DECEASED,
    "moved": Tenant.Status.MOVED,
    "care_home": Tenant.Status.CARE_HOME,
}
NUMBER_VALIDITY = {"wrong_number": PhoneNumber.Validity.WRONG, "disconnected": PhoneNumber.Validity.DISCONNECTED}
REACHED_CODES = tuple(code for code, rule in TABLE.items() if rule.reached)
CHOICES = [(code, rule.label) for code, rule in TABLE.items()]


# Reading a case -----------------------------------------------------------------------------------------


def situation_of(
    case: Case,
    *,
    by: User,
    now: datetime,
    phone: PhoneNumber | None = None,
    callback_at: datetime | None = None,
    language: str = "",
) -> Situation:
    """Read what a decision on this case depends on (``case.campaign`` and the household's phones loaded)."""
    calendar = calendar_of(case.campaign, case.region)
    today = calendar.local(now).date()
    others = [other for other in households.usable_phones(case.household) if phone is None or other.pk != phone.pk]
    untried = False
    if case.attempts == 1 and others and phone is not None:
        dialled = set(Call.objects.filter(case=case, state=Call.State.RECORDED).values_list("phone_id", flat=True))
        untried = any(other.pk not in dialled and not other.third_party for other in others)
    return Situation(
        calendar=calendar,
        now=now,
        by_id=by.pk,
        kind=case.next_call_kind,
        attempts=case.attempts,
        slots_tried=tuple(case.slots_tried),
        tried_today=case.last_attempt_on == today,
        busy_today=case.busy_today if case.last_attempt_on == today else 0,
        soft_refusals=case.soft_refusals,
        gaps=tuple(case.campaign.retry_gaps),
        cap=case.campaign.max_attempts,
        other_number=bool(others) and phone is not None,
        untried_number=untried,
        plan=FollowUpPlan.objects.filter(case=case, status=FollowUpPlan.Status.ACTIVE).exists(),
        due=followups.opened_due_call(case),
        callback_at=callback_at,
        speaker=bool(language) and _someone_speaks(case.campaign, language, by),
    )


def _someone_speaks(campaign: Campaign, language: str, by: User) -> bool:
    spoken = (
        campaign.memberships.filter(active=True, user__is_active=True)
        .exclude(user=by)
        .values_list("user__languages", flat=True)
    )
    return any(language in languages for languages in spoken)


def preview(case: Case, *, by: User, now: datetime, phone: PhoneNumber | None = None) -> dict[str, str]:
    """What each outcome would bring, in French, for the labels of the buttons."""
    situation = situation_of(case, by=by, now=now, phone=phone)
    return {code: rule.decide(situation).text for code, rule in TABLE.items()}


# Writing --------------------------------------------------------------------------------------------------


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
]


def apply(*, call: Call, case: Case, situation: Situation, by: User, tenant: Tenant | None, language: str) -> Decision:
    """Write what the outcome brings, inside record_call's transaction. ``case`` is locked, and saved here.

    The case's claim ends. A number is marked, a person closed, an opposition recorded, a due call settled, a welfare
    check opened, as the table says.
    """
    rule, now = TABLE[call.outcome], situation.now
    decision = rule.decide(situation)
    _note_attempt(case, rule, situation, decision, language)
    if call.outcome in NUMBER_VALIDITY and call.phone is not None:
        households.mark_number(phone=call.phone, validity=NUMBER_VALIDITY[call.outcome], now=now, by=by)
        case.has_number = situation.other_number
    if rule.reached and call.phone is not None and call.phone.validity == PhoneNumber.Validity.UNKNOWN:
        PhoneNumber.objects.filter(pk=call.phone.pk).update(validity=PhoneNumber.Validity.CONFIRMED, validity_at=now)
    _move(case, decision, now)
    case.save(update_fields=[*STATE_FIELDS, *NEXT_FIELDS, *CLAIM_FIELDS, *TRIED_FIELDS])
    _settle_due_call(call, case, situation, decision, rule, by)
    if decision.welfare and situation.due is None:
        welfare.open_check(case=case, origin=WelfareCheck.Origin.EXHAUSTED, now=now, by=by)
    if call.outcome == "opt_out":
        households.record_opposition(household=case.household, now=now, by=by)
    elif call.outcome in PERSON_STATUS and tenant is not None:
        households.close_person(tenant=tenant, status=PERSON_STATUS[call.outcome], now=now, by=by)
    elif call.outcome == "refused_campaign" and situation.plan:
        followups.end_plans(case=case, reason=FollowUpPlan.EndReason.TENANT, now=now, by=by)
    elif call.outcome == "hospitalised" and situation.plan:
        _pause_plans(case, decision)
    return decision


def _note_attempt(case: Case, rule: Rule, situation: Situation, decision: Decision, language: str) -> None:
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


def _move(case: Case, decision: Decision, now: datetime) -> None:
    if decision.status == Case.Status.CLOSED:
        set_closed(case, decision.reason, now)
    elif decision.status == Case.Status.ON_HOLD:
        set_hold(case, decision.reason)
    else:
        set_next(
            case,
            kind=decision.kind,
            at=decision.at,
            volunteer_id=decision.volunteer_id,
            anyone_from=decision.anyone_from,
            not_for_id=decision.not_for_id,
        )
    free(case)


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


def _pause_plans(case: Case, decision: Decision) -> None:
    """In hospital: the plan waits for the call that is planned after it."""
    for plan in FollowUpPlan.objects.filter(case=case, status=FollowUpPlan.Status.ACTIVE).select_related(
        "case__campaign"
    ):
        if decision.at is not None and plan.next_due_at is not None and plan.next_due_at < decision.at:
            plan.next_due_at = followups.next_due(plan, decision.at)
            plan.save(update_fields=["next_due_at"])
