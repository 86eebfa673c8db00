"""A call posted just after the session ended, from a page without script: its text waits beside the sign-in.

It is kept in the session itself, only where one has just ended of idleness, for a quarter of an hour; it comes back
into the form of the very draft it was written in, and is dropped once that form is posted.
"""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone

from campaigns.calls.forms import Typed
from campaigns.calls.views.place import Place
from solidarites.requests import SignedInRequest
from solidarites.roles import OfAnybody

KEY = "call_posted"
WAITS = timedelta(minutes=15)
LIMIT = 50_000


def kept_over_sign_in(view: OfAnybody[[int], HttpResponse]) -> OfAnybody[[int], HttpResponse]:
    """Keep what is posted when the session has just ended, and lead back to the call by the sign-in page."""

    # Keeps what was posted before it asks who is there; whatever else comes is answered by the view's own role.
    @login_not_required
    @wraps(view)
    def checked(request: HttpRequest, case_id: int) -> HttpResponse:
        if request.method != "POST" or request.user.is_authenticated or not request.session.get("idle_ended"):
            return view(request, case_id)
        form = request.POST.urlencode()
        if len(form) <= LIMIT:
            request.session[KEY] = {"case": case_id, "at": timezone.now().timestamp(), "form": form}
        return redirect_to_login(reverse("caller:call", args=[case_id]))

    return checked


def typed_before_sign_in(request: SignedInRequest, place: Place) -> Typed | None:
    """What was posted to this very draft before signing in again, and words that say so; nothing is written."""
    kept: dict[str, Any] = request.session.get(KEY) or {}
    if kept.get("case") != place.case.pk or place.now.timestamp() - kept["at"] > WAITS.total_seconds():
        return None
    form = QueryDict(kept["form"])
    if form.get("submission") != str(place.draft.submission):
        return None
    messages.info(
        request, "Votre session était terminée. Ce que vous aviez écrit est revenu : relisez, puis enregistrez."
    )
    return Typed.from_post(form, place.content, place.keys)


def forget_kept(request: SignedInRequest) -> None:
    request.session.pop(KEY, None)
