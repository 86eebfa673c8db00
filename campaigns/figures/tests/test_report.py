"""The closing figures: what each of them counts, and that they never fall by accident."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from campaigns.figures import report
from campaigns.figures.tests import figures_cast
from campaigns.figures.tests.figures_cast import TUESDAY, call
from campaigns.models import Campaign, Case, FollowUpPlan, Partner, Referral
from campaigns.referrals.tests import referral_cast
from campaigns.setup import enrolment, lifecycle
from campaigns.welfare import without_number
from tests import factories
from tests.strict import count_queries


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return figures_cast.make_campaign(volunteer, volunteer2)


def totals(campaign: Campaign) -> dict[str, Any]:
    return report.report_of(campaign).totals


def test_the_keys_are_those_of_the_contract(campaign: Campaign) -> None:
    out = StringIO()
    call_command("campaign_report", campaign.slug, "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert list(found) == list(report.TOTALS)
    assert found["coverage_percent"] == 0.0
    assert found["referrals_by_partner_kind"] == {}


def test_households_calls_and_volunteers_are_counted(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    well, absent = factories.make_case(campaign), factories.make_case(campaign)
    factories.make_case(campaign, factories.make_household(phone=None), has_number=False)
    call(well, volunteer, "completed")
    call(absent, volunteer2, "no_answer")
    call(absent, volunteer2, "no_answer", TUESDAY + timedelta(days=1))
    found = totals(campaign)
    assert (found["households"], found["households_with_valid_number"], found["households_reached"]) == (3, 2, 1)
    assert (found["calls"], found["volunteers"], found["coverage_percent"]) == (3, 2, 50.0)


def test_a_draft_or_a_dropped_call_is_no_call(campaign: Campaign, volunteer: Any) -> None:
    case = factories.make_case(campaign)
    for state in ("draft", "pending", "dropped"):
        referral_cast.make_call(case, volunteer, TUESDAY, state=state)
    assert (totals(campaign)["calls"], totals(campaign)["volunteers"]) == (0, 0)


def test_a_number_found_wrong_later_does_not_lower_the_figure(campaign: Campaign, volunteer: Any) -> None:
    case = factories.make_case(campaign)
    assert totals(campaign)["households_with_valid_number"] == 1
    call(case, volunteer, "disconnected")
    assert not case.has_number
    assert totals(campaign)["households_with_valid_number"] == 1


def test_coverage_is_of_households_with_a_number_to_one_decimal(campaign: Campaign, volunteer: Any) -> None:
    for outcome in ("completed", "no_answer", "no_answer"):
        call(factories.make_case(campaign), volunteer, outcome)
    assert totals(campaign)["coverage_percent"] == 33.3


def test_people_are_referred_once_the_sheet_has_left(campaign: Campaign, coordinator: Any) -> None:
    case = factories.make_case(campaign)
    ccas = referral_cast.make_partner()
    referral_cast.make_referral(coordinator, TUESDAY, state=Referral.State.APPROVED, case=case, partner=ccas)
    assert totals(campaign)["people_referred"] == 0
    for state in (Referral.State.SENT, Referral.State.CLOSED, Referral.State.DECLINED):
        referral_cast.make_referral(coordinator, TUESDAY, state=state, case=case, partner=ccas)
    assert totals(campaign)["people_referred"] == 1
    assert totals(campaign)["referrals_by_partner_kind"] == {"ccas": 3}


def test_a_sheet_sent_to_a_second_partner_still_counts_its_person_once(campaign: Campaign, coordinator: Any) -> None:
    case = factories.make_case(campaign)
    referral_cast.make_partner()
    referral_cast.make_partner("Mairie de Bordeaux", kind=Partner.Kind.TOWN_HALL)
    sheet = referral_cast.make_referral(coordinator, TUESDAY, state=Referral.State.DECLINED, case=case)
    for act in ("reroute", "approve", "sent"):
        referral_cast.do(act, sheet, coordinator, TUESDAY)
        assert totals(campaign)["people_referred"] == 1
    assert totals(campaign)["referrals_by_partner_kind"] == {"ccas": 1, "mairie": 1}


def test_follow_up_plans_stay_counted_once_ended_or_taken_over(campaign: Campaign, volunteer: Any) -> None:
    ended, moved = factories.make_case(campaign), factories.make_case(campaign)
    for case in (ended, moved):
        call(case, volunteer, "completed", follow_up=figures_cast.weekly())
    assert totals(campaign)["follow_up_plans"] == 2
    newer = figures_cast.make_campaign(volunteer)
    Case.objects.filter(pk=moved.pk).update(next_call_at=None)
    # Agreed before the other campaign opened.
    FollowUpPlan.objects.update(created_at=TUESDAY - timedelta(days=30))
    enrolment.enrol_households(campaign=newer, household_ids=[moved.household_id], now=TUESDAY)
    assert moved.plans.count() == 0
    assert totals(campaign)["follow_up_plans"] == 2
    lifecycle.close_campaign(campaign=campaign, by=None, now=TUESDAY + timedelta(days=9))
    assert totals(campaign)["follow_up_plans"] == 2


def test_news_of_households_without_a_number_outlive_the_purge(
    campaign: Campaign, coordinator: Any, client_of: Any
) -> None:
    for how in (Case.CloseReason.VISITED, Case.CloseReason.VISITED, Case.CloseReason.REPLIED):
        case = factories.make_case(campaign, factories.make_household(phone=None), has_number=False)
        without_number.give_news(case_id=case.pk, how=how, well=True, by=coordinator, now=TUESDAY)
    before = totals(campaign)
    assert [before[name] for name in report.TOTALS[-3:]] == [3, 2, 1]
    page = client_of(coordinator).get(f"/campagnes/{campaign.slug}/bilan/").content.decode()
    assert "2 foyers sans numéro ont été vus lors d'une visite" in " ".join(page.split()).replace("&#x27;", "'")
    report.freeze(campaign, TUESDAY)
    Case.objects.all().delete()
    assert totals(campaign) == before


def test_figures_frozen_before_they_were_counted_are_unknown(
    campaign: Campaign, coordinator: Any, client_of: Any
) -> None:
    factories.make_case(campaign)
    frozen = report.freeze(campaign, TUESDAY)
    for name in report.TOTALS[-3:]:
        del frozen.data["totals"][name]
    frozen.save()
    assert [totals(campaign)[name] for name in report.TOTALS[-3:]] == [None] * 3
    assert "sans numéro" not in client_of(coordinator).get(f"/campagnes/{campaign.slug}/bilan/").content.decode()
    call_command("campaign_report", campaign.slug, stdout=StringIO())


def test_the_cost_does_not_grow_with_the_campaign(campaign: Campaign, volunteer: Any) -> None:
    call(factories.make_case(campaign), volunteer, "completed", say={"courses": "personne", "manger": "oui"})
    with count_queries() as few:
        report.report_of(campaign)
    for _ in range(6):
        call(factories.make_case(campaign), volunteer, "completed", say={"courses": "personne", "manger": "oui"})
    with count_queries() as many:
        report.report_of(campaign)
    assert len(few) == len(many) <= 14


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [
        ({"a": 7, "b": 6}, set()),
        ({"a": 7, "b": 6, "c": 0}, set()),
        ({"a": 9, "b": 6, "c": 4}, {"b", "c"}),  # alone, the sum would give it away
        ({"a": 9, "b": 3, "c": 2}, {"b", "c"}),
        ({"a": 3}, {"a"}),
    ],
)
def test_small_cells_are_hidden_and_cannot_be_deduced(counts: dict[str, int], hidden: set[str]) -> None:
    assert report.hide_small(counts) == hidden


def test_the_command_speaks_french(campaign: Campaign, volunteer: Any) -> None:
    call(factories.make_case(campaign), volunteer, "completed")
    out = StringIO()
    call_command("campaign_report", campaign.slug, stdout=out)
    text = out.getvalue()
    assert "avec un numéro valable" in text
    assert "100,0\N{NO-BREAK SPACE}%" in text
    assert "du 13/01/2026 au 13/01/2026" in text


def test_an_unknown_campaign_is_said_in_french_and_fails(campaign: Campaign) -> None:
    with pytest.raises(CommandError, match="Aucune campagne") as error:
        call_command("campaign_report", "inconnue")
    assert error.value.returncode == 1
    assert campaign.slug in str(error.value)
