"""By when the next thing is expected of a referral, whoever owes it: no state waits without an hour.

U0 and U1 count in hours, day and night. U2 and U3 count in working days: the partner's own for what the partner
owes, Monday to Friday otherwise; public holidays of the household's department left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaigns.common.calendar import Calendar, region_of, week_of
from campaigns.models import Partner, Referral
from campaigns.models.levels import Level
from campaigns.models.referral import office_hours
from tenants import communes

State = Referral.State
# Who owes the next step in these states is the partner: its own hours count.
OWED_BY_PARTNER = (State.SENT, State.ACKNOWLEDGED, State.IN_PROGRESS)


@dataclass(frozen=True)
class Delay:
    """Hours of any day, or working days of the partner."""

    hours: float = 0
    working_days: int = 0


# docs/regles.md#signalements-delais: the acknowledgement is promised; the other states are kept from being forgotten.
DELAYS: dict[str, tuple[Delay, Delay, Delay, Delay]] = {
    State.DRAFT: (Delay(0.5), Delay(2), Delay(working_days=1), Delay(working_days=3)),
    State.APPROVED: (Delay(0.25), Delay(0.5), Delay(2), Delay(4)),
    State.SENT: (Delay(1), Delay(4), Delay(working_days=2), Delay(working_days=7)),
    State.ACKNOWLEDGED: (Delay(4), Delay(24), Delay(working_days=5), Delay(working_days=15)),
    State.IN_PROGRESS: (Delay(4), Delay(24), Delay(working_days=5), Delay(working_days=15)),
    State.ANSWERED: (Delay(4), Delay(24), Delay(working_days=2), Delay(working_days=5)),
    State.DECLINED: (Delay(0.5), Delay(2), Delay(working_days=1), Delay(working_days=2)),
}
LEVELS = (Level.U0, Level.U1, Level.U2, Level.U3)
# A reminder leaves this long before the deadline of the acknowledgement.
REMIND_BEFORE = {
    Level.U0: timedelta(minutes=30),
    Level.U1: timedelta(hours=2),
    Level.U2: timedelta(hours=24),
    Level.U3: timedelta(hours=72),
}
# The longest time without anybody at the partner's office that a reminder is brought forward for.
CLOSED_FOR = timedelta(days=15)
# What is said in the e-mail, which may leave later than it was written.
SPOKEN = {
    Level.U0: "sous 1 heure",
    Level.U1: "sous 4 heures",
    Level.U2: "sous 48 heures ouvrées (2 jours de bureau)",
    Level.U3: "sous 7 jours ouvrés",
}


def office(department: str, partner: Partner | None = None) -> Calendar:
    """The partner's hours (Monday to Friday, 9 to 17 when it gave none), with the holidays of the household's place."""
    hours = partner.hours if partner is not None else None
    # A partner whose hours are all empty is never there: no delay could be counted.
    week = week_of(hours if hours and any(hours.values()) else office_hours())
    return Calendar(week=week, tz=ZoneInfo(communes.zone_of(department)), region=region_of(department))


def reminder_is_due(referral: Referral, now: datetime) -> bool:
    """Whether the reminder before the acknowledgement's deadline leaves now.

    U0 and U1: at its hour, day or night. U2 and U3: while the partner's office is open, at its hour or on the last
    day on which somebody is there before the deadline (a deadline on Monday morning is reminded of on Friday).
    """
    if referral.due_at is None or referral.due_at <= now:
        return False
    at_its_hour = now >= referral.due_at - REMIND_BEFORE[Level(referral.level)]
    if is_urgent(referral.level):
        return at_its_hour
    calendar = office(referral.case.household.department, referral.partner)
    if not calendar.is_open(now):
        return False
    tomorrow = calendar.at(calendar.local(now).date() + timedelta(days=1), time.min)
    return at_its_hour or calendar.next_opening(tomorrow) >= referral.due_at


def is_urgent(level: str) -> bool:
    return level in (Level.U0, Level.U1)


def due(state: str, level: str, start: datetime, department: str, partner: Partner | None = None) -> datetime | None:
    """When what ``state`` waits for is due; None in a final state. ``partner``: whose hours count when it owes it."""
    if state not in DELAYS:
        return None
    delay = DELAYS[state][LEVELS.index(Level(level))]
    if not delay.working_days:
        return start + timedelta(hours=delay.hours)
    calendar = office(department, partner if state in OWED_BY_PARTNER else None)
    opening = calendar.local(calendar.next_opening(start))
    day = calendar.add_working_days(opening.date(), delay.working_days)
    return calendar.at(day, opening.time())
