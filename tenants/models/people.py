"""Whom we call: landlords, residences, households, tenants and their numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
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
