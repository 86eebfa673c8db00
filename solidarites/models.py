"""People who use the product, what they did, and the mail that leaves."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager, Group
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

# A role is a Django group of this name (solidarites.roles says what each opens).
VOLUNTEER = "volunteer"
COORDINATOR = "coordinator"
ADMINISTRATOR = "administrator"
ROLES = (VOLUNTEER, COORDINATOR, ADMINISTRATOR)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An administrator: the first account of an installation."""
        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        user.groups.add(*Group.objects.filter(name=ADMINISTRATOR))
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    """A volunteer, a coordinator, an administrator, or reception staff; the e-mail is the login."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("adresse e-mail", unique=True)
    languages = models.JSONField("langues parlées", default=list, blank=True)
    hide_number = models.BooleanField("masquer mon numéro (#31#)", default=False)
    keyboard_shortcuts = models.BooleanField("raccourcis clavier", default=True)
    trained_at = models.DateTimeField("formation suivie le", null=True, blank=True)
    # An account of the demonstration: a real installation refuses to start while one exists, and the demonstration
    # writes to no database where an account is without this mark.
    is_demo = models.BooleanField(default=False, editable=False)
    # How many times the sessions of this account were ended for good: it was closed, or opened again.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["first_name", "last_name"]
    objects = UserManager()  # type: ignore[misc, assignment]

    class Meta:
        verbose_name = "utilisateur"
        verbose_name_plural = "utilisateurs"
        permissions = [("confirm_calls", "Peut confirmer qu'un appel était authentique")]

    def get_session_auth_hash(self) -> str:
        """What a session must hold to be this person's: the password and how often sessions were ended (Django's hook).

        Wherever sessions are kept (database, cache, a copy of them), one made before opens nothing any more.
        """
        return self._of_now(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._of_now, super().get_session_auth_fallback_hash())

    def _of_now(self, made: str) -> str:
        if not self.sessions_ended:
            return made
        return salted_hmac(
            "solidarites.sessions_ended", f"{made}:{self.sessions_ended}", algorithm="sha256"
        ).hexdigest()

    @cached_property
    def role_names(self) -> frozenset[str]:
        return frozenset(self.groups.values_list("name", flat=True))

    def has_role(self, role: str) -> bool:
        return self.is_active and role in self.role_names

    def get_short_name(self) -> str:
        """What colleagues call them: the first name, else what they are shown as."""
        return self.first_name or self.display_name

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.email.split("@")[0]

    def __str__(self) -> str:
        return self.display_name


class AppendOnlyError(RuntimeError):
    """Somebody tried to change or delete a journal row."""


class JournalEntry(models.Model):
    """Who did or read what, when; ids only. Rows are added, and erased after their 12 months by the purge."""

    at = models.DateTimeField("moment", default=timezone.now, db_index=True)
    user = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="personne",
        db_index=False,  # journal_user begins with it
    )
    actor = models.CharField("sorte d'acteur", max_length=20)
    action = models.CharField("action", max_length=60)
    object_type = models.CharField("sorte d'objet", max_length=60, blank=True)
    object_id = models.BigIntegerField("numéro de l'objet", null=True, blank=True)
    campaign_id = models.BigIntegerField("numéro de campagne", null=True, blank=True)
    household_id = models.BigIntegerField("numéro de foyer", null=True, blank=True)
    detail = models.JSONField("précisions", default=dict, blank=True)

    class Meta:
        verbose_name = "ligne du journal"
        verbose_name_plural = "journal"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="journal_object"),
            # One for each filter of the journal's page, in the order in which it shows rows.
            models.Index(fields=["user", "at"], name="journal_user"),
            models.Index(fields=["action", "at"], name="journal_action"),
            models.Index(fields=["campaign_id", "at"], name="journal_campaign"),
            models.Index(fields=["household_id", "at"], name="journal_household"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id or ''}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk:
            raise AppendOnlyError("a journal row is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError("a journal row is erased by the purge alone")


class Invitation(models.Model):
    """A link that lets one person choose a password; sent by e-mail or copied by who invites."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="invitation")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "invitation"

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class AccountNotice(models.Model):
    """Something about their account that a person is told when they next sign in (solidarites.notices)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "avis de sécurité"
        verbose_name_plural = "avis de sécurité"

    def __str__(self) -> str:
        return f"avis {self.pk}"


class OutgoingMail(models.Model):
    """One message to send: a row first, a message after, so that no stopped process loses it.

    ``key`` names the message (« referral:12:sent:1 »): queuing it twice gives one row, and nobody reads it again.
    What it is about is in ``object_type`` and ``object_id``, as in the journal.
    The text is made when it leaves, from ``template`` and ``context`` (ids, references, hours; no personal data).
    """

    class State(models.TextChoices):
        QUEUED = "queued", "en attente"
        SENDING = "sending", "envoi en cours"
        SENT = "sent", "envoyé"
        UNSURE = "unsure", "envoi incertain, renvoyé"
        FAILED = "failed", "échec"
        BOUNCED = "bounced", "refusé par le destinataire"
        CANCELLED = "cancelled", "annulé"

    key = models.CharField(max_length=120, unique=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    # Of a message that tells of one day (calls to come): which one.
    day = models.DateField(null=True, blank=True)
    message_id = models.CharField(max_length=120, unique=True, editable=False)
    # One address or several, separated by commas: one message, one Message-ID.
    to = models.CharField(max_length=1000)
    template = models.CharField(max_length=80)
    context = models.JSONField(default=dict, blank=True)
    # After a stop, what is vital leaves before the rest.
    urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Another process may take the row once this moment has passed.
    next_try_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    # True when a crash left it unknown whether the server had taken the message (sent again, same Message-ID).
    was_unsure = models.BooleanField(default=False)
    error = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "e-mail à envoyer"
        verbose_name_plural = "e-mails à envoyer"
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="mail_due",
                condition=models.Q(state__in=["queued", "sending", "unsure"]),
            ),
            models.Index(fields=["object_type", "object_id"], name="mail_about"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.message_id:
            host = urlsplit(settings.SITE_URL).hostname or "localhost"
            self.message_id = f"<{uuid.uuid4()}@{host[:70]}>"
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return f"{self.key} ({self.get_state_display()})"


class Installation(models.Model):
    """What this database knows of the machine that serves it: one row (solidarites.privacy)."""

    # Never the key: a fingerprint, which tells another key and gives nothing away.
    privacy_key = models.CharField(max_length=20)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="installation_one_row")]

    def __str__(self) -> str:
        return self.privacy_key


class Heartbeat(models.Model):
    """When beat, the worker and each task last gave a sign of life (solidarites.health)."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()
    # Of a task: its first failure since it last ended well.
    failing_since = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
