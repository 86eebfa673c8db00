"""The coordinator's figures, in the order of docs/regles.md#tableau-de-bord. Read-only.

Every figure is a conditional count over the cases that the coordinator sees, narrowed by agency and commune; the
period narrows what was done (calls, rates, hours, needs), never what waits now. The number of queries is constant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import CharField, Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce, ExtractHour, NullIf, TruncDate
from django.utils import timezone

from campaigns import alerts, queue, texts
from campaigns.common import confirming, needs, scope
from campaigns.figures import report
from campaigns.models import (
    Call,
    Campaign,
    Case,
    DueCall,
    FollowUpPlan,
    Need,
    NeighbourReport,
    Referral,
    WelfareCheck,
)
from campaigns.models.levels import Level
from campaigns.team import debriefs, reviews
from solidarites.models import User
from tenants.models import Agency

# A partner owes the next step: an acknowledgement, then an answer.
WITH_THE_PARTNER = (Referral.State.SENT, Referral.State.ACKNOWLEDGED, Referral.State.IN_PROGRESS)
REFUSALS = ("soft_refusal", "refused_campaign", "opt_out")
# A chart of more days than this is no longer read at a glance.
MOST_DAYS = 62
MOST_COMMUNES = 12
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Filters:
    """What the coordinator chose to look at."""

    campaign: Campaign
    agency_id: int | None = None
    insee_code: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def period(self) -> tuple[datetime | None, datetime | None]:
        """The bounds of the period as instants; the last day is included."""
        tz = self.campaign.tz
        start = datetime.combine(self.since, time.min, tz) if self.since else None
        end = datetime.combine(self.until + DAY, time.min, tz) if self.until else None
        return start, end


@dataclass(frozen=True)
class Cell:
    """One figure of a row of figures: what it counts, in the words of its list."""

    key: str
    label: str
    value: int


@dataclass(frozen=True)
class Hour:
    hour: int
    calls: int
    reached: int

    @property
    def percent(self) -> int:
        return percent(self.reached, self.calls)


@dataclass(frozen=True)
class Day:
    day: date
    calls: int
    reached: int


@dataclass(frozen=True)
class CommuneNeeds:
    name: str
    insee_code: str
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass
class Dashboard:
    alerts: list[Cell] = field(default_factory=list)
    alerts_elsewhere: int = 0
    alerts_untaken: int = 0
    late_follow_ups: list[Cell] = field(default_factory=list)
    follow_ups_today: int = 0
    plans: int = 0
    reviews_due: int = 0
    queue: dict[str, int] = field(default_factory=dict)
    blocked: list[Cell] = field(default_factory=list)
    never_reached: list[Cell] = field(default_factory=list)
    callbacks_due: int = 0
    callbacks_missed: int = 0
    callbacks_planned: int = 0
    welfare_open: int = 0
    welfare_late: int = 0
    referrals: list[Cell] = field(default_factory=list)
    referrals_late: int = 0
    with_number: int = 0
    reached: int = 0
    calls: int = 0
    calls_reached: int = 0
    refusals: int = 0
    pending_calls: int = 0
    # Around the calls: what to read, whom to listen to.
    team: list[Cell] = field(default_factory=list)
    hours: list[Hour] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)
    days_cut: bool = False
    communes: list[CommuneNeeds] = field(default_factory=list)
    communes_left_out: int = 0
    need_categories: list[Cell] = field(default_factory=list)
    volunteers: int = 0
    volunteers_calling_now: int = 0
    volunteers_today: int = 0
    volunteers_in_period: int = 0

    @property
    def alert_total(self) -> int:
        return sum(cell.value for cell in self.alerts)

    @property
    def late_total(self) -> int:
        return sum(cell.value for cell in self.late_follow_ups)

    @property
    def referral_total(self) -> int:
        return sum(cell.value for cell in self.referrals)

    @property
    def reached_percent(self) -> int:
        return percent(self.reached, self.with_number)

    @property
    def refusal_percent(self) -> int:
        return percent(self.refusals, self.calls_reached)

    @property
    def is_empty(self) -> bool:
        return not self.queue.get("enrolled")


def percent(part: int, whole: int) -> int:
    """Rounded, yet 100 only when nothing is missing and 0 only when there is nothing."""
    if not whole or not part:
        return 0
    if part >= whole:
        return 100
    return min(99, max(1, round(100 * part / whole)))


def campaigns_to_look_at() -> list[Campaign]:
    """The campaigns of the filter: running ones first, then those in preparation, then the past."""
    order = (Campaign.Status.OPEN, Campaign.Status.PAUSED, Campaign.Status.DRAFT, Campaign.Status.CLOSED)
    found = Campaign.objects.filter(status__in=order).order_by("-created_at", "-pk")
    return sorted(found, key=lambda campaign: order.index(Campaign.Status(campaign.status)))


def cases_of(filters: Filters, by: User) -> QuerySet[Case]:
    """The cases behind every figure."""
    cases = scope.visible_cases(by).filter(campaign=filters.campaign)
    if filters.agency_id:
        cases = cases.filter(agency=filters.agency_id)
    if filters.insee_code:
        cases = cases.filter(household__insee_code=filters.insee_code)
    return cases


def agencies_of(campaign: Campaign, by: User) -> list[Agency]:
    """The agencies of the campaign's cases that this coordinator sees."""
    ids = scope.visible_cases(by).filter(campaign=campaign, agency__isnull=False).values("agency")
    return list(Agency.objects.filter(pk__in=ids))


def communes_of(campaign: Campaign, by: User) -> list[tuple[str, str]]:
    """(INSEE code, name) of the campaign's households, by name."""
    found = scope.visible_cases(by).filter(campaign=campaign).exclude(household__insee_code="")
    rows = found.order_by().values_list("household__insee_code", "household__city").distinct()
    return sorted(dict(rows).items(), key=lambda row: row[1])


def dashboard(*, filters: Filters, by: User, now: datetime) -> Dashboard:
    """Everything the page shows, for the cases this coordinator sees."""
    cases = cases_of(filters, by)
    ids = cases.order_by().values("pk")
    board = Dashboard()
    _alerts(board, filters, by, ids)
    _follow_ups(board, filters, ids, now)
    _cases(board, filters, cases, now)
    _referrals(board, ids, now)
    _welfare(board, ids, now)
    _calls(board, filters, ids, now)
    _needs(board, filters, ids)
    _team(board, by, cases)
    return board


def _alerts(board: Dashboard, filters: Filters, by: User, ids: QuerySet[Any]) -> None:
    # One that hangs on no case (a mail, a task, a neighbour's report) concerns every coordinator.
    here = Q(case__in=ids) | Q(case=None, campaign=filters.campaign) | Q(case=None, campaign=None)
    found = (
        alerts.visible(by)
        .filter(solved_at=None)
        .aggregate(
            everywhere=Count("pk"),
            untaken=Count("pk", filter=here & Q(taken_by=None)),
            **{level: Count("pk", filter=here & Q(level=level)) for level in Level.values},
        )
    )
    board.alerts = [Cell(level, str(Level(level).label), found[level]) for level in Level.values]
    board.alerts_untaken = found["untaken"]
    board.alerts_elsewhere = found["everywhere"] - board.alert_total


def _follow_ups(board: Dashboard, filters: Filters, ids: QuerySet[Any], now: datetime) -> None:
    tz = filters.campaign.tz
    midnight = datetime.combine(now.astimezone(tz).date() + DAY, time.min, tz)
    late = DueCall.late(now)
    found = (
        DueCall.objects.opened()
        .filter(case__in=ids)
        .aggregate(
            one=Count("pk", filter=late & Q(due_at__gt=now - DAY)),
            two=Count("pk", filter=late & Q(due_at__lte=now - DAY, due_at__gt=now - 2 * DAY)),
            three=Count("pk", filter=late & Q(due_at__lte=now - 2 * DAY, due_at__gt=now - 3 * DAY)),
            more=Count("pk", filter=late & Q(due_at__lte=now - 3 * DAY)),
            today=Count("pk", filter=Q(due_at__lt=midnight)),
        )
    )
    labels = {"one": "1 jour", "two": "2 jours", "three": "3 jours", "more": "plus de 3 jours"}
    board.late_follow_ups = [Cell(key, label, found[key]) for key, label in labels.items()]
    board.follow_ups_today = found["today"]
    plans = FollowUpPlan.objects.filter(case__in=ids).exclude(status=FollowUpPlan.Status.ENDED)
    # As the list of the reviews to do counts them.
    due = Q(review_on__lte=timezone.localdate(now))
    counted = plans.aggregate(
        active=Count("pk", filter=Q(status=FollowUpPlan.Status.ACTIVE)), reviews=Count("pk", filter=due)
    )
    board.plans, board.reviews_due = counted["active"], counted["reviews"]


def _cases(board: Dashboard, filters: Filters, cases: QuerySet[Case], now: datetime) -> None:
    board.queue = queue.counts(filters.campaign, now, cases)
    callback = Q(status=Case.Status.OPEN, next_call_kind=Case.Kind.CALLBACK, next_call_at__isnull=False)
    found = cases.aggregate(
        with_number=Count("pk", filter=report.had_number()),
        reached=Count("pk", filter=Q(reached_at__isnull=False)),
        callbacks_due=Count("pk", filter=callback & Q(next_call_at__lte=now)),
        callbacks_missed=Count("pk", filter=callback & Q(anyone_from__lte=now, campaign__status=Campaign.Status.OPEN)),
        callbacks_planned=Count("pk", filter=callback & Q(next_call_at__gt=now)),
        now=Count("claimed_by", filter=Q(claimed_until__gt=now), distinct=True),
    )
    board.with_number, board.reached = found["with_number"], found["reached"]
    board.callbacks_due, board.callbacks_missed = found["callbacks_due"], found["callbacks_missed"]
    board.callbacks_planned = found["callbacks_planned"]
    board.volunteers_calling_now = found["now"]
    holds = dict(
        cases.filter(status=Case.Status.ON_HOLD)
        .order_by()
        .values_list("hold_reason")
        .annotate(Count("pk"))
        .order_by("hold_reason")
    )
    names = dict(Case.Hold.choices)
    board.blocked = [Cell(key, str(names.get(key, "autre raison")), count) for key, count in holds.items()]
    tries = dict(
        cases.filter(reached_at=None, has_number=True).order_by().values_list("attempts").annotate(Count("pk"))
    )
    board.never_reached = [Cell(str(number), attempts_label(number), count) for number, count in sorted(tries.items())]


def attempts_label(number: int) -> str:
    if number == 0:
        return "pas encore appelés"
    return "1 tentative" if number == 1 else f"{number} tentatives"


def _referrals(board: Dashboard, ids: QuerySet[Any], now: datetime) -> None:
    waiting = Q(state__in=WITH_THE_PARTNER, due_at__lt=now)
    found = Referral.objects.filter(case__in=ids).aggregate(
        late=Count("pk", filter=waiting),
        **{state: Count("pk", filter=Q(state=state)) for state in Referral.State.values},
    )
    board.referrals = [Cell(state, str(Referral.State(state).label), found[state]) for state in Referral.State.values]
    board.referrals_late = found["late"]


def _welfare(board: Dashboard, ids: QuerySet[Any], now: datetime) -> None:
    found = (
        WelfareCheck.objects.open()
        .filter(case__in=ids)
        .aggregate(open=Count("pk"), late=Count("pk", filter=Q(due_at__lt=now)))
    )
    board.welfare_open, board.welfare_late = found["open"], found["late"]


def _counted(lists: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """How many rows each of these lists has, in one query."""
    first, *others = (rows.order_by().values_list(Value(name, CharField()), "pk") for name, rows in lists.items())
    found = Counter(name for name, _ in first.union(*others, all=True))
    return {name: found[name] for name in lists}


TEAM = {"debrief_list": "bénévoles à écouter", "text_list": "textes à revoir", "review_list": "appels à relire"}


def _team(board: Dashboard, by: User, cases: QuerySet[Case]) -> None:
    found = _counted(
        {
            "debrief_list": debriefs.of_cases(cases, by).filter(closed_at=None),
            "text_list": texts.of_cases(cases).filter(decision=""),
            "review_list": reviews.waiting(by).filter(case__in=cases.order_by().values("pk")),
        }
    )
    board.team = [Cell(name, label, found[name]) for name, label in TEAM.items()]


def waiting(by: User) -> dict[str, int]:
    """What no alert announces, in this coordinator's sectors, for the menu: four queries at most."""
    sight = scope.in_sight(by)
    cases = Case.objects.exclude(campaign__status=Campaign.Status.PURGED).filter(sight).order_by()
    found = _counted(
        {
            "texts": texts.of_cases(cases).filter(decision=""),
            "debriefs": debriefs.of_cases(cases, by).filter(closed_at=None),
            "pending": Call.objects.filter(case__in=cases.values("pk"), state=Call.State.PENDING),
            "neighbours": NeighbourReport.objects.filter(state=NeighbourReport.State.NEW),
            "to_confirm": confirming.confirmations_of(by, sight=sight).order_by(),
            "partings": confirming.partings_of(by, sight=sight).select_related(None).order_by(),
        }
    )
    found["to_confirm"] += found.pop("partings")
    return {**found, "reviews": reviews.count_waiting(by)}


def _in_period(moment: str, filters: Filters) -> Q:
    start, end = filters.period
    found = Q()
    if start is not None:
        found &= Q(**{f"{moment}__gte": start})
    if end is not None:
        found &= Q(**{f"{moment}__lt": end})
    return found


def _calls(board: Dashboard, filters: Filters, ids: QuerySet[Any], now: datetime) -> None:
    tz = filters.campaign.tz
    today = datetime.combine(now.astimezone(tz).date(), time.min, tz)
    everything = Call.objects.filter(case__in=ids).order_by()
    period = _in_period("recorded_at", filters)
    recorded = Q(state=Call.State.RECORDED)
    spoken = Q(outcome__in=Call.REACHED)
    found = everything.aggregate(
        calls=Count("pk", filter=recorded & period),
        reached=Count("pk", filter=recorded & period & spoken),
        refusals=Count("pk", filter=recorded & period & Q(outcome__in=REFUSALS)),
        volunteers=Count("volunteer", filter=recorded & period, distinct=True),
        today=Count("volunteer", filter=recorded & Q(recorded_at__gte=today), distinct=True),
        pending=Count("pk", filter=Q(state=Call.State.PENDING)),
    )
    board.calls, board.calls_reached, board.refusals = found["calls"], found["reached"], found["refusals"]
    board.volunteers_in_period, board.volunteers_today = found["volunteers"], found["today"]
    board.pending_calls = found["pending"]
    board.volunteers = filters.campaign.memberships.filter(active=True).count()

    made = everything.filter(recorded & period)
    by_hour = (
        # A household that rings back says nothing of when to call.
        made.filter(direction=Call.Direction.OUTGOING)
        .annotate(hour=ExtractHour("started_at", tzinfo=tz))
        .values("hour")
        .annotate(calls=Count("pk"), reached=Count("pk", filter=spoken))
        .order_by("hour")
    )
    board.hours = [Hour(row["hour"], row["calls"], row["reached"]) for row in by_hour]
    by_day = (
        made.annotate(day=TruncDate("recorded_at", tzinfo=tz))
        .values("day")
        .annotate(calls=Count("pk"), reached=Count("pk", filter=spoken))
        .order_by("-day")[: MOST_DAYS + 1]
    )
    board.days, board.days_cut = _every_day(by_day)


def _every_day(rows: Iterable[Mapping[str, Any]]) -> tuple[list[Day], bool]:
    """The latest days, oldest first, those without a call in between included."""
    found = {row["day"]: Day(row["day"], row["calls"], row["reached"]) for row in rows}
    if not found:
        return [], False
    first, last = min(found), max(found)
    start = max(first, last - (MOST_DAYS - 1) * DAY)
    days = [start + index * DAY for index in range((last - start).days + 1)]
    return [found.get(day, Day(day, 0, 0)) for day in days], first < start


def _needs(board: Dashboard, filters: Filters, ids: QuerySet[Any]) -> None:
    # A commune that the official list does not know keeps the name the landlord wrote.
    place = Coalesce(
        NullIf("case__household__insee_code", Value("")), "case__household__city", output_field=CharField()
    )
    rows = (
        Need.objects.filter(_in_period("created_at", filters), case__in=ids)
        .annotate(place=place)
        .order_by()
        .values_list("place", "case__household__insee_code", "case__household__city", "category")
        .annotate(Count("pk"))
    )
    found: dict[str, CommuneNeeds] = {}
    totals: dict[str, int] = {}
    for key, code, name, category, count in rows:
        commune = found.setdefault(key, CommuneNeeds(name or "commune inconnue", code, {}))
        commune.counts[category] = commune.counts.get(category, 0) + count
        totals[category] = totals.get(category, 0) + count
    ordered = sorted(found.values(), key=lambda commune: (-commune.total, commune.name))
    board.communes, board.communes_left_out = ordered[:MOST_COMMUNES], max(0, len(ordered) - MOST_COMMUNES)
    board.need_categories = [
        Cell(category, needs.label(category), count)
        for category, count in sorted(totals.items(), key=lambda row: -row[1])
    ]
