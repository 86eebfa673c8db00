"""A script as the volunteer will see it: the call page's own reading and templates, on an invented household."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from campaigns import scripts
from campaigns.calls.forms import Typed
from campaigns.calls.views.follows import what_follows
from campaigns.calls.views.page import CallPage
from campaigns.calls.views.place import Place
from campaigns.models import Campaign, Case, Script
from campaigns.practice import household
from campaigns.scripts import document
from campaigns.scripts.views.scripts import base_context, script_or_404
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants.models import Tenant

NEXT_CALL = {Script.Kind.FOLLOW_UP: Case.Kind.FOLLOW_UP, Script.Kind.FIRST: Case.Kind.FIRST}


class PreviewPage(CallPage):
    """The call page of a household that does not exist."""

    notice = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.case.next_call_kind == Case.Kind.FOLLOW_UP:
            # The invented household has a follow-up plan, which no row of the database knows.
            self.situation = replace(self.situation, plan=True)
            self.follows = what_follows(self.place, self.typed, self.reading, self.situation)


def _campaign() -> Campaign:
    return Campaign(
        pk=household.NOWHERE, name="Aperçu", status=Campaign.Status.OPEN, callback_number=household.NUMBER,
        on_call_number=household.NUMBER,
    )  # fmt: skip


def place_for(*, content: Mapping[str, Any], kind: str, couple: bool, by: User, now: datetime) -> Place:
    """An invented call with this document; nothing of it is in the database."""
    made = household.practice_of(campaign=_campaign(), by=by, now=now)
    made.case.next_call_kind = NEXT_CALL.get(Script.Kind(kind), Case.Kind.ASKED)
    people = list(made.people)
    if couple:
        people.append(
            Tenant(
                pk=household.NOWHERE + 1,
                household=made.case.household,
                landlord=made.case.household.landlord,
                civility="M.",
                first_name="Émile",
                last_name="Exemple",
                birth_date=date(now.year - household.AGE + 1, 1, 1),
                birth_precision=Tenant.Precision.YEAR,
            )
        )
        household.hold(made.case.household, "tenants", people)
        made.case.household.living_alone = False
    return Place(made.case, made.draft, [], by, now, scripts.build(content), people)


def page_for(place: Place, post: Any = None) -> PreviewPage:
    typed = Typed.from_post(post, place.content, place.keys) if post is not None else Typed()
    return PreviewPage(place, typed)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_preview(request: SignedInRequest, script_id: int) -> HttpResponse:
    """The whole script, its branching followed as one answers; what is typed is read and forgotten."""
    one = script_or_404(script_id)
    post = request.POST if request.method == "POST" else None
    couple = (request.GET if post is None else post).get("personnes") == "2"
    place = place_for(content=one.content, kind=one.kind, couple=couple, by=request.user, now=timezone.now())
    context = base_context(one) | {"page": page_for(place, post), "couple": couple}
    return render(request, "scripts/script_preview.html", context)


def question_preview(content: Mapping[str, Any], kind: str, raw: Mapping[str, Any], by: User) -> dict[str, Any]:
    """One question alone, as its page shows it beside the form."""
    alone = {**content, "questions": [{**document.tidy_question(raw), "shown_if": []}]}
    page = page_for(place_for(content=alone, kind=kind, couple=False, by=by, now=timezone.now()))
    return {"page": page, "q": page.questions[0]}
