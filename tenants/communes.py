"""The official communes: lookup by postal code and name; department, time zone, public-holiday region.

The data are a trimmed copy of the official division of the territory (see ``data/README.md``), read once
per process. A commune is only ever given when exactly one fits: a wrong town hall is worse than none.
"""

from __future__ import annotations

import difflib
import gzip
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from solidarites.searching import fold

DATA = Path(__file__).parent / "data" / "communes.tsv.gz"

PARIS = "Europe/Paris"
_ZONES = {
    "971": "America/Guadeloupe",
    "972": "America/Martinique",
    "973": "America/Cayenne",
    "974": "Indian/Reunion",
    "975": "America/Miquelon",
    "976": "Indian/Mayotte",
    "977": "America/St_Barthelemy",
    "978": "America/Marigot",
    "984": "Indian/Kerguelen",
    "986": "Pacific/Wallis",
    "987": "Pacific/Tahiti",
    "988": "Pacific/Noumea",
}
# Subdivisions of `holidays.France`; departments not named here follow the national calendar.
_HOLIDAYS = {
    "57": "57",
    "67": "6AE",
    "68": "6AE",
    "971": "971",
    "972": "972",
    "973": "973",
    "974": "974",
    "975": "PM",
    "976": "976",
    "977": "BL",
    "978": "MF",
    "984": "TF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}
# Regions of `phonenumbers`: overseas numbers are written without their prefix in local lists.
_PHONES = {
    "971": "GP",
    "972": "MQ",
    "973": "GF",
    "974": "RE",
    "975": "PM",
    "976": "YT",
    "977": "BL",
    "978": "MF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}


@dataclass(frozen=True, slots=True)
class Commune:
    code: str
    name: str
    postal_codes: tuple[str, ...]
    department: str
    region: str
    epci: str
    epci_name: str
    population: int
    # Communes merged into this one, which letters still name.
    former_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """``exact`` is False when the name or the postal code had to be stretched to find the commune."""

    commune: Commune
    exact: bool


@cache
def _by_code() -> dict[str, Commune]:
    communes: dict[str, Commune] = {}
    with gzip.open(DATA, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            code, name, postal, department, region, epci, epci_name, population, former = line.rstrip("\n").split("\t")
            communes[code] = Commune(
                code,
                name,
                tuple(postal.split()),
                department,
                region,
                epci,
                epci_name,
                int(population or 0),
                tuple(former.split("|")) if former else (),
            )
    return communes


@cache
def _by_postal_code() -> dict[str, tuple[Commune, ...]]:
    index: dict[str, list[Commune]] = {}
    for commune in _by_code().values():
        for postal in commune.postal_codes:
            index.setdefault(postal, []).append(commune)
    return {postal: tuple(communes) for postal, communes in index.items()}


@cache
def _by_department() -> dict[str, tuple[Commune, ...]]:
    index: dict[str, list[Commune]] = {}
    for commune in _by_code().values():
        index.setdefault(commune.department, []).append(commune)
    return {department: tuple(communes) for department, communes in index.items()}


def get(code: str) -> Commune | None:
    """The commune of this INSEE code."""
    return _by_code().get(code)


def of_postal_code(postal_code: str) -> tuple[Commune, ...]:
    return _by_postal_code().get(postal_code, ())


def of_department(department: str) -> tuple[Commune, ...]:
    return _by_department().get(department, ())


def all_communes() -> Iterable[Commune]:
    return _by_code().values()


# Names ----------------------------------------------------------------------------------------------

_CEDEX = re.compile(r"\bCEDEX\b.*$")
_ARTICLE_AFTER = re.compile(r"^(.*\S)\s*\((LE|LA|LES|L)\s*\)$")
_DISTRICT = re.compile(r"^(PARIS|LYON|MARSEILLE)\s+(?:\d{1,2}|[IVX]+)\s*(?:E|ER|EME|ERE|ND|E ME)?(?:\s+ARR\w*)?$")
_WORDS = {"ST": "SAINT", "STE": "SAINTE", "STS": "SAINTS", "STES": "SAINTES", "S": "SUR", "LEZ": "LES", "CX": "CEDEX"}


def has_cedex(name: str) -> bool:
    return bool(re.search(r"\b(CEDEX|CX)\b", fold(name)))


@lru_cache(maxsize=50_000)
def normalise(name: str) -> str:
    """« ST-MEDARD S/ JALLES CEDEX 2 » → « SAINT MEDARD SUR JALLES »."""
    text = fold(name).replace("’", "'")
    if match := _ARTICLE_AFTER.match(text.strip()):
        text = f"{match[2]} {match[1]}"
    text = re.sub(r"\bS/S\b", "SOUS", text)
    text = re.sub(r"/", " SUR " if re.search(r"\bS/", text) else " ", re.sub(r"\bS/", "S ", text))
    text = " ".join(_WORDS.get(word, word) for word in re.split(r"[^A-Z0-9]+", text) if word)
    text = _CEDEX.sub("", text).strip()
    if match := _DISTRICT.match(text):
        text = match[1]
    return text


def _names(commune: Commune) -> tuple[str, ...]:
    return (normalise(commune.name), *(normalise(name) for name in commune.former_names))


_SMALL = frozenset(["LE", "LA", "LES", "L", "DE", "DU", "DES", "D", "EN", "SUR", "ET", "A", "AUX", "AU"])


def _core(name: str) -> str:
    return "".join(word for word in name.split() if word not in _SMALL)


def _only(communes: Iterable[Commune]) -> Commune | None:
    found = {commune.code: commune for commune in communes}
    return next(iter(found.values())) if len(found) == 1 else None


def _exactly(name: str, communes: tuple[Commune, ...]) -> Commune | None:
    """The one commune of this name; a commune of today wins over one that was merged."""
    return _only(c for c in communes if normalise(c.name) == name) or _only(c for c in communes if name in _names(c))


def _begins(one: str, other: str) -> bool:
    return f"{one} ".startswith(f"{other} ") or f"{other} ".startswith(f"{one} ")


def _nearly(name: str, communes: tuple[Commune, ...]) -> Commune | None:
    """Small words left out, words stuck together, names cut short, one letter wrong: if one commune fits."""
    core = _core(name)
    if len(core) < 3:
        return None
    if found := _only(c for c in communes if any(_core(n) == core for n in _names(c))):
        return found
    if len(name) >= 10 and (found := _only(c for c in communes if any(n.startswith(name) for n in _names(c)))):
        return found
    # « BORDEAUX CAUDERAN », « BOULOGNE »: one name is the beginning of the other.
    if len(name) >= 4 and (found := _only(c for c in communes if any(_begins(n, name) for n in _names(c)))):
        return found
    close = [
        c for c in communes if any(difflib.SequenceMatcher(None, _core(n), core).ratio() >= 0.9 for n in _names(c))
    ]
    return _only(close)


@lru_cache(maxsize=50_000)
def find(postal_code: str, city: str) -> Found | None:
    """The commune of an address, or None when none or several fit.

    In the communes of the postal code first (``exact``, unless the name had to be stretched); then, for a
    CEDEX or mistaken postal code, by the very name within the department; without a postal code, by a name
    that only one commune of France bears.
    """
    name = normalise(city)
    if not name:
        return None
    here = of_postal_code(postal_code)
    if found := _exactly(name, here):
        return Found(found, exact=True)
    if found := _nearly(name, here):
        return Found(found, exact=False)
    if postal_code:
        around = of_department(department_of_postal_code(postal_code))
        if found := _exactly(name, around):
            return Found(found, exact=has_cedex(city))
        return None
    if found := _exactly(name, tuple(_by_code().values())):
        return Found(found, exact=False)
    return None


# Department, zone, holidays, phones ------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def department_of_postal_code(postal_code: str) -> str:
    """« 33000 » → « 33 », « 20200 » → « 2B », « 97133 » → « 977 »; empty when it is none of France."""
    if here := of_postal_code(postal_code):
        counts: dict[str, int] = {}
        for commune in here:
            counts[commune.department] = counts.get(commune.department, 0) + commune.population + 1
        return max(counts, key=lambda department: counts[department])
    if not re.fullmatch(r"\d{5}", postal_code):
        return ""
    if postal_code.startswith("20"):
        department = "2A" if postal_code[2] in "01" else "2B"
    elif postal_code[:2] in ("97", "98"):
        department = postal_code[:3]
    else:
        department = postal_code[:2]
    return department if department in _by_department() else ""


def department_of(insee_or_postal: str) -> str:
    """The department of a commune's INSEE code, else of a postal code; empty when unknown."""
    commune = get(insee_or_postal)
    return commune.department if commune else department_of_postal_code(insee_or_postal)


def zone_of(department: str) -> str:
    """The IANA time zone people of this department live by."""
    return _ZONES.get(department, PARIS)


def holiday_region(department: str) -> str | None:
    """The ``subdiv`` of ``holidays.France``; None for the national calendar."""
    return _HOLIDAYS.get(department)


def phone_region(department: str) -> str:
    """The region by which ``phonenumbers`` reads a number written locally."""
    return _PHONES.get(department, "FR")
