"""Households without a number: letters, the search of a number, news; and the letters of welfare checks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import listeners, queue, welfare
from campaigns.figures import dashboards, report
from campaigns.models import Campaign, Case, FollowUpPlan, Letter, NumberSearch, WelfareCheck
from campaigns.welfare import letters, without_number
from campaigns.welfare.tests.welfare_cast import make_door, make_residence, open_check
from solidarites.models import JournalEntry
from tenants import events, numbers
from tenants.models import Household, Tenant
from tests import factories

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(volunteer: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer], now=TUESDAY)


@pytest.fixture
def case(campaign: Campaign) -> Case:
    return make_door(campaign, make_residence(), now=TUESDAY, phone=None)


def loaded(*found: Case) -> list[Case]:
    return list(letters.to_write_to(Case.objects.filter(pk__in=[one.pk for one in found])))


def write(
    by: Any, *found: Case, kind: str = Letter.Kind.WITHOUT_NUMBER, now: datetime = TUESDAY, again: bool = False
) -> bytes:
    return letters.make(cases=loaded(*found), kind=kind, by=by, now=now, again=again)


# Letters --------------------------------------------------------------------------------------------------------


def test_a_letter_is_recorded_once_a_day(case: Case, coordinator: Any) -> None:
    write(coordinator, case)
    write(coordinator, case, now=TUESDAY + timedelta(hours=3))
    letter = Letter.objects.get()
    assert (letter.kind, letter.day, letter.made_by) == ("numberless", TUESDAY.date(), coordinator)
    write(coordinator, case, now=TUESDAY + timedelta(days=1), again=True)
    assert Letter.objects.count() == 2
    assert JournalEntry.objects.filter(action="letters.made").count() == 3


def test_a_letter_is_a_step_of_the_open_check_and_starts_its_delay(campaign: Campaign, coordinator: Any) -> None:
    case = make_door(campaign, make_residence(), now=TUESDAY)
    check = open_check(case, coordinator, TUESDAY, level="U1")
    later = TUESDAY + timedelta(hours=20)
    for _ in range(2):
        write(coordinator, case, kind=Letter.Kind.MISSED, now=later)
    step = check.steps.get()
    assert (step.kind, step.at) == ("letter", later)
    assert "cherché à vous joindre" in step.result
    check.refresh_from_db()
    assert check.due_at == later + timedelta(hours=24)
    assert welfare.next_step(check) == "neighbour"


def test_a_closed_check_gets_no_step(campaign: Campaign, coordinator: Any) -> None:
    case = make_door(campaign, make_residence(), now=TUESDAY)
    check = open_check(case, coordinator, TUESDAY)
    welfare.close_check(check=check, result="well", by=coordinator, now=TUESDAY)
    write(coordinator, case, kind=Letter.Kind.NOTICE)
    assert not check.steps.exists()


def test_one_pdf_holds_a_residence_and_skips_who_cannot_be_written_to(
    campaign: Campaign, case: Case, coordinator: Any
) -> None:
    residence = case.household.residence
    assert residence is not None
    second = make_door(campaign, residence, now=TUESDAY, phone=None)
    nowhere = make_door(campaign, residence, now=TUESDAY, phone=None, street="", postal_code="", city="")
    empty = make_door(campaign, residence, now=TUESDAY, phone=None)
    Tenant.objects.filter(household=empty.household).update(status=Tenant.Status.DECEASED)
    write(coordinator, case, second, nowhere, empty)
    assert set(Letter.objects.values_list("case", flat=True)) == {case.pk, second.pk}
    with pytest.raises(letters.LetterError, match="adresse"):
        write(coordinator, nowhere)


def test_too_many_letters_are_refused_whole(case: Case, coordinator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "MOST", 0)
    with pytest.raises(letters.LetterError, match="au plus"):
        write(coordinator, case)
    assert not Letter.objects.exists()


@pytest.mark.parametrize(
    ("civilities", "greeting"),
    [(["Mme"], "Madame,"), (["M."], "Monsieur,"), (["Mme", "M."], "Madame, Monsieur,"), ([""], "Madame, Monsieur,")],
)
def test_it_greets_whoever_lives_there(campaign: Campaign, civilities: list[str], greeting: str) -> None:
    case = factories.make_case(campaign, factories.make_household(people=len(civilities)), now=TUESDAY)
    for tenant, civility in zip(case.household.tenants.order_by("pk"), civilities, strict=True):
        tenant.civility = civility
        tenant.save()
    assert letters.content_of(loaded(case)[0], Letter.Kind.MISSED, TUESDAY).greeting == greeting


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (
            {str(day): [["10:00", "12:00"], ["14:00", "18:30"]] for day in range(5)},
            "du lundi au vendredi de 10 h à 12 h et de 14 h à 18 h 30",
        ),
        ({"0": [["09:00", "12:00"]], "2": [["09:00", "12:00"]]}, "le lundi de 9 h à 12 h ; le mercredi de 9 h à 12 h"),
        ({str(day): [["00:00", "23:59"]] for day in range(7)}, "tous les jours, à toute heure"),
        ({}, ""),
    ],
)
def test_it_says_when_somebody_answers(hours: dict[str, Any], said: str) -> None:
    assert letters.hours_of(Campaign(hours=hours)).replace("\u00a0", " ") == said


# The search of a number -------------------------------------------------------------------------------------------


def waiting(campaign: Campaign, state: str = "") -> list[Case]:
    return list(without_number.in_state(without_number.waiting(Case.objects.filter(campaign=campaign)), state))


def test_each_list_holds_its_households(campaign: Campaign, case: Case, coordinator: Any) -> None:
    residence = case.household.residence
    assert residence is not None
    written, asked, refused = (make_door(campaign, residence, now=TUESDAY, phone=None) for _ in range(3))
    make_door(campaign, residence, now=TUESDAY)
    write(coordinator, written)
    without_number.ask(cases=loaded(asked, refused), by=coordinator, now=TUESDAY)
    without_number.not_found(case_id=refused.pk, by=coordinator, now=TUESDAY)
    assert len(waiting(campaign)) == 4
    assert waiting(campaign, "nothing") == [case]
    assert waiting(campaign, "letter") == [written]
    assert waiting(campaign, "asked") == [asked]
    assert waiting(campaign, "not_found") == [refused]


def test_the_agency_is_asked_once(case: Case, coordinator: Any) -> None:
    for _ in range(2):
        without_number.ask(cases=loaded(case), by=coordinator, now=TUESDAY)
    assert NumberSearch.objects.count() == 1
    with pytest.raises(without_number.WithoutNumberError, match="Aucun"):
        without_number.ask(cases=[], by=coordinator, now=TUESDAY)


def test_a_number_found_puts_the_household_in_the_queue(case: Case, coordinator: Any, volunteer: Any) -> None:
    without_number.ask(cases=loaded(case), by=coordinator, now=TUESDAY)
    with pytest.raises(numbers.NumberError):
        without_number.found(case_id=case.pk, number="0800", by=coordinator, now=TUESDAY)
    assert NumberSearch.objects.get().answered_at is None
    without_number.found(case_id=case.pk, number="05 36 49 12 34", by=coordinator, now=TUESDAY)
    search = NumberSearch.objects.get()
    assert (search.found, search.answered_by, search.answered_at) == (True, coordinator, TUESDAY)
    given = queue.claim_next(campaign=case.campaign, by=volunteer, now=TUESDAY)
    assert given is not None
    assert given.case.pk == case.pk
    with pytest.raises(without_number.WithoutNumberError, match="plus sur la liste"):
        without_number.found(case_id=case.pk, number="05 36 49 12 35", by=coordinator, now=TUESDAY)


def test_a_number_that_comes_any_other_way_ends_the_search(case: Case, coordinator: Any) -> None:
    without_number.ask(cases=loaded(case), by=coordinator, now=TUESDAY)
    numbers.add_number(household=case.household, number="05 36 49 12 34", by=coordinator, now=TUESDAY)
    assert NumberSearch.objects.get().found


def test_not_found_needs_a_question(case: Case, coordinator: Any) -> None:
    with pytest.raises(without_number.WithoutNumberError, match="pas été demandé"):
        without_number.not_found(case_id=case.pk, by=coordinator, now=TUESDAY)


# News ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Case.CloseReason.VISITED, Case.CloseReason.REPLIED])
def test_good_news_close_the_case(case: Case, coordinator: Any, how: str) -> None:
    without_number.ask(cases=loaded(case), by=coordinator, now=TUESDAY)
    assert without_number.give_news(case_id=case.pk, how=how, well=True, by=coordinator, now=TUESDAY) is None
    case.refresh_from_db()
    assert (case.status, case.closed_reason, case.reached_at) == (Case.Status.CLOSED, how, None)
    assert not NumberSearch.objects.filter(answered_at=None).exists()
    with pytest.raises(without_number.WithoutNumberError):
        without_number.give_news(case_id=case.pk, how=how, well=True, by=coordinator, now=TUESDAY)


def test_who_needs_help_gets_a_check_of_the_same_day(case: Case, coordinator: Any) -> None:
    check = without_number.give_news(case_id=case.pk, how="visited", well=False, by=coordinator, now=TUESDAY)
    assert check is not None
    assert (check.level, check.owner) == ("U1", coordinator)
    case.refresh_from_db()
    assert case.hold_reason == Case.Hold.WELFARE


def test_no_news_without_saying_how_nor_while_a_plan_runs(case: Case, coordinator: Any, volunteer: Any) -> None:
    with pytest.raises(without_number.WithoutNumberError, match="comment"):
        without_number.give_news(case_id=case.pk, how="dreamt", well=True, by=coordinator, now=TUESDAY)
    FollowUpPlan.objects.create(
        case=case, household=case.household, weekdays=[3], time="15:00", volunteer=volunteer,
        starts_on=TUESDAY.date(), next_due_at=TUESDAY + timedelta(days=2), review_on=TUESDAY.date(),
    )  # fmt: skip
    with pytest.raises(without_number.WithoutNumberError, match="suivi"):
        without_number.give_news(case_id=case.pk, how="visited", well=True, by=coordinator, now=TUESDAY)


def test_a_check_that_ends_well_closes_the_case_or_sends_it_back_to_the_list(
    campaign: Campaign, case: Case, coordinator: Any
) -> None:
    check = welfare.open_by_hand(case_id=case.pk, level="U2", by=coordinator, now=TUESDAY)
    assert waiting(campaign) == []
    welfare.close_check(check=check, result="well", call_again=True, by=coordinator, now=TUESDAY)
    assert waiting(campaign) == [case]
    check = welfare.open_by_hand(case_id=case.pk, level="U2", by=coordinator, now=TUESDAY)
    welfare.close_check(check=check, result="well", by=coordinator, now=TUESDAY)
    case.refresh_from_db()
    assert case.closed_reason == "well"


# Figures --------------------------------------------------------------------------------------------------------------


def test_they_are_counted_apart_in_every_figure(campaign: Campaign, case: Case, coordinator: Any) -> None:
    residence = case.household.residence
    assert residence is not None
    visited = make_door(campaign, residence, now=TUESDAY, phone=None)
    make_door(campaign, residence, now=TUESDAY)
    without_number.give_news(case_id=visited.pk, how="visited", well=True, by=coordinator, now=TUESDAY)
    counts = queue.counts(campaign, TUESDAY)
    assert (counts["without_number"], counts["done"], counts["ready"], counts["enrolled"]) == (1, 1, 1, 3)
    totals = report.report_of(campaign).totals
    assert totals["households"] == 3
    # A visit is no call: it neither gives a number nor counts among the reached.
    assert (totals["households_with_valid_number"], totals["households_reached"]) == (1, 0)
    assert (totals["households_without_number"], totals["households_seen"], totals["households_replied"]) == (2, 1, 0)
    without_number.give_news(case_id=case.pk, how="replied", well=True, by=coordinator, now=TUESDAY)
    totals = report.report_of(campaign).totals
    assert (totals["households_without_number"], totals["households_seen"], totals["households_replied"]) == (2, 1, 1)
    board = dashboards.dashboard(filters=dashboards.Filters(campaign=campaign), by=coordinator, now=TUESDAY)
    assert (board.with_number, board.reached, board.queue["without_number"]) == (1, 0, 0)


def test_two_records_of_one_household_keep_one_history(campaign: Campaign, case: Case, coordinator: Any) -> None:
    residence = case.household.residence
    assert residence is not None
    gone = make_door(campaign, residence, now=TUESDAY, phone=None)
    for one in (case, gone):
        write(coordinator, one)
    write(coordinator, gone, now=TUESDAY + timedelta(days=1), again=True)
    without_number.ask(cases=loaded(case, gone), by=coordinator, now=TUESDAY)
    listeners.on_household_merged(
        events.HouseholdMerged(kept_id=case.household_id, gone_id=gone.household_id, now=TUESDAY, by=coordinator)
    )
    assert (case.letters.count(), case.number_searches.count()) == (2, 2)
    assert case.number_searches.filter(answered_at=None).count() == 1
    assert not WelfareCheck.objects.exists()
    assert Household.objects.count() == 2
