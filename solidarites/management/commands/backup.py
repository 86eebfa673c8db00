"""A copy of the database while the application runs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone


class Command(BaseCommand):
    help = (
        "Sauvegarde la base, application en marche (SQLite : une base complète ; PostgreSQL : une archive de pg_dump)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="où l'écrire ; par défaut VAR_DIR/backups")

    def handle(self, *args: Any, **options: Any) -> None:
        suffix = "sqlite3" if connection.vendor == "sqlite" else "dump"
        name = f"solidarites-{timezone.localtime():%Y-%m-%d-%H%M%S}.{suffix}"
        target = Path(options["file"] or settings.VAR_DIR / "backups" / name)
        if target.exists():
            raise CommandError(f"{target} existe déjà.")
        target.parent.mkdir(parents=True, exist_ok=True)
        # It holds people: nobody else on the machine may read it.
        target.touch(mode=0o600)
        try:
            if connection.vendor == "sqlite":
                self.copy_sqlite(target)
            else:
                self.dump_postgresql(target)
        except Exception:
            target.unlink(missing_ok=True)
            raise
        self.stdout.write(f"Sauvegarde : {target} ({target.stat().st_size // 1024} Kio)")

    def copy_sqlite(self, target: Path) -> None:
        name = str(connection.settings_dict["NAME"])
        with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)

    def dump_postgresql(self, target: Path) -> None:
        data = connection.settings_dict
        given = {
            "PGUSER": data["USER"],
            "PGPASSWORD": data["PASSWORD"],
            "PGHOST": data["HOST"],
            "PGPORT": str(data["PORT"]),
        }
        environment = {**os.environ, **{name: value for name, value in given.items() if value}}
        command = ["pg_dump", "--format=custom", f"--file={target}", str(data["NAME"])]
        try:
            subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
        except FileNotFoundError as error:
            raise CommandError("pg_dump manque sur cette machine (paquet postgresql-client).") from error
        except subprocess.CalledProcessError as error:
            raise CommandError(f"pg_dump a échoué : {error.stderr.strip()[:300]}") from error
