"""The six weeks' review of a plan: go on, space out, hand to an association, end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from campaigns import followups
from campaigns.common.calendar import calendar_of
from campaigns.common.views.pages import note_read
from campaigns.followups import pauses
from campaigns.followups import review as reviews
from campaigns.followups.forms import EndPlanForm, HandForm, SpaceOutForm
from campaigns.followups.views.plans import visible_plan
from campaigns.models import DueCall, FollowUpPlan
from campaigns.referrals import ReferralError
from solidarites.forms import say_refusal
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

CONTINUE, SPACE, HAND, END = "continuer", "espacer", "confier", "terminer"


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def follow_up_review(request: SignedInRequest, plan_id: int) -> HttpResponse:
    plan, now = visible_plan(request, plan_id), timezone.now()
    if plan.status == FollowUpPlan.Status.ENDED:
        messages.info(request, "Ce suivi est terminé.")
        return redirect("coordinator:follow_up", plan_id)
    if request.method == "GET":
        return _page(request, plan, now)
    acts = {CONTINUE: _go_on, SPACE: _space_out, HAND: _hand, END: _end}
    act = acts.get(request.POST.get("suite", ""))
    if act is None:
        messages.error(request, "Choisissez la suite.")
        return _page(request, plan, now)
    return act(request, plan, now)


def _page(request: SignedInRequest, plan: FollowUpPlan, now: datetime, **forms: Any) -> HttpResponse:
    note_read(request, "follow_up.read", [plan.case_id], plan.case.campaign_id)
    context = {
        "plan": plan,
        "case": plan.case,
        "now": now,
        "today": calendar_of(plan.case.campaign, plan.case.region).local(now).date(),
        "history": pauses.history(plan, limit=8, waiting=False),
        "made": plan.due_calls.filter(state=DueCall.State.CALLED).count(),
        "missed": plan.due_calls.filter(state=DueCall.State.MISSED).count(),
        "space_form": SpaceOutForm(plan=plan),
        "hand_form": HandForm(plan=plan),
        "end_form": EndPlanForm(),
        **forms,
    }
    return render(request, "followups/follow_up_review.html", context)


def _done(request: SignedInRequest, plan: FollowUpPlan, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect("coordinator:follow_up", plan.pk)


def _go_on(request: SignedInRequest, plan: FollowUpPlan, now: datetime) -> HttpResponse:
    reviews.review(plan_id=plan.pk, cadence=plan.cadence, by=request.user, now=now)
    return _done(request, plan, "Le bilan est fait. Le suivi continue, le prochain bilan est dans six semaines.")


def _space_out(request: SignedInRequest, plan: FollowUpPlan, now: datetime) -> HttpResponse:
    form = SpaceOutForm(request.POST, plan=plan)
    if form.is_valid():
        try:
            reviews.review(plan_id=plan.pk, cadence=form.cleaned_data["cadence"], by=request.user, now=now)
        except followups.FollowUpError as error:
            form.add_error("cadence", str(error))
        else:
            return _done(request, plan, "Les appels s'espacent, le prochain bilan est dans six semaines.")
    return _page(request, plan, now, space_form=form)


def _hand(request: SignedInRequest, plan: FollowUpPlan, now: datetime) -> HttpResponse:
    form = HandForm(request.POST, plan=plan)
    if form.is_valid():
        data = form.cleaned_data
        try:
            draft = reviews.hand_to_association(
                plan_id=plan.pk,
                tenant=data["tenant"],
                partner=data["partner"],
                agreed=data["agreed"],
                stop=data["calls"] == HandForm.STOP,
                by=request.user,
                now=now,
            )
        except followups.FollowUpError as error:
            say_refusal(form, error)
        except ReferralError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Le signalement est prêt à relire\u00a0: il part quand vous l'approuvez.")
            return redirect("coordinator:referral", draft.pk)
    return _page(request, plan, now, hand_form=form)


def _end(request: SignedInRequest, plan: FollowUpPlan, now: datetime) -> HttpResponse:
    form = EndPlanForm(request.POST)
    if not form.is_valid():
        return _page(request, plan, now, end_form=form)
    followups.end_plan(plan_id=plan.pk, reason=form.cleaned_data["reason"], by=request.user, now=now)
    return _done(request, plan, "Le suivi est terminé. Plus aucun appel n'est prévu pour lui.")
