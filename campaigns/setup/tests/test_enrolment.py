"""Households → cases."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.common import phrases
from campaigns.models import Campaign, Case, DueCall, FollowUpPlan, Referral
from campaigns.setup import enrolment
from solidarites.models import JournalEntry
from tenants import events
from tenants.models import PhoneNumber, Tenant
from tests import factories
from tests.factories import make_agency, make_campaign, make_case, make_household, make_landlord
from tests.strict import count_queries, max_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(now):
    return make_campaign(status=Campaign.Status.DRAFT, now=now, starts_on=date(2026, 1, 13), opened_at=None)


def enrol(campaign, now, **kwargs):
    return enrolment.enrol(campaign=campaign, now=now, **kwargs)


def test_somebody_of_the_age_on_the_opening_day_is_enrolled_and_a_day_younger_is_not(draft, now):
    just = make_household(birth_date=date(1956, 1, 13))
    make_household(birth_date=date(1956, 1, 14))
    result = enrol(draft, now)
    assert (result.created, list(draft.cases.values_list("household_id", flat=True))) == (1, [just.pk])


def test_a_birthday_on_29_february_counts_from_1_march(draft):
    draft.starts_on = date(2026, 2, 28)
    assert enrolment.born_by(draft, 70) == date(1956, 2, 28)
    draft.starts_on = date(2028, 2, 29)
    assert enrolment.born_by(draft, 69) == date(1959, 2, 28)


def test_without_a_start_the_age_counts_today(draft, now):
    draft.starts_on = None
    assert enrolment.opening_day(draft, now) == date(2026, 1, 13)


def test_a_bare_year_counts_as_1_january(draft, now):
    household = make_household(birth_date=date(1956, 1, 1))
    household.tenants.update(birth_precision=Tenant.Precision.YEAR)
    assert enrol(draft, now).created == 1


def test_one_person_of_the_age_is_enough_and_must_live_there(draft, now):
    couple = make_household(birth_date=date(1980, 1, 1), people=2)
    eldest = couple.tenants.first()
    Tenant.objects.filter(pk=eldest.pk).update(birth_date=date(1940, 1, 1))
    assert enrolment.preview(draft, now).created == 1
    Tenant.objects.filter(pk=eldest.pk).update(status=Tenant.Status.CARE_HOME)
    assert enrolment.preview(draft, now).created == 0


def test_unknown_births_are_listed_apart_and_enrolled_by_hand(draft, now):
    unknown = make_household(birth_date=None)
    result = enrol(draft, now)
    assert (result.created, result.age_unknown) == (0, 1)
    assert list(enrolment.age_unknown(draft, now)) == [unknown]
    assert enrolment.enrol_households(campaign=draft, household_ids=[unknown.pk], now=now).created == 1
    assert not enrolment.age_unknown(draft, now).exists()


def test_an_opposition_is_never_enrolled_even_by_hand(draft, now):
    opposed = make_household(opposed_at=now)
    assert enrol(draft, now).created == 0
    assert enrolment.enrol_households(campaign=draft, household_ids=[opposed.pk], now=now).created == 0


def test_empty_filters_mean_everybody_and_each_filled_one_narrows(draft, now):
    landlord, other = make_landlord(), make_landlord("landes", "Landes Logis")
    north, south = make_agency(landlord), make_agency(landlord, "Agence de Langon")
    wanted = make_household(landlord, agency=north, living_alone=True)
    make_household(landlord, agency=south, living_alone=True)
    make_household(landlord, agency=north, living_alone=None)
    make_household(landlord, agency=north, living_alone=True, insee_code="33236")
    make_household(other, living_alone=True)
    assert enrolment.population(draft, now).count() == 5
    draft.landlords.add(landlord)
    assert enrolment.population(draft, now).count() == 4
    draft.agencies.add(north)
    assert enrolment.population(draft, now).count() == 3
    draft.communes = ["33063"]
    assert enrolment.population(draft, now).count() == 2
    draft.living_alone_only = True
    assert list(enrolment.population(draft, now)) == [wanted]


def test_enrolling_twice_changes_nothing(draft, now):
    for _ in range(3):
        make_household()
    first = enrol(draft, now)
    again = enrol(draft, now)
    assert (first.created, first.already, again.created, again.already) == (3, 0, 0, 3)
    assert JournalEntry.objects.filter(action="campaign.enrolled").count() == 1


def test_the_preview_says_what_enrolling_does_and_writes_nothing(draft, now):
    make_household()
    make_household(phone=None)
    make_household(birth_date=None)
    make_case(make_campaign(now=now), make_household())
    said = enrolment.preview(draft, now)
    assert not draft.cases.exists()
    done = enrol(draft, now)
    done.elsewhere_ids = []
    assert said == done
    assert (said.created, said.without_number, said.elsewhere, said.age_unknown) == (2, 1, 1, 1)


def test_a_stopped_enrolment_keeps_its_whole_chunks_and_the_next_run_goes_on(draft, now, monkeypatch):
    for _ in range(5):
        make_household()
    real, chunks = enrolment._enrol_chunk, []

    def fail_on_second(*args, **kwargs):
        chunks.append(1)
        if len(chunks) == 2:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(enrolment, "_enrol_chunk", fail_on_second)
    with pytest.raises(KeyboardInterrupt):
        enrol(draft, now, chunk=2)
    assert draft.cases.count() == 2
    result = enrol(draft, now, chunk=2)
    assert (result.created, result.already, draft.cases.count()) == (3, 2, 5)


def test_a_chunk_of_fifty_costs_hardly_more_than_one_household(draft, now):
    make_household()
    with count_queries() as one:
        enrol(draft, now)
    other = make_campaign(now=now, status=Campaign.Status.DRAFT)
    Case.objects.all().delete()
    for _ in range(49):
        make_household()
    with count_queries() as fifty:
        enrol(other, now)
    assert other.cases.count() == 50
    # SQLite takes some thirty rows a statement.
    assert len(fifty) <= len(one) + 2


def test_the_fragile_come_first_then_the_eldest(draft, now):
    young = make_household(birth_date=date(1955, 1, 1), living_alone=False)
    old = make_household(birth_date=date(1945, 1, 1), living_alone=False)
    alone = make_household(birth_date=date(1955, 1, 1), living_alone=True)
    marked = make_household(birth_date=date(1954, 1, 1), living_alone=False, fragile=True)
    very_old = make_household(birth_date=date(1941, 1, 13), living_alone=False)
    enrol(draft, now)
    order = draft.cases.order_by("rank").values_list("household_id", flat=True)
    assert list(order) == [very_old.pk, marked.pk, alone.pk, old.pk, young.pk]
    assert draft.cases.get(household=very_old).fragile
    assert not draft.cases.get(household=old).fragile


def test_a_case_copies_what_the_queue_needs(draft, now, agency):
    household = make_household(agency=agency, language="pt", department="974", postal_code="97400", phone=None)
    french = make_household(language="fr")
    enrol(draft, now)
    case = draft.cases.get(household=household)
    assert (case.agency_id, case.language, case.region, case.has_number) == (agency.pk, "pt", "974", False)
    assert (case.tier, case.next_call_at, case.status) == (Case.Tier.FIRST, now, Case.Status.PREPARED)
    ordinary = draft.cases.get(household=french)
    assert (ordinary.language, ordinary.region, ordinary.has_number) == ("", "", True)


def test_a_wrong_number_is_no_number(draft, now):
    household = make_household()
    household.phones.update(validity=PhoneNumber.Validity.WRONG)
    assert enrol(draft, now).without_number == 1


def test_a_household_open_in_another_campaign_stays_there_and_is_reported(draft, now):
    household = make_household()
    elsewhere = make_case(make_campaign(now=now), household)
    result = enrol(draft, now)
    assert (result.created, result.elsewhere, result.elsewhere_ids) == (0, 1, [household.pk])
    assert not draft.cases.exists()
    Case.objects.filter(pk=elsewhere.pk).update(**factories.closed())
    assert enrol(draft, now).created == 1


def followed_elsewhere(now, **fields):
    case = make_case(make_campaign(now=now), **{"reached_at": now, "next_call_at": None, **fields})
    plan = FollowUpPlan.objects.create(
        case=case,
        household=case.household,
        time=time(10),
        weekdays=[2],
        starts_on=date(2026, 1, 7),
        next_due_at=now + timedelta(days=1),
        review_on=date(2026, 2, 20),
        created_at=now - timedelta(days=30),
    )
    return case, plan


def test_an_open_campaign_takes_over_a_running_follow_up(now):
    newer = make_campaign(now=now)
    case, plan = followed_elsewhere(now)
    assert enrolment.preview(newer, now).taken_over == 1
    result = enrol(newer, now)
    case.refresh_from_db()
    plan.refresh_from_db()
    assert (result.created, result.taken_over, result.elsewhere) == (1, 1, 0)
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "taken_over")
    assert plan.case == newer.cases.get()
    assert plan.status == FollowUpPlan.Status.ACTIVE


def test_a_followed_household_with_a_call_due_or_under_way_stays_where_it_is(now, volunteer):
    newer = make_campaign(now=now)
    followed_elsewhere(now, next_call_at=now + timedelta(hours=1))
    followed_elsewhere(now, claimed_by=volunteer, claimed_until=now + timedelta(minutes=30))
    followed_elsewhere(now, reached_at=None)
    followed_elsewhere(now, status=Case.Status.ON_HOLD)
    case, plan = followed_elsewhere(now)
    DueCall.objects.create(plan=plan, case=case, due_at=now, grace_until=now)
    referred, _ = followed_elsewhere(now)
    Referral.objects.create(reference="S-2026-100001", case=referred)
    result = enrol(newer, now)
    assert (result.created, result.elsewhere, result.taken_over) == (0, 6, 0)


def test_phrases_are_two_words_and_a_number_and_never_shared(draft, now, monkeypatch):
    for _ in range(30):
        make_household()
    drawn = iter(["tilleul martin 47"] * 40 + [f"rose tigre {n}" for n in range(11, 69)])
    monkeypatch.setattr(phrases, "draw", lambda: next(drawn))
    enrol(draft, now)
    assert draft.cases.values("verification_phrase").distinct().count() == 30


def test_the_words_are_plain_and_distinct():
    first, second = set(phrases.words("first")), set(phrases.words("second"))
    assert min(len(first), len(second)) > 150
    assert not first & second
    assert all(phrases.plain(word) == word for word in first | second)
    assert phrases.plain("  Tilleul, MARTIN 47 ") == "tilleul martin 47"
    words = phrases.draw().split()
    assert words[0] in first
    assert words[1] in second
    assert 11 <= int(words[2]) <= 69


@pytest.mark.parametrize("status", [Campaign.Status.CLOSED, Campaign.Status.PURGED])
def test_a_campaign_that_is_over_takes_nobody(draft, now, status):
    make_household()
    draft.status = status
    draft.save(update_fields=["status"])
    with pytest.raises(enrolment.EnrolmentError, match="terminée"):
        enrol(draft, now)
    with pytest.raises(enrolment.EnrolmentError):
        enrolment.enrol_households(campaign=draft, household_ids=[1], now=now)


def test_a_campaign_closed_meanwhile_takes_nobody(draft, now):
    make_household()
    Campaign.objects.filter(pk=draft.pk).update(status=Campaign.Status.CLOSED)
    assert enrol(draft, now).created == 0


def test_named_households_are_enrolled_whatever_their_age_if_somebody_lives_there(draft, now):
    young = make_household(birth_date=date(1990, 1, 1))
    empty = make_household()
    empty.tenants.update(status=Tenant.Status.DECEASED)
    result = enrolment.enrol_households(campaign=draft, household_ids=[young.pk, empty.pk, 999999], now=now)
    assert result.created == 1
    assert draft.cases.get().household == young


def test_arrivals_join_the_open_campaigns_alone(now):
    opened = make_campaign(now=now)
    make_campaign(now=now, status=Campaign.Status.PAUSED)
    make_campaign(now=now, status=Campaign.Status.DRAFT)
    make_household()
    assert enrolment.enrol_arrivals(now=now) == 1
    assert opened.cases.count() == 1
    assert enrolment.enrol_arrivals(now=now) == 0


def test_arrivals_of_two_campaigns_go_to_the_first_opened(now):
    late = make_campaign(now=now, opened_at=now)
    early = make_campaign(now=now, opened_at=now - timedelta(days=3))
    make_household()
    enrolment.enrol_arrivals(now=now)
    assert (early.cases.count(), late.cases.count()) == (1, 0)


def test_arrivals_cost_little_when_nothing_is_new(now):
    campaign = make_campaign(now=now)
    for _ in range(20):
        make_household()
    enrol(campaign, now)
    with max_queries(5):
        assert enrolment.enrol_arrivals(now=now) == 0


# What a list changes -----------------------------------------------------------------------------


def tell(household, now):
    events.tell(events.NumbersChanged(household_ids=(household.pk,), now=now))


def test_a_number_found_puts_the_case_into_the_queue(draft, now):
    household = make_household(phone=None)
    enrol(draft, now)
    Case.objects.update(next_call_at=None)
    PhoneNumber.objects.create(household=household, e164="+33536490001")
    tell(household, now)
    case = draft.cases.get()
    assert (case.has_number, case.next_call_at) == (True, now)


def test_a_number_found_for_a_reached_household_plans_no_call(draft, now):
    household = make_household(phone=None)
    enrol(draft, now)
    Case.objects.update(next_call_at=None, reached_at=now)
    PhoneNumber.objects.create(household=household, e164="+33536490001")
    tell(household, now)
    case = draft.cases.get()
    assert (case.has_number, case.next_call_at) == (True, None)


def test_the_last_number_lost_leaves_the_queue_without_freeing_the_claim(draft, now, volunteer):
    household = make_household()
    enrol(draft, now)
    Case.objects.update(claimed_by=volunteer, claimed_until=now + timedelta(hours=1))
    household.phones.all().delete()
    tell(household, now)
    case = draft.cases.get()
    assert (case.has_number, case.claimed_by) == (False, volunteer)


def test_agency_language_and_fragility_follow_the_household(draft, now, agency):
    household = make_household(living_alone=False, birth_date=date(1950, 1, 1))
    enrol(draft, now)
    before = draft.cases.get().rank
    household.agency, household.fragile, household.language = agency, True, "es"
    household.save()
    tell(household, now)
    case = draft.cases.get()
    assert (case.agency, case.fragile, case.language) == (agency, True, "es")
    assert case.rank == before - enrolment.NOT_FRAGILE


def test_a_passed_case_stays_behind_and_a_called_one_keeps_rank_zero(draft, now):
    passed, called = make_household(living_alone=False), make_household(living_alone=False)
    enrol(draft, now)
    first = draft.cases.get(household=passed)
    Case.objects.filter(pk=first.pk).update(rank=first.rank + enrolment.PASSED_RANK)
    draft.cases.filter(household=called).update(tier=Case.Tier.RETRY, rank=0)
    for household in (passed, called):
        household.fragile = True
        household.save()
        tell(household, now)
    assert draft.cases.get(household=passed).rank > enrolment.PASSED_RANK
    assert draft.cases.get(household=called).rank == 0


def test_closed_cases_and_unchanged_households_are_left_alone(draft, now):
    household = make_household()
    enrol(draft, now)
    JournalEntry.objects.all()._raw_delete("default")
    tell(household, now)
    assert not JournalEntry.objects.exists()
    Case.objects.update(fragile=False, **factories.closed())
    tell(household, now)
    assert not draft.cases.get().fragile


def test_refreshing_many_costs_no_more_than_refreshing_one(draft, now):
    def change(count):
        households = [make_household(living_alone=False, birth_date=date(1950, 1, 1)) for _ in range(count)]
        enrol(draft, now)
        for household in households:
            household.fragile = True
            household.save()
        with count_queries() as queries:
            events.tell(events.NumbersChanged(household_ids=tuple(h.pk for h in households), now=now))
        return len(queries)

    assert change(1) == change(50)


@pytest.mark.django_db(transaction=True)
def test_two_enrolments_at_once_make_each_case_once(transactional_db):
    from threading import Barrier, Thread

    now = timezone.now()
    campaign = make_campaign(status=Campaign.Status.DRAFT)
    for _ in range(30):
        make_household()
    barrier, results, errors = Barrier(2), [], []

    def run():
        try:
            barrier.wait()
            results.append(enrolment.enrol(campaign=campaign, now=now, chunk=5).created)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert campaign.cases.count() == 30
    assert sum(results) == 30
