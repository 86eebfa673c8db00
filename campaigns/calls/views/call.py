"""The call: open, save as one types, hold, alert, pass, record, confirm."""

from __future__ import annotations

import contextlib
import re
import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import calls, outcomes, queue
from campaigns.calls.forms import PassForm, Typed, read_form
from campaigns.calls.views.follows import outcome_of, what_follows
from campaigns.calls.views.kept import forget_kept, kept_over_sign_in, typed_before_sign_in
from campaigns.calls.views.labels import typography
from campaigns.calls.views.page import CallPage
from campaigns.calls.views.place import Notice, Place, alert_of, describe_alert, notice_of, place_of
from campaigns.common.calendar import clock_label
from campaigns.models import Call
from campaigns.texts import warned
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required

# « q-sante-12 »: an answer of person 12.
_OF_A_PERSON = re.compile(r"(q-.+)-(\d{1,12})")


def place_here(request: SignedInRequest, case_id: int, now: datetime) -> Place | None:
    """The case that this page was opened on, or the one that has its call since the household was merged."""
    place = place_of(case_id=case_id, by=request.user, now=now)
    submission = as_uuid(request.POST.get("submission")) if place is None else None
    if submission is None:
        return place
    mine = Call.objects.filter(submission=submission, volunteer=request.user).exclude(case_id=case_id)
    moved = mine.values_list("case_id", flat=True).first()
    return place_of(case_id=moved, by=request.user, now=now) if moved else None


def place_or_404(request: SignedInRequest, case_id: int, now: datetime) -> Place:
    """The case, or a journaled refusal in the words of a page that does not exist."""
    place = place_here(request, case_id, now)
    if place is None:
        journal.record("access.refused", by=request.user, route="caller:call", case=case_id)
        raise Http404
    return place


def _typed(request: SignedInRequest, place: Place) -> Typed:
    return Typed.from_post(_of_those_who_are_left(request.POST, place.keys), place.content, place.keys)


def _of_those_who_are_left(post: QueryDict, people: list[str]) -> QueryDict:
    """What an old page says of somebody whose record was merged meanwhile is said of the eldest: it is not lost."""
    gone = {
        name: found[1]
        for name in post
        if (found := _OF_A_PERSON.fullmatch(name)) is not None and found[2] not in people
    }
    if not gone or not people:
        return post
    post = post.copy()
    for name, stem in gone.items():
        if not post.getlist(f"{stem}-{people[0]}"):
            post.setlist(f"{stem}-{people[0]}", post.getlist(name))
    return post


def _show(request: SignedInRequest, page: CallPage) -> HttpResponse:
    return render(request, "calls/call.html", {"page": page})


@role_required(VOLUNTEER)
@require_GET
@never_cache
def call(request: SignedInRequest, case_id: int) -> HttpResponse:
    place = place_or_404(request, case_id, timezone.now())
    typed = typed_before_sign_in(request, place) or Typed.from_draft(place.draft)
    if request.GET.get("entrant"):
        typed.fields.setdefault("direction", Call.Direction.INCOMING)
    return _show(request, CallPage(place, typed))


# While it goes on -------------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_POST
def save(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Autosave: keeps the text, renews the claim, says what will follow and whether the case was lost."""
    now = timezone.now()
    place = place_here(request, case_id, now)
    if place is None and recorded_by(request, case_id) is not None:
        return _lost(request, Notice("info", "Cet appel est déjà enregistré.", "recorded"))
    place = place or place_or_404(request, case_id, now)
    case_id = place.case.pk
    typed = _typed(request, place)
    if _stamp(place.draft.draft) > _stamp(typed.fields):
        text = "Ce dossier est ouvert dans un onglet plus récent. Continuez là-bas, ou rechargez cette page."
        return _lost(request, Notice("warning", text, "stale"))
    try:
        draft = calls.save_draft(
            case_id=case_id, by=request.user, answers=typed.answers, comment=typed.comment, extra=typed.fields, now=now
        )
    except queue.NotYoursError:
        return _lost(request, Notice("info", "Cet appel est déjà enregistré.", "recorded"))
    queue.renew(case_id=case_id, by=request.user, now=now)
    place.draft = draft
    return JsonResponse(_live(request, place, typed))


def _stamp(fields: dict[str, Any]) -> int:
    text = str(fields.get("page", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else 0


def _live(request: SignedInRequest, place: Place, typed: Typed) -> dict[str, Any]:
    """What the page replaces after a save."""
    reading = place.read(typed)
    situation = outcomes.situation_of(place.case, by=place.by, now=place.now, danger=place.danger(reading))
    notice = notice_of(place)
    alert = alert_of(place.draft, place)
    return {
        "saved": typography(f"enregistré à {clock_label(place.now.astimezone(place.here))}"),
        "follows": render_to_string(
            "calls/_follows.html", {"follows": what_follows(place, typed, reading, situation)}, request
        ),
        "warnings": render_to_string("calls/_warnings.html", {"warnings": warned.warnings(typed.texts())}, request),
        "notice": render_to_string("calls/_notice.html", {"notice": notice}, request) if notice else "",
        "alert": render_to_string("calls/_alert.html", {"alert": alert, "page": _emergency(place)}, request)
        if alert
        else "",
    }


def _emergency(place: Place) -> CallPage:
    return CallPage(place, Typed.from_draft(place.draft))


def _lost(request: SignedInRequest, notice: Notice) -> JsonResponse:
    html = render_to_string("calls/_notice.html", {"notice": notice}, request)
    return JsonResponse({"notice": html, "code": notice.code}, status=409)


@role_required(VOLUNTEER)
@require_POST
def heartbeat(request: SignedInRequest, case_id: int) -> HttpResponse:
    """The open form holds its case; says who else has it or has called meanwhile, and who takes its alert."""
    now = timezone.now()
    held = queue.renew(case_id=case_id, by=request.user, now=now)
    place = place_or_404(request, case_id, now)
    notice = notice_of(place)
    answer: dict[str, Any] = {
        "held": held,
        "notice": render_to_string("calls/_notice.html", {"notice": notice}, request) if notice else "",
    }
    if held and request.POST.get("alert"):
        alert = alert_of(place.draft, place)
        context = {"alert": alert, "page": _emergency(place)}
        answer["alert"] = render_to_string("calls/_alert.html", context, request) if alert else ""
    return JsonResponse(answer)


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def alert(request: SignedInRequest, case_id: int) -> HttpResponse:
    """The red button: raises at once, keeps what was typed, says who was told."""
    if request.method == "GET":
        return redirect("caller:call", case_id)
    now = timezone.now()
    place = place_or_404(request, case_id, now)
    try:
        case_id = place.case.pk
        raised = calls.raise_button_alert(case_id=case_id, by=request.user, now=now)
        typed = _typed(request, place)
        place.draft = calls.save_draft(
            case_id=case_id, by=request.user, answers=typed.answers, comment=typed.comment, extra=typed.fields, now=now
        )
    except queue.NotYoursError as error:
        raise Http404 from error
    if request.headers.get("X-Requested-With") != "fetch":
        return redirect("caller:call", case_id)
    view = describe_alert(raised, place)
    return render(request, "calls/_alert.html", {"alert": view, "page": CallPage(place, typed)})


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def pass_on(request: SignedInRequest, case_id: int) -> HttpResponse:
    """« Passer »: give the case back with a reason."""
    if request.method == "GET":
        return redirect("caller:call", case_id)
    now = timezone.now()
    place = place_or_404(request, case_id, now)
    form = PassForm(request.POST)
    if not form.is_valid():
        errors = {"reason": str(form.errors["reason"][0])}
        return _show(request, CallPage(place, _typed(request, place), errors))
    # On a page without script nothing was saved yet: an alarming answer rings before the case goes.
    if "submission" in request.POST:
        _keep(request, place, _typed(request, place), now)
    try:
        queue.pass_case(case_id=place.case.pk, by=request.user, reason=form.cleaned_data["reason"], now=now)
    except queue.QueueError as error:
        messages.warning(request, str(error))
        return redirect("caller:call", case_id)
    messages.success(
        request, "Dossier passé : quelqu'un d'autre appellera ce foyer. Il ne vous sera plus proposé aujourd'hui."
    )
    return redirect("caller:home")


# Recording --------------------------------------------------------------------------------------------


@kept_over_sign_in
@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def record(request: SignedInRequest, case_id: int) -> HttpResponse:
    if request.method == "GET":  # back from the sign-in page: the draft holds what was typed
        return redirect("caller:call", case_id)
    now = timezone.now()
    forget_kept(request)
    submission = as_uuid(request.POST.get("submission"))
    place = place_here(request, case_id, now)
    if (place is None or submission != place.draft.submission) and (known := recorded_by(request, case_id)) is not None:
        return redirect("caller:done", known.pk)
    place = place or place_or_404(request, case_id, now)
    typed = _typed(request, place)
    reading = place.read(typed)
    outcome = request.POST.get("outcome") or outcome_of(reading)
    entry, errors = checked_form(place, typed, outcome)
    proposals: list[datetime] = []
    if not errors and outcome in outcomes.PERSON_STATUS and submission in (None, place.draft.submission):
        # Of whom? Nothing of it is noted before the next page is answered.
        typed.fields["closing"] = outcome
        _keep(request, place, typed, now)
        return redirect("caller:closing", place.case.pk)
    if not errors:
        try:
            token = submission or place.draft.submission
            return redirect("caller:done", record_entry(place, entry, token).pk)
        except calls.CallError as error:
            errors, proposals = {error.field: error.message}, error.proposals
        except queue.NotYoursError:
            # A page older than the last recording: the draft of now, with what was just typed.
            errors = {"outcome": "Cette page n'était plus à jour. Relisez, puis enregistrez."}
    _keep(request, place, typed, now)
    return _show(request, CallPage(place, typed, errors, proposals))


def checked_form(place: Place, typed: Typed, outcome: str) -> tuple[calls.Entry, dict[str, str]]:
    """What the form says, with what is wrong; in a danger, what is not whole yet is not asked for."""
    reading = place.read(typed)
    read = partial(
        read_form, typed, outcome=outcome, opens=reading.opens, cadence=reading.cadence, calendar=place.calendar
    )
    entry, errors = read()
    return read(vital=True) if errors and place.danger(reading).vital else (entry, errors)


def record_entry(place: Place, entry: calls.Entry, submission: uuid.UUID) -> Call:
    return calls.record_call(
        case_id=place.case.pk,
        by=place.by,
        submission=submission,
        entry=entry,
        now=place.now,
        household=place.case.household,
    )


def _keep(request: SignedInRequest, place: Place, typed: Typed, now: datetime) -> None:
    """A refused form is kept as a draft too: closing the page now loses nothing."""
    with contextlib.suppress(queue.NotYoursError):
        calls.save_draft(
            case_id=place.case.pk,
            by=request.user,
            answers=typed.answers,
            comment=typed.comment,
            extra=typed.fields,
            now=now,
        )


def recorded_by(request: SignedInRequest, case_id: int) -> Call | None:
    """The call that this very form has already recorded."""
    submission = as_uuid(request.POST.get("submission"))
    if submission is None:
        return None
    mine = Call.objects.filter(submission=submission, case_id=case_id, volunteer=request.user)
    return mine.exclude(state=Call.State.DRAFT).first()


def as_uuid(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text)[:40])
    except ValueError:
        return None
