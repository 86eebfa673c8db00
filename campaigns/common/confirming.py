"""What waits in « À confirmer », in a coordinator's sight, and until when."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from campaigns.common import scope
from campaigns.common.calendar import Calendar
from campaigns.models import Parting
from solidarites.models import User
from tenants.models import Confirmation

WORKING_DAYS = 2


def confirmations_of(user: User, *, decided: bool = False) -> QuerySet[Confirmation]:
    rows = Confirmation.objects.all() if decided else Confirmation.objects.waiting()
    return rows.filter(scope.in_sight(user, "household__agency"))


def partings_of(user: User, *, decided: bool = False) -> QuerySet[Parting]:
    """Whoever follows one of the two addresses sees it."""
    rows = Parting.objects.all() if decided else Parting.objects.filter(decided_at=None)
    seen = scope.in_sight(user, "stays__agency") | scope.in_sight(user, "leaves__agency")
    return rows.filter(seen).select_related("stays", "leaves").order_by("created_at", "pk")


def deadline(asked: datetime) -> date:
    """The second working day after the list."""
    zone = ZoneInfo(settings.TIME_ZONE)
    week = tuple(((time(9), time(18)),) if day < 5 else () for day in range(7))
    return Calendar(week, zone).add_working_days(asked.astimezone(zone).date(), WORKING_DAYS)
