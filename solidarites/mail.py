"""Mail leaves from rows: queue once by key, send by conditional update, always with the same Message-ID.

A row in state « sending » whose lease has passed and that nobody holds (``holds``) belonged to a process that died
while the server may have been answering: the same message goes again and the row notes it (``was_unsure``). The
lease alone would not do: a clock that jumps ends every lease at once, while messages are on their way.
"""

from __future__ import annotations

import logging
import smtplib
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.db.models import Model, Q
from django.template.loader import render_to_string
from django.utils import timezone

from solidarites import holds, smtp
from solidarites.models import OutgoingMail
from solidarites.prompt import ask_for

log = logging.getLogger(__name__)
State = OutgoingMail.State

LEASE = timedelta(minutes=5)
# Pauses between tries; after the last one the row is « failed » and an alert is due.
PAUSES = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720)]
WAITING = Q(state__in=[State.QUEUED, State.SENDING, State.UNSURE])
# What each template is about, for who looks for a message.
KINDS = {
    "alert": "une alerte",
    "alerts": "des alertes",
    "caretaker_round": "une tournée de visites",
    "debrief": "une demande d'échange",
    "follow_up_given": "un appel de suivi confié",
    "follow_up_tomorrow": "les suivis du lendemain",
    "follow_up_week": "les suivis de la semaine",
    "invitation": "une invitation",
    "password_reset": "un nouveau mot de passe",
    "referral_code": "le code d'un signalement",
    "referral_reminder": "la relance d'un signalement",
    "referral_sent": "un signalement",
    "referral_withdrawn": "le retrait d'un signalement",
    "security_notice": "un avis de sécurité",
    "welfare_overdue": "une veille en retard",
}
# Seconds: the rest leaves at the next tick, after the other tasks.
LONGEST_RUN = 60


def queue_mail(
    *,
    key: str,
    to: str | list[str],
    template: str,
    context: dict[str, Any],
    about: Model | None = None,
    day: date | None = None,
    now: datetime | None = None,
    urgent: bool = False,
) -> OutgoingMail:
    """Put a message in the queue, inside the caller's transaction; the same ``key`` is queued once.

    It leaves from ``now`` on (a later moment holds it back), the ``urgent`` ones first.

    ``template`` names ``templates/emails/<template>.txt`` (first line: subject) and ``.html``. ``context``
    is stored: ids, references and hours only, never a name or a text about somebody. ``about`` is the row it tells
    of: whoever cancels, looks for or erases what was said of it finds it by that; ``day``, the day it tells of.
    """
    row, created = OutgoingMail.objects.get_or_create(
        key=key,
        defaults={
            "object_type": about._meta.label_lower if about is not None else "",
            "object_id": about.pk if about is not None else None,
            "day": day,
            "to": to if isinstance(to, str) else ", ".join(to),
            "template": template,
            "context": context,
            "next_try_at": now or timezone.now(),
            "urgent": urgent,
        },
    )
    if created:
        ask_for("solidarites.tasks.send_mail")
    return row


def about(thing: Model | type[Model]) -> Q:
    """The messages about this row; about any row of it, for a model."""
    kind = Q(object_type=thing._meta.label_lower)
    return kind & Q(object_id=thing.pk) if isinstance(thing, Model) else kind


def cancel(thing: Model, template: str) -> int:
    """What this template still has to say of this row is not sent any more; how many."""
    waiting = OutgoingMail.objects.filter(about(thing), template=template, state=State.QUEUED)
    return waiting.update(state=State.CANCELLED)


def due_ids(now: datetime, limit: int = 50) -> list[int]:
    """What may leave now: what is urgent, then as many others as MAIL_PER_MINUTE still allows."""
    due = OutgoingMail.objects.filter(WAITING, next_try_at__lte=now).order_by("-urgent", "next_try_at")
    last_minute = OutgoingMail.objects.filter(sent_at__gt=now - timedelta(minutes=1), sent_at__lte=now)
    room = settings.MAIL_PER_MINUTE - last_minute.count()
    found = list(due.values_list("pk", "urgent")[:limit])
    urgent = sum(1 for _, is_urgent in found if is_urgent)
    return [pk for pk, _ in found[: max(urgent, room)]]


def send_due(now: Callable[[], datetime] = timezone.now) -> int:
    """Send what is due, one row at a time; how many left. A slow server keeps a worker for a minute at most."""
    count, stop = 0, time.monotonic() + LONGEST_RUN
    for pk in due_ids(now()):
        if time.monotonic() > stop:
            break
        count += send_one(pk, now())
    return count


def send_one(mail_id: int, now: datetime) -> bool:
    """Claim the row, send it, and say whether it left. Does nothing when another process holds it.

    Errors: DatabaseError. The row then stays claimed, and the same message goes again when its lease has passed.
    """
    with holds.on_this_machine(mail_id) as free:
        row = _claim(mail_id, now) if free else None
        if row is None:
            return False
        claimed = OutgoingMail.objects.filter(pk=row.pk, state=State.SENDING, attempts=row.attempts)
        with holds.in_the_database(claimed) as mine:
            return mine and _send(row, now)


@transaction.atomic
def _claim(mail_id: int, now: datetime) -> OutgoingMail | None:
    """The row, claimed for one try; None when it is not due, or when a process that lives is sending it."""
    due = OutgoingMail.objects.filter(WAITING, pk=mail_id, next_try_at__lte=now)
    row = due.select_for_update(skip_locked=True, no_key=True).first()
    if row is None:
        return None
    # Still « sending » when its lease has passed: whoever held it died, perhaps while the server was answering.
    row.was_unsure = row.was_unsure or row.state == State.SENDING
    row.state, row.next_try_at, row.attempts = State.SENDING, now + LEASE, row.attempts + 1
    row.save(update_fields=["was_unsure", "state", "next_try_at", "attempts"])
    return row


def _send(row: OutgoingMail, now: datetime) -> bool:
    if row.attempts > len(PAUSES) + 1:
        # Each try ended with the process that made it: one more would only send another copy.
        _settle(row, state=State.FAILED, error="interrompu à chaque essai", next_try_at=now)
        return False
    try:
        message = build(row)
        message.send()
    except ObjectDoesNotExist:
        # What it was about is gone (an invitation taken back, a referral withdrawn while this waited).
        _settle(row, state=State.CANCELLED)
        return False
    except DatabaseError:
        raise
    except Exception as error:
        _failed(row, error, now)
        return False
    with transaction.atomic():
        # Whatever became of the claim meanwhile, it has left; a bounce already noted stays.
        OutgoingMail.objects.filter(WAITING, pk=row.pk).update(state=State.SENT, sent_at=now, error="")
        for address, code in smtp.refused_by(message).items():
            _refused_alone(row, address, code, now)
    return True


def _settle(row: OutgoingMail, **fields: Any) -> None:
    """Write the end of this try, unless another process has taken the row since (its lease had passed)."""
    OutgoingMail.objects.filter(pk=row.pk, state=State.SENDING, attempts=row.attempts).update(**fields)


def _refused_alone(row: OutgoingMail, address: str, code: int, now: datetime) -> None:
    """The server took the message for the other addresses: this one gets a row of its own.

    Refused for good it has failed at once; otherwise it is tried again, for this address alone.
    """
    final = code >= 500
    addresses = row.to.split(", ")
    # By its place and not by its name; sent again after a crash, the message does not say it twice.
    place = addresses.index(address) + 1 if address in addresses else 0
    OutgoingMail.objects.get_or_create(
        key=f"{row.key}:alone:{place}",
        defaults={
            "object_type": row.object_type,
            "object_id": row.object_id,
            "day": row.day,
            "to": address,
            "template": row.template,
            "context": row.context,
            "urgent": row.urgent,
            "state": State.FAILED if final else State.QUEUED,
            "attempts": 1,
            "next_try_at": now if final else now + PAUSES[0],
            "error": f"SMTPRecipientsRefused {code}",
        },
    )
    log.warning("mail %s: one of its addresses was refused (%s)", row.pk, code)


def _failed(row: OutgoingMail, error: Exception, now: datetime) -> None:
    final = row.attempts > len(PAUSES) or _refused_for_good(error)
    # The class and code only: a server's text may repeat an address.
    text = f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()[:120]
    # Cut off or too slow: the server may have taken it, the same message goes again.
    unsure = row.was_unsure or isinstance(error, (smtplib.SMTPServerDisconnected, TimeoutError))
    _settle(
        row,
        state=State.FAILED if final else State.QUEUED,
        error=text,
        was_unsure=unsure,
        next_try_at=now if final else now + PAUSES[row.attempts - 1],
    )
    log.warning("mail %s: %s (%s)", row.pk, text, "given up" if final else "tried again later")


def _refused_for_good(error: Exception) -> bool:
    """A permanent answer (5xx, RFC 5321) about the message or all its addresses; not a sign-in that may be mended.

    A message that cannot be made (a line break in a header, an address that is none) is refused for good too.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    if isinstance(error, (smtplib.SMTPException, OSError)):
        return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
    return True


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
