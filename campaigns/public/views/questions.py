"""Tenants' questions, and the numbers to call."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from campaigns.models import Crisis, FaqEdition
from campaigns.public import document, editions, notices, numbers
from campaigns.public.views.shared import answer
from solidarites.roles import public
from tenants.models import Landlord

LONGEST_SEARCH = 80
DESCRIPTION = "Les réponses aux questions des locataires âgés\u00a0: les appels, les arnaques, l'aide, les voisins."


@public
@require_GET
def faq(request: HttpRequest, crisis: str = "", landlord_code: str = "") -> HttpResponse:
    """The questions of a crisis; without one, of the crisis that is on, or the choice between the three.

    « bailleur » in the address is what a landlord puts on its own site: it stands in every crisis.
    """
    code = landlord_code or request.GET.get("bailleur", "").replace("\x00", "")[:40]
    landlord = get_object_or_404(Landlord, code=code) if code else None
    if not crisis and (asked := request.GET.get("crise", "")) in Crisis.values:
        return redirect(address_of(asked, landlord))
    if crisis and crisis not in Crisis.values:
        raise Http404
    chosen = crisis or notices.current_crisis(landlord)
    edition = editions.published(chosen, landlord) if chosen else None
    if edition is None:
        return answer(
            request,
            "public/faq_all.html",
            title="Vos questions, nos réponses",
            picture="questions",
            description=DESCRIPTION,
            indexed=not crisis and not code,
            crises=[(label, address_of(value, landlord)) for value, label in Crisis.choices],
            contact=notices.contact(landlord),
            landlord=landlord,
        )
    words = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    return page(request, edition, landlord, words=words)


def address_of(crisis: str, landlord: Landlord | None) -> str:
    if landlord is not None:
        return reverse("public:faq_landlord", args=[crisis, landlord.code])
    return reverse("public:faq_crisis", args=[crisis])


def page(
    request: HttpRequest, edition: FaqEdition, landlord: Landlord | None, *, words: str = "", preview: bool = False
) -> HttpResponse:
    """One edition as tenants read it. Not for search engines: a preview, a search, the same words under another
    landlord's address."""
    themes = document.matching(edition.content, words) if words else document.themes(edition.content)
    others = [(label, address_of(value, landlord)) for value, label in Crisis.choices if value != edition.crisis]
    repeated = landlord is not None and edition.landlord_id is None
    return answer(
        request,
        "public/faq.html",
        title=f"Vos questions, nos réponses\u00a0: {notices.crisis_label(edition.crisis)}",
        picture="questions",
        description=DESCRIPTION,
        address=address_of(edition.crisis, landlord),
        indexed=not (preview or words or repeated),
        edition=edition,
        landlord=landlord,
        themes=themes,
        found=sum(len(theme["questions"]) for theme in themes),
        words=words,
        others=others,
        contact=notices.contact(landlord),
        preview=preview,
    )


@public
@require_GET
def number_page(request: HttpRequest) -> HttpResponse:
    rows = list(numbers.shown())
    return answer(
        request,
        "public/numbers.html",
        title="Les numéros utiles",
        picture="numeros",
        description="Qui appeler en cas d'urgence, pour parler, pour se faire aider, et à quelles heures.",
        urgent=[one for one in rows if one.urgent],
        others=[one for one in rows if not one.urgent],
        contact=notices.contact(),
    )
