"""What sends people to the phone. The value stands in addresses: printed paper names it."""

from __future__ import annotations

from django.db import models


class Crisis(models.TextChoices):
    EPIDEMIC = "epidemie", "épidémie"
    HEAT = "canicule", "canicule"
    COLD = "grand-froid", "grand froid"
