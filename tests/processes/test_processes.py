"""Web, worker and beat as the Procfile starts them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import DueCall
from solidarites.models import Heartbeat
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


@pytest.mark.parametrize(
    "command",
    [
        ["celery", "-A", "solidarites", "worker", "--pool", "solo"],
        ["celery", "-A", "solidarites", "beat"],
        ["gunicorn", "solidarites.wsgi", "--bind", "127.0.0.1:0", "--no-control-socket"],
    ],
    ids=["worker", "beat", "web"],
)
def test_nothing_real_starts_on_the_accounts_of_the_demonstration(installation: Installation, command):
    make_user("benevole@exemple.fr", "Léa", "Bonnet", is_demo=True)
    process = installation.start("refused", *command)
    wait_until(lambda: process.popen.poll() is not None, say=process.output)
    assert process.popen.returncode != 0
    assert "comptes de démonstration" in process.output()
