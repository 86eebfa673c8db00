"""A habit of the calling page changed from the page itself, without losing a word of the call."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from campaigns import calls, queue
from campaigns.calls.forms import Typed
from campaigns.calls.views.place import place_of
from solidarites import accounts, journal
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required

# Where the page opens again: beside what was changed.
HABITS = {"hide_number": "numero", "keyboard_shortcuts": "raccourcis"}


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def preference(request: SignedInRequest, case_id: int) -> HttpResponse:
    """« Masquer mon numéro », « Couper les raccourcis »: kept for every call to come."""
    if request.method == "GET":
        return redirect("caller:call", case_id)
    now = timezone.now()
    place = place_of(case_id=case_id, by=request.user, now=now)
    if place is None:
        journal.record("access.refused", by=request.user, route="caller:preference", case=case_id)
        raise Http404
    typed = Typed.from_post(request.POST, place.content, place.keys)
    try:
        calls.save_draft(
            case_id=case_id, by=request.user, answers=typed.answers, comment=typed.comment, extra=typed.fields, now=now
        )
    except queue.NotYoursError as error:
        raise Http404 from error
    anchor = ""
    for name, place_on_page in HABITS.items():
        if request.POST.get(name) in ("0", "1"):
            accounts.set_habit(user=request.user, name=name, value=request.POST[name] == "1")
            anchor = f"#{place_on_page}"
    return redirect(reverse("caller:call", args=[case_id]) + anchor)
