"""One volunteer, one moment, one call: claimed and recorded by the product's rules, the clock being told."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from campaigns import calls, followups, queue, scripts
from campaigns.demo import conversations
from campaigns.models import Call, Campaign, Case
from solidarites.models import User
from tenants.models import PhoneNumber, Tenant

REACHING = {"completed", "callback", "soft_refusal", "refused_campaign", "opt_out", "unable"}


@dataclass
class Said:
    """What a call brings: its outcome, and what the form holds."""

    outcome: str
    said: Mapping[str, str | list[str]] = field(default_factory=dict)
    comment: str = ""
    minutes: float = 1.5
    callback_at: datetime | None = None
    follow_up: followups.Rhythm | None = None
    consents: Mapping[str, str] = field(default_factory=dict)
    person: bool = False
    language: str = ""
    touched: bool = False
    direction: str = Call.Direction.OUTGOING


class Caller:
    """Plays volunteers of one campaign. Holds in memory what a volunteer reads on the page."""

    def __init__(self, campaign: Campaign, rng: random.Random, remarks: Iterable[str] = (), every: int = 1) -> None:
        self.campaign = campaign
        self.rng = rng
        # Comments to look at again, one every so many calls: nothing is drawn for them.
        self.remarks, self.every, self._made = deque(remarks), every, 0
        assert campaign.script_id is not None  # noqa: S101 - the campaign is open
        self.first = scripts.content_of(campaign.script_id)
        self.follow_up = scripts.content_of(campaign.follow_up_script_id or campaign.script_id)
        self.people = _people_by_household(campaign)
        self.phones = _phones_by_household(campaign)
        self.calls = 0

    def take(self, by: User, at: datetime) -> queue.Given:
        return queue.claim_next(campaign=self.campaign, by=by, now=at)

    def record(self, given: queue.Given, by: User, at: datetime, what: Said) -> Call:
        """Press the outcome and save; ``at`` is when the call began."""
        case, draft = given.case, given.call
        assert case is not None and draft is not None  # noqa: S101, PT018 - the caller looked
        people = self.people[case.household_id]
        content = self.follow_up if case.next_call_kind == Case.Kind.FOLLOW_UP else self.first
        phones = self.phones[case.household_id]
        number = phones[min(self._tries(case), len(phones) - 1)] if phones else None
        self.calls += 1
        details = calls.Details(
            callback_at=what.callback_at,
            tenant_id=people[0] if what.person else None,
            language=what.language,
            follow_up=what.follow_up,
            consents=dict(what.consents),
        )
        entry = calls.Entry(
            outcome=what.outcome,
            answers=conversations.spoken(content, what.said, people, self.rng),
            comment=self._comment(what),
            details=details,
            phone_id=number,
            direction=what.direction,
            touched_me=what.touched,
        )
        return calls.record_call(
            case_id=case.pk, by=by, submission=draft.submission, entry=entry, now=at + timedelta(minutes=what.minutes)
        )

    def _comment(self, what: Said) -> str:
        plain = what.outcome == "completed" and not what.consents and what.direction == Call.Direction.OUTGOING
        if plain and self.remarks and self.calls >= self.every * (1 + self._made):
            self._made += 1
            return self.remarks.popleft()
        return what.comment

    def _tries(self, case: Case) -> int:
        """A second number is dialled once the first was found wrong."""
        return 1 if case.last_outcome in ("wrong_number", "disconnected") else 0

    # What is drawn ------------------------------------------------------------------------------------

    def conversation(self, said: Mapping[str, str | list[str]], comment: str = "", **more: Any) -> Said:
        """An exchange that went well: a few minutes."""
        return Said("completed", said, comment, minutes=round(self.rng.uniform(3, 14), 1), **more)

    def plain(self) -> Said:
        comment = self.rng.choice(conversations.WELL_COMMENTS) if self.rng.random() < 0.25 else ""
        return self.conversation(conversations.well(self.rng), comment)

    def series(self) -> Said:
        comment = self.rng.choice(conversations.LONELY_COMMENTS) if self.rng.random() < 0.4 else ""
        return self.conversation(conversations.follow_up(self.rng), comment)

    def lonely(self, by: User, rhythm: followups.Rhythm | None = None, answer: str = "hebdo") -> Said:
        said = conversations.lonely(self.rng)
        if rhythm is None:
            answer, rhythm = conversations.rhythm(self.rng, by.pk)
        comment = self.rng.choice(conversations.LONELY_COMMENTS)
        return self.conversation(said | {"suivi": answer}, comment, follow_up=rhythm)

    def needy(self, consent: str = "yes", **changes: str) -> Said:
        said = conversations.needy(self.rng) | changes
        categories = ("courses", "repas", "soins", "medicaments", "logement", "protection", "psychologique")
        return self.conversation(
            said, self.rng.choice(conversations.NEED_COMMENTS), consents=dict.fromkeys(categories, consent)
        )

    def low(self) -> Said:
        said = conversations.low(self.rng)
        return self.conversation(said, self.rng.choice(conversations.LOW_COMMENTS), consents={"psychologique": "yes"})

    def small_need(self) -> Said:
        consent = self.rng.choice(("no", "thinking"))
        categories = ("courses", "repas", "protection", "logement", "medicaments")
        return self.conversation(conversations.small_need(self.rng), consents=dict.fromkeys(categories, consent))

    def nobody(self) -> Said:
        outcome = self.rng.choices(("no_answer", "voicemail_left", "voicemail_none", "other_person"), (70, 14, 13, 3))[
            0
        ]
        return Said(outcome, {"accueil": "autre_personne"} if outcome == "other_person" else {})


def _people_by_household(campaign: Campaign) -> dict[int, list[int]]:
    """Those who answer for themselves, the eldest first (as the call page lists them)."""
    day: date = campaign.starts_on or campaign.created_at.date()
    found: dict[int, list[tuple[bool, date, int, bool]]] = defaultdict(list)
    rows = Tenant.objects.filter(household__cases__campaign=campaign, status=Tenant.Status.PRESENT)
    for tenant in rows:
        old = (tenant.age_on(day) or 0) >= campaign.minimum_age
        born = tenant.birth_date or date.max
        found[tenant.household_id].append((tenant.birth_date is None, born, tenant.pk, old))
    people: dict[int, list[int]] = {}
    for household, persons in found.items():
        ordered = sorted(persons)
        kept = [person for person in ordered if person[3]] or ordered
        people[household] = [person[2] for person in kept]
    return people


def _phones_by_household(campaign: Campaign) -> dict[int, list[int]]:
    """Numbers in dialling order."""
    found: dict[int, list[int]] = defaultdict(list)
    for phone in PhoneNumber.objects.filter(household__cases__campaign=campaign).order_by("third_party", "rank", "pk"):
        found[phone.household_id].append(phone.pk)
    return found
