"""The three processes together, as « make run » and « make demo » start them."""

from __future__ import annotations

import socket
import subprocess
import sys
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from django.core.management import call_command

from tests.house.source import ROOT
from tests.processes.installation import PATIENCE, Installation, Process, wait_until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:
            return response.status == 200
    except (URLError, OSError):
        return False


def test_everything_starts_answers_and_ends_with_whoever_started_it(installation: Installation):
    port = free_port()
    environment = {**installation.environment, "PORT": str(port), "SITE_URL": f"http://127.0.0.1:{port}"}
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    process = Process(["sh", "scripts/serve.sh"], environment, installation.folder / "serve.log")
    installation.processes.append(process)
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/connexion/"), say=process.output)
    family = psutil.Process(process.popen.pid).children(recursive=True)
    said = {" ".join(one.cmdline()) for one in family}
    for name in (
        "gunicorn solidarites.wsgi",
        "celery -A solidarites --quiet worker",
        "celery -A solidarites --quiet beat",
    ):
        assert any(name in line for line in said), name
    # As make does with the process it started, and it alone.
    process.popen.terminate()
    assert process.popen.wait(timeout=PATIENCE) == 0
    psutil.wait_procs(family, timeout=PATIENCE)
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_taken_port_is_said_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "scripts/port_free.py", "127.0.0.1", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"PORT={int(port) + 1}" in done.stderr


def test_shipped_scripts_are_loaded_once(installation: Installation):
    from campaigns.models import Script

    call_command("load_default_script", verbosity=0)
    before = list(Script.objects.order_by("pk").values_list("pk", "version", "status"))
    call_command("load_default_script", verbosity=0)
    assert list(Script.objects.order_by("pk").values_list("pk", "version", "status")) == before
    assert before
