"""Recurring calls to a lonely tenant: the plan, and one row per due call."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from campaigns.models.call import Call
from campaigns.models.campaign import Campaign
from campaigns.models.case import Case
from tenants.models import Household


class FollowUpPlanQuerySet(models.QuerySet["FollowUpPlan"]):
    def active(self) -> FollowUpPlanQuerySet:
        """Those that call."""
        return self.filter(status=FollowUpPlan.Status.ACTIVE)

    def running(self) -> FollowUpPlanQuerySet:
        """Active or interrupted: not ended."""
        return self.exclude(status=FollowUpPlan.Status.ENDED)


class FollowUpPlan(models.Model):
    class Cadence(models.TextChoices):
        EVERY_48H = "48h", "toutes les 48 heures"
        TWICE_A_WEEK = "twice_a_week", "deux fois par semaine"
        WEEKLY = "weekly", "chaque semaine"
        FORTNIGHTLY = "fortnightly", "tous les quinze jours"
        MONTHLY = "monthly", "toutes les quatre semaines"

    class Status(models.TextChoices):
        PROPOSED = "proposed", "proposé"
        ACTIVE = "active", "en cours"
        ENDED = "ended", "terminé"

    class EndReason(models.TextChoices):
        TENANT = "tenant", "à la demande de la personne"
        HANDED_OVER = "handed_over", "confié à une association"
        NO_NEED = "no_need", "plus nécessaire"
        OPPOSITION = "opposition", "ne souhaite plus être appelé(e)"
        CLOSED_PERSON = "closed_person", "décès, départ ou EHPAD"
        CAMPAIGN = "campaign", "fin de la campagne"
        DATE = "date", "date de fin atteinte"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="plans")
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="plans")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    cadence = models.CharField("rythme", max_length=12, choices=Cadence, default=Cadence.WEEKLY)
    # Python weekdays (0 is Monday); two for twice a week, empty for every 48 hours.
    weekdays = models.JSONField("jours", default=list, blank=True)
    time = models.TimeField("heure")  # local time of the household
    volunteer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="plans",
        verbose_name="bénévole",
    )
    backup = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="remplaçant(e)",
    )
    grace_minutes = models.PositiveSmallIntegerField(default=120)
    # First intended day: every second day, fortnight or fourth week counts from it, holidays never shift the series.
    starts_on = models.DateField("début")
    # The plan never computes the past: this is the next call to open.
    next_due_at = models.DateTimeField(null=True, blank=True)
    review_on = models.DateField("bilan le")
    ends_on = models.DateField("fin", null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=14, choices=EndReason, blank=True)

    objects = FollowUpPlanQuerySet.as_manager()

    class Meta:
        verbose_name = "suivi"
        constraints = [
            models.UniqueConstraint(
                fields=["household"], name="one_open_plan_per_household", condition=~Q(status="ended")
            ),
            models.CheckConstraint(
                name="an_ended_plan_is_due_no_more",
                condition=~Q(status="ended") | Q(next_due_at__isnull=True, ended_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["next_due_at"], name="plan_due", condition=Q(status="active"))]

    def __str__(self) -> str:
        return f"suivi {self.pk}"


class DueCallQuerySet(models.QuerySet["DueCall"]):
    def opened(self) -> DueCallQuerySet:
        """In the queue, not made yet."""
        return self.filter(state=DueCall.State.OPENED)


class DueCall(models.Model):
    """One call of the series, opened once whatever crashes: unique (plan, due_at)."""

    class State(models.TextChoices):
        OPENED = "opened", "à faire"
        CALLED = "called", "fait"
        MISSED = "missed", "manqué"  # nobody made it, or the tenant never answered: a welfare check took over
        SKIPPED = "skipped", "annulé"

    plan = models.ForeignKey(FollowUpPlan, on_delete=models.CASCADE, related_name="due_calls")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="due_calls")
    due_at = models.DateTimeField()
    volunteer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    state = models.CharField(max_length=7, choices=State, default=State.OPENED)
    opened_at = models.DateTimeField(default=timezone.now)
    # Calls the tenant did not answer: same day in another slot, next morning, then a welfare check.
    unanswered = models.PositiveSmallIntegerField(default=0)
    # From this moment a call that nobody made is offered to everybody and raises an alert.
    grace_until = models.DateTimeField()
    alerted_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = DueCallQuerySet.as_manager()

    class Meta:
        verbose_name = "appel de suivi"
        verbose_name_plural = "appels de suivi"
        constraints = [
            models.UniqueConstraint(fields=["plan", "due_at"], name="due_call_once"),
            models.UniqueConstraint(fields=["case"], name="one_open_due_call_per_case", condition=Q(state="opened")),
        ]
        indexes = [models.Index(fields=["grace_until"], name="due_call_open", condition=Q(state="opened"))]

    def __str__(self) -> str:
        return f"appel de suivi {self.pk}"

    @staticmethod
    def late(now: datetime) -> Q:
        """Nobody made it within its grace; in a pause of the campaign nothing is late."""
        return Q(state="opened", grace_until__lte=now, case__campaign__status=Campaign.Status.OPEN)


class PlanException(models.Model):
    """Days on which one plan does not call, told in advance: hospital, holidays, family. Goes with its plan."""

    class Reason(models.TextChoices):
        HOSPITAL = "hospital", "hospitalisation"
        AWAY = "away", "absence de chez soi"
        FAMILY = "family", "présence de proches"
        OTHER = "other", "autre raison"

    plan = models.ForeignKey(FollowUpPlan, on_delete=models.CASCADE, related_name="exceptions")
    first_day = models.DateField("du")
    last_day = models.DateField("au (compris)")
    reason = models.CharField("raison", max_length=8, choices=Reason, default=Reason.HOSPITAL)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "interruption d'un suivi"
        verbose_name_plural = "interruptions de suivis"
        ordering = ["first_day", "pk"]
        constraints = [
            models.CheckConstraint(name="plan_exception_in_order", condition=Q(last_day__gte=F("first_day"))),
        ]

    def __str__(self) -> str:
        return f"interruption {self.pk}"


class Absence(models.Model):
    """Days on which a volunteer does not call, in any campaign; without a last day, until further notice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="absences")
    first_day = models.DateField("du")
    last_day = models.DateField("au (compris)", null=True, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "absence"
        ordering = ["first_day", "pk"]
        constraints = [
            models.CheckConstraint(
                name="absence_in_order", condition=Q(last_day=None) | Q(last_day__gte=F("first_day"))
            ),
        ]
        indexes = [models.Index(fields=["user", "first_day"], name="absence_of")]

    def __str__(self) -> str:
        return f"absence {self.pk}"

    def covers(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class CalendarFeed(models.Model):
    """A volunteer's follow-ups in their own agenda. The link is the key, signed: the table alone opens nothing."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    key = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "lien d'agenda"
        verbose_name_plural = "liens d'agenda"

    def __str__(self) -> str:
        return f"agenda {self.pk}"
