"""« Masquer mon numéro » and the shortcuts, changed from the call without losing a word; one consent a partner."""

from __future__ import annotations

import pytest

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url
from campaigns.models import Call, Partner
from solidarites.models import JournalEntry
from tests.factories import make_case, make_household


@pytest.fixture
def held(volunteer):
    campaign = running_campaign(volunteer, allow_hidden_number=True)
    case = make_case(campaign, make_household())
    hold(case, volunteer)
    return case


def test_the_number_is_hidden_for_every_call_to_come_and_what_was_typed_stays(lea, held, volunteer):
    page = text(lea.get(url("call", held.pk)))
    assert "Masquer mon numéro" in page
    answer = lea.post(url("preference", held.pk), {"hide_number": "1", "comment": "Un fait", "q-accueil": "oui"})
    assert answer["Location"] == url("call", held.pk) + "#numero"
    page = lea.get(url("call", held.pk)).content.decode()
    assert 'href="tel:%2331%23' in page
    assert "Un fait" in page
    volunteer.refresh_from_db()
    assert volunteer.hide_number
    assert JournalEntry.objects.filter(action="account.profile", user=volunteer).count() == 1
    lea.post(url("preference", held.pk), {"hide_number": "0"})
    assert 'href="tel:%2331%23' not in lea.get(url("call", held.pk)).content.decode()


def test_shortcuts_are_cut_and_put_back_from_the_page(lea, held, volunteer):
    lea.post(url("preference", held.pk), {"keyboard_shortcuts": "0"})
    volunteer.refresh_from_db()
    assert not volunteer.keyboard_shortcuts
    assert "Les raccourcis du clavier sont coupés" in text(lea.get(url("call", held.pk)))


def test_a_campaign_that_does_not_allow_it_offers_no_hidden_number(lea, held):
    held.campaign.allow_hidden_number = False
    held.campaign.save()
    assert "Masquer mon numéro" not in text(lea.get(url("call", held.pk)))


def test_nothing_else_can_be_changed_there(lea, held, volunteer):
    lea.post(url("preference", held.pk), {"is_superuser": "1", "hide_number": "oui"})
    volunteer.refresh_from_db()
    assert not volunteer.is_superuser
    assert not volunteer.hide_number


def test_another_volunteer_and_a_coordinator_are_refused(client_of, held, volunteer2, coordinator):
    assert client_of(volunteer2).post(url("preference", held.pk), {"hide_number": "1"}).status_code == 404
    assert client_of(coordinator).post(url("preference", held.pk), {"hide_number": "1"}).status_code == 403


def test_its_address_alone_leads_to_the_call_and_an_anonymous_visitor_signs_in(client, lea, held):
    assert lea.get(url("preference", held.pk))["Location"] == url("call", held.pk)
    assert "/connexion/" in client.post(url("preference", held.pk))["Location"]


def test_one_partner_is_asked_for_once_whatever_the_needs(lea, held):
    Partner.objects.create(
        kind="ccas",
        name="CCAS de Bordeaux",
        email="ccas@exemple.fr",
        communes=["33063"],
        categories=["repas", "courses"],
    )
    lea.post(url("save", held.pk), {"q-accueil": "oui", "q-repas": "oui", "q-courses": "personne"})
    page = text(lea.get(url("call", held.pk)))
    assert page.count("ainsi que ce besoin, à CCAS de Bordeaux") == 1
    lea.post(url("save", held.pk), {"q-repas": "oui", "q-courses": "personne", "consent-courses+repas": "yes"})
    draft = Call.objects.get().draft
    assert (draft["consent-courses"], draft["consent-repas"]) == ("yes", "yes")
    assert 'name="consent-courses+repas" value="yes" checked' in lea.get(url("call", held.pk)).content.decode()
