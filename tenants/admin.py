"""The Django admin of landlords, agencies and residences: what the script says aloud, and who manages what."""

from __future__ import annotations

from typing import Any

import phonenumbers
from django import forms
from django.contrib import admin
from django.http import HttpRequest

from solidarites import journal
from tenants.models import Agency, Landlord, Residence


class NeverDeletedAdmin(admin.ModelAdmin):
    """Journaled, and never deleted from here: households, campaigns and figures hang on these rows."""

    list_per_page = 50

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        action = "changed" if change else "created"
        journal.record(f"{obj._meta.model_name}.{action}", obj, by=request.user, fields=",".join(form.changed_data))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LandlordForm(forms.ModelForm):
    class Meta:
        model = Landlord
        fields = ["name", "code", "spoken_name", "callback_number"]
        help_texts = {
            "code": "Sert à la commande d'import ; ne change plus une fois le bailleur créé.",
            "spoken_name": "Ce que les bénévoles disent au téléphone. Vide\u00a0: le nom.",
            "callback_number": "Celui que les locataires peuvent rappeler, quand la campagne n'en a pas d'autre.",
        }

    def clean_callback_number(self) -> str:
        typed = self.cleaned_data["callback_number"].strip()
        if not typed:
            return ""
        # A free-phone number may well be called back: any number that exists is taken.
        try:
            number = phonenumbers.parse(typed, "FR")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise forms.ValidationError("Écrivez un numéro de téléphone, par exemple 05 36 49 00 36.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@admin.register(Landlord)
class LandlordAdmin(NeverDeletedAdmin):
    form = LandlordForm
    list_display = ["name", "code", "spoken_name", "callback_number"]
    search_fields = ["name", "code"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []


@admin.register(Agency)
class AgencyAdmin(NeverDeletedAdmin):
    list_display = ["name", "landlord"]
    list_filter = ["landlord"]
    list_select_related = ["landlord"]
    search_fields = ["name"]


@admin.register(Residence)
class ResidenceAdmin(NeverDeletedAdmin):
    list_display = ["reference", "name", "agency", "landlord"]
    list_filter = ["landlord", "agency"]
    list_select_related = ["landlord", "agency"]
    search_fields = ["reference", "name"]
    autocomplete_fields = ["agency"]
