"""A backup is one whole and checked file, readable by nobody else, that never replaces another."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from solidarites import health, privacy
from solidarites.backups import archive, encryption, postgresql, saving
from solidarites.models import Heartbeat
from tests.factories import make_user

INSIDE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


def backup(*arguments: str, **options: object) -> str:
    out = StringIO()
    call_command("backup", *arguments, stdout=out, **options)
    return out.getvalue()


def only(folder: Path) -> Path:
    """The one file of this folder, hidden ones counted."""
    (found,) = folder.iterdir()
    return found


def program(folder: Path, name: str, script: str) -> None:
    """A program of this name that comes first on the PATH."""
    folder.mkdir(exist_ok=True)
    made = folder / name
    made.write_text(f"#!{sys.executable}\nimport os, sys\n{script}\n")
    made.chmod(0o755)


def test_a_backup_holds_what_the_database_holds_and_says_so(spare, settings):
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    said = backup()
    path = only(settings.VAR_DIR / "backups")
    assert str(path) in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["manifest.json", INSIDE[connection.vendor]]
        manifest = json.load(tar.extractfile("manifest.json"))
        tar.extract(INSIDE[connection.vendor], settings.VAR_DIR)
    inside = settings.VAR_DIR / INSIDE[connection.vendor]
    assert manifest["counts"]["solidarites_user"] == 1
    assert manifest["migrations"]["solidarites"] >= "0003"
    assert manifest["fingerprint"] == privacy.fingerprint()
    assert manifest["sha256"] == archive.digest_of(inside)
    assert settings.PRIVACY_KEY not in json.dumps(manifest)
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(inside)) as copy:
            assert copy.execute("SELECT email FROM solidarites_user").fetchall() == [("lea@exemple.fr",)]
            assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",), "one file, without companions"
    else:
        assert "TABLE DATA public solidarites_user" in postgresql._run(["pg_restore", "--list", str(inside)], "")


def test_the_last_success_is_noted_for_who_watches(spare):
    assert not Heartbeat.objects.filter(name=health.BACKUP).exists()
    backup()
    assert timezone.now() - Heartbeat.objects.get(name=health.BACKUP).at < timedelta(minutes=1)


def test_a_backup_never_replaces_another(spare, tmp_path):
    target = tmp_path / "solidarites.tar.gz"
    target.write_text("hier")
    with pytest.raises(CommandError, match="existe déjà"):
        backup(str(target))
    assert target.read_text() == "hier"


def test_only_the_last_backups_of_the_folder_stay(spare, settings):
    folder = settings.VAR_DIR / "backups"
    folder.mkdir()
    kept = ("solidarites-2026-01-09-030000.tar.gz.age", "notes.txt", "solidarites-2026-01-01.tar.gz")
    gone = ("avant-restauration-2026-01-02-030000.tar.gz", "solidarites-2026-01-01-030000.sqlite3")
    for name in (*kept, *gone):
        (folder / name).write_text("")
    assert "retirées\u00a0: 2" in backup(keep=2)
    names = {path.name for path in folder.iterdir()}
    assert names >= set(kept)
    assert not names & set(gone)
    assert len(names) == len(kept) + 1
    backup(keep=0)
    assert len(list(folder.iterdir())) == len(kept) + 2, "0 keeps all"


@pytest.fixture
def closers(tmp_path, monkeypatch):
    """gpg and age where they are; where they are not, a program that takes the same words and closes for a key."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    stand_in = """
words = sys.argv[1:]
data = open(words[-1], 'rb').read()
if '--encrypt' in words:
    data = HEAD + bytes(one ^ 77 for one in data)
else:
    assert data.startswith(HEAD), 'nothing of ours'
    data = bytes(one ^ 77 for one in data[len(HEAD):])
open(words[words.index('--output') + 1], 'wb').write(data)
"""
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    keys = {"gpg": "secours@exemple.fr", "age": "age1" + "q" * 58}
    identity = tmp_path / "age-key.txt"
    if shutil.which("gpg"):
        made = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", keys["gpg"], "ed25519", "default"]
        subprocess.run([*made[:-1], "cert", "never"], check=True, capture_output=True)
        listed = subprocess.run(["gpg", "--list-keys", "--with-colons"], capture_output=True, text=True, check=True)
        mark = next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr"))
        subprocess.run(
            ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-add-key", mark, "cv25519", "encr", "never"],
            check=True,
            capture_output=True,
        )
    else:
        program(folder, "gpg", f"HEAD = b'closed by gpg'\n{stand_in}")
    if shutil.which("age-keygen"):
        subprocess.run(["age-keygen", "-o", str(identity)], check=True, capture_output=True)
        text = identity.read_text()
        keys["age"] = next(line.split()[-1] for line in text.splitlines() if "public key" in line)
    else:
        identity.write_text("the private key")
        program(folder, "age", f"HEAD = b'age-encryption.org/v1'\n{stand_in}")
    yield keys, identity
    if shutil.which("gpgconf"):
        subprocess.run(["gpgconf", "--kill", "all"], check=False, capture_output=True)


@pytest.mark.parametrize("name", ["gpg", "age"])
def test_a_backup_closed_for_a_key_says_nothing_and_comes_back(spare, settings, closers, name):
    keys, identity = closers
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    settings.BACKUP_RECIPIENT = keys[name]
    assert "chiffrée" in backup()
    path = only(settings.VAR_DIR / "backups")
    assert path.name.endswith(f".tar.gz.{name}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"manifest" not in path.read_bytes()
    assert not tarfile.is_tarfile(path)
    make_user("paul@exemple.fr", "Paul", "Girard")
    settings.BACKUP_RECIPIENT = ""
    call_command("restore", str(path), yes=True, identity=str(identity) if name == "age" else "", stdout=StringIO())
    assert list(connection_emails()) == ["lea@exemple.fr"]


def connection_emails() -> list[str]:
    from solidarites.models import User

    return list(User.objects.values_list("email", flat=True))


@pytest.mark.parametrize("recipient", ["secours@exemple.fr", "age1" + "q" * 58])
def test_without_the_program_nothing_is_written_in_clear(spare, settings, tmp_path, monkeypatch, recipient):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pg_dump", "pg_restore"):
        if found := shutil.which(name):
            (folder / name).symlink_to(found)
    # pg_wrapper, which stands behind these names on Debian, asks for perl.
    (folder / "perl").symlink_to(shutil.which("perl") or "/usr/bin/perl")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(CommandError, match=r"manque sur cette machine \(sudo apt install (age|gnupg)\)"):
        backup(recipient=recipient)
    assert not list((settings.VAR_DIR / "backups").iterdir())


def test_a_file_of_keys_is_for_age_and_a_pgp_key_for_gpg(tmp_path):
    keys, pgp = tmp_path / "keys.txt", tmp_path / "key.asc"
    keys.write_text("# le coffre\nage1qqqq\n")
    pgp.write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    assert encryption.program_for(str(keys)) == "age"
    assert encryption.program_for("ssh-ed25519 AAAA") == "age"
    assert encryption.program_for(str(pgp)) == "gpg"
    assert encryption.program_for("0xDEADBEEF") == "gpg"


def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(spare, settings):
    """The system itself refuses to write further, in a process of its own."""
    told = run_backup(spare, settings.VAR_DIR, room=20_000)
    assert told.returncode == 1
    assert "plus de place" in told.stderr or "signal" in told.stderr
    assert "Traceback" not in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
    assert not list((settings.VAR_DIR / "backups").iterdir())


def test_a_full_disk_while_packing_is_said_too(spare, settings, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.tarfile.TarFile, "addfile", full)
    with pytest.raises(CommandError, match="plus de place"):
        backup()
    assert not list((settings.VAR_DIR / "backups").iterdir())


def run_backup(name: str, var: Path, room: int | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    def narrow() -> None:
        if room:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    data = connection.settings_dict
    server = f"postgres://{data['USER']}:{data['PASSWORD']}@{data['HOST'] or '127.0.0.1'}:{data['PORT'] or 5432}/{name}"
    return subprocess.run(
        [sys.executable, "manage.py", "backup"],
        cwd=django_settings.BASE_DIR,
        env={
            **{one: value for one, value in os.environ.items() if not one.startswith("PYTEST")},
            "VAR_DIR": str(var),
            "DATABASE_URL": f"sqlite:///{name}" if connection.vendor == "sqlite" else server.replace(":@", "@"),
            "PRIVACY_KEY": "une clé de test",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        preexec_fn=narrow,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgre//nulle-part", "DATABASE_URL ne se lit pas"),
        ("postgres://personne@127.0.0.1:1/rien", "La base ne répond pas"),
        ("sqlite:////nulle/part/base.sqlite3", "pas de base à sauvegarder"),
    ],
)
def test_a_wrong_address_of_the_database_is_said_in_one_line(tmp_path, address, said):
    told = run_backup("", tmp_path, DATABASE_URL=address)
    assert told.returncode == 1
    assert said in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1
    assert not Path("/nulle").exists()


def test_an_empty_database_is_no_backup(tmp_path):
    base = tmp_path / "base.sqlite3"
    with closing(sqlite3.connect(base)) as made:
        made.execute("CREATE TABLE autre (x)")
        made.commit()
    told = run_backup("", tmp_path, DATABASE_URL=f"sqlite:///{base}")
    assert "base est vide" in told.stderr
    assert not list((tmp_path / "backups").iterdir())


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("print('pg_dump (PostgreSQL) 9.6.24')", r"pg_dump \(9\) est plus ancien que le serveur .*postgresql-client-"),
        (
            "if '--version' in sys.argv: print('pg_dump (PostgreSQL) 99.1'); sys.exit()\n"
            "sys.exit('pg_dump: error: could not write: No space left on device')",
            "plus de place sur le disque",
        ),
        (None, r"pg_dump manque .* apt install postgresql-client"),
    ],
)
def test_what_pg_dump_cannot_do_is_said_in_one_line(tmp_path, monkeypatch, script, said):
    """On every run: the words are those of pg_dump, the server those of this run, else one of version 15."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    if script:
        program(tmp_path / "bin", "pg_dump", script)
    monkeypatch.setattr(postgresql, "_server", lambda: 15)

    def dump():
        postgresql._refuse_older_tools()
        postgresql._run(["pg_dump", "--file=x"], "La copie a échoué")

    with pytest.raises(postgresql.BackupError, match=said):
        dump()


def test_what_a_killed_backup_left_is_tidied_up_a_day_later(spare, settings):
    folder = settings.VAR_DIR / "backups"
    old, recent = folder / ".en-cours-vieux", folder / ".en-cours-recent"
    for one in (old, recent):
        one.mkdir(parents=True)
        (one / "database.sqlite3").write_text("des personnes")
    os.utime(old, (0, 0))
    backup()
    assert not old.exists()
    assert recent.exists()


def test_the_name_says_the_moment_of_the_house(spare, settings):
    saved = saving.save(now=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    assert saved.path.name == "solidarites-2026-07-02-003000.tar.gz"
