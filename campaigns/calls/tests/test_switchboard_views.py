"""The switchboard: a phrase in, « authentique » or « inconnue » out."""

from __future__ import annotations

import pytest

from campaigns.calls.tests.caller_cast import text
from campaigns.models import Campaign
from solidarites.models import JournalEntry
from tests.factories import make_case

URL = "/verification/"


@pytest.fixture
def odile(client_of, switchboard):
    return client_of(switchboard)


@pytest.fixture
def known(campaign, household):
    return make_case(campaign, household, verification_phrase="tilleul martin 47")


@pytest.mark.parametrize(
    "typed", ["tilleul martin 47", "  Tilleul,  MARTIN 47 ", "tilleul-martin-47", "Tîlleul martin 47."]
)
def test_a_phrase_of_ours_is_authentic_however_it_is_typed(odile, known, typed):
    page = text(odile.post(URL, {"phrase": typed}))
    assert "Authentique" in page
    assert known.campaign.name in page
    assert "depuis le" in page
    assert "MARTIN" not in page.replace("Tilleul,  MARTIN", "")


@pytest.mark.parametrize("typed", ["tilleul martin 48", "martin", "47", "<script>alert(1)</script>", "é" * 80])
def test_any_other_phrase_is_unknown(odile, known, typed):
    page = odile.post(URL, {"phrase": typed}).content.decode()
    assert "Inconnue" in page
    assert "<script>alert" not in page


def test_a_household_without_a_phrase_confirms_nothing(odile, campaign, household):
    make_case(campaign, household, verification_phrase="")
    assert "Inconnue" in text(odile.post(URL, {"phrase": "???"}))


@pytest.mark.parametrize("typed", ["", "   ", "x" * 81, "\x00"])
def test_an_unreadable_phrase_is_said_at_its_field(odile, typed):
    page = text(odile.post(URL, {"phrase": typed}))
    assert 'id="phrase-error"' in page


def test_a_campaign_that_is_over_still_answers_until_it_is_erased(odile, known):
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert "maintenant terminée" in text(odile.post(URL, {"phrase": "tilleul martin 47"}))
    Campaign.objects.update(status=Campaign.Status.PURGED)
    assert "Inconnue" in text(odile.post(URL, {"phrase": "tilleul martin 47"}))


def test_every_check_is_journaled_by_ids_alone(odile, known, switchboard):
    odile.post(URL, {"phrase": "tilleul martin 47"})
    odile.post(URL, {"phrase": "rivage calme 12"})
    rows = list(JournalEntry.objects.filter(action="phrase.checked", user=switchboard).order_by("pk"))
    assert [(row.object_id, row.detail) for row in rows] == [(known.pk, {"found": True}), (None, {"found": False})]


def test_phrases_cannot_be_guessed_one_after_the_other(odile, known):
    for number in range(30):
        odile.post(URL, {"phrase": f"rivage calme {number}"})
    response = odile.post(URL, {"phrase": "tilleul martin 47"})
    assert response.status_code == 429
    assert "Authentique" not in text(response)


def test_reception_and_coordination_alone(client, client_of, volunteer, coordinator, administrator):
    assert client.get(URL)["Location"].startswith("/connexion/")
    assert client_of(volunteer).get(URL).status_code == 403
    assert client_of(administrator).get(URL).status_code == 403
    assert client_of(coordinator).get(URL).status_code == 200
    assert client_of(coordinator).delete(URL).status_code == 405
