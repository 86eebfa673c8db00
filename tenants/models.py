"""Whom we call: landlords, residences, households, tenants, their numbers, and the lists they come from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from solidarites import searching


class Landlord(models.Model):
    """Whose tenants they are. What the script says aloud (name, callback number) comes from here."""

    code = models.SlugField("code", max_length=40, unique=True)
    name = models.CharField("nom", max_length=120)
    spoken_name = models.CharField("nom dit au téléphone", max_length=120, blank=True)
    callback_number = models.CharField("numéro de rappel", max_length=20, blank=True)

    class Meta:
        verbose_name = "bailleur"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Agency(models.Model):
    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="agencies", verbose_name="bailleur")
    name = models.CharField("nom", max_length=120)

    class Meta:
        verbose_name = "agence"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["landlord", "name"], name="agency_name_per_landlord")]

    def __str__(self) -> str:
        return self.name


class Residence(models.Model):
    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="residences", verbose_name="bailleur")
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.SET_NULL, related_name="residences", verbose_name="agence"
    )
    reference = models.CharField("référence", max_length=60)
    name = models.CharField("nom", max_length=160, blank=True)

    class Meta:
        verbose_name = "résidence"
        ordering = ["name", "reference"]
        constraints = [
            models.UniqueConstraint(fields=["landlord", "reference"], name="residence_reference_per_landlord")
        ]

    def __str__(self) -> str:
        return self.name or self.reference


class Household(models.Model):
    """The people behind one front door and its phone numbers: the unit that is called."""

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="households", verbose_name="bailleur")
    agency = models.ForeignKey(
        Agency, null=True, blank=True, on_delete=models.SET_NULL, related_name="households", verbose_name="agence"
    )
    residence = models.ForeignKey(
        Residence, null=True, blank=True, on_delete=models.SET_NULL, related_name="households", verbose_name="résidence"
    )
    # Contract or dwelling reference, from the landlord.
    reference = models.CharField("référence", max_length=60, blank=True)
    # Digest of the address (see tenants.addresses): finds households without a reference, and duplicates.
    match_key = models.CharField(max_length=64, blank=True, editable=False)
    street = models.CharField("adresse", max_length=200, blank=True)
    building = models.CharField("bâtiment", max_length=60, blank=True)
    door = models.CharField("porte, étage", max_length=60, blank=True)
    postal_code = models.CharField("code postal", max_length=10, blank=True)
    city = models.CharField("commune", max_length=120, blank=True)
    insee_code = models.CharField("code INSEE", max_length=5, blank=True, db_index=True)
    department = models.CharField("département", max_length=3, blank=True)
    living_alone = models.BooleanField("vit seul(e)", null=True, blank=True)
    fragile = models.BooleanField("marqué fragile", default=False)
    language = models.CharField("langue à parler", max_length=5, blank=True)
    # Useful for the call, agreed by the tenant: « entend mal », « préfère l'après-midi ».
    notes = models.CharField("à savoir pour l'appel", max_length=300, blank=True)
    opposed_at = models.DateTimeField("ne plus appeler depuis", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "foyer"
        constraints = [
            models.UniqueConstraint(
                fields=["landlord", "reference"], name="household_reference_per_landlord", condition=~Q(reference="")
            ),
        ]
        indexes = [models.Index(fields=["landlord", "match_key"], name="household_match")]

    def __str__(self) -> str:
        return f"foyer {self.pk}"

    @property
    def address_lines(self) -> list[str]:
        detail = ", ".join(part for part in (self.building, self.door) if part)
        town = f"{self.postal_code} {self.city}".strip()
        return [line for line in (self.street, detail, town) if line]


class Tenant(models.Model):
    """One person of a household."""

    class Status(models.TextChoices):
        PRESENT = "present", "présent"
        DECEASED = "deceased", "décédé"
        MOVED = "moved", "parti"
        CARE_HOME = "care_home", "en EHPAD"

    class Precision(models.TextChoices):
        DAY = "day", "jour connu"
        YEAR = "year", "année seule"
        UNKNOWN = "unknown", "inconnue"

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="tenants")
    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="tenants")
    reference = models.CharField("référence", max_length=60, blank=True)
    civility = models.CharField("civilité", max_length=10, blank=True)
    last_name = models.CharField("nom", max_length=120)
    first_name = models.CharField("prénom", max_length=120, blank=True)
    # For a bare year: 1 January of it, with birth_precision « year ».
    birth_date = models.DateField("date de naissance", null=True, blank=True)
    birth_precision = models.CharField(max_length=8, choices=Precision, default=Precision.UNKNOWN)
    status = models.CharField("situation", max_length=10, choices=Status, default=Status.PRESENT)
    status_at = models.DateTimeField(null=True, blank=True)
    # Both names as searching.key makes them: what a person is looked for in.
    search_name = models.CharField(max_length=300, blank=True, editable=False)
    # A list may reopen only what a list closed: what a call taught is stronger than a lagging list.
    closed_by_list = models.BooleanField(default=False, editable=False)
    # Left because a list said to be complete did not name them: the next one that gives them a row brings them back.
    closed_by_absence = models.BooleanField(default=False, editable=False)
    # This person asked never to be called again; the household is opposed once all who live there are.
    opposed_at = models.DateTimeField("ne plus appeler depuis", null=True, blank=True)

    class Meta:
        # The page, the sheet and the letter name a couple in the same order each time.
        ordering = ["pk"]
        verbose_name = "locataire"
        constraints = [
            models.UniqueConstraint(
                fields=["landlord", "reference"], name="tenant_reference_per_landlord", condition=~Q(reference="")
            ),
            # Without it an age would be shown as known, or as unknown, against the date.
            models.CheckConstraint(
                name="tenant_birth_and_precision",
                condition=Q(birth_date__isnull=True, birth_precision="unknown")
                | Q(birth_date__isnull=False, birth_precision__in=["day", "year"]),
            ),
            # Left over from an earlier departure, it would bring back who leaves next as if a list had said it.
            models.CheckConstraint(
                name="tenant_present_not_closed",
                condition=~Q(status="present") | Q(closed_by_list=False, closed_by_absence=False),
            ),
            models.CheckConstraint(
                name="tenant_absence_is_from_a_list", condition=Q(closed_by_absence=False) | Q(closed_by_list=True)
            ),
        ]
        indexes = [models.Index(fields=["landlord", "birth_date"], name="tenant_birth")]

    def __str__(self) -> str:
        return f"locataire {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_name = searching.key(self.last_name, self.first_name)
        fields = kwargs.get("update_fields")
        if fields is not None and {"last_name", "first_name"} & set(fields):
            kwargs["update_fields"] = {*fields, "search_name"}
        super().save(*args, **kwargs)

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.civility, self.first_name, self.last_name.upper()) if part)

    def age_on(self, day: date) -> int | None:
        """Whole years on ``day``; None when the birth date is unknown."""
        born = self.birth_date
        if born is None:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def age_band_on(self, day: date) -> str:
        """« 80–84 ans »: what a volunteer may see instead of a birth date."""
        age = self.age_on(day)
        if age is None:
            return "âge à vérifier"
        if age < 70:
            return "moins de 70 ans"
        if age >= 95:
            return "95 ans et plus"
        low = age - age % 5
        return f"{low}–{low + 4} ans"


class PhoneNumber(models.Model):
    """A number of the household; dialled in the order of ``rank``, a third party's always last."""

    class Validity(models.TextChoices):
        UNKNOWN = "unknown", "à essayer"
        CONFIRMED = "confirmed", "confirmé"
        WRONG = "wrong", "mauvais numéro"
        DISCONNECTED = "disconnected", "non attribué"

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="phones")
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.SET_NULL, related_name="phones")
    e164 = models.CharField("numéro", max_length=20)
    label = models.CharField("libellé", max_length=60, blank=True)
    third_party = models.BooleanField("numéro d'un tiers", default=False)
    rank = models.PositiveSmallIntegerField("ordre", default=0)
    validity = models.CharField(max_length=12, choices=Validity, default=Validity.UNKNOWN)
    validity_at = models.DateTimeField(null=True, blank=True)
    # Of somebody opposed, or « ne plus appeler » in a list: dialled for nobody until a coordinator decides.
    held = models.BooleanField("en attente d'une décision", default=False)

    class Meta:
        verbose_name = "numéro de téléphone"
        verbose_name_plural = "numéros de téléphone"
        ordering = ["third_party", "rank", "id"]
        constraints = [models.UniqueConstraint(fields=["household", "e164"], name="phone_once_per_household")]
        indexes = [models.Index(fields=["e164"], name="phone_e164")]

    def __str__(self) -> str:
        return f"numéro {self.pk}"

    @property
    def usable(self) -> bool:
        return not self.held and self.validity in (self.Validity.UNKNOWN, self.Validity.CONFIRMED)


class Opposition(models.Model):
    """« Ne plus m'appeler », kept as a keyed hash so that it survives purges and re-imports."""

    class Kind(models.TextChoices):
        # By releases that kept none: any of the three, or of names with their accents.
        FORMER = "", "avant"
        REFERENCE = "reference", "référence"
        NAMES = "names", "noms et naissance"
        # Opposes nobody: the number is dialled for nobody until a coordinator decides.
        NUMBER = "number", "numéro"

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="oppositions")
    # A keyed hash of ``tenants.identity``.
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=9, choices=Kind, default=Kind.FORMER, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "opposition"
        constraints = [models.UniqueConstraint(fields=["landlord", "digest"], name="opposition_once")]

    def __str__(self) -> str:
        return f"opposition {self.pk}"


class TenantAlias(models.Model):
    """What a merged person was also known by, so that the next list does not make them anew."""

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="aliases")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="aliases")
    # One of households.person_keys: a keyed hash, as for oppositions.
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "autre identité d'un locataire"
        constraints = [models.UniqueConstraint(fields=["landlord", "digest"], name="alias_once")]

    def __str__(self) -> str:
        return f"alias {self.pk}"


class Departed(models.Model):
    """Somebody a list or a call said dead or gone who is not kept: a list that says nothing of it raises nobody."""

    landlord = models.ForeignKey(Landlord, on_delete=models.CASCADE, related_name="departed")
    # One of ``tenants.identity.departed_keys``.
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Tenant.Status)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "personne partie ou décédée, par empreinte"
        constraints = [models.UniqueConstraint(fields=["landlord", "digest"], name="departed_once")]

    def __str__(self) -> str:
        return f"départ {self.pk}"


class Confirmations(models.QuerySet["Confirmation"]):
    def waiting(self) -> Confirmations:
        return self.filter(decided_at=None)

    def blocking(self) -> Confirmations:
        """Those before which nobody calls the household."""
        return self.waiting().filter(blocks=True)


class Confirmation(models.Model):
    """« À confirmer »: what a list or an opposition leaves in doubt; a coordinator decides within two working days."""

    class Kind(models.TextChoices):
        DEAD_THEN_PRESENT = "dead_then_present", "notée décédée, dite présente par une liste"
        RETURNED = "returned", "notée partie, dite présente par une liste"
        DO_NOT_CALL = "do_not_call", "«\u00a0ne pas contacter\u00a0» dans une liste"
        OPPOSITION_NUMBER = "opposition_number", "numéro d'une personne qui ne veut plus être appelée"
        OPPOSITION_BIRTH = "opposition_birth", "mêmes noms et même année qu'une personne qui ne veut plus être appelée"
        OPPOSED_MEMBER = "opposed_member", "une personne du foyer ne veut plus être appelée"
        BIRTH_OWNER = "birth_owner", "naissance de l'une ou de l'autre"
        AGE_IN_DOUBT = "age_in_doubt", "âge douteux"

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="confirmations")
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="confirmations")
    kind = models.CharField("raison", max_length=20, choices=Kind)
    # As the list says it.
    word = models.CharField("mot de la liste", max_length=60, blank=True)
    blocks = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # Whether what the list or the opposition says was held for true.
    agreed = models.BooleanField(null=True, blank=True)

    objects = Confirmations.as_manager()

    class Meta:
        verbose_name = "chose à confirmer"
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "kind"],
                name="one_waiting_about_a_person",
                condition=Q(decided_at=None, tenant__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["household", "kind"],
                name="one_waiting_about_a_household",
                condition=Q(decided_at=None, tenant=None),
            ),
        ]
        indexes = [
            models.Index(fields=["household"], name="confirmation_waiting", condition=Q(decided_at=None)),
        ]

    def __str__(self) -> str:
        return f"à confirmer {self.pk}"


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


class DistinctPair(models.Model):
    """Two records that look alike and are two people: somebody said so, they are not proposed again."""

    first = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "paire de personnes distinctes"
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="distinct_once"),
            models.CheckConstraint(condition=Q(first__lt=models.F("second")), name="distinct_in_order"),
        ]

    def __str__(self) -> str:
        return f"paire {self.pk}"


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
