"""What a volunteer shares with the team: a word read, a call that touched them, meetings, moments without names."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.calls.views.done import RECENT
from campaigns.calls.views.labels import past_label, when_label
from campaigns.common.views.pages import page_of, posted
from campaigns.models import Call, Campaign, CampaignVolunteer, SharedMoment
from campaigns.team import debriefs, reviews
from campaigns.team.forms import MomentForm
from solidarites import journal
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required


def notes_of(user: User, now: datetime) -> list[dict[str, object]]:
    """The kind words waiting on the home: from whom, about the call of when."""
    return [
        {
            "review": one,
            "who": one.by.get_short_name() if one.by else "La coordination",
            "at": past_label(one.call.recorded_at or one.at, now, one.call.case.campaign.tz),
        }
        for one in reviews.unread(user)[:5]
    ]


@role_required(VOLUNTEER)
@require_POST
def note_read(request: SignedInRequest, review_id: int) -> HttpResponse:
    """« Merci, lu »."""
    if not reviews.mark_read(review_id=review_id, by=request.user, now=timezone.now()):
        journal.record("access.refused", by=request.user, route="caller:note_read", review=review_id)
        raise Http404
    return redirect("caller:home")


@role_required(VOLUNTEER)
@require_POST
def touched(request: SignedInRequest, call_id: int) -> HttpResponse:
    """« Cet appel m'a touché(e) », said once it is recorded."""
    now = timezone.now()
    mine = Call.objects.filter(pk=call_id, volunteer=request.user, recorded_at__gte=now - RECENT)
    call = mine.exclude(state=Call.State.DRAFT).select_related("case__campaign").first()
    if call is None:
        journal.record("access.refused", by=request.user, route="caller:touched", call=call_id)
        raise Http404
    debriefs.ask(call=call, by=request.user, now=now)
    return redirect("caller:done", call_id)


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
@never_cache
def sharing(request: SignedInRequest) -> HttpResponse:
    """« Temps d'échange »: the next meetings, and the moments of the team; POST leaves one."""
    now = timezone.now()
    running = (Campaign.Status.OPEN, Campaign.Status.PAUSED)
    mine = CampaignVolunteer.objects.filter(user=request.user, active=True, campaign__status__in=running)
    campaigns = [one.campaign for one in mine.select_related("campaign").order_by("campaign__name")]
    form, warnings = MomentForm(posted(request)), []
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        warnings = debriefs.moment_warnings(text)
        chosen = next((one for one in campaigns if str(one.pk) == request.POST.get("campaign", "")), None)
        if chosen is None:
            form.add_error(None, "Choisissez la campagne de votre équipe.")
        elif not warnings or form.cleaned_data["seen"] == text:
            try:
                debriefs.share_moment(campaign=chosen, text=text, by=request.user, now=now)
            except debriefs.DebriefError as error:
                form.add_error("text", str(error))
            else:
                messages.success(request, "Votre moment est partagé avec l'équipe, sans votre nom.")
                return redirect("caller:sharing")
    context = {
        "meetings": meetings_of(request.user, now),
        "campaigns": campaigns,
        "chosen": request.POST.get("campaign", str(campaigns[0].pk) if campaigns else ""),
        "form": form,
        "warnings": warnings,
        "page_obj": page_of(request, debriefs.moments_for(request.user), per_page=20),
        "now": now,
        "nav_exact": True,
    }
    return render(request, "team/sharing.html", context)


def meetings_of(user: User, now: datetime) -> list[dict[str, object]]:
    """The coming meetings, with their hour in words."""
    return [
        {"meeting": one, "when": when_label(one.starts_at, now, one.campaign.tz), "now": one.starts_at <= now}
        for one in debriefs.next_meetings(user, now)[:5]
    ]


@role_required(VOLUNTEER)
@require_POST
def moment_remove(request: SignedInRequest, moment_id: int) -> HttpResponse:
    """Take one's own moment back."""
    moment = get_object_or_404(SharedMoment, pk=moment_id, author=request.user)
    debriefs.remove_moment(moment=moment, by=request.user, now=timezone.now())
    messages.success(request, "Votre moment est retiré.")
    return redirect("caller:sharing")
