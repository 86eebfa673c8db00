"""The page that corrects one's own call: the same form, what will change, then the correction."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Call, CallRevision, Campaign, Case
from solidarites.models import JournalEntry
from tests.factories import make_case


@pytest.fixture
def case(volunteer, volunteer2, household):
    return make_case(running_campaign(volunteer, volunteer2), household)


@pytest.fixture
def call(lea, case, volunteer):
    """Recorded with the wrong button."""
    given = hold(case, volunteer)
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), "outcome": "no_answer"})
    return Call.objects.get()


def seen(page):
    found = re.search(r'name="seen" value="(\w+)"', page)
    return found[1] if found else ""


def token(page):
    return re.search(r'name="submission" value="([\w-]+)"', page)[1]


def test_the_form_comes_back_as_it_was_and_a_correction_is_shown_before_it_is_made(lea, case, call):
    page = text(lea.get(url("correct", call.pk)))
    assert '<option value="no_answer" selected>Pas de réponse' in page
    typed = {"submission": token(page), **well(case), "comment": "Elle allait bien.", "outcome": ""}
    page = text(lea.post(url("correct", call.pk), typed))
    assert "« Pas de réponse » devient « Échange réalisé »." in page
    assert "Dossier clos" in page
    assert not CallRevision.objects.exists()
    assert Case.objects.get().status == "open"
    response = lea.post(url("correct", call.pk), {**typed, "seen": seen(page)})
    assert response["Location"] == url("done", call.pk)
    after = text(lea.get(response["Location"]))
    assert "Votre appel est corrigé." in after
    assert "Dossier clos" in after
    # Once more, by a nervous hand.
    lea.post(url("correct", call.pk), {**typed, "seen": seen(page)})
    assert CallRevision.objects.count() == 1


def test_what_changed_since_the_summary_is_shown_again(lea, case, call):
    page = text(lea.post(url("correct", call.pk), {**well(case), "comment": "Un"}))
    again = text(lea.post(url("correct", call.pk), {**well(case), "comment": "Deux", "seen": seen(page)}))
    assert "Ce qui va changer" in again
    assert not CallRevision.objects.exists()


def test_nothing_to_change_says_so(lea, call):
    page = text(lea.post(url("correct", call.pk), {"outcome": "no_answer"}))
    assert "Rien ne change" in page
    assert not seen(page)


def test_a_case_that_went_on_says_who_and_what_stays(lea, case, call, volunteer2):
    Case.objects.update(
        claimed_by=volunteer2, claimed_at=timezone.now(), claimed_until=timezone.now() + timedelta(hours=1)
    )
    page = text(lea.post(url("correct", call.pk), well(case)))
    assert "Paul Girard a repris ce foyer depuis." in page
    assert "la coordination saura que c'était plutôt « Échange réalisé »" in page
    lea.post(url("correct", call.pk), {**well(case), "seen": seen(page)})
    assert Call.objects.get(pk=call.pk).outcome == "no_answer"
    assert CallRevision.objects.get().asked_outcome == "completed"


def test_a_follow_up_and_its_consents_are_filled_again(lea, case, volunteer):
    given = hold(case, volunteer)
    typed = {
        **well(case),
        "q-suivi": "hebdo",
        "q-repas": "oui",
        "weekdays": ["2"],
        "follow_up_time": "10:30",
        "consent-repas": "no",
    }
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), **typed})
    page = text(lea.get(url("correct", Call.objects.get().pk)))
    assert 'name="follow_up_time" step="300" value="10:30"' in page
    assert 'name="weekdays" value="2" checked' in page
    assert 'value="no" checked' in page
    assert '<option value="" ' not in page.split('name="outcome"')[1].split("</select>")[0]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"outcome": "completed", "q-accueil": "oui"}, "Cette question attend une réponse."),
        ({"outcome": "callback"}, "Choisissez le jour et l'heure du rappel."),
        ({"outcome": "language"}, "Choisissez la langue parlée."),
        ({"outcome": "inventée"}, "Indiquez comment l'appel s'est terminé."),
        ({"outcome": "busy", "comment": "x" * 301}, "300 caractères au plus."),
    ],
)
def test_what_is_wrong_is_said_at_its_place(lea, call, typed, message):
    page = text(lea.post(url("correct", call.pk), typed))
    assert message in page
    assert "Rien n'est perdu." in page
    assert not CallRevision.objects.exists()


def test_one_s_own_call_alone_for_a_day(client, client_of, lea, call, volunteer2, coordinator):
    assert client.get(url("correct", call.pk))["Location"].startswith("/connexion/")
    assert client_of(coordinator).get(url("correct", call.pk)).status_code == 403
    assert client_of(volunteer2).get(url("correct", call.pk)).status_code == 404
    assert JournalEntry.objects.filter(action="access.refused", user=volunteer2).exists()
    assert lea.get(url("correct", 10**15)).status_code == 404
    assert lea.delete(url("correct", call.pk)).status_code == 405
    Call.objects.update(recorded_at=timezone.now() - timedelta(hours=25))
    assert lea.get(url("correct", call.pk)).status_code == 404
    assert lea.post(url("correct", call.pk), {"outcome": "busy"}).status_code == 404


def test_a_campaign_that_is_over_corrects_nothing(lea, call):
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert lea.get(url("correct", call.pk))["Location"] == url("done", call.pk)


def test_the_day_s_calls_lead_to_their_correction(lea, call):
    for page in (lea.get(url("done", call.pk)), lea.get(url("my_day")), lea.get(url("home"))):
        assert url("correct", call.pk) in page.content.decode()


def test_an_exchange_of_a_couple_with_a_need_corrected_to_no_answer(lea, volunteer, volunteer2):
    from campaigns.models import Need, Referral
    from tests.factories import make_household

    case = make_case(running_campaign(volunteer, volunteer2), make_household(people=2))
    given = hold(case, volunteer)
    typed = {**well(case), "q-repas": "oui", "comment": "Un fait"}
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), **typed})
    call = Call.objects.get()
    page = text(lea.post(url("correct", call.pk), {**typed, "outcome": "no_answer"}))
    assert "« Échange réalisé » devient « Pas de réponse »." in page
    assert "Repas, portage : retiré." in page
    assert Need.objects.get().state == "referred"
    lea.post(url("correct", call.pk), {**typed, "outcome": "no_answer", "seen": seen(page)})
    assert not Need.objects.exists()
    assert Referral.objects.get().state == "withdrawn"


def test_answers_are_folded_and_what_is_due_opens_once_refused(lea, case, volunteer):
    """One line a question: « Comment allez-vous ? Bien »; those that were not asked wait apart."""
    given = hold(case, volunteer)
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), **well(case)})
    page = text(lea.get(url("correct", Call.objects.get().pk)))
    assert re.search(r'<details class="more fold">\s*<summary>\s*<span>[^<]*\?\s+<strong>Bien</strong>', page)
    assert "Questions que ces réponses n'ont pas appelées" in page
    assert '<details class="more fold" open>' not in page
    missing = {**well(case), "outcome": ""}
    del missing["q-courses"]
    refused = text(lea.post(url("correct", Call.objects.get().pk), missing))
    opened = r'<details class="more fold" open>\s*<summary>\s*<span>[^<]*\s<span class="text-secondary">sans réponse'
    assert re.search(opened, refused)
