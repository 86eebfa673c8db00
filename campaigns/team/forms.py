"""Forms of reviews, debriefs, meetings and shared moments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.models.limits import TEXT
from campaigns.team.debriefs import TEXT_LIMIT
from campaigns.team.meetings import ALIVE, LENGTHS, PAST, RHYTHMS
from campaigns.team.reviews import NOTE_LIMIT
from solidarites.fields import DateField, field_of


class NoteForm(forms.Form):
    """« Relu, avec un mot »."""

    note = forms.CharField(
        label="Votre mot",
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Ce qui vous a plu, ce qui peut aider la prochaine fois. Bienveillant, et sans nom de "
        "locataire\u00a0: ce mot s'affiche sur l'accueil de la personne.",
        error_messages={"required": "Écrivez quelques mots.", "max_length": f"{NOTE_LIMIT} caractères au plus."},
    )


class ContactForm(forms.Form):
    """« Pris contact le … »."""

    on = DateField(label="Pris contact le", required_message="Indiquez le jour.")


class MeetingForm(forms.Form):
    """A day, an hour, how long, a link, a few words: what one meeting is made of, in the campaign's own time."""

    day = DateField(label="Jour", required_message="Indiquez le jour.")
    time = forms.TimeField(
        label="Heure",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"required": "Indiquez l'heure.", "invalid": "Écrivez l'heure ainsi\u00a0: 14:30."},
    )
    minutes = forms.TypedChoiceField(
        label="Durée",
        choices=[(length, f"{length}\u00a0minutes") for length in LENGTHS],
        coerce=int,
        initial=45,
        error_messages={"required": "Choisissez une durée.", "invalid_choice": "Choisissez une durée."},
    )
    link = forms.URLField(
        label="Lien de la réunion",
        max_length=TEXT,
        assume_scheme="https",
        help_text="Celui que donne votre outil de visioconférence. Il commence par https://.",
        error_messages={
            "required": "Collez le lien de la réunion.",
            "invalid": "Ce lien n'est pas une adresse.",
            "max_length": f"{TEXT} caractères au plus.",
        },
    )
    words = forms.CharField(
        label="Quelques mots",
        required=False,
        max_length=200,
        error_messages={"max_length": "200 caractères au plus."},
        help_text="Par exemple\u00a0: une demi-heure pour souffler ensemble, avec la psychologue de l'association.",
    )

    def __init__(self, *args: Any, campaign: Campaign | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = campaign

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if not link.startswith("https://"):
            raise forms.ValidationError("Le lien doit commencer par https://.")
        return link

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        campaign: Campaign | None = data.get("campaign", self.team)
        if campaign is not None and {"day", "time"} <= data.keys():
            data["starts_at"] = datetime.combine(data["day"], data["time"], campaign.tz)
            if data["starts_at"] <= timezone.now():
                self.add_error("day", PAST)
        return data


class AnnounceForm(MeetingForm):
    """A meeting, or several in one act, for the team of a campaign."""

    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.none(),
        label="Campagne",
        empty_label="À choisir",
        error_messages={"required": "Choisissez une campagne.", "invalid_choice": "Choisissez une campagne."},
    )
    weeks = forms.TypedChoiceField(
        label="Répétition",
        choices=list(RHYTHMS.items()),
        coerce=int,
        initial=0,
        error_messages={"required": "Choisissez une répétition.", "invalid_choice": "Choisissez une répétition."},
    )
    until = DateField(
        label="Jusqu'au",
        required=False,
        help_text="Pour un rendez-vous répété. Sans date, il se répète jusqu'à la fin prévue de la campagne.",
    )
    field_order = ("campaign", "day", "time", "minutes", "weeks", "until", "link", "words")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaigns = Campaign.objects.filter(status__in=ALIVE)
        field_of(self, "campaign", forms.ModelChoiceField).queryset = campaigns
        if (only := list(campaigns[:2])) and len(only) == 1:
            self.initial["campaign"] = only[0].pk


class ReadingForm(forms.Form):
    """Which moments are read together: those of a campaign, from a day to another."""

    campagne = forms.ModelChoiceField(
        queryset=Campaign.objects.none(),
        label="Campagne",
        empty_label=None,
        to_field_name="slug",
        error_messages={"required": "Choisissez une campagne.", "invalid_choice": "Choisissez une campagne."},
    )
    du = DateField(label="Du", required_message="Indiquez le premier jour.")
    au = DateField(label="Au", required_message="Indiquez le dernier jour.")

    def __init__(self, *args: Any, campaigns: QuerySet[Campaign], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "campagne", forms.ModelChoiceField).queryset = campaigns

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"du", "au"} <= data.keys() and data["au"] < data["du"]:
            self.add_error("au", "Le dernier jour est avant le premier.")
        return data


class MomentForm(forms.Form):
    """A few words for the team; warned once when they look like what should not be written."""

    text = forms.CharField(
        label="Votre moment",
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Une joie, une surprise, ce qui a été lourd. Sans nom, ni le vôtre ni celui d'un locataire.",
        error_messages={"required": "Écrivez quelques mots.", "max_length": f"{TEXT_LIMIT} caractères au plus."},
    )
    # What was warned about: sent again unchanged, it is shared.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
