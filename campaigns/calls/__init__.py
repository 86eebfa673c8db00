"""A call, from what its page reads to what a coordinator decides.

Reading order: reading (what the page needs) → drafts (what is typed) → recording (the only door by which a call is
recorded) → keeping (what cannot be recorded any more) → undo (what it changed) → corrections (by its author, for a
day) → pending (what a coordinator decides).
"""

from campaigns.calls.corrections import (
    Change,
    content_then,
    correct,
    correctable,
    foresee,
    people_then,
    rehearsal,
)
from campaigns.calls.drafts import raise_button_alert, save_draft
from campaigns.calls.entry import Details, Entry
from campaigns.calls.keeping import is_double, keep_unfinished, waiting
from campaigns.calls.pending import ENDINGS, accept_pending, drop_pending, merge_pending
from campaigns.calls.reading import (
    CALLBACK_HORIZON,
    COMMENT_LIMIT,
    CallError,
    callback_presets,
    check_callback,
    people_of,
    phone_to_dial,
    placeholders,
    script_of,
    with_household,
)
from campaigns.calls.recording import record_call

__all__ = [
    "CALLBACK_HORIZON",
    "COMMENT_LIMIT",
    "ENDINGS",
    "CallError",
    "Change",
    "Details",
    "Entry",
    "accept_pending",
    "callback_presets",
    "check_callback",
    "content_then",
    "correct",
    "correctable",
    "drop_pending",
    "foresee",
    "is_double",
    "keep_unfinished",
    "merge_pending",
    "people_of",
    "people_then",
    "phone_to_dial",
    "placeholders",
    "raise_button_alert",
    "record_call",
    "rehearsal",
    "save_draft",
    "script_of",
    "waiting",
    "with_household",
]
