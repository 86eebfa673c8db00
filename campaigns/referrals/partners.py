"""Who fits this need, here: the closest partner, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from statistics import median
from typing import TypedDict

from django.db import transaction
from django.db.models import QuerySet

from campaigns.common import needs as categories_of_need
from campaigns.models import Partner, Referral
from solidarites import journal
from solidarites.accounts import LANGUAGES
from solidarites.models import User
from tenants import communes
from tenants.models import Household

# Past this age, « vérifié le » warns: people and addresses change.
VERIFIED_FOR = timedelta(days=183)


class Nearness(IntEnum):
    """How close a partner's territory is; the closest first."""

    COMMUNE = 0
    EPCI = 1
    DEPARTMENT = 2
    EVERYWHERE = 3


@dataclass(frozen=True, slots=True)
class Fit:
    """A partner that fits, how closely, and which of the categories asked for it covers."""

    partner: Partner
    nearness: Nearness
    covered: tuple[str, ...]
    specific: bool
    place: str
    # The language of the household, when the partner speaks it and it is not French.
    language: str = ""

    @property
    def why(self) -> str:
        """« couvre Bordeaux ; spécialisé : repas, portage »."""
        where = {
            Nearness.COMMUNE: f"couvre {self.place}",
            Nearness.EPCI: f"couvre l'intercommunalité ({self.place})",
            Nearness.DEPARTMENT: f"couvre le département {self.place}",
            Nearness.EVERYWHERE: "intervient partout",
        }[self.nearness]
        labels = ", ".join(categories_of_need.label(category).lower() for category in self.covered)
        what = f"pour ce besoin : {labels}" if self.specific else "tous les besoins"
        spoken = f" ; parle {LANGUAGES[self.language]}" if self.language in LANGUAGES else ""
        return f"{where} ; {what}{spoken}"


def active() -> list[Partner]:
    """The partners that may be proposed: one query, matched in memory (there are few)."""
    return list(Partner.objects.filter(active=True))


class Place(TypedDict):
    insee_code: str
    department: str
    language: str


def place_of(household: Household) -> Place:
    """What of a household decides who fits: where it is, and the language it prefers."""
    return {
        "insee_code": household.insee_code,
        "department": household.department,
        "language": household.language,
    }


def fits(
    *,
    categories: list[str],
    insee_code: str,
    department: str,
    language: str = "",
    among: Iterable[Partner] | None = None,
) -> list[Fit]:
    """Every partner that fits, best first.

    More of the categories covered before fewer; commune before EPCI before département before everywhere;
    a partner named for these needs before one that takes all; one that speaks the household's ``language`` before
    one that does not; then the most recently verified.
    """
    commune = communes.get(insee_code) if insee_code else None
    department = department or (commune.department if commune else "")
    found: list[Fit] = []
    for partner in active() if among is None else among:
        covered = tuple(c for c in categories if not partner.categories or c in partner.categories)
        if categories and not covered:
            continue
        if insee_code and insee_code in partner.communes:
            nearness, place = Nearness.COMMUNE, commune.name if commune else insee_code
        elif commune and commune.epci and commune.epci in partner.epcis:
            nearness, place = Nearness.EPCI, commune.epci_name
        elif department and department in partner.departments:
            nearness, place = Nearness.DEPARTMENT, department
        elif not (partner.communes or partner.epcis or partner.departments):
            nearness, place = Nearness.EVERYWHERE, ""
        else:
            continue
        spoken = language if language in partner.languages else ""
        found.append(Fit(partner, nearness, covered, bool(partner.categories), place, spoken))
    found.sort(
        key=lambda fit: (
            -len(fit.covered),
            fit.nearness,
            not fit.specific,
            not fit.language,
            -(fit.partner.verified_on or date.min).toordinal(),
            fit.partner.pk,
        )
    )
    return found


def propose(
    *,
    categories: list[str],
    insee_code: str,
    department: str,
    language: str = "",
    among: Iterable[Partner] | None = None,
) -> Partner | None:
    """The closest fitting partner, or None when nobody covers any of the categories there."""
    found = fits(categories=categories, insee_code=insee_code, department=department, language=language, among=among)
    return found[0].partner if found else None


def is_old(partner: Partner, today: date) -> bool:
    """Never verified, or more than six months ago."""
    return partner.verified_on is None or today - partner.verified_on > VERIFIED_FOR


@transaction.atomic
def save(*, partner: Partner, by: User, now: datetime) -> Partner:
    """Create or correct a partner (its form has checked it); one journal row."""
    action = "partner.changed" if partner.pk else "partner.created"
    partner.save()
    journal.record(action, partner, by=by, active=partner.active)
    return partner


@transaction.atomic
def save_all(*, found: list[Partner], by: User, now: datetime) -> int:
    """Create or correct the partners of a list, all or none; a journal row for each."""
    for partner in found:
        save(partner=partner, by=by, now=now)
    return len(found)


@dataclass(frozen=True, slots=True)
class Figures:
    """How a partner's referrals go."""

    total: int
    acknowledged: int
    declined: int
    answered: int
    hours_to_acknowledge: float | None

    @property
    def delay(self) -> str:
        """« 3 h », « 2 jours »; nothing while no referral was acknowledged."""
        hours = self.hours_to_acknowledge
        if hours is None:
            return ""
        if hours < 48:
            return f"{max(round(hours), 1)} h"
        return f"{round(hours / 24)} jours"


def figures(referrals: QuerySet[Referral]) -> Figures:
    """The figures of these referrals (those of one partner that the coordinator sees), in one query."""
    rows = list(referrals.exclude(sent_at=None).values_list("state", "sent_at", "acknowledged_at", "answered_at"))
    delays = [(seen - sent).total_seconds() / 3600 for _, sent, seen, _ in rows if sent and seen]
    return Figures(
        total=len(rows),
        acknowledged=len(delays),
        declined=sum(state == Referral.State.DECLINED for state, *_ in rows),
        answered=sum(answered is not None for *_, answered in rows),
        hours_to_acknowledge=median(delays) if delays else None,
    )
