"""The six weeks' review of a plan: go on, space out, hand to an association, or end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from campaigns import referrals
from campaigns.common.calendar import calendar_of
from campaigns.followups.plans import REVIEW_AFTER, FollowUpError, Rhythm, change_plan, end_plan, running
from campaigns.models import FollowUpPlan, Partner, Referral
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User
from tenants.models import Tenant

# Until the association has answered, calls go on: looked at again then.
AFTER_HANDING = timedelta(weeks=2)
LONELINESS = "isolement"
_CADENCE = FollowUpPlan.Cadence


@transaction.atomic
def review(*, plan_id: int, cadence: str, by: User, now: datetime) -> FollowUpPlan:
    """Go on, at the same rhythm or a wider one. Handing over is ``hand_to_association``, ending ``end_plan``."""
    plan = running(plan_id)
    today = calendar_of(plan.case.campaign, plan.case.region).local(now).date()
    if cadence != plan.cadence:
        days = list(plan.weekdays) or [today.weekday()]
        wanted = 2 if cadence == _CADENCE.TWICE_A_WEEK else 1
        if wanted == 2 and len(days) < 2:
            raise FollowUpError("Choisissez deux jours de la semaine.", "weekdays")
        rhythm = Rhythm(cadence, days[:wanted], plan.time, plan.volunteer_id, plan.backup_id, plan.ends_on)
        plan = change_plan(plan_id=plan_id, rhythm=rhythm, by=by, now=now)
    plan.review_on = today + REVIEW_AFTER
    plan.save(update_fields=["review_on"])
    journal.record("plan.reviewed", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id)
    return plan


@transaction.atomic
def hand_to_association(
    *,
    plan_id: int,
    tenant: Tenant | None,
    partner: Partner | None,
    agreed: bool,
    stop: bool,
    by: User,
    now: datetime,
) -> Referral:
    """Prepare the referral to an association that takes the visits or calls over; a coordinator reads it first.

    Conditions: the plan runs, and the tenant agreed that the association receives their name and number. Without a
    partner the closest fitting one is proposed. Calls go on until it has answered, looked at again in two weeks; with
    ``stop`` they end now. Raises FollowUpError, ReferralError.
    """
    plan = running(plan_id)
    if not agreed:
        raise FollowUpError("Demandez d'abord l'accord de la personne.", "agreed")
    draft = referrals.draft_by_hand(
        case=plan.case,
        tenant=tenant,
        categories=[LONELINESS],
        level=Level.U3,
        facts="Suivie par des appels réguliers depuis plusieurs semaines, souhaite continuer avec une association.",
        partner=partner,
        by=by,
        now=now,
    )
    referrals.edit(
        referral=draft,
        by=by,
        now=now,
        agreement=Referral.Agreement.YES,
        agreement_how=Referral.AgreementHow.COORDINATOR,
        agreement_at=now,
    )
    journal.record("plan.reviewed", plan, by=by, campaign_id=plan.case.campaign_id, household_id=plan.household_id)
    if stop:
        end_plan(plan_id=plan_id, reason=FollowUpPlan.EndReason.HANDED_OVER, by=by, now=now)
    else:
        today = calendar_of(plan.case.campaign, plan.case.region).local(now).date()
        plan.review_on = today + AFTER_HANDING
        plan.save(update_fields=["review_on"])
    return draft
