"""The order of the queue, as one statement: five short reads of one partial index, the first that finds wins.

Written by hand because it is the product's hottest path and an ORM cannot say it: each tier has its own order and
its own LIMIT, the tiers are tried one after the other only until one of them gives, and the row found is locked,
skipping those that others hold. PostgreSQL and SQLite read the same text but for the lock.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.models import Call, Case
from solidarites import journal, kept

# What may be given to this volunteer now, whatever its tier.
_WAITING = """c.campaign_id = %(campaign)s AND c.status = 'open' AND c.has_number
    AND (c.claimed_by_id IS NULL OR c.claimed_until <= %(now)s)
    AND (c.urgent OR c.region {regions})
    AND c.language {languages}
    AND (c.not_for_id IS NULL OR c.not_for_id <> %(by)s)
    AND NOT EXISTS (SELECT 1 FROM campaigns_casepass p
                    WHERE p.case_id = c.id AND p.user_id = %(by)s AND p.day = %(today)s)
    {sectors}"""
_DUE = "AND c.rank = 0 AND c.next_call_at <= %(now)s"
_MINE_OR_FREE = "AND (c.next_call_for_id IS NULL OR c.next_call_for_id = %(by)s OR c.anyone_from <= %(now)s)"
_BY_TIME, _BY_RANK = "c.next_call_at, c.id", "c.rank, c.next_call_at, c.id"
_TIERS = (
    (Case.Tier.CALLBACK, f"{_DUE} {_MINE_OR_FREE}", _BY_TIME),
    (Case.Tier.FOLLOW_UP, f"{_DUE} {_MINE_OR_FREE}", _BY_TIME),
    (Case.Tier.PUT_FIRST, _DUE, _BY_TIME),
    (Case.Tier.RETRY, f"{_DUE} {_MINE_OR_FREE}", _BY_TIME),
    (Case.Tier.FIRST, "", _BY_RANK),
)


@lru_cache(maxsize=8)
def _next_id(vendor: str, sectors: bool, lock: str) -> str:
    """The statement that gives the id of the next case, or no row."""
    among = "= ANY(%({})s)" if vendor == "postgresql" else "IN (SELECT value FROM json_each(%({})s))"
    waiting = _WAITING.format(
        regions=among.format("regions"),
        languages=among.format("languages"),
        sectors=f"AND c.agency_id {among.format('sectors')}" if sectors else "",
    )
    # Append runs its branches in order and LIMIT stops it at the first row: later tiers are not even read.
    return (
        " UNION ALL ".join(  # noqa: S608
            f"SELECT id FROM (SELECT c.id FROM campaigns_case c WHERE {waiting} AND c.tier = {int(tier)} {where} "  # noqa: S608
            f"ORDER BY {order} LIMIT 1 {lock}) tier_{int(tier)}"
            for tier, where, order in _TIERS
        )
        + " LIMIT 1"
    )


def _parameters(
    *,
    campaign_id: int,
    by_id: int,
    now: datetime,
    today: date,
    regions: Sequence[str],
    languages: Sequence[str],
    sectors: Sequence[int],
) -> dict[str, Any]:
    several = list if connection.vendor == "postgresql" else json.dumps
    return {
        "campaign": kept.adapt(campaign_id),
        "by": kept.adapt(by_id),
        "now": kept.adapt(now),
        "today": connection.ops.adapt_datefield_value(today),
        "regions": several(list(regions)),
        "languages": several(list(languages)),
        **({"sectors": several([kept.adapt(sector) for sector in sectors])} if sectors else {}),
    }


def look(**given: Any) -> Case | None:
    """The case that would be given, unlocked and unclaimed."""
    text = _next_id(connection.vendor, bool(given["sectors"]), "")
    text = f"SELECT * FROM campaigns_case WHERE id = (SELECT id FROM ({text}) found)"  # noqa: S608
    return next(iter(Case.objects.raw(text, _parameters(**given))), None)


# What is read back of the case given: enough to open its call, a quarter of its columns.
_GIVEN = kept.Columns(
    Case, "id", "campaign", "household", "agency", "region", "status", "tier", "rank", "next_call_at",
    "next_call_kind", "next_call_for", "claimed_by", "claimed_at", "claimed_until",
)  # fmt: skip


@lru_cache(maxsize=8)
def _take(vendor: str, sectors: bool, lock: str) -> str:
    """Claim the next case; gives its columns, and the draft that the volunteer left in it on an earlier claim."""
    return (
        "UPDATE campaigns_case SET claimed_by_id = %(by)s, claimed_at = %(now)s, claimed_until = %(until)s "  # noqa: S608
        f"WHERE id = (SELECT id FROM ({_next_id(vendor, sectors, lock)}) found) "
        "AND NOT EXISTS (SELECT 1 FROM campaigns_case mine WHERE mine.claimed_by_id = %(by)s) "
        f"RETURNING {_GIVEN.text}, (SELECT d.id FROM campaigns_call d "
        "WHERE d.case_id = campaigns_case.id AND d.volunteer_id = %(by)s AND d.state = 'draft') AS draft_id"
    )


@lru_cache(maxsize=2)
def _take_and_begin(sectors: bool) -> str:
    """The same with its journal row and the draft of a first call, in the one statement PostgreSQL allows for it."""
    noted = kept.insert_each(
        journal.entry("case.claimed", Case(), actor="user"),
        "taken",
        {"at": "%(noted)s", "user_id": "%(by)s", "object_id": "id", "campaign_id": "campaign_id",
         "household_id": "household_id"},
    )  # fmt: skip
    begun = kept.insert_each(
        Call(kind=Case.Kind.FIRST),
        f"taken WHERE draft_id IS NULL AND next_call_kind = '{Case.Kind.FIRST.value}'",
        {"case_id": "id", "volunteer_id": "%(by)s", "submission": "%(submission)s", "started_at": "%(now)s",
         "script_id": "%(script)s"},
    )  # fmt: skip
    return (
        f"WITH taken AS ({_take('postgresql', sectors, 'FOR UPDATE OF c SKIP LOCKED')}), noted AS ({noted}), "  # noqa: S608
        f"begun AS ({begun} RETURNING id) SELECT taken.*, (SELECT id FROM begun) FROM taken"
    )


def take(*, until: datetime, script_id: int | None, **given: Any) -> tuple[Case, int | None, Call | None] | None:
    """Claim the next case for ``by_id`` until ``until``; None when there is none for them, or when they hold one.

    With the case: the id of the draft that they left in it on an earlier claim, if any; and where the database could
    do it in the same statement, with the journal row, the draft of a first call, which follows ``script_id``.
    Raises IntegrityError when the volunteer got another case at the same instant.
    """
    together, submission = writes_together(), uuid.uuid4()
    parameters = _parameters(**given) | {"until": kept.adapt(until)}
    if together:
        text = _take_and_begin(bool(given["sectors"]))
        more = {"noted": timezone.now(), "submission": submission, "script": kept.adapt(script_id)}
        parameters |= more
    else:
        text = _take(connection.vendor, bool(given["sectors"]), "")
    rows = kept.execute(text, parameters).fetchall()
    if not rows:
        return None
    row = rows[0]
    case = _GIVEN.instance(row)
    earlier, begun = row[len(_GIVEN.names)], row[-1] if together else None
    if begun is None:
        return case, earlier, None
    call = Call(
        pk=begun, case=case, volunteer_id=given["by_id"], submission=submission, kind=Case.Kind.FIRST,
        script_id=script_id, started_at=given["now"],
    )  # fmt: skip
    call._state.adding, call._state.db = False, "default"
    return case, earlier, call


def writes_together() -> bool:
    """Whether one statement may claim, note and begin: there ``take`` writes the journal row itself."""
    return connection.vendor == "postgresql"
