"""The call scripts that ship with the product, as published versions."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns import scripts


class Command(BaseCommand):
    help = "Publie les trames d'appel livrées avec le produit ; ne change rien quand elles y sont déjà."

    def handle(self, *args: Any, **options: Any) -> None:
        for script in scripts.load_defaults(now=timezone.now()):
            if options["verbosity"] > 0:
                self.stdout.write(f"Trame : {script}")
