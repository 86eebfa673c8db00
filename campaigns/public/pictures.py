"""What a network shows beside the address of a public page: one picture for each sort of page, drawn on the server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse

from campaigns.common import documents

WIDTH, HEIGHT = 1200, 630


@dataclass(frozen=True)
class Picture:
    key: str
    title: str
    words: str

    @property
    def alternative(self) -> str:
        """The picture, for those who do not see it: all that it says."""
        return f"{self.title}. {self.words}"

    @property
    def address(self) -> str:
        """Whole, as networks ask for it; another one when the picture says something else, for they keep it."""
        version = hashlib.sha256(f"{self.alternative} {settings.DEMO}".encode()).hexdigest()[:12]
        return f"{settings.SITE_URL}{reverse('public:picture', args=[self.key])}?v={version}"

    @property
    def png(self) -> bytes:
        """Made once a process: anybody may ask for it, as often as they like."""
        return _drawn(self, settings.DEMO)


PICTURES = {
    one.key: one
    for one in (
        Picture(
            "questions",
            "Vos questions, nos réponses",
            "Les appels, les arnaques, l'aide à la maison, les voisins, vos données.",
        ),
        Picture("numeros", "Les numéros utiles", "En cas d'urgence, pour parler, pour se faire aider."),
        Picture("bons-gestes", "Les bons gestes", "Se protéger pendant une épidémie, une canicule, un grand froid."),
        Picture("vos-donnees", "Vos données", "À quoi elles servent, qui les lit, quand elles sont effacées."),
    )
}


@cache
def _drawn(picture: Picture, demo: bool) -> bytes:
    said = {"title": picture.title, "words": picture.words, "width": WIDTH, "height": HEIGHT}
    return documents.png("page", {**said, "address": documents.written("/").rstrip("/")})
