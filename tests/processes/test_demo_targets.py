"""« make demo » and « make demo-reset » pointed by mistake at a real database, or at a real folder."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest
from django.db import connection

from tests.house.source import ROOT
from tests.house.test_upgrade import FILL, Base
from tests.processes.installation import PATIENCE, Process, database_url, is_alive, wait_until
from tests.processes.test_start import free_port


def an_earlier_base(folder: Path) -> None:
    """« before.sqlite3 », as the version before left it, with an account of its own."""
    Base(folder, f"sqlite:///{folder / 'before.sqlite3'}").run("-c", FILL)


def surroundings() -> dict[str, str]:
    """What a terminal holds, without what the tests put there."""
    ours = ("PYTEST", "COV_", "MAKE", "DEMO_", "SITE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def make(target: str, folder: Path, *variables: str, **environment: str) -> tuple[int, str]:
    """As typed in a terminal, the libraries being there already: what it ended with, and what it said."""
    own = surroundings()
    process = Process(
        ["make", "--old-file=venv", target, f"VAR_DIR={folder}", f"PORT={free_port()}", *variables],
        {**own, **environment},
        folder.parent / f"{folder.name}-{target}.log",
    )
    try:
        return process.popen.wait(timeout=600), process.output()
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


def test_the_demonstration_shows_a_page_at_once_and_leaves_the_real_database_alone(
    tmp_path: Path, transactional_db: None, household: Any
):
    """From the first page to the last figure, with a real installation's settings around it."""
    before = everything()
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_", "MAKE", "DEMO_"))
    }
    own |= {
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        "CACHE_URL": "redis://127.0.0.1:1/1",
        "SECRET_KEY": "le-vrai-secret",
        "PRIVACY_KEY": "la-vraie-cle",
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "SITE_URL": "https://solidarites.exemple.fr",
    }
    command = ["make", "--old-file=venv", "demo", f"VAR_DIR={tmp_path}", f"PORT={port}"]
    process = Process(command, own, tmp_path / "demo.log")
    try:
        wait_until(lambda: "se prépare" in read(address)[1], say=process.output)
        # A script is told to come again; a browser is shown the page, which asks for itself again.
        status, said, headers = read(address, accept="*/*")
        assert (status, headers["Retry-After"]) == (503, "3")
        assert "recommencez" in said
        status, said, headers = read(address + "connexion/?next=/")
        assert (status, headers["Refresh"]) == (200, "3")
        assert said.count("state state-") == 4
        assert "<script" not in said
        assert read(address + "static/css/app.css", accept="text/css")[0] == 200
        assert read(address + "static/../scripts/demo.py")[0] == 503
        taken = subprocess.run(command, env=own, cwd=ROOT, capture_output=True, text=True, check=False)
        assert f"PORT={port + 1}" in taken.stderr
        # The page until the application, at each moment: no closed door in between.
        met = set()
        until = time.monotonic() + 600
        while not met or "Connexion" not in met:
            assert time.monotonic() < until, process.output()[-4000:]
            status, said, _ = read(address)
            assert status == 200, (status, process.output()[-4000:])
            met.add("Connexion" if "<title>Connexion" in said else "préparation")
            time.sleep(0.1)
        assert met == {"préparation", "Connexion"}
        assert "Mot de passe   solidarites-demo" in process.output()
        assert address.rstrip("/") in process.output()
        assert "exemple.fr/" not in process.output()
        done = subprocess.run(
            [sys.executable, "manage.py", "campaign_report", "confinement-2020", "--json"],
            cwd=ROOT,
            env={"PATH": own["PATH"], "SOLIDARITES_DEMO": "1", "VAR_DIR": str(tmp_path / "demo")},
            capture_output=True,
            text=True,
            check=True,
        )
        figures = json.loads(done.stdout)
        assert (figures["households_reached"], figures["calls"]) == (2320, 2700)
        stop(process)
    finally:
        process.kill()
    assert everything() == before


def test_a_preparation_cut_in_the_middle_is_taken_up_again(tmp_path: Path):
    port = free_port()
    environment = surroundings()
    command = ["make", "--old-file=venv", "demo", f"VAR_DIR={tmp_path}", f"PORT={port}"]
    for end in ("stop", "kill"):
        process = Process(command, environment, tmp_path / f"{end}.log")
        try:
            wait_until(lambda: "se prépare" in read(f"http://127.0.0.1:{port}/")[1], say=process.output)
            wait_until((tmp_path / "demo" / "solidarites.sqlite3").exists, say=process.output)
            if end == "stop":
                stop(process)
        finally:
            process.kill()
        assert "Traceback" not in process.output()
    process = Process(command, environment, tmp_path / "again.log")
    try:
        wait_until(lambda: "se prépare" in read(f"http://127.0.0.1:{port}/")[1], say=process.output)
        process.wait_for("/03/2020", patience=600)
    finally:
        process.kill()


def stop(process: Process) -> None:
    """As make and systemd do; whatever it had started is gone a moment later."""
    family = psutil.Process(process.popen.pid).children(recursive=True)
    process.popen.terminate()
    process.popen.wait(timeout=PATIENCE)
    wait_until(lambda: not any(map(is_alive, family)), say=process.output)


def read(address: str, accept: str = "text/html,*/*;q=0.8") -> tuple[int, str, Any]:
    """What a browser or a script gets; status 0 when nobody answers."""
    try:
        with urlopen(Request(address, headers={"Accept": accept}), timeout=60) as page:
            return page.status, page.read().decode(), page.headers
    except HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers
    except OSError:
        return 0, "", {}


def everything() -> tuple[Any, ...]:
    """The rows of the test's database, table by table; and its file."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
            rows[table] = cursor.fetchone()[0]
    return rows, bytes_of_the_file()


@pytest.mark.parametrize("target", ["demo", "demo-reset"])
def test_a_real_database_is_left_as_it_is(target: str, tmp_path: Path, transactional_db: None, household: Any):
    before = everything()
    said = refused(*make(target, tmp_path, DEMO_DATABASE_URL=database_url()))
    assert "Retirez DEMO_DATABASE_URL" in said
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
    code, output = make("demo-reset", tmp_path, "MANAGE=true")
    assert code == 0, output
    assert theirs.exists()
