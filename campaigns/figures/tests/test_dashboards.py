"""The figures of the dashboard: each counts what its list shows, within the coordinator's scope and filters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from campaigns import alerts, cases, followups, queue, texts, welfare
from campaigns.figures import dashboards
from campaigns.figures.dashboards import Dashboard, Filters
from campaigns.figures.tests import figures_cast
from campaigns.figures.tests.figures_cast import TUESDAY, call
from campaigns.models import (
    Alert,
    Call,
    Campaign,
    Case,
    CoordinatorScope,
    DueCall,
    NeighbourReport,
    Referral,
    WelfareCheck,
)
from campaigns.models.levels import Level
from campaigns.referrals.tests import referral_cast
from campaigns.team import debriefs, reviews
from tests import factories
from tests.strict import count_queries

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return figures_cast.make_campaign(volunteer, volunteer2)


def board(campaign: Campaign, by: Any, now: datetime = TUESDAY, **filters: Any) -> Dashboard:
    return dashboards.dashboard(filters=Filters(campaign, **filters), by=by, now=now)


def values(cells: list[dashboards.Cell]) -> dict[str, int]:
    return {cell.key: cell.value for cell in cells if cell.value}


# What waits now --------------------------------------------------------------------------------------


def test_unsolved_alerts_are_counted_by_level(campaign: Campaign, coordinator: Any) -> None:
    case = factories.make_case(campaign)
    first = alerts.raise_alert(task="a", kind=Alert.Kind.TASK_FAILED, level=Level.U0, case=case, now=TUESDAY)
    alerts.raise_alert(task="b", kind=Alert.Kind.TASK_FAILED, level=Level.U1, case=case, now=TUESDAY)
    alerts.raise_alert(task="c", kind=Alert.Kind.TASK_FAILED, level=Level.U1, now=TUESDAY)
    alerts.take(alert=first, by=coordinator, now=TUESDAY)
    found = board(campaign, coordinator)
    assert values(found.alerts) == {"U0": 1, "U1": 2}
    assert (found.alert_total, found.alerts_untaken, found.alerts_elsewhere) == (3, 2, 0)
    alerts.solve(alert=first, solution="Pompiers envoyés.", by=coordinator, now=TUESDAY)
    assert values(board(campaign, coordinator).alerts) == {"U1": 2}


def test_an_alert_of_another_campaign_is_never_hidden_by_the_filter(campaign: Campaign, coordinator: Any) -> None:
    other = figures_cast.make_campaign()
    alerts.raise_alert(
        task="a", kind=Alert.Kind.TASK_FAILED, level=Level.U0, case=factories.make_case(other), now=TUESDAY
    )
    found = board(campaign, coordinator)
    assert (found.alert_total, found.alerts_elsewhere) == (0, 1)


@pytest.mark.parametrize(
    ("late", "bucket"),
    [(3 * HOUR, "one"), (25 * HOUR, "two"), (49 * HOUR, "three"), (80 * HOUR, "more")],
)
def test_overdue_follow_ups_are_counted_by_days(
    campaign: Campaign, coordinator: Any, volunteer: Any, late: timedelta, bucket: str
) -> None:
    case = factories.make_case(campaign)
    call(case, volunteer, "completed", TUESDAY, follow_up=figures_cast.weekly())
    due_at = case.plans.get().next_due_at
    assert due_at is not None
    followups.open_due_calls(now=due_at, limit=1)
    assert values(board(campaign, coordinator, due_at + HOUR).late_follow_ups) == {}, "within its grace"
    assert values(board(campaign, coordinator, due_at + late).late_follow_ups) == {bucket: 1}
    assert board(campaign, coordinator, due_at + late).plans == 1


def test_the_five_counts_and_those_without_a_number_add_up(
    campaign: Campaign, coordinator: Any, volunteer: Any
) -> None:
    ready, held, planned, blocked, closed = (factories.make_case(campaign) for _ in range(5))
    factories.make_case(campaign, factories.make_household(phone=None), has_number=False)
    queue.claim_one(case_id=_for(held, volunteer), by=volunteer, now=TUESDAY)
    Case.objects.filter(pk=ready.pk).update(next_call_for=None)
    welfare.open_check(case=blocked, origin=WelfareCheck.Origin.COORDINATOR, now=TUESDAY)
    cases.close(case_id=closed.pk, reason="refused", by=coordinator, now=TUESDAY)
    cases.schedule(case_id=planned.pk, kind=Case.Kind.RETRY, at=TUESDAY + DAY)
    found = board(campaign, coordinator, TUESDAY)
    assert found.queue == {
        "enrolled": 6, "prepared": 0,
        "ready": 1, "held": 1, "scheduled": 1, "blocked": 1, "done": 1, "without_number": 1,
    }  # fmt: skip
    assert values(found.blocked) == {Case.Hold.WELFARE: 1}
    assert found.volunteers_calling_now == 1
    assert (found.welfare_open, found.welfare_late) == (1, 0)
    assert board(campaign, coordinator, TUESDAY + 4 * DAY).welfare_late == 1


def _for(case: Case, volunteer: Any) -> int:
    Case.objects.filter(pk=case.pk).update(next_call_for=volunteer)
    return case.pk


def test_the_never_reached_are_counted_by_number_of_attempts(
    campaign: Campaign, coordinator: Any, volunteer: Any
) -> None:
    fresh, once, reached = (factories.make_case(campaign) for _ in range(3))
    call(once, volunteer, "no_answer")
    call(reached, volunteer, "no_answer")
    call(reached, volunteer, "completed", TUESDAY + DAY)
    found = board(campaign, coordinator)
    assert values(found.never_reached) == {"0": 1, "1": 1}
    assert [cell.label for cell in found.never_reached] == ["pas encore appelés", "1 tentative"]
    assert fresh.reached_at is None


def test_callbacks_are_due_then_missed(campaign: Campaign, coordinator: Any, volunteer: Any) -> None:
    case = factories.make_case(campaign)
    at = TUESDAY + DAY
    call(case, volunteer, "callback", callback_at=at)

    def counts(now: datetime) -> tuple[int, int, int]:
        found = board(campaign, coordinator, now)
        return found.callbacks_planned, found.callbacks_due, found.callbacks_missed

    assert counts(at - HOUR) == (1, 0, 0)
    assert counts(at) == (0, 1, 0)
    assert counts(at + HOUR) == (0, 1, 1)


def test_referrals_are_counted_by_state_and_delay(campaign: Campaign, coordinator: Any) -> None:
    case = factories.make_case(campaign)
    for state in Referral.State.values:
        referral_cast.make_referral(coordinator, TUESDAY, state=state, case=case)
    found = board(campaign, coordinator, TUESDAY)
    assert {cell.value for cell in found.referrals} == {1}
    assert found.referral_total == len(Referral.State.values)
    assert found.referrals_late == 0
    assert board(campaign, coordinator, TUESDAY + 60 * DAY).referrals_late >= 1


# How it goes ------------------------------------------------------------------------------------------


def test_rates_hours_and_days_come_from_recorded_calls(
    campaign: Campaign, coordinator: Any, volunteer: Any, volunteer2: Any
) -> None:
    well, refuses, absent = (factories.make_case(campaign) for _ in range(3))
    call(well, volunteer, "completed", TUESDAY)
    call(refuses, volunteer, "refused_campaign", TUESDAY + HOUR)
    call(absent, volunteer2, "no_answer", TUESDAY + 2 * DAY)
    found = board(campaign, coordinator, TUESDAY + 2 * DAY + HOUR)
    assert (found.reached, found.with_number, found.reached_percent) == (2, 3, 67)
    assert (found.calls, found.calls_reached, found.refusals, found.refusal_percent) == (3, 2, 1, 50)
    # In the campaign's zone, not in UTC.
    assert [(row.hour, row.calls, row.reached) for row in found.hours] == [(10, 2, 1), (11, 1, 1)]
    assert [(row.day.day, row.calls) for row in found.days] == [(13, 2), (14, 0), (15, 1)]
    assert (found.volunteers, found.volunteers_in_period, found.volunteers_today) == (2, 2, 1)


def test_a_period_narrows_what_was_done_and_not_what_waits(
    campaign: Campaign, coordinator: Any, volunteer: Any
) -> None:
    call(factories.make_case(campaign), volunteer, "completed", TUESDAY)
    call(factories.make_case(campaign), volunteer, "no_answer", TUESDAY + DAY)
    day = TUESDAY.date()
    found = board(campaign, coordinator, since=day, until=day)
    assert (found.calls, found.reached, found.queue["enrolled"]) == (1, 1, 2)
    assert board(campaign, coordinator, since=day + DAY).calls == 1
    assert board(campaign, coordinator, until=day - DAY).calls == 0


def test_a_long_campaign_shows_its_latest_days() -> None:
    rows = [{"day": date(2026, 1, 1) + index * DAY, "calls": 1, "reached": 1} for index in (0, 99)]
    days, cut = dashboards._every_day(rows)
    assert cut
    assert len(days) == dashboards.MOST_DAYS
    assert days[-1].day == date(2026, 4, 10)


def test_needs_are_counted_by_commune(campaign: Campaign, coordinator: Any, volunteer: Any) -> None:
    for city, insee in (("Bordeaux", "33063"), ("Bordeaux", "33063"), ("Dax", "40088"), ("Ville inconnue", "")):
        case = factories.make_case(campaign, factories.make_household(city=city, insee_code=insee))
        call(case, volunteer, "completed", say={"courses": "personne", "manger": "tout_juste"})
    found = board(campaign, coordinator)
    assert [(row.name, row.insee_code, row.total) for row in found.communes] == [
        ("Bordeaux", "33063", 4), ("Dax", "40088", 2), ("Ville inconnue", "", 2)
    ]  # fmt: skip
    assert found.communes[0].counts == {"courses": 2, "repas": 2}
    assert {cell.label for cell in found.need_categories} == {"Courses et approvisionnement", "Repas, portage"}


def test_percentages_are_whole_only_when_all_or_nothing_is() -> None:
    assert [dashboards.percent(*pair) for pair in ((0, 0), (0, 9), (1, 900), (899, 900), (900, 900))] == [
        0, 0, 1, 99, 100
    ]  # fmt: skip


# Who sees what -----------------------------------------------------------------------------------------------


def test_a_coordinator_counts_only_the_agencies_of_their_scope(
    campaign: Campaign, coordinator: Any, volunteer: Any, agency: Any, agency2: Any
) -> None:
    for one in (agency, agency2, agency2):
        case = factories.make_case(campaign, factories.make_household(one.landlord, agency=one))
        call(case, volunteer, "no_answer")
        alerts.raise_alert(task=f"a{case.pk}", kind=Alert.Kind.TASK_FAILED, level="U0", case=case, now=TUESDAY)
    CoordinatorScope.objects.create(user=coordinator).agencies.add(agency)
    # A sector that nobody follows is everybody's: its figures as well as its alerts.
    found = board(campaign, coordinator)
    assert (found.queue["enrolled"], found.calls, found.alert_total, found.alerts_elsewhere) == (3, 3, 3, 0)
    factories.limit_to(coordinator, agency)
    found = board(campaign, coordinator)
    assert (found.queue["enrolled"], found.calls, found.alert_total, found.alerts_elsewhere) == (1, 1, 1, 0)
    assert [one.name for one in dashboards.agencies_of(campaign, coordinator)] == [agency.name]
    # Asking for another agency by its number shows nothing of it.
    assert board(campaign, coordinator, agency_id=agency2.pk).queue["enrolled"] == 0


def test_agency_and_commune_narrow_every_figure(campaign: Campaign, coordinator: Any, agency: Any) -> None:
    factories.make_case(campaign, factories.make_household(agency.landlord, agency=agency))
    factories.make_case(campaign, factories.make_household(agency.landlord, insee_code="40088", city="Dax"))
    assert board(campaign, coordinator, agency_id=agency.pk).queue["enrolled"] == 1
    assert board(campaign, coordinator, insee_code="40088").queue["enrolled"] == 1
    assert dashboards.communes_of(campaign, coordinator) == [("33063", "Bordeaux"), ("40088", "Dax")]


def test_the_number_of_queries_does_not_grow(campaign: Campaign, coordinator: Any, volunteer: Any) -> None:
    def live(city: str) -> None:
        case = factories.make_case(campaign, factories.make_household(city=city, insee_code=f"33{len(city):03d}"))
        call(case, volunteer, "completed", say={"courses": "personne", "manger": "non"})
        call(factories.make_case(campaign), volunteer, "no_answer")

    live("Bordeaux")
    assert coordinator.role_names  # read once a request, before
    with count_queries() as few:
        board(campaign, coordinator)
    for city in ("Dax", "Pau", "Agen", "Mimizan", "Langon", "La Teste"):
        live(city)
    with count_queries() as many:
        board(campaign, coordinator)
    assert len(few) == len(many) <= 20
    assert DueCall.objects.count() == 0


# What waits around the calls: the menu and the dashboard --------------------------------------------------------


def _told(case: Case, by: Any, number: int = 0, **fields: Any) -> Call:
    """A recorded call whose comment is looked at again, and after which its volunteer would like to talk."""
    at = TUESDAY + timedelta(minutes=number)
    made = Call.objects.create(
        **{"case": case, "volunteer": by, "state": Call.State.RECORDED, "outcome": "completed", "started_at": at,
           "recorded_at": at, "comment": "Elle est gâteuse.", **fields}
    )  # fmt: skip
    texts.flag(made, None, at)
    debriefs.ask(call=made, by=by, now=at)
    return made


def test_the_menu_counts_what_no_alert_announces(campaign: Campaign, coordinator: Any, volunteer: Any) -> None:
    nothing = {"texts": 0, "debriefs": 0, "pending": 0, "neighbours": 0, "to_confirm": 0, "reviews": 0}
    assert dashboards.waiting(coordinator) == nothing
    Campaign.objects.update(review_share=0)
    case = factories.make_case(campaign)
    first, *_ = [_told(case, volunteer, number) for number in range(6)]
    Call.objects.create(case=case, volunteer=volunteer, state=Call.State.PENDING, outcome="busy")
    NeighbourReport.objects.create(worries=["mail"])
    cache.clear()
    # Somebody's first five calls of a campaign are read again.
    assert dashboards.waiting(coordinator) == {
        "texts": 6, "debriefs": 6, "pending": 1, "neighbours": 1, "to_confirm": 0, "reviews": 5
    }  # fmt: skip
    reviews.review(call=first, note="", by=coordinator, now=TUESDAY)
    texts.leave(flagged=first.flagged_texts.get(), by=coordinator, now=TUESDAY)
    debriefs.close(debrief=first.debrief, by=coordinator, now=TUESDAY)
    found = dashboards.waiting(coordinator)
    assert (found["reviews"], found["texts"], found["debriefs"]) == (4, 5, 5)


def test_the_menu_counts_the_coordinator_s_own_sectors_and_nobody_s_own_calls(
    campaign: Campaign, coordinator: Any, volunteer: Any, agency: Any, agency2: Any
) -> None:
    _told(factories.make_case(campaign, factories.make_household(agency=agency)), volunteer)
    _told(factories.make_case(campaign, factories.make_household(agency=agency)), coordinator)
    _told(factories.make_case(campaign, factories.make_household(agency=agency2)), volunteer)
    everything = dashboards.waiting(coordinator)
    # The words of one's own call are looked at like any other's; the call and its debrief are for somebody else.
    assert (everything["reviews"], everything["debriefs"], everything["texts"]) == (2, 2, 3)
    factories.limit_to(coordinator, agency2)
    cache.clear()
    found = dashboards.waiting(coordinator)
    assert (found["reviews"], found["debriefs"], found["texts"]) == (1, 1, 1)


def test_the_menu_stops_counting_reviews_and_counts_them_once_a_minute(
    campaign: Campaign, coordinator: Any, volunteer: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reviews, "MOST", 3)
    case = factories.make_case(campaign)
    for number in range(5):
        _told(case, volunteer, number)
    assert dashboards.waiting(coordinator)["reviews"] == 3
    with count_queries() as again:
        dashboards.waiting(coordinator)
    assert len(again) == 2


def test_the_dashboard_counts_them_for_what_it_shows(
    campaign: Campaign, coordinator: Any, volunteer: Any, agency: Any
) -> None:
    _told(factories.make_case(campaign, factories.make_household(agency=agency)), volunteer)
    _told(factories.make_case(campaign), volunteer)
    _told(factories.make_case(figures_cast.make_campaign(volunteer)), volunteer)
    assert values(board(campaign, coordinator).team) == {"debrief_list": 2, "text_list": 2, "review_list": 2}
    narrowed = board(campaign, coordinator, agency_id=agency.pk)
    assert values(narrowed.team) == {"debrief_list": 1, "text_list": 1, "review_list": 1}


@pytest.mark.parametrize(
    ("since", "until", "calls"),
    [
        (None, None, 3),
        (date(2026, 1, 14), None, 2),
        (None, date(2026, 1, 14), 2),
        (date(2026, 1, 14), date(2026, 1, 14), 1),
        (date(2026, 1, 16), None, 0),
        (None, date(2026, 1, 12), 0),
    ],
)
def test_both_ends_of_a_period_are_days_of_the_campaign_s_zone(
    campaign: Campaign, coordinator: Any, volunteer: Any, since: date | None, until: date | None, calls: int
) -> None:
    """13, 14 and 15 January; a minute before midnight and a minute after, in Paris, are other days in UTC."""
    case = factories.make_case(campaign)
    for at in ("2026-01-13T23:59", "2026-01-14T00:01", "2026-01-15T00:00"):
        moment = datetime.fromisoformat(at).replace(tzinfo=campaign.tz)
        Call.objects.create(
            case=case, volunteer=volunteer, state=Call.State.RECORDED, outcome="completed", started_at=moment,
            recorded_at=moment,
        )  # fmt: skip
    found = board(campaign, coordinator, since=since, until=until)
    assert (found.calls, sum(day.calls for day in found.days), sum(hour.calls for hour in found.hours)) == (calls,) * 3
