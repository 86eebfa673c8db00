"""Somebody died, moved or entered a care home: nothing is noted before the name is confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import alerts
from campaigns.calls.tests.caller_cast import hold, text, url, well
from campaigns.models import Alert, Call, Campaign, Case
from solidarites.models import JournalEntry
from tenants.models import Tenant
from tests.factories import make_case, make_household

OUTCOMES = ("deceased", "moved", "care_home")


def form(held, **more):
    return {"submission": str(held.call.submission), **more}


def pressed(client, held, outcome, **typed):
    """The button of the call page."""
    return client.post(url("record", held.case.pk), form(held, outcome=outcome, **typed))


def confirmed(client, held, outcome, tenant=None, **more):
    """The button of the page that asks for the name."""
    who = {"tenant_id": tenant.pk} if tenant is not None else {}
    return client.post(url("closing", held.case.pk), form(held, outcome=outcome, **who, **more))


def nothing_is_noted(case):
    case.refresh_from_db()
    assert case.status == Case.Status.OPEN
    assert case.claimed_by is not None
    assert set(case.household.tenants.values_list("status", flat=True)) == {Tenant.Status.PRESENT}
    assert Call.objects.get(case=case).state == Call.State.DRAFT
    assert not JournalEntry.objects.filter(action="call.recorded").exists()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_button_asks_for_the_name_and_notes_nothing(lea, held, outcome):
    answer = pressed(lea, held, outcome, comment="Sa fille a répondu.")
    assert answer["Location"] == url("closing", held.case.pk)
    page = text(lea.get(answer["Location"]))
    assert "Mme Jeanne MARTIN" in page
    assert "Rien n'est encore noté." in page
    nothing_is_noted(held.case)


@pytest.mark.parametrize(
    ("outcome", "civility", "said"),
    [
        ("deceased", "Mme", "est décédée."),
        ("deceased", "M.", "est décédé."),
        ("deceased", "", "est décédé(e)."),
        ("moved", "M.", "a déménagé."),
        ("care_home", "Mme", "est en EHPAD."),
    ],
)
def test_the_sentence_speaks_of_that_person(lea, held, outcome, civility, said):
    Tenant.objects.update(civility=civility)
    assert said in text(lea.get(pressed(lea, held, outcome)["Location"]))


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_confirming_notes_it_with_what_was_typed(lea, held, outcome):
    pressed(lea, held, outcome, comment="Sa fille a répondu.")
    tenant = held.case.household.tenants.get()
    answer = confirmed(lea, held, outcome, tenant)
    call = Call.objects.get()
    assert answer["Location"] == url("done", call.pk)
    tenant.refresh_from_db()
    assert (call.state, call.outcome, call.comment) == ("recorded", outcome, "Sa fille a répondu.")
    assert tenant.status == outcome


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_of_two_people_one_is_chosen_and_none_beforehand(lea, campaign, volunteer, outcome):
    case = make_case(campaign, make_household(people=2))
    given = hold(case, volunteer)
    gone, left = case.household.tenants.order_by("pk")
    answer = pressed(lea, given, outcome, tenant_id=left.pk)
    page = lea.get(answer["Location"]).content.decode()
    assert page.count('name="tenant_id"') == 2
    assert "checked" not in page
    again = confirmed(lea, given, outcome)
    assert "Précisez de quelle personne il s'agit." in text(again)
    nothing_is_noted(case)
    done = confirmed(lea, given, outcome, gone)
    gone.refresh_from_db()
    left.refresh_from_db()
    assert (gone.status, left.status) == (outcome, "present")
    assert "La coordination prend la suite" in text(lea.get(done["Location"]))


def test_a_person_of_another_household_is_nobody(lea, held):
    stranger = make_household(last_name="Ailleurs").tenants.get()
    assert "Précisez de quelle personne il s'agit." in text(confirmed(lea, held, "deceased", stranger))
    nothing_is_noted(held.case)
    stranger.refresh_from_db()
    assert stranger.status == "present"


def test_going_back_gives_what_was_typed(lea, held):
    pressed(lea, held, "deceased", **well(held.case), comment="Erreur de bouton")
    page = lea.get(url("call", held.case.pk))
    assert "Erreur de bouton" in text(page)
    assert page.context["page"].typed.answers["accueil"] == {"": "oui"}
    # The call goes on, and ends as any other.
    lea.post(url("save", held.case.pk), form(held, **well(held.case)))
    assert lea.get(url("closing", held.case.pk))["Location"] == url("call", held.case.pk)
    lea.post(url("record", held.case.pk), form(held, **well(held.case)))
    assert Call.objects.get().outcome == "completed"


def test_the_answer_of_a_script_asks_for_the_name_too(lea, held, campaign):
    """« Est décédé(e) » as a neighbour's answer: « Enregistrer » leads to the same page."""
    from campaigns.models import Script

    Call.objects.update(script=Script.objects.get(kind="welfare"))
    answers = {"q-qui": "voisin", "q-lieu": "decede"}
    answer = lea.post(url("record", held.case.pk), form(held, **answers))
    assert answer["Location"] == url("closing", held.case.pk)
    nothing_is_noted(held.case)
    confirmed(lea, held, "deceased", held.case.household.tenants.get())
    assert Call.objects.get().answers["lieu"] == {"": "decede"}


def test_confirming_twice_records_once(lea, held):
    pressed(lea, held, "deceased")
    tenant = held.case.household.tenants.get()
    first, second = confirmed(lea, held, "deceased", tenant), confirmed(lea, held, "deceased", tenant)
    assert first["Location"] == second["Location"] == url("done", Call.objects.get().pk)
    assert JournalEntry.objects.filter(action="call.recorded").count() == 1


def test_two_tabs_note_what_the_one_that_is_confirmed_says(lea, held):
    pressed(lea, held, "deceased")
    pressed(lea, held, "moved")
    tenant = held.case.household.tenants.get()
    confirmed(lea, held, "deceased", tenant)
    done = confirmed(lea, held, "moved", tenant)
    tenant.refresh_from_db()
    assert (tenant.status, Call.objects.get().outcome) == ("deceased", "deceased")
    assert done["Location"] == url("done", Call.objects.get().pk)


def test_two_tabs_of_the_call_page_the_second_finds_it_recorded(lea, held):
    pressed(lea, held, "deceased")
    confirmed(lea, held, "deceased", held.case.household.tenants.get())
    answer = pressed(lea, held, "moved")
    assert answer["Location"] == url("done", Call.objects.get().pk)


def test_a_page_older_than_the_last_recording_asks_to_read_again(lea, held):
    """Its form is not the draft's: nothing is noted, and the page says so."""
    stale = {"submission": "00000000-0000-4000-8000-000000000000", "outcome": "deceased"}
    assert "plus à jour" in text(lea.post(url("record", held.case.pk), stale))
    stale["tenant_id"] = held.case.household.tenants.get().pk
    assert lea.post(url("closing", held.case.pk), stale)["Location"] == url("call", held.case.pk)
    nothing_is_noted(held.case)


@pytest.mark.parametrize("outcome", ["", "completed", "no_answer", "opt_out", "inventé"])
def test_the_page_confirms_nothing_else(lea, held, outcome):
    answer = confirmed(lea, held, outcome, held.case.household.tenants.get())
    assert answer["Location"] == url("call", held.case.pk)
    nothing_is_noted(held.case)


def test_opened_without_having_been_asked_it_leads_back_to_the_call(lea, held):
    assert lea.get(url("closing", held.case.pk))["Location"] == url("call", held.case.pk)


def test_in_a_campaign_closed_meanwhile_the_coordination_decides(lea, held):
    pressed(lea, held, "deceased")
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    tenant = held.case.household.tenants.get()
    page = text(lea.get(confirmed(lea, held, "deceased", tenant).url))
    assert "la coordination décide" in page
    tenant.refresh_from_db()
    assert (Call.objects.get().state, tenant.status) == ("pending", "present")


def test_nobody_is_left_to_be_confirmed(lea, held):
    pressed(lea, held, "deceased")
    Tenant.objects.update(status=Tenant.Status.MOVED)
    page = text(lea.get(url("closing", held.case.pk)))
    assert "Plus personne n'est noté à cette adresse" in page
    assert "Noter le décès" not in page


def test_taken_by_another_meanwhile_the_coordination_decides(lea, held, volunteer2):
    pressed(lea, held, "deceased")
    Case.objects.update(claimed_by=volunteer2, claimed_until=timezone.now() + timedelta(hours=1))
    tenant = held.case.household.tenants.get()
    confirmed(lea, held, "deceased", tenant)
    tenant.refresh_from_db()
    assert (Call.objects.get().state, tenant.status) == ("pending", "present")


def test_another_volunteer_a_coordinator_and_a_stranger_see_nothing(held, lea, client_of, volunteer2, coordinator):
    pressed(lea, held, "deceased")
    tenant = held.case.household.tenants.get()
    for who, status in ((volunteer2, 404), (coordinator, 403)):
        client = client_of(who)
        assert client.get(url("closing", held.case.pk)).status_code == status
        assert confirmed(client, held, "deceased", tenant).status_code == status
    nothing_is_noted(held.case)


def test_in_practice_the_page_after_says_that_the_name_is_asked(lea, campaign):
    answer = lea.post(url("training_record", campaign.pk), {"outcome": "deceased"})
    assert "confirmer le nom de la personne" in text(lea.get(answer["Location"]))


# A correction confirms the name too ---------------------------------------------------------------------------
def test_a_correction_into_a_death_names_the_person_even_alone(lea, held):
    lea.post(url("record", held.case.pk), form(held, outcome="no_answer"))
    call = Call.objects.get()
    tenant = held.case.household.tenants.get()
    asked = {"outcome": "deceased", "submission": "00000000-0000-4000-8000-000000000000"}
    assert "Précisez de quelle personne il s'agit." in text(lea.post(url("correct", call.pk), asked))
    page = lea.post(url("correct", call.pk), asked | {"tenant_id": tenant.pk})
    assert "Personne concernée : Mme Jeanne MARTIN." in text(page)
    tenant.refresh_from_db()
    assert tenant.status == "present"
    lea.post(url("correct", call.pk), asked | {"tenant_id": tenant.pk, "seen": page.context["summary"].seen})
    tenant.refresh_from_db()
    assert tenant.status == "deceased"


def test_afterwards_the_person_who_was_named_is_the_one_who_is_said(lea, held, case, volunteer2, client_of):
    jeanne = case.household.tenants.get()
    lucien = case.household.tenants.create(
        landlord=jeanne.landlord,
        civility="M.",
        last_name="Perrin",
        first_name="Lucien",
        birth_date=jeanne.birth_date,
        birth_precision=jeanne.birth_precision,
    )
    pressed(lea, held, "deceased")
    page = confirmed(lea, held, "deceased", lucien)
    done = text(lea.get(page["Location"]))
    assert "M. Lucien PERRIN" in done
    assert jeanne.first_name not in done
    home = text(lea.get("/appels/"))
    assert "M. Lucien PERRIN" in home
    assert jeanne.first_name not in home


def test_who_lived_alone_keeps_a_name(lea, held, case):
    person = case.household.tenants.get()
    pressed(lea, held, "moved")
    page = confirmed(lea, held, "moved", person)
    assert person.last_name.upper() in text(lea.get(page["Location"]))
    assert "Foyer sans nom" not in text(lea.get("/appels/"))


def test_after_a_vital_answer_the_page_gives_the_number_first(lea, held, case):
    lea.post(url("alert", case.pk), form(held))
    pressed(lea, held, "moved")
    page = text(lea.get(url("closing", case.pk)))
    assert "Un danger est signalé" in page
    assert 'href="tel:15"' in page
    alerts.solve(alert=Alert.objects.get(), solution="Rappelée.", by=held.call.volunteer, now=timezone.now())
    assert "Un danger est signalé" not in text(lea.get(url("closing", case.pk)))
    nothing_is_noted(case)
