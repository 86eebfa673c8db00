"""A call back and a follow-up, as the call page proposes them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns import calls, scripts
from campaigns.calls.forms import OTHER_MOMENT, Typed
from campaigns.calls.views.follows import next_follow_up_words
from campaigns.calls.views.labels import clock_here, date_label, opening_label, typography
from campaigns.calls.views.place import Place
from campaigns.common import retries
from campaigns.common.calendar import WEEKDAYS, moment_label
from campaigns.models import FollowUpPlan


@dataclass(frozen=True)
class Later:
    """When to call again: what is open on the page, and what it offers."""

    place: Place
    typed: Typed
    reading: scripts.Reading
    errors: Mapping[str, str]
    proposals: list[datetime]
    # Whether a follow-up plan runs.
    plan: bool

    other_moment = OTHER_MOMENT
    grace = retries.minutes(retries.CALLBACK_GRACE)

    @property
    def callback_open(self) -> bool:
        return "callback" in self.reading.opens or "callback_at" in self.errors

    @property
    def follow_up_open(self) -> bool:
        return "follow_up" in self.reading.opens or "follow_up" in self.errors

    @property
    def next_follow_up(self) -> str:
        """What to say of the next call when it is another day or another voice than usual."""
        return next_follow_up_words(self.place.case, self.plan, self.place.now)

    @property
    def neighbour_open(self) -> bool:
        return "neighbour" in self.reading.opens

    @property
    def presets(self) -> list[tuple[str, str, str, bool]]:
        """The moments proposed: « Demain à 10 h », and the date it falls on."""
        tz, case, now = self.place.calendar.tz, self.place.case, self.place.now
        moments = [(at.isoformat(), at) for at in self.proposals or calls.callback_presets(case, now)]
        chosen = self.typed.fields.get("callback", "")
        # A preset chosen on an earlier visit stays, even if the four proposed have moved on.
        if chosen and chosen != OTHER_MOMENT and chosen not in dict(moments):
            with contextlib.suppress(ValueError, OverflowError):
                moments.insert(0, (chosen, datetime.fromisoformat(chosen).astimezone(tz)))
        options = []
        for value, moment in moments:
            label = typography(moment_label(moment, now, tz))
            day = date_label(moment.astimezone(tz).date())
            more = " · ".join(filter(None, ["" if day in label else day, clock_here(moment, now, case)]))
            options.append((value, label[:1].upper() + label[1:], more, value == chosen))
        return options

    @property
    def opening(self) -> str:
        """« du lundi au vendredi, de 10 h à 12 h et de 14 h à 18 h », where every open day is like the others."""
        return opening_label(self.place.calendar.week)

    @property
    def cadences(self) -> list[tuple[str, str, bool]]:
        chosen = self.typed.fields.get("cadence")
        return [(code, label, code == chosen) for code, label in FollowUpPlan.Cadence.choices]

    @property
    def weekdays(self) -> list[tuple[str, str, bool]]:
        chosen = self.typed.fields.get("weekdays", [])
        week = self.place.calendar.week
        return [(str(day), name, str(day) in chosen) for day, name in enumerate(WEEKDAYS) if week[day]]

    @property
    def first_day(self) -> str:
        return self.place.now.astimezone(self.place.calendar.tz).date().isoformat()
