"""The first editions of the questions and the numbers that ship with the product."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns.public import loading


class Command(BaseCommand):
    help = "Publie les questions et les numéros livrés avec le produit ; ne change rien quand ils y sont déjà."

    def handle(self, *args: Any, **options: Any) -> None:
        for edition in loading.load_defaults(now=timezone.now()):
            if options["verbosity"] > 0:
                self.stdout.write(f"Édition : {edition}")
