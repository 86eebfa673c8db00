"""Léa and Paul call; the household of the cast is the first that is given."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns import queue
from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Campaign, Case
from tests.factories import make_case


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return running_campaign(volunteer, volunteer2)


@pytest.fixture
def case(campaign: Campaign, household: Any) -> Case:
    return make_case(campaign, household)


@pytest.fixture
def held(case: Case, volunteer: Any) -> queue.Given:
    return hold(case, volunteer)


@pytest.fixture
def lea(client_of: Any, volunteer: Any) -> Any:
    return client_of(volunteer)


@pytest.fixture
def paul(client_of: Any, volunteer2: Any) -> Any:
    return client_of(volunteer2)
