"""What a coordinator types about alerts."""

from __future__ import annotations

from django import forms

from campaigns.common.fields import SafeText


class SolveAlertForm(forms.Form):
    solution = SafeText(label="Ce qui a été fait", rows=3, required_message="Indiquez ce qui a été fait.")
