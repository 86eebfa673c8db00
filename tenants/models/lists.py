"""The lists that landlords give: their columns, their rows until they are written, and what was corrected in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from tenants.models.people import Landlord, Tenant


class ListCorrection(models.Model):
    """What somebody corrected of a list's row in its preview, for the next lists that say the same thing again."""

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="corrections")
    # Whose row it was, once they are known; until then the purge of the landlord's lists takes it.
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="corrections")
    # imports.corrections.key_of: HMAC-SHA256 under PRIVACY_KEY of the reference or of the raw row.
    digest = models.CharField(max_length=64)
    # {"birth": [what the list said, what is right]}, by the names of imports.corrections.CORRECTED.
    values: Any = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "correction d'une liste"
        verbose_name_plural = "corrections des listes"
        constraints = [models.UniqueConstraint(fields=["landlord", "digest"], name="correction_once")]

    def __str__(self) -> str:
        return f"correction {self.pk}"


class ImportProfile(models.Model):
    """How the columns of one source are read, proposed again when the same headings come."""

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="import_profiles")
    name = models.CharField("nom", max_length=80)
    # Digest of the headings in their order.
    headings = models.CharField(max_length=64, db_index=True)
    # Normalised heading -> field (empty: ignored).
    fields = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "profil de colonnes"
        verbose_name_plural = "profils de colonnes"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["landlord", "name"], name="profile_name_per_landlord")]

    def __str__(self) -> str:
        return self.name


class ListImports(models.QuerySet["ListImport"]):
    def outdated(self, current: int) -> ListImports:
        """Those of which a row was checked under another format than the current one."""
        return self.filter(Exists(ImportRow.objects.filter(list_import=OuterRef("pk")).exclude(format=current)))

    def waiting(self, now: datetime) -> ListImports:
        """Those a worker is to take up, and whose lease, if there is one, has passed."""
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        return self.filter(free, state__in=ListImport.TO_CHECK + ListImport.TO_WRITE)


class ListImport(models.Model):
    """One tenant list on its way in. The row is the work: a stopped worker resumes from it."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "colonnes à vérifier"
        CHECK_QUEUED = "check_queued", "vérification demandée"
        CHECKING = "checking", "vérification en cours"
        CHECKED = "checked", "à confirmer"
        APPLY_QUEUED = "apply_queued", "confirmé"
        APPLYING = "applying", "écriture en cours"
        APPLIED = "applied", "terminé"
        REFUSED = "refused", "fichier refusé"
        CANCELLED = "cancelled", "annulé"

    # What the worker is to do, or is doing.
    TO_CHECK = (State.CHECK_QUEUED, State.CHECKING)
    TO_WRITE = (State.APPLY_QUEUED, State.APPLYING)

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="imports", verbose_name="bailleur")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    file_name = models.CharField("fichier", max_length=200)
    file_size = models.BigIntegerField(default=0)
    state = models.CharField("état", max_length=12, choices=State, default=State.UPLOADED)
    # Names of the workbook's sheets, and the one to read.
    sheets = models.JSONField(default=list, blank=True)
    sheet = models.CharField("feuille", max_length=120, blank=True)
    # The headings as written and the field of each: [{"heading", "field", "score", "refused", "samples"}].
    columns = models.JSONField(default=list, blank=True)
    profile = models.ForeignKey(ImportProfile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    encoding = models.CharField(max_length=20, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_done = models.PositiveIntegerField(default=0)
    # Where the writing is: every household up to this one is written.
    applied_through = models.PositiveIntegerField(default=0)
    # « People absent from this list have left »: asked for at the confirmation.
    absent_left = models.BooleanField(default=False)
    # Whom and where the check recognised otherwise than by reference and contract (imports.matching.Memory): the
    # writing, which has not the whole list before it, follows it. Numbers only; emptied once written.
    recognised: Any = models.JSONField(default=dict, blank=True, editable=False)
    message = models.CharField(max_length=300, blank=True)
    # Whoever works on it, until when; past that moment another worker resumes.
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=36, blank=True, editable=False)
    # Times a worker took it up since it last moved on: a list that breaks the worker is given up.
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField("déposé le", default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    objects = ListImports.as_manager()

    class Meta:
        verbose_name = "import de liste"
        verbose_name_plural = "imports de listes"
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def working(self) -> bool:
        """Waiting for the worker, or in its hands."""
        return self.state in self.TO_CHECK + self.TO_WRITE


class UploadedPiece(models.Model):
    """A piece of an uploaded list, encrypted (``imports.uploads``); erased as soon as the check has read the file.

    In the database, so that any machine's worker finds it.
    """

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="pieces")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list_import", "position"], name="piece_once")]

    def __str__(self) -> str:
        return f"piece {self.position} of {self.list_import_id}"


class ImportRow(models.Model):
    """One checked row, between the preview and the writing; erased once applied or after 7 days."""

    class Kind(models.TextChoices):
        CREATE = "create", "ajouté"
        UPDATE = "update", "modifié"
        UNCHANGED = "unchanged", "inchangé"
        SKIP = "skip", "parti ou décédé"
        REJECT = "reject", "rejeté"
        ABSENT = "absent", "absent de la liste"

    list_import = models.ForeignKey(ListImport, on_delete=models.CASCADE, related_name="rows")
    # The household within the list, in the order of writing.
    group = models.PositiveIntegerField()
    # The spreadsheet's own row number; 0 for people absent from the list.
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    # What happens to the household, told by the first of its rows: create, update or empty.
    household_kind = models.CharField(max_length=10, blank=True)
    household_changes: Any = models.JSONField(default=list)
    # The person as read (imports.people.Person.as_json); of somebody absent from the list, {"tenant_id"}; else empty.
    data: Any = models.JSONField(default=dict)
    # The format of ``data`` (imports.people.FORMAT): rows of another one are not read, the list is checked anew.
    format = models.PositiveSmallIntegerField(default=0)
    # Who is on a row that keeps nothing else (not taken over, rejected), to be shown in the preview.
    name = models.CharField(max_length=260, blank=True)
    # By what its correction would be remembered, of a row that keeps nothing else; a keyed digest.
    mark = models.CharField(max_length=64, blank=True)
    # The situation that the list says of somebody who is not taken over.
    closed_as = models.CharField(max_length=10, blank=True)
    # By what somebody dead who is not taken over will be remembered (identity.departed_keys): keyed digests.
    departed_keys: Any = models.JSONField(default=list)
    # [[what, old, new], …] for the preview and to see whether something moved meanwhile.
    changes: Any = models.JSONField(default=list)
    # [[column, code, severity, value], …]
    issues: Any = models.JSONField(default=list)
    # The codes of the issues, each between spaces, to list the rows of one reason.
    codes = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name = "ligne d'import"
        ordering = ["group", "number"]
        constraints = [
            models.UniqueConstraint(fields=["list_import", "group", "number"], name="import_row_once"),
            # Of no row of the file.
            models.CheckConstraint(
                name="import_row_absent_has_no_number",
                condition=Q(kind="absent", number=0) | (~Q(kind="absent") & Q(number__gt=0)),
            ),
        ]
        indexes = [models.Index(fields=["list_import", "kind", "number"], name="import_row_kind")]

    def __str__(self) -> str:
        return f"ligne {self.number}"
