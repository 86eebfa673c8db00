"""The people of a household that part: with whom its case and its plan go on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tenants.models import Household


class Parting(models.Model):
    """A household of which some people live elsewhere now; a coordinator chooses within two working days.

    Until then the case and the plan stay where they are, and ``leaves`` is not enrolled anew.
    """

    class Choice(models.TextChoices):
        STAYS = "stays", "le suivi continue à l'adresse d'avant"
        LEAVES = "leaves", "le suivi continue à la nouvelle adresse"
        BOTH = "both", "un suivi pour chacun des deux foyers"
        END = "end", "le suivi s'arrête"

    stays = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="partings")
    leaves = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    choice = models.CharField("choix", max_length=6, choices=Choice, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = "séparation d'un foyer"
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["stays", "leaves"], name="parting_waits_once", condition=Q(decided_at=None)
            ),
            models.CheckConstraint(name="parting_of_two", condition=~Q(stays=F("leaves"))),
        ]

    def __str__(self) -> str:
        return f"séparation {self.pk}"
