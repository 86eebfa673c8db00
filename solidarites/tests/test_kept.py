"""Queries whose text is made once: what they read lands where it belongs."""

from __future__ import annotations

from campaigns.models import Case
from solidarites.kept import Columns


def test_some_columns_are_read_in_whatever_order_they_were_named() -> None:
    columns = Columns(Case, "next_call_kind", "status", "id")
    given = {"id": 7, "status": Case.Status.OPEN, "next_call_kind": Case.Kind.RETRY}
    case = columns.instance([given[name] for name in columns.names])
    assert (case.pk, case.status, case.next_call_kind) == (7, Case.Status.OPEN, Case.Kind.RETRY)
