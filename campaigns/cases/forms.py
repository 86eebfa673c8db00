"""What a coordinator types about a household."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.common.fields import UNKNOWN_CHOICE, SafeText, TenantChoice
from campaigns.models import Case
from solidarites.accounts import LANGUAGES
from solidarites.fields import field_of
from tenants.models import Tenant


class CloseCaseForm(forms.Form):
    REASONS = {
        "by_hand": "sans suite",
        "unable": "ne peut pas converser",
        "language": "personne ne parle sa langue",
        "not_found": "introuvable",
    }
    reason = forms.ChoiceField(
        label="Raison",
        choices=[("", "À choisir"), *REASONS.items()],
        error_messages={"required": "Choisissez la raison."},
    )


class NumberForm(forms.Form):
    number = forms.CharField(
        label="Numéro",
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        error_messages={"required": "Écrivez le numéro."},
    )
    label = forms.CharField(
        label="À qui est-il",
        max_length=60,
        required=False,
        help_text="Vide s'il est à la personne\u00a0; sinon\u00a0: fille, voisin…",
    )
    third_party = forms.BooleanField(label="C'est le numéro d'une autre personne", required=False)


class HouseholdForm(forms.Form):
    """What helps the call."""

    language = forms.ChoiceField(
        label="Langue à parler", required=False, choices=[("", "français"), *LANGUAGES.items()]
    )
    fragile = forms.BooleanField(label="Foyer fragile\u00a0: appelé avant les autres", required=False)
    notes = SafeText(
        label="À savoir pour l'appel",
        required=False,
        rows=2,
        help_text="Avec l'accord de la personne. Par exemple\u00a0: entend mal, préfère l'après-midi.",
    )


class ClosePersonForm(forms.Form):
    STATUSES = (Tenant.Status.DECEASED, Tenant.Status.MOVED, Tenant.Status.CARE_HOME)
    tenant = TenantChoice(
        queryset=Tenant.objects.none(),
        label="Personne",
        empty_label="À choisir",
        error_messages={"required": "Choisissez la personne.", "invalid_choice": UNKNOWN_CHOICE},
    )
    status = forms.ChoiceField(
        label="Ce qui s'est passé",
        choices=[("", "À choisir"), *((one.value, one.label) for one in STATUSES)],
        error_messages={"required": "Choisissez ce qui s'est passé."},
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "tenant", TenantChoice).queryset = Tenant.objects.filter(
            household=case.household_id, status=Tenant.Status.PRESENT
        )


class LiftOppositionForm(forms.Form):
    REASONS = {
        "mistake": "Elle a été enregistrée par erreur",
        "asked": "Ce foyer demande à être appelé de nouveau",
    }
    reason = forms.ChoiceField(
        label="Pourquoi la lever",
        choices=list(REASONS.items()),
        widget=forms.RadioSelect(),
        error_messages={"required": "Indiquez pourquoi.", "invalid_choice": "Indiquez pourquoi."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Beside the form that closes the case, which asks for a reason too.
        super().__init__(*args, **kwargs)
        self.auto_id = "id_lift_%s"
