"""Fill the demonstration."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from campaigns.demo import base
from campaigns.demo.seed import seed


class Command(BaseCommand):
    help = (
        "Remplit la démonstration de personnes inventées. Recommencer garde ce qui existe. Refuse une base qui "
        "contient un compte ou un foyer d'une installation réelle."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="refuse une base réelle, et n'écrit rien (à faire avant de la préparer)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Ceci n'est pas une démonstration : rien n'est ajouté à une vraie installation. "
                "Lancez « make demo », ou définissez SOLIDARITES_DEMO=1."
            )
        started = time.monotonic()
        try:
            if options["check"]:
                base.refuse_a_real_base()
                return
            seed(now=timezone.now(), say=self.say)
        except base.RealBase as refusal:
            raise CommandError(str(refusal)) from refusal
        self.say(f"Démonstration prête ({time.monotonic() - started:.0f} s).")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
