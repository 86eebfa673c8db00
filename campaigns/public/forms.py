"""What coordinators write of the public pages."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.models import Crisis, FaqEdition, UsefulNumber
from campaigns.public import document
from solidarites.fields import field_of
from tenants.models import Landlord

# Drawn by the template, without crispy.
SELECT = {"class": "form-select"}


class PrepareForm(forms.Form):
    """A new draft: for whom, and for which crisis."""

    crisis = forms.ChoiceField(label="Crise", choices=Crisis.choices, widget=forms.Select(attrs=SELECT))
    landlord = forms.ModelChoiceField(
        label="Bailleur",
        queryset=Landlord.objects.all(),
        required=False,
        empty_label="Tous les bailleurs",
        widget=forms.Select(attrs=SELECT),
    )


class ThemeForm(forms.Form):
    title = forms.CharField(
        label="Titre du thème",
        max_length=document.TITLE,
        error_messages={"required": "Donnez un titre au thème."},
    )


class QuestionForm(forms.Form):
    theme = forms.ChoiceField(
        label="Thème", error_messages={"required": "Choisissez un thème.", "invalid_choice": "Choisissez un thème."}
    )
    question = forms.CharField(
        label="Question",
        max_length=document.QUESTION,
        help_text="Comme la personne la poserait\u00a0: «\u00a0Pourquoi m'appelez-vous\u00a0?\u00a0»",
        error_messages={"required": "Écrivez la question."},
    )
    answer = forms.CharField(
        label="Réponse",
        max_length=document.ANSWER,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text="Des phrases courtes. Une ligne vide sépare deux paragraphes. "
        "Une ligne qui commence par un tiret et une espace fait une liste.",
        error_messages={"required": "Écrivez la réponse."},
    )

    def __init__(self, *args: Any, edition: FaqEdition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "theme", forms.ChoiceField).choices = [
            (one["key"], one["title"]) for one in document.themes(edition.content)
        ]


class NumberForm(forms.ModelForm):
    class Meta:
        model = UsefulNumber
        fields = ["label", "purpose", "hours", "active"]
        labels = {
            "label": "Qui répond",
            "purpose": "Pour quoi appeler",
            "hours": "Horaires",
            "active": "Montrer ce numéro aux locataires",
        }
        help_texts = {"hours": "Vide\u00a0: la page dit qu'ils sont à vérifier."}
        error_messages = {"label": {"required": "Écrivez qui répond."}}


class ConfirmForm(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=2**62)
    seen = forms.CharField(max_length=600)


class ActForm(forms.Form):
    """One press of a button beside a theme or a question."""

    passage = forms.SlugField(max_length=60)
    act = forms.ChoiceField(choices=[(one, one) for one in ("up", "down", "remove")])
