"""« À écouter » and « Temps d'échange », for coordinators and for those who call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url
from campaigns.models import Alert, Debrief, SharedMoment
from campaigns.team import debriefs
from solidarites.models import JournalEntry
from tests.factories import limit_to, make_case, make_household

LIST, MEETINGS = "/a-ecouter/", "/temps-d-echange/"


@pytest.fixture
def campaign(volunteer, volunteer2):
    return running_campaign(volunteer, volunteer2)


@pytest.fixture
def case(campaign):
    return make_case(campaign, make_household(last_name="Martin", first_name="Jeanne", civility="Mme"))


@pytest.fixture
def lea(client_of, volunteer):
    return client_of(volunteer)


@pytest.fixture
def nadia(client_of, coordinator):
    return client_of(coordinator)


@pytest.fixture
def done(lea, case, volunteer):
    """The address of the page after Léa's call, which nobody answered."""
    given = hold(case, volunteer)
    return lea.post(url("record", case.pk), {"submission": str(given.call.submission), "outcome": "no_answer"})[
        "Location"
    ]


@pytest.fixture
def asked(lea, done, case):
    lea.post(url("touched", case.calls.get().pk))
    return Debrief.objects.get()


def one(found):
    return reverse("coordinator:debrief", args=[found.pk])


# « Cet appel m'a touché(e) » ------------------------------------------------------------------------------
def test_once_the_call_is_recorded_one_may_still_say_that_it_touched(lea, done, case):
    assert "Cet appel m'a touché(e)" in text(lea.get(done))
    call = case.calls.get()
    assert lea.post(url("touched", call.pk))["Location"] == done
    assert "vous proposera d'en parler" in text(lea.get(done))
    lea.post(url("touched", call.pk))
    assert Debrief.objects.count() == 1


def test_nobody_says_it_for_another_nor_after_a_day(client_of, lea, done, case, volunteer2, coordinator):
    call = case.calls.get()
    assert client_of(volunteer2).post(url("touched", call.pk)).status_code == 404
    assert client_of(coordinator).post(url("touched", call.pk)).status_code == 403
    assert lea.get(url("touched", call.pk)).status_code == 405
    case.calls.update(recorded_at=timezone.now() - timedelta(hours=25))
    assert lea.post(url("touched", call.pk)).status_code == 404
    assert not Debrief.objects.exists()


def test_the_list_says_who_and_since_when_and_names_no_household(nadia, asked):
    page = text(nadia.get(LIST))
    assert "Léa Bonnet" in page
    assert "À prendre" in page
    assert "MARTIN" not in page


def test_an_empty_list_says_what_will_come(nadia):
    assert "Personne n'attend" in text(nadia.get(LIST))
    assert "Rien dans cette liste" in text(nadia.get(LIST, {"etat": "closed"}))


def test_the_contact_is_noted_then_the_request_closed(nadia, asked, coordinator):
    page = text(nadia.get(one(asked)))
    assert "lea@exemple.fr" in page
    assert "MARTIN" not in page
    assert JournalEntry.objects.filter(action="debrief.read", user=coordinator).exists()
    day = timezone.localdate()
    assert nadia.post(one(asked), {"on": day.isoformat()})["Location"] == one(asked)
    assert "Pris" in text(nadia.get(LIST))
    nadia.post(reverse("coordinator:debrief_close", args=[asked.pk]))
    assert "Personne n'attend" in text(nadia.get(LIST))
    assert "Léa Bonnet" in text(nadia.get(LIST, {"etat": "closed"}))
    assert "Contact pris" in text(nadia.get(one(asked)))
    assert "déjà close" in text(nadia.post(reverse("coordinator:debrief_close", args=[asked.pk]), follow=True))


@pytest.mark.parametrize("typed", ["", "demain", "2999-01-01", "2001-01-01"])
def test_a_day_that_cannot_be_is_said_at_its_field(nadia, asked, typed):
    page = text(nadia.post(one(asked), {"on": typed}))
    assert "invalid-feedback" in page
    assert Debrief.objects.get().contacted_on is None


def test_another_sector_another_role_nobody(client, client_of, nadia, asked, coordinator, volunteer, agency2):
    assert client_of(volunteer).get(LIST).status_code == 403
    assert client_of(volunteer).get(one(asked)).status_code == 403
    assert "/connexion/" in client.get(one(asked))["Location"]
    assert nadia.get(f"{LIST}{10**15}/").status_code == 404
    assert nadia.post(LIST).status_code == 405
    assert nadia.get(reverse("coordinator:debrief_close", args=[asked.pk])).status_code == 405
    limit_to(coordinator, agency2)
    assert nadia.get(one(asked)).status_code == 404
    assert "Personne n'attend" in text(nadia.get(LIST))


def test_the_alert_of_a_request_leads_to_it_and_says_that_it_is_not_the_household(nadia, asked, client_of, volunteer):
    debriefs.watch_unheard(now=timezone.now() + debriefs.UNHEARD_AFTER)
    alert = Alert.objects.get()
    page = text(nadia.get(reverse("coordinator:alert_detail", args=[alert.pk])))
    assert f'href="{one(asked)}"' in page
    assert "Il s'agit d'elle, et non du foyer." in page
    nadia.post(reverse("coordinator:debrief_close", args=[asked.pk]))
    assert not Alert.objects.filter(solved_at=None).exists()


# Moments --------------------------------------------------------------------------------------------------
def share(client, campaign, words, **more):
    return client.post(url("sharing"), {"campaign": campaign.pk, "text": words, **more})


def test_a_moment_is_seen_by_the_team_without_a_name(client_of, lea, campaign, volunteer2, nadia):
    assert share(lea, campaign, "Une dame m'a chanté une chanson.")["Location"] == url("sharing")
    for page in (client_of(volunteer2).get(url("sharing")), nadia.get(MEETINGS)):
        said = text(page)
        assert "Une dame m'a chanté une chanson." in said
        assert "Léa" not in said


def test_what_looks_like_a_name_is_warned_of_once_then_shared(lea, campaign):
    words = "Mme Dupouy m'a fait rire."
    page = text(share(lea, campaign, words))
    assert "Cela ressemble au nom d'une personne" in page
    assert words in page
    assert not SharedMoment.objects.exists()
    # Changed, it is looked at again; the same, it is shared: a warning is not a refusal.
    assert "Cela ressemble" in text(share(lea, campaign, "Mme Dupouy m'a émue.", seen=words))
    share(lea, campaign, words, seen=words)
    assert SharedMoment.objects.get().text == words


@pytest.mark.parametrize(("words", "said"), [("", "Écrivez quelques mots."), ("x" * 301, "300 caractères au plus.")])
def test_an_empty_or_long_moment_is_said_at_its_field(lea, campaign, words, said):
    assert said in text(share(lea, campaign, words))
    assert not SharedMoment.objects.exists()


def test_a_moment_goes_to_a_team_of_ones_own(lea, campaign, make_campaign):
    assert "Choisissez la campagne" in text(share(lea, make_campaign(), "Un rire."))
    assert lea.post(url("sharing"), {"text": "Un rire."}).status_code == 200
    assert not SharedMoment.objects.exists()


def test_its_author_and_the_coordination_may_take_it_back_and_nobody_else(lea, client_of, volunteer2, nadia, campaign):
    for words in ("Un rire.", "Un silence."):
        share(lea, campaign, words)
    silence, laugh = SharedMoment.objects.all()
    assert client_of(volunteer2).post(url("moment_remove", laugh.pk)).status_code == 404
    assert "Retirer" not in text(client_of(volunteer2).get(url("sharing")))
    lea.post(url("moment_remove", laugh.pk))
    nadia.post(reverse("coordinator:moment_remove", args=[silence.pk]))
    assert not SharedMoment.objects.exists()
    assert lea.get(url("moment_remove", 1)).status_code == 405
    assert lea.post(url("moment_remove", 10**15)).status_code == 404


def test_moments_of_chosen_days_are_read_together_without_a_name(nadia, lea, campaign, volunteer, client):
    now = timezone.now()
    for days, words in ((40, "Un vieux rire."), (3, "Un silence."), (1, "Une recette.")):
        debriefs.share_moment(campaign=campaign, text=words, by=volunteer, now=now - timedelta(days=days))
    where = reverse("coordinator:moments_reading")
    page = text(nadia.get(where))
    assert "Un vieux rire." not in page
    assert page.index("Un silence.") < page.index("Une recette.")
    assert "Léa" not in page
    today = timezone.localdate()
    days = {"du": (today - timedelta(days=41)).isoformat(), "au": (today - timedelta(days=30)).isoformat()}
    page = text(nadia.get(where, {**days, "campagne": campaign.slug}))
    assert "Un vieux rire." in page
    assert "Une recette." not in page
    assert "Choisissez d'autres dates" in text(nadia.get(where, {"du": "2020-01-01", "au": "2020-01-02"}))
    assert "Le dernier jour est avant le premier." in text(nadia.get(where, {"du": days["au"], "au": days["du"]}))
    assert "Choisissez une campagne." in text(nadia.get(where, {"campagne": "autre"}))
    assert lea.get(where).status_code == 403
    assert nadia.post(where).status_code == 405
    assert "/connexion/" in client.get(where)["Location"]


def test_without_anything_the_pages_say_so(lea, nadia, client_of, coordinator, campaign, client):
    assert "Aucun rendez-vous annoncé" in text(lea.get(url("sharing")))
    assert "Le premier peut être le vôtre" in text(lea.get(url("sharing")))
    assert "Aucun rendez-vous annoncé." in text(nadia.get(MEETINGS))
    assert "Temps d'échange</h2>" not in text(lea.get(url("home")))
    assert nadia.get(url("sharing")).status_code == 403
    assert lea.get(MEETINGS).status_code == 403
    assert "/connexion/" in client.get(url("sharing"))["Location"]


def test_moments_cost_the_same_for_one_and_for_twenty(lea, campaign, volunteer, count_queries):
    def leave(count):
        for _ in range(count):
            debriefs.share_moment(campaign=campaign, text="Un rire.", by=volunteer, now=timezone.now())

    leave(1)
    lea.get(url("sharing"))
    with count_queries() as few:
        lea.get(url("sharing"))
    leave(18)
    with count_queries() as many:
        lea.get(url("sharing"))
    assert len(few) == len(many)
