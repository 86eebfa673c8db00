"""Fill the demonstration."""

from __future__ import annotations

import io
import json
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from campaigns.demo import base
from campaigns.demo.seed import LINES, SPRING, seed

# Where the parts of the whole preparation begin and end, in hundredths of its time, as measured.
MIGRATED, READY, FILLED = 38, 42, 96


class Command(BaseCommand):
    help = (
        "Remplit la démonstration de personnes inventées. Recommencer garde ce qui existe. Refuse une base qui "
        "contient un compte ou un foyer d'une installation réelle."
    )
    # Asked for by whoever waits for the first page: « make lint » checks the project.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="refuse une base réelle, et n'écrit rien (à faire avant de la préparer)",
        )
        parser.add_argument(
            "--prepare", action="store_true", help="prépare d'abord la base et les pages, comme « make install »"
        )
        parser.add_argument(
            "--progress", action="store_true", help="dit l'avancement en JSON, une ligne à la fois (scripts/demo.py)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Ceci n'est pas une démonstration : rien n'est ajouté à une vraie installation. "
                "Lancez « make demo », ou définissez SOLIDARITES_DEMO=1."
            )
        self.in_json, self.said = options["progress"], 0
        started = time.monotonic()
        try:
            base.refuse_a_real_base()
            if options["check"]:
                return
            if options["prepare"]:
                self.prepare()
            seed(now=timezone.now(), say=self.say)
        except base.RealBase as refusal:
            raise CommandError(str(refusal)) from refusal
        self.tell(f"Démonstration prête ({time.monotonic() - started:.0f} s).", "winter", FILLED, show=True)

    def prepare(self) -> None:
        """In this process: starting Django four times takes longer than what is asked of it."""
        executor = MigrationExecutor(connection)
        count = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        call_command("migrate", interactive=False, verbosity=1, stdout=Counted(self, count), no_color=True)
        self.tell("Préparation des pages.", "base", MIGRATED)
        call_command("collectstatic", interactive=False, verbosity=0)

    def say(self, line: str) -> None:
        """A line of the seeding, and how far it brings us."""
        self.said += 1
        step = "spring" if self.said <= LINES[SPRING] else "winter"
        self.tell(line, step, min(FILLED, READY + (FILLED - READY) * self.said // sum(LINES.values())), show=True)

    def tell(self, line: str, step: str, percent: int, show: bool = False) -> None:
        if self.in_json:
            line = json.dumps({"words": line, "step": step, "percent": percent, "print": show}, ensure_ascii=False)
        elif not show:
            return
        self.stdout.write(line)
        self.stdout.flush()


class Counted(io.StringIO):
    """What « migrate » says, counted instead of printed."""

    def __init__(self, command: Command, count: int) -> None:
        super().__init__()
        self.command, self.count, self.done = command, max(1, count), 0

    def write(self, text: str) -> int:
        if "OK" in text:
            self.done = min(self.count, self.done + 1)
            words = f"Base de données : étape {self.done} sur {self.count}."
            self.command.tell(words, "base", MIGRATED * self.done // self.count)
        return len(text)
