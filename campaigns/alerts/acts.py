"""Raise, take, solve and reopen what a coordinator must see now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Unpack
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from campaigns.common import scope
from campaigns.models import Absence, Alert, Campaign, Case, Cause, key_of
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from solidarites import journal, mail
from solidarites.models import User
from solidarites.refused import Refused

REMIND_EVERY = timedelta(minutes=15)
# Nobody is woken for a « same day »: its e-mails wait for the morning. A vital alert (U0) never waits.
QUIET_FROM, QUIET_UNTIL = time(21), time(7)
# They e-mail who must know, and again until somebody takes them.
RINGING = (Level.U0, Level.U1)
CHUNK = 200


class AlertError(Refused):
    """The act does not fit the alert's state."""


@transaction.atomic
def raise_alert(
    *,
    kind: str,
    level: str,
    now: datetime,
    case: Case | None = None,
    campaign: Campaign | None = None,
    by: User | None = None,
    **cause: Unpack[Cause],
) -> Alert:
    """Raise an alert once for its cause.

    Raising it again for the same ``cause`` while it is unsolved returns the same alert. U0 and U1 e-mail their
    ``audience`` at once (U1 in the morning when it is night): number of the case and a link, nothing personal.
    Raises ValueError without the cause that ``kind`` asks for.
    """
    alert, created = _raise(cause, kind=kind, level=level, case=case, campaign=campaign, by=by, now=now)
    if created and level in RINGING:
        for person in _Audiences(now).of(alert):
            tell(alert, person, now, occasion="raised")
    return alert


@transaction.atomic
def raise_all(*, causes: Iterable[tuple[Case, Cause]], kind: str, level: str, now: datetime) -> int:
    """Raise an alert for each of these causes as ``raise_alert`` does, and tell each person of them together.

    How many are new.
    """
    raised = [_raise(cause, kind=kind, level=level, case=case, now=now) for case, cause in causes]
    new = [alert for alert, created in raised if created]
    if level in RINGING:
        people = _Audiences(now)
        tell_together([(alert, person, "raised") for alert in new for person in people.of(alert)], now)
    return len(new)


def _raise(
    cause: Cause,
    *,
    kind: str,
    level: str,
    now: datetime,
    case: Case | None = None,
    campaign: Campaign | None = None,
    by: User | None = None,
) -> tuple[Alert, bool]:
    campaign_id = campaign.pk if campaign is not None else (case.campaign_id if case is not None else None)
    fields: dict[str, Any] = {
        "kind": kind,
        "level": level,
        "case": case,
        "campaign_id": campaign_id,
        "raised_by": by,
        "raised_at": now,
        **cause,
    }
    key = key_of(Alert(**fields))
    alert, created = Alert.objects.get_or_create(key=key, solved_at=None, defaults=fields)
    if created:
        journal.record("alert.raised", alert, by=by, campaign_id=campaign_id, level=level, kind=kind)
    return alert, created


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
        about=alert,
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


def tell_together(tellings: Sequence[tuple[Alert, User, str]], now: datetime) -> None:
    """Queue what these people are told (alert, person, occasion): one message a person, each vital alert apart.

    The message lists, when it leaves, those that still wait; it does not leave when none does.
    """
    together: dict[tuple[int, int, datetime], list[tuple[Alert, User, str]]] = {}
    for alert, person, occasion in tellings:
        apart = alert.pk if alert.level == Level.U0 else 0
        leaves = after_quiet_hours(alert, now)
        together.setdefault((person.pk, apart, leaves), []).append((alert, person, occasion))
    for (_, _, leaves), several in together.items():
        first, person, occasion = several[0]
        if len(several) == 1:
            tell(first, person, now, occasion=occasion)
            continue
        mail.queue_mail(
            key=f"alerts:{first.pk}:{occasion}:{person.pk}",
            about=first,
            to=person.email,
            template="alerts",
            context={"alert_ids": [alert.pk for alert, _, _ in several]},
            now=leaves,
        )


class _Audiences:
    """Who is told of each alert, read once an agency."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.known: dict[tuple[bool, int | None], list[User]] = {}

    def of(self, alert: Alert) -> list[User]:
        case = alert.case
        key = (case is not None, case.agency_id if case is not None else None)
        if key not in self.known:
            self.known[key] = audience(case, self.now)
        return _but_who_asked(alert, self.known[key])


def _but_who_asked(alert: Alert, people: list[User]) -> list[User]:
    """Who would like to talk is not told that somebody would; of nobody else, the administrators are told."""
    if alert.debrief is None:
        return people
    asker = alert.debrief.call.volunteer_id
    others = [person for person in people if person.pk != asker]
    return others or [person for person in scope.administrators() if person.pk != asker]


def remind(*, now: datetime) -> int:
    """E-mail again, every 15 minutes, the U0 and U1 alerts that nobody has taken: one coordinator more each time.

    All of them, however many, in chunks of one transaction each, who was told longest ago first; a person gets one
    message a chunk. By night U0 alone; 15 minutes count from the morning for what waited until then. An alert whose
    taker left waits again. Safe twice at once: a row is locked, and skipped by who finds it locked. How many alerts.
    """
    release_left(now=now)
    people = _Audiences(now)
    told, after = _remind_chunk(people, now, None)
    while after is not None:
        more, after = _remind_chunk(people, now, after)
        told += more
    return told


@transaction.atomic
def _remind_chunk(
    people: _Audiences, now: datetime, after: tuple[datetime, int] | None
) -> tuple[int, tuple[datetime, int] | None]:
    """Remind the next ones behind ``after``: how many, and where the chunk ended; None when nothing is behind it."""
    waiting = (
        Alert.objects.unsolved()
        .filter(taken_at=None, level__in=RINGING)
        .annotate(told_at=Coalesce("reminded_at", "raised_at"))
    )
    waiting = waiting.filter(told_at__lte=now - REMIND_EVERY)
    if after is not None:
        waiting = waiting.filter(Q(told_at__gt=after[0]) | Q(told_at=after[0], pk__gt=after[1]))
    chunk = list(
        waiting.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .select_related("case", "campaign", "debrief__call")
        .order_by("told_at", "pk")[:CHUNK]
    )
    due = [alert for alert in chunk if _is_due(alert, alert.told_at, now)]
    Alert.objects.filter(pk__in=[alert.pk for alert in due]).update(reminders=F("reminders") + 1, reminded_at=now)
    tellings = []
    for alert in due:
        if told := people.of(alert):
            tellings.append((alert, told[alert.reminders % len(told)], f"reminder{alert.reminders + 1}"))
    tell_together(tellings, now)
    return len(tellings), (chunk[-1].told_at, chunk[-1].pk) if len(chunk) == CHUNK else None


def _is_due(alert: Alert, told_at: datetime, now: datetime) -> bool:
    """A quarter of an hour has passed since it was told, the quiet hours left out."""
    return after_quiet_hours(alert, now) <= now and now - after_quiet_hours(alert, told_at) >= REMIND_EVERY


def release_left(*, now: datetime) -> int:
    """Alerts taken by somebody who coordinates (or administers) no more, or whose absence began since, wait again."""
    mine = OuterRef("taken_by")
    today = timezone.localdate(now)
    here = Exists(scope.coordinators().filter(pk=mine)) | Exists(scope.administrators().filter(pk=mine))
    away = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=today), user=mine, first_day__lte=today)
    left = (
        Alert.objects.unsolved()
        .filter(taken_by__isnull=False)
        .filter(~here | Exists(away.filter(first_day__gt=OuterRef("taken_at__date"))))
    )
    released = 0
    for alert in left:
        with transaction.atomic():
            same = Alert.objects.unsolved().filter(pk=alert.pk, taken_by=alert.taken_by_id, taken_at=alert.taken_at)
            if same.update(taken_by=None, taken_at=None):
                journal.record("alert.released", alert, campaign_id=alert.campaign_id)
                released += 1
    return released


@transaction.atomic
def take(*, alert: Alert, by: User, now: datetime) -> Alert:
    """Say that one deals with it. Raises AlertError when solved, or taken by somebody else meanwhile."""
    if not Alert.objects.unsolved().filter(pk=alert.pk, taken_by=None).update(taken_by=by, taken_at=now):
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
    fields: dict[str, Any] = {"solved_by": by, "solved_at": now, "solution": solution.strip()[:TEXT]}
    if alert.taken_by_id is None:
        fields |= {"taken_by": by, "taken_at": now}
    if not Alert.objects.unsolved().filter(pk=alert.pk).update(**fields):
        raise AlertError("Cette alerte est déjà résolue.")
    _nobody_else(alert)
    journal.record("alert.solved", alert, by=by, campaign_id=alert.campaign_id)
    alert.refresh_from_db()
    return alert


def _nobody_else(alert: Alert) -> None:
    """Somebody deals with it: what still waits to be sent (the morning, a server that was away) does not leave."""
    mail.cancel(alert, "alert")


@transaction.atomic
def reopen(*, alert: Alert, by: User, now: datetime) -> Alert:
    """Open a solved alert again, unless the same cause has raised another one since.

    U0 and U1 ring anew at the next minute; reminders go on counting, so that none is taken for one already sent.
    """
    if Alert.objects.unsolved().filter(key=alert.key).exists():
        raise AlertError("Une alerte pour la même raison est déjà ouverte.")
    Alert.objects.filter(pk=alert.pk).update(
        solved_by=None, solved_at=None, solution="", taken_by=None, taken_at=None, reminded_at=None
    )
    journal.record("alert.reopened", alert, by=by, campaign_id=alert.campaign_id)
    alert.refresh_from_db()
    return alert
