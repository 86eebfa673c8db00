"""A postal address as lists write it → its parts, and the digest by which two addresses are the same."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from solidarites.searching import fold

_BUILDING = re.compile(
    r"^(?:BAT(?:IMENT)?|IMM(?:EUBLE)?|ENT(?:REE)?|TOUR|BLOC|ESC(?:ALIER)?|HALL|CAGE|RESIDENCE|RES|VILLA|PAVILLON|PAV)\b"
)
_DOOR = re.compile(
    r"^(?:APP?T?S?|APPART(?:EMENT)?|PORTE|PTE|ETAGE|ETG|LOGEMENT|LOGT|LGT|RDC|REZ DE CHAUSSEE|NIVEAU|CHAMBRE|STUDIO"
    r"|\d+(?:ER|E|EME|ND)? ETAGE)\b"
)
_TOWN = re.compile(
    r"^(.*?)[\s,]*\b(?:F-?)?(\d{2}\s?\d{3})\s+([^\d,][^\d]*?)(?:\s+(?:CEDEX.*)?)?$", re.IGNORECASE | re.DOTALL
)
# Ways of writing the same street: the digest knows one.
_STREET = {
    "AV": "AVENUE", "AVE": "AVENUE", "BD": "BOULEVARD", "BLD": "BOULEVARD", "BLVD": "BOULEVARD", "BVD": "BOULEVARD",
    "R": "RUE", "PL": "PLACE", "ALL": "ALLEE", "ALLEES": "ALLEE", "CHE": "CHEMIN", "CHEM": "CHEMIN", "CH": "CHEMIN",
    "IMP": "IMPASSE", "RTE": "ROUTE", "SQ": "SQUARE", "CRS": "COURS", "QU": "QUAI", "RES": "RESIDENCE",
    "LOT": "LOTISSEMENT",
    "ST": "SAINT", "STE": "SAINTE", "DR": "DOCTEUR", "GAL": "GENERAL", "MAL": "MARECHAL", "PDT": "PRESIDENT",
    "B": "BIS", "T": "TER", "APPT": "APT", "APPARTEMENT": "APT", "APP": "APT", "BATIMENT": "BAT", "ESCALIER": "ESC",
    "IMMEUBLE": "IMM", "ENTREE": "ENT", "PTE": "PORTE", "ETG": "ETAGE",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def split_address(text: str) -> tuple[str, str, str]:
    """« 89 place Tessier, Bât. B, apt 12 » → street, building, door."""
    street: list[str] = []
    building: list[str] = []
    door: list[str] = []
    for part in re.split(r"[\n\r;]+|,\s*|\s+-\s+", text):
        part = " ".join(part.split())
        if not part:
            continue
        words = " ".join(re.findall(r"[A-Z0-9]+", fold(part)))
        if street and _DOOR.match(words):
            door.append(part)
        elif (
            _BUILDING.match(words)
            and (street or not re.search(r"\d", words.split(" ", 1)[0]))
            and (street or len(words) < 40)
        ):
            building.append(part)
        elif not street and _DOOR.match(words):
            door.append(part)
        else:
            street.append(part)
    if not street and building:
        street, building = building, []
    return " ".join(street), ", ".join(building), ", ".join(door)


def split_town(text: str) -> tuple[str, str, str] | None:
    """« 12 rue X 33000 BORDEAUX » → (street, postal code, city); None when no town ends it."""
    match = _TOWN.match(text.strip())
    if not match:
        return None
    return match[1].strip(" ,-\n"), match[2].replace(" ", ""), match[3].strip(" ,-")


@lru_cache(maxsize=20_000)
def _folded(text: str) -> str:
    words = re.findall(r"[A-Z]+|\d+", fold(text))
    return " ".join(
        _STREET.get(word, word) for word in words if word not in ("DE", "DU", "DES", "LA", "LE", "LES", "L", "D")
    )


def match_key(street: str, building: str, door: str, postal_code: str, city: str) -> str:
    """The digest of an address; empty when there is too little of it to tell two apart."""
    if not street or not (postal_code or city):
        return ""
    where = postal_code or _folded(city)
    # One run of words: « 1 rue du Port, Bât. A » in one column or in two is one address.
    text = " ".join(part for part in (_folded(street), _folded(building), _folded(door)) if part) + f"|{where}"
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def keep_unsaid(address: dict[str, str], known: dict[str, str]) -> bool:
    """Fill the empty cells of ``address`` with what is known; whether the town is the known one.

    The town stays where the list names none or the same; the street, building and door stay with it, unless a street
    or a building is named that is another: then it is another door.
    """
    by_code = address["postal_code"] and known["postal_code"]
    if not _agree(address, known, "postal_code" if by_code else "city"):
        return False
    _fill(address, known, "postal_code", "city")
    town = (address["postal_code"], address["city"])
    streets = [match_key(street, "", "", *town) for street in (address["street"], known["street"])]
    if not address["street"] or streets[0] == streets[1]:
        _fill(address, known, "street")
        if _agree(address, known, "building"):
            _fill(address, known, "building", "door")
    return True


def _agree(address: dict[str, str], known: dict[str, str], name: str) -> bool:
    return not (address[name] and known[name]) or _folded(address[name]) == _folded(known[name])


def _fill(address: dict[str, str], known: dict[str, str], *names: str) -> None:
    for name in names:
        address[name] = address[name] or known[name]
