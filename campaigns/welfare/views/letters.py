"""Letters after a call: by residence, to one household; a landlord's own words in all its letters."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common import scope
from campaigns.common.views.pages import pdf_response, posted, visible_case
from campaigns.models import Campaign, Case, Letter
from campaigns.welfare import letters
from campaigns.welfare.forms import AgainForm, WordingForm
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants.models import Landlord

KIND = Letter.Kind.AFTER_CALL
# The households that have no residence, among the residences of a form.
NO_RESIDENCE = "0"


def _campaign(slug: str) -> Campaign:
    return get_object_or_404(Campaign.objects.exclude(status=Campaign.Status.PURGED), slug=slug)


def _cases(request: SignedInRequest, campaign: Campaign) -> QuerySet[Case]:
    return scope.visible_cases(request.user).filter(campaign=campaign)


def _landlords(request: SignedInRequest, campaign: Campaign) -> QuerySet[Landlord]:
    cases = _cases(request, campaign).order_by()
    seen = Landlord.objects.filter(pk__in=cases.values("household__landlord"))
    return seen.select_related("letter_wording").order_by("name")


def _may_write(request: SignedInRequest, campaign: Campaign) -> bool:
    return bool(request.user.has_role(COORDINATOR) and campaign.is_running)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def letters_page(request: SignedInRequest, slug: str) -> HttpResponse:
    """The residences whose households were called and not reached; what each landlord adds to its letters."""
    campaign = _campaign(slug)
    rows = letters.by_residence(_cases(request, campaign), timezone.now())
    context = {
        "campaign": campaign,
        "rows": rows,
        "households": sum(row.households for row in rows),
        "due": sum(row.due for row in rows),
        "recent": None,
        "days": letters.AGAIN_AFTER.days,
        "landlords": [(one, letters.wording_of(one)) for one in _landlords(request, campaign)],
        "may_write": _may_write(request, campaign),
    }
    return render(request, "welfare/letters.html", context)


def _again(request: SignedInRequest) -> bool:
    form = AgainForm(request.POST)
    return bool(form.is_valid() and form.cleaned_data["again"])


@role_required(COORDINATOR)
@require_POST
def letters_make(request: SignedInRequest, slug: str) -> HttpResponse:
    """One PDF for a residence, or for all of them."""
    campaign = _campaign(slug)
    cases = letters.unreached(_cases(request, campaign))
    residence = request.POST.get("residence", "")
    if residence == NO_RESIDENCE:
        cases = cases.filter(household__residence=None)
    elif residence:
        valid = residence.isascii() and residence.isdigit() and len(residence) < 19
        cases = cases.filter(household__residence=int(residence) if valid else 0)
    return _pdf(request, cases) or redirect("coordinator:letters", slug)


@role_required(COORDINATOR)
@require_POST
def case_letter(request: SignedInRequest, case_id: int) -> HttpResponse:
    """To one household, from its page: called and not reached, or asking for something in writing."""
    case = visible_case(request, case_id)
    return _pdf(request, Case.objects.filter(pk=case.pk)) or redirect("coordinator:case", case_id)


def _pdf(request: SignedInRequest, cases: QuerySet[Case]) -> HttpResponse | None:
    """The letters; None when there is none to make, and the message is said."""
    now, again = timezone.now(), _again(request)
    found = letters.chosen(cases, kind=KIND, now=now, again=again)
    try:
        pdf = letters.make(cases=found, kind=KIND, by=request.user, now=now, again=again)
    except letters.LetterError as error:
        messages.error(request, str(error))
        return None
    return pdf_response(pdf, "lettres")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def letters_wording(request: SignedInRequest, slug: str, landlord_id: int) -> HttpResponse:
    """A landlord's signature and paragraph: looked at as a PDF, then kept."""
    campaign = _campaign(slug)
    landlord = get_object_or_404(_landlords(request, campaign), pk=landlord_id)
    wording = letters.wording_of(landlord)
    form = WordingForm(posted(request), initial={"signature": wording.signature, "words": wording.words})
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        if request.POST.get("example"):
            pdf = letters.example(campaign=campaign, landlord=landlord, **form.cleaned_data, now=now)
            return pdf_response(pdf, "exemple-de-lettre")
        letters.word(landlord=landlord, **form.cleaned_data, by=request.user, now=now)
        messages.success(request, "Les prochaines lettres de ce bailleur porteront ces mots.")
        return redirect("coordinator:letters", slug)
    context = {"campaign": campaign, "landlord": landlord, "form": form}
    return render(request, "welfare/letters_wording.html", context)
