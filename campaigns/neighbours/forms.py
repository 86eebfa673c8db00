"""What neighbours write, and what a coordinator decides of it; the posters that ask them."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.common.fields import PhoneField
from campaigns.models import NeighbourReport
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.neighbours import posters

REQUIRED_LINE = "Écrivez où habite cette personne\u00a0: la résidence ou l'adresse."


class MatchForm(forms.Form):
    case = forms.IntegerField(min_value=1, max_value=2**62, error_messages={"required": "Choisissez le foyer."})
    level = forms.ChoiceField(choices=Level.choices, error_messages={"required": "Choisissez l'urgence."})


class MatchOutsideForm(forms.Form):
    """A household that no running campaign has, and the campaign that takes it in."""

    household = forms.IntegerField(min_value=1, max_value=2**62, error_messages={"required": "Choisissez le foyer."})
    campaign = forms.IntegerField(min_value=1, max_value=2**62, error_messages={"required": "Choisissez la campagne."})
    level = forms.ChoiceField(choices=Level.choices, error_messages={"required": "Choisissez l'urgence."})


class DismissForm(forms.Form):
    dismissal = forms.ChoiceField(
        label="Pourquoi",
        choices=[("", "À choisir"), *NeighbourReport.Dismissal.choices],
        error_messages={"required": "Choisissez la raison."},
    )


class PosterForm(forms.Form):
    size = forms.ChoiceField(
        label="Format", choices=[(size, size.upper()) for size in posters.SIZES], initial=posters.SIZES[0]
    )


class NeighbourForm(forms.Form):
    """A worry in a few words. « site » is a trap for robots: nobody sees it, so nobody fills it."""

    place = forms.CharField(
        label="Où habite cette personne",
        max_length=200,
        help_text="La résidence ou l'adresse.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": REQUIRED_LINE},
    )
    who = forms.CharField(
        label="Son nom, son étage ou sa porte, si vous les connaissez",
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    worries = forms.MultipleChoiceField(
        label="Ce qui vous inquiète",
        choices=[
            ("danger", "J'ai entendu un appel à l'aide ou une chute, ou je crains un danger"),
            ("not_seen", "Je ne vois plus cette personne depuis plusieurs jours"),
            ("mail", "Son courrier s'accumule, ses volets ne bougent plus"),
            ("health", "Elle semble malade, perdue ou affaiblie"),
            ("weather", "Elle souffre du froid ou de la chaleur"),
            ("alone", "Elle est très seule"),
            ("other", "Autre chose"),
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Cochez ce qui vous inquiète.", "invalid_choice": "Cochez ce qui vous inquiète."},
    )
    text = forms.CharField(
        label="En quelques mots",
        max_length=TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"{TEXT} caractères au plus. Ce que vous avez vu ou entendu, et depuis quand.",
        error_messages={"max_length": f"{TEXT} caractères au plus."},
    )
    reporter_name = forms.CharField(
        label="Votre nom", max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    reporter_phone = PhoneField(
        label="Votre numéro, si nous pouvons vous rappeler",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"}),
    )
    site = forms.CharField(required=False, label="Ne pas remplir", max_length=200)

    def __init__(self, *args: Any, residence: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if residence is not None:
            # The poster said where.
            self.fields["place"].required = False
            self.fields["place"].label = "Bâtiment ou adresse, si besoin"
            self.fields["place"].help_text = ""
