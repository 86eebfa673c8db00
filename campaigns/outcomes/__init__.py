"""Outcome → what happens next: one table, read by the code and by the labels of the buttons alike.

``decide`` is pure: it reads a Situation and says what follows; ``draw`` writes it, with what the answers ask for. The
label on a button is the text of the decision that pressing it would take. Reading order: table → situation →
writing → answers.
"""

from campaigns.outcomes.answers import consent_to, draft_referrals, draw, needs_heard, worst, write_needs
from campaigns.outcomes.situation import bare_situation, over_of, preview, situation_of
from campaigns.outcomes.table import (
    NUMBER_VALIDITY,
    PERSON_STATUS,
    SAFETY_UNTIL,
    SAFETY_WITHIN,
    TABLE,
    Decision,
    Rule,
    Situation,
    Way,
    by,
    safety_call_at,
)
from campaigns.outcomes.withdrawing import may_withdraw, withdraw_needs
from campaigns.outcomes.writing import TRIED_FIELDS, apply, move, note_attempt

__all__ = [
    "NUMBER_VALIDITY",
    "PERSON_STATUS",
    "SAFETY_UNTIL",
    "SAFETY_WITHIN",
    "TABLE",
    "TRIED_FIELDS",
    "Decision",
    "Rule",
    "Situation",
    "Way",
    "apply",
    "bare_situation",
    "by",
    "consent_to",
    "draft_referrals",
    "draw",
    "may_withdraw",
    "move",
    "needs_heard",
    "note_attempt",
    "over_of",
    "preview",
    "safety_call_at",
    "situation_of",
    "withdraw_needs",
    "worst",
    "write_needs",
]
