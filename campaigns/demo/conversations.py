"""What people answer: the choices of the product's scripts, drawn in believable shares."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from campaigns import scripts
from campaigns.followups import Rhythm

WELL_COMMENTS = (
    "Tout va bien, ses enfants passent chaque semaine.",
    "Remercie de l'appel.",
    "Sort peu, s'occupe de son balcon.",
    "Un voisin fait les courses le jeudi.",
    "Préfère être appelée l'après-midi.",
    "A bien noté le numéro de rappel.",
)
NEED_COMMENTS = (
    "Ne peut plus descendre les quatre étages.",
    "L'aide à domicile ne vient plus depuis lundi.",
    "Sa fille, qui faisait les courses, est confinée loin d'ici.",
    "Accepte un portage de repas le temps de la période.",
)
LOW_COMMENTS = (
    "Trouve les journées bien longues depuis que ses visites se sont arrêtées.",
    "A perdu une amie ce mois-ci, voudrait en parler à quelqu'un.",
    "N'a plus goût à cuisiner, accepte volontiers d'être rappelée.",
)
LONELY_COMMENTS = (
    "Aime parler de son ancien métier.",
    "Contente d'avoir de la visite au téléphone.",
    "Ne voit plus son club depuis la fermeture.",
    "Parle volontiers de ses petits-enfants.",
)
CADENCES = (
    ("hebdo", "weekly", 42),
    ("quinzaine", "fortnightly", 12),
    ("deux_par_semaine", "twice_a_week", 4),
    ("mensuel", "monthly", 10),
)


def well(rng: random.Random) -> dict[str, str | list[str]]:
    """Somebody who manages."""
    return {
        "accueil": "oui",
        "information": "oui",
        "sante": rng.choices(("bien", "moyen"), (9, 1))[0],
        "urgence": "non",
        "soins": rng.choice(("oui", "sans_objet")),
        "medicaments": rng.choices(("oui", "sans_objet"), (8, 2))[0],
        "courses": rng.choices(("moi", "proche", "aide"), (6, 3, 1))[0],
        "repas": rng.choices(("non", "un_peu"), (9, 1))[0],
        "conversation": rng.choices(("recente", "semaine"), (8, 2))[0],
        "recours": rng.sample(("famille", "voisin", "ami", "professionnel"), rng.randint(1, 2)),
        "solitude": "rarement",
        "moral": rng.choices(("bon", "variable"), (8, 2))[0],
        "logement": "non",
        "gestes": rng.choices(("connus", "rappel"), (7, 3))[0],
        "suivi": rng.choices(("non", "je_rappellerai"), (8, 2))[0],
        "voisins": rng.choices(("non", "oui"), (6, 4))[0],
    }


def lonely(rng: random.Random) -> dict[str, str | list[str]]:
    """Well, and alone: a call now and then is welcome."""
    return well(rng) | {
        "conversation": rng.choice(("ancienne", "semaine")),
        "recours": rng.choice((["personne"], ["voisin"])),
        "solitude": rng.choices(("souvent", "parfois"), (7, 3))[0],
        "moral": "variable",
    }


def needy(rng: random.Random) -> dict[str, str | list[str]]:
    """Nobody shops any more, or meals have become too much."""
    said = well(rng) | {"sante": rng.choice(("bien", "moyen"))}
    sort = rng.random()
    if sort < 0.45:
        return said | {"courses": "personne", "manger": "oui", "repas": "oui"}
    if sort < 0.75:
        return said | {"courses": "personne", "manger": "tout_juste", "repas": "un_peu"}
    return said | {"courses": "proche", "repas": "oui"}


def low(rng: random.Random) -> dict[str, str | list[str]]:
    """Very low spirits, and nothing that cannot wait: somebody to talk to."""
    return well(rng) | {"moral": "tres_bas", "idees_noires": "non"}


def small_need(rng: random.Random) -> dict[str, str | list[str]]:
    """Something that the household prefers to settle by itself."""
    needs: tuple[dict[str, str], ...] = (
        {"courses": "personne", "manger": "oui"},
        {"repas": "oui"},
        {"gestes": "materiel"},
        {"logement": "oui"},
        {"medicaments": "bientot_plus"},
    )
    return well(rng) | rng.choices(needs, (40, 25, 20, 8, 7))[0]


def follow_up(rng: random.Random) -> dict[str, str | list[str]]:
    """A call of the series: news, and see you next time."""
    return {
        "accueil": "oui",
        "sante": rng.choices(("bien", "moyen"), (8, 2))[0],
        "urgence": "non",
        "besoins": "oui",
        "moral": rng.choices(("bon", "variable"), (7, 3))[0],
        "suite": "continuer",
    }


def spoken(
    content: scripts.Content, said: Mapping[str, str | list[str]], people: Sequence[int], rng: random.Random
) -> dict[str, Any]:
    """The answers as the form sends them: personal questions once for each person, the rest for the household.

    The first person's answers are ``said``; whoever lives with them is well.
    """
    given: dict[str, Any] = {}
    other = well(rng)
    for question in content.questions:
        if question.key not in said:
            continue
        if not question.per_person:
            given[question.key] = {"": said[question.key]}
            continue
        given[question.key] = {
            str(person): said[question.key] if index == 0 else other.get(question.key, said[question.key])
            for index, person in enumerate(people)
        }
    return given


def rhythm(rng: random.Random, volunteer_id: int, backup_id: int | None = None) -> tuple[str, Rhythm]:
    """The answer to « Aimeriez-vous que nous prenions encore de vos nouvelles ? » and the appointment agreed."""
    answer, cadence, _ = rng.choices(CADENCES, [share for _, _, share in CADENCES])[0]
    days = rng.sample(range(5), 2 if cadence == "twice_a_week" else 1)
    hour = rng.choice((10, 11, 14, 15, 16))
    at = time(hour, rng.choice((0, 15, 30)))
    return answer, Rhythm(cadence, tuple(sorted(days)), at, volunteer_id, backup_id)
