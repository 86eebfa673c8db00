"""Each coming call of a plan with what there is to say of it: moved, silenced, another hour, another person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from campaigns.common.calendar import MONTHS, WEEKDAYS, Calendar, calendar_of, clock_label, holiday_name
from campaigns.followups.absences import Presence, presence_for
from campaigns.followups.dates import Occurrence, coming
from campaigns.models import FollowUpPlan, PlanException
from solidarites.models import User

A_YEAR = timedelta(days=366)


@dataclass
class Told:
    """One line of the preview."""

    one: Occurrence
    caller: User | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return self.one.at

    @property
    def silent(self) -> bool:
        return self.one.exception is not None


def day_words(day: date) -> str:
    """« lundi 6 avril »; the year is where the list says it."""
    return f"{WEEKDAYS[day.weekday()]} {'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def short_day(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def why_moved(one: Occurrence, calendar: Calendar) -> str:
    """« déplacé du lundi 6 avril, lundi de Pâques »; nothing when it stands on its day."""
    if not one.moved:
        return ""
    holiday = holiday_name(one.intended, calendar.region)
    reason = f", {_lower(holiday)}" if holiday else ", la campagne n'appelle pas ce jour-là"
    return f"déplacé du {day_words(one.intended)}{reason}"


def _lower(name: str) -> str:
    """« Lundi de Pâques » inside a sentence; « Noël » keeps its capital."""
    first, _, rest = name.partition(" ")
    return f"{first.lower()} {rest}" if first in ("Lundi", "Jour", "Fête", "Vendredi", "Abolition") else name


def exception_words(row: PlanException) -> str:
    if row.first_day == row.last_day:
        return f"{row.get_reason_display()}, le {short_day(row.first_day)}"
    return f"{row.get_reason_display()}, du {short_day(row.first_day)} au {short_day(row.last_day)}"


def told(plan: FollowUpPlan, now: datetime, *, until: datetime | None = None) -> Iterator[Told]:
    """The whole series from the next call on, up to ``until`` (a year by default), each with its reasons."""
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    presence = presence_for(plan, now)
    people = {person.pk: person for person in (plan.volunteer, plan.backup) if person is not None}
    offset = calendar.local(now).utcoffset()
    for one in coming(plan, until=until or now + A_YEAR, since=now, now=now):
        line = Told(one)
        if one.exception is not None:
            line.notes.append(f"pas d'appel\u00a0: {exception_words(one.exception)}")
            yield line
            continue
        if moved := why_moved(one, calendar):
            line.notes.append(moved)
        local = calendar.local(one.at)
        if local.utcoffset() != offset:
            line.notes.append(f"après le changement d'heure, toujours à {clock_label(local)} chez la personne")
            offset = local.utcoffset()
        if one.heat_wave:
            line.notes.append("toutes les 48 heures")
        caller = presence.caller(plan, one.day)
        line.caller = people.get(caller) if caller else None
        line.notes += _who(plan, caller, presence, one.day)
        yield line


def _who(plan: FollowUpPlan, caller: int | None, presence: Presence, day: date) -> list[str]:
    if caller is not None and caller == plan.volunteer_id:
        return []
    away = plan.volunteer is not None and presence.away(plan.volunteer.pk, day)
    why = f"{plan.volunteer.display_name} est absent(e)" if away and plan.volunteer else ""
    if caller is None:
        return [f"{why}, à réattribuer" if why else "à réattribuer"]
    name = plan.backup.display_name if plan.backup else ""
    return [f"{why}, {name} appelle" if why else f"{name} appelle"]
