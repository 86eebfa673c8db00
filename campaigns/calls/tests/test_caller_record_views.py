"""Recording a call: what the form sends, what follows, and what comes back when it cannot be recorded."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from campaigns import calls, followups
from campaigns.calls.tests.caller_cast import budget, hold, text, url, well
from campaigns.models import Call, Campaign, Case, FollowUpPlan, Need, Partner, Referral
from tests.factories import make_case, make_household


def form(held, **more):
    return {"submission": str(held.call.submission), **more}


def tenant_of(case):
    return case.household.tenants.first()


def record(client, held, **typed):
    return client.post(url("record", held.case.pk), form(held, **typed))


# It works ---------------------------------------------------------------------------------------------------
def test_an_exchange_is_recorded_and_the_page_after_says_what_happens(lea, held):
    response = record(lea, held, **well(held.case), comment="Tout va bien.")
    page = text(lea.get(response["Location"]))
    assert "Appel enregistré" in page
    assert "Dossier clos" in page
    assert "Appeler le prochain foyer" in page
    assert "Faire une pause" in page
    call = Call.objects.get()
    assert (call.state, call.outcome, call.comment) == ("recorded", "completed", "Tout va bien.")
    assert Case.objects.get().status == Case.Status.CLOSED


def test_loneliness_and_a_need_bring_a_plan_and_a_referral(lea, held):
    Partner.objects.create(kind="ccas", name="CCAS de Bordeaux", email="ccas@exemple.fr", communes=["33063"])
    tenant = tenant_of(held.case)
    typed = well(
        held.case,
        **{
            f"q-solitude-{tenant.pk}": "souvent",
            "q-repas": "oui",
            "q-suivi": "hebdo",
            "weekdays": ["2"],
            "follow_up_time": "10:30",
            "consent-repas": "yes",
        },
    )
    promised = text(lea.post(url("save", held.case.pk), typed).json()["follows"])
    response = record(lea, held, **typed)
    plan = FollowUpPlan.objects.get()
    assert (plan.cadence, plan.weekdays, plan.volunteer_id) == ("weekly", [2], held.call.volunteer_id)
    referral = Referral.objects.get()
    assert (referral.state, referral.agreement, referral.partner.name) == ("draft", "yes", "CCAS de Bordeaux")
    assert Need.objects.get().consent == "yes"
    page = text(lea.get(response["Location"]))
    assert "Suivi chaque semaine, prochain appel par vous" in page
    # The summary shown before is what happened.
    when = page.split("prochain appel par vous ")[1].split(".")[0]
    assert f"premier appel par vous {when}." in promised
    assert "signalement préparé pour la coordination (CCAS de Bordeaux), avec l'accord" in promised


def test_a_typical_recording_costs_at_most_thirty_queries(lea, held):
    tenant = tenant_of(held.case)
    lea.get(url("call", held.case.pk))
    typed = well(held.case, **{"q-repas": "oui", "consent-repas": "yes", f"q-solitude-{tenant.pk}": "parfois"})
    with budget(30):
        record(lea, held, **typed)
    assert Call.objects.get().state == "recorded"


@pytest.mark.parametrize(
    "outcome", ["no_answer", "busy", "voicemail_left", "voicemail_none", "cut_off", "other_person"]
)
def test_nobody_reached_in_one_click(lea, held, outcome):
    response = record(lea, held, outcome=outcome)
    case = Case.objects.get()
    assert case.status == Case.Status.OPEN
    assert case.claimed_by is None
    assert case.next_call_at > timezone.now()
    assert "Prochain appel" in text(lea.get(response["Location"]))


@pytest.mark.parametrize(
    ("choice", "outcome"), [("non", "refused_campaign"), ("vexe", "soft_refusal"), ("autre_personne", "other_person")]
)
def test_the_conversation_decides_its_own_outcome(lea, held, choice, outcome):
    record(lea, held, **{"q-accueil": choice})
    assert Call.objects.get().outcome == outcome


def test_never_again_stops_everything(lea, held):
    response = record(lea, held, **{"q-accueil": "oui", "q-information": "plus_jamais"})
    held.case.household.refresh_from_db()
    assert held.case.household.opposed_at
    assert "Dossier clos" in text(lea.get(response["Location"]))


def test_a_wrong_number_is_marked(lea, held):
    phone = held.case.household.phones.get()
    response = record(lea, held, outcome="wrong_number", phone_id=phone.pk)
    phone.refresh_from_db()
    assert phone.validity == "wrong"
    assert "la coordination cherche comment joindre ce foyer" in text(lea.get(response["Location"]))


def test_an_incoming_call_is_recorded_as_one(lea, held):
    record(lea, held, **well(held.case), direction="incoming")
    assert Call.objects.get().direction == "incoming"


def test_a_call_that_touched_somebody_offers_a_debrief(lea, held):
    response = record(lea, held, **well(held.case), touched_me="1")
    assert Call.objects.get().touched_me
    assert "vous proposera d'en parler" in text(lea.get(response["Location"]))


# Callback -----------------------------------------------------------------------------------------------------
def test_a_preset_callback_keeps_its_moment_and_its_volunteer(lea, held, volunteer):
    moment = calls.callback_presets(held.case, timezone.now())[1]
    record(lea, held, **{"q-accueil": "plus_tard", "callback": moment.isoformat()})
    case = Case.objects.get()
    assert (case.next_call_kind, case.next_call_at, case.next_call_for) == ("callback", moment, volunteer)


def test_another_moment_is_read_in_the_households_own_zone(lea, campaign, volunteer):
    case = make_case(campaign, make_household(department="974"), region="974")
    given = hold(case, volunteer)
    day = (timezone.now() + timedelta(days=3)).date()
    while day.weekday() != 1:
        day += timedelta(days=1)
    record(
        lea,
        given,
        **{"q-accueil": "plus_tard", "callback": "other", "callback_date": day.isoformat(), "callback_time": "14:30"},
    )
    at = Case.objects.get().next_call_at
    assert (at.hour, at.minute) == (10, 30)  # UTC+4


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({}, "Choisissez le jour et l'heure du rappel."),
        ({"callback": "n'importe quoi"}, "Choisissez le jour et l'heure du rappel."),
        ({"callback": "other"}, "Indiquez le jour du rappel."),
        ({"callback": "other", "callback_date": "2026-02-31"}, "Indiquez le jour du rappel."),
        ({"callback": "other", "callback_date": "2030-01-02"}, "Indiquez l'heure du rappel."),
        ({"callback": "other", "callback_date": "2030-01-02", "callback_time": "25:61"}, "Indiquez l'heure du rappel."),
        ({"callback": "other", "callback_date": "9999-12-31", "callback_time": "10:00"}, "dans les deux mois"),
        ({"callback": "other", "callback_date": "2020-03-17", "callback_time": "10:00"}, "déjà passé"),
        ({"callback": "2020-03-17T10:00:00+00:00"}, "déjà passé"),
    ],
)
def test_a_bad_callback_is_said_at_its_place_and_nothing_typed_is_lost(lea, held, typed, message):
    page = text(record(lea, held, **{"q-accueil": "plus_tard", "comment": "Rappeler sans faute", **typed}))
    assert message in page
    assert "L'appel n'est pas encore enregistré." in page
    assert "Rappeler sans faute" in page
    assert 'name="q-accueil" value="plus_tard" checked' in page
    assert Call.objects.get().state == "draft"
    # Kept on the server as well: closing the page loses nothing.
    assert Call.objects.get().comment == "Rappeler sans faute"


def test_a_callback_outside_hours_brings_the_nearest_moments(lea, held):
    Campaign.objects.update(hours={str(day): [["10:00", "12:00"]] for day in range(5)})
    day = (timezone.now() + timedelta(days=3)).date()
    page = text(
        record(
            lea,
            held,
            **{"q-accueil": "plus_tard", "callback": "other", "callback_date": str(day), "callback_time": "22:00"},
        )
    )
    assert "La campagne n'appelle pas à ce moment-là." in page
    assert "à 10 h" in page


# Follow-up -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({}, "Indiquez l'heure du rendez-vous."),
        ({"follow_up_time": "10:00"}, "Choisissez un jour de la semaine."),
        ({"follow_up_time": "10:00", "weekdays": ["1", "2"]}, "Choisissez un jour de la semaine."),
        ({"follow_up_time": "10:00", "weekdays": ["1"], "cadence": "twice_a_week"}, "Choisissez deux jours"),
        ({"follow_up_time": "23:59", "weekdays": ["1"]}, "pendant les horaires d'appel"),
        ({"follow_up_time": "10:00", "weekdays": ["1"], "cadence": "souvent"}, "Choisissez un rythme"),
    ],
)
def test_a_bad_follow_up_is_said_at_its_place(lea, held, typed, message):
    page = text(record(lea, held, **well(held.case, **{"q-suivi": "hebdo", **typed}), comment="gardé"))
    assert message in page
    assert 'id="follow-up-error"' in page
    assert "gardé" in page
    assert not FollowUpPlan.objects.exists()


def test_the_follow_up_call_may_end_the_plan(lea, campaign, volunteer, household):
    case = make_case(campaign, household)
    now = timezone.now()
    rhythm = followups.Rhythm("weekly", [now.weekday()], datetime(2026, 1, 1, 10, 0).time())
    plan = followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=now - timedelta(days=3))
    plan.next_due_at = now - timedelta(minutes=10)
    plan.save()
    followups.open_due_calls(now=now)
    given = hold(case, volunteer)
    tenant = tenant_of(case)
    typed = {
        "q-accueil": "oui",
        f"q-sante-{tenant.pk}": "bien",
        "q-besoins": ["oui"],
        f"q-moral-{tenant.pk}": "bon",
        "q-suite": "arreter",
    }
    page = text(lea.get(url("call", case.pk)))
    assert "Appel de suivi prévu avec vous" in page
    from campaigns.calls import script_of

    script = script_of(given.case)[1]
    ends = [(q.key, c.key) for q in script.questions for c in q.choices if c.plan == "end"]
    typed[f"q-{ends[0][0]}"] = ends[0][1]
    promised = text(lea.post(url("save", case.pk), typed).json()["follows"])
    assert "Le suivi s'arrête" in promised
    record(lea, given, **typed)
    plan.refresh_from_db()
    assert plan.status == FollowUpPlan.Status.ENDED


# What cannot be recorded comes back whole ------------------------------------------------------------------------
def test_a_missing_question_is_pointed_at(lea, held):
    typed = well(held.case)
    del typed["q-courses"]
    page = text(record(lea, held, **typed, comment="gardé"))
    assert '<a href="#q-courses">Cette question attend une réponse.</a>' in page
    assert "gardé" in page
    assert Call.objects.get().state == "draft"


def test_a_comment_too_long_comes_back_whole(lea, held):
    long = "Elle attend des nouvelles. " * 20
    page = text(record(lea, held, **well(held.case), comment=long))
    assert "300 caractères au plus." in page
    assert long.strip() in page


def test_another_language_asks_which(lea, held):
    assert "Choisissez la langue parlée." in text(record(lea, held, outcome="language"))
    assert "Choisissez la langue parlée." in text(record(lea, held, outcome="language", language="klingon"))
    record(lea, held, outcome="language", language="pt")
    assert Call.objects.get().outcome == "language"


@pytest.mark.parametrize(
    "typed",
    [
        {"outcome": "inventé"},
        {"outcome": "\x00"},
        {"comment": "\x00" * 400},
        {"phone_id": "9" * 50, "tenant_id": "²", "outcome": "no_answer"},
        {"submission": "pas un uuid", "outcome": "no_answer"},
        {"submission": str(uuid.uuid4()), "outcome": "no_answer"},
        {"direction": "sideways", "language": "x" * 500, "outcome": "busy"},
    ],
)
def test_whatever_a_robot_sends_is_answered(lea, held, typed):
    assert lea.post(url("record", held.case.pk), form(held) | typed).status_code in (200, 302)


def test_a_closed_campaign_keeps_the_call_for_the_coordination_and_says_so(lea, held):
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    page = text(lea.get(record(lea, held, **well(held.case), comment="Mon texte")["Location"]))
    assert "La campagne a été close pendant votre appel. Votre texte est gardé : la coordination décide." in page
    assert "Mon texte" in page
    assert (Call.objects.get().state, Call.objects.get().comment) == ("pending", "Mon texte")


def test_a_campaign_paused_during_a_call_lets_it_be_recorded(lea, held):
    Campaign.objects.update(status=Campaign.Status.PAUSED)
    response = record(lea, held, **well(held.case))
    assert Call.objects.get().state == "recorded"
    assert "Appeler le prochain foyer" not in text(lea.get(response["Location"]))


# Twice, late, or taken -----------------------------------------------------------------------------------------------
def test_posting_twice_records_once(lea, held):
    first = record(lea, held, **well(held.case))
    second = record(lea, held, **well(held.case))
    assert first["Location"] == second["Location"]
    assert Call.objects.count() == 1


def test_an_hour_that_passed_without_anybody_taking_the_case_is_still_good(lea, held):
    Case.objects.update(claimed_by=None, claimed_at=None, claimed_until=None)
    assert "Personne n'a repris ce dossier" in text(lea.get(url("call", held.case.pk)))
    record(lea, held, **well(held.case))
    assert Call.objects.get().state == "recorded"


def test_a_case_taken_meanwhile_keeps_the_text_for_the_coordinator(lea, held, volunteer2):
    at = timezone.now()
    Case.objects.update(claimed_by=volunteer2, claimed_at=at, claimed_until=at + timedelta(hours=1))
    response = record(lea, held, **well(held.case), comment="Mon texte")
    page = text(lea.get(response["Location"]))
    assert "Votre texte est gardé" in page
    assert "repris par Paul" in page
    call = Call.objects.get(volunteer=held.call.volunteer)
    assert (call.state, call.comment) == (Call.State.PENDING, "Mon texte")


def test_a_volunteer_removed_during_a_call_records_it_and_gets_no_more(lea, held):
    held.case.campaign.memberships.filter(user=held.call.volunteer).update(active=False)
    record(lea, held, **well(held.case))
    assert Call.objects.get().state == "recorded"
    make_case(held.case.campaign)
    response = lea.post(url("next", held.case.campaign_id), follow=True)
    assert "Vous ne faites pas partie des bénévoles" in text(response)


# Without a script, after the session ended -------------------------------------------------------------------------
def idle(client):
    session = client.session
    session["active_at"] = int(timezone.now().timestamp()) - 5 * 60 * 60
    session.save()


def test_a_post_after_the_session_ended_comes_back_with_the_sign_in(lea, held, volunteer):
    idle(lea)
    response = record(lea, held, **well(held.case), comment="Écrit sans script")
    assert response["Location"].startswith("/connexion/?next=/appels/")
    assert Call.objects.get().comment == ""
    lea.force_login(volunteer)
    page = text(lea.get(url("call", held.case.pk)))
    assert "Ce que vous aviez écrit est revenu" in page
    assert "Écrit sans script" in page
    record(lea, held, **well(held.case), comment="Écrit sans script")
    assert (Call.objects.get().state, Call.objects.get().comment) == ("recorded", "Écrit sans script")
    assert "call_posted" not in lea.session


def test_another_person_who_signs_in_there_does_not_read_it(lea, held, volunteer2):
    idle(lea)
    record(lea, held, **well(held.case), comment="Écrit sans script")
    Case.objects.update(claimed_by=None, claimed_at=None, claimed_until=None)
    hold(held.case, volunteer2)
    lea.force_login(volunteer2)
    assert "Écrit sans script" not in text(lea.get(url("call", held.case.pk)))


def test_who_was_never_signed_in_leaves_nothing(client, held):
    client.post(url("record", held.case.pk), {"comment": "Rien"})
    assert "call_posted" not in client.session
