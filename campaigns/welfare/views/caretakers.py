"""Rounds of caretakers: which doors, a list or a link, and what they answered."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common import scope
from campaigns.common.views.pages import note_read, page_of, pdf_response, with_people
from campaigns.models import CaretakerRound, WelfareCheck
from campaigns.templatetags.dossiers import people
from campaigns.welfare import WelfareError, caretakers, letters
from campaigns.welfare.forms import RoundForm
from solidarites.models import JournalEntry
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required
from tenants.models import Residence


def _checks(request: SignedInRequest) -> QuerySet[WelfareCheck]:
    """The open checks of the coordinator's sectors."""
    cases = scope.visible_cases(request.user).order_by().values("pk")
    return WelfareCheck.objects.open().filter(case__in=cases)


@role_required(COORDINATOR)
@require_GET
def residences(request: SignedInRequest) -> HttpResponse:
    page = page_of(request, caretakers.residences(_checks(request)))
    return render(request, "welfare/caretaker_residences.html", {"page_obj": page})


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def residence(request: SignedInRequest, residence_id: int) -> HttpResponse:
    """The doors of one residence; a round is made of those that are ticked."""
    found = get_object_or_404(Residence.objects.select_related("agency", "landlord"), pk=residence_id)
    checks = list(
        _checks(request)
        .filter(case__household__residence=found)
        .select_related("case__household", "case__campaign")
        .prefetch_related(with_people("case__household"))
        .order_by("case__household__building", "case__household__door", "pk")
    )
    rounds = _rounds(request).filter(residence=found)
    if not checks and not rounds.exists():
        return redirect("coordinator:caretaker_residences")
    choices = [(check.pk, f"{people(check.case)}, {' '.join(check.case.household.address_lines)}") for check in checks]
    initial = {"checks": [check.pk for check in checks]}
    form = RoundForm(request.POST if request.method == "POST" else None, checks=choices, initial=initial)
    if request.method == "POST" and form.is_valid():
        chosen = [check for check in checks if check.pk in form.cleaned_data["checks"]]
        try:
            made = caretakers.start(
                residence=found,
                checks=chosen,
                email=form.cleaned_data["email"],
                by=request.user,
                now=timezone.now(),
            )
        except (caretakers.CaretakerError, WelfareError) as error:
            form.add_error(None, str(error))
        else:
            said = "Le lien part à cette adresse." if form.cleaned_data["email"] else "La tournée est prête."
            messages.success(request, said)
            return redirect("coordinator:caretaker_round", made.pk)
    note_read(request, "welfare.listed", [check.case_id for check in checks])
    context = {"residence": found, "checks": checks, "form": form, "rounds": rounds[:10], "now": timezone.now()}
    # Of the letters that may leave for all of them.
    context |= {"recent": None, "days": letters.AGAIN_AFTER.days}
    return render(request, "welfare/caretaker_residence.html", context)


def _rounds(request: SignedInRequest) -> QuerySet[CaretakerRound]:
    """Those that hold a door of the coordinator's sectors."""
    cases = scope.visible_cases(request.user).order_by().values("pk")
    return (
        CaretakerRound.objects.filter(visits__check_row__case__in=cases)
        .distinct()
        .select_related("residence__landlord", "created_by")
        .order_by("-created_at")
    )


def _round(request: SignedInRequest, round_id: int) -> CaretakerRound:
    return get_object_or_404(_rounds(request), pk=round_id)


@role_required(COORDINATOR)
@require_GET
def round_page(request: SignedInRequest, round_id: int) -> HttpResponse:
    made = _round(request, round_id)
    now = timezone.now()
    visible = scope.visible_cases(request.user).order_by().values("pk")
    visits = list(
        made.visits.filter(check_row__case__in=visible)
        .select_related("check_row__case__household", "check_row__case__campaign")
        .prefetch_related(with_people("check_row__case__household"))
        .order_by("check_row__case__household__building", "check_row__case__household__door", "pk")
    )
    note_read(request, "caretaker.read", [visit.check_row.case_id for visit in visits])
    opened = JournalEntry.objects.filter(
        object_type=CaretakerRound._meta.label_lower, object_id=made.pk, action="caretaker.opened"
    )
    context = {
        "made": made,
        "visits": visits,
        "now": now,
        "live": caretakers.live(now).filter(pk=made.pk).exists(),
        "link": caretakers.link_of(made),
        "opened": opened.count(),
    }
    return render(request, "welfare/caretaker_round.html", context)


@role_required(COORDINATOR)
@require_GET
def round_pdf(request: SignedInRequest, round_id: int) -> HttpResponse:
    made = _round(request, round_id)
    found = caretakers.doors_of(made)
    mine = scope.visible_cases(request.user).filter(pk__in=[visit.check_row.case_id for visit in found])
    seen = set(mine.values_list("pk", flat=True))
    doors = [visit for visit in found if visit.check_row.case_id in seen]
    note_read(request, "caretaker.printed", [visit.check_row.case_id for visit in doors])
    return pdf_response(caretakers.list_pdf(made, doors, timezone.now()), "tournee-du-gardien")


@role_required(COORDINATOR)
@require_POST
def round_revoke(request: SignedInRequest, round_id: int) -> HttpResponse:
    caretakers.revoke(made=_round(request, round_id), by=request.user, now=timezone.now())
    messages.success(request, "Le lien est retiré\u00a0: il n'ouvre plus rien.")
    return redirect("coordinator:caretaker_round", round_id)
