"""« À écouter »: a volunteer whom a call touched, listened to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common.views.pages import campaign_filter, narrowed, page_of, posted
from campaigns.models import Case, Debrief
from campaigns.team import debriefs
from campaigns.team.forms import ContactForm
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
