"""Tasks of the project itself: mail, heartbeat, retention of the journal."""

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from solidarites import bounces, health, journal, mail
from solidarites.models import AccountNotice, JournalEntry, OutgoingMail


@shared_task
def send_mail() -> int:
    """Send what is due, one row at a time."""
    return mail.send_due()


@shared_task
def heartbeat() -> None:
    """Run by the worker because beat asked: both are alive."""
    health.beat_now(health.WORKER, timezone.now())


@shared_task
def read_bounces() -> int:
    return bounces.read_mailbox(now=timezone.now())


@shared_task
def forget_old_rows() -> None:
    """Erase journal rows past their 12 months, mail rows after 30 days, and sessions that have ended.

    What somebody who never came back was to be told of their account goes with the journal.
    """
    now = timezone.now()
    JournalEntry.objects.filter(at__lt=now - timedelta(days=journal.KEEP_DAYS)).delete()
    AccountNotice.objects.filter(at__lt=now - timedelta(days=journal.KEEP_DAYS)).delete()
    OutgoingMail.objects.exclude(mail.WAITING).filter(created_at__lt=now - timedelta(days=30)).delete()
    Session.objects.filter(expire_date__lt=now).delete()
