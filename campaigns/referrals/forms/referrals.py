"""What coordinators and partners type about a referral; the rules decide what it does."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from campaigns.common import needs
from campaigns.common.fields import TenantChoice
from campaigns.models import Partner, Referral
from campaigns.models.levels import Level
from campaigns.models.limits import FACTS, TEXT
from campaigns.referrals import partners
from solidarites.fields import field_of
from tenants.models import Tenant

MOMENT = "%Y-%m-%dT%H:%M"
PROPOSED = "Proposés pour ce besoin, ici"
UNKNOWN_CHOICE = "Ce choix n'existe pas ou n'existe plus."


class MomentField(forms.DateTimeField):
    """A day and an hour, typed in the browser's own field."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateTimeInput(format=MOMENT, attrs={"type": "datetime-local"}))
        super().__init__(**kwargs)
        self.error_messages["invalid"] = "Écrivez la date et l'heure ainsi : 17/03/2026 14:30."

    def to_python(self, value: Any) -> Any:
        try:
            moment = super().to_python(value)
        except (OverflowError, ValueError) as error:
            raise forms.ValidationError(self.error_messages["invalid"]) from error
        if moment and not 2000 <= moment.year <= 2100:
            raise forms.ValidationError(self.error_messages["invalid"])
        return moment


class Text(forms.CharField):
    """A short text on several lines, with its limit said."""

    def __init__(self, *, limit: int, rows: int = 3, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows, "maxlength": limit}))
        kwargs.setdefault("help_text", f"{limit} caractères au plus.")
        super().__init__(max_length=limit, **kwargs)

    def to_python(self, value: Any) -> str:
        # A browser sends line ends as two characters; the limit counts one.
        return super().to_python(str(value).replace("\r\n", "\n") if value else value) or ""


def partner_choices(referral: Referral, *, without: int | None = None) -> list[tuple[Any, Any]]:
    """The partners that fit first, each with why; then the others."""
    household = referral.case.household
    among = [partner for partner in partners.active() if partner.pk != without]
    fitting = partners.fits(
        categories=[need.category for need in referral.needs.all()],
        **partners.place_of(household),
        among=among,
    )
    known = {fit.partner.pk for fit in fitting}
    proposed = [(fit.partner.pk, f"{fit.partner.name} : {fit.why}") for fit in fitting]
    others = [(partner.pk, partner.name) for partner in among if partner.pk not in known]
    groups: list[tuple[Any, Any]] = [("", "À choisir")]
    if proposed:
        groups.append((PROPOSED, proposed))
    if others:
        groups.append(("Autres partenaires", others))
    return groups


class DraftForm(forms.Form):
    """Everything a coordinator may change before the approval."""

    partner = forms.ModelChoiceField(Partner.objects.filter(active=True), label="Partenaire", required=False)
    level = forms.ChoiceField(label="Niveau", choices=Level.choices)
    facts = Text(label="Faits entendus", limit=FACTS, rows=4, required=False)
    since = forms.CharField(label="Depuis quand", max_length=120, required=False)
    help_in_place = forms.CharField(label="Aide déjà en place", max_length=200, required=False)
    contact_person = forms.CharField(
        label="Personne à contacter",
        max_length=200,
        required=False,
        help_text="Un proche, un voisin : n'est transmis au partenaire que si cette personne est d'accord.",
    )
    contact_agrees = forms.BooleanField(label="Cette personne est d'accord pour être contactée", required=False)
    assessment = Text(
        label="Appréciation de la personne qui a appelé",
        limit=TEXT,
        rows=2,
        required=False,
        help_text=f"À part des faits. Ni diagnostic ni jugement. {TEXT} caractères au plus.",
    )
    agreement = forms.ChoiceField(
        label="Accord du locataire pour transmettre",
        choices=[("", "Pas encore recueilli"), *Referral.Agreement.choices],
        required=False,
    )
    agreement_how = forms.ChoiceField(
        label="Comment il a été recueilli", choices=[("", "À préciser"), *Referral.AgreementHow.choices], required=False
    )
    agreement_at = MomentField(label="Quand il a été recueilli", required=False)
    grave_danger = forms.BooleanField(
        label="Danger grave et imminent : le partenaire a été prévenu par téléphone", required=False
    )
    phoned_at = MomentField(label="Heure de l'appel au partenaire", required=False)
    phoned_person = forms.CharField(label="Personne jointe chez le partenaire", max_length=120, required=False)
    no_agreement_reason = Text(
        label="Motif du signalement sans accord",
        limit=TEXT,
        rows=2,
        required=False,
        help_text=f"Sera approuvé par deux personnes de la coordination. {TEXT} caractères au plus.",
    )

    def __init__(self, data: Any = None, *, referral: Referral) -> None:
        initial = {name: getattr(referral, name) for name in self.base_fields}
        choices = partner_choices(referral)
        if referral.partner_id is None and choices[1:] and choices[1][0] == PROPOSED:
            initial["partner"] = choices[1][1][0][0]
        super().__init__(data, initial=initial)
        field_of(self, "partner", forms.ModelChoiceField).choices = choices
        self.fields["partner"].error_messages["invalid_choice"] = UNKNOWN_CHOICE

    def _not_later(self, name: str) -> Any:
        moment = self.cleaned_data.get(name)
        if moment and moment > timezone.now():
            raise forms.ValidationError("Cette heure est dans le futur.")
        # The browser's field stops at the minute: an untouched moment keeps its seconds.
        initial = self.initial.get(name)
        if moment and initial and abs((moment - initial).total_seconds()) < 60:
            return initial
        return moment

    def clean_agreement_at(self) -> Any:
        return self._not_later("agreement_at")

    def clean_phoned_at(self) -> Any:
        return self._not_later("phoned_at")


class NewReferralForm(forms.Form):
    """A referral by hand, from a household."""

    tenant = TenantChoice(Tenant.objects.none(), label="Pour qui", empty_label=None)
    categories = forms.MultipleChoiceField(label="Besoins", choices=needs.CHOICES, widget=forms.CheckboxSelectMultiple)
    level = forms.ChoiceField(label="Niveau", choices=Level.choices, initial=Level.U2)
    facts = Text(label="Faits entendus", limit=FACTS, rows=4, required=False)

    def __init__(self, data: Any = None, *, case: Any, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        present = case.household.tenants.filter(status=Tenant.Status.PRESENT)
        field_of(self, "tenant", TenantChoice).queryset = present
        self.fields["categories"].error_messages["required"] = "Choisissez au moins un besoin."


# Acts: one small form each -----------------------------------------------------------------------------------


class ActForm(forms.Form):
    """``referral`` is given to every form; the ids of two forms of one page differ by their act."""

    def __init__(self, data: Any = None, *, referral: Referral, act: str) -> None:
        self.referral = referral
        super().__init__(data, auto_id=f"id_{act}_%s")


class WithdrawForm(ActForm):
    reason = forms.CharField(
        label="Pourquoi", max_length=TEXT, help_text="Par exemple : la personne ne le souhaite plus."
    )


class DeclineForm(ActForm):
    reason = forms.CharField(label="Pourquoi", max_length=TEXT, help_text="Par exemple : hors de notre commune.")


class ResumeForm(ActForm):
    reason = forms.CharField(label="Ce qui manque encore", max_length=TEXT)


class AnswerForm(ActForm):
    result = forms.ChoiceField(label="Résultat", choices=[("", "À choisir"), *Referral.CloseReason.choices])
    text = Text(label="Ce qui a été fait", limit=FACTS)


class CommentForm(ActForm):
    text = Text(label="Commentaire", limit=FACTS)


class PhoneForm(ActForm):
    person = forms.CharField(label="Personne jointe", max_length=120)
    at = MomentField(label="Heure de l'appel", initial=timezone.now)


class RerouteForm(ActForm):
    partner = forms.ModelChoiceField(Partner.objects.filter(active=True), label="Nouveau partenaire")

    def __init__(self, data: Any = None, *, referral: Referral, act: str) -> None:
        super().__init__(data, referral=referral, act=act)
        field_of(self, "partner", forms.ModelChoiceField).choices = partner_choices(
            referral, without=referral.partner_id
        )
        self.fields["partner"].error_messages["invalid_choice"] = UNKNOWN_CHOICE


class AnotherForm(RerouteForm):
    """Asked of another partner because the first stays silent."""

    reason = forms.CharField(label="Pourquoi", max_length=TEXT, initial="Pas de réponse dans le délai.")


class CalledBackForm(ActForm):
    at = MomentField(label="Heure du rappel", initial=timezone.now)


class CloseForm(ActForm):
    reason = forms.ChoiceField(label="Motif de clôture", choices=[("", "À choisir"), *Referral.CloseReason.choices])
    no_call_back_reason = forms.CharField(
        label="Pourquoi le locataire n'a pas pu être rappelé",
        max_length=TEXT,
        required=False,
        help_text="À remplir seulement s'il n'a pas été rappelé.",
    )

    def __init__(self, data: Any = None, *, referral: Referral, act: str) -> None:
        super().__init__(data, referral=referral, act=act)
        self.initial["reason"] = referral.answer_result
