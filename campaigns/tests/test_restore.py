"""« make restore »: all is checked before anything is touched, and what people asked since is not forgotten."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from campaigns.models import Campaign, Case
from solidarites import checks, health, privacy, running
from solidarites.backups import archive, postgresql, saving
from solidarites.backups import sqlite as sqlite_files
from solidarites.models import Heartbeat, JournalEntry, OutgoingMail, User
from tenants.households import record_opposition
from tenants.models import Household, Landlord, Opposition
from tests import spare as spares
from tests.factories import make_campaign, make_case, make_household, make_landlord, make_user

INSIDE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


def backup() -> Path:
    call_command("backup", stdout=StringIO())
    return max(saving.default_folder().glob("solidarites-*"), key=lambda path: path.stat().st_mtime)


def restore(path: Path, **options: object) -> str:
    out = StringIO()
    call_command("restore", str(path), stdout=out, **{"yes": True, **options})
    return out.getvalue()


def emails() -> list[str]:
    return list(User.objects.order_by("email").values_list("email", flat=True))


@pytest.fixture
def lea(spare):
    """A running installation, with one volunteer when its backup is made."""
    checks.refuse_other_key()
    return make_user("lea@exemple.fr", "Léa", "Bonnet")


def everything() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but those that a restore itself writes."""
    own = {"solidarites_heartbeat", "solidarites_journalentry", "sqlite_sequence"}
    found = {}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names()) - own:
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted(cursor.fetchall(), key=repr)
    return found


def test_what_comes_back_is_what_was_saved(lea):
    campaign = make_campaign(volunteers=[lea])
    for _ in range(5):
        make_case(campaign)
    path, before = backup(), everything()
    Case.objects.all().delete()
    make_user("paul@exemple.fr", "Paul", "Girard")
    said = restore(path)
    assert everything() == before
    assert "terminée et vérifiée" in said
    assert JournalEntry.objects.filter(action="installation.restored").count() == 1
    make_user("odile@exemple.fr", "Odile", "Renaud")  # new numbers follow those that came back


def test_the_base_that_was_there_is_kept_and_comes_back_too(lea):
    path = backup()
    make_user("paul@exemple.fr", "Paul", "Girard")
    restore(path)
    assert emails() == ["lea@exemple.fr"]
    (kept,) = saving.default_folder().glob("avant-restauration-*")
    assert kept.stat().st_mode & 0o777 == 0o600
    restore(kept)
    assert emails() == ["lea@exemple.fr", "paul@exemple.fr"]


def test_it_comes_into_an_empty_database(lea, spare):
    path = backup()
    empty(spare)
    said = restore(path)
    assert emails() == ["lea@exemple.fr"]
    assert "pas de base lisible" in said
    assert "sont perdues" in said


def empty(name: str) -> None:
    connections.close_all()
    if connection.vendor == "sqlite":
        Path(name).unlink()
    else:
        spares.ask_server(f'DROP DATABASE "{name}"')
        spares.ask_server(f'CREATE DATABASE "{name}"')


def test_tables_of_a_newer_version_do_not_stay_behind(lea):
    path = backup()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE campaigns_later (id integer PRIMARY KEY)")
        cursor.execute("ALTER TABLE solidarites_user ADD COLUMN later integer")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('campaigns', '0099_later', %s)",
            [timezone.now()],
        )
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION later() RETURNS trigger AS 'BEGIN RETURN NEW; END' LANGUAGE plpgsql;"
                "CREATE VIEW seen AS SELECT id FROM solidarites_user;"
                "CREATE TYPE size AS ENUM ('s')"
            )
    restore(path)
    assert emails() == ["lea@exemple.fr"]
    assert "campaigns_later" not in connection.introspection.table_names()


def test_an_older_backup_is_brought_to_this_version(lea):
    """As one of the version before, whose base knew no fingerprint."""
    call_command("migrate", "solidarites", "0002", verbosity=0)
    path = bare_backup()
    connections.close_all()
    said = restore(path)
    assert "0.2 ou plus ancienne" in said
    assert emails() == ["lea@exemple.fr"]
    assert privacy.known() == ""
    checks.refuse_other_key()


def bare_backup() -> Path:
    """The file that 0.2 wrote: the base itself, or the archive of pg_dump."""
    target = saving.default_folder() / "solidarites-2026-01-01-030000.bak"
    target.parent.mkdir(exist_ok=True)
    if connection.vendor == "sqlite":
        base = sqlite3.connect(str(connection.settings_dict["NAME"]))
        with closing(base), closing(sqlite3.connect(target)) as copy:
            base.backup(copy)
    else:
        postgresql._run(["pg_dump", "--format=custom", f"--file={target}"], "")
    return target


# Refused, and nothing is touched ---------------------------------------------------------------------------


def refused(path: Path, words: str, **options: object) -> None:
    make_user("paul@exemple.fr", "Paul", "Girard")
    with pytest.raises(CommandError, match=words):
        restore(path, **options)
    assert emails() == ["lea@exemple.fr", "paul@exemple.fr"]
    assert not running.unfinished().exists(), "what runs may start again"
    assert not list(saving.default_folder().glob(".en-cours*"))


@pytest.mark.parametrize("kind", running.KINDS)
def test_it_stops_when_a_process_of_this_machine_runs(lea, kind):
    path = backup()
    running.announce(kind)
    try:
        refused(path, rf"tourne encore \({kind}\)")
    finally:
        running._held.pop().close()


def test_it_stops_when_another_program_has_the_base_open(lea, spare):
    path = backup()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(spare)) as other:
            # As the application opens it.
            other.execute("PRAGMA journal_mode=WAL")
            other.execute("SELECT count(*) FROM solidarites_user").fetchone()
            refused(path, "ouverte par un autre programme")
    else:
        with spares.server(spare):
            refused(path, "1 autre")


def test_a_sign_of_life_that_moves_is_a_worker_of_another_machine(lea, monkeypatch):
    monkeypatch.setattr(running, "connection", Elsewhere())
    health.beat_now(health.BEAT, timezone.now())
    said: list[str] = []
    with pytest.raises(running.StillRunning, match="autre machine"):
        running.refuse_elsewhere(
            said.append, lambda pause: health.beat_now(health.BEAT, timezone.now() + timedelta(seconds=1))
        )
    pauses: list[float] = []
    running.refuse_elsewhere(said.append, pauses.append)
    assert sum(pauses) >= 35, "longer than the pause between two signs"
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=5))
    running.refuse_elsewhere(said.append, lambda pause: pytest.fail("nobody is waited for"))


class Elsewhere:
    """A PostgreSQL to which nobody else is connected."""

    vendor = "postgresql"

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def execute(self, *args):
        pass

    def fetchone(self):
        return (0,)


def test_another_key_is_refused_before_anything_is_touched(lea, settings):
    path = backup()
    settings.PRIVACY_KEY = "une autre clé"
    refused(path, "PRIVACY_KEY")


def test_another_key_accepted_on_purpose_serves_and_says_what_is_lost(lea, settings):
    household = make_household()
    record_opposition(household=household, now=timezone.now())
    path = backup()
    settings.PRIVACY_KEY = "une autre clé"
    said = restore(path, accept_other_key=True)
    assert "Autre clé acceptée" in said
    checks.refuse_other_key()


@pytest.mark.parametrize("at", [0.2, 0.98])
def test_a_file_cut_short_is_refused(lea, at):
    path = backup()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * at)])
    refused(path, "endommagée ou incomplète")


def test_a_file_altered_is_refused(lea):
    path = backup()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    refused(path, "endommagée ou incomplète")


def rewritten(path: Path, change: object) -> Path:
    """The same backup, its manifest and its database changed by ``change(manifest, content)``."""
    with tarfile.open(path) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        content = tar.extractfile(INSIDE[connection.vendor]).read()
    content = change(manifest, content) or content
    with tarfile.open(path, "w:gz") as tar:
        for name, data in (("manifest.json", json.dumps(manifest).encode()), (INSIDE[connection.vendor], content)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_a_database_that_is_not_that_of_the_manifest_is_refused(lea):
    refused(rewritten(backup(), lambda manifest, content: content + b"x"), "endommagée ou incomplète")


def test_rows_that_are_missing_are_refused_and_nothing_is_changed(lea):
    def one_more(manifest, content):
        manifest["counts"]["solidarites_user"] += 1

    words = "endommagée" if connection.vendor == "sqlite" else "comme avant.*rows of solidarites_user"
    refused(rewritten(backup(), one_more), words)


def test_a_backup_of_a_newer_version_is_refused(lea):
    def newer(manifest, content):
        manifest["product"] = "9.9.0"
        manifest["migrations"]["tenants"] = "0099_later"

    refused(rewritten(backup(), newer), r"plus récente du produit \(9\.9\.0\).*tenants 0099_later")


def test_a_backup_of_the_other_kind_of_database_is_refused(lea):
    def other(manifest, content):
        manifest["database"] = {"sqlite": "postgresql", "postgresql": "sqlite"}[manifest["database"]]

    path = rewritten(backup(), other)
    if connection.vendor == "sqlite":
        path.write_bytes(b"PGDMP and what follows")
    else:
        path.write_bytes(b"SQLite format 3\x00 and what follows")
    refused(path, "sauvegarde d’une base (SQLite|PostgreSQL), et DATABASE_URL")


def test_what_is_no_backup_is_refused(lea, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("Notes de réunion")
    refused(other, "pas une sauvegarde")
    with pytest.raises(CommandError, match="n’existe pas"):
        restore(tmp_path / "absente.tar.gz")


def test_without_a_yes_nothing_is_replaced(lea, monkeypatch):
    path = backup()
    refused(path, "--yes", yes=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: "non")
    with pytest.raises(CommandError, match="Rien n’est changé"):
        restore(path, yes=False)
    assert len(emails()) == 2
    monkeypatch.setattr("builtins.input", lambda prompt: "Oui")
    restore(path, yes=False)
    assert emails() == ["lea@exemple.fr"]


def test_oppositions_of_a_base_under_another_key_are_not_said_to_be_safe(lea, settings):
    path, key = backup(), settings.PRIVACY_KEY
    settings.PRIVACY_KEY = "la clé de l’autre installation"
    privacy.accept(now=timezone.now())
    record_opposition(household=make_household(), now=timezone.now())
    other = privacy.fingerprint()
    settings.PRIVACY_KEY = key
    said = restore(path)
    assert "sans pouvoir être reconnues" in said
    assert other in said
    assert "aucune n’est perdue" not in said


# What was there ---------------------------------------------------------------------------------------------


def test_a_wal_left_over_deletes_nothing(lea, spare):
    """As after a crash: the WAL of the base before, newer than the backup, would be read into what comes back."""
    path = backup()
    connections.close_all()
    if connection.vendor == "sqlite":
        leave_wal(Path(spare), "DELETE FROM solidarites_user")
        assert Path(f"{spare}-wal").stat().st_size
    restore(path)
    connections.close_all()
    assert emails() == ["lea@exemple.fr"]
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(spare)) as base:
            assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def leave_wal(path: Path, statement: str) -> None:
    """Write, and die before the WAL is taken into the base."""
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("PRAGMA foreign_keys=OFF")
        base.execute(statement)
        base.commit()
        aside = [shutil.copy(found, f"{found}.left") for found in (path, *sqlite_files.beside(path))]
    for left in map(Path, aside):
        left.replace(str(left).removesuffix(".left"))


def test_a_base_that_cannot_be_read_is_kept_as_it_is_and_replaced(lea, spare):
    path = backup()
    connections.close_all()
    if connection.vendor == "sqlite":
        Path(spare).write_bytes(b"SQLite format 3\x00" + b"\xff" * 8000)
        Path(f"{spare}-wal").write_bytes(b"a wal of nothing")
    else:
        with closing(spares.server(spare)) as link, link.cursor() as cursor:
            cursor.execute("DROP TABLE django_migrations")
    said = restore(path)
    assert emails() == ["lea@exemple.fr"]
    assert "sont perdues" in said
    if connection.vendor == "sqlite":
        (aside,) = saving.default_folder().glob("avant-restauration-*.sqlite3")
        assert b"\xff" * 100 in aside.read_bytes()
        assert not Path(f"{spare}-wal").exists() or b"nothing" not in Path(f"{spare}-wal").read_bytes()


def test_who_asked_since_never_to_be_called_is_not_called(lea):
    campaign = make_campaign(volunteers=[lea])
    asked, other = make_case(campaign), make_case(campaign)
    path = backup()
    record_opposition(household=asked.household, now=timezone.now())
    late = make_landlord("arcachon", "Arcachon Habitat")
    record_opposition(household=make_household(late), now=timezone.now())
    expected = set(Opposition.objects.values_list("landlord__code", "digest"))
    said = restore(path)
    assert set(Opposition.objects.values_list("landlord__code", "digest")) == expected
    assert Household.objects.get(pk=asked.household_id).opposed_at is not None
    assert Household.objects.get(pk=other.household_id).opposed_at is None
    assert Case.objects.get(pk=asked.pk).status == Case.Status.CLOSED
    assert Landlord.objects.filter(code="arcachon").exists(), "its next list would bring them back"
    assert f"reprises\u00a0: {len(expected)}" in said
    assert f"opposés\u00a0: 1 (foyer n° {asked.household_id})." in said


def test_a_neighbour_with_the_same_number_is_not_opposed(lea):
    asked = make_household(phone="+33556000001")
    shares = make_household(phone="+33556000001")
    path = backup()
    record_opposition(household=asked, now=timezone.now())
    restore(path)
    assert Household.objects.get(pk=asked.pk).opposed_at is not None
    assert Household.objects.get(pk=shares.pk).opposed_at is None


def test_an_opposition_lifted_since_is_named(lea):
    household = make_household()
    record_opposition(household=household, now=timezone.now())
    path = backup()
    from tenants.households import lift_opposition

    lift_opposition(household=household, reason="slip", now=timezone.now())
    said = restore(path)
    assert f"de nouveau en vigueur\u00a0: foyer n° {household.pk}." in said


def test_a_restore_cut_in_the_middle_forgets_no_opposition(lea, monkeypatch):
    household = make_household()
    path = backup()
    record_opposition(household=household, now=timezone.now())

    def power_cut(opened):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("solidarites.backups.replacing.bring_up", power_cut)
        with pytest.raises(KeyboardInterrupt):
            restore(path)
    assert running.unfinished().exists(), "nothing starts"
    assert running.unfinished().stat().st_mode & 0o777 == 0o600
    said = restore(path)
    assert "aucune n’est perdue" in said
    assert Household.objects.get(pk=household.pk).opposed_at is not None
    assert not running.unfinished().exists()


def test_the_purges_due_since_are_done_before_anything_starts(lea):
    campaign = make_campaign(status=Campaign.Status.CLOSED, closed_at=timezone.now() - timedelta(days=29))
    make_case(campaign, status=Case.Status.CLOSED, closed_at=timezone.now(), next_call_at=None)
    path = backup()
    # Two days go by: the backup is of the day before yesterday.
    Campaign.objects.update(closed_at=timezone.now() - timedelta(days=31))
    path = backup_again(path)
    said = restore(path)
    assert Campaign.objects.get().status == Campaign.Status.PURGED
    assert not Household.objects.exists()
    assert campaign.name in said
    assert "1." in said


def backup_again(path: Path) -> Path:
    path.unlink()
    return backup()


def test_who_was_signed_in_or_shown_the_door_does_not_come_back(lea, client_of):
    paul = make_user("paul@exemple.fr", "Paul", "Girard")
    client = client_of(lea)
    session = client.session.session_key
    path = backup()
    User.objects.filter(pk=paul.pk).update(is_active=False)
    said = restore(path)
    assert not User.objects.get(pk=paul.pk).is_active
    assert "fermés de nouveau\u00a0: 1" in said
    from django.contrib.sessions.models import Session

    assert not Session.objects.filter(session_key=session).exists()


def mail_row(key: str, template: str = "referral_sent", **fields: object) -> OutgoingMail:
    return OutgoingMail.objects.create(key=key, to="ccas@exemple.fr", template=template, **fields)


def test_a_message_that_left_since_does_not_leave_again(lea):
    left, waits = mail_row("referral:1:sent:1"), mail_row("alert:1:raised:1", "alert")
    cancelled = mail_row("invitation:1:x", "invitation")
    path = backup()
    at = timezone.now()
    OutgoingMail.objects.filter(pk=left.pk).update(state="sent", sent_at=at)
    OutgoingMail.objects.filter(pk=cancelled.pk).update(state="cancelled")
    mail_row("referral:2:sent:1", state="sent", sent_at=at, context={"reference": "S-0002"})
    said = restore(path)
    assert OutgoingMail.objects.get(pk=left.pk).state == "sent"
    assert OutgoingMail.objects.get(pk=left.pk).sent_at == at
    assert OutgoingMail.objects.get(pk=waits.pk).state == "queued"
    assert OutgoingMail.objects.get(pk=cancelled.pk).state == "cancelled"
    assert "ne connaît pas\u00a0: S-0002." in said, "a partner has a sheet that this base does not know"


def test_without_the_base_that_was_there_no_referral_is_lost(lea, spare):
    kept = mail_row("referral:1:sent:1")
    dropped = [mail_row(template, template) for template in ("referral_code", "alert", "referral_reminder")]
    path = backup()
    empty(spare)
    restore(path)
    again = OutgoingMail.objects.get(pk=kept.pk)
    assert (again.state, again.was_unsure, again.message_id) == ("queued", True, kept.message_id)
    assert set(OutgoingMail.objects.filter(pk__in=[one.pk for one in dropped]).values_list("state", flat=True)) == {
        "cancelled"
    }


def test_households_that_come_back_from_an_erasure_are_named(lea):
    household = make_household()
    path = backup()
    Household.objects.all().delete()
    said = restore(path)
    assert f"sont revenus\u00a0: {household.pk}." in said


def test_a_full_disk_leaves_the_base_as_it_was(lea, monkeypatch):
    path = backup()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.tarfile.TarFile, "addfile", full)
    refused(path, "plus de place")


def test_a_database_that_does_not_answer_is_one_line(lea, spare, monkeypatch):
    path = backup()
    connections.close_all()
    name, value, words = (
        ("PORT", 1, "La base ne répond pas")
        if connection.vendor == "postgresql"
        else ("NAME", "/proc/nulle-part/base.sqlite3", "n’a pas pu être remplacée")
    )
    with monkeypatch.context() as patched:
        patched.setitem(connection.settings_dict, name, value)
        with pytest.raises(CommandError, match=words):
            restore(path)
