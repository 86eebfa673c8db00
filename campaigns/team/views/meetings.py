"""« Temps d'échange », for coordinators: announce, move, cancel, who comes; moments, to look after and to read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common.views.pages import campaign_filter, page_of, posted
from campaigns.models import Campaign, Meeting, MeetingAnswer, SharedMoment
from campaigns.team import debriefs
from campaigns.team import meetings as rules
from campaigns.team.forms import AnnounceForm, MeetingForm, ReadingForm
from campaigns.team.views.sharing import agenda_response
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

FORTNIGHT = timedelta(days=14)
# More than an hour of reading.
MOST_READ = 200


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def meetings(request: SignedInRequest) -> HttpResponse:
    """The coming meetings and the moments shared; POST announces a meeting, or several."""
    now = timezone.now()
    form = AnnounceForm(posted(request))
    if request.method == "POST" and form.is_valid() and _announced(request, form):
        return redirect("coordinator:meetings")
    chosen = campaign_filter(request)
    coming = Meeting.objects.filter(starts_at__gt=now - rules.LASTS).select_related("campaign")
    moments = SharedMoment.objects.select_related("campaign")
    if chosen["campaign"]:
        coming, moments = coming.filter(campaign=chosen["campaign"]), moments.filter(campaign=chosen["campaign"])
    listed = [one for one in rules.with_answers(coming)[:50] if one.ends_at > now]
    context = {
        "form": form,
        "meetings": [(one, len(rules.coming(one.answers.all()))) for one in listed],
        "page_obj": page_of(request, moments),
        "now": now,
        **chosen,
    }
    return render(request, "team/debrief_meetings.html", context)


def _announced(request: SignedInRequest, form: AnnounceForm) -> bool:
    """Whether it could be; what is wrong is told at its field."""
    data = {name: value for name, value in form.cleaned_data.items() if name not in ("day", "time")}
    try:
        made = rules.plan(**data, by=request.user, now=timezone.now())
    except rules.MeetingError as error:
        form.add_error("until" if data["weeks"] else "campaign", str(error))
        return False
    many = f"{len(made)}\u00a0dates annoncées. " if len(made) > 1 else ""
    messages.success(request, f"{many}Les bénévoles de la campagne le voient sur leur accueil.")
    return True


def _meeting(meeting_id: int) -> Meeting:
    return get_object_or_404(Meeting.objects.select_related("campaign"), pk=meeting_id)


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def meeting(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """One meeting: who comes, and its day, hour and words, to change; POST changes them."""
    now = timezone.now()
    one = _meeting(meeting_id)
    at = one.starts_at.astimezone(one.campaign.tz)
    initial = {"day": at.date(), "time": at.time(), "minutes": one.minutes, "link": one.link, "words": one.words}
    form = MeetingForm(posted(request), campaign=one.campaign, initial=initial)
    if request.method == "POST" and form.is_valid() and _changed(request, one, form):
        return redirect("coordinator:meeting", meeting_id)
    answers = list(rules.with_answers(Meeting.objects.filter(pk=one.pk)).get().answers.all())
    members = one.campaign.memberships.filter(active=True, user__is_active=True).count()
    context = {
        "meeting": one,
        "form": form,
        "comes": [answer.user for answer in answers if answer.comes],
        "stays": [answer.user for answer in answers if not answer.comes],
        "silent": members - len(answers),
        "following": rules.following(one).count(),
        "all": request.POST.get("following") == "1",
        "over": one.ends_at <= now,
        "now": now,
    }
    return render(request, "team/meeting.html", context)


def _changed(request: SignedInRequest, one: Meeting, form: MeetingForm) -> bool:
    data: dict[str, Any] = {name: value for name, value in form.cleaned_data.items() if name not in ("day", "time")}
    answered, all_of_them = _who_comes(one), request.POST.get("following") == "1"
    moves = data["starts_at"] != one.starts_at
    try:
        rows = rules.change(meeting=one, **data, following=all_of_them, by=request.user, now=timezone.now())
    except rules.MeetingError as error:
        form.add_error("day", str(error))
        return False
    many = f"{len(rows)}\u00a0dates sont changées." if len(rows) > 1 else "C'est changé."
    asked = " Les bénévoles sont invités à répondre de nouveau." if moves else ""
    messages.success(request, f"{many}{asked}{_to_tell(answered) if moves else ''}")
    return True


@role_required(COORDINATOR)
@require_POST
def meeting_cancel(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """This date, or with ``following`` those after it too."""
    one = _meeting(meeting_id)
    answered, all_of_them = _who_comes(one), request.POST.get("following") == "1"
    try:
        rows = rules.cancel(meeting=one, following=all_of_them, by=request.user, now=timezone.now())
    except rules.MeetingError as error:
        messages.info(request, str(error))
    else:
        what = f"{len(rows)}\u00a0temps d'échange sont annulés." if len(rows) > 1 else "Le temps d'échange est annulé."
        messages.success(request, f"{what} Il reste affiché, barré, à qui comptait venir.{_to_tell(answered)}")
    return redirect("coordinator:meetings")


def _who_comes(one: Meeting) -> list[str]:
    comes = MeetingAnswer.objects.filter(meeting=one, comes=True).select_related("user").order_by("user__last_name")
    return [answer.user.display_name for answer in comes]


def _to_tell(names: list[str]) -> str:
    return f" À prévenir\u00a0: {', '.join(names)}." if names else ""


@role_required(COORDINATOR)
@require_GET
def meeting_agenda(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    return agenda_response([_meeting(meeting_id)])


@role_required(COORDINATOR)
@require_GET
def reading(request: SignedInRequest) -> HttpResponse:
    """The moments of chosen days on one page in large type, to read together or to print; no name, no hour."""
    campaigns = Campaign.objects.exclude(status=Campaign.Status.PURGED)
    today = timezone.localdate()
    # The latest campaign and its last two weeks, until somebody chooses.
    latest = campaigns.first()
    wanted = {"campagne": latest.slug if latest else "", "du": str(today - FORTNIGHT), "au": str(today)}
    form = ReadingForm(wanted | request.GET.dict(), campaigns=campaigns)
    moments: list[SharedMoment] = []
    if form.is_valid():
        chosen = form.cleaned_data
        moments = list(debriefs.moments_between(chosen["campagne"], chosen["du"], chosen["au"])[:MOST_READ])
    return render(request, "team/reading.html", {"form": form, "moments": moments})


@role_required(COORDINATOR)
@require_POST
def moment_remove(request: SignedInRequest, moment_id: int) -> HttpResponse:
    moment = get_object_or_404(SharedMoment, pk=moment_id)
    debriefs.remove_moment(moment=moment, by=request.user, now=timezone.now())
    messages.success(request, "Ce moment est retiré.")
    return redirect("coordinator:meetings")
