"""What networks show of the public pages."""

from __future__ import annotations

import re
import struct

import pytest
from django.utils import timezone

from campaigns.public import loading, pictures


def said(page: str) -> dict[str, str]:
    return dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[\w:]+)" content="([^"]*)">', page))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/questions/", "questions"),
        ("/questions/canicule/", "questions"),
        ("/questions/numeros/", "numeros"),
        ("/bons-gestes/", "bons-gestes"),
        ("/bons-gestes/grand-froid/", "bons-gestes"),
        ("/vos-donnees/", "vos-donnees"),
    ],
)
def test_a_page_that_is_shared_has_a_picture_that_opens(client, db, settings, path, key):
    settings.SITE_URL = "https://appels.exemple.fr"
    loading.load_defaults(now=timezone.now())
    tags = said(client.get(path).content.decode())
    assert tags["og:image"].startswith(f"https://appels.exemple.fr/partage/{key}.png?v=")
    assert tags["og:image:alt"]
    assert tags["twitter:card"] == "summary_large_image"
    picture = client.get(tags["og:image"].removeprefix("https://appels.exemple.fr"))
    assert picture["Content-Type"] == "image/png"
    assert not picture.cookies
    width, height = struct.unpack(">II", picture.content[16:24])
    assert (str(width), str(height)) == (tags["og:image:width"], tags["og:image:height"])
    assert (width, height) == (pictures.WIDTH, pictures.HEIGHT)


def test_a_page_without_a_picture_names_none_and_an_unknown_one_is_none(client, db):
    assert "og:image" not in said(client.get("/mentions-legales/").content.decode())
    assert client.get("/partage/autre.png").status_code == 404
    assert client.post("/partage/questions.png").status_code == 405
