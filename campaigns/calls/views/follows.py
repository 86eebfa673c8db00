"""What recording the call will do, said before it is done; read from the same rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from campaigns import calls, followups, outcomes, scripts
from campaigns.calls.forms import Typed, callback_of, rhythm_of
from campaigns.calls.views.labels import both_clocks, typography
from campaigns.calls.views.place import Place
from campaigns.common import needs
from campaigns.common.calendar import WEEKDAYS, Calendar, calendar_of, clock_label, holiday_name
from campaigns.followups.words import day_words
from campaigns.models import Case, FollowUpPlan, Need
from campaigns.models.levels import Level
from campaigns.referrals import partners
from tenants.models import Tenant

COMPLETED = "completed"


@dataclass(frozen=True)
class Line:
    """One consequence: an icon, words, and how much it matters (« », attention, alert)."""

    icon: str
    text: str
    kind: str = ""


@dataclass
class Follows:
    outcome: str
    label: str
    missing: int = 0
    vital: bool = False
    lines: list[Line] = field(default_factory=list)
    # « Ne plus jamais appeler », where several live: whom it may be said for, and for whom it is.
    for_whom: list[tuple[str, str]] = field(default_factory=list)
    chosen: str = ""


def outcome_of(reading: scripts.Reading) -> str:
    """What « Enregistrer l'appel » records: what the conversation led to, else an exchange."""
    return reading.outcome or COMPLETED


def what_follows(place: Place, typed: Typed, reading: scripts.Reading, situation: outcomes.Situation) -> Follows:
    outcome = outcome_of(reading)
    rule = outcomes.TABLE[outcome]
    missing = len(reading.missing) if outcome == COMPLETED and not situation.vital else 0
    found = Follows(outcome, rule.label, missing=missing, vital=situation.vital)
    if outcome == "opt_out":
        found.for_whom, found.chosen = _for_whom(place), str(typed.fields.get("opposed_id", ""))
    calendar, now = place.calendar, place.now
    if outcome == "callback":
        callback_at, _ = callback_of(typed.fields, calendar)
        situation = replace(situation, callback_at=callback_at)
    rhythm = None
    if outcome == COMPLETED and "follow_up" in reading.opens:
        rhythm, _ = rhythm_of(typed.fields, reading.cadence)
        situation = replace(situation, plan=True)
    elif reading.ends_plan and situation.plan:
        situation = replace(situation, plan=False, due=None)
        found.lines.append(Line("heart", "Le suivi s'arrête, comme la personne le souhaite."))
    if situation.vital:
        text = typography(rule.decide(situation).text)
        found.lines.insert(0, Line("clock", f"{text[:1].upper()}{text[1:]}.", "alert"))
    if rhythm is not None and situation.opposed:
        found.lines.append(Line("heart", f"Suivi : {followups.OPPOSED}", "attention"))
    elif rhythm is not None:
        found.lines.append(_plan_line(place.case, rhythm, calendar, now))
    elif situation.vital:
        pass  # the safety call is all that follows
    elif situation.callback_at is not None and (problem := _unfit(place, situation.callback_at)):
        found.lines.append(Line("clock", problem, "attention"))
    elif outcome == COMPLETED and "follow_up" in reading.opens:
        found.lines.append(Line("heart", "Suivi : il reste à choisir le jour et l'heure.", "attention"))
    else:
        text = rule.decide(situation).text
        if situation.callback_at is not None:
            text = f"rappel {both_clocks(situation.callback_at, now, place.case)}"
        icon = "clock" if situation.callback_at or outcome in ("callback", "soft_refusal") else "check-circle"
        found.lines.append(Line(icon, typography(f"{text[:1].upper()}{text[1:]}.")))
    found.lines += _need_lines(place, typed, outcomes.needs_heard(outcome, reading))
    if reading.propose_follow_up and not situation.plan and rhythm is None and outcome == COMPLETED:
        found.lines.append(
            Line("chat-heart", "Cette personne se sent seule : proposez un lien régulier, sans insister.", "attention")
        )
    return found


def _for_whom(place: Place) -> list[tuple[str, str]]:
    """The people who live there, once there are several."""
    people = [one for one in place.case.household.tenants.all() if one.status == Tenant.Status.PRESENT]
    return [(str(one.pk), one.full_name) for one in people] if len(people) > 1 else []


def _unfit(place: Place, at: datetime) -> str:
    """Why this moment would be refused; nothing when it fits."""
    try:
        calls.check_callback(place.case, at, place.now)
    except calls.CallError as error:
        return error.message
    return ""


def _plan_line(case: Case, rhythm: followups.Rhythm, calendar: Calendar, now: datetime) -> Line:
    try:
        followups.check_rhythm(rhythm, calendar)
    except followups.FollowUpError as error:
        return Line("heart", f"Suivi : {error}", "attention")
    first = first_follow_up(case, rhythm, calendar, now)
    cadence = FollowUpPlan.Cadence(rhythm.cadence).label
    return Line("heart", f"Suivi {cadence}, premier appel par vous {both_clocks(first, now, case)}.")


def first_follow_up(case: Case, rhythm: followups.Rhythm, calendar: Calendar, now: datetime) -> datetime:
    """The first call of the plan that recording would start: a full day ahead at least."""
    today = calendar.local(now).date()
    every_48h = rhythm.cadence == FollowUpPlan.Cadence.EVERY_48H
    plan = FollowUpPlan(
        case=case,
        cadence=rhythm.cadence,
        weekdays=[] if every_48h else sorted(set(rhythm.weekdays)),
        time=rhythm.time,
        starts_on=today + timedelta(days=2 if every_48h else 1),
    )
    first = followups.next_due(plan, calendar.at(today + timedelta(days=1), time.min) - timedelta(microseconds=1))
    assert first is not None  # noqa: S101 - only an end date leaves none
    return first


def _need_lines(place: Place, typed: Typed, heard: list[scripts.HeardNeed]) -> list[Line]:
    worst: dict[str, str] = {}
    for need in heard:
        worst[need.category] = min(worst.get(need.category, need.level), need.level)
    if not worst:
        return []
    consents, household, among = typed.consents(), place.case.household, partners.active()
    lines = []
    for category, level in sorted(worst.items(), key=lambda item: item[1]):
        label = (place.content.needs.get(category) if place.content else "") or needs.label(category)
        partner = partners.propose(categories=[category], **partners.place_of(household), among=among)
        consent = consents.get(category, Need.Consent.UNASKED)
        kind = "alert" if level in (Level.U0, Level.U1) else ""
        delay = Level(level).label.partition(":")[2].strip()
        lines.append(
            Line("flag", f"{label}, {delay} : {_what_becomes(consent, level, partner.name if partner else '')}", kind)
        )
    return lines


def _what_becomes(consent: str, level: str, partner: str) -> str:
    """As record_call decides: a draft waits for the coordinator unless the tenant said no or is thinking."""
    urgent = level in (Level.U0, Level.U1)
    to = f" ({partner})" if partner else ""
    if consent == Need.Consent.YES:
        return f"signalement préparé pour la coordination{to}, avec l'accord de la personne."
    if consent == Need.Consent.UNASKED and level == Level.U0:
        return f"signalement préparé pour la coordination{to}. Danger vital, accord non recherché."
    if consent == Need.Consent.UNASKED:
        return f"signalement préparé pour la coordination{to}. Demandez l'accord de la personne."
    refused = "refus noté" if consent == Need.Consent.NO else "la personne y réfléchit"
    return f"{refused}, la coordination décide car c'est urgent." if urgent else f"{refused}, rien ne part."


def next_follow_up_words(case: Case, has_plan: bool, now: datetime) -> str:
    """« La semaine prochaine, c'est Paul qui vous appellera » and the day moved by a holiday, to be said aloud."""
    if not has_plan:
        return ""
    plan = (
        FollowUpPlan.objects.active().filter(case=case).select_related("backup").prefetch_related("exceptions").first()
    )
    if plan is None:
        return ""
    plan.case = case
    coming = followups.next_call_of(plan, now)
    if coming is None or not (coming.other or coming.one.moved):
        return ""
    calendar = calendar_of(case.campaign, case.region)
    when = _next_words(coming.one.day, coming.one.at, calendar, now)
    holiday = holiday_name(coming.one.intended, calendar.region)
    because = " à cause du jour férié" if coming.one.moved and holiday else ""
    if coming.other is None:
        return typography(f"{when}{because}, je vous appellerai comme d'habitude.") if because else ""
    name = coming.other.get_short_name()
    return typography(f"{when}{because}, c'est {name} qui vous appellera.")


def _next_words(day: date, at: datetime, calendar: Calendar, now: datetime) -> str:
    today = calendar.local(now).date()
    monday = today - timedelta(days=today.weekday())
    week = (day - timedelta(days=day.weekday()) - monday).days // 7
    near = {0: "", 1: "La semaine prochaine, "}.get(week)
    name = f"{WEEKDAYS[day.weekday()]}" if near is not None else f"le {day_words(day)}"
    words = f"{near or ''}{name} à {clock_label(calendar.local(at))}"
    return words[:1].upper() + words[1:]
