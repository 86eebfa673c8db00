"""« Temps d'échange » on the screens of coordinators and of those who call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.calls.tests.caller_cast import running_campaign, text, url
from campaigns.models import CampaignVolunteer, Meeting, MeetingAnswer
from campaigns.team import meetings

MEETINGS = "/temps-d-echange/"


@pytest.fixture
def campaign(volunteer, volunteer2):
    return running_campaign(volunteer, volunteer2)


@pytest.fixture
def lea(client_of, volunteer):
    return client_of(volunteer)


@pytest.fixture
def nadia(client_of, coordinator):
    return client_of(coordinator)


def announce(nadia, in_campaign, **fields):
    given = {
        "campaign": in_campaign.pk,
        "day": (timezone.localdate() + timedelta(days=2)).isoformat(),
        "time": "18:30",
        "minutes": "30",
        "weeks": "0",
        "link": "https://visio.exemple.fr/equipe",
        "words": "Une demi-heure pour souffler.",
    }
    return nadia.post(MEETINGS, given | fields)


@pytest.fixture
def weekly(nadia, campaign):
    """Three dates, a week apart."""
    until = timezone.localdate() + timedelta(days=16)
    announce(nadia, campaign, weeks="1", until=until.isoformat())
    return list(Meeting.objects.all())


def page_of(meeting):
    return reverse("coordinator:meeting", args=[meeting.pk])


def changed(meeting, **fields):
    at = timezone.localtime(meeting.starts_at)
    given = {"day": at.date().isoformat(), "time": f"{at:%H:%M}", "minutes": "30", "link": meeting.link, "words": ""}
    return given | fields


def test_a_meeting_announced_is_on_every_volunteers_home(nadia, lea, campaign):
    assert announce(nadia, campaign)["Location"] == MEETINGS
    for page in (lea.get(url("home")), lea.get(url("sharing")), nadia.get(MEETINGS)):
        said = text(page)
        assert "Une demi-heure pour souffler." in said
        assert 'href="https://visio.exemple.fr/equipe"' in said
        assert "18 h 30" in said
        assert "30 minutes" in said
    nadia.post(reverse("coordinator:meeting_cancel", args=[Meeting.objects.get().pk]))
    assert "souffler" not in text(lea.get(url("home")))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"campaign": ""}, "Choisissez une campagne."),
        ({"day": ""}, "Indiquez le jour."),
        ({"day": "2020-03-17"}, "Ce moment est déjà passé."),
        ({"time": "tôt"}, "Écrivez l'heure ainsi"),
        ({"minutes": "600"}, "Choisissez une durée."),
        ({"weeks": "9"}, "Choisissez une répétition."),
        ({"weeks": "1", "until": "2020-03-17"}, "La dernière date est avant la première."),
        ({"link": ""}, "Collez le lien"),
        ({"link": "http://visio.exemple.fr/equipe"}, "Le lien doit commencer par https://."),
        ({"link": "javascript:alert(1)"}, "Ce lien n'est pas une adresse."),
        ({"words": "x" * 201}, "200 caractères au plus."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_with_the_rest_kept(nadia, campaign, wrong, said):
    page = text(announce(nadia, campaign, **wrong))
    assert said in page
    assert "18:30" in page or "time" in wrong
    assert not Meeting.objects.exists()


def test_several_dates_are_announced_in_one_act(nadia, weekly, lea):
    assert len(weekly) == 3
    assert "3 dates annoncées" in text(nadia.get(MEETINGS))
    assert text(lea.get(url("sharing"))).count("Une demi-heure pour souffler.") == 3


def test_a_volunteer_answers_and_sees_how_many_come_and_the_coordination_who(nadia, lea, client_of, volunteer2, weekly):
    where = reverse("caller:meeting_answer", args=[weekly[0].pk])
    assert lea.post(where, {"comes": "1", "next": "/appels/"})["Location"] == "/appels/"
    client_of(volunteer2).post(where, {"comes": "0"})
    said = text(lea.get(url("home")))
    assert "1 personne vient, dont vous." in said
    assert "Paul" not in text(lea.get(url("sharing")))
    coordination = text(nadia.get(page_of(weekly[0])))
    assert "Léa Bonnet" in coordination
    assert f"Ne vient pas : {volunteer2.display_name}." in " ".join(coordination.split())
    lea.post(where, {"comes": "0"})
    assert not MeetingAnswer.objects.filter(comes=True).exists()


def test_a_meeting_cancelled_is_still_told_to_who_meant_to_come(nadia, lea, client_of, volunteer2, weekly):
    lea.post(reverse("caller:meeting_answer", args=[weekly[0].pk]), {"comes": "1"})
    said = text(nadia.post(reverse("coordinator:meeting_cancel", args=[weekly[0].pk]), {"following": "1"}, follow=True))
    assert "3 temps d'échange sont annulés." in said
    assert "À prévenir : Léa Bonnet." in said
    assert "Annulé" in text(lea.get(url("home")))
    assert "Annulé" not in text(client_of(volunteer2).get(url("home")))
    again = nadia.post(reverse("coordinator:meeting_cancel", args=[weekly[0].pk]), follow=True)
    assert "déjà annulé" in text(again)
    assert "Enregistrer" not in text(nadia.get(page_of(weekly[0])))


def test_the_next_date_moves_with_those_that_follow(nadia, lea, weekly):
    lea.post(reverse("caller:meeting_answer", args=[weekly[0].pk]), {"comes": "1"})
    sent = changed(weekly[0], time="12:15", following="1")
    said = text(nadia.post(page_of(weekly[0]), sent, follow=True))
    assert "3 dates sont changées." in said
    assert "À prévenir : Léa Bonnet." in said
    assert {f"{timezone.localtime(row.starts_at):%H:%M}" for row in Meeting.objects.all()} == {"12:15"}
    assert "Personne n'a encore dit venir." in text(lea.get(url("home")))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"day": "2020-03-17"}, "déjà passé"), ({"time": ""}, "Indiquez l'heure"), ({"link": "x"}, "lien")],
)
def test_a_change_that_cannot_be_is_said_at_its_field(nadia, weekly, wrong, said):
    page = text(nadia.post(page_of(weekly[0]), changed(weekly[0], following="1", **wrong)))
    assert said in page
    assert "invalid-feedback" in page
    assert not Meeting.objects.filter(sequence__gt=0).exists()


def test_the_files_for_an_agenda_hold_ones_own_meetings_alone(lea, nadia, client_of, weekly, make_user_of_another):
    one = lea.get(reverse("caller:meeting_agenda", args=[weekly[0].pk]))
    assert one["Content-Type"].startswith("text/calendar")
    assert one.content.count(b"BEGIN:VEVENT") == 1
    assert lea.get(reverse("caller:meetings_agenda")).content.count(b"BEGIN:VEVENT") == 3
    assert nadia.get(reverse("coordinator:meeting_agenda", args=[weekly[0].pk])).status_code == 200
    other = client_of(make_user_of_another)
    assert other.get(reverse("caller:meeting_agenda", args=[weekly[0].pk])).status_code == 404
    assert other.get(reverse("caller:meetings_agenda")).status_code == 404
    assert other.post(reverse("caller:meeting_answer", args=[weekly[0].pk]), {"comes": "1"}).status_code == 404


@pytest.fixture
def make_user_of_another(volunteer2, campaign):
    """Somebody who left the campaign's team."""
    CampaignVolunteer.objects.filter(user=volunteer2).update(active=False)
    return volunteer2


def test_other_roles_bad_ids_and_nobody(client, lea, nadia, weekly):
    assert lea.get(page_of(weekly[0])).status_code == 403
    assert lea.get(MEETINGS).status_code == 403
    assert nadia.get(f"{MEETINGS}{10**15}/").status_code == 404
    assert nadia.post(reverse("caller:meeting_answer", args=[weekly[0].pk])).status_code == 403
    assert lea.get(reverse("caller:meeting_answer", args=[weekly[0].pk])).status_code == 405
    assert nadia.get(reverse("coordinator:meeting_cancel", args=[weekly[0].pk])).status_code == 405
    assert "/connexion/" in client.get(page_of(weekly[0]))["Location"]


def test_meetings_cost_the_same_for_one_and_for_many(
    nadia, lea, campaign, volunteer, volunteer2, count_queries, coordinator
):
    now = timezone.now()

    def plan(count):
        for _ in range(count):
            (made,) = meetings.plan(
                campaign=campaign,
                starts_at=now + timedelta(days=1),
                link="https://visio.exemple.fr/equipe",
                words="",
                by=coordinator,
                now=now,
            )
            for person in (volunteer, volunteer2):
                meetings.answer(meeting=made, comes=True, by=person, now=now)

    plan(1)
    for client, where in ((nadia, MEETINGS), (lea, url("sharing"))):
        client.get(where)
        with count_queries() as few:
            client.get(where)
        plan(9)
        with count_queries() as many:
            client.get(where)
        assert len(few) == len(many)
