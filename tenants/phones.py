"""A cell of a list → numbers with labels.

A number is kept when it can be a real person's: valid for one of the French regions (the household's own
first) or abroad, neither premium nor free-phone, not a filler such as 0600000000. What a cell says besides
the number is its label; a label that names somebody else makes it a third party's number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from solidarites.searching import fold

REGIONS = ("FR", "GP", "MQ", "GF", "RE", "YT", "PM", "BL", "MF", "WF", "PF", "NC")
CALLABLE_TYPES = frozenset(
    (
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    )
)
# Reserved by the regulator for fiction, given to nobody: tests and the demonstration use them.
FICTION = ("19900", "26191", "35301", "46571", "53649", "63998")

_EMPTY = frozenset(
    (
        "",
        "NC",
        "N C",
        "NEANT",
        "NON",
        "NON COMMUNIQUE",
        "NON RENSEIGNE",
        "NON CONNU",
        "NR",
        "N R",
        "ND",
        "N D",
        "NA",
        "N A",
        "NSP",
        "AUCUN",
        "AUCUN NUMERO",
        "SANS",
        "SANS TELEPHONE",
        "PAS DE TELEPHONE",
        "PAS DE TEL",
        "PAS DE NUMERO",
        "INCONNU",
        "INCONNUE",
        "VIDE",
        "RAS",
        "X",
        "XX",
        "XXX",
        "NULL",
        "NONE",
        "NAN",
        "LR",
        "LISTE ROUGE",
        "A COMPLETER",
        "A RENSEIGNER",
    )
)
_THIRD = re.compile(
    r"\b(FILS|FILLES?|BEAU FILS|BELLE FILLE|BEAU FRERE|BELLE SOEUR|GENDRE|BRU|ENFANTS?|PETITE? FIL(?:S|LE)|VOISINE?S?"
    r"|SOEURS?|FRERES?|NEVEUX?|NIECES?|COUSINE?S?|AMIE?S?|TUT(?:EUR|RICE|ELLE)|CURAT(?:EUR|RICE|ELLE)|MANDATAIRE|UDAF"
    r"|GARDIENN?E?|CONCIERGE|AIDANTE?|AIDE(?: A)? DOMICILE|AIDE MENAGERE|AUXILIAIRE|INFIRMI(?:ER|ERE)|MEDECIN|DOCTEUR"
    r"|ASSISTANTE? SOCIALE?|PARENTS?|MERE|PERE|MAMAN|PAPA|FAMILLE|PROCHE|URGENCE|TIERS|CONTACT|PERSONNE DE CONFIANCE"
    r"|PETITS ENFANTS|ONCLE|TANTE|MARRAINE|PARRAIN|CHEZ)\b"
)
# Words that say what every number is: no label.
_NOISE = re.compile(
    r"\b(TELEPHONES?|TELS?|TPH|TLF|PHONE|PORT(?:ABLE)?S?|MOBILES?|MOB|GSM|CELL?|FIXES?|DOM(?:ICILE)?|NUMEROS?|NUM|NO|N°|N"
    r"|PERSO(?:NNEL)?|PRINCIPAL|WHATSAPP|SMS|OU|ET|PUIS|SINON)\b\.?",
)
_WRONG = re.compile(
    r"\b(?:FAUX|MAUVAIS|ANCIEN (?:NUMERO|NUM|NO|N|TEL)|ANCIENNE LIGNE|ERRONEE?|INVALIDE|OBSOLETE"
    r"|PERIMEE?|HORS SERVICE|HS|NUMERO RESILIEE?|LIGNE (?:COUPEE|RESILIEE|SUSPENDUE)"
    r"|(?:NON|PLUS|PAS) ATTRIBUEE?|N EXISTE PLUS|NE FONCTIONNE (?:PAS|PLUS)|PAS (?:LE )?BON|PAS VALIDE|INCORRECT)\b"
)
_NO_CALL = re.compile(
    r"\b(?:NE (?:PAS|PLUS)|PLUS|SOUHAITE (?:PAS|PLUS)|VEUT (?:PAS|PLUS)|DESIRE (?:PAS|PLUS)|REFUSE)"
    r"(?: (?:JAMAIS|ETRE|L|LA|LE|LES|D))*"
    r" (?:APPELE[RE]?E?S?|RAPPELE[RE]?E?S?|APPELS?|CONTACTE[RE]?E?S?|CONTACTS?|JOINDRE"
    r"|DERANGE[RE]?E?S?|DEMARCHE[RE]?E?S?|COMPOSER|UTILISER"
    r"|TELEPHONER)\b(?! (?:(?:LE |LA |LES |L |PAR )?(?:MATINS?|SOIRS?|MIDI|NUIT|WEEK"
    r"|LUNDI|MARDI|MERCREDI|JEUDI|VENDREDI|SAMEDI|DIMANCHE"
    r"|APRES|FIXE|PORTABLE|AVANT|ENTRE|PENDANT|TROP|SUR|DE|DU|AU|TARD|TOT|AUJOURD|SAUF|QUE|SANS|JUSQU|TANT)\b"
    r"|CE (?:SOIR|MATIN)|A PARTIR"
    r"|A \d|EN CAS|EN JOURNEE|\d))"
    r"|^(?:NPC|NPA|NPPC)$"
)
# An hour, « 18h30 », is no part of a number; « 1) » and « tél. 2 » say which number it is.
_HOUR = re.compile(r"(?<!\d)\d{1,2}\s?(?:[hH](?:\d{2}(?!\d)|\s\d{2}(?!\s?\d))?(?![a-zà-ÿ])|:\d{2}(?!\d))")
_NEXT = r"(?=(?:\+|0|\(\s*0|33|2?62|59\d)\s?[\d(])"
_COUNTED = re.compile(
    rf"(?:(?<!\d)[1-9]\s?(?:\)|°\)?)\s*[:-]?|(?<=\s)[1-9]\s?/|(?:^|(?<=[;,/\n]))\s*[1-9]\s?[.:/–-]\s*(?!\d\d[ .]\d\d$)"
    rf"|\b(?:t[ée]l(?:[ée]phone)?s?|port(?:able)?|mob(?:ile)?|fixe|num[ée]ro|gsm|no|n)\b[.°]?\s*[1-9]\s*[:.)-]?(?!\d))\s*{_NEXT}",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(r"\(\s*[1-9]\s*\)(?!\s*\d\d(?:[ .]?\d\d){3}(?![ .]?\d\d))")
_FIRST = re.compile(r"\b(PRINCIPAL|PREFERE|PRIVILEGIER|PRIORITAIRE|EN PREMIER)\b")


@dataclass(frozen=True, slots=True)
class Phone:
    e164: str
    label: str = ""
    third_party: bool = False
    preferred: bool = False
    # Why the list says that it is not to be dialled, in its words.
    barred: str = ""
    # It is its owner who is not to be called, the number may be right.
    no_call: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell holds: the numbers in their order, and what looked like one and is not a person's."""

    phones: tuple[Phone, ...] = ()
    rejected: tuple[str, ...] = ()


# One number ------------------------------------------------------------------------------------------


@cache
def _patterns(region: str) -> tuple[int, re.Pattern[str], re.Pattern[str]]:
    """Country code; national numbers that a person may have; those that nobody has (premium, free-phone)."""
    data = PhoneMetadata.metadata_for_region(region)
    if data is None or data.country_code is None:
        raise LookupError(region)  # never for the regions of departments.py
    kept = (data.fixed_line, data.mobile, data.voip, data.personal_number)
    dropped = (data.premium_rate, data.toll_free, data.shared_cost, data.uan, data.pager, data.voicemail)

    def either(descriptions: tuple[object, ...]) -> re.Pattern[str]:
        found = [getattr(d, "national_number_pattern", None) for d in descriptions]
        return re.compile("|".join(f"(?:{pattern})" for pattern in found if pattern) or r"(?!)")

    return data.country_code, either(kept), either(dropped)


def _is_filler(national: str) -> bool:
    """0600000000, 0611111111, 0612345678, 0123456789, 0606060606: typed to fill a compulsory field."""
    if len(set(national)) == 1 or len(set(national[1:])) == 1:
        return True
    if national[1:] in "01234567890" or national in "01234567890" or national in "09876543210":
        return True
    padded = "0" + national
    return len(national) == 9 and (len({padded[i : i + 2] for i in range(0, 10, 2)}) == 1 or padded == "0102030405")


@lru_cache(maxsize=20_000)
def e164(digits: str, region: str = "FR") -> str | None:
    """The E.164 form of one number, or None when it cannot be a real person's.

    ``digits`` may start with « + » or « 00 »; a leading zero lost by a spreadsheet comes back. The region's
    own reading comes first, then metropolitan France's, then the other overseas regions'.
    """
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return _international(digits, region)
    national = digits[1:] if digits.startswith("0") else digits
    if _is_filler(national):
        return None
    if overseas := _with_its_code(digits, region):
        return overseas
    if len(national) == 9 and (given := _overseas_code(national)):
        return f"+{given}{national}"
    for candidate in dict.fromkeys((region, *REGIONS)):
        code, kept, dropped = _patterns(candidate)
        # Where numbers have no trunk zero (New Caledonia, Polynesia…) a leading zero is another country's.
        if digits.startswith("0") and candidate in ("PM", "WF", "PF", "NC") and len(digits) == 10:
            continue
        # Six-digit numbers are only read where the household lives.
        if len(national) < 9 and candidate != region:
            continue
        if candidate == "FR" and len(national) == 9 and national.startswith(FICTION):
            return f"+33{national}"
        if dropped.fullmatch(national):
            return None
        if kept.fullmatch(national):
            return f"+{code}{national}"
    if len(digits) == 11 and digits.startswith("33"):
        return e164("+" + digits, region)
    return None


# Country codes that a list may write without « + » or « 00 ».
_OVERSEAS = {"262": "RE", "590": "GP", "594": "GF", "596": "MQ", "687": "NC", "689": "PF", "508": "PM", "681": "WF"}


# Of nine digits, by the first three: the regulator gives them to one territory each.
PREFIXES = {
    "262": "262", "269": "262", "639": "262", "692": "262", "693": "262", "590": "590", "690": "590", "691": "590",
    "594": "594",
    "694": "594", "596": "596", "696": "596", "697": "596",
}  # fmt: skip


def _overseas_code(national: str) -> str:
    """The country code of nine digits given overseas; empty for the others, and for those of fiction."""
    return "" if national.startswith(FICTION) else PREFIXES.get(national[:3], "")


def _with_its_code(digits: str, region: str) -> str | None:
    """« 262692123457 » → « +262692123457 »; nine digits are read so only where the household lives: 0687… is French."""
    home = _OVERSEAS.get(digits[:3])
    if home is None or (len(digits) < 11 and region != home):
        return None
    return _international("+" + digits, region)


def _international(digits: str, region: str) -> str | None:
    if digits.startswith("+330"):
        digits = "+33" + digits[4:]
    if digits.startswith("+33"):
        return e164("0" + digits[3:], "FR") if len(digits) == 12 else None
    for candidate in REGIONS[1:]:
        code, kept, dropped = _patterns(candidate)
        prefix = f"+{code}"
        if digits.startswith(prefix):
            national = digits[len(prefix) :].removeprefix("0")
            if len(national) == 9 and _overseas_code(national) == str(code) and not _is_filler(national):
                return f"{prefix}{national}"
            if kept.fullmatch(national) and not dropped.fullmatch(national) and not _is_filler(national):
                return f"{prefix}{national}"
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in CALLABLE_TYPES:
        return None
    if _is_filler(str(number.national_number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


# One cell --------------------------------------------------------------------------------------------

_HARD = re.compile(r"[;,|\n\r\t]+|\s[-–]\s|(?<=\d)\s*/\s*(?=[+\d(])|\s+(?:ou|et)\s+|\s*&\s*", re.IGNORECASE)
_RUN = re.compile(r"(?:\+|\()?\d(?:[\d\s.\-–_/·]|\(\d|\d\)|(?<=\d)\))*")
_TRUNK = re.compile(r"\(\s*0\s*\)")
_SIMPLE = re.compile(r"0[1-9](?:[ .]?\d\d){4}")
_PARTS = re.compile(r"(?:(?:\+|00)33\s?0?[1-9](?:\d{8}))|(?:0[1-9]\d{8})")
_SCIENTIFIC = re.compile(r"\d[.,](\d+)[eE]\+?(\d{1,2})")
_PARTS_ONLY = re.compile(rf"(?:{_PARTS.pattern})+")
_LONG = 400


@lru_cache(maxsize=50_000)
def parse_cell(text: str, region: str = "FR") -> Cell:
    """« 0556…(fils) / 06 98… » → two phones. Every number comes once; what cannot be a number is said."""
    text = text.strip()
    if _SIMPLE.fullmatch(text):
        number = e164(re.sub(r"[ .]", "", text), region)
        return Cell((Phone(number),)) if number else Cell(rejected=(text,))
    if (short := _SCIENTIFIC.fullmatch(text)) and len(short[1]) < int(short[2]) - 2:
        return Cell(rejected=(text[:60],))  # 6,32E+08: the spreadsheet has lost the digits
    text = _clean(text)
    if _is_empty(text):
        return Cell()
    text = _HOUR.sub(lambda hour: hour[0].translate(_HIDE), text)
    text = _COUNTED_AFTER.sub(";", _COUNTED.sub(";", text))
    whole = _NO_CALL.search(_plain(re.split(r"[\d+]", text, maxsplit=1)[0]))
    phones: dict[str, Phone] = {}
    rejected: list[str] = []
    for piece in _pieces(text[:_LONG]):
        for phone, wrong in _read_piece(piece, region):
            if wrong:
                rejected.append(wrong)
            elif phone and phone.e164 not in phones:
                phones[phone.e164] = phone
            elif phone and phone.barred:
                phones[phone.e164] = replace(phones[phone.e164], barred=phone.barred, no_call=phone.no_call)
    if whole:
        said = re.split(r"[\d+]", text, maxsplit=1)[0].strip(" :;,(-")[:60]
        phones = {key: replace(one, barred=said, no_call=True) for key, one in phones.items()}
    return Cell(tuple(phones.values()), tuple(rejected))


# An hour's digits while the numbers are looked for.
_HIDE = {ord(str(digit)): 0xE000 + digit for digit in range(10)}
_SHOW = {0xE000 + digit: str(digit) for digit in range(10)}


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[A-Z0-9]+", fold(text.replace("\u2019", " ").replace("'", " "))))


@lru_cache(maxsize=5_000)
def says_no_call(text: str) -> bool:
    """« Ne souhaite plus être appelé », « ne pas contacter »; « ne pas appeler le matin » is an hour, no refusal."""
    return bool(_NO_CALL.search(_plain(text)))


def _clean(text: str) -> str:
    text = text.replace("\u2011", "-").replace("\ufeff", "").replace("\u200b", "")
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    text = text.lstrip("'").strip()
    # A number that went through a spreadsheet: 632322183.0, 6,32322183E+08.
    if re.fullmatch(r"\d+[.,]0+", text):
        text = re.split(r"[.,]", text)[0]
    elif re.fullmatch(r"\d[.,]\d+[eE]\+?\d{1,2}", text):
        value = float(text.replace(",", "."))
        text = str(round(value)) if value < 1e15 else text
    return _TRUNK.sub("", text)


def _is_empty(text: str) -> bool:
    folded = " ".join(re.findall(r"[A-Z0-9]+", fold(text)))
    return folded in _EMPTY or (set(folded) <= {"0", " "} and len(folded) < 6)


def _digits(run: str) -> str:
    return ("+" if run.lstrip(" (").startswith("+") else "") + re.sub(r"\D", "", run)


def _is_one(digits: str) -> bool:
    return bool(re.fullmatch(r"0?[1-9]\d{8}|33[1-9]\d{8}|(?:\+|00)330?[1-9]\d{8}", digits))


def _pieces(text: str) -> list[str]:
    """Cut at hard separators, unless what they separate are the pairs of one number (05/56/12/34/56)."""
    if _is_one(_digits(re.sub(r"[^\d+]", "", text))) and not re.search(r"[A-Za-zÀ-ÿ]{2}", text):
        return [re.sub(r"[^\d+()]+", " ", text)]
    return [piece for piece in _HARD.split(text) if piece and piece.strip()]


def _split_run(run: str, region: str) -> list[str]:
    """The numbers of one run of digits: one, several stuck together, or several spaced apart."""
    digits = _digits(run)
    if _is_one(digits) or e164(digits, region):
        return [digits]
    if _PARTS_ONLY.fullmatch(digits):
        return _PARTS.findall(digits)
    groups = [_digits(group) for group in run.split()]
    if len(groups) > 1 and all(len(group) >= 6 for group in groups):
        return groups
    if found := re.fullmatch(r"((?:\+|00)\d{6,})((?:\+|00)\d{6,})", digits):
        return [found[1], found[2]]
    return [digits]


def _read_piece(piece: str, region: str) -> list[tuple[Phone | None, str]]:
    runs = [match for match in _RUN.finditer(piece) if len(re.sub(r"\D", "", match.group())) >= 1]
    words = bool(re.search(r"[A-Za-zÀ-ÿ]{2}", piece))
    long_runs = [run for run in runs if len(re.sub(r"\D", "", run.group())) >= 6]
    if not long_runs:
        # « poste 12 », « après 14h » say something else; a bare « 12345 » pretends to be a number.
        return [] if words or not runs or _is_empty(piece) else [(None, piece.strip()[:60])]
    found: list[tuple[Phone | None, str]] = []
    for index, run in enumerate(long_runs):
        start = long_runs[index - 1].end() if index else 0
        end = long_runs[index + 1].start() if index + 1 < len(long_runs) else len(piece)
        before, after = piece[start : run.start()], piece[run.end() : end]
        # Between two numbers, words belong to the number before them unless they end with a colon.
        if index and not before.rstrip().endswith(":"):
            before = ""
        if index + 1 < len(long_runs) and after.rstrip().endswith(":"):
            after = ""
        said = f"{before} {after}"
        label, third, preferred = read_label(said)
        barred, no_call = _barred(said)
        for digits in _split_run(run.group(), region):
            number = e164(digits, region)
            if number:
                found.append((Phone(number, label, third, preferred, barred, no_call), ""))
            else:
                found.append((None, run.group().strip()[:60]))
    return found


@lru_cache(maxsize=5_000)
def _barred(text: str) -> tuple[str, bool]:
    """The words by which a number is said not to be dialled, and whether they are about its owner."""
    folded = _plain(text)
    if not folded:
        return "", False
    no_call = bool(_NO_CALL.search(folded))
    if no_call or _WRONG.search(folded):
        return " ".join(text.translate(_SHOW).split()).strip(" ():;,.-–/")[:60], no_call
    return "", False


@lru_cache(maxsize=5_000)
def read_label(text: str) -> tuple[str, bool, bool]:
    """What is said of a number: its label, whether it is a third party's, whether it comes first."""
    folded = re.sub(r"[^A-Z0-9°]+", " ", fold(text)).strip()
    third = bool(_THIRD.search(folded))
    preferred = bool(_FIRST.search(folded))
    words = " ".join(re.sub(r"[():\[\],;=\"<>{}*]+", " ", text.translate(_SHOW)).split()).strip(" .-–/+'")
    if folded in ("LR", "LISTE ROUGE"):
        words = "liste rouge"
    kept = " ".join(word for word in words.split() if not _NOISE.fullmatch(fold(word).strip(".:")))
    return kept[:60].strip(" .-–/"), third, preferred
