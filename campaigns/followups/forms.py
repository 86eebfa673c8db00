"""What a coordinator or a volunteer types about follow-up plans and absences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from campaigns.common.calendar import WEEKDAYS
from campaigns.common.fields import UNKNOWN_CHOICE, PersonChoice, TenantChoice
from campaigns.followups import Rhythm
from campaigns.models import FollowUpPlan, Partner, PlanException
from solidarites.fields import DateField, field_of
from solidarites.models import User
from tenants.models import Tenant

Cadence = FollowUpPlan.Cadence
# From the closest to the most spaced: a review keeps the rhythm or widens it.
CADENCES = [Cadence.EVERY_48H, Cadence.TWICE_A_WEEK, Cadence.WEEKLY, Cadence.FORTNIGHTLY, Cadence.MONTHLY]


class PlanForm(forms.Form):
    """Rhythm, day, hour, who calls, and until when."""

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
        help_text="L'heure de chez la personne.",
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
    ends_on = DateField(label="Fin", required=False, help_text="Vide\u00a0: jusqu'à ce qu'un bilan en décide.")
    review_on = DateField(label="Bilan le", required=False, help_text="Vide\u00a0: six semaines après le début.")

    def __init__(self, *args: Any, callers: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("volunteer", "backup"):
            field = field_of(self, name, PersonChoice)
            field.queryset = callers
            field.error_messages["invalid_choice"] = UNKNOWN_CHOICE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("backup") and cleaned["backup"] == cleaned.get("volunteer"):
            self.add_error("backup", "Choisissez une autre personne que la première.")
        return cleaned

    def rhythm(self) -> Rhythm:
        data = self.cleaned_data
        return Rhythm(
            cadence=data["cadence"],
            weekdays=tuple(sorted(set(data["weekdays"]))),
            time=data["time"],
            volunteer_id=data["volunteer"].pk if data["volunteer"] else None,
            backup_id=data["backup"].pk if data["backup"] else None,
            ends_on=data["ends_on"],
            review_on=data["review_on"],
        )


class StartPlanForm(PlanForm):
    """The same by hand, with the tenant's own yes."""

    agreed = forms.BooleanField(
        label="La personne accepte d'être appelée régulièrement",
        error_messages={"required": "Demandez d'abord l'accord de la personne."},
    )


class ExceptionForm(forms.Form):
    """Days without a call: « à l'hôpital du … au … »."""

    first_day = DateField(label="Du", required_message="Choisissez le premier jour.")
    last_day = DateField(label="Au (compris)", required_message="Choisissez le dernier jour.")
    reason = forms.ChoiceField(
        label="Pourquoi",
        choices=[("", "À choisir"), *PlanException.Reason.choices],
        error_messages={"required": "Choisissez la raison."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Another form of the same page ends with a reason too.
        kwargs.setdefault("auto_id", "id_exception_%s")
        super().__init__(*args, **kwargs)


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


# The review ---------------------------------------------------------------------------------------------


class SpaceOutForm(forms.Form):
    """Go on, less often."""

    cadence = forms.ChoiceField(label="Nouveau rythme", error_messages={"required": "Choisissez un rythme."})

    def __init__(self, *args: Any, plan: FollowUpPlan, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_review_%s")
        super().__init__(*args, **kwargs)
        wider = CADENCES[CADENCES.index(Cadence(plan.cadence)) + 1 :]
        field_of(self, "cadence", forms.ChoiceField).choices = [
            ("", "À choisir"),
            *((one.value, one.label) for one in wider),
        ]


class HandForm(forms.Form):
    """To an association, with the tenant's agreement."""

    STOP = "stop"
    tenant = TenantChoice(
        queryset=Tenant.objects.none(),
        label="Personne",
        empty_label="À choisir",
        error_messages={"required": "Choisissez la personne.", "invalid_choice": UNKNOWN_CHOICE},
    )
    partner = forms.ModelChoiceField(
        queryset=Partner.objects.none(),
        label="Association",
        required=False,
        empty_label="Celle que le territoire propose",
        error_messages={"invalid_choice": UNKNOWN_CHOICE},
    )
    agreed = forms.BooleanField(
        label="La personne accepte que l'association reçoive son nom et son numéro",
        error_messages={"required": "Demandez d'abord l'accord de la personne."},
    )
    calls = forms.ChoiceField(
        label="En attendant sa réponse",
        choices=[("go_on", "les appels continuent, bilan dans deux semaines"), (STOP, "les appels s'arrêtent")],
        initial="go_on",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, plan: FollowUpPlan, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_hand_%s")
        super().__init__(*args, **kwargs)
        present = Tenant.objects.filter(household=plan.household_id, status=Tenant.Status.PRESENT)
        field_of(self, "tenant", TenantChoice).queryset = present
        if (only := present.first()) is not None and present.count() == 1:
            self.initial["tenant"] = only.pk
        field_of(self, "partner", forms.ModelChoiceField).queryset = Partner.objects.filter(active=True).exclude(
            kind=Partner.Kind.AGENCY
        )


# Who calls -------------------------------------------------------------------------------------------------


class GiveForm(forms.Form):
    """A plan of « À réattribuer » to somebody."""

    user = PersonChoice(
        queryset=User.objects.none(),
        label="Qui appelle",
        empty_label="À choisir",
        error_messages={"required": "Choisissez une personne.", "invalid_choice": UNKNOWN_CHOICE},
    )

    def __init__(self, *args: Any, callers: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "user", PersonChoice).queryset = callers


class ShareForm(forms.Form):
    """Each plan of somebody who leaves to its new volunteer."""

    def __init__(self, *args: Any, plans: list[FollowUpPlan], people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "À choisir plus tard"), *((str(one.pk), one.display_name) for one in people)]
        for plan in plans:
            self.fields[f"plan_{plan.pk}"] = forms.ChoiceField(
                label=f"Suivi n° {plan.pk}",
                choices=choices,
                required=False,
                error_messages={"invalid_choice": UNKNOWN_CHOICE},
            )

    def given(self) -> dict[int, int]:
        return {
            int(name.removeprefix("plan_")): int(value)
            for name, value in self.cleaned_data.items()
            if name.startswith("plan_") and value
        }


class AbsenceForm(forms.Form):
    """Days away; without a last one, until further notice."""

    first_day = DateField(label="Du", required_message="Choisissez le premier jour.")
    last_day = DateField(label="Au (compris)", required=False, help_text="Vide\u00a0: jusqu'à nouvel ordre.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("first_day"), cleaned.get("last_day")
        if start and end and end < start:
            self.add_error("last_day", "Le dernier jour d'absence vient avant le premier.")
        return cleaned
