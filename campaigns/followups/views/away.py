"""Absences in words, for the volunteer's screen and the coordinator's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.followups import absences
from solidarites.models import User


def absence_rows(user: User, now: datetime) -> dict[str, Any]:
    """Absences under way or to come with what each moves."""
    today = timezone.localdate(now)
    rows = [(one, absences.effect_of(one, now)) for one in absences.of_user(user, today)]
    return {"absences": [(one, said(effect), effect) for one, effect in rows], "today": today}


def said(effect: absences.Moved) -> str:
    """« 3 appels vont à la personne remplaçante, 1 est à réattribuer. 1 rappel promis… »"""
    return " ".join(sentence for sentence in (_follow_ups(effect), _promised(effect.offered)) if sentence)


def _promised(count: int) -> str:
    if not count:
        return ""
    if count == 1:
        return "1 rappel promis sera proposé à toute l'équipe, à son heure."
    return f"{count} rappels promis seront proposés à toute l'équipe, à leur heure."


def _follow_ups(effect: absences.Moved) -> str:
    parts = []
    if effect.to_backup:
        many = effect.to_backup > 1
        parts.append(f"{effect.to_backup} appel{'s vont' if many else ' va'} à la personne remplaçante")
    if effect.to_reassign:
        many = effect.to_reassign > 1
        parts.append(f"{effect.to_reassign} {'sont' if many else 'est'} à réattribuer")
    if not parts:
        return "Aucun appel de suivi n'est prévu ces jours-là."
    if not effect.to_backup:
        many = effect.to_reassign > 1
        return f"{effect.to_reassign} appel{'s sont' if many else ' est'} à réattribuer."
    return ", ".join(parts) + "."
