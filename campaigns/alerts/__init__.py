"""What a coordinator must see now.

Reading order: acts (raise, tell, take, solve, reopen) → dangers (vital ones, and the numbers to dial) → machine (what
goes wrong in the machine itself).
"""

from campaigns.alerts.acts import (
    AlertError,
    after_quiet_hours,
    audience,
    not_by_night,
    raise_alert,
    raise_all,
    release_left,
    remind,
    reopen,
    solve,
    take,
    visible,
)

__all__ = [
    "AlertError",
    "after_quiet_hours",
    "audience",
    "not_by_night",
    "raise_alert",
    "raise_all",
    "release_left",
    "remind",
    "reopen",
    "solve",
    "take",
    "visible",
]
