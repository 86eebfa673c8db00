"""What the form of a call says: its answers and its outcome, and the details kept with it to be read again later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from campaigns import followups
from campaigns.models import Call

# How the form names the answer to « may we tell the partner? », before the category of the need.
CONSENT = "consent-"


@dataclass(frozen=True)
class Details:
    """What goes with the outcome: kept with the call, to be accepted, read again or corrected later."""

    callback_at: datetime | None = None
    tenant_id: int | None = None
    language: str = ""
    follow_up: followups.Rhythm | None = None
    consents: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        rhythm = self.follow_up
        return {
            "consents": dict(self.consents),
            "callback_at": self.callback_at.isoformat() if self.callback_at else "",
            "tenant_id": self.tenant_id,
            "language": self.language,
            "follow_up": None
            if rhythm is None
            else {
                "cadence": rhythm.cadence,
                "weekdays": list(rhythm.weekdays),
                "time": rhythm.time.isoformat(),
                "volunteer_id": rhythm.volunteer_id,
                "backup_id": rhythm.backup_id,
            },
        }

    @classmethod
    def of(cls, call: Call) -> Details:
        """What was said in this call; of one without an outcome, whose form is kept as it was typed, the agreements."""
        if call.outcome:
            return cls.from_json(call.draft)
        typed = call.draft.items()
        return cls(consents={name.removeprefix(CONSENT): given for name, given in typed if name.startswith(CONSENT)})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Details:
        rhythm = kept.get("follow_up")
        return cls(
            callback_at=datetime.fromisoformat(kept["callback_at"]) if kept.get("callback_at") else None,
            tenant_id=kept.get("tenant_id"),
            language=kept.get("language", ""),
            follow_up=followups.Rhythm(
                rhythm["cadence"],
                tuple(rhythm["weekdays"]),
                time.fromisoformat(rhythm["time"]),
                rhythm["volunteer_id"],
                rhythm["backup_id"],
            )
            if rhythm
            else None,
            consents=kept.get("consents", {}),
        )


@dataclass(frozen=True)
class Entry:
    """The form of a call, read."""

    outcome: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    comment: str = ""
    details: Details = field(default_factory=Details)
    phone_id: int | None = None
    direction: str = Call.Direction.OUTGOING
    touched_me: bool = False
