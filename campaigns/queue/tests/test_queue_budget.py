"""What a claim and a record ask of the database, session and user included; and that the counts always add up.

Statements that read or write are counted; the marks of a transaction (BEGIN, SAVEPOINT, COMMIT) are not.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import cases, queue
from campaigns.calls.tests.caller_cast import budget, running_campaign, text, url, well
from campaigns.calls.views.labels import when_label
from campaigns.models import Call, Campaign, Case, CasePass, Need, Partner, Referral
from solidarites.models import JournalEntry, User
from tests import factories

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return running_campaign(volunteer, volunteer2)


def test_a_claim_asks_at_most_eight_times(campaign: Campaign, volunteer: Any, client_of: Callable[..., Any]) -> None:
    for _ in range(3):
        factories.make_case(campaign)
    lea = client_of(volunteer)
    lea.get(url("home"))  # the session's first minute is written
    with budget(8):
        answer = lea.post(url("next", campaign.pk))
    case = Case.objects.get(claimed_by=volunteer)
    assert answer["Location"] == url("call", case.pk)
    with budget(8):  # asking again returns to it
        assert lea.post(url("next", campaign.pk))["Location"] == url("call", case.pk)


def test_recording_a_conversation_with_a_need_asks_at_most_twenty_times(
    campaign: Campaign, volunteer: Any, client_of: Callable[..., Any]
) -> None:
    Partner.objects.create(kind="ccas", name="CCAS de Bordeaux", email="ccas@exemple.fr", communes=["33063"])
    case = factories.make_case(campaign)
    lea = client_of(volunteer)
    lea.get(url("home"))
    lea.post(url("next", campaign.pk))
    draft = Call.objects.get(case=case, volunteer=volunteer)
    typed = well(
        case,
        **{
            "q-courses": "personne",
            "q-manger": "oui",
            "consent-courses": "yes",
            "comment": "Une voisine passe le lundi.",
        },
    )
    lea.get(url("call", case.pk))
    with budget(20):
        answer = lea.post(url("record", case.pk), {"submission": str(draft.submission), **typed})
    assert answer["Location"] == url("done", draft.pk)
    case.refresh_from_db()
    assert (case.status, Need.objects.count(), Referral.objects.count()) == (Case.Status.CLOSED, 1, 1)


# Leaving ------------------------------------------------------------------------------------------------


def test_signing_out_gives_the_case_back_and_keeps_what_was_typed(
    campaign: Campaign, volunteer: Any, volunteer2: Any, client_of: Callable[..., Any]
) -> None:
    case = factories.make_case(campaign)
    lea = client_of(volunteer)
    lea.post(url("next", campaign.pk))
    lea.logout()
    case.refresh_from_db()
    assert case.claimed_by is None
    assert JournalEntry.objects.filter(action="case.left", user=volunteer, object_id=case.pk).count() == 1
    draft = Call.objects.get(case=case, volunteer=volunteer)
    assert draft.state == Call.State.DRAFT
    # Nobody took it: still good.
    kept = factories.record_call(
        case_id=case.pk, by=volunteer, submission=draft.submission, outcome="no_answer", now=timezone.now()
    )
    assert kept.state == Call.State.RECORDED


def test_the_case_of_a_closed_account_goes_back_to_the_queue(
    campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    case = factories.make_case(campaign)
    now = timezone.now()
    queue.claim_next(campaign=campaign, by=volunteer, now=now)
    assert queue.release_stale(now=now) == 0
    User.objects.filter(pk=volunteer.pk).update(is_active=False)
    assert queue.release_stale(now=now) == 1
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=now).case == case


def test_leaving_with_nothing_in_hand_writes_nothing(campaign: Campaign, volunteer: Any) -> None:
    before = JournalEntry.objects.count()
    assert not queue.leave(by=volunteer, now=timezone.now())
    assert JournalEntry.objects.count() == before


# The counts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_counts_add_up_to_the_enrolled(
    seed: int, campaign: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    """Forty random acts on a dozen households: every case is in exactly one state, and none is lost."""
    draw = random.Random(seed)
    now = TUESDAY
    for number in range(12):
        household = factories.make_household(phone=None) if number % 6 == 5 else None
        factories.make_case(campaign, household, now=now, has_number=number % 6 != 5, rank=number)
    outcomes = ["no_answer", "busy", "voicemail_left", "refused_campaign", "soft_refusal", "unable", "wrong_number"]
    for _ in range(40):
        by = draw.choice([volunteer, volunteer2])
        act = draw.choice(["claim", "claim", "record", "record", "pass", "release", "leave", "first", "hold", "stale"])
        mine = queue.current_claim(by)
        some = draw.choice(list(Case.objects.filter(campaign=campaign)))
        if act == "claim":
            queue.claim_next(campaign=campaign, by=by, now=now)
        elif act == "record" and mine is not None:
            draft = Call.objects.get(case=mine, volunteer=by, state=Call.State.DRAFT)
            factories.record_call(
                case_id=mine.pk, by=by, submission=draft.submission, outcome=draw.choice(outcomes), now=now
            )
        elif act == "pass" and mine is not None:
            queue.pass_case(case_id=mine.pk, by=by, reason=draw.choice(CasePass.Reason.values), now=now)
        elif act == "release":
            queue.release(case_id=some.pk, by=coordinator, now=now)
        elif act == "leave":
            queue.leave(by=by, now=timezone.now())
        elif act == "first":
            queue.put_first(case_ids=[some.pk], by=coordinator, now=now)
        elif act == "hold" and some.status != Case.Status.CLOSED:
            cases.hold(case_id=some.pk, reason=Case.Hold.COORDINATOR, by=coordinator, now=now)
        elif act == "stale":
            queue.release_stale(now=now)
        counts = queue.counts(campaign, now)
        assert counts.pop("enrolled") == sum(counts.values()) == 12, (act, counts)
        assert Case.objects.filter(claimed_by=by).count() <= 1
        now += timedelta(minutes=draw.choice([1, 7, 35, 70, 60 * 24]))


# Why nothing comes -----------------------------------------------------------------------------------------


def test_the_coordination_reads_why_nothing_is_proposed(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    def told() -> str | None:
        found = queue.idle(campaign=Campaign.objects.get(pk=campaign.pk), now=TUESDAY)
        assert found is None or found.told.endswith(".")
        return found and found.code

    assert told() == queue.Empty.ALL_DONE
    later = factories.make_case(
        campaign, now=TUESDAY, tier=Case.Tier.RETRY, next_call_kind="retry", next_call_at=TUESDAY + timedelta(hours=3)
    )
    assert told() == queue.Empty.ONLY_FUTURE
    found = queue.idle(campaign=campaign, now=TUESDAY)
    assert found is not None
    assert found.next_at == later.next_call_at
    kept = factories.make_case(
        campaign,
        now=TUESDAY,
        tier=Case.Tier.CALLBACK,
        next_call_kind="callback",
        next_call_at=TUESDAY,
        next_call_for=volunteer,
        anyone_from=TUESDAY + timedelta(minutes=30),
    )
    assert told() == queue.Empty.PROMISED
    queue.claim_one(case_id=kept.pk, by=volunteer, now=TUESDAY)
    Case.objects.filter(pk=later.pk).delete()
    assert told() == queue.Empty.ALL_HELD
    factories.make_case(campaign, now=TUESDAY)
    assert told() is None
    Campaign.objects.filter(pk=campaign.pk).update(hours={"0": [["10:00", "12:00"]]})
    assert told() == queue.Empty.CLOSED_HOURS
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.PAUSED)
    assert told() == queue.Empty.PAUSED


def test_overseas_households_that_sleep_are_not_said_to_be_of_another_sector(
    campaign: Campaign, volunteer: Any
) -> None:
    campaign.hours = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
    campaign.save()
    factories.make_case(campaign, now=TUESDAY, region="974")
    evening = TUESDAY.replace(hour=15, minute=30)  # 18:30 in Réunion
    empty = queue.claim_next(campaign=campaign, by=volunteer, now=evening).empty
    assert empty is not None
    assert empty.code == queue.Empty.CLOSED_HOURS
    assert empty.next_at is not None
    assert empty.next_at.astimezone(ZoneInfo("Indian/Reunion")).hour == 10


def test_the_next_call_that_is_said_is_one_that_may_come_to_this_volunteer(
    campaign: Campaign, volunteer: Any, agency: Any, agency2: Any
) -> None:
    from campaigns.models import CampaignVolunteer

    CampaignVolunteer.objects.get(campaign=campaign, user=volunteer).agencies.add(agency)
    for hours, where in ((1, agency2), (3, agency)):
        factories.make_case(
            campaign,
            factories.make_household(agency=where),
            now=TUESDAY,
            tier=Case.Tier.RETRY,
            next_call_kind="retry",
            next_call_at=TUESDAY + timedelta(hours=hours),
        )
    empty = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).empty
    assert empty == queue.Empty(queue.Empty.ONLY_FUTURE, TUESDAY + timedelta(hours=3))


def test_the_home_page_says_nothing_of_the_households_of_another_agency(
    campaign: Campaign, volunteer: Any, agency: Any, agency2: Any, client_of: Callable[..., Any]
) -> None:
    from campaigns.models import CampaignVolunteer

    CampaignVolunteer.objects.get(campaign=campaign, user=volunteer).agencies.add(agency)
    lea = client_of(volunteer)

    def retry_in(days: int, where: Any) -> datetime:
        at = timezone.now() + timedelta(days=days)
        factories.make_case(
            campaign,
            factories.make_household(agency=where),
            tier=Case.Tier.RETRY,
            next_call_kind="retry",
            next_call_at=at,
        )
        return at

    retry_in(2, agency2)
    assert "Prochain appel prévu" not in text(lea.get(url("home")))
    mine = retry_in(5, agency)
    (running,) = lea.get(url("home")).context["running"]
    assert running.next_at == when_label(mine, timezone.now(), campaign.tz)


def test_the_campaign_s_page_says_why_nothing_is_proposed(
    campaign: Campaign, coordinator: Any, client_of: Callable[..., Any]
) -> None:
    address = reverse("coordinator:campaign_detail", args=[campaign.slug])
    later = timezone.now() + timedelta(days=2)
    factories.make_case(campaign, tier=Case.Tier.RETRY, next_call_kind="retry", next_call_at=later)
    page = text(client_of(coordinator).get(address))
    assert "Il ne reste que des appels prévus plus tard. Prochain appel" in page
    factories.make_case(campaign)
    assert "prévus plus tard" not in text(client_of(coordinator).get(address))
