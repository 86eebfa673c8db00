"""Posters of a residence: the number to call, and a code that opens the neighbours' page on this residence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Min, QuerySet
from django.urls import reverse

from campaigns.common import documents
from campaigns.models import Campaign, Case, Poster
from campaigns.referrals.sending import spoken_number
from campaigns.welfare import letters
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from tenants.models import Residence

SIZES = ("a4", "a3")
# In one PDF, as many pages as residences.
MOST = 200


class PosterError(Refused):
    """No poster can be made."""


@dataclass(frozen=True)
class Sheet:
    """What one poster says; its sentences are in the template."""

    residence: str
    sender: str
    number: str
    hours: str
    address: str
    questions: str
    qr: str


def residences_of(cases: QuerySet[Case]) -> QuerySet[Residence]:
    """The residences of these cases; ``town`` tells apart those that bear one name."""
    return (
        Residence.objects.filter(households__cases__in=cases.order_by().values("pk"))
        .distinct()
        .annotate(town=Min("households__city"))
        .select_related("agency", "landlord")
        .order_by("agency__name", "name", "town", "reference")
    )


def make(*, campaign: Campaign, residences: Sequence[Residence], size: str, by: User, now: datetime) -> bytes:
    """One PDF, a page for each residence, A4 or A3.

    A residence keeps its code: posters already on the walls stay good. Raises PosterError without a residence, with
    more than fit in one PDF, or when there is no number to print.
    """
    if size not in SIZES:
        raise PosterError("Choisissez le format A4 ou A3.")
    if not residences:
        raise PosterError("Choisissez au moins une résidence.")
    if len(residences) > MOST:
        raise PosterError(f"Un PDF contient {MOST} affiches au plus\u00a0: choisissez une agence.")
    Poster.objects.bulk_create(
        [Poster(residence_id=residence.pk, made_at=now) for residence in residences], ignore_conflicts=True
    )
    codes = dict(Poster.objects.filter(residence__in=residences).values_list("residence", "code"))
    sheets = [sheet_of(campaign, residence, codes[residence.pk]) for residence in residences]
    if not all(sheet.number for sheet in sheets):
        raise PosterError("Indiquez d'abord le numéro de rappel de la campagne.")
    made = documents.pdf("poster", {"sheets": [asdict(sheet) for sheet in sheets], "size": size})
    journal.record("posters.made", campaign, by=by, campaign_id=campaign.pk, size=size, count=len(sheets))
    return made


def sheet_of(campaign: Campaign, residence: Residence, code: str) -> Sheet:
    address = settings.SITE_URL + reverse("public:neighbour_code", args=[code])
    return Sheet(
        residence=str(residence),
        sender=residence.landlord.spoken_name or residence.landlord.name,
        number=spoken_number(campaign.callback_number or residence.landlord.callback_number),
        hours=letters.hours_of(campaign),
        address=address.partition("//")[2],
        questions=documents.written(reverse("public:faq")),
        qr=documents.qr(address),
    )


def residence_of(code: str) -> Residence | None:
    """The residence of a poster's code; None for any other text, without a word about which codes exist."""
    plain = code.strip().upper()
    if not (plain.isascii() and plain.isalnum() and len(plain) <= 16):
        return None
    return Residence.objects.filter(poster__code=plain).first()
