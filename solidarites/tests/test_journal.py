"""One row about a case, found by its campaign and its household whatever it is about."""

from __future__ import annotations

import pytest

from solidarites import journal
from solidarites.models import JournalEntry

pytestmark = pytest.mark.django_db


def test_a_row_about_a_case_names_its_campaign_and_its_household(case, coordinator):
    row = journal.of_case("case.held", case, by=coordinator, reason="absent")
    kept = JournalEntry.objects.get(pk=row.pk)
    assert (kept.action, kept.user_id, kept.actor) == ("case.held", coordinator.pk, "user")
    assert (kept.object_type, kept.object_id) == ("campaigns.case", case.pk)
    assert (kept.campaign_id, kept.household_id) == (case.campaign_id, case.household_id)
    assert kept.detail == {"reason": "absent"}


def test_a_row_about_something_of_a_case_keeps_both(case, volunteer):
    row = journal.of_case("call.read", case, volunteer, actor="public")
    assert (row.object_type, row.object_id, row.actor) == ("solidarites.user", volunteer.pk, "public")
    assert (row.campaign_id, row.household_id) == (case.campaign_id, case.household_id)
