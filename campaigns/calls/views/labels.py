"""Words of the caller's screens that depend on a case: why this call now, when, what came before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import phonenumbers

from campaigns import outcomes
from campaigns.common.calendar import MONTHS, WEEKDAYS, calendar_of, clock_label, day_label, moment_label
from campaigns.models import Call, Case, CaseMessage
from solidarites.models import User
from tenants.models import PhoneNumber, Tenant

# A space before « : ; ? ! » » or after « « » that must not break the line.
_BEFORE = re.compile(r"(?<=\S) (?=[:;?!»])")
_AFTER = re.compile(r"(?<=«) ")
_HOUR = re.compile(r"(?<=\d) h(?: (?=\d))?")


def typography(text: str) -> str:
    """Scripts and hours are written with ordinary spaces; French wants some of them non-breaking."""
    text = _AFTER.sub("\u00a0", _BEFORE.sub("\u00a0", text))
    return _HOUR.sub(lambda found: found.group().replace(" ", "\u00a0"), text)


def past_label(at: datetime, now: datetime, tz: ZoneInfo) -> str:
    """« aujourd'hui à 10 h », « hier à 14 h 30 », « lundi dernier à 10 h », « lundi 2 mars à 10 h »."""
    local, today = at.astimezone(tz), now.astimezone(tz).date()
    ago = (today - local.date()).days
    if ago <= 0:
        day = day_label(local.date(), today)
    elif ago == 1:
        day = "hier"
    elif ago < 7:
        day = f"{WEEKDAYS[local.weekday()]} dernier"
    else:
        number = "1er" if local.day == 1 else str(local.day)
        year = "" if local.year == today.year else f" {local.year}"
        day = f"{WEEKDAYS[local.weekday()]} {number} {MONTHS[local.month - 1]}{year}"
    return typography(f"{day} à {clock_label(local)}")


def date_label(day: date) -> str:
    """« mardi 24 novembre »."""
    return f"{WEEKDAYS[day.weekday()]} {'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]}"


def opening_label(week: Sequence[Sequence[tuple[time, time]]]) -> str:
    """« du lundi au vendredi, de 10 h à 12 h »; nothing when the days differ, or when one may call at any hour."""
    days = [day for day, windows in enumerate(week) if windows]
    if not days or len({tuple(week[day]) for day in days}) > 1 or days[-1] - days[0] + 1 != len(days):
        return ""
    windows = week[days[0]]
    if windows[0][0] == time.min:
        return ""
    spans = [f"de {clock_label(start)} à {clock_label(end)}" for start, end in windows]
    named = f"du {WEEKDAYS[days[0]]} au {WEEKDAYS[days[-1]]}" if len(days) > 1 else f"le {WEEKDAYS[days[0]]}"
    return typography(f"{named}, {' et '.join(spans)}")


def when_label(at: datetime, now: datetime, tz: ZoneInfo) -> str:
    """A moment on either side of now."""
    return typography(moment_label(at, now, tz)) if at >= now else past_label(at, now, tz)


def zone_of(case: Case) -> ZoneInfo:
    return calendar_of(case.campaign, case.region).tz


def clock_here(at: datetime, now: datetime, case: Case) -> str:
    """« aujourd'hui à 22 h à Paris »: a household's moment by the campaign's clock; nothing when the two agree."""
    here = case.campaign.tz
    if at.astimezone(zone_of(case)).utcoffset() == at.astimezone(here).utcoffset():
        return ""
    return f"{when_label(at, now, here)} {_place(case)}"


def _place(case: Case) -> str:
    return "à Paris" if case.campaign.zone == "Europe/Paris" else "à l'heure de la campagne"


def both_clocks(at: datetime, now: datetime, case: Case) -> str:
    """« demain à 11 h », and overseas « demain à 11 h chez cette personne (aujourd'hui à 22 h à Paris) »."""
    here = clock_here(at, now, case)
    said = when_label(at, now, zone_of(case))
    return f"{said} chez cette personne ({here})" if here else said


def clocks_now(now: datetime, case: Case) -> str:
    """« Il est 22 h 39 dimanche chez cette personne, 9 h 39 à Paris. »"""
    there, here = now.astimezone(zone_of(case)), now.astimezone(case.campaign.tz)
    if there.utcoffset() == here.utcoffset():
        return ""
    day = "" if there.date() == here.date() else f" {WEEKDAYS[there.weekday()]}"
    return typography(f"Il est {clock_label(there)}{day} chez cette personne, {clock_label(here)} {_place(case)}.")


def reason(case: Case, by: User, now: datetime) -> str:
    """« Pourquoi maintenant », in one sentence."""
    tz = zone_of(case)
    at = when_label(case.next_call_at, now, tz) if case.next_call_at else ""
    mine = case.next_call_for_id == by.pk
    if case.is_safety_call:
        return f"Rappel de sécurité, {at} : un danger a été signalé."
    if case.next_call_kind == Case.Kind.CALLBACK:
        if mine:
            return f"Rappel convenu avec vous, {at}."
        return f"Rappel convenu {_with(case)}, {at} : l'heure est passée."
    if case.next_call_kind == Case.Kind.FOLLOW_UP:
        if mine:
            return f"Appel de suivi prévu avec vous, {at}."
        who = f" {_with(case)}," if case.next_call_for_id else ""
        return f"Appel de suivi prévu{who} {at} : il attend quelqu'un."
    if case.next_call_kind == Case.Kind.CALL_BACK_AFTER_REFERRAL:
        return "Rappel après un signalement : l'aide demandée est-elle venue ?"
    if case.next_call_kind == Case.Kind.ASKED or case.tier == Case.Tier.PUT_FIRST:
        return "La coordination demande cet appel en priorité."
    if case.next_call_kind == Case.Kind.RETRY or case.last_call_at:
        if case.last_call_at is None or case.last_outcome not in outcomes.TABLE:
            return "Nouvel essai."
        last = outcomes.TABLE[case.last_outcome].label.lower()
        return f"Nouvel essai : {last} {past_label(case.last_call_at, now, tz)}."
    if case.fragile:
        return "Premier appel, prioritaire : grand âge, solitude ou fragilité signalée."
    return "Premier appel de la campagne."


def _with(case: Case) -> str:
    """« avec Sabrina »: whom the person expects, and of whom one may speak."""
    expected = case.next_call_for
    return f"avec {expected.get_short_name()}" if expected else "avec quelqu'un d'autre"


def family(people: Sequence[Tenant]) -> str:
    """« Mme Jeanne MARTIN », « Mme et M. MARTIN », « Mme Jeanne MARTIN et M. Paul DUPONT »."""
    names = {one.last_name.upper() for one in people}
    if len(people) > 1 and len(names) == 1 and all(one.civility for one in people):
        return f"{' et '.join(dict.fromkeys(one.civility for one in people))} {names.pop()}"
    *others, last = [one.full_name for one in people] or ["Foyer sans nom"]
    return f"{', '.join(others)} et {last}" if others else last


def person_closed(call: Call, people: Iterable[Tenant]) -> Tenant | None:
    """Who the call says died, moved or entered a care home, among the people of its household."""
    if call.outcome not in outcomes.PERSON_STATUS:
        return None
    return next((one for one in people if one.pk == call.draft.get("tenant_id")), None)


def history_line(call: Call, now: datetime, tz: ZoneInfo, people: Iterable[Tenant] = ()) -> str:
    """« Hier à 10 h : pas de réponse (Paul) »; who died or left is named."""
    rule = outcomes.TABLE.get(call.outcome)
    what = rule.label.lower() if rule else "appel"
    closed = person_closed(call, people)
    what = f"{what}, {closed.full_name}" if closed else what
    who = f" ({call.volunteer.get_short_name()})" if call.volunteer else ""
    line = past_label(call.recorded_at or call.started_at, now, tz)
    return f"{line[:1].upper()}{line[1:]} : {what}{who}"


def message_line(message: CaseMessage, now: datetime, tz: ZoneInfo) -> str:
    """« Message pris aujourd'hui à 10 h par Paul »."""
    who = f" par {message.by.get_short_name()}" if message.by else ""
    return f"Message pris {past_label(message.at, now, tz)}{who}"


def national(e164: str) -> str:
    """« 05 36 49 00 12 »; a number that cannot be read stays as it is."""
    try:
        number = phonenumbers.parse(e164, "FR")
    except phonenumbers.NumberParseException:
        return e164
    french = number.country_code == 33
    style = phonenumbers.PhoneNumberFormat.NATIONAL if french else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


def dial(phone: PhoneNumber, *, hidden: bool) -> str:
    """The « tel: » address; with #31# in front, the French prefix that hides the caller's number."""
    if not hidden:
        return f"tel:{phone.e164}"
    return (
        "tel:%2331%23" + re.sub(r"\D", "", national(phone.e164))
        if phone.e164.startswith("+33")
        else f"tel:%2331%23{phone.e164}"
    )
