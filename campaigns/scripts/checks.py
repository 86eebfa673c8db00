"""What is wrong with a script, and what may have been forgotten: errors stop its publishing, warnings do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.models import Call, Script
from campaigns.models.levels import Level
from campaigns.scripts.reading import (
    CADENCES,
    KINDS,
    OPENS,
    PLACEHOLDER,
    PLACEHOLDERS,
    SHEETS,
    Choice,
    Content,
    ScriptError,
    build,
    condition,
)

ERROR, WARNING = "error", "warning"
# The pages of the editor that a finding leads to.
QUESTIONS, SETTINGS, WORDS, REACTIONS, HELPLINES = "questions", "settings", "words", "reactions", "helplines"
CONSENT_ANSWERS = 3
EMERGENCY = ("15", "18", "112", "114")
# More than one says in one breath.
LONG = 450
# « {nom » or « { nom } »: meant to be a placeholder, and is none.
LOOSE_BRACE = re.compile(r"\{(?!\w+\})|(?<!\w)\}")
ENDS = re.compile(r"[.?!]")
# A label that speaks of something missing, dangerous or to be done; those that begin by a « no » do not.
SPEAKS_OF_NEED = re.compile(
    r"\b(manque|manquent|danger|dangereu\w*|urgen\w*|plus rien|plus du tout|n'a plus|n'ai plus|difficile|portage|"
    r"besoin d'aide|aide tout de suite|en difficulté|inqui[eè]t\w*)\b",
    re.IGNORECASE,
)
SPEAKS_OF_END = re.compile(
    r"\b(ne plus être appel|plus être appel|plus jamais|un autre moment|rappeler plus tard|autre personne répond)",
    re.IGNORECASE,
)
SAYS_NO = re.compile(r"^(non|pas|rien|aucun|sans|oui, tout va)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One thing to mend: where it is, in French."""

    level: str
    text: str
    part: str = QUESTIONS
    question: str = ""
    choice: str = ""
    # What the question says, to be recognised in a list.
    title: str = ""

    @property
    def sentence(self) -> str:
        return f"Question « {self.title} » : {self.text}" if self.title else self.text


def short(text: str, limit: int = 60) -> str:
    """The beginning of what is said, or its last question, which names it better."""
    before, asked, _ = text.rpartition("?")
    said = (ENDS.split(before)[-1] + asked if asked else text).strip()
    return said if len(said) <= limit else said[: limit - 1].rstrip() + "…"


def title_of(question: Mapping[str, Any]) -> str:
    return short(question.get("say", "")) or question.get("key", "")


def findings(content: Mapping[str, Any], kind: str = Script.Kind.FIRST) -> list[Finding]:
    """Everything found in a document, errors first, in the order of the script."""
    found = [
        *_whole(content, kind),
        *_questions(content),
        *_branches(content),
        *_words(content),
        *_people(content, kind),
    ]
    return sorted(found, key=lambda one: one.level != ERROR)


def errors(content: Mapping[str, Any], kind: str = Script.Kind.FIRST) -> list[str]:
    """What forbids publishing, as French sentences."""
    return [one.sentence for one in findings(content, kind) if one.level == ERROR]


def parse(content: Mapping[str, Any], kind: str = Script.Kind.FIRST) -> Content:
    """A document to its reading form. Raises ScriptError when it does not hold together."""
    if problems := errors(content, kind):
        raise ScriptError(problems)
    return build(content)


# Each question by itself ----------------------------------------------------------------------------


def _questions(content: Mapping[str, Any]) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    needs = set(content.get("needs", {}))
    for raw in content.get("questions", []):
        key, kind = raw.get("key", ""), raw.get("kind", "single")
        where = {"question": key, "title": title_of(raw) or "sans nom"}
        seen[key] += 1
        if not key or seen[key] > 1:
            yield Finding(ERROR, "son identifiant manque ou est en double.", **where)
        if not raw.get("say", "").strip():
            yield Finding(ERROR, "aucun mot à dire.", **where)
        elif len(raw["say"]) > LONG:
            yield Finding(WARNING, f"plus de {LONG} signes à dire d'un trait ; coupez-la en deux.", **where)
        if kind not in KINDS:
            yield Finding(ERROR, "sorte inconnue.", **where)
        if raw.get("sheet", "") not in ("", *SHEETS):
            yield Finding(ERROR, "la fiche « Bons gestes » qu'elle ouvre est inconnue.", **where)
        choices = raw.get("choices", [])
        if kind != "text" and not choices:
            yield Finding(ERROR, "aucune réponse proposée : on ne peut pas en sortir.", **where)
        if kind == "text" and choices:
            yield Finding(ERROR, "une réponse libre n'a pas de réponses proposées.", **where)
        labels = Counter(choice.get("label", "").strip().casefold() for choice in choices)
        keys = Counter(choice.get("key", "") for choice in choices)
        for choice in choices:
            spot = {**where, "choice": choice.get("key", "")}
            if labels[choice.get("label", "").strip().casefold()] > 1 and choice.get("label"):
                yield Finding(ERROR, f"deux réponses ont le même texte, « {choice['label']} ».", **where)
            if keys[choice.get("key", "")] > 1:
                yield Finding(ERROR, f"deux réponses ont le même identifiant, « {choice.get('key')} ».", **where)
            named = f"réponse « {choice.get('label', '')} »"
            for level, text in (*_choice_errors(choice, needs), *_choice_warnings(choice, bool(raw.get("per_person")))):
                yield Finding(level, f"{named} : {text}", **spot)
        yield from _spoken((raw.get("say", ""), raw.get("guide", "")), QUESTIONS, **where)


def _choice_errors(choice: Mapping[str, Any], needs: set[str]) -> Iterator[tuple[str, str]]:
    need, level = choice.get("need"), choice.get("level")
    outcome, opens = choice.get("outcome"), choice.get("opens")
    if set(choice) - set(Choice.__dataclass_fields__) or not choice.get("key") or not choice.get("label", "").strip():
        yield ERROR, "mal formée, ou sans texte."
    if need and need not in needs:
        yield ERROR, f"besoin « {need} » inconnu."
    if level and level not in Level.values:
        yield ERROR, "niveau inconnu."
    elif need and not level:
        yield ERROR, "niveau manquant : sous quel délai répondre à ce besoin ?"
    elif choice.get("alert") and not level:
        yield ERROR, "une alerte a besoin d'un niveau."
    if outcome and outcome not in Call.Outcome.values:
        yield ERROR, "issue inconnue."
    if opens and opens not in OPENS:
        yield ERROR, "fenêtre inconnue."
    if outcome == "callback" and opens != "callback":
        yield ERROR, "un rappel convenu doit ouvrir le choix du moment."
    if opens == "callback" and outcome != "callback":
        yield ERROR, "le choix du moment est ouvert, mais l'appel ne finit pas par « Rappel convenu »."
    if opens == "follow_up" and outcome not in (None, "", "completed"):
        yield ERROR, "un suivi ne peut pas commencer quand l'appel finit autrement que par un échange."
    if choice.get("cadence") and choice["cadence"] not in CADENCES:
        yield ERROR, "rythme inconnu."
    if choice.get("plan") not in (None, "", "end"):
        yield ERROR, "effet sur le suivi inconnu."


def _choice_warnings(choice: Mapping[str, Any], per_person: bool) -> Iterator[tuple[str, str]]:
    label = choice.get("label", "").strip()
    led = any(choice.get(name) for name in ("need", "alert", "outcome", "opens", "lonely", "plan"))
    if choice.get("level") and not choice.get("need") and not choice.get("alert"):
        yield WARNING, "un niveau sans besoin ni alerte ne sert à rien."
    if choice.get("need") and choice.get("level") in (Level.U0, Level.U1) and not choice.get("alert"):
        yield WARNING, "un besoin urgent qui n'alerte personne attend que la coordination relise l'appel."
    if choice.get("outcome") and per_person:
        yield WARNING, "elle met fin à l'appel pour tout le foyer, avant que l'autre personne ait répondu."
    if choice.get("cadence") and choice.get("opens") != "follow_up":
        yield WARNING, "un rythme sans rendez-vous à prendre ne sert à rien."
    if not led and SPEAKS_OF_NEED.search(label) and not SAYS_NO.search(label):
        yield WARNING, "elle parle d'un besoin, mais n'en ouvre aucun."
    if not choice.get("outcome") and SPEAKS_OF_END.search(label):
        yield WARNING, "elle parle de finir l'appel, mais n'y met pas fin."


def _spoken(texts: tuple[str, ...], part: str, *, consent: bool = False, **where: str) -> Iterator[Finding]:
    for text in texts:
        for name in PLACEHOLDER.findall(text):
            if name not in PLACEHOLDERS:
                yield Finding(ERROR, f"« {{{name}}} » n'existe pas.", part, **where)
            elif name == "partenaire" and not consent:
                yield Finding(ERROR, "« {partenaire} » n'est connu que dans la demande d'accord.", part, **where)
        if LOOSE_BRACE.search(text):
            yield Finding(ERROR, "une accolade est seule : écrivez par exemple {nom}.", part, **where)


# Questions together -----------------------------------------------------------------------------------


def _branches(content: Mapping[str, Any]) -> Iterator[Finding]:
    """Conditions that lead nowhere, turn in circles, or can never be met; what comes after a certain end."""
    questions = content.get("questions", [])
    place = {raw.get("key", ""): index for index, raw in enumerate(questions)}
    reachable: dict[str, bool] = {}
    stopped = ""
    for index, raw in enumerate(questions):
        key = raw.get("key", "")
        where = {"question": key, "title": title_of(raw) or "sans nom"}
        met, broken = False, False
        for text in raw.get("shown_if", []):
            asked, wanted = condition(text)
            other = questions[place[asked]] if asked in place else None
            choice = next((one for one in (other or {}).get("choices", []) if one.get("key") == wanted), None)
            if other is None:
                broken = True
                yield Finding(ERROR, f"elle dépend d'une question qui n'existe pas, « {asked} ».", **where)
            elif place[asked] >= index:
                broken = True
                after = "elle-même" if asked == key else f"« {title_of(other)} », posée après elle"
                yield Finding(
                    ERROR,
                    f"elle dépend de {after} : il n'y a aucune réponse posée avant elle, elle tourne en rond.",
                    **where,
                )
            elif choice is None:
                broken = True
                yield Finding(ERROR, f"elle dépend d'une réponse qui n'existe pas à « {title_of(other)} ».", **where)
            elif reachable[asked] and not choice.get("outcome"):
                met = True
        conditional = bool(raw.get("shown_if"))
        reachable[key] = not stopped and (met or not conditional)
        if stopped:
            yield Finding(ERROR, f"jamais posée : toutes les réponses à « {stopped} » mettent fin à l'appel.", **where)
        elif conditional and not met and not broken:
            yield Finding(ERROR, "jamais posée : les réponses dont elle dépend mettent fin à l'appel.", **where)
        choices = raw.get("choices", [])
        ends = bool(choices) and all(choice.get("outcome") for choice in choices)
        if not conditional and raw.get("required") and ends and not stopped and index < len(questions) - 1:
            stopped = title_of(raw)


def _whole(content: Mapping[str, Any], kind: str) -> Iterator[Finding]:
    questions = content.get("questions", [])
    if not content.get("title", "").strip():
        yield Finding(ERROR, "La trame n'a pas de titre.", SETTINGS)
    if not questions:
        yield Finding(ERROR, "La trame n'a aucune question.")
        return
    choices = [choice for raw in questions for choice in raw.get("choices", [])]
    rule = int(content.get("loneliness_rule", {}).get("propose_follow_up_from", 3))
    most = sum(_points(raw) for raw in questions)
    if most and most < rule:
        text = f"Aucun chemin n'atteint les {rule} points de solitude qui proposent un suivi ({most} au plus)."
        yield Finding(WARNING, text, SETTINGS)
    elif most and not any(choice.get("opens") == "follow_up" for choice in choices):
        yield Finding(WARNING, "La solitude est comptée, mais aucune réponse ne propose de rendez-vous régulier.")
    if kind == Script.Kind.FOLLOW_UP and not any(choice.get("plan") == "end" for choice in choices):
        yield Finding(WARNING, "Aucune réponse n'arrête le suivi : la personne doit pouvoir le demander.")
    if kind != Script.Kind.WELFARE and not any(choice.get("outcome") == "opt_out" for choice in choices):
        yield Finding(WARNING, "Aucune réponse ne permet de demander à ne plus être appelé.")
    named = {choice.get("need") for choice in choices}
    for category, label in content.get("needs", {}).items():
        if not str(label).strip():
            yield Finding(ERROR, f"Le besoin « {category} » n'a pas de nom.", SETTINGS)
    asked = any(named - {None, ""})
    if asked and not content.get("consent", {}).get("say", "").strip():
        text = "Un besoin peut être confié à un partenaire, mais rien ne demande l'accord de la personne."
        yield Finding(ERROR, text, WORDS)


def _points(raw: Mapping[str, Any]) -> int:
    points = [int(choice.get("lonely") or 0) for choice in raw.get("choices", [])]
    return sum(points) if raw.get("kind") == "multi" else max(points, default=0)


def _words(content: Mapping[str, Any]) -> Iterator[Finding]:
    consent, voicemail = content.get("consent", {}), content.get("voicemail", {})
    said = consent.get("say", "")
    if said and "{partenaire}" not in said:
        text = "Demande d'accord : dites à qui le besoin serait confié, avec {partenaire}."
        yield Finding(WARNING, text, WORDS)
    labels = [choice.get("label", "").strip() for choice in consent.get("choices", [])]
    if said and (len(labels) != CONSENT_ANSWERS or not all(labels)):
        yield Finding(ERROR, "Demande d'accord : trois réponses, oui, non, et « j'y réfléchis ».", WORDS)
    if not voicemail.get("say", "").strip():
        yield Finding(WARNING, "Aucun message n'est prévu pour le répondeur.", WORDS)
    yield from _spoken((said,), WORDS, consent=True, title="Demande d'accord")
    yield from _spoken((voicemail.get("say", ""), voicemail.get("guide", "")), WORDS, title="Répondeur")
    for one in content.get("reactions", []):
        title = one.get("title", "").strip()
        if not title:
            yield Finding(ERROR, "Une réaction n'a pas de titre.", REACTIONS)
        elif not one.get("say", "").strip() and not one.get("guide", "").strip():
            yield Finding(ERROR, f"La réaction « {title} » ne dit rien.", REACTIONS)
        yield from _spoken((one.get("say", ""), one.get("guide", "")), REACTIONS, title=title or "sans titre")
    numbers = set()
    for line in content.get("helplines", []):
        number, label = line.get("number", "").strip(), line.get("label", "").strip()
        numbers.add(number.replace(" ", ""))
        if not number or not label:
            yield Finding(ERROR, f"Une ligne d'aide n'a pas de numéro ou de nom : « {number or label} ».", HELPLINES)
        elif not re.fullmatch(r"\+?[\d ]{2,20}", number):
            yield Finding(ERROR, f"« {number} » n'est pas un numéro que l'on compose.", HELPLINES)
        if line.get("kind") not in ("emergency", "support"):
            yield Finding(ERROR, f"« {label or number} » : urgence ou écoute ?", HELPLINES)
    if missing := [number for number in EMERGENCY if number not in numbers]:
        yield Finding(WARNING, f"Numéros d'urgence absents de l'aide : {', '.join(missing)}.", HELPLINES)


def _people(content: Mapping[str, Any], kind: str) -> Iterator[Finding]:
    """Who calls, for whom, and how to check it: said at the opening."""
    questions = content.get("questions", [])
    if not questions:
        return
    first = questions[0]
    where = {"question": first.get("key", ""), "title": title_of(first) or "sans nom"}
    for name, meaning in (("prenom_appelant", "qui appelle"), ("bailleur", "au nom de qui")):
        if f"{{{name}}}" not in first.get("say", ""):
            yield Finding(WARNING, f"l'ouverture ne dit pas {meaning} ({{{name}}}).", **where)
    if kind != Script.Kind.FIRST:
        return
    opening = " ".join(
        raw.get("say", "") + raw.get("guide", "") for raw in questions if raw.get("section") == first.get("section")
    )
    if "{phrase_verification}" not in opening:
        text = "l'ouverture ne donne pas la phrase de vérification à qui se méfie ({phrase_verification})."
        yield Finding(WARNING, text, **where)
