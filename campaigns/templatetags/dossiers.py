"""Template tags of coordinators' screens: states, levels, outcomes, moments in the household's own time."""

from __future__ import annotations

import re
from datetime import datetime

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns import outcomes
from campaigns.calls.views.labels import when_label
from campaigns.common import needs
from campaigns.common.calendar import WEEKDAYS, calendar_of, clock_label
from campaigns.common.fields import readable
from campaigns.models import Campaign, Case, FollowUpPlan
from campaigns.models.levels import Level
from solidarites.accounts import LANGUAGES
from solidarites.models import User
from solidarites.templatetags.ui import state
from tenants.models import Household, Tenant

register = template.Library()

CAMPAIGN_STATES = {
    Campaign.Status.DRAFT: ("muted", "pencil", "En préparation"),
    Campaign.Status.OPEN: ("ok", "play-circle", "Ouverte"),
    Campaign.Status.PAUSED: ("attention", "pause-circle", "En pause"),
    Campaign.Status.CLOSED: ("muted", "stop-circle", "Terminée"),
    Campaign.Status.PURGED: ("muted", "trash", "Effacée"),
}
LEVELS = {
    Level.U0: ("alert", "exclamation-octagon-fill"),
    Level.U1: ("attention", "exclamation-triangle-fill"),
    Level.U2: ("info", "clock"),
    Level.U3: ("muted", "clock"),
}


@register.simple_tag
def campaign_state(campaign: Campaign) -> SafeString:
    return state(*CAMPAIGN_STATES[Campaign.Status(campaign.status)])


@register.simple_tag
def level_state(level: str) -> SafeString:
    """« U1 : dans la journée », with its colour; red is kept for what is vital."""
    kind, icon_name = LEVELS.get(Level(level), ("muted", "clock"))
    return state(kind, icon_name, str(Level(level).label).replace(" :", "\u00a0:"))


@register.simple_tag
def case_state(case: Case, now: datetime) -> SafeString:
    """Where a case stands, in the words of the dashboard."""
    if case.status == Case.Status.CLOSED:
        return state("muted", "check-circle", "Clos")
    if case.status == Case.Status.ON_HOLD:
        return state("attention", "pause-circle", "À décider")
    if not case.has_number:
        return state("attention", "telephone-x", "Sans numéro")
    if case.status == Case.Status.PREPARED:
        return state("muted", "pencil", "En préparation")
    if case.claimed_until is not None and case.claimed_until > now:
        return state("info", "telephone-outbound", "En cours d'appel")
    if case.tier != Case.Tier.FIRST and (case.next_call_at is None or case.next_call_at > now):
        return state("info", "calendar-event", "Planifié")
    return state("primary", "telephone", "À appeler")


@register.filter
def get(mapping: dict[str, int], key: str) -> int:
    """« counts|get:key »."""
    return mapping[key]


@register.filter
def for_campaign(callers: dict[int, list[User]], campaign_id: int) -> list[User]:
    """« callers|for_campaign:campaign_id »."""
    return callers.get(campaign_id, [])


@register.filter
def closed_reason(case: Case) -> str:
    return case.get_closed_reason_display()


@register.filter
def hold_label(case: Case) -> str:
    return str(Case.Hold(case.hold_reason).label) if case.hold_reason in Case.Hold.values else ""


@register.filter
def outcome_label(code: str) -> str:
    rule = outcomes.TABLE.get(code)
    return rule.label if rule else ""


@register.filter
def language_label(code: str) -> str:
    return LANGUAGES.get(code, "français" if code in ("", "fr") else code)


@register.filter
def need_label(category: str) -> str:
    return needs.label(category)


@register.filter
def number(e164: str) -> str:
    """« 05 36 49 12 34 »."""
    return readable(e164).replace(" ", "\u00a0")


@register.filter
def people(case: Case) -> str:
    """The names of those who live there; needs ``household__tenants`` prefetched."""
    return people_of(case.household)


@register.filter
def people_of(household: Household) -> str:
    present = [one.full_name for one in household.tenants.all() if one.status == Tenant.Status.PRESENT]
    return " et ".join(filter(None, [", ".join(present[:-1]), present[-1]])) if present else "Plus personne"


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime | None, case: Case | None = None) -> SafeString:
    """« demain à 10 h », in the household's own time; needs ``now`` in the context."""
    if at is None:
        return SafeString("")
    tz = calendar_of(case.campaign, case.region).tz if case is not None else timezone.get_current_timezone()
    words = _clock(when_label(at, context["now"], tz))
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words)


@register.filter
def cadence(plan: FollowUpPlan) -> str:
    """« chaque semaine, le mardi à 10 h »."""
    days = " et ".join(f"le {WEEKDAYS[day]}" for day in plan.weekdays)
    return _clock(", ".join([str(plan.get_cadence_display()), f"{days} à {clock_label(plan.time)}".strip()]))


def _clock(words: str) -> str:
    """An hour is never cut at the end of a line: « 10 h 30 »."""
    return re.sub(
        r"(\d) h(?: (\d))?", lambda found: f"{found[1]}\u00a0h" + (f"\u00a0{found[2]}" if found[2] else ""), words
    )
