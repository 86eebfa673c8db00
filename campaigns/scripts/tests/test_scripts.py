"""The scripts shipped with the product: every path leads to an end, every consequence follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import yaml
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import scripts
from campaigns.models import Script
from campaigns.models.script import PublishedScriptError
from campaigns.scripts import differences

FILES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in scripts.DEFAULTS.glob("*.yaml")}
CONTENTS = {
    name: scripts.parse({key: value for key, value in raw.items() if key not in ("key", "kind")}, raw["kind"])
    for name, raw in FILES.items()
}
PEOPLE = ["7", "12"]


def test_the_default_scripts_ship_without_a_problem() -> None:
    assert set(CONTENTS) == {"veille-seniors", "canicule", "suivi", "veille"}
    for content in CONTENTS.values():
        assert len(content.questions) >= 8
        assert {line["number"] for line in content.helplines} >= {"15", "18", "112", "114", "3114"}
        assert len(content.reactions) >= 6


def test_in_a_heat_wave_the_towns_register_is_proposed_and_no_answer_ends_the_call() -> None:
    """CASF, article L. 121-6-1: the person asks, or nobody does it for them."""
    content = CONTENTS["canicule"]
    question = next(one for one in content.questions if one.key == "registre")
    assert question.per_person
    assert not question.shown_if
    assert "65 ans" in question.say
    assert "ne revient jamais au bailleur" in question.guide
    assert [(one.key, one.need, one.level) for one in question.choices if one.need] == [("oui", "registre", "U2")]
    assert not [one for one in question.choices if one.outcome]
    said = {"accueil": {"": "oui"}, "registre": {"7": "oui", "12": "non"}}
    needs = [(need.category, need.person) for need in content.read(said, PEOPLE).needs]
    assert needs == [("registre", "7")]


def test_the_script_of_a_crisis_is_never_the_one_proposed_by_default(db: None) -> None:
    scripts.load_defaults(now=timezone.now())
    keys = set(scripts.general(Script.objects.filter(kind=Script.Kind.FIRST)).values_list("key", flat=True))
    assert keys == {"veille-seniors"}


def test_loading_twice_keeps_one_published_version(db: None) -> None:
    first = scripts.load_defaults(now=timezone.now())
    again = scripts.load_defaults(now=timezone.now())
    assert [script.pk for script in first] == [script.pk for script in again]
    assert {script.status for script in first} == {Script.Status.PUBLISHED}


def test_a_published_version_never_changes_and_is_copied_instead(db: None, coordinator: Any) -> None:
    script = scripts.load_defaults(now=timezone.now())[0]
    script.title = "Autre"
    with pytest.raises(PublishedScriptError):
        script.save()
    draft = scripts.copy(script=Script.objects.get(pk=script.pk), by=coordinator)
    assert (draft.key, draft.version, draft.status) == (script.key, 2, Script.Status.DRAFT)
    scripts.publish(script=draft, now=timezone.now(), by=coordinator)
    assert Script.objects.get(pk=draft.pk).status == Script.Status.PUBLISHED


def paths(content: scripts.Content) -> st.SearchStrategy[dict[str, dict[str, Any]]]:
    """Any answers whatever, shown or not, for a couple."""

    def answer(question: scripts.Question) -> st.SearchStrategy[Any]:
        keys = [choice.key for choice in question.choices]
        if question.kind == "text":
            return st.sampled_from(["", "Elle va bien.", "x" * 400, "\x00", "  "])
        return st.lists(st.sampled_from(keys), unique=True) if question.kind == "multi" else st.sampled_from(keys)

    def voices(question: scripts.Question) -> st.SearchStrategy[dict[str, Any]]:
        people = PEOPLE if question.per_person else [""]
        return st.fixed_dictionaries({}, optional={person: answer(question) for person in people})

    return st.fixed_dictionaries({}, optional={question.key: voices(question) for question in content.questions})


@pytest.mark.parametrize("name", sorted(CONTENTS))
# A busy machine is no reason to fail: what is drawn is small.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_path_ends_and_its_consequences_are_those_of_what_was_shown(name: str, data: st.DataObject) -> None:
    content = CONTENTS[name]
    answers = content.clean(data.draw(paths(content)), PEOPLE)
    reading = content.read(answers, PEOPLE)
    assert all(question.required for question, _ in reading.missing)
    # Answering what is missing, and what that shows in turn, always leads to an end.
    for _ in range(3 * len(content.questions)):
        if not reading.missing:
            break
        question, person = reading.missing[0]
        key = data.draw(st.sampled_from([choice.key for choice in question.choices]))
        answers.setdefault(question.key, {})[person] = [key] if question.kind == "multi" else key
        reading = content.read(answers, PEOPLE)
    assert not reading.missing
    shown = {(question.key, person) for question, person in reading.shown}
    chosen = [
        (question, choice, person)
        for question, person in reading.shown
        for choice in question.chosen(answers.get(question.key, {}).get(person))
    ]
    assert len(reading.needs) == sum(1 for _, choice, _ in chosen if choice.need)
    assert {(alert.question, alert.person) for alert in reading.alerts} <= shown
    assert len(reading.alerts) == sum(1 for _, choice, _ in chosen if choice.alert)
    if reading.outcome:
        # A vital answer stays in view after the end.
        vital = {(question.key, person) for question, choice, person in chosen if choice.vital}
        last = [question for question, person in reading.shown if (question.key, person) not in vital][-1]
        assert any(choice.outcome == reading.outcome for choice in last.choices)


@pytest.mark.parametrize(
    ("solitude", "clues", "proposed"),
    [
        ("souvent", {}, True),
        ("parfois", {"conversation": "ancienne"}, True),
        ("parfois", {"recours": ["personne"]}, True),
        ("parfois", {}, False),
        ("rarement", {"conversation": "ancienne", "recours": ["personne"]}, False),
    ],
)
def test_the_loneliness_rule(solitude: str, clues: dict[str, Any], proposed: bool) -> None:
    answers = {"accueil": {"": "oui"}, "information": {"": "oui"}, "solitude": {"7": solitude}}
    answers |= {key: {"7": value} for key, value in clues.items()}
    assert CONTENTS["veille-seniors"].read(answers, ["7"]).propose_follow_up is proposed


def test_one_person_s_loneliness_is_not_added_to_the_other_s() -> None:
    answers = {"solitude": {"7": "parfois"}, "recours": {"12": ["personne"]}}
    assert not CONTENTS["veille-seniors"].read(answers, PEOPLE).propose_follow_up


def test_branching_follows_the_person_who_answered() -> None:
    content = CONTENTS["veille-seniors"]
    reading = content.read({"accueil": {"": "oui"}, "sante": {"7": "pas_bien", "12": "bien"}}, PEOPLE)
    shown = {(question.key, person) for question, person in reading.shown}
    assert ("urgence", "7") in shown
    assert ("urgence", "12") not in shown
    assert ("manger", "") in shown


def test_an_answer_that_ends_the_conversation_hides_what_follows() -> None:
    reading = CONTENTS["veille-seniors"].read({"accueil": {"": "vexe"}, "courses": {"": "personne"}}, PEOPLE)
    assert reading.outcome == "soft_refusal"
    assert [question.key for question, _ in reading.shown] == ["accueil"]
    assert not reading.needs


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"questions": []}, "aucune question"),
        ({"say": "Bonjour {surnom}"}, "« {surnom} » n'existe pas"),
        ({"kind": "dessin"}, "sorte inconnue"),
        ({"shown_if": ["suivi.hebdo"]}, "aucune réponse posée avant"),
        ({"choices": []}, "aucune réponse proposée"),
        ({"choices": [{"key": "a", "label": "A", "need": "voiture", "level": "U2"}]}, "besoin « voiture » inconnu"),
        ({"choices": [{"key": "a", "label": "A", "need": "repas"}]}, "niveau manquant"),
        ({"choices": [{"key": "a", "label": "A", "outcome": "gagné"}]}, "issue inconnue"),
        ({"choices": [{"key": "a", "label": "A", "couleur": "vert"}]}, "mal formée"),
    ],
)
def test_a_script_that_does_not_hold_together_is_not_published(db: None, change: dict[str, Any], problem: str) -> None:
    raw = yaml.safe_load((scripts.DEFAULTS / "veille-seniors.yaml").read_text(encoding="utf-8"))
    if "questions" in change:
        raw |= change
    else:
        raw["questions"][0] |= change
    script = Script.objects.create(key="essai", title="Essai", content=raw)
    with pytest.raises(scripts.ScriptError) as refusal:
        scripts.publish(script=script, now=datetime.now(tz=timezone.get_current_timezone()))
    assert any(problem in text for text in refusal.value.problems), refusal.value.problems


def broken(**change: Any) -> dict[str, Any]:
    """The default script with its first question changed (« say »…), or the whole (« consent »…)."""
    raw = yaml.safe_load((scripts.DEFAULTS / "veille-seniors.yaml").read_text(encoding="utf-8"))
    whole = {name: change.pop(name) for name in list(change) if name in raw}
    raw["questions"][0] |= change
    return raw | whole


def choice(**fields: Any) -> dict[str, Any]:
    return {"key": "a", "label": "Autre chose", **fields}


ASKED = {"key": "q", "say": "Bonjour {prenom_appelant}, {bailleur}, {phrase_verification}", "kind": "single"}
END = choice(outcome="opt_out")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"say": " "}, "aucun mot à dire"),
        ({"say": "Bonjour { nom }"}, "accolade est seule"),
        ({"say": "Bonjour {nom"}, "accolade est seule"),
        ({"guide": "Chez {partenaire}"}, "n'est connu que dans la demande d'accord"),
        ({"choices": [choice(), choice(key="b")]}, "deux réponses ont le même texte"),
        ({"choices": [choice(), choice(label="Encore")]}, "deux réponses ont le même identifiant"),
        ({"choices": [choice(label=" ")]}, "sans texte"),
        ({"choices": [choice(alert=True)]}, "une alerte a besoin d'un niveau"),
        ({"choices": [choice(level="U9")]}, "niveau inconnu"),
        ({"choices": [choice(outcome="callback")]}, "doit ouvrir le choix du moment"),
        ({"choices": [choice(opens="callback")]}, "ne finit pas par"),
        ({"choices": [choice(opens="follow_up", outcome="opt_out")]}, "un suivi ne peut pas commencer"),
        ({"questions": [ASKED | {"kind": "text", "choices": [END]}]}, "réponse libre n'a pas de réponses"),
        ({"sheet": "tempete"}, "fiche « Bons gestes » qu'elle ouvre est inconnue"),
        ({"shown_if": ["accueil.oui"]}, "elle-même"),
        ({"shown_if": ["nulle_part.oui"]}, "une question qui n'existe pas"),
        ({"questions": [ASKED | {"required": True, "choices": [END]}, ASKED | {"key": "r", "choices": [choice()]}]},
         "mettent fin à l'appel"),
        ({"questions": [ASKED | {"choices": [END]}, ASKED | {"key": "r", "shown_if": ["q.a"], "choices": [choice()]}]},
         "les réponses dont elle dépend mettent fin"),
        ({"questions": [ASKED | {"choices": [choice()]}, ASKED | {"key": "r", "shown_if": ["q.z"], "choices": [END]}]},
         "une réponse qui n'existe pas"),
        ({"consent": {}}, "rien ne demande l'accord"),
        ({"consent": {"say": "Puis-je ? {partenaire}", "choices": []}}, "trois réponses"),
        ({"reactions": [{"title": "La personne rit"}]}, "ne dit rien"),
        ({"reactions": [{"say": "Bien."}]}, "n'a pas de titre"),
        ({"helplines": [{"number": "quinze", "label": "SAMU", "kind": "emergency"}]}, "n'est pas un numéro"),
        ({"helplines": [{"number": "15", "label": "SAMU"}]}, "urgence ou écoute"),
        ({"voicemail": {"say": "Bonjour {surnom}"}}, "n'existe pas"),
        ({"title": ""}, "pas de titre"),
    ],
)  # fmt: skip
def test_what_forbids_publishing(change: dict[str, Any], problem: str) -> None:
    found = [text.replace("\u00a0", " ") for text in scripts.errors(broken(**change))]
    assert any(problem in text for text in found), found


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"say": "x" * 500 + "{prenom_appelant} {bailleur}"}, "d'un trait"),
        ({"say": "Bonjour."}, "ne dit pas qui appelle"),
        ({"choices": [choice(level="U2")]}, "ne sert à rien"),
        ({"choices": [choice(need="repas", level="U1")]}, "n'alerte personne"),
        ({"choices": [choice(cadence="weekly")]}, "un rythme sans rendez-vous"),
        ({"choices": [choice(label="Il manque des courses")]}, "parle d'un besoin"),
        ({"choices": [choice(label="Plutôt un autre moment")]}, "parle de finir l'appel"),
        ({"per_person": True, "choices": [END]}, "pour tout le foyer"),
        ({"loneliness_rule": {"propose_follow_up_from": 50}}, "Aucun chemin n'atteint"),
        ({"voicemail": {}}, "Aucun message"),
        ({"helplines": [{"number": "15", "label": "SAMU", "kind": "emergency"}]}, "18, 112, 114"),
        ({"questions": [ASKED | {"choices": [choice()]}]}, "ne plus être appelé"),
        (
            {"questions": [ASKED | {"say": "{prenom_appelant} {bailleur} ?", "choices": [END]}]},
            "phrase de vérification",
        ),
    ],
)
def test_what_is_said_and_does_not_forbid_publishing(change: dict[str, Any], problem: str) -> None:
    found = scripts.findings(broken(**change))
    assert any(problem in one.text.replace("\u00a0", " ") and one.level == "warning" for one in found), found


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_shipped_scripts_have_nothing_to_read_again(name: str) -> None:
    assert [one.sentence for one in scripts.findings(FILES[name], FILES[name]["kind"])] == []


def test_two_versions_are_compared_in_words() -> None:
    old, new = broken(), broken()
    questions = new["questions"]
    questions[0]["say"] = "Bonjour ?"
    questions.insert(3, questions.pop(2))
    questions[-1]["required"] = True
    questions[5]["choices"][2] |= {"level": "U1", "alert": True}
    del questions[8]
    new["title"], new["needs"]["chats"] = "Autre titre", "Animaux"
    new["reactions"] = new["reactions"][1:]
    lines = [
        (one.title, line.what, line.before, line.after)
        for one in differences.differences(old, new)
        for line in one.lines
    ]
    text = "\n".join(" | ".join(line) for line in lines).replace("\u00a0", " ")
    assert "Mots à dire | Bonjour {civilite}" in text
    assert text.count("Question déplacée") == 1
    assert "Question retirée | Préparer vos repas" in text
    assert "Réponse désormais nécessaire" in text
    assert "Bientôt plus · besoin : Médicaments, U1" in text
    assert "Titre | Veille seniors | Autre titre" in text
    assert "Besoin « chats » |  | Animaux" in text
    assert "La personne refuse" in text
    assert differences.differences(old, broken()) == []


def test_a_placeholder_without_a_value_stays_visible() -> None:
    assert scripts.fill("Bonjour {civilite} {nom}", {"civilite": "Madame"}) == "Bonjour Madame …"
