"""Follow-up plans: regular calls to a lonely tenant.

Reading order: dates (when a plan calls) → plans (started, changed, interrupted, ended) → absences (who calls instead)
→ opening (each due call once, missed, unanswered) → pauses (of the campaign: what is no call) → review → handover
(many plans to others)
→ partings (with whom a plan goes on) → words (each date explained) → week (the coordinator's calendar) → reminders
(e-mails) → feed (one's own agenda) → stranded (plans that no campaign calls).

A plan holds its next due moment only. A periodic task opens each due call once, as a row, and puts the household in
the second tier of the queue; what the call brings comes back through ``outcomes``.
"""

from campaigns.followups.absences import add_absence, end_absence, forget_past, hand_over_opened, next_call_of
from campaigns.followups.dates import next_due, nominal_days, preview, series
from campaigns.followups.handover import give_to, hand_over
from campaigns.followups.opening import (
    give_up,
    mark_called,
    open_due_calls,
    open_now,
    opened_due_call,
    today_of,
    unanswered_next,
    watch_missed,
)
from campaigns.followups.partings import ask as ask_with_whom
from campaigns.followups.partings import decide as decide_with_whom
from campaigns.followups.pauses import go_on
from campaigns.followups.plans import (
    OPPOSED,
    REVIEW_AFTER,
    FollowUpError,
    Rhythm,
    add_exception,
    change_plan,
    check_rhythm,
    create_plan,
    end_plan,
    end_plans,
    remove_exception,
    restart,
    settle_ended,
    start_by_hand,
)
from campaigns.followups.stranded import settle_stranded, stranded, watch_stranded

__all__ = [
    "OPPOSED",
    "REVIEW_AFTER",
    "FollowUpError",
    "Rhythm",
    "add_absence",
    "add_exception",
    "ask_with_whom",
    "change_plan",
    "check_rhythm",
    "create_plan",
    "decide_with_whom",
    "end_absence",
    "end_plan",
    "end_plans",
    "forget_past",
    "give_to",
    "give_up",
    "go_on",
    "hand_over",
    "hand_over_opened",
    "mark_called",
    "next_call_of",
    "next_due",
    "nominal_days",
    "open_due_calls",
    "open_now",
    "opened_due_call",
    "preview",
    "remove_exception",
    "restart",
    "series",
    "settle_ended",
    "settle_stranded",
    "start_by_hand",
    "stranded",
    "today_of",
    "unanswered_next",
    "watch_missed",
    "watch_stranded",
]
