"""Web, worker and beat as the Procfile starts them."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import DueCall
from solidarites import running
from solidarites.models import Heartbeat
from solidarites.models import Installation as InstallationRow
from tests.factories import make_user
from tests.house.source import ROOT
from tests.processes.installation import Installation, wait_until
from tests.processes.test_follow_ups_survive_a_kill import PLANS, many_plans


def test_beat_asks_and_the_worker_answers(installation: Installation):
    worker, beat = installation.worker(), installation.beat()
    since = timezone.now()
    wait_until(
        lambda: Heartbeat.objects.filter(name="worker", at__gte=since).exists(),
        patience=90,
        say=lambda: worker.output() + beat.output(),
    )
    assert beat.stop() == 0
    assert worker.stop() == 0, worker.output()


def test_an_idle_worker_stops_softly_and_a_killed_one_leaves_nothing_in_the_way(installation: Installation):
    worker = installation.worker()
    worker.kill()
    # What a killed worker was reading when it died.
    queue = installation.folder / "broker" / "queue"
    if queue.exists():
        (queue / "00000000000000000001_a.celery.msg").write_text("{half a mess")
        (queue / "00000000000000000002_b.celery.msg.part").write_text("{")
    again = installation.worker()
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now() - timedelta(days=1)})
    since = timezone.now()
    installation.ask("solidarites.tasks.heartbeat")
    wait_until(lambda: Heartbeat.objects.filter(at__gte=since).exists(), say=again.output)
    assert again.stop() == 0, again.output()


def test_a_worker_told_to_stop_finishes_the_task_it_holds(installation: Installation, volunteer):
    many_plans(volunteer)
    worker = installation.worker()
    installation.ask("campaigns.tasks.open_due_calls")
    wait_until(lambda: DueCall.objects.exists(), say=worker.output)
    assert worker.stop(patience=120) == 0, worker.output()
    assert DueCall.objects.count() == PLANS
    assert "exited with 'signal" not in worker.output()


def test_the_procfile_starts_what_the_tests_start():
    lines = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), re.M))
    assert set(lines) == {"web", "worker", "beat"}
    assert "--pool prefork" in lines["worker"]
    assert "--without-gossip --without-mingle" in lines["worker"]


SERVES = {
    "worker": ["celery", "-A", "solidarites", "worker", "--pool", "solo"],
    "beat": ["celery", "-A", "solidarites", "beat"],
    "web": ["gunicorn", "solidarites.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"],
}
started = pytest.mark.parametrize("command", SERVES.values(), ids=SERVES)


@started
def test_nothing_real_starts_on_the_accounts_of_the_demonstration(installation: Installation, command):
    make_user("benevole@exemple.fr", "Léa", "Bonnet", is_demo=True)
    process = installation.start("refused", *command)
    wait_until(lambda: process.popen.poll() is not None, say=process.output)
    assert process.popen.returncode != 0
    assert "comptes de démonstration" in process.output()


@started
def test_the_demonstration_says_what_prepares_it(installation: Installation, tmp_path: Path, command):
    empty = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    process = installation.start("refused", *command, SOLIDARITES_DEMO="1", DEMO_DATABASE_URL=empty)
    wait_until(lambda: process.popen.poll() is not None, say=process.output)
    assert process.popen.returncode != 0
    assert "Traceback" not in process.output()
    assert "make demo" in process.output()


@started
def test_the_demonstration_starts_on_no_account_of_a_real_installation(installation: Installation, command):
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    process = installation.start("refused", *command, SOLIDARITES_DEMO="1")
    wait_until(lambda: process.popen.poll() is not None, say=process.output)
    assert process.popen.returncode != 0
    assert "Traceback" not in process.output()
    assert process.output().count("installation réelle\u00a0: rien n'a été écrit") == 1


@started
def test_nothing_starts_on_another_key_than_that_of_the_database(installation: Installation, command):
    InstallationRow.objects.create(pk=1, privacy_key="0000-1111-2222-3333")
    process = installation.start("refused", *command)
    wait_until(lambda: process.popen.poll() is not None, say=process.output)
    assert process.popen.returncode != 0
    assert "PRIVACY_KEY n’est pas celle de cette base" in process.output()
    assert "Traceback" not in process.output()


@pytest.mark.parametrize("kind", running.KINDS)
def test_a_restore_knows_what_runs_however_it_ends(installation: Installation, settings: Any, kind: str):
    settings.VAR_DIR = installation.folder
    process = installation.start(kind, *SERVES[kind])
    # The file is made, and held, as the process begins to serve.
    wait_until((installation.folder / "holds" / f"running-{kind}").exists, say=process.output)
    time.sleep(1)
    with pytest.raises(running.StillRunning, match=rf"\({kind}\)"), running.alone():
        pass
    assert process.popen.poll() is None, process.output()
    process.kill()
    with running.alone():
        pass
