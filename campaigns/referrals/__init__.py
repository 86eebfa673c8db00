"""Needs handed to a partner: draft, approve, send, follow, call the tenant back, close.

Reading order: states (the table and the only way to move) → deadlines → drafts → sending → call_back → answers (by link
or by phone) → closing → watch (what time does) → access (the partner's link and its one-time codes).
"""

from campaigns.referrals.answers import acknowledge, answer, comment, decline, opened, take_charge
from campaigns.referrals.call_back import ask_call_back, note_call_back
from campaigns.referrals.closing import ask_another, close, reroute, resume
from campaigns.referrals.drafts import draft_by_hand, draft_for_call, edit
from campaigns.referrals.sending import (
    approve,
    approve_all,
    back_to_draft,
    mail_came_back,
    mark_sent,
    record_phone_call,
    remind,
    withdraw,
)
from campaigns.referrals.states import OPEN_STATES, TRANSITIONS, ReferralError, visible
from campaigns.referrals.watch import watch_referrals

__all__ = [
    "OPEN_STATES",
    "TRANSITIONS",
    "ReferralError",
    "acknowledge",
    "answer",
    "approve",
    "approve_all",
    "ask_another",
    "ask_call_back",
    "back_to_draft",
    "close",
    "comment",
    "decline",
    "draft_by_hand",
    "draft_for_call",
    "edit",
    "mail_came_back",
    "mark_sent",
    "note_call_back",
    "opened",
    "record_phone_call",
    "remind",
    "reroute",
    "resume",
    "take_charge",
    "visible",
    "watch_referrals",
    "withdraw",
]
