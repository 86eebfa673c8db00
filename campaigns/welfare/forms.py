"""What is typed about households that nobody reaches: caretakers, numbers, letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from campaigns.common import needs
from campaigns.common.fields import UNKNOWN_CHOICE, PersonChoice, SafeText, TenantChoice
from campaigns.models import Case, Letter, WelfareCheck, WelfareStep
from campaigns.models.levels import Level
from campaigns.welfare import letters, without_number
from solidarites.fields import field_of
from solidarites.models import User
from tenants.models import Tenant

SIGNATURE_LINES = 3
LETTER_MISSING = {"required": "Choisissez la lettre.", "invalid_choice": "Choisissez la lettre."}
LETTERS = [
    (Letter.Kind.AFTER_CALL, "Après un appel\u00a0: qui a appelé, la phrase, le numéro"),
    (Letter.Kind.MISSED, "Nous avons cherché à vous joindre"),
    (Letter.Kind.NOTICE, "Avis de passage, à glisser sous la porte"),
]


class AgainForm(forms.Form):
    """A letter to whom one left for not long ago."""

    again = forms.BooleanField(label="Renvoyer quand même", required=False)


class LetterForm(AgainForm):
    """The letters of welfare checks; households without a number have their own."""

    kind = forms.ChoiceField(
        label="Lettre",
        choices=LETTERS,
        error_messages=LETTER_MISSING,
    )
    field_order = ("kind", "again")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Steps of the same page have a kind too.
        kwargs.setdefault("auto_id", "id_letter_%s")
        super().__init__(*args, **kwargs)


class CheckLetterForm(LetterForm):
    """Of one check: a letter after a call when there was one; the box, with a day, when a letter left not long ago."""

    def __init__(self, *args: Any, case: Case, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not letters.called(Case.objects.filter(pk=case.pk)).exists():
            kinds = [choice for choice in LETTERS if choice[0] != Letter.Kind.AFTER_CALL]
            self.fields["kind"] = forms.ChoiceField(label="Lettre", choices=kinds, error_messages=LETTER_MISSING)
        last = letters.last_posted(case)
        if last is not None and letters.is_recent(last, letters.today_of(case.campaign, now)):
            self.fields["again"].help_text = f"Une lettre du {letters.written_day(last.day)} est déjà faite."
        else:
            del self.fields["again"]


class WordingForm(forms.Form):
    """A landlord's signature and paragraph."""

    signature = forms.CharField(
        label="Signature",
        required=False,
        max_length=120,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Trois lignes au plus. Vide\u00a0: le prénom de qui a appelé et le nom du bailleur.",
        error_messages={"max_length": "120 caractères au plus."},
    )
    words = forms.CharField(
        label="Un paragraphe à vous",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Avant la signature\u00a0: vos heures d'accueil, une aide. Jamais le nom d'un locataire.",
        error_messages={"max_length": "300 caractères au plus."},
    )

    def clean_signature(self) -> str:
        lines = [line.strip() for line in str(self.cleaned_data["signature"]).splitlines() if line.strip()]
        if len(lines) > SIGNATURE_LINES:
            raise forms.ValidationError("Trois lignes au plus.")
        return "\n".join(lines)

    def clean_words(self) -> str:
        return " ".join(str(self.cleaned_data["words"]).split())


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
