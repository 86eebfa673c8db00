"""Queries whose text is made once: what they read lands where it belongs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from campaigns.models import Call, Case
from solidarites import journal, kept
from solidarites.kept import Columns, Kept
from solidarites.models import JournalEntry
from tests import factories


def test_some_columns_are_read_in_whatever_order_they_were_named() -> None:
    columns = Columns(Case, "next_call_kind", "status", "id")
    given = {"id": 7, "status": Case.Status.OPEN, "next_call_kind": Case.Kind.RETRY}
    case = columns.instance([given[name] for name in columns.names])
    assert (case.pk, case.status, case.next_call_kind) == (7, Case.Status.OPEN, Case.Kind.RETRY)


@pytest.mark.django_db
def test_its_text_is_made_once_and_its_values_change(django_assert_num_queries: Any) -> None:
    campaign = factories.make_campaign()
    cases = [factories.make_case(campaign) for _ in range(2)]
    read = Kept(lambda pk: Case.objects.select_related("campaign").filter(pk=pk, status=Case.Status.OPEN), int)
    for case in cases:
        with django_assert_num_queries(1):
            (found,) = read(case.pk)
            assert (found.pk, found.campaign.name) == (case.pk, case.campaign.name)
        assert found.campaign.hours == case.campaign.hours
    Case.objects.update(status=Case.Status.CLOSED)
    assert read(cases[0].pk) == []


@pytest.mark.django_db
def test_a_row_is_inserted_and_updated_as_the_models_would() -> None:
    case, now = factories.make_case(factories.make_campaign()), timezone.now()
    call = Call(case=case, answers={"q": {"": "oui"}}, started_at=now, comment="100 % « d'accord »")
    kept.insert(call)
    read = Call.objects.get(pk=call.pk)
    assert (read.answers, read.started_at, read.submission, read.comment) == (
        call.answers, now, call.submission, call.comment,
    )  # fmt: skip
    read.comment, read.answers = "autre", {}
    kept.write(kept.Update(read, ("comment",)))
    again = Call.objects.get(pk=call.pk)
    assert (again.comment, again.answers) == ("autre", {"q": {"": "oui"}})
    Call.objects.all().delete()
    with pytest.raises(DatabaseError):
        kept.write(kept.Update(read, ("comment",)))


@pytest.mark.django_db
def test_rows_written_together_are_one_statement_where_the_database_can(django_assert_num_queries: Any) -> None:
    case, now = factories.make_case(factories.make_campaign()), timezone.now()
    call = Call(case=case, started_at=now)
    kept.insert(call)
    call.comment, case.attempts = "d'accord, à 100 %", 2
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 3):
        kept.write(
            kept.Update(call, ("comment", "saved_at")),
            kept.Update(case, ("attempts",)),
            kept.Insert(journal.entry("call.saved", call, actor="system")),
        )
    assert Call.objects.get(pk=call.pk).comment == call.comment
    assert Case.objects.get(pk=case.pk).attempts == 2
    assert JournalEntry.objects.filter(action="call.saved", object_id=call.pk).count() == 1
    Call.objects.all().delete()
    with transaction.atomic(), pytest.raises(DatabaseError, match="gone"):
        kept.write(kept.Update(case, ("attempts",)), kept.Update(call, ("comment",)))
