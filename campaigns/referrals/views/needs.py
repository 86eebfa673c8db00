"""Needs heard that no partner has received."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns import cases
from campaigns.common import scope
from campaigns.common.views.pages import back, campaign_filter, narrowed, note_read, page_of, with_people
from campaigns.models import Need
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required


@role_required(COORDINATOR)
@require_GET
def need_list(request: SignedInRequest) -> HttpResponse:
    visible = narrowed(request, scope.visible_cases(request.user)).order_by().values("pk")
    rows = (
        Need.objects.open()
        .filter(case__in=visible, referrals=None)
        .select_related("case__campaign", "case__household", "case__agency", "tenant")
        .prefetch_related(with_people("case__household"))
        .order_by("level", "created_at", "pk")
    )
    page = page_of(request, rows)
    note_read(request, "needs.listed", [need.case_id for need in page.object_list])
    context = {
        "page_obj": page,
        "now": timezone.now(),
        "whole_address": request.get_full_path(),
        **campaign_filter(request),
    }
    return render(request, "referrals/need_list.html", context)


@role_required(COORDINATOR)
@require_POST
def need_settle(request: SignedInRequest, need_id: int) -> HttpResponse:
    """Met meanwhile, or without further action."""
    visible = scope.visible_cases(request.user).order_by().values("pk")
    need = get_object_or_404(Need.objects.filter(case__in=visible), pk=need_id)
    try:
        cases.settle_need(need_id=need.pk, state=request.POST.get("state", ""), by=request.user, now=timezone.now())
    except cases.CaseError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "C'est noté.")
    return back(request, "coordinator:case", need.case_id)
