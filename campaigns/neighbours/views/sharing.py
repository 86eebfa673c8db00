"""« Partager »: the pictures and the words of a campaign, for coordinators; and the picture that networks ask for."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.common import scope
from campaigns.models import Campaign
from campaigns.neighbours import sharing
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, public, role_required
from tenants.models import Landlord

# A network reads it again after this; its address changes with what it says.
HOUR = 3600


def _campaign(slug: str) -> Campaign:
    return get_object_or_404(Campaign.objects.exclude(status=Campaign.Status.PURGED), slug=slug)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def share_page(request: SignedInRequest, slug: str) -> HttpResponse:
    """What one landlord shares: a preview, the pictures, the texts."""
    campaign = _campaign(slug)
    landlords = list(sharing.landlords_of(scope.visible_cases(request.user).filter(campaign=campaign)))
    asked = request.GET.get("bailleur", "")
    landlord = next((one for one in landlords if str(one.pk) == asked), landlords[0] if landlords else None)
    context: dict[str, object] = {"campaign": campaign, "landlords": landlords, "landlord": landlord}
    if landlord is not None:
        share = sharing.of(campaign, landlord)
        context |= {
            "share": share,
            "title": sharing.TITLE,
            "site": share.address.partition("//")[2].partition("/")[0],
            "shapes": [(shape, *size) for shape, size in sharing.SIZES.items()],
            "preview": reverse("coordinator:share_image", args=[slug, landlord.pk, sharing.OF_A_LINK]),
            "online": sharing.running_campaign(landlord),
        }
    return render(request, "neighbours/share.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def share_image(request: SignedInRequest, slug: str, landlord_id: int, shape: str) -> HttpResponse:
    """The picture: shown by a GET, taken away (and journaled) by a POST."""
    campaign = _campaign(slug)
    seen = sharing.landlords_of(scope.visible_cases(request.user).filter(campaign=campaign))
    landlord = get_object_or_404(seen, pk=landlord_id)
    if shape not in sharing.SIZES:
        raise Http404
    if request.method == "GET":
        response = HttpResponse(sharing.picture(sharing.of(campaign, landlord), shape), content_type="image/png")
    else:
        made = sharing.download(campaign=campaign, landlord=landlord, shape=shape, by=request.user)
        response = HttpResponse(made, content_type="image/png")
        width, height = sharing.SIZES[shape]
        response["Content-Disposition"] = f'attachment; filename="voisins-{width}x{height}.png"'
    response["Cache-Control"] = "private, no-store"
    return response


@public
@cache_control(public=True, max_age=HOUR)
@require_GET
def share_picture(request: HttpRequest, shape: str, landlord_code: str = "") -> HttpResponse:
    """For networks, without an account nor a cookie; a landlord whom nobody calls for has none."""
    if shape not in sharing.SIZES:
        raise Http404
    share = sharing.of_everybody()
    if landlord_code:
        found = sharing.online(get_object_or_404(Landlord, code=landlord_code))
        if found is None:
            raise Http404
        share = found
    response = HttpResponse(sharing.picture(share, shape), content_type="image/png")
    response["X-Robots-Tag"] = "noindex"
    return response
