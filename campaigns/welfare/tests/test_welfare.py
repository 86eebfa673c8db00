"""Welfare checks and alerts: deadlines, the ladder, what each result brings, who is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import alerts, welfare
from campaigns.models import Alert, Campaign, Case, CoordinatorScope, FollowUpPlan, Referral, WelfareCheck
from solidarites.models import OutgoingMail
from tests import factories

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def case(volunteer: Any) -> Case:
    campaign = factories.make_campaign(volunteers=[volunteer], now=TUESDAY)
    return factories.make_case(campaign, now=TUESDAY)


def opened(case: Case, by: Any, level: str = "U2") -> WelfareCheck:
    return welfare.open_check(case=case, origin=WelfareCheck.Origin.COORDINATOR, level=level, by=by, now=TUESDAY)


@pytest.mark.parametrize(("level", "hours"), [("U0", 2), ("U1", 24), ("U2", 72), ("U3", 72)])
def test_the_deadline_follows_the_level(case: Case, coordinator: Any, level: str, hours: int) -> None:
    assert opened(case, coordinator, level).due_at == TUESDAY + timedelta(hours=hours)


def test_a_household_has_one_open_check_and_leaves_the_queue(case: Case, coordinator: Any) -> None:
    first = opened(case, coordinator)
    assert opened(case, coordinator) == first
    case.refresh_from_db()
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.WELFARE)


def test_the_ladder_proposes_the_next_step(case: Case, coordinator: Any) -> None:
    check = opened(case, coordinator)
    made = []
    while (kind := welfare.next_step(check)) is not None:
        made.append(kind)
        welfare.add_step(check=check, kind=kind, result="rien", by=coordinator, now=TUESDAY)
    assert made == ["letter", "neighbour", "caretaker", "agency", "town", "emergency"]


@pytest.mark.parametrize(
    ("result", "call_again", "status", "reason"),
    [
        ("well", False, "closed", "well"),
        ("well", True, "open", ""),
        ("difficulty", False, "open", ""),
        ("hospital", False, "open", ""),
        ("not_found", False, "closed", "not_found"),
        ("moved", False, "closed", "moved"),
        ("care_home", False, "closed", "care_home"),
        ("deceased", False, "closed", "deceased"),
    ],
)
def test_what_each_result_brings(
    case: Case, coordinator: Any, result: str, call_again: bool, status: str, reason: str
) -> None:
    check = opened(case, coordinator)
    welfare.close_check(check=check, result=result, call_again=call_again, by=coordinator, now=TUESDAY)
    case.refresh_from_db()
    assert (case.status, case.closed_reason) == (status, reason)
    if result == "hospital":
        assert case.next_call_at is not None
        assert case.next_call_at > TUESDAY + timedelta(days=13)
    with pytest.raises(welfare.WelfareError, match="déjà close"):
        welfare.close_check(check=check, result="well", by=coordinator, now=TUESDAY)
    with pytest.raises(welfare.WelfareError, match="close"):
        welfare.add_step(check=check, kind="letter", result="", by=coordinator, now=TUESDAY)


def test_found_well_leaves_a_running_plan_running(case: Case, volunteer: Any, coordinator: Any) -> None:
    FollowUpPlan.objects.create(
        case=case, household=case.household, weekdays=[3], time="15:00", volunteer=volunteer,
        starts_on=TUESDAY.date(), next_due_at=TUESDAY + timedelta(days=2), review_on=TUESDAY.date(),
    )  # fmt: skip
    check = opened(case, coordinator)
    welfare.close_check(check=check, result="well", by=coordinator, now=TUESDAY)
    case.refresh_from_db()
    assert (case.status, case.next_call_kind, case.next_call_at) == ("open", Case.Kind.FOLLOW_UP, None)


def test_of_a_couple_it_must_be_said_who_died(coordinator: Any, volunteer: Any) -> None:
    campaign = factories.make_campaign(volunteers=[volunteer], now=TUESDAY)
    couple = factories.make_case(campaign, factories.make_household(people=2), now=TUESDAY)
    check = opened(couple, coordinator)
    with pytest.raises(welfare.WelfareError, match="Précisez"):
        welfare.close_check(check=check, result="deceased", by=coordinator, now=TUESDAY)
    check.refresh_from_db()
    assert check.closed_at is None
    who = couple.household.tenants.order_by("pk")[0]
    welfare.close_check(check=check, result="deceased", tenant=who, by=coordinator, now=TUESDAY)
    couple.refresh_from_db()
    assert (couple.status, couple.hold_reason) == ("on_hold", "person_closed")


def test_an_overdue_check_climbs_once_to_every_coordinator_who_sees_the_case(
    case: Case, coordinator: Any, agency: Any
) -> None:
    elsewhere = factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    CoordinatorScope.objects.create(user=elsewhere).agencies.add(agency)
    case.agency = factories.make_agency(agency.landlord, "Agence de Dax")
    case.save()
    check = opened(case, coordinator)
    assert welfare.watch_overdue(now=check.due_at - timedelta(minutes=1)) == 0
    assert welfare.watch_overdue(now=check.due_at) == 1
    assert welfare.watch_overdue(now=check.due_at) == 0
    assert Alert.objects.get().kind == Alert.Kind.WELFARE_OVERDUE
    assert [mail.to for mail in OutgoingMail.objects.filter(template="welfare_overdue")] == [coordinator.email]


def test_a_late_check_wakes_nobody_and_is_not_told_once_somebody_wrote_a_step(case: Case, coordinator: Any) -> None:
    check = opened(case, coordinator)
    night = datetime(2026, 1, 17, 2, tzinfo=TUESDAY.tzinfo)
    assert welfare.watch_overdue(now=night) == 1
    row = OutgoingMail.objects.get(template="welfare_overdue")
    assert row.next_try_at == night.replace(hour=7)
    welfare.add_step(check=check, kind="letter", result="Déposée.", by=coordinator, now=night)
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.CANCELLED


def test_a_late_check_of_a_sector_that_nobody_follows_is_told_to_everybody(case: Case, coordinator: Any) -> None:
    elsewhere = factories.make_agency(case.household.landlord, "Agence de Pau")
    opened(case, coordinator)
    CoordinatorScope.objects.create(user=coordinator).agencies.add(elsewhere)
    welfare.watch_overdue(now=TUESDAY + timedelta(hours=73))
    row = OutgoingMail.objects.get()
    assert (row.template, row.to) == ("welfare_overdue", coordinator.email)


def test_each_step_starts_the_delay_of_the_next_and_the_climb_comes_once_a_step(case: Case, coordinator: Any) -> None:
    check = opened(case, coordinator)
    assert welfare.watch_overdue(now=check.due_at) == 1
    later = check.due_at + timedelta(hours=1)
    welfare.add_step(check=check, kind="letter", result="Déposée.", by=coordinator, now=later)
    assert check.due_at == later + timedelta(hours=72)
    # The step settles the alert of the late one.
    assert Alert.objects.get().solution == "Démarche notée\u00a0: lettre."
    assert welfare.watch_overdue(now=later + timedelta(hours=71)) == 0
    assert welfare.watch_overdue(now=later + timedelta(hours=72)) == 1
    assert welfare.watch_overdue(now=later + timedelta(hours=90)) == 0
    assert OutgoingMail.objects.filter(template="welfare_overdue").count() == 2
    assert Alert.objects.filter(solved_at=None).count() == 1


@pytest.mark.parametrize("level", ["U0", "U1"])
def test_an_urgent_late_check_rings_like_an_urgent_alert(case: Case, coordinator: Any, level: str) -> None:
    check = opened(case, coordinator, level)
    welfare.watch_overdue(now=check.due_at)
    alert = Alert.objects.get()
    assert alert.level == level
    assert [mail.template for mail in OutgoingMail.objects.all()] == ["alert"]
    assert alerts.remind(now=check.due_at + timedelta(minutes=15)) == 1


def test_closing_settles_the_alert_of_a_late_check(case: Case, coordinator: Any) -> None:
    check = opened(case, coordinator)
    welfare.watch_overdue(now=check.due_at)
    welfare.close_check(check=check, result="well", by=coordinator, now=check.due_at)
    assert "va bien" in Alert.objects.get().solution


def test_a_more_urgent_worry_raises_an_open_check_and_a_lesser_one_does_not(case: Case, coordinator: Any) -> None:
    check = opened(case, coordinator, "U2")
    assert (opened(case, coordinator, "U3").level, opened(case, coordinator, "U1").level) == ("U2", "U1")
    check.refresh_from_db()
    assert check.due_at == TUESDAY + timedelta(hours=24)


def test_in_difficulty_the_needs_become_a_draft_of_the_checks_level(case: Case, coordinator: Any) -> None:
    check = opened(case, coordinator, "U1")
    welfare.close_check(check=check, result="difficulty", categories=["repas", "soins"], by=coordinator, now=TUESDAY)
    referral = Referral.objects.get()
    assert (referral.state, referral.level, referral.created_by) == ("draft", "U1", coordinator)
    assert referral.tenant == case.household.tenants.get()
    assert sorted(referral.needs.values_list("category", flat=True)) == ["repas", "soins"]


@pytest.mark.parametrize("result", ["well", "difficulty", "hospital"])
def test_a_household_that_opposed_is_never_called_again(case: Case, coordinator: Any, result: str) -> None:
    check = opened(case, coordinator)
    case.household.opposed_at = TUESDAY
    case.household.save()
    welfare.close_check(check=check, result=result, call_again=True, by=coordinator, now=TUESDAY)
    case.refresh_from_db()
    assert (case.status, case.next_call_at) == (Case.Status.CLOSED, None)


# Alerts ---------------------------------------------------------------------------------------------------


def raised(case: Case, level: str = "U0") -> Alert:
    return alerts.raise_alert(task="test", kind=Alert.Kind.TASK_FAILED, level=level, case=case, now=TUESDAY)


@pytest.mark.parametrize(("level", "mails"), [("U0", 1), ("U1", 1), ("U2", 0), ("U3", 0)])
def test_the_urgent_ones_leave_by_mail_at_once(case: Case, coordinator: Any, level: str, mails: int) -> None:
    raised(case, level)
    raised(case, level)
    assert (Alert.objects.count(), OutgoingMail.objects.count()) == (1, mails)


def test_an_alert_nobody_takes_goes_to_the_next_coordinator_every_15_minutes(case: Case, coordinator: Any) -> None:
    second = factories.make_user("autre@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    alert = raised(case)
    OutgoingMail.objects.all().delete()
    assert alerts.remind(now=TUESDAY + timedelta(minutes=14)) == 0
    for minutes in (15, 15, 30, 45):
        alerts.remind(now=TUESDAY + timedelta(minutes=minutes))
    sent = OutgoingMail.objects.order_by("pk").values_list("to", flat=True)
    assert list(sent) == [coordinator.email, second.email, coordinator.email]
    alerts.take(alert=alert, by=coordinator, now=TUESDAY)
    assert alerts.remind(now=TUESDAY + timedelta(hours=2)) == 0


def test_an_alert_is_taken_by_one_solved_with_what_was_done_and_reopened(
    case: Case, coordinator: Any, administrator: Any
) -> None:
    alert = raised(case)
    alerts.take(alert=alert, by=coordinator, now=TUESDAY)
    with pytest.raises(alerts.AlertError, match="Nadia"):
        alerts.take(alert=Alert.objects.get(), by=administrator, now=TUESDAY)
    with pytest.raises(alerts.AlertError, match="ce qui a été fait"):
        alerts.solve(alert=alert, solution="  ", by=coordinator, now=TUESDAY)
    alert = alerts.solve(alert=alert, solution="Les pompiers sont passés.", by=coordinator, now=TUESDAY)
    with pytest.raises(alerts.AlertError, match="déjà résolue"):
        alerts.solve(alert=alert, solution="Encore.", by=coordinator, now=TUESDAY)
    alert = alerts.reopen(alert=alert, by=coordinator, now=TUESDAY)
    assert (alert.solved_at, alert.taken_by, alert.solution) == (None, None, "")


def test_a_cause_that_rings_again_is_not_reopened_beside_itself(case: Case, coordinator: Any) -> None:
    first = alerts.solve(alert=raised(case), solution="Fait.", by=coordinator, now=TUESDAY)
    raised(case)
    with pytest.raises(alerts.AlertError, match="déjà ouverte"):
        alerts.reopen(alert=first, by=coordinator, now=TUESDAY)


def test_no_alert_mail_says_anything_about_anybody(case: Case, coordinator: Any) -> None:
    from solidarites import mail

    raised(case)
    message = mail.build(OutgoingMail.objects.get())
    sent = message.message().as_string() + message.body + str(message.alternatives)
    for tenant in case.household.tenants.all():
        assert tenant.last_name not in sent
        assert tenant.first_name not in sent
    assert f"dossier n° {case.pk}" in message.subject.lower()
    assert Campaign.objects.get().name not in sent
