"""The parts of a draft besides its questions: settings, words, reactions, helplines."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from campaigns import scripts
from campaigns.common.views.pages import posted
from campaigns.scripts import checks, document
from campaigns.scripts.forms.parts import PARTS
from campaigns.scripts.views.scripts import base_context, script_or_404
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required

PART_TITLES = {
    "settings": ("Réglages", "Titre, langue, besoins, règle de solitude."),
    "words": ("Répondeur et accord", "Le message laissé au répondeur, et la demande d'accord pour confier un besoin."),
    "reactions": ("Réactions", "Que dire si la personne refuse, se vexe, se méfie, entend mal, semble confuse."),
    "helplines": ("Lignes d'aide", "Les numéros d'urgence et d'écoute, toujours à portée pendant l'appel."),
}


def _part(request: SignedInRequest, script_id: int, part: str) -> HttpResponse:
    one = script_or_404(script_id)
    if one.is_published and "seen" not in request.POST:
        messages.info(request, scripts.ALREADY_PUBLISHED)
        return redirect("coordinator:script", one.pk)
    forms = PARTS[part](one.content, posted(request))
    fresh, stale = document.fingerprint(document.part_of(one.content, part)), ""
    seen = request.POST.get("seen", "")[:40] if request.method == "POST" else fresh
    over = one.is_published
    if request.method == "POST" and forms.is_valid() and not over:
        act = request.POST.get("act", "")
        try:
            scripts.save_part(
                script_id=one.pk, part=part, value=forms.value(act), seen=seen,
                by=request.user, now=timezone.now(),
            )  # fmt: skip
        except scripts.StaleError as error:
            # The page now knows what is stored: saving again replaces it.
            stale, seen = str(error), fresh
        except scripts.ScriptError:
            # Published between the reading and the writing: what was typed stays in sight.
            over = True
        else:
            if act:
                return redirect(f"coordinator:script_{part}", one.pk)
            messages.success(request, "C'est enregistré.")
            return redirect("coordinator:script", one.pk)
    title, text = PART_TITLES[part]
    context = base_context(one) | {
        "part": part, "forms": forms, "seen": seen, "stale": stale, "over": over,
        "part_title": title, "part_text": text,
        "placeholders": scripts.PLACEHOLDERS if part in ("words", "reactions") else {},
        "mine": [found for found in checks.findings(one.content, one.kind) if found.part == part],
    }  # fmt: skip
    return render(request, "scripts/script_part.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_settings(request: SignedInRequest, script_id: int) -> HttpResponse:
    return _part(request, script_id, "settings")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_words(request: SignedInRequest, script_id: int) -> HttpResponse:
    return _part(request, script_id, "words")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_reactions(request: SignedInRequest, script_id: int) -> HttpResponse:
    return _part(request, script_id, "reactions")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_helplines(request: SignedInRequest, script_id: int) -> HttpResponse:
    return _part(request, script_id, "helplines")
