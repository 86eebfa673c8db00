"""The team of the winter campaign: a meeting every week and who comes, moments shared, a few calls read again."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from campaigns.models import Campaign
from campaigns.team import debriefs, meetings, reviews
from solidarites.models import User

MOMENTS = (
    "Elle m'a remerciée d'avoir pris le temps. J'ai raccroché avec le sourire.",
    "Un silence de dix secondes, puis : « Vous êtes la première voix de la semaine. »",
    "Une recette de garbure, dictée au téléphone. Je la fais dimanche.",
)
WORDS = (
    "Vous laissez le temps de répondre, et cela s'entend. Merci.",
    "Belle écoute. Pensez à dire le numéro de rappel avant de raccrocher.",
)


def share(campaign: Campaign, coordinator: User, callers: list[User], now: datetime) -> None:
    """By the rules, as the screens do it."""
    day = now.astimezone(campaign.tz).date() + timedelta(days=2)
    planned = meetings.plan(
        campaign=campaign,
        starts_at=datetime.combine(day, time(18), campaign.tz),
        link="https://visio.exemple.fr/equipe-grand-froid",
        words="Une demi-heure pour souffler ensemble.",
        minutes=30,
        weeks=1,
        until=day + timedelta(weeks=3),
        by=coordinator,
        now=now,
    )
    for number, caller in enumerate(callers[:5]):
        meetings.answer(meeting=planned[0], comes=number != 2, by=caller, now=now)
    for back, (text, caller) in enumerate(zip(MOMENTS, callers, strict=False), start=1):
        debriefs.share_moment(campaign=campaign, text=text, by=caller, now=now - timedelta(days=back))
    calls = reviews.waiting(coordinator).filter(case__campaign=campaign).select_related("case")
    known = calls.filter(volunteer=callers[0]).order_by("recorded_at")[: len(WORDS)]
    for call, note in zip(known, WORDS, strict=False):
        reviews.review(call=call, note=note, by=coordinator, now=now)
    # Most of the team's first calls were read days ago; a few still wait.
    for call in list(calls.exclude(volunteer=callers[0]).order_by("recorded_at")[:30]):
        reviews.review(call=call, note="", by=coordinator, now=now)
