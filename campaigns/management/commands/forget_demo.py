"""Empties the database of the demonstration, and no other."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns.demo import base


class Command(BaseCommand):
    help = "Efface la démonstration. Refuse une base qui contient un compte ou un foyer d'une installation réelle."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Cette commande ne sert qu'à la démonstration (SOLIDARITES_DEMO=1).")
        try:
            forgotten = base.forget()
        except base.RealBase as refusal:
            raise CommandError(str(refusal)) from refusal
        if forgotten:
            self.stdout.write("Démonstration effacée.")
