"""The worker killed (SIGKILL) in the middle of an import: the end state equals the undisturbed one."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import File
from django.utils import timezone

from tenants.imports import jobs, uploads
from tenants.imports.at_once import import_list
from tenants.models import Agency, Household, Landlord, ListImport, PhoneNumber, Residence, Tenant
from tenants.tests.lists import write_csv
from tests.processes.installation import Installation, Process, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
State = ListImport.State


@pytest.fixture
def installation(tmp_path: Path, transactional_db, settings):
    made = Installation(tmp_path)
    # Another machine's folder: the worker finds the list in the database.
    settings.VAR_DIR = tmp_path / "other"
    yield made
    made.close()


def state_of(landlord: Landlord) -> list[list[tuple]]:
    """Everything a list writes, without the ids that no two runs share."""
    tenants = Tenant.objects.filter(landlord=landlord).order_by("reference")
    households = Household.objects.filter(landlord=landlord).order_by("reference")
    phones = PhoneNumber.objects.filter(household__landlord=landlord).order_by("household__reference", "e164")
    return [
        list(
            tenants.values_list(
                "reference", "household__reference", "civility", "last_name", "first_name", "birth_date", "status"
            )
        ),
        list(
            households.values_list(
                "reference", "street", "postal_code", "insee_code", "match_key", "agency__name", "residence__reference"
            )
        ),
        list(phones.values_list("household__reference", "e164", "label", "rank", "third_party", "tenant__reference")),
        sorted(Agency.objects.filter(landlord=landlord).values_list("name")),
        sorted(Residence.objects.filter(landlord=landlord).values_list("reference")),
    ]


def kill_and_resume(installation: Installation, worker: Process) -> Process:
    worker.kill()
    # The lease of the dead worker runs out.
    ListImport.objects.filter(leased_until__gt=timezone.now()).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )
    fresh = installation.worker()
    installation.ask("tenants.tasks.run_imports")
    return fresh


def disturb(installation: Installation, folder: Path, count: int, kills: list[tuple[str, float]]) -> None:
    draw = random.Random(112)
    path = write_csv(folder / "liste.csv", count)
    calm = Landlord.objects.create(code="calme", name="Calme")
    import_list(path, landlord=calm, now=timezone.now())
    shaken = Landlord.objects.create(code="agite", name="Agité")
    with path.open("rb") as stream:
        row = jobs.upload(landlord=shaken, file=File(stream), file_name="l.csv", by=None, now=timezone.now())
    jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())

    def fraction() -> float:
        row.refresh_from_db()
        return row.rows_done / row.rows_total if row.rows_total else 0.0

    worker = installation.worker()
    installation.ask("tenants.tasks.run_imports")
    for phase, moment in (*((p, m) for p, m in kills if p == State.CHECKING), (State.CHECKED, 0.0)):
        wait_until(
            lambda phase=phase, moment=moment: (
                (fraction() >= moment and row.state == phase) or row.state == State.CHECKED
            ),
            patience=240,
            say=worker.output,
        )
        if phase == State.CHECKING and row.state == State.CHECKING:
            worker = kill_and_resume(installation, worker)
    assert row.state == State.CHECKED, row.message
    assert not uploads.waits(row)
    assert not Tenant.objects.filter(landlord=shaken).exists()
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    installation.ask("tenants.tasks.run_imports")
    disturbed = 0
    for phase, moment in (*((p, m) for p, m in kills if p == State.APPLYING), (State.APPLIED, 0.0)):
        wait_until(
            lambda phase=phase, moment=moment: (
                (fraction() >= moment and row.state == phase) or row.state == State.APPLIED
            ),
            patience=240,
            say=worker.output,
        )
        if phase == State.APPLYING and row.state == State.APPLYING:
            time.sleep(draw.random() * 0.2)
            worker = kill_and_resume(installation, worker)
            disturbed += 1
    assert disturbed, "every kill came too late"
    assert row.state == State.APPLIED, row.message
    assert state_of(shaken) == state_of(calm)


def test_an_import_whose_worker_is_killed_ends_as_the_undisturbed_one(installation: Installation, tmp_path: Path):
    disturb(installation, tmp_path, 4000, [(State.CHECKING, 0.2), (State.APPLYING, 0.3)])


@pytest.mark.soak
def test_ten_kills_at_random_moments_of_a_list_of_20000(installation: Installation, tmp_path: Path):
    draw = random.Random(7)
    moments = sorted(draw.random() * 0.95 for _ in range(10))
    kills = [(State.CHECKING, m) for m in moments[::3]] + [
        (State.APPLYING, m) for m in moments if m not in moments[::3]
    ]
    disturb(installation, tmp_path, 20_000, kills)
