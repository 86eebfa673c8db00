"""Who calls when somebody is away: absences entered, calls moved to the backup, the next caller told in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from campaigns.common.calendar import calendar_of
from campaigns.followups.dates import Occurrence, coming
from campaigns.followups.plans import FollowUpError, give_opened_to, locked
from campaigns.models import Absence, Campaign, CampaignVolunteer, Case, DueCall, FollowUpPlan
from solidarites import journal
from solidarites.models import User

# An absence without a last day counts its calls this far.
HORIZON = timedelta(weeks=6)
# Past absences say nothing any more: erased after this time.
KEEP_PAST = timedelta(days=30)


@dataclass
class Presence:
    """Who may be given a call of a campaign on a day, read once for many plans."""

    members: set[tuple[int, int]] = field(default_factory=set)
    absences: dict[int, list[tuple[date, date | None]]] = field(default_factory=dict)

    def away(self, user_id: int, day: date) -> bool:
        return any(first <= day and (last is None or day <= last) for first, last in self.absences.get(user_id, ()))

    def calls(self, campaign_id: int, user_id: int | None, day: date) -> bool:
        return user_id is not None and (campaign_id, user_id) in self.members and not self.away(user_id, day)

    def caller(self, plan: FollowUpPlan, day: date) -> int | None:
        """The volunteer, else the backup, else nobody: a coordinator's affair."""
        campaign_id = plan.case.campaign_id
        wanted = (plan.volunteer_id, plan.backup_id)
        return next((user_id for user_id in wanted if self.calls(campaign_id, user_id, day)), None)


def presence_of(campaign_ids: Iterable[int], since: date) -> Presence:
    """The active members of these campaigns, and their absences that reach ``since`` or later."""
    members = CampaignVolunteer.objects.filter(campaign_id__in=set(campaign_ids), active=True, user__is_active=True)
    pairs = set(members.values_list("campaign_id", "user_id"))
    found = Presence(members=pairs)
    rows = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=since), user_id__in={user for _, user in pairs})
    for user_id, first, last in rows.values_list("user_id", "first_day", "last_day"):
        found.absences.setdefault(user_id, []).append((first, last))
    return found


def presence_for(plan: FollowUpPlan, now: datetime) -> Presence:
    day = calendar_of(plan.case.campaign, plan.case.region).local(now).date()
    return presence_of([plan.case.campaign_id], day)


def absent_on(user_ids: Iterable[int], day: date) -> set[int]:
    """Those of ``user_ids`` who are away on ``day``."""
    rows = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=day), user_id__in=list(user_ids))
    return set(rows.filter(first_day__lte=day).values_list("user_id", flat=True))


def of_user(user: User, today: date) -> QuerySet[Absence]:
    """Absences under way or to come, the nearest first."""
    return Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=today), user=user).order_by("first_day", "pk")


# Enter and take back -------------------------------------------------------------------------------------


@transaction.atomic
def add_absence(*, user: User, first_day: date, last_day: date | None, by: User | None, now: datetime) -> Absence:
    """Note that a volunteer is away; days already noted that touch these become one absence with them.

    Calls of that time move to the backup, or wait in « À réattribuer »; those that are open now move at once.
    Raises FollowUpError for days out of order or in the past.
    """
    if last_day is not None and last_day < first_day:
        raise FollowUpError("Le dernier jour d'absence vient avant le premier.", "last_day")
    today = timezone.localdate(now)
    if last_day is not None and last_day < today:
        raise FollowUpError("Choisissez des jours à venir.", "last_day")
    # no_key: a due call that names this volunteer may still be written meanwhile.
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    reach = last_day + timedelta(days=1) if last_day else None
    touching = Absence.objects.filter(
        Q(last_day=None) | Q(last_day__gte=first_day - timedelta(days=1)), user=user
    ).order_by("first_day")
    if reach is not None:
        touching = touching.filter(first_day__lte=reach)
    others = list(touching)
    for other in others:
        first_day = min(first_day, other.first_day)
        last_day = None if last_day is None or other.last_day is None else max(last_day, other.last_day)
    if others:
        absence = others[0]
        Absence.objects.filter(pk__in=[other.pk for other in others[1:]]).delete()
        absence.first_day, absence.last_day = first_day, last_day
        absence.save(update_fields=["first_day", "last_day"])
    else:
        absence = Absence.objects.create(
            user=user, first_day=first_day, last_day=last_day, entered_by=by, created_at=now
        )
    hand_over_opened(now=now, user_ids=[user.pk])
    journal.record("absence.entered", absence, by=by, volunteer=user.pk)
    return absence


@transaction.atomic
def end_absence(*, absence: Absence, by: User | None, now: datetime) -> None:
    """Back earlier, or never away: an absence to come goes, one under way ended yesterday. Idempotent.

    Calls already handed over stay where they are.
    """
    today = timezone.localdate(now)
    if absence.first_day >= today:
        Absence.objects.filter(pk=absence.pk).delete()
    elif (
        not Absence.objects.filter(pk=absence.pk)
        .filter(Q(last_day=None) | Q(last_day__gte=today))
        .update(last_day=today - timedelta(days=1))
    ):
        return
    journal.record("absence.ended", by=by, volunteer=absence.user_id)


def forget_past(*, now: datetime) -> int:
    """Erase the absences that ended a month ago: they say nothing any more."""
    return Absence.objects.filter(last_day__lt=timezone.localdate(now) - KEEP_PAST).delete()[0]


# What an absence does --------------------------------------------------------------------------------------


def hand_over_opened(*, now: datetime, user_ids: Iterable[int] | None = None) -> int:
    """Calls that are open and whose volunteer is away today go to the backup, else to everybody. Safe twice.

    Those of a paused campaign wait: who is there when it goes on is another question.
    """
    opened = DueCall.objects.opened().filter(volunteer__isnull=False, case__campaign__status=Campaign.Status.OPEN)
    if user_ids is not None:
        opened = opened.filter(volunteer__in=list(user_ids))
    else:
        soon = timezone.localdate(now) + timedelta(days=1)
        away = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=soon - timedelta(days=2)))
        opened = opened.filter(volunteer__in=away.filter(first_day__lte=soon).values("user"))
    moved = 0
    for due in opened.select_related("plan__case__campaign").order_by("case_id"):
        day = calendar_of(due.plan.case.campaign, due.plan.case.region).local(now).date()
        presence = presence_of([due.plan.case.campaign_id], day)
        if presence.calls(due.plan.case.campaign_id, due.volunteer_id, day):
            continue
        with transaction.atomic():
            plan = locked(due.plan_id)
            caller = presence.caller(plan, day)
            if caller != due.volunteer_id:
                give_opened_to(plan, caller, now=now)
                moved += 1
    return moved + _offer_promised(now, user_ids)


def _offer_promised(now: datetime, user_ids: Iterable[int] | None) -> int:
    """Calls agreed with somebody who is away that day are everybody's at their hour, not half an hour later."""
    since = timezone.localdate(now) - timedelta(days=1)
    away = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=since))
    if user_ids is not None:
        away = away.filter(user__in=list(user_ids))
    spans: dict[int | None, list[Absence]] = {}
    for absence in away:
        spans.setdefault(absence.user_id, []).append(absence)
    promised = promised_to().filter(campaign__status=Campaign.Status.OPEN, anyone_from__gt=F("next_call_at"))
    offered = 0
    for case in promised.filter(next_call_for__in=list(spans)).order_by("pk"):
        if any(absence.covers(_day_of(case)) for absence in spans[case.next_call_for_id]):
            same = Case.objects.filter(pk=case.pk, next_call_for=case.next_call_for_id, next_call_at=case.next_call_at)
            offered += same.update(anyone_from=case.next_call_at)
    return offered


def promised_to() -> QuerySet[Case]:
    """Cases whose next call was agreed with a volunteer; those of a plan have their backup."""
    found = Case.objects.filter(status=Case.Status.OPEN, next_call_for__isnull=False, next_call_at__isnull=False)
    return found.exclude(next_call_kind=Case.Kind.FOLLOW_UP).select_related("campaign")


def _day_of(case: Case) -> date:
    assert case.next_call_at is not None  # noqa: S101 - the query asked for it
    return calendar_of(case.campaign, case.region).local(case.next_call_at).date()


def calls_between(user: User, first_day: date, last_day: date | None, now: datetime) -> list[tuple[FollowUpPlan, date]]:
    """The calls of this volunteer's own plans that fall in these days."""
    plans = FollowUpPlan.objects.active().filter(volunteer=user, case__campaign__status__in=_ALIVE)
    found = []
    last = last_day or max(first_day, timezone.localdate(now)) + HORIZON
    for plan in plans.select_related("case__campaign").prefetch_related("exceptions"):
        calendar = calendar_of(plan.case.campaign, plan.case.region)
        until = calendar.at(last + timedelta(days=1), plan.time.min)
        found += [(plan, one.day) for one in coming(plan, until=until) if one.day >= first_day and not one.exception]
    return found


_ALIVE = (Campaign.Status.OPEN, Campaign.Status.PAUSED)


@dataclass(frozen=True)
class Moved:
    """What an absence does to a volunteer's calls."""

    to_backup: int
    to_reassign: int
    # Call backs agreed for these days, offered to the whole team at their hour.
    offered: int = 0


def effect_of(absence: Absence, now: datetime) -> Moved:
    """How many calls go to a backup, and how many a coordinator must give to somebody."""
    today = timezone.localdate(now)
    calls = calls_between(absence.user, max(absence.first_day, today), absence.last_day, now)
    presence = presence_of({plan.case.campaign_id for plan, _ in calls}, today)
    covered = sum(presence.caller(plan, day) is not None for plan, day in calls)
    promised = promised_to().filter(next_call_for=absence.user, campaign__status__in=_ALIVE)
    return Moved(covered, len(calls) - covered, sum(absence.covers(_day_of(case)) for case in promised))


# Said to the tenant ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NextCall:
    """The call after this one: when, moved from which day, and by whom when it is not the usual volunteer."""

    one: Occurrence
    other: User | None


def next_call_of(plan: FollowUpPlan, now: datetime) -> NextCall | None:
    """The next call of the plan that will be made; ``other`` when the backup makes it instead of the volunteer."""
    until = now + timedelta(days=90)
    one = next((one for one in coming(plan, until=until, now=now) if one.exception is None), None)
    if one is None:
        return None
    caller = presence_for(plan, now).caller(plan, one.day)
    other = plan.backup if caller is not None and caller == plan.backup_id and caller != plan.volunteer_id else None
    return NextCall(one, other)
