"""« Bien commencer »: what a new volunteer reads, and the sheet on one page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url
from campaigns.models import CampaignVolunteer
from campaigns.team import meetings, welcome
from solidarites import roles
from tenants.models import Agency
from tests.factories import limit_to, make_case, make_household, make_user


@pytest.fixture
def campaign(volunteer, landlord):
    campaign = running_campaign(volunteer)
    campaign.callback_number, campaign.on_call_number = "+33199001234", "+33199005678"
    campaign.save()
    campaign.landlords.add(landlord)
    return campaign


@pytest.fixture
def lea(client_of, volunteer):
    return client_of(volunteer)


def place(campaign, agencies=None):
    return welcome.place_of(campaign, Agency.objects.none() if agencies is None else agencies, timezone.now())


def test_the_page_says_what_happens_whom_to_call_and_what_is_not_expected(lea, campaign, landlord, coordinator):
    page = text(lea.get(url("welcome")))
    for words in (
        "S'entraîner", "Ce que l'on n'attend pas de vous", "3114", "01 99 00 12 34", "01 99 00 56 78",
        "Nadia Benali", landlord.spoken_name or landlord.name, "pas encore annoncé",
    ):  # fmt: skip
        assert words in page, words


def test_the_first_home_page_leads_there_until_the_first_call(lea, campaign, volunteer):
    case = make_case(campaign, make_household())
    assert "Première fois ici" in text(lea.get(url("home")))
    given = hold(case, volunteer)
    lea.post(url("record", case.pk), {"submission": str(given.call.submission), "outcome": "no_answer"})
    page = text(lea.get(url("home")))
    assert "Première fois ici" not in page
    # From the menu, always.
    assert "Aide : bien commencer" in page


def test_the_coordinators_are_those_of_the_sectors_else_all_of_them(campaign, coordinator, agency, agency2):
    other = make_user("autre@exemple.fr", "Ana", "Ruiz", roles.COORDINATOR)
    limit_to(coordinator, agency)
    limit_to(other, agency2)

    def names(sectors):
        return {one.name for one in place(campaign, sectors).contacts}

    assert "Nadia Benali" in names(Agency.objects.filter(pk=agency.pk))
    assert "Ana Ruiz" not in names(Agency.objects.filter(pk=agency.pk))
    assert {"Nadia Benali", "Ana Ruiz"} <= names(None)


def test_the_next_meeting_is_told_unless_it_is_cancelled(campaign, coordinator):
    now = timezone.now()
    link = "https://visio.exemple.fr/equipe"
    (planned,) = meetings.plan(
        campaign=campaign, starts_at=now + timedelta(days=1), link=link, words="", by=coordinator, now=now
    )
    assert place(campaign).meeting.startswith("demain")
    meetings.cancel(meeting=planned, by=coordinator, now=now)
    assert place(campaign).meeting == ""


def test_the_sheet_is_one_page_even_with_much_to_say(campaign, landlord, coordinator):
    for number in range(5):
        make_user(f"coordination-de-secteur-{number}@exemple.fr", "Marie-Antoinette", "Dupuis", roles.COORDINATOR)
    landlord.spoken_name = "l'Office public de l'habitat de la métropole et de ses communes associées"
    landlord.save()
    campaign.hours = {str(day): [[f"{8 + day:02}:00", "12:00"], ["13:30", f"{16 + day % 3}:00"]] for day in range(7)}
    campaign.save()
    made = welcome.sheet(campaign, Agency.objects.none(), timezone.now())
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 1


def test_ones_own_sheet_that_of_the_team_and_nobody_elses(lea, client, client_of, campaign, coordinator, volunteer2):
    own = reverse("caller:welcome_sheet", args=[campaign.pk])
    team = reverse("coordinator:welcome_sheet", args=[campaign.slug])
    for person, where in ((lea, own), (client_of(coordinator), team)):
        answer = person.get(where)
        assert answer["Content-Type"] == "application/pdf"
        assert "no-store" in answer["Cache-Control"]
    assert client_of(volunteer2).get(own).status_code == 404
    assert lea.get(team).status_code == 403
    assert client_of(coordinator).get(own).status_code == 403
    assert lea.post(own).status_code == 405
    assert "/connexion/" in client.get(own)["Location"]
    CampaignVolunteer.objects.update(active=False)
    assert lea.get(own).status_code == 404
    assert "apparaîtront ici" in text(lea.get(url("welcome")))
