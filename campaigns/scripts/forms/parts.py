"""The editor of scripts, besides the questions: settings, words, reactions, helplines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from django import forms

from campaigns.scripts import document
from campaigns.scripts.forms.questions import MOST_ROWS, SAYS_WHAT_IS_SAID, SpokenField, need_choices, reordered
from solidarites.accounts import LANGUAGES


class RowForm(forms.Form):
    """One row of several, with the words beside the box that takes it away."""

    removing = "Retirer"


class NeedForm(RowForm):
    removing = "Retirer ce besoin"
    was = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    label = forms.CharField(label="Besoin", required=False, max_length=80)


class ReactionForm(RowForm):
    removing = "Retirer cette réaction"
    title = forms.CharField(label="Quand", required=False, max_length=120)
    say = SpokenField("Mots à dire", rows=2)
    guide = SpokenField("Conseil", rows=2)


class HelplineForm(RowForm):
    removing = "Retirer cette ligne"
    number = forms.CharField(
        label="Numéro", required=False, max_length=20, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    label = forms.CharField(label="Nom", required=False, max_length=120)
    kind = forms.ChoiceField(
        label="Sorte", required=False, choices=[("emergency", "urgence"), ("support", "écoute")], initial="support"
    )
    checked = forms.DateField(
        label="Vérifié le", required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Écrivez la date ainsi : 17/03/2020."},
    )  # fmt: skip


class SettingsForm(forms.Form):
    title = forms.CharField(label="Titre", max_length=120, error_messages={"required": "Donnez un titre à la trame."})
    language = forms.ChoiceField(label="Langue", choices=list({"fr": "français", **LANGUAGES}.items()))
    threshold = forms.IntegerField(
        label="Points de solitude qui proposent un suivi", min_value=1, max_value=99,
        help_text="Chaque réponse peut en compter, pour une même personne. 99 : jamais proposé.",
        error_messages={"required": "Un nombre de 1 à 99.", "min_value": "Un nombre de 1 à 99.",
                        "max_value": "Un nombre de 1 à 99.", "invalid": "Un nombre de 1 à 99."},
    )  # fmt: skip


class WordsForm(forms.Form):
    voicemail_say = SpokenField("Message à laisser", help_text=SAYS_WHAT_IS_SAID)
    voicemail_guide = SpokenField("Conseil", rows=2)
    consent_say = SpokenField(
        "Mots à dire", help_text="Demandée pour chaque besoin. {partenaire} est le service que le produit propose."
    )
    yes = forms.CharField(label="Réponse « accord »", required=False, max_length=60)
    no = forms.CharField(label="Réponse « refus »", required=False, max_length=60)
    thinking = forms.CharField(label="Réponse « plus tard »", required=False, max_length=60)


class _Rows(forms.BaseFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = form.removing


def _rows(form: type[RowForm]) -> type[forms.BaseFormSet]:
    return forms.formset_factory(
        form, formset=_Rows, extra=1, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS + 5
    )


NeedRows = _rows(NeedForm)
ReactionRows = _rows(ReactionForm)
HelplineRows = _rows(HelplineForm)


class PartForms(ABC):
    """One part of a document as a form and rows, either of which may be missing."""

    form: Any = None
    rows: Any = None

    def __init__(self, content: Mapping[str, Any], data: Any = None) -> None:
        self.content, self.data = content, data
        self.make()

    @abstractmethod
    def make(self) -> None:
        """Make the form, the rows or both from ``content`` and ``data``."""

    @abstractmethod
    def value(self, act: str = "") -> dict[str, Any]:
        """The content with what was typed, its rows moved by ``act``."""

    def is_valid(self) -> bool:
        # Both are asked: each shows its own errors.
        said = [one.is_valid() for one in (self.form, self.rows) if one is not None]
        return all(said)

    def kept(self, act: str = "") -> list[dict[str, Any]]:
        """The rows that say something, in their order."""
        forms_ = [form for form in self.rows.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        forms_, _ = reordered(forms_, act)
        rows = [{name: one for name, one in form.cleaned_data.items() if name != "DELETE"} for form in forms_]
        return [row for row in rows if any(value for name, value in row.items() if name != "kind")]


class SettingsForms(PartForms):
    def make(self) -> None:
        content = self.content
        self.form = SettingsForm(
            self.data,
            initial={
                "title": content.get("title", ""),
                "language": content.get("language", "fr"),
                "threshold": content.get("loneliness_rule", {}).get("propose_follow_up_from", 3),
            },
        )
        self.rows = NeedRows(
            self.data, prefix="r", initial=[{"was": key, "label": label} for key, label in need_choices(content)]
        )

    def value(self, act: str = "") -> dict[str, Any]:
        data = self.form.cleaned_data
        needs: dict[str, str] = {}
        for row in self.kept(act):
            key = row["was"] or document.free_key(row["label"], needs, "besoin")[:20]
            needs[key] = row["label"]
        rule = {**self.content.get("loneliness_rule", {}), "propose_follow_up_from": data["threshold"]}
        return {"title": data["title"], "language": data["language"], "loneliness_rule": rule, "needs": needs}


class WordsForms(PartForms):
    KEYS = ("oui", "non", "reflechit")

    def make(self) -> None:
        consent, voicemail = self.content.get("consent", {}), self.content.get("voicemail", {})
        labels = [choice.get("label", "") for choice in consent.get("choices", [])] + ["", "", ""]
        self.form = WordsForm(
            self.data,
            initial={
                "voicemail_say": voicemail.get("say", ""),
                "voicemail_guide": voicemail.get("guide", ""),
                "consent_say": consent.get("say", ""),
                **dict(zip(("yes", "no", "thinking"), labels, strict=False)),
            },
        )

    def value(self, act: str = "") -> dict[str, Any]:
        data = self.form.cleaned_data
        before = [choice.get("key") for choice in self.content.get("consent", {}).get("choices", [])]
        keys = before if len(before) == len(self.KEYS) else self.KEYS
        voicemail = {"say": data["voicemail_say"], "guide": data["voicemail_guide"]}
        labels = [data["yes"], data["no"], data["thinking"]]
        choices = [{"key": key, "label": label} for key, label in zip(keys, labels, strict=True) if label]
        consent = {"say": data["consent_say"], "choices": choices}
        return {
            "voicemail": document.tidy(voicemail, ("say", "guide")),
            "consent": document.tidy(consent, ("say", "choices")),
        }


class ReactionsForms(PartForms):
    names = ("title", "say", "guide")

    def make(self) -> None:
        self.rows = ReactionRows(self.data, prefix="r", initial=self.content.get("reactions", []))

    def value(self, act: str = "") -> dict[str, Any]:
        return {"reactions": [document.tidy(row, self.names) for row in self.kept(act)]}


class HelplinesForms(PartForms):
    names = ("number", "label", "kind", "checked")

    def make(self) -> None:
        self.rows = HelplineRows(self.data, prefix="r", initial=self.content.get("helplines", []))

    def value(self, act: str = "") -> dict[str, Any]:
        lines = [{**row, "checked": row["checked"].isoformat() if row["checked"] else ""} for row in self.kept(act)]
        return {"helplines": [document.tidy(row, self.names) for row in lines]}


PARTS: dict[str, type[PartForms]] = {
    "settings": SettingsForms,
    "words": WordsForms,
    "reactions": ReactionsForms,
    "helplines": HelplinesForms,
}
