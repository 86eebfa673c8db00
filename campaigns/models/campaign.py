"""A purpose, a population, a script, opening hours, an end."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils import timezone

from campaigns.models.crisis import Crisis
from tenants.models import Agency, Landlord, Residence


def default_hours() -> dict[str, list[list[str]]]:
    """Monday to Friday, 10–12 and 14–18; keys are Python weekdays (0 is Monday)."""
    return {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


def default_gaps() -> list[int]:
    return [1, 3, 6]


def default_slot_ends() -> list[str]:
    """Morning until 11, midday 11–14, afternoon 14–17, evening from 17."""
    return ["11:00", "14:00", "17:00"]


class Campaign(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "en préparation"
        OPEN = "open", "ouverte"
        PAUSED = "paused", "en pause"
        CLOSED = "closed", "terminée"
        PURGED = "purged", "effacée"

    name = models.CharField("nom", max_length=120)
    slug = models.SlugField("identifiant", max_length=60, unique=True)
    status = models.CharField("état", max_length=8, choices=Status, default=Status.DRAFT)

    # Which questions, good gestures and numbers its public pages show; empty: all three crises are offered.
    crisis = models.CharField("crise", max_length=12, choices=Crisis, blank=True)

    # What the law asks for; without them the campaign cannot open (RGPD articles 5, 13, 35).
    purpose = models.TextField("finalité", max_length=500, blank=True)
    legal_basis = models.CharField("base légale", max_length=200, blank=True)
    data_protection_contact = models.CharField("contact pour la protection des données", max_length=200, blank=True)
    impact_assessment = models.CharField("référence de l'AIPD", max_length=120, blank=True)

    starts_on = models.DateField("début", null=True, blank=True)
    ends_on = models.DateField("fin prévue", null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(null=True, blank=True)
    purge_after_days = models.PositiveSmallIntegerField("effacement après la clôture (jours)", default=30)

    # Population
    minimum_age = models.PositiveSmallIntegerField("âge minimum", default=70)
    landlords = models.ManyToManyField(Landlord, blank=True, verbose_name="bailleurs", related_name="campaigns")
    agencies = models.ManyToManyField(Agency, blank=True, verbose_name="agences", related_name="campaigns")
    residences = models.ManyToManyField(Residence, blank=True, verbose_name="résidences", related_name="campaigns")
    communes = models.JSONField("communes (codes INSEE)", default=list, blank=True)
    living_alone_only = models.BooleanField("seulement les personnes vivant seules", default=False)

    # Scripts: a published version each
    script = models.ForeignKey(
        "campaigns.Script",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="trame du premier appel",
    )
    follow_up_script = models.ForeignKey(
        "campaigns.Script",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="trame des suivis",
    )
    welfare_script = models.ForeignKey(
        "campaigns.Script",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="trame des veilles",
    )

    callback_number = models.CharField("numéro de rappel", max_length=20, blank=True)
    on_call_number = models.CharField("numéro d'astreinte (urgences)", max_length=20, blank=True)
    allow_hidden_number = models.BooleanField("autoriser les bénévoles à masquer leur numéro", default=False)

    # The people who call
    training_required = models.BooleanField("formation demandée avant les vrais appels", default=False)
    # One call in so many is read again by a coordinator, after everybody's first five; 0 for those five alone.
    review_share = models.PositiveSmallIntegerField("un appel relu sur", default=20)

    # Calling hours and retries
    zone = models.CharField("fuseau horaire", max_length=40, default="Europe/Paris")
    hours = models.JSONField("horaires d'appel", default=default_hours)
    max_attempts = models.PositiveSmallIntegerField("tentatives avant une veille", default=4)
    retry_gaps = models.JSONField("jours ouvrés entre deux tentatives", default=default_gaps)
    slot_ends = models.JSONField("fins de la matinée, du midi et de l'après-midi", default=default_slot_ends)
    busy_minutes = models.PositiveSmallIntegerField("délai après une ligne occupée (minutes)", default=30)
    busy_a_day = models.PositiveSmallIntegerField("rappels d'une ligne occupée dans la journée", default=2)
    soft_refusal_days = models.PositiveSmallIntegerField("jours après « un peu vexé »", default=7)
    hospital_days = models.PositiveSmallIntegerField("jours après une hospitalisation", default=14)
    heat_wave_until = models.DateField("suivis toutes les 48 h jusqu'au", null=True, blank=True)

    volunteers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="CampaignVolunteer", related_name="campaigns", verbose_name="bénévoles"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "campagne"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def is_running(self) -> bool:
        """Open or paused: its cases are alive."""
        return self.status in (self.Status.OPEN, self.Status.PAUSED)

    @property
    def is_paused(self) -> bool:
        return self.status == self.Status.PAUSED


class CampaignPause(models.Model):
    """From when to when a campaign called nobody; without an end, it is paused now."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="pauses")
    began_at = models.DateTimeField("début")
    ended_at = models.DateTimeField("fin", null=True, blank=True)

    class Meta:
        verbose_name = "pause d'une campagne"
        verbose_name_plural = "pauses de campagnes"
        ordering = ["began_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], name="one_pause_at_a_time", condition=models.Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"pause {self.pk}"


class CampaignVolunteer(models.Model):
    """A person who calls in a campaign; coordinators may limit them to agencies."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    agencies = models.ManyToManyField(Agency, blank=True, related_name="+", verbose_name="secteurs")
    active = models.BooleanField("en activité", default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "bénévole de la campagne"
        verbose_name_plural = "bénévoles de la campagne"
        constraints = [models.UniqueConstraint(fields=["campaign", "user"], name="volunteer_once_per_campaign")]

    def __str__(self) -> str:
        return f"participation {self.pk}"


class CoordinatorScope(models.Model):
    """The agencies whose households a coordinator sees; everything when there is no row, or no agency in it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="coordinator_scope",
        verbose_name="coordinatrice ou coordinateur",
    )
    agencies = models.ManyToManyField(Agency, blank=True, related_name="+", verbose_name="agences")

    class Meta:
        verbose_name = "périmètre de coordination"
        verbose_name_plural = "périmètres de coordination"

    def __str__(self) -> str:
        return f"périmètre {self.pk}"
