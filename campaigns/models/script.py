"""What a volunteer says and asks: versioned, and a published version never changes.

Questions and choices are one JSON document rather than rows: a version is frozen whole, copied whole and
read whole (and cached for ever once published). `campaigns.scripts` turns it into Question and Choice.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone


class PublishedScriptError(RuntimeError):
    """Somebody tried to change a published version."""


class Script(models.Model):
    class Kind(models.TextChoices):
        FIRST = "first", "premier appel"
        FOLLOW_UP = "follow_up", "suivi"
        WELFARE = "welfare", "veille"

    class Status(models.TextChoices):
        DRAFT = "draft", "brouillon"
        PUBLISHED = "published", "publiée"

    key = models.SlugField("identifiant", max_length=60)
    version = models.PositiveIntegerField("version", default=1)
    kind = models.CharField("sorte d'appel", max_length=10, choices=Kind, default=Kind.FIRST)
    title = models.CharField("titre", max_length=120)
    status = models.CharField("état", max_length=10, choices=Status, default=Status.DRAFT)
    content = models.JSONField("contenu", default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "trame"
        ordering = ["title", "-version"]
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="script_version_once")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and Script.objects.filter(pk=self.pk, status=self.Status.PUBLISHED).exists():
            raise PublishedScriptError("a published version never changes: copy it into a new one")
        super().save(*args, **kwargs)
