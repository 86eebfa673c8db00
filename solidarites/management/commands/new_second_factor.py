"""The way in for the only administrator, who lost the phone, the recovery codes, or the key that reads them."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from solidarites import accounts
from solidarites.management.named import account_named


class Command(BaseCommand):
    help = (
        "Retire la double authentification d'un compte\u00a0: sa prochaine connexion demande de l'installer de nouveau."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="l'adresse e-mail du compte")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = account_named(email)
        if not is_mfa_enabled(user):
            raise CommandError("Ce compte n'a pas de double authentification. Rien n'est changé.")
        accounts.forget_second_factor(user=user, now=timezone.now())
        self.stdout.write(
            "La double authentification de ce compte est retirée. Connectez-vous avec le mot de passe\u00a0: la page "
            "d'installation s'ouvre."
        )
