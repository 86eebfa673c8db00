"""Whether this installation has what it needs, one line a thing."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from solidarites import installation


class Command(BaseCommand):
    help = (
        "Regarde ce qu'il faut à cette installation : clés, droits, base, horloge, courrier, site, services. Une ligne "
        "chacun : « bon », « à voir » ou « non », et quoi faire. Ne change rien. Finit par 1 s'il y a un « non »."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--mail-to", metavar="ADRESSE", default="", help="envoyer un message d'essai à cette adresse"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["mail_to"]:
            try:
                validate_email(options["mail_to"])
            except ValidationError as error:
                raise CommandError("--mail-to : cette adresse ne se lit pas.") from error
        refused = 0
        for found in installation.findings(now=timezone.now, mail_to=options["mail_to"]):
            refused += found.verdict == installation.NO
            self.stdout.write(f"{found.verdict:<7} {found.name} : {found.text}")
            self.stdout.flush()
        if refused:
            raise CommandError(f"À corriger : {refused}. Voir docs/installer.md.")
