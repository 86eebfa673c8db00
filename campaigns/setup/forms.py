"""Create and change a campaign; its volunteers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q

from campaigns.common.calendar import WEEKDAYS
from campaigns.common.fields import ClocksField, GapsField, HoursField, PhoneField
from campaigns.models import Campaign, CampaignVolunteer, Crisis, Script
from campaigns.models.campaign import default_gaps, default_hours, default_slot_ends
from campaigns.scripts.editing import CAMPAIGN_FIELDS, general
from campaigns.setup.lifecycle import REQUIRED_TEXTS
from solidarites import roles
from solidarites.accounts import LANGUAGES
from solidarites.fields import DateField, field_of
from solidarites.models import User
from solidarites.searching import fold
from tenants import communes
from tenants.models import Agency, Household, Landlord, Residence

ZONES = {
    "Europe/Paris": "Paris (métropole)",
    "America/Guadeloupe": "Guadeloupe",
    "America/Martinique": "Martinique",
    "America/Cayenne": "Guyane",
    "Indian/Reunion": "La Réunion",
    "Indian/Mayotte": "Mayotte",
    "America/Miquelon": "Saint-Pierre-et-Miquelon",
    "Pacific/Noumea": "Nouvelle-Calédonie",
    "Pacific/Tahiti": "Polynésie (Tahiti)",
    "Pacific/Wallis": "Wallis-et-Futuna",
}
# The settings that a form of before them leaves out.
SETTINGS = {
    "busy_minutes": (5, 180),
    "busy_a_day": (0, 6),
    "soft_refusal_days": (1, 60),
    "hospital_days": (1, 60),
    "review_share": (0, 1000),
}
LIMITS = {"minimum_age": (18, 110), "purge_after_days": (0, 365), "max_attempts": (1, 10), **SETTINGS}
STILL_NEEDED = "Obligatoire tant que la campagne est en cours."


Boxes = forms.CheckboxSelectMultiple


class AgencyField(forms.ModelMultipleChoiceField):
    """Agencies by name; with their landlord where there are several."""

    several = False

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} ({obj.landlord.name})" if self.several else str(obj)


class CampaignForm(forms.ModelForm):
    """One form in sections; the hours of each weekday are a line of text."""

    starts_on = DateField(
        label="Début", required=False, help_text="Les âges comptent à ce jour. Vide\u00a0: le jour de l'ouverture."
    )
    ends_on = DateField(label="Fin prévue", required=False)
    communes = forms.MultipleChoiceField(label="Communes", required=False, widget=Boxes)
    callback_number = PhoneField(
        label="Numéro de rappel", required=False, help_text="Donné aux locataires qui veulent rappeler."
    )
    on_call_number = PhoneField(
        label="Numéro d'astreinte",
        required=False,
        help_text="Affiché aux bénévoles dès qu'une réponse est inquiétante.",
    )
    retry_gaps = GapsField(label="Jours ouvrés entre deux tentatives", max_length=40, help_text="Par exemple 1, 3, 6.")
    slot_ends = ClocksField(
        label="Fin de la matinée, du midi, de l'après-midi",
        max_length=40,
        required=False,
        help_text="Un nouvel essai change de moment de la journée. Par exemple 11:00, 14:00, 17:00.",
    )

    class Meta:
        model = Campaign
        fields = [
            "name",
            "crisis",
            "purpose",
            "legal_basis",
            "data_protection_contact",
            "impact_assessment",
            "starts_on",
            "ends_on",
            "purge_after_days",
            "minimum_age",
            "living_alone_only",
            "landlords",
            "agencies",
            "residences",
            "communes",
            "script",
            "follow_up_script",
            "welfare_script",
            "callback_number",
            "on_call_number",
            "allow_hidden_number",
            "training_required",
            "review_share",
            "zone",
            "max_attempts",
            "retry_gaps",
            "slot_ends",
            "busy_minutes",
            "busy_a_day",
            "soft_refusal_days",
            "hospital_days",
        ]
        widgets = {
            "purpose": forms.Textarea(attrs={"rows": 3}),
            "landlords": Boxes,
            "residences": Boxes,
            "zone": forms.Select(choices=list(ZONES.items())),
        }
        help_texts = {
            "name": "Par exemple\u00a0: Grand froid, hiver 2026.",
            "crisis": "Les locataires lisent les questions, les bons gestes et les numéros de cette crise.",
            "script": "Pour une canicule, la trame «\u00a0Canicule\u00a0»\u00a0: elle parle de la chaleur et "
            "propose le registre de la mairie.",
            "purpose": "En une phrase\u00a0: à quoi servent ces appels, et à rien d'autre.",
            "legal_basis": "Par exemple\u00a0: mission d'intérêt public.",
            "data_protection_contact": "Adresse e-mail ou nom de la personne déléguée à la protection des données.",
            "impact_assessment": "La référence de l'analyse d'impact, telle que vous la conservez.",
            "purge_after_days": "Les données des personnes sont alors effacées\u00a0; les totaux restent.",
            "living_alone_only": "Seulement les foyers que la liste indique comme vivant seuls.",
            "allow_hidden_number": "Le numéro est précédé de #31# quand la personne l'a choisi.",
            "training_required": "L'entraînement dure cinq minutes, sur un foyer inventé. "
            "Sans lui, aucun appel n'est proposé.",
            "review_share": "Les cinq premiers appels de chaque bénévole sont toujours proposés à la relecture. "
            "Au-delà, un appel sur 20 par exemple\u00a0; 0\u00a0: aucun.",
            "max_attempts": "Après quoi une veille s'ouvre\u00a0: personne n'est abandonné sans réponse.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaign: Campaign = self.instance
        several = Landlord.objects.count() > 1
        agencies = AgencyField(
            queryset=Agency.objects.select_related("landlord"), label="Agences", required=False, widget=Boxes
        )
        agencies.several = several
        self.fields["agencies"] = agencies
        field_of(self, "landlords", forms.ModelMultipleChoiceField).queryset = Landlord.objects.all()
        field_of(self, "residences", forms.ModelMultipleChoiceField).queryset = Residence.objects.all()
        field_of(self, "communes", forms.MultipleChoiceField).choices = commune_choices(campaign.communes)
        field_of(self, "crisis", forms.TypedChoiceField).choices = [("", "Aucune de ces trois"), *Crisis.choices]
        self.fields["name"].error_messages["required"] = "Donnez un nom à la campagne."
        for kind, name in CAMPAIGN_FIELDS.items():
            usable = Script.objects.filter(
                Q(kind=kind, status=Script.Status.PUBLISHED) | Q(pk=getattr(campaign, f"{name}_id"))
            )
            field = field_of(self, name, forms.ModelChoiceField)
            field.queryset, field.empty_label = usable, "À choisir"
            if not campaign.pk and (latest := general(usable).order_by("-published_at").first()):
                self.initial[name] = latest.pk
        if not campaign.pk:
            self.initial["retry_gaps"] = default_gaps()
            self.initial["slot_ends"] = default_slot_ends()
        for name, (low, high) in LIMITS.items():
            self.fields[name].widget.attrs |= {"min": low, "max": high}
        for name in SETTINGS:
            # A form of before these settings keeps what the campaign has.
            self.fields[name].required = False
        hours = campaign.hours if campaign.pk else default_hours()
        for number, weekday in enumerate(WEEKDAYS):
            self.fields[f"hours_{number}"] = HoursField(
                label=weekday.capitalize(), initial=hours.get(str(number), []), help_text=""
            )

    def hours_fields(self) -> list[Any]:
        return [self[f"hours_{number}"] for number in range(7)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        new = Campaign()
        for name in ("slot_ends", *SETTINGS):
            if cleaned.get(name) in (None, "", []) and name not in self.errors:
                cleaned[name] = self.initial.get(name) or getattr(new, name)
        for name, (low, high) in LIMITS.items():
            value = cleaned.get(name)
            if value is not None and not low <= value <= high:
                self.add_error(name, f"Entre {low} et {high}.")
        start, end = cleaned.get("starts_on"), cleaned.get("ends_on")
        if start and end and end < start:
            self.add_error("ends_on", "La fin vient avant le début.")
        if cleaned.get("zone") not in ZONES:
            self.add_error("zone", "Choisissez un fuseau de la liste.")
        if self.instance.is_running:
            for name in (*REQUIRED_TEXTS, "ends_on", "script"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, STILL_NEEDED)
            if not any(cleaned.get(f"hours_{number}") for number in range(7)) and not self.errors:
                self.add_error("hours_0", "Indiquez au moins une plage d'appel dans la semaine.")
        return cleaned

    def campaign(self) -> Campaign:
        """The instance with what the form holds; nothing is saved."""
        campaign: Campaign = self.instance
        campaign.hours = {
            str(number): self.cleaned_data[f"hours_{number}"]
            for number in range(7)
            if self.cleaned_data[f"hours_{number}"]
        }
        return campaign

    def related(self) -> dict[str, list[Any]]:
        return {name: list(self.cleaned_data[name]) for name in ("landlords", "agencies", "residences")}


def commune_choices(chosen: list[str]) -> list[tuple[str, str]]:
    """The communes where somebody lives, and those already chosen, by name."""
    codes = set(Household.objects.exclude(insee_code="").values_list("insee_code", flat=True).distinct()) | set(chosen)
    named = [(code, commune.name if (commune := communes.get(code)) else code) for code in codes]
    return sorted(((code, f"{name} ({code[:2]})") for code, name in named), key=lambda pair: fold(pair[1]))


class HeatWaveForm(forms.Form):
    until = DateField(label="Jusqu'au", required_message="Choisissez le dernier jour.", css="form-control")


# Volunteers ---------------------------------------------------------------------------------------------


class PersonField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.display_name} ({obj.email})"


class AddVolunteersForm(forms.Form):
    """People with the volunteer role who are not in the campaign."""

    people = PersonField(
        queryset=User.objects.none(),
        label="Personnes à ajouter",
        widget=Boxes,
        error_messages={"required": "Choisissez au moins une personne."},
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inside = campaign.memberships.filter(active=True).values("user")
        people = User.objects.filter(is_active=True, groups__name=roles.VOLUNTEER).exclude(pk__in=inside)
        self.candidates = people.order_by("last_name", "first_name", "email").distinct()
        field_of(self, "people", PersonField).queryset = self.candidates


class MembershipForm(forms.Form):
    """What one volunteer is given in this campaign."""

    agencies = AgencyField(
        queryset=Agency.objects.none(),
        label="Secteurs",
        required=False,
        widget=Boxes,
        help_text="Vide\u00a0: tous les foyers de la campagne.",
    )
    languages = forms.MultipleChoiceField(
        label="Langues parlées, en plus du français", required=False, choices=list(LANGUAGES.items()), widget=Boxes
    )

    def __init__(self, *args: Any, membership: CampaignVolunteer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = field_of(self, "agencies", AgencyField)
        field.queryset = Agency.objects.select_related("landlord")
        field.several = Landlord.objects.count() > 1
        self.initial = {
            "agencies": [agency.pk for agency in membership.agencies.all()],
            "languages": membership.user.languages,
            **self.initial,
        }
