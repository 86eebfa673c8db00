"""Mail leaves from rows: queue once by key, send by conditional update, always with the same Message-ID.

A row in state « sending » whose lease has passed belonged to a process that died while the server may
have been answering: the same message goes again and the row notes it (``was_unsure``).
"""

from __future__ import annotations

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone

from solidarites.models import OutgoingMail

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
# Pauses between tries; after the last one the row is « failed » and an alert is due.
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720)]
WAITING = Q(state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.SENDING, OutgoingMail.State.UNSURE])


def queue_mail(
    *,
    key: str,
    to: str | list[str],
    template: str,
    context: dict[str, Any],
    now: datetime | None = None,
    urgent: bool = False,
) -> OutgoingMail:
    """Put a message in the queue, inside the caller's transaction; the same ``key`` is queued once.

    It leaves from ``now`` on (a later moment holds it back), the ``urgent`` ones first.

    ``template`` names ``templates/emails/<template>.txt`` (first line: subject) and ``.html``. ``context``
    is stored: ids, references and hours only, never a name or a text about somebody.
    """
    from solidarites.tasks import send_mail

    row, created = OutgoingMail.objects.get_or_create(
        key=key,
        defaults={
            "to": to if isinstance(to, str) else ", ".join(to),
            "template": template,
            "context": context,
            "next_try_at": now or timezone.now(),
            "urgent": urgent,
        },
    )
    if created:
        send_mail.delay_on_commit()
    return row


def due_ids(now: datetime, limit: int = 50) -> list[int]:
    """What may leave now: what is urgent, then as many others as MAIL_PER_MINUTE still allows."""
    due = OutgoingMail.objects.filter(WAITING, next_try_at__lte=now).order_by("-urgent", "next_try_at")
    last_minute = OutgoingMail.objects.filter(sent_at__gt=now - timedelta(minutes=1), sent_at__lte=now)
    room = settings.MAIL_PER_MINUTE - last_minute.count()
    found = list(due.values_list("pk", "urgent")[:limit])
    urgent = sum(1 for _, is_urgent in found if is_urgent)
    return [pk for pk, _ in found[: max(urgent, room)]]


def send_one(mail_id: int, now: datetime) -> bool:
    """Claim the row, send it, and say whether it left. Does nothing when another process holds it."""
    claimed = OutgoingMail.objects.filter(WAITING, pk=mail_id, next_try_at__lte=now)
    was_sending = OutgoingMail.objects.filter(pk=mail_id, state=OutgoingMail.State.SENDING).exists()
    if not claimed.update(state=OutgoingMail.State.SENDING, next_try_at=now + LEASE):
        return False
    row = OutgoingMail.objects.get(pk=mail_id)
    row.attempts += 1
    row.was_unsure = row.was_unsure or was_sending
    row.save(update_fields=["attempts", "was_unsure"])
    try:
        build(row).send()
    except ObjectDoesNotExist:
        # What it was about is gone (an invitation taken back while this waited): nothing is left to say.
        row.state = OutgoingMail.State.CANCELLED
        row.save(update_fields=["state"])
        return False
    except (smtplib.SMTPException, OSError) as error:
        _failed(row, error, now)
        return False
    row.state, row.sent_at, row.error = OutgoingMail.State.SENT, now, ""
    row.save(update_fields=["state", "sent_at", "error"])
    return True


def _failed(row: OutgoingMail, error: Exception, now: datetime) -> None:
    final = row.attempts > len(PAUSES) or _refused_for_good(error)
    row.state = OutgoingMail.State.FAILED if final else OutgoingMail.State.QUEUED
    # The class and code only: a server's text may repeat an address.
    row.error = f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()[:120]
    if not final:
        row.next_try_at = now + PAUSES[row.attempts - 1]
    # Cut off or too slow: the server may have taken it, the same message goes again.
    row.was_unsure = row.was_unsure or isinstance(error, (smtplib.SMTPServerDisconnected, TimeoutError))
    row.save(update_fields=["state", "error", "next_try_at", "was_unsure"])
    log.warning("mail %s: %s (%s)", row.pk, row.error, row.state)


def _refused_for_good(error: Exception) -> bool:
    """A permanent answer (5xx, RFC 5321) about the message or all its addresses; not a sign-in that may be mended."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def build(row: OutgoingMail) -> EmailMultiAlternatives:
    """The message as it leaves: French text and HTML from the template, our own Message-ID."""
    context = {**row.context, "site_url": settings.SITE_URL, "demo": settings.DEMO}
    subject, _, body = render_to_string(f"emails/{row.template}.txt", context).partition("\n")
    message = EmailMultiAlternatives(
        subject=subject.strip(),
        body=body.strip() + "\n",
        to=row.to.split(", "),
        headers={"Message-ID": row.message_id, "Auto-Submitted": "auto-generated"},
    )
    html_context = {**context, "subject": subject.strip()}
    message.attach_alternative(render_to_string(f"emails/{row.template}.html", html_context), "text/html")
    return message
