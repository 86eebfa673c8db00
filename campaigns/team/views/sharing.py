"""What a volunteer shares with the team: a word read, a call that touched them, meetings, moments without names."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.calls.views.done import RECENT
from campaigns.calls.views.labels import past_label, when_label
from campaigns.common.views.pages import back, page_of, posted
from campaigns.models import Call, Campaign, CampaignVolunteer, Meeting, SharedMoment
from campaigns.team import agenda, debriefs, meetings, reviews
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
        "meetings": meetings_of(request.user, now, most=20),
        "campaigns": campaigns,
        "chosen": request.POST.get("campaign", str(campaigns[0].pk) if campaigns else ""),
        "form": form,
        "warnings": warnings,
        "page_obj": page_of(request, debriefs.moments_for(request.user), per_page=20),
        "now": now,
        "nav_exact": True,
    }
    return render(request, "team/sharing.html", context)


def meetings_of(user: User, now: datetime, *, most: int = 5) -> list[dict[str, object]]:
    """The coming meetings with their hour in words, who comes, and what this volunteer answered.

    One that is cancelled stays in sight of who meant to come, until its hour.
    """
    rows = meetings.with_answers(meetings.of_volunteer(user, now))
    found = [_meeting_row(one, user, now) for one in rows if one.ends_at > now]
    return [row for row in found if not row["cancelled"] or row["mine"]][:most]


def _meeting_row(one: Meeting, user: User, now: datetime) -> dict[str, object]:
    answers = list(one.answers.all())
    return {
        "meeting": one,
        "when": when_label(one.starts_at, now, one.campaign.tz),
        "now": one.starts_at <= now,
        "cancelled": one.cancelled_at is not None,
        "coming": len(meetings.coming(answers)),
        "answer": next(("comes" if given.comes else "stays" for given in answers if given.user_id == user.pk), ""),
        "mine": any(given.user_id == user.pk and given.comes for given in answers),
    }


@role_required(VOLUNTEER)
@require_POST
def meeting_answer(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """« Je viens », « Je ne viens pas »."""
    one = _mine(request, meeting_id)
    comes = request.POST.get("comes") == "1"
    try:
        meetings.answer(meeting=one, comes=comes, by=request.user, now=timezone.now())
    except meetings.MeetingError as error:
        messages.info(request, str(error))
    else:
        said = "C'est noté\u00a0: vous venez." if comes else "C'est noté\u00a0: vous ne venez pas."
        messages.success(request, f"{said} Vous pouvez changer d'avis.")
    return back(request, "caller:sharing")


def _mine(request: SignedInRequest, meeting_id: int) -> Meeting:
    """A coming meeting of a campaign of one's own; else 404."""
    found = meetings.of_volunteer(request.user, timezone.now()).filter(pk=meeting_id).first()
    if found is None:
        journal.record("access.refused", by=request.user, route="caller:meeting_answer", meeting=meeting_id)
        raise Http404
    return found


@role_required(VOLUNTEER)
@require_GET
def meeting_agenda(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """One meeting, for one's own agenda."""
    rows = meetings.of_volunteer(request.user, timezone.now())
    return agenda_response([get_object_or_404(rows, pk=meeting_id)])


@role_required(VOLUNTEER)
@require_GET
def meetings_agenda(request: SignedInRequest) -> HttpResponse:
    """All the coming ones, those cancelled too: brought in again, the file takes them off the agenda."""
    rows = list(meetings.of_volunteer(request.user, timezone.now()))
    if not rows:
        raise Http404
    return agenda_response(rows)


def agenda_response(rows: list[Meeting]) -> HttpResponse:
    response = HttpResponse(agenda.written(rows, timezone.now()), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="temps-d-echange.ics"'
    response["Cache-Control"] = "no-store, private"
    return response


@role_required(VOLUNTEER)
@require_POST
def moment_remove(request: SignedInRequest, moment_id: int) -> HttpResponse:
    """Take one's own moment back."""
    moment = get_object_or_404(SharedMoment, pk=moment_id, author=request.user)
    debriefs.remove_moment(moment=moment, by=request.user, now=timezone.now())
    messages.success(request, "Votre moment est retiré.")
    return redirect("caller:sharing")
