"""Filters of the list of cases; the names are those of the dashboard's links."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns import queue
from campaigns.common import retries
from campaigns.figures import dashboards
from campaigns.models import Call, Campaign, Case
from solidarites import searching
from solidarites.fields import believable
from solidarites.models import User
from tenants.models import PhoneNumber, Tenant

STATES = [
    ("prepared", "En préparation"),
    ("ready", "À appeler"),
    ("held", "En cours d'appel"),
    ("scheduled", "Planifiés"),
    ("blocked", "À décider"),
    ("without_number", "Sans numéro"),
    ("done", "Clos"),
    ("pending", "Appel à trancher"),
]
CALLS = [("faits", "au moins un appel"), ("echange", "un échange"), ("refus", "un refus")]
CALLBACKS = [
    ("due", "dû maintenant"),
    ("missed", f"manqué ({retries.minutes(retries.CALLBACK_GRACE)} minutes après l'heure)"),
    ("planned", "à venir"),
]


class Select(forms.Select):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(attrs={"class": "form-select", "data-autosubmit": ""}, **kwargs)


class DateInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-control", "type": "date"}, format="%Y-%m-%d")


def choice(label: str, choices: Any = (), *, empty: str = "Tous", **kwargs: Any) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(label=label, choices=choices, empty_label=empty, widget=Select, **kwargs)


class CaseFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        label="Nom, n° de dossier ou numéro",
        method="search",
        max_length=80,
        widget=forms.TextInput(attrs={"class": "form-control", "type": "search"}),
    )
    campagne = choice("Campagne", method="in_campaign", empty="Toutes")
    etat = choice("État", STATES, method="in_state")
    attente = choice("Décision attendue", Case.Hold.choices, method="on_hold", empty="Toutes")
    agence = choice("Agence", field_name="agency_id", empty="Toutes")
    commune = choice("Commune", field_name="household__insee_code", empty="Toutes")
    issue = choice(
        "Dernière issue",
        Call.Outcome.choices,
        field_name="last_outcome",
        empty="Toutes",
    )
    tentatives = django_filters.NumberFilter(
        label="Tentatives",
        field_name="attempts",
        min_value=0,
        max_value=99,
        widget=forms.NumberInput(attrs={"class": "form-control", "min": 0, "max": 99}),
    )
    joint = choice("Joint", [("oui", "oui"), ("non", "jamais")], method="reached")
    rappel = choice("Rappel convenu", CALLBACKS, method="callback")
    appels = choice("Appels", CALLS, method="called")
    du = django_filters.DateFilter(label="Appels du", method="in_period", widget=DateInput(), validators=[believable])
    au = django_filters.DateFilter(label="au", method="in_period", widget=DateInput(), validators=[believable])

    class Meta:
        model = Case
        fields: list[str] = []

    def __init__(self, data: Any, queryset: QuerySet[Case], *, by: User, now: datetime) -> None:
        self.now = now
        super().__init__(data, queryset)
        campaigns = dashboards.campaigns_to_look_at()
        chosen = next((one for one in campaigns if one.slug == data.get("campagne")), None)
        self.filters["campagne"].extra["choices"] = [(one.slug, one.name) for one in campaigns]
        if chosen is None and len(campaigns) == 1:
            chosen = campaigns[0]
        # Of one campaign only: over all of them the list would be long, and slow to make.
        self.campaign: Campaign | None = chosen
        agencies = dashboards.agencies_of(chosen, by) if chosen else []
        communes = dashboards.communes_of(chosen, by) if chosen else []
        self.filters["agence"].extra["choices"] = [(str(one.pk), one.name) for one in agencies]
        self.filters["commune"].extra["choices"] = communes
        for name in ("agence", "commune"):
            if not self.filters[name].extra["choices"]:
                del self.filters[name]

    @property
    def more(self) -> bool:
        """Whether a filter of the folded part is in use."""
        return any(
            self.data.get(name) for name in ("attente", "issue", "tentatives", "joint", "rappel", "appels", "du", "au")
        )

    def search(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        text = value.replace("\x00", "").strip()
        if digits := searching.digits(text):
            number = PhoneNumber.objects.filter(household=OuterRef("household"), e164__endswith=digits.lstrip("0")[-9:])
            found = Q(pk=int(digits)) if len(digits) < 19 else Q(pk=0)
            return queryset.filter(found | Exists(number) if len(digits) >= 6 else found)
        people = Tenant.objects.filter(household=OuterRef("household"))
        return queryset.filter(Exists(searching.named(people, "search_name", text)))

    def in_campaign(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return queryset.filter(campaign__slug=value)

    def in_state(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        if value == "pending":
            return queryset.filter(Exists(Call.objects.filter(case=OuterRef("pk"), state=Call.State.PENDING)))
        return queryset.filter(queue.states(self.now)[value])

    def on_hold(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return queryset.filter(status=Case.Status.ON_HOLD, hold_reason=value)

    def reached(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        if value == "oui":
            return queryset.filter(reached_at__isnull=False)
        # As the dashboard counts them: those without a number are on their own track.
        return queryset.filter(reached_at=None, has_number=True)

    def callback(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        agreed = queryset.filter(status=Case.Status.OPEN, next_call_kind=Case.Kind.CALLBACK, next_call_at__isnull=False)
        if value == "missed":
            return agreed.filter(anyone_from__lte=self.now, campaign__status=Campaign.Status.OPEN)
        return agreed.filter(next_call_at__lte=self.now) if value == "due" else agreed.filter(next_call_at__gt=self.now)

    def called(self, queryset: QuerySet[Case], name: str, value: str) -> QuerySet[Case]:
        return queryset.filter(Exists(self._calls(value)))

    def in_period(self, queryset: QuerySet[Case], name: str, value: date) -> QuerySet[Case]:
        """Called in the period, whatever came of it; « Appels » says what did."""
        return queryset.filter(Exists(self._calls("faits")))

    def _calls(self, kind: str) -> QuerySet[Call]:
        asked = self.form.cleaned_data
        tz = self.campaign.tz if self.campaign else timezone.get_current_timezone()
        made = Call.objects.recorded().filter(case=OuterRef("pk"))
        if asked.get("du"):
            made = made.filter(recorded_at__gte=datetime.combine(asked["du"], time.min, tz))
        if asked.get("au"):
            made = made.filter(recorded_at__lt=datetime.combine(asked["au"] + timedelta(days=1), time.min, tz))
        if kind == "refus":
            return made.filter(outcome__in=dashboards.REFUSALS)
        return made.filter(outcome__in=Call.REACHED) if kind == "echange" else made
