"""What anybody reads: without an account, a cookie or a script, light, and found only where it should be."""

from __future__ import annotations

import gzip
import io
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from campaigns.models import Campaign, Crisis, UsefulNumber
from campaigns.public import document, editions, loading, numbers
from tests.factories import make_campaign, make_landlord
from tests.strict import max_queries

pytestmark = pytest.mark.django_db
NOW = timezone.now()
NOINDEX = '<meta name="robots" content="noindex'
EVERY = [
    "/questions/",
    *(f"/questions/{crisis}/" for crisis in Crisis.values),
    "/questions/numeros/",
    "/bons-gestes/",
    *(f"/bons-gestes/{crisis}/" for crisis in Crisis.values),
    "/vos-donnees/",
    "/mentions-legales/",
    "/accessibilite/",
]


@pytest.fixture(autouse=True)
def shipped(db):
    loading.load_defaults(now=NOW)


def text_of(response):
    """The page on one line, however its template is laid out."""
    return re.sub(r"[ \n]+", " ", response.content.decode())


@pytest.mark.parametrize("path", EVERY)
def test_a_public_page_opens_without_account_or_cookie_and_may_be_found(client, path):
    with max_queries(8):
        response = client.get(path)
    page = text_of(response)
    assert response.status_code == 200
    assert not response.cookies
    assert NOINDEX not in page
    assert "X-Robots-Tag" not in response
    for name in ("og:title", "og:description", "og:url"):
        assert f'property="{name}" content="' in page
    assert f'content="http://127.0.0.1:8000{path}"' in page
    assert 'href="/accessibilite/"' in page
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", EVERY)
def test_a_public_page_weighs_forty_kilobytes_at_most(client, path):
    """HTML, style and script, each packed as it is sent."""
    html = text_of(client.get(path))
    named = set(re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', html))
    assert named, "the search itself works"
    weight = len(gzip.compress(html.encode())) + sum(
        len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in named
    )
    assert weight <= 40_000, weight


@pytest.mark.parametrize(
    "path",
    [
        "/questions/tempete/",
        "/questions/canicule/inconnu/",
        "/questions/?bailleur=inconnu",
        "/bons-gestes/tempete/",
        "/bons-gestes/tempete/fiche.pdf",
        "/vos-donnees/inconnue/",
    ],
)
def test_what_does_not_exist_is_not_found(client, path):
    assert client.get(path).status_code == 404


# Which questions --------------------------------------------------------------------------------------------


def test_without_a_campaign_the_three_crises_are_offered(client):
    page = text_of(client.get("/questions/"))
    assert all(f'href="/questions/{crisis}/"' in page for crisis in Crisis.values)
    assert "Que faire quand il fait très chaud" not in page


def test_the_crisis_is_that_of_the_latest_campaign_that_calls(client):
    make_campaign(crisis=Crisis.COLD, opened_at=NOW - timedelta(days=40))
    make_campaign(crisis=Crisis.HEAT, opened_at=NOW - timedelta(days=2))
    make_campaign(crisis=Crisis.EPIDEMIC, status=Campaign.Status.DRAFT, opened_at=None)
    make_campaign(crisis=Crisis.EPIDEMIC, status=Campaign.Status.CLOSED, opened_at=NOW)
    page = text_of(client.get("/questions/"))
    assert "Que faire quand il fait très chaud" in page
    assert 'property="og:url" content="http://127.0.0.1:8000/questions/canicule/"' in page


def test_a_landlords_address_stands_in_every_crisis(client):
    ours, theirs = make_landlord(), make_landlord("autre", "Autre Bailleur")
    make_campaign(crisis=Crisis.COLD, opened_at=NOW - timedelta(days=9)).landlords.set([ours])
    make_campaign(crisis=Crisis.HEAT, opened_at=NOW).landlords.set([theirs])
    assert "Pendant le grand froid" in text_of(client.get(f"/questions/?bailleur={ours.code}"))
    assert "Pendant la canicule" in text_of(client.get(f"/questions/?bailleur={theirs.code}"))


def test_the_crisis_may_be_named_in_the_address(client):
    assert client.get("/questions/?crise=canicule")["Location"] == "/questions/canicule/"
    assert client.get("/questions/?crise=tempete").status_code == 200


def test_a_landlord_with_an_edition_of_its_own_shows_it_and_only_then_is_found_there(client, landlord, coordinator):
    address = f"/questions/canicule/{landlord.code}/"
    assert NOINDEX in text_of(client.get(address)), "the same words as for everybody"
    own = editions.prepare(crisis=Crisis.HEAT, landlord=landlord, by=coordinator, now=NOW)
    editions.save_theme(edition_id=own.pk, key="les_appels", title="Les appels de chez nous", by=coordinator, now=NOW)
    assert "Les appels de chez nous" not in text_of(client.get(address))
    own.refresh_from_db()
    editions.publish(edition_id=own.pk, seen=document.fingerprint(own.content), by=coordinator, now=NOW)
    page = text_of(client.get(address))
    assert "Les appels de chez nous" in page
    assert NOINDEX not in page
    assert "Les appels de chez nous" not in text_of(client.get("/questions/canicule/"))


def test_the_number_of_the_campaign_is_given_unless_there_are_two(client):
    first = make_campaign(crisis=Crisis.COLD)
    assert "tel:+33199001234" in text_of(client.get("/questions/"))
    make_campaign(crisis=Crisis.COLD, callback_number="+33199005678")
    assert "phone-number" not in text_of(client.get("/questions/"))
    make_campaign(crisis=Crisis.COLD, callback_number="")
    Campaign.objects.exclude(pk=first.pk).delete()
    assert "tel:+33199001234" in text_of(client.get("/questions/"))


def test_a_search_finds_without_accents_and_says_when_nothing_is_found(client):
    response = client.get("/questions/canicule/?q=MEDICAMENT")
    page = text_of(response)
    assert "Il me manque un médicament" in page
    assert "Qui m&#x27;appelle" not in page
    assert NOINDEX in page
    assert response["X-Robots-Tag"] == "noindex"
    assert "Aucune question ne contient ces mots" in text_of(client.get("/questions/canicule/?q=xylophone"))
    assert client.get("/questions/canicule/", {"q": "\x00<script>" + "a" * 500}).status_code == 200


# Numbers ----------------------------------------------------------------------------------------------------


def test_a_number_says_whom_it_reaches_when_and_who_checked_it(client, coordinator):
    page = text_of(client.get("/questions/numeros/"))
    for address in ("tel:15", "tel:17", "tel:18", "tel:112", "sms:114", "tel:3114", "tel:3977", "tel:0800474788"):
        assert f'href="{address}"' in page
    assert page.count("À vérifier") == 10
    assert "Horaires à vérifier" in page, "what nobody published is not made up"
    number = UsefulNumber.objects.get(key="samu")
    numbers.confirm(number_id=number.pk, seen=numbers.fingerprint(number), by=coordinator, now=NOW)
    page = text_of(client.get("/questions/numeros/"))
    assert "par la coordination" in page
    assert coordinator.last_name not in page
    numbers.change(number=number, label="Samu", purpose="", hours="", active=False, by=coordinator)
    assert 'href="tel:15"' not in text_of(client.get("/questions/numeros/"))


# Good gestures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crisis", Crisis.values)
def test_the_sheet_is_one_tagged_page(client, crisis):
    response = client.get(reverse("public:gestures_pdf", args=[crisis]))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in response.content
    pages = PdfReader(io.BytesIO(response.content)).pages
    assert len(pages) == 1
    assert "Quand" in pages[0].extract_text()
    assert "/questions/numeros/" in pages[0].extract_text()
    assert not response.cookies


# People's data ----------------------------------------------------------------------------------------------


def test_the_notice_says_what_the_campaign_says(client):
    campaign = make_campaign(ends_on=date(2026, 12, 31), purge_after_days=45, legal_basis="Intérêt public")
    campaign.landlords.set([make_landlord()])
    page = text_of(client.get("/vos-donnees/"))
    for words in (
        campaign.purpose,
        "Intérêt public",
        "dpo@exemple.fr",
        "45 jours",
        "14 février 2027",
        "Gironde Habitat",
    ):
        assert words in page, words
    assert page == text_of(client.get(f"/vos-donnees/{campaign.slug}/")).replace(
        f"/vos-donnees/{campaign.slug}/", "/vos-donnees/"
    )


def test_several_campaigns_are_offered_and_a_draft_is_told_to_nobody(client):
    first, second = make_campaign(), make_campaign()
    draft = make_campaign(status=Campaign.Status.DRAFT)
    page = text_of(client.get("/vos-donnees/"))
    assert f"/vos-donnees/{first.slug}/" in page
    assert f"/vos-donnees/{second.slug}/" in page
    assert draft.name not in page
    assert client.get(f"/vos-donnees/{draft.slug}/").status_code == 404


def test_the_notice_of_a_campaign_that_is_over_says_when_it_was_erased(client):
    closed = make_campaign(status=Campaign.Status.CLOSED, closed_at=NOW, purge_after_days=30)
    purged = make_campaign(status=Campaign.Status.PURGED, closed_at=NOW, purged_at=NOW)
    page = text_of(client.get(f"/vos-donnees/{closed.slug}/"))
    assert NOINDEX in page
    assert "Si rien ne change" not in page
    assert "Les données des personnes ont été effacées" in text_of(client.get(f"/vos-donnees/{purged.slug}/"))


def test_the_legal_notice_says_what_the_installation_says(client, settings):
    assert "non renseigné" in text_of(client.get("/mentions-legales/"))
    settings.LEGAL_PUBLISHER, settings.LEGAL_HOST = "Habitat Exemple, 1 rue de la Paix", "Hébergeur Exemple"
    settings.LEGAL_DIRECTOR = "Claude Exemple"
    page = text_of(client.get("/mentions-legales/"))
    for words in ("Habitat Exemple, 1 rue de la Paix", "Hébergeur Exemple", "Claude Exemple"):
        assert words in page


def test_accessibility_is_said_as_it_was_tested(client, settings):
    settings.ACCESSIBILITY_CONTACT = "acces@exemple.fr"
    page = text_of(client.get("/accessibilite/"))
    for words in ("non conforme, faute d&#x27;audit", "axe-core", "Défenseur des droits", "acces@exemple.fr"):
        assert words in page or words.replace("&#x27;", "'") in page, words
