"""Comments as any campaign brings some: each raises a gentle warning; the coordination left it, rewrote it, or has not
read it yet. Invented like everybody here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from campaigns import texts
from campaigns.calls import messages
from campaigns.models import Campaign, Case
from solidarites.models import User

# The text, and what the coordination made of it: None, left as it is.
SPRING: Mapping[str, str | None] = {
    "Diabétique, l'infirmière passe chaque matin.": "Une infirmière passe chaque matin.",
    "Très catholique, suit la messe à la radio.": "Écoute la radio le dimanche matin.",
    "Se sent « idiot » avec son nouveau téléphone, voudrait qu'on lui montre.": None,
    "Son fils est un fainéant, il ne vient jamais.": "Son fils ne vient pas souvent.",
    "A peur d'un cancer de plus dans la famille, aimerait en parler.": None,
    "Sous antidépresseurs depuis son deuil.": "Parle volontiers de son deuil.",
}
WINTER: Mapping[str, str | None] = {
    "D'origine portugaise, se débrouille bien en français.": "Parle bien français.",
    "Confond les jours, sans doute un début d'Alzheimer.": None,
    "Craint un AVC comme sa sœur : a demandé le numéro à appeler.": None,
    "Un peu avare sur le chauffage, il fait froid dans le logement.": None,
    "Me dicte son numéro de sécurité sociale : 2 38 05 33 063 012.": None,
}
# The first of the winter's is settled; the others wait.
WINTER_SETTLED = 1
MESSAGE = "Sa fille rappelle : c'est une dépression, mieux vaut appeler l'après-midi."


def settle(campaign: Campaign, remarks: Mapping[str, str | None], by: User, now: datetime, most: int = 100) -> None:
    """The coordination reads the oldest of those texts, and leaves or rewrites each."""
    waiting = texts.of_cases(Case.objects.filter(campaign=campaign)).filter(decision="").order_by("at", "pk")
    for flagged in waiting[:most]:
        rewritten = remarks.get(texts.read(flagged))
        if rewritten is None:
            texts.leave(flagged=flagged, by=by, now=now)
        else:
            texts.rewrite(flagged=flagged, text=rewritten, by=by, now=now)


def take_message(campaign: Campaign, by: User, now: datetime) -> None:
    """Somebody rang back for a household that another volunteer calls."""
    cases = Case.objects.filter(campaign=campaign, status=Case.Status.OPEN, last_outcome="callback")
    case = cases.exclude(next_call_for=by).order_by("pk").first()
    if case is not None:
        messages.leave(case_id=case.pk, text=MESSAGE, by=by, now=now)
