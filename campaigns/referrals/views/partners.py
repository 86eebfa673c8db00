"""Partners: who they are, whether somebody checked lately, and how their referrals go."""

from __future__ import annotations

from collections import Counter
from typing import Any

import django_filters
from django import forms
from django.contrib import messages
from django.core import signing
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from campaigns import referrals
from campaigns.common import needs
from campaigns.models import Partner, Referral
from campaigns.referrals import partners
from campaigns.referrals.forms import partner_lists
from campaigns.referrals.forms.partners import PartnerForm, commune_label, epci_label
from campaigns.referrals.states import WITH_PARTNER
from campaigns.referrals.views import looks
from solidarites import journal, roles, searching
from solidarites.requests import SignedInRequest
from solidarites.roles import role_required
from tenants import communes

A_PAGE = 25
SALT = "campaigns.partner_list"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS_OF_LINES = {
    "created": "à créer",
    "updated": "à mettre à jour",
    "unchanged": "inchangés",
    "rejected": "à corriger",
}


class PartnerFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="search", label="Nom", max_length=80)
    sorte = django_filters.ChoiceFilter(
        field_name="kind", label="Sorte", choices=Partner.Kind.choices, empty_label="toutes"
    )
    actif = django_filters.ChoiceFilter(
        label="Actif", method="by_active", choices=[("oui", "actifs"), ("non", "inactifs")], empty_label="tous"
    )
    verifie = django_filters.ChoiceFilter(
        label="Vérifié", method="by_verified", choices=[("non", "à vérifier")], empty_label="tous"
    )

    class Meta:
        model = Partner
        fields: list[str] = []

    def search(self, queryset: QuerySet[Partner], name: str, value: str) -> QuerySet[Partner]:
        return searching.among(queryset, ["name"], value)

    def by_active(self, queryset: QuerySet[Partner], name: str, value: str) -> QuerySet[Partner]:
        return queryset.filter(active=value == "oui")

    def by_verified(self, queryset: QuerySet[Partner], name: str, value: str) -> QuerySet[Partner]:
        limit = timezone.localdate() - partners.VERIFIED_FOR
        return queryset.filter(Q(verified_on=None) | Q(verified_on__lt=limit))


@require_GET
@role_required(roles.COORDINATOR, roles.ADMINISTRATOR)
def partner_list(request: SignedInRequest) -> HttpResponse:
    filters = PartnerFilter(request.GET, queryset=Partner.objects.all())
    for field in filters.form.fields.values():
        field.widget.attrs["class"] = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
    mine = referrals.visible(request.user).values("pk")
    found = filters.qs.annotate(
        running=Count("referrals", filter=Q(referrals__state__in=WITH_PARTNER, referrals__in=mine))
    ).order_by("name", "pk")
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    rows = [
        {
            "partner": partner,
            "old": partners.is_old(partner, today),
            "territory": territory(partner),
            "categories": categories_label(partner),
        }
        for partner in page
    ]
    return render(
        request,
        "referrals/partner_list.html",
        {
            "filter": filters,
            "page_obj": page,
            "rows": rows,
            "filtered": any(request.GET.get(name) for name in filters.filters),
        },
    )


def categories_label(partner: Partner) -> str:
    """« Repas, portage ; Médicaments et 3 autres », « tous les besoins »."""
    names = [needs.label(category) for category in partner.categories[:2]]
    more = len(partner.categories) - len(names)
    return " ; ".join(names) + (f" et {more} autre{'s' if more > 1 else ''}" if more else "") or "tous les besoins"


def territory(partner: Partner) -> str:
    """« Bordeaux, Mérignac et 3 autres communes », « département 33 », « partout »."""
    names = [commune_label(code).partition(" ")[2] or code for code in partner.communes[:2]]
    more = len(partner.communes) - len(names)
    parts = [", ".join(names) + (f" et {more} autre{'s' if more > 1 else ''}" if more else "")] if names else []
    parts += [epci_label(code).partition(" ")[2] or code for code in partner.epcis[:2]]
    if partner.departments:
        word = "départements" if len(partner.departments) > 1 else "département"
        parts.append(f"{word} {', '.join(partner.departments)}")
    return " ; ".join(parts) or "partout"


@require_http_methods(["GET", "POST"])
@role_required(roles.COORDINATOR, roles.ADMINISTRATOR)
def partner_new(request: SignedInRequest) -> HttpResponse:
    """A new partner; the address may bring the commune that has none yet (« ?commune=33063 »)."""
    commune = communes.get(request.GET.get("commune", ""))
    initial: dict[str, Any] = {"active": True}
    if commune:
        initial |= {
            "kind": Partner.Kind.TOWN_HALL,
            "name": f"Mairie de {commune.name}",
            "communes": f"{commune.code} {commune.name}",
        }
    form = PartnerForm(request.POST if request.method == "POST" else None, initial=initial)
    return _save(request, form, None)


@require_http_methods(["GET", "POST"])
@role_required(roles.COORDINATOR, roles.ADMINISTRATOR)
def partner(request: SignedInRequest, partner_id: int) -> HttpResponse:
    """One partner: its facts to correct, and its referrals."""
    one = get_object_or_404(Partner, pk=partner_id)
    form = PartnerForm(request.POST if request.method == "POST" else None, instance=one)
    return _save(request, form, one)


class ListForm(forms.Form):
    file = forms.FileField(
        label="Liste des partenaires",
        help_text="CSV, XLSX, XLS ou ODS, une ligne par partenaire. Il faut « Nom », « Sorte » et « Adresse e-mail ».",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.xlsx,.xls,.ods"}),
        error_messages={"required": "Choisissez un fichier.", "missing": "Choisissez un fichier."},
    )

    def clean_file(self) -> list[tuple[int, dict[str, str]]]:
        try:
            return partner_lists.read(self.cleaned_data["file"].read(partner_lists.MOST_BYTES + 1))
        except partner_lists.ListError as error:
            raise forms.ValidationError(str(error)) from error


@require_http_methods(["GET", "POST"])
@role_required(roles.COORDINATOR, roles.ADMINISTRATOR)
def partner_import(request: SignedInRequest) -> HttpResponse:
    """A list, then what it would do, then the writing; between the two the rows travel signed in the page."""
    if request.method == "POST" and "rows" in request.POST:
        return _write_list(request)
    form = ListForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        return _preview(request, form.cleaned_data["file"])
    return render(request, "referrals/partner_import.html", {"form": form})


def _preview(request: SignedInRequest, rows: list[Any]) -> HttpResponse:
    lines = partner_lists.check(rows)
    counts = Counter(line.what for line in lines)
    context = {
        "lines": lines,
        "counts": [(word, counts[what]) for what, word in KINDS_OF_LINES.items()],
        "useful": counts["created"] + counts["updated"],
        "rows": signing.dumps(rows, salt=SALT, compress=True),
    }
    return render(request, "referrals/partner_import.html", context)


def _write_list(request: SignedInRequest) -> HttpResponse:
    """Write exactly what was shown; when something changed meanwhile, show it again."""
    try:
        rows = signing.loads(request.POST["rows"], salt=SALT, max_age=3600)
    except signing.BadSignature:
        messages.error(request, "Cet aperçu n'est plus valable. Déposez la liste de nouveau.")
        return redirect("coordinator:partner_import")
    lines = partner_lists.check(rows)
    wanted = [line for line in lines if line.what in ("created", "updated")]
    if str(len(wanted)) != request.POST.get("useful"):
        messages.warning(request, "Des partenaires ont changé entre-temps. Voici ce que la liste ferait maintenant.")
        return _preview(request, rows)
    partners.save_all(found=[line.partner for line in wanted if line.partner], by=request.user, now=timezone.now())
    word = "partenaires enregistrés" if len(wanted) > 1 else "partenaire enregistré"
    messages.success(request, f"{len(wanted)} {word}.")
    return redirect("coordinator:partner_list")


@require_GET
@role_required(roles.COORDINATOR, roles.ADMINISTRATOR)
def partner_model(request: SignedInRequest) -> HttpResponse:
    """An empty list with the headings that are recognised."""
    response = HttpResponse(partner_lists.model(), content_type=XLSX)
    response["Content-Disposition"] = 'attachment; filename="modele-partenaires.xlsx"'
    return response


def _save(request: SignedInRequest, form: PartnerForm, one: Partner | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        saved = partners.save(partner=form.instance, by=request.user, now=timezone.now())
        messages.success(request, "Le partenaire est enregistré.")
        waiting = request.GET.get("signalement", "")
        if waiting.isdecimal() and len(waiting) < 18 and request.user.has_role(roles.COORDINATOR):
            # It was missing for this one: back to it, where it is now proposed.
            missing = referrals.visible(request.user).filter(pk=waiting, state=Referral.State.DRAFT).first()
            if missing is not None:
                return redirect("coordinator:referral_edit", missing.pk)
        return redirect("coordinator:partner", saved.pk)
    now = timezone.now()
    context: dict[str, Any] = {"form": form, "partner": one, "rows": [], "figures": None, "old": False}
    if one is not None:
        mine = referrals.visible(request.user).filter(partner=one)
        context["old"] = partners.is_old(one, timezone.localdate(now))
        context["figures"] = partners.figures(mine)
        # The form may hold a name not yet saved: the title keeps the one that is.
        context["name"] = Partner.objects.values_list("name", flat=True).get(pk=one.pk)
        latest = mine.select_related("case__household").order_by("-created_at", "-pk")[:10]
        context["rows"] = [
            {
                "referral": referral,
                "state": looks.state_look(referral, short=True),
                "delay": looks.delay_look(referral, now),
            }
            for referral in latest
        ]
        if request.method == "GET":
            journal.record("partner.read", one, by=request.user)
    return render(request, "referrals/partner_form.html", context)
