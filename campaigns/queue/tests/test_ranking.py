"""What a coordinator does to the order of the queue by hand: behind the others, released, only the chosen ones."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from campaigns import queue
from campaigns.models import Call, Campaign, Case
from campaigns.queue import ranking
from campaigns.queue.tests.test_queue import TUESDAY, make, served
from solidarites.models import JournalEntry
from tests import factories

Tier, Kind = Case.Tier, Case.Kind


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=TUESDAY)


def put_last(by: Any, *cases: Case) -> int:
    return ranking.put_last(case_ids=[case.pk for case in cases], by=by, now=TUESDAY)


def order(campaign: Campaign, by: Any) -> list[Case]:
    """Those that are served one after the other, until none is left."""
    found = list(itertools.takewhile(lambda case: case is not None, iter(lambda: _next(campaign, by), object())))
    Case.objects.filter(pk__in=[case.pk for case in found]).update(status=Case.Status.OPEN)
    return found


def _next(campaign: Campaign, by: Any) -> Case | None:
    case = served(campaign, by)
    if case is not None:
        Case.objects.filter(pk=case.pk).update(**factories.closed())
    return case


def test_first_calls_moved_down_come_after_every_other(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    one, two, three = (make(campaign, Tier.FIRST, Kind.FIRST, rank=rank) for rank in range(3))
    assert put_last(coordinator, one) == 1
    assert order(campaign, volunteer) == [two, three, one]
    row = JournalEntry.objects.get(action="case.put_last")
    assert (row.user, row.object_id, row.campaign_id) == (coordinator, one.pk, campaign.pk)


def test_a_retry_moved_down_is_the_last_of_those_due(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    late, later = (make(campaign, Tier.RETRY, Kind.RETRY, minutes=minutes) for minutes in (90, 10))
    first = make(campaign, Tier.FIRST, Kind.FIRST)
    put_last(coordinator, late)
    assert order(campaign, volunteer) == [later, late, first]


@pytest.mark.parametrize(("tier", "kind"), [(Tier.FIRST, Kind.FIRST), (Tier.RETRY, Kind.RETRY)])
def test_what_was_put_first_goes_back_to_its_tier(
    campaign: Campaign, volunteer: Any, coordinator: Any, tier: int, kind: str
) -> None:
    moved, other = make(campaign, tier, kind, minutes=30), make(campaign, tier, kind, minutes=10)
    queue.put_first(case_ids=[moved.pk], by=coordinator, now=TUESDAY)
    assert put_last(coordinator, moved) == 1
    moved.refresh_from_db()
    assert moved.tier == tier
    assert order(campaign, volunteer) == [other, moved]


def test_a_call_asked_for_stays_before_first_calls(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    asked, other = (make(campaign, Tier.PUT_FIRST, Kind.ASKED, minutes=minutes) for minutes in (30, 10))
    first = make(campaign, Tier.FIRST, Kind.FIRST)
    put_last(coordinator, asked)
    assert order(campaign, volunteer) == [other, asked, first]


STAYS = {
    "callback": {"tier": Tier.CALLBACK, "kind": Kind.CALLBACK, "minutes": 5},
    "follow-up": {"tier": Tier.FOLLOW_UP, "kind": Kind.FOLLOW_UP, "minutes": 5},
    "planned": {"tier": Tier.RETRY, "kind": Kind.RETRY, "minutes": -60},
    "closed": {"tier": Tier.FIRST, "kind": Kind.FIRST, "status": Case.Status.CLOSED},
    "on hold": {"tier": Tier.FIRST, "kind": Kind.FIRST, "status": Case.Status.ON_HOLD},
    "no number": {"tier": Tier.FIRST, "kind": Kind.FIRST, "has_number": False},
}


@pytest.mark.parametrize("fields", STAYS.values(), ids=STAYS)
def test_what_keeps_its_hour_or_does_not_wait_stays(campaign: Campaign, coordinator: Any, fields: Any) -> None:
    case = make(campaign, **fields)
    before = Case.objects.filter(pk=case.pk).values().get()
    assert not ranking.may_go_last(case, TUESDAY)
    assert put_last(coordinator, case) == 0
    assert Case.objects.filter(pk=case.pk).values().get() == before
    assert not JournalEntry.objects.filter(action="case.put_last").exists()


def test_a_case_being_called_stays_until_its_claim_ends(campaign: Campaign, volunteer: Any, coordinator: Any) -> None:
    case = make(campaign, Tier.FIRST, Kind.FIRST)
    queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    assert put_last(coordinator, case) == 0
    later = TUESDAY + timedelta(minutes=61)
    case.refresh_from_db()
    assert ranking.may_go_last(case, later)
    assert ranking.put_last(case_ids=[case.pk], by=coordinator, now=later) == 1


def test_only_the_ticked_cases_move_down_or_are_released(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    nadia = client_of(coordinator)
    cases = [make(campaign, Tier.FIRST, Kind.FIRST, rank=rank) for rank in range(4)]
    for who in (volunteer, volunteer2):
        queue.claim_next(campaign=campaign, by=who, now=TUESDAY)
    Case.objects.filter(claimed_by__isnull=False).update(claimed_until=TUESDAY + timedelta(days=36_500))
    others = Case.objects.exclude(pk__in=[cases[0].pk, cases[2].pk]).order_by("pk")
    before = list(others.values())
    page = nadia.post(
        reverse("coordinator:cases_release"), {"case": [cases[0].pk, cases[2].pk, "x", "9" * 40]}, follow=True
    )
    assert "1 dossier est libéré" in page.content.decode()
    page = nadia.post(reverse("coordinator:cases_last"), {"case": [cases[2].pk]}, follow=True)
    assert "1 dossier passe après les autres" in page.content.decode()
    cases[0].refresh_from_db()
    cases[2].refresh_from_db()
    assert cases[0].claimed_by is None
    assert cases[2].rank > 3
    assert list(others.values()) == before
    # What the volunteer had typed waits for them.
    assert Call.objects.filter(case=cases[0], state=Call.State.DRAFT).count() == 1


@pytest.mark.parametrize("name", ["cases_last", "cases_release"])
def test_what_cannot_be_done_is_said_and_another_sector_is_out_of_reach(
    client_of: Any, coordinator: Any, campaign: Campaign, agency2: Any, name: str
) -> None:
    nadia = client_of(coordinator)
    case = make(campaign, Tier.CALLBACK, Kind.CALLBACK, minutes=-60)
    address = reverse(f"coordinator:{name}")
    assert "Cochez au moins un dossier." in nadia.post(address, follow=True).content.decode()
    page = nadia.post(address, {"case": [case.pk]}, follow=True).content.decode()
    assert "ne peuvent pas descendre" in page or "Personne ne tenait ces dossiers." in page
    here = make(campaign, Tier.FIRST, Kind.FIRST)
    factories.limit_to(coordinator, agency2)
    assert "Cochez au moins un dossier." in nadia.post(address, {"case": [here.pk]}, follow=True).content.decode()
    here.refresh_from_db()
    assert here.rank == 0


def test_the_page_of_a_case_offers_to_move_it_down(client_of: Any, coordinator: Any, campaign: Campaign) -> None:
    nadia = client_of(coordinator)
    case = factories.make_case(campaign)
    address = reverse("coordinator:case_last", args=[case.pk])
    page = reverse("coordinator:case", args=[case.pk])
    assert address in nadia.get(page).content.decode()
    assert "passe après les autres" in nadia.post(address, follow=True).content.decode()
    case.refresh_from_db()
    assert case.rank >= queue.PASSED_RANK
    nadia.post(reverse("coordinator:case_hold", args=[case.pk]))
    assert address not in nadia.get(page).content.decode()
    assert "ne peut pas descendre" in nadia.post(address, follow=True).content.decode()
