"""Somebody died, moved or entered a care home: the name is confirmed on a page of its own before anything is noted.

The page needs no script. What was typed waits in the draft: « Retour » gives it back, confirming records it.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns import calls, outcomes, queue
from campaigns.alerts import dangers
from campaigns.calls.forms import Typed
from campaigns.calls.views.call import as_uuid, checked_form, place_or_404, record_entry, recorded_by
from campaigns.calls.views.page import CallPage
from campaigns.calls.views.place import Place, place_of
from campaigns.calls.views.who import PersonView
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required
from tenants.models import Tenant

NOBODY = "Plus personne n'est noté à cette adresse : il n'y a rien à confirmer. Prévenez la coordination."
# The word on top, what is said of one person, what is asked of several, and the button.
WORDS = {
    "deceased": ("Décès", "est décédé{e}", "Qui est décédé(e) ?", "Noter le décès"),
    "moved": ("Déménagement", "a déménagé", "Qui a déménagé ?", "Noter le déménagement"),
    "care_home": ("EHPAD", "est en EHPAD", "Qui est en EHPAD ?", "Noter l'entrée en EHPAD"),
}
FEMININE = {"M.": "", "Mme": "e", "Mlle": "e"}


@dataclass(frozen=True)
class Question:
    """Of whom it is said: one person by name, or one to choose among several."""

    code: str
    word: str
    asks: str
    button: str
    people: list[PersonView]
    says: str


def question_of(page: CallPage, code: str) -> Question:
    word, said, asks, button = WORDS[code]
    present = [one for one in page.household.tenants.all() if one.status == Tenant.Status.PRESENT]
    civility = present[0].civility if len(present) == 1 else ""
    return Question(code, word, asks, button, page.who.residents, said.format(e=FEMININE.get(civility, "(e)")))


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
@never_cache
def closing(request: SignedInRequest, case_id: int) -> HttpResponse:
    now = timezone.now()
    # Two tabs, or a second click: this very call is recorded already.
    if request.method == "POST" and (known := recorded_by(request, case_id)) is not None:
        place = place_of(case_id=case_id, by=request.user, now=now)
        if place is None or place.draft.submission != as_uuid(request.POST.get("submission")):
            return redirect("caller:done", known.pk)
    place = place_or_404(request, case_id, now)
    if request.method == "POST":
        return _confirm(request, place)
    code = place.draft.draft.get("closing", "")
    return _ask(request, place, code) if code in WORDS else redirect("caller:call", case_id)


def _confirm(request: SignedInRequest, place: Place) -> HttpResponse:
    """What the person who confirms has read: the outcome and the name come from the page, the rest from the draft."""
    code = request.POST.get("outcome", "")
    if code not in WORDS:
        return redirect("caller:call", place.case.pk)
    typed = Typed.from_draft(place.draft)
    typed.fields["tenant_id"] = request.POST.get("tenant_id", "")
    entry, errors = checked_form(place, typed, code)
    if not errors:
        try:
            token = as_uuid(request.POST.get("submission")) or place.draft.submission
            return redirect("caller:done", record_entry(place, entry, token).pk)
        except calls.CallError as error:
            errors = {error.field: error.message}
        except queue.NotYoursError:
            return redirect("caller:call", place.case.pk)
    return _ask(request, place, code, next(iter(errors.values())))


def _ask(request: SignedInRequest, place: Place, code: str, error: str = "") -> HttpResponse:
    page = CallPage(place, Typed.from_draft(place.draft))
    question = question_of(page, code)
    numbers = dangers.numbers_of(dangers.vital(place.unsolved), place.content)
    context = {
        "page": page,
        "question": question,
        "error": error if question.people else NOBODY,
        "danger_numbers": [(number, dangers.NUMBERS[number]) for number in numbers],
    }
    return render(request, "calls/closing.html", context)


assert set(WORDS) == set(outcomes.PERSON_STATUS)  # noqa: S101 - one page for each outcome that closes a person
