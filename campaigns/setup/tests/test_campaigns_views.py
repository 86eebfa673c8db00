"""Campaigns on screen: create, change, enrol, open, pause, close."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Case, FollowUpPlan, Referral, Script
from campaigns.setup import enrolment
from campaigns.setup.forms import CampaignForm
from campaigns.setup.views import campaigns as views
from solidarites.models import JournalEntry
from tests import factories
from tests.pages import press
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def script() -> Script:
    return Script.objects.create(
        key="veille", title="Veille", status=Script.Status.PUBLISHED, published_at=timezone.now()
    )


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def typed(**fields: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "name": "Grand froid",
        "purpose": "Prendre des nouvelles.",
        "legal_basis": "Mission d'intérêt public",
        "data_protection_contact": "dpo@exemple.fr",
        "impact_assessment": "AIPD-1",
        "starts_on": "",
        "ends_on": (today + timedelta(days=30)).isoformat(),
        "purge_after_days": "30",
        "minimum_age": "70",
        "callback_number": "01 99 00 12 34",
        "on_call_number": "15",
        "zone": "Europe/Paris",
        "max_attempts": "4",
        "retry_gaps": "1, 3, 6",
        **{f"hours_{day}": "10:00-12:00, 14:00-18:00" for day in range(5)},
        "hours_5": "",
        "hours_6": "",
        **fields,
    }


def text(response: Any) -> str:
    return response.content.decode()


# Create and change ----------------------------------------------------------------------------------


def test_a_coordinator_creates_a_campaign(nadia: Any, script: Script, agency: Any) -> None:
    factories.make_household(agency=agency)
    answer = nadia.post("/campagnes/nouvelle/", typed(script=script.pk, agencies=[agency.pk], communes=["33063"]))
    campaign = Campaign.objects.get()
    assert answer.url == "/campagnes/grand-froid/"
    assert (campaign.status, campaign.callback_number, campaign.on_call_number) == ("draft", "+33199001234", "15")
    assert campaign.hours == {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
    assert (campaign.retry_gaps, campaign.communes, list(campaign.agencies.all())) == ([1, 3, 6], ["33063"], [agency])
    shown = text(nadia.get(answer.url))
    assert "au moins une personne bénévole" in shown
    assert "du lundi au vendredi" in shown


def test_the_name_alone_is_enough_to_begin(nadia: Any) -> None:
    empty = dict.fromkeys(typed(), "") | {"name": "Canicule", "purge_after_days": 30, "minimum_age": 70}
    nadia.post("/campagnes/nouvelle/", empty | {"max_attempts": 4, "retry_gaps": "1, 3, 6", "zone": "Europe/Paris"})
    assert Campaign.objects.get().name == "Canicule"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Donnez un nom"),
        ("starts_on", "hier", "17/03/2020"),
        ("ends_on", "2020-13-45", "17/03/2020"),
        ("minimum_age", "7", "Entre 18 et 110"),
        ("minimum_age", "99999999999", "Entre 18 et 110"),
        ("callback_number", "bonjour", "numéro de téléphone"),
        ("hours_0", "le matin", "ne se lit pas"),
        ("hours_1", "12:00-10:00", "finit avant de commencer"),
        ("hours_2", "9-12, 11-14", "se recouvrent"),
        ("hours_3", "25h-26h", "pas une heure"),
        ("retry_gaps", "demain", "nombres de jours"),
        ("retry_gaps", "", ""),
        ("max_attempts", "0", "Entre 1 et 10"),
        ("zone", "Europe/Londres", "fuseau"),
        ("script", "999999", ""),
        ("communes", "99999", ""),
        ("purpose", "x" * 501, ""),
        ("name", "nul\x00", ""),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field_and_what_was_typed_stays(
    nadia: Any, field: str, value: str, said: str
) -> None:
    answer = nadia.post("/campagnes/nouvelle/", typed(**{field: value, "purpose": "Garder ce texte"} | {field: value}))
    assert answer.status_code == 200
    assert not Campaign.objects.exists()
    form = answer.context["form"]
    assert form[field].errors
    assert said in str(form[field].errors[0])
    assert field == "purpose" or "Garder ce texte" in text(answer)


def test_the_end_may_not_come_before_the_start(nadia: Any) -> None:
    answer = nadia.post("/campagnes/nouvelle/", typed(starts_on="2030-02-01", ends_on="2030-01-01"))
    assert answer.context["form"]["ends_on"].errors == ["La fin vient avant le début."]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("10h-12h et 14 h 30 à 18h", [["10:00", "12:00"], ["14:30", "18:00"]]),
        ("14:00–18:00 ; 9 - 11", [["09:00", "11:00"], ["14:00", "18:00"]]),
        ("", []),
    ],
)
def test_hours_are_read_as_people_write_them(said: str, kept: list[Any]) -> None:
    form = CampaignForm(typed(hours_0=said), instance=Campaign())
    form.is_valid()
    assert form.cleaned_data["hours_0"] == kept


def test_an_open_campaign_keeps_what_opening_asked_for(nadia: Any, campaign: Campaign, script: Script) -> None:
    answer = nadia.post(f"/campagnes/{campaign.slug}/modifier/", typed(script=script.pk, purpose="", ends_on=""))
    assert {"purpose", "ends_on"} <= set(answer.context["form"].errors)
    no_hours = {f"hours_{day}": "" for day in range(7)}
    answer = nadia.post(f"/campagnes/{campaign.slug}/modifier/", typed(script=script.pk, **no_hours))
    assert "hours_0" in answer.context["form"].errors
    nadia.post(f"/campagnes/{campaign.slug}/modifier/", typed(script=script.pk, name="Autre nom"))
    campaign.refresh_from_db()
    assert (campaign.name, campaign.status, campaign.slug) == ("Autre nom", "open", campaign.slug)


def test_a_campaign_that_is_over_is_not_changed(nadia: Any) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.CLOSED)
    assert nadia.post(f"/campagnes/{campaign.slug}/modifier/", typed(name="Autre")).status_code == 302
    campaign.refresh_from_db()
    assert campaign.name != "Autre"


def test_only_published_scripts_are_offered_and_the_latest_is_chosen(script: Script) -> None:
    Script.objects.create(key="brouillon", title="Brouillon")
    newer = Script.objects.create(
        key="veille", version=2, title="Veille", status=Script.Status.PUBLISHED, published_at=timezone.now()
    )
    form = CampaignForm(instance=Campaign())
    assert set(form.fields["script"].queryset) == {script, newer}
    assert form.initial["script"] == newer.pk


# Enrol ------------------------------------------------------------------------------------------------


def test_enrolling_shows_what_it_will_do_then_does_it(nadia: Any, agency: Any) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.DRAFT)
    factories.make_household()
    factories.make_household(phone=None)
    factories.make_household(birth_date=None)
    shown = text(nadia.get(f"/campagnes/{campaign.slug}/inscrire/"))
    assert "Inscrire 2 foyers" in shown
    assert not campaign.cases.exists()
    answer = nadia.post(f"/campagnes/{campaign.slug}/inscrire/", follow=True)
    assert campaign.cases.count() == 2
    assert "2 foyers sont inscrits, dont 1 sans numéro." in text(answer)
    again = nadia.post(f"/campagnes/{campaign.slug}/inscrire/", follow=True)
    assert "déjà inscrits" in text(again)


def test_many_households_are_left_to_the_worker(nadia: Any, monkeypatch: Any, eager_tasks: None) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.DRAFT)
    monkeypatch.setattr(views, "INLINE", 1)
    for _ in range(2):
        factories.make_household()
    answer = nadia.post(f"/campagnes/{campaign.slug}/inscrire/", follow=True)
    assert "a commencé" in text(answer)
    assert campaign.cases.count() == 2


def test_a_campaign_that_is_over_enrols_nobody(nadia: Any) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.CLOSED)
    factories.make_household()
    answer = nadia.post(f"/campagnes/{campaign.slug}/inscrire/", follow=True)
    assert "terminée" in text(answer)
    assert not campaign.cases.exists()


def test_unknown_ages_are_enrolled_by_hand(nadia: Any) -> None:
    campaign = factories.make_campaign()
    unknown = factories.make_household(birth_date=None, last_name="Darrieux")
    known = factories.make_household()
    url = f"/campagnes/{campaign.slug}/age-a-verifier/"
    assert "DARRIEUX" in text(nadia.get(url))
    assert "au moins un foyer" in text(nadia.post(url, {"household": ["x", "9" * 40]}, follow=True))
    nadia.post(url, {"household": [unknown.pk, known.pk]})
    assert list(campaign.cases.values_list("household", flat=True)) == [unknown.pk]


def test_households_kept_by_another_campaign_are_named(nadia: Any) -> None:
    other = factories.make_case(factories.make_campaign(name="Canicule"))
    campaign = factories.make_campaign()
    shown = text(nadia.get(f"/campagnes/{campaign.slug}/ailleurs/"))
    assert "Canicule" in shown
    assert f"/dossiers/{other.pk}/" in shown


def test_the_households_without_a_number_have_their_list(nadia: Any, campaign: Campaign) -> None:
    case = factories.make_case(campaign, factories.make_household(phone=None, street="3 rue Neuve"), has_number=False)
    factories.make_case(campaign, factories.make_household(street="4 rue Vieille"))
    shown = text(nadia.get(f"/campagnes/{campaign.slug}/sans-numero/"))
    assert "3 rue Neuve" in shown
    assert "4 rue Vieille" not in shown
    url = f"/campagnes/{campaign.slug}/sans-numero/"
    answer = nadia.post(f"/dossiers/{case.pk}/numero/", {"number": "05 36 49 11 22", "next": url})
    assert answer.url == url
    case.refresh_from_db()
    assert case.has_number


# Open, pause, close --------------------------------------------------------------------------------------


def test_the_life_of_a_campaign(nadia: Any, script: Script, volunteer: Any) -> None:
    campaign = factories.make_campaign(
        status=Campaign.Status.DRAFT, opened_at=None, script=script, volunteers=[volunteer]
    )
    url = f"/campagnes/{campaign.slug}/"

    def act(name: str) -> str:
        nadia.post(f"{url}{name}/", {"seen": campaign.status})
        campaign.refresh_from_db()
        return campaign.status

    assert "Rien ne manque" in text(nadia.get(url))
    assert [act(name) for name in ("ouvrir", "pause", "reprendre")] == ["open", "paused", "open"]
    assert act("clore") == "closed"
    assert act("ouvrir") == "closed"
    assert "Terminée le" in text(nadia.get(url))


def test_what_is_missing_is_said_and_the_campaign_stays_closed(nadia: Any) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.DRAFT, purpose="")
    answer = nadia.post(f"/campagnes/{campaign.slug}/ouvrir/", follow=True)
    assert "la finalité" in text(answer)
    campaign.refresh_from_db()
    assert campaign.status == "draft"


def test_closing_says_first_what_it_leaves_behind(nadia: Any, campaign: Campaign) -> None:
    Referral.objects.create(reference="S-2026-100001", case=factories.make_case(campaign), state=Referral.State.DRAFT)
    shown = text(nadia.get(f"/campagnes/{campaign.slug}/clore/"))
    assert "jamais envoyé" in shown
    campaign.refresh_from_db()
    assert campaign.status == "open"


def test_a_heat_wave_and_its_end(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    today = timezone.localdate()
    case = factories.make_case(campaign)
    plan = FollowUpPlan.objects.create(
        case=case, household=case.household, time="10:00", weekdays=[today.weekday()], starts_on=today,
        next_due_at=timezone.now() + timedelta(days=7), review_on=today,
    )  # fmt: skip
    url = f"/campagnes/{campaign.slug}/suivis-48-h/"
    for wrong in ({}, {"until": "demain"}, {"until": "2020-01-01"}):
        nadia.post(url, wrong)
        campaign.refresh_from_db()
        assert campaign.heat_wave_until is None
    nadia.post(url, {"until": (today + timedelta(days=20)).isoformat()})
    plan.refresh_from_db()
    assert plan.next_due_at <= timezone.now() + timedelta(days=2)
    nadia.post(url, {"stop": "1"})
    campaign.refresh_from_db()
    assert campaign.heat_wave_until is None


def test_a_purged_campaign_shows_its_page(nadia: Any) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.PURGED, purged_at=timezone.now())
    assert "ont été effacées" in text(nadia.get(f"/campagnes/{campaign.slug}/"))


# Budgets ----------------------------------------------------------------------------------------------------


def test_the_lists_cost_the_same_for_one_household_and_for_fifty(nadia: Any, campaign: Campaign) -> None:
    other = factories.make_campaign()

    def fill(count: int) -> None:
        for _ in range(count):
            factories.make_case(campaign, factories.make_household(phone=None), has_number=False)
            factories.make_household(birth_date=None)
            factories.make_case(other)

    urls = [
        "/campagnes/",
        *(f"/campagnes/{campaign.slug}/{name}/" for name in ("sans-numero", "age-a-verifier", "ailleurs")),
    ]
    fill(1)
    costs = {}
    for url in urls:
        nadia.get(url)
        with count_queries() as queries:
            nadia.get(url)
        costs[url] = len(queries)
    fill(49)
    for url in urls:
        with count_queries() as queries:
            nadia.get(url)
        assert len(queries) == costs[url] <= 16, url


def test_the_page_of_a_campaign_stays_cheap(nadia: Any, campaign: Campaign) -> None:
    factories.make_case(campaign)
    url = f"/campagnes/{campaign.slug}/"
    nadia.get(url)
    with count_queries() as queries:
        nadia.get(url)
    assert len(queries) <= 17


def test_enrolling_is_journaled_once_a_chunk(nadia: Any) -> None:
    campaign = factories.make_campaign(status=Campaign.Status.DRAFT)
    factories.make_household()
    nadia.post(f"/campagnes/{campaign.slug}/inscrire/")
    assert JournalEntry.objects.filter(action="campaign.enrolled").count() == 1
    assert Case.objects.count() == 1
    assert enrolment.preview(campaign).created == 0


def test_the_page_of_a_draft_opened_meanwhile_abandons_nothing(nadia: Any, volunteer: Any) -> None:
    draft = factories.make_campaign(status=Campaign.Status.DRAFT, volunteers=[volunteer])
    address = f"/campagnes/{draft.slug}/clore/"
    page = nadia.get(address)
    Campaign.objects.update(status=Campaign.Status.OPEN)
    answer = press(nadia, page, "Abandonner")
    assert answer["Location"] == address
    assert Campaign.objects.get().status == Campaign.Status.OPEN
    assert "changé d'état entre-temps" in html.unescape(text(nadia.get(address)))


@pytest.mark.parametrize("day", ["0026-12-01", "0001-01-01", "9999-12-31"])
def test_a_slip_in_a_year_is_said_at_its_field(nadia: Any, client_of: Any, volunteer: Any, day: str) -> None:
    campaign = factories.make_campaign(volunteers=[volunteer])
    address = f"/campagnes/{campaign.slug}/modifier/"
    for name in ("starts_on", "ends_on"):
        answer = press(nadia, nadia.get(address), "Enregistrer", **{name: day})
        assert "Vérifiez l'année." in html.unescape(text(answer))
    for listed in (f"/tableau-de-bord/?au={day}", f"/dossiers/?du={day}", f"/dossiers/?au={day}"):
        assert nadia.get(listed).status_code == 200
    lea = client_of(volunteer)
    answer = press(lea, lea.get("/appels/absences/"), "Noter l'absence", first_day=day)
    assert "Vérifiez l'année." in html.unescape(text(answer))
