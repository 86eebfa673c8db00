"""A landlord's list from the command line: the same code as behind the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tenants.imports.at_once import Result, import_list
from tenants.imports.refusal import Refused
from tenants.landlords import the_landlord
from tenants.models import ImportProfile, Landlord


class Command(BaseCommand):
    help = "Importe une liste de locataires (CSV, XLSX, XLS, ODS). Importer deux fois la même liste ne change rien."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="le fichier à importer")
        parser.add_argument("--landlord", metavar="CODE", help="code du bailleur (inutile quand il n’y en a qu’un)")
        parser.add_argument("--profile", metavar="NOM", help="profil de colonnes enregistré")
        parser.add_argument("--sheet", metavar="FEUILLE", default="", help="feuille du classeur")
        parser.add_argument("--dry-run", action="store_true", help="vérifie sans rien écrire")
        parser.add_argument("--json", action="store_true", help="répond par un objet JSON")
        parser.add_argument(
            "--people",
            action="store_true",
            help="avec --json, ajoute les personnes du bailleur, leurs naissances et communes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = self._import(options)
        except Refused as error:
            if options["json"]:
                self._answer({"error": error.code, "message": error.message})
            else:
                self.stderr.write(error.message)
            raise SystemExit(1) from error
        if options["json"]:
            self._answer(result.as_json(people=options["people"]))
        else:
            self._report(result, dry_run=options["dry_run"])

    def _import(self, options: dict[str, Any]) -> Result:
        path = Path(options["file"])
        if not path.is_file():
            raise CommandError("Ce fichier n’existe pas ou ne peut pas être lu.", returncode=2)
        landlord = self._landlord(options["landlord"], dry_run=options["dry_run"])
        fields: dict[str, str] = {}
        if options["profile"]:
            profile = ImportProfile.objects.filter(landlord=landlord, name=options["profile"]).first()
            if profile is None:
                raise CommandError("Ce profil n’existe pas pour ce bailleur.", returncode=2)
            fields = profile.fields
        try:
            return import_list(
                path,
                landlord=landlord,
                now=timezone.now(),
                sheet=options["sheet"],
                fields=fields,
                dry_run=options["dry_run"],
                details=options["json"],
                people=options["json"] and options["people"],
            )
        except PermissionError as error:
            raise CommandError("Ce fichier ne peut pas être lu.", returncode=2) from error

    def _landlord(self, code: str | None, *, dry_run: bool) -> Landlord:
        try:
            return the_landlord(code, create=not dry_run)
        except LookupError as error:
            raise CommandError(str(error), returncode=2) from error

    def _answer(self, values: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(values, ensure_ascii=False, indent=1))

    def _report(self, result: Result, *, dry_run: bool) -> None:
        count = result.counts
        self.stdout.write("Vérification seule, rien n’a été écrit." if dry_run else "Liste importée.")
        self.stdout.write(
            f"{count['rows']} lignes : {count['tenants_created']} personnes ajoutées, "
            f"{count['tenants_updated']} modifiées, "
            f"{count['tenants_unchanged']} inchangées, {count['tenants_skipped']} parties ou décédées, "
            f"{count['tenants_rejected']} rejetées."
        )
        self.stdout.write(
            f"{count['households_created']} foyers ajoutés, {count['households_updated']} modifiés ; "
            f"{count['callable_households']} ont un numéro à appeler."
        )
        if refused := count["refused_columns"]:
            self.stdout.write(f"Colonnes refusées, non enregistrées : {', '.join(refused)}.")
