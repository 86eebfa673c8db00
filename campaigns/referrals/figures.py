"""How referrals go: by partner, need, commune, result, and how long they wait. Read-only."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median

from django.db.models import Count, QuerySet

from campaigns.common import needs
from campaigns.models import Need, Referral
from campaigns.models.levels import Level
from campaigns.referrals import deadlines
from tenants import communes

State = Referral.State


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: ``key`` filters the list of its referrals."""

    key: str
    label: str
    count: int
    sent: int = 0
    acknowledged: int = 0
    answered: int = 0
    declined: int = 0


@dataclass(frozen=True, slots=True)
class DelayRow:
    """Hours from the e-mail to the acknowledgement, by level."""

    level: str
    acknowledged: int
    median_hours: float | None
    on_time: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.on_time / self.acknowledged) if self.acknowledged else None


def _rows(mine: QuerySet[Referral], key: str) -> list[tuple[object, Row]]:
    found: dict[object, Counter[str]] = defaultdict(Counter)
    read = mine.order_by().values_list(key, "sent_at", "acknowledged_at", "answered_at", "state")
    for value, sent, acknowledged, answered, state in read:
        cell = found[value]
        cell["count"] += 1
        cell["sent"] += sent is not None
        cell["acknowledged"] += acknowledged is not None
        cell["answered"] += answered is not None
        cell["declined"] += state == State.DECLINED
    ordered = sorted(found.items(), key=lambda item: (-item[1]["count"], str(item[0])))
    return [(value, Row(str(value or ""), "", **dict(counts))) for value, counts in ordered]


def _named(rows: list[tuple[object, Row]], names: dict[object, str], unknown: str) -> list[Row]:
    return [
        Row(
            row.key,
            names.get(value, "") or (str(value) if value else unknown),
            row.count,
            row.sent,
            row.acknowledged,
            row.answered,
            row.declined,
        )
        for value, row in rows
    ]


def by_partner(mine: QuerySet[Referral]) -> list[Row]:
    names: dict[object, str] = dict(mine.order_by().values_list("partner", "partner__name").distinct())
    return _named(_rows(mine, "partner"), names, "à choisir")


def by_commune(mine: QuerySet[Referral]) -> list[Row]:
    rows = _rows(mine, "case__household__insee_code")
    names: dict[object, str] = {}
    for value, _ in rows:
        known = communes.get(str(value)) if value else None
        names[value] = known.name if known else ""
    return _named(rows, names, "non connue")


def by_result(mine: QuerySet[Referral]) -> list[Row]:
    """What the partners answered, or nothing yet."""
    names: dict[object, str] = {key: str(label) for key, label in Referral.CloseReason.choices}
    return _named(_rows(mine, "answer_result"), names, "pas encore de réponse")


def by_need(mine: QuerySet[Referral]) -> list[Row]:
    """A referral of two needs counts in both."""
    read = Need.objects.filter(referrals__in=mine).order_by().values("category")
    counts = read.annotate(n=Count("referrals", distinct=True)).values_list("category", "n")
    return [Row(key, needs.label(key), n) for key, n in sorted(counts, key=lambda pair: (-pair[1], pair[0]))]


def delays(mine: QuerySet[Referral]) -> list[DelayRow]:
    """By level: acknowledged, median wait, how many before the deadline that the product gave the partner."""
    waits: dict[str, list[float]] = defaultdict(list)
    on_time: Counter[str] = Counter()
    read = mine.exclude(sent_at=None).exclude(acknowledged_at=None).order_by()
    for one in read.select_related("partner", "case__household"):
        if one.sent_at is None or one.acknowledged_at is None:
            continue
        waits[one.level].append((one.acknowledged_at - one.sent_at).total_seconds() / 3600)
        due = deadlines.due(State.SENT, one.level, one.sent_at, one.case.household.department, one.partner)
        on_time[one.level] += due is not None and one.acknowledged_at <= due
    return [
        DelayRow(str(level.label), len(waits[level]), median(waits[level]) if waits[level] else None, on_time[level])
        for level in Level
    ]
