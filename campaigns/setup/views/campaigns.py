"""Campaigns: list, create, change, enrol, open, pause, close."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import calls, queue
from campaigns.common import scope
from campaigns.common.calendar import WEEKDAYS, calendar_of
from campaigns.common.views.pages import note_read, page_of, posted
from campaigns.models import Campaign, Case, FollowUpPlan
from campaigns.setup import enrolment, lifecycle, takeover
from campaigns.setup.forms import CampaignForm, HeatWaveForm
from solidarites import journal, prompt
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants.models import Household, Tenant

# Beyond this many households, enrolling is left to the worker: the page answers at once.
INLINE = 5000
PER_PAGE = 25
# The counts of the queue, in the order and the words of the dashboard.
TILES = (
    ("prepared", "en préparation", "pencil"),
    ("ready", "à appeler", "telephone"),
    ("held", "en cours d'appel", "telephone-outbound"),
    ("scheduled", "planifiés", "calendar-event"),
    ("blocked", "à décider", "pause-circle"),
    ("without_number", "sans numéro", "telephone-x"),
    ("done", "clos", "check-circle"),
)


def _campaign(slug: str) -> Campaign:
    return get_object_or_404(Campaign.objects.select_related("script", "follow_up_script", "welfare_script"), slug=slug)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def campaign_list(request: SignedInRequest) -> HttpResponse:
    campaigns = Campaign.objects.annotate(
        enrolled=Count("cases"), done=Count("cases", filter=Q(cases__status=Case.Status.CLOSED))
    ).order_by("-created_at", "-pk")
    return render(request, "setup/campaign_list.html", {"page_obj": page_of(request, campaigns, PER_PAGE)})


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def campaign_create(request: SignedInRequest) -> HttpResponse:
    form = CampaignForm(posted(request), instance=Campaign())
    if request.method == "POST" and form.is_valid():
        campaign = lifecycle.create_campaign(
            campaign=form.campaign(), related=form.related(), by=request.user, now=timezone.now()
        )
        messages.success(request, "La campagne est créée. Il reste à inscrire les foyers et à ajouter des bénévoles.")
        return redirect("coordinator:campaign_detail", campaign.slug)
    return render(request, "setup/campaign_form.html", _form_context(form, None))


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def campaign_edit(request: SignedInRequest, slug: str) -> HttpResponse:
    campaign = _campaign(slug)
    if not (campaign.is_running or campaign.status == Campaign.Status.DRAFT):
        messages.error(request, "Cette campagne est terminée\u00a0: elle ne change plus.")
        return redirect("coordinator:campaign_detail", slug)
    form = CampaignForm(posted(request), instance=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            lifecycle.change_campaign(
                campaign=form.campaign(), related=form.related(), by=request.user, now=timezone.now()
            )
        except lifecycle.LifecycleError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "La campagne est à jour.")
        return redirect("coordinator:campaign_detail", slug)
    # The form writes into its instance while it checks: the title keeps the name that is stored.
    return render(request, "setup/campaign_form.html", _form_context(form, _campaign(slug)))


def _form_context(form: CampaignForm, campaign: Campaign | None) -> dict[str, Any]:
    narrowing = [form[name] for name in ("landlords", "agencies", "residences", "communes")]
    return {"form": form, "campaign": campaign, "filters": narrowing}


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def campaign_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    campaign = _campaign(slug)
    now = timezone.now()
    draft = campaign.status == Campaign.Status.DRAFT
    staying, coming = enrolment.waiting_elsewhere(campaign, now) if draft else (0, [])
    counts = queue.counts(campaign, now, scope.visible_cases(request.user))
    context = {
        "campaign": campaign,
        "now": now,
        "missing": lifecycle.missing_to_open(campaign, now.astimezone(campaign.tz).date()) if draft else [],
        "staying": staying,
        "coming": coming,
        "counts": counts,
        "others": staying - sum(number for _, number in coming),
        "tiles": [tile for tile in TILES if _shown(tile[0], draft, counts)],
        "volunteers": campaign.memberships.filter(active=True).count(),
        "plans": FollowUpPlan.objects.active().filter(case__campaign=campaign).count(),
        "hours": hours_of(campaign),
        # Why volunteers are given nothing at this moment, if so.
        "idle": queue.idle(campaign=campaign, now=now) if campaign.is_running else None,
        "open_now": campaign.status == Campaign.Status.OPEN and calendar_of(campaign).is_open(now),
        "population": _population(campaign),
        "waiting": calls.waiting(campaign).count() if campaign.status == Campaign.Status.CLOSED else 0,
        "paused_since": campaign.pauses.filter(ended_at=None).values_list("began_at", flat=True).first(),
        "heat_wave_form": HeatWaveForm(initial={"until": campaign.heat_wave_until}),
    }
    return render(request, "setup/campaign_detail.html", context)


def _shown(key: str, draft: bool, counts: dict[str, int]) -> bool:
    """A draft calls nobody; what is prepared is prepared around the opening alone."""
    if draft:
        return key in ("prepared", "without_number", "done")
    return key != "prepared" or counts[key] > 0


def hours_of(campaign: Campaign) -> list[tuple[str, str]]:
    """(« du lundi au vendredi », « 10:00–12:00, 14:00–18:00 »); days that follow and call alike are one line."""
    lines: list[tuple[str, str, str]] = []
    for number, weekday in enumerate(WEEKDAYS):
        said = ", ".join(f"{start}\u2060–\u2060{end}" for start, end in campaign.hours.get(str(number), []))
        if lines and lines[-1][2] == said:
            lines[-1] = (lines[-1][0], weekday, said)
        else:
            lines.append((weekday, weekday, said))
    return [(first if first == last else f"du {first} au {last}", said) for first, last, said in lines if said]


def _population(campaign: Campaign) -> list[str]:
    """What narrows the population, in words."""
    found = [f"{campaign.minimum_age} ans et plus"]
    if campaign.living_alone_only:
        found.append("vivant seuls")
    found += [landlord.name for landlord in campaign.landlords.all()]
    found += [agency.name for agency in campaign.agencies.all()]
    residences, communes = campaign.residences.count(), len(campaign.communes)
    if residences:
        found.append(f"{residences} résidence{'s' if residences > 1 else ''}")
    if communes:
        found.append(f"{communes} commune{'s' if communes > 1 else ''}")
    return found


# Enrolment -------------------------------------------------------------------------------------------------


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def campaign_enrol(request: SignedInRequest, slug: str) -> HttpResponse:
    """What enrolling would do; then do it."""
    campaign = _campaign(slug)
    now = timezone.now()
    said = enrolment.preview(campaign, now)
    if request.method == "GET":
        return render(request, "setup/campaign_enrol.html", {"campaign": campaign, "said": said})
    if (result := _enrol(request, campaign, said, now)) is not None:
        _say_enrolled(request, result)
        _say_elsewhere(request, campaign, result)
    return redirect("coordinator:campaign_detail", slug)


def _enrol(
    request: SignedInRequest, campaign: Campaign, said: enrolment.EnrolmentResult, now: datetime
) -> enrolment.EnrolmentResult | None:
    """What was done; None when it was refused, or left to the worker."""
    try:
        if said.created + said.opened > INLINE:
            enrolment.refuse_ended(campaign)
            prompt.ask_for("campaigns.tasks.enrol_campaign", campaign.pk, request.user.pk)
            messages.info(request, "L'inscription a commencé. Les nombres augmentent sur cette page au fil de l'eau.")
            return None
        return enrolment.enrol(campaign=campaign, by=request.user, now=now)
    except enrolment.EnrolmentError as error:
        messages.error(request, str(error))
        return None


def _say_elsewhere(request: SignedInRequest, campaign: Campaign, result: enrolment.EnrolmentResult) -> None:
    if result.taken_over:
        came = "1 foyer est venu" if result.taken_over == 1 else f"{result.taken_over} foyers sont venus"
        messages.success(
            request,
            f"{came} d'une autre campagne, avec le suivi en cours. Qui appelle fait maintenant partie de celle-ci.",
        )
    if not result.elsewhere:
        return
    one = result.elsewhere == 1
    if campaign.status == Campaign.Status.DRAFT:
        said = "1 foyer suivi" if one else f"{result.elsewhere} foyers suivis"
        text = f"{said} dans une autre campagne y {'reste' if one else 'restent'} jusqu'à l'ouverture."
    else:
        said = "1 foyer reste" if one else f"{result.elsewhere} foyers restent"
        text = f"{said} dans une autre campagne tant que {'son' if one else 'leur'} dossier y est ouvert."
    messages.info(request, text)


def _say_enrolled(request: SignedInRequest, result: enrolment.EnrolmentResult) -> None:
    if not result.created:
        if not result.elsewhere:
            messages.info(request, "Tous les foyers concernés étaient déjà inscrits.")
        return
    text = "1 foyer est inscrit" if result.created == 1 else f"{result.created} foyers sont inscrits"
    if result.without_number:
        text += f", dont {result.without_number} sans numéro"
    messages.success(request, f"{text}.")


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def campaign_ages(request: SignedInRequest, slug: str) -> HttpResponse:
    """« Âge à vérifier »: households enrolled by hand."""
    campaign = _campaign(slug)
    now = timezone.now()
    unknown = enrolment.age_unknown(campaign, now).filter(scope.in_sight(request.user))
    if request.method == "POST":
        wanted = [
            int(one) for one in request.POST.getlist("household") if one.isascii() and one.isdigit() and len(one) < 19
        ]
        ids = list(unknown.filter(pk__in=wanted[:500]).values_list("pk", flat=True))
        _enrol_by_hand(request, campaign, ids, now)
        return redirect("coordinator:campaign_ages", slug)
    rows = unknown.select_related("agency", "residence").prefetch_related("tenants").order_by("city", "street", "pk")
    page = page_of(request, rows)
    _note_households(request, campaign, list(page.object_list))
    for household in page.object_list:
        household.people = [one for one in household.tenants.all() if one.status == Tenant.Status.PRESENT]
    return render(request, "setup/campaign_ages.html", {"campaign": campaign, "page_obj": page})


def _enrol_by_hand(request: SignedInRequest, campaign: Campaign, ids: list[int], now: Any) -> None:
    if not ids:
        messages.error(request, "Cochez au moins un foyer.")
        return
    try:
        result = enrolment.enrol_households(campaign=campaign, household_ids=ids, by=request.user, now=now)
    except enrolment.EnrolmentError as error:
        messages.error(request, str(error))
        return
    _say_enrolled(request, result)
    _say_elsewhere(request, campaign, result)


def _note_households(request: SignedInRequest, campaign: Campaign, households: list[Household]) -> None:
    if ids := [household.pk for household in households]:
        journal.record("households.read", by=request.user, campaign_id=campaign.pk, households=ids)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def campaign_elsewhere(request: SignedInRequest, slug: str) -> HttpResponse:
    """The households of the population that another running campaign keeps."""
    campaign = _campaign(slug)
    held = enrolment.kept_elsewhere(campaign, timezone.now())
    cases = scope.visible_cases(request.user, held)
    page = page_of(
        request, cases.select_related("campaign", "household").prefetch_related("household__tenants").order_by("pk")
    )
    shown = [case.pk for case in page.object_list]
    note_read(request, "cases.listed", shown, campaign.pk)
    coming = takeover.only_followed(Case.objects.filter(pk__in=shown), campaign)
    context = {
        "campaign": campaign,
        "page_obj": page,
        "now": timezone.now(),
        "coming": set(coming.values_list("pk", flat=True)),
    }
    return render(request, "setup/campaign_elsewhere.html", context)


# Open, pause, close -----------------------------------------------------------------------------------------


def _act(request: SignedInRequest, slug: str, rule: Any, said: str) -> HttpResponse:
    try:
        rule(campaign=_campaign(slug), by=request.user, now=timezone.now())
    except lifecycle.LifecycleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("coordinator:campaign_detail", slug)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def campaign_open(request: SignedInRequest, slug: str) -> HttpResponse:
    """Open, then bring in who waited for it; what a process stopped half-way leaves, the arrivals go on with."""
    campaign = _campaign(slug)
    now = timezone.now()
    try:
        lifecycle.open_campaign(campaign=campaign, by=request.user, now=now)
    except lifecycle.LifecycleError as error:
        messages.error(request, str(error))
        return redirect("coordinator:campaign_detail", slug)
    messages.success(request, "La campagne est ouverte\u00a0: les appels peuvent commencer.")
    if (result := _enrol(request, campaign, enrolment.preview(campaign, now), now)) is not None:
        _say_elsewhere(request, campaign, result)
    return redirect("coordinator:campaign_detail", slug)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def campaign_pause(request: SignedInRequest, slug: str) -> HttpResponse:
    return _act(
        request, slug, lifecycle.pause, "La campagne est en pause. Les appels en cours peuvent être enregistrés."
    )


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def campaign_resume(request: SignedInRequest, slug: str) -> HttpResponse:
    said = (
        "La campagne reprend. Chaque suivi continue à sa prochaine date\u00a0; "
        "ce qui était promis pendant la pause est proposé en premier."
    )
    return _act(request, slug, lifecycle.resume, said)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def campaign_close(request: SignedInRequest, slug: str) -> HttpResponse:
    """What closing leaves behind, then close."""
    campaign = _campaign(slug)
    if request.method == "POST" and request.POST.get("seen") != campaign.status:
        # Opened, paused or ended since this page was read: what it said no longer holds.
        messages.warning(request, "Cette campagne a changé d'état entre-temps. Relisez avant de confirmer.")
        return redirect("coordinator:campaign_close", slug)
    if request.method == "POST":
        abandoned = campaign.status == Campaign.Status.DRAFT
        said = "La campagne est abandonnée." if abandoned else "La campagne est terminée. Son bilan est prêt."
        return _act(request, slug, lifecycle.close_campaign, said)
    if campaign.status in (Campaign.Status.CLOSED, Campaign.Status.PURGED):
        return redirect("coordinator:campaign_detail", slug)
    left = lifecycle.still_open(campaign, timezone.now())
    return render(request, "setup/campaign_close.html", {"campaign": campaign, "left": left})


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def campaign_heat_wave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Follow-ups every 48 hours until a day, or back to the agreed rhythms."""
    campaign = _campaign(slug)
    until = None
    if not request.POST.get("stop"):
        form = HeatWaveForm(request.POST)
        if not form.is_valid():
            for errors in form.errors.values():
                messages.error(request, str(errors[0]))
            return redirect("coordinator:campaign_detail", slug)
        until = form.cleaned_data["until"]
    try:
        plans = lifecycle.set_heat_wave(campaign=campaign, until=until, by=request.user, now=timezone.now())
    except lifecycle.LifecycleError as error:
        messages.error(request, str(error))
    else:
        what = "passent toutes les 48 heures" if until else "reprennent leur rythme"
        messages.success(request, f"Les suivis ({plans}) {what}.")
    return redirect("coordinator:campaign_detail", slug)
