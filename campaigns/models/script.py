"""What a volunteer says and asks: versioned, and a published version never changes.

Questions and choices are one JSON document rather than rows: a version is frozen whole, copied whole and
read whole (and cached for ever once published). `campaigns.scripts` turns it into Question and Choice.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class PublishedScriptError(RuntimeError):
    """Somebody tried to change or delete a published version."""


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
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "trame"
        ordering = ["title", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="script_version_once"),
            # One next version at a time: two coordinators work in the same draft.
            models.UniqueConstraint(fields=["key"], name="one_draft_per_script", condition=Q(status="draft")),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and Script.objects.filter(pk=self.pk, status=self.Status.PUBLISHED).exists():
            raise PublishedScriptError("a published version never changes: copy it into a new one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        if self.is_published:
            raise PublishedScriptError("a published version stays: calls were made with it")
        return super().delete(*args, **kwargs)

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED


# The database refuses too -----------------------------------------------------------------------------------
# Django has no constraint that compares a row with what it was: a trigger does, on both databases. Who published
# is left out: an account may be deleted.
FROZEN = ("key", "version", "kind", "title", "status", "content", "created_at", "published_at")
_TABLE = "campaigns_script"
_NAME = "published_script_never_changes"
_MESSAGE = "a published version of a script never changes"


def freeze(apps: Any, schema_editor: Any) -> None:
    """For migrations: make the trigger."""
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "sqlite":
            changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in FROZEN)
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {_NAME} BEFORE UPDATE ON {_TABLE} "
                f"WHEN OLD.status = 'published' AND ({changed}) BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
            )
        else:
            new, old = (", ".join(f"{row}.{column}" for column in FROZEN) for row in ("NEW", "OLD"))
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
            cursor.execute(f"DROP TRIGGER IF EXISTS {_NAME} ON {_TABLE}")
            cursor.execute(
                f"CREATE TRIGGER {_NAME} BEFORE UPDATE ON {_TABLE} FOR EACH ROW WHEN (OLD.status = 'published' "
                f"AND ({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION {_NAME}()"
            )


def thaw(apps: Any, schema_editor: Any) -> None:
    """For migrations: take the trigger away, before the table is made anew."""
    with schema_editor.connection.cursor() as cursor:
        on = "" if schema_editor.connection.vendor == "sqlite" else f" ON {_TABLE}"
        cursor.execute(f"DROP TRIGGER IF EXISTS {_NAME}{on}")
