"""What outlives a list: oppositions, the dead, records merged or told apart, and what a coordinator is asked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tenants.models.people import Household, Landlord, Tenant


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
