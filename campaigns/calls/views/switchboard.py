"""The switchboard: a phrase in, « authentique » or « inconnue » out. It says nothing else of anybody."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from campaigns.calls.forms import PhraseForm
from campaigns.common import phrases
from campaigns.common.calendar import MONTHS
from campaigns.models import Campaign, Case
from solidarites import journal, limits
from solidarites.limits import Limit
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, SWITCHBOARD, role_required

CHECKS = 30
WINDOW = 10 * 60


def find(phrase: str) -> Case | None:
    """The case of a phrase, spoken with or without accents, capitals or punctuation."""
    plain = phrases.plain(phrase)
    if not plain:
        return None
    known = [Campaign.Status.OPEN, Campaign.Status.PAUSED, Campaign.Status.CLOSED]
    return (
        Case.objects.filter(verification_phrase=plain, campaign__status__in=known)
        .select_related("campaign")
        .order_by("-enrolled_at")
        .first()
    )


def may_check(user: User) -> bool:
    """Nobody guesses phrases: a few checks a minute are enough for a reception desk."""
    return limits.within(f"phrases:{user.pk}", Limit(CHECKS, WINDOW))


@role_required(SWITCHBOARD, COORDINATOR)
@require_http_methods(["GET", "POST"])
@never_cache
def verify(request: SignedInRequest) -> HttpResponse:
    if request.method == "GET":
        return render(request, "calls/verify.html", {"form": PhraseForm(), "answer": ""})
    form = PhraseForm(request.POST)
    if not form.is_valid():
        return render(request, "calls/verify.html", {"form": form, "answer": ""})
    if not may_check(request.user):
        form.add_error("phrase", "Trop de vérifications en peu de temps. Réessayez dans dix minutes.")
        return render(request, "calls/verify.html", {"form": form, "answer": ""}, status=429)
    case = find(form.cleaned_data["phrase"])
    journal.record(
        "phrase.checked", case, by=request.user, campaign_id=case.campaign_id if case else None, found=case is not None
    )
    context: dict[str, object] = {"form": PhraseForm(), "answer": "unknown", "asked": form.cleaned_data["phrase"]}
    if case is not None:
        day = case.enrolled_at.astimezone(case.campaign.tz).date()
        number = "1er" if day.day == 1 else str(day.day)
        closed = case.campaign.status == Campaign.Status.CLOSED
        context |= {
            "answer": "authentic",
            "since": f"{number} {MONTHS[day.month - 1]} {day.year}",
            "campaign": case.campaign,
            "closed": closed,
            "today": timezone.now(),
        }
    return render(request, "calls/verify.html", context)
