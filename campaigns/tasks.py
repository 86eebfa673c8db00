"""Periodic tasks of campaigns: each finds its work as rows and is safe to run twice at once."""

from typing import Any

from celery import shared_task
from celery.signals import task_failure, task_success
from django.db import transaction
from django.utils import timezone

from campaigns import alerts, calls, followups, purge, queue, referrals, welfare
from campaigns.alerts import machine
from campaigns.followups import reminders
from campaigns.models import Campaign
from campaigns.setup import enrolment, lifecycle
from campaigns.team import debriefs
from solidarites import health
from solidarites.models import User


@shared_task
def release_stale_claims() -> int:
    """Claims that expired, and the calls that nobody may record any more."""
    now = timezone.now()
    return queue.release_stale(now=now) + calls.keep_unfinished(now=now)


@shared_task
def open_due_calls() -> int:
    """Open what is due; what waits for somebody who is away goes to the backup."""
    now = timezone.now()
    return followups.open_due_calls(now=now) + followups.hand_over_opened(now=now)


@shared_task
def settle_follow_ups() -> int:
    """What ends by itself: heat waves past their last day, plans past their end date."""
    now = timezone.now()
    return lifecycle.end_heat_waves(now=now) + followups.settle_ended(now=now)


@shared_task
def remind_follow_ups() -> int:
    """The evening before, and on Monday morning: one message a person and a day."""
    return reminders.remind(now=timezone.now())


@shared_task
def forget_past_absences() -> int:
    return followups.forget_past(now=timezone.now())


@shared_task
def watch_missed_calls() -> int:
    return followups.watch_missed(now=timezone.now())


@shared_task
def watch_stranded_plans() -> int:
    return followups.watch_stranded(now=timezone.now())


@shared_task
def watch_referrals() -> int:
    return referrals.watch_referrals(now=timezone.now())


@shared_task
def watch_welfare_checks() -> int:
    return welfare.watch_overdue(now=timezone.now())


@shared_task
def remind_alerts() -> int:
    return alerts.remind(now=timezone.now())


@shared_task
def watch_debriefs() -> int:
    """Volunteers whom a call touched, and to whom nobody has spoken for a day."""
    return debriefs.watch_unheard(now=timezone.now())


@shared_task
def watch_mail() -> int:
    return machine.watch_mail(now=timezone.now())


@shared_task
def enrol_arrivals() -> int:
    return enrolment.enrol_arrivals(now=timezone.now())


@shared_task
def purge_expired() -> int:
    return len(purge.purge_expired(now=timezone.now()))


@shared_task
def enrol_campaign(campaign_id: int, user_id: int) -> int:
    """Asked for by a coordinator when there are many; running it twice enrols once."""
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is None or campaign.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED):
        return 0
    by = User.objects.filter(pk=user_id).first()
    return enrolment.enrol(campaign=campaign, by=by, now=timezone.now()).created


@task_failure.connect
def tell_failure(sender: Any = None, **kwargs: Any) -> None:
    """Sent by the worker once the task's own transaction is undone."""
    if sender is not None and not transaction.get_connection().in_atomic_block:
        health.guarded(lambda: machine.task_failed(task=sender.name, now=timezone.now()))


@task_success.connect
def tell_success(sender: Any = None, **kwargs: Any) -> None:
    if sender is not None and not transaction.get_connection().in_atomic_block:
        health.guarded(lambda: machine.task_succeeded(task=sender.name, now=timezone.now()))
