"""The editor of scripts: a document goes into forms, and comes back the same when nothing was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from campaigns.common import needs as categories
from campaigns.models import Call, Crisis, FollowUpPlan, Script
from campaigns.models.levels import Level
from campaigns.scripts import checks, document
from campaigns.scripts.reading import OF_THE_CAMPAIGN, condition
from solidarites.fields import field_of

NONE = ("", "—")
MOST_ROWS = 40
KINDS = [
    ("single", "une seule réponse"),
    ("multi", "plusieurs réponses possibles"),
    ("text", "réponse libre, écrite"),
]
OPENS = [
    ("callback", "le choix du moment du rappel"),
    ("follow_up", "le rendez-vous régulier"),
    ("neighbour", "la note sur le voisin à prévenir"),
    ("consent", "la demande d'accord"),
]
SHEETS = [("", "aucune"), (OF_THE_CAMPAIGN, "celle de la campagne"), *Crisis.choices]
SAYS_WHAT_IS_SAID = "Les mots entre accolades, comme {nom}, sont remplacés pendant l'appel."
KEY = r"[a-z0-9_\-]*"
ASKS_GONE = "Cette question n'est plus dans la trame, ou n'est plus posée après."
KEY_MESSAGE = "Des lettres minuscules sans accent, des chiffres et le trait bas."


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Boxes(forms.CheckboxSelectMultiple):
    """Boxes drawn one by one by the template."""

    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-check-input"})


class SpokenField(forms.CharField):
    def __init__(self, label: str, *, rows: int = 3, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 1500)
        super().__init__(label=label, required=False, widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def clean(self, value: Any) -> str:
        return _lines(super().clean(value) or "")


class KeyField(forms.RegexField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            rf"^{KEY}$", required=False, max_length=document.KEY_LIMIT + 10,
            error_messages={"invalid": KEY_MESSAGE}, widget=forms.TextInput(attrs={"autocapitalize": "none"}), **kwargs,
        )  # fmt: skip


class NewScriptForm(forms.Form):
    title = forms.CharField(label="Titre", max_length=120, error_messages={"required": "Donnez un titre à la trame."})
    kind = forms.ChoiceField(label="Pour quels appels", choices=Script.Kind.choices, widget=forms.RadioSelect)


class FileForm(forms.Form):
    file = forms.FileField(
        label="Fichier d'une trame",
        help_text="Un fichier .yaml, tel que « Télécharger » le donne.",
        error_messages={"required": "Choisissez un fichier.", "empty": "Ce fichier est vide."},
    )


# A question ---------------------------------------------------------------------------------------------
# What an answer may lead to.
EFFECTS = ("need", "level", "alert", "lonely", "outcome", "opens", "cadence", "plan", "asks", "asks_more")


class ChoiceForm(forms.Form):
    """One answer and everything it leads to."""

    was = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    label = forms.CharField(label="Réponse", required=False, max_length=120)
    need = forms.ChoiceField(label="Besoin", required=False)
    level = forms.ChoiceField(label="Niveau", required=False, choices=[NONE, *Level.choices])
    alert = forms.BooleanField(label="Alerter la coordination aussitôt", required=False)
    lonely = forms.IntegerField(
        label="Points de solitude", required=False, min_value=0, max_value=9,
        error_messages={"invalid": "Un nombre de 0 à 9.", "min_value": "Un nombre de 0 à 9.",
                        "max_value": "Un nombre de 0 à 9."},
    )  # fmt: skip
    outcome = forms.ChoiceField(
        label="Met fin à l'appel", required=False,
        choices=[("", "non"), *Call.Outcome.choices],
    )  # fmt: skip
    opens = forms.ChoiceField(label="Ouvre", required=False, choices=[NONE, *OPENS])
    cadence = forms.ChoiceField(label="Rythme proposé", required=False, choices=[NONE, *FollowUpPlan.Cadence.choices])
    plan = forms.ChoiceField(label="Suivi en cours", required=False, choices=[("", "continue"), ("end", "s'arrête")])
    asks = forms.MultipleChoiceField(
        label="Fait poser", required=False, widget=Boxes, error_messages={"invalid_choice": ASKS_GONE}
    )
    asks_more = forms.ChoiceField(
        label="Faire aussi poser", required=False, error_messages={"invalid_choice": ASKS_GONE}
    )
    key = KeyField(label="Identifiant")

    def __init__(self, *args: Any, needs: list[tuple[str, str]], later: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "need", forms.ChoiceField).choices = [NONE, *needs]
        field_of(self, "asks", forms.MultipleChoiceField).choices = later
        field_of(self, "asks_more", forms.ChoiceField).choices = [NONE, *later]
        for name in ("need", "level", "outcome", "opens", "cadence", "plan"):
            _keep(self.fields[name], self.initial.get(name))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("label") or "label" in self.errors or data.get("DELETE"):
            return data
        if data.get("was"):
            self.add_error("label", "Écrivez la réponse, ou cochez « Retirer cette réponse ».")
        elif any(data.get(name) for name in (*EFFECTS, "key")):
            self.add_error("label", "Écrivez la réponse : sans elle, ce qu'elle entraîne ne serait pas gardé.")
        return data

    @property
    def leads(self) -> bool:
        """Whether it leads to anything, so that its panel is open."""
        return any(self[name].value() for name in EFFECTS) or bool(self.errors)

    @property
    def dependents(self) -> list[Any]:
        """The boxes of the questions it makes asked already; the others wait in the list."""
        chosen = set(self["asks"].value() or [])
        return [box for box in self["asks"] if box.data["value"] in chosen]

    def choice(self) -> dict[str, Any]:
        names = (*document.CHOICE[1:],)
        return {name: self.cleaned_data.get(name) for name in names}


def _keep(field: Any, value: Any) -> None:
    """A value that the list does not know is offered all the same: nothing is lost by saving."""
    if value and value not in [code for code, _ in field.choices]:
        field.choices = [*field.choices, (value, f"{value} (inconnu)")]


class BaseChoices(forms.BaseFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = "Retirer cette réponse"

    def clean(self) -> None:
        """Two answers under one identifier would be one answer."""
        seen: set[str] = set()
        for form in self.forms:
            data = getattr(form, "cleaned_data", {})
            key = data.get("key") or data.get("was") or ""
            if not key or data.get("DELETE"):
                continue
            if key in seen:
                form.add_error("key", f"Une autre réponse porte déjà l'identifiant « {key} ».")
            seen.add(key)


ChoiceRows = forms.formset_factory(
    ChoiceForm, formset=BaseChoices, extra=1, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS + 5
)


class QuestionForm(forms.Form):
    """One question, without its answers."""

    say = SpokenField("Mots à dire", rows=4, help_text=SAYS_WHAT_IS_SAID)
    guide = SpokenField("Conseil", rows=3, help_text="Lu par la ou le bénévole, jamais dit.")
    sheet = forms.ChoiceField(
        label="Fiche « Bons gestes » à ouvrir", required=False, choices=SHEETS,
        help_text="Un lien sous le conseil l'ouvre dans un nouvel onglet, pour la lire pendant l'appel.",
        error_messages={"invalid_choice": "Choisissez une fiche de la liste."},
    )  # fmt: skip
    kind = forms.ChoiceField(label="Sorte de réponse", choices=KINDS, widget=forms.RadioSelect)
    required = forms.BooleanField(
        label="Réponse nécessaire", required=False,
        help_text="Sans elle, l'appel ne s'enregistre pas comme un échange réalisé.",
    )  # fmt: skip
    per_person = forms.BooleanField(
        label="Posée à chaque personne", required=False, help_text="Dans un couple, chacun répond pour soi."
    )
    section = forms.CharField(
        label="Partie", required=False, max_length=80, help_text="Le titre au-dessus des questions."
    )
    shown_if = forms.MultipleChoiceField(
        label="Posée seulement si", required=False, widget=Boxes,
        error_messages={"invalid_choice": "une réponse cochée n'est plus dans la trame."},
    )  # fmt: skip
    key = KeyField(label="Identifiant de la question", help_text="Il nomme la question dans les chiffres.")

    def __init__(self, *args: Any, content: Mapping[str, Any], editing: str, **kwargs: Any) -> None:
        self.raw = document.question_of(content, editing) or {}
        kwargs.setdefault("initial", {**self.raw, "kind": self.raw.get("kind", "single")})
        super().__init__(*args, **kwargs)
        self.content, self.editing = content, editing
        self.groups = earlier_answers(content, editing, list(self.raw.get("shown_if", [])))
        field_of(self, "shown_if", forms.MultipleChoiceField).choices = [
            pair for _, pairs in self.groups for pair in pairs
        ]
        self.sections = list(dict.fromkeys(raw.get("section", "") for raw in content.get("questions", [])))

    @property
    def conditions(self) -> list[tuple[str, list[Any]]]:
        """The boxes of « posée seulement si », under the question they answer."""
        boxes = {box.data["value"]: box for box in self["shown_if"]}
        return [(title, [boxes[code] for code, _ in pairs]) for title, pairs in self.groups]

    def holds_with(self, choices: list[dict[str, Any]]) -> bool:
        """Whether the sort of answer fits the answers; said at its field when it does not: none is lost unsaid."""
        if self.cleaned_data["kind"] != "text" or not choices:
            return True
        self.add_error("kind", "Une réponse libre n'a pas de réponses proposées : retirez-les d'abord.")
        return False

    def question(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        data = self.cleaned_data
        others = [raw.get("key", "") for raw in self.content.get("questions", []) if raw is not self.raw]
        key = data["key"] or self.raw.get("key") or document.free_key(checks.short(data["say"]), others, "question")
        before = list(self.raw.get("shown_if", []))
        chosen = data["shown_if"]
        kept = [one for one in before if one in chosen]
        known = {name: data[name] for name in ("say", "guide", "sheet", "kind", "required", "per_person", "section")}
        return {
            **{name: value for name, value in self.raw.items() if name not in document.QUESTION},
            **known,
            "key": key,
            "shown_if": kept + [one for one in chosen if one not in kept],
            "choices": choices,
        }


def earlier_answers(
    content: Mapping[str, Any], editing: str, conditions: list[str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The answers that a question may depend on, by question; those it names and that are no more come last."""
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    for raw in content.get("questions", []):
        if raw.get("key") == editing:
            break
        pairs = [(f"{raw.get('key')}.{one.get('key')}", one.get("label", "")) for one in raw.get("choices", [])]
        if pairs:
            groups.append((checks.title_of(raw), pairs))
    known = {code for _, pairs in groups for code, _ in pairs}
    lost = [(code, _lost(content, code)) for code in conditions if code not in known]
    return [*groups, ("À retirer, ou à remonter", lost)] if lost else groups


def _lost(content: Mapping[str, Any], code: str) -> str:
    key, choice = condition(code)
    raw = document.question_of(content, key)
    found = next((one for one in (raw or {}).get("choices", []) if one.get("key") == choice), None)
    if raw is not None and found is not None:
        return f"{found.get('label')}, posée après"
    return f"réponse disparue ({code})"


def later_questions(content: Mapping[str, Any], editing: str) -> list[tuple[str, str]]:
    """The questions that an answer may make asked: those after it (all of them for a new question)."""
    questions = content.get("questions", [])
    place = next((index for index, raw in enumerate(questions) if raw.get("key") == editing), None)
    return [] if place is None else [(raw.get("key", ""), checks.title_of(raw)) for raw in questions[place + 1 :]]


def need_choices(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    needs = content.get("needs", {})
    order = list(categories.LABELS)
    return sorted(needs.items(), key=lambda pair: (order.index(pair[0]) if pair[0] in order else len(order), pair[0]))


def choice_rows(content: Mapping[str, Any], editing: str, data: Any = None) -> Any:
    """The rows of the answers of a question, and one more to fill."""
    raw = document.question_of(content, editing) or {}
    asks = document.asks_of(content, editing)
    initial = [
        {**choice, "was": choice.get("key", ""), "asks": asks.get(choice.get("key", ""), [])}
        for choice in raw.get("choices", [])
    ]
    later = later_questions(content, editing)
    return ChoiceRows(data, initial=initial, prefix="c", form_kwargs={"needs": need_choices(content), "later": later})


class Answers:
    """What the rows of answers say once they are valid."""

    def __init__(self, rows: Any, act: str = "") -> None:
        self.choices: list[dict[str, Any]] = []
        self.renamed: dict[str, str] = {}
        self.asks: dict[str, list[str]] = {}
        kept = [form for form in rows.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        # A row that never was and says nothing is the one left to fill.
        kept = [form for form in kept if form.cleaned_data.get("was") or form.cleaned_data.get("label")]
        kept, self.place = reordered(kept, act)
        taken = {form.cleaned_data["key"] or form.cleaned_data["was"] for form in kept} - {""}
        for form in kept:
            data = form.cleaned_data
            key = data["key"] or data["was"]
            if not key:
                key = document.free_key(data["label"], taken, "reponse")
                taken.add(key)
            if data["was"] and data["was"] != key:
                self.renamed[data["was"]] = key
            self.choices.append({"key": key, **form.choice()})
            self.asks[key] = list(dict.fromkeys([*data["asks"], *([data["asks_more"]] if data["asks_more"] else [])]))


def reordered(rows: list[Any], act: str) -> tuple[list[Any], int]:
    """« up:c-2 » puts the row of that prefix before the one above it; and where it stands now."""
    name, _, prefix = act.partition(":")
    at = next((index for index, form in enumerate(rows) if form.prefix == prefix), None)
    step = {"up": -1, "down": 1}.get(name, 0)
    if at is None or not step or not 0 <= at + step < len(rows):
        return rows, at or 0
    rows = [*rows]
    rows[at], rows[at + step] = rows[at + step], rows[at]
    return rows, at + step
