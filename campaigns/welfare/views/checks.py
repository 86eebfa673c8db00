"""Welfare checks: what is done about households that nobody reaches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns import welfare
from campaigns.common import scope
from campaigns.common.views.pages import (
    campaign_filter,
    narrowed,
    note_read,
    page_of,
    pdf_response,
    visible_case,
    with_people,
)
from campaigns.models import CaretakerVisit, Case, WelfareCheck, WelfareStep
from campaigns.welfare import letters
from campaigns.welfare.forms import CheckLetterForm, CloseCheckForm, LetterForm, OpenCheckForm, OwnerForm, StepForm
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required

STATES = {
    "": "Ouvertes",
    "late": "Échéance passée",
    "mine": "Dont je suis responsable",
    "nobody": "Sans responsable",
    "closed": "Closes",
}


def _checks(request: SignedInRequest, state: str, now: datetime) -> QuerySet[WelfareCheck]:
    cases = narrowed(request, scope.visible_cases(request.user)).order_by().values("pk")
    checks = WelfareCheck.objects.filter(case__in=cases)
    if state == "closed":
        return checks.filter(closed_at__isnull=False).order_by("-closed_at")
    checks = checks.filter(closed_at=None).order_by("due_at", "pk")
    if state == "late":
        return checks.filter(due_at__lt=now)
    if state == "mine":
        return checks.filter(owner=request.user)
    # Whoever left or coordinates no more is nobody.
    return checks.exclude(owner__in=scope.coordinators()) if state == "nobody" else checks


@role_required(COORDINATOR)
@require_GET
def welfare_list(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    state = request.GET.get("etat", "")
    state = state if state in STATES else ""
    rows = (
        _checks(request, state, now)
        .select_related("case__campaign", "case__household", "case__agency", "owner")
        .prefetch_related(with_people("case__household"))
        .annotate(step_count=Count("steps"))
    )
    page = page_of(request, rows)
    note_read(request, "welfare.listed", [check.case_id for check in page.object_list])
    context = {"page_obj": page, "state": state, "states": STATES, "now": now, **campaign_filter(request)}
    # Of the letters that may leave for all of them.
    context |= {"recent": None, "days": letters.AGAIN_AFTER.days}
    return render(request, "welfare/welfare_list.html", context)


def _written_to(request: SignedInRequest) -> QuerySet[Case]:
    """The households whose check is open, of the campaign that the address names."""
    open_ones = WelfareCheck.objects.open().order_by().values("case")
    return narrowed(request, scope.visible_cases(request.user)).filter(pk__in=open_ones)


def _already_closed(request: SignedInRequest, check: WelfareCheck) -> HttpResponse | None:
    """Somebody else closed it meanwhile: the page says how."""
    if check.closed_at is None:
        return None
    messages.error(request, "Cette veille est déjà close.")
    return redirect("coordinator:welfare_check", check.pk)


def _check(request: SignedInRequest, check_id: int) -> WelfareCheck:
    checks = WelfareCheck.objects.filter(case__in=scope.visible_cases(request.user).order_by().values("pk"))
    related = ("case__campaign", "case__household__residence", "case__agency", "owner")
    return get_object_or_404(
        checks.select_related(*related).prefetch_related(
            "steps__by", "case__household__phones", with_people("case__household")
        ),
        pk=check_id,
    )


def _page(request: SignedInRequest, check: WelfareCheck, **forms: Any) -> HttpResponse:
    note_read(request, "welfare.read", [check.case_id], check.case.campaign_id)
    coming = welfare.next_step(check)
    last_visit = check.caretaker_visits.exclude(answer="").order_by("-answered_at").first()
    context = {
        "check": check,
        "case": check.case,
        "now": timezone.now(),
        "coming": WelfareStep.Kind(coming).label if coming else "",
        "step_form": StepForm(initial={"kind": coming or WelfareStep.Kind.CALL}),
        "owner_form": OwnerForm(people=_owners(check)),
        "close_form": CloseCheckForm(case=check.case, initial=_proposed(last_visit)),
        "letter_form": CheckLetterForm(case=check.case, now=timezone.now()),
        "last_visit": last_visit,
        "reports": check.neighbour_reports.order_by("-received_at"),
        **forms,
    }
    return render(request, "welfare/welfare_check.html", context)


def _proposed(visit: CaretakerVisit | None) -> dict[str, str]:
    """How the check may end, after what the caretaker said; the coordinator decides."""
    results: dict[str, str] = {CaretakerVisit.Answer.WELL: "well", CaretakerVisit.Answer.HELP: "difficulty"}
    found = results.get(visit.answer) if visit is not None else None
    return {"result": found} if found else {}


def _owners(check: WelfareCheck) -> QuerySet[User]:
    return scope.coordinators_of(check.case).order_by("last_name", "first_name")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def welfare_check(request: SignedInRequest, check_id: int) -> HttpResponse:
    return _page(request, _check(request, check_id))


@role_required(COORDINATOR)
@require_POST
def welfare_open(request: SignedInRequest, case_id: int) -> HttpResponse:
    """A coordinator worries about a household."""
    case = visible_case(request, case_id)
    form = OpenCheckForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choisissez l'urgence dans la liste.")
        return redirect("coordinator:case", case_id)
    try:
        check = welfare.open_by_hand(
            case_id=case.pk, level=form.cleaned_data["level"], by=request.user, now=timezone.now()
        )
    except welfare.WelfareError as error:
        messages.error(request, str(error))
        return redirect("coordinator:case", case_id)
    messages.success(request, "La veille est ouverte. Notez chaque démarche ici.")
    return redirect("coordinator:welfare_check", check.pk)


@role_required(COORDINATOR)
@require_POST
def welfare_owner(request: SignedInRequest, check_id: int) -> HttpResponse:
    """« Je m'en occupe », or somebody else does."""
    check = _check(request, check_id)
    if closed := _already_closed(request, check):
        return closed
    form = OwnerForm({"owner": request.user.pk} if request.POST.get("me") else request.POST, people=_owners(check))
    if not form.is_valid():
        return _page(request, check, owner_form=form)
    welfare.take(check=check, owner=form.cleaned_data["owner"], by=request.user)
    messages.success(request, "Le nom de la personne responsable est noté.")
    return redirect("coordinator:welfare_check", check_id)


@role_required(COORDINATOR)
@require_POST
def welfare_step(request: SignedInRequest, check_id: int) -> HttpResponse:
    check = _check(request, check_id)
    if closed := _already_closed(request, check):
        return closed
    form = StepForm(request.POST)
    if form.is_valid():
        try:
            welfare.add_step(check=check, **form.cleaned_data, by=request.user, now=timezone.now())
        except welfare.WelfareError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "La démarche est notée.")
            return redirect("coordinator:welfare_check", check_id)
    return _page(request, check, step_form=form)


@role_required(COORDINATOR)
@require_POST
def welfare_letter(request: SignedInRequest, check_id: int) -> HttpResponse:
    """One letter as a PDF; its making is a step of the check."""
    check = _check(request, check_id)
    if closed := _already_closed(request, check):
        return closed
    form = CheckLetterForm(request.POST, case=check.case, now=timezone.now())
    if not form.is_valid():
        return _page(request, check, letter_form=form)
    return _letters(request, Case.objects.filter(pk=check.case_id), form, check_id)


@role_required(COORDINATOR)
@require_POST
def welfare_letters(request: SignedInRequest) -> HttpResponse:
    """A letter to each household of a residence (or of all) whose check is open, in one PDF."""
    form = LetterForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choisissez la lettre.")
        return redirect("coordinator:welfare_list")
    cases = _written_to(request)
    residence = request.POST.get("residence", "")
    if residence:
        valid = residence.isascii() and residence.isdigit() and len(residence) < 19
        cases = cases.filter(household__residence=int(residence) if valid else 0)
    return _letters(request, cases, form, None)


def _letters(request: SignedInRequest, cases: QuerySet[Case], form: LetterForm, check_id: int | None) -> HttpResponse:
    kind, again = form.cleaned_data["kind"], form.cleaned_data.get("again", False)
    try:
        now = timezone.now()
        found = letters.chosen(cases, kind=kind, now=now, again=again)
        pdf = letters.make(cases=found, kind=kind, again=again, by=request.user, now=now)
    except letters.LetterError as error:
        messages.error(request, str(error))
        if check_id is None:
            return redirect("coordinator:welfare_list")
        return redirect("coordinator:welfare_check", check_id)
    return pdf_response(pdf, "lettres")


@role_required(COORDINATOR)
@require_POST
def welfare_close(request: SignedInRequest, check_id: int) -> HttpResponse:
    check = _check(request, check_id)
    if closed := _already_closed(request, check):
        return closed
    form = CloseCheckForm(request.POST, case=check.case)
    if form.is_valid():
        try:
            welfare.close_check(check=check, **form.cleaned_data, by=request.user, now=timezone.now())
        except welfare.WelfareError as error:
            form.add_error(None, str(error))
        else:
            referral = check.case.referrals.filter(state="draft", created_by=request.user).order_by("-pk").first()
            if form.cleaned_data["result"] == WelfareCheck.Result.DIFFICULTY and referral is not None:
                messages.success(request, "La veille est close. Relisez le signalement préparé, puis envoyez-le.")
                return redirect("coordinator:referral_edit", referral.pk)
            messages.success(request, "La veille est close.")
            return redirect("coordinator:case", check.case_id)
    return _page(request, check, close_form=form)
