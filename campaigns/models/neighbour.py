"""What a neighbour tells, and the poster that says where to."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.models.welfare import WelfareCheck
from tenants.models import Residence

# Read aloud or copied by hand from a wall: no 0/O, 1/I/L.
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


def draw_code() -> str:
    """What stands for a residence in the address of its poster: it can neither be guessed nor followed to the next."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


class Poster(models.Model):
    """The code printed on the posters of a residence; it stays, since paper stays on walls."""

    residence = models.OneToOneField(Residence, on_delete=models.CASCADE, related_name="poster")
    code = models.CharField(max_length=16, unique=True, default=draw_code, editable=False)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "affiche"

    def __str__(self) -> str:
        return f"affiche {self.pk}"


class NeighbourReport(models.Model):
    """A worry left on the public page; a coordinator finds whose door it is, or says why nothing follows."""

    class State(models.TextChoices):
        NEW = "new", "à traiter"
        MATCHED = "matched", "veille ouverte"
        DISMISSED = "dismissed", "sans suite"

    class Worry(models.TextChoices):
        DANGER = "danger", "un appel à l'aide, une chute ou un danger"
        NOT_SEEN = "not_seen", "plus vue depuis plusieurs jours"
        MAIL = "mail", "courrier qui s'accumule ou volets qui ne bougent plus"
        HEALTH = "health", "semble malade, perdue ou affaiblie"
        WEATHER = "weather", "souffre du froid ou de la chaleur"
        ALONE = "alone", "très seule"
        OTHER = "other", "autre chose"

    class Dismissal(models.TextChoices):
        NOT_OURS = "not_ours", "pas un de nos foyers"
        PASSED_ON = "passed_on", "transmis à la mairie ou aux secours"
        ALREADY = "already", "déjà signalé"
        NOT_FOUND = "not_found", "foyer impossible à reconnaître"
        ABUSE = "abuse", "message sans objet"

    received_at = models.DateTimeField(default=timezone.now)
    residence = models.ForeignKey(Residence, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    place = models.CharField("résidence ou adresse", max_length=200, blank=True)
    who = models.CharField("nom, étage ou porte", max_length=120, blank=True)
    worries = models.JSONField(default=list, blank=True)
    text = models.CharField("précisions", max_length=TEXT, blank=True)
    reporter_name = models.CharField("nom du voisin", max_length=80, blank=True)
    reporter_phone = models.CharField("numéro du voisin", max_length=20, blank=True)
    level = models.CharField("niveau", max_length=2, choices=Level, default=Level.U2)
    state = models.CharField("état", max_length=10, choices=State, default=State.NEW)
    dismissal = models.CharField("raison", max_length=10, choices=Dismissal, blank=True)
    # Goes with its household's case.
    check_row = models.ForeignKey(
        WelfareCheck, null=True, blank=True, on_delete=models.CASCADE, related_name="neighbour_reports"
    )
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "inquiétude d'un voisin"
        verbose_name_plural = "inquiétudes de voisins"
        ordering = ["level", "received_at"]
        indexes = [models.Index(fields=["state", "received_at"], name="neighbour_state")]

    def __str__(self) -> str:
        return f"inquiétude {self.pk}"

    @property
    def worry_labels(self) -> list[str]:
        return [str(self.Worry(code).label) for code in self.worries if code in self.Worry.values]
