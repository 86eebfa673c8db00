"""Due calls: opened once, whatever crashes; missed, unanswered, made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case as DbCase
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, When

from campaigns import alerts, welfare
from campaigns.common import retries
from campaigns.common.calendar import Calendar, NeverOpenError, calendar_of
from campaigns.followups.absences import Presence, presence_of
from campaigns.followups.dates import next_due
from campaigns.followups.plans import FollowUpError, locked
from campaigns.models import Alert, Call, Campaign, Case, Cause, DueCall, FollowUpPlan, WelfareCheck
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import JournalEntry, User

CHUNK = 500
# What opening a call asks of its case: a chunk reads nothing else.
CASE_FIELDS = (
    "campaign",
    "household",
    "region",
    "status",
    "hold_reason",
    "claimed_by",
    "claimed_until",
    "next_call_kind",
    "next_call_at",
)
_AGAIN_NEVER_OPEN = timedelta(days=7)


def open_due_calls(*, now: datetime, limit: int = 100_000) -> int:
    """Open every call that is due, in the order of their hours, in chunks of one transaction each.

    Safe however often it runs or crashes: a plan's row is locked, skipped when another process holds it, and moved on
    in the transaction that creates the due call (unique by plan and moment). A case that somebody is writing at this
    instant is never waited for: its call opens at the next tick.
    """
    opened = 0
    while opened < limit:
        done, after = _open_chunk(now, None)
        while after is not None and opened + done < limit:
            more, after = _open_chunk(now, after)
            done += more
        if not done:
            break
        # What was due several times while nothing ran comes again, one call a round.
        opened += done
    return opened


@transaction.atomic
def _open_chunk(now: datetime, after: tuple[datetime, int] | None) -> tuple[int, tuple[datetime, int] | None]:
    """Open the next chunk behind ``after``: how many, and where it ended; None when nothing is behind it."""
    due = FollowUpPlan.objects.active().filter(
        ~Q(case__status=Case.Status.PREPARED), next_due_at__lte=now, case__campaign__status=Campaign.Status.OPEN
    )
    if after is not None:
        due = due.filter(Q(next_due_at__gt=after[0]) | Q(next_due_at=after[0], pk__gt=after[1]))
    plans = list(
        due.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .defer("created_at", "created_by", "ended_at", "review_on")
        .prefetch_related("exceptions")
        .order_by("next_due_at", "id")[:CHUNK]
    )
    if not plans:
        return 0, None
    end = (plans[-1].next_due_at, plans[-1].pk)
    cases = {
        case.pk: case
        for case in Case.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        .filter(pk__in=[plan.case_id for plan in plans])
        .only(*CASE_FIELDS)
        .order_by("pk")
    }
    ready = [plan for plan in plans if plan.case_id in cases]
    # A campaign of thousands of households is read once.
    campaigns = Campaign.objects.in_bulk({case.campaign_id for case in cases.values()})
    for plan in ready:
        plan.case = cases[plan.case_id]
        plan.case.campaign = campaigns[plan.case.campaign_id]
    opened = open_each(ready, cases, now) if ready else []
    return len(opened), end  # type: ignore[return-value]


def open_each(plans: Sequence[FollowUpPlan], cases: dict[int, Case], now: datetime) -> list[FollowUpPlan]:
    """Open the call of each of these locked plans, inside the caller's transaction; few statements for all."""
    pks = [plan.pk for plan in plans]
    presence = presence_of({plan.case.campaign_id for plan in plans}, (now - timedelta(days=1)).date())
    # Never two open calls for one household: the one before was not made, and says so.
    _miss(cases, now)
    known = set(
        DueCall.objects.filter(plan__in=pks, due_at__in={plan.next_due_at for plan in plans}).values_list(
            "plan_id", "due_at"
        )
    )
    elsewhere = _open_elsewhere(cases)
    new, moved = [], []
    for plan in plans:
        case, due_at = cases[plan.case_id], plan.next_due_at
        assert due_at is not None  # noqa: S101 - the query and open_now both guarantee it
        if (plan.pk, due_at) not in known:
            due = _due_call(plan, case, due_at, presence, now)
            if case.household_id in elsewhere:
                due.state = DueCall.State.SKIPPED
            new.append(due)
            if due.state == DueCall.State.OPENED and _to_be_called(case, now):
                moved.append(case)
        plan.next_due_at = _after(plan, due_at)
    _write(plans, new, moved)
    return list(plans)


def _open_elsewhere(cases: dict[int, Case]) -> set[int]:
    """The households whose case here is not open while another campaign calls them."""
    closed = {case.household_id for case in cases.values() if case.status not in Case.ALIVE}
    if not closed:
        return set()
    others = Case.objects.alive().filter(household__in=closed).exclude(pk__in=list(cases))
    return set(others.values_list("household_id", flat=True))


def _due_call(plan: FollowUpPlan, case: Case, due_at: datetime, presence: Presence, now: datetime) -> DueCall:
    day = calendar_of(plan.case.campaign, case.region).local(now).date()
    # After a death or a departure, who was promised the call still gets it: it does not wait for the desk.
    held = case.status == Case.Status.ON_HOLD and case.hold_reason != Case.Hold.PERSON_CLOSED
    return DueCall(
        plan=plan,
        case=case,
        due_at=due_at,
        volunteer_id=presence.caller(plan, day),
        opened_at=now,
        # Opened late, after a stop of the machine: the volunteer still gets the whole grace.
        grace_until=max(due_at, now) + timedelta(minutes=plan.grace_minutes),
        # A coordinator already has this household on the desk.
        state=DueCall.State.SKIPPED if held else DueCall.State.OPENED,
    )


def _to_be_called(case: Case, now: datetime) -> bool:
    """Nobody is calling, and no other hour was agreed."""
    being_called = case.claimed_by_id is not None and case.claimed_until is not None and case.claimed_until > now
    agreed = (
        case.status == Case.Status.OPEN and case.next_call_kind == Case.Kind.CALLBACK and case.next_call_at is not None
    )
    return not being_called and not agreed


def _after(plan: FollowUpPlan, due_at: datetime) -> datetime | None:
    try:
        return next_due(plan, due_at)
    except NeverOpenError:
        # Somebody took every calling hour away: looked at again in a week, and no other plan is held up.
        return due_at + _AGAIN_NEVER_OPEN


def _write(plans: Sequence[FollowUpPlan], new: list[DueCall], moved: list[Case]) -> None:
    DueCall.objects.bulk_create(new)
    kind = Case.Kind.FOLLOW_UP
    # Read from the due calls just written: one statement, however many cases.
    opened = DueCall.objects.opened().filter(case=OuterRef("pk"))
    Case.objects.filter(pk__in=[case.pk for case in moved]).update(
        status=Case.Status.OPEN,
        hold_reason="",
        closed_reason="",
        closed_at=None,
        next_call_kind=kind,
        not_for=None,
        tier=Case.Tier.of(kind),
        rank=0,
        urgent=False,
        next_call_at=Subquery(opened.values("due_at")[:1]),
        next_call_for=Subquery(opened.values("volunteer")[:1]),
        # Nobody is there: offered to everybody at once.
        anyone_from=Subquery(
            opened.annotate(free=DbCase(When(volunteer=None, then=F("due_at")), default=F("grace_until"))).values(
                "free"
            )[:1]
        ),
    )
    moments: dict[datetime | None, list[int]] = {}
    for plan in plans:
        moments.setdefault(plan.next_due_at, []).append(plan.pk)
    for moment, ids in moments.items():
        FollowUpPlan.objects.filter(pk__in=ids).update(next_due_at=moment)
    JournalEntry.objects.bulk_create(
        [
            journal.entry(
                "due_call.opened",
                due,
                campaign_id=due.plan.case.campaign_id,
                household_id=due.plan.household_id,
                plan=due.plan_id,
            )
            for due in new
        ]
    )


def _miss(cases: Iterable[int], now: datetime) -> None:
    """The calls that still wait for these cases were not made, and say so."""
    opened = list(DueCall.objects.opened().filter(case__in=list(cases)).select_related("case"))
    DueCall.objects.filter(pk__in=[due.pk for due in opened]).update(state=DueCall.State.MISSED, done_at=now)
    _tell_missed([due for due in opened if due.alerted_at is None], now)


@transaction.atomic
def open_now(*, plan_id: int, by: User, now: datetime) -> DueCall:
    """The named volunteer, or the backup, calls a little before the hour, today. Raises FollowUpError."""
    plan = locked(plan_id)
    if plan.status != FollowUpPlan.Status.ACTIVE or plan.next_due_at is None:
        raise FollowUpError("Ce suivi est terminé.")
    if plan.case.campaign.is_paused:
        raise FollowUpError("La campagne est en pause\u00a0: la coordination la reprendra.")
    if plan.case.campaign.status != Campaign.Status.OPEN:
        raise FollowUpError("La campagne n'appelle pas en ce moment.")
    tz = calendar_of(plan.case.campaign, plan.case.region).tz
    if by.pk not in (plan.volunteer_id, plan.backup_id):
        raise FollowUpError("Ce suivi est confié à quelqu'un d'autre.")
    if plan.next_due_at.astimezone(tz).date() > now.astimezone(tz).date():
        raise FollowUpError("Cet appel n'est pas prévu aujourd'hui.")
    case = plan.case
    if case.status == Case.Status.ON_HOLD and case.hold_reason != Case.Hold.PERSON_CLOSED:
        raise FollowUpError("La coordination s'occupe en ce moment de ce foyer.")
    due_at = plan.next_due_at
    open_each([plan], {case.pk: case}, now)
    DueCall.objects.filter(plan=plan, due_at=due_at).update(volunteer=by)
    Case.objects.filter(pk=case.pk, next_call_kind=Case.Kind.FOLLOW_UP).update(next_call_at=now, next_call_for=by)
    return DueCall.objects.get(plan=plan, due_at=due_at)


# Made, unanswered, missed ------------------------------------------------------------------------------


def opened_due_call(case: Case) -> DueCall | None:
    return DueCall.objects.opened().filter(case=case).first()


def mark_called(*, due: DueCall, call: Call, now: datetime) -> None:
    """The tenant was reached: the due call is made."""
    DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.CALLED, done_at=now, call=call)


def unanswered_next(due: DueCall, calendar: Calendar, now: datetime) -> tuple[int, datetime | None]:
    """How many calls went unanswered with this one, and when to try again.

    Same day in another slot, then the next morning, then None: a welfare check and an alert.
    """
    count = due.unanswered + 1
    if count == 1:
        later = retries.later_today(calendar, now)
        if later is not None:
            return 1, later
        return 2, retries.next_morning(calendar, now)
    if count == 2:
        return 2, retries.next_morning(calendar, now)
    return count, None


def give_up(*, due: DueCall, case: Case, count: int, now: datetime, by: User | None) -> None:
    """Nobody answers any more: the due call is missed, a welfare check and an alert are opened."""
    DueCall.objects.filter(pk=due.pk).update(state=DueCall.State.MISSED, unanswered=count, done_at=now)
    welfare.open_check(case=case, origin=WelfareCheck.Origin.MISSED_FOLLOW_UP, level=Level.U1, now=now, by=by)
    alerts.raise_alert(
        due_call=due,
        kind=Alert.Kind.UNANSWERED_FOLLOW_UP,
        level=Level.U1,
        case=case,
        now=now,
        by=by,
    )


def watch_missed(*, now: datetime) -> int:
    """Calls that nobody made within their grace: offered to everybody, and an alert, once. A pause misses none.

    In chunks of one transaction each: whoever coordinates is told of a chunk in one message.
    """
    ids = list(_late(now).order_by("grace_until", "pk").values_list("pk", flat=True)[:5000])
    return sum(_tell_late(ids[start : start + CHUNK], now) for start in range(0, len(ids), CHUNK))


def _late(now: datetime) -> QuerySet[DueCall]:
    return DueCall.objects.filter(DueCall.late(now), alerted_at=None)


@transaction.atomic
def _tell_late(ids: Sequence[int], now: datetime) -> int:
    # The cases first, as whoever records a call does; somebody who writes one now is not waited for.
    cases = Case.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk__in=DueCall.objects.filter(pk__in=ids).values("case")
    )
    locked_cases = {case.pk: case for case in cases.order_by("pk") if not _awaited(case, now)}
    # Read anew under the locks: made, told or resumed meanwhile, it is not late any more.
    late = list(_late(now).filter(pk__in=ids, case__in=list(locked_cases)).select_related("case"))
    DueCall.objects.filter(pk__in=[due.pk for due in late]).update(alerted_at=now)
    offered = Case.objects.filter(pk__in=[due.case_id for due in late], next_call_kind=Case.Kind.FOLLOW_UP)
    offered.filter(anyone_from__gt=now).update(anyone_from=now)
    _tell_missed(late, now)
    return len(late)


def _awaited(case: Case, now: datetime) -> bool:
    """Being called at this moment, or the tenant asked for another hour."""
    if case.claimed_until is not None and case.claimed_until > now:
        return True
    agreed = case.next_call_at if case.next_call_kind == Case.Kind.CALLBACK else None
    return agreed is not None and agreed + retries.CALLBACK_GRACE > now


def _tell_missed(late: Iterable[DueCall], now: datetime) -> None:
    """An alert for each, once."""
    causes: list[tuple[Case, Cause]] = [(due.case, {"due_call": due}) for due in late]
    alerts.raise_all(causes=causes, kind=Alert.Kind.MISSED_FOLLOW_UP, level=Level.U1, now=now)


# A volunteer's day -------------------------------------------------------------------------------------


def today_of(user: User, now: datetime) -> tuple[QuerySet[DueCall], QuerySet[FollowUpPlan]]:
    """This volunteer's follow-ups: the due calls that are open, and the plans whose next call falls within 24 hours.

    Those of somebody who is away are the backup's.
    """
    opened = (
        DueCall.objects.opened()
        .filter(volunteer=user, case__campaign__status=Campaign.Status.OPEN)
        .select_related("case__household", "case__campaign", "plan")
        .order_by("due_at")
    )
    near = (
        FollowUpPlan.objects.active()
        .filter(
            Q(volunteer=user) | Q(backup=user),
            next_due_at__gt=now,
            next_due_at__lte=now + timedelta(hours=24),
            case__campaign__status=Campaign.Status.OPEN,
        )
        .select_related("case__household", "case__campaign")
    )
    plans = list(near)
    mine = []
    if plans:
        presence = presence_of({plan.case.campaign_id for plan in plans}, (now - timedelta(days=1)).date())
        for plan in plans:
            assert plan.next_due_at is not None  # noqa: S101 - the query asked for it
            day = calendar_of(plan.case.campaign, plan.case.region).local(plan.next_due_at).date()
            if presence.caller(plan, day) == user.pk:
                mine.append(plan.pk)
    return opened, near.filter(pk__in=mine).order_by("next_due_at")
