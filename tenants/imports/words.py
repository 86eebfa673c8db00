"""What single cells say: names, civilities, yes and no, languages."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from solidarites.searching import fold
from tenants.imports import births

_DEPARTMENT = re.compile(r"\s*\((?:\d{2,5}|2[ABab])\)$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\ufeff]")
_SPACE = re.compile(r"[ \t\u00a0\u2007\u202f]+")
_CIVILITIES = {
    "M": "M.", "MR": "M.", "MONSIEUR": "M.", "MONS": "M.", "MSIEUR": "M.", "1": "M.", "H": "M.", "HOMME": "M.",
    "MME": "Mme", "MADAME": "Mme", "MMES": "Mme", "MLLE": "Mme", "MELLE": "Mme", "MADEMOISELLE": "Mme", "2": "Mme",
    "F": "Mme", "FEMME": "Mme", "VVE": "Mme", "VEUVE": "Mme", "3": "Mme", "MRS": "Mme", "MS": "Mme",
    "DR": "Dr", "DOCTEUR": "Dr", "ME": "Me", "MAITRE": "Me",
}  # fmt: skip
_LEADING = re.compile(
    r"^((?:M(?:ONSIEUR|R)?\.?\s*(?:ET|OU|&|/)\s*M(?:ADA)?ME\.?)|(?:M(?:ADA)?ME\.?\s*(?:ET|OU|&|/)\s*M(?:ONSIEUR|R)?\.?)"
    r"|MONSIEUR|MADAME|MADEMOISELLE|MLLE\.?|MELLE\.?|MME\.?|MR\.?|M\.|M(?=\s)|VVE|VEUVE)\s+",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """Spaces made plain, invisible characters gone, a spreadsheet's ="…" and leading apostrophe undone."""
    if text.isprintable() and text[:1] not in ("=", "'") and "  " not in text:
        return text.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    text = _SPACE.sub(" ", _CONTROL.sub("", text))
    return text.strip().removeprefix("'").strip() if text.startswith("'") else text.strip()


def reference(text: str) -> str:
    """A reference as written, without the spaces and the « .0 » a spreadsheet adds."""
    text = text.strip()
    if text.isalnum() and len(text) > 6:
        return text
    if re.fullmatch(r"\d+[.,]0+", text):
        text = re.split(r"[.,]", text)[0]
    if fold(text) in ("", "NC", "N/A", "NEANT", "NULL", "-", "0", "#N/A", "#REF!", "AUCUN", "AUCUNE"):
        return ""
    return text


@lru_cache(maxsize=50_000)
def name(text: str) -> str:
    """On one line, without the punctuation around; empty where no letter is left."""
    text = " ".join(text.split()).strip(" ,;.-–()/")
    return text if re.search(r"[^\W\d_]", text) else ""


def leading_civility(text: str) -> tuple[str, str]:
    match = _LEADING.match(text)
    if match and match.end() < len(text):
        return match[1].strip(), text[match.end() :].strip()
    return "", text


@lru_cache(maxsize=2_000)
def civility(text: str) -> tuple[str, bool]:
    """(« Mme », False); the second says that the cell names more than one person."""
    folded = fold(text).strip()
    parts = re.findall(r"[A-Z0-9]+", folded)
    if not parts:
        return "", False
    people = [word for word in parts if word in _CIVILITIES]
    if len({_CIVILITIES[word] for word in people}) > 1 and len(parts) >= 2:
        return "", True
    return (_CIVILITIES[people[0]] if people else ""), False


_PARTICLES = frozenset(
    (
        "DE",
        "DU",
        "DES",
        "LE",
        "LA",
        "DA",
        "DOS",
        "DI",
        "EL",
        "BEN",
        "VAN",
        "VON",
        "D",
        "MC",
        "SAINT",
        "AL",
        "ABD",
        "AIT",
        "O",
    )
)


_TRAILING = re.compile(r"^(.+?)[ ,]+\(?(MME|MLLE|MELLE|MR|M\.|M|MADAME|MONSIEUR|MADEMOISELLE)\.?\)?$", re.IGNORECASE)


@lru_cache(maxsize=50_000)
def split_name(text: str, first_name_first: bool = False) -> tuple[str, str, str]:
    """« Mme DE OLIVEIRA Jeanne » → (« Mme », « DE OLIVEIRA », « Jeanne »).

    Capitals are the last name; « MARTIN, Jeanne » is split at its comma; otherwise the last name comes first, with
    its particles, unless the heading says the contrary.
    """
    found, rest = leading_civility(" ".join(text.split()))
    if not found and (match := _TRAILING.match(rest)) and len(match[1].split()) > 1:
        rest, found = match[1], match[2]
    rest = rest.strip(" ,;")
    if "," in rest:
        last, _, first = rest.partition(",")
        return found, last.strip(), first.strip()
    tokens = rest.split()
    if len(tokens) < 2:
        return found, rest, ""
    capitals = [
        token
        for token in tokens
        if len(re.sub(r"[^\w]", "", token)) > 1 and token.upper() == token and not token.isdigit()
    ]
    if capitals and len(capitals) < len(tokens):
        last = " ".join(token for token in tokens if token in capitals)
        first = " ".join(token for token in tokens if token not in capitals)
        return found, last, first
    if first_name_first:
        cut = len(tokens) - 1
        while cut > 1 and fold(tokens[cut - 1]).strip("'’") in _PARTICLES:
            cut -= 1
        return found, " ".join(tokens[cut:]), " ".join(tokens[:cut])
    cut = 1
    while cut < len(tokens) - 1 and fold(tokens[cut - 1]).strip("'’") in _PARTICLES:
        cut += 1
    return found, " ".join(tokens[:cut]), " ".join(tokens[cut:])


# Two people in one cell -----------------------------------------------------------------------------------


class Names(NamedTuple):
    civility: str
    last_name: str
    first_name: str


JOINED = re.compile(r"\s(?:et|&|/|\+)\s|\s*[/&+]\s*", re.IGNORECASE)
_CIV = r"(?:M\.?|MR\.?|MME\.?|MLLE\.?|MELLE\.?|MONSIEUR|MADAME|MADEMOISELLE)"
_PAIR = re.compile(rf"^({_CIV})\s*(?:ET|OU|&|/|\+|-)\s*({_CIV})\s+(.+)$", re.IGNORECASE)
_TWO = re.compile(rf"^({_CIV})\s+(.+?)\s*(?:\bET\b|&|/|\+)\s*({_CIV})\s+(.+)$", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def couple(text: str, first_name_first: bool = False) -> list[Names]:
    """The two people that one cell names, or nothing.

    « M. et Mme DURAND Paul et Simone », « Mme MARTIN Jeanne et M. PETIT Paul », « DURAND Paul et Simone »; « M. et Mme
    DURAND » names one for sure: nothing.
    """
    text = " ".join(text.split())
    if match := _TWO.match(text):
        one, other = split_name(match[2], first_name_first), split_name(match[4], first_name_first)
        if one[1] and other[1] and (one[2] or other[2]):
            return [
                _names(match[1], one[1] if one[2] else _either(one, other), one[2] or one[1]),
                _names(match[3], other[1], other[2]),
            ]
        return []
    pair = _PAIR.match(text)
    rest = pair[3] if pair else text
    halves = [half.strip() for half in JOINED.split(rest) if half and half.strip()]
    if len(halves) != 2:
        return []
    _, last, first = split_name(halves[0], first_name_first)
    found, second_last, second_first = split_name(halves[1], first_name_first)
    if not first or found:
        return []
    if not second_first:
        # « DURAND Paul et Simone »
        second_last, second_first = last, second_last
    elif not pair and not _in_capitals(second_last):
        return []
    if nobody("", halves[0]) or nobody("", halves[1]):
        return []
    civilities = (pair[1], pair[2]) if pair else ("", "")
    return [_names(civilities[0], last, first), _names(civilities[1], second_last, second_first)]


def couple_in_columns(civility_cell: str, last: str, first: str) -> list[Names]:
    """« DURAND » and « Paul et Simone », « DURAND / PETIT » and « Paul / Simone »; nothing for one person."""
    firsts = [part for part in JOINED.split(first) if part and part.strip()]
    lasts = [part for part in JOINED.split(last) if part and part.strip()]
    if len(firsts) != 2 or len(lasts) not in (1, 2) or not all(looks_like_name(one) for one in (*firsts, *lasts)):
        return []
    civilities = [
        part for part in re.split(r"\s*(?:\bET\b|\bOU\b|&|/|\+)\s*", civility_cell, flags=re.IGNORECASE) if part.strip()
    ]
    if len(civilities) != 2:
        civilities = ["", ""]
    return [_names(civilities[0], lasts[0], firsts[0]), _names(civilities[1], lasts[-1], firsts[1])]


def _names(civility_text: str, last: str, first: str) -> Names:
    return Names(civility_text.strip(), last.strip(" ,;"), first.strip(" ,;"))


def _either(one: tuple[str, str, str], other: tuple[str, str, str]) -> str:
    """« M. Paul et Mme Simone DURAND »: the first one's last name is the other's."""
    return other[1]


def _in_capitals(text: str) -> bool:
    return text.upper() == text


# « ép. ROUX », « née DUPUY », « veuve ROUX » after a name: a note.
_OTHER_NAME = re.compile(
    r"(?<=\S)[\s,(]+(?:N[ÉE]E?\(?E?\)?|[ÉE]P(?:OUSE|X|SE)?\.?|VEUVE|VVE|DIVORC[ÉE]E|DIV\.|NJF|ALIAS|DITE?)\s+"
    r"[^\W\d_][\w'’ -]*\)?$",
    re.IGNORECASE,
)


@lru_cache(maxsize=50_000)
def birth_name_apart(text: str) -> str:
    """« LAFITTE née DUPUY » → « LAFITTE »; « DUPONT Marcel ép. ROUX » → « DUPONT Marcel »."""
    if " " not in text:
        return text
    return _OTHER_NAME.sub("", text)


# Nobody ---------------------------------------------------------------------------------------------------

_LEGAL = (
    r"(?:S\.?A\.?R\.?L|E\.?U\.?R\.?L|S\.?A\.?S\.?U|S\.?C\.?I|S\.?N\.?C|S\.?C\.?P|SELARL|S\.?C\.?M|G\.?I\.?E|SCOP|SCIC"
    r"|EARL|GAEC)"
)
_COMPANY = re.compile(
    rf"^{_LEGAL}\.?\s|\s{_LEGAL}\.?$|^{_LEGAL}$"
    r"|^(?:ASSOCIATIONS?|ASSOC|ASSO|SOCIETE|ETS|ETABLISSEMENTS?|ENTREPRISE|COPROPRIETE|SYNDICAT|MAIRIE|COMMUNE DE"
    r"|VILLE DE|DEPARTEMENT D\w*|CONSEIL (?:GENERAL|DEPARTEMENTAL|REGIONAL)|CCAS|C\.C\.A\.S"
    r"|CENTRE (?:COMMUNAL|SOCIAL|MEDICO|HOSPITALIER)|FONDATION|COOPERATIVE|MUTUELLE|FOYER (?:DES?|LOGEMENT)|CABINET"
    r"|PHARMACIE|AMICALE|COMITE (?:DES?|D|LOCAL)|UNION (?:DEPARTEMENTALE|LOCALE|DES)|CROIX ROUGE"
    r"|SECOURS (?:POPULAIRE|CATHOLIQUE)|EMMAUS|UDAF|ADAPEI|LOCAL (?:COMMERCIAL|VIDE|ASSOCIATIF)|SA HLM|OPH"
    r"|OFFICE PUBLIC)\b"
)
_ESTATE = re.compile(r"^(?:LA )?(?:SUCCESSION|SUCC\b\.?|HOIRIE|HOIRS|INDIVISION)\s+(?=\S)|^SUCCESSION$")
_CIVIL_COMPANY = re.compile(
    r"^(?:SOCIETE|STE|SA|SAS|SARL|SCI|EURL|ASSO\w*|ENTREPRISE|ETS|PERSONNE MORALE|PM|MORALE|COLLECTIVITE|COMMERCE)\b"
)


@lru_cache(maxsize=50_000)
def nobody(civility_cell: str, text: str) -> str:
    """« company », « estate », or « » for somebody; to be asked of who has neither a first name nor a birth."""
    if civility_cell:
        if _CIVIL_COMPANY.match(fold(civility_cell).strip()):
            return "company"
        if civility(civility_cell)[0]:
            return ""
    folded = fold(text).strip()
    if _COMPANY.search(folded):
        return "company"
    return "estate" if _ESTATE.match(folded) else ""


def nobody_word(text: str) -> str:
    """The word by which a row is known for nobody's: « SARL », « SUCCESSION »."""
    return next(iter(text.split()), "")[:60]


def looks_like_name(text: str) -> bool:
    return (
        bool(re.fullmatch(r"[^\W\d_][\w'’. -]{1,60}", text.strip())) and not is_total(text) and len(text.split()) <= 5
    )


_GIVEN = frozenset((
    "MARIE", "JEANNE", "JEAN", "PIERRE", "MICHEL", "ANDRE", "RENE", "LOUIS", "JACQUES", "ROGER", "ROBERT", "MARCEL",
    "MAURICE", "GEORGES", "HENRI", "PAUL", "RAYMOND", "LUCIEN", "GEORGETTE", "SIMONE", "YVETTE", "ODETTE", "DENISE",
    "PAULETTE", "GERMAINE", "MADELEINE", "SUZANNE", "YVONNE", "JACQUELINE", "JANINE", "MONIQUE", "COLETTE",
    "NICOLE", "FRANCOISE", "CHRISTIANE", "GINETTE", "ANDREE", "LUCIENNE", "HELENE", "MARGUERITE", "THERESE",
    "RENEE", "ALICE", "LUCIE", "LOUISE", "ROSE", "EMILE", "GASTON", "ALBERT", "CHARLES", "CLAUDE", "BERNARD",
    "GERARD", "ALAIN", "DANIEL", "GUY", "CHRISTIAN", "SERGE", "YVES", "GILBERT", "JOSEPH", "FRANCOIS", "PHILIPPE",
    "PATRICK", "CATHERINE", "SYLVIE", "ANNE", "ANNIE", "MARTINE", "CHANTAL", "BRIGITTE", "DANIELLE", "JOSETTE",
    "MICHELINE", "LILIANE", "ARLETTE", "HUGUETTE", "SOLANGE", "BERTHE", "LEA", "CLAIRE", "CARMEN", "MARIA", "JOSE",
    "ANTONIO", "MANUEL", "FATIMA", "MOHAMED", "ALI", "AHMED", "ZOE", "LEON", "AIME", "EUGENE", "FERNAND",
    "FERNANDE", "ROLAND", "EDMOND", "GABRIEL", "GABRIELLE", "JULES", "LUCETTE", "MARTHE", "MATHILDE", "PAULINE",
    "ROLANDE", "STEPHANE", "LAURENT", "THIERRY", "ERIC", "PASCAL", "NATHALIE", "ISABELLE", "VALERIE",
))  # fmt: skip


def is_given_name(text: str) -> bool:
    """A first name that many have: enough to tell a column of them."""
    return any(word in _GIVEN for word in re.findall(r"[A-Z]+", fold(text)))


_TOTAL = re.compile(
    r"^(?:SOUS[ -]?)?TOTA(?:L|UX)\b|^T O T A L\b|^NOMBRE\b|^NB\b|^EFFECTIFS?\b|^FIN (?:DE|DU|D)\b|^EDITEE? LE\b"
    r"|^EDITION\b|^PAGE \d"
    r"|^IMPRIMEE? LE\b|^EXTRACTION\b|^SOMME\b|^TOTALITE\b"
    r"|^\d+ (?:LOCATAIRES?|LIGNES?|PERSONNES?|ENREGISTREMENTS?)\b"
    r"|^---|^\*\*\*"
)


_SECTION = re.compile(
    r"^(?:RESIDENCE|AGENCE|SECTEUR|GROUPE|PROGRAMME|BATIMENT|IMMEUBLE|COMMUNE|VILLE|QUARTIER|SITE|ENSEMBLE|LISTE"
    r"|ANTENNE|ENTREE|ESCALIER|CAGE|DOCUMENT|SOURCE)\b"
)


@lru_cache(maxsize=20_000)
def is_total(text: str) -> bool:
    return bool(_TOTAL.match(fold(text).strip()))


def is_section(text: str) -> bool:
    """A title between the rows: « Résidence Les Tilleuls », « Agence : Pau »."""
    return bool(_SECTION.match(fold(text).strip())) or ":" in text or bool(re.search(r"\d", text))


# Towns ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def postal_code(text: str) -> str:
    """« 6110 » → « 06110 », « F-33 000 » → « 33000 », « 33077 CEDEX » → « 33077 »."""
    text = re.sub(r"[.,]0+$", "", text.strip())
    match = re.match(r"^(?:F(?:R)?[- ]?)?(\d[\d ]{2,6})\b", text.upper())
    if not match:
        return ""
    digits = match[1].replace(" ", "")[:5]
    return digits.zfill(5) if 4 <= len(digits) <= 5 else ""


def postal_and_city(text: str) -> tuple[str, str]:
    """« 33000 BORDEAUX » or « BORDEAUX (33000) »."""
    if match := re.match(r"^\s*(?:F-?)?(\d{2} ?\d{2,3})\s*[-,]?\s*(\D.*)$", text):
        return postal_code(match[1]), match[2].strip()
    if match := re.match(r"^\s*(\D+?)\s*[-,(]?\s*(\d{2} ?\d{3})\)?\s*$", text):
        return postal_code(match[2]), match[1].strip(" ,-(")
    return "", text


@lru_cache(maxsize=20_000)
def city(text: str) -> str:
    """The town without its CEDEX."""
    return re.sub(r"\s*\b(?:CEDEX|CX)\b.*$", "", text, flags=re.IGNORECASE).strip(" ,-")


def without_department(text: str) -> str:
    """« Bordeaux (33) » → « Bordeaux »."""
    return _DEPARTMENT.sub("", text) if text.endswith(")") else text


# Yes and no, languages, dates ---------------------------------------------------------------------------

_YES = frozenset(("OUI", "O", "YES", "Y", "1", "X", "VRAI", "TRUE", "V"))
_NO = frozenset(("NON", "N", "NO", "0", "FAUX", "FALSE", "F", "AUCUN", "AUCUNE", "RAS", "NEANT", "NC"))


def is_yes(text: str) -> bool:
    return fold(text).strip(" .") in _YES


def is_no(text: str) -> bool:
    """A plain no: « Non renseigné » and « NC » are none."""
    return fold(text).strip(" .") in ("NON", "N", "NO", "0", "FAUX", "FALSE", "NON PRESENT", "NON PRESENTE")


def yes_no(text: str) -> bool | None:
    folded = fold(text).strip(" .")
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    if folded.startswith(("SEUL", "ISOLE", "FRAGILE", "VULNERABLE")):
        return True
    return False if folded.startswith(("COUPLE", "FAMILLE", "PAS ", "NON ")) else None


def marked(text: str) -> bool | None:
    """A mark, whatever it is, says yes; a no says nothing: what is known stays."""
    return None if yes_no(text) is False else True


def in_words(value: Any) -> str:
    """What is kept, as the preview writes it."""
    return {True: "oui", False: "non", None: ""}.get(value, str(value)) if not isinstance(value, str) else value


@lru_cache(maxsize=500)
def is_child(role: str) -> bool:
    """Somebody said to be a child: « 24 » may be their year of birth."""
    return bool(
        re.match(
            r"^(?:ENFANT|FILS|FILLE|PETITE?S? ?-?(?:ENFANT|FILS|FILLE)|MINEURE?|A CHARGE|PERSONNE A CHARGE|NOUVEAU)",
            fold(role).strip(),
        )
    )


_LANGUAGES = {
    "ANGLAIS": "en", "ESPAGNOL": "es", "PORTUGAIS": "pt", "ARABE": "ar", "TURC": "tr", "ITALIEN": "it",
    "ALLEMAND": "de",
    "RUSSE": "ru", "POLONAIS": "pl", "ROUMAIN": "ro", "CHINOIS": "zh", "MANDARIN": "zh", "VIETNAMIEN": "vi",
    "TAMOUL": "ta",
    "BERBERE": "ber", "KABYLE": "kab", "WOLOF": "wo", "BAMBARA": "bm", "SONINKE": "snk", "PEUL": "ff", "CREOLE": "crp",
    "SERBE": "sr", "CROATE": "hr", "ALBANAIS": "sq", "BULGARE": "bg", "GREC": "el", "NEERLANDAIS": "nl", "BASQUE": "eu",
    "OCCITAN": "oc", "BRETON": "br", "CATALAN": "ca", "CORSE": "co", "LSF": "fsl", "LANGUE DES SIGNES": "fsl",
    "GEORGIEN": "ka",
    "ARMENIEN": "hy", "PERSAN": "fa", "DARI": "fa", "PACHTO": "ps", "OURDOU": "ur", "HINDI": "hi", "BENGALI": "bn",
    "UKRAINIEN": "uk", "KHMER": "km", "LAO": "lo", "JAPONAIS": "ja", "COMORIEN": "zdj", "SHIMAORE": "swb",
    "MALGACHE": "mg",
}  # fmt: skip


def is_french(text: str) -> bool:
    return fold(text).strip().startswith(("FR", "NC", "NEANT"))


@lru_cache(maxsize=500)
def language(text: str) -> str:
    """A code for a language that is not French; empty for French and for what is not known."""
    folded = fold(text).strip()
    if folded in _LANGUAGES:
        return _LANGUAGES[folded]
    for known, code in _LANGUAGES.items():
        if folded.startswith(known):
            return code
    return folded.lower() if folded.lower() in _LANGUAGES.values() else ""


def other_language(text: str) -> str | None:
    """A code; empty for French, None for what is not known."""
    return language(text) or ("" if is_french(text) else None)


def language_name(code: str) -> str:
    """« pt » → « portugais »."""
    return next((name.lower() for name, known in _LANGUAGES.items() if known == code), code)


def any_date(value: Any, today: date) -> date | None:
    """A date that may lie in the future (an exit, a death); of a year alone, its last day."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2})\s*", value)):
        century = 2000 if int(match[3]) <= today.year % 100 + 20 else 1900
        value = f"{match[1]}/{match[2]}/{century + int(match[3])}"
    if "9999" in str(value):
        return date(9999, 12, 31)
    read = births.parse(value, today=today.replace(year=today.year + 60, day=1))
    return read.day.replace(month=12, day=31) if read.day and read.precision == births.YEAR else read.day
