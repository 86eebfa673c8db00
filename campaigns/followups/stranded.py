"""Running plans that no campaign calls: their dates pass and nothing opens. One alert each, until it is mended."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns import alerts
from campaigns.models import Alert, Campaign, Case, Cause, FollowUpPlan
from campaigns.models.levels import Level

_RUNNING = (Campaign.Status.OPEN, Campaign.Status.PAUSED)


def stranded(plans: QuerySet[FollowUpPlan]) -> QuerySet[FollowUpPlan]:
    """Of these, the running ones whose campaign neither calls nor pauses, or has not opened their case."""
    nowhere = ~Q(case__campaign__status__in=_RUNNING) | Q(case__status=Case.Status.PREPARED)
    return plans.filter(nowhere, status=FollowUpPlan.Status.ACTIVE)


def watch_stranded(*, now: datetime) -> int:
    """Every night: an alert for each such plan, as long as none is open; how many were raised.

    U1: somebody waits for a call that does not come. Alerts of plans that are called again, or over, are solved.
    Safe twice at once.
    """
    settle_stranded(now=now)
    told = Alert.objects.unsolved().filter(kind=Alert.Kind.STRANDED_FOLLOW_UP, plan=OuterRef("pk"))
    plans = stranded(FollowUpPlan.objects.filter(~Exists(told)).select_related("case"))
    causes: list[tuple[Case, Cause]] = [(plan.case, {"plan": plan}) for plan in plans]
    return alerts.raise_all(causes=causes, kind=Alert.Kind.STRANDED_FOLLOW_UP, level=Level.U1, now=now)


@transaction.atomic
def settle_stranded(*, now: datetime) -> int:
    """Solve the alerts of plans that are called again, or over; those that somebody took are theirs to solve."""
    open_ones = Alert.objects.unsolved().filter(kind=Alert.Kind.STRANDED_FOLLOW_UP, taken_by=None)
    still = stranded(FollowUpPlan.objects.filter(pk=OuterRef("plan")))
    over = list(open_ones.filter(~Exists(still)))
    for alert in over:
        solution = "Le suivi est de nouveau dans une campagne qui appelle, ou terminé."
        alerts.solve(alert=alert, solution=solution, by=None, now=now)
    return len(over)
