"""Vital dangers: alerts of level U0 that nobody has settled, and the numbers to dial for each.

The number follows the danger: the script's own advice first, else the kind of need; the red button does not say what
it is about, so it offers them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet

from campaigns import scripts
from campaigns.models import Alert, Call
from campaigns.models.levels import Level

# In the order they are shown, with whom they reach.
NUMBERS = {
    "15": "SAMU",
    "18": "Pompiers",
    "17": "Police",
    "112": "Urgences",
    "3114": "Suicide",
    "114": "Par SMS",
}
BY_NEED = {"soins": ("15",), "medicaments": ("15",), "psychologique": ("3114", "15"), "logement": ("18", "112")}
ANY = ("15", "18", "17", "112", "3114")
# « le 15 ou le 18 », never « 15 minutes » nor « à 18 h ».
_IN_ADVICE = re.compile(r"(?<!\d)(?<!\d )(?:3114|15|18|17|112|114)(?!\d| \d|\s*%)(?!\s*(?:h|min\w*|jours?|ans)\b)")


@dataclass(frozen=True)
class Danger:
    """What a decision must know: a danger of this very call, one of an earlier call of the day."""

    vital: bool = False
    unsettled: bool = False


SAFE = Danger()


def unsettled(case: Any) -> QuerySet[Alert]:
    """The vital alerts of this case (its number, or how a query names it) that nobody has settled, the oldest first."""
    return Alert.objects.unsolved().filter(case=case, level=Level.U0).order_by("raised_at")


def unsettled_in(household_id: int) -> QuerySet[Alert]:
    """The same of the whole household: another campaign may have ended with one."""
    return Alert.objects.unsolved().filter(case__household=household_id, level=Level.U0).order_by("raised_at")


def vital(alerts: Iterable[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.level == Level.U0]


def raised_in(call: Call, alert: Alert) -> bool:
    return alert.kind in Alert.IN_A_CALL and alert.call_id == call.pk


def danger_of(call: Call, reading: scripts.Reading, now: datetime, unsolved: Iterable[Alert] | None = None) -> Danger:
    """Of this call: what its answers say, or an alert of it that is still open, the red button's too.

    ``unsolved``: the alerts of the case, where they were read already.
    """
    found = vital(unsettled(call.case_id) if unsolved is None else unsolved)
    waiting = [alert for alert in found if alert.kind in Alert.IN_A_CALL]
    earlier = [alert for alert in waiting if not raised_in(call, alert)]
    zone = call.case.campaign.tz
    return Danger(
        vital=reading.vital or len(earlier) < len(waiting),
        unsettled=any(alert.raised_at.astimezone(zone).date() == now.astimezone(zone).date() for alert in earlier),
    )


def numbers_for(question: scripts.Question, choice: scripts.Choice) -> list[str]:
    """Whom to dial after this answer."""
    found = {*_IN_ADVICE.findall(question.guide), *BY_NEED.get(choice.need, ())}
    return in_order(found or ANY)


def in_order(numbers: Iterable[str]) -> list[str]:
    wanted = set(numbers)
    return [number for number in NUMBERS if number in wanted]


def numbers_of(alerts: Iterable[Alert], content: scripts.Content | None) -> list[str]:
    """Whom to dial for these alerts; ``content`` is the script their answers belong to, as far as it is known."""
    found: set[str] = set()
    for alert in alerts:
        found.update(_numbers_of(alert, content))
    return in_order(found)


def _numbers_of(alert: Alert, content: scripts.Content | None) -> Iterable[str]:
    answer = _answer(alert, content)
    return numbers_for(*answer) if answer is not None else ANY


def _answer(alert: Alert, content: scripts.Content | None) -> tuple[scripts.Question, scripts.Choice] | None:
    """The question and the choice that raised it; None for the red button, or in another script."""
    if alert.kind != Alert.Kind.ANSWER or content is None:
        return None
    question = content.question(alert.question)
    choices = question.choices if question is not None else ()
    choice = next((one for one in choices if one.key == alert.choice), None)
    return (question, choice) if question is not None and choice is not None else None


def rang() -> QuerySet[Alert]:
    """The alerts of level U0 raised in a call, whose number the query around it names (OuterRef)."""
    return Alert.objects.filter(call=OuterRef("pk"), kind__in=Alert.IN_A_CALL, level=Level.U0)


def heard(alerts: Iterable[Alert]) -> dict[int, tuple[str, str, str]]:
    """(question, answer, of whom) by alert, of those that an answer raised; their calls and people are read already."""
    found = {}
    for alert in alerts:
        script_id = alert.call.script_id if alert.call is not None else None
        answer = _answer(alert, scripts.content_of(script_id) if script_id else None)
        if answer is not None:
            question, choice = answer
            found[alert.pk] = (question.say, choice.label, alert.tenant.full_name if alert.tenant is not None else "")
    return found
