"""What waits in « À confirmer », in a coordinator's sight, and until when."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from campaigns.common import scope
from campaigns.common.calendar import Calendar
from campaigns.models import Parting
from solidarites.models import User
from tenants.models import Confirmation, Household

WORKING_DAYS = 2


def confirmations_of(user: User, *, decided: bool = False, sight: Q | None = None) -> QuerySet[Confirmation]:
    """Those waiting, or all; ``sight`` is ``scope.in_sight(user)`` where it is known already."""
    rows = Confirmation.objects.all() if decided else Confirmation.objects.waiting()
    return rows.filter(household__in=_homes(user, sight))


def partings_of(user: User, *, decided: bool = False, sight: Q | None = None) -> QuerySet[Parting]:
    """Whoever follows one of the two addresses sees it."""
    rows = Parting.objects.all() if decided else Parting.objects.filter(decided_at=None)
    homes = _homes(user, sight)
    seen = Q(stays__in=homes) | Q(leaves__in=homes)
    return rows.filter(seen).select_related("stays", "leaves").order_by("created_at", "pk")


def _homes(user: User, sight: Q | None) -> QuerySet[Household]:
    return Household.objects.filter(scope.in_sight(user) if sight is None else sight).order_by()


def deadline(asked: datetime) -> date:
    """The second working day after the list."""
    zone = ZoneInfo(settings.TIME_ZONE)
    week = tuple(((time(9), time(18)),) if day < 5 else () for day in range(7))
    return Calendar(week, zone).add_working_days(asked.astimezone(zone).date(), WORKING_DAYS)
