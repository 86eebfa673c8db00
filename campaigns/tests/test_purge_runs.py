"""The purge as it runs: stopped half-way, twice at once, by its command and by its task."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from campaigns import purge, tasks
from campaigns.figures import report
from campaigns.figures.tests import figures_cast
from campaigns.models import (
    Campaign,
    Case,
    FrozenFigures,
    PurgeProof,
)
from campaigns.tests.purge_cast import (
    CANARY,
    DUE,
    close,
    dump,
    has_canary,
    lived_in,
    plant_canaries,
)
from tenants.models import Household


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return figures_cast.make_campaign(volunteer, volunteer2)


# Stopped half-way, twice at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [1, 2, 3, 4, 5])
def test_stopped_in_the_middle_the_next_run_finishes(
    campaign: Campaign, coordinator: Any, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    monkeypatch.setattr(purge, "CASES_A_STEP", 2)
    monkeypatch.setattr(purge, "HOUSEHOLDS_A_STEP", 2)
    lived_in(campaign, coordinator)
    close(campaign)
    before = report.report_of(campaign).totals
    killed = purge.steps(campaign_id=campaign.pk, now=DUE)
    for _ in range(done):
        next(killed)
    del killed
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSED
    # Half gone already: the figures are the frozen ones.
    assert report.report_of(campaign).totals == before
    proof = purge.purge_expired(now=DUE + timedelta(days=1))[0]
    assert (proof.counts["campaigns.Case"], proof.counts["tenants.Household"]) == (4, 4)
    assert report.report_of(campaign).totals == before
    assert not Household.objects.exists()
    assert purge.purge_expired(now=DUE + timedelta(days=1)) == []


def test_a_step_that_fails_leaves_nothing_half_done(
    campaign: Campaign, coordinator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(campaign, coordinator)
    close(campaign)

    def broken(*args: Any) -> None:
        raise RuntimeError("the machine stops here")

    monkeypatch.setattr(purge, "_count", broken)
    with pytest.raises(RuntimeError):
        purge.purge_expired(now=DUE)
    assert Case.objects.filter(campaign=campaign).count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_once_make_one(coordinator: Any, volunteer: Any, volunteer2: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(purge, "CASES_A_STEP", 1)
    campaign = figures_cast.make_campaign(volunteer, volunteer2)
    lived_in(campaign, coordinator)
    close(campaign)
    before = report.report_of(campaign).totals
    start, proofs, errors = threading.Barrier(2), [], []

    def run() -> None:
        try:
            start.wait()
            proofs.append(purge.purge_campaign(campaign_id=campaign.pk, now=DUE))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(proof is not None for proof in proofs) == [False, True]
    assert PurgeProof.objects.get().counts["campaigns.Case"] == 4
    assert report.report_of(campaign).totals == before


@pytest.mark.django_db(transaction=True)
def test_on_sqlite_the_file_itself_forgets(coordinator: Any, volunteer: Any, volunteer2: Any) -> None:
    """PostgreSQL reuses its pages by itself; there, the same rows are looked for in the tables."""
    campaign = figures_cast.make_campaign(volunteer, volunteer2)
    lived_in(campaign, coordinator)
    close(campaign)
    plant_canaries()
    purge.purge_expired(now=DUE)
    assert has_canary(dump()) == []
    if connection.vendor == "sqlite":
        name = str(settings.DATABASES["default"]["TEST"]["NAME"])
        connection.close()
        for path in (Path(name), Path(f"{name}-wal")):
            assert not path.exists() or CANARY.encode() not in path.read_bytes()


# The command ---------------------------------------------------------------------------------------------------


def run_command(*args: str) -> str:
    out = StringIO()
    call_command("purge_expired", *args, stdout=out)
    return out.getvalue()


def test_the_command_only_says_what_it_would_do(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    said = run_command()
    assert campaign.slug in said
    assert "4 dossiers" in said
    assert "4 foyers" in said
    assert "--confirm" in said
    assert Case.objects.count() == 4
    assert not FrozenFigures.objects.exists()


def test_the_command_erases_when_confirmed(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    assert "Effacement terminé" in run_command("--confirm")
    assert not Case.objects.exists()
    assert run_command("--confirm").strip() == "Rien à effacer."


def test_the_nightly_task_erases(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    assert tasks.purge_expired() == 1
    assert not Case.objects.exists()
    assert tasks.purge_expired() == 0
