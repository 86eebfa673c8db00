"""What .ci/run leaves out of its second half: tests which no database and no service can change, and no other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import meets_services


def item(path: Path, *fixtures: str, marked: bool = False) -> Any:
    return SimpleNamespace(path=path, fixturenames=list(fixtures), get_closest_marker=lambda name: marked)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def file(text: str) -> Path:
        path = tmp_path / "test_one.py"
        path.write_text(text)
        return path

    return file


@pytest.mark.parametrize("fixture", ["db", "transactional_db"])
def test_what_asks_for_the_database_stays(written: Any, fixture: str) -> None:
    assert meets_services(item(written(""), "tmp_path", fixture), {})


def test_what_is_marked_stays(written: Any) -> None:
    assert meets_services(item(written(""), marked=True), {})


@pytest.mark.parametrize(
    "text",
    [
        "import subprocess",
        "from django.db import connection",
        "url = os.environ['DATABASE_URL']",
        "settings.CELERY_BROKER_URL",
        "from solidarites.celery import app",
        "import redis",
        "settings.CACHES",
    ],
)
def test_what_may_meet_a_service_by_itself_stays(written: Any, text: str) -> None:
    assert meets_services(item(written(text)), {})


def test_what_only_reads_and_counts_is_left_to_the_other_half(written: Any) -> None:
    assert not meets_services(item(written("def test_one(): assert 1 + 1 == 2"), "tmp_path"), {})


@pytest.mark.parametrize("name", ["tests/house/test_upgrade.py", "solidarites/tests/test_broker.py"])
def test_files_of_ours_that_start_processes_or_queue_stay(name: str) -> None:
    assert meets_services(item(Path(__file__).parents[2] / name), {})
