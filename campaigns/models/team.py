"""The people who call, among themselves: calls read again, debriefs, meetings, moments shared without names."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.call import Call
from campaigns.models.campaign import Campaign
from campaigns.models.limits import TEXT


class CallReview(models.Model):
    """A coordinator read this call again, with or without a kind word for who made it."""

    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="review")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    note = models.CharField("un mot", max_length=TEXT, blank=True)
    # « Merci, lu »: the word leaves the volunteer's home.
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "relecture"
        indexes = [
            models.Index(fields=["call"], name="review_unread", condition=Q(read_at__isnull=True) & ~Q(note="")),
        ]

    def __str__(self) -> str:
        return f"relecture {self.pk}"


class Debrief(models.Model):
    """« Cet appel m'a touché(e) »: somebody would like to talk; coordinators alone know."""

    call = models.OneToOneField(Call, on_delete=models.CASCADE, related_name="debrief")
    asked_at = models.DateTimeField(default=timezone.now)
    contacted_on = models.DateField("pris contact le", null=True, blank=True)
    contacted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "débriefing"
        indexes = [models.Index(fields=["asked_at"], name="debrief_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"débriefing {self.pk}"


class Meeting(models.Model):
    """A video meeting in which the team shares what it lives through."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="meetings")
    starts_at = models.DateTimeField("début")
    minutes = models.PositiveSmallIntegerField("durée (minutes)", default=45)
    # Announced in one act, these share it; a meeting of its own has none.
    series = models.UUIDField(null=True, blank=True, editable=False)
    # How often it changed since it was announced: an agenda takes the highest (RFC 5545, SEQUENCE).
    sequence = models.PositiveSmallIntegerField(default=0, editable=False)
    # Kept until its hour: who meant to come is told, and an agenda too.
    cancelled_at = models.DateTimeField("annulé", null=True, blank=True)
    link = models.URLField("lien", max_length=300, validators=[URLValidator(schemes=["https"])])
    words = models.CharField("quelques mots", max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = "temps d'échange"
        verbose_name_plural = "temps d'échange"
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["campaign", "starts_at"], name="meeting_next")]

    def __str__(self) -> str:
        return f"temps d'échange {self.pk}"

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


class MeetingAnswer(models.Model):
    """« Je viens », « Je ne viens pas »: the count for the team, the names for the coordination."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="answers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    comes = models.BooleanField("vient")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "réponse à un temps d'échange"
        verbose_name_plural = "réponses aux temps d'échange"
        constraints = [models.UniqueConstraint(fields=["meeting", "user"], name="one_answer_per_meeting")]

    def __str__(self) -> str:
        return f"réponse {self.pk}"


class SharedMoment(models.Model):
    """A few words for the team, shown without a name; the author is kept so that they may take them back."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="moments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.CharField("votre moment", max_length=TEXT)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "moment partagé"
        verbose_name_plural = "moments partagés"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["campaign", "-at"], name="moment_latest")]

    def __str__(self) -> str:
        return f"moment {self.pk}"
