"""What a list says of a death or a departure in plain words, and what only looks like it.

Somebody is closed by plain words about them alone: a whole cell of the situation, a whole remark, or such a note
written after the name. Words about somebody else (« décès du conjoint »), about now (« sortie d'hôpital ») or that
are a name (« LE FEU ») close nobody; where one could be taken for the other, the row is shown to a person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from solidarites.searching import fold
from tenants.imports import words

PRESENT, DECEASED, MOVED, CARE_HOME = "present", "deceased", "moved", "care_home"
# Remarks that say why somebody is closed, or not taken over.
CLOSING = frozenset(
    (
        "gone_in_status",
        "exit_date_past",
        "death_date_past",
        "deceased_in_name",
        "left_in_name",
        "status_in_remark",
        "estate",
        "company",
        "departed_before",
    )
)


@dataclass(frozen=True, slots=True)
class Situation:
    """``status`` is empty when nothing is said of it; ``doubt``: it looks like a death or a departure."""

    status: str = ""
    doubt: bool = False
    understood: bool = True


# Whole cells ------------------------------------------------------------------------------------------

_MONTHS = (
    "JANV(?:IER)?|JAN|FEV(?:R(?:IER)?)?|MARS|AVR(?:IL)?|MAI|JUIN|JUIL(?:LET)?|AOUT|SEPT(?:EMBRE)?|OCT(?:OBRE)?"
    "|NOV(?:EMBRE)?|DEC(?:EMBRE)?"
)
_WHEN = (
    rf"(?: (?:LE|EN|AU|FIN|DEBUT|MI|COURANT|DEPUIS|1ER|{_MONTHS}|\d{{1,4}}))*"
    r"(?: (?:DEPUIS|IL Y A) (?:\d{1,2}|UN|UNE|DEUX|TROIS|PLUSIEURS|QUELQUES) (?:ANS?|ANNEES?|MOIS|SEMAINES?|JOURS?))?"
)
_WHO = r"(?:LOCATAIRE |OCCUPANTE? |PERSONNE )?(?:EST )?"
_CLOSING: dict[str, tuple[str, ...]] = {
    DECEASED: (
        _WHO + r"(?:DCDE{0,2}|DECEDEE?S?(?: E)?|DEFUNTE?(?: E)?|MORTE?(?: E)?|DECES)",
        r"(?:SORTIE?|PARTIE?|RESILIEE?)(?: E)? (?:POUR |PAR |CAUSE |MOTIF |SUITE |SUITE A |SUITE AU )?"
        r"(?:DECES|DECEDEE?|DCD)",
    ),
    CARE_HOME: (
        _WHO + r"(?:(?:PARTIE?|ENTREE?|ADMISE?|PLACEE?|VIT|RESIDE)(?: E)? )?"
        r"(?:EN |A L |DANS UN |DANS UNE )?(?:EHPAD|MAISON DE RETRAITE|USLD|MAPA)",
    ),
    MOVED: (
        _WHO + r"(?:PARTIE?S?(?: E)?|SORTIE?S?(?: E)?|RESILIEE?S?(?: E)?|DEMENAGEE?S?(?: E)?|EXPULSEE?S?(?: E)?"
        r"|A DEMENAGE|A (?:QUITTE|RENDU) (?:LE |SON )?LOGEMENT|(?:N EST )?PLUS LOCATAIRE"
        r"|(?:ANCIEN|ANCIENNE|EX) LOCATAIRE|(?:BAIL|CONTRAT) RESILIE)(?: DU LOGEMENT| DEFINITIVEMENT)?",
    ),
}
_PLAIN = tuple((status, re.compile(one + _WHEN)) for status, patterns in _CLOSING.items() for one in patterns)
# « Décédée à l'hôpital », « DCD, logement rendu »: the participle first, and nobody else in the cell.
_DEAD_FIRST = re.compile(r"(?:LOCATAIRE )?(?:EST )?(?:DCDE{0,2}|DECEDEE?S?)\b")
_OTHERS = re.compile(
    r"\b(?:MARI|EPOUX|EPOUSE|CONJOINTE?|FILS|FILLE|VOISINE?|FEMME|FRERE|SOEUR|MERE|PERE|PARENTS?|ENFANTS?|VEUF|VEUVE"
    r"|VVE|TITULAIRE|COTITULAIRE|COLOCATAIRE|COMPAGNE|COMPAGNON|CONCUBINE?|TUTEUR|TUTRICE|GARDIENN?E?|AMIE?|NEVEU|NIECE"
    r"|CHIEN|CHAT|M|MR|MME|MLLE|MONSIEUR|MADAME|SON|SA|SES)\b"
)
_UNSURE = re.compile(
    r"\b(?:NON|PAS|ERREUR|FAUX|PEUT ETRE|PROBABLE\w*|VERIFIER|CONFIRMER|PRESUMEE?|SELON|D APRES|RUMEUR|SERAIT)\b"
)
# « Décédé=0 », « DCD : N », « Parti le : »: a label, and nothing or no after it.
_EMPTY = re.compile(r"[:=]\s*(?:0|n|non|faux|false)?\s*$", re.IGNORECASE)
_RANGE = re.compile(r"\d.*\bAU\b")
_HERE = re.compile(
    r"(?:(?:TOUJOURS|BIEN|EST|LOCATAIRE|OCCUPANTE?|BAIL|CONTRAT|LOCATION|OCCUPATION|LOGEMENT) )*"
    r"(?:PRESENTE?S?(?: E)?|OCCUPANTE?S?(?: E)?|OCCUPEE?|EN COURS|EN PLACE|EN VIGUEUR|ACTIFS?|ACTIVES?|VIVANTE?(?: E)?"
    r"|REVENUE?(?: E)?)"
)
# About now, and nobody's departure.
_NOW = re.compile(
    r"\b(?:HOSPI\w*|HOPITAL|CLINIQUE|CONVALESCENCE|ABSENTE?|VACANCES|CONGES?|MALADIE|TEMPORAIRE\w*|PROVISOIRE\w*|PREVUE?"
    r"|REEDUCATION|JUSQU|EN COURS DE|DEMANDE DE)\b"
)
# Says nothing of a departure: a family situation, a role, a code.
_KNOWN = re.compile(
    r"^(?:PRESENT|ACTI|EN COURS|EN PLACE|OCCUP|LOCATAIRE|TITULAIRE|COTITULAIRE|CO TITULAIRE|VALIDE|OUI|O$|NORMAL"
    r"|EN VIGUEUR|ENTRE|OK|1$|P$|A$|MARIE|CELIB|VEU|VVE|DIVORC|SEPAR|PACS|CONCUB|UNION|VIE MARITALE|CONJOINT|RETRAIT"
    r"|SANS|NON|N$|0$|NC|NR|LOUE|BAIL|SIGNE|COLOC|COUPLE|SEUL)"
)
_DOUBT = re.compile(
    r"\b(?:DECE\w*|DCD\w*|DEFUN\w*|MORTE?S?|SUCC|SUCCESSION|HOIRS?|HOIRIE|FEUE?|EHPAD|MAISON (?:DE )?RETRAITE|USLD|MAPA"
    r"|PARTIE?S?|SORT\w+|RESILI\w*|DEPART|QUITTE|RENDU|DEMENAG\w*|EXPULS\w*|VACANT|ANCIEN(?:NE)?|EX|ABSENTE?|INACTI\w*|SOLDE"
    r"|CLOS|CLOTUR\w*|TERMINE|ARCHIV\w*|CONGE|NON PRESENTE?|NON OCCUP\w*|FIN DE BAIL|PLUS LOCATAIRE)\b|^D$"
)
_DOUBT_IN_REMARK = re.compile(r"\b(?:DCD|DECEDEE?|DECES|EHPAD|DEMENAGEE?|A QUITTE|RESILIE)\b")
_WRITTEN_DATE = re.compile(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}|\d{1,2}(?:er)? [^\W\d]{3,9}\.? \d{4}", re.IGNORECASE)
_YEAR = re.compile(r"\b[12]\d{3}\b")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[A-Z0-9]+", fold(text)))


@lru_cache(maxsize=5_000)
def closing(text: str, today: date) -> str:
    """The status that plain words about the person give, « Décédé(e) », « Parti le 3 mai »; empty for any other."""
    folded = _plain(text)
    if not folded or "?" in text or _EMPTY.search(text) or _RANGE.search(folded) or _to_come(text, today):
        return ""
    for status, pattern in _PLAIN:
        if pattern.fullmatch(folded):
            return status
    if _DEAD_FIRST.match(folded) and not _OTHERS.search(folded) and not _UNSURE.search(folded):
        return DECEASED
    return ""


def _to_come(text: str, today: date) -> bool:
    """« Parti le 31/12/2099 » has not left yet."""
    match = _WRITTEN_DATE.search(text)
    if match and (day := words.any_date(match[0], today)):
        return day > today
    return any(int(year) > today.year for year in _YEAR.findall(text))


OTHER, NOW, SAYS_NOTHING, UNKNOWN = "other", "now", "nothing", "unknown"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word of a situation means, what becomes of the person, and words that mean it."""

    code: str
    title: str
    effect: str
    examples: tuple[str, ...]


# Each meaning once: read here by « Préparer votre fichier », and by the test that reads every example.
MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        DECEASED,
        "Décès de la personne",
        "n’est plus appelée",
        ("Décédé(e)", "DCD", "DCD le 03/05/2020", "Défunte", "Sorti par décès"),
    ),
    Meaning(
        MOVED,
        "Départ de la personne",
        "n’est plus appelée",
        ("Parti(e)", "Sorti", "Résilié", "Contrat résilié", "Déménagée", "Plus locataire"),
    ),
    Meaning(CARE_HOME, "Entrée en EHPAD", "n’est plus appelée", ("EHPAD", "En maison de retraite", "Partie en EHPAD")),
    Meaning(
        PRESENT,
        "Présence",
        "est appelée ; revient, si une liste l’avait dite partie",
        ("Présent(e)", "Occupant", "En cours", "Toujours présent"),
    ),
    Meaning(
        OTHER,
        "Quelqu’un d’autre",
        "est appelée ; le mot est montré",
        ("Décès du conjoint", "Veuve, mari en EHPAD", "Mari décédé", "Fils parti"),
    ),
    Meaning(
        NOW,
        "Le moment, ou ce qui vient",
        "est appelée ; le mot est montré",
        ("Hospitalisée", "Sortie d’hôpital", "Absente jusqu’en mars", "Congé maladie", "Départ prévu"),
    ),
    Meaning(
        SAYS_NOTHING,
        "Autre chose que la présence",
        "est appelée",
        ("Marié", "Veuve", "Célibataire", "Titulaire", "Retraité"),
    ),
    Meaning(
        UNKNOWN,
        "Un mot qui n’est pas compris",
        "est appelée ; le mot est montré",
        ("Inactif", "Soldé", "Clos", "Vacant", "Succession", "D"),
    ),
)


@lru_cache(maxsize=5_000)
def meaning(text: str, today: date) -> str:
    """The code of one of ``MEANINGS`` for a cell of the situation; empty for an empty cell."""
    folded = _plain(text)
    if not folded:
        return ""
    if status := closing(text, today):
        return status
    if _HERE.fullmatch(folded) and "?" not in text:
        return PRESENT
    if _KNOWN.match(folded) and not _DOUBT.search(folded):
        return SAYS_NOTHING
    if _NOW.search(folded) or _to_come(text, today):
        return NOW
    return OTHER if _OTHERS.search(folded) else UNKNOWN


@lru_cache(maxsize=5_000)
def in_status(text: str, today: date) -> Situation:
    """What a cell of the situation says. A family situation, a role or an unknown word says nothing of it."""
    found = meaning(text, today)
    if found in ("", SAYS_NOTHING):
        return Situation()
    if found in (PRESENT, *_CLOSING):
        return Situation(found)
    return Situation(doubt=bool(_DOUBT.search(_plain(text))), understood=False)


@lru_cache(maxsize=5_000)
def in_remark(text: str, today: date) -> Situation:
    """What a free remark says when it says nothing else: « DCD le 3/5 », never « mari décédé »."""
    if status := closing(text, today):
        return Situation(status)
    folded = _plain(text)
    return Situation(doubt=bool(_DOUBT_IN_REMARK.search(folded)) and not _OTHERS.search(folded))


# Names ------------------------------------------------------------------------------------------------

_ANY_MARK = re.compile(r"[(†✝]|\b(?:FEU|DEF|MORT|SUCC|HOIR|DEC|DCD)")
_NOTE = re.compile(r"\(([^()]{1,60})\)")
_BOTH = re.compile(r"\(e\)", re.IGNORECASE)
_CROSS = re.compile(r"[†✝]")
# Written before or after the name, and nobody's name.
_DEAD = r"(?:DCDE{0,2}|D[ÉE]C[ÉE]D[ÉE]E?)"
_BESIDE = re.compile(
    rf"^\W*{_DEAD}(?=[\s,;:-])|(?<=[\s,;:-]){_DEAD}(?:\s+(?:le\s+)?[\d/.-]+)?\W*$|^\W*{_DEAD}\W*$", re.IGNORECASE
)
_ESTATE = re.compile(
    r"^\W*(?:SUCCESSION|SUCC\b\.?|HOIRIE|HOIRS)(?:\s+(?:DE\b|DU\b|D['’])|[\s.])\s*(?=\w)|^\W*SUCCESSION\W*$",
    re.IGNORECASE,
)
_CIVILITY = re.compile(r"^(?:M|MR|MME|MLLE|MONSIEUR|MADAME|MADEMOISELLE) ")
# Names as well: « Mme LE FEU », « M. MORT ».
_MAYBE = re.compile(r"FEUE?|DEFUNTE?|MORTE?|SUCC|SUCCESSION|HOIRS|HOIRIE|DECES|DCD|DECEDEE?")
_SMALL = frozenset(("LE", "LA", "LES", "DE", "DU", "DES", "D", "L"))


@lru_cache(maxsize=50_000)
def in_name(text: str, today: date) -> tuple[str, str, str]:
    """(code, status, word) of a mark written beside a name; a code without a status is a doubt.

    Words in brackets are a note: « MARTIN (DCD) », « MARTIN (parti) » close, as a whole remark does. Inside a name no
    word does: « MARTIN DCD », « MARTIN † », « FEU MARTIN », as « MARTIN (ex DURAND) » and « GARCIA (D) », are to be
    looked at. « LE FEU », « DEFUNT », « MORT » are names.
    """
    if not _ANY_MARK.search(fold(text)):
        return "", "", ""
    text = _written(text)
    notes = _NOTE.findall(text)
    for note in notes:
        if status := closing(note, today):
            return ("deceased_in_name" if status == DECEASED else "left_in_name"), status, note.strip()
    bare = _NOTE.sub(" ", text)
    mark = _CROSS.search(text) or _BESIDE.search(bare) or _ESTATE.match(text)
    if mark or any(_doubtful(note) for note in notes) or _maybe_marked(bare):
        return "name_doubt", "", ""
    return "", "", ""


def notes_apart(text: str) -> tuple[str, str]:
    """« MARTIN Jeanne (DCD) » → (« (DCD) », « MARTIN Jeanne »); a civility in brackets, « (Mme) », stays."""
    if "(" not in text:
        return "", text
    notes = [note for note in _NOTE.findall(_written(text)) if not words.civility(note)[0] or closing(note, _NEVER)]
    bare = _NOTE.sub(lambda note: " " if note[1] in notes else note[0], _written(text))
    return " ".join(f"({note})" for note in notes), " ".join(bare.split())


_NEVER = date(1900, 1, 1)


@lru_cache(maxsize=50_000)
def without_marks(text: str) -> str:
    """The name alone: « MARTIN (DCD) », « MARTIN (ex DURAND) » → « MARTIN »; « LE FEU » stays."""
    if not _ANY_MARK.search(fold(text)):
        return text
    text = _NOTE.sub(" ", _written(text))
    if not _names_others(text):
        text = _BESIDE.sub(" ", _CROSS.sub(" ", text).strip())
    return _ESTATE.sub("", text)


def _written(text: str) -> str:
    return _BOTH.sub("e", unicodedata.normalize("NFC", text))


def _names_others(text: str) -> bool:
    return bool(_OTHERS.search(_CIVILITY.sub("", _plain(text))))


def _doubtful(note: str) -> bool:
    return bool(_DOUBT.search(_plain(note)))


def _maybe_marked(text: str) -> bool:
    """« FEU MARTIN »: one of these words beside another; alone, or after an article, it is the name."""
    words_there = set(_CIVILITY.sub("", _plain(text)).split()) - _SMALL
    maybe = {word for word in words_there if _MAYBE.fullmatch(word)}
    return bool(maybe) and bool(words_there - maybe)
