"""« S'entraîner »: a few explanations, then the call screen itself on an invented household. Nothing is written.

The page, its template and its script are the real ones; only its addresses lead here. The one thing that remains is
the date of the training, once the practice call has been brought to its end.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import calls, outcomes
from campaigns.calls.forms import PassForm, Typed
from campaigns.calls.recording import check_form
from campaigns.calls.views.call import checked_form
from campaigns.calls.views.follows import outcome_of, what_follows
from campaigns.calls.views.labels import family, typography
from campaigns.calls.views.page import CallPage, OutcomeView
from campaigns.calls.views.phones import Phones, PhoneView, qr_code
from campaigns.calls.views.place import Notice, Place
from campaigns.models import Campaign, CampaignVolunteer
from campaigns.practice import household, training
from campaigns.texts import warned
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required

# What each step shows of the real screen; its words are in the template of the same name.
STEPS = ("qui", "numero", "personne", "trame", "alerte", "mots", "enregistrer")
BEFORE_THE_END = (Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED)
UNSAVED = "entraînement\u00a0: rien n'est gardé"
PRACTICE = Notice(
    "info", "Entraînement\u00a0: cette personne est inventée. Personne n'est appelé, rien n'est enregistré.", "practice"
)
DIALS = re.compile(r'\shref="(?:tel|sms):[^"]*"')


class PracticePhones(Phones):
    """Numbers that nobody has: their code says so."""

    @cached_property
    def all(self) -> list[PhoneView]:
        code = qr_code("Entraînement : ce code composerait le numéro.")
        return [replace(phone, qr=code) for phone in super().all]


class PracticePage(CallPage):
    """The call page, marked from top to bottom; its codes lead nowhere."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.notice = PRACTICE
        self.phones = PracticePhones(self.place, self.typed)

    @property
    def title(self) -> str:
        """On top of the page and always in sight: nobody takes it for a real call."""
        return "Entraînement · " + " et ".join(f"{one.civility} {one.last_name}" for one in self.place.people)

    @property
    def alert(self) -> None:
        return None

    @property
    def saved_label(self) -> str:
        return UNSAVED


def defused(html: str, campaign_id: int) -> str:
    """What was rendered by the real templates, its acts led to those below and its numbers to nobody.

    Done once the page is written, and not in its templates, so that whatever the real page gains is safe to
    practise on: it can reach neither a real case nor anybody's telephone.
    """
    real, ours = reverse("caller:call", args=[household.NOWHERE]), reverse("caller:training_call", args=[campaign_id])
    return DIALS.sub("", html.replace(f'"{real}', f'"{ours}'))


# Whose, and where -------------------------------------------------------------------------------------


def _memberships(request: SignedInRequest) -> list[CampaignVolunteer]:
    mine = CampaignVolunteer.objects.filter(user=request.user, active=True, campaign__status__in=BEFORE_THE_END)
    return list(mine.select_related("campaign").order_by("-campaign__status", "campaign__name"))


def _place(request: SignedInRequest, campaign_id: int) -> Place:
    """The invented household, in a campaign this volunteer belongs to; else 404."""
    membership = get_object_or_404(
        CampaignVolunteer.objects.select_related("campaign"),
        user=request.user,
        active=True,
        campaign=campaign_id,
        campaign__status__in=BEFORE_THE_END,
    )
    now = timezone.now()
    made = household.practice_of(campaign=membership.campaign, by=request.user, now=now)
    return Place(made.case, made.draft, made.history, request.user, now, made.content, made.people)


def _typed(request: SignedInRequest, place: Place) -> Typed:
    return Typed.from_post(request.POST, place.content, place.keys)


def _show(request: SignedInRequest, page: PracticePage, **more: Any) -> HttpResponse:
    html = render_to_string("practice/training_call.html", {"page": page, "alerted": False, **more}, request)
    return HttpResponse(defused(html, page.campaign.pk))


# The explanations -------------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_GET
@never_cache
def start(request: SignedInRequest) -> HttpResponse:
    """The campaigns one may practise for; straight to the first step when there is one."""
    memberships = _memberships(request)
    if len(memberships) == 1:
        return redirect("caller:training_guide", memberships[0].campaign_id)
    return render(
        request, "practice/training.html", {"campaigns": [one.campaign for one in memberships], "nav_exact": True}
    )


@role_required(VOLUNTEER)
@require_GET
@never_cache
def guide(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """One step of the explanation, beside the part of the screen it speaks of."""
    place = _place(request, campaign_id)
    page = PracticePage(place, Typed())
    asked = request.GET.get("etape", "")
    number = min(int(asked), len(STEPS)) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 3 else 1
    number = max(number, 1)
    context = {
        "page": page,
        "campaign": page.campaign,
        "step": STEPS[number - 1],
        "number": number,
        "total": len(STEPS),
        "before": number - 1,
        "after": number + 1 if number < len(STEPS) else 0,
        "excerpt": page.questions[:1],
        "name": family(place.people),
        # Its address lies under that of the home, which is not where one is.
        "nav_exact": True,
        "trained_at": request.user.trained_at,
    }
    return HttpResponse(defused(render_to_string("practice/training_guide.html", context, request), campaign_id))


# The practice call --------------------------------------------------------------------------------------


@role_required(VOLUNTEER)
@require_GET
@never_cache
def call(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    return _show(request, PracticePage(_place(request, campaign_id), Typed()))


@role_required(VOLUNTEER)
@require_POST
def save(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """What would follow and what would be warned of, as the real page says them; nothing is kept."""
    place = _place(request, campaign_id)
    typed = _typed(request, place)
    situation = outcomes.situation_of(place.case, by=place.by, now=place.now, danger=place.danger(place.read(typed)))
    follows = what_follows(place, typed, place.read(typed), situation)
    return JsonResponse(
        {
            "saved": UNSAVED,
            "follows": render_to_string("calls/_follows.html", {"follows": follows}, request),
            "warnings": render_to_string("calls/_warnings.html", {"warnings": warned.warnings(typed.texts())}, request),
            "notice": render_to_string("calls/_notice.html", {"notice": PRACTICE}, request),
            "alert": "",
        }
    )


@role_required(VOLUNTEER)
@require_POST
def heartbeat(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """There is nothing to hold."""
    return JsonResponse({"held": True})


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def alert(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """The red button explains what it would have done; nobody is told."""
    if request.method == "GET":
        return redirect("caller:training_call", campaign_id)
    place = _place(request, campaign_id)
    page = PracticePage(place, _typed(request, place))
    if request.headers.get("X-Requested-With") != "fetch":
        return _show(request, page, alerted=True)
    html = render_to_string("practice/_training_alert.html", {"page": page}, request)
    return HttpResponse(defused(html, campaign_id))


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def pass_on(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """« Passer », explained."""
    if request.method == "GET":
        return redirect("caller:training_call", campaign_id)
    place = _place(request, campaign_id)
    form = PassForm(request.POST)
    if not form.is_valid():
        return _show(request, PracticePage(place, _typed(request, place), {"reason": str(form.errors["reason"][0])}))
    return redirect(reverse("caller:training_done", args=[campaign_id]) + "?issue=passer")


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def other(request: SignedInRequest, campaign_id: int, act: str) -> HttpResponse:
    """Whatever else the real page does: a preference, a message."""
    if request.method == "GET":
        return redirect("caller:training_call", campaign_id)
    place = _place(request, campaign_id)
    messages.info(request, "Pendant l'entraînement, ce bouton ne change rien.")
    return _show(request, PracticePage(place, _typed(request, place)))


@role_required(VOLUNTEER)
@require_http_methods(["GET", "POST"])
def record(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """Checked as a real call is. A conversation brought to its end is what makes one trained."""
    if request.method == "GET":
        return redirect("caller:training_call", campaign_id)
    place = _place(request, campaign_id)
    typed = _typed(request, place)
    reading = place.read(typed)
    outcome = request.POST.get("outcome") or outcome_of(reading)
    entry, errors = checked_form(place, typed, outcome)
    proposals = []
    if not errors:
        try:
            # One person lives there: the name that a real call would ask to confirm is theirs.
            named = replace(entry, details=replace(entry.details, tenant_id=place.people[0].pk))
            check_form(place.case, named, reading, place.now, vital=reading.vital)
        except calls.CallError as error:
            errors, proposals = {error.field: error.message}, error.proposals
    if errors:
        return _show(request, PracticePage(place, typed, errors, proposals))
    if outcomes.TABLE[outcome].reached:
        training.finish(campaign=place.case.campaign, by=request.user, now=place.now)
    danger = "&danger=1" if reading.vital else ""
    return redirect(reverse("caller:training_done", args=[campaign_id]) + f"?issue={outcome}{danger}")


@role_required(VOLUNTEER)
@require_GET
@never_cache
def done(request: SignedInRequest, campaign_id: int) -> HttpResponse:
    """What a real call would have brought, and the way to the first one."""
    place = _place(request, campaign_id)
    code = request.GET.get("issue", "")
    rule = outcomes.TABLE.get(code)
    follows = outcomes.preview(place.case, by=request.user, now=place.now)
    view = OutcomeView(code, rule.label, typography(follows[code])) if rule is not None else None
    danger = request.GET.get("danger") == "1"
    context = {
        "campaign": place.case.campaign,
        "outcome": view,
        "passed": code == "passer",
        "danger": danger,
        "named_first": code in outcomes.PERSON_STATUS,
        "reached": rule is not None and rule.reached,
        "nav_exact": True,
        "trained_at": request.user.trained_at,
        "may_call": place.case.campaign.status == Campaign.Status.OPEN
        and training.ready(campaign=place.case.campaign, by=request.user),
    }
    return render(request, "practice/training_done.html", context)
