"""When to call again, when to stop.

Four attempts (campaign setting), each on its own day, 1, 3 and 6 working days after the one before, never
twice in a slot before the others were tried. Short retries of a busy line belong to the same attempt.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from campaigns.common.calendar import SLOTS, Calendar

# A call agreed with somebody is theirs until then; afterwards anybody makes it, and it counts as missed.
CALLBACK_GRACE = timedelta(minutes=30)
BUSY_PAUSE = timedelta(minutes=30)
BUSY_A_DAY = 2
SOFT_REFUSAL_DAYS = 7
HOSPITAL_DAYS = 14
# An opening shorter than this is no slot worth promising a call in.
SHORTEST_SLOT = timedelta(minutes=10)


def minutes(span: timedelta) -> int:
    """How a sentence says it."""
    return int(span.total_seconds() // 60)


def next_attempt(
    calendar: Calendar, *, attempts: int, slots_tried: Collection[str], now: datetime, gaps: Sequence[int], cap: int
) -> datetime | None:
    """The start of the next attempt after ``attempts`` of them, the last one now; None when the cap is reached.

    The day is ``gaps[attempts - 1]`` working days ahead (the last gap for further ones). The slot is one not yet tried,
    in the order of the day; when that day's slots were all tried, the days after it are looked at, then any slot goes.
    """
    if attempts >= cap:
        return None
    gap = gaps[min(attempts, len(gaps)) - 1] if gaps and attempts else 1
    today = calendar.local(now).date()
    day = calendar.add_working_days(today, max(gap, 1))
    return slot_on(calendar, day, avoid=slots_tried)


def slot_on(calendar: Calendar, day: date, *, avoid: Collection[str]) -> datetime:
    """The first untried slot of ``day`` or of the four working days after it; else the least recently tried one."""
    candidate = day
    for _ in range(5):
        windows = calendar.slot_windows(candidate)
        for slot in SLOTS:
            if slot in windows and slot not in avoid and windows[slot][1] - windows[slot][0] >= SHORTEST_SLOT:
                return windows[slot][0]
        candidate = calendar.next_working_day(candidate + timedelta(days=1))
    windows = calendar.slot_windows(day)
    order = [slot for slot in avoid if slot in windows] or list(windows)
    return windows[order[0]][0]


def later_today(calendar: Calendar, now: datetime, *, pause: timedelta = timedelta(hours=1)) -> datetime | None:
    """The start of another slot of the same local day; None when none is left."""
    day = calendar.local(now).date()
    current = calendar.slot_of(now)
    for slot, (start, end) in calendar.slot_windows(day).items():
        if slot != current and end > now + pause and end - start >= SHORTEST_SLOT:
            return max(start, now + pause)
    return None


def next_morning(calendar: Calendar, now: datetime) -> datetime:
    """The first opening of the next working day."""
    today = calendar.local(now).date()
    day = calendar.next_working_day(today + timedelta(days=1))
    return calendar.windows(day)[0][0]


def after_days(calendar: Calendar, now: datetime, days: int) -> datetime:
    """The same slot on the first working day ``days`` calendar days ahead, else that day's first opening."""
    day = calendar.next_working_day(calendar.local(now).date() + timedelta(days=days))
    windows = calendar.slot_windows(day)
    slot = calendar.slot_of(now)
    return windows[slot][0] if slot in windows else calendar.windows(day)[0][0]


def busy_again(
    calendar: Calendar, now: datetime, *, busy_today: int, pause: timedelta = BUSY_PAUSE, a_day: int = BUSY_A_DAY
) -> datetime | None:
    """In 30 minutes, twice a day at most and only while the campaign is open then; None: count as no answer."""
    again = now + pause
    if busy_today >= a_day or not calendar.is_open(again) or calendar.local(again).date() != calendar.local(now).date():
        return None
    return again
