"""A copy of the database while the application runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from solidarites.backups import BackupError, saving


class Command(BaseCommand):
    help = "Sauvegarde la base, application en marche, dans un seul fichier vérifié que vous seul pouvez lire."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="fichier ou dossier où l’écrire ; par défaut VAR_DIR/backups")
        parser.add_argument("--recipient", help="chiffrer pour cette clé publique d’age ou de gpg (BACKUP_RECIPIENT)")
        parser.add_argument("--keep", type=int, help="sauvegardes gardées dans le dossier ; 0 : toutes (BACKUP_KEEP)")

    def handle(self, *args: Any, **options: Any) -> None:
        recipient = settings.BACKUP_RECIPIENT if options["recipient"] is None else options["recipient"]
        keep = settings.BACKUP_KEEP if options["keep"] is None else options["keep"]
        try:
            saving.refuse_root()
            saved = saving.save(
                now=timezone.now(),
                target=Path(options["file"]) if options["file"] else None,
                recipient=recipient,
                keep=keep,
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows = sum(saved.manifest.counts.values())
        size = saved.path.stat().st_size // 1024 + 1
        closed = ", chiffrée" if recipient else ""
        self.stdout.write(f"Sauvegarde vérifiée{closed} : {saved.path} ({size} Kio, {rows} lignes)")
        if saved.removed:
            self.stdout.write(f"Anciennes sauvegardes retirées : {len(saved.removed)}.")
