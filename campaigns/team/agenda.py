"""Meetings as a file for one's own agenda (RFC 5545): brought in again, it replaces what it brought before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse
from icalendar import Calendar as Agenda
from icalendar import Event

from campaigns.models import Meeting

TITLE = "Temps d'échange"


def written(meetings: Sequence[Meeting], now: datetime) -> bytes:
    """At least one meeting: what is cancelled says so, with the name it had. No name of anybody."""
    book = Agenda()
    book.add("prodid", "-//Solidarites//Temps d'echange//FR")
    book.add("version", "2.0")
    gone = all(one.cancelled_at is not None for one in meetings)
    book.add("method", "CANCEL" if gone else "PUBLISH")
    for one in meetings:
        book.add_component(_event(one, now))
    return bytes(book.to_ical())


def _event(meeting: Meeting, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"temps-d-echange-{meeting.pk}@solidarites.invalid")
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", meeting.starts_at.astimezone(UTC))
    event.add("dtend", meeting.ends_at.astimezone(UTC))
    event.add("summary", TITLE)
    event.add("status", "CONFIRMED" if meeting.cancelled_at is None else "CANCELLED")
    event.add("location", meeting.link)
    event.add("description", "\n".join(filter(None, (meeting.words, meeting.link))))
    event.add("url", settings.SITE_URL + reverse("caller:sharing"))
    event.add("class", "PRIVATE")
    return event
