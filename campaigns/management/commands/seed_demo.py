"""Fill the demonstration."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from campaigns.demo.seed import seed


class Command(BaseCommand):
    help = "Remplit la démonstration de personnes inventées. Recommencer garde ce qui existe."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Ceci n'est pas une démonstration : rien n'est ajouté à une vraie installation. "
                "Lancez « make demo », ou définissez SOLIDARITES_DEMO=1."
            )
        started = time.monotonic()
        seed(now=timezone.now(), say=self.say)
        self.say(f"Démonstration prête ({time.monotonic() - started:.0f} s).")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
