"""The table of outcomes: what each one decides, from a Situation alone; nothing is read nor written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from campaigns import followups
from campaigns.common import retries
from campaigns.common.calendar import AFTERNOON, EVENING, MIDDAY, MORNING, Calendar, day_label, moment_label
from campaigns.models import Call, Case, DueCall, FollowUpPlan
from tenants.models import PhoneNumber, Tenant

BUSY_GRACE = timedelta(minutes=10)
STAYS_CLOSED = "le dossier reste clos, aucun appel n'est planifié"
# After a danger: due within two hours, for the volunteer first, then for everybody; before this hour of the evening.
SAFETY_WITHIN, SAFETY_PAUSE, SAFETY_UNTIL = timedelta(hours=2), timedelta(hours=1), time(20)


class Way(StrEnum):
    """How the caller's screen leads to an outcome, in its order."""

    SCRIPT = "script"  # an answer of the script, or its end
    QUICK = "quick"  # one button
    MORE = "more"  # behind « Autre issue »
    LANGUAGE = "language"  # there too, and asks which one
    HOSPITAL = "hospital"  # asks of whom
    CLOSING = "closing"  # closes a person: the name is confirmed on a page of its own


@dataclass(frozen=True)
class Rule:
    """One line of the table of docs/regles.md#issues."""

    code: Call.Outcome
    way: Way
    # Counts against the attempts of the campaign.
    attempt: bool
    decide: Callable[[Situation], Decision]
    button: str = ""

    @property
    def label(self) -> str:
        return str(self.code.label)

    @property
    def reached(self) -> bool:
        return self.code in Call.REACHED


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
    busy_pause: timedelta = retries.BUSY_PAUSE
    busy_a_day: int = retries.BUSY_A_DAY
    soft_refusal_days: int = retries.SOFT_REFUSAL_DAYS
    hospital_days: int = retries.HOSPITAL_DAYS
    # Another number of the household that may be dialled, and whether one was never tried.
    other_number: bool = False
    untried_number: bool = False
    plan: bool = False
    running_plan: FollowUpPlan | None = None
    due: DueCall | None = None
    callback_at: datetime | None = None
    speaker: bool = False
    # The household asked never to be called: whatever is heard when it rings back, nothing is planned.
    opposed: bool = False
    # Everybody died, moved or entered a care home: whoever rings back, a coordinator decides.
    nobody: bool = False
    # The campaign is over, or the household is called in another one: why the case stays closed, whatever is heard.
    over: str = ""
    # A danger heard in this call; one of an earlier call of the day, that nobody has settled yet.
    vital: bool = False
    unsettled: bool = False

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
    urgent: bool = False
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
    next_due = s.running_plan.next_due_at if s.running_plan else None
    instead = ", à la place des appels de suivi d'ici là" if at and next_due and next_due <= at else ""
    return Decision(
        kind=Case.Kind.CALLBACK,
        at=at,
        volunteer_id=s.by_id,
        anyone_from=at + retries.CALLBACK_GRACE if at else None,
        text=f"rappel {moment_label(at, s.now, s.calendar.tz)}{instead}" if at else "vous choisissez le moment",
    )


def _soft_refusal(s: Situation) -> Decision:
    if s.soft_refusals:
        text = "le suivi s'arrête, dossier clos" if s.plan else "dossier clos"
        return Decision(status=Case.Status.CLOSED, reason="refused", text=text)
    at = retries.after_days(s.calendar, s.now, s.soft_refusal_days)
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
    at = retries.busy_again(s.calendar, s.now, busy_today=s.busy_today, pause=s.busy_pause, a_day=s.busy_a_day)
    if at is None:
        return _no_answer(s)
    return Decision(
        kind=Case.Kind.FOLLOW_UP if s.due is not None else Case.Kind.RETRY,
        at=at,
        volunteer_id=s.by_id,
        anyone_from=at + BUSY_GRACE,
        busy=True,
        text=f"rappel dans {int(s.busy_pause.total_seconds() // 60)} minutes",
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
    at = retries.after_days(s.calendar, s.now, s.hospital_days)
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


def safety_call_at(calendar: Calendar, now: datetime) -> datetime:
    """In an hour, so that everybody still has time within the two; half an hour before the evening at the latest.

    Once the evening has come, in an hour all the same: it is never put off to another day.
    """
    evening = calendar.at(calendar.local(now).date(), SAFETY_UNTIL)
    at = now + SAFETY_PAUSE
    return min(at, max(now, evening - retries.CALLBACK_GRACE)) if now < evening else at


def _safety_call(s: Situation, decision: Decision) -> Decision:
    """The case stays open and is called again within two hours, opening hours or not; a nearer moment is kept."""
    at, latest = decision.at, s.now + SAFETY_WITHIN
    if decision.status != Case.Status.OPEN or at is None or not s.now <= at <= latest:
        at = safety_call_at(s.calendar, s.now)
    return Decision(
        kind=Case.Kind.CALLBACK,
        at=at,
        volunteer_id=s.by_id,
        anyone_from=min(at + retries.CALLBACK_GRACE, latest),
        busy=decision.busy,
        unanswered=decision.unanswered,
        urgent=True,
        text=f"rappel de sécurité {moment_label(at, s.now, s.calendar.tz)}, par vous, puis par toute l'équipe",
    )


_CLOSED_PERSON = _held(Case.Hold.PERSON_CLOSED, "personne notée, la coordination décide pour le foyer")


def _if_any_call(decide: Callable[[Situation], Decision]) -> Callable[[Situation], Decision]:
    """The line of the table, where there still is somebody who may be called."""
    opposed = _closed("opt_out", "plus aucun appel, ce foyer l'a demandé")

    def decided(situation: Situation) -> Decision:
        if situation.opposed:
            return opposed(situation)
        decision = decide(situation)
        if situation.over:
            return (
                decision if decision.status == Case.Status.CLOSED else _closed(situation.over, STAYS_CLOSED)(situation)
            )
        leaves_open = decision.status == Case.Status.OPEN
        return _CLOSED_PERSON(situation) if situation.nobody and leaves_open else decision

    return decided


# In hospital, gone, or opposed: calling this household again would reach nobody, or somebody who refuses it.
_NO_SAFETY_CALL = ("opt_out", "hospitalised", "deceased", "moved", "care_home")


def _safe(rule: Rule) -> Callable[[Situation], Decision]:
    """The line of the table, unless somebody is in danger: heard now, or earlier today and nobody answers."""

    def decided(situation: Situation) -> Decision:
        decision = rule.decide(situation)
        # « Another moment » is no answer to a danger of the same day.
        in_danger = situation.vital or (situation.unsettled and (not rule.reached or rule.code == "callback"))
        return _safety_call(situation, decision) if in_danger and rule.code not in _NO_SAFETY_CALL else decision

    return decided


Outcome = Call.Outcome
TABLE: dict[str, Rule] = {
    rule.code.value: replace(rule, decide=_if_any_call(_safe(rule)))
    for rule in (
        Rule(Outcome.COMPLETED, Way.SCRIPT, False, _completed),
        Rule(Outcome.CALLBACK, Way.SCRIPT, False, _callback, "Rappeler à un autre moment"),
        Rule(Outcome.SOFT_REFUSAL, Way.SCRIPT, False, _soft_refusal),
        Rule(Outcome.REFUSED_CAMPAIGN, Way.SCRIPT, False, _closed("refused", "dossier clos")),
        Rule(Outcome.OPT_OUT, Way.SCRIPT, False, _closed("opt_out", "plus aucun appel")),
        Rule(Outcome.NO_ANSWER, Way.QUICK, True, _no_answer),
        Rule(Outcome.BUSY, Way.QUICK, True, _busy),
        Rule(Outcome.VOICEMAIL_LEFT, Way.QUICK, True, _no_answer, "Message laissé"),
        Rule(Outcome.VOICEMAIL_NONE, Way.QUICK, True, _no_answer),
        Rule(Outcome.WRONG_NUMBER, Way.MORE, False, _wrong_number),
        Rule(Outcome.DISCONNECTED, Way.MORE, False, _wrong_number),
        Rule(Outcome.OTHER_PERSON, Way.MORE, True, _other_person, "Autre personne"),
        Rule(Outcome.CUT_OFF, Way.MORE, True, _busy, "Coupé"),
        Rule(Outcome.UNABLE, Way.MORE, False, _held(Case.Hold.UNABLE, "la coordination décide")),
        Rule(Outcome.LANGUAGE, Way.LANGUAGE, False, _language, "Autre langue"),
        Rule(Outcome.HOSPITALISED, Way.HOSPITAL, False, _hospitalised),
        Rule(Outcome.DECEASED, Way.CLOSING, False, _CLOSED_PERSON),
        Rule(Outcome.MOVED, Way.CLOSING, False, _CLOSED_PERSON),
        Rule(Outcome.CARE_HOME, Way.CLOSING, False, _CLOSED_PERSON),
    )
}


def by(way: Way) -> list[Rule]:
    """The outcomes that the screen offers in this way, in the order of the table."""
    return [rule for rule in TABLE.values() if rule.way == way]


PERSON_STATUS = {
    "deceased": Tenant.Status.DECEASED,
    "moved": Tenant.Status.MOVED,
    "care_home": Tenant.Status.CARE_HOME,
}
NUMBER_VALIDITY = {"wrong_number": PhoneNumber.Validity.WRONG, "disconnected": PhoneNumber.Validity.DISCONNECTED}
