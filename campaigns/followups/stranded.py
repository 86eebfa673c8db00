"""Running plans that no campaign calls: their dates pass and nothing opens. One alert each, until it is mended."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns import alerts
from campaigns.models import Alert, Campaign, Case, FollowUpPlan
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
    plans = {_key(plan.pk): plan for plan in stranded(FollowUpPlan.objects.select_related("case"))}
    known = Alert.objects.filter(kind=Alert.Kind.STRANDED_FOLLOW_UP, solved_at=None)
    told = set(known.values_list("key", flat=True))
    fresh = {key: plan.case for key, plan in plans.items() if key not in told}
    return alerts.raise_all(causes=fresh, kind=Alert.Kind.STRANDED_FOLLOW_UP, level=Level.U1, now=now)


@transaction.atomic
def settle_stranded(*, now: datetime) -> int:
    """Solve the alerts of plans that are called again, or over; those that somebody took are theirs to solve."""
    open_ones = Alert.objects.filter(kind=Alert.Kind.STRANDED_FOLLOW_UP, solved_at=None, taken_by=None)
    waiting = {alert.key: alert for alert in open_ones}
    if not waiting:
        return 0
    still = {_key(pk) for pk in stranded(FollowUpPlan.objects.all()).values_list("pk", flat=True)}
    over = [alert for key, alert in waiting.items() if key not in still]
    for alert in over:
        solution = "Le suivi est de nouveau dans une campagne qui appelle, ou terminé."
        alerts.solve(alert=alert, solution=solution, by=None, now=now)
    return len(over)


def _key(plan_id: int) -> str:
    return f"plan:{plan_id}:stranded"
