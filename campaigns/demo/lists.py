"""Landlords' lists of invented households, as their systems would export them."""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

from campaigns.demo import names, places
from solidarites.models import User
from tenants.imports.at_once import Result, import_list
from tenants.models import Landlord

HEADINGS = (
    "N° locataire", "Réf. logement", "Civilité", "Nom", "Prénom", "Date de naissance", "Téléphone", "Tél. fille",
    "Adresse", "Code postal", "Commune", "Agence", "Code résidence", "Nom résidence", "Vit seul", "Langue", "À savoir",
)  # fmt: skip
NOTES = ("Entend mal, parler fort", "Préfère l'après-midi", "Laisser sonner longtemps", "Appeler après 10 h")


@dataclass(frozen=True)
class Wanted:
    """How many households of each sort a list must hold."""

    with_number: int
    without_number: int = 0
    younger: int = 0  # nobody has the age of the campaign
    age_unknown: int = 0
    language: str = ""
    speaking: int = 0  # among those with a number, speak ``language`` alone


class ListMaker:
    """Draws households; numbers and references never come twice."""

    def __init__(self, rng: random.Random, first: int = 1, numbers: range = range(7000)) -> None:
        self.rng = rng
        self.reference = count(first)
        # 05 36 49 is kept for fiction by the regulator: numbers that ring nowhere.
        self.landlines = iter(rng.sample(numbers, len(numbers)))
        # 01 99 00: the same, for a daughter in Paris.
        self.relatives = iter(rng.sample(numbers, len(numbers)))

    def rows(self, agencies: Sequence[places.Agency], wanted: Wanted, day: date) -> list[list[str]]:
        """The rows of a list whose people have the wanted ages on ``day``."""
        sorts = (
            ["old"] * wanted.with_number
            + ["without_number"] * wanted.without_number
            + ["younger"] * wanted.younger
            + ["unknown"] * wanted.age_unknown
        )
        found: list[list[str]] = []
        spots = [(agency, code, share) for agency in agencies for code, share in agency.communes.items()]
        chosen = self.rng.choices(spots, weights=[spot[2] for spot in spots], k=len(sorts))
        speaking = set(self.rng.sample(range(wanted.with_number), wanted.speaking))
        for index, (sort, (agency, code, _)) in enumerate(zip(sorts, chosen, strict=True)):
            language = wanted.language if index in speaking else ""
            found.extend(self.household(sort, agency, code, day, language))
        return found

    def household(self, sort: str, agency: places.Agency, code: str, day: date, language: str) -> Iterator[list[str]]:
        rng = self.rng
        commune = places.commune(code)
        number = next(self.reference)
        couple = rng.random() < 0.24
        residence = rng.choice(names.RESIDENCES)
        family = rng.choice(names.FAMILIES)
        phone = "" if sort == "without_number" else self.landline()
        if phone and rng.random() < 0.12:
            phone = f"{phone} / {self.landline()}"
        relative = f"{self.relative()}" if sort != "without_number" and rng.random() < 0.06 else ""
        place = [
            f"{rng.randint(1, 98)} {rng.choice(names.STREETS)}",
            rng.choice(commune.postal_codes[:4]),
            commune.name,
            agency.name,
            f"{code}-{names.RESIDENCES.index(residence) + 1:02d}",
            f"Résidence {residence}",
            "non" if couple else ("oui" if rng.random() < 0.9 else ""),
            language,
            rng.choice(NOTES) if rng.random() < 0.05 else "",
        ]
        for rank in range(2 if couple else 1):
            woman = rank == 1 or (not couple and rng.random() < 0.72)
            yield [
                f"L{number:06d}{rank + 1}",
                f"UG{number:06d}",
                "Mme" if woman else "M.",
                family.upper(),
                rng.choice(names.WOMEN if woman else names.MEN),
                self.birth(sort, day, rank),
                phone,
                relative,
                *place,
            ]

    def birth(self, sort: str, day: date, rank: int) -> str:
        """Most are in their seventies; few are over 95. The second of a couple may be younger than 70."""
        rng = self.rng
        if sort == "unknown":
            return ""
        if sort == "younger":
            age = rng.randint(31, 68)
        else:
            age = min(99, 70 + int(rng.gammavariate(2.0, 4.2)))
            if rank:
                age = max(62, min(99, age + rng.randint(-8, 4)))
        # Their birthday is past on ``day``, leap year or not: they have that age.
        born = date(day.year - age, 1, 1) + timedelta(days=rng.randrange(max(1, day.timetuple().tm_yday - 1)))
        return born.strftime("%d/%m/%Y")

    def landline(self) -> str:
        digits = f"{next(self.landlines):04d}"
        return f"05 36 49 {digits[:2]} {digits[2:]}"

    def relative(self) -> str:
        digits = f"{next(self.relatives):04d}"
        return f"01 99 00 {digits[:2]} {digits[2:]}"


def bring(rows: list[list[str]], *, landlord: Landlord, name: str, by: User, now: datetime) -> Result:
    """Import the rows as the file an administrator would upload."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.writer(stream, delimiter=";")
            writer.writerow(HEADINGS)
            writer.writerows(rows)
        return import_list(path, landlord=landlord, now=now, by=by, file_name=name)
