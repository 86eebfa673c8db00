"""What the form says beside its answers: kept with the call, to be accepted, read again or corrected later."""

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
class Said:
    callback_at: datetime | None = None
    tenant_id: int | None = None
    language: str = ""
    follow_up: followups.Wish | None = None
    consents: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        wish = self.follow_up
        return {
            "consents": dict(self.consents),
            "callback_at": self.callback_at.isoformat() if self.callback_at else "",
            "tenant_id": self.tenant_id,
            "language": self.language,
            "follow_up": None
            if wish is None
            else {
                "cadence": wish.cadence,
                "weekdays": list(wish.weekdays),
                "time": wish.time.isoformat(),
                "volunteer_id": wish.volunteer_id,
                "backup_id": wish.backup_id,
            },
        }

    @classmethod
    def of(cls, call: Call) -> Said:
        """What was said in this call; of one without an outcome, whose form is kept as it was typed, the agreements."""
        if call.outcome:
            return cls.from_json(call.draft)
        typed = call.draft.items()
        return cls(consents={name.removeprefix(CONSENT): given for name, given in typed if name.startswith(CONSENT)})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Said:
        wish = kept.get("follow_up")
        return cls(
            callback_at=datetime.fromisoformat(kept["callback_at"]) if kept.get("callback_at") else None,
            tenant_id=kept.get("tenant_id"),
            language=kept.get("language", ""),
            follow_up=followups.Wish(
                wish["cadence"],
                tuple(wish["weekdays"]),
                time.fromisoformat(wish["time"]),
                wish["volunteer_id"],
                wish["backup_id"],
            )
            if wish
            else None,
            consents=kept.get("consents", {}),
        )
