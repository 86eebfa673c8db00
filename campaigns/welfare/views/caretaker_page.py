"""The caretaker's page, on a phone, behind an expiring link. No account.

Every link that does not open gets the same page and the same words, whatever is wrong with it.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns.common.views import open_pages as shared
from campaigns.models import CaretakerRound, CaretakerVisit
from campaigns.referrals.views.partner import private
from campaigns.welfare import caretakers, letters
from solidarites import limits
from solidarites.addresses import client_address
from solidarites.limits import Limit
from solidarites.roles import public

# Openings and answers of one address in ten minutes: a large residence fits, guessing does not.
MOST, WINDOW = 120, 10 * 60


def _limited(request: HttpRequest) -> bool:
    return not limits.within(f"caretaker:{client_address(request)}", Limit(MOST, WINDOW))


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "welfare/caretaker_over.html")


@public
@private
@require_GET
def doors(request: HttpRequest, token: str) -> HttpResponse:
    if _limited(request):
        return shared.too_many(request)
    now = timezone.now()
    made = caretakers.find(token, now)
    if made is None:
        return _over(request)
    caretakers.note_opening(made=made, now=now)
    return _page(request, made, token)


def _page(request: HttpRequest, made: CaretakerRound, token: str) -> HttpResponse:
    visits = caretakers.doors_of(made)
    context = {
        "made": made,
        "token": token,
        # The residence is known: the town adds nothing.
        "visits": [
            (visit, letters.names_of(visit.check_row.case), visit.check_row.case.household.address_lines[:-1])
            for visit in visits
        ],
        "left": sum(1 for visit in visits if not visit.answer),
        "answers": CaretakerVisit.Answer,
    }
    return render(request, "welfare/caretaker.html", context)


@public
@private
@require_POST
def answer(request: HttpRequest, token: str, visit_id: int) -> HttpResponse:
    if _limited(request):
        return shared.too_many(request)
    now = timezone.now()
    made = caretakers.find(token, now)
    if made is None:
        return _over(request)
    try:
        caretakers.answer(made=made, visit_id=visit_id, answer=request.POST.get("answer", ""), now=now)
    except caretakers.CaretakerError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Merci, c'est noté.")
    return redirect("public:caretaker", token)
