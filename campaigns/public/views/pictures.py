"""The picture of a public page, for networks: without an account nor a cookie."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from campaigns.public.pictures import PICTURES
from solidarites.roles import public

HOUR = 3600


@public
@cache_control(public=True, max_age=HOUR)
@require_GET
def picture(request: HttpRequest, page: str) -> HttpResponse:
    found = PICTURES.get(page)
    if found is None:
        raise Http404
    response = HttpResponse(found.png, content_type="image/png")
    response["X-Robots-Tag"] = "noindex"
    return response
