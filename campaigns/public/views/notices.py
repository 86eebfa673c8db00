"""What people are told of their data, who publishes this site, and how accessible it is."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from campaigns.models import Campaign
from campaigns.public import notices
from campaigns.public.views.shared import answer
from solidarites.roles import public
from tenants.models import Landlord


@public
@require_GET
def data(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The notice of one campaign; without a name, that of the only one that calls, or the choice between several."""
    if slug:
        campaign = get_object_or_404(notices.told(), slug=slug)
        running = [campaign]
    else:
        running = list(notices.running())
    only = running[0] if len(running) == 1 else None
    over = only is not None and only.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED)
    return answer(
        request,
        "public/data.html",
        title="Vos données",
        picture="vos-donnees",
        description="À quoi servent vos données, qui les lit, quand elles sont effacées, et quels sont vos droits.",
        indexed=not over,
        notice=notices.notice(only) if only else None,
        campaigns=running if only is None else [],
        contact=notices.contact(),
    )


@public
@require_GET
def legal(request: HttpRequest) -> HttpResponse:
    return answer(
        request,
        "public/legal.html",
        title="Mentions légales",
        description="Qui publie ce site, et qui l'héberge.",
        publisher=settings.LEGAL_PUBLISHER,
        director=settings.LEGAL_DIRECTOR,
        host=settings.LEGAL_HOST,
        landlords=list(Landlord.objects.all()),
    )


@public
@require_GET
def accessibility(request: HttpRequest) -> HttpResponse:
    return answer(
        request,
        "public/accessibility.html",
        title="Accessibilité",
        description="Ce qui a été vérifié, ce qui ne l'a pas été, et à qui dire une difficulté.",
        accessibility_contact=settings.ACCESSIBILITY_CONTACT,
        contact=notices.contact(),
    )
