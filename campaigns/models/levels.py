"""How urgent something is: U0 vital, now; U1 same day; U2 48 hours; U3 7 days."""

from django.db import models


class Level(models.TextChoices):
    U0 = "U0", "U0 : vital, tout de suite"
    U1 = "U1", "U1 : dans la journée"
    U2 = "U2", "U2 : sous 48 heures"
    U3 = "U3", "U3 : sous 7 jours"
