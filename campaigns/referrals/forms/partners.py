"""What is known of a partner, typed by coordinators and administrators."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
from django import forms
from django.core.validators import validate_email

from campaigns.common import needs
from campaigns.common.calendar import WEEKDAYS
from campaigns.common.fields import HoursField
from campaigns.models import Partner
from campaigns.models.referral import office_hours
from solidarites.accounts import LANGUAGES
from tenants import communes

MOST_COMMUNES = 500
MOST_ADDRESSES = 10


class PartnerForm(forms.ModelForm):
    """Communes are typed as people write them (« 33000 Bordeaux » or an INSEE code), one a line, and kept as codes."""

    categories = forms.MultipleChoiceField(
        label="Besoins pris en charge (aucun coché : tous)",
        choices=needs.CHOICES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    other_emails = forms.CharField(
        label="Autres adresses e-mail",
        required=False,
        max_length=3_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Une par ligne. Chaque message part à toutes les adresses en même temps.",
    )
    languages = forms.MultipleChoiceField(
        label="Langues parlées, en plus du français",
        choices=list(LANGUAGES.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    communes = forms.CharField(
        label="Communes",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Une par ligne : « 33000 Bordeaux » ou le code INSEE « 33063 ».",
    )
    epcis = forms.CharField(
        label="Intercommunalités",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Un code SIREN par ligne, ou le nom exact : « Bordeaux Métropole ».",
    )
    departments = forms.CharField(
        label="Départements", required=False, max_length=400, help_text="Par exemple : 33, 40, 2A."
    )

    class Meta:
        model = Partner
        fields = [
            "kind",
            "name",
            "email",
            "other_emails",
            "phone",
            "opening",
            "languages",
            "categories",
            "communes",
            "epcis",
            "departments",
            "remarks",
            "verified_on",
            "active",
        ]
        widgets = {
            "verified_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "phone": forms.TextInput(attrs={"type": "tel"}),
        }
        help_texts = {
            "opening": "Par exemple : « accueil sur rendez-vous le mercredi ».",
            "email": "Les liens et les codes y partent : une adresse du service, pas d'une personne qui peut partir.",
            "verified_on": "Le jour où quelqu'un a vérifié l'adresse, le téléphone et les horaires.",
            "active": "Un partenaire inactif n'est plus proposé ; ses signalements restent.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        partner: Partner = self.instance
        hours = partner.hours if partner.pk else office_hours()
        for number, weekday in enumerate(WEEKDAYS):
            self.fields[f"hours_{number}"] = HoursField(
                label=weekday.capitalize(), initial=hours.get(str(number), []), help_text=""
            )
        if partner.pk:
            self.initial["other_emails"] = "\n".join(partner.other_emails)
            self.initial["communes"] = "\n".join(commune_label(code) for code in partner.communes)
            self.initial["epcis"] = "\n".join(epci_label(code) for code in partner.epcis)
            self.initial["departments"] = ", ".join(partner.departments)

    def hours_fields(self) -> list[Any]:
        return [self[f"hours_{number}"] for number in range(7)]

    def _post_clean(self) -> None:
        self.instance.hours = {
            str(number): self.cleaned_data[f"hours_{number}"]
            for number in range(7)
            if self.cleaned_data.get(f"hours_{number}")
        } or office_hours()
        super()._post_clean()  # type: ignore[misc]

    def clean_other_emails(self) -> list[str]:
        typed = [part for part in re.split(r"[\s,;]+", self.cleaned_data["other_emails"]) if part]
        if len(typed) > MOST_ADDRESSES:
            raise forms.ValidationError(f"{MOST_ADDRESSES} autres adresses au plus.")
        for address in typed:
            try:
                validate_email(address)
            except forms.ValidationError as error:
                raise forms.ValidationError(f"« {address[:60]} » n'est pas une adresse e-mail.") from error
        first = (self.cleaned_data.get("email") or "").lower()
        return [address for address in dict.fromkeys(part.lower() for part in typed) if address != first]

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"].strip()
        if not typed:
            return ""
        try:
            number = phonenumbers.parse(typed, "FR")
        except phonenumbers.NumberParseException as error:
            raise forms.ValidationError("Ce numéro de téléphone n'est pas lisible.") from error
        # Short numbers (« 3919 ») are no full numbers, and are right all the same.
        if not (phonenumbers.is_possible_number(number) or phonenumbers.is_possible_short_number(number)):
            raise forms.ValidationError("Ce numéro de téléphone n'existe pas : vérifiez ses chiffres.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)

    def clean_communes(self) -> list[str]:
        codes: list[str] = []
        unknown: list[str] = []
        lines = [line.strip() for line in self.cleaned_data["communes"].splitlines() if line.strip()]
        if len(lines) > MOST_COMMUNES:
            raise forms.ValidationError(f"{MOST_COMMUNES} communes au plus : choisissez plutôt un département.")
        for line in lines:
            code = find_commune(line)
            (codes if code else unknown).append(code or line)
        if unknown:
            shown = ", ".join(f"« {line[:40]} »" for line in unknown[:5])
            raise forms.ValidationError(f"Commune introuvable : {shown}. Écrivez le code postal et le nom.")
        return list(dict.fromkeys(codes))

    def clean_epcis(self) -> list[str]:
        known, names = epcis()
        codes: list[str] = []
        unknown: list[str] = []
        for line in filter(None, (line.strip() for line in self.cleaned_data["epcis"].splitlines())):
            number = re.match(r"\d{9}", line)
            code = number[0] if number and number[0] in known else names.get(communes.normalise(line), "")
            (codes if code else unknown).append(code or line)
        if unknown:
            shown = ", ".join(f"« {line[:40]} »" for line in unknown[:5])
            raise forms.ValidationError(f"Intercommunalité introuvable : {shown}.")
        return list(dict.fromkeys(codes))

    def clean_departments(self) -> list[str]:
        codes = [part.upper() for part in re.split(r"[\s,;]+", self.cleaned_data["departments"]) if part]
        codes = [f"0{code}" if re.fullmatch(r"\d", code) else code for code in codes]
        unknown = [code for code in codes if not communes.of_department(code)]
        if unknown:
            raise forms.ValidationError(f"Département inconnu : {', '.join(unknown[:5])[:60]}.")
        return list(dict.fromkeys(codes))


def commune_label(code: str) -> str:
    commune = communes.get(code)
    return f"{code} {commune.name}" if commune else code


def epci_label(code: str) -> str:
    known, _ = epcis()
    return f"{code} {known[code]}" if code in known else code


def find_commune(line: str) -> str:
    """« 33063 Bordeaux », « 33000 Bordeaux », « Bordeaux » (when only one bears the name) → its INSEE code."""
    match = re.match(r"(\d[\dAB]\d{3})\b\s*(.*)", line, re.IGNORECASE)
    code, name = (match[1].upper(), match[2]) if match else ("", line)
    known = communes.get(code) if code else None
    if known and (not name or communes.normalise(name) == communes.normalise(known.name)):
        return known.code
    found = communes.find(code, name) if name else None
    if found:
        return found.commune.code
    here = communes.of_postal_code(code) if code and not name else ()
    return here[0].code if len(here) == 1 else ""


def epcis() -> tuple[dict[str, str], dict[str, str]]:
    """The intercommunalités: code → name, and folded name → code."""
    known = {commune.epci: commune.epci_name for commune in communes.all_communes() if commune.epci}
    return known, {communes.normalise(name): code for code, name in known.items()}
