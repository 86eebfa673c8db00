"""« À écouter » and « Temps d'échange »: the team that calls, listened to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common.views.pages import campaign_filter, narrowed, page_of, posted
from campaigns.models import Case, Debrief, Meeting, SharedMoment
from campaigns.team import debriefs
from campaigns.team.forms import ContactForm, MeetingForm
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

STATES = {"": "À écouter", "closed": "Closes"}


@role_required(COORDINATOR)
@require_GET
def debrief_list(request: SignedInRequest) -> HttpResponse:
    """Who would like to talk, since when; nothing of the household."""
    state = request.GET.get("etat", "")
    state = state if state in STATES else ""
    chosen = campaign_filter(request)
    rows = debriefs.visible(request.user).filter(closed_at__isnull=state != "closed")
    if any(request.GET.get(name) for name in ("campagne", "agence", "commune")):
        rows = rows.filter(call__case__in=narrowed(request, Case.objects.order_by()).values("pk"))
    page = page_of(request, rows.order_by("-closed_at" if state else "asked_at", "pk"))
    context = {"page_obj": page, "state": state, "states": STATES, "now": timezone.now(), **chosen}
    return render(request, "team/debrief_list.html", context)


def _debrief(request: SignedInRequest, debrief_id: int) -> Debrief:
    return get_object_or_404(debriefs.visible(request.user), pk=debrief_id)


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def debrief(request: SignedInRequest, debrief_id: int) -> HttpResponse:
    """One person to listen to; POST notes the day of the contact."""
    found = _debrief(request, debrief_id)
    now = timezone.now()
    form = ContactForm(posted(request), initial={"on": found.contacted_on or timezone.localdate(now)})
    if request.method == "POST" and form.is_valid():
        try:
            debriefs.contacted(debrief=found, on=form.cleaned_data["on"], by=request.user, now=now)
        except debriefs.DebriefError as error:
            form.add_error("on", str(error))
        else:
            messages.success(request, "C'est noté.")
            return redirect("coordinator:debrief", debrief_id)
    journal.record("debrief.read", found, by=request.user, campaign_id=found.call.case.campaign_id)
    return render(request, "team/debrief.html", {"debrief": found, "form": form, "now": now})


@role_required(COORDINATOR)
@require_POST
def debrief_close(request: SignedInRequest, debrief_id: int) -> HttpResponse:
    if debriefs.close(debrief=_debrief(request, debrief_id), by=request.user, now=timezone.now()):
        messages.success(request, "La demande est close.")
    else:
        messages.info(request, "Cette demande était déjà close.")
    return redirect("coordinator:debrief_list")


# Meetings and moments -----------------------------------------------------------------------------------


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def meetings(request: SignedInRequest) -> HttpResponse:
    """The coming meetings and the moments shared; POST announces a meeting."""
    now = timezone.now()
    form = MeetingForm(posted(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            debriefs.plan_meeting(
                campaign=data["campaign"],
                starts_at=data["starts_at"],
                link=data["link"],
                words=data["words"],
                by=request.user,
                now=now,
            )
        except debriefs.DebriefError as error:
            form.add_error("campaign", str(error))
        else:
            messages.success(request, "Les bénévoles de la campagne le voient sur leur accueil.")
            return redirect("coordinator:meetings")
    chosen = campaign_filter(request)
    coming = Meeting.objects.filter(starts_at__gt=now - debriefs.LASTS).select_related("campaign")
    moments = SharedMoment.objects.select_related("campaign")
    if chosen["campaign"]:
        coming, moments = coming.filter(campaign=chosen["campaign"]), moments.filter(campaign=chosen["campaign"])
    context = {"form": form, "meetings": coming[:50], "page_obj": page_of(request, moments), "now": now, **chosen}
    return render(request, "team/debrief_meetings.html", context)


@role_required(COORDINATOR)
@require_POST
def meeting_cancel(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    meeting = get_object_or_404(Meeting, pk=meeting_id)
    debriefs.cancel_meeting(meeting=meeting, by=request.user, now=timezone.now())
    messages.success(request, "Le temps d'échange est annulé. Prévenez les personnes qui comptaient venir.")
    return redirect("coordinator:meetings")


@role_required(COORDINATOR)
@require_POST
def moment_remove(request: SignedInRequest, moment_id: int) -> HttpResponse:
    moment = get_object_or_404(SharedMoment, pk=moment_id)
    debriefs.remove_moment(moment=moment, by=request.user, now=timezone.now())
    messages.success(request, "Ce moment est retiré.")
    return redirect("coordinator:meetings")
