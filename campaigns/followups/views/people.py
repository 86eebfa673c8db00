"""Who calls: one plan given to somebody, many shared out with the balance of load, a volunteer's absences."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import followups
from campaigns.common import scope
from campaigns.common.views.pages import back, callers_of, note_read, with_people
from campaigns.followups import absences, handover
from campaigns.followups.forms import AbsenceForm, GiveForm, ShareForm
from campaigns.followups.views.away import absence_rows, said
from campaigns.followups.views.plans import visible_plan
from campaigns.models import Absence, Campaign, CampaignVolunteer, FollowUpPlan
from solidarites.forms import say_refusal
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required

AT_ONCE = 200


@role_required(COORDINATOR)
@require_POST
def follow_up_give(request: SignedInRequest, plan_id: int) -> HttpResponse:
    """From « À réattribuer »: this plan to somebody."""
    plan, now = visible_plan(request, plan_id), timezone.now()
    form = GiveForm(request.POST, callers=callers_of(plan.case.campaign))
    if not form.is_valid():
        messages.error(request, str(form.errors["user"][0]))
    else:
        user = form.cleaned_data["user"]
        try:
            given = followups.give_to(plan_id=plan.pk, user_id=user.pk, by=request.user, now=now)
        except followups.FollowUpError as error:
            messages.error(request, str(error))
        else:
            role = "remplace" if given.backup_id == user.pk else "appelle désormais"
            messages.success(request, f"{user.display_name} {role} pour ce suivi.")
    return back(request, "coordinator:follow_up", plan_id)


# Many plans ----------------------------------------------------------------------------------------------


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def follow_up_share(request: SignedInRequest, slug: str, membership_id: int | None = None) -> HttpResponse:
    """Hand all plans of a volunteer (or those that nobody has) to others; the load is shown before confirming."""
    campaign, now = get_object_or_404(Campaign, slug=slug), timezone.now()
    leaving = None
    if membership_id is not None:
        leaving = get_object_or_404(
            CampaignVolunteer.objects.select_related("user"), campaign=campaign, pk=membership_id
        ).user
    leaving_id = leaving.pk if leaving else None
    today = timezone.localdate(now)
    visible = scope.visible_cases(request.user).order_by().values("pk")
    plans = list(
        handover.plans_of(campaign, leaving_id)
        .filter(case__in=visible)
        .select_related("case__campaign", "case__household", "backup")
        .prefetch_related(with_people("case__household"))[:AT_ONCE]
    )
    people = handover.receivers(campaign, leaving_id=leaving_id, today=today)
    proposed = handover.share(campaign, plans, leaving_id=leaving_id, today=today)
    initial = {f"plan_{plan_id}": str(user_id) for plan_id, user_id in proposed.items()}
    form = ShareForm(request.POST or None, plans=plans, people=people, initial=initial)
    given = proposed
    if request.method == "POST" and form.is_valid():
        given = form.given()
        if "confirm" in request.POST:
            try:
                changed, stale = followups.hand_over(
                    campaign=campaign, given=given, leaving_id=leaving_id, by=request.user, now=now
                )
            except followups.FollowUpError as error:
                messages.error(request, str(error))
            else:
                _say(request, changed, stale)
                return redirect("coordinator:follow_up_list")
    note_read(request, "follow_ups.listed", [plan.case_id for plan in plans], campaign.pk)
    context = {
        "campaign": campaign,
        "leaving": leaving,
        "membership_id": membership_id,
        "rows": [(plan, form[f"plan_{plan.pk}"]) for plan in plans],
        "people": people,
        "balance": handover.balance(campaign, plans, given, leaving_id=leaving_id, today=today),
        "now": now,
        "form": form,
    }
    return render(request, "followups/follow_up_share.html", context)


def _say(request: SignedInRequest, changed: int, stale: int) -> None:
    if changed:
        many = f"{changed} suivis changent" if changed > 1 else "1 suivi change"
        messages.success(request, f"{many} de bénévole.")
    else:
        messages.info(request, "Aucun suivi n'a changé de bénévole.")
    if stale:
        many = f"{stale} suivis avaient" if stale > 1 else "1 suivi avait"
        messages.warning(request, f"{many} déjà changé entre-temps et reste tel quel.")


# Absences -------------------------------------------------------------------------------------------------


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def volunteer_absences(request: SignedInRequest, slug: str, membership_id: int) -> HttpResponse:
    """The absences of one volunteer; POST notes one."""
    membership = get_object_or_404(
        CampaignVolunteer.objects.select_related("user", "campaign"), campaign__slug=slug, pk=membership_id
    )
    now = timezone.now()
    form = AbsenceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            absence = followups.add_absence(user=membership.user, by=request.user, now=now, **form.cleaned_data)
        except followups.FollowUpError as error:
            say_refusal(form, error)
        else:
            messages.success(request, f"C'est noté. {said(absences.effect_of(absence, now))}")
            return redirect("coordinator:volunteer_absences", slug, membership_id)
    context = {
        "membership": membership,
        "campaign": membership.campaign,
        "form": form,
        **absence_rows(membership.user, now),
        "plans": FollowUpPlan.objects.active()
        .filter(case__campaign=membership.campaign, volunteer=membership.user)
        .count(),
    }
    return render(request, "followups/volunteer_absences.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def volunteer_back(request: SignedInRequest, slug: str, membership_id: int, absence_id: int) -> HttpResponse:
    """Back earlier than said."""
    membership = get_object_or_404(CampaignVolunteer, campaign__slug=slug, pk=membership_id)
    absence = get_object_or_404(Absence, user=membership.user_id, pk=absence_id)
    followups.end_absence(absence=absence, by=request.user, now=timezone.now())
    messages.success(request, "L'absence est levée.")
    return redirect("coordinator:volunteer_absences", slug, membership_id)
