"""Many plans to other volunteers in one action, with what each would carry; and one plan to somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns.common.calendar import calendar_of
from campaigns.followups.absences import presence_of
from campaigns.followups.dates import WEEKLY_LOAD
from campaigns.followups.plans import FollowUpError, give_opened_to, locked, running
from campaigns.models import Absence, Campaign, CampaignVolunteer, DueCall, FollowUpPlan
from solidarites import journal
from solidarites.models import User

# An absence that begins later is still far: it shows in « À réattribuer » when the call comes near.
NEAR = timedelta(days=14)


def load_of(plan: FollowUpPlan) -> float:
    """Calls a week."""
    return WEEKLY_LOAD[FollowUpPlan.Cadence(plan.cadence)]


def loads(campaign_ids: Iterable[int]) -> dict[int, float]:
    """Calls a week that each volunteer of these campaigns carries, in all of their campaigns together."""
    members = CampaignVolunteer.objects.filter(campaign_id__in=set(campaign_ids), active=True, user__is_active=True)
    carried = dict.fromkeys(members.values_list("user_id", flat=True), 0.0)
    rows = FollowUpPlan.objects.active().filter(volunteer__in=list(carried))
    for user_id, cadence in rows.values_list("volunteer_id", "cadence"):
        carried[user_id] += WEEKLY_LOAD[FollowUpPlan.Cadence(cadence)]
    return carried


def to_reassign(plans: QuerySet[FollowUpPlan], now: datetime) -> QuerySet[FollowUpPlan]:
    """Running plans that nobody would call: no volunteer who still takes part, or away then without a backup."""
    today = timezone.localdate(now)

    def member(name: str) -> Exists:
        return Exists(
            CampaignVolunteer.objects.filter(
                campaign=OuterRef("case__campaign"), user=OuterRef(name), active=True, user__is_active=True
            )
        )

    def away(name: str) -> Exists:
        # The call that is next, or the one that waits now.
        return Exists(
            Absence.objects.filter(user=OuterRef(name), first_day__lte=OuterRef("next_due_at__date")).filter(
                Q(last_day=None) | Q(last_day__gte=OuterRef("next_due_at__date"))
            )
        )

    opened = DueCall.objects.opened().filter(plan=OuterRef("pk"), volunteer=None)
    near = Q(next_due_at__date__lte=today + NEAR)
    return plans.filter(status=FollowUpPlan.Status.ACTIVE).filter(
        Q(volunteer=None)
        | ~member("volunteer")
        | Exists(opened)
        | (near & away("volunteer") & (Q(backup=None) | ~member("backup") | away("backup")))
    )


# One plan ------------------------------------------------------------------------------------------------


@transaction.atomic
def give_to(*, plan_id: int, user_id: int, by: User, now: datetime) -> FollowUpPlan:
    """A coordinator gives a plan of « À réattribuer » to somebody.

    A volunteer who is only away keeps the plan: the person chosen becomes the backup, who calls meanwhile. Otherwise
    the plan changes hands. A call that waits goes along. Raises FollowUpError for somebody who cannot call then.
    """
    plan = running(plan_id)
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    today = calendar.local(now).date()
    waits = DueCall.objects.opened().filter(plan=plan).exists()
    day = today if waits or plan.next_due_at is None else calendar.local(plan.next_due_at).date()
    presence = presence_of([plan.case.campaign_id], today)
    if not presence.calls(plan.case.campaign_id, user_id, day):
        raise FollowUpError("Cette personne n'appelle pas ce jour-là.", "user")
    stays = (plan.case.campaign_id, plan.volunteer_id) in presence.members and user_id != plan.volunteer_id
    if stays and plan.volunteer_id is not None and presence.away(plan.volunteer_id, day):
        plan.backup_id = user_id
    else:
        plan.volunteer_id = user_id
        plan.backup_id = None if plan.backup_id == user_id else plan.backup_id
    plan.save(update_fields=["volunteer", "backup"])
    give_opened_to(plan, presence.caller(plan, today), now=now, by=by)
    journal.record(
        "plan.given", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id, volunteer=user_id
    )
    return plan


# Many plans ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Receiver:
    """Somebody who may take plans over: calls a week before and after."""

    user: User
    before: float
    after: float


def receivers(campaign: Campaign, *, leaving_id: int | None, today: date) -> list[User]:
    """The active members who are not away today, without the one who leaves."""
    members = CampaignVolunteer.objects.filter(campaign=campaign, active=True, user__is_active=True)
    people = User.objects.filter(pk__in=members.values("user")).exclude(pk=leaving_id or 0)
    away = Absence.objects.filter(Q(last_day=None) | Q(last_day__gte=today), user=OuterRef("pk"), first_day__lte=today)
    return list(people.filter(~Exists(away)).order_by("last_name", "first_name", "pk"))


def share(campaign: Campaign, plans: list[FollowUpPlan], *, leaving_id: int | None, today: date) -> dict[int, int]:
    """{plan: volunteer}: the heaviest plans first, each to whoever carries least; the backup when equal.

    Sector and language are respected where somebody fits; otherwise the plan stays without a proposal.
    """
    people = receivers(campaign, leaving_id=leaving_id, today=today)
    carried = loads([campaign.pk])
    sectors: dict[int, set[int]] = {}
    pairs = CampaignVolunteer.agencies.through.objects.filter(campaignvolunteer__campaign=campaign)
    for user_id, agency_id in pairs.values_list("campaignvolunteer__user_id", "agency_id"):
        sectors.setdefault(user_id, set()).add(agency_id)
    given: dict[int, int] = {}
    for plan in sorted(plans, key=lambda plan: (-load_of(plan), plan.pk)):
        fit = [
            person
            for person in people
            if (not sectors.get(person.pk) or plan.case.agency_id in sectors[person.pk])
            and (not plan.case.language or plan.case.language in person.languages)
        ]
        if not fit:
            continue
        best = min(fit, key=lambda person: (carried.get(person.pk, 0.0), person.pk != plan.backup_id, person.pk))
        given[plan.pk] = best.pk
        carried[best.pk] = carried.get(best.pk, 0.0) + load_of(plan)
    return given


def balance(
    campaign: Campaign, plans: list[FollowUpPlan], given: Mapping[int, int], *, leaving_id: int | None, today: date
) -> list[Receiver]:
    """What each person carries before, and would carry after."""
    before = loads([campaign.pk])
    after = dict(before)
    for plan in plans:
        user_id = given.get(plan.pk)
        if user_id is None or user_id == plan.volunteer_id:
            continue
        after[user_id] = after.get(user_id, 0.0) + load_of(plan)
        if plan.volunteer_id in after:
            after[plan.volunteer_id] -= load_of(plan)
    people = receivers(campaign, leaving_id=leaving_id, today=today)
    return [Receiver(person, before.get(person.pk, 0.0), after.get(person.pk, 0.0)) for person in people]


@transaction.atomic
def hand_over(
    *, campaign: Campaign, given: Mapping[int, int], leaving_id: int | None, by: User, now: datetime
) -> tuple[int, int]:
    """Give each plan of ``given`` to its new volunteer; how many changed hands, and how many had changed meanwhile.

    Conditions: each plan still runs and is still with ``leaving_id`` (with nobody who takes part when None); each new
    volunteer takes part. Calls that wait go along. Raises FollowUpError when somebody chosen does not take part.
    """
    members = set(
        CampaignVolunteer.objects.filter(campaign=campaign, active=True, user__is_active=True).values_list(
            "user_id", flat=True
        )
    )
    if not set(given.values()) <= members:
        raise FollowUpError("Une des personnes choisies ne fait plus partie de la campagne.")
    changed, stale = [], 0
    for plan_id in sorted(given, key=lambda pk: FollowUpPlan.objects.values_list("case_id", flat=True).get(pk=pk)):
        plan = locked(plan_id)
        still = plan.volunteer_id == leaving_id if leaving_id else plan.volunteer_id not in members
        if plan.status != FollowUpPlan.Status.ACTIVE or plan.case.campaign_id != campaign.pk or not still:
            stale += 1
            continue
        plan.volunteer_id = given[plan_id]
        plan.backup_id = None if plan.backup_id == plan.volunteer_id else plan.backup_id
        plan.save(update_fields=["volunteer", "backup"])
        give_opened_to(plan, plan.volunteer_id, now=now, by=by)
        changed.append(plan_id)
    if changed:
        journal.record("plans.handed_over", campaign, by=by, campaign_id=campaign.pk, plans=changed)
    return len(changed), stale


def plans_of(campaign: Campaign, leaving_id: int | None) -> QuerySet[FollowUpPlan]:
    """The running plans of one volunteer; without one, those that nobody of the campaign has."""
    plans = FollowUpPlan.objects.active().filter(case__campaign=campaign)
    if leaving_id is not None:
        return plans.filter(volunteer=leaving_id).order_by(F("next_due_at").asc(nulls_last=True), "pk")
    members = CampaignVolunteer.objects.filter(campaign=campaign, active=True, user__is_active=True).values("user")
    return plans.filter(Q(volunteer=None) | ~Q(volunteer__in=members)).order_by(
        F("next_due_at").asc(nulls_last=True), "pk"
    )
