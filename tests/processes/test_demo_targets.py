"""« make demo » and « make demo-reset » pointed by mistake at a real database, or at a real folder."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.house.source import ROOT
from tests.house.test_upgrade import FILL, Base
from tests.processes.installation import Process, database_url
from tests.processes.test_start import free_port


def an_earlier_base(folder: Path) -> None:
    """« before.sqlite3 », as the version before left it, with an account of its own."""
    Base(folder, f"sqlite:///{folder / 'before.sqlite3'}").run("-c", FILL)


def make(target: str, folder: Path, *variables: str, **environment: str) -> tuple[int, str]:
    """As typed in a terminal, the libraries being there already: what it ended with, and what it said."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_", "MAKE"))}
    own.pop("DATABASE_URL", None)
    process = Process(
        ["make", "--old-file=venv", target, f"VAR_DIR={folder}", f"PORT={free_port()}", *variables],
        {**own, **environment},
        folder.parent / f"{folder.name}-{target}.log",
    )
    try:
        return process.popen.wait(timeout=300), process.output()
    finally:
        process.kill()


def refused(code: int, output: str) -> str:
    assert code != 0
    assert "Traceback" not in output
    said = [line for line in output.splitlines() if "installation réelle" in line]
    assert len(said) == 1, output[-2000:]
    return said[0]


def bytes_under(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def bytes_of_the_file() -> bytes:
    """Read by another process: opening and closing the file in this one would drop the locks it holds on it."""
    if connection.vendor != "sqlite":
        return b""
    return subprocess.run(["cat", str(connection.settings_dict["NAME"])], capture_output=True, check=True).stdout


@pytest.mark.parametrize("target", ["demo", "demo-reset"])
def test_a_real_database_is_left_as_it_is(target: str, tmp_path: Path, transactional_db: None, household: Any):
    def everything() -> tuple[Any, ...]:
        rows = {}
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
                rows[table] = cursor.fetchone()[0]
        return rows, bytes_of_the_file()

    before = everything()
    said = refused(*make(target, tmp_path, DATABASE_URL=database_url()))
    assert "DATABASE_URL" in said
    assert everything() == before


def test_a_file_left_by_a_power_cut_or_restored_from_a_backup_is_left_to_the_byte(tmp_path: Path):
    """What SQLite would tidy up as it leaves: a journal that is not folded yet, the mode of the file."""
    an_earlier_base(tmp_path)
    real = tmp_path / "before.sqlite3"
    cut = "import sqlite3, os; base = sqlite3.connect({!r}); base.execute({!r}); base.commit(); os._exit(0)"
    subprocess.run(
        [sys.executable, "-c", cut.format(str(real), "UPDATE solidarites_user SET first_name = 'Léa'")], check=True
    )
    restored = tmp_path / "restored.sqlite3"
    with closing(sqlite3.connect(restored)) as base:
        base.execute("CREATE TABLE solidarites_user (id INTEGER, is_demo BOOL)")
        base.execute("INSERT INTO solidarites_user VALUES (1, 0)")
        base.commit()
    before = bytes_under(tmp_path)
    assert before["before.sqlite3-wal"]
    for file, command in product((real, restored), ("seed_demo", "forget_demo")):
        environment = {
            **os.environ,
            "SOLIDARITES_DEMO": "1",
            "DATABASE_URL": f"sqlite:///{file}",
            "VAR_DIR": str(tmp_path / "demo"),
        }
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        refused(done.returncode, done.stderr)
        # The journal's index is shared memory: it holds nothing.
        assert {name: said for name, said in bytes_under(tmp_path).items() if not name.endswith("-shm")} == {
            name: said for name, said in before.items() if not name.endswith("-shm")
        }


def test_a_real_database_of_an_earlier_version_is_not_even_migrated(tmp_path: Path):
    """Kept where the demonstration keeps its own: the file, its folder and its secrets stay to the byte."""
    folder = tmp_path / "demo"
    folder.mkdir()
    an_earlier_base(folder)
    (folder / "before.sqlite3").rename(folder / "solidarites.sqlite3")
    before = bytes_under(folder)
    assert {"solidarites.sqlite3", "secret_key.txt", "privacy_key.txt"} <= set(before)
    for target in ("demo", "demo-reset"):
        said = refused(*make(target, tmp_path))
        assert f"renommez le dossier {folder}" in said
        assert bytes_under(folder) == before


def test_starting_again_removes_no_folder(tmp_path: Path):
    """What make does by itself, the commands put aside: whatever stands in the folder is still there."""
    theirs = tmp_path / "demo" / "backups" / "solidarites-2026-01-12.sqlite3"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("la sauvegarde de quelqu'un")
    code, output = make("demo-reset", tmp_path, "MANAGE=true", "PREPARE=/dev/null")
    assert code == 0, output
    assert theirs.exists()
