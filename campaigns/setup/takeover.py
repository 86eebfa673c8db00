"""Plans from one campaign to another: what another campaign keeps, what comes over when one opens, what goes back.

A plan never waits where nobody calls: a campaign in preparation takes nothing, and what a campaign took goes home when
it ends while the one it came from still runs.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from campaigns import followups
from campaigns.common.calendar import NeverOpenError
from campaigns.models import Campaign, Case, DueCall, FollowUpPlan, Referral

# Why a case was closed whose plan another campaign took over.
RUNNING = (Campaign.Status.OPEN, Campaign.Status.PAUSED)


def held_elsewhere(campaign: Campaign) -> QuerySet[Case]:
    """The cases by which other campaigns keep their households: open, being called, or with a plan that goes on there.

    A case of a campaign in preparation keeps nobody.
    """
    plans = FollowUpPlan.objects.active().filter(case=OuterRef("pk"))
    kept = Q(status__in=Case.ALIVE) | Q(claimed_by__isnull=False) | Q(Exists(plans), campaign__status__in=RUNNING)
    return Case.objects.filter(kept).exclude(campaign=campaign)


def only_followed(cases: QuerySet[Case], campaign: Campaign) -> QuerySet[Case]:
    """Reached, and kept by nothing but a running plan: no call is due, under way, or awaited, no referral runs.

    A plan agreed elsewhere since ``campaign`` opened stays where it was agreed: opening alone takes over.
    """
    plans = FollowUpPlan.objects.active().filter(case=OuterRef("pk"))
    if campaign.opened_at is not None:
        plans = plans.filter(created_at__lte=campaign.opened_at)
    due = DueCall.objects.opened().filter(case=OuterRef("pk"))
    over = (Referral.State.CLOSED, Referral.State.WITHDRAWN)
    referrals = Referral.objects.filter(case=OuterRef("pk")).exclude(state__in=over)
    return cases.filter(
        Exists(plans),
        ~Exists(due),
        ~Exists(referrals),
        # Closed: who refused this time keeps the plan that was agreed.
        status__in=(Case.Status.OPEN, Case.Status.CLOSED),
        reached_at__isnull=False,
        claimed_by=None,
        next_call_at=None,
    )


def firmly_held(campaign: Campaign) -> QuerySet[Case]:
    """Of ``held_elsewhere``, those that an open campaign takes nothing from."""
    return held_elsewhere(campaign).filter(~Exists(only_followed(Case.objects.filter(pk=OuterRef("pk")), campaign)))


def release_followed(*, campaign: Campaign, household_ids: Collection[int], now: datetime) -> dict[int, int]:
    """Close the cases elsewhere that only a plan keeps, for ``campaign`` to take these plans: {household: plan}."""
    held = held_elsewhere(campaign).filter(household__in=household_ids)
    # The cases before their plans, as whoever records a call does.
    followed = only_followed(held, campaign)
    list(followed.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    # Whoever opens a due call holds its plan: wait for it, then look.
    plans = FollowUpPlan.objects.active().filter(household__in=household_ids)
    if not list(plans.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)):
        return {}
    old = list(followed.values_list("pk", flat=True))
    # Conditional: one that a volunteer takes at this very moment stays where it is.
    only_followed(Case.objects.filter(pk__in=old, status=Case.Status.OPEN), campaign).update(
        status=Case.Status.CLOSED,
        closed_reason=Case.CloseReason.TAKEN_OVER,
        closed_at=now,
        next_call_for=None,
        anyone_from=None,
    )
    free = plans.filter(case__in=old, case__status=Case.Status.CLOSED, case__claimed_by=None)
    return dict(free.values_list("household_id", "pk"))


def left_behind(*, campaign: Campaign, household_ids: Collection[int]) -> dict[int, int]:
    """The running plans of these households in campaigns that do not run, ``campaign`` excepted: {household: plan}."""
    plans = FollowUpPlan.objects.active().filter(household__in=household_ids)
    plans = plans.exclude(case__campaign__status__in=RUNNING).exclude(case__campaign=campaign)
    return dict(plans.values_list("household_id", "pk"))


def go_on(*, plan: FollowUpPlan, after_status: str, now: datetime) -> None:
    """Set the next call on the instance, in its new campaign, after one in ``after_status`` (the caller saves).

    Nothing is missed in a pause: the plan goes on at its next date. Where no campaign called it, the last date that
    passed is called now; the ones before raise nothing.
    """
    if after_status == Campaign.Status.OPEN:
        return
    lost = after_status != Campaign.Status.PAUSED
    due = plan.next_due_at
    try:
        while due is not None and due <= now:
            after = followups.next_due(plan, due)
            if lost and (after is None or after > now):
                break
            due = after
    except NeverOpenError:
        return
    plan.next_due_at = due


# A campaign ends, or is abandoned ------------------------------------------------------------------------------


def homes(campaign: Campaign) -> dict[int, int]:
    """Where each plan goes when its campaign ends: {plan: case} of another campaign that has the household.

    That is the household's open case, else the one it was taken from, as long as that campaign runs.
    """
    plans = FollowUpPlan.objects.active().filter(case__campaign=campaign)
    plan_of = dict(plans.values_list("household_id", "pk"))
    others = Case.objects.filter(household__in=plan_of, campaign__status__in=RUNNING)
    others = others.filter(
        Q(status__in=Case.ALIVE) | Q(status=Case.Status.CLOSED, closed_reason=Case.CloseReason.TAKEN_OVER)
    )
    others = others.exclude(campaign=campaign)
    found: dict[int, int] = {}
    rows = list(others.order_by("-closed_at", "-pk").values_list("pk", "household_id", "status"))
    for pk, household_id, _ in sorted(rows, key=lambda row: row[2] == Case.Status.CLOSED):
        found.setdefault(plan_of[household_id], pk)
    return found


def give_back(*, places: dict[int, int], after_status: str, now: datetime) -> list[int]:
    """Put the plans (``homes``) back on their cases, which open again; inside the caller's transaction, rows locked.

    The call that waited, due or agreed, waits there. ``after_status``: of the campaign that ends.
    """
    plans = FollowUpPlan.objects.active().filter(pk__in=places).select_related("case")
    cases = Case.objects.select_related("campaign").in_bulk(places.values())
    saved = [*Case.MOVED, *Case.CLAIMED]
    for plan in plans.prefetch_related("exceptions").order_by("pk"):
        left, plan.case = plan.case, cases[places[plan.pk]]
        waits: dict[str, Any] = {"kind": Case.Kind.FOLLOW_UP, "at": None}
        if left.status in Case.ALIVE and left.next_call_kind in (Case.Kind.CALLBACK, Case.Kind.FOLLOW_UP):
            waits = {
                "kind": left.next_call_kind,
                "at": left.next_call_at,
                "volunteer_id": left.next_call_for_id,
                "anyone_from": left.anyone_from,
                "urgent": left.urgent,
            }
        if left.status in Case.ALIVE:
            # First: a household has one open case.
            left.set_closed(Case.CloseReason.CAMPAIGN_CLOSED, now)
            left.save(update_fields=saved)
        if plan.case.status == Case.Status.CLOSED:
            plan.case.set_next(**waits)
            plan.case.save(update_fields=saved)
        DueCall.objects.opened().filter(plan=plan).update(case=plan.case)
        go_on(plan=plan, after_status=after_status, now=now)
        plan.save(update_fields=["case", "next_due_at"])
    return sorted(places)


def names_of(cases: QuerySet[Case]) -> list[tuple[str, int]]:
    """(campaign, how many households) of these cases, by name."""
    return list(cases.order_by("campaign__name").values_list("campaign__name").annotate(Count("pk")))
