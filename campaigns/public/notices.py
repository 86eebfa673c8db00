"""Which crisis is on, whom to call back, and what is said of people's data: from the campaigns' own fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from campaigns.models import Campaign, Crisis
from campaigns.welfare.letters import hours_of
from tenants.models import Landlord

Status = Campaign.Status
RUNNING = (Status.OPEN, Status.PAUSED)
# Of a draft nobody is told: its words are not settled. Of what is erased, only that it is.
TOLD = (Status.OPEN, Status.PAUSED, Status.CLOSED, Status.PURGED)


def running(landlord: Landlord | None = None) -> QuerySet[Campaign]:
    """The campaigns that call, the latest opened first; of this landlord, or of all landlords."""
    rows = Campaign.objects.filter(status__in=RUNNING).order_by("-opened_at", "-pk")
    if landlord is None:
        return rows
    return rows.filter(Q(landlords=landlord) | Q(landlords__isnull=True)).distinct()


def current_crisis(landlord: Landlord | None = None) -> str:
    """The crisis of the latest campaign that calls and says which; empty when there is none."""
    found = running(landlord).exclude(crisis="").first()
    return found.crisis if found else ""


@dataclass(frozen=True)
class Contact:
    """Whom a tenant calls with a question."""

    name: str
    number: str
    hours: str


def contact(landlord: Landlord | None = None) -> Contact | None:
    """The number of the campaign that calls, else the landlord's own, when it is sure which; None when nobody is.

    Two campaigns with two numbers, or two landlords, and no way to know which is the reader's: none is given.
    """
    campaigns = list(running(landlord))
    numbers = {one.callback_number for one in campaigns if one.callback_number}
    name = (landlord.spoken_name or landlord.name) if landlord else ""
    if len(numbers) == 1:
        campaign = next(one for one in campaigns if one.callback_number)
        return Contact(name, numbers.pop(), hours_of(campaign))
    if landlord is not None and landlord.callback_number:
        return Contact(name, landlord.callback_number, "")
    return None


@dataclass(frozen=True)
class Notice:
    """What the law asks to be told (RGPD, articles 13 and 14) of one campaign."""

    campaign: Campaign
    landlords: list[Landlord]
    # The day when persons are erased: known once the campaign is closed, foreseen before.
    erased_on: date | None
    foreseen: bool


def notice(campaign: Campaign) -> Notice:
    landlords = list(campaign.landlords.all()) or list(Landlord.objects.all())
    wait = timedelta(days=campaign.purge_after_days)
    if campaign.closed_at is not None:
        return Notice(campaign, landlords, campaign.closed_at.astimezone(campaign.tz).date() + wait, False)
    return Notice(campaign, landlords, campaign.ends_on + wait if campaign.ends_on else None, True)


def told() -> QuerySet[Campaign]:
    """The campaigns whose notice anybody may read."""
    return Campaign.objects.filter(status__in=TOLD)


def crisis_label(crisis: str) -> str:
    return str(Crisis(crisis).label)
