"""A campaign's life: create, open, pause, resume, close; and its volunteers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify

from campaigns import followups
from campaigns.models import (
    Alert,
    Call,
    Campaign,
    CampaignPause,
    CampaignVolunteer,
    Case,
    DueCall,
    FollowUpPlan,
    Referral,
    Script,
    WelfareCheck,
)
from campaigns.setup import takeover
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from solidarites.roles import VOLUNTEER

Status = Campaign.Status
# The texts without which a campaign may not open (docs/regles.md#ouvrir; RGPD articles 5, 13 and 35).
REQUIRED_TEXTS = {
    "purpose": "la finalité",
    "legal_basis": "la base légale",
    "data_protection_contact": "le contact pour la protection des données",
    "impact_assessment": "la référence de l'analyse d'impact (AIPD)",
    "callback_number": "le numéro de rappel",
    "on_call_number": "le numéro d'astreinte pour les urgences",
}
RELATED = ("landlords", "agencies", "residences")


class LifecycleError(Refused):
    """The act does not fit the campaign's state."""

    def __init__(self, message: str, missing: list[str] | None = None) -> None:
        super().__init__(message)
        self.missing = missing or []


# Create and change ------------------------------------------------------------------------------------


def free_slug(name: str) -> str:
    """« Grand froid » → grand-froid, or grand-froid-2 when it is taken."""
    stem = slugify(name)[:50] or "campagne"
    # « nouvelle » is the address of the form that makes one.
    taken = {"nouvelle", *Campaign.objects.filter(slug__startswith=stem).values_list("slug", flat=True)}
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


@transaction.atomic
def create_campaign(
    *, campaign: Campaign, related: Mapping[str, Iterable[Any]], by: User | None, now: datetime
) -> Campaign:
    """Save a new campaign as a draft, with its landlords, agencies and residences (``related``)."""
    campaign.slug = campaign.slug or free_slug(campaign.name)
    campaign.status, campaign.created_at = Status.DRAFT, now
    campaign.save()
    for name in RELATED:
        getattr(campaign, name).set(related.get(name, ()))
    journal.record("campaign.created", campaign, by=by, campaign_id=campaign.pk)
    return campaign


@transaction.atomic
def change_campaign(
    *, campaign: Campaign, related: Mapping[str, Iterable[Any]], by: User | None, now: datetime
) -> Campaign:
    """Save what a form changed. Raises LifecycleError once the campaign is over."""
    before = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if not (before.is_running or before.status == Status.DRAFT):
        raise LifecycleError("Cette campagne est terminée\u00a0: elle ne change plus.")
    # Its state belongs to the rules below, whatever an old page still believes.
    campaign.status, campaign.opened_at, campaign.closed_at = before.status, before.opened_at, before.closed_at
    campaign.save()
    for name in RELATED:
        getattr(campaign, name).set(related.get(name, ()))
    journal.record("campaign.changed", campaign, by=by, campaign_id=campaign.pk)
    return campaign


# Open, pause, close -------------------------------------------------------------------------------------


def missing_to_open(campaign: Campaign, today: date | None = None) -> list[str]:
    """What the campaign still lacks before it may open, in words that follow « Il manque ». Empty: nothing."""
    missing = [label for name, label in REQUIRED_TEXTS.items() if not getattr(campaign, name).strip()]
    if campaign.ends_on is None:
        missing.append("la date de fin prévue")
    elif campaign.starts_on and campaign.ends_on < campaign.starts_on:
        missing.append("une date de fin après le début")
    elif today is not None and campaign.ends_on < today:
        missing.append("une date de fin à venir")
    if campaign.script is None or campaign.script.status != Script.Status.PUBLISHED:
        missing.append("une trame d'appel publiée")
    if campaign.follow_up_script is not None and campaign.follow_up_script.status != Script.Status.PUBLISHED:
        missing.append("une trame de suivi publiée")
    if campaign.welfare_script is not None and campaign.welfare_script.status != Script.Status.PUBLISHED:
        missing.append("une trame de veille publiée")
    if not any(campaign.hours.values()):
        missing.append("au moins une plage d'appel dans la semaine")
    if not campaign.memberships.filter(active=True, user__is_active=True).exists():
        missing.append("au moins une personne bénévole")
    return missing


@transaction.atomic
def open_campaign(*, campaign: Campaign, by: User | None, now: datetime) -> Campaign:
    """Let the calls begin. The opening day becomes today unless a start is already past.

    After a pause, plans go on at their next date, and what was promised meanwhile is due now (``followups.go_on``).
    Idempotent. Raises LifecycleError (with ``missing``) when something is missing, or when the campaign is over.
    """
    row = _locked(campaign)
    if row.status == Status.OPEN:
        return _copied(row, campaign)
    if row.status not in (Status.DRAFT, Status.PAUSED):
        raise LifecycleError("Cette campagne est terminée\u00a0: elle ne peut plus ouvrir.")
    today = now.astimezone(row.tz).date()
    if missing := missing_to_open(row, today):
        raise LifecycleError(f"Il manque\u00a0: {' ; '.join(missing)}.", missing)
    was_paused, row.status = row.is_paused, Status.OPEN
    row.opened_at = row.opened_at or now
    row.starts_on = min(row.starts_on or today, today)
    row.save(update_fields=["status", "opened_at", "starts_on"])
    paused = row.pauses.filter(ended_at=None)
    since = paused.values_list("began_at", flat=True).first()
    paused.update(ended_at=now)
    plans = followups.go_on(campaign=row, since=since, now=now) if was_paused else 0
    journal.record("campaign.opened", row, by=by, campaign_id=row.pk, plans=plans)
    return _copied(row, campaign)


@transaction.atomic
def pause(*, campaign: Campaign, by: User | None, now: datetime) -> Campaign:
    """No new case is given and no follow-up opens or is missed; calls under way may still be recorded. Idempotent."""
    row = _locked(campaign)
    if row.status == Status.PAUSED:
        return _copied(row, campaign)
    if row.status != Status.OPEN:
        raise LifecycleError("Seule une campagne ouverte peut être mise en pause.")
    row.status = Status.PAUSED
    row.save(update_fields=["status"])
    CampaignPause.objects.create(campaign=row, began_at=now)
    journal.record("campaign.paused", row, by=by, campaign_id=row.pk)
    return _copied(row, campaign)


@transaction.atomic
def resume(*, campaign: Campaign, by: User | None, now: datetime) -> Campaign:
    """Open again after a pause; what is missing is asked for again. Idempotent. See ``open_campaign``."""
    row = _locked(campaign)
    if row.status not in (Status.PAUSED, Status.OPEN):
        raise LifecycleError("Seule une campagne en pause peut reprendre.")
    return open_campaign(campaign=campaign, by=by, now=now)


@dataclass(frozen=True)
class StillOpen:
    """What closing would leave behind, to be read before confirming."""

    referrals: int
    drafts: int  # referrals that no partner received yet
    welfare_checks: int
    alerts: int
    pending_calls: int
    plans: int
    given_back: int  # plans that go on in the campaign they came from
    safety_calls: int  # asked for by a vital alert, and not made yet
    callbacks: int  # agreed with somebody
    claims: int
    cases: int

    @property
    def anything(self) -> bool:
        return any(
            (
                self.referrals,
                self.welfare_checks,
                self.alerts,
                self.pending_calls,
                self.plans,
                self.given_back,
                self.safety_calls,
                self.callbacks,
                self.claims,
            )
        )


def still_open(campaign: Campaign, now: datetime) -> StillOpen:
    over = (Referral.State.CLOSED, Referral.State.WITHDRAWN)
    referrals = Referral.objects.filter(case__campaign=campaign).exclude(state__in=over)
    plans = FollowUpPlan.objects.filter(case__campaign=campaign).exclude(status=FollowUpPlan.Status.ENDED)
    alive = Case.objects.filter(campaign=campaign).exclude(status=Case.Status.CLOSED)
    back = takeover.homes(campaign)
    # A call that waits goes with the plan of its household.
    staying = alive.exclude(plans__in=back)
    promised = staying.filter(next_call_kind=Case.Kind.CALLBACK, next_call_at__isnull=False)
    return StillOpen(
        referrals=referrals.count(),
        drafts=referrals.filter(state=Referral.State.DRAFT).count(),
        welfare_checks=WelfareCheck.objects.open().filter(case__campaign=campaign).count(),
        alerts=Alert.objects.unsolved().filter(campaign=campaign).count(),
        pending_calls=Call.objects.filter(case__campaign=campaign, state=Call.State.PENDING).count(),
        plans=plans.count() - len(back),
        given_back=len(back),
        safety_calls=promised.filter(urgent=True).count(),
        callbacks=promised.filter(urgent=False).count(),
        claims=alive.filter(claimed_until__gt=now).count(),
        cases=alive.count(),
    )


@transaction.atomic
def close_campaign(*, campaign: Campaign, by: User | None, now: datetime) -> Campaign:
    """End the campaign: open cases close, claims are released, follow-up plans end, due calls are cancelled.

    Calls under way may still be recorded, and wait for the coordination (``calls.keeping``). Referrals, welfare checks
    and alerts go on until somebody closes them: nothing is withdrawn silently, and ``still_open`` says so before. The
    purge follows N days later. Plans taken from a campaign that still runs go on there, with the call that waited;
    abandoning a draft gives everything as it was. Idempotent. Raises LifecycleError once purged, or when the state of
    ``campaign`` is no longer what it was when it was read.
    """
    row = _locked(campaign)
    if row.status == Status.CLOSED:
        return _copied(row, campaign)
    if row.status == Status.PURGED:
        raise LifecycleError("Les données de cette campagne sont déjà effacées.")
    if row.status != campaign.status:
        # Opened at this very moment: what was read before abandoning a draft no longer holds.
        raise LifecycleError("Cette campagne a changé d'état entre-temps. Relisez avant de confirmer.")
    places, before = takeover.homes(row), row.status
    row.status, row.closed_at = Status.CLOSED, now
    row.save(update_fields=["status", "closed_at"])
    plans = FollowUpPlan.objects.filter(case__campaign=row).exclude(status=FollowUpPlan.Status.ENDED)
    mine = Q(campaign=row) & (~Q(status=Case.Status.CLOSED) | Q(pk__in=plans.values("case")))
    _lock_cases(mine | Q(pk__in=list(places.values())))
    given_back = takeover.give_back(places=places, after_status=before, now=now)
    ended = plans.update(
        status=FollowUpPlan.Status.ENDED, ended_at=now, end_reason=FollowUpPlan.EndReason.CAMPAIGN, next_due_at=None
    )
    DueCall.objects.opened().filter(case__campaign=row).update(state=DueCall.State.SKIPPED, done_at=now)
    closed = (
        Case.objects.filter(campaign=row)
        .exclude(status=Case.Status.CLOSED)
        .update(
            status=Case.Status.CLOSED,
            hold_reason="",
            closed_reason=Case.CloseReason.CAMPAIGN_CLOSED,
            closed_at=now,
            next_call_at=None,
            next_call_for=None,
            anyone_from=None,
            claimed_by=None,
            claimed_at=None,
            claimed_until=None,
        )
    )
    journal.record("campaign.closed", row, by=by, campaign_id=row.pk, cases=closed, plans=ended, given_back=given_back)
    followups.settle_stranded(now=now)
    return _copied(row, campaign)


@transaction.atomic
def set_heat_wave(*, campaign: Campaign, until: date | None, by: User | None, now: datetime) -> int:
    """Raise every follow-up to each 48 hours until that day, or (None) go back to the agreed rhythms.

    The next call of each running plan is set anew, never twice in a day; one that is planned today stands. How many
    plans. Raises LifecycleError for a day that is past, or a campaign that is not running.
    """
    row = _locked(campaign)
    if not row.is_running:
        raise LifecycleError("Cette campagne n'est pas en cours.")
    if until is not None and until < now.astimezone(row.tz).date():
        raise LifecycleError("Choisissez un jour à venir.")
    row.heat_wave_until = campaign.heat_wave_until = until
    row.save(update_fields=["heat_wave_until"])
    plans = list(
        FollowUpPlan.objects.select_for_update(of=("self",))
        .filter(case__campaign=row, status=FollowUpPlan.Status.ACTIVE)
        .select_related("case")
        .prefetch_related("exceptions")
        .order_by("case_id")
    )
    for plan in plans:
        plan.case.campaign = row
        followups.restart(plan, now)
    FollowUpPlan.objects.bulk_update(plans, ["next_due_at"], batch_size=500)
    journal.record("campaign.heat_wave", row, by=by, campaign_id=row.pk, on=until is not None, plans=len(plans))
    return len(plans)


def end_heat_waves(*, now: datetime) -> int:
    """Forget the heat waves whose last day is past; how many. Safe twice at once.

    The dates of the plans stand: their series went back to the agreed rhythms by itself after that day.
    """
    ended = 0
    raised = Campaign.objects.filter(
        heat_wave_until__lt=now.date(), status__in=(Campaign.Status.OPEN, Campaign.Status.PAUSED)
    )
    for campaign in raised:
        last = campaign.heat_wave_until
        if last is None or last >= now.astimezone(campaign.tz).date():
            continue
        with transaction.atomic():
            if Campaign.objects.filter(pk=campaign.pk, heat_wave_until=last).update(heat_wave_until=None):
                journal.record("campaign.heat_wave", campaign, campaign_id=campaign.pk, on=False)
                ended += 1
    return ended


def _locked(campaign: Campaign) -> Campaign:
    # no_key: cases, which refer to the campaign, may still be written meanwhile. « of »: its scripts are optional.
    return (
        Campaign.objects.select_for_update(of=("self",), no_key=True)
        .select_related("script", "follow_up_script", "welfare_script")
        .get(pk=campaign.pk)
    )


def _lock_cases(wanted: Q) -> None:
    """The cases before what hangs on them, by ascending number, as whoever records a call or hands plans over does."""
    cases = Case.objects.select_for_update(of=("self",), no_key=True).filter(wanted).order_by("pk")
    for _ in cases.values_list("pk", flat=True).iterator(chunk_size=2000):
        pass


def _copied(row: Campaign, campaign: Campaign) -> Campaign:
    """The caller's instance says what the row says."""
    for name in ("status", "opened_at", "closed_at", "starts_on"):
        setattr(campaign, name, getattr(row, name))
    return campaign


# Volunteers -------------------------------------------------------------------------------------------------


@transaction.atomic
def add_volunteers(*, campaign: Campaign, users: Iterable[User], by: User | None, now: datetime) -> int:
    """Add people who hold the volunteer role; those who had left come back. How many are new or back."""
    _refuse_over(campaign)
    wanted = User.objects.filter(pk__in=[user.pk for user in users], is_active=True, groups__name=VOLUNTEER).distinct()
    before = {row.user_id: row for row in CampaignVolunteer.objects.filter(campaign=campaign, user__in=wanted)}
    back = [row.pk for row in before.values() if not row.active]
    CampaignVolunteer.objects.filter(pk__in=back).update(active=True)
    new = [user for user in wanted if user.pk not in before]
    CampaignVolunteer.objects.bulk_create(
        [CampaignVolunteer(campaign=campaign, user=user, joined_at=now) for user in new], ignore_conflicts=True
    )
    added = sorted([user.pk for user in new] + [row.user_id for row in before.values() if not row.active])
    if added:
        journal.record("campaign.volunteers_added", campaign, by=by, campaign_id=campaign.pk, users=added)
    return len(added)


@transaction.atomic
def remove_volunteer(*, membership: CampaignVolunteer, by: User | None, now: datetime) -> int:
    """Take somebody out of the campaign; how many follow-up plans now wait for another volunteer.

    Their callbacks and the follow-ups due become anyone's; their plans are listed « à réattribuer » (a backup goes
    on meanwhile). The case they hold at this moment stays theirs and may still be recorded. Idempotent.
    """
    if not CampaignVolunteer.objects.filter(pk=membership.pk, active=True).update(active=False):
        return 0
    membership.active = False
    user_id, campaign_id = membership.user_id, membership.campaign_id
    plans = FollowUpPlan.objects.filter(case__campaign_id=campaign_id).exclude(status=FollowUpPlan.Status.ENDED)
    theirs = plans.filter(Q(volunteer=user_id) | Q(backup=user_id))
    waiting = DueCall.objects.opened().filter(volunteer=user_id).values("case")
    _lock_cases(
        Q(campaign_id=campaign_id) & (Q(next_call_for=user_id) | Q(pk__in=theirs.values("case")) | Q(pk__in=waiting))
    )
    list(theirs.select_for_update(of=("self",), no_key=True).order_by("case_id").values_list("pk", flat=True))
    Case.objects.filter(campaign_id=campaign_id, next_call_for=user_id).update(next_call_for=None, anyone_from=None)
    DueCall.objects.opened().filter(case__campaign_id=campaign_id, volunteer=user_id).update(volunteer=None)
    plans.filter(backup=user_id).update(backup=None)
    orphans = plans.filter(volunteer=user_id).update(volunteer=None)
    journal.record(
        "campaign.volunteer_removed", membership, by=by, campaign_id=campaign_id, volunteer=user_id, plans=orphans
    )
    return orphans


@transaction.atomic
def set_sectors(
    *,
    membership: CampaignVolunteer,
    agencies: Iterable[Any],
    languages: list[str],
    by: User | None,
    now: datetime,
) -> CampaignVolunteer:
    """The agencies whose households this volunteer is given (none: all), and the languages they speak."""
    membership.agencies.set(agencies)
    User.objects.filter(pk=membership.user_id).update(languages=languages)
    journal.record(
        "campaign.volunteer_sectors",
        membership,
        by=by,
        campaign_id=membership.campaign_id,
        volunteer=membership.user_id,
        agencies=sorted(membership.agencies.values_list("pk", flat=True)),
    )
    return membership


def _refuse_over(campaign: Campaign) -> None:
    if campaign.status in (Status.CLOSED, Status.PURGED):
        raise LifecycleError("Cette campagne est terminée.")
