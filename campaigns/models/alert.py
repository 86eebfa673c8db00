"""Something a coordinator must see now."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.campaign import Campaign
from campaigns.models.case import Case
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT


class Alert(models.Model):
    class Kind(models.TextChoices):
        BUTTON = "button", "bouton d'alerte"
        ANSWER = "answer", "réponse pendant un appel"
        MISSED_FOLLOW_UP = "missed_follow_up", "appel de suivi non fait"
        STRANDED_FOLLOW_UP = "stranded_follow_up", "suivi qu'aucune campagne n'appelle"
        UNANSWERED_FOLLOW_UP = "unanswered_follow_up", "suivi sans réponse"
        WELFARE_OVERDUE = "welfare_overdue", "veille en retard"
        REFERRAL_UNANSWERED = "referral_unanswered", "signalement sans réponse"
        REFERRAL_WAITING = "referral_waiting", "signalement à traiter"
        MAIL_FAILED = "mail_failed", "e-mail non remis"
        TASK_FAILED = "task_failed", "tâche automatique en échec"
        NEIGHBOUR = "neighbour", "inquiétude d'un voisin"
        CORRECTION = "correction", "appel corrigé après coup"
        MESSAGE = "message", "message d'un foyer qui a rappelé"
        CARETAKER = "caretaker", "visite du gardien"
        KEPT_CALL = "kept_call", "appel à trancher"
        PURGE_WAITING = "purge_waiting", "effacement qui attend une décision"

    campaign = models.ForeignKey(Campaign, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField("origine", max_length=24, choices=Kind)
    level = models.CharField("niveau", max_length=2, choices=Level, default=Level.U1)
    # What raised it (« due_call:12 »): the same cause never raises two alerts at once.
    key = models.CharField(max_length=80)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    raised_at = models.DateTimeField(default=timezone.now)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    solved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    solved_at = models.DateTimeField(null=True, blank=True)
    solution = models.CharField("ce qui a été fait", max_length=TEXT, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    reminders = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = "alerte"
        ordering = ["level", "raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], name="one_unsolved_alert_per_cause", condition=Q(solved_at__isnull=True)
            )
        ]
        indexes = [
            models.Index(
                fields=["campaign", "level", "raised_at"], name="alert_unsolved", condition=Q(solved_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"alerte {self.pk}"
