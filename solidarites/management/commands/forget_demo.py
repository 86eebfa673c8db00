"""Empties the database of the demonstration, and no other."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from solidarites.models import User


class Command(BaseCommand):
    help = "Efface la démonstration. Refuse une base où se trouvent d'autres comptes que les siens."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Cette commande ne sert qu'à la démonstration (SOLIDARITES_DEMO=1).")
        if User._meta.db_table not in connection.introspection.table_names():
            return
        people = User.objects.count()
        if people and not User.objects.filter(is_demo=True).exists():
            raise CommandError("Cette base est celle d'une installation réelle : rien n'a été effacé.")
        call_command("flush", interactive=False, verbosity=0)
        self.stdout.write("Démonstration effacée.")
