"""Put a backup in the place of the database."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections
from django.utils import timezone

from campaigns.restoration import memory as memories
from campaigns.restoration.memory import Memory
from campaigns.restoration.settle import State, settle
from solidarites import privacy, running
from solidarites.backups import BackupError, replacing, saving
from solidarites.backups.archive import Manifest
from solidarites.backups.replacing import Opened
from solidarites.tasks import forget_old_rows
from tenants import hashes

SHOWN = {"tenants_household": "foyers", "campaigns_call": "appels", "solidarites_user": "comptes"}


class Command(BaseCommand):
    help = (
        "Remet une sauvegarde à la place de la base, application arrêtée. Tout est vérifié avant de toucher à rien, la "
        "base qui était là est gardée, ses oppositions sont reprises, et les effacements dus depuis sont faits."
    )
    # The base may be empty, or in pieces.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="la sauvegarde, chiffrée ou non ; celles de la version 0.2 aussi")
        parser.add_argument("--yes", action="store_true", help="ne pas demander de confirmation")
        parser.add_argument("--identity", default="", help="clé privée d’age, pour une sauvegarde chiffrée par age")
        parser.add_argument(
            "--accept-other-key",
            action="store_true",
            help="restaurer sous une autre PRIVACY_KEY ; dit ce qui est perdu",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            saving.refuse_root()
            with running.alone(), saving.work_in(saving.default_folder()) as work:
                self.restore(work, options)
        except (BackupError, running.StillRunning) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"La restauration s’est arrêtée : {saving.unreachable(error)} Relancez la même commande ; rien ne "
                "démarre avant."
            ) from error
        finally:
            connections.close_all()

    def restore(self, work: Path, options: dict[str, Any]) -> None:
        opened = replacing.open_backup(Path(options["file"]), work, identity=options["identity"])
        replacing.refuse_newer(opened.manifest)
        if not options["accept_other_key"]:
            replacing.refuse_other_key(opened.manifest)
        standing = replacing.standing()
        running.refuse_elsewhere(self.say)
        self.confirm(opened.manifest, options)
        begun = running.unfinished().exists()
        memory = self.remember(standing, opened.manifest)
        try:
            replacing.replace(opened)
        except BackupError:
            if not begun:
                running.unfinished().unlink()
            raise
        replacing.bring_up(opened)
        self.finish(opened, memory, other_key=options["accept_other_key"])

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def confirm(self, manifest: Manifest, options: dict[str, Any]) -> None:
        self.say(f"Sauvegarde vérifiée, {made(manifest.made_at)}, version {manifest.product or '0.2 ou plus ancienne'}")
        if manifest.counts:
            self.say(", ".join(f"{manifest.counts.get(table, 0)} {word}" for table, word in SHOWN.items()))
        if options["yes"]:
            return
        if not sys.stdin.isatty():
            raise BackupError("Ajoutez --yes (YES=1 avec make) pour restaurer sans terminal. Rien n’est changé.")
        self.say("Elle remplace toute la base : ce qui a été fait depuis n’y sera plus.")
        if input("Écrivez « oui » pour restaurer : ").strip().lower() != "oui":
            raise BackupError("Rien n’est changé.")

    def remember(self, standing: bool, manifest: Manifest) -> Memory:
        """Keep the base that was there, and what it knows, before it goes."""
        now, path = timezone.now(), running.unfinished()
        found = Memory()
        if standing:
            saved = saving.save(now=now, prefix=saving.BEFORE_RESTORE, recipient=settings.BACKUP_RECIPIENT)
            self.say(f"La base qui était là est gardée : {saved.path}")
            found = memories.read(fingerprint=manifest.fingerprint)
        elif aside := replacing.set_aside(now):
            self.say(f"La base qui était là ne se lit pas ; elle est gardée telle quelle : {aside}")
        memory = memories.together(memories.kept(path), found)
        memories.keep(memory, path)
        return memory

    def finish(self, opened: Opened, memory: Memory, *, other_key: bool) -> None:
        now = timezone.now()
        if other_key and privacy.known() not in ("", privacy.fingerprint()):
            found = hashes.accept_key(now=now)
            self.say(f"Autre clé acceptée. Empreintes d’opposition qui ne seront plus reconnues : {found.lost}.")
        done = settle(memory=memory, made_at=opened.manifest.made_at, now=now)
        forget_old_rows()
        self.tell_oppositions(memory, opened.manifest, done)
        for line in (
            f"Comptes fermés depuis, fermés de nouveau : {done.accounts}." if done.accounts else "",
            mails(done.mails),
            f"Campagnes dont l’effacement était dû, effacées : {', '.join(done.campaigns)}." if done.campaigns else "",
            f"Foyers effacés par les effacements dus : {done.households_purged}." if done.households_purged else "",
            f"Signalements partis depuis, que la base remise ne connaît pas : {', '.join(done.unknown_referrals)}. "
            "Refaites-les, ou prévenez les partenaires."
            if done.unknown_referrals
            else "",
            f"Foyers qui n’étaient plus dans la base d’avant, et qui sont revenus : {numbers(done.back)}. S’ils "
            "avaient été effacés à la demande des personnes, effacez-les de nouveau."
            if done.back
            else "",
        ):
            if line:
                self.say(line)
        if not privacy.known() and not privacy.recognises():
            self.say(f"Attention : {privacy.problem('')}")
        running.unfinished().unlink(missing_ok=True)
        self.say("Restauration terminée et vérifiée. Chacun se reconnecte. Démarrez web, worker et beat.")

    def tell_oppositions(self, memory: Memory, manifest: Manifest, done: Any) -> None:
        if not memory.readable:
            self.say(
                f"Oppositions : il n’y avait pas de base lisible. Celles notées depuis la sauvegarde "
                f"({made(manifest.made_at)}) sont perdues : demandez à l’équipe qui a demandé depuis à ne plus être "
                "appelé, et notez-le avant de reprendre les appels."
            )
            return
        if done.carried and memory.fingerprint not in ("", privacy.fingerprint()):
            self.say(
                f"Oppositions notées depuis la sauvegarde, reprises sans pouvoir être reconnues : {done.carried}. La "
                f"base d’avant avait une autre PRIVACY_KEY ({memory.fingerprint})."
            )
        else:
            self.say(f"Oppositions notées depuis la sauvegarde, reprises : {done.carried} ; aucune n’est perdue.")
        if done.opposed:
            self.say(f"Foyers de nouveau opposés : {len(done.opposed)} (foyer n° {numbers(done.opposed)}).")
        if done.opposed_again:
            self.say(
                f"Oppositions levées depuis, de nouveau en vigueur : foyer n° {numbers(done.opposed_again)}. La "
                "coordination peut les lever."
            )


def made(moment: datetime | None) -> str:
    return f"faite le {timezone.localtime(moment):%d/%m/%Y à %H:%M}" if moment else "de date inconnue"


def numbers(found: list[int]) -> str:
    shown = ", ".join(map(str, found[:20]))
    return shown if len(found) <= 20 else f"{shown}… ({len(found)} en tout)"


def mails(found: Any) -> str:
    """What became of the messages that the backup still held as waiting."""
    if not found:
        return ""
    waiting, cancelled = found[State.QUEUED], found[State.CANCELLED]
    settled = found.total() - waiting - cancelled
    return (
        f"E-mails qui attendaient dans la sauvegarde : {settled} déjà partis ou réglés depuis, qui ne repartent pas ; "
        f"{cancelled} périmés, annulés ; {waiting} à envoyer (un signalement peut arriver deux fois, "
        "il ne se perd pas)."
    )
