"""A hold ends with whoever has it, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from solidarites import holds
from tests.house.source import ROOT
from tests.processes.installation import Installation, wait_until

HOLDER = """
import sys, django
django.setup()
from solidarites import holds
with holds.hold(holds.MAIL, 7) as mine:
    print("held" if mine else "refused", flush=True)
    sys.stdin.read()
"""


def held_elsewhere(number: int) -> bool:
    def tried() -> bool:
        try:
            with holds.hold(holds.MAIL, number) as mine:
                return not mine
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(tried).result()


@pytest.mark.django_db(transaction=True)
def test_what_one_holds_no_other_does_until_it_is_over() -> None:
    with holds.hold(holds.MAIL, 7) as mine:
        assert mine
        assert held_elsewhere(7)
        assert not held_elsewhere(8)
    assert not held_elsewhere(7)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_killed_process_holds_nothing(tmp_path, settings) -> None:
    settings.VAR_DIR = tmp_path
    environment = {**Installation(tmp_path).environment, "DJANGO_SETTINGS_MODULE": "solidarites.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert held_elsewhere(7)
        holder.kill()
        holder.wait()
    wait_until(lambda: not held_elsewhere(7))
