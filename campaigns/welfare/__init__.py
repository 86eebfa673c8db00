"""What is done about households that nobody reaches.

Reading order: checks (open, step, overdue, close) → letters, caretakers, neighbours, posters → without_number.
"""

from campaigns.welfare.checks import (
    OTHER_DELAY,
    WelfareError,
    add_step,
    close_check,
    next_step,
    open_by_hand,
    open_check,
    raise_level,
    take,
    watch_overdue,
)

__all__ = [
    "OTHER_DELAY",
    "WelfareError",
    "add_step",
    "close_check",
    "next_step",
    "open_by_hand",
    "open_check",
    "raise_level",
    "take",
    "watch_overdue",
]
