"""« Bien commencer »: the first page of a new volunteer, and the sheet to keep beside the telephone."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from campaigns.common.views.pages import pdf_response
from campaigns.models import Campaign
from campaigns.team import welcome as rules
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, VOLUNTEER, role_required
from tenants.models import Agency

FILE = "fiche-benevole"


@role_required(VOLUNTEER)
@require_GET
@never_cache
def welcome(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    found = rules.memberships(request.user).prefetch_related("agencies", "campaign__landlords")
    places = [(one.campaign_id, rules.place_of(one.campaign, one.agencies.all(), now)) for one in found]
    context = {"places": places, "vital": rules.VITAL, "trained": request.user.trained_at, "nav_exact": True}
    return render(request, "team/welcome.html", context)


@role_required(VOLUNTEER)
@require_GET
def sheet(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """Of a campaign of one's own, with the coordinators of one's sectors."""
    one = get_object_or_404(rules.memberships(request.user), campaign=campaign_id)
    return pdf_response(rules.sheet(one.campaign, one.agencies.all(), timezone.now()), FILE)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def campaign_sheet(request: SignedInRequest, slug: str) -> HttpResponse:
    """The same for the whole team, to print before a first meeting."""
    campaign = get_object_or_404(Campaign.objects.exclude(status=Campaign.Status.PURGED), slug=slug)
    return pdf_response(rules.sheet(campaign, Agency.objects.none(), timezone.now()), FILE)
