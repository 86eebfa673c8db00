"""The call page: who may open it, what it shows, what it keeps while one types."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from campaigns import alerts, outcomes, queue
from campaigns.calls.tests.caller_cast import budget, hold, text, url, well
from campaigns.models import Absence, Alert, Call, Campaign, Case, CasePass, Partner
from solidarites.models import JournalEntry
from tenants.models import PhoneNumber
from tests.factories import make_case, make_household, make_user


@pytest.fixture
def case(campaign, household):
    return make_case(campaign, household, verification_phrase="tilleul martin 47")


def tenant_of(case):
    return case.household.tenants.first()


# Who may open it -----------------------------------------------------------------------------------------
def test_another_volunteer_finds_nothing_and_it_is_journaled(paul, held):
    response = paul.get(url("call", held.case.pk))
    assert response.status_code == 404
    assert "MARTIN" not in text(response)
    assert JournalEntry.objects.filter(action="access.refused", detail__case=held.case.pk).exists()


@pytest.mark.parametrize("action", ["save", "heartbeat", "alert", "pass", "record"])
def test_another_volunteer_can_do_nothing_to_it(paul, held, action):
    before = Call.objects.values().get()
    assert paul.post(url(action, held.case.pk), {**well(held.case), "reason": "time"}).status_code == 404
    assert Call.objects.values().get() == before
    assert not Alert.objects.exists()


def test_other_roles_and_nobody(client, client_of, coordinator, administrator, held):
    assert client.get(url("call", held.case.pk))["Location"].startswith("/connexion/?next=/appels/")
    for person in (coordinator, administrator):
        assert client_of(person).get(url("call", held.case.pk)).status_code == 403


def test_unknown_ids_and_wrong_methods(lea, held):
    for pk in (0, 987654, 10**18, 10**30):
        assert lea.get(f"/appels/{pk}/").status_code == 404
        assert lea.post(f"/appels/{pk}/enregistrer/").status_code == 404
    assert lea.post(url("call", held.case.pk)).status_code == 405
    assert lea.get(url("save", held.case.pk)).status_code == 405
    # After signing in again, the address of an act leads back to the page, which kept everything.
    for action in ("record", "alert", "pass"):
        assert lea.get(url(action, held.case.pk))["Location"] == url("call", held.case.pk)


def test_a_household_closes_again_a_day_after_its_claim_went_elsewhere(lea, held, volunteer2):
    Case.objects.update(claimed_by=volunteer2, claimed_at=timezone.now())
    assert lea.get(url("call", held.case.pk)).status_code == 200
    Call.objects.update(started_at=timezone.now() - timedelta(hours=25))
    assert lea.get(url("call", held.case.pk)).status_code == 404


# What it shows ---------------------------------------------------------------------------------------------
def test_who_why_where_and_the_number(lea, held):
    page = text(lea.get(url("call", held.case.pk)))
    assert "Mme Jeanne MARTIN" in page
    assert "85–89 ans" in page or "80–84 ans" in page
    assert "1941" not in page
    assert "Premier appel de la campagne." in page
    assert "33, Gironde" in page
    phone = held.case.household.phones.get()
    assert f'href="tel:{phone.e164}"' in page
    assert "tilleul martin 47" in page
    assert "01 99 00 56 78" in page  # the on-call number, always in sight
    assert "Bonjour Madame Martin, ici Léa, de Gironde Habitat Social." in page


def test_the_page_is_read_in_twelve_queries(lea, held):
    lea.get(url("call", held.case.pk))  # the script is read once per process
    with budget(12):
        lea.get(url("call", held.case.pk))


def test_reading_the_page_writes_nothing(lea, held, count_queries):
    with count_queries() as queries:
        lea.get(url("call", held.case.pk))
    written = [q["sql"] for q in queries.captured_queries if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert all("django_session" in sql for sql in written)


def test_hostile_names_and_notes_are_shown_as_text(lea, campaign, volunteer):
    household = make_household(
        last_name="<script>alert('nom')</script>",
        first_name='"><img src=x>',
        notes="<b onmouseover=x>{{ 7|add:7 }}</b>",
    )
    case = make_case(campaign, household)
    hold(case, volunteer)
    page = lea.get(url("call", case.pk)).content.decode()
    assert "<script>alert" not in page.lower()
    assert "<img src=x" not in page
    assert "<b onmouseover" not in page
    assert "{{ 7|add:7 }}" in page


def test_very_long_names_and_no_address(lea, campaign, volunteer):
    household = make_household(
        last_name="D" * 120, first_name="Marie-Bérengère " * 7, street="", postal_code="", city="", department=""
    )
    case = make_case(campaign, household)
    hold(case, volunteer)
    page = text(lea.get(url("call", case.pk)))
    assert "D" * 120 in page
    assert "adresse inconnue" in page


def test_a_hidden_number_is_dialled_with_its_prefix(lea, held, volunteer):
    volunteer.hide_number = True
    volunteer.save()
    assert "tel:%2331%23" not in text(lea.get(url("call", held.case.pk)))  # the campaign does not allow it
    Campaign.objects.update(allow_hidden_number=True)
    page = text(lea.get(url("call", held.case.pk)))
    assert "tel:%2331%23053649" in page
    assert "Votre numéro est masqué" in page


def test_the_next_untried_number_comes_first_and_a_third_partys_last(lea, held, volunteer2):
    household = held.case.household
    first = household.phones.get()
    second = PhoneNumber.objects.create(household=household, e164="+33639980012", rank=1)
    third = PhoneNumber.objects.create(household=household, e164="+33639980099", rank=2, third_party=True, label="fils")
    PhoneNumber.objects.create(household=household, e164="+33639980055", rank=3, validity="wrong")
    Call.objects.create(case=held.case, volunteer=volunteer2, state="recorded", outcome="no_answer", phone=first)
    page = text(lea.get(url("call", held.case.pk)))
    places = [page.index(f'id="tel-{phone.pk}"') for phone in (second, first, third)]
    assert places == sorted(places)
    assert "06 39 98 00 55" not in page


def test_ids_past_a_thousand_are_written_without_spaces(lea, campaign, volunteer):
    household = make_household(phone=None)
    PhoneNumber.objects.create(pk=1234567, household=household, e164="+33536497777")
    PhoneNumber.objects.create(pk=1234568, household=household, e164="+33536497778")
    case = make_case(campaign, household)
    hold(case, volunteer)
    page = lea.get(url("call", case.pk)).content.decode()
    assert 'name="phone_id" value="1234567"' in page
    assert 'data-dial="1234568"' in page
    assert re.search(r'name="page" value="\d{13}"', page)


def test_a_household_without_a_number_still_opens(lea, held):
    PhoneNumber.objects.update(validity="disconnected")
    assert "aucun numéro à composer" in text(lea.get(url("call", held.case.pk)))


def test_the_last_two_calls_in_two_lines(lea, held, volunteer2):
    now = timezone.now()
    for days, outcome in ((1, "no_answer"), (3, "busy"), (9, "voicemail_none")):
        at = now - timedelta(days=days)
        Call.objects.create(
            case=held.case, volunteer=volunteer2, state="recorded", outcome=outcome, started_at=at, recorded_at=at
        )
    page = text(lea.get(url("call", held.case.pk)))
    assert "Hier à" in page
    assert " : pas de réponse (Paul)" in page
    assert " : occupé (Paul)" in page
    assert "répondeur, sans message (Paul)" not in page


def test_not_reached_buttons_say_what_will_follow(lea, held, volunteer):
    page = text(lea.get(url("call", held.case.pk)))
    assert 'name="outcome" value="no_answer"' in page
    # In 30 minutes by day; late in the evening, at the next opening.
    assert outcomes.preview(held.case, by=volunteer, now=timezone.now())["busy"] in page


def test_the_button_says_what_then_happens(lea, held, volunteer):
    from campaigns import outcomes

    promised = outcomes.preview(held.case, by=volunteer, now=timezone.now())["no_answer"]
    response = lea.post(
        url("record", held.case.pk), {"submission": str(held.call.submission), "outcome": "no_answer"}, follow=True
    )
    assert promised.startswith("rappel ")
    assert promised.removeprefix("rappel ").split()[0] in text(response)


def test_a_couple_answers_each_for_themselves(lea, campaign, volunteer):
    household = make_household(last_name="Martin", first_name="Jeanne", civility="Mme", people=2)
    second = household.tenants.last()
    second.civility, second.first_name = "M.", "Marcel"
    second.save()
    case = make_case(campaign, household)
    hold(case, volunteer)
    page = text(lea.get(url("call", case.pk)))
    assert "Mme et M. MARTIN" in page
    for tenant in household.tenants.all():
        assert f'name="q-sante-{tenant.pk}"' in page
        assert tenant.full_name in page
    assert page.count('name="q-courses"') == 4  # asked once for both


def test_consent_names_the_partner_that_fits(lea, held):
    Partner.objects.create(kind="ccas", name="CCAS de Bordeaux", email="ccas@exemple.fr", communes=["33063"])
    page = text(lea.get(url("call", held.case.pk)))
    assert "ainsi que ce besoin, à CCAS de Bordeaux" in page


def test_a_campaign_without_a_script_still_records(lea, volunteer, make_campaign):
    case = make_case(make_campaign(volunteers=[volunteer]))
    given = hold(case, volunteer)
    assert "n'a pas encore de trame" in text(lea.get(url("call", case.pk)))
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), "comment": "Va bien"})
    assert Call.objects.get().outcome == "completed"


def test_people_of_unknown_age_are_said_to_be(lea, campaign, volunteer):
    case = make_case(campaign, make_household(birth_date=None))
    hold(case, volunteer)
    assert "âge à vérifier" in text(lea.get(url("call", case.pk)))


def test_the_clock_of_a_household_overseas_is_said(lea, campaign, volunteer):
    case = make_case(campaign, make_household(department="974", postal_code="97400", city="Saint-Denis"), region="974")
    hold(case, volunteer)
    page = text(lea.get(url("call", case.pk)))
    assert "chez cette personne" in page
    assert "974, La Réunion" in page


# Saving as one types -----------------------------------------------------------------------------------------
def test_everything_typed_comes_back(lea, held):
    tenant = tenant_of(held.case)
    typed = {
        "q-accueil": "plus_tard",
        f"q-recours-{tenant.pk}": ["famille", "voisin"],
        "q-autre": "Une fenêtre ferme mal",
        "callback": "other",
        "callback_date": "2031-02-03",
        "callback_time": "14:30",
        "cadence": "weekly",
        "weekdays": ["1", "3"],
        "follow_up_time": "10:15",
        "consent-repas": "thinking",
        "comment": "Ligne 1\r\nLigne 2",
        "touched_me": "1",
    }
    answer = lea.post(url("save", held.case.pk), typed).json()
    assert answer["saved"].startswith("enregistré à")
    page = lea.get(url("call", held.case.pk)).content.decode()
    for part in (
        'name="q-accueil" value="plus_tard" checked',
        f'name="q-recours-{tenant.pk}" value="famille" checked',
        f'name="q-recours-{tenant.pk}" value="voisin" checked',
        "Une fenêtre ferme mal",
        'name="callback" value="other" checked',
        'value="2031-02-03"',
        'value="14:30"',
        'value="weekly" selected',
        'name="weekdays" value="1" checked',
        'name="weekdays" value="3" checked',
        'value="10:15"',
        'value="thinking" checked',
        "Ligne 1\nLigne 2",
        'name="touched_me" value="1" checked',
    ):
        assert part in page, part


def test_what_will_follow_is_said_with_each_save(lea, held):
    tenant = tenant_of(held.case)
    answer = lea.post(
        url("save", held.case.pk), well(held.case, **{f"q-solitude-{tenant.pk}": "souvent", "q-repas": "oui"})
    ).json()
    follows = answer["follows"].replace("\u00a0", " ")
    assert "cette personne se sent seule" in follows.lower()
    assert "Repas, portage, sous 7 jours : signalement préparé" in follows


def test_a_text_that_looks_like_a_diagnosis_is_warned_of_and_kept(lea, held):
    answer = lea.post(url("save", held.case.pk), {"comment": "Elle a un cancer"}).json()
    assert "Cela ressemble à un diagnostic" in text(answer["warnings"])
    assert Call.objects.get().comment == "Elle a un cancer"
    assert "Cela ressemble à un diagnostic" in text(lea.get(url("call", held.case.pk)))
    assert lea.post(url("save", held.case.pk), {"comment": "Bientôt plus de pain"}).json()["warnings"].strip() == ""


def test_saving_renews_the_hour(lea, held):
    Case.objects.update(claimed_until=timezone.now() + timedelta(minutes=5))
    lea.post(url("save", held.case.pk), {})
    assert Case.objects.get().claimed_until > timezone.now() + timedelta(minutes=55)


def test_an_alarming_answer_rings_at_once_and_shows_the_on_call_number(lea, held, coordinator):
    tenant = tenant_of(held.case)
    answers = {"q-accueil": "oui", f"q-sante-{tenant.pk}": "pas_bien", f"q-urgence-{tenant.pk}": "oui"}
    answer = lea.post(url("save", held.case.pk), answers).json()
    raised = Alert.objects.get()
    assert raised.level == "U0"
    assert "tel:+33199005678" in answer["alert"]
    assert "Nadia Benali" in answer["alert"]
    assert "Gironde" in answer["alert"]
    lea.post(url("save", held.case.pk), answers)
    assert Alert.objects.count() == 1
    assert "Alerte transmise" in text(lea.get(url("call", held.case.pk)))


def test_the_older_of_two_tabs_is_told(lea, held):
    lea.post(url("save", held.case.pk), {"page": "2000", "comment": "nouveau"})
    response = lea.post(url("save", held.case.pk), {"page": "1000", "comment": "ancien"})
    assert response.status_code == 409
    assert "onglet plus récent" in response.json()["notice"]
    assert Call.objects.get().comment == "nouveau"


def test_saving_after_recording_says_so(lea, held):
    form = {"submission": str(held.call.submission)}
    lea.post(url("record", held.case.pk), {**form, "outcome": "no_answer"})
    response = lea.post(url("save", held.case.pk), {**form, "comment": "trop tard"})
    assert response.status_code == 409
    assert "déjà enregistré" in text(response.json()["notice"])
    assert lea.post(url("save", held.case.pk), {"comment": "sans jeton"}).status_code == 404


def test_a_case_taken_by_another_says_by_whom_and_when(lea, held, volunteer2):
    at = timezone.now()
    Case.objects.update(claimed_by=volunteer2, claimed_at=at, claimed_until=at + timedelta(hours=1))
    answer = lea.post(url("save", held.case.pk), {"comment": "mon texte"}).json()
    assert "Ce dossier a été repris par Paul" in answer["notice"]
    assert Call.objects.get().comment == "mon texte"
    beat = lea.post(url("heartbeat", held.case.pk)).json()
    assert beat["held"] is False
    assert "Votre texte est gardé" in beat["notice"]


def test_who_took_it_is_told_of_the_text_that_waits(lea, paul, held, volunteer2):
    """Both told: the first while recording, the other by the heartbeat, then after the call and on the home page."""
    Case.objects.update(claimed_by=None, claimed_at=None, claimed_until=None)
    hold(held.case, volunteer2)
    assert paul.post(url("heartbeat", held.case.pk)).json()["notice"] == ""
    lea.post(url("record", held.case.pk), {"submission": str(held.call.submission), **well(held.case)})
    assert Call.objects.get(volunteer=held.call.volunteer).state == Call.State.PENDING
    beat = paul.post(url("heartbeat", held.case.pk)).json()
    assert beat["held"] is True
    assert "Léa avait aussi appelé ce foyer" in text(beat["notice"])
    assert "Léa avait aussi appelé ce foyer" in text(paul.get(url("call", held.case.pk)))
    mine = Call.objects.get(volunteer=volunteer2)
    paul.post(url("record", held.case.pk), {"submission": str(mine.submission), **well(held.case)})
    assert "Léa avait aussi appelé ce foyer" in text(paul.get(url("done", mine.pk)))
    assert "Léa avait aussi appelé ce foyer" in text(paul.get(url("home")))
    assert "la coordination décide" in text(lea.get(url("home")))


def test_who_recorded_before_is_told_of_a_text_that_comes_later(lea, paul, held, volunteer2):
    """The hour passed, Paul took and recorded the case; Léa's text arrives after: Paul reads it where he looks next."""
    Case.objects.update(claimed_by=None, claimed_at=None, claimed_until=None)
    hold(held.case, volunteer2)
    paul.post(
        url("record", held.case.pk), {"outcome": "no_answer", "submission": str(Call.objects.latest("pk").submission)}
    )
    lea.post(url("record", held.case.pk), {"submission": str(held.call.submission), **well(held.case)})
    assert "Léa avait aussi appelé ce foyer" in text(paul.get(url("my_day")))


def test_after_an_alert_the_heartbeat_says_who_takes_it(lea, held, coordinator):
    lea.post(url("alert", held.case.pk))
    raised = Alert.objects.get()
    assert "s'en occupe" not in text(lea.post(url("heartbeat", held.case.pk), {"alert": "1"}).json()["alert"])
    raised.taken_by = coordinator
    raised.save()
    assert "Nadia Benali s'en occupe" in text(lea.post(url("heartbeat", held.case.pk), {"alert": "1"}).json()["alert"])


def test_the_heartbeat_holds_the_case(lea, held):
    Case.objects.update(claimed_until=timezone.now() + timedelta(minutes=5))
    assert lea.post(url("heartbeat", held.case.pk), headers={"X-Background": "1"}).json() == {
        "held": True,
        "notice": "",
    }
    assert Case.objects.get().claimed_until > timezone.now() + timedelta(minutes=55)


@pytest.mark.parametrize(
    "typed",
    [
        {"comment": "\x00\x00bonjour"},
        {"q-autre": "\x00" + "x" * 9000},
        {"comment": "x" * 20000},
        {"q-accueil": ["oui", "non"], "q-inconnue": "oui", "weekdays": ["9", "x"], "page": "9" * 40},
        {"callback": "2031-13-45T99:99", "callback_date": "x", "tenant_id": "-1", "phone_id": "9" * 60},
        {"callback": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_anything_may_be_typed(lea, held, typed):
    assert lea.post(url("save", held.case.pk), typed).status_code == 200
    assert lea.get(url("call", held.case.pk)).status_code == 200
    assert len(Call.objects.get().comment) <= 300


# The alert ----------------------------------------------------------------------------------------------------
def test_the_red_button_works_before_anything_is_saved(lea, held, coordinator):
    response = lea.post(url("alert", held.case.pk), {"comment": "Elle est tombée"}, follow=True)
    page = text(response)
    assert Alert.objects.get().level == "U0"
    assert "Transmise à Nadia Benali" in page
    assert 'href="tel:+33199005678"' in page
    assert "Elle est tombée" in page
    assert Call.objects.get().comment == "Elle est tombée"


def test_the_red_button_names_who_is_there(lea, held, coordinator):
    make_user("zoe@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    Absence.objects.create(user=coordinator, first_day=timezone.localdate())
    assert "Transmise à Zoé Ailleurs," in text(lea.post(url("alert", held.case.pk), {}, follow=True))


def test_the_red_button_answers_a_script_with_its_fragment(lea, held):
    response = lea.post(url("alert", held.case.pk), {}, headers={"X-Requested-With": "fetch"})
    assert "<html" not in text(response)
    assert "Personne de la coordination ne suit ce secteur" in text(response)


def test_pressed_twice_the_red_button_rings_once(lea, held):
    lea.post(url("alert", held.case.pk), {})
    lea.post(url("alert", held.case.pk), {})
    assert Alert.objects.count() == 1


def test_an_alert_that_somebody_takes_says_who(lea, held, coordinator):
    lea.post(url("alert", held.case.pk), {})
    alerts.take(alert=Alert.objects.get(), by=coordinator, now=timezone.now())
    assert "Nadia Benali s'en occupe" in text(lea.get(url("call", held.case.pk)))


# Passing ---------------------------------------------------------------------------------------------------------
def test_passing_asks_for_a_reason_and_gives_the_case_back(lea, held, volunteer):
    page = text(lea.post(url("pass", held.case.pk), {"comment": "gardé"}))
    assert "Choisissez une raison dans la liste." in page
    assert "gardé" in page
    response = lea.post(url("pass", held.case.pk), {"reason": "known"}, follow=True)
    assert "Dossier passé" in text(response)
    assert Case.objects.get().claimed_by is None
    assert CasePass.objects.get().user == volunteer
    # The same case is not served again to that volunteer that day.
    assert "ne correspondent pas" in text(lea.post(url("next", held.case.campaign_id), follow=True))


def test_a_case_passed_by_somebody_else_meanwhile(lea, held):
    queue.release(case_id=held.case.pk, by=held.call.volunteer, now=timezone.now())
    assert "n'est plus entre vos mains" in text(lea.post(url("pass", held.case.pk), {"reason": "time"}, follow=True))


def test_the_age_band_follows_the_birthday(held):
    tenant = tenant_of(held.case)
    assert tenant.age_band_on(date(2026, 5, 7)) == "80–84 ans"
    assert tenant.age_band_on(date(2026, 5, 8)) == "85–89 ans"
