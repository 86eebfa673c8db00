"""Posters of a campaign's residences, one by one or a whole agency."""

from __future__ import annotations

from itertools import groupby

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from campaigns.common import scope
from campaigns.common.views.pages import pdf_response
from campaigns.models import Campaign
from campaigns.neighbours import posters
from campaigns.neighbours.forms import PosterForm
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def poster_page(request: SignedInRequest, slug: str) -> HttpResponse:
    """The residences by agency; a POST makes the PDF of one residence, of one agency, or of all."""
    campaign = get_object_or_404(Campaign.objects.exclude(status=Campaign.Status.PURGED), slug=slug)
    residences = posters.residences_of(scope.visible_cases(request.user).filter(campaign=campaign))
    if request.method == "POST":
        form = PosterForm(request.POST)
        for name in ("residence", "agency"):
            value = request.POST.get(name, "")
            if value:
                number = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0
                residences = residences.filter(**{"pk" if name == "residence" else "agency": number})
        try:
            pdf = posters.make(
                campaign=campaign,
                residences=list(residences[: posters.MOST + 1]),
                size=form.cleaned_data["size"] if form.is_valid() else "",
                by=request.user,
                now=timezone.now(),
            )
        except posters.PosterError as error:
            messages.error(request, str(error))
            return redirect("coordinator:posters", slug)
        return pdf_response(pdf, "affiches")
    groups = [(agency, list(found)) for agency, found in groupby(residences, key=lambda one: one.agency)]
    context = {"campaign": campaign, "groups": groups, "sizes": posters.SIZES}
    return render(request, "neighbours/posters.html", context)
