"""The hours at which people work: what is told relative to this moment is told as if it had happened then."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING, EVENING = time(9, 30), time(18)
LUNCH = time(12), time(14)
SUNDAY = 6
# « ago(hours=3) »: that long ago, or when people last worked before it.
Ago = Callable[..., datetime]


def at_work(at: datetime, tz: ZoneInfo, until: time = EVENING) -> datetime:
    """``at`` itself when people work then, else the end of the last day's work before it."""
    local = at.astimezone(tz)
    if local.weekday() != SUNDAY and MORNING <= local.time() <= until:
        return at
    day = local.date() if local.time() > until else local.date() - timedelta(days=1)
    if day.weekday() == SUNDAY:
        day -= timedelta(days=1)
    return datetime.combine(day, until, tz).astimezone(at.tzinfo)


def draw(start: datetime, end: datetime, tz: ZoneInfo, rng: random.Random) -> datetime:
    """A moment between the two, less often at lunch."""
    while True:
        at = start + (end - start) * rng.random()
        if not LUNCH[0] <= at.astimezone(tz).time() < LUNCH[1] or rng.random() < 0.15:
            return at


def ago_from(now: datetime, tz: ZoneInfo) -> Ago:
    return lambda **back: at_work(now - timedelta(**back), tz)
