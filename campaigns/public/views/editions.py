"""Editions of the questions, for coordinators: prepare, write, look, publish. Everything works without a script."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common.views.pages import posted
from campaigns.models import Crisis, FaqEdition
from campaigns.public import answers, document, editions, numbers
from campaigns.public.forms import ActForm, PrepareForm, QuestionForm, ThemeForm
from campaigns.public.views import questions
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants.models import Landlord

LEGAL_WORDS = {
    "LEGAL_PUBLISHER": "qui publie le site",
    "LEGAL_DIRECTOR": "qui dirige la publication",
    "LEGAL_HOST": "qui l'héberge",
    "ACCESSIBILITY_CONTACT": "à qui dire une difficulté d'accès",
}


def _edition(edition_id: int) -> FaqEdition:
    rows = FaqEdition.objects.select_related("landlord", "changed_by", "published_by")
    return get_object_or_404(rows, pk=edition_id)


def _draft(request: SignedInRequest, edition_id: int) -> FaqEdition | None:
    """The draft to change; None, once said, when it is published."""
    edition = _edition(edition_id)
    if edition.is_published:
        messages.info(request, editions.ALREADY_PUBLISHED)
        return None
    return edition


# All of them -----------------------------------------------------------------------------------------------


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def overview(request: SignedInRequest) -> HttpResponse:
    """The editions by crisis, the numbers, and the addresses to give."""
    rows = FaqEdition.objects.defer("content").select_related("landlord", "published_by").order_by("-number")
    shown: dict[str, dict[str, FaqEdition]] = {crisis: {} for crisis in Crisis.values}
    drafts: dict[str, list[FaqEdition]] = {crisis: [] for crisis in Crisis.values}
    for row in rows:
        if row.is_published:
            shown[row.crisis].setdefault(str(row.landlord_id or ""), row)
        else:
            drafts[row.crisis].append(row)
    crises = [(label, value, list(shown[value].values()), drafts[value]) for value, label in Crisis.choices]
    landlords = list(Landlord.objects.all())
    context = {
        "crises": crises,
        "form": PrepareForm(),
        "several": len(landlords) > 1,
        "checked": numbers.checked(now=timezone.now()),
        "addresses": _addresses(landlords),
        "legal_missing": [words for name, words in LEGAL_WORDS.items() if not getattr(settings, name)],
    }
    return render(request, "public/overview.html", context)


def _addresses(landlords: list[Landlord]) -> list[tuple[str, str]]:
    """What a landlord puts on its own site: an address that stands in every crisis."""
    site = settings.SITE_URL + reverse("public:faq")
    if len(landlords) < 2:
        return [("Vos questions, nos réponses", site)]
    return [(one.name, f"{site}?bailleur={one.code}") for one in landlords]


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def prepare(request: SignedInRequest) -> HttpResponse:
    form = PrepareForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choisissez une crise et un bailleur de la liste.")
        return redirect("coordinator:public_pages")
    draft = editions.prepare(**form.cleaned_data, by=request.user, now=timezone.now())
    return redirect("coordinator:faq_edition", draft.pk)


# One of them -----------------------------------------------------------------------------------------------


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def edition(request: SignedInRequest, edition_id: int) -> HttpResponse:
    """A draft to change, or a published edition to read again; and the others of the same family."""
    one = _edition(edition_id)
    context = {
        "edition": one,
        "themes": document.themes(one.content),
        "problems": [] if one.is_published else document.problems(one.content),
        "family": editions.family(one).exclude(pk=one.pk),
        "theme_form": ThemeForm(),
    }
    return render(request, "public/edition.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def preview(request: SignedInRequest, edition_id: int) -> HttpResponse:
    """The page as tenants would read it, of a draft or of a former edition."""
    one = _edition(edition_id)
    return questions.page(request, one, one.landlord, preview=True)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def publish(request: SignedInRequest, edition_id: int) -> HttpResponse:
    one = _draft(request, edition_id)
    if one is None:
        return redirect("coordinator:faq_edition", edition_id)
    if request.method == "POST":
        seen = request.POST.get("seen", "")[:40]
        try:
            editions.publish(edition_id=one.pk, seen=seen, by=request.user, now=timezone.now())
        except editions.StaleError as error:
            messages.warning(request, str(error))
            return redirect("coordinator:faq_publish", one.pk)
        except editions.EditionError as error:
            messages.error(request, f"L'édition n'est pas publiée. {error}")
        else:
            messages.success(request, "L'édition est publiée. Tout le monde la lit maintenant.")
        return redirect("coordinator:faq_edition", one.pk)
    context = {
        "edition": one,
        "seen": document.fingerprint(one.content),
        "count": document.count(one.content),
        "problems": document.problems(one.content),
        "before": editions.published(one.crisis, one.landlord),
    }
    return render(request, "public/edition_publish.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def forget(request: SignedInRequest, edition_id: int) -> HttpResponse:
    if _draft(request, edition_id) is None:
        return redirect("coordinator:faq_edition", edition_id)
    editions.forget(edition_id=edition_id, by=request.user)
    messages.success(request, "Le brouillon est abandonné. Les locataires lisent toujours l'édition publiée.")
    return redirect("coordinator:public_pages")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def act(request: SignedInRequest, edition_id: int) -> HttpResponse:
    """Up, down, or out: a theme or a question."""
    one = _draft(request, edition_id)
    back = reverse("coordinator:faq_edition", args=[edition_id])
    form = ActForm(request.POST)
    if one is None or not form.is_valid():
        return redirect(back)
    key, wanted = form.cleaned_data["passage"], form.cleaned_data["act"]
    common: dict[str, Any] = {"edition_id": one.pk, "key": key, "by": request.user, "now": timezone.now()}
    try:
        if wanted == "remove":
            editions.remove(**common)
            messages.success(request, "Le passage est retiré du brouillon.")
            return redirect(back)
        editions.move(**common, step=-1 if wanted == "up" else 1)
    except editions.EditionError as error:
        messages.error(request, str(error))
        return redirect(back)
    return redirect(f"{back}#p-{key}")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def theme(request: SignedInRequest, edition_id: int, passage: str = "") -> HttpResponse:
    one = _draft(request, edition_id)
    if one is None:
        return redirect("coordinator:faq_edition", edition_id)
    found = document.theme_of(one.content, passage) if passage else None
    if passage and found is None:
        raise Http404
    form = ThemeForm(posted(request), initial={"title": found["title"]} if found else None)
    if request.method == "POST" and form.is_valid():
        try:
            editions.save_theme(
                edition_id=one.pk, key=passage, **form.cleaned_data, by=request.user, now=timezone.now()
            )
        except editions.EditionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Le thème est enregistré dans le brouillon.")
            return redirect("coordinator:faq_edition", one.pk)
    return render(request, "public/edition_theme.html", {"edition": one, "form": form, "theme": found})


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def question(request: SignedInRequest, edition_id: int, passage: str = "") -> HttpResponse:
    """A question and its answer, with what the answer will look like; the text stays in the form whatever happens."""
    one = _draft(request, edition_id)
    if one is None:
        return redirect("coordinator:faq_edition", edition_id)
    found = document.question_of(one.content, passage) if passage else None
    if passage and found is None and request.method == "GET":
        raise Http404
    initial = {"theme": found[0]["key"], **found[1]} if found else {"theme": request.GET.get("theme", "")}
    form = QuestionForm(posted(request), edition=one, initial=initial)
    seen, stale = editions.seen_of(one.content, passage) if passage else "", ""
    if request.method == "POST" and form.is_valid() and request.POST.get("act") != "look":
        try:
            editions.save_question(
                edition_id=one.pk,
                key=passage,
                **form.cleaned_data,
                seen=request.POST.get("seen", "")[:40],
                by=request.user,
                now=timezone.now(),
            )
        except editions.StaleError as error:
            stale = str(error)
        except editions.EditionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "La question est enregistrée dans le brouillon.")
            return redirect(reverse("coordinator:faq_edition", args=[one.pk]) + (f"#p-{passage}" if passage else ""))
    elif request.method == "POST":
        # An errors' page, or a look at the answer: what was seen stays what the page was made from.
        seen = request.POST.get("seen", "")[:40]
    context = {
        "edition": one,
        "form": form,
        "passage": passage if found else "",
        "seen": seen,
        "stale": stale,
        "shown": form["answer"].value() or "",
        "pages": answers.pages(),
    }
    return render(request, "public/edition_question.html", context)
