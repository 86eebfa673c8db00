"""The fingerprint of PRIVACY_KEY, and taking another key on purpose."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from solidarites import factors, privacy
from tenants import hashes


class Command(BaseCommand):
    help = (
        "Dit l’empreinte de PRIVACY_KEY et celle que la base attend. Avec --accept-new, la clé d’avant étant perdue "
        "pour de bon, la clé donnée prend sa place, et ce qui est perdu est dit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accept-new", action="store_true", help="la clé d’avant est perdue : prendre celle-ci")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            expected = privacy.known()
            fits = expected == privacy.fingerprint() if expected else privacy.recognises()
        except DatabaseError as error:
            raise CommandError("La base ne répond pas, ou n’est pas à jour : lancez « make install ».") from error
        self.stdout.write(f"Empreinte de la clé, lue dans {privacy.where()} : {privacy.fingerprint()}")
        self.stdout.write(f"Empreinte attendue par la base : {expected or 'aucune, rien n’a encore démarré sur elle'}")
        if " #" in settings.PRIVACY_KEY:
            self.stdout.write(
                "Cette clé contient un commentaire, pris avec elle dans .env. Gardez-la ainsi, et écrivez-la entre "
                "apostrophes : PRIVACY_KEY='…   # …'. Sans lui, ce serait une autre clé."
            )
        if fits:
            self.stdout.write("C’est la clé de cette base." if expected else "Le premier démarrage la notera.")
        elif options["accept_new"]:
            self.accept()
        else:
            raise CommandError(privacy.problem(expected))

    def accept(self) -> None:
        found = hashes.accept_key(now=timezone.now())
        self.stdout.write(
            f"La clé donnée est désormais celle de cette base ({privacy.fingerprint()}) : gardez-la au coffre.\n"
            f"Foyers opposés encore dans la base, protégés par la nouvelle clé : {found.households}.\n"
            f"Empreintes de personnes déjà effacées, qui ne seront plus reconnues : {found.lost}. Si une liste ramène "
            "ces personnes, elles seront de nouveau à appeler : prévenez la coordination.\n"
            f"Autres identités de fiches réunies, qui ne seront plus reconnues : {found.aliases}. Une liste peut "
            "recréer ces fiches en double.\n"
            f"Personnes dont la double authentification ne se lit plus : {factors.locked_out()}. Leurs codes sont "
            "refusés : l’administration la retire sur leur page, elles en installent une autre à la connexion "
            "suivante ; pour qui administre sans personne d’autre : « python manage.py new_second_factor ADRESSE »."
        )
