"""A volunteer's follow-ups in their own agenda: a secret link, « Appel de suivi », an hour, and nothing else."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from icalendar import Calendar as Agenda
from icalendar import Event, Timezone, vDuration

from campaigns.common.calendar import calendar_of
from campaigns.followups.absences import presence_of
from campaigns.followups.dates import coming
from campaigns.models import CalendarFeed, Campaign, DueCall, FollowUpPlan
from solidarites import journal
from solidarites.models import User
from solidarites.roles import VOLUNTEER

TITLE = "Appel de suivi"
LENGTH = timedelta(minutes=30)
AHEAD = timedelta(weeks=8)
# Agendas ask as often as they like; they are told to come back every few hours.
EVERY = timedelta(hours=4)
_SIGNER = Signer(salt="campaigns.followups.feed", sep=".")


def token_of(feed: CalendarFeed) -> str:
    """What stands in the link: the key with our signature, so that the table alone opens nothing."""
    return _SIGNER.sign(feed.key)


@transaction.atomic
def renew(*, user: User, now: datetime) -> CalendarFeed:
    """A new link for this volunteer; the one before, if any, opens nothing from now on."""
    feed, _ = CalendarFeed.objects.update_or_create(
        user=user, defaults={"key": secrets.token_urlsafe(24), "created_at": now}
    )
    journal.record("calendar_feed.renewed", feed, by=user)
    return feed


@transaction.atomic
def revoke(*, user: User, by: User | None = None) -> bool:
    """Take the link back, oneself or (``by``) with the account. Idempotent."""
    feed = CalendarFeed.objects.filter(user=user).first()
    if feed is None:
        return False
    journal.record("calendar_feed.revoked", feed, by=by or user)
    feed.delete()
    return True


def owner_of(token: str) -> User | None:
    """Whose link this is; None for one that never was, was taken back, or whose owner calls no more."""
    try:
        key = _SIGNER.unsign(token)
    except BadSignature:
        return None
    feed = CalendarFeed.objects.select_related("user").filter(key=key).first()
    return feed.user if feed is not None and feed.user.has_role(VOLUNTEER) else None


def agenda(user: User, now: datetime) -> bytes:
    """The calls that this person makes in the coming weeks, absences and exceptions taken into account."""
    calls: dict[str, datetime] = {}
    opened = DueCall.objects.opened().filter(volunteer=user)
    for due in opened.select_related("case__campaign"):
        day = calendar_of(due.case.campaign, due.case.region).local(due.due_at).date()
        calls[_uid(due.plan_id, f"{day:%Y%m%d}")] = due.due_at
    until = now + AHEAD
    plans = list(
        FollowUpPlan.objects.active()
        .filter(Q(volunteer=user) | Q(backup=user), next_due_at__lt=until, case__campaign__status=Campaign.Status.OPEN)
        .select_related("case__campaign")
        .prefetch_related("exceptions")
    )
    presence = presence_of({plan.case.campaign_id for plan in plans}, (now - timedelta(days=1)).date())
    for plan in plans:
        for one in coming(plan, until=until):
            if one.exception is None and presence.caller(plan, one.day) == user.pk:
                calls[_uid(plan.pk, f"{one.day:%Y%m%d}")] = one.at
    return _written(calls, now)


def _uid(plan_id: int, day: str) -> str:
    """The same call keeps its name each time the agenda asks: the plan and the local day."""
    return f"suivi-{plan_id}-{day}@solidarites.invalid"


def _written(calls: dict[str, datetime], now: datetime) -> bytes:
    book = Agenda()
    book.add("prodid", "-//Solidarites//Suivis//FR")
    book.add("version", "2.0")
    book.add("x-wr-calname", "Appels de suivi")
    book.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    # The older name of the same, which icalendar does not know for a duration.
    book.add("x-published-ttl", vDuration(EVERY).to_ical().decode())
    # An agenda without a single component is none (RFC 5545): the zone stays when no call does.
    today = now.date()
    zone = Timezone.from_tzid(settings.TIME_ZONE, first_date=today, last_date=today + timedelta(days=366))
    zone.pop("comment", None)
    book.add_component(zone)
    link = settings.SITE_URL + reverse("caller:home")
    for uid, at in sorted(calls.items(), key=lambda item: (item[1], item[0])):
        event = Event()
        event.add("uid", uid)
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", at.astimezone(UTC))
        event.add("dtend", (at + LENGTH).astimezone(UTC))
        event.add("summary", TITLE)
        event.add("url", link)
        event.add("class", "PRIVATE")
        book.add_component(event)
    return bytes(book.to_ical())
