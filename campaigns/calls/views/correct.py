"""One's own recorded call, corrected for a day: the same form, what will change, then the correction."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns import calls, outcomes, queue
from campaigns.calls.forms import Typed, read_form
from campaigns.calls.views.done import what_happens
from campaigns.calls.views.follows import Line, outcome_of
from campaigns.calls.views.labels import national, past_label
from campaigns.calls.views.page import CallPage
from campaigns.calls.views.place import Place
from campaigns.common import needs
from campaigns.models import Call, CallRevision, Need
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required


@dataclass
class Summary:
    """What the correction changes, then what is planned once it is made."""

    changes: list[Line]
    after: list[Line]
    seen: str


def _mine(request: SignedInRequest, call_id: int, now: datetime) -> Call:
    """One's own call, for a day; a journaled refusal otherwise."""
    call = Call.objects.filter(pk=call_id, volunteer=request.user).select_related("phone").first()
    if call is None or not calls.correctable(call, request.user, now):
        journal.record("access.refused", by=request.user, route="caller:correct", call=call_id)
        raise Http404
    return call


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
@never_cache
def correct(request: SignedInRequest, call_id: int) -> HttpResponse:
    now = timezone.now()
    call = _mine(request, call_id, now)
    case = calls.with_household(call.case_id)
    call.case = case
    if not case.campaign.is_running:
        messages.info(request, "Cette campagne est terminée : ses appels ne se corrigent plus.")
        return redirect("caller:done", call_id)
    place = Place(case, call, [], request.user, now, calls.content_then(call), calls.people_then(call, case))
    if request.method == "GET":
        journal.of_case("call.read", case, call, by=request.user)
        typed = Typed.from_recorded(call)
        said = outcome_of(place.read(typed))
        return _show(request, place, typed, "" if said == call.outcome and call.answers else call.outcome)
    typed = Typed.from_post(request.POST, place.content, place.keys)
    chosen = request.POST.get("outcome", "")
    reading = place.read(typed)
    outcome = chosen or outcome_of(reading)
    entry, errors = read_form(
        typed, outcome=outcome, opens=reading.opens, cadence=reading.cadence, calendar=place.calendar
    )
    if errors:
        return _show(request, place, typed, chosen, errors)
    submission = _uuid(request.POST.get("submission"))
    make = partial(calls.correct, call_id=call.pk, by=request.user, submission=submission, wanted=entry, now=now)
    seen = _fingerprint(outcome, typed)
    try:
        if request.POST.get("seen") == seen:
            make()
            messages.success(request, "Votre appel est corrigé.")
            return redirect("caller:done", call.pk)
        return _show(request, place, typed, chosen, summary=_summary(place, entry, make, seen))
    except calls.CallError as error:
        return _show(request, place, typed, chosen, {error.field: error.message}, error.proposals)
    except queue.NotYoursError as error:
        raise Http404 from error


def _show(
    request: SignedInRequest,
    place: Place,
    typed: Typed,
    chosen: str,
    errors: dict[str, str] | None = None,
    proposals: Iterable[datetime] = (),
    summary: Summary | None = None,
) -> HttpResponse:
    call = place.draft
    page = CallPage(place, typed, errors or {}, list(proposals))
    context = {
        "page": page,
        "call": call,
        "at": past_label(call.recorded_at or call.started_at, place.now, place.here),
        "recorded_label": outcomes.TABLE[call.outcome].label,
        "outcomes": Call.Outcome.choices,
        "chosen": chosen,
        "phones": [(str(one.pk), national(one.e164)) for one in place.case.household.phones.all()],
        "summary": summary,
        # One form, one correction, however often it is posted.
        "submission": request.POST.get("submission") or str(uuid.uuid4()),
    }
    return render(request, "calls/correct.html", context)


def _summary(place: Place, wanted: calls.Entry, make: Callable[[], CallRevision | None], seen: str) -> Summary:
    """Made by making the correction, reading what it did, and taking it all back."""
    call, by, now = place.draft, place.by, place.now
    change = calls.foresee(call=call, case=calls.with_household(call.case_id), wanted=wanted, by=by, now=now)
    lines = _change_lines(call, change)
    after: list[Line] = []
    with calls.rehearsal():
        if make() is not None:
            fresh = Call.objects.get(pk=call.pk)
            after = what_happens(fresh, calls.with_household(call.case_id), by, now)
    if not lines:
        lines = [Line("check-circle", "Rien ne change : tout est déjà noté ainsi.")]
        seen = ""
    return Summary(lines, after, seen)


def _change_lines(call: Call, change: calls.Change) -> list[Line]:
    before, wanted = outcomes.TABLE[call.outcome].label, outcomes.TABLE[change.outcome].label
    lines = []
    if change.tenant is not None and change.outcome in outcomes.PERSON_STATUS:
        lines.append(Line("person", f"Personne concernée : {change.tenant.full_name}."))
    if change.words:
        lines.append(Line("pencil", "Vos réponses et votre commentaire sont remplacés."))
    if change.redo and wanted != before:
        lines.append(Line("arrow-clockwise", f"« {before} » devient « {wanted} »."))
    elif change.redo:
        lines.append(Line("arrow-clockwise", "Ce qui suit cet appel est refait."))
    elif change.fact:
        lines.append(Line("people", f"{change.obstacle} « {wanted} » vaut pourtant dès maintenant.", "attention"))
    elif change.asked:
        asked = f"L'issue reste « {before} », et la coordination saura que c'était plutôt « {wanted} »."
        if wanted == before:
            asked = "Ce qui suit cet appel ne change pas, et la coordination est prévenue."
        lines.append(Line("people", f"{change.obstacle} {asked}", "attention"))
    lines += [Line("x-circle", f"{_need(one)} : retiré.") for one in change.withdrawn]
    lines += [
        Line("people", f"{_need(one)} : déjà transmis, la coordination est prévenue.", "attention")
        for one in change.with_partner
    ]
    if change.alerts:
        lines.append(Line("exclamation-octagon-fill", "Une alerte part à la coordination.", "alert"))
    if not lines and change.anything:
        lines.append(Line("flag", "Les besoins de la personne sont mis à jour."))
    return lines


def _need(need: Need) -> str:
    return needs.label(need.category)


def _fingerprint(outcome: str, typed: Typed) -> str:
    """What the summary spoke of: changed since, it is shown again."""
    fields = {name: value for name, value in typed.fields.items() if name != "page"}
    said = json.dumps([outcome, typed.answers, typed.comment, fields], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def _uuid(text: str | None) -> uuid.UUID:
    try:
        return uuid.UUID(str(text)[:40])
    except ValueError:
        return uuid.uuid4()
