"""The demonstration: told through the rules, the same whatever the day and hour it is made."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from campaigns import followups, purge, queue, texts
from campaigns.common import calendar, needs
from campaigns.demo import accounts, confinement, hours, institutions, places, remarks
from campaigns.demo.seed import SPRING, WINTER, seed
from campaigns.figures import dashboards, report
from campaigns.models import Alert, Call, Campaign, Case, DueCall, Letter, Partner, Referral, WelfareStep
from campaigns.referrals import partners
from campaigns.setup import enrolment
from solidarites.models import OutgoingMail, User
from tenants.models import Household, PhoneNumber, Tenant

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 11, 24, 10, 7, tzinfo=PARIS)
SUNDAY_NIGHT = datetime(2026, 11, 29, 22, 10, tzinfo=PARIS)
EARLY = datetime(2026, 11, 24, 7, 12, tzinfo=PARIS)
HOLIDAY = datetime(2026, 12, 25, 23, 4, tzinfo=PARIS)
AFTER_MIDNIGHT = datetime(2027, 2, 3, 0, 6, tzinfo=PARIS)


def quiet(line: str) -> None:
    """Nothing is printed in the tests."""


def test_the_spring_of_2020_gives_the_reference_figures(settings: Any) -> None:
    """One seeding for every figure of the story: it is the longest of all tests."""
    said: list[str] = []
    seed(now=TUESDAY, say=said.append, parts=[SPRING])
    out = StringIO()
    call_command("campaign_report", "confinement-2020", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found.pop("calls") == 2700
    assert found.pop("households") > 2320
    assert found.pop("households_without_number") > 0
    kinds = found.pop("referrals_by_partner_kind")
    assert set(kinds) == {"ccas", "mairie", "association", "ari"}
    assert sum(kinds.values()) >= 18
    assert found == {
        "households_with_valid_number": 2320,
        "households_reached": 2320,
        "volunteers": 41,
        "people_referred": 18,
        "follow_up_plans": 68,
        "coverage_percent": 100.0,
        "households_seen": 0,
        "households_replied": 0,
    }
    campaign = Campaign.objects.get(slug=SPRING)
    assert campaign.status == Campaign.Status.CLOSED
    assert purge.due_on(campaign) == TUESDAY.date() + timedelta(days=30)
    _calls_are_within_their_days(campaign)
    _people_are_believable(campaign)
    _nothing_is_left_to_do(campaign)
    _the_team_came_in_its_own_time()
    _who_has_no_number_was_written_to(campaign)
    assert sum(line[:10].count("/2020") for line in said) == 13, "a line a day"
    # A second seeding keeps what is there; nobody can sign in as one of the forty-one.
    calls = Call.objects.count()
    seed(now=TUESDAY + timedelta(hours=1), say=said.append, parts=[SPRING])
    assert Call.objects.count() == calls
    assert "déjà là" in said[-1]
    callers = User.objects.filter(calls__isnull=False).distinct()
    assert callers.count() == 41
    assert not any(user.check_password(word) for user in callers[:2] for word in ("", accounts.PASSWORD))
    assert all(callers.values_list("is_demo", flat=True))
    # And the story outlives its people.
    before = report.report_of(campaign).totals
    purge.purge_expired(now=TUESDAY + timedelta(days=30))
    assert not Tenant.objects.exists()
    assert report.report_of(campaign).totals == before


def _calls_are_within_their_days(campaign: Campaign) -> None:
    hours = calendar.calendar_of(campaign)
    moments = list(Call.objects.values_list("started_at", flat=True))
    assert min(moments).astimezone(PARIS).date() == date(2020, 3, 17)
    assert max(moments).astimezone(PARIS).date() == date(2020, 4, 2)
    assert all(hours.is_open(moment) for moment in moments)
    by_hour = Counter(moment.astimezone(PARIS).hour for moment in moments)
    assert set(by_hour) == {10, 11, 14, 15, 16, 17}
    outcomes = Counter(Call.objects.values_list("outcome", flat=True))
    assert outcomes["completed"] > 0.8 * len(moments)
    assert 100 < outcomes["no_answer"] < 400
    assert len(outcomes) >= 8


def _people_are_believable(campaign: Campaign) -> None:
    households = Household.objects.filter(cases__campaign=campaign)
    assert set(households.values_list("department", flat=True)) == {"33", "40", "47", "31"}
    day = campaign.starts_on
    assert day is not None
    for household in households.prefetch_related("tenants")[::40]:
        ages = [tenant.age_on(day) for tenant in household.tenants.all()]
        assert 70 <= max(age for age in ages if age is not None) <= 99
    numbers = PhoneNumber.objects.exclude(e164__startswith="+3353649").exclude(e164__startswith="+3319900")
    assert not numbers.exists(), "numbers of the ranges kept for fiction alone"
    doubles = PhoneNumber.objects.values("e164").annotate(homes=Count("household", distinct=True)).filter(homes__gt=1)
    assert not doubles.exists()


def _nothing_is_left_to_do(campaign: Campaign) -> None:
    assert not Case.objects.filter(campaign=campaign).exclude(status=Case.Status.CLOSED).exists()
    assert not Alert.objects.filter(campaign=campaign, solved_at=None).exists()
    assert set(Referral.objects.values_list("state", flat=True)) == {"closed"}
    assert not DueCall.objects.filter(state=DueCall.State.MISSED).exists()
    found = texts.of_cases(Case.objects.filter(campaign=campaign))
    wanted = {new or old for old, new in remarks.SPRING.items()}
    assert {texts.read(one) for one in found} == wanted
    assert not found.filter(decision="").exists()
    assert not OutgoingMail.objects.exclude(state=OutgoingMail.State.SENT).exists()


def _the_team_came_in_its_own_time() -> None:
    team = User.objects.filter(calls__isnull=False).distinct()
    joined = list(team.values_list("date_joined", flat=True))
    assert len({moment.astimezone(PARIS).date() for moment in joined}) >= 3
    assert len(set(joined)) >= 35
    assert max(joined) < datetime(2020, 3, 17, 10, tzinfo=PARIS)
    assert all(9 <= moment.astimezone(PARIS).hour < 19 for moment in joined)
    assert all(user.has_usable_password() for user in team), "they came: the list of accounts says so"


def _who_has_no_number_was_written_to(campaign: Campaign) -> None:
    cases = Case.objects.filter(campaign=campaign, has_number=False)
    assert cases.count() == confinement.HOUSEHOLDS.without_number
    assert not cases.filter(letters=None).exists()


@pytest.mark.parametrize("now", [TUESDAY, SUNDAY_NIGHT, AFTER_MIDNIGHT, EARLY, HOLIDAY])
def test_the_cold_spell_is_in_mid_course_at_any_hour(now: datetime, settings: Any) -> None:
    settings.DEMO = True
    seed(now=now, say=quiet, parts=[WINTER])
    campaign = Campaign.objects.get(slug=WINTER)
    assert campaign.status == Campaign.Status.OPEN
    coordinator = User.objects.get(email="coordination@exemple.fr")
    board = dashboards.dashboard(filters=dashboards.Filters(campaign), by=coordinator, now=now)
    assert board.queue["enrolled"] == 400
    tries = {cell.key: cell.value for cell in board.never_reached}
    assert tries["0"] > 200, "fresh cases"
    assert sum(count for key, count in tries.items() if key != "0") >= 5, "retries"
    assert board.late_total >= 2, "follow-ups overdue"
    assert board.callbacks_due >= 1
    assert board.callbacks_planned >= 2
    assert board.welfare_open >= 1
    assert Alert.objects.filter(solved_at=None, taken_by=None, level="U0").count() == 1
    states = {cell.key: cell.value for cell in board.referrals}
    assert all(states[state] for state in Referral.State.values), "a sheet in every state"
    assert board.pending_calls == 1
    _some_texts_wait(campaign, coordinator)
    _the_volunteer_has_a_day(campaign, now)
    _enrolment_can_be_tried(campaign, now)
    _people_worked_at_human_hours(campaign, now)
    _some_are_still_expected(now)


def _people_worked_at_human_hours(campaign: Campaign, now: datetime) -> None:
    """All but the call that has just come in."""
    last = now - timedelta(minutes=25)
    told = Call.objects.filter(case__campaign=campaign, recorded_at__isnull=False, started_at__lt=last)
    moments = [moment.astimezone(PARIS) for moment in told.values_list("started_at", flat=True)]
    moments += [step.at.astimezone(PARIS) for step in WelfareStep.objects.filter(at__lt=last, by__isnull=False)]
    moments += [letter.made_at.astimezone(PARIS) for letter in Letter.objects.filter(case__campaign=campaign)]
    assert len(moments) > 100
    assert not [f"{one:%c}" for one in moments if one.weekday() == hours.SUNDAY or not 9 <= one.hour < 19]
    lunch = [one for one in moments if one.hour in (12, 13)]
    assert len(lunch) < len(moments) / 6


def _some_are_still_expected(now: datetime) -> None:
    expected = User.objects.filter(password__startswith="!", is_active=True)
    assert expected.count() == len(accounts.INVITED)
    assert all(user.is_demo and user.date_joined < now and user.last_login is None for user in expected)
    assert User.objects.filter(is_active=False).count() == 1
    mails = OutgoingMail.objects.filter(key__startswith="invitation:")
    assert set(mails.values_list("state", flat=True)) == {OutgoingMail.State.SENT}


def _some_texts_wait(campaign: Campaign, coordinator: User) -> None:
    found = texts.of_cases(Case.objects.filter(campaign=campaign))
    waiting = found.filter(decision="")
    assert {code for one in waiting for code in one.reasons} == {"health", "opinion", "identity"}
    assert {texts.read(one) for one in waiting} == {*list(remarks.WINTER)[remarks.WINTER_SETTLED :], remarks.MESSAGE}
    assert [texts.read(one) for one in found.exclude(decision="")] == ["Parle bien français."]
    assert dashboards.waiting(coordinator)["texts"] == 5


def _the_volunteer_has_a_day(campaign: Campaign, now: datetime) -> None:
    user = User.objects.get(email="benevole@exemple.fr")
    opened, coming = followups.today_of(user, now)
    assert opened.count() == 1
    assert coming.count() >= 1
    mine = Case.objects.filter(next_call_for=user, next_call_kind=Case.Kind.CALLBACK)
    assert mine.filter(next_call_at__lte=now).count() == 1
    assert mine.filter(next_call_at__gt=now).count() == 1
    assert queue.claim_next(campaign=campaign, by=user, now=now).case is not None
    second = User.objects.get(email="benevole2@exemple.fr")
    assert queue.claim_next(campaign=campaign, by=second, now=now).case is not None


def _enrolment_can_be_tried(campaign: Campaign, now: datetime) -> None:
    outside = Household.objects.filter(cases=None, agency__name="Agence de Marmande")
    assert outside.filter(tenants__birth_date__lte=now.date() - timedelta(days=70 * 366)).distinct().count() >= 50
    # The open campaign takes nobody else by itself.
    assert enrolment.enrol_arrivals(now=now) == 0
    assert enrolment.age_unknown(campaign, now).count() >= 1


def test_every_account_signs_in_and_a_second_seeding_keeps_what_was_changed() -> None:
    known = accounts.make_known()
    assert {email: list(user.role_names) for email, user in known.items()} == {
        "benevole@exemple.fr": ["volunteer"],
        "benevole2@exemple.fr": ["volunteer"],
        "coordination@exemple.fr": ["coordinator"],
        "admin@exemple.fr": ["administrator"],
    }
    assert all(user.check_password("solidarites-demo") and user.is_demo for user in known.values())
    User.objects.filter(email="benevole@exemple.fr").update(first_name="Rosalie")
    assert accounts.make_known()["benevole@exemple.fr"].first_name == "Rosalie"


def test_a_real_installation_is_never_filled(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="pas une démonstration"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_partners_are_found_for_every_need_in_every_town() -> None:
    institutions.make_partners(TUESDAY.date())
    for agency in (*places.SPRING, *places.WINTER, places.OUTSIDE):
        for code in agency.communes:
            town = places.commune(code)
            for category in needs.LABELS:
                found = partners.propose(categories=[category], insee_code=code, department=town.department)
                assert found is not None, (town.name, category)
    assert Partner.objects.filter(email__endswith="@exemple.fr").count() == Partner.objects.count()
