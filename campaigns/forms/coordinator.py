"""What a coordinator types about alerts, follow-ups, welfare checks and cases."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from campaigns.calendar import WEEKDAYS
from campaigns.followups import Wish
from campaigns.models import Case, FollowUpPlan, WelfareCheck, WelfareStep
from campaigns.models.levels import Level
from solidarites.accounts import LANGUAGES
from solidarites.models import User
from tenants.models import Tenant

Cadence = FollowUpPlan.Cadence
# From the closest to the most spaced: a review keeps the rhythm or widens it.
CADENCES = [Cadence.EVERY_48H, Cadence.TWICE_A_WEEK, Cadence.WEEKLY, Cadence.FORTNIGHTLY, Cadence.MONTHLY]
UNKNOWN_CHOICE = "Ce choix n'existe pas ou n'existe plus."


class SafeText(forms.CharField):
    """Up to 300 characters, as every text about somebody."""

    def __init__(self, *, rows: int = 0, required_message: str = "", **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
        messages = {"required": required_message, "max_length": "300 caractères au plus."}
        super().__init__(**{"max_length": 300, "widget": widget, "error_messages": messages, **kwargs})


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.display_name)


class TenantChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.full_name)


# Alerts -------------------------------------------------------------------------------------------------


class SolveAlertForm(forms.Form):
    solution = SafeText(label="Ce qui a été fait", rows=3, required_message="Indiquez ce qui a été fait.")


# Follow-ups ---------------------------------------------------------------------------------------------


class PlanForm(forms.Form):
    """Rhythm, day, hour, and who calls."""

    cadence = forms.ChoiceField(label="Rythme", choices=[(one.value, one.label) for one in CADENCES])
    weekdays = forms.TypedMultipleChoiceField(
        label="Jours",
        required=False,
        coerce=int,
        choices=list(enumerate(WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
        help_text="Un jour\u00a0; deux pour deux fois par semaine\u00a0; aucun toutes les 48 heures.",
    )
    time = forms.TimeField(
        label="Heure",
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"required": "Choisissez l'heure.", "invalid": "Écrivez l'heure ainsi\u00a0: 14:30."},
    )
    volunteer = PersonChoice(
        queryset=User.objects.none(), label="Bénévole", required=False, empty_label="Personne pour l'instant"
    )
    backup = PersonChoice(
        queryset=User.objects.none(),
        label="Remplaçant(e)",
        required=False,
        empty_label="Aucun",
        help_text="Appelle quand la personne choisie est absente.",
    )

    def __init__(self, *args: Any, callers: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("volunteer", "backup"):
            self.fields[name].queryset = callers
            self.fields[name].error_messages["invalid_choice"] = UNKNOWN_CHOICE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("backup") and cleaned["backup"] == cleaned.get("volunteer"):
            self.add_error("backup", "Choisissez une autre personne que la première.")
        return cleaned

    def wish(self) -> Wish:
        data = self.cleaned_data
        return Wish(
            cadence=data["cadence"],
            weekdays=tuple(sorted(set(data["weekdays"]))),
            time=data["time"],
            volunteer_id=data["volunteer"].pk if data["volunteer"] else None,
            backup_id=data["backup"].pk if data["backup"] else None,
        )


class ReviewForm(forms.Form):
    """After six weeks: go on at this rhythm, or space the calls out."""

    cadence = forms.ChoiceField(label="Continuer", widget=forms.RadioSelect)

    def __init__(self, *args: Any, plan: FollowUpPlan, **kwargs: Any) -> None:
        # Another form of the same page has a rhythm too.
        kwargs.setdefault("auto_id", "id_review_%s")
        super().__init__(*args, **kwargs)
        wider = CADENCES[CADENCES.index(Cadence(plan.cadence)) :]
        self.fields["cadence"].choices = [
            (one.value, f"Au même rythme ({one.label})" if one == plan.cadence else f"Espacer\u00a0: {one.label}")
            for one in wider
        ]
        self.fields["cadence"].error_messages["required"] = "Choisissez la suite."
        self.initial["cadence"] = plan.cadence


class EndPlanForm(forms.Form):
    REASONS = (
        FollowUpPlan.EndReason.TENANT,
        FollowUpPlan.EndReason.HANDED_OVER,
        FollowUpPlan.EndReason.NO_NEED,
    )
    reason = forms.ChoiceField(
        label="Pourquoi",
        choices=[("", "À choisir"), *((one.value, one.label) for one in REASONS)],
        error_messages={"required": "Choisissez la raison."},
    )


# Welfare checks -------------------------------------------------------------------------------------------


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
        help_text="Pour un décès, un départ ou une entrée en EHPAD.",
    )
    call_again = forms.BooleanField(label="La faire rappeler par un ou une bénévole", required=False)
    note = SafeText(label="Précision", required=False, rows=2, help_text="Des faits, pas de diagnostic.")

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        # Steps of the same page have a result too.
        kwargs.setdefault("auto_id", "id_close_%s")
        super().__init__(*args, **kwargs)
        present = Tenant.objects.filter(household=case.household_id, status=Tenant.Status.PRESENT)
        self.fields["tenant"].queryset = present
        if present.count() < 2:
            self.fields["tenant"].widget = forms.HiddenInput()


# Cases ------------------------------------------------------------------------------------------------------


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
        self.fields["tenant"].queryset = Tenant.objects.filter(
            household=case.household_id, status=Tenant.Status.PRESENT
        )


class SettleNeedForm(forms.Form):
    state = forms.ChoiceField(choices=[("met", "satisfait"), ("dropped", "sans suite")])
