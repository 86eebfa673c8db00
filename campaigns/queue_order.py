"""The order of the queue, as one statement: five short reads of one partial index, the first that finds wins.

Written by hand because it is the product's hottest path and an ORM cannot say it: each tier has its own order and
its own LIMIT, the tiers are tried one after the other only until one of them gives, and the row found is locked,
skipping those that others hold. PostgreSQL and SQLite read the same text but for the lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection

from campaigns.models import Case

# What may be given to this volunteer now, whatever its tier.
_WAITING = """c.campaign_id = %(campaign)s AND c.status = 'open' AND c.has_number
    AND (c.claimed_by_id IS NULL OR c.claimed_until <= %(now)s)
    AND (c.urgent OR c.region IN ({regions}))
    AND c.language IN ({languages})
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


def _next_id(regions: int, languages: int, sectors: int, lock: str) -> str:
    """The statement that gives the id of the next case, or no row."""

    def names(prefix: str, count: int) -> str:
        return ", ".join(f"%({prefix}{index})s" for index in range(count))

    waiting = _WAITING.format(
        regions=names("region", regions) or "NULL",
        languages=names("language", languages),
        sectors=f"AND c.agency_id IN ({names('sector', sectors)})" if sectors else "",
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
    adapt = connection.ops
    return {
        "campaign": campaign_id,
        "by": by_id,
        "now": adapt.adapt_datetimefield_value(now),
        "today": adapt.adapt_datefield_value(today),
        **{f"region{index}": region for index, region in enumerate(regions)},
        **{f"language{index}": language for index, language in enumerate(languages)},
        **{f"sector{index}": sector for index, sector in enumerate(sectors)},
    }


def look(**given: Any) -> Case | None:
    """The case that would be given, unlocked and unclaimed."""
    text = _next_id(len(given["regions"]), len(given["languages"]), len(given["sectors"]), "")
    text = f"SELECT * FROM campaigns_case WHERE id = (SELECT id FROM ({text}) found)"  # noqa: S608
    return next(iter(Case.objects.raw(text, _parameters(**given))), None)


# What is read back of the case given: enough to open its call, a quarter of its columns.
_GIVEN = (
    "id, campaign_id, household_id, agency_id, region, status, tier, rank, next_call_at, next_call_kind,"
    " next_call_for_id, claimed_by_id, claimed_at, claimed_until"
)


def take(*, until: datetime, **given: Any) -> Case | None:
    """Claim the next case for ``by_id`` until ``until``, in one statement; None when there is none for them, or when
    they hold one already. The case has ``draft_id`` too: the draft that they left in it on an earlier claim, if any.

    Raises IntegrityError when the volunteer got another case at the same instant.
    """
    lock = "FOR UPDATE OF c SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    text = _next_id(len(given["regions"]), len(given["languages"]), len(given["sectors"]), lock)
    text = (
        "UPDATE campaigns_case SET claimed_by_id = %(by)s, claimed_at = %(now)s, claimed_until = %(until)s "  # noqa: S608
        f"WHERE id = (SELECT id FROM ({text}) found) "
        "AND NOT EXISTS (SELECT 1 FROM campaigns_case mine WHERE mine.claimed_by_id = %(by)s) "
        f"RETURNING {_GIVEN}, (SELECT d.id FROM campaigns_call d "
        "WHERE d.case_id = campaigns_case.id AND d.volunteer_id = %(by)s AND d.state = 'draft') AS draft_id"
    )
    parameters = _parameters(**given) | {"until": connection.ops.adapt_datetimefield_value(until)}
    with _keeping_its_plan():
        return next(iter(Case.objects.raw(text, parameters)), None)


@contextmanager
def _keeping_its_plan() -> Iterator[None]:
    """PostgreSQL plans this statement a few times for each connection, then no more: five times what running it costs.

    Its parameters travel apart from its text for that; elsewhere Django writes them into it, which knows no limit of
    their number.
    """
    if connection.vendor != "postgresql":
        yield
        return
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    driver = connection.connection
    usual, driver.cursor_factory = driver.cursor_factory, ServerBindingCursor
    try:
        yield
    finally:
        driver.cursor_factory = usual
