"""A plan's life: started, changed, interrupted for a time, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from campaigns import alerts
from campaigns.cases import alive_elsewhere
from campaigns.common.calendar import Calendar, calendar_of, clock_label, day_label
from campaigns.followups.dates import end_of_day, next_due
from campaigns.models import Case, DueCall, FollowUpPlan, PlanException
from solidarites import journal, mail
from solidarites.models import User
from solidarites.refused import Refused
from tenants.models import Tenant

REVIEW_AFTER = timedelta(weeks=6)
# A longer silence is no exception any more: the plan is ended, or another rhythm agreed.
LONGEST_EXCEPTION = timedelta(days=180)
_CADENCE = FollowUpPlan.Cadence


class FollowUpError(Refused):
    """The rhythm or the act is not possible"""


@dataclass(frozen=True)
class Rhythm:
    """What the tenant accepted: a rhythm, a day, an hour, who calls, and until when."""

    cadence: str
    weekdays: Sequence[int] = field(default_factory=tuple)
    time: time = time(10, 0)
    volunteer_id: int | None = None
    backup_id: int | None = None
    ends_on: date | None = None
    review_on: date | None = None

    @property
    def days(self) -> list[int]:
        return [] if self.cadence == _CADENCE.EVERY_48H else sorted(set(self.weekdays))


def check_rhythm(rhythm: Rhythm, calendar: Calendar) -> None:
    """Raises FollowUpError with a French message when the rhythm cannot be held."""
    if rhythm.cadence not in _CADENCE.values:
        raise FollowUpError("Choisissez un rythme dans la liste.", "cadence")
    wanted = {_CADENCE.EVERY_48H: 0, _CADENCE.TWICE_A_WEEK: 2}.get(_CADENCE(rhythm.cadence), 1)
    if len(rhythm.days) != wanted:
        raise FollowUpError(
            "Choisissez deux jours de la semaine." if wanted == 2 else "Choisissez un jour de la semaine.", "weekdays"
        )
    for day in rhythm.days:
        if not 0 <= day <= 6 or not calendar.week[day]:
            raise FollowUpError("La campagne n'appelle pas ce jour-là.", "weekdays")
    windows = [span for weekday in (rhythm.days or range(7)) for span in calendar.week[weekday]]
    if not any(start <= rhythm.time < end for start, end in windows):
        raise FollowUpError("Choisissez une heure pendant les horaires d'appel.", "time")


def _check_days(rhythm: Rhythm, today: date) -> None:
    if rhythm.ends_on is not None and rhythm.ends_on <= today:
        raise FollowUpError("Choisissez une date de fin à venir.", "ends_on")
    if rhythm.review_on is not None and rhythm.review_on <= today:
        raise FollowUpError("Choisissez une date de bilan à venir.", "review_on")


def _set_rhythm(plan: FollowUpPlan, rhythm: Rhythm, calendar: Calendar, now: datetime) -> None:
    """The series starts anew from tomorrow on; a call that is planned today stands."""
    today = calendar.local(now).date()
    plan.cadence, plan.time, plan.weekdays = rhythm.cadence, rhythm.time, rhythm.days
    plan.starts_on = today + timedelta(days=2 if rhythm.cadence == _CADENCE.EVERY_48H else 1)
    if not _stands(plan, calendar, now):
        plan.next_due_at = next_due(plan, end_of_day(calendar, today))


def _stands(plan: FollowUpPlan, calendar: Calendar, now: datetime) -> bool:
    """Its next call is today's, or already due: the tenant waits for it, whatever changes."""
    return plan.next_due_at is not None and calendar.local(plan.next_due_at).date() <= calendar.local(now).date()


# Start -------------------------------------------------------------------------------------------------

OPPOSED = "Ce foyer a demandé de ne plus être appelé."


@transaction.atomic
def create_plan(*, case: Case, rhythm: Rhythm, by: User, now: datetime) -> FollowUpPlan:
    """Start the plan that the tenant accepted; a plan already open for the household takes the new rhythm.

    The first call is at least a full day ahead. Raises FollowUpError (see check_rhythm), or when the household
    opposed or the campaign is over. The case instance is not saved: record_call does.
    """
    if case.household.opposed_at:
        raise FollowUpError(OPPOSED)
    return _start(case, rhythm, by, now, volunteer_id=rhythm.volunteer_id or by.pk)


@transaction.atomic
def start_by_hand(*, case_id: int, rhythm: Rhythm, by: User, now: datetime) -> FollowUpPlan:
    """A coordinator starts the plan that a tenant accepted outside a call; a closed case opens again for it.

    Without a volunteer the plan waits in « À réattribuer ». Raises FollowUpError when the household has a plan,
    opposed, lives in another campaign's open case, has nobody left, or waits for a coordinator's decision.
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("campaign", "household").get(pk=case_id)
    _check_household(case)
    plan = _start(case, rhythm, by, now, volunteer_id=rhythm.volunteer_id)
    if case.status not in Case.ALIVE:
        case.set_next(kind=Case.Kind.FOLLOW_UP, at=None)
        case.save_moved()
    return plan


def _check_household(case: Case) -> None:
    if case.household.opposed_at:
        raise FollowUpError(OPPOSED)
    if case.status == Case.Status.ON_HOLD:
        raise FollowUpError("Ce dossier attend d'abord votre décision.")
    if case.status not in Case.ALIVE and alive_elsewhere(case):
        raise FollowUpError("Ce foyer est suivi dans une autre campagne.")
    if not Tenant.objects.filter(household=case.household_id, status=Tenant.Status.PRESENT).exists():
        raise FollowUpError("Plus personne n'habite ce foyer.")
    if FollowUpPlan.objects.filter(household_id=case.household_id).exclude(status=FollowUpPlan.Status.ENDED).exists():
        raise FollowUpError("Ce foyer a déjà un suivi\u00a0: modifiez-le.")


def _start(case: Case, rhythm: Rhythm, by: User, now: datetime, *, volunteer_id: int | None) -> FollowUpPlan:
    if not case.campaign.is_running:
        raise FollowUpError("Cette campagne est terminée.")
    calendar = calendar_of(case.campaign, case.region)
    today = calendar.local(now).date()
    check_rhythm(rhythm, calendar)
    _check_days(rhythm, today)
    plan = FollowUpPlan.objects.filter(household_id=case.household_id).exclude(status=FollowUpPlan.Status.ENDED).first()
    if plan is None:
        plan = FollowUpPlan(household_id=case.household_id, created_by=by, created_at=now)
    plan.case, plan.status = case, FollowUpPlan.Status.ACTIVE
    plan.volunteer_id, plan.backup_id = volunteer_id, rhythm.backup_id
    plan.ends_on, plan.review_on = rhythm.ends_on, rhythm.review_on or today + REVIEW_AFTER
    _set_rhythm(plan, rhythm, calendar, now)
    if plan.next_due_at is None:
        raise FollowUpError("La date de fin vient avant le premier appel.", "ends_on")
    plan.save()
    journal.of_case("plan.started", case, plan, by=by, cadence=rhythm.cadence)
    return plan


# Change ------------------------------------------------------------------------------------------------


def locked(plan_id: int) -> FollowUpPlan:
    """The plan, locked with its case: the case first, as whoever records a call does; of many, by ascending case."""
    case_id = FollowUpPlan.objects.values_list("case_id", flat=True).get(pk=plan_id)
    Case.objects.select_for_update(of=("self",)).filter(pk=case_id).first()
    return FollowUpPlan.objects.select_for_update(of=("self",)).select_related("case__campaign").get(pk=plan_id)


def running(plan_id: int) -> FollowUpPlan:
    """The same, as long as it runs. Raises FollowUpError once it has ended."""
    plan = locked(plan_id)
    if plan.status == FollowUpPlan.Status.ENDED:
        raise FollowUpError("Ce suivi est terminé.")
    return plan


@transaction.atomic
def change_plan(*, plan_id: int, rhythm: Rhythm, by: User, now: datetime) -> FollowUpPlan:
    """Change rhythm, day, hour, volunteer, backup, end or review date of a running plan. Raises FollowUpError.

    A new rhythm, day or hour starts the series anew from tomorrow on; today's call stands, and a new end date alone
    leaves the series.
    """
    plan = running(plan_id)
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    check_rhythm(rhythm, calendar)
    if rhythm.ends_on != plan.ends_on or rhythm.review_on not in (None, plan.review_on):
        _check_days(rhythm, calendar.local(now).date())
    moved = (plan.cadence, plan.weekdays, plan.time) != (rhythm.cadence, rhythm.days, rhythm.time)
    ends_otherwise = plan.ends_on != rhythm.ends_on
    plan.volunteer_id, plan.backup_id = rhythm.volunteer_id, rhythm.backup_id
    plan.ends_on, plan.review_on = rhythm.ends_on, rhythm.review_on or plan.review_on
    if moved:
        _set_rhythm(plan, rhythm, calendar, now)
    elif ends_otherwise:
        restart(plan, now)
    if plan.next_due_at is None and not _opened(plan):
        raise FollowUpError("La date de fin vient avant le prochain appel\u00a0: terminez plutôt le suivi.", "ends_on")
    plan.save()
    give_opened_to(plan, plan.volunteer_id, now=now, by=by)
    journal.record("plan.changed", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id)
    return plan


def restart(plan: FollowUpPlan, now: datetime) -> None:
    """Set the next call anew on the instance, never twice in a day; one planned today or already due stands."""
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    if _stands(plan, calendar, now):
        return
    made = DueCall.objects.filter(plan=plan).order_by("-due_at").values_list("due_at", flat=True).first()
    after = now if made is None else max(now, end_of_day(calendar, calendar.local(made).date()))
    plan.next_due_at = next_due(plan, after)


def _opened(plan: FollowUpPlan) -> bool:
    return DueCall.objects.opened().filter(plan=plan).exists()


def give_opened_to(plan: FollowUpPlan, volunteer_id: int | None, *, now: datetime, by: User | None = None) -> None:
    """The call that is open goes to this volunteer (nobody: to everybody) unless somebody is making it.

    They are told at once by e-mail, the hour alone: the evening's reminder went to somebody else.
    """
    opened = DueCall.objects.opened().filter(plan=plan).first()
    if opened is None or opened.volunteer_id == volunteer_id:
        return
    DueCall.objects.filter(pk=opened.pk).update(volunteer_id=volunteer_id)
    waiting = Case.objects.filter(pk=opened.case_id, next_call_kind=Case.Kind.FOLLOW_UP)
    if volunteer_id is None:
        waiting.update(next_call_for=None, anyone_from=None)
    else:
        waiting.update(next_call_for_id=volunteer_id)
        if by is None or by.pk != volunteer_id:
            _tell_given(opened, volunteer_id, now)


def _tell_given(due: DueCall, volunteer_id: int, now: datetime) -> None:
    zone = ZoneInfo(settings.TIME_ZONE)
    ours, today = due.due_at.astimezone(zone), now.astimezone(zone).date()
    person = User.objects.get(pk=volunteer_id)
    mail.queue_mail(
        key=f"due_call_given:{due.pk}:{person.pk}",
        about=due,
        to=person.email,
        template="follow_up_given",
        context={"day": day_label(ours.date(), today), "hours": [clock_label(ours)]},
        # An absence begins at midnight.
        now=alerts.not_by_night(now, zone),
    )


# Interrupt ---------------------------------------------------------------------------------------------


@transaction.atomic
def add_exception(
    *, plan_id: int, first_day: date, last_day: date, reason: str, by: User, now: datetime
) -> PlanException:
    """Silence one plan for some days (« à l'hôpital du … au … »); it goes on by itself afterwards.

    A call that is open and falls in these days is cancelled. Raises FollowUpError for days in the past or out of
    order, longer than six months, or over days already set aside.
    """
    plan = running(plan_id)
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    today = calendar.local(now).date()
    if reason not in PlanException.Reason.values:
        raise FollowUpError("Choisissez la raison.", "reason")
    if last_day < first_day:
        raise FollowUpError("Le dernier jour vient avant le premier.", "last_day")
    if last_day < today:
        raise FollowUpError("Choisissez des jours à venir.", "last_day")
    if last_day - first_day > LONGEST_EXCEPTION:
        raise FollowUpError("Six mois au plus\u00a0: au-delà, terminez le suivi.", "last_day")
    if plan.exceptions.filter(first_day__lte=last_day, last_day__gte=first_day).exists():
        raise FollowUpError("Le suivi est déjà interrompu pendant ces jours.", "first_day")
    made = PlanException.objects.create(
        plan=plan, first_day=first_day, last_day=last_day, reason=reason, created_by=by, created_at=now
    )
    opened = DueCall.objects.opened().filter(plan=plan).first()
    if opened is not None and first_day <= calendar.local(opened.due_at).date() <= last_day:
        cancel(opened, now)
    _recompute(plan, calendar, now)
    journal.record(
        "plan.interrupted", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id, row=made.pk
    )
    return made


@transaction.atomic
def remove_exception(*, exception_id: int, by: User, now: datetime) -> FollowUpPlan:
    """Call again before the days are over: an exception to come goes, one under way ended yesterday."""
    row = PlanException.objects.get(pk=exception_id)
    plan = running(row.plan_id)
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    today = calendar.local(now).date()
    if row.last_day < today:
        raise FollowUpError("Cette interruption est déjà passée.")
    if row.first_day >= today:
        row.delete()
    else:
        row.last_day = today - timedelta(days=1)
        row.save(update_fields=["last_day"])
    _recompute(plan, calendar, now)
    journal.record("plan.resumed", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id)
    return plan


def _recompute(plan: FollowUpPlan, calendar: Calendar, now: datetime) -> None:
    if plan.next_due_at is not None:
        day = calendar.local(plan.next_due_at).date()
        if plan.exceptions.filter(first_day__lte=day, last_day__gte=day).exists():
            plan.next_due_at = None
    restart(plan, now)
    plan.save(update_fields=["next_due_at"])


def cancel(due: DueCall, now: datetime) -> None:
    """An open call is not made after all; its case waits for the next one, unless somebody is calling."""
    DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.SKIPPED, done_at=now)
    Case.objects.filter(
        pk=due.case_id, status=Case.Status.OPEN, next_call_kind=Case.Kind.FOLLOW_UP, claimed_by=None
    ).update(next_call_at=None, next_call_for=None, anyone_from=None)


# End ---------------------------------------------------------------------------------------------------


def end_plans(*, case: Case, reason: str, now: datetime, by: User | None = None) -> int:
    """End the plans of a case, inside the caller's transaction; due calls still open are cancelled.

    The case itself is left to the caller.
    """
    ended = 0
    for plan in (
        FollowUpPlan.objects.select_for_update(of=("self",)).filter(case=case).exclude(status=FollowUpPlan.Status.ENDED)
    ):
        plan.status, plan.ended_at, plan.end_reason, plan.next_due_at = FollowUpPlan.Status.ENDED, now, reason, None
        plan.save(update_fields=["status", "ended_at", "end_reason", "next_due_at"])
        DueCall.objects.opened().filter(plan=plan).update(state=DueCall.State.SKIPPED, done_at=now)
        journal.of_case("plan.ended", case, plan, by=by, reason=reason)
        ended += 1
    return ended


@transaction.atomic
def end_plan(*, plan_id: int, reason: str, by: User | None, now: datetime) -> FollowUpPlan:
    """End a plan: it stops at once, and a case that only waited for it closes. Idempotent.

    A case that somebody is calling stays open, so that this last call may be recorded.
    """
    plan = FollowUpPlan.objects.select_related("case__campaign").get(pk=plan_id)
    case = Case.objects.select_for_update(of=("self",)).get(pk=plan.case_id)
    if end_plans(case=case, reason=reason, now=now, by=by):
        waiting = case.status == Case.Status.OPEN and case.next_call_kind == Case.Kind.FOLLOW_UP
        if waiting and case.claimed_by_id is None:
            case.set_closed("plan_ended", now)
            case.save_moved()
    plan.refresh_from_db()
    return plan


def settle_ended(*, now: datetime) -> int:
    """What ends by itself: plans whose end date leaves no call, cases that waited for a plan that is no more.

    Safe twice at once: ending is idempotent.
    """
    opened = DueCall.objects.opened().values("plan")
    over = FollowUpPlan.objects.active().filter(next_due_at=None, ends_on__lt=now.date()).exclude(pk__in=opened)
    count = 0
    for plan_id in list(over.values_list("pk", flat=True)):
        end_plan(plan_id=plan_id, reason=FollowUpPlan.EndReason.DATE, by=None, now=now)
        count += 1
    alive = FollowUpPlan.objects.running().values("case")
    left = Case.objects.filter(
        status=Case.Status.OPEN, next_call_kind=Case.Kind.FOLLOW_UP, claimed_by=None, plans__isnull=False
    )
    for case_id in list(left.exclude(pk__in=alive).distinct().values_list("pk", flat=True)[:500]):
        count += _close_left(case_id, now)
    return count


@transaction.atomic
def _close_left(case_id: int, now: datetime) -> int:
    case = Case.objects.select_for_update(of=("self",)).get(pk=case_id)
    waiting = case.status == Case.Status.OPEN and case.next_call_kind == Case.Kind.FOLLOW_UP
    if not waiting or case.claimed_by_id or case.plans.running().exists():
        return 0
    case.set_closed("plan_ended", now)
    case.save_moved()
    journal.of_case("case.closed", case)
    return 1
