"""What the rules will do to an invented household, by the rules themselves; nothing is read nor written.

A case that no table holds is called again and again: each outcome is decided and noted as a real call's would be, and
the next call is made at the moment decided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time

from campaigns import outcomes
from campaigns.common.calendar import Calendar, calendar_of, clock_label, day_label, holiday_name, region_of
from campaigns.models import Campaign, Case, DueCall

# Nobody rehearses longer than the widest settings allow.
LONGEST = 24


@dataclass(frozen=True)
class Step:
    """One call of the household, and what follows from it."""

    at: datetime
    text: str
    next_at: datetime | None = None
    next_until: datetime | None = None
    welfare: bool = False


@dataclass(frozen=True)
class Household:
    """The invented household: where it lives, and whether a follow-up plan runs."""

    campaign: Campaign
    department: str = ""
    follow_up: bool = False

    @property
    def calendar(self) -> Calendar:
        return calendar_of(self.campaign, region_of(self.department))

    def moment(self, day: date, clock: time) -> datetime:
        """The household's own day and hour."""
        return self.calendar.at(day, clock)

    def closed_why(self, at: datetime) -> str:
        """Why nobody calls at this moment, in words; empty when the campaign is open."""
        calendar = self.calendar
        local = calendar.local(at)
        if name := holiday_name(local.date(), calendar.region):
            return f"c'est un jour férié ({name})"
        if not calendar.week[local.weekday()]:
            return "la campagne n'appelle pas ce jour-là"
        return "" if calendar.is_open(at) else "la campagne n'appelle pas à cette heure-là"

    def play(self, outcome: str, at: datetime) -> list[Step]:
        """The same outcome, call after call, until nothing more is planned."""
        case = Case(campaign=self.campaign, region=region_of(self.department), next_call_kind=Case.Kind.FIRST)
        due = DueCall(case=case) if self.follow_up else None
        rule, steps = outcomes.TABLE[outcome], []
        for _ in range(LONGEST):
            situation = replace(outcomes.bare_situation(case, by_id=0, now=at), due=due, plan=self.follow_up)
            decision = rule.decide(situation)
            outcomes.note_attempt(case, rule, situation, decision, "")
            outcomes.move(case, decision, at)
            if due is not None and decision.unanswered:
                due.unanswered = decision.unanswered
            planned = decision.at if decision.status == Case.Status.OPEN else None
            steps.append(Step(at, decision.text, planned, self._until(planned), decision.welfare))
            if planned is None or (rule.reached and outcome != "soft_refusal") or planned <= at:
                break
            at = planned
        return steps

    def _until(self, at: datetime | None) -> datetime | None:
        """The end of the slot in which a call planned at ``at`` is made."""
        if at is None:
            return None
        windows = self.calendar.slot_windows(self.calendar.local(at).date()).values()
        return next((end for start, end in windows if start <= at < end), None)

    def day(self, at: datetime, today: datetime) -> str:
        return day_label(self.calendar.local(at).date(), self.calendar.local(today).date())

    def said(self, at: datetime, today: datetime) -> str:
        """« mardi 13 janvier à 10 h »."""
        return f"{self.day(at, today)} à {clock_label(self.calendar.local(at))}"

    def span(self, step: Step, today: datetime) -> str:
        """« mercredi entre 14 h et 16 h »; the hour alone of a call due at once."""
        if step.next_at is None:
            return ""
        if step.next_until is None or (step.next_at - step.at).total_seconds() < 6 * 3600:
            return self.said(step.next_at, today)
        start, end = (clock_label(self.calendar.local(moment)) for moment in (step.next_at, step.next_until))
        return f"{self.day(step.next_at, today)} entre {start} et {end}"
