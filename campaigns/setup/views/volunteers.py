"""The volunteers of the campaigns: who takes part, where, in which languages, and when they are away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.core.paginator import Page
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.common.views.pages import campaign_filter, page_of, posted
from campaigns.models import Absence, Campaign, CampaignVolunteer, Case, FollowUpPlan
from campaigns.practice import training
from campaigns.setup import lifecycle
from campaigns.setup.forms import AddVolunteersForm, MembershipForm
from solidarites.accounts import LANGUAGES
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required


def _described(rows: QuerySet[CampaignVolunteer]) -> QuerySet[CampaignVolunteer]:
    now = timezone.now()
    held = Case.objects.filter(campaign=OuterRef("campaign"), claimed_by=OuterRef("user"), claimed_until__gt=now)
    plans = FollowUpPlan.objects.active().filter(case__campaign=OuterRef("campaign"), volunteer=OuterRef("user"))
    return (
        rows.select_related("user", "campaign")
        .prefetch_related("agencies", "user__absences")
        .annotate(calling=Exists(held), follows=Exists(plans))
        .order_by("-active", "user__last_name", "user__first_name", "pk")
    )


@dataclass(frozen=True)
class Presence:
    """Who is away, now or soon, and the languages they speak."""

    away: Absence | None
    away_soon: Absence | None
    spoken: list[str]


def _presence(user: User, today: date) -> Presence:
    coming = [one for one in user.absences.all() if one.last_day is None or one.last_day >= today]
    return Presence(
        away=next((one for one in coming if one.first_day <= today), None),
        away_soon=next((one for one in coming if one.first_day > today), None),
        spoken=[LANGUAGES[code] for code in user.languages if code in LANGUAGES],
    )


def _rows(page: Page[CampaignVolunteer]) -> list[tuple[CampaignVolunteer, Presence]]:
    today = timezone.localdate()
    return [(row, _presence(row.user, today)) for row in page.object_list]


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def volunteer_list(request: SignedInRequest) -> HttpResponse:
    """Everybody who takes part in the campaigns that are not over."""
    chosen = campaign_filter(request)
    rows = CampaignVolunteer.objects.filter(active=True)
    if chosen["campaign"]:
        rows = rows.filter(campaign=chosen["campaign"])
    else:
        over = (Campaign.Status.CLOSED, Campaign.Status.PURGED)
        rows = rows.exclude(campaign__status__in=over)
    page = page_of(request, _described(rows))
    return render(request, "setup/volunteer_list.html", {"page_obj": page, "rows": _rows(page), **chosen})


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def campaign_volunteers(request: SignedInRequest, slug: str) -> HttpResponse:
    """The volunteers of one campaign; POST adds some."""
    campaign = get_object_or_404(Campaign, slug=slug)
    form = AddVolunteersForm(posted(request), campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            added = lifecycle.add_volunteers(
                campaign=campaign, users=form.cleaned_data["people"], by=request.user, now=timezone.now()
            )
        except lifecycle.LifecycleError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                "1 personne rejoint la campagne." if added == 1 else f"{added} personnes rejoignent la campagne.",
            )
        return redirect("coordinator:campaign_volunteers", slug)
    page = page_of(request, _described(CampaignVolunteer.objects.filter(campaign=campaign)))
    context = {
        "campaign": campaign,
        "form": form,
        "anybody": form.candidates.exists(),
        "page_obj": page,
        "rows": _rows(page),
        "over": campaign.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED),
    }
    return render(request, "setup/volunteer_campaign.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def volunteer(request: SignedInRequest, slug: str, membership_id: int) -> HttpResponse:
    """Sectors and languages of one volunteer in one campaign."""
    membership = get_object_or_404(
        CampaignVolunteer.objects.select_related("user", "campaign").prefetch_related("agencies"),
        campaign__slug=slug,
        pk=membership_id,
    )
    form = MembershipForm(posted(request), membership=membership)
    if request.method == "POST" and form.is_valid():
        now, data = timezone.now(), form.cleaned_data
        lifecycle.set_sectors(
            membership=membership, agencies=data["agencies"], languages=data["languages"], by=request.user, now=now
        )
        messages.success(request, "C'est noté.")
        return redirect("coordinator:campaign_volunteers", slug)
    plans = FollowUpPlan.objects.active().filter(case__campaign=membership.campaign, volunteer=membership.user).count()
    context = {"membership": membership, "form": form, "plans": plans, "campaign": membership.campaign}
    return render(request, "setup/volunteer_detail.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def volunteer_remove(request: SignedInRequest, slug: str, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(
        CampaignVolunteer.objects.select_related("user"), campaign__slug=slug, pk=membership_id
    )
    plans = lifecycle.remove_volunteer(membership=membership, by=request.user, now=timezone.now())
    messages.success(request, f"{membership.user} ne fait plus partie de la campagne.")
    if plans:
        messages.warning(
            request,
            "1 suivi est à réattribuer." if plans == 1 else f"{plans} suivis sont à réattribuer.",
        )
    return redirect("coordinator:campaign_volunteers", slug)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def volunteer_training(request: SignedInRequest, slug: str, membership_id: int) -> HttpResponse:
    """Somebody learned the screen beside a colleague; or did not, after all."""
    membership = get_object_or_404(
        CampaignVolunteer.objects.select_related("user", "campaign"), campaign__slug=slug, pk=membership_id
    )
    trained = request.POST.get("trained") == "1"
    training.mark(membership=membership, trained=trained, by=request.user, now=timezone.now())
    who = membership.user.display_name
    messages.success(request, f"{who}\u00a0: entraînement noté." if trained else f"{who}\u00a0: entraînement à faire.")
    return redirect("coordinator:volunteer", slug, membership_id)
