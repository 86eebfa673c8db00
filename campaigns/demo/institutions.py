"""The landlord and the partners of the demonstration: invented addresses, numbers that ring nowhere."""

from __future__ import annotations

from datetime import date, timedelta

from campaigns.demo import places
from campaigns.models import Partner
from tenants.models import Landlord

CCAS = ("33063", "33281", "33318", "33522", "33119", "33243", "40192", "40088", "47001", "47323", "31555", "31149")
TOWN_HALLS = ("33240", "33314", "33058", "40184", "40046", "47310", "47195", "31395", "31069", "40279", "47106")
# Towns help with everything but what their partners do: the psychological cell, and the landlord's own agencies.
TOWN = ["courses", "repas", "medicaments", "soins", "isolement", "protection", "administratif", "registre", "autre"]
MEALS = ["courses", "repas", "medicaments"]
MIND = ["psychologique", "isolement"]

MORNINGS = {str(day): [["09:00", "12:00"]] for day in range(5)}
ROUNDS = {str(day): [["08:00", "12:30"]] for day in range(6)}


def of(town: str) -> str:
    """« de Bordeaux », « d'Agen »."""
    return f"d'{town}" if town[0] in "AEIOUYÉÈ" else f"de {town}"


def make_landlord() -> Landlord:
    return Landlord.objects.get_or_create(
        code="garonne-landes",
        defaults={
            "name": "Garonne et Landes Habitat",
            "spoken_name": "Garonne et Landes Habitat, votre bailleur",
            "callback_number": "+33536490036",
        },
    )[0]


def make_partners(verified_on: date) -> list[Partner]:
    """Town by town, then by department; two of them for the cases nobody else takes."""
    if Partner.objects.exists():
        return list(Partner.objects.order_by("pk"))
    kinds = Partner.Kind
    made: list[Partner] = []

    def add(kind: str, name: str, address: str, **fields: object) -> None:
        rank = f"{9000 + len(made):04d}"
        values: dict[str, object] = {
            "kind": kind,
            "name": name,
            "email": f"{address}@exemple.fr",
            "phone": f"05 36 49 {rank[:2]} {rank[2:]}",
            "verified_on": verified_on,
        }
        made.append(Partner(**values | fields))

    for code in CCAS:
        town = places.commune(code).name
        add(
            kinds.CCAS,
            f"CCAS {of(town)}",
            f"ccas.{code}",
            other_emails=[f"accueil.social.{code}@exemple.fr"],
            communes=[code],
            categories=TOWN,
        )
    for code in TOWN_HALLS:
        town = places.commune(code).name
        add(
            kinds.TOWN_HALL,
            f"Mairie {of(town)}",
            f"mairie.{code}",
            communes=[code],
            categories=TOWN,
            hours=MORNINGS,
            opening="l'après-midi sur rendez-vous",
        )
    for department, name in (("33", "Gironde"), ("40", "Landes"), ("47", "Lot-et-Garonne"), ("31", "Haute-Garonne")):
        add(
            kinds.ASSOCIATION,
            f"Paniers solidaires ({name})",
            f"paniers.{department}",
            departments=[department],
            categories=MEALS,
            hours=ROUNDS,
            opening="tournées du matin, samedi compris",
            remarks="Demander la responsable de la tournée.",
            # One of them has not been checked for long: the screens say so.
            verified_on=verified_on - timedelta(days=170 if department == "47" else 0),
        )
        add(
            kinds.DEPARTMENT,
            f"Département, service autonomie ({name})",
            f"autonomie.{department}",
            departments=[department],
        )
    add(
        kinds.ARI,
        "ARI, cellule psychologique",
        "ari",
        other_emails=["ari.garde@exemple.fr"],
        departments=["33", "40", "47", "31"],
        categories=MIND,
        languages=["es", "pt"],
    )
    add(kinds.ASSOCIATION, "Les Petits Pas du soir", "petits-pas", categories=["isolement"])
    add(kinds.AGENCY, "Agences du bailleur", "agences", categories=["logement"])
    return Partner.objects.bulk_create(made)
