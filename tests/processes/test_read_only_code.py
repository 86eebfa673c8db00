"""Web, worker and beat with VAR_DIR alone to write in: no right over the code, nor over the home folder."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf.global_settings import PASSWORD_HASHERS
from django.utils import timezone

from tenants.imports import jobs
from tenants.models import ListImport
from tests.factories import PASSWORD, make_landlord, make_user
from tests.house.source import ROOT
from tests.processes.installation import Process, database_url, wait_until
from tests.processes.test_start import answers, free_port
from tests.processes.visitor import Visitor

# Root without its powers: the rights written on files hold for it too.
POWERLESS = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", "node_modules", ".*_cache", "tests", "docs")
LIST = (
    "Nom;Prénom;Date de naissance;Référence;Téléphone;Code postal;Ville\n"
    "DURAND;Jeanne;03/04/1938;L1;0556010203;33000;Bordeaux\n"
)
PDF = """
import django; django.setup()
from django.utils import timezone
from campaigns.common import documents
made = documents.pdf("caretaker", {"residence": "R", "sender": "B", "day": "lundi", "doors": []})
print(made[:5])
"""


@pytest.fixture
def code(tmp_path: Path) -> Iterator[Path]:
    """The product's code, that nobody may write in."""
    made = tmp_path / "code"
    shutil.copytree(ROOT, made, ignore=LEFT_OUT)
    every = [made, *made.rglob("*")]
    for path in every:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield made
    for path in every:
        path.chmod(0o755)


class Machine:
    def __init__(self, code: Path, folder: Path, database: str, no_tmp: Path) -> None:
        self.code, self.folder, self.port = code, folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        given = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_", "TMP"))}
        self.environment = {
            **given,
            "VAR_DIR": str(folder),
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": "filesystem://",
            "SITE_URL": self.address,
            "REQUIRE_SECOND_FACTOR": "false",
            "EMAIL_URL": "consolemail://",
            "DJANGO_SETTINGS_MODULE": "solidarites.settings",
            "HOME": str(no_tmp),
            "XDG_CACHE_HOME": str(no_tmp),
        }
        self.processes: list[Process] = []

    def run(self, *arguments: str, succeeds: bool = True) -> str:
        done = subprocess.run(
            [*POWERLESS, *arguments],
            cwd=self.code,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) is succeeds, done.stderr[-3000:]
        return done.stdout

    def start(self, name: str, *arguments: str) -> Process:
        # The log is the test's, which may write anywhere.
        log = self.code.parent / f"{name}.log"
        script = f'cd {self.code} && exec "$@"'
        command = [*POWERLESS, "sh", "-c", script, "sh", sys.executable, "-m", *arguments]
        process = Process(command, self.environment, log)
        self.processes.append(process)
        return process

    def temporary_files_of(self, process: Process) -> list[str]:
        """By which each gunicorn worker says that it lives; they have no name on the disk any more."""
        parent = psutil.Process(process.popen.pid)
        links = [
            link.readlink()
            for one in (parent, *parent.children(recursive=True))
            for link in Path(f"/proc/{one.pid}/fd").iterdir()
        ]
        return [str(path) for path in links if path.name.startswith("wgunicorn-")]

    def said(self) -> str:
        return "\n".join(process.output()[-2000:] for process in self.processes)


def test_one_round_with_the_code_in_read_only(spare: str, code: Path, tmp_path: Path, settings: Any) -> None:
    # As the processes themselves, which know nothing of the tests.
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    hugues = make_user("hugues@exemple.fr", "Hugues", "Administre", "administrator")
    make_landlord()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    machine = Machine(code, settings.VAR_DIR, database_url(), closed)
    machine.run("touch", "written", succeeds=False)
    machine.run(sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0")
    try:
        bind = ("--bind", f"127.0.0.1:{machine.port}", "--threads", "2", "--no-control-socket")
        web = machine.start("web", "gunicorn", "solidarites.wsgi", *bind)
        machine.start("worker", "celery", "-A", "solidarites", "worker", "--pool", "prefork", "--concurrency", "1")
        machine.start("beat", "celery", "-A", "solidarites", "beat")
        sign_in = f"{machine.address}/connexion/"
        wait_until(lambda: answers(sign_in), patience=120, say=machine.said)
        visitor = Visitor(machine.address)
        visitor.sign_in("hugues@exemple.fr", PASSWORD)
        columns = visitor.press(
            visitor.get("/administration/imports/nouvelle-liste/"), "Déposer la liste", file=LIST.encode()
        )
        assert "Prénom" in columns.text
        sent = ListImport.objects.get()
        jobs.set_columns(list_import=sent, fields={}, by=hugues, now=timezone.now())
        # Beat asks, the worker reads.
        read = ListImport.objects.filter(pk=sent.pk, state=ListImport.State.CHECKED)
        wait_until(read.exists, patience=180, say=machine.said)
        assert machine.run(sys.executable, "-c", PDF).strip() == "b'%PDF-'"
        signs = machine.temporary_files_of(web)
        assert signs
        assert [path for path in signs if not path.startswith(str(machine.folder / "tmp"))] == []
    finally:
        for process in machine.processes:
            process.kill()
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in machine.folder.rglob("*") if not path.is_symlink()}
    assert [path for path, mode in modes.items() if mode & 0o077] == []
