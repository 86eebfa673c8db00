"""Neighbours' worries: whose door it is, then a welfare check; or why nothing follows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns import welfare
from campaigns.common.views.pages import note_read, page_of
from campaigns.models import NeighbourReport
from campaigns.models.levels import Level
from campaigns.neighbours import reports
from campaigns.neighbours.forms import DismissForm, MatchForm, MatchOutsideForm
from campaigns.setup import enrolment
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

State = NeighbourReport.State
STATES = {"": "À traiter", State.MATCHED: "Veille ouverte", State.DISMISSED: "Sans suite"}


@role_required(COORDINATOR)
@require_GET
def report_list(request: SignedInRequest) -> HttpResponse:
    state = request.GET.get("etat", "")
    state = state if state in STATES else ""
    rows = NeighbourReport.objects.filter(state=state or State.NEW).select_related("residence", "handled_by")
    page = page_of(request, rows.order_by("-handled_at", "-pk") if state else rows.order_by("level", "received_at"))
    if page.object_list:
        journal.record("neighbours.listed", by=request.user, reports=[one.pk for one in page.object_list])
    context = {"page_obj": page, "state": state, "states": STATES, "now": timezone.now()}
    return render(request, "neighbours/neighbour_list.html", context)


def _report(report_id: int) -> NeighbourReport:
    """No case yet, so every coordinator reads it; whose household it may be stays within their sectors."""
    return get_object_or_404(
        NeighbourReport.objects.select_related("residence__agency", "handled_by", "check_row__case"), pk=report_id
    )


@role_required(COORDINATOR)
@require_GET
def report(request: SignedInRequest, report_id: int) -> HttpResponse:
    return _page(request, _report(report_id))


def _page(request: SignedInRequest, found: NeighbourReport, **forms: Any) -> HttpResponse:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    proposals, outside = [], []
    if found.state == State.NEW:
        proposals = reports.proposals(report=found, by=request.user, words=words)
        # Everybody on the lists: looked through only when the campaigns do not have the household, or when asked.
        if words or not proposals or "hors" in request.GET:
            outside = reports.proposals_outside(report=found, by=request.user, words=words)
    journal.record("neighbour.read", found, by=request.user)
    note_read(request, "cases.proposed", [one.case.pk for one in proposals if one.case])
    if outside:
        journal.record("households.proposed", by=request.user, households=[one.household.pk for one in outside])
    context = {
        "report": found,
        "proposals": proposals,
        "outside": outside,
        "more_outside": not outside and bool(proposals) and not words and "hors" not in request.GET,
        "campaigns": reports.campaigns_to_join() if outside else [],
        "words": words,
        "levels": Level.choices,
        "now": timezone.now(),
        "dismiss_form": DismissForm(),
        **forms,
    }
    return render(request, "neighbours/neighbour_report.html", context)


@role_required(COORDINATOR)
@require_POST
def report_match(request: SignedInRequest, report_id: int) -> HttpResponse:
    """This household: its welfare check opens."""
    found = _report(report_id)
    form = MatchForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choisissez le foyer et l'urgence.")
        return redirect("coordinator:neighbour_report", report_id)
    try:
        check = reports.match(
            report=found,
            case_id=form.cleaned_data["case"],
            level=form.cleaned_data["level"],
            by=request.user,
            now=timezone.now(),
        )
    except (reports.NeighbourError, welfare.WelfareError) as error:
        messages.error(request, str(error))
        return redirect("coordinator:neighbour_report", report_id)
    messages.success(request, "La veille est ouverte, à votre nom. Notez chaque démarche ici.")
    return redirect("coordinator:welfare_check", check.pk)


@role_required(COORDINATOR)
@require_POST
def report_enrol(request: SignedInRequest, report_id: int) -> HttpResponse:
    """This household, which no running campaign has: it joins one, and its welfare check opens."""
    found = _report(report_id)
    form = MatchOutsideForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choisissez le foyer, la campagne et l'urgence.")
        return redirect("coordinator:neighbour_report", report_id)
    given = form.cleaned_data
    try:
        check = reports.match_outside(
            report=found,
            household_id=given["household"],
            campaign_id=given["campaign"],
            level=given["level"],
            by=request.user,
            now=timezone.now(),
        )
    except (reports.NeighbourError, welfare.WelfareError, enrolment.EnrolmentError) as error:
        messages.error(request, str(error))
        return redirect("coordinator:neighbour_report", report_id)
    messages.success(request, "Le foyer est inscrit et la veille ouverte, à votre nom. Notez chaque démarche ici.")
    return redirect("coordinator:welfare_check", check.pk)


@role_required(COORDINATOR)
@require_POST
def report_dismiss(request: SignedInRequest, report_id: int) -> HttpResponse:
    found = _report(report_id)
    form = DismissForm(request.POST)
    if form.is_valid():
        try:
            reports.dismiss(report=found, **form.cleaned_data, by=request.user, now=timezone.now())
        except reports.NeighbourError as error:
            messages.error(request, str(error))
            return redirect("coordinator:neighbour_report", report_id)
        messages.success(request, "C'est noté\u00a0: sans suite.")
        return redirect("coordinator:neighbour_list")
    return _page(request, found, dismiss_form=form)
