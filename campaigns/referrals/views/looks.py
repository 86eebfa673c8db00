"""How a referral is shown, to coordinators and to partners alike: icon + word + colour, hours in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaigns.common import calendar
from campaigns.models import Referral
from campaigns.models.levels import Level
from campaigns.referrals import deadlines
from tenants import communes

State = Referral.State
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Look:
    kind: str
    icon: str
    word: str


STATES = {
    State.DRAFT: ("attention", "pencil"),
    State.APPROVED: ("info", "hourglass-split"),
    State.SENT: ("info", "send"),
    State.ACKNOWLEDGED: ("primary", "envelope-open"),
    State.IN_PROGRESS: ("primary", "person-check"),
    State.ANSWERED: ("attention", "telephone-forward"),
    State.DECLINED: ("attention", "arrow-repeat"),
    State.CLOSED: ("ok", "check-circle-fill"),
    State.WITHDRAWN: ("muted", "slash-circle"),
}
LEVELS = {
    Level.U0: ("attention", "exclamation-octagon-fill"),
    Level.U1: ("attention", "exclamation-triangle-fill"),
    Level.U2: ("muted", "clock"),
    Level.U3: ("muted", "calendar-event"),
}
# In a table, where a line is short.
SHORT_LEVELS = {Level.U0: "U0 vital", Level.U1: "U1 ce jour", Level.U2: "U2 48 h", Level.U3: "U3 7 jours"}
SHORT_STATES = {State.APPROVED: "envoi en cours", State.ACKNOWLEDGED: "accusé reçu"}
# Who is awaited, in each open state.
AWAITED = {
    State.DRAFT: "à relire",
    State.APPROVED: "départ de l'e-mail attendu",
    State.SENT: "accusé attendu",
    State.ACKNOWLEDGED: "réponse attendue",
    State.IN_PROGRESS: "réponse attendue",
    State.ANSWERED: "rappel du locataire et clôture",
    State.DECLINED: "autre partenaire à trouver",
}
EVENTS = {
    "drafted": ("Signalement préparé", "file-earmark-text"),
    "extended": ("Besoins ajoutés", "plus-lg"),
    "edited": ("Signalement modifié", "pencil"),
    "first_approval": ("Première approbation, sans accord du locataire", "check"),
    "approved": ("Approuvé, e-mail mis en file", "check2"),
    "back_to_draft": ("Approbation reprise", "arrow-counterclockwise"),
    "sent": ("E-mail envoyé au partenaire", "send"),
    "mail_failed": ("E-mail non remis au partenaire", "exclamation-triangle-fill"),
    "phoned": ("Partenaire appelé, personne jointe", "telephone-outbound"),
    "code_used": ("Code saisi par le partenaire", "key"),
    "opened": ("Fiche consultée par le partenaire", "eye"),
    "downloaded": ("Fiche PDF téléchargée par le partenaire", "download"),
    "acknowledged": ("Accusé de réception", "envelope-open"),
    "in_progress": ("Pris en charge", "person-check"),
    "declined": ("Décliné", "x-circle"),
    "answered": ("Réponse du partenaire", "chat-left-text"),
    "comment": ("Commentaire", "chat-left-text"),
    "reminded": ("Relance envoyée au partenaire", "bell"),
    "escalated": ("Délai dépassé, alerte à la coordination", "alarm"),
    "rerouted": ("Réorienté vers un autre partenaire", "arrow-repeat"),
    "call_back_asked": ("Rappel du locataire demandé", "telephone-forward"),
    "call_back_blocked": ("Rappel du locataire impossible par la file", "pause-circle"),
    "called_back": ("Locataire rappelé par la coordination", "telephone"),
    "resumed": ("Relancé après le rappel du locataire", "arrow-clockwise"),
    "closed": ("Clos", "check-circle-fill"),
    "withdrawn": ("Retiré", "slash-circle"),
}


def state_look(referral: Referral, *, short: bool = False) -> Look:
    state = State(referral.state)
    kind, icon = STATES[state]
    return Look(kind, icon, SHORT_STATES.get(state, str(state.label)) if short else str(state.label))


def level_look(referral: Referral, *, short: bool = False) -> Look:
    level = Level(referral.level)
    kind, icon = LEVELS[level]
    return Look(kind, icon, SHORT_LEVELS[level] if short else str(level.label))


def zone_of(referral: Referral) -> ZoneInfo:
    return ZoneInfo(communes.zone_of(referral.case.household.department))


def delay_look(referral: Referral, now: datetime) -> Look | None:
    """« en retard de 3 h », « demain avant 10 h »; nothing once it is over."""
    due = referral.due_at
    if due is None or referral.state not in AWAITED:
        return None
    if due <= now:
        late = f"en retard de {span_label((now - due).total_seconds()).replace(' ', NO_BREAK)}"
        return Look("attention", "exclamation-triangle-fill", late)
    day, _, hour = calendar.moment_label(due, now, zone_of(referral)).rpartition(" à ")
    # An hour is never cut at the end of a line.
    when = f"{day} avant {hour.replace(' ', NO_BREAK)}"
    soon = due - now <= deadlines.REMIND_BEFORE[Level(referral.level)]
    return Look("info", "hourglass-split", when) if soon else Look("muted", "clock", when)


def span_label(seconds: float) -> str:
    """« 20 min », « 3 h », « 2 jours »."""
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{max(minutes, 1)} min"
    hours = minutes // 60
    if hours < 48:
        return f"{hours} h"
    return f"{hours // 24} jours"


@dataclass(frozen=True)
class Line:
    """One line of the timeline, ready to be shown."""

    at: datetime
    icon: str
    what: str
    who: str
    note: str


def timeline(referral: Referral, *, for_partner: bool = False) -> list[Line]:
    """The history; a partner sees what concerns it, without the names of those who called or coordinated."""
    events = referral.events.select_related("by", "partner")
    hidden = {"edited", "extended", "first_approval", "back_to_draft", "escalated", "drafted", "code_used", "opened"}
    hidden |= {"phoned", "call_back_asked", "call_back_blocked", "called_back", "mail_failed", "approved", "rerouted"}
    lines = []
    for event in events:
        if for_partner and (event.action in hidden or event.partner_id != referral.partner_id):
            continue
        what, icon = EVENTS.get(event.action, (event.action, "circle"))
        if event.actor == "partner":
            who = event.partner.name if event.partner else "partenaire"
        elif event.by and not for_partner:
            who = event.by.display_name
        elif event.actor == "user":
            who = "la coordination"
        else:
            who = "automatique"
        lines.append(Line(event.at, icon, what, who, event.note))
    return lines
