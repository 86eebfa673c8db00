"""What the coordinator's screens share: pages, filters by campaign, the journal of reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme

from campaigns.common import scope
from campaigns.figures import dashboards
from campaigns.models import Campaign, Case
from solidarites import journal
from solidarites.models import User
from solidarites.requests import SignedInRequest
from tenants.models import Tenant

PER_PAGE = 50


def posted(request: SignedInRequest) -> QueryDict | None:
    """What a form is bound to: the data of a POST, even empty."""
    return request.POST if request.method == "POST" else None


def page_of(request: SignedInRequest, rows: QuerySet[Any], per_page: int = PER_PAGE) -> Page:
    return Paginator(rows, per_page).get_page(request.GET.get("page"))


def with_people(prefix: str = "household") -> Prefetch:
    """The people behind each door, the eldest first."""
    return Prefetch(f"{prefix}__tenants", Tenant.objects.order_by("birth_date", "pk"))


def visible_case(request: SignedInRequest, case_id: int, *related: str) -> Case:
    """The case when this coordinator sees it, else 404."""
    cases = scope.visible_cases(request.user, Case.objects.exclude(campaign__status=Campaign.Status.PURGED))
    return get_object_or_404(cases.select_related("campaign", "household", *related), pk=case_id)


def note_read(request: SignedInRequest, action: str, cases: Iterable[int], campaign_id: int | None = None) -> None:
    """One journal row for a page that shows people; ids only. Polling is not a read."""
    ids = sorted(set(cases))
    if ids and "X-Background" not in request.headers:
        journal.record(action, by=request.user, campaign_id=campaign_id, cases=ids)


def _chosen(request: SignedInRequest, campaigns: list[Campaign]) -> Campaign | None:
    """The campaign named in the address (« campagne »), if any."""
    slug = request.GET.get("campagne", "")
    return next((campaign for campaign in campaigns if campaign.slug == slug), None)


def narrowed(request: SignedInRequest, cases: QuerySet[Case]) -> QuerySet[Case]:
    """The cases of the campaign, the agency and the commune that the address names, as the dashboard links do."""
    if request.GET.get("campagne") and (campaign := _chosen(request, dashboards.campaigns_to_look_at())):
        cases = cases.filter(campaign=campaign)
    agency = request.GET.get("agence", "")
    if agency.isascii() and agency.isdigit() and len(agency) < 10:
        cases = cases.filter(agency=int(agency))
    if commune := request.GET.get("commune", "").replace("\x00", "")[:5]:
        cases = cases.filter(household__insee_code=commune)
    return cases


def campaign_filter(request: SignedInRequest) -> dict[str, Any]:
    """What the campaign's select of a list needs."""
    campaigns = dashboards.campaigns_to_look_at()
    return {"campaigns": campaigns, "campaign": _chosen(request, campaigns)}


def callers_of(campaign: Campaign) -> QuerySet[User]:
    """Those who may be given the calls of a campaign."""
    active = campaign.memberships.filter(active=True).values("user")
    return User.objects.filter(pk__in=active, is_active=True).order_by("last_name", "first_name")


def back(request: SignedInRequest, default: str, *args: Any) -> HttpResponseRedirect:
    """To the page the form names, when it is one of ours; else to ``default``."""
    target = request.POST.get("next", "")
    if target and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return HttpResponseRedirect(target)
    return redirect(default, *args)


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    """A document shown by the browser, kept by no cache; its name says nothing of anybody."""
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response
