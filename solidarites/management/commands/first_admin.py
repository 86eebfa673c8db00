"""Ask for the account an installation starts with."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from solidarites import accounts, roles
from solidarites.models import User


class Command(BaseCommand):
    help = (
        "Crée le premier compte d'administration ; ne fait rien s'il en existe un. Pose ses questions au terminal, ou "
        "lit FIRST_ADMIN_EMAIL, FIRST_ADMIN_PASSWORD, FIRST_ADMIN_FIRST_NAME et FIRST_ADMIN_LAST_NAME."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(groups__name=roles.ADMINISTRATOR, is_active=True).exists():
            return
        environment = os.environ.get("FIRST_ADMIN_EMAIL", "").strip()
        if environment:
            values = self.from_environment(environment)
        elif sys.stdin.isatty():
            values = self.from_terminal()
        else:
            raise CommandError(
                "Aucun compte d'administration. Lancez « python manage.py first_admin » dans un terminal, ou donnez "
                "FIRST_ADMIN_EMAIL et FIRST_ADMIN_PASSWORD."
            )
        if User.objects.filter(email__iexact=values["email"]).exists():
            raise CommandError("Un compte existe déjà avec cette adresse.")
        if accounts.make_first_administrator(**values):
            self.stdout.write("Le compte d'administration est créé. Connectez-vous avec cette adresse.")

    def from_environment(self, email: str) -> dict[str, str]:
        values = {
            "email": email,
            "first_name": os.environ.get("FIRST_ADMIN_FIRST_NAME", "").strip(),
            "last_name": os.environ.get("FIRST_ADMIN_LAST_NAME", "").strip(),
            "password": os.environ.get("FIRST_ADMIN_PASSWORD", ""),
        }
        problems = [*problems_of_email(email), *problems_of_password(values)]
        if problems:
            raise CommandError(" ".join(problems))
        return values

    def from_terminal(self) -> dict[str, str]:
        self.stdout.write("Premier compte d'administration")
        values = {"email": "", "first_name": "", "last_name": "", "password": ""}
        while problems := problems_of_email(values["email"]):
            if values["email"]:
                self.stdout.write(" ".join(problems))
            values["email"] = input("Adresse e-mail : ").strip()
        while not values["first_name"]:
            values["first_name"] = input("Prénom : ").strip()
        while not values["last_name"]:
            values["last_name"] = input("Nom : ").strip()
        while True:
            values["password"] = getpass.getpass("Mot de passe (12 caractères au moins) : ")
            if problems := problems_of_password(values):
                self.stdout.write(" ".join(problems))
            elif getpass.getpass("Mot de passe, une seconde fois : ") != values["password"]:
                self.stdout.write("Les deux mots de passe sont différents.")
            else:
                return values


def problems_of_email(email: str) -> list[str]:
    try:
        validate_email(email)
    except ValidationError as error:
        return list(error.messages)
    return []


def problems_of_password(values: dict[str, str]) -> list[str]:
    user = User(email=values["email"], first_name=values["first_name"], last_name=values["last_name"])
    try:
        validate_password(values["password"], user)
    except ValidationError as error:
        return list(error.messages)
    return []
