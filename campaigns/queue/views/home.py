"""The caller's home: what is due today, the next call, a call that comes back, the day so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from campaigns import followups, outcomes, queue
from campaigns.calls.forms import ReturnedCallForm
from campaigns.calls.views.done import RECENT
from campaigns.calls.views.labels import (
    both_clocks,
    clock_here,
    family,
    past_label,
    person_closed,
    reason,
    when_label,
    zone_of,
)
from campaigns.calls.views.place import DRAFT_OPENS
from campaigns.models import Call, Campaign, CampaignVolunteer, Case, DueCall, FollowUpPlan
from campaigns.practice import training
from campaigns.team.views.sharing import meetings_of, notes_of
from solidarites import journal, limits
from solidarites.limits import Limit
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required
from tenants.models import Household, PhoneNumber, Tenant

# A number is looked for a few times an hour by somebody who is being called, not hundreds.
SEARCHES = 30
SEARCH_WINDOW = 60 * 60
SOON = timedelta(hours=24)
HOUSEHOLD = Prefetch("case__household", Household.objects.prefetch_related("tenants"))


@dataclass(frozen=True)
class Rendezvous:
    """One call promised for today: a callback, or a follow-up."""

    at: datetime
    when: str
    here: str
    name: str
    city: str
    kind: str
    late: bool
    case_id: int | None = None
    plan_id: int | None = None


@dataclass(frozen=True)
class Running:
    """A campaign this volunteer calls in, and what its next call is, or why there is none."""

    campaign: Campaign
    reason: str = ""
    why: str = ""
    next_at: str = ""
    untrained: bool = False


def name_of(household: Household) -> str:
    people = list(household.tenants.all())
    return family([one for one in people if one.status == Tenant.Status.PRESENT] or people)


@role_required(VOLUNTEER)
@require_GET
@never_cache
def home(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    return render(request, "queue/home.html", home_context(request.user, now))


def home_context(
    user: User, now: datetime, form: ReturnedCallForm | None = None, found: list[Case] | None = None
) -> dict[str, object]:
    claim = queue.current_claim(user)
    claimed = (
        Case.objects.filter(pk=claim.pk)
        .select_related("campaign", "household")
        .prefetch_related("household__tenants")
        .first()
        if claim
        else None
    )
    memberships = CampaignVolunteer.objects.filter(
        user=user, active=True, campaign__status__in=[Campaign.Status.OPEN, Campaign.Status.PAUSED]
    ).select_related("campaign")
    drafts = (
        Call.objects.filter(Call.UNFINISHED, volunteer=user, saved_at__gte=now - DRAFT_OPENS)
        .exclude(case__claimed_by=user)
        .select_related("case__campaign")
        .prefetch_related(HOUSEHOLD)
    )
    recent = (
        Call.objects.filter(volunteer=user, recorded_at__gte=now - RECENT)
        .exclude(state=Call.State.DRAFT)
        .select_related("case__campaign")
        .prefetch_related(HOUSEHOLD)
        .order_by("-recorded_at")
    )
    return {
        "claim": claimed,
        "claim_name": name_of(claimed.household) if claimed else "",
        "notes": notes_of(user, now),
        "meetings": meetings_of(user, now),
        "running": [_running(one.campaign, user, now) for one in memberships],
        "today": rendezvous(user, now),
        "drafts": [
            (
                call,
                name_of(call.case.household),
                past_label(call.saved_at or call.started_at, now, call.case.campaign.tz),
            )
            for call in drafts
        ],
        "recent": _recent(recent[:5], user, now),
        "form": form or ReturnedCallForm(),
        # Until their first call.
        "beginner": not Call.objects.filter(volunteer=user, recorded_at__isnull=False).exists(),
        "found": [(case, name_of(case.household)) for case in found or []],
    }


def _recent(made: Iterable[Call], user: User, now: datetime) -> list[dict[str, object]]:
    """One's own latest calls, and who else called the same household: both are told."""
    made = list(made)
    others = (
        Call.objects.filter(case__in=[call.case_id for call in made], state=Call.State.PENDING)
        .exclude(volunteer=user)
        .select_related("volunteer")
    )
    also = {one.case_id: one for one in others}
    return [_recent_row(call, also.get(call.case_id), now) for call in made]


def _recent_row(call: Call, other: Call | None, now: datetime) -> dict[str, object]:
    rule = outcomes.TABLE.get(call.outcome)
    who = ""
    if other is not None and call.state == Call.State.RECORDED and other.started_at <= (call.recorded_at or now):
        who = other.volunteer.get_short_name() if other.volunteer else "Quelqu'un d'autre"
    closed = person_closed(call, call.case.household.tenants.all())
    return {
        "call": call,
        "name": closed.full_name if closed else name_of(call.case.household),
        "at": past_label(call.recorded_at or call.started_at, now, call.case.campaign.tz),
        "label": rule.label if rule else "Appel",
        "reached": rule is not None and rule.reached,
        "also": who,
    }


def _running(campaign: Campaign, user: User, now: datetime) -> Running:
    # With its sectors: why there is no call is told of this volunteer's households, and of no others.
    membership = queue.membership_of(campaign, user)
    case = queue.peek(campaign=campaign, by=user, now=now, membership=membership)
    if case is not None:
        case.campaign = campaign
        return Running(campaign, reason=reason(case, user, now))
    empty = queue.why_empty(campaign=campaign, by=user, membership=membership, now=now)
    next_at = when_label(empty.next_at, now, campaign.tz) if empty.next_at else ""
    return Running(campaign, why=empty.message, next_at=next_at, untrained=empty.code == queue.Empty.UNTRAINED)


def rendezvous(user: User, now: datetime) -> list[Rendezvous]:
    """Today's callbacks and follow-ups of this volunteer, by their hour."""
    # A pause stops everything but what a danger asks for.
    called = Q(campaign__status=Campaign.Status.OPEN) | Q(campaign__status=Campaign.Status.PAUSED, urgent=True)
    callbacks = (
        Case.objects.filter(
            called,
            next_call_for=user,
            status=Case.Status.OPEN,
            next_call_kind=Case.Kind.CALLBACK,
            next_call_at__lte=now + SOON,
        )
        .select_related("campaign", "household")
        .prefetch_related("household__tenants")
    )
    found = [
        _meeting(
            case,
            case.next_call_at,
            "Rappel de sécurité" if case.is_safety_call else "Rappel convenu",
            now,
            case_id=case.pk,
        )
        for case in callbacks
    ]
    opened, coming = followups.today_of(user, now)
    for due in opened.prefetch_related("case__household__tenants"):
        case = due.case
        if case.next_call_kind == Case.Kind.CALLBACK:
            continue  # asked for another hour: listed above
        again = due.unanswered and case.next_call_at
        kind = "Suivi, nouvel essai" if again else "Suivi"
        found.append(_meeting(case, case.next_call_at if again else due.due_at, kind, now, case_id=case.pk))
    listed = {one.case_id for one in found}
    for plan in coming.prefetch_related("case__household__tenants"):
        if plan.case_id not in listed:
            found.append(_meeting(plan.case, plan.next_due_at, "Suivi", now, plan_id=plan.pk))
    return sorted(found, key=lambda one: one.at)


def _meeting(
    case: Case, at: datetime | None, kind: str, now: datetime, *, case_id: int | None = None, plan_id: int | None = None
) -> Rendezvous:
    moment = at or now
    return Rendezvous(
        at=moment,
        when=when_label(moment, now, zone_of(case)),
        here=clock_here(moment, now, case),
        name=name_of(case.household),
        city=case.household.city,
        kind=kind,
        late=moment < now - timedelta(minutes=15),
        case_id=case_id,
        plan_id=plan_id,
    )


# Taking a call ------------------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def next_call(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """« Appeler le prochain foyer »."""
    if request.method == "GET":
        return redirect("caller:home")
    now = timezone.now()
    place = queue.place_in(campaign_id, request.user)
    if place is None:
        raise Http404
    campaign, membership = place
    given = queue.claim_next(campaign=campaign, by=request.user, now=now, membership=membership)
    if given.case is not None:
        return redirect("caller:call", given.case.pk)
    if given.empty is not None:
        when = (
            f" Prochain appel prévu {when_label(given.empty.next_at, now, campaign.tz)}." if given.empty.next_at else ""
        )
        messages.info(request, f"{given.empty.message}{when}")
    return redirect("caller:home")


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def claim(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Take one's own callback or follow-up, or the household that rings back."""
    if request.method == "GET":
        return redirect("caller:home")
    return _take(request, case_id, incoming=False)


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def follow_up(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """Call a follow-up of today a little before its hour."""
    if request.method == "GET":
        return redirect("caller:home")
    now = timezone.now()
    plan = get_object_or_404(FollowUpPlan.objects.select_related("case__campaign"), pk=plan_id)
    if not training.ready(campaign=plan.case.campaign, by=request.user):
        # Before anything opens: somebody else may still be the one who calls.
        messages.warning(request, str(queue.UntrainedError()))
        return redirect("caller:home")
    mine = queue.current_claim(request.user)
    if mine is not None and mine.pk != plan.case_id:
        messages.warning(request, "Terminez ou passez d'abord le dossier que vous avez en cours.")
        return redirect("caller:home")
    try:
        followups.open_now(plan_id=plan_id, by=request.user, now=now)
    except followups.FollowUpError as error:
        messages.warning(request, str(error))
        return redirect("caller:home")
    return _take(request, plan.case_id, incoming=False)


def _take(request: SignedInRequest, case_id: int, *, incoming: bool) -> HttpResponse:
    try:
        queue.claim_one(case_id=case_id, by=request.user, now=timezone.now(), incoming=incoming)
    except queue.CaseHeldError as error:
        messages.warning(request, str(error))
        return redirect("caller:message", case_id) if incoming else redirect("caller:home")
    except queue.QueueError as error:
        mine = queue.current_claim(request.user) if incoming else None
        if mine is not None and mine.pk != case_id:
            # Somebody is on the line: what they say is not lost for a case that is open elsewhere.
            messages.warning(request, "Vous avez un autre dossier en main : prenez un message.")
            return redirect("caller:message", case_id)
        messages.warning(request, str(error))
        return redirect("caller:home")
    response = redirect("caller:call", case_id)
    if incoming:
        response["Location"] += "?entrant=1"
    return response


# A call that comes back -----------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def returned(request: SignedInRequest) -> HttpResponse:
    """« On me rappelle »: the number that rang → that household's case. Numbers only."""
    if request.method == "GET":
        return redirect("caller:home")
    now = timezone.now()
    form = ReturnedCallForm(request.POST)
    if not form.is_valid():
        return render(request, "queue/home.html", home_context(request.user, now, form))
    if not _may_search(request.user):
        form.add_error(
            "number", "Trop de recherches en peu de temps. Réessayez dans une heure, ou prévenez la coordination."
        )
        return render(request, "queue/home.html", home_context(request.user, now, form), status=429)
    cases = cases_of_numbers(request.user, form.cleaned_data["number"])
    journal.record("phone.searched", by=request.user, found=len(cases))
    chosen = [case for case in cases if str(case.pk) == request.POST.get("case")]
    if len(cases) == 1 or chosen:
        return _take(request, (chosen or cases)[0].pk, incoming=True)
    if not cases:
        form.add_error("number", "Ce numéro n'est celui d'aucun foyer de vos campagnes.")
        return render(request, "queue/home.html", home_context(request.user, now, form))
    return render(request, "queue/home.html", home_context(request.user, now, form, cases))


def _may_search(user: User) -> bool:
    return limits.within(f"returned:{user.pk}", Limit(SEARCHES, SEARCH_WINDOW))


def cases_of_numbers(user: User, numbers: list[str]) -> list[Case]:
    """One case a household: the open one first, else the latest of the volunteer's running campaigns."""
    households = PhoneNumber.objects.filter(e164__in=numbers).values_list("household_id", flat=True)
    cases = (
        Case.objects.filter(
            household_id__in=list(households[:20]),
            campaign__in=CampaignVolunteer.objects.filter(user=user, active=True).values("campaign_id"),
            campaign__status__in=[Campaign.Status.OPEN, Campaign.Status.PAUSED],
        )
        .select_related("campaign", "household")
        .prefetch_related("household__tenants")
        .order_by("-enrolled_at", "-pk")
    )
    best: dict[int, Case] = {}
    for case in cases:
        kept = best.get(case.household_id)
        if kept is None or (kept.status not in Case.ALIVE and case.status in Case.ALIVE):
            best[case.household_id] = case
    return list(best.values())[:5]


# The day ----------------------------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_GET
@never_cache
def my_day(request: SignedInRequest) -> HttpResponse:
    """Calls made, households reached, time given, what was promised. Nobody is compared with anybody."""
    now = timezone.now()
    user = request.user
    zone = timezone.get_default_timezone()
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    # The last day of October counts twenty-five hours: midnight may be further than a day ago.
    recent = list(
        Call.objects.filter(volunteer=user, recorded_at__gte=min(midnight, now - RECENT))
        .exclude(state=Call.State.DRAFT)
        .select_related("case__campaign")
        .prefetch_related(HOUSEHOLD)
        .order_by("-recorded_at")
    )
    made = [
        call
        for call in recent
        if call.state == Call.State.RECORDED and call.recorded_at and call.recorded_at >= midnight
    ]
    later = (
        Case.objects.filter(
            next_call_for=user,
            status=Case.Status.OPEN,
            next_call_kind=Case.Kind.CALLBACK,
            next_call_at__gt=now + SOON,
            campaign__status=Campaign.Status.OPEN,
        )
        .select_related("campaign", "household")
        .prefetch_related("household__tenants")
        .order_by("next_call_at")
    )
    reached = {call.case_id for call in made if call.outcome in Call.REACHED}
    spent = sum(
        (min(call.recorded_at - call.started_at, timedelta(hours=1)) for call in made if call.recorded_at), timedelta()
    )
    plans = (
        FollowUpPlan.objects.active()
        .filter(volunteer=user, case__campaign__status=Campaign.Status.OPEN)
        .select_related("case__campaign")
        .prefetch_related(HOUSEHOLD)
        .order_by("next_due_at")
    )
    minutes = int(spent.total_seconds() // 60)
    return render(
        request,
        "queue/my_day.html",
        {
            "recent": _recent(
                [call for call in recent if call.recorded_at and call.recorded_at >= now - RECENT][:50], user, now
            ),
            # Its address lies under that of the home: only one of the two is marked in the menu.
            "nav_exact": True,
            "count": len(made),
            "reached": len(reached),
            "spent": f"{minutes // 60} h {minutes % 60:02d}" if minutes >= 60 else f"{minutes} min",
            "follow_ups_done": DueCall.objects.filter(call__in=[call.pk for call in made]).count(),
            "today": rendezvous(user, now),
            "later": [
                (name_of(case.household), both_clocks(case.next_call_at, now, case))
                for case in later[:50]
                if case.next_call_at
            ],
            "plans": [
                {
                    "plan": plan,
                    "name": name_of(plan.case.household),
                    "next": both_clocks(plan.next_due_at, now, plan.case) if plan.next_due_at else "",
                }
                for plan in plans[:50]
            ],
        },
    )
