"""What anybody may read: the answers to tenants' questions, and the numbers to call. Nothing personal.

An edition is one JSON document, as a script is: frozen whole, copied whole, read whole. `campaigns.public.document`
says what is in it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.crisis import Crisis
from tenants.models import Landlord


class PublishedEditionError(RuntimeError):
    """Somebody tried to change or delete a published edition."""


class FaqEdition(models.Model):
    """The questions and answers for a crisis, at a date; for one landlord where its answers differ."""

    class Status(models.TextChoices):
        DRAFT = "draft", "brouillon"
        PUBLISHED = "published", "publiée"

    crisis = models.CharField("crise", max_length=12, choices=Crisis)
    # None: for every landlord that has no edition of its own.
    landlord = models.ForeignKey(
        Landlord, null=True, blank=True, on_delete=models.CASCADE, related_name="+", verbose_name="bailleur"
    )
    number = models.PositiveIntegerField("édition", default=1)
    status = models.CharField("état", max_length=10, choices=Status, default=Status.DRAFT)
    content = models.JSONField("contenu", default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "édition des questions"
        verbose_name_plural = "éditions des questions"
        ordering = ["crisis", "landlord", "-number"]
        constraints = [
            # Twice each: for SQL, two empty landlords differ.
            models.UniqueConstraint(fields=["crisis", "landlord", "number"], name="faq_edition_once"),
            models.UniqueConstraint(
                fields=["crisis", "number"], name="faq_edition_for_all_once", condition=Q(landlord__isnull=True)
            ),
            models.UniqueConstraint(fields=["crisis", "landlord"], name="one_faq_draft", condition=Q(status="draft")),
            models.UniqueConstraint(
                fields=["crisis"], name="one_faq_draft_for_all", condition=Q(status="draft", landlord__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"questions, {self.get_crisis_display()}, édition {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and FaqEdition.objects.filter(pk=self.pk, status=self.Status.PUBLISHED).exists():
            raise PublishedEditionError("a published edition never changes: copy it into a new one")
        super().save(*args, **kwargs)

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED


class UsefulNumber(models.Model):
    """A number that a tenant may need, with its hours as they were last checked."""

    class Scheme(models.TextChoices):
        CALL = "tel", "on l'appelle"
        TEXT = "sms", "on lui envoie un message"

    key = models.SlugField("identifiant", max_length=40, unique=True)
    number = models.CharField("numéro composé", max_length=20)
    shown = models.CharField("numéro écrit", max_length=20)
    scheme = models.CharField("comment", max_length=3, choices=Scheme, default=Scheme.CALL)
    label = models.CharField("qui répond", max_length=80)
    purpose = models.CharField("pour quoi", max_length=200, blank=True)
    hours = models.CharField("horaires", max_length=160, blank=True)
    # Empty: in every crisis.
    crisis = models.CharField("crise", max_length=12, choices=Crisis, blank=True)
    urgent = models.BooleanField("secours", default=False)
    active = models.BooleanField("affiché", default=True)
    rank = models.PositiveSmallIntegerField("rang", default=0)
    checked_at = models.DateTimeField("vérifié le", null=True, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # What readers are told of who checked: a role, never a name.
    checked_as = models.CharField("vérifié par", max_length=20, blank=True)

    class Meta:
        verbose_name = "numéro utile"
        verbose_name_plural = "numéros utiles"
        ordering = ["rank", "key"]

    def __str__(self) -> str:
        return self.shown

    @property
    def address(self) -> str:
        return f"{self.scheme}:{self.number}"
