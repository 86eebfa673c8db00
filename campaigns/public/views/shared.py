"""What the pages that anybody reads have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from campaigns.public.pictures import PICTURES, Picture


@dataclass(frozen=True)
class Shared:
    """What a message that carries the address of the page shows of it (Open Graph)."""

    title: str
    description: str
    address: str
    picture: Picture | None


def answer(
    request: HttpRequest,
    template: str,
    *,
    title: str,
    description: str,
    address: str = "",
    picture: str = "",
    indexed: bool = True,
    **context: Any,
) -> HttpResponse:
    """A public page: no cookie, and the same for everybody. ``address`` is its own path when that of the request is
    only a way to it, ``picture`` the key of what networks show beside it; a page that is not ``indexed`` says so to
    search engines."""
    said = Shared(title, description, settings.SITE_URL + (address or request.path), PICTURES.get(picture))
    response = render(request, template, {**context, "shared": said, "indexed": indexed})
    if not indexed:
        response["X-Robots-Tag"] = "noindex"
    return response
