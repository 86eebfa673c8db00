"""A household in a campaign outside its calls: moves (schedule, hold, resume, close), and the coordinator's pages."""

from campaigns.cases.moves import (
    CaseError,
    alive_elsewhere,
    call_again_after_a_danger,
    close,
    hold,
    resume,
    schedule,
    settle_need,
)

__all__ = [
    "CaseError",
    "alive_elsewhere",
    "call_again_after_a_danger",
    "close",
    "hold",
    "resume",
    "schedule",
    "settle_need",
]
