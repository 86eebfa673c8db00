from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.installation import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.processes)


@pytest.fixture
def installation(tmp_path: Path, transactional_db: None) -> Iterator[Installation]:
    """Real processes on the test's database, over files or over Redis as the run says."""
    made = Installation(tmp_path)
    yield made
    made.close()
