"""« Appels à relire »: a sample of calls, a kind word for who made them."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from campaigns.calls.views.answers import answers_in_words
from campaigns.common.views.pages import campaign_filter, narrowed, page_of, with_people
from campaigns.models import Call, Case
from campaigns.team import reviews
from campaigns.team.forms import NoteForm
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

LONGEST = timedelta(hours=1)
# What one reads in a sitting, and a phone still scrolls.
PER_PAGE = 20


@role_required(COORDINATOR)
@require_GET
def review_list(request: SignedInRequest) -> HttpResponse:
    """Who called, when, what came of it, by volunteer: nobody's household is named before the call is opened."""
    chosen = campaign_filter(request)
    rows = reviews.waiting(request.user).select_related("volunteer", "case__campaign", "case__agency")
    if any(request.GET.get(name) for name in ("campagne", "agence", "commune")):
        rows = rows.filter(case__in=narrowed(request, Case.objects.order_by()).values("pk"))
    page = page_of(request, reviews.by_volunteer(rows), PER_PAGE)
    for call in page.object_list:
        call.minutes = minutes_of(call)
    return render(
        request,
        "team/review_list.html",
        {"page_obj": page, "now": timezone.now(), "several": chosen["campaign"] is None, **chosen},
    )


def minutes_of(call: Call) -> int:
    """How long it lasted, from the opening of the page to the recording; never more than an hour."""
    if call.recorded_at is None:
        return 0
    return max(1, round(min(call.recorded_at - call.started_at, LONGEST).total_seconds() / 60))


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def review_call(request: SignedInRequest, call_id: int) -> HttpResponse:
    """One call, read again; POST says so, with a word or without."""
    found = reviews.may_review(request.user).select_related(
        "volunteer", "script", "review__by", "case__campaign", "case__household__landlord", "case__agency"
    )
    call = get_object_or_404(found.prefetch_related(with_people("case__household")), pk=call_id)
    with_note = request.method == "POST" and request.POST.get("act") == "note"
    form = NoteForm(request.POST if with_note else None)
    if request.method == "POST" and (not with_note or form.is_valid()):
        note = form.cleaned_data["note"] if with_note else ""
        try:
            reviews.review(call=call, note=note, by=request.user, now=timezone.now())
        except reviews.ReviewError as error:
            messages.error(request, str(error))
        else:
            assert call.volunteer is not None  # noqa: S101 - may_review leaves those out
            who = call.volunteer.get_short_name()
            messages.success(request, f"Relu. {who} trouvera votre mot sur son accueil." if note else "Relu.")
        return redirect("coordinator:review_list")
    journal.of_case("call.read", call.case, call, by=request.user)
    context = {
        "call": call,
        "case": call.case,
        "words": answers_in_words(call),
        "minutes": minutes_of(call),
        "form": form,
        "review": getattr(call, "review", None),
        "now": timezone.now(),
    }
    return render(request, "team/review_call.html", context)
