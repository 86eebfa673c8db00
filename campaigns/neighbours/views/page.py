"""A neighbour's worry: a form for everybody, the same answer whoever lives there."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.common.views import open_pages as shared
from campaigns.neighbours import reports, sharing
from campaigns.neighbours.forms import NeighbourForm
from campaigns.referrals.views.partner import private
from solidarites import limits
from solidarites.addresses import client_address
from solidarites.limits import Limit
from solidarites.roles import public

# A whole stairwell may share one address; a robot stops soon.
PER_ADDRESS, ADDRESS_WINDOW = 6, 10 * 60
IN_ALL, WHOLE_WINDOW = 60, 60 * 60


@public
@private
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, code: str = "") -> HttpResponse:
    """The form; a poster's code says which residence, a landlord's whose page it is; an unknown code says nothing."""
    if not reports.is_open():
        return render(request, "neighbours/neighbour_closed.html")
    residence, landlord, share = sharing.behind(code)
    known = residence is not None or landlord is not None
    page = settings.SITE_URL + (request.path if known else reverse("public:neighbour"))
    context: dict[str, object] = {"residence": residence, "landlord": landlord, "tags": sharing.tags(share, page)}
    if request.method == "GET":
        return _page(request, NeighbourForm(residence=residence), context)
    form = NeighbourForm(request.POST, residence=residence)
    if form.data.get("site"):
        # A robot filled the field that nobody sees: it gets the answer that everybody gets.
        return redirect("public:neighbour_thanks")
    if not form.is_valid():
        return _page(request, form, context)
    address = client_address(request)
    here, everywhere = Limit(PER_ADDRESS, ADDRESS_WINDOW), Limit(IN_ALL, WHOLE_WINDOW)
    if not limits.within(f"neighbour:{address}", here) or not limits.within("neighbour:all", everywhere):
        return shared.too_many(request)
    said = {name: value for name, value in form.cleaned_data.items() if name != "site"}
    reports.receive(**said, residence=residence, now=timezone.now())
    return redirect("public:neighbour_thanks")


def _page(request: HttpRequest, form: NeighbourForm, context: dict[str, object]) -> HttpResponse:
    return render(request, "neighbours/neighbour.html", {"form": form, **context})


@public
@private
@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "neighbours/neighbour_thanks.html")
