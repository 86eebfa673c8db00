"""What is typed about households that nobody reaches: caretakers, numbers, letters."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from campaigns.common import needs
from campaigns.common.fields import UNKNOWN_CHOICE, PersonChoice, SafeText, TenantChoice
from campaigns.models import Case, Letter, WelfareCheck, WelfareStep
from campaigns.models.levels import Level
from campaigns.welfare import without_number
from solidarites.fields import field_of
from solidarites.models import User
from tenants.models import Tenant


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
        field_of(self, "checks", forms.TypedMultipleChoiceField).choices = checks


class NewsForm(forms.Form):
    how = forms.ChoiceField(
        label="Comment",
        choices=[("", "À choisir"), *((how.value, how.label) for how in without_number.NEWS)],
        error_messages={"required": "Dites comment vous avez eu des nouvelles."},
    )
    well = forms.ChoiceField(
        label="Nouvelles",
        choices=[("", "À choisir"), ("yes", "va bien"), ("no", "a besoin d'aide")],
        error_messages={"required": "Dites comment va la personne."},
    )


# A check ---------------------------------------------------------------------------------------------------------


class OpenCheckForm(forms.Form):
    level = forms.ChoiceField(label="Urgence", choices=Level.choices, initial=Level.U2)


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
        field_of(self, "owner", PersonChoice).queryset = people


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
        field_of(self, "tenant", TenantChoice).queryset = present
        if present.count() < 2:
            self.fields["tenant"].widget = forms.HiddenInput()
