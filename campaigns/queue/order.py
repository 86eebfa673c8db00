"""The order of the queue, as one statement: five short reads of one partial index, the first that finds wins.

Written by hand because it is the product's hottest path and an ORM cannot say it: each tier has its own order and
its own LIMIT, the tiers are tried one after the other only until one of them gives, and the row found is locked,
skipping those that others hold. PostgreSQL and SQLite read the same text but for the lock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from campaigns.models import Case

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
        "campaign": campaign_id,
        "by": by_id,
        "now": connection.ops.adapt_datetimefield_value(now),
        "today": connection.ops.adapt_datefield_value(today),
        "regions": several(list(regions)),
        "languages": several(list(languages)),
        **({"sectors": several(list(sectors))} if sectors else {}),
    }


def look(**given: Any) -> Case | None:
    """The case that would be given, unlocked and unclaimed."""
    text = _next_id(connection.vendor, bool(given["sectors"]), "")
    text = f"SELECT * FROM campaigns_case WHERE id = (SELECT id FROM ({text}) found)"  # noqa: S608
    return next(iter(Case.objects.raw(text, _parameters(**given))), None)


@lru_cache(maxsize=8)
def _take(vendor: str, sectors: bool) -> str:
    """Claim the next case, and give it: the claim and the order are one statement, so that no case is given twice."""
    lock = "FOR UPDATE OF c SKIP LOCKED" if vendor == "postgresql" else ""
    return (
        "UPDATE campaigns_case SET claimed_by_id = %(by)s, claimed_at = %(now)s, claimed_until = %(until)s "  # noqa: S608
        f"WHERE id = (SELECT id FROM ({_next_id(vendor, sectors, lock)}) found) "
        "AND NOT EXISTS (SELECT 1 FROM campaigns_case mine WHERE mine.claimed_by_id = %(by)s) "
        "RETURNING *"
    )


def take(*, until: datetime, **given: Any) -> Case | None:
    """Claim the next case for ``by_id`` until ``until``; None when there is none for them, or when they hold one.

    Raises IntegrityError when the volunteer got another case at the same instant.
    """
    text = _take(connection.vendor, bool(given["sectors"]))
    parameters = _parameters(**given) | {"until": connection.ops.adapt_datetimefield_value(until)}
    return next(iter(Case.objects.raw(text, parameters)), None)
