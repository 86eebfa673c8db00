"""Invented lists of any size, the same for the same seed: tests and the benchmark use them."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

from tenants import communes

HEADINGS = [
    "N° locataire", "N° contrat", "Civilité", "Nom", "Prénom", "Date de naissance", "Tél. fixe", "Tél. portable",
    "Adresse",
    "Code postal", "Commune", "Code résidence", "Agence", "Loyer", "Situation",
]  # fmt: skip
LAST = [
    "Martin",
    "Bernard",
    "Thomas",
    "Petit",
    "Robert",
    "Richard",
    "Durand",
    "Dubois",
    "Moreau",
    "Laurent",
    "Simon",
    "Michel",
    "Lefèvre",
    "Leroy",
    "Roux",
    "David",
]
FIRST = [
    "Jeanne",
    "Marie",
    "Odette",
    "Simone",
    "Yvette",
    "Paulette",
    "Hélène",
    "Denise",
    "René",
    "Marcel",
    "Roger",
    "André",
    "Lucien",
    "Émile",
    "Zoé",
    "Aimé",
]
STREETS = [
    "rue des Lilas",
    "avenue Victor Hugo",
    "place du Marché",
    "allée des Chênes",
    "boulevard Pasteur",
    "impasse du Moulin",
]
TOWNS = ("33063", "33281", "33318", "40192", "47001", "31555", "24322", "64445")


def people(count: int, seed: int = 1) -> Iterator[list[str]]:
    """Rows of ``count`` people: singles and couples, most with a number, in towns of the south-west."""
    draw = random.Random(seed)
    towns = [commune for code in TOWNS if (commune := communes.get(code))]
    number = 0
    contract = 0
    while number < count:
        contract += 1
        town = draw.choice(towns)
        address = f"{draw.randint(1, 180)} {draw.choice(STREETS)}"
        last = draw.choice(LAST).upper()
        landline = f"05 36 49 {contract // 100 % 100:02d} {contract % 100:02d}" if draw.random() < 0.7 else ""
        agency = draw.choice(("Bordeaux", "Libourne", "Agen", "Toulouse"))
        postal_code = draw.choice(town.postal_codes)
        for _ in range(2 if draw.random() < 0.35 else 1):
            if number >= count:
                break
            mobile = f"06 39 98 {draw.randint(0, 99):02d} {draw.randint(0, 99):02d}" if draw.random() < 0.6 else ""
            born = f"{draw.randint(1, 28):02d}/{draw.randint(1, 12):02d}/{draw.randint(1928, 1985)}"
            yield [
                f"T{number:07d}",
                f"C{contract:07d}",
                draw.choice(("Mme", "M.")),
                last,
                draw.choice(FIRST),
                born,
                landline,
                mobile,
                address,
                postal_code,
                town.name.upper(),
                f"R{contract // 40:05d}",
                agency,
                "412,50",
                "Décédé(e)" if draw.random() < 0.01 else "",
            ]
            number += 1


def write_csv(path: Path, count: int, seed: int = 1) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(HEADINGS)
        writer.writerows(people(count, seed))
    return path
