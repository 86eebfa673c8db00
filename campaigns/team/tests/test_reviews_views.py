"""« Appels à relire », and the kind word on a volunteer's home."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import CallReview
from campaigns.team import reviews
from campaigns.team.tests.test_reviews import recorded
from solidarites.models import JournalEntry
from tests.factories import limit_to, make_case, make_household

LIST = "/relectures/"


def page_of(call):
    return reverse("coordinator:review_call", args=[call.pk])


@pytest.fixture
def campaign(volunteer, volunteer2):
    return running_campaign(volunteer, volunteer2, review_share=0)


@pytest.fixture
def call(campaign, volunteer, client_of):
    """Léa's first call, by the screen: Mme Martin is well."""
    case = make_case(campaign, make_household(last_name="Martin", first_name="Jeanne", civility="Mme"))
    given = hold(case, volunteer)
    answers = well(case, comment="Rappeler sa fille.")
    client_of(volunteer).post(url("record", case.pk), {"submission": str(given.call.submission), **answers})
    given.call.refresh_from_db()
    return given.call


@pytest.fixture
def nadia(client_of, coordinator):
    return client_of(coordinator)


def test_the_list_says_who_called_and_when_and_names_no_household(nadia, call):
    page = text(nadia.get(LIST))
    assert "Léa Bonnet" in page
    assert "Échange réalisé" in page
    assert "Un de ses premiers" in page
    assert "MARTIN" not in page
    assert page_of(call) in page


def test_an_empty_list_says_what_will_come(nadia):
    assert "Rien à relire" in text(nadia.get(LIST))


def test_a_call_shows_its_answers_and_comment_and_the_read_is_journaled(nadia, call, coordinator):
    page = text(nadia.get(page_of(call)))
    assert "Mme Jeanne MARTIN" in page
    assert "Rappeler sa fille." in page
    assert "Bonjour Madame Martin, ici Léa" in page
    assert "Bien" in page
    assert JournalEntry.objects.filter(
        action="call.read", user=coordinator, object_id=call.pk, household_id=call.case.household_id
    ).exists()


def test_a_bare_review_takes_the_call_off_the_list_and_says_nothing_to_the_volunteer(nadia, call, client_of, volunteer):
    page = text(nadia.post(page_of(call), {"act": "read"}, follow=True))
    assert "Rien à relire" in page
    assert "Un mot de" not in text(client_of(volunteer).get(url("home")))
    assert "Relu par Nadia Benali" in text(nadia.get(page_of(call)))


def test_a_kind_word_waits_on_the_home_until_it_is_read(nadia, call, client_of, volunteer, volunteer2):
    nadia.post(page_of(call), {"act": "note", "note": "Vous avez pris le temps."})
    lea = client_of(volunteer)
    page = text(lea.get(url("home")))
    assert "Un mot de Nadia" in page
    assert "Vous avez pris le temps." in page
    assert "Un mot de" not in text(client_of(volunteer2).get(url("home")))
    word = CallReview.objects.get()
    assert lea.post(url("note_read", word.pk))["Location"] == url("home")
    assert "Un mot de" not in text(lea.get(url("home")))
    assert "Lu " in text(nadia.get(page_of(call)))


def test_an_empty_or_long_word_is_said_at_its_field_with_the_text_kept(nadia, call):
    assert "Écrivez quelques mots." in text(nadia.post(page_of(call), {"act": "note", "note": " "}))
    page = text(nadia.post(page_of(call), {"act": "note", "note": "é" * 301}))
    assert "300 caractères au plus." in page
    assert "é" * 301 in page
    assert not CallReview.objects.exists()


def test_a_call_reviewed_meanwhile_says_so(nadia, call, coordinator):
    reviews.review(call=call, note="", by=coordinator, now=timezone.now())
    page = text(nadia.post(page_of(call), {"act": "note", "note": "Trop tard"}, follow=True))
    assert "vient d'être relu" in page


def test_another_sector_another_role_nobody(client, client_of, nadia, call, coordinator, agency2, volunteer2):
    volunteer = call.volunteer
    word = CallReview.objects.create(call=call, by=coordinator, note="Merci.")
    assert client_of(volunteer2).post(url("note_read", word.pk)).status_code == 404
    assert JournalEntry.objects.filter(action="access.refused", detail__route="caller:note_read").exists()
    assert client_of(volunteer).get(url("note_read", word.pk)).status_code == 405
    assert client_of(volunteer).get(LIST).status_code == 403
    assert client_of(volunteer).get(page_of(call)).status_code == 403
    assert "/connexion/" in client.get(LIST)["Location"]
    assert nadia.get(f"{LIST}{10**15}/").status_code == 404
    assert nadia.post(LIST).status_code == 405
    limit_to(coordinator, agency2)
    assert nadia.get(page_of(call)).status_code == 404


def test_the_list_costs_the_same_for_one_call_and_for_twenty(nadia, call, volunteer, count_queries):
    nadia.get(LIST)
    with count_queries() as one:
        nadia.get(LIST)
    type(call.case.campaign).objects.update(review_share=1)
    for minute in range(20):
        recorded(call.case, volunteer, minute)
    with count_queries() as twenty:
        nadia.get(LIST)
    assert len(one) == len(twenty)


def test_a_page_holds_twenty_calls_each_under_its_volunteer(nadia, call, volunteer, volunteer2):
    type(call.case.campaign).objects.update(review_share=1)
    for minute in range(24):
        recorded(call.case, volunteer2 if minute % 2 else volunteer, minute)
    page = nadia.get(LIST)
    assert (len(page.context["page_obj"]), page.context["page_obj"].paginator.num_pages) == (20, 2)
    assert text(page).count("Léa Bonnet</h2>") == text(page).count("Paul Girard</h2>") == 1
    assert nadia.get(f"{LIST}?page=zz").status_code == 200


def test_the_list_is_narrowed_like_the_figure_that_opens_it(nadia, call, agency, agency2, volunteer):
    recorded(make_case(call.case.campaign, make_household(agency=agency)), volunteer)
    assert nadia.get(LIST, {"agence": agency.pk}).context["page_obj"].paginator.count == 1
    assert nadia.get(LIST, {"agence": agency2.pk}).context["page_obj"].paginator.count == 0
    assert nadia.get(LIST, {"campagne": call.case.campaign.slug}).context["page_obj"].paginator.count == 2


def test_the_menu_says_how_many_wait(nadia, call):
    assert '<span>Appels à relire</span> <span class="count count-">1</span>' in text(nadia.get(LIST))
    nadia.post(page_of(call), {"act": "read"})
    assert "<span>Appels à relire</span></a>" in text(nadia.get(LIST))
