"""Who rings back while another volunteer has the case: a message; and two calls for one household, joined."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import calls, queue
from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.common import phrases
from campaigns.models import Alert, Call, Case, CaseMessage, Need
from solidarites.models import JournalEntry
from tests import factories
from tests.factories import make_campaign, make_case, make_household


@pytest.fixture
def case(volunteer, volunteer2):
    return make_case(running_campaign(volunteer, volunteer2), make_household(phone="+33536497777"))


def test_a_message_reaches_the_holder_at_once_the_coordination_and_the_next_caller(
    lea, paul, case, volunteer, client_of, coordinator
):
    hold(case, volunteer)
    page = text(paul.post(url("returned"), {"number": "05 36 49 77 77"}, follow=True))
    assert "Léa est en ce moment en appel avec ce foyer." in page
    assert case.household.tenants.get().last_name.upper() not in page  # the number alone, no name
    page = text(paul.post(url("message", case.pk), {"text": "Elle rappellera à 15 h."}, follow=True))
    assert "Léa et la coordination le liront." in page
    assert "Elle rappellera à 15 h." in text(lea.get(url("call", case.pk)))
    assert "Elle rappellera à 15 h." in lea.post(url("save", case.pk), {}).json()["notice"].replace("\u00a0", " ")
    alert = Alert.objects.get(kind=Alert.Kind.MESSAGE)
    assert (alert.case, alert.level) == (case, "U2")
    assert "Elle rappellera à 15 h." in text(client_of(coordinator).get(f"/dossiers/{case.pk}/"))
    assert JournalEntry.objects.filter(action="message.taken").count() == 1


def test_posting_a_message_twice_keeps_one(paul, case):
    for _ in range(2):
        paul.post(url("message", case.pk), {"text": "Rappeler"})
    assert CaseMessage.objects.count() == 1


@pytest.mark.parametrize(("typed", "said"), [("", "Notez ce que la personne"), ("x" * 301, "300 caractères au plus.")])
def test_a_message_that_cannot_be_kept_is_said_at_its_field(paul, case, typed, said):
    assert said in text(paul.post(url("message", case.pk), {"text": typed}))
    assert not CaseMessage.objects.exists()


def test_a_message_warns_gently(paul, case):
    assert "ressemble à un diagnostic" in text(paul.post(url("message", case.pk), {"text": "Un cancer"}, follow=True))


def test_messages_are_for_the_volunteers_of_the_campaign(client, client_of, paul, case, coordinator, volunteer):
    address = url("message", case.pk)
    assert client.get(address)["Location"].startswith("/connexion/")
    assert client_of(coordinator).post(address, {"text": "x"}).status_code == 403
    elsewhere = make_case(make_campaign(volunteers=[volunteer]))
    assert paul.get(url("message", elsewhere.pk)).status_code == 404
    assert paul.post(url("message", elsewhere.pk), {"text": "x"}).status_code == 404
    assert paul.get(url("message", 10**15)).status_code == 404
    assert paul.delete(address).status_code == 405


# Pending calls -------------------------------------------------------------------------------------------
def pending_call(case, volunteer, volunteer2, **typed):
    """Léa's call, recorded after Paul had taken the case and recorded his own."""
    start = timezone.now() - timedelta(minutes=90)
    mine = queue.claim_next(campaign=case.campaign, by=volunteer, now=start).call
    theirs = queue.claim_next(campaign=case.campaign, by=volunteer2, now=start + timedelta(minutes=61)).call
    arguments = {"case_id": case.pk, "now": timezone.now()}
    factories.record_call(by=volunteer2, submission=theirs.submission, outcome="no_answer", **arguments)
    return factories.record_call(by=volunteer, submission=mine.submission, **typed, **arguments)


def answers(case):
    person = str(case.household.tenants.get().pk)
    return {
        "accueil": {"": "oui"},
        "information": {"": "oui"},
        "sante": {person: "bien"},
        "courses": {"": "personne"},
        "manger": {"": "oui"},
        "solitude": {person: "rarement"},
        "suivi": {"": "non"},
        "voisins": {"": "oui"},
    }


def test_joined_to_the_other_what_was_heard_is_kept_and_the_next_call_does_not_move(
    case, volunteer, volunteer2, client_of, coordinator, lea
):
    call = pending_call(case, volunteer, volunteer2, outcome="completed", answers=answers(case))
    before = Case.objects.values("status", "next_call_at", "attempts").get()
    client_of(coordinator).post(f"/dossiers/appels/{call.pk}/", {"decision": "merge"})
    call.refresh_from_db()
    case.refresh_from_db()
    assert call.state == Call.State.MERGED
    assert Case.objects.values("status", "next_call_at", "attempts").get() == before
    assert Need.objects.get().category == "courses"
    assert case.neighbour_told_at is not None
    assert case.reached_at is not None
    assert JournalEntry.objects.filter(action="call.merged", user=coordinator).count() == 1
    assert "a joint votre appel à celui de l'autre bénévole" in text(lea.get(url("done", call.pk)))
    with pytest.raises(calls.CallError, match="déjà été traité"):
        calls.merge_pending(call_id=call.pk, by=coordinator, now=timezone.now())


def test_a_helpful_neighbour_is_seen_by_the_coordination(case, volunteer, lea, client_of, coordinator):
    given = hold(case, volunteer)
    typed = {**well(case), "q-voisins": "oui", "submission": given.call.submission}
    lea.post(url("record", case.pk), typed)
    assert "Un voisin peut nous prévenir" in text(client_of(coordinator).get(f"/dossiers/{case.pk}/"))


# Phrases as they are spoken ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("spoken", "stored"),
    [
        ("tilleul martin quarante-sept", "tilleul martin 47"),
        ("Le tilleul, le martin, vingt et un.", "tilleul martin 21"),
        ("47 tilleul martin", "tilleul martin 47"),
        ("TÎLLEUL Martin soixante neuf", "tilleul martin 69"),
        ("tilleul martin dix sept", "tilleul martin 17"),
        ("tilleul martin seize", "tilleul martin 16"),
        ("tilleul martin cinquante", "tilleul martin 50"),
    ],
)
def test_a_phrase_is_understood_as_it_is_dictated(spoken, stored):
    assert phrases.plain(spoken) == stored


def test_every_phrase_drawn_reads_as_itself():
    for _ in range(300):
        drawn = phrases.draw()
        assert phrases.plain(drawn) == drawn


# Somebody noted as dead by mistake ---------------------------------------------------------------------------
def test_a_coordinator_alone_brings_back_a_person_noted_as_dead_by_mistake(
    case, volunteer, lea, client_of, coordinator, volunteer2
):
    given = hold(case, volunteer)
    tenant = case.household.tenants.get()
    confirmed = {"submission": given.call.submission, "outcome": "deceased", "tenant_id": tenant.pk}
    lea.post(url("closing", case.pk), confirmed)
    tenant.refresh_from_db()
    assert tenant.status == "deceased"
    address = f"/dossiers/{case.pk}/personne/{tenant.pk}/"
    nadia = client_of(coordinator)
    assert address in nadia.get(f"/dossiers/{case.pk}/").content.decode()
    assert lea.post(address).status_code == 403
    assert nadia.get(address).status_code == 405
    assert nadia.post(f"/dossiers/{case.pk}/personne/{10**15}/").status_code == 404
    assert "habite bien ici" in text(nadia.post(address, follow=True))
    tenant.refresh_from_db()
    case.refresh_from_db()
    assert (tenant.status, case.status) == ("present", "closed")  # nothing is called by itself
    assert "déjà notée comme présente" in text(nadia.post(address, follow=True))
    assert JournalEntry.objects.filter(action="tenant.reopened", user=coordinator).count() == 1
    nadia.post(f"/dossiers/{case.pk}/appeler/")
    case.refresh_from_db()
    assert case.status == "open"
