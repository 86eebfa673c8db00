"""The volunteers of a campaign on screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, CampaignVolunteer, FollowUpPlan
from solidarites import roles
from solidarites.models import JournalEntry
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def text(response: Any) -> str:
    return response.content.decode()


def test_people_with_the_role_are_offered_and_added(
    nadia: Any, volunteer: Any, volunteer2: Any, administrator: Any
) -> None:
    campaign = factories.make_campaign(volunteers=[volunteer])
    url = f"/campagnes/{campaign.slug}/benevoles/"
    answer = nadia.get(url)
    assert list(answer.context["form"].fields["people"].queryset) == [volunteer2]
    nadia.post(url, {"people": [volunteer2.pk]})
    assert campaign.memberships.filter(active=True).count() == 2
    assert "déjà dans la campagne" in text(nadia.get(url))


@pytest.mark.parametrize("people", [[], ["999999"], ["x"]])
def test_nobody_unknown_is_added(nadia: Any, people: list[str]) -> None:
    campaign = factories.make_campaign()
    answer = nadia.post(f"/campagnes/{campaign.slug}/benevoles/", {"people": people})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not CampaignVolunteer.objects.exists()


def test_an_administrator_s_account_is_never_added(nadia: Any, administrator: Any) -> None:
    campaign = factories.make_campaign()
    nadia.post(f"/campagnes/{campaign.slug}/benevoles/", {"people": [administrator.pk]})
    assert not CampaignVolunteer.objects.exists()


def test_sectors_and_languages(nadia: Any, campaign: Campaign, volunteer: Any, agency: Any) -> None:
    membership = campaign.memberships.get(user=volunteer)
    url = f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/"
    nadia.post(url, {"agencies": [agency.pk], "languages": ["pt"]})
    volunteer.refresh_from_db()
    assert (list(membership.agencies.all()), volunteer.languages) == ([agency], ["pt"])
    assert "portugais" in text(nadia.get(f"/campagnes/{campaign.slug}/benevoles/"))
    assert text(nadia.get(url)).count("checked") == 2


def test_an_absence_is_said_and_taken_back(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    membership = campaign.memberships.get(user=volunteer)
    url = f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/absences/"
    nadia.post(url, {"first_day": timezone.localdate().isoformat(), "last_day": ""})
    absence = volunteer.absences.get()
    assert absence.last_day is None
    assert "Absent(e)" in text(nadia.get(f"/campagnes/{campaign.slug}/benevoles/"))
    assert "nouvel ordre" in text(nadia.get(url))
    nadia.post(f"{url}{absence.pk}/lever/")
    assert not volunteer.absences.exists()


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [("", "2030-01-01", "first_day"), ("2030-01-02", "2030-01-01", "last_day"), ("hier", "", "first_day"),
     ("2020-01-02", "2020-01-03", "last_day")],
)  # fmt: skip
def test_days_that_do_not_fit_are_said_at_their_field(
    nadia: Any, campaign: Campaign, volunteer: Any, start: str, end: str, field: str
) -> None:
    membership = campaign.memberships.get(user=volunteer)
    url = f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/absences/"
    answer = nadia.post(url, {"first_day": start, "last_day": end})
    assert list(answer.context["form"].errors) == [field]
    assert not volunteer.absences.exists()


def test_an_absence_of_somebody_else_is_not_found(
    nadia: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    membership = campaign.memberships.get(user=volunteer)
    other = volunteer2.absences.create(first_day=timezone.localdate())
    answer = nadia.post(f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/absences/{other.pk}/lever/")
    assert answer.status_code == 404


def test_a_membership_belongs_to_its_campaign(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    other = factories.make_campaign()
    membership = campaign.memberships.get(user=volunteer)
    assert nadia.get(f"/campagnes/{other.slug}/benevoles/{membership.pk}/").status_code == 404
    assert nadia.post(f"/campagnes/{other.slug}/benevoles/{membership.pk}/retirer/").status_code == 404


def test_leaving_a_campaign_names_the_follow_ups_to_reassign(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    case = factories.make_case(campaign)
    today = timezone.localdate()
    plan = FollowUpPlan.objects.create(
        case=case, household=case.household, volunteer=volunteer, time="10:00", weekdays=[1], starts_on=today,
        next_due_at=timezone.now() + timedelta(days=2), review_on=today + timedelta(days=40),
    )  # fmt: skip
    membership = campaign.memberships.get(user=volunteer)
    answer = nadia.post(f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/retirer/", follow=True)
    assert "1 suivi est à réattribuer" in text(answer)
    assert f"/suivis/{plan.pk}/" in text(nadia.get("/suivis/?etat=reassign"))
    assert "a quitté la campagne" in text(nadia.get(f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/"))


def test_the_list_of_all_follows_the_dashboard_s_link(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    over = factories.make_campaign(status=Campaign.Status.CLOSED, volunteers=[volunteer], name="Ancienne")
    shown = text(nadia.get("/benevoles/"))
    assert shown.count("Léa Bonnet") == 1
    old = nadia.get(f"/benevoles/?campagne={over.slug}")
    assert list(old.context["page_obj"]) == [over.memberships.get()]


def test_the_lists_cost_the_same_for_one_volunteer_and_for_fifty(nadia: Any, agency: Any) -> None:
    campaign = factories.make_campaign()

    def add(numbers: range) -> None:
        for number in numbers:
            user = factories.make_user(f"v{number}@exemple.fr", "Ana", f"Costa {number}", roles.VOLUNTEER)
            CampaignVolunteer.objects.create(campaign=campaign, user=user).agencies.add(agency)

    urls = ["/benevoles/", f"/campagnes/{campaign.slug}/benevoles/"]
    add(range(1))
    costs = []
    for url in urls:
        nadia.get(url)
        with count_queries() as queries:
            nadia.get(url)
        costs.append(len(queries))
    add(range(1, 50))
    for url, cost in zip(urls, costs, strict=True):
        with count_queries() as queries:
            nadia.get(url)
        assert len(queries) == cost <= 12, url


# Training ------------------------------------------------------------------------------------------------
def test_the_list_says_who_is_trained_and_a_coordinator_may_note_it(client_of, coordinator, campaign, volunteer):
    campaign.training_required = True
    campaign.save()
    nadia = client_of(coordinator)
    membership = campaign.memberships.get(user=volunteer)
    page, act = (
        reverse(f"coordinator:{name}", args=[campaign.slug, membership.pk])
        for name in ("volunteer", "volunteer_training")
    )
    assert "À faire avant d'appeler" in nadia.get("/benevoles/").content.decode()
    assert "aucun appel ne lui est proposé" in nadia.get(page).content.decode()
    assert nadia.post(act, {"trained": "1"})["Location"] == page
    volunteer.refresh_from_db()
    assert volunteer.trained_at is not None
    assert "Fait" in nadia.get(f"/campagnes/{campaign.slug}/benevoles/").content.decode()
    nadia.post(act, {"trained": "1"})
    assert JournalEntry.objects.filter(action="training.marked", user=coordinator, object_id=volunteer.pk).count() == 1
    nadia.post(act, {"trained": "0"})
    volunteer.refresh_from_db()
    assert volunteer.trained_at is None
    assert JournalEntry.objects.filter(action="training.unmarked").exists()


def test_nobody_else_notes_a_training(client, client_of, coordinator, campaign, volunteer):
    membership = campaign.memberships.get(user=volunteer)
    act = reverse("coordinator:volunteer_training", args=[campaign.slug, membership.pk])
    assert client_of(volunteer).post(act, {"trained": "1"}).status_code == 403
    assert "/connexion/" in client.post(act)["Location"]
    nadia = client_of(coordinator)
    assert nadia.get(act).status_code == 405
    missing = reverse("coordinator:volunteer_training", args=[campaign.slug, 10**12])
    assert nadia.post(missing, {"trained": "1"}).status_code == 404
    volunteer.refresh_from_db()
    assert volunteer.trained_at is None
