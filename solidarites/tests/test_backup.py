"""A backup is a whole database, readable by nobody else, and never replaces another."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import make_user


@pytest.mark.django_db(transaction=True)
def test_a_backup_holds_what_the_database_holds(tmp_path, capsys):
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    target = tmp_path / "copie" / "solidarites.bak"
    call_command("backup", str(target))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(target)) as copy:
            assert copy.execute("SELECT email FROM solidarites_user").fetchall() == [("lea@exemple.fr",)]
    else:
        listed = subprocess.run(
            ["pg_restore", "--list", str(target)], capture_output=True, text=True, check=True
        ).stdout
        assert "TABLE DATA public solidarites_user" in listed


@pytest.mark.django_db
def test_a_backup_never_replaces_another(tmp_path):
    target = tmp_path / "solidarites.bak"
    target.write_text("hier")
    with pytest.raises(CommandError, match="existe déjà"):
        call_command("backup", str(target))
    assert target.read_text() == "hier"
