"""One question of a draft: its words, its answers, what they lead to; moved, doubled, taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import scripts
from campaigns.common.views.pages import posted
from campaigns.models import Script
from campaigns.scripts import checks, document
from campaigns.scripts.forms.questions import Answers, QuestionForm, choice_rows
from campaigns.scripts.views.script_preview import question_preview
from campaigns.scripts.views.scripts import base_context, script_or_404
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required

GONE = (
    "Cette question a été retirée de la trame depuis que vous l'avez ouverte. Votre texte est gardé\u00a0: "
    "enregistrez pour la remettre, à la fin."
)


def _draft(request: SignedInRequest, script_id: int) -> Script | HttpResponse:
    """The draft; a version published while somebody was writing comes back with what they wrote."""
    one = script_or_404(script_id)
    if one.is_published and "seen" not in request.POST:
        messages.info(request, scripts.ALREADY_PUBLISHED)
        return redirect("coordinator:script", one.pk)
    return one


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_question_new(request: SignedInRequest, script_id: int) -> HttpResponse:
    """A question to add after another one (« ?apres= »), else at the end."""
    one = _draft(request, script_id)
    if isinstance(one, HttpResponse):
        return one
    return _question(request, one, "", (request.POST.get("after") or request.GET.get("apres", ""))[:60])


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_question(request: SignedInRequest, script_id: int, key: str) -> HttpResponse:
    one = _draft(request, script_id)
    if isinstance(one, HttpResponse):
        return one
    known = document.question_of(one.content, key) is not None
    if not known and request.method == "GET":
        raise Http404
    return _question(request, one, key, "")


def _question(request: SignedInRequest, one: Script, key: str, after: str) -> HttpResponse:
    content = one.content
    section = (document.question_of(content, after) or {}).get("section", "") if after else ""
    initial = {} if key else {"initial": {"kind": "single", "section": section}}
    form = QuestionForm(posted(request), content=content, editing=key, **initial)
    rows = choice_rows(content, key, posted(request))
    act = request.POST.get("act", "")
    if act == "preview" and request.headers.get("HX-Request"):
        return _beside(request, one, key, form, rows)
    # What the page was made from: kept through every mistake, until somebody is told that it changed.
    seen = request.POST.get("seen", "")[:40]
    fresh = document.seen_of(content, key)
    said: dict[str, Any] = {
        "seen": seen if request.method == "POST" else fresh, "stale": "", "over": one.is_published
    }  # fmt: skip
    valid = request.method == "POST" and all([form.is_valid(), rows.is_valid()]) and not one.is_published
    answers = Answers(rows, act) if valid else None
    if answers is not None and form.holds_with(answers.choices):
        question = form.question(answers.choices)
        try:
            scripts.save_question(
                script_id=one.pk, key=key, question=question, seen=seen, after=after,
                renamed=answers.renamed, asks=answers.asks, by=request.user, now=timezone.now(),
            )  # fmt: skip
        except scripts.StaleError as error:
            gone = bool(key) and document.question_of(content, key) is None
            said |= {"stale": GONE if gone else str(error), "seen": fresh}
        except scripts.ScriptError as error:
            form.add_error(None, str(error))
        else:
            return _after(request, one, question["key"], act, answers)
    return _page(request, one, key, after, form, rows, said)


def _after(request: SignedInRequest, one: Script, key: str, act: str, answers: Answers) -> HttpResponse:
    here = reverse("coordinator:script_question", args=[one.pk, key])
    if act == "more":
        return redirect(f"{here}#reponse-{len(answers.choices)}")
    if act.startswith(("up:", "down:")):
        return redirect(f"{here}#reponse-{answers.place}")
    messages.success(request, "La question est enregistrée.")
    return redirect(f"{reverse('coordinator:script', args=[one.pk])}#q-{key}")


def _page(
    request: SignedInRequest, one: Script, key: str, after: str, form: Any, rows: Any, said: Mapping[str, Any]
) -> HttpResponse:
    raw = document.question_of(one.content, key)
    context = base_context(one)
    context |= {
        "form": form,
        "rows": rows,
        "key": key,
        "after": after,
        "raw": raw,
        "placeholders": scripts.PLACEHOLDERS,
        "mine": [found for found in context["findings"] if key and found.question == key],
        "number": next((n for n, one_ in enumerate(one.content.get("questions", []), 1) if one_.get("key") == key), 0),
        "preview": question_preview(one.content, one.kind, raw, request.user) if raw else None,
        **said,
    }
    return render(request, "scripts/script_question.html", context)


def _beside(request: SignedInRequest, one: Script, key: str, form: Any, rows: Any) -> HttpResponse:
    """The question as it is being typed, beside its form; nothing is saved."""
    context: dict[str, Any] = {"preview": None, "mine": []}
    valid = all([form.is_valid(), rows.is_valid()])
    answers = Answers(rows) if valid else None
    if answers is not None and form.holds_with(answers.choices):
        raw = document.tidy_question(form.question(answers.choices))
        content = document.with_question(one.content, raw, key=key, renamed=answers.renamed, asks=answers.asks)
        context["preview"] = question_preview(content, one.kind, raw, request.user)
        context["mine"] = [found for found in checks.findings(content, one.kind) if found.question == raw["key"]]
    return render(request, "scripts/_script_beside.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def script_question_act(request: SignedInRequest, script_id: int, key: str) -> HttpResponse:
    """Up, down, twice, or out."""
    one = _draft(request, script_id)
    if isinstance(one, HttpResponse):
        return one
    if one.is_published:
        messages.info(request, scripts.ALREADY_PUBLISHED)
        return redirect("coordinator:script", one.pk)
    act, by, now = request.POST.get("act", ""), request.user, timezone.now()
    page = reverse("coordinator:script", args=[one.pk])
    try:
        if act in ("up", "down"):
            scripts.move_question(script_id=one.pk, key=key, step=-1 if act == "up" else 1, by=by, now=now)
        elif act == "twice":
            copied = scripts.duplicate_question(script_id=one.pk, key=key, by=by, now=now)
            messages.success(request, "La copie est juste après la question.")
            return redirect("coordinator:script_question", one.pk, copied)
        elif act == "remove":
            scripts.remove_question(script_id=one.pk, key=key, by=by, now=now)
            messages.success(request, "La question est retirée de la trame.")
            return redirect(page)
    except scripts.ScriptError as error:
        messages.error(request, str(error))
        return redirect(page)
    return redirect(f"{page}#q-{key}")
