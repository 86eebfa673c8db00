"""The sheet a partner reads: on the page and as a PDF, the same facts in the same words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.common import calendar, documents
from campaigns.common import needs as categories_of_need
from campaigns.models import Referral
from campaigns.models.levels import Level
from campaigns.referrals.deadlines import SPOKEN, is_urgent
from campaigns.referrals.sending import spoken_number
from tenants import communes
from tenants.models import Tenant

Agreement = Referral.Agreement
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Sheet:
    """What the partner needs to help, and nothing else of the household."""

    reference: str
    level: str
    urgent: bool
    sender: str
    sender_phone: str
    partner: str
    made_on: str
    person: str
    age: str
    address: list[str]
    phones: list[str]
    needs: list[str]
    facts: list[str]
    since: str
    help_in_place: str
    contact: str
    assessment: str
    agreement: str
    expected: str
    # A request for the commune's register says the birth date (art. R. 121-4 of the CASF); help never needs it.
    register: bool = False
    title: str = "Signalement"
    born: str = ""


def sheet_of(referral: Referral, now: datetime) -> Sheet:
    """Read the sheet of a referral (case, household, landlord, campaign and tenant loaded)."""
    household, campaign = referral.case.household, referral.case.campaign
    tz = ZoneInfo(communes.zone_of(household.department))
    tenant = referral.tenant
    age = tenant.age_on(now.astimezone(tz).date()) if tenant else None
    phones = [phone for phone in household.phones.all() if phone.usable and not phone.third_party]
    return Sheet(
        reference=referral.reference,
        level=str(Level(referral.level).label),
        urgent=is_urgent(referral.level),
        sender=household.landlord.spoken_name or household.landlord.name,
        sender_phone=spoken_number(campaign.callback_number or household.landlord.callback_number),
        partner=referral.partner.name if referral.partner else "",
        made_on=_moment(referral.approved_at or referral.created_at, tz),
        person=tenant.full_name if tenant else "Le foyer",
        age=f"{age} ans" if age is not None else "",
        address=household.address_lines,
        phones=[spoken_number(phone.e164) for phone in phones],
        needs=[categories_of_need.label(need.category) for need in referral.needs.all()],
        facts=[line for line in referral.facts.splitlines() if line.strip()],
        since=referral.since,
        help_in_place=referral.help_in_place,
        contact=_contact(referral),
        assessment=referral.assessment,
        agreement=agreement_line(referral, tz),
        expected=_expected(referral, tz),
        **(_register(referral) if referral.kind == Referral.Kind.REGISTER else {}),
    )


def _register(referral: Referral) -> dict[str, Any]:
    tenant, born = referral.tenant, ""
    if tenant is not None and tenant.birth_date is not None:
        known = tenant.birth_precision == Tenant.Precision.DAY
        born = tenant.birth_date.strftime("%d/%m/%Y") if known else str(tenant.birth_date.year)
    return {"register": True, "title": "Demande d'inscription au registre communal", "born": born}


def _contact(referral: Referral) -> str:
    """A third person is named to the partner only when that person agreed."""
    return referral.contact_person if referral.contact_agrees else ""


def agreement_line(referral: Referral, tz: ZoneInfo) -> str:
    """« Oui, recueilli pendant l'appel d'un(e) bénévole le 12 janvier 2026 à 10 h 30. »"""
    if referral.agreement == Agreement.YES:
        how = referral.get_agreement_how_display() if referral.agreement_how else ""
        when = f" le {_moment(referral.agreement_at, tz)}" if referral.agreement_at else ""
        return f"Oui, recueilli {how}{when}.".replace("  ", " ")
    if referral.grave_danger:
        when = f" le {_moment(referral.phoned_at, tz)}" if referral.phoned_at else ""
        return f"Pas d'accord recueilli : danger grave et imminent, signalé d'abord par téléphone{when}."
    if referral.agreement:
        said = "La personne n'a pas donné son accord" if referral.agreement == Agreement.NO else "Accord impossible"
        return f"{said}. Motif du signalement, approuvé par deux personnes : {referral.no_agreement_reason}"
    return "Pas encore recueilli."


def _expected(referral: Referral, tz: ZoneInfo) -> str:
    """What the partner owes next, and by when; nothing once it has answered."""
    state = Referral.State
    if referral.state in (state.DRAFT, state.APPROVED):
        return f"Accusé de réception attendu {SPOKEN[Level(referral.level)]}."
    if referral.due_at is None or referral.state not in (state.SENT, state.ACKNOWLEDGED, state.IN_PROGRESS):
        return ""
    what = "Accusé de réception attendu" if referral.state == state.SENT else "Votre réponse est attendue"
    return f"{what} avant le {_moment(referral.due_at, tz)}."


def _moment(at: datetime, tz: ZoneInfo) -> str:
    """« mardi 13 janvier 2026 à 10 h 30 »: a printed sheet is read on another day."""
    local = at.astimezone(tz)
    day = "1er" if local.day == 1 else str(local.day)
    weekday, month = calendar.WEEKDAYS[local.weekday()], calendar.MONTHS[local.month - 1]
    return f"{weekday} {day} {month} {local.year} à {calendar.clock_label(local).replace(' ', NO_BREAK)}"


# PDF ------------------------------------------------------------------------------------------------------


def pdf_of(referral: Referral, now: datetime) -> bytes:
    """The sheet as a tagged PDF."""
    made = sheet_of(referral, now)
    return documents.pdf("referral", asdict(made))
