"""The call page in the middle of a danger: what it shows, what it records, what the coordination reads of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import calls, queue
from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Alert, Call, Campaign, Case, Need
from tenants import duplicates, households
from tests import factories
from tests.factories import make_case, make_household


@pytest.fixture
def campaign(volunteer, volunteer2, coordinator):
    """Somebody coordinates it: alerts have whom to tell."""
    return running_campaign(volunteer, volunteer2)


@pytest.fixture
def nadia(client_of, coordinator):
    return client_of(coordinator)


def fallen(held):
    tenant = held.case.household.tenants.first()
    return {f"q-sante-{tenant.pk}": "pas_bien", f"q-urgence-{tenant.pk}": "oui"}


def record(client, held, **typed):
    return client.post(url("record", held.case.pk), {"submission": str(held.call.submission), **typed})


def marks(page):
    """The numbers that the page shows by itself, for each alert it holds."""
    return re.findall(r'class="(?:alert|danger-earlier)[^"]*"(?: role="status")? data-vital="([^"]*)"', page)


def test_a_vital_answer_alone_is_recorded_from_a_page_without_script(lea, held):
    """Nothing was saved before: the alert, the need and the call back come from this one form."""
    answer = record(lea, held, **fallen(held))
    call = Call.objects.get()
    assert answer["Location"] == url("done", call.pk)
    assert (call.state, call.outcome) == ("recorded", "completed")
    assert Alert.objects.get().level == "U0"
    assert Need.objects.get().level == "U0"
    case = Case.objects.get()
    assert case.is_safety_call
    page = text(lea.get(answer["Location"]))
    assert "Rappel de sécurité" in page
    assert "par vous, puis par toute l'équipe" in page
    assert 'href="tel:15"' in page
    assert 'href="tel:3114"' not in page


def test_a_rhythm_that_is_not_whole_yet_does_not_keep_the_call_from_ending(lea, held):
    record(lea, held, **fallen(held), **{"q-suivi": "hebdo"})
    assert Call.objects.get().state == "recorded"
    assert Case.objects.get().is_safety_call


def test_the_page_says_that_nothing_more_is_asked(lea, held):
    said = lea.post(url("save", held.case.pk), fallen(held)).json()
    follows = text(said["follows"])
    assert "Rappel de sécurité" in follows
    assert "à poser" not in follows
    assert "Danger vital, accord non recherché." in follows
    assert marks(said["alert"]) == ["15 18"]


def test_nobody_is_asked_to_agree_in_the_middle_of_a_danger(lea, held):
    lea.post(url("save", held.case.pk), fallen(held))
    page = lea.get(url("call", held.case.pk)).content.decode()
    assert re.search(r"data-consents data-off", page)


def test_the_number_stays_on_the_page_opened_again(lea, held):
    assert marks(lea.get(url("call", held.case.pk)).content.decode()) == []
    lea.post(url("alert", held.case.pk), {"q-accueil": "oui"})
    assert marks(lea.get(url("call", held.case.pk)).content.decode()) == ["15 18 17 112 3114"]


def test_a_danger_of_an_earlier_call_is_shown_to_whoever_calls_next(held, volunteer, volunteer2, client_of, lea):
    record(lea, held, **fallen(held))
    later = timezone.now() + timedelta(hours=2)
    given = queue.claim_next(campaign=held.case.campaign, by=volunteer2, now=later)
    page = client_of(volunteer2).get(url("call", given.case.pk))
    assert marks(page.content.decode()) == ["15 18"]
    said = text(page)
    assert "Danger signalé aujourd'hui à" in said
    assert "un danger a été signalé" in said


def test_a_settled_danger_is_no_longer_shown(held, lea, coordinator):
    lea.post(url("alert", held.case.pk), {})
    Alert.objects.update(solved_at=timezone.now(), solved_by=coordinator)
    assert marks(lea.get(url("call", held.case.pk)).content.decode()) == []


def test_the_safety_call_is_among_the_calls_of_the_day(held, lea):
    record(lea, held, **fallen(held))
    assert "Rappel de sécurité" in text(lea.get(url("home")))


# What the coordination reads -------------------------------------------------------------------------------
def test_the_alert_says_when_somebody_calls_back(lea, held, nadia):
    record(lea, held, **fallen(held))
    page = text(nadia.get(f"/alertes/{Alert.objects.get().pk}/"))
    assert "Rappel de sécurité" in page
    assert "par Léa Bonnet, puis par toute l'équipe" in page
    assert "rappel de sécurité" in text(nadia.get("/alertes/"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"next_call_at": timedelta(hours=-1)}, "Il n'est pas encore fait."),
        ({"has_number": False}, "Aucun numéro valable"),
        ({"paused": True}, "La campagne est en pause"),
        ({"evening": True}, "Il est prévu après 20 h"),
    ],
)
def test_the_alert_says_why_the_call_back_may_not_be_made(lea, held, nadia, change, said):
    record(lea, held, **fallen(held))
    case = Case.objects.get()
    if "next_call_at" in change:
        Case.objects.update(next_call_at=timezone.now() + change["next_call_at"])
    if "has_number" in change:
        Case.objects.update(has_number=False)
    if "paused" in change:
        Campaign.objects.update(status=Campaign.Status.PAUSED)
    if "evening" in change:
        tonight = timezone.localtime().replace(hour=21, minute=5) + timedelta(days=1)
        Case.objects.update(next_call_at=tonight)
    assert case.is_safety_call
    for address in (f"/alertes/{Alert.objects.get().pk}/", "/alertes/"):
        assert said in text(nadia.get(address))


def test_an_alert_without_a_call_back_says_nothing_of_one(lea, held, nadia):
    lea.post(url("alert", held.case.pk), {})
    assert "Rappel de sécurité" not in text(nadia.get(f"/alertes/{Alert.objects.get().pk}/"))


# Practice -----------------------------------------------------------------------------------------------------
def test_a_danger_ends_a_practice_call_too(lea, campaign):
    answers = {"q-sante-0": "pas_bien", "q-urgence-0": "oui"}
    answer = lea.post(url("training_record", campaign.pk), answers)
    assert "issue=completed" in answer["Location"]
    assert not Alert.objects.exists()


# Two calls of one household ---------------------------------------------------------------------------------------
def test_a_danger_in_a_call_kept_aside_alerts_at_once(case, held, volunteer2, lea):
    Case.objects.update(claimed_by=volunteer2, claimed_until=timezone.now() + timedelta(hours=1))
    record(lea, held, **fallen(held))
    call = Call.objects.get()
    assert call.state == "pending"
    # One for the danger, one for the decision that the call waits for.
    assert [(alert.kind, alert.level) for alert in Alert.objects.order_by("kind")] == [
        (Alert.Kind.ANSWER, "U0"),
        (Alert.Kind.KEPT_CALL, "U0"),
    ]
    Case.objects.update(claimed_by=None, claimed_at=None, claimed_until=None)
    calls.accept_pending(call_id=call.pk, by=volunteer2, now=timezone.now())
    assert Case.objects.get().is_safety_call


def test_two_people_one_in_danger(lea, campaign, volunteer):
    case = make_case(campaign, make_household(people=2))
    given = hold(case, volunteer)
    first, second = case.household.tenants.order_by("pk")
    typed = well(case, **{f"q-sante-{second.pk}": "pas_bien", f"q-urgence-{second.pk}": "oui"})
    del typed[f"q-sante-{first.pk}"]
    record(lea, given, **typed)
    assert Call.objects.get().state == "recorded"
    assert Need.objects.get().tenant == second


def test_the_coordination_reads_what_was_heard(lea, nadia, held):
    record(lea, held, **fallen(held))
    alert = Alert.objects.get()
    for page in (nadia.get("/alertes/"), nadia.get(f"/alertes/{alert.pk}/")):
        said = text(page)
        assert "Avez-vous besoin d'aide maintenant, tout de suite" in said
        assert "Oui" in said


def test_an_answer_changed_afterwards_stays_as_it_was_heard_in_the_alert(lea, nadia, held):
    tenant = held.case.household.tenants.first()
    draft = {"submission": str(held.call.submission)}
    lea.post(url("save", held.case.pk), {**draft, **fallen(held)})
    lea.post(url("save", held.case.pk), {**draft, **fallen(held), f"q-urgence-{tenant.pk}": "non"})
    alert = Alert.objects.get()
    assert "<strong>Oui</strong>" in text(nadia.get(f"/alertes/{alert.pk}/"))


def test_what_was_typed_before_passing_reaches_the_next_caller(lea, held, volunteer2, client_of):
    lea.post(url("alert", held.case.pk), {"submission": str(held.call.submission), "comment": "Mal au bras gauche."})
    lea.post(url("pass", held.case.pk), {"reason": "time"})
    paul = client_of(volunteer2)
    paul.post(url("next", held.case.campaign_id))
    assert "Mal au bras gauche." in text(paul.get(url("call", held.case.pk)))


def test_in_a_pause_the_safety_call_is_for_who_heard_the_danger_alone(lea, held):
    held.case.campaign.status = Campaign.Status.PAUSED
    held.case.campaign.save()
    page = text(lea.get(record(lea, held, **fallen(held))["Location"]))
    assert "il n'est proposé qu'à vous" in page
    assert "par toute l'équipe" not in page
    assert "Rappel de sécurité" in text(lea.get("/appels/"))
    assert lea.post(url("claim", held.case.pk)).status_code == 302
    assert Case.objects.get().claimed_by == held.call.volunteer


def test_an_e_mail_is_said_only_where_one_can_leave(lea, held, settings):
    settings.HAS_MAIL_SERVER = False
    lea.post(url("alert", held.case.pk), {"submission": str(held.call.submission)})
    assert "Transmise à Nadia Benali, sur le tableau de bord" in text(lea.get(url("call", held.case.pk)))


def test_on_a_page_without_script_a_vital_answer_counts_whatever_else_is_ticked(lea, held):
    """« Non merci » ticked above it, or the question before it left out."""
    vital = fallen(held)
    child = {name: value for name, value in vital.items() if "urgence" in name}
    record(lea, held, **child, **{"q-accueil": "non"})
    call = Call.objects.get()
    assert Alert.objects.get().level == "U0"
    assert call.case.is_safety_call
    assert call.case.status == Case.Status.OPEN


def test_a_danger_told_by_somebody_noted_dead_meanwhile_is_heard(lea, held, administrator):
    tenant = held.case.household.tenants.get()
    lea.post(url("save", held.case.pk), {"submission": str(held.call.submission), "q-accueil": "oui"})
    households.close_person(tenant=tenant, status="deceased", now=timezone.now(), by=administrator)
    lea.post(url("save", held.case.pk), {"submission": str(held.call.submission), **fallen(held)})
    assert Alert.objects.filter(level="U0", kind=Alert.Kind.ANSWER).count() == 1
    page = text(lea.get(url("call", held.case.pk)))
    assert f'name="q-urgence-{tenant.pk}"' in page
    assert record(lea, held, **fallen(held)).status_code == 302
    assert Call.objects.get().state == Call.State.PENDING


@pytest.mark.parametrize("button", [True, False])
def test_a_danger_told_while_the_household_is_merged_is_heard(lea, held, household, administrator, button):
    other = make_household(household.landlord)
    kept, merged = other.tenants.get(), household.tenants.get()
    make_case(held.case.campaign, other)
    duplicates.merge(kept=kept, gone=merged, by=administrator, now=timezone.now())
    form = {"submission": str(held.call.submission), f"q-sante-{merged.pk}": "pas_bien"}
    if button:
        assert lea.post(url("alert", held.case.pk), form, headers={"X-Requested-With": "fetch"}).status_code == 200
    else:
        form[f"q-urgence-{merged.pk}"] = "oui"
        assert lea.post(url("save", held.case.pk), form).status_code == 200
    alert = Alert.objects.get(level="U0")
    assert alert.case.household == other
    assert lea.post(url("record", held.case.pk), {**form, "outcome": "cut_off"}).status_code == 302


def test_passing_without_script_rings_for_what_was_ticked_and_the_alert_goes_on_saying_it(
    lea, nadia, held, volunteer2, client_of
):
    tenant = held.case.household.tenants.get()
    typed = {"submission": str(held.call.submission), "comment": "Très agitée.", **fallen(held)}
    lea.post(url("pass", held.case.pk), {**typed, "reason": "time"})
    alert = Alert.objects.get(level="U0")
    assert Case.objects.get().is_safety_call
    page = text(nadia.get(f"/alertes/{alert.pk}/"))
    assert "besoin d'aide maintenant" in page
    assert tenant.full_name in page
    paul = client_of(volunteer2)
    paul.post(url("next", held.case.campaign_id))
    page = text(paul.get(url("call", held.case.pk)))
    assert "Danger signalé" in page
    assert "Très agitée." in page


def test_why_nobody_calls_back_is_said_to_the_coordination(lea, nadia, held):
    record(lea, held, outcome="opt_out", **fallen(held))
    alert = Alert.objects.get(level="U0")
    for page in ("/alertes/", f"/alertes/{alert.pk}/"):
        assert "a demandé de ne plus être appelé" in text(nadia.get(page))


def test_another_moment_is_no_answer_to_a_danger_of_the_same_day(lea, held, volunteer):
    record(lea, held, **fallen(held))
    again = queue.claim_one(case_id=held.case.pk, by=volunteer, now=timezone.now())
    far = timezone.localtime() + timedelta(days=20)
    day = {"outcome": "callback", "callback": far.replace(hour=10, minute=0, second=0, microsecond=0).isoformat()}
    lea.post(url("record", again.case.pk), {"submission": str(again.call.submission), "q-accueil": "plus_tard", **day})
    case = Case.objects.get()
    assert case.is_safety_call
    assert case.next_call_at < timezone.now() + timedelta(hours=2)


def test_a_danger_of_another_campaign_is_still_told_to_who_calls(lea, held, volunteer, household):
    record(lea, held, **fallen(held))
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    Case.objects.update(**factories.closed())
    other = hold(make_case(running_campaign(volunteer), household), volunteer)
    assert "Danger signalé" in text(lea.get(url("call", other.case.pk)))


def test_who_is_left_of_a_couple_keeps_the_safety_call(lea, held, administrator):
    tenant = held.case.household.tenants.get()
    held.case.household.tenants.create(
        landlord=tenant.landlord,
        last_name="Perrin",
        first_name="Lucien",
        birth_date=tenant.birth_date,
        birth_precision=tenant.birth_precision,
    )
    record(lea, held, **fallen(held))
    households.close_person(tenant=tenant, status="care_home", now=timezone.now(), by=administrator)
    assert Case.objects.get().is_safety_call
