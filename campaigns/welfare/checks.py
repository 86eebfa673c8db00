"""Welfare checks: open, step, overdue, close. What is done about a household that nobody reaches.

The landlord's staff never enter a dwelling: a caretaker knocks, looks at shutters and letter boxes, asks a neighbour.
Only the police and the fire service open a door (« levée de doute », the last rung of the ladder).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns import alerts, referrals
from campaigns.cases import alive_elsewhere
from campaigns.common import retries
from campaigns.common.calendar import calendar_of
from campaigns.models import Alert, Case, FollowUpPlan, WelfareCheck, WelfareStep
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from solidarites import journal, mail
from solidarites.models import User
from solidarites.refused import Refused
from tenants import households
from tenants.models import Tenant

DELAYS = {Level.U0: timedelta(hours=2), Level.U1: timedelta(hours=24)}
OTHER_DELAY = timedelta(hours=72)
# The next step proposed, in this order (docs/regles.md#veilles).
LADDER = [
    WelfareStep.Kind.LETTER,
    WelfareStep.Kind.NEIGHBOUR,
    WelfareStep.Kind.CARETAKER,
    WelfareStep.Kind.AGENCY,
    WelfareStep.Kind.TOWN,
    WelfareStep.Kind.EMERGENCY,
]
# Opened by a coordinator, who is then its owner; the others wait for one.
_BY_HAND = (WelfareCheck.Origin.COORDINATOR, WelfareCheck.Origin.NEIGHBOUR)


class WelfareError(Refused):
    """The act does not fit the check."""


@transaction.atomic
def open_check(
    *, case: Case, origin: str, now: datetime, level: str = Level.U2, by: User | None = None
) -> WelfareCheck:
    """Open a check on the household and hold its case.

    Deadline: 2 hours for U0, 24 for U1, 72 otherwise. One that is already open is returned: a more urgent worry
    raises its level and brings its deadline forward. ``case`` is saved.
    """
    check, created = WelfareCheck.objects.get_or_create(
        case=case,
        closed_at=None,
        defaults={
            "origin": origin,
            "level": level,
            "owner": by if by is not None and origin in _BY_HAND else None,
            "opened_at": now,
            "due_at": now + delay_of(level),
        },
    )
    case.set_hold(Case.Hold.WELFARE)
    case.save_moved()
    if created:
        journal.of_case("welfare.opened", case, check, by=by, origin=origin)
    else:
        raise_level(check=check, level=level, by=by, now=now)
    return check


@transaction.atomic
def raise_level(*, check: WelfareCheck, level: str, now: datetime, by: User | None = None) -> None:
    """A more urgent worry: the level rises and the deadline comes forward; a lesser one changes nothing."""
    if level >= check.level:
        return
    check.level, check.due_at = level, min(check.due_at, now + delay_of(level))
    check.save(update_fields=["level", "due_at"])
    journal.record("welfare.raised", check, by=by, campaign_id=check.case.campaign_id, level=level)


def delay_of(level: str) -> timedelta:
    """How long something may wait for its next step."""
    return DELAYS.get(Level(level), OTHER_DELAY)


@transaction.atomic
def open_by_hand(
    *, case_id: int, level: str, by: User, now: datetime, origin: str = WelfareCheck.Origin.COORDINATOR
) -> WelfareCheck:
    """A coordinator worries, or a neighbour does: the check opens, theirs, and nobody calls the household meanwhile.

    Raises WelfareError when the campaign is over, or when the household is followed in another one.
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=case_id)
    if not case.campaign.is_running:
        raise WelfareError("Cette campagne n'est pas en cours.")
    if alive_elsewhere(case):
        raise WelfareError("Ce foyer est suivi dans une autre campagne.")
    return open_check(case=case, origin=origin, level=level, now=now, by=by)


def next_step(check: WelfareCheck) -> str | None:
    """The first step of the ladder not yet made; None when all were."""
    done = {step.kind for step in check.steps.all()}
    return next((kind for kind in LADDER if kind not in done), None)


@transaction.atomic
def take(*, check: WelfareCheck, owner: User, by: User) -> None:
    """Give the check an owner."""
    WelfareCheck.objects.filter(pk=check.pk).update(owner=owner)
    check.owner = owner
    journal.record("welfare.owner", check, by=by, campaign_id=check.case.campaign_id, owner=owner.pk)


@transaction.atomic
def add_step(*, check: WelfareCheck, kind: str, result: str, by: User | None, now: datetime) -> WelfareStep:
    """Write down a step with its result. Raises WelfareError once the check is closed.

    A step of the coordination (``by``) starts the delay of the next one, and settles the alert of a late one; what a
    caretaker answers by a link does not: somebody still has to read it.
    """
    fields: dict[str, Any] = {}
    if by is not None:
        fields = {"due_at": now + delay_of(check.level), "overdue_told_at": None}
    open_checks = WelfareCheck.objects.open().filter(pk=check.pk)
    if not (open_checks.update(**fields) if fields else open_checks.exists()):
        raise WelfareError("Cette veille est close.")
    for name, value in fields.items():
        setattr(check, name, value)
    step = WelfareStep.objects.create(check_row=check, kind=kind, at=now, by=by, result=result.strip()[:TEXT])
    journal.of_case("welfare.step", check.case, check, by=by, actor="" if by else "caretaker", kind=kind)
    if by is not None:
        _settle_alert(check, f"Démarche notée\u00a0: {step.get_kind_display()}.", by, now)
    return step


def _settle_alert(check: WelfareCheck, solution: str, by: User | None, now: datetime) -> None:
    """The alert of an overdue check has its answer; what still waits to be sent about it does not leave."""
    mail.cancel(check, "welfare_overdue")
    for alert in Alert.objects.unsolved().filter(welfare_check=check):
        # Somebody may be settling it by hand at this moment: that is as good.
        with suppress(alerts.AlertError):
            alerts.solve(alert=alert, solution=solution, by=by, now=now)


@transaction.atomic
def close_check(
    *,
    check: WelfareCheck,
    result: str,
    by: User,
    now: datetime,
    note: str = "",
    call_again: bool = False,
    tenant: Tenant | None = None,
    categories: Sequence[str] = (),
) -> WelfareCheck:
    """Close the check and draw its consequence for the case.

    Found well: back to the queue when ``call_again``, else closed (a running follow-up plan goes on). In difficulty:
    called again first, by a volunteer; the needs (``categories``) become a referral to be read, of the check's level.
    Hospital: called after 14 days. Died, moved, care home: ``tenant`` says who (not needed when one person lives
    there) and is closed. Not found: the case closes as such. A household that opposed is never called again.
    The alert of a late check is settled, and its caretakers' links show the door no more.
    Raises WelfareError when already closed, or when it is not known who died or left.
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("campaign", "household").get(pk=check.case_id)
    changed = (
        WelfareCheck.objects.open().filter(pk=check.pk).update(closed_at=now, result=result, note=note.strip()[:TEXT])
    )
    if not changed:
        raise WelfareError("Cette veille est déjà close.")
    results = WelfareCheck.Result
    held_here = case.status == Case.Status.ON_HOLD and case.hold_reason == Case.Hold.WELFARE
    if result in (results.CARE_HOME, results.MOVED, results.DECEASED):
        who = tenant or _only_person(case)
        if who is None:
            raise WelfareError("Précisez de quelle personne il s'agit.")
        case.set_hold(Case.Hold.PERSON_CLOSED)
        case.save_moved()
        households.close_person(tenant=who, status=result, now=now, by=by)
    elif held_here:
        _release_case(case, result, call_again, now)
    if result == results.DIFFICULTY and categories:
        referrals.draft_by_hand(
            case=case,
            tenant=tenant or _only_person(case),
            categories=list(categories),
            level=check.level,
            by=by,
            now=now,
        )
    journal.of_case("welfare.closed", case, check, by=by, result=result)
    _settle_alert(check, f"Veille close\u00a0: {WelfareCheck.Result(result).label}.", by, now)
    check.refresh_from_db()
    return check


def _only_person(case: Case) -> Tenant | None:
    present = list(Tenant.objects.filter(household_id=case.household_id, status=Tenant.Status.PRESENT)[:2])
    return present[0] if len(present) == 1 else None


def _release_case(case: Case, result: str, call_again: bool, now: datetime) -> None:
    results = WelfareCheck.Result
    running = case.campaign.is_running and case.household.opposed_at is None
    plan = FollowUpPlan.objects.active().filter(case=case).exists()
    if result == results.HOSPITAL and running:
        calendar = calendar_of(case.campaign, case.region)
        case.set_next(kind=Case.Kind.ASKED, at=retries.after_days(calendar, now, case.campaign.hospital_days))
    elif running and (result == results.DIFFICULTY or call_again):
        case.set_next(kind=Case.Kind.ASKED, at=now, urgent=result == results.DIFFICULTY)
    elif running and plan and result == results.WELL:
        case.set_next(kind=Case.Kind.FOLLOW_UP, at=None)
    else:
        case.set_closed(result, now)
    case.attempts, case.slots_tried, case.busy_today = 0, [], 0
    case.save_moved("attempts", "slots_tried", "busy_today")


def watch_overdue(*, now: datetime) -> int:
    """Overdue checks climb to every coordinator, once for each step that did not come.

    An alert, and an e-mail with the number of the case and a link: for U0 and U1 the alert's own, which rings again
    until somebody takes it; otherwise one to each coordinator, in the morning when it is night.
    """
    told = 0
    overdue = WelfareCheck.objects.open().filter(due_at__lte=now, overdue_told_at=None)
    for check in overdue.select_related("case").order_by("level", "due_at")[:200]:
        with transaction.atomic():
            if not WelfareCheck.objects.open().filter(pk=check.pk, overdue_told_at=None).update(overdue_told_at=now):
                continue
            urgent = check.level in (Level.U0, Level.U1)
            alert = alerts.raise_alert(
                welfare_check=check,
                kind=Alert.Kind.WELFARE_OVERDUE,
                level=check.level if urgent else Level.U2,
                case=check.case,
                now=now,
            )
            for person in () if urgent else alerts.audience(check.case, now):
                mail.queue_mail(
                    # The same deadline tells once; the deadline of a later step tells anew.
                    key=f"welfare:{check.pk}:overdue:{check.due_at:%Y%m%d%H%M%S}:{person.pk}",
                    about=check,
                    to=person.email,
                    template="welfare_overdue",
                    context={
                        "check_id": check.pk,
                        "case_id": check.case_id,
                        "alert_id": alert.pk,
                        "level": check.level,
                    },
                    now=alerts.after_quiet_hours(alert, now),
                )
            told += 1
    return told
