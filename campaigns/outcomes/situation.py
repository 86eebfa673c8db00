"""Reading a case: what a decision on it depends on, and what each outcome would bring."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from campaigns import followups
from campaigns.alerts.dangers import SAFE, Danger
from campaigns.common.calendar import calendar_of
from campaigns.models import Call, Campaign, Case, FollowUpPlan
from campaigns.outcomes.table import TABLE, Situation
from solidarites.models import User
from tenants import households
from tenants.models import PhoneNumber, Tenant


def situation_of(
    case: Case,
    *,
    by: User,
    now: datetime,
    phone: PhoneNumber | None = None,
    callback_at: datetime | None = None,
    language: str = "",
    danger: Danger = SAFE,
) -> Situation:
    """Read what a decision on this case depends on (``case.campaign``, the household's people and phones loaded)."""
    others = [other for other in households.usable_phones(case.household) if phone is None or other.pk != phone.pk]
    untried = False
    if case.attempts == 1 and others and phone is not None:
        dialled = set(Call.objects.recorded().filter(case=case).values_list("phone_id", flat=True))
        untried = any(other.pk not in dialled and not other.third_party for other in others)
    # Nearly always none: then there is no call of a plan to look for either.
    plans = list(FollowUpPlan.objects.filter(household=case.household_id))
    running = [one for one in plans if one.case_id == case.pk and one.status != FollowUpPlan.Status.ENDED]
    plan = running[0] if running else None
    return replace(
        bare_situation(case, by_id=by.pk, now=now),
        other_number=bool(others) and phone is not None,
        untried_number=untried,
        plan=plan is not None and plan.status == FollowUpPlan.Status.ACTIVE,
        running_plan=plan,
        due=followups.opened_due_call(case) if plans else None,
        callback_at=callback_at,
        speaker=bool(language) and _someone_speaks(case.campaign, language, by),
        opposed=case.household.opposed_at is not None,
        vital=danger.vital,
        unsettled=danger.unsettled,
        nobody=not any(one.status == Tenant.Status.PRESENT for one in case.household.tenants.all()),
        over=over_of(case),
    )


def over_of(case: Case) -> str:
    """Why no call of this case may be planned any more: blank as long as one may."""
    if case.campaign.is_running:
        others = () if case.status in Case.ALIVE else case.household.cases.all()
        if all(other.pk == case.pk or other.status not in Case.ALIVE for other in others):
            return ""
    return case.closed_reason or Case.CloseReason.CAMPAIGN_CLOSED


def bare_situation(case: Case, *, by_id: int, now: datetime) -> Situation:
    """What the row of the case and the settings of its campaign say; nothing is read from the database."""
    campaign, calendar = case.campaign, calendar_of(case.campaign, case.region)
    today = calendar.local(now).date()
    return Situation(
        calendar=calendar,
        now=now,
        by_id=by_id,
        kind=case.next_call_kind,
        attempts=case.attempts,
        slots_tried=tuple(case.slots_tried),
        tried_today=case.last_attempt_on == today,
        busy_today=case.busy_today if case.last_attempt_on == today else 0,
        soft_refusals=case.soft_refusals,
        gaps=tuple(campaign.retry_gaps),
        cap=campaign.max_attempts,
        busy_pause=timedelta(minutes=campaign.busy_minutes),
        busy_a_day=campaign.busy_a_day,
        soft_refusal_days=campaign.soft_refusal_days,
        hospital_days=campaign.hospital_days,
    )


def _someone_speaks(campaign: Campaign, language: str, by: User) -> bool:
    spoken = (
        campaign.memberships.filter(active=True, user__is_active=True)
        .exclude(user=by)
        .values_list("user__languages", flat=True)
    )
    return any(language in languages for languages in spoken)


def preview(case: Case, *, by: User, now: datetime, phone: PhoneNumber | None = None) -> dict[str, str]:
    """What each outcome would bring, in French, for the labels of the buttons."""
    situation = situation_of(case, by=by, now=now, phone=phone)
    return {code: rule.decide(situation).text for code, rule in TABLE.items()}
