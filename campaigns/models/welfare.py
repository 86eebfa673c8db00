"""What is done about a household that nobody reaches."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.case import Case
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT


class WelfareCheckQuerySet(models.QuerySet["WelfareCheck"]):
    def open(self) -> WelfareCheckQuerySet:
        """Under way."""
        return self.filter(closed_at=None)


class WelfareCheck(models.Model):
    class Origin(models.TextChoices):
        EXHAUSTED = "exhausted", "toutes les tentatives ont échoué"
        MISSED_FOLLOW_UP = "missed_follow_up", "suivi sans réponse"
        NEIGHBOUR = "neighbour", "inquiétude d'un voisin"
        COORDINATOR = "coordinator", "demande de la coordination"

    class Result(models.TextChoices):
        WELL = "well", "retrouvé, va bien"
        DIFFICULTY = "difficulty", "retrouvé en difficulté"
        HOSPITAL = "hospital", "hospitalisé"
        CARE_HOME = "care_home", "en EHPAD"
        MOVED = "moved", "a déménagé"
        DECEASED = "deceased", "décédé"
        NOT_FOUND = "not_found", "introuvable"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="welfare_checks")
    origin = models.CharField("origine", max_length=16, choices=Origin)
    level = models.CharField("niveau", max_length=2, choices=Level, default=Level.U2)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="welfare_checks",
        verbose_name="responsable",
    )
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField("échéance")
    overdue_told_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField("résultat", max_length=12, choices=Result, blank=True)
    note = models.CharField("précision", max_length=TEXT, blank=True)

    objects = WelfareCheckQuerySet.as_manager()

    class Meta:
        verbose_name = "veille"
        constraints = [
            models.UniqueConstraint(
                fields=["case"], name="one_open_check_per_case", condition=Q(closed_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"veille {self.pk}"


class WelfareStep(models.Model):
    class Kind(models.TextChoices):
        LETTER = "letter", "lettre"
        NEIGHBOUR = "neighbour", "voisin ou contact de confiance"
        CARETAKER = "caretaker", "visite du gardien"
        AGENCY = "agency", "agence"
        TOWN = "town", "mairie ou CCAS"
        EMERGENCY = "emergency", "police ou pompiers (levée de doute)"
        CALL = "call", "appel"

    check_row = models.ForeignKey(WelfareCheck, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField("démarche", max_length=10, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    result = models.CharField("résultat", max_length=TEXT, blank=True)

    class Meta:
        verbose_name = "démarche de veille"
        verbose_name_plural = "démarches de veille"
        ordering = ["at"]

    def __str__(self) -> str:
        return f"démarche {self.pk}"
