"""« Textes à revoir »: free texts that raised a gentle warning; left as they are, or rewritten."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from campaigns import texts
from campaigns.common import scope
from campaigns.common.views.pages import campaign_filter, narrowed, note_read, page_of, with_people
from campaigns.models import Campaign, FlaggedText
from campaigns.texts import warned
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required


class RewriteForm(forms.Form):
    """The text to keep, written otherwise; empty to keep none."""

    text = forms.CharField(
        label="Nouveau texte",
        required=False,
        help_text="Un fait utile, court, comme si la personne le lisait. Vide\u00a0: rien n'est gardé.",
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": texts.LIMIT}),
    )


def _visible(request: SignedInRequest) -> QuerySet[FlaggedText]:
    cases = scope.visible_cases(request.user).exclude(campaign__status=Campaign.Status.PURGED)
    related = [
        f"{place}__{name}"
        for place, who in (("call", "volunteer"), ("message", "by"))
        for name in (who, "case__campaign", "case__household")
    ]
    return (
        texts.of_cases(narrowed(request, cases))
        .select_related(*related, "decided_by")
        .prefetch_related(with_people("call__case__household"), with_people("message__case__household"))
    )


def _why(flagged: FlaggedText) -> str:
    return ", ".join(warned.LABELS[code] for code in flagged.reasons if code in warned.LABELS)


@role_required(COORDINATOR)
@require_GET
def text_list(request: SignedInRequest) -> HttpResponse:
    """The oldest first: what waits longest has been read most."""
    page = page_of(request, _visible(request).filter(decision="").order_by("at", "pk"))
    rows = [(one, texts.read(one), _why(one)) for one in page.object_list]
    note_read(request, "texts.listed", [one.case.pk for one, _, _ in rows])
    context = {
        "page_obj": page,
        "rows": rows,
        "decided": _visible(request).exclude(decision="").count(),
        "now": timezone.now(),
        **campaign_filter(request),
    }
    return render(request, "texts/text_list.html", context)


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def text(request: SignedInRequest, text_id: int) -> HttpResponse:
    """One text: « Laisser » or « Réécrire »."""
    flagged = get_object_or_404(_visible(request), pk=text_id)
    form = RewriteForm(initial={"text": texts.read(flagged)})
    if request.method == "POST":
        form = RewriteForm(request.POST)
        now = timezone.now()
        try:
            if request.POST.get("decision") == "leave":
                texts.leave(flagged=flagged, by=request.user, now=now)
                messages.success(request, "Le texte reste comme il est.")
                return redirect("coordinator:text_list")
            if form.is_valid():
                texts.rewrite(flagged=flagged, text=form.cleaned_data["text"], by=request.user, now=now)
                messages.success(request, "Le texte est réécrit. L'ancien n'est plus gardé.")
                return redirect("coordinator:text_list")
        except texts.TextError as error:
            if _visible(request).get(pk=text_id).decision:
                messages.info(request, str(error))
                return redirect("coordinator:text_list")
            form.add_error("text", str(error))
    note_read(request, "text.read", [flagged.case.pk], flagged.case.campaign_id)
    context = {
        "text": flagged,
        "words": texts.read(flagged),
        "why": _why(flagged),
        "case": flagged.case,
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "texts/text_detail.html", context)
