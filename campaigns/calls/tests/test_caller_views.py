"""The caller's home, the next call, a call that comes back, the day: without any script in the browser."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from campaigns import followups, queue
from campaigns.calls.tests.caller_cast import budget, hold, text, url, well
from campaigns.models import Call, Campaign, Case
from solidarites.models import JournalEntry
from tenants.models import PhoneNumber
from tests.factories import make_case, make_household


# Home ------------------------------------------------------------------------------------------------
def test_home_offers_the_next_call_with_its_reason(lea, case):
    page = text(lea.get(url("home")))
    assert "Appeler le prochain foyer" in page
    assert "Premier appel de la campagne." in page
    assert "MARTIN" not in page  # a look tells nobody's name


def test_home_is_for_volunteers(client, client_of, coordinator, switchboard):
    assert client.get(url("home"))["Location"].startswith("/connexion/?next=/appels/")
    for person in (coordinator, switchboard):
        assert client_of(person).get(url("home")).status_code == 403
    assert JournalEntry.objects.filter(action="access.refused", user=coordinator).exists()


def test_home_without_a_campaign_says_what_to_wait_for(lea):
    assert "Aucune campagne pour le moment" in text(lea.get(url("home")))


def test_home_shows_callbacks_and_follow_ups_with_their_hour(lea, campaign, volunteer):
    now = timezone.now()
    make_case(
        campaign,
        make_household(last_name="Lafitte", first_name="Simone", civility="Mme"),
        next_call_kind=Case.Kind.CALLBACK,
        tier=Case.Tier.CALLBACK,
        next_call_at=now + timedelta(hours=2),
        next_call_for=volunteer,
    )
    followed = make_case(campaign, make_household(last_name="Darrieux", first_name="Roger", civility="M."))
    rhythm = followups.Rhythm("weekly", [now.weekday()], time(10, 0))
    plan = followups.create_plan(case=followed, rhythm=rhythm, by=volunteer, now=now - timedelta(days=1))
    plan.next_due_at = now + timedelta(hours=3)
    plan.save()
    page = text(lea.get(url("home")))
    assert "Mme Simone LAFITTE" in page
    assert "Rappel convenu" in page
    assert "M. Roger DARRIEUX" in page
    assert url("follow_up", plan.pk) in page


def test_a_volunteer_never_sees_the_appointments_of_another(paul, campaign, volunteer):
    make_case(
        campaign,
        make_household(last_name="Lafitte"),
        next_call_kind=Case.Kind.CALLBACK,
        tier=Case.Tier.CALLBACK,
        next_call_at=timezone.now() + timedelta(hours=2),
        next_call_for=volunteer,
    )
    assert "LAFITTE" not in text(paul.get(url("home")))


def test_home_costs_the_same_for_one_appointment_and_for_twenty(lea, campaign, volunteer, count_queries):
    def promise():
        make_case(
            campaign,
            next_call_kind=Case.Kind.CALLBACK,
            tier=Case.Tier.CALLBACK,
            next_call_at=timezone.now() + timedelta(hours=2),
            next_call_for=volunteer,
        )

    promise()
    lea.get(url("home"))
    with count_queries() as one:
        lea.get(url("home"))
    for _ in range(19):
        promise()
    with count_queries() as twenty:
        lea.get(url("home"))
    assert len(one) == len(twenty)


def test_home_says_why_nothing_comes_and_when_the_next_call_is_due(lea, campaign):
    make_case(campaign, tier=Case.Tier.RETRY, next_call_kind="retry", next_call_at=timezone.now() + timedelta(days=2))
    page = text(lea.get(url("home")))
    assert "Il ne reste que des appels prévus plus tard." in page
    assert "Prochain appel prévu" in page


def test_a_paused_campaign_says_so(lea, case):
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    assert "La campagne est en pause" in text(lea.get(url("home")))


def test_home_returns_to_the_open_call(lea, case, volunteer):
    hold(case, volunteer)
    page = text(lea.get(url("home")))
    assert "Reprendre l'appel" in page
    assert "Mme Jeanne MARTIN" in page


def test_a_text_whose_hour_has_passed_is_not_forgotten(lea, case, volunteer):
    given = hold(case, volunteer)
    lea.post(url("save", case.pk), {**well(case), "comment": "Écrit avant la sieste"})
    later = timezone.now() + timedelta(minutes=61)
    assert queue.release_stale(now=later) == 1
    page = text(lea.get(url("home")))
    assert "Appels à terminer" in page
    assert url("call", given.case.pk) in page


# The next call ----------------------------------------------------------------------------------------
def test_next_opens_the_page_of_one_household(lea, case):
    response = lea.post(url("next", case.campaign_id))
    assert response["Location"] == url("call", case.pk)


def test_asking_again_returns_to_the_same_household(lea, case):
    make_case(case.campaign)
    first = lea.post(url("next", case.campaign_id))["Location"]
    assert lea.post(url("next", case.campaign_id))["Location"] == first


def test_two_volunteers_never_get_the_same_household(lea, paul, case):
    lea.post(url("next", case.campaign_id))
    response = paul.post(url("next", case.campaign_id), follow=True)
    assert "Tous les foyers à appeler sont en ce moment avec d'autres bénévoles." in text(response)


def test_next_of_an_unknown_campaign_or_of_somebody_elses(lea, case, make_campaign, volunteer2):
    assert lea.post(url("next", 10**15)).status_code == 404
    other = make_campaign(volunteers=[volunteer2])
    make_case(other)
    response = lea.post(url("next", other.pk), follow=True)
    assert "Vous ne faites pas partie des bénévoles de cette campagne." in text(response)


def test_next_by_address_alone_leads_home(lea, case):
    assert lea.get(url("next", case.campaign_id))["Location"] == url("home")
    assert not Case.objects.filter(claimed_by__isnull=False).exists()


def test_a_claim_costs_at_most_twelve_queries(lea, case):
    for _ in range(3):
        make_case(case.campaign)
    lea.get(url("home"))  # the minute of activity is written once
    with budget(12):
        lea.post(url("next", case.campaign_id))


# One's own callback or follow-up ------------------------------------------------------------------------
def test_a_volunteer_takes_their_own_callback_before_its_hour(lea, case, volunteer):
    Case.objects.update(
        next_call_for=volunteer,
        tier=Case.Tier.CALLBACK,
        next_call_kind="callback",
        next_call_at=timezone.now() + timedelta(minutes=20),
    )
    response = lea.post(url("claim", case.pk))
    assert response["Location"] == url("call", case.pk)
    assert "Rappel convenu avec vous" in text(lea.get(response["Location"]))


def test_a_household_that_is_not_promised_to_one_cannot_be_chosen(lea, case):
    page = text(lea.post(url("claim", case.pk), follow=True))
    assert "Ce dossier ne vous est pas confié." in page
    assert not Case.objects.filter(claimed_by__isnull=False).exists()


def test_a_follow_up_of_today_is_called_a_little_early(lea, case, volunteer):
    now = timezone.now()
    plan = followups.create_plan(
        case=case,
        rhythm=followups.Rhythm("weekly", [now.weekday()], time(10, 0)),
        by=volunteer,
        now=now - timedelta(days=3),
    )
    plan.next_due_at = now + timedelta(minutes=1)
    plan.save()
    response = lea.post(url("follow_up", plan.pk))
    assert response["Location"] == url("call", case.pk)
    assert "c'est Léa" in text(lea.get(response["Location"]))  # the words of a follow-up, not of a first call


def test_somebody_elses_follow_up_is_refused(paul, case, volunteer):
    now = timezone.now()
    rhythm = followups.Rhythm("weekly", [now.weekday()], time(10, 0))
    plan = followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=now)
    assert "confié à quelqu'un d'autre" in text(paul.post(url("follow_up", plan.pk), follow=True))
    assert paul.post(url("follow_up", 10**15)).status_code == 404


# A call that comes back -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed", ["05 36 49 77 77", "0536497777", "+33536497777", "0033 5 36 49 77 77", "05.36.49.77.77"]
)
def test_a_number_in_any_format_opens_its_household_as_an_incoming_call(lea, campaign, typed):
    case = make_case(campaign, make_household(phone="+33536497777"))
    response = lea.post(url("returned"), {"number": typed})
    assert response["Location"] == url("call", case.pk) + "?entrant=1"
    assert "appel entrant" in text(lea.get(response["Location"]))


def test_a_closed_case_opens_too_when_its_household_rings_back(lea, campaign):
    case = make_case(campaign, make_household(phone="+33536497777"), status=Case.Status.CLOSED)
    assert lea.post(url("returned"), {"number": "0536497777"})["Location"].startswith(url("call", case.pk))


def test_a_returned_call_held_by_another_says_by_whom(lea, campaign, volunteer2):
    case = make_case(campaign, make_household(phone="+33536497777"))
    hold(case, volunteer2)
    page = text(lea.post(url("returned"), {"number": "0536497777"}, follow=True))
    assert "en cours d'appel par Paul" in page


@pytest.mark.parametrize("typed", ["", "Martin", "12", "0" * 30, "\x00", "<script>", "0800 12 34 56"])
def test_a_number_that_cannot_be_read_is_said_at_its_field(lea, campaign, typed):
    page = text(lea.post(url("returned"), {"number": typed}))
    assert 'id="returned-error"' in page


def test_an_unknown_number_finds_nobody_and_keeps_what_was_typed(lea, campaign):
    page = text(lea.post(url("returned"), {"number": "05 36 49 99 99"}))
    assert "aucun foyer de vos campagnes" in page
    assert 'value="05 36 49 99 99"' in page
    assert JournalEntry.objects.filter(action="phone.searched", detail__found=0).exists()


def test_a_number_of_another_campaign_finds_nobody(lea, make_campaign, volunteer2, campaign):
    make_case(make_campaign(volunteers=[volunteer2]), make_household(phone="+33536497777"))
    assert "aucun foyer de vos campagnes" in text(lea.post(url("returned"), {"number": "0536497777"}))


def test_a_number_of_two_households_lets_one_choose(lea, campaign):
    cases = [make_case(campaign, make_household(last_name=name)) for name in ("Castaing", "Sarrazin")]
    for case in cases:
        PhoneNumber.objects.create(household=case.household, e164="+33639980001", third_party=True)
    page = text(lea.post(url("returned"), {"number": "06 39 98 00 01"}))
    assert "CASTAING" in page
    assert "SARRAZIN" in page
    response = lea.post(url("returned"), {"number": "06 39 98 00 01", "case": cases[1].pk})
    assert response["Location"].startswith(url("call", cases[1].pk))


def test_numbers_cannot_be_tried_one_after_the_other(lea, campaign):
    for last in range(30):
        lea.post(url("returned"), {"number": f"05364999{last:02d}"})
    response = lea.post(url("returned"), {"number": "0536499999"})
    assert response.status_code == 429
    assert "Trop de recherches" in text(response)


# The day --------------------------------------------------------------------------------------------------
def test_my_day_counts_calls_and_households_reached(lea, case, volunteer):
    given = hold(case, volunteer)
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), **well(case)})
    page = text(lea.get(url("my_day")))
    assert "appel passé" in page
    assert "foyer joint" in page
    assert "Mme Jeanne MARTIN" in page


def test_my_day_shows_a_callback_of_next_week_and_ones_own_calls_of_a_day_alone(lea, paul, campaign, case, volunteer):
    make_case(
        campaign,
        make_household(last_name="Lafitte", first_name="Simone", civility="Mme"),
        next_call_kind="callback",
        tier=Case.Tier.CALLBACK,
        next_call_at=timezone.now() + timedelta(days=5),
        next_call_for=volunteer,
    )
    given = hold(case, volunteer)
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), **well(case)})
    page = text(lea.get(url("my_day")))
    assert "Vos rappels convenus, plus tard" in page
    assert "Mme Simone LAFITTE" in page
    other = text(paul.get(url("my_day")))
    assert "LAFITTE" not in other
    assert "MARTIN" not in other
    Call.objects.update(recorded_at=timezone.now() - timedelta(hours=25))
    assert "MARTIN" not in text(lea.get(url("my_day")))


def test_an_empty_day_says_what_to_do(lea, client_of, coordinator):
    assert "Pas encore d'appel aujourd'hui" in text(lea.get(url("my_day")))
    assert lea.post(url("my_day")).status_code == 405
    assert client_of(coordinator).get(url("my_day")).status_code == 403


# One's own calls, for a day -----------------------------------------------------------------------------------
def test_ones_own_call_stays_open_for_a_day_and_no_longer(lea, paul, case, volunteer):
    given = hold(case, volunteer)
    done = lea.post(url("record", case.pk), {"submission": str(given.call.submission), **well(case)})["Location"]
    assert "Appel enregistré" in text(lea.get(done))
    assert paul.get(done).status_code == 404
    assert JournalEntry.objects.filter(action="access.refused", detail__route="caller:done").exists()
    Call.objects.update(recorded_at=timezone.now() - timedelta(hours=25))
    assert lea.get(done).status_code == 404
    assert lea.get(url("done", 10**15)).status_code == 404
