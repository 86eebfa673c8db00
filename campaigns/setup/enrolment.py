"""Households → cases: who a campaign calls, who it cannot, and what changes when a list does.

A household has at most one open case. One that is open in another running campaign stays there and is reported,
unless only a running follow-up plan keeps it open: the new campaign, once it is open, takes the plan over. A campaign
in preparation takes nobody: its own cases are « prepared », which no other campaign minds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Case as DbCase
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from campaigns import followups
from campaigns.common import calendar, phrases
from campaigns.models import Campaign, CampaignVolunteer, Case, FollowUpPlan, Parting
from campaigns.queue import PASSED_RANK
from campaigns.setup import lifecycle, takeover
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from tenants import events
from tenants.households import USABLE, with_living_tenant
from tenants.models import Confirmation, Household, PhoneNumber, Tenant

CHUNK = 1000
FRAGILE_AGE = 85
# Never-called cases go by rank: the fragile first (no offset), then the others; the eldest of each first.
NOT_FRAGILE = 10**7
# How often a chunk is tried when another process writes the same households at once; then the next run goes on.
TRIES = 3


class EnrolmentError(Refused):
    """The campaign takes no household any more."""


@dataclass
class EnrolmentResult:
    created: int = 0
    opened: int = 0  # prepared before the campaign opened
    already: int = 0  # in the campaign before
    without_number: int = 0  # among the created
    elsewhere: int = 0  # stay in another campaign
    age_unknown: int = 0  # listed apart, enrolled by hand
    taken_over: int = 0  # among the created and the opened: a follow-up plan came with them
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
    # Who has just parted from somebody waits for the coordinator's choice (followups.partings).
    parting = Parting.objects.filter(leaves=OuterRef("pk"), decided_at=None)
    found = Household.objects.filter(~Exists(parting), opposed_at=None)
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


def _has_case(campaign: Campaign) -> Exists:
    return Exists(Case.objects.filter(household=OuterRef("pk"), campaign=campaign))


def _prepared(campaign: Campaign) -> Exists:
    """In preparation here: to be opened with the campaign, or as soon as no other one has the household."""
    return Exists(Case.objects.filter(household=OuterRef("pk"), campaign=campaign, status=Case.Status.PREPARED))


def _wanted(campaign: Campaign, now: datetime) -> QuerySet[Household]:
    """The population, and those prepared by hand."""
    return population(campaign, now) | Household.objects.filter(_prepared(campaign))


def _held(campaign: Campaign) -> QuerySet[Case]:
    """What keeps a household elsewhere. Only where calls are made may a mere follow-up come over."""
    opened = campaign.status == Campaign.Status.OPEN
    held = takeover.firmly_held(campaign) if opened else takeover.held_elsewhere(campaign)
    return held.filter(household=OuterRef("pk"))


def _to_settle(campaign: Campaign, households: QuerySet[Household]) -> QuerySet[Household]:
    """Those without a case here; those with one in preparation too, once the campaign has opened."""
    if campaign.status == Campaign.Status.DRAFT:
        return households.filter(~_has_case(campaign))
    return households.filter(~_has_case(campaign) | _prepared(campaign))


def staying_elsewhere(campaign: Campaign, households: QuerySet[Household]) -> QuerySet[Household]:
    """Those of ``households`` that another campaign keeps."""
    return households.filter(~_has_case(campaign) | _prepared(campaign)).filter(Exists(_held(campaign)))


def _candidates(campaign: Campaign, households: QuerySet[Household]) -> QuerySet[Household]:
    """Those of ``households`` that would get an open case here, or, in preparation, a prepared one."""
    return _to_settle(campaign, households).filter(~Exists(_held(campaign)))


def waiting_elsewhere(campaign: Campaign, now: datetime | None = None) -> tuple[int, list[tuple[str, int]]]:
    """Of a campaign in preparation: how many of its households another one has, and those that come when it opens.

    The latter by campaign: (its name, how many households bring a running plan).
    """
    now = now or timezone.now()
    stay = staying_elsewhere(campaign, _wanted(campaign, now))
    return stay.count(), takeover.names_of(takeover.only_followed(kept_elsewhere(campaign, now), campaign))


def kept_elsewhere(campaign: Campaign, now: datetime) -> QuerySet[Case]:
    """The cases of ``staying_elsewhere``, in the campaigns that keep them."""
    stay = staying_elsewhere(campaign, _wanted(campaign, now))
    return takeover.held_elsewhere(campaign).filter(household__in=stay.order_by().values("pk"))


def preview(campaign: Campaign, now: datetime | None = None) -> EnrolmentResult:
    """What ``enrol`` would do; writes nothing."""
    now = now or timezone.now()
    everybody = _wanted(campaign, now)
    fresh = _candidates(campaign, everybody)
    created = fresh.filter(~_has_case(campaign))
    numbers = PhoneNumber.objects.filter(USABLE, household=OuterRef("pk"))
    return EnrolmentResult(
        created=created.count(),
        opened=fresh.filter(_prepared(campaign)).count(),
        already=everybody.filter(_has_case(campaign)).count(),
        without_number=created.filter(~Exists(numbers)).count(),
        elsewhere=staying_elsewhere(campaign, everybody).count(),
        age_unknown=age_unknown(campaign, now).count(),
        taken_over=fresh.filter(Exists(takeover.held_elsewhere(campaign).filter(household=OuterRef("pk")))).count(),
    )


def enrol(*, campaign: Campaign, now: datetime, by: User | None = None, chunk: int = CHUNK) -> EnrolmentResult:
    """Give every household of the population its case.

    A campaign in preparation takes nobody: its cases are prepared, and a household that another campaign has stays
    there. Once it is open, they open, and plans come over from elsewhere with their callers, who become members.
    Idempotent: one that has a case keeps it. Chunked: one transaction and one journal row a chunk, so that a process
    stopped half-way leaves whole chunks and the next run goes on. Raises EnrolmentError when the campaign is over.
    """
    refuse_ended(campaign)
    everybody = _wanted(campaign, now)
    result = EnrolmentResult(
        already=everybody.filter(_has_case(campaign)).count(),
        age_unknown=age_unknown(campaign, now).count(),
    )
    stay = staying_elsewhere(campaign, everybody)
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
    stay = staying_elsewhere(campaign, named)
    result = EnrolmentResult(
        already=named.filter(_has_case(campaign)).count(),
        elsewhere_ids=list(stay.order_by("pk").values_list("pk", flat=True)),
    )
    result.elsewhere = len(result.elsewhere_ids)
    _enrol_all(campaign, named, result, by=by, now=now, chunk=CHUNK)
    return result


def enrol_arrivals(*, now: datetime) -> int:
    """Enrol what new lists brought to the open campaigns, and go on with an opening that stopped half-way.

    How many cases were made or opened. One query a campaign when nothing is new.
    """
    count = 0
    for campaign in Campaign.objects.filter(status=Campaign.Status.OPEN).order_by("opened_at", "pk"):
        result = EnrolmentResult()
        _enrol_all(campaign, _wanted(campaign, now), result, by=None, now=now, chunk=CHUNK)
        count += result.created + result.opened
    return count


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
        for _ in range(TRIES):
            # Another campaign may open a case of the same household at this instant: looked at again.
            with suppress(IntegrityError):
                _enrol_chunk(campaign, ids[start : start + chunk], result, by=by, now=now)
                break


@transaction.atomic
def _enrol_chunk(
    campaign: Campaign, ids: Sequence[int], result: EnrolmentResult, *, by: User | None, now: datetime
) -> None:
    # Against a campaign opened or closed meanwhile; no_key leaves other people's cases free to be written.
    alive = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign.pk).first()
    if alive is None or alive.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED):
        return
    moved: dict[int, int] = {}
    if alive.status == Campaign.Status.OPEN:
        moved = takeover.release_followed(campaign=alive, household_ids=ids, now=now)
    # Somebody else's meanwhile: left to them.
    held = takeover.held_elsewhere(alive).exclude(plans__in=list(moved.values())).filter(household=OuterRef("pk"))
    free = list(_to_settle(alive, Household.objects.filter(~Exists(held), pk__in=ids)).values_list("pk", flat=True))
    moved = {pk: plan for pk, plan in moved.items() if pk in set(free)}
    if alive.status == Campaign.Status.OPEN:
        moved |= takeover.left_behind(campaign=alive, household_ids=free)
    opened = [] if alive.status == Campaign.Status.DRAFT else _open_prepared(alive, free)
    made = _make_cases(alive, free, now)
    brought = _bring(alive, [*moved.values(), *_stopped_here(alive, opened)], by, now)
    counts = made.aggregate(created=Count("pk"), without=Count("pk", filter=Q(has_number=False)))
    result.created += counts["created"]
    result.without_number += counts["without"]
    result.opened += len(opened)
    result.taken_over += brought
    if counts["created"] or opened:
        journal.record(
            "campaign.enrolled",
            alive,
            by=by,
            campaign_id=alive.pk,
            created=counts["created"],
            opened=len(opened),
            taken_over=brought,
        )


def _open_prepared(campaign: Campaign, household_ids: Sequence[int]) -> list[int]:
    """Open the cases that waited for the campaign, held where a coordinator must decide first: their households."""
    prepared = Case.objects.filter(campaign=campaign, household__in=household_ids, status=Case.Status.PREPARED)
    opened = list(prepared.values_list("household_id", flat=True))
    prepared.update(
        status=DbCase(When(hold_reason="", then=Value(Case.Status.OPEN)), default=Value(Case.Status.ON_HOLD))
    )
    return opened


def _make_cases(campaign: Campaign, household_ids: Sequence[int], now: datetime) -> QuerySet[Case]:
    """A case for each of these households that has none here."""
    fresh = Household.objects.filter(~_has_case(campaign), pk__in=household_ids)
    rows = list(_described(fresh, campaign, now))
    taken = _free_phrases(len(rows))
    cases = [
        Case(
            campaign=campaign,
            household_id=row.pk,
            status=Case.Status.PREPARED if campaign.status == Campaign.Status.DRAFT else Case.Status.OPEN,
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
    made = Case.objects.filter(campaign=campaign, household__in=household_ids, verification_phrase__in=taken)
    _hold_what_waits(made)
    return made


def _hold_what_waits(cases: QuerySet[Case]) -> None:
    """Those of which a coordinator has something to confirm first are not called before."""
    asked = Confirmation.objects.blocking().filter(household=OuterRef("household"))
    waiting = list(cases.filter(Exists(asked)).values_list("pk", flat=True))
    if waiting:
        held = Case.objects.filter(pk__in=waiting)
        held.update(hold_reason=Case.Hold.TO_CONFIRM)
        held.filter(status=Case.Status.OPEN).update(status=Case.Status.ON_HOLD, next_call_at=None)


def _stopped_here(campaign: Campaign, household_ids: Sequence[int]) -> list[int]:
    """The plans that a former release moved into the campaign while it was in preparation."""
    plans = FollowUpPlan.objects.filter(household__in=household_ids, case__campaign=campaign)
    return list(plans.filter(status=FollowUpPlan.Status.ACTIVE).values_list("pk", flat=True))


def _bring(campaign: Campaign, plan_ids: Sequence[int], by: User | None, now: datetime) -> int:
    """Move these plans to the cases of their households here, with who calls; how many.

    Raises IntegrityError when one of the cases is another campaign's after all: nothing of the chunk is done then.
    """
    if not plan_ids:
        return 0
    rows = FollowUpPlan.objects.filter(pk__in=plan_ids).select_related("case__campaign").order_by("pk")
    plans = list(rows.prefetch_related("exceptions"))
    places = Case.objects.filter(campaign=campaign, household__in=[plan.household_id for plan in plans])
    place_of = {case.household_id: case for case in places.filter(status__in=Case.ALIVE)}
    if len(place_of) < len(plans):
        raise IntegrityError("a household was taken by another campaign")
    came_from: dict[int, int] = {}
    for plan in plans:
        before = plan.case.campaign
        came_from |= {pk: before.pk for pk in (plan.volunteer_id, plan.backup_id) if pk is not None}
        plan.case = place_of[plan.household_id]
        plan.case.campaign = campaign
        # Those that were here already have waited for the opening.
        stopped = Campaign.Status.DRAFT if before.pk == campaign.pk else before.status
        takeover.go_on(plan=plan, after_status=stopped, now=now)
    FollowUpPlan.objects.bulk_update(plans, ["case", "next_due_at"], batch_size=500)
    _bring_callers(campaign, came_from, by, now)
    followups.settle_stranded(now=now)
    return len(plans)


def _bring_callers(campaign: Campaign, came_from: dict[int, int], by: User | None, now: datetime) -> None:
    """Who calls the plans takes part from now on, in the sectors they had; {user: the campaign they come from}.

    Somebody who is no volunteer any more does not: « À réattribuer » lists their plans.
    """
    members = CampaignVolunteer.objects.filter(campaign=campaign)
    known = set(members.values_list("user_id", flat=True))
    lifecycle.add_volunteers(campaign=campaign, users=User.objects.filter(pk__in=came_from), by=by, now=now)
    before = CampaignVolunteer.objects.filter(user__in=came_from, campaign__in=came_from.values())
    sectors = {(row.campaign_id, row.user_id): row for row in before.prefetch_related("agencies")}
    for member in members.filter(user__in=came_from).exclude(user__in=known):
        if former := sectors.get((came_from[member.user_id], member.user_id)):
            member.agencies.set(former.agencies.all())


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
    waiting = Case.objects.filter(
        pk__in=found, status__in=(Case.Status.OPEN, Case.Status.PREPARED), next_call_at=None, reached_at=None
    )
    waiting.update(next_call_at=event.now)
    journal.record(
        "cases.refreshed", campaign, by=event.by, campaign_id=campaign.pk, changed=len(changed), found=found, lost=lost
    )
