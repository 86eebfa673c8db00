"""The coordinator's dashboard: what waits now, then how the campaign goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from campaigns import queue
from campaigns.common import retries
from campaigns.common.calendar import WEEKDAYS
from campaigns.figures import dashboards
from campaigns.figures.dashboards import Dashboard, Filters
from campaigns.models import Campaign
from solidarites.fields import DateField, field_of
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

FEWEST_CALLS = 5


class FilterForm(forms.Form):
    """What to look at. Its fields carry the names of the address."""

    campagne = forms.ChoiceField(label="Campagne", required=False)
    agence = forms.ChoiceField(label="Agence", required=False)
    commune = forms.ChoiceField(label="Commune", required=False)
    du = DateField(label="Appels du", required=False)
    au = DateField(label="au", required=False)
    unknown = "Ce choix n'existe pas ou n'existe plus."

    def __init__(self, data: QueryDict, *, campaigns: list[Campaign], by: User) -> None:
        self.campaigns = {campaign.slug: campaign for campaign in campaigns}
        self.campaign = self.campaigns.get(data.get("campagne", ""), campaigns[0])
        # The campaign shown is the one chosen, even when the address names none.
        if not data.get("campagne"):
            data = data.copy()
            data["campagne"] = self.campaign.slug
        super().__init__(data)
        field_of(self, "campagne", forms.ChoiceField).choices = [
            (slug, campaign_label(one)) for slug, one in self.campaigns.items()
        ]
        agencies = [(str(agency.pk), agency.name) for agency in dashboards.agencies_of(self.campaign, by)]
        field_of(self, "agence", forms.ChoiceField).choices = [("", "Toutes"), *agencies]
        field_of(self, "commune", forms.ChoiceField).choices = [
            ("", "Toutes"),
            *dashboards.communes_of(self.campaign, by),
        ]
        self.initial["campagne"] = self.campaign.slug
        for name, field in self.fields.items():
            choice = isinstance(field, forms.ChoiceField)
            field.widget.attrs["class"] = "form-select" if choice else "form-control"
            field.widget.attrs["id"] = f"id_{name}"
            field.error_messages["invalid_choice"] = self.unknown
            field.error_messages["invalid"] = "Écrivez la date ainsi : 17/03/2020."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("du"), cleaned.get("au")
        if since and until and until < since:
            self.add_error("au", "Le dernier jour vient avant le premier.")
        return cleaned

    def filters(self) -> Filters:
        """What is valid of the choice; the rest is left out and said at its field."""
        self.is_valid()
        found = self.cleaned_data
        return Filters(
            campaign=self.campaign,
            agency_id=int(found["agence"]) if found.get("agence") else None,
            insee_code=found.get("commune", ""),
            since=found.get("du"),
            until=found.get("au"),
        )


def campaign_label(campaign: Campaign) -> str:
    if campaign.status == Campaign.Status.OPEN:
        return campaign.name
    return f"{campaign.name} ({campaign.get_status_display()})"


@role_required(COORDINATOR)
@require_GET
def dashboard(request: SignedInRequest) -> HttpResponse:
    """The whole page; its upper part alone when the page refreshes itself."""
    campaigns = dashboards.campaigns_to_look_at()
    if not campaigns:
        return render(request, "figures/dashboard_empty.html")
    now = timezone.now()
    form = FilterForm(request.GET, campaigns=campaigns, by=request.user)
    filters = form.filters()
    board = dashboards.dashboard(filters=filters, by=request.user, now=now)
    context = {
        "form": form,
        "filters": filters,
        "campaign": filters.campaign,
        "board": board,
        **figures(board, filters),
        "charts": charts(board),
        "idle": queue.idle(campaign=filters.campaign, now=now) if filters.campaign.is_running else None,
        "now": now,
        "fewest": FEWEST_CALLS,
        "shown_at": timezone.localtime(now, filters.campaign.tz),
        "query": request.GET.urlencode(),
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "figures/_dashboard_now.html" if fragment else "figures/dashboard.html", context)


@dataclass(frozen=True)
class Figure:
    """A number, its words, and the list of what it counts."""

    value: int
    label: str
    url: str
    icon: str = ""


class Lists:
    """Where each figure leads: the list of what it counts, with the same campaign, agency and commune."""

    def __init__(self, filters: Filters) -> None:
        self.base = {
            "campagne": filters.campaign.slug,
            "agence": filters.agency_id,
            "commune": filters.insee_code,
        }

    def __call__(self, name: str, **more: Any) -> str:
        query = {key: value for key, value in {**self.base, **more}.items() if value not in ("", None)}
        return f"{reverse(f'coordinator:{name}')}?{urlencode(query)}"


# The counts of the queue in the order of the page.
QUEUE = (
    ("prepared", "en préparation", "pencil"),
    ("ready", "à appeler", "telephone"),
    ("held", "en cours d'appel", "telephone-outbound"),
    ("scheduled", "planifiés", "calendar-event"),
    ("blocked", "en attente de la coordination", "pause-circle"),
    ("without_number", "sans numéro", "telephone-x"),
    ("done", "clos", "check-circle"),
)


def figures(board: Dashboard, filters: Filters) -> dict[str, Any]:
    """Every figure with its words and its list."""
    lists = Lists(filters)
    period = {"du": filters.since, "au": filters.until}
    return {
        "alerts_url": lists("alert_list"),
        "all_alerts_url": reverse("coordinator:alert_list"),
        "late_follow_ups_url": lists("follow_up_list", etat="late"),
        "reviews_due_url": lists("follow_up_list", etat="review"),
        "late_welfare_url": lists("welfare_list", etat="late"),
        "late_referrals_url": lists("referral_list", etat="late"),
        "queue": [
            Figure(board.queue[key], label, lists("case_list", etat=key), icon)
            for key, label, icon in QUEUE
            # Only around the opening of a campaign.
            if key != "prepared" or board.queue[key]
        ],
        "blocked": [
            *(Figure(cell.value, cell.label, lists("case_list", attente=cell.key)) for cell in board.blocked),
            *pending(board.pending_calls, lists("pending_list")),
        ],
        "never_reached": [
            Figure(cell.value, cell.label, lists("case_list", joint="non", tentatives=cell.key))
            for cell in board.never_reached
        ],
        "callbacks": [
            Figure(board.callbacks_due, "dus maintenant", lists("case_list", rappel="due")),
            Figure(
                board.callbacks_missed,
                f"dont plus de {retries.minutes(retries.CALLBACK_GRACE)} minutes de retard",
                lists("case_list", rappel="missed"),
            ),
            Figure(board.callbacks_planned, "à venir", lists("case_list", rappel="planned")),
        ],
        "team": [Figure(cell.value, cell.label, lists(cell.key)) for cell in board.team if cell.value],
        "referrals": [
            Figure(cell.value, cell.label, lists("referral_list", etat=cell.key))
            for cell in board.referrals
            if cell.value
        ],
        "communes": [
            {
                "name": row.name,
                "url": lists("case_list", commune=row.insee_code),
                "counts": [row.counts.get(need.key, 0) for need in board.need_categories],
                "total": row.total,
            }
            for row in board.communes
        ],
        "calls_url": lists("case_list", appels="faits", **period),
        "reached_calls_url": lists("case_list", appels="echange", **period),
        "refusals_url": lists("case_list", appels="refus", **period),
        "plans_url": lists("follow_up_list"),
        "volunteers_url": lists("volunteer_list"),
    }


def pending(number: int, url: str) -> list[Figure]:
    """Calls recorded by two volunteers, or that could not be recorded: a coordinator decides what counts."""
    return [Figure(number, "appels à trancher", url)] if number else []


def charts(board: Dashboard) -> dict[str, Any]:
    """The data of the charts, as the script reads them; each is a table of the page as well."""
    # A rate of two or three calls would only mislead.
    hours = [row for row in board.hours if row.calls >= FEWEST_CALLS]
    return {
        "days": {
            "labels": [f"{WEEKDAYS[row.day.weekday()][:3]}. {row.day.day}/{row.day.month:02d}" for row in board.days],
            "reached": [row.reached for row in board.days],
            "others": [row.calls - row.reached for row in board.days],
        },
        "hours": {
            "labels": [f"{row.hour} h" for row in hours],
            "percent": [row.percent for row in hours],
        },
        "communes": {
            "labels": [row.name for row in board.communes],
            "totals": [row.total for row in board.communes],
        },
    }
