"""A volunteer's own absences, and their follow-ups in their own agenda."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from campaigns import followups
from campaigns.followups import absences as rules
from campaigns.followups import feed as feeds
from campaigns.followups.forms import AbsenceForm
from campaigns.followups.views.away import absence_rows, said
from campaigns.models import Absence, CalendarFeed
from solidarites.forms import say_refusal
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, public, role_required


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def absences(request: SignedInRequest) -> HttpResponse:
    """« Mes absences »; POST notes one."""
    now = timezone.now()
    form = AbsenceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            absence = followups.add_absence(user=request.user, by=request.user, now=now, **form.cleaned_data)
        except followups.FollowUpError as error:
            say_refusal(form, error)
        else:
            messages.success(request, f"C'est noté, merci. {said(rules.effect_of(absence, now))}")
            return redirect("caller:absences")
    return render(request, "followups/absences.html", {"form": form, **absence_rows(request.user, now)})


@role_required(VOLUNTEER)
@require_POST
def absence_end(request: SignedInRequest, absence_id: int) -> HttpResponse:
    absence = get_object_or_404(Absence, user=request.user, pk=absence_id)
    followups.end_absence(absence=absence, by=request.user, now=timezone.now())
    messages.success(request, "L'absence est levée. Vos prochains suivis vous reviennent.")
    return redirect("caller:absences")


# One's own agenda ------------------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_GET
@never_cache
def agenda(request: SignedInRequest) -> HttpResponse:
    """The secret link of one's own follow-ups, for an agenda."""
    feed = CalendarFeed.objects.filter(user=request.user).first()
    link = settings.SITE_URL + reverse("agenda", args=[feeds.token_of(feed)]) if feed else ""
    return render(request, "followups/agenda.html", {"feed": feed, "link": link})


@role_required(VOLUNTEER)
@require_POST
def agenda_renew(request: SignedInRequest) -> HttpResponse:
    feeds.renew(user=request.user, now=timezone.now())
    messages.success(request, "Votre lien est prêt. Un lien plus ancien ne montre plus rien.")
    return redirect("caller:agenda")


@role_required(VOLUNTEER)
@require_POST
def agenda_revoke(request: SignedInRequest) -> HttpResponse:
    feeds.revoke(user=request.user)
    messages.success(request, "Le lien est retiré\u00a0: il ne montre plus rien.")
    return redirect("caller:agenda")


@public
@require_safe
def agenda_file(request: SignedInRequest, token: str) -> HttpResponse:
    """What an agenda reads, by the link alone; every link that opens nothing gets the same answer."""
    owner = feeds.owner_of(token)
    if owner is None:
        response = HttpResponse("Ce lien n'existe pas ou n'existe plus.\n", content_type="text/plain; charset=utf-8")
        response.status_code = 404
    else:
        response = HttpResponse(feeds.agenda(owner, timezone.now()), content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="suivis.ics"'
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
