"""What is shared on social networks: pictures of their size, words without a name, a page that says what to show."""

from __future__ import annotations

import re
import struct
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from campaigns.common import documents
from campaigns.models import Campaign, Poster
from campaigns.neighbours import sharing
from campaigns.welfare.tests.welfare_cast import HOSTILE, make_door, make_residence
from solidarites.models import JournalEntry
from tenants.models import Landlord, Residence
from tests import factories

pytestmark = pytest.mark.django_db

LONG = "Office public de l'habitat de la communauté urbaine de Bordeaux et des communes de la rive droite, Aquitaine"


@pytest.fixture
def campaign(volunteer: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer])


@pytest.fixture
def residence(campaign: Campaign) -> Residence:
    """A landlord whose tenants the campaign calls."""
    made = make_residence()
    make_door(campaign, made, now=timezone.now(), last_name="Etcheverry")
    return made


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def pixels(png: bytes) -> tuple[int, int]:
    """Read in the file itself, as a network does."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def text(response: Any) -> str:
    return unescape(response.content.decode())


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        name = said.get("property") or said.get("name")
        if tag == "meta" and name:
            assert name not in self.found, f"{name} is said twice"
            self.found[name] = said.get("content") or ""


def tags_of(response: Any) -> dict[str, str]:
    reader = Tags()
    reader.feed(response.content.decode())
    return reader.found


# Pictures -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "size"), [("carre", (1080, 1080)), ("large", (1200, 630))])
@pytest.mark.parametrize("name", ["Domofrance", LONG, "Wolfeschlegelsteinhausen" * 5, HOSTILE])
@pytest.mark.parametrize("number", ["+33199001234", ""])
def test_a_picture_has_its_size_whatever_it_says(
    campaign: Campaign, residence: Residence, shape: str, size: tuple[int, int], name: str, number: str
) -> None:
    residence.landlord.spoken_name = name[:120]
    residence.landlord.callback_number = number
    campaign.callback_number = ""
    png = sharing.picture(sharing.of(campaign, residence.landlord), shape)
    assert pixels(png) == size
    assert len(png) < 300_000, "some networks refuse heavier ones"


def test_an_address_and_hours_without_end_keep_the_size(
    campaign: Campaign, residence: Residence, settings: Any
) -> None:
    settings.SITE_URL = "https://" + "appels-solidaires-aux-locataires" * 3 + ".exemple.fr"
    campaign.hours = {str(day): [[f"0{8 + day % 2}:00", "12:15"], ["13:45", f"1{day}:30"]] for day in range(4, 7)} | {
        str(day): [[f"0{8 + day % 2}:30", "11:45"]] for day in range(4)
    }
    for shape, size in sharing.SIZES.items():
        assert pixels(sharing.picture(sharing.of(campaign, residence.landlord), shape)) == size


def test_a_picture_is_drawn_once_and_again_when_what_it_says_changed(
    campaign: Campaign, residence: Residence, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    drawn: list[str] = []

    def draw(name: str, data: dict[str, Any]) -> bytes:
        drawn.append(data["number"])
        return b"a picture"

    monkeypatch.setattr(documents, "png", draw)
    for _ in range(2):
        sharing.picture(sharing.of(campaign, residence.landlord), "large")
    campaign.callback_number = "+33536490099"
    sharing.picture(sharing.of(campaign, residence.landlord), "large")
    assert drawn == ["01 99 00 12 34", "05 36 49 00 99"]


# Words ----------------------------------------------------------------------------------------------------------


def test_the_words_give_the_number_and_the_page_and_name_nobody(campaign: Campaign, residence: Residence) -> None:
    share = sharing.of(campaign, residence.landlord)
    for words in (share.short, share.long, share.alternative):
        assert "01\u00a099\u00a000\u00a012\u00a034" in words
        assert f"/voisins/{residence.landlord.code}" in words
        assert "15" in words
        for private in ("Etcheverry", "ETCHEVERRY", "Les Tilleuls", campaign.name):
            assert private not in words
    assert share.address in share.short
    assert share.address in share.long
    assert share.sender in share.long
    assert "Affiche de Gironde Habitat Social" in share.alternative


def test_the_short_text_fits_where_characters_are_counted(campaign: Campaign, residence: Residence) -> None:
    residence.landlord.code = "c" * 40
    residence.landlord.spoken_name = LONG
    assert len(sharing.of(campaign, residence.landlord).short) <= 280
    assert len(sharing.of(campaign, residence.landlord).description) <= 200


def test_without_a_number_nothing_pretends_that_there_is_one(campaign: Campaign, residence: Residence) -> None:
    campaign.callback_number = residence.landlord.callback_number = ""
    share = sharing.of(campaign, residence.landlord)
    for words in (share.short, share.long, share.alternative, share.description):
        assert "ppelez" not in words
        assert "ou écrivez" not in words.lower()
        assert "\u00a0: ," not in words
        assert "rivez-nous" in words or share.address in words


# The public page --------------------------------------------------------------------------------------------------


def test_the_page_of_a_landlord_says_what_to_show(
    client: Any, campaign: Campaign, residence: Residence, settings: Any
) -> None:
    settings.SITE_URL = "https://appels.exemple.fr"
    code = residence.landlord.code
    page = client.get(f"/voisins/{code}/")
    assert "Gironde Habitat Social" in text(page)
    tags = tags_of(page)
    assert tags["og:title"] == "Une voisine, un voisin vous inquiète\u00a0?"
    assert "01\u00a099\u00a000\u00a012\u00a034" in tags["og:description"]
    assert tags["og:url"] == f"https://appels.exemple.fr/voisins/{code}/"
    assert tags["og:image"].startswith(f"https://appels.exemple.fr/voisins/partage/{code}/large.png?v=")
    assert (tags["og:image:width"], tags["og:image:height"]) == ("1200", "630")
    assert tags["og:image:alt"] == tags["twitter:image:alt"] != ""
    assert tags["twitter:card"] == "summary_large_image"
    picture = client.get(tags["og:image"].removeprefix("https://appels.exemple.fr"))
    assert picture["Content-Type"] == "image/png"
    assert pixels(picture.content) == (1200, 630)


@pytest.mark.parametrize("second_factor", [False, True])
def test_the_picture_is_kept_by_caches_and_gives_no_cookie(
    client: Any, campaign: Campaign, residence: Residence, settings: Any, second_factor: bool
) -> None:
    settings.REQUIRE_SECOND_FACTOR = second_factor
    for address in ("large.png", f"{residence.landlord.code}/carre.png"):
        answer = client.get(f"/voisins/partage/{address}")
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "public, max-age=3600"
        assert "Cookie" not in answer.get("Vary", "")
        assert not answer.cookies
        assert not JournalEntry.objects.exists()
        assert client.post(f"/voisins/partage/{address}").status_code == 405


def test_a_posters_page_shows_its_landlords_number_and_not_its_residence(
    client: Any, campaign: Campaign, residence: Residence
) -> None:
    poster = Poster.objects.create(residence=residence)
    tags = tags_of(client.get(f"/voisins/{poster.code}/"))
    assert tags["og:url"].endswith(f"/voisins/{poster.code}/")
    assert f"/voisins/partage/{residence.landlord.code}/large.png" in tags["og:image"]
    assert not [said for said in tags.values() if "Tilleuls" in said]


def test_one_landlord_alone_has_the_page_without_a_code_and_two_have_none_of_it(
    client: Any, campaign: Campaign, residence: Residence
) -> None:
    assert f"partage/{residence.landlord.code}/" in tags_of(client.get("/voisins/"))["og:image"]
    other = factories.make_landlord("mesolia", "Mésolia")
    make_door(campaign, make_residence("Les Acacias", landlord=other), now=timezone.now())
    tags = tags_of(client.get("/voisins/"))
    assert "/voisins/partage/large.png" in tags["og:image"]
    assert "ppelez" not in tags["og:description"]
    assert pixels(client.get("/voisins/partage/large.png").content) == (1200, 630)


def test_a_landlord_whom_nobody_calls_for_is_as_if_unknown(
    client: Any, campaign: Campaign, residence: Residence
) -> None:
    idle = factories.make_landlord("mesolia", "Mésolia")
    token = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
    pages = {token.sub("", text(client.get(f"/voisins/{code}"))) for code in ("", "mesolia/", "inconnu-2/")}
    assert len(pages) == 1
    assert "Mésolia" not in pages.pop()
    for code in (idle.code, "inconnu-2"):
        assert client.get(f"/voisins/partage/{code}/large.png").status_code == 404
    assert client.get("/voisins/partage/affiche.png").status_code == 404


def test_a_message_is_received_from_the_page_of_a_landlord(
    client: Any, campaign: Campaign, residence: Residence
) -> None:
    url = f"/voisins/{residence.landlord.code}/"
    wrong = client.post(url, {"worries": ["mail"]})
    assert wrong.context["form"].errors
    assert tags_of(wrong)["og:url"].endswith(url)
    assert client.post(url, {"worries": ["mail"], "place": "12 rue des Lilas"})["Location"] == "/voisins/merci/"


def test_the_number_shown_is_that_of_the_last_campaign_opened(
    client: Any, campaign: Campaign, residence: Residence
) -> None:
    later = factories.make_campaign(name="Grand froid", callback_number="+33536490099", opened_at=timezone.now())
    make_door(later, residence, now=timezone.now())
    assert "05\u00a036\u00a049\u00a000\u00a099" in tags_of(client.get("/voisins/"))["og:description"]


# The coordinator's page ---------------------------------------------------------------------------------------------


def test_a_coordinator_sees_how_it_will_look_and_takes_it_away(
    nadia: Any, campaign: Campaign, residence: Residence, coordinator: Any
) -> None:
    assert f"/campagnes/{campaign.slug}/partager/" in text(nadia.get(f"/campagnes/{campaign.slug}/"))
    page = nadia.get(f"/campagnes/{campaign.slug}/partager/")
    share = sharing.of(campaign, residence.landlord)
    shown = text(page)
    for words in (share.short, share.long, share.alternative, share.description, share.address):
        assert words in shown
    # Readable and selectable without a script: no button does alone what a field does not.
    assert shown.count("readonly") == 4
    assert shown.count("data-copy") == shown.count("data-needs-js") == 4
    for shape, size in sharing.SIZES.items():
        url = f"/campagnes/{campaign.slug}/partager/{residence.landlord.pk}/{shape}.png"
        assert f'action="{url}"' in shown
        assert pixels(nadia.get(url).content) == size
        assert not JournalEntry.objects.filter(action="share.downloaded", detail__shape=shape).exists()
        taken = nadia.post(url)
        assert taken["Content-Disposition"] == f'attachment; filename="voisins-{size[0]}x{size[1]}.png"'
        assert pixels(taken.content) == size
        row = JournalEntry.objects.get(action="share.downloaded", detail__shape=shape)
        assert (row.user, row.campaign_id) == (coordinator, campaign.pk)
        assert row.detail == {"landlord": residence.landlord.pk, "shape": shape}


def test_each_landlord_has_its_own(nadia: Any, campaign: Campaign, residence: Residence) -> None:
    other = factories.make_landlord("mesolia", "Mésolia", callback_number="+33536490011")
    make_door(campaign, make_residence("Les Acacias", landlord=other), now=timezone.now())
    Campaign.objects.update(callback_number="")
    shown = text(nadia.get(f"/campagnes/{campaign.slug}/partager/?bailleur={other.pk}"))
    assert "05\u00a036\u00a049\u00a000\u00a011" in shown
    assert "/voisins/mesolia/" in shown
    strange = nadia.get(f"/campagnes/{campaign.slug}/partager/?bailleur=x").context["landlord"]
    assert strange == residence.landlord


def test_a_page_that_nobody_would_read_says_so(nadia: Any, campaign: Campaign, residence: Residence) -> None:
    Landlord.objects.update(callback_number="")
    Campaign.objects.update(callback_number="", status=Campaign.Status.DRAFT)
    shown = text(nadia.get(f"/campagnes/{campaign.slug}/partager/"))
    assert "Aucun numéro de rappel" in shown
    assert "n'est pas ouverte" in shown
    empty = factories.make_campaign(name="Vide")
    assert "Aucun bailleur" in text(nadia.get(f"/campagnes/{empty.slug}/partager/"))


def test_another_campaigns_number_at_this_address_is_said(nadia: Any, campaign: Campaign, residence: Residence) -> None:
    later = factories.make_campaign(name="Grand froid", opened_at=timezone.now())
    make_door(later, residence, now=timezone.now())
    assert "Grand froid" in text(nadia.get(f"/campagnes/{campaign.slug}/partager/"))
    assert "ouverte après celle-ci" not in text(nadia.get(f"/campagnes/{later.slug}/partager/"))


def test_only_landlords_of_ones_sector_and_known_shapes(
    nadia: Any, client_of: Any, campaign: Campaign, residence: Residence, agency2: Any
) -> None:
    url = f"/campagnes/{campaign.slug}/partager/{residence.landlord.pk}"
    zoe = factories.make_user("zoe@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    factories.limit_to(zoe, agency2)
    assert client_of(zoe).get(f"{url}/large.png").status_code == 404
    assert nadia.post(f"{url}/affiche.png").status_code == 404
    assert nadia.get(f"/campagnes/{campaign.slug}/partager/999999/large.png").status_code == 404
    assert nadia.post(f"/campagnes/{campaign.slug}/partager/").status_code == 405
