"""The categories of need every script, partner and figure speaks of."""

from __future__ import annotations

LABELS = {
    "courses": "Courses et approvisionnement",
    "repas": "Repas, portage",
    "soins": "Accès aux soins",
    "medicaments": "Médicaments",
    "psychologique": "Soutien psychologique",
    "isolement": "Isolement, besoin de parler",
    "logement": "Problème dans le logement",
    "protection": "Matériel de protection, bons gestes",
    "administratif": "Démarches",
    "registre": "Inscription au registre communal",
    "autre": "Autre besoin",
}
CHOICES = list(LABELS.items())
# Asked of the commune by a form of its own (CASF, art. L. 121-6-1): never mixed with help.
REGISTER = "registre"


def label(category: str) -> str:
    """The French label; a category of a landlord's own script shows as it is written there."""
    return LABELS.get(category, category)
