"""What stays of a campaign once its people are erased."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from campaigns.models.campaign import Campaign


class FrozenFigures(models.Model):
    """The closing totals, written before the purge; the report reads them afterwards."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="frozen_figures")
    data = models.JSONField()
    frozen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "bilan figé"
        verbose_name_plural = "bilans figés"

    def __str__(self) -> str:
        return f"bilan {self.campaign_id}"


class PurgeProof(models.Model):
    """When a campaign was purged and how many rows of each kind were erased."""

    campaign = models.OneToOneField(Campaign, on_delete=models.CASCADE, related_name="purge_proof")
    purged_at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField()

    class Meta:
        verbose_name = "preuve d'effacement"
        verbose_name_plural = "preuves d'effacement"

    def __str__(self) -> str:
        return f"effacement {self.campaign_id}"
