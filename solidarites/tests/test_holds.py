"""A hold ends with whoever has it, and with nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection

from solidarites import holds
from solidarites.models import OutgoingMail
from tests.house.source import ROOT
from tests.processes.installation import Installation, wait_until

HOLDER = """
import sys, django
django.setup()
from solidarites import holds
from solidarites.models import OutgoingMail
pk = int(sys.argv[1])
with holds.on_this_machine(pk) as free, holds.in_the_database(OutgoingMail.objects.filter(pk=pk)) as mine:
    print("held" if free and mine else "refused", flush=True)
    sys.stdin.read()
"""


@contextmanager
def hold(mail: OutgoingMail) -> Iterator[bool]:
    row = OutgoingMail.objects.filter(pk=mail.pk)
    with holds.on_this_machine(mail.pk) as free, holds.in_the_database(row) as mine:
        yield free and mine


def two_mails() -> list[OutgoingMail]:
    return [OutgoingMail.objects.create(key=key, message_id=key, to="a@exemple.fr") for key in ("one", "two")]


def held_elsewhere(mail: OutgoingMail) -> bool:
    def tried() -> bool:
        try:
            with hold(mail) as mine:
                return not mine
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(tried).result()


@pytest.mark.django_db(transaction=True)
def test_what_one_holds_no_other_does_until_it_is_over() -> None:
    one, two = two_mails()
    with hold(one) as mine:
        assert mine
        assert held_elsewhere(one)
        assert not held_elsewhere(two)
    assert not held_elsewhere(one)


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_killed_process_holds_nothing(tmp_path, settings) -> None:
    settings.VAR_DIR = tmp_path
    one, _ = two_mails()
    environment = {**Installation(tmp_path).environment, "DJANGO_SETTINGS_MODULE": "solidarites.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(one.pk)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert held_elsewhere(one)
        holder.kill()
        holder.wait()
    wait_until(lambda: not held_elsewhere(one))
