"""« Bons gestes »: the sheet of each crisis, on a screen and on paper."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from campaigns.models import Crisis
from campaigns.public import gestures
from campaigns.public.views.shared import answer
from solidarites.roles import public


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return answer(
        request,
        "public/gestures_all.html",
        title="Les bons gestes",
        picture="bons-gestes",
        description="Se protéger pendant une épidémie, une canicule, un grand froid.",
        sheets=gestures.sheets(),
    )


@public
@require_GET
def page(request: HttpRequest, crisis: str) -> HttpResponse:
    sheet = _sheet(crisis)
    others = [one for one in gestures.sheets() if one is not sheet]
    return answer(
        request,
        "public/gestures.html",
        title=sheet.title,
        picture="bons-gestes",
        description=sheet.lead,
        sheet=sheet,
        others=others,
    )


@public
@require_GET
def pdf(request: HttpRequest, crisis: str) -> HttpResponse:
    _sheet(crisis)
    response = HttpResponse(gestures.pdf(crisis), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="bons-gestes-{crisis}.pdf"'
    return response


def _sheet(crisis: str) -> gestures.Sheet:
    if crisis not in Crisis.values:
        raise Http404
    return gestures.sheet(crisis)
