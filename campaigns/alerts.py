"""Raise, take, solve and reopen what a coordinator must see now."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns import scope
from campaigns.models import Absence, Alert, Campaign, Case
from campaigns.models.levels import Level
from solidarites import journal, mail
from solidarites.models import User

REMIND_EVERY = timedelta(minutes=15)
# Nobody is woken for a « same day »: its e-mails wait for the morning. A vital alert (U0) never waits.
QUIET_FROM, QUIET_UNTIL = time(21), time(7)


class AlertError(ValueError):
    """The act does not fit the alert's state; the message is French."""


@transaction.atomic
def raise_alert(
    *,
    key: str,
    kind: str,
    level: str,
    now: datetime,
    case: Case | None = None,
    campaign: Campaign | None = None,
    by: User | None = None,
) -> Alert:
    """Raise an alert once for its cause.

    ``key`` names the cause (« due_call:12 »): raising it again while it is unsolved returns the same alert. U0 and
    U1 e-mail their ``audience`` at once (U1 in the morning when it is night): number of the case and a link, nothing
    personal.
    """
    campaign_id = campaign.pk if campaign is not None else (case.campaign_id if case is not None else None)
    alert, created = Alert.objects.get_or_create(
        key=key,
        solved_at=None,
        defaults={
            "kind": kind,
            "level": level,
            "case": case,
            "campaign_id": campaign_id,
            "raised_by": by,
            "raised_at": now,
        },
    )
    if not created:
        return alert
    journal.record("alert.raised", alert, by=by, campaign_id=campaign_id, level=level, kind=kind)
    if level in (Level.U0, Level.U1):
        for person in audience(case, now):
            tell(alert, person, now, occasion="raised")
    return alert


def visible(by: User) -> QuerySet[Alert]:
    """Those of the cases this coordinator sees, and those that hang on no case."""
    return Alert.objects.filter(scope.in_sight(by, "case__agency") | Q(case=None))


def audience(case: Case | None, now: datetime) -> list[User]:
    """Who is told: the coordinators who see ``case``, those who are away left out as long as somebody stays.

    Without any coordinator the administrators are told, who can name one.
    """
    people = scope.coordinators() if case is None else scope.coordinators_of(case)
    found = list(people.order_by("pk")) or list(scope.administrators().order_by("pk"))
    today = timezone.localdate(now)
    rows = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=today), user__in=found, first_day__lte=today)
    away = set(rows.values_list("user_id", flat=True))
    return [person for person in found if person.pk not in away] or found


def after_quiet_hours(alert: Alert, now: datetime) -> datetime:
    """``now``, or the next morning in the campaign's zone when it is night and the alert is not vital."""
    if alert.level == Level.U0:
        return now
    return not_by_night(now, alert.campaign.tz if alert.campaign is not None else ZoneInfo(settings.TIME_ZONE))


def not_by_night(now: datetime, zone: ZoneInfo) -> datetime:
    """``now``, or seven in the morning when it is night there."""
    local = now.astimezone(zone)
    if QUIET_UNTIL <= local.time() < QUIET_FROM:
        return now
    day = local.date() + timedelta(days=local.time() >= QUIET_FROM)
    return datetime.combine(day, QUIET_UNTIL, local.tzinfo)


def tell(alert: Alert, person: User, now: datetime, *, occasion: str) -> None:
    """Queue the e-mail that says an alert waits: its level, the case's number, a link."""
    mail.queue_mail(
        key=f"alert:{alert.pk}:{occasion}:{person.pk}",
        to=person.email,
        template="alert",
        context={
            "alert_id": alert.pk,
            "level": alert.level,
            "case_id": alert.case_id,
            "kind": alert.get_kind_display(),
        },
        now=after_quiet_hours(alert, now),
        urgent=alert.level == Level.U0,
    )


def remind(*, now: datetime) -> int:
    """E-mail again, every 15 minutes, the U0 and U1 alerts that nobody has taken: one coordinator more each time.

    By night U0 alone; 15 minutes count from the morning for what waited until then. An alert whose taker left waits
    again. Safe twice at once: the row's counter moves by a conditional update.
    """
    release_left(now=now)
    waiting = Alert.objects.filter(solved_at=None, taken_at=None, level__in=[Level.U0, Level.U1])
    told = 0
    for alert in waiting.select_related("case", "campaign").order_by("level", "raised_at")[:200]:
        told_at = after_quiet_hours(alert, alert.reminded_at or alert.raised_at)
        if after_quiet_hours(alert, now) > now or now - told_at < REMIND_EVERY:
            continue
        with transaction.atomic():
            unchanged = Alert.objects.filter(pk=alert.pk, reminders=alert.reminders, taken_at=None, solved_at=None)
            if not unchanged.update(reminders=alert.reminders + 1, reminded_at=now):
                continue
            if people := audience(alert.case, now):
                person = people[alert.reminders % len(people)]
                tell(alert, person, now, occasion=f"reminder{alert.reminders + 1}")
                told += 1
    return told


def release_left(*, now: datetime) -> int:
    """Alerts taken by somebody who coordinates (or administers) no more, or whose absence began since, wait again."""
    mine = OuterRef("taken_by")
    today = timezone.localdate(now)
    here = Exists(scope.coordinators().filter(pk=mine)) | Exists(scope.administrators().filter(pk=mine))
    away = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=today), user=mine, first_day__lte=today)
    left = Alert.objects.filter(solved_at=None, taken_by__isnull=False).filter(
        ~here | Exists(away.filter(first_day__gt=OuterRef("taken_at__date")))
    )
    released = 0
    for alert in left:
        with transaction.atomic():
            same = Alert.objects.filter(
                pk=alert.pk, taken_by=alert.taken_by_id, taken_at=alert.taken_at, solved_at=None
            )
            if same.update(taken_by=None, taken_at=None):
                journal.record("alert.released", alert, campaign_id=alert.campaign_id)
                released += 1
    return released


@transaction.atomic
def take(*, alert: Alert, by: User, now: datetime) -> Alert:
    """Say that one deals with it. Raises AlertError when solved, or taken by somebody else meanwhile."""
    if not Alert.objects.filter(pk=alert.pk, taken_by=None, solved_at=None).update(taken_by=by, taken_at=now):
        alert.refresh_from_db()
        if alert.solved_at:
            raise AlertError("Cette alerte est déjà résolue.")
        if alert.taken_by_id != by.pk:
            raise AlertError(f"{alert.taken_by} s'en occupe déjà.")
        return alert
    alert.taken_by, alert.taken_at = by, now
    _nobody_else(alert)
    journal.record("alert.taken", alert, by=by, campaign_id=alert.campaign_id)
    return alert


@transaction.atomic
def solve(*, alert: Alert, solution: str, by: User | None, now: datetime) -> Alert:
    """Close it with what was done. Raises AlertError without a text or when already solved."""
    if not solution.strip():
        raise AlertError("Indiquez ce qui a été fait.")
    fields: dict[str, Any] = {"solved_by": by, "solved_at": now, "solution": solution.strip()[:300]}
    if alert.taken_by_id is None:
        fields |= {"taken_by": by, "taken_at": now}
    if not Alert.objects.filter(pk=alert.pk, solved_at=None).update(**fields):
        raise AlertError("Cette alerte est déjà résolue.")
    _nobody_else(alert)
    journal.record("alert.solved", alert, by=by, campaign_id=alert.campaign_id)
    alert.refresh_from_db()
    return alert


def _nobody_else(alert: Alert) -> None:
    """Somebody deals with it: what still waits to be sent (the morning, a server that was away) does not leave."""
    mail.cancel(f"alert:{alert.pk}:")


@transaction.atomic
def reopen(*, alert: Alert, by: User, now: datetime) -> Alert:
    """Open a solved alert again, unless the same cause has raised another one since.

    U0 and U1 ring anew at the next minute; reminders go on counting, so that none is taken for one already sent.
    """
    if Alert.objects.filter(key=alert.key, solved_at=None).exists():
        raise AlertError("Une alerte pour la même raison est déjà ouverte.")
    Alert.objects.filter(pk=alert.pk).update(
        solved_by=None, solved_at=None, solution="", taken_by=None, taken_at=None, reminded_at=None
    )
    journal.record("alert.reopened", alert, by=by, campaign_id=alert.campaign_id)
    alert.refresh_from_db()
    return alert
