"""Something a coordinator must see now."""

from __future__ import annotations

from typing import TypedDict

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.call import Call, CallRevision, CaseMessage
from campaigns.models.campaign import Campaign
from campaigns.models.case import Case
from campaigns.models.followup import DueCall, FollowUpPlan
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.models.neighbour import NeighbourReport
from campaigns.models.outreach import CaretakerVisit
from campaigns.models.referral import Referral
from campaigns.models.team import Debrief
from campaigns.models.welfare import WelfareCheck
from solidarites.models import OutgoingMail
from tenants.models import Tenant


class Cause(TypedDict, total=False):
    """What raised an alert: the columns of it that its kind needs (``key_of``)."""

    call: Call
    question: str
    choice: str
    tenant_id: int | None
    revision: CallRevision
    message: CaseMessage
    due_call: DueCall
    plan: FollowUpPlan
    welfare_check: WelfareCheck
    visit: CaretakerVisit
    report: NeighbourReport
    referral: Referral
    mail: OutgoingMail
    debrief: Debrief
    task: str


class AlertQuerySet(models.QuerySet["Alert"]):
    def unsolved(self) -> AlertQuerySet:
        """Those that somebody must still settle."""
        return self.filter(solved_at=None)


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
        UNHEARD = "unheard", "bénévole à écouter"
        PURGE_WAITING = "purge_waiting", "effacement qui attend une décision"

    # Of something told or pressed during a call.
    IN_A_CALL = (Kind.BUTTON, Kind.ANSWER)

    campaign = models.ForeignKey(Campaign, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    case = models.ForeignKey(Case, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField("origine", max_length=24, choices=Kind)
    level = models.CharField("niveau", max_length=2, choices=Level, default=Level.U1)
    # The name of its cause (« due_call:12 »): the same cause never raises two alerts at once. Compared whole, and
    # nothing else: what raised it is in the columns below.
    key = models.CharField(max_length=200)
    # What raised it, of which its kind has some. The row may go before the alert, which still asks for somebody.
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Which answer of that call, and of whom.
    question = models.CharField(max_length=60, blank=True)
    choice = models.CharField(max_length=60, blank=True)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts")
    revision = models.ForeignKey(CallRevision, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey(CaseMessage, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    due_call = models.ForeignKey(DueCall, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    plan = models.ForeignKey(FollowUpPlan, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    welfare_check = models.ForeignKey(WelfareCheck, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    visit = models.ForeignKey(CaretakerVisit, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Forgotten, it takes with it the alert that nobody handled.
    report = models.ForeignKey(NeighbourReport, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    referral = models.ForeignKey(Referral, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    mail = models.ForeignKey(OutgoingMail, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    debrief = models.ForeignKey(Debrief, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    task = models.CharField(max_length=80, blank=True)
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

    objects = AlertQuerySet.as_manager()

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


def key_of(alert: Alert) -> str:
    """The name of its cause, made of its columns: the same as in the versions before, whose alerts may be open still.

    Raises ValueError without the row that its kind asks for.
    """
    kind = Alert.Kind
    match alert.kind:
        case kind.BUTTON:
            return f"call:{_number(alert.call_id)}:button"
        case kind.ANSWER if alert.question:
            return f"call:{_number(alert.call_id)}:{alert.question}.{alert.choice}:{alert.tenant_id or ''}"
        case kind.KEPT_CALL:
            return f"kept:{_number(alert.call_id)}"
        case kind.CORRECTION:
            return f"correction:{_number(alert.revision_id)}"
        case kind.MESSAGE:
            return f"message:{_number(alert.message_id)}"
        case kind.MISSED_FOLLOW_UP:
            return f"due_call:{_number(alert.due_call_id)}"
        case kind.UNANSWERED_FOLLOW_UP:
            return f"due_call:{_number(alert.due_call_id)}:unanswered"
        case kind.STRANDED_FOLLOW_UP:
            return f"plan:{_number(alert.plan_id)}:stranded"
        case kind.WELFARE_OVERDUE:
            return f"welfare:{_number(alert.welfare_check_id)}"
        case kind.CARETAKER:
            return f"caretaker:{_number(alert.visit_id)}"
        case kind.NEIGHBOUR:
            return f"neighbour:{_number(alert.report_id)}"
        case kind.UNHEARD:
            return f"debrief:{_number(alert.debrief_id)}"
        case kind.PURGE_WAITING:
            return f"purge:{_number(alert.campaign_id)}"
        case kind.TASK_FAILED if alert.task:
            return f"task:{alert.task}:{alert.level}"[:80]
        case kind.MAIL_FAILED if alert.mail is not None and alert.referral_id is not None:
            head = f"referral:{alert.referral_id}:"
            return f"{head}mail:{alert.mail.key.removeprefix(head)}"[:80]
        case kind.MAIL_FAILED:
            return f"mail:{_number(alert.mail_id)}"
        case kind.REFERRAL_UNANSWERED | kind.REFERRAL_WAITING if alert.referral is not None:
            return f"referral:{alert.referral_id}:{alert.referral.state}:{alert.referral.sending}"
    raise ValueError(f"an alert « {alert.kind} » without its cause")


def _number(pk: int | None) -> int:
    if pk is None:
        raise ValueError("an alert without its cause")
    return pk
