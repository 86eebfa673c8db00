"""Follow-up plans: today, overdue, to reassign, to review; one plan and its next dates."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import followups, scope
from campaigns.forms.coordinator import EndPlanForm, PlanForm, ReviewForm
from campaigns.models import CampaignVolunteer, DueCall, FollowUpPlan
from campaigns.views.coordinator.common import (
    callers_of,
    campaign_filter,
    narrowed,
    note_read,
    page_of,
    with_people,
)
from solidarites.roles import COORDINATOR, role_required

STATES = {
    "": "Tous les suivis",
    "today": "Aujourd'hui",
    "late": "En retard",
    "reassign": "À réattribuer",
    "review": "Bilan à faire",
    "ended": "Terminés",
}


def _plans(request: HttpRequest, state: str, now: datetime) -> QuerySet[FollowUpPlan]:
    cases = narrowed(request, scope.visible_cases(request.user)).order_by().values("pk")
    plans = FollowUpPlan.objects.filter(case__in=cases)
    opened = DueCall.objects.filter(plan=OuterRef("pk"), state=DueCall.State.OPENED)
    today = timezone.localdate(now)
    if state == "ended":
        return plans.filter(status=FollowUpPlan.Status.ENDED).order_by("-ended_at")
    plans = plans.exclude(status=FollowUpPlan.Status.ENDED)
    if state == "late":
        plans = plans.filter(Exists(opened.filter(grace_until__lte=now)))
    elif state == "today":
        midnight = timezone.make_aware(datetime.combine(today + timedelta(days=1), time.min))
        plans = plans.filter(Exists(opened) | Q(next_due_at__lt=midnight))
    elif state == "reassign":
        caller = CampaignVolunteer.objects.filter(
            campaign=OuterRef("case__campaign"), user=OuterRef("volunteer"), active=True, user__is_active=True
        )
        plans = plans.filter(Q(volunteer=None) | ~Exists(caller))
    elif state == "review":
        plans = plans.filter(review_on__lte=today)
    return plans.order_by("next_due_at", "pk")


@role_required(COORDINATOR)
@require_GET
def follow_up_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    state = request.GET.get("etat", "")
    state = state if state in STATES else ""
    opened = Prefetch("due_calls", DueCall.objects.filter(state=DueCall.State.OPENED), to_attr="open_due_calls")
    rows = (
        _plans(request, state, now)
        .select_related("case__campaign", "case__household", "case__agency", "volunteer", "backup")
        .prefetch_related(opened, with_people("case__household"))
    )
    page = page_of(request, rows)
    note_read(request, "follow_ups.listed", [plan.case_id for plan in page.object_list])
    context = {
        "page_obj": page,
        "state": state,
        "states": STATES,
        "now": now,
        "today": timezone.localdate(now),
        **campaign_filter(request),
    }
    return render(request, "coordinator/follow_up_list.html", context)


def _plan(request: HttpRequest, plan_id: int) -> FollowUpPlan:
    plans = FollowUpPlan.objects.filter(case__in=scope.visible_cases(request.user).order_by().values("pk"))
    related = ("case__campaign", "case__household", "volunteer", "backup", "created_by")
    return get_object_or_404(
        plans.select_related(*related).prefetch_related(with_people("case__household")), pk=plan_id
    )


def _page(request: HttpRequest, plan: FollowUpPlan, now: datetime, **forms: Any) -> HttpResponse:
    note_read(request, "follow_up.read", [plan.case_id], plan.case.campaign_id)
    callers = callers_of(plan.case.campaign)
    context = {
        "plan": plan,
        "case": plan.case,
        "now": now,
        "today": timezone.localdate(now),
        "running": plan.status != FollowUpPlan.Status.ENDED,
        "next_dates": followups.preview(plan, now, 6),
        "due_calls": plan.due_calls.select_related("volunteer").order_by("-due_at")[:20],
        "needs_somebody": plan.volunteer_id is None or not callers.filter(pk=plan.volunteer_id).exists(),
        "plan_form": PlanForm(initial=_initial(plan), callers=callers),
        "review_form": ReviewForm(plan=plan),
        "end_form": EndPlanForm(),
        **forms,
    }
    return render(request, "coordinator/follow_up_detail.html", context)


def _initial(plan: FollowUpPlan) -> dict[str, Any]:
    return {
        "cadence": plan.cadence,
        "weekdays": plan.weekdays,
        "time": plan.time,
        "volunteer": plan.volunteer_id,
        "backup": plan.backup_id,
    }


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def follow_up(request: HttpRequest, plan_id: int) -> HttpResponse:
    """One plan; POST changes its rhythm and who calls."""
    plan, now = _plan(request, plan_id), timezone.now()
    if request.method == "GET":
        return _page(request, plan, now)
    form = PlanForm(request.POST, callers=callers_of(plan.case.campaign))
    if form.is_valid():
        try:
            followups.change_plan(plan_id=plan.pk, wish=form.wish(), by=request.user, now=now)
        except followups.FollowUpError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Le suivi est modifié.")
            return redirect("coordinator:follow_up", plan_id)
    return _page(request, plan, now, plan_form=form)


@role_required(COORDINATOR)
@require_POST
def follow_up_review(request: HttpRequest, plan_id: int) -> HttpResponse:
    plan, now = _plan(request, plan_id), timezone.now()
    form = ReviewForm(request.POST, plan=plan)
    if form.is_valid():
        try:
            followups.review(plan_id=plan.pk, cadence=form.cleaned_data["cadence"], by=request.user, now=now)
        except followups.FollowUpError as error:
            form.add_error("cadence", str(error))
        else:
            messages.success(request, "Le bilan est fait. Le prochain est dans six semaines.")
            return redirect("coordinator:follow_up", plan_id)
    return _page(request, plan, now, review_form=form)


@role_required(COORDINATOR)
@require_POST
def follow_up_end(request: HttpRequest, plan_id: int) -> HttpResponse:
    plan, now = _plan(request, plan_id), timezone.now()
    form = EndPlanForm(request.POST)
    if not form.is_valid():
        return _page(request, plan, now, end_form=form)
    followups.end_plan(plan_id=plan.pk, reason=form.cleaned_data["reason"], by=request.user, now=now)
    messages.success(request, "Le suivi est terminé. Plus aucun appel n'est prévu pour lui.")
    return redirect("coordinator:follow_up", plan_id)
