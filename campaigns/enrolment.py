"""Households → cases: who a campaign calls, who it cannot, and what changes when a list does.

A household has at most one open case. One that is open in another running campaign stays there and is reported,
unless only a running follow-up plan keeps it open: the new campaign then takes the plan over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns import calendar, phrases
from campaigns.models import Campaign, Case, DueCall, FollowUpPlan, Referral
from campaigns.queue import PASSED_RANK
from solidarites import journal
from solidarites.models import User
from tenants import events
from tenants.households import USABLE, with_living_tenant
from tenants.models import Household, PhoneNumber, Tenant

CHUNK = 1000
FRAGILE_AGE = 85
# Never-called cases go by rank: the fragile first (no offset), then the others; the eldest of each first.
NOT_FRAGILE = 10**7
TAKEN_OVER = "taken_over"


class EnrolmentError(ValueError):
    """The campaign takes no household any more; the message is French."""


@dataclass
class EnrolmentResult:
    created: int = 0
    already: int = 0  # in the campaign before
    without_number: int = 0  # among the created
    elsewhere: int = 0  # stay in another campaign
    age_unknown: int = 0  # listed apart, enrolled by hand
    taken_over: int = 0  # among the created: a follow-up plan came with them
    elsewhere_ids: list[int] = field(default_factory=list)


def opening_day(campaign: Campaign, now: datetime | None = None) -> date:
    """The day on which ages count: the start of the campaign, else today."""
    return campaign.starts_on or (now or timezone.now()).astimezone(campaign.tz).date()


def born_by(campaign: Campaign, age: int, now: datetime | None = None) -> date:
    """The latest birth date of somebody who is ``age`` on the opening day."""
    day = opening_day(campaign, now)
    try:
        return day.replace(year=day.year - age)
    except ValueError:  # 29 February
        return day.replace(year=day.year - age, day=28)


def _present() -> QuerySet[Tenant]:
    return Tenant.objects.filter(household=OuterRef("pk"), status=Tenant.Status.PRESENT)


def in_scope(campaign: Campaign) -> QuerySet[Household]:
    """The households of the campaign's landlords, agencies, residences and communes, whatever their age.

    Each filter that is filled narrows the population; all empty means everybody.
    """
    found = Household.objects.filter(opposed_at=None)
    for name, chosen in (
        ("landlord", campaign.landlords),
        ("agency", campaign.agencies),
        ("residence", campaign.residences),
    ):
        ids = list(chosen.values_list("pk", flat=True))
        if ids:
            found = found.filter(**{f"{name}__in": ids})
    if campaign.communes:
        found = found.filter(insee_code__in=campaign.communes)
    if campaign.living_alone_only:
        found = found.filter(living_alone=True)
    return found


def population(campaign: Campaign, now: datetime | None = None) -> QuerySet[Household]:
    """Those in scope with a present person of the minimum age (a bare year counts as 1 January)."""
    limit = born_by(campaign, campaign.minimum_age, now)
    return in_scope(campaign).filter(Exists(_present().filter(birth_date__lte=limit)))


def age_unknown(campaign: Campaign, now: datetime | None = None) -> QuerySet[Household]:
    """Those in scope where nobody is known to have the age and somebody's birth date is unknown.

    Listed apart (« âge à vérifier ») and enrolled by hand.
    """
    limit = born_by(campaign, campaign.minimum_age, now)
    return in_scope(campaign).filter(
        Exists(_present().filter(birth_date=None)),
        ~Exists(_present().filter(birth_date__lte=limit)),
        ~Exists(Case.objects.filter(household=OuterRef("pk"), campaign=campaign)),
    )


def _open_elsewhere(campaign: Campaign) -> QuerySet[Case]:
    return Case.objects.filter(household=OuterRef("pk")).exclude(status=Case.Status.CLOSED).exclude(campaign=campaign)


def _only_followed(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Reached, and kept open by nothing but a running plan: no call is due, under way, or awaited, no referral runs."""
    plans = FollowUpPlan.objects.filter(case=OuterRef("pk"), status=FollowUpPlan.Status.ACTIVE)
    due = DueCall.objects.filter(case=OuterRef("pk"), state=DueCall.State.OPENED)
    over = (Referral.State.CLOSED, Referral.State.WITHDRAWN)
    referrals = Referral.objects.filter(case=OuterRef("pk")).exclude(state__in=over)
    return cases.filter(
        Exists(plans),
        ~Exists(due),
        ~Exists(referrals),
        status=Case.Status.OPEN,
        reached_at__isnull=False,
        claimed_by=None,
        next_call_at=None,
    )


def staying_elsewhere(campaign: Campaign, households: QuerySet[Household]) -> QuerySet[Household]:
    """Those of ``households`` that another campaign keeps."""
    held = _open_elsewhere(campaign)
    return households.filter(Exists(held), ~Exists(_only_followed(held)))


def _candidates(campaign: Campaign, households: QuerySet[Household]) -> QuerySet[Household]:
    held = _open_elsewhere(campaign)
    return households.filter(~Exists(Case.objects.filter(household=OuterRef("pk"), campaign=campaign))).filter(
        ~Exists(held) | Exists(_only_followed(held))
    )


def preview(campaign: Campaign, now: datetime | None = None) -> EnrolmentResult:
    """What ``enrol`` would do; writes nothing."""
    everybody = population(campaign, now)
    fresh = _candidates(campaign, everybody)
    inside = Case.objects.filter(household=OuterRef("pk"), campaign=campaign)
    numbers = PhoneNumber.objects.filter(USABLE, household=OuterRef("pk"))
    return EnrolmentResult(
        created=fresh.count(),
        already=everybody.filter(Exists(inside)).count(),
        without_number=fresh.filter(~Exists(numbers)).count(),
        elsewhere=staying_elsewhere(campaign, everybody.filter(~Exists(inside))).count(),
        age_unknown=age_unknown(campaign, now).count(),
        taken_over=fresh.filter(Exists(_open_elsewhere(campaign))).count(),
    )


def enrol(*, campaign: Campaign, now: datetime, by: User | None = None, chunk: int = CHUNK) -> EnrolmentResult:
    """Give every household of the population its case.

    Idempotent: one that has a case keeps it. Chunked: one transaction and one journal row a chunk, so that a process
    stopped half-way leaves whole chunks and the next run goes on. Raises EnrolmentError when the campaign is over.
    """
    refuse_ended(campaign)
    everybody = population(campaign, now)
    inside = Case.objects.filter(household=OuterRef("pk"), campaign=campaign)
    result = EnrolmentResult(
        already=everybody.filter(Exists(inside)).count(),
        age_unknown=age_unknown(campaign, now).count(),
    )
    stay = staying_elsewhere(campaign, everybody.filter(~Exists(inside)))
    result.elsewhere = stay.count()
    result.elsewhere_ids = list(stay.order_by("pk").values_list("pk", flat=True)[:1000])
    _enrol_all(campaign, everybody, result, by=by, now=now, chunk=chunk)
    return result


def enrol_households(
    *, campaign: Campaign, household_ids: Iterable[int], now: datetime, by: User | None = None
) -> EnrolmentResult:
    """Enrol named households by hand, whatever their age, agency or commune.

    Somebody must live there, and an opposition still holds. Raises EnrolmentError when the campaign is over.
    """
    refuse_ended(campaign)
    named = with_living_tenant(Household.objects.filter(pk__in=list(household_ids), opposed_at=None))
    inside = Case.objects.filter(household=OuterRef("pk"), campaign=campaign)
    stay = staying_elsewhere(campaign, named.filter(~Exists(inside)))
    result = EnrolmentResult(
        already=named.filter(Exists(inside)).count(),
        elsewhere_ids=list(stay.order_by("pk").values_list("pk", flat=True)),
    )
    result.elsewhere = len(result.elsewhere_ids)
    _enrol_all(campaign, named, result, by=by, now=now, chunk=CHUNK)
    return result


def enrol_arrivals(*, now: datetime) -> int:
    """Enrol what new lists brought to the open campaigns; how many cases were made.

    One query a campaign when nothing is new.
    """
    created = 0
    for campaign in Campaign.objects.filter(status=Campaign.Status.OPEN).order_by("opened_at", "pk"):
        result = EnrolmentResult()
        _enrol_all(campaign, population(campaign, now), result, by=None, now=now, chunk=CHUNK)
        created += result.created
    return created


def refuse_ended(campaign: Campaign) -> None:
    if campaign.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED):
        raise EnrolmentError("Cette campagne est terminée\u00a0: elle n'accueille plus de foyer.")


def _enrol_all(
    campaign: Campaign,
    households: QuerySet[Household],
    result: EnrolmentResult,
    *,
    by: User | None,
    now: datetime,
    chunk: int,
) -> None:
    # Read once: numbers only, and a chunk looks again at what may have changed meanwhile.
    ids = list(_candidates(campaign, households).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), chunk):
        _enrol_chunk(campaign, ids[start : start + chunk], result, by=by, now=now)


@transaction.atomic
def _enrol_chunk(
    campaign: Campaign, ids: Sequence[int], result: EnrolmentResult, *, by: User | None, now: datetime
) -> None:
    # Against a campaign closed meanwhile; no_key leaves other people's cases free to be written.
    alive = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign.pk).first()
    if alive is None or alive.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED):
        return
    moved = _take_over(campaign, ids, now)
    rows = list(_described(Household.objects.filter(pk__in=ids), campaign, now))
    taken = _free_phrases(len(rows))
    cases = [
        Case(
            campaign=campaign,
            household_id=row.pk,
            next_call_at=now,
            next_call_kind=Case.Kind.FIRST,
            tier=Case.Tier.FIRST,
            enrolled_at=now,
            verification_phrase=phrase,
            **_copies(row, campaign, now),
        )
        for row, phrase in zip(rows, taken, strict=True)
    ]
    # A household that another process enrolled meanwhile is left to it.
    Case.objects.bulk_create(cases, ignore_conflicts=True)
    made = Case.objects.filter(campaign=campaign, household__in=ids, verification_phrase__in=taken)
    counts = made.aggregate(created=Count("pk"), without=Count("pk", filter=Q(has_number=False)))
    if moved:
        new_case = dict(made.filter(household__in=moved).values_list("household_id", "pk"))
        for plan in FollowUpPlan.objects.filter(pk__in=moved.values()):
            plan.case_id = new_case[plan.household_id]
            plan.save(update_fields=["case"])
    result.created += counts["created"]
    result.without_number += counts["without"]
    result.taken_over += len(moved)
    if counts["created"]:
        journal.record(
            "campaign.enrolled",
            campaign,
            by=by,
            campaign_id=campaign.pk,
            created=counts["created"],
            taken_over=len(moved),
        )


def _take_over(campaign: Campaign, ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Close the cases elsewhere that only a plan keeps open; {household: plan}."""
    held = Case.objects.filter(household__in=ids).exclude(status=Case.Status.CLOSED).exclude(campaign=campaign)
    # The cases before their plans, as whoever records a call does.
    list(_only_followed(held).select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    # Whoever opens a due call holds its plan: wait for it, then look.
    plans = FollowUpPlan.objects.filter(household__in=ids, status=FollowUpPlan.Status.ACTIVE)
    if not list(plans.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)):
        return {}
    old = list(_only_followed(held).values_list("pk", flat=True))
    if not old:
        return {}
    # Conditional: one that a volunteer takes at this very moment stays where it is.
    _only_followed(Case.objects.filter(pk__in=old)).update(
        status=Case.Status.CLOSED, closed_reason=TAKEN_OVER, closed_at=now, next_call_for=None, anyone_from=None
    )
    plans = FollowUpPlan.objects.filter(
        case__in=old, case__closed_reason=TAKEN_OVER, case__closed_at=now, status=FollowUpPlan.Status.ACTIVE
    )
    return dict(plans.values_list("household_id", "pk"))


def _free_phrases(count: int) -> list[str]:
    """As many phrases that no open case bears."""
    found: set[str] = set()
    while len(found) < count:
        drawn = {phrases.draw() for _ in range(count - len(found))} - found
        borne = Case.objects.filter(verification_phrase__in=drawn).exclude(status=Case.Status.CLOSED)
        found |= drawn - set(borne.values_list("verification_phrase", flat=True))
    return list(found)


# What a case copies from its household ------------------------------------------------------------


def _described(households: QuerySet[Household], campaign: Campaign, now: datetime) -> QuerySet[Household]:
    present = Q(tenants__status=Tenant.Status.PRESENT)
    numbers = PhoneNumber.objects.filter(USABLE, household=OuterRef("pk"))
    return households.annotate(
        eldest=Min("tenants__birth_date", filter=present),
        callable=Exists(numbers),
    ).order_by("pk")


def _copies(row: Household, campaign: Campaign, now: datetime) -> dict[str, object]:
    """``row`` comes from ``_described``."""
    eldest: date | None = row.eldest  # type: ignore[attr-defined]
    fragile = (
        row.fragile
        or row.living_alone is True
        or (eldest is not None and eldest <= born_by(campaign, FRAGILE_AGE, now))
    )
    # Enrolled by hand without a birth date: as the youngest of the population.
    born = eldest or born_by(campaign, campaign.minimum_age, now)
    return {
        "agency_id": row.agency_id,
        "language": "" if row.language == "fr" else row.language,
        "region": calendar.region_of(row.department),
        "fragile": fragile,
        "has_number": row.callable,  # type: ignore[attr-defined]
        "rank": born.toordinal() + (0 if fragile else NOT_FRAGILE),
    }


def numbers_changed(event: events.NumbersChanged) -> None:
    """Bring the open cases of these households up to date; subscribed to ``tenants.events``.

    A number found puts a case without one into the queue, the last one lost sends it to the track of those without.
    A claim is never touched: the volunteer on the line goes on.
    """
    cases = Case.objects.filter(household__in=event.household_ids).exclude(status=Case.Status.CLOSED)
    by_campaign: dict[int, list[Case]] = {}
    for case in cases.select_related("campaign"):
        by_campaign.setdefault(case.campaign_id, []).append(case)
    for group in by_campaign.values():
        _refresh(group, event)


def _refresh(cases: list[Case], event: events.NumbersChanged) -> None:
    campaign = cases[0].campaign
    rows = {
        row.pk: row
        for row in _described(
            Household.objects.filter(pk__in=[case.household_id for case in cases]), campaign, event.now
        )
    }
    changed, found, lost = [], [], []
    for case in cases:
        fresh = _copies(rows[case.household_id], campaign, event.now)
        passed = case.rank - case.rank % PASSED_RANK
        fresh["rank"] = int(fresh["rank"]) + passed if case.tier == Case.Tier.FIRST else 0  # type: ignore[call-overload]
        if all(getattr(case, name) == value for name, value in fresh.items()):
            continue
        if fresh["has_number"] and not case.has_number:
            found.append(case.pk)
        elif case.has_number and not fresh["has_number"]:
            lost.append(case.pk)
        for name, value in fresh.items():
            setattr(case, name, value)
        changed.append(case)
    if not changed:
        return
    # Only what comes from the household: a claim is left as it is, and a call recorded meanwhile moved its case out
    # of « first », where the rank stays 0.
    Case.objects.bulk_update(changed, ["agency", "language", "region", "fragile", "has_number", "rank"], batch_size=500)
    Case.objects.filter(pk__in=[case.pk for case in changed]).exclude(tier=Case.Tier.FIRST).update(rank=0)
    # One that lost its last number has no call planned: it has one again.
    waiting = Case.objects.filter(pk__in=found, status=Case.Status.OPEN, next_call_at=None, reached_at=None)
    waiting.update(next_call_at=event.now)
    journal.record(
        "cases.refreshed", campaign, by=event.by, campaign_id=campaign.pk, changed=len(changed), found=found, lost=lost
    )
