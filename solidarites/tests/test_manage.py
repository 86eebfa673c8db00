"""Commands end with one clear line: a reader that leaves, Ctrl+C, a database that is not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings

MANAGE = [sys.executable, "manage.py"]


def run(tmp_path, *arguments, **environment):
    given = {**os.environ, "VAR_DIR": str(tmp_path), **environment}
    return subprocess.run(
        [*MANAGE, *arguments], cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgres://compte:cachottier@127.0.0.1:1/base", "ne répond pas"),
        ("sqlite:////nulle/part/base.sqlite3", "ne répond pas"),
        ("compte:cachottier", "ne se lit pas"),
        ("postgres://compte:cachottier@127.0.0.1:1", "ne se lit pas"),
        ("mysql://compte:cachottier@127.0.0.1/base", "ne se lit pas"),
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_its_password(tmp_path, address, said):
    done = run(tmp_path, "campaign_report", "aucune", DATABASE_URL=address)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "cachottier" not in done.stderr + done.stdout


def test_a_reader_that_leaves_ends_the_command_quietly(tmp_path):
    # Long enough to outlive its reader: the list of all the settings.
    command = f"'{sys.executable}' manage.py diffsettings --all | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=settings.BASE_DIR,
        env={**os.environ, "VAR_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in ("0", "141")


def test_an_interrupted_command_says_so_in_one_line(tmp_path):
    started = subprocess.Popen(
        [*MANAGE, "shell", "-c", "print('prêt', flush=True); import time; time.sleep(60)"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "VAR_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As a terminal starts it: who runs the tests in the background ignores this signal, and would hand that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert started.stdout is not None
    # The shell says first what it imported.
    while "prêt" not in started.stdout.readline():
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=120)
    assert started.returncode == 130
    assert errors.strip() == "Interrompu. Ce qui était enregistré est gardé."
