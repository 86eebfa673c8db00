"""The coordinator's dashboard and the closing report, as pages."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import alerts, purge, queue, welfare
from campaigns.figures.tests import figures_cast
from campaigns.figures.tests.figures_cast import call
from campaigns.models import Alert, Campaign
from campaigns.referrals.tests import referral_cast
from campaigns.setup import lifecycle
from tests import factories

URL = "/tableau-de-bord/"


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return figures_cast.make_campaign(volunteer, volunteer2, now=timezone.now())


def text_of(response: Any) -> str:
    plain = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(plain.split())


def called(campaign: Campaign, volunteer: Any) -> None:
    now = timezone.now()
    call(factories.make_case(campaign), volunteer, "completed", now, say={"courses": "personne", "manger": "oui"})
    call(factories.make_case(campaign), volunteer, "no_answer", now)


# The dashboard ----------------------------------------------------------------------------------------


def test_without_a_campaign_the_page_says_what_to_do(client_of: Any, coordinator: Any) -> None:
    page = client_of(coordinator).get(URL)
    assert page.status_code == 200
    assert reverse("coordinator:campaign_create") in page.content.decode()


def test_a_campaign_without_households_says_what_to_do(client_of: Any, coordinator: Any, campaign: Campaign) -> None:
    page = client_of(coordinator).get(URL)
    assert "Aucun foyer ici" in text_of(page)
    assert "chart-data" not in page.content.decode()


def test_the_figures_of_a_living_campaign(client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any) -> None:
    called(campaign, volunteer)
    page = client_of(coordinator).get(URL)
    text = text_of(page)
    assert "50 % joints" in text
    assert "Aucune alerte en attente" in text
    assert "1 tentative" in text
    for name in ("follow_up_list", "welfare_list", "referral_list", "case_list", "volunteer_list"):
        assert f'href="{reverse(f"coordinator:{name}")}?campagne={campaign.slug}' in page.content.decode()


def test_every_chart_has_its_table(client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any) -> None:
    called(campaign, volunteer)
    html = client_of(coordinator).get(URL).content.decode()
    data = json.loads(re.search(r'id="chart-data" type="application/json">(.*?)</script>', html, re.S).group(1))
    for name in data:
        chart = re.search(rf'<canvas id="chart-{name}" role="img" aria-label="[^"]+">.*?</section>', html, re.S)
        assert chart, name
        assert "<details" in chart.group(0)
        assert "<table" in chart.group(0)
        for label in data[name]["labels"]:
            assert label.split(" ")[-1] in chart.group(0) or name == "days"


def test_an_alert_stands_at_the_top(client_of: Any, coordinator: Any, campaign: Campaign) -> None:
    case = factories.make_case(campaign)
    alerts.raise_alert(task="x", kind=Alert.Kind.TASK_FAILED, level="U0", case=case, now=timezone.now())
    page = client_of(coordinator).get(URL)
    html = page.content.decode()
    assert "1 alerte à résoudre" in text_of(page)
    assert html.index("alert-danger") < html.index('id="t-queue"')


def test_the_refresh_brings_the_upper_part_alone_and_is_no_activity(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any
) -> None:
    called(campaign, volunteer)
    client = client_of(coordinator)
    whole = client.get(URL).content.decode()
    part = client.get(URL, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'id="t-queue"' in part
    assert "chart-data" not in part
    assert re.search(r"<div data-background hx-get=", whole)


def test_filters_keep_to_the_campaign_and_show_what_was_typed(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any
) -> None:
    called(campaign, volunteer)
    other = figures_cast.make_campaign(name="Canicule")
    client = client_of(coordinator)
    assert "Aucun foyer ici" in text_of(client.get(URL, {"campagne": other.slug}))
    page = client.get(URL, {"campagne": campaign.slug, "commune": "33063", "du": "2020-03-17"})
    assert "50 % joints" in text_of(page)
    assert 'value="2020-03-17"' in page.content.decode()
    assert "commune=33063" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"campagne": "nulle-part"}, "Ce choix n'existe pas"),
        ({"agence": "99999999999999999999"}, "Ce choix n'existe pas"),
        ({"agence": "douze"}, "Ce choix n'existe pas"),
        ({"commune": "\x00"}, "Ce choix n'existe pas"),
        ({"du": "31/31/2020"}, "Écrivez la date ainsi"),
        ({"au": "demain"}, "Écrivez la date ainsi"),
        ({"du": "2020-04-02", "au": "2020-03-17"}, "Le dernier jour vient avant le premier."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(
    client_of: Any, coordinator: Any, campaign: Campaign, query: dict[str, str], message: str
) -> None:
    page = client_of(coordinator).get(URL, query)
    assert page.status_code == 200
    assert message in page.content.decode().replace("&#x27;", "'")


def test_the_page_costs_the_same_for_one_household_and_for_many(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any, max_queries: Any
) -> None:
    client = client_of(coordinator)
    called(campaign, volunteer)
    with max_queries(40) as few:
        client.get(URL)
    for _ in range(5):
        called(campaign, volunteer)
    with max_queries(len(few)):
        client.get(URL)


def test_a_limited_coordinator_sees_their_agencies_alone(
    client_of: Any, coordinator: Any, campaign: Campaign, agency: Any, agency2: Any
) -> None:
    factories.make_case(campaign, factories.make_household(agency.landlord, agency=agency))
    factories.make_case(campaign, factories.make_household(agency2.landlord, agency=agency2))
    factories.limit_to(coordinator, agency)
    page = client_of(coordinator).get(URL)
    assert agency.name in page.content.decode()
    assert agency2.name not in page.content.decode()


def test_looking_writes_nothing_about_anybody(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any
) -> None:
    called(campaign, volunteer)
    page = client_of(coordinator).get(URL).content.decode()
    for name in factories.FAMILIES:
        assert name not in page


@pytest.mark.parametrize("url", [URL, "/campagnes/x/bilan/"])
def test_other_people_and_other_methods_are_refused(
    client: Any, client_of: Any, volunteer: Any, coordinator: Any, url: str
) -> None:
    assert client.get(url).status_code == 302
    assert client_of(volunteer).get(url).status_code == 403
    assert client_of(coordinator).post(url).status_code == 405


def test_every_figure_opens_the_list_of_what_it_counts(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any, agency: Any
) -> None:
    now = timezone.now()
    called(campaign, volunteer)
    local = factories.make_case(campaign, factories.make_household(agency.landlord, agency=agency))
    call(local, volunteer, "callback", now - timedelta(hours=3), callback_at=now - timedelta(hours=1))
    call(factories.make_case(campaign), volunteer, "unable", now)
    call(factories.make_case(campaign), volunteer, "disconnected", now)
    welfare.open_check(
        case=factories.make_case(campaign), origin="neighbour", now=now - timedelta(days=9), by=coordinator
    )
    for state in ("sent", "declined"):
        referral_cast.make_referral(coordinator, now, state=state, case=factories.make_case(campaign))
    client = client_of(coordinator)
    for query in ({"campagne": campaign.slug}, {"campagne": campaign.slug, "agence": agency.pk}):
        html = client.get(URL, query).content.decode()
        tiles = re.findall(r'<a class="tile[^"]*" href="([^"]+)"><span class="tile-value">(\d+)</span>', html)
        rows = re.findall(r'<a href="([^"]+)"><span>[^<]+</span><span class="count">(\d+)</span>', html)
        assert len(tiles) == 12
        assert len(rows) >= 3
        for url, value in [*tiles, *rows]:
            page = client.get(unescape(url))
            listed = page.context["page_obj"].paginator.count
            # Calls are listed by household, which may have had several.
            if "appels=" in url:
                assert bool(listed) == bool(int(value)), url
                assert listed <= int(value), url
            else:
                assert listed == int(value), url


def test_the_page_says_why_volunteers_are_given_nothing(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any
) -> None:
    client = client_of(coordinator)
    # At any hour, on a public holiday too.
    factories.make_case(campaign, urgent=True)
    assert client.get(URL, {"campagne": campaign.slug}).context["idle"] is None
    queue.claim_next(campaign=campaign, by=volunteer, now=timezone.now())
    assert "en ce moment avec des bénévoles" in client.get(URL, {"campagne": campaign.slug}).content.decode()
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.PAUSED)
    assert "Pendant la pause" in client.get(URL, {"campagne": campaign.slug}).content.decode()
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.CLOSED)
    assert client.get(URL, {"campagne": campaign.slug}).context["idle"] is None


# The closing report ---------------------------------------------------------------------------------------


def test_the_report_tells_the_campaign_in_one_page(
    client_of: Any, coordinator: Any, campaign: Campaign, volunteer: Any
) -> None:
    called(campaign, volunteer)
    page = client_of(coordinator).get(reverse("coordinator:report", args=[campaign.slug]))
    text = text_of(page)
    assert "1 bénévole a passé 2 appels et joint 1 foyer sur 2 avec un numéro valable" in text
    assert "masqué" in text
    assert "data-print" in page.content.decode()


def test_the_report_stays_after_the_purge(
    client_of: Any, coordinator: Any, administrator: Any, campaign: Campaign, volunteer: Any
) -> None:
    called(campaign, volunteer)
    now = timezone.now()
    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)
    url = reverse("coordinator:report", args=[campaign.slug])
    before = text_of(client_of(coordinator).get(url))
    assert "effacées à partir du" in before
    purge.purge_expired(now=now + timedelta(days=31))
    after = text_of(client_of(administrator).get(url))
    assert "effacées le" in after
    story = "1 bénévole a passé 2 appels et joint 1 foyer sur 2"
    assert story in before
    assert story in after


def test_an_empty_campaign_has_no_report_yet(client_of: Any, coordinator: Any, campaign: Campaign) -> None:
    page = client_of(coordinator).get(reverse("coordinator:report", args=[campaign.slug]))
    assert "Pas encore de chiffres" in text_of(page)


def test_an_unknown_campaign_is_not_found(client_of: Any, coordinator: Any) -> None:
    assert client_of(coordinator).get("/campagnes/inconnue/bilan/").status_code == 404
