"""« Bilan »: the closing figures of a campaign, counted while its people are there, frozen before they go.

Totals are exact. A breakdown hides its cells under 5 wherever it is shown and wherever it is kept after the purge:
people could be recognised in them. ``referrals_by_partner_kind`` belongs to the totals: it says how many sheets each
kind of partner received, nothing of who or where, and stays exact for who runs the command.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.db.models.functions import TruncDate

from campaigns.common import needs
from campaigns.models import Call, Campaign, Case, FollowUpPlan, FrozenFigures, Need, Partner, Referral, ReferralEvent

# Kept as it is in FrozenFigures; a later reader knows what it reads.
FORMAT = 1
SMALLEST = 5
TOTALS = (
    "households",
    "households_with_valid_number",
    "households_reached",
    "calls",
    "volunteers",
    "people_referred",
    "referrals_by_partner_kind",
    "follow_up_plans",
    "coverage_percent",
    # Counted apart: a visit or a reply is no call.
    "households_without_number",
    "households_seen",
    "households_replied",
)


@dataclass(frozen=True)
class Row:
    """One cell of a breakdown; ``value`` is None when it is hidden."""

    key: str
    label: str
    value: int | None


@dataclass(frozen=True)
class Report:
    """The closing figures: the totals that the command prints, and the breakdowns of the page."""

    totals: dict[str, Any]
    first_call_on: date | None
    last_call_on: date | None
    referrals: list[Row]
    needs: list[Row]
    outcomes: list[Row]
    frozen_at: datetime | None = None

    @property
    def follow_up_plans(self) -> int:
        return int(self.totals["follow_up_plans"])


def had_number() -> Q:
    """Condition on ``Case``: the household could be dialled at some time of the campaign.

    ``has_number`` falls when a number is found wrong, and the figure must not: a household that was dialled had a
    number to dial. So it counts when it has one now, or when a call of it is recorded (one that rang back, too).
    """
    return Q(has_number=True) | Q(Exists(Call.objects.recorded().filter(case=OuterRef("pk"))))


def report_of(campaign: Campaign) -> Report:
    """The closing figures: the frozen ones as soon as the purge has begun, else those of this moment."""
    frozen = FrozenFigures.objects.filter(campaign=campaign).first()
    if frozen is not None:
        return _thaw(frozen)
    return compute(campaign)


def compute(campaign: Campaign) -> Report:
    """Count everything again. Ten queries, whatever the size of the campaign."""
    calls = Call.objects.recorded().filter(case__campaign=campaign).order_by()
    # Local days: a call at 0:30 in Paris is not yesterday's.
    span = calls.annotate(day=TruncDate("recorded_at", tzinfo=campaign.tz)).aggregate(first=Min("day"), last=Max("day"))
    by_outcome = dict(calls.values_list("outcome").annotate(Count("pk")))
    by_need = dict(
        Need.objects.filter(case__campaign=campaign).order_by().values_list("category").annotate(Count("pk"))
    )
    totals = _totals(campaign)
    return Report(
        totals=totals,
        first_call_on=span["first"],
        last_call_on=span["last"],
        referrals=_rows(totals["referrals_by_partner_kind"], dict(Partner.Kind.choices)),
        needs=_rows(by_need, needs.LABELS),
        outcomes=_rows(by_outcome, dict(Call.Outcome.choices)),
    )


def _totals(campaign: Campaign) -> dict[str, Any]:
    cases = Case.objects.filter(campaign=campaign).aggregate(
        households=Count("pk"),
        valid=Count("pk", filter=had_number()),
        reached=Count("pk", filter=Q(reached_at__isnull=False)),
        # Without a number, or with one that was wrong: news came another way.
        seen=Count("pk", filter=Q(closed_reason=Case.CloseReason.VISITED)),
        replied=Count("pk", filter=Q(closed_reason=Case.CloseReason.REPLIED)),
        # Their plan goes on in another campaign; it began in this one.
        plans_moved=Count("pk", filter=Q(closed_reason=Case.CloseReason.TAKEN_OVER)),
    )
    calls = (
        Call.objects.recorded()
        .filter(case__campaign=campaign)
        .aggregate(calls=Count("pk"), volunteers=Count("volunteer", distinct=True))
    )
    # Referred: a sheet left for a partner, whatever came of it; one sent again elsewhere counts for both kinds.
    sent = ReferralEvent.objects.filter(referral__case__campaign=campaign, to_state=Referral.State.SENT).order_by()
    kinds = dict(sent.values_list("partner__kind").annotate(Count("referral", distinct=True)))
    # A sheet about the household as a whole counts for one person.
    people = sent.filter(referral__tenant__isnull=False).values("referral__tenant").distinct().count()
    people += sent.filter(referral__tenant=None).values("referral__case").distinct().count()
    plans = FollowUpPlan.objects.filter(case__campaign=campaign).exclude(status=FollowUpPlan.Status.PROPOSED)
    valid, reached = cases["valid"], cases["reached"]
    return {
        "households": cases["households"],
        "households_with_valid_number": valid,
        "households_reached": reached,
        "calls": calls["calls"],
        "volunteers": calls["volunteers"],
        "people_referred": people,
        "referrals_by_partner_kind": {str(kind): count for kind, count in sorted(kinds.items(), key=str) if kind},
        "follow_up_plans": plans.count() + cases["plans_moved"],
        "coverage_percent": round(100 * reached / valid, 1) if valid else 0.0,
        "households_without_number": cases["households"] - valid,
        "households_seen": cases["seen"],
        "households_replied": cases["replied"],
    }


def _rows(counts: dict[str, int], labels: dict[str, Any]) -> list[Row]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    hidden = hide_small(counts)
    return [Row(key, str(labels.get(key, key)), None if key in hidden else count) for key, count in ordered if count]


def hide_small(counts: dict[str, int]) -> set[str]:
    """The cells to hide: those from 1 to 4, and the next smallest when one alone could be deduced from the sum."""
    shown = {key: count for key, count in counts.items() if count}
    hidden = {key for key, count in shown.items() if count < SMALLEST}
    if len(hidden) == 1 and len(shown) > 1:
        hidden.add(min((key for key in shown if key not in hidden), key=lambda key: (shown[key], key)))
    return hidden


# Freezing ------------------------------------------------------------------------------------------


def freeze(campaign: Campaign, now: datetime) -> FrozenFigures:
    """Keep the figures of this moment; those already frozen stay. Inside the transaction of the purge."""
    found = FrozenFigures.objects.filter(campaign=campaign).first()
    if found is not None:
        return found
    report = compute(campaign)
    data = {
        "format": FORMAT,
        "totals": report.totals,
        "first_call_on": report.first_call_on and report.first_call_on.isoformat(),
        "last_call_on": report.last_call_on and report.last_call_on.isoformat(),
        **{name: _pack(getattr(report, name)) for name in ("referrals", "needs", "outcomes")},
    }
    return FrozenFigures.objects.create(campaign=campaign, data=data, frozen_at=now)


def _pack(rows: Iterable[Row]) -> list[list[Any]]:
    return [[row.key, row.label, row.value] for row in rows]


def _thaw(frozen: FrozenFigures) -> Report:
    data = frozen.data

    def day(name: str) -> date | None:
        return date.fromisoformat(data[name]) if data.get(name) else None

    return Report(
        # Frozen by an earlier release: a figure that nobody counted then is unknown.
        totals=dict.fromkeys(TOTALS) | data["totals"],
        first_call_on=day("first_call_on"),
        last_call_on=day("last_call_on"),
        frozen_at=frozen.frozen_at,
        **{name: [Row(*row) for row in data.get(name, [])] for name in ("referrals", "needs", "outcomes")},
    )
