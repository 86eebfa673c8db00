"""What a new volunteer is told: on one page before the first call, and on one sheet of paper beside the telephone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse

from campaigns.common import documents, scope
from campaigns.common.calendar import moment_label
from campaigns.common.typography import typography
from campaigns.models import Campaign, CampaignVolunteer, Meeting
from campaigns.referrals.sending import spoken_number
from campaigns.welfare import letters
from solidarites.models import User
from tenants.models import Agency

# Whom to call for what, in the order in which one hesitates.
VITAL = (
    ("15", "Samu\u00a0: un malaise, quelqu'un qui ne répond plus"),
    ("18", "Pompiers\u00a0: un feu, une chute, une personne enfermée"),
    ("17", "Police ou gendarmerie\u00a0: une menace, une violence"),
    ("112", "Toutes les urgences, si vous hésitez"),
    ("114", "Les mêmes, par SMS, pour qui entend mal"),
    ("3114", "Une personne qui n'a plus envie de vivre"),
)
# Enough for somebody to answer, and for a sheet to stay one page.
MOST_CONTACTS = 3
BEFORE_THE_END = (Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED)


@dataclass(frozen=True)
class Contact:
    name: str
    email: str


@dataclass(frozen=True)
class Place:
    """One campaign, as somebody who starts calling in it needs it. Numbers are written to be dialled by hand."""

    campaign: str
    sender: str
    callback: str
    on_call: str
    hours: str
    contacts: tuple[Contact, ...]
    meeting: str
    training_required: bool


def place_of(campaign: Campaign, agencies: QuerySet[Agency], now: datetime) -> Place:
    """``agencies``: the sectors of who reads it; none, all those of the campaign."""
    landlords = list(campaign.landlords.all())
    own = next((one.callback_number for one in landlords if one.callback_number), "")
    meeting = Meeting.objects.filter(campaign=campaign, cancelled_at=None, starts_at__gt=now).first()
    return Place(
        campaign=campaign.name,
        sender=", ".join(one.spoken_name or one.name for one in landlords),
        callback=spoken_number(campaign.callback_number or own),
        on_call=spoken_number(campaign.on_call_number),
        hours=typography(letters.hours_of(campaign)),
        contacts=tuple(Contact(one.display_name, one.email) for one in _coordinators(campaign, agencies)),
        meeting=typography(moment_label(meeting.starts_at, now, campaign.tz)) if meeting else "",
        training_required=campaign.training_required,
    )


def _coordinators(campaign: Campaign, agencies: QuerySet[Agency]) -> list[User]:
    """Those who follow these sectors; all of them when nobody in particular does."""
    sectors = list(agencies.values_list("pk", flat=True)) or list(campaign.agencies.values_list("pk", flat=True))
    people = scope.coordinators().order_by("last_name", "first_name", "pk")
    if not sectors:
        return list(people[:MOST_CONTACTS])
    followers = people.filter(Q(coordinator_scope__agencies=None) | Q(coordinator_scope__agencies__in=sectors))
    return list(followers[:MOST_CONTACTS]) or list(people[:MOST_CONTACTS])


def memberships(by: User) -> QuerySet[CampaignVolunteer]:
    """The campaigns that this volunteer calls in, or soon will."""
    mine = CampaignVolunteer.objects.filter(user=by, active=True, campaign__status__in=BEFORE_THE_END)
    return mine.select_related("campaign").order_by("-campaign__status", "campaign__name")


def sheet(campaign: Campaign, agencies: QuerySet[Agency], now: datetime) -> bytes:
    """The sheet of a campaign on one page, as PDF: nobody who is called is on it."""
    place = place_of(campaign, agencies, now)
    return documents.pdf(
        "welcome", {**asdict(place), "vital": VITAL, "address": documents.written(reverse("caller:home"))}
    )
