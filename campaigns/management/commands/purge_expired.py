"""Erase the people of the campaigns whose day has come."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns import calls, purge


class Command(BaseCommand):
    help = (
        "Efface les données personnelles des campagnes terminées dont le délai est passé, et les listes qu'aucune "
        "campagne n'utilise. Sans --confirm, dit seulement ce qui serait effacé."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--confirm", action="store_true", help="effacer pour de bon")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        due = [purge.expected(campaign) for campaign in purge.expired(now=now)]
        unused = purge.unused(now=now).count()
        held_back = purge.held_back(now=now)
        for campaign in held_back:
            self.stdout.write(
                f"{campaign.name} ({campaign.slug}) : rien n'est effacé tant que la coordination n'a pas tranché "
                f"{counted(calls.waiting(campaign).count(), 'appel')}."
            )
        if not due and not unused and not held_back:
            self.stdout.write("Rien à effacer.")
            return
        for one in due:
            self.stdout.write(
                f"{one.campaign.name} ({one.campaign.slug}), à effacer depuis le {one.due_on:%d/%m/%Y} : "
                f"{counted(one.cases, 'dossier')}, {counted(one.calls, 'appel')}, {counted(one.households, 'foyer')}."
            )
        if unused:
            self.stdout.write(
                f"Listes sans campagne depuis {purge.UNUSED_LIST_DAYS} jours : {counted(unused, 'foyer')}."
            )
        if not options["confirm"]:
            self.stdout.write("Rien n'est effacé. Ajoutez --confirm pour effacer.")
            return
        for proof in purge.purge_expired(now=now):
            self.stdout.write(
                f"{proof.campaign.name} : effacée, {counted(sum(proof.counts.values()), 'ligne')}. "
                f"Bilan gardé : campaign_report {proof.campaign.slug}"
            )
        self.stdout.write("Effacement terminé.")


def counted(number: int, word: str) -> str:
    digits = f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return f"{digits} {word}{'s' if number > 1 else ''}"
