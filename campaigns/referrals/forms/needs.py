"""What a coordinator says of a need that no partner has."""

from __future__ import annotations

from django import forms


class SettleNeedForm(forms.Form):
    state = forms.ChoiceField(choices=[("met", "satisfait"), ("dropped", "sans suite")])
