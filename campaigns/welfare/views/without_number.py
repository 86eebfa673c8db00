"""Households without a number: letters, the search of a number by the agency, a visit or a reply."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns.cases.forms import NumberForm
from campaigns.common import scope
from campaigns.common.views.pages import note_read, page_of, pdf_response, visible_case, with_people
from campaigns.models import Campaign, Case, Letter
from campaigns.welfare import WelfareError, letters, without_number
from campaigns.welfare.forms import AgainForm, NewsForm
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants import numbers
from tenants.models import Residence

STATES = {
    "": "Tous",
    without_number.NOTHING: "Rien encore",
    without_number.LETTER: "Lettre produite",
    without_number.ASKED: "Numéro demandé",
    without_number.NOT_FOUND: "Numéro introuvable",
}


def _campaign(slug: str) -> Campaign:
    return get_object_or_404(Campaign.objects.exclude(status=Campaign.Status.PURGED), slug=slug)


def _waiting(request: SignedInRequest, campaign: Campaign, data: Any) -> QuerySet[Case]:
    """Those of the campaign, of the residence and the state that the address or the form names; or the one case."""
    found = without_number.waiting(scope.visible_cases(request.user).filter(campaign=campaign))
    residence = data.get("residence", "")
    if residence.isascii() and residence.isdigit() and len(residence) < 19:
        found = found.filter(household__residence=int(residence))
    if one := data.get("case", ""):
        found = found.filter(pk=int(one) if one.isascii() and one.isdigit() and len(one) < 19 else 0)
    return without_number.in_state(found, data.get("etat", ""))


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def household_list(request: SignedInRequest, slug: str) -> HttpResponse:
    campaign = _campaign(slug)
    state = request.GET.get("etat", "")
    everybody = without_number.waiting(scope.visible_cases(request.user).filter(campaign=campaign))
    rows = (
        _waiting(request, campaign, request.GET)
        .select_related("campaign", "household__residence", "agency")
        .prefetch_related(with_people())
        .order_by("household__residence__name", "household__city", "household__street", "pk")
    )
    page = page_of(request, rows)
    note_read(request, "cases.listed", [case.pk for case in page.object_list], campaign.pk)
    context = {
        "campaign": campaign,
        "page_obj": page,
        "recent": None,
        "days": letters.AGAIN_AFTER.days,
        "state": state if state in STATES else "",
        "states": STATES,
        "residences": Residence.objects.filter(households__cases__in=everybody.order_by().values("pk"))
        .distinct()
        .order_by("name", "reference"),
        "residence": request.GET.get("residence", ""),
        "may_act": _may_act(request, campaign),
        "most": letters.MOST,
        "now": timezone.now(),
    }
    return render(request, "welfare/campaign_without_number.html", context)


def _may_act(request: SignedInRequest, campaign: Campaign) -> bool:
    return bool(request.user.has_role(COORDINATOR) and campaign.is_running)


def _back(request: SignedInRequest, slug: str) -> HttpResponse:
    response = redirect("coordinator:campaign_without_number", slug)
    asked = [f"{name}={request.POST[name]}" for name in ("residence", "etat") if request.POST.get(name, "").isalnum()]
    if asked:
        response["Location"] += f"?{'&'.join(asked)}"
    return response


@role_required(COORDINATOR)
@require_POST
def make_letters(request: SignedInRequest, slug: str) -> HttpResponse:
    """A letter to each household of the list, in one PDF; or to one."""
    campaign = _campaign(slug)
    form = AgainForm(request.POST)
    now, kind = timezone.now(), Letter.Kind.WITHOUT_NUMBER
    again = form.is_valid() and form.cleaned_data["again"]
    cases = letters.chosen(_waiting(request, campaign, request.POST), kind=kind, now=now, again=again)
    try:
        pdf = letters.make(cases=cases, kind=kind, by=request.user, now=now, again=again)
    except letters.LetterError as error:
        messages.error(request, str(error))
        return _back(request, slug)
    return pdf_response(pdf, "lettres")


@role_required(COORDINATOR)
@require_POST
def ask_agency(request: SignedInRequest, slug: str) -> HttpResponse:
    """The list that the agency fills in, as a PDF; each number is asked for from now on."""
    campaign = _campaign(slug)
    now = timezone.now()
    cases = list(letters.to_write_to(_waiting(request, campaign, request.POST))[: letters.MOST])
    try:
        pdf = without_number.ask(cases=cases, by=request.user, now=now)
    except without_number.WithoutNumberError as error:
        messages.error(request, str(error))
        return _back(request, slug)
    return pdf_response(pdf, "numeros-a-chercher")


# One household ------------------------------------------------------------------------------------------------


def _one(request: SignedInRequest, case_id: int) -> Case:
    return visible_case(request, case_id, "household__residence", "agency")


@role_required(COORDINATOR)
@require_GET
def household(request: SignedInRequest, case_id: int) -> HttpResponse:
    return _page(request, _one(request, case_id))


def _page(request: SignedInRequest, case: Case, **forms: Any) -> HttpResponse:
    note_read(request, "case.read", [case.pk], case.campaign_id)
    now, last = timezone.now(), letters.last_posted(case)
    searches = list(case.number_searches.select_related("asked_by", "answered_by"))
    context = {
        "case": case,
        "campaign": case.campaign,
        "now": now,
        "recent": last if letters.is_recent(last, letters.today_of(case.campaign, now)) else None,
        "letters": case.letters.select_related("made_by"),
        "searches": searches,
        "asked": any(search.answered_at is None for search in searches),
        "waits": case.status in without_number.LISTED and not case.has_number,
        "may_act": _may_act(request, case.campaign),
        "number_form": NumberForm(),
        "news_form": NewsForm(),
        **forms,
    }
    return render(request, "welfare/without_number_case.html", context)


@role_required(COORDINATOR)
@require_POST
def number_found(request: SignedInRequest, case_id: int) -> HttpResponse:
    """The number came: the household joins the queue."""
    case = _one(request, case_id)
    form = NumberForm(request.POST)
    if form.is_valid():
        try:
            without_number.found(case_id=case.pk, **form.cleaned_data, by=request.user, now=timezone.now())
        except numbers.NumberError as error:
            form.add_error("number", str(error))
        except without_number.WithoutNumberError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Le numéro est ajouté. Le foyer entre dans la file d'appels.")
            return redirect("coordinator:campaign_without_number", case.campaign.slug)
    return _page(request, case, number_form=form)


@role_required(COORDINATOR)
@require_POST
def number_not_found(request: SignedInRequest, case_id: int) -> HttpResponse:
    case = _one(request, case_id)
    try:
        without_number.not_found(case_id=case.pk, by=request.user, now=timezone.now())
    except without_number.WithoutNumberError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "C'est noté\u00a0: l'agence n'a pas de numéro. Restent la lettre et la visite.")
    return redirect("coordinator:without_number_case", case.pk)


@role_required(COORDINATOR)
@require_POST
def news_given(request: SignedInRequest, case_id: int) -> HttpResponse:
    """A visit or a reply."""
    case = _one(request, case_id)
    form = NewsForm(request.POST)
    if form.is_valid():
        try:
            check = without_number.give_news(
                case_id=case.pk,
                how=form.cleaned_data["how"],
                well=form.cleaned_data["well"] == "yes",
                by=request.user,
                now=timezone.now(),
            )
        except (without_number.WithoutNumberError, WelfareError) as error:
            form.add_error(None, str(error))
        else:
            if check is not None:
                messages.success(request, "Une veille est ouverte, à votre nom\u00a0: notez chaque démarche ici.")
                return redirect("coordinator:welfare_check", check.pk)
            messages.success(request, "C'est noté. Le dossier est clos.")
            return redirect("coordinator:campaign_without_number", case.campaign.slug)
    return _page(request, case, news_form=form)
