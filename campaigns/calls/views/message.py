"""A household rings back while another volunteer has its case: take a message."""

from __future__ import annotations

from django import forms
from django.contrib import messages as said
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns import queue
from campaigns.calls import messages
from campaigns.models import Case
from campaigns.models.limits import TEXT
from campaigns.texts import warned
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required


class MessageForm(forms.Form):
    text = forms.CharField(
        label="Message à transmettre",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": messages.LIMIT}),
        help_text=f"Des faits utiles, courts, comme si la personne vous lisait. {TEXT} caractères au plus.",
    )


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
@never_cache
def message(request: SignedInRequest, case_id: int) -> HttpResponse:
    case = Case.objects.select_related("campaign", "claimed_by").filter(pk=case_id).first()
    if case is None or queue.membership_of(case.campaign, request.user) is None or not case.campaign.is_running:
        journal.record("access.refused", by=request.user, route="caller:message", case=case_id)
        raise Http404
    form = MessageForm(request.POST if request.method == "POST" else None)
    holder = case.claimed_by.get_short_name() if case.claimed_by else ""
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        try:
            messages.leave(case_id=case_id, text=text, by=request.user, now=timezone.now())
        except messages.MessageError as error:
            form.add_error("text", str(error))
        else:
            who = f"{holder} et la coordination le liront." if holder else "La coordination le lira."
            said.success(request, f"Le message est gardé. {who}")
            for warning in warned.warnings([text]):
                said.warning(request, warning)
            return redirect("caller:home")
    mine = queue.current_claim(request.user)
    context = {"form": form, "holder": holder, "mine": mine if mine is not None and mine.pk != case_id else None}
    return render(request, "calls/message.html", context)
