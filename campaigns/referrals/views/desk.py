"""The coordinator's desk of referrals: the table, the board by state, several approved at once, figures, export."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import django_filters
import django_tables2
from django import forms
from django.contrib import messages
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_POST

from campaigns import referrals
from campaigns.models import Campaign, Need, Partner, Referral
from campaigns.models.levels import Level
from campaigns.referrals import export, figures, partners, sending
from campaigns.referrals.states import WITH_PARTNER
from campaigns.referrals.views import looks
from campaigns.templatetags.dossiers import moment
from solidarites import journal, roles
from solidarites.requests import SignedInRequest
from solidarites.roles import role_required
from solidarites.templatetags.ui import state as state_tag
from tenants.models import Agency

State = Referral.State
A_PAGE = 25
# Cards of one column of the board; the table has the others.
A_COLUMN = 25
MOST_AT_ONCE = 1000
LATE = "late"
OPEN = "open"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What is over has no deadline and comes last.
FIRST_DUE = F("due_at").asc(nulls_last=True)


class ReferralFilter(django_filters.FilterSet):
    """Its parameters are those of the addresses that the dashboard and the figures link to."""

    q = django_filters.CharFilter(field_name="reference", lookup_expr="icontains", label="Référence", max_length=40)
    etat = django_filters.ChoiceFilter(
        label="État",
        method="by_state",
        choices=[(OPEN, "en cours"), (LATE, "sans réponse à temps"), *State.choices],
        empty_label="tous",
    )
    niveau = django_filters.ChoiceFilter(field_name="level", label="Niveau", choices=Level.choices, empty_label="tous")
    partenaire = django_filters.ModelChoiceFilter(
        field_name="partner", label="Partenaire", queryset=Partner.objects.all(), empty_label="tous"
    )
    campagne = django_filters.ModelChoiceFilter(
        field_name="case__campaign",
        label="Campagne",
        queryset=Campaign.objects.all(),
        to_field_name="slug",
        empty_label="toutes",
    )
    agence = django_filters.ModelChoiceFilter(
        field_name="case__agency", queryset=Agency.objects.all(), widget=forms.HiddenInput, label="Agence"
    )
    commune = django_filters.CharFilter(
        field_name="case__household__insee_code", widget=forms.HiddenInput, label="Commune", max_length=5
    )
    besoin = django_filters.CharFilter(method="by_need", widget=forms.HiddenInput, label="Besoin", max_length=60)
    resultat = django_filters.ChoiceFilter(
        field_name="answer_result",
        choices=Referral.CloseReason.choices,
        widget=forms.HiddenInput,
        label="Résultat",
    )

    class Meta:
        model = Referral
        fields: list[str] = []

    def by_state(self, queryset: QuerySet[Referral], name: str, value: str) -> QuerySet[Referral]:
        if value == OPEN:
            return queryset.filter(state__in=referrals.OPEN_STATES)
        if value == LATE:
            return queryset.filter(state__in=WITH_PARTNER, due_at__lt=timezone.now())
        return queryset.filter(state=value)

    def by_need(self, queryset: QuerySet[Referral], name: str, value: str) -> QuerySet[Referral]:
        having = Need.objects.filter(category=value).values("referrals")
        return queryset.filter(pk__in=having)


class ReferralTable(django_tables2.Table):
    """One row a referral; the columns that can be sorted say so by their heading."""

    chosen = django_tables2.Column(accessor="pk", verbose_name="Choisir", orderable=False)
    reference = django_tables2.Column(verbose_name="Référence", attrs={"td": {"class": "nowrap"}})
    level = django_tables2.Column(verbose_name="Niveau", attrs={"td": {"class": "short"}})
    state = django_tables2.Column(verbose_name="État", attrs={"td": {"class": "short"}})
    due_at = django_tables2.Column(verbose_name="Attendu", empty_values=(), attrs={"td": {"class": "due"}})
    partner = django_tables2.Column(verbose_name="Partenaire", order_by="partner__name", empty_values=())
    commune = django_tables2.Column(
        verbose_name="Commune", accessor="case__household__city", order_by="case__household__city", empty_values=()
    )

    class Meta:
        template_name = "referrals/referral_table.html"

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        self.now = now
        super().__init__(*args, **kwargs)

    def render_chosen(self, record: Referral) -> str:
        """A box for what waits to be approved."""
        if record.state != State.DRAFT:
            return ""
        return format_html(
            '<label class="pick"><input type="checkbox" class="form-check-input" name="ids" value="{}" form="choose">'
            '<span class="visually-hidden">Choisir {}</span></label>',
            record.pk,
            record.reference,
        )

    def render_reference(self, record: Referral) -> str:
        return format_html('<a href="{}">{}</a>', reverse("coordinator:referral", args=[record.pk]), record.reference)

    def render_level(self, record: Referral) -> str:
        look = looks.level_look(record, short=True)
        return state_tag(look.kind, look.icon, look.word)

    def render_state(self, record: Referral) -> str:
        """The state, and for what a partner holds when its sheet was last opened."""
        look = looks.state_look(record, short=True)
        shown = state_tag(look.kind, look.icon, look.word)
        if record.opened_at:
            at = moment(Context({"now": self.now}), record.opened_at, record.case)
            return format_html('{}<span class="seen">consulté {}</span>', shown, at)
        if record.state in WITH_PARTNER:
            return format_html('{}<span class="seen">pas encore consulté</span>', shown)
        return shown

    def render_due_at(self, record: Referral) -> str:
        look = looks.delay_look(record, self.now)
        return state_tag(look.kind, look.icon, look.word) if look else "terminé"

    def render_partner(self, record: Referral) -> str:
        return record.partner.name if record.partner else state_tag("attention", "question-circle", "à choisir")

    def render_commune(self, record: Referral) -> str:
        return record.case.household.city or "non connue"

    def order_due_at(self, queryset: QuerySet[Referral], is_descending: bool) -> tuple[QuerySet[Referral], bool]:
        first = F("due_at").desc(nulls_last=True) if is_descending else FIRST_DUE
        return queryset.order_by(first, "level", "pk"), True


def _filtered(request: SignedInRequest) -> ReferralFilter:
    filters = ReferralFilter(request.GET, queryset=referrals.visible(request.user))
    for field in filters.form.fields.values():
        if not isinstance(field.widget, forms.HiddenInput):
            field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
    return filters


@require_GET
@role_required(roles.COORDINATOR)
def referral_list(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    filters = _filtered(request)
    found = filters.qs.select_related("case__household", "case__campaign", "partner")
    table = ReferralTable(found.order_by(FIRST_DUE, "level", "-created_at", "pk"), now=now)
    django_tables2.RequestConfig(request, paginate={"per_page": A_PAGE, "silent": True}).configure(table)
    drafts = any(row.record.state == State.DRAFT for row in table.page.object_list)
    return render(
        request,
        "referrals/referral_list.html",
        {
            "filter": filters,
            "table": table,
            "page_obj": table.page,
            "tiles": _tiles(referrals.visible(request.user), now),
            "filtered": any(request.GET.get(name) for name in filters.filters),
            "drafts": drafts,
            "query": request.GET.urlencode(),
        },
    )


def _tiles(mine: QuerySet[Referral], now: datetime) -> list[dict[str, Any]]:
    """Each open state, how many wait there and how many are late."""
    counts = mine.aggregate(
        **{f"n_{state}": Count("pk", filter=Q(state=state)) for state in referrals.OPEN_STATES},
        **{f"late_{state}": Count("pk", filter=Q(state=state, due_at__lt=now)) for state in referrals.OPEN_STATES},
    )
    return [
        {
            "state": state,
            "icon": looks.STATES[state][1],
            "label": looks.SHORT_STATES.get(state, state.label),
            "count": counts[f"n_{state}"],
            "late": counts[f"late_{state}"],
        }
        for state in referrals.OPEN_STATES
    ]


@require_GET
@role_required(roles.COORDINATOR)
def referral_board(request: SignedInRequest) -> HttpResponse:
    """A column a state, the most pressing first; the same cards as the table, the same filters."""
    now = timezone.now()
    filters = _filtered(request)
    open_now = filters.qs.filter(state__in=referrals.OPEN_STATES).select_related("case__household", "partner")
    columns = []
    for tile in _tiles(filters.qs, now):
        rows = list(open_now.filter(state=tile["state"]).order_by(FIRST_DUE, "level", "pk")[:A_COLUMN])
        cards = [
            {
                "referral": row,
                "level": looks.level_look(row, short=True),
                "delay": looks.delay_look(row, now),
            }
            for row in rows
        ]
        columns.append(tile | {"cards": cards, "more": tile["count"] - len(cards)})
    context = {
        "filter": filters,
        "columns": columns,
        "filtered": any(request.GET.get(name) for name in filters.filters),
        "query": request.GET.urlencode(),
        "any": any(column["count"] for column in columns),
    }
    return render(request, "referrals/referral_board.html", context)


# Several at once -----------------------------------------------------------------------------------------


def _chosen(request: SignedInRequest) -> QuerySet[Referral]:
    ids = [int(value) for value in request.POST.getlist("ids")[:MOST_AT_ONCE] if value.isdecimal() and len(value) < 18]
    drafts = referrals.visible(request.user).filter(pk__in=ids, state=State.DRAFT)
    return drafts.select_related("case__household__landlord", "case__campaign", "partner", "tenant").order_by("pk")


@require_POST
@role_required(roles.COORDINATOR)
def referral_approve(request: SignedInRequest) -> HttpResponse:
    """Show what would leave and what still lacks something; « confirmed » approves what is ready."""
    chosen = list(_chosen(request))
    if not chosen:
        messages.warning(request, "Choisissez au moins un signalement à relire.")
        return redirect("coordinator:referral_list")
    if "confirmed" in request.POST:
        approved, second, refused = referrals.approve_all(found=chosen, by=request.user, now=timezone.now())
        _say(request, approved, second, refused)
        return redirect("coordinator:referral_list")
    rows = []
    for one in chosen:
        missing = sending.missing_for_approval(one)
        second = not missing and sending.needs_second_approval(one)
        rows.append(
            {
                "referral": one,
                "level": looks.level_look(one, short=True),
                "missing": missing,
                "second": second,
                "old": one.partner is not None and partners.is_old(one.partner, timezone.localdate()),
            }
        )
    context = {"rows": rows, "ready": sum(not row["missing"] for row in rows)}
    return render(request, "referrals/referral_approve.html", context)


def _say(request: SignedInRequest, approved: int, second: int, refused: list[tuple[str, str]]) -> None:
    if approved:
        said = (
            f"{approved} signalements approuvés : les e-mails partent." if approved > 1 else "1 signalement approuvé."
        )
        messages.success(request, said)
    if second:
        messages.info(request, f"Première approbation notée pour {second} : une deuxième personne doit approuver.")
    for reference, why in refused[:10]:
        messages.warning(request, f"{reference} : {why}")
    if len(refused) > 10:
        messages.warning(request, f"{len(refused) - 10} autres signalements restent à compléter.")


# Figures and export --------------------------------------------------------------------------------------


@require_GET
@role_required(roles.COORDINATOR)
def referral_figures(request: SignedInRequest) -> HttpResponse:
    """By partner, need, commune, delay and result; every number leads to its referrals."""
    filters = _filtered(request)
    mine = filters.qs
    base = reverse("coordinator:referral_list")
    campaign = f"&campagne={filters.form.cleaned_data['campagne'].slug}" if _campaign(filters) else ""
    tables = [
        ("Par partenaire", "partenaire", figures.by_partner(mine)),
        ("Par besoin", "besoin", figures.by_need(mine)),
        ("Par commune", "commune", figures.by_commune(mine)),
        ("Par résultat", "resultat", figures.by_result(mine)),
    ]
    context = {
        "filter": filters,
        "total": mine.count(),
        "tables": [
            (
                title,
                [(row, f"{base}?{parameter}={row.key}{campaign}" if row.key else "") for row in rows],
            )
            for title, parameter, rows in tables
        ],
        "delays": figures.delays(mine),
    }
    return render(request, "referrals/referral_figures.html", context)


def _campaign(filters: ReferralFilter) -> Campaign | None:
    return filters.form.cleaned_data.get("campagne") if filters.form.is_valid() else None


@require_GET
@role_required(roles.COORDINATOR)
def referral_export(request: SignedInRequest) -> HttpResponse:
    """The list as filtered, in XLSX; free texts only when they are asked for. Journaled either way."""
    filters = _filtered(request)
    texts = request.GET.get("textes") == "oui"
    found = filters.qs.select_related("case__household", "case__campaign", "partner").prefetch_related("needs")
    rows = found.order_by("created_at", "pk")
    journal.record("referral.exported", by=request.user, count=rows.count(), texts=texts)
    response = HttpResponse(export.workbook(rows, texts=texts), content_type=XLSX)
    name = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="signalements-{name}.xlsx"'
    response["Cache-Control"] = "private, no-store"
    return response
