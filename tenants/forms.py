"""Forms of the administrators' pages about lists."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NoReturn

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from tenants.imports import births, corrections, words
from tenants.imports.read import MAX_BYTES
from tenants.models import Landlord, Tenant

ACCEPT = ".csv,.txt,.tsv,.xlsx,.xls,.ods,.html,.htm"


class FileAgainForm(forms.Form):
    """For a list whose file is asked for again: what is wrong with it is said by the rule (jobs.set_columns)."""

    file = forms.FileField(
        label="Fichier de la liste, de nouveau",
        help_text="Le même fichier, avec les mêmes titres.",
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}),
    )


class CorrectionForm(forms.Form):
    """What is right of one row of a preview. A row that keeps nothing shows what can still be said of it alone."""

    last_name = forms.CharField(label="Nom", max_length=120, error_messages={"required": "Indiquez le nom."})
    first_name = forms.CharField(label="Prénom", max_length=120, required=False)
    birth = forms.CharField(
        label="Date de naissance",
        max_length=40,
        required=False,
        help_text="12/03/1938, ou l’année seule. Vide si inconnue.",
    )
    status = forms.ChoiceField(
        label="Situation", choices=[choice for choice in Tenant.Status.choices if choice[0] in corrections.STATUSES]
    )
    phones = forms.CharField(
        label="Numéros de la personne", max_length=400, required=False, help_text="Séparés par une virgule."
    )

    def __init__(
        self, *args: Any, only: Collection[str] = corrections.CORRECTED, department: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.department = department
        for name in set(self.fields) - set(only):
            del self.fields[name]

    def clean_last_name(self) -> str:
        return words.name(self.cleaned_data["last_name"].replace("\x00", "")) or _refuse("Indiquez le nom.")

    def clean_first_name(self) -> str:
        return words.name(self.cleaned_data["first_name"].replace("\x00", ""))

    def clean_birth(self) -> str:
        read = corrections.read_birth(self.cleaned_data["birth"], timezone.localdate())
        return _refuse("Écrivez une date de naissance, comme 12/03/1938, ou une année.") if read is None else read

    def clean_phones(self) -> list[str]:
        read = corrections.read_phones(self.cleaned_data["phones"], self.department)
        return _refuse("Un de ces numéros ne peut pas être appelé.") if read is None else read


def _refuse(message: str) -> NoReturn:
    raise forms.ValidationError(message)


class UploadForm(forms.Form):
    landlord = forms.ModelChoiceField(
        Landlord.objects.all(),
        label="Bailleur",
        empty_label=None,
        error_messages={"required": "Choisissez le bailleur.", "invalid_choice": "Ce bailleur n’existe pas."},
    )
    landlord_name = forms.CharField(
        label="Nom du bailleur",
        max_length=120,
        help_text="C’est le premier import : ce nom est celui que les bénévoles diront au téléphone.",
        error_messages={"required": "Indiquez le nom du bailleur."},
    )
    file = forms.FileField(
        label="Fichier de la liste",
        help_text="CSV, XLSX, XLS ou ODS, 100 Mo au plus. Une ligne par personne.",
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPT}),
        allow_empty_file=True,
        error_messages={"required": "Choisissez un fichier.", "missing": "Choisissez un fichier."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = Landlord.objects.count()
        if count:
            del self.fields["landlord_name"]
        if count <= 1:
            del self.fields["landlord"]

    def clean_landlord_name(self) -> str:
        name = " ".join(self.cleaned_data["landlord_name"].replace("\x00", "").split())
        if not name:
            raise forms.ValidationError("Indiquez le nom du bailleur.")
        return name

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size == 0:
            raise forms.ValidationError("Ce fichier est vide.")
        if file.size > MAX_BYTES:
            raise forms.ValidationError("Ce fichier dépasse 100 Mo. Divisez la liste, puis importez chaque partie.")
        return file

    def the_landlord(self) -> Landlord:
        """The chosen one, the only one, or the first, made from its name."""
        if name := self.cleaned_data.get("landlord_name"):
            return Landlord.objects.create(code=slugify(name)[:40] or "bailleur", name=name, spoken_name=name)
        return self.cleaned_data.get("landlord") or Landlord.objects.get()


class BirthForm(forms.Form):
    birth = forms.CharField(
        label="Date ou année de naissance",
        max_length=30,
        error_messages={"required": "Indiquez une date, ou une année seule."},
    )

    def clean_birth(self) -> births.Birth:
        read = births.parse(self.cleaned_data["birth"], today=timezone.localdate())
        if read.day is None:
            raise forms.ValidationError("Écrivez une date comme 12/03/1938, ou une année seule comme 1938.")
        return read
