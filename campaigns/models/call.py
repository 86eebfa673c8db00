"""One attempt, by one volunteer, with one outcome; and the needs heard in it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from campaigns.models.case import Case
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.models.script import Script
from tenants.models import PhoneNumber, Tenant


class CallQuerySet(models.QuerySet["Call"]):
    def recorded(self) -> CallQuerySet:
        """Those that count."""
        return self.filter(state=Call.State.RECORDED)


class Call(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "en cours"
        RECORDED = "recorded", "enregistré"
        # It could not be recorded (somebody else had the case, the campaign or the case was closed), or its draft was
        # left and has no outcome: a coordinator decides.
        PENDING = "pending", "à trancher"
        DROPPED = "dropped", "écarté"
        MERGED = "merged", "joint à l'autre appel"

    class DropReason(models.TextChoices):
        HEARD = "heard", "déjà entendu dans un autre appel"
        DONE = "done", "le nécessaire est déjà fait"
        NOTHING = "nothing", "rien d'utile n'est écrit"
        MISTAKE = "mistake", "saisi par erreur"

    class Outcome(models.TextChoices):
        """How it ended; what each one leads to is the table of ``outcomes``."""

        COMPLETED = "completed", "Échange réalisé"
        CALLBACK = "callback", "Rappel convenu"
        SOFT_REFUSAL = "soft_refusal", "Pas maintenant, un peu vexé(e)"
        REFUSED_CAMPAIGN = "refused_campaign", "Ne souhaite pas cette fois"
        OPT_OUT = "opt_out", "Ne plus jamais appeler"
        OTHER_PERSON = "other_person", "Une autre personne a répondu"
        UNABLE = "unable", "Ne peut pas converser"
        LANGUAGE = "language", "Parle une autre langue"
        CUT_OFF = "cut_off", "Appel coupé"
        BUSY = "busy", "Occupé"
        NO_ANSWER = "no_answer", "Pas de réponse"
        VOICEMAIL_LEFT = "voicemail_left", "Message laissé sur le répondeur"
        VOICEMAIL_NONE = "voicemail_none", "Répondeur, sans message"
        WRONG_NUMBER = "wrong_number", "Mauvais numéro"
        DISCONNECTED = "disconnected", "Numéro non attribué"
        HOSPITALISED = "hospitalised", "Hospitalisé(e)"
        DECEASED = "deceased", "Décédé(e)"
        MOVED = "moved", "A déménagé"
        CARE_HOME = "care_home", "En EHPAD"

    # Somebody living there spoke with a volunteer: the household is reached.
    REACHED = (
        Outcome.COMPLETED,
        Outcome.CALLBACK,
        Outcome.SOFT_REFUSAL,
        Outcome.REFUSED_CAMPAIGN,
        Outcome.OPT_OUT,
        Outcome.UNABLE,
    )

    class Direction(models.TextChoices):
        OUTGOING = "outgoing", "sortant"
        INCOMING = "incoming", "entrant"

    # Indexes of its own would only repeat those below.
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="calls", db_index=False)
    volunteer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="calls", db_index=False
    )
    # Made with the form: posting twice records once.
    submission = models.UUIDField(unique=True, default=uuid.uuid4)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    kind = models.CharField(max_length=16, choices=Case.Kind, default=Case.Kind.FIRST)
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.OUTGOING)
    phone = models.ForeignKey(PhoneNumber, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    script = models.ForeignKey(
        Script, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    started_at = models.DateTimeField(default=timezone.now)
    saved_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    # {question: {"<tenant id>" or "": choice key, list of keys, or text}}: a couple answers each for themselves.
    answers = models.JSONField(default=dict, blank=True)
    # What else the form held (callback, follow-up, consents): a reload, a coordinator or a correction reads it again.
    draft = models.JSONField(default=dict, blank=True)
    # What it changed on the case, before and after: its author may correct it for a day.
    undo = models.JSONField(default=dict, blank=True)
    comment = models.CharField(max_length=TEXT, blank=True)
    # Counts as an attempt of the cap (a busy line tried again the same day does not).
    is_attempt = models.BooleanField(default=False)
    touched_me = models.BooleanField(default=False)
    # Why a coordinator set it aside; blank for one of two calls of the same household.
    dropped_because = models.CharField(max_length=8, choices=DropReason, blank=True)

    # Somebody typed something in it, and it was kept.
    WITH_WORDS = Q(saved_at__isnull=False) & (~Q(answers={}) | ~Q(comment=""))
    # Its volunteer may still write in it and record it.
    UNFINISHED = Q(state=State.DRAFT) | Q(state=State.PENDING, outcome="")

    objects = CallQuerySet.as_manager()

    class Meta:
        verbose_name = "appel"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "volunteer"], name="one_draft_per_case_and_volunteer", condition=Q(state="draft")
            ),
        ]
        indexes = [
            models.Index(fields=["case", "-started_at"], name="call_history"),
            models.Index(fields=["volunteer", "-recorded_at"], name="call_by_volunteer"),
            models.Index(fields=["state", "recorded_at"], name="call_recorded"),
        ]

    def __str__(self) -> str:
        return f"appel {self.pk}"

    @property
    def is_unfinished(self) -> bool:
        return self.state == self.State.DRAFT or (self.state == self.State.PENDING and not self.outcome)


class CallRevision(models.Model):
    """What a recorded call said before its author corrected it."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="revisions")
    # Made with the form: posting twice corrects once.
    submission = models.UUIDField(unique=True, default=uuid.uuid4)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    outcome = models.CharField(max_length=20, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    draft = models.JSONField(default=dict, blank=True)
    comment = models.CharField(max_length=TEXT, blank=True)
    # The outcome wanted, when only a coordinator may draw it.
    asked_outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = "correction d'appel"
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"correction {self.pk}"


class FlaggedText(models.Model):
    """A free text that raised a gentle warning when it was kept: a coordinator leaves it or rewrites it.

    A text of a call, or the message taken for whoever held the case.
    """

    class Decision(models.TextChoices):
        LEFT = "left", "laissé"
        REWRITTEN = "rewritten", "réécrit"

    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.CASCADE, related_name="flagged_texts")
    message = models.ForeignKey(
        "CaseMessage", null=True, blank=True, on_delete=models.CASCADE, related_name="flagged_texts"
    )
    # « comment », or « question » and « question:person » for an answer in one's own words; « message ».
    field = models.CharField(max_length=80)
    reasons = models.JSONField(default=list)
    at = models.DateTimeField(default=timezone.now)
    decision = models.CharField(max_length=9, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "texte à revoir"
        verbose_name_plural = "textes à revoir"
        constraints = [
            models.UniqueConstraint(fields=["call", "field"], name="flagged_text_once"),
            models.UniqueConstraint(fields=["message"], name="flagged_message_once"),
            models.CheckConstraint(
                name="flagged_text_is_somewhere",
                condition=Q(call__isnull=False, message=None) | Q(call=None, message__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["at"], name="flagged_undecided", condition=Q(decision=""))]

    def __str__(self) -> str:
        return f"texte {self.pk}"

    @property
    def case(self) -> Case:
        source: Any = self.call or self.message
        case: Case = source.case
        return case

    @property
    def author(self) -> Any:
        """Who wrote it; None when their account is no more."""
        return self.call.volunteer if self.call is not None else self.message.by if self.message is not None else None


class CaseMessage(models.Model):
    """What a household that rang back asked to pass on, while another volunteer held its case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="messages")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.CharField("message", max_length=TEXT)

    class Meta:
        verbose_name = "message pris"
        verbose_name_plural = "messages pris"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"message {self.pk}"


class NeedQuerySet(models.QuerySet["Need"]):
    def open(self) -> NeedQuerySet:
        """No partner has it, and nobody has settled it."""
        return self.filter(state=Need.State.OPEN)


class Need(models.Model):
    """A category and a level, for one tenant."""

    class Consent(models.TextChoices):
        UNASKED = "unasked", "pas encore demandé"
        YES = "yes", "accord donné"
        NO = "no", "refus"
        THINKING = "thinking", "y réfléchit"

    class State(models.TextChoices):
        OPEN = "open", "ouvert"
        REFERRED = "referred", "signalé"
        MET = "met", "satisfait"
        DROPPED = "dropped", "sans suite"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="needs")
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="needs")
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.SET_NULL, related_name="needs")
    category = models.CharField("besoin", max_length=20)
    level = models.CharField("niveau", max_length=2, choices=Level, default=Level.U3)
    consent = models.CharField("accord", max_length=8, choices=Consent, default=Consent.UNASKED)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    created_at = models.DateTimeField(default=timezone.now)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = "besoin"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "tenant", "category"], name="one_open_need_per_category", condition=Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"besoin {self.pk}"
