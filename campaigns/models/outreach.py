"""Reaching a household otherwise than by telephone: letters, caretakers, the search of a number."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.case import Case
from campaigns.models.welfare import WelfareCheck
from tenants.models import Landlord, Residence


class Letter(models.Model):
    """A letter made for a household: its kind and its day, never its text, which follows from them."""

    class Kind(models.TextChoices):
        MISSED = "missed", "« nous avons cherché à vous joindre »"
        NOTICE = "notice", "avis de passage"
        WITHOUT_NUMBER = "numberless", "demande de rappel (foyer sans numéro)"
        AFTER_CALL = "after_call", "lettre après un appel"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField("lettre", max_length=10, choices=Kind)
    day = models.DateField()
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = "lettre"
        ordering = ["-made_at"]
        # Printed again the same day: the same letter.
        constraints = [models.UniqueConstraint(fields=["case", "kind", "day"], name="letter_once_a_day")]

    def __str__(self) -> str:
        return f"lettre {self.pk}"


class LetterWording(models.Model):
    """A landlord's own words in its letters: a signature and a paragraph, about the landlord and never a household."""

    landlord = models.OneToOneField(Landlord, on_delete=models.CASCADE, related_name="letter_wording")
    signature = models.CharField("signature", max_length=120, blank=True)
    words = models.CharField("paragraphe", max_length=300, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "mots d'un bailleur dans ses lettres"
        verbose_name_plural = "mots des bailleurs dans leurs lettres"

    def __str__(self) -> str:
        return f"mots de lettres {self.pk}"


class NumberSearch(models.Model):
    """The agency was asked for a number; what it answered."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="number_searches")
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    found = models.BooleanField(default=False)

    class Meta:
        verbose_name = "recherche de numéro"
        verbose_name_plural = "recherches de numéro"
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"], name="one_open_search_per_case", condition=Q(answered_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"recherche {self.pk}"


def draw_token() -> str:
    return secrets.token_urlsafe(32)


class CaretakerRound(models.Model):
    """The doors of one residence that a caretaker is asked to knock at, on paper or behind an expiring link.

    Empty of visits, it is erased with the last of their cases. The link is made of the seed and of SECRET_KEY
    (caretakers.token_of); its hash is what opens, so that the table alone makes no link.
    """

    residence = models.ForeignKey(Residence, on_delete=models.CASCADE, related_name="caretaker_rounds")
    # Empty for a link sent by release 0.2: it opens until it is over, and is shown no more.
    seed = models.CharField(max_length=64, blank=True, default=draw_token, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "tournée du gardien"
        verbose_name_plural = "tournées des gardiens"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"tournée {self.pk}"


class CaretakerVisit(models.Model):
    """One door of a round, and what the caretaker last said of it."""

    class Answer(models.TextChoices):
        WELL = "well", "vu, va bien"
        HELP = "help", "vu, besoin d'aide"
        ABSENT = "absent", "absent"

    round = models.ForeignKey(CaretakerRound, on_delete=models.CASCADE, related_name="visits")
    check_row = models.ForeignKey(WelfareCheck, on_delete=models.CASCADE, related_name="caretaker_visits")
    answer = models.CharField("réponse", max_length=8, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "visite du gardien"
        verbose_name_plural = "visites du gardien"
        constraints = [models.UniqueConstraint(fields=["round", "check_row"], name="visit_once_per_round")]

    def __str__(self) -> str:
        return f"visite {self.pk}"
