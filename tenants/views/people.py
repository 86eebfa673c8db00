"""Possible duplicates side by side, and people whose age is to be verified."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, role_required
from tenants import ages, duplicates
from tenants.forms import BirthForm
from tenants.models import PhoneNumber, Tenant

PAIRS_PER_PAGE = 10
PER_PAGE = 50


@role_required(ADMINISTRATOR)
@require_GET
def duplicate_list(request: SignedInRequest) -> HttpResponse:
    page = Paginator(duplicates.pairs(), PAIRS_PER_PAGE).get_page(request.GET.get("page"))
    ids = [tenant.household_id for pair in page.object_list for tenant in (pair.first, pair.second)]
    phones: dict[int, list[PhoneNumber]] = {}
    if ids:
        for phone in PhoneNumber.objects.filter(household_id__in=ids):
            phones.setdefault(phone.household_id, []).append(phone)
        journal.record("duplicates.read", by=request.user, households=sorted(set(ids)))
    cards = [
        {
            "pair": pair,
            "sides": [
                {"tenant": tenant, "phones": phones.get(tenant.household_id, [])}
                for tenant in (pair.first, pair.second)
            ],
        }
        for pair in page.object_list
    ]
    return render(request, "administrator/imports/duplicates.html", {"page_obj": page, "cards": cards})


@role_required(ADMINISTRATOR)
@require_POST
def duplicate_decide(request: SignedInRequest, first: int, second: int) -> HttpResponse:
    """« C’est la même personne » keeps ``kept``; « Ce sont deux personnes » is remembered."""
    one, other = get_object_or_404(Tenant, pk=first), get_object_or_404(Tenant, pk=second)
    choice, now = request.POST.get("choice"), timezone.now()
    if one.pk == other.pk or one.landlord_id != other.landlord_id:
        messages.warning(request, "Ces deux fiches ne peuvent pas être comparées.")
    elif choice == "apart":
        duplicates.keep_apart(first=one, second=other, by=request.user, now=now)
        messages.success(request, "Noté : ce sont deux personnes. La question ne sera plus posée.")
    elif choice in (str(one.pk), str(other.pk)):
        kept, gone = (one, other) if choice == str(one.pk) else (other, one)
        duplicates.merge(kept=kept, gone=gone, by=request.user, now=now)
        messages.success(request, "Les deux fiches n’en font plus qu’une. Les prochaines listes le sauront.")
    else:
        messages.warning(request, "Choisissez la fiche à garder, ou dites que ce sont deux personnes.")
    return redirect("imports:duplicates")


@role_required(ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def age_list(request: SignedInRequest) -> HttpResponse:
    """« Âge à vérifier »: a date or a year can be noted for each; until then nobody is enrolled by age."""
    form, wrong = BirthForm(), None
    if request.method == "POST":
        tenant_id = request.POST.get("tenant", "")
        number = int(tenant_id) if tenant_id.isascii() and tenant_id.isdigit() and len(tenant_id) < 15 else 0
        tenant = get_object_or_404(Tenant, pk=number)
        form = BirthForm(request.POST)
        if form.is_valid():
            read = form.cleaned_data["birth"]
            ages.settle(tenant=tenant, birth=read.day, precision=read.precision, by=request.user, now=timezone.now())
            messages.success(request, "La date de naissance est notée.")
            return redirect("imports:ages")
        wrong = tenant.pk
    page = Paginator(ages.unknown(), PER_PAGE).get_page(request.GET.get("page"))
    if page.object_list:
        journal.record("ages.read", by=request.user, households=sorted({t.household_id for t in page.object_list}))
    context = {"page_obj": page, "form": form, "wrong": wrong}
    return render(request, "administrator/imports/ages.html", context, status=422 if wrong else 200)
