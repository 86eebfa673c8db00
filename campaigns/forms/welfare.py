"""What is typed about households that nobody reaches: caretakers, neighbours, numbers, letters."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from campaigns import needs, numberless, posters
from campaigns.forms.coordinator import UNKNOWN_CHOICE, PersonChoice, SafeText, TenantChoice
from campaigns.forms.fields import PhoneField
from campaigns.models import Case, Letter, NeighbourReport, WelfareCheck, WelfareStep
from campaigns.models.levels import Level
from solidarites.models import User
from tenants.models import Tenant

REQUIRED_LINE = "Écrivez où habite cette personne\u00a0: la résidence ou l'adresse."


class LetterForm(forms.Form):
    """The letters of a welfare check; households without a number have their own."""

    kind = forms.ChoiceField(
        label="Lettre",
        choices=[
            (Letter.Kind.MISSED, "Nous avons cherché à vous joindre"),
            (Letter.Kind.NOTICE, "Avis de passage, à glisser sous la porte"),
        ],
        error_messages={"required": "Choisissez la lettre.", "invalid_choice": "Choisissez la lettre."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Steps of the same page have a kind too.
        kwargs.setdefault("auto_id", "id_letter_%s")
        super().__init__(*args, **kwargs)


class RoundForm(forms.Form):
    """Which doors, and whether a link leaves by e-mail."""

    checks = forms.TypedMultipleChoiceField(
        label="Foyers à visiter",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Cochez au moins un foyer.",
            "invalid_choice": "Une de ces veilles est close. Vérifiez la liste.",
        },
    )
    email = forms.EmailField(
        label="Adresse e-mail du gardien",
        required=False,
        help_text="Vide\u00a0: vous imprimez la liste, ou transmettez vous-même le lien.",
        error_messages={"invalid": "Vérifiez cette adresse e-mail."},
    )

    def __init__(self, *args: Any, checks: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["checks"].choices = checks


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


class NewsForm(forms.Form):
    how = forms.ChoiceField(
        label="Comment",
        choices=[("", "À choisir"), *numberless.NEWS.items()],
        error_messages={"required": "Dites comment vous avez eu des nouvelles."},
    )
    well = forms.ChoiceField(
        label="Nouvelles",
        choices=[("", "À choisir"), ("yes", "va bien"), ("no", "a besoin d'aide")],
        error_messages={"required": "Dites comment va la personne."},
    )


class PosterForm(forms.Form):
    size = forms.ChoiceField(
        label="Format", choices=[(size, size.upper()) for size in posters.SIZES], initial=posters.SIZES[0]
    )


# A check ---------------------------------------------------------------------------------------------------------


class StepForm(forms.Form):
    kind = forms.ChoiceField(label="Démarche", choices=WelfareStep.Kind.choices)
    result = SafeText(label="Ce qu'elle a donné", rows=2, required_message="Dites ce que la démarche a donné.")


class OwnerForm(forms.Form):
    owner = PersonChoice(
        queryset=User.objects.none(),
        label="Responsable",
        empty_label="À choisir",
        error_messages={"required": "Choisissez une personne.", "invalid_choice": UNKNOWN_CHOICE},
    )

    def __init__(self, *args: Any, people: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people


class CloseCheckForm(forms.Form):
    """How a check ends; who died or left is asked where several people live."""

    result = forms.ChoiceField(
        label="Résultat",
        choices=[("", "À choisir"), *WelfareCheck.Result.choices],
        error_messages={"required": "Choisissez le résultat."},
    )
    tenant = TenantChoice(
        queryset=Tenant.objects.none(),
        label="Personne concernée",
        required=False,
        empty_label="À préciser",
        help_text="Pour un décès, un départ, une entrée en EHPAD ou des besoins.",
    )
    call_again = forms.BooleanField(label="La faire rappeler par un ou une bénévole", required=False)
    categories = forms.MultipleChoiceField(
        label="Besoins",
        required=False,
        choices=needs.CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text="Pour une personne en difficulté\u00a0: un signalement est préparé, à relire avant l'envoi.",
        error_messages={"invalid_choice": UNKNOWN_CHOICE},
    )
    note = SafeText(label="Précision", required=False, rows=2, help_text="Des faits, pas de diagnostic.")

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        # Steps of the same page have a result too.
        kwargs.setdefault("auto_id", "id_close_%s")
        super().__init__(*args, **kwargs)
        present = Tenant.objects.filter(household=case.household_id, status=Tenant.Status.PRESENT)
        self.fields["tenant"].queryset = present
        if present.count() < 2:
            self.fields["tenant"].widget = forms.HiddenInput()


# The public page -----------------------------------------------------------------------------------------------


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
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="300 caractères au plus. Ce que vous avez vu ou entendu, et depuis quand.",
        error_messages={"max_length": "300 caractères au plus."},
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
