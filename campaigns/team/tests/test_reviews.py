"""Calls read again: everybody's first five, then a share that hangs on the call's own number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Call, CallReview, Campaign
from campaigns.team import reviews
from solidarites.models import JournalEntry
from tests.factories import limit_to, make_case, make_household, make_user


def recorded(case: Any, by: Any, minutes: int = 0, **fields: Any) -> Call:
    at = timezone.now() - timedelta(hours=5) + timedelta(minutes=minutes)
    return Call.objects.create(
        **{
            "case": case,
            "volunteer": by,
            "state": Call.State.RECORDED,
            "outcome": "no_answer",
            "started_at": at - timedelta(minutes=4),
            "recorded_at": at,
            **fields,
        }
    )


def series(case: Any, by: Any, count: int) -> list[Call]:
    return [recorded(case, by, minutes=index) for index in range(count)]


def waiting(by: Any) -> list[int]:
    return sorted(reviews.waiting(by).values_list("pk", flat=True))


@pytest.fixture
def alone(campaign: Campaign) -> Campaign:
    """Nothing is drawn: the first five alone."""
    campaign.review_share = 0
    campaign.save()
    return campaign


def test_a_beginners_first_five_calls_are_all_read_again(alone, case, volunteer, volunteer2, coordinator):
    hers = series(case, volunteer, 7)
    his = series(case, volunteer2, 2)
    assert waiting(coordinator) == sorted(call.pk for call in hers[:5] + his)
    assert all(call.beginner for call in reviews.waiting(coordinator))


def test_the_first_five_are_counted_anew_in_each_campaign(alone, case, volunteer, coordinator, make_campaign):
    series(case, volunteer, 6)
    other = make_campaign(volunteers=[volunteer], review_share=0)
    there = series(make_case(other), volunteer, 6)
    assert {call.pk for call in there[:5]} <= set(waiting(coordinator))
    assert len(waiting(coordinator)) == 10


def test_drafts_and_pending_calls_are_nobodys_to_read(alone, case, volunteer, coordinator):
    recorded(case, volunteer, state=Call.State.DRAFT, recorded_at=None)
    recorded(case, volunteer, state=Call.State.PENDING)
    assert waiting(coordinator) == []


def test_a_share_is_drawn_once_and_for_all(campaign, case, volunteer, coordinator):
    calls = series(case, volunteer, 205)
    campaign.review_share = 20
    campaign.save()
    drawn = set(waiting(coordinator)) - {call.pk for call in calls[:5]}
    assert 7 <= len(drawn) <= 13  # one in twenty of two hundred
    assert set(waiting(coordinator)) - {call.pk for call in calls[:5]} == drawn
    assert not any(call.beginner for call in reviews.waiting(coordinator).filter(pk__in=drawn))
    # A larger share adds calls without taking any away.
    campaign.review_share = 5
    campaign.save()
    assert drawn < set(waiting(coordinator))


def test_a_share_of_one_is_every_call_and_none_is_the_first_five(campaign, case, volunteer, coordinator):
    series(case, volunteer, 12)
    Campaign.objects.update(review_share=1)
    assert len(waiting(coordinator)) == 12
    Campaign.objects.update(review_share=0)
    assert len(waiting(coordinator)) == 5


def test_ones_own_calls_are_never_ones_to_review(alone, case, volunteer, coordinator):
    mine = recorded(case, coordinator)
    assert waiting(coordinator) == []
    with pytest.raises(reviews.ReviewError):
        reviews.review(call=mine, note="", by=coordinator, now=timezone.now())


def test_a_coordinator_reviews_the_calls_of_their_sectors(alone, agency, agency2, volunteer, coordinator):
    here = recorded(make_case(alone, make_household(agency=agency)), volunteer)
    recorded(make_case(alone, make_household(agency=agency2)), volunteer)
    limit_to(coordinator, agency)
    assert waiting(coordinator) == [here.pk]


def test_calls_of_a_campaign_that_is_over_are_left_alone(alone, case, volunteer, coordinator):
    recorded(case, volunteer)
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert waiting(coordinator) == []


def test_a_reviewed_call_leaves_the_list_and_brings_no_other(alone, case, volunteer, coordinator):
    calls = series(case, volunteer, 7)
    reviews.review(call=calls[0], note="", by=coordinator, now=timezone.now())
    assert waiting(coordinator) == [call.pk for call in calls[1:5]]
    assert JournalEntry.objects.filter(action="call.reviewed", object_id=calls[0].pk, user=coordinator).exists()


def test_two_coordinators_at_once_leave_one_review(alone, case, volunteer, coordinator):
    call = recorded(case, volunteer)
    reviews.review(call=call, note="Bravo pour la patience.", by=coordinator, now=timezone.now())
    with pytest.raises(reviews.ReviewError, match="vient d'être relu"):
        reviews.review(call=Call.objects.get(pk=call.pk), note="Autre", by=coordinator, now=timezone.now())
    assert CallReview.objects.get().note == "Bravo pour la patience."


def test_a_call_that_is_not_recorded_cannot_be_reviewed(case, volunteer, coordinator):
    draft = recorded(case, volunteer, state=Call.State.DRAFT)
    with pytest.raises(reviews.ReviewError):
        reviews.review(call=draft, note="", by=coordinator, now=timezone.now())


def test_a_word_waits_until_it_is_read_and_a_bare_review_says_nothing(alone, case, volunteer, volunteer2, coordinator):
    now = timezone.now()
    first, second = series(case, volunteer, 2)
    reviews.review(call=first, note="", by=coordinator, now=now)
    word = reviews.review(call=second, note="  Vous avez laissé le temps de répondre. ", by=coordinator, now=now)
    assert [one.note for one in reviews.unread(volunteer)] == ["Vous avez laissé le temps de répondre."]
    assert not reviews.unread(volunteer2).exists()
    assert not reviews.mark_read(review_id=word.pk, by=volunteer2, now=now)
    assert reviews.mark_read(review_id=word.pk, by=volunteer, now=now)
    assert reviews.mark_read(review_id=word.pk, by=volunteer, now=now)
    assert not reviews.unread(volunteer).exists()
    assert JournalEntry.objects.filter(action="review.read", user=volunteer).count() == 1


def test_the_calls_of_one_volunteer_stand_together_those_who_begin_first(
    campaign, case, volunteer, volunteer2, coordinator
):
    """Léa has made calls for long, Paul begins today, Inès began yesterday."""
    campaign.review_share = 1
    campaign.save()
    hers = series(case, volunteer, 7)
    CallReview.objects.bulk_create([CallReview(call=call, at=timezone.now()) for call in hers[:5]])
    his = [recorded(case, volunteer2, minutes) for minutes in (50, 20)]
    ines = make_user("ines@exemple.fr", "Inès", "Roux")
    her_own = [recorded(case, ines, minutes) for minutes in (10, 90)]
    found = list(reviews.by_volunteer(reviews.waiting(coordinator)))
    assert found == [*her_own, *reversed(his), *hers[5:]]


def test_the_count_of_the_menu_follows_what_one_reads(alone, case, volunteer, coordinator):
    calls = series(case, volunteer, 3)
    assert reviews.count_waiting(coordinator) == 3
    reviews.review(call=calls[0], note="", by=coordinator, now=timezone.now())
    assert reviews.count_waiting(coordinator) == 2
