"""The way in for the only administrator, who lost the password, where no mail leaves."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from solidarites import accounts
from solidarites.management.commands.first_admin import problems_of_password
from solidarites.management.named import account_named


class Command(BaseCommand):
    help = (
        "Donne un nouveau mot de passe à un compte, demandé deux fois au terminal (ou lu dans NEW_PASSWORD). "
        "Ses connexions ouvertes finissent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="l'adresse e-mail du compte")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = account_named(email)
        given = os.environ.get("NEW_PASSWORD", "")
        if not given and not sys.stdin.isatty():
            raise CommandError("Lancez cette commande dans un terminal, ou donnez NEW_PASSWORD.")
        password = given or getpass.getpass("Mot de passe (12 caractères au moins) : ")
        values = {"email": user.email, "first_name": user.first_name, "last_name": user.last_name}
        if problems := problems_of_password({**values, "password": password}):
            raise CommandError(" ".join(problems))
        if not given and getpass.getpass("Mot de passe, une seconde fois : ") != password:
            raise CommandError("Les deux mots de passe sont différents. Rien n'est changé.")
        accounts.give_password(user=user, password=password, now=timezone.now())
        self.stdout.write("Le mot de passe est changé. Connectez-vous avec lui.")
