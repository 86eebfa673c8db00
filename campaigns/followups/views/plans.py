"""Follow-up plans: lists, one plan with its next dates, started by hand, changed, interrupted, ended."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import followups
from campaigns.common import scope
from campaigns.common.calendar import calendar_of
from campaigns.common.views.pages import (
    callers_of,
    campaign_filter,
    narrowed,
    note_read,
    page_of,
    posted,
    visible_case,
    with_people,
)
from campaigns.followups import handover, pauses, words
from campaigns.followups.forms import EndPlanForm, ExceptionForm, GiveForm, PlanForm, StartPlanForm
from campaigns.models import DueCall, FollowUpPlan, PlanException
from solidarites.forms import say_refusal
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

STATES = {
    "": "Tous les suivis",
    "today": "Aujourd'hui",
    "late": "En retard",
    "reassign": "À réattribuer",
    "review": "Bilan à faire",
    "ended": "Terminés",
}
NEXT_DATES = 8


def _cases(request: SignedInRequest) -> QuerySet[Any]:
    return narrowed(request, scope.visible_cases(request.user)).order_by().values("pk")


def _plans(cases: QuerySet[Any], state: str, now: datetime) -> QuerySet[FollowUpPlan]:
    plans: QuerySet[FollowUpPlan] = FollowUpPlan.objects.filter(case__in=cases)
    opened = DueCall.objects.opened().filter(plan=OuterRef("pk"))
    today = timezone.localdate(now)
    if state == "ended":
        return plans.filter(status=FollowUpPlan.Status.ENDED).order_by("-ended_at")
    plans = plans.exclude(status=FollowUpPlan.Status.ENDED)
    if state == "late":
        plans = plans.filter(Exists(opened.filter(DueCall.late(now))))
    elif state == "today":
        midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), time.min))
        plans = plans.filter(Exists(opened) | Q(next_due_at__lt=midnight))
    elif state == "reassign":
        plans = handover.to_reassign(plans, now)
    elif state == "review":
        plans = plans.filter(review_on__lte=today)
    # What waits now comes before what is to come, the longest late first.
    first = Coalesce(Subquery(opened.order_by("due_at").values("due_at")[:1]), "next_due_at")
    return plans.order_by(first.asc(nulls_last=True), "pk")


@role_required(COORDINATOR)
@require_GET
def follow_up_list(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    state = request.GET.get("etat", "")
    state = state if state in STATES else ""
    return _list(request, state, now)


def _list(request: SignedInRequest, state: str, now: datetime, give_form: GiveForm | None = None) -> HttpResponse:
    cases = _cases(request)
    opened = Prefetch("due_calls", DueCall.objects.opened(), to_attr="open_due_calls")
    rows = (
        _plans(cases, state, now)
        .select_related("case__campaign", "case__household", "case__agency", "volunteer", "backup")
        .prefetch_related(opened, with_people("case__household"))
    )
    page = page_of(request, rows)
    note_read(request, "follow_ups.listed", [plan.case_id for plan in page.object_list])
    context = {
        "page_obj": page,
        "state": state,
        "states": _counted(cases, now),
        "now": now,
        "today": timezone.localdate(now),
        "callers": _callers(list(page.object_list)) if state == "reassign" else {},
        **campaign_filter(request),
    }
    return render(request, "followups/follow_up_list.html", context)


def _counted(cases: QuerySet[Any], now: datetime) -> dict[str, str]:
    """The lists, those of work to do with how many wait there."""
    counts = {state: _plans(cases, state, now).order_by().count() for state in ("late", "reassign", "review")}
    return {state: f"{label} ({counts[state]})" if counts.get(state) else label for state, label in STATES.items()}


def _callers(plans: list[FollowUpPlan]) -> dict[int, list[User]]:
    """Those who may be given the calls of each campaign of the page."""
    campaigns = {plan.case.campaign_id: plan.case.campaign for plan in plans}
    return {pk: list(callers_of(campaign)) for pk, campaign in campaigns.items()}


def visible_plan(request: SignedInRequest, plan_id: int) -> FollowUpPlan:
    """The plan when this coordinator sees its case, else 404."""
    plans = FollowUpPlan.objects.filter(case__in=scope.visible_cases(request.user).order_by().values("pk"))
    related = ("case__campaign", "case__household", "volunteer", "backup", "created_by")
    return get_object_or_404(
        plans.select_related(*related).prefetch_related(with_people("case__household"), "exceptions"), pk=plan_id
    )


def _page(request: SignedInRequest, plan: FollowUpPlan, now: datetime, **forms: Any) -> HttpResponse:
    note_read(request, "follow_up.read", [plan.case_id], plan.case.campaign_id)
    callers = callers_of(plan.case.campaign)
    today = calendar_of(plan.case.campaign, plan.case.region).local(now).date()
    context = {
        "plan": plan,
        "case": plan.case,
        "now": now,
        "today": today,
        "running": plan.status != FollowUpPlan.Status.ENDED,
        "next_dates": list(islice(words.told(plan, now), NEXT_DATES)),
        "exceptions": [(row, words.exception_words(row)) for row in plan.exceptions.all() if row.last_day >= today],
        "history": pauses.history(plan, limit=20),
        "needs_somebody": plan.volunteer_id is None or not callers.filter(pk=plan.volunteer_id).exists(),
        "plan_form": PlanForm(initial=_initial(plan), callers=callers),
        "exception_form": ExceptionForm(),
        "end_form": EndPlanForm(),
        **forms,
    }
    return render(request, "followups/follow_up_detail.html", context)


def _initial(plan: FollowUpPlan) -> dict[str, Any]:
    return {
        "cadence": plan.cadence,
        "weekdays": plan.weekdays,
        "time": plan.time,
        "volunteer": plan.volunteer_id,
        "backup": plan.backup_id,
        "ends_on": plan.ends_on,
        "review_on": plan.review_on,
    }


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def follow_up(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """One plan; POST changes its rhythm and who calls."""
    plan, now = visible_plan(request, plan_id), timezone.now()
    if request.method == "GET":
        return _page(request, plan, now)
    form = PlanForm(request.POST, callers=callers_of(plan.case.campaign))
    if form.is_valid():
        try:
            followups.change_plan(plan_id=plan.pk, rhythm=form.rhythm(), by=request.user, now=now)
        except followups.FollowUpError as error:
            say_refusal(form, error)
        else:
            messages.success(request, "Le suivi est modifié.")
            return redirect("coordinator:follow_up", plan_id)
    return _page(request, plan, now, plan_form=form)


@role_required(COORDINATOR)
@require_GET
def follow_up_dates(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """The whole series of a plan, a year ahead, each date with its reasons."""
    plan, now = visible_plan(request, plan_id), timezone.now()
    note_read(request, "follow_up.read", [plan.case_id], plan.case.campaign_id)
    months: list[tuple[str, list[words.Told]]] = []
    calendar = calendar_of(plan.case.campaign, plan.case.region)
    for line in words.told(plan, now):
        local = calendar.local(line.at)
        name = f"{words.MONTHS[local.month - 1]} {local.year}"
        if not months or months[-1][0] != name:
            months.append((name, []))
        months[-1][1].append(line)
    context = {"plan": plan, "case": plan.case, "now": now, "months": months}
    return render(request, "followups/follow_up_dates.html", context)


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def follow_up_start(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Start a plan by hand, that a tenant accepted outside a call."""
    case, now = visible_case(request, case_id), timezone.now()
    plan = case.plans.running().first()
    if plan is not None:
        return redirect("coordinator:follow_up", plan.pk)
    form = StartPlanForm(posted(request), callers=callers_of(case.campaign), initial={"cadence": "weekly"})
    if request.method == "POST" and form.is_valid():
        try:
            made = followups.start_by_hand(case_id=case.pk, rhythm=form.rhythm(), by=request.user, now=now)
        except followups.FollowUpError as error:
            say_refusal(form, error)
        else:
            messages.success(request, "Le suivi commence. Ses prochains appels sont ci-dessous.")
            return redirect("coordinator:follow_up", made.pk)
    note_read(request, "case.read", [case.pk], case.campaign_id)
    return render(request, "followups/follow_up_start.html", {"case": case, "form": form, "now": now})


@role_required(COORDINATOR)
@require_POST
def follow_up_end(request: SignedInRequest, plan_id: int) -> HttpResponse:
    plan, now = visible_plan(request, plan_id), timezone.now()
    form = EndPlanForm(request.POST)
    if not form.is_valid():
        return _page(request, plan, now, end_form=form)
    followups.end_plan(plan_id=plan.pk, reason=form.cleaned_data["reason"], by=request.user, now=now)
    messages.success(request, "Le suivi est terminé. Plus aucun appel n'est prévu pour lui.")
    return redirect("coordinator:follow_up", plan_id)


# Interruptions ------------------------------------------------------------------------------------------


@role_required(COORDINATOR)
@require_POST
def follow_up_interrupt(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """No call from one day to another: hospital, family."""
    plan, now = visible_plan(request, plan_id), timezone.now()
    form = ExceptionForm(request.POST)
    if form.is_valid():
        try:
            followups.add_exception(plan_id=plan.pk, by=request.user, now=now, **form.cleaned_data)
        except followups.FollowUpError as error:
            say_refusal(form, error)
        else:
            messages.success(request, "Aucun appel ces jours-là. Le suivi reprend ensuite de lui-même.")
            return redirect("coordinator:follow_up", plan_id)
    return _page(request, plan, now, exception_form=form)


@role_required(COORDINATOR)
@require_POST
def follow_up_resume(request: SignedInRequest, plan_id: int, exception_id: int) -> HttpResponse:
    """Call again before the days are over."""
    plan, now = visible_plan(request, plan_id), timezone.now()
    row = get_object_or_404(PlanException, plan=plan, pk=exception_id)
    try:
        followups.remove_exception(exception_id=row.pk, by=request.user, now=now)
    except followups.FollowUpError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "L'interruption est levée.")
    return redirect("coordinator:follow_up", plan_id)
