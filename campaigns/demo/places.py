"""Where the invented people live: communes by agency, each with its share of the households."""

from __future__ import annotations

from dataclasses import dataclass

from tenants import communes


@dataclass(frozen=True)
class Agency:
    name: str
    # {INSEE code: share}
    communes: dict[str, int]


# The campaign of spring 2020: Gironde, Landes, Lot-et-Garonne, Haute-Garonne.
SPRING = (
    Agency(
        "Agence de Bordeaux",
        {"33063": 30, "33119": 12, "33249": 11, "33039": 8, "33522": 9, "33318": 10, "33281": 10, "33167": 6},
    ),
    Agency("Agence du Médoc", {"33240": 6, "33314": 5, "33058": 5, "33449": 8}),
    Agency("Agence du Libournais", {"33243": 14, "33227": 8}),
    Agency("Agence du Bassin", {"33009": 6, "33529": 9}),
    Agency("Agence de Mont-de-Marsan", {"40192": 13, "40001": 5, "40119": 4, "40184": 5, "40046": 5}),
    Agency("Agence d'Agen", {"47001": 14, "47157": 8, "47310": 5, "47195": 5, "47031": 3}),
    Agency("Agence de Toulouse", {"31555": 26, "31149": 9, "31069": 5, "31395": 6, "31483": 5, "31557": 4}),
)
# The cold spell of this week, and people whom nobody calls yet.
WINTER = (
    Agency("Agence de Dax", {"40088": 12, "40279": 6, "40312": 5}),
    Agency("Agence de Villeneuve", {"47323": 11, "47106": 4}),
)
OUTSIDE = Agency("Agence de Marmande", {"47157": 6, "47310": 3})


def commune(code: str) -> communes.Commune:
    found = communes.get(code)
    assert found is not None, code  # noqa: S101 - the list above is ours
    return found
