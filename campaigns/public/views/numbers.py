"""The numbers to call, for coordinators: words, hours, shown or not, checked or not."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common.views.pages import posted
from campaigns.models import UsefulNumber
from campaigns.public import numbers
from campaigns.public.forms import ConfirmForm, NumberForm
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def number_list(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    rows = UsefulNumber.objects.select_related("checked_by")
    context = {
        "rows": [(one, numbers.fingerprint(one)) for one in rows],
        "checked": numbers.checked(now=now),
        "stale_before": now - numbers.FRESH,
        "days": numbers.FRESH.days,
    }
    return render(request, "public/number_list.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def confirm(request: SignedInRequest) -> HttpResponse:
    """One number was checked by this person, as it was written on the page."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return redirect("coordinator:number_list")
    row = get_object_or_404(UsefulNumber, pk=form.cleaned_data["number"])
    if numbers.confirm(number_id=row.pk, seen=form.cleaned_data["seen"], by=request.user, now=timezone.now()):
        messages.success(request, f"Le {row.shown} est noté comme vérifié aujourd'hui.")
    else:
        messages.warning(request, f"Le {row.shown} a changé entre-temps. Relisez, puis confirmez.")
    return redirect("coordinator:number_list")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def number(request: SignedInRequest, number_id: int) -> HttpResponse:
    row = get_object_or_404(UsefulNumber, pk=number_id)
    form = NumberForm(posted(request), instance=row)
    if request.method == "POST" and form.is_valid():
        numbers.change(number=row, **form.cleaned_data, by=request.user)
        messages.success(request, "Le numéro est à jour.")
        return redirect("coordinator:number_list")
    shown = UsefulNumber.objects.get(pk=row.pk)
    return render(request, "public/number.html", {"form": form, "number": shown})
