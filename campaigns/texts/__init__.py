"""Free texts: comments (a gentle warning while one types) → flagged (what a coordinator looks at again)."""

from campaigns.texts.flagged import (
    EMPTIED,
    LIMIT,
    TextError,
    changed,
    flag,
    flag_message,
    leave,
    of_cases,
    read,
    rewrite,
    texts_of,
)

__all__ = [
    "EMPTIED",
    "LIMIT",
    "TextError",
    "changed",
    "flag",
    "flag_message",
    "leave",
    "of_cases",
    "read",
    "rewrite",
    "texts_of",
]
