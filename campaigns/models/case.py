"""One household in one campaign: its state, its next call, its claim. One row: it *is* the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.campaign import Campaign
from tenants.models import Agency, Household


class CaseQuerySet(models.QuerySet["Case"]):
    def alive(self) -> CaseQuerySet:
        """What a household has at most once: open, or waiting for a coordinator."""
        return self.filter(status__in=Case.ALIVE)


class Case(models.Model):
    class Status(models.TextChoices):
        # Of a campaign in preparation: counted and shown, never called, and in nobody's way. It opens with its
        # campaign, as soon as no other one has the household.
        PREPARED = "prepared", "en préparation"
        OPEN = "open", "ouvert"
        ON_HOLD = "on_hold", "en attente de la coordination"
        CLOSED = "closed", "clos"

    # What a household has at most once.
    ALIVE = (Status.OPEN, Status.ON_HOLD)
    # How long a case stays with who asked for it; a call that began less than this ago may still go on.
    CLAIM = timedelta(minutes=60)

    class Kind(models.TextChoices):
        FIRST = "first", "premier appel"
        RETRY = "retry", "nouvel essai"
        CALLBACK = "callback", "rappel convenu"
        FOLLOW_UP = "follow_up", "suivi"
        CALL_BACK_AFTER_REFERRAL = "after_referral", "rappel après un signalement"
        ASKED = "asked", "demandé par la coordination"

    class Tier(models.IntegerChoices):
        """The order of the queue (docs/regles.md#file-ordre)."""

        CALLBACK = 1, "rappel convenu"
        FOLLOW_UP = 2, "suivi"
        PUT_FIRST = 3, "mis en tête"
        RETRY = 4, "nouvel essai"
        FIRST = 5, "premier appel"

        @classmethod
        def of(cls, kind: str) -> Case.Tier:
            """The place of a kind of call."""
            return {
                Case.Kind.FIRST: cls.FIRST,
                Case.Kind.RETRY: cls.RETRY,
                Case.Kind.CALLBACK: cls.CALLBACK,
                Case.Kind.FOLLOW_UP: cls.FOLLOW_UP,
                Case.Kind.CALL_BACK_AFTER_REFERRAL: cls.PUT_FIRST,
                Case.Kind.ASKED: cls.PUT_FIRST,
            }[Case.Kind(kind)]

    class Hold(models.TextChoices):
        """Why a coordinator must decide before anyone calls."""

        UNABLE = "unable", "ne peut pas converser"
        LANGUAGE = "language", "personne ne parle sa langue"
        PERSON_CLOSED = "person_closed", "décès, départ ou EHPAD dans le foyer"
        WELFARE = "welfare", "veille en cours"
        PENDING_CALL = "pending_call", "appel en double à trancher"
        TO_CONFIRM = "to_confirm", "à confirmer par la coordination"
        COORDINATOR = "coordinator", "mis en attente par la coordination"

    class CloseReason(models.TextChoices):
        COMPLETED = "completed", "échange réalisé"
        REFUSED = "refused", "ne souhaite pas cette fois"
        OPT_OUT = "opt_out", "ne plus jamais appeler"
        PLAN_ENDED = "plan_ended", "suivi terminé"
        TAKEN_OVER = "taken_over", "repris par une autre campagne"
        MERGED = "merged", "fiche réunie à une autre"
        CAMPAIGN_CLOSED = "campaign_closed", "fin de la campagne"
        # By hand.
        BY_HAND = "by_hand", "clos par la coordination"
        UNABLE = "unable", "ne peut pas converser"
        LANGUAGE = "language", "personne ne parle sa langue"
        # Without a number, and news came all the same.
        VISITED = "visited", "vu lors d'une visite"
        REPLIED = "replied", "a répondu à la lettre"
        # What became of the last person of the household.
        DECEASED = "deceased", "décédé"
        MOVED = "moved", "a déménagé"
        CARE_HOME = "care_home", "en EHPAD"
        # What a welfare check found.
        WELL = "well", "retrouvé, va bien"
        DIFFICULTY = "difficulty", "retrouvé en difficulté"
        HOSPITAL = "hospital", "hospitalisé"
        NOT_FOUND = "not_found", "introuvable"

    # Every claim writes every index of the row anew: a key that another index begins with, or that is only looked for
    # when a user is deleted, has none of its own.
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="cases", db_index=False)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="cases")
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    hold_reason = models.CharField(max_length=16, choices=Hold, blank=True)
    closed_reason = models.CharField(max_length=24, choices=CloseReason, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    enrolled_at = models.DateTimeField(default=timezone.now)

    # The next call -------------------------------------------------------------------------------
    next_call_at = models.DateTimeField(null=True, blank=True)
    next_call_kind = models.CharField(max_length=16, choices=Kind, default=Kind.FIRST)
    next_call_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    # From this moment anybody may take a call kept for one volunteer (30 minutes for a callback, the grace of a plan).
    anyone_from = models.DateTimeField(null=True, blank=True)
    # « Another volunteer » after a soft refusal.
    not_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    tier = models.PositiveSmallIntegerField(choices=Tier, default=Tier.FIRST)
    # Order among never-called cases (fragile first, then the eldest); 0 in every other tier, which go by next_call_at.
    rank = models.BigIntegerField(default=0)
    urgent = models.BooleanField(default=False)  # U0 and U1 work is exempt from calling hours

    # What restricts who is given the case: copies, so that the claim reads one table.
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    language = models.CharField(max_length=5, blank=True)
    region = models.CharField(max_length=40, blank=True)  # calendar: time zone and public holidays
    fragile = models.BooleanField(default=False)
    has_number = models.BooleanField(default=True)

    # What has been tried -----------------------------------------------------------------------------
    attempts = models.PositiveSmallIntegerField(default=0)
    slots_tried = models.JSONField(default=list, blank=True)
    last_attempt_on = models.DateField(null=True, blank=True)
    busy_today = models.PositiveSmallIntegerField(default=0)
    voicemail_left = models.BooleanField(default=False)
    soft_refusals = models.PositiveSmallIntegerField(default=0)
    reached_at = models.DateTimeField(null=True, blank=True)
    last_call_at = models.DateTimeField(null=True, blank=True)
    last_outcome = models.CharField(max_length=20, blank=True)
    # A neighbour may tell us when the phone is not answered: said by the person, with the neighbour's agreement.
    neighbour_told_at = models.DateTimeField(null=True, blank=True)
    verification_phrase = models.CharField(max_length=60, blank=True)

    # The claim ----------------------------------------------------------------------------------------
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="claims",
        db_index=False,
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "dossier"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "household"], name="case_once_per_campaign"),
            models.UniqueConstraint(
                fields=["household"], name="one_open_case_per_household", condition=Q(status__in=["open", "on_hold"])
            ),
            models.UniqueConstraint(
                fields=["claimed_by"], name="one_claim_per_volunteer", condition=Q(claimed_by__isnull=False)
            ),
            models.CheckConstraint(
                name="a_claim_ends", condition=Q(claimed_by__isnull=True) | Q(claimed_until__isnull=False)
            ),
            models.CheckConstraint(
                name="a_closed_case_waits_for_no_call",
                condition=~Q(status="closed") | Q(next_call_at__isnull=True, closed_at__isnull=False),
            ),
            models.CheckConstraint(name="a_held_case_says_why", condition=~Q(status="on_hold") | ~Q(hold_reason="")),
        ]
        indexes = [
            # The queue, in its order: a claim reads the first rows of it whatever the number of cases.
            models.Index(
                fields=["campaign", "tier", "rank", "next_call_at", "id"],
                name="case_queue",
                condition=Q(status="open", has_number=True),
            ),
            models.Index(fields=["claimed_until"], name="case_claims", condition=Q(claimed_by__isnull=False)),
            models.Index(
                fields=["next_call_for", "next_call_at"],
                name="case_for",
                condition=Q(status="open", next_call_for__isnull=False),
            ),
            models.Index(fields=["verification_phrase"], name="case_phrase"),
        ]

    def __str__(self) -> str:
        return f"dossier {self.pk}"

    # Moves: on the instance, which the caller locked and saves with ``save_moved`` -------------------------

    MOVED = (
        *("status", "hold_reason", "closed_reason", "closed_at"),
        *("next_call_at", "next_call_kind", "next_call_for", "anyone_from", "not_for", "tier", "rank", "urgent"),
    )
    CLAIMED = ("claimed_by", "claimed_at", "claimed_until")

    def set_next(
        self,
        *,
        kind: str,
        at: datetime | None,
        volunteer_id: int | None = None,
        anyone_from: datetime | None = None,
        not_for_id: int | None = None,
        urgent: bool = False,
    ) -> None:
        """An open case with its next call, and its place in the queue."""
        self.status, self.hold_reason, self.closed_reason, self.closed_at = Case.Status.OPEN, "", "", None
        self.next_call_kind, self.next_call_at = kind, at
        self.next_call_for_id, self.anyone_from, self.not_for_id = volunteer_id, anyone_from, not_for_id
        self.tier, self.rank, self.urgent = Case.Tier.of(kind), 0, urgent

    def set_hold(self, reason: str) -> None:
        """A coordinator decides; a case in preparation keeps the reason, and is held once its campaign opens."""
        self.hold_reason = reason
        if self.status != Case.Status.PREPARED:
            self.status = Case.Status.ON_HOLD
        self.next_call_at = self.next_call_for = self.anyone_from = None
        self.free()

    def set_closed(self, reason: str, now: datetime) -> None:
        """``reason`` is one of ``CloseReason``; ValueError otherwise."""
        self.status, self.hold_reason, self.closed_at = Case.Status.CLOSED, "", now
        self.closed_reason = Case.CloseReason(reason)
        self.next_call_at = self.next_call_for = self.anyone_from = None
        self.free()

    def free(self) -> None:
        """Nobody's any more."""
        self.claimed_by = self.claimed_at = self.claimed_until = None

    def save_moved(self, *more: str) -> None:
        """What the moves above change, and ``more``."""
        self.save(update_fields=[*self.MOVED, *self.CLAIMED, *more])

    @property
    def is_safety_call(self) -> bool:
        """The call back that a danger asks for: whatever the hour, and before every other."""
        return self.status == self.Status.OPEN and self.urgent and self.next_call_kind == self.Kind.CALLBACK


class CasePass(models.Model):
    """A volunteer passed this case on: it is not served to them again that day."""

    class Reason(models.TextChoices):
        KNOWN = "known", "je connais cette personne"
        LANGUAGE = "language", "je ne parle pas sa langue"
        TIME = "time", "je n'ai plus le temps"
        DIFFICULT = "difficult", "je préfère que quelqu'un d'autre appelle"
        OTHER = "other", "autre raison"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="passes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    reason = models.CharField(max_length=10, choices=Reason)

    class Meta:
        verbose_name = "dossier passé"
        constraints = [models.UniqueConstraint(fields=["case", "user", "day"], name="pass_once_a_day")]

    def __str__(self) -> str:
        return f"passé {self.pk}"
