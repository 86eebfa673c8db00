"""The states of a referral, who may move it, and the one function that does.

A move is a conditional update from the state the referral was read in, so of two people who press at once one
wins and the other is told; the timeline, the journal and the end of the alerts of that state go with it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from campaigns import alerts
from campaigns.common import scope
from campaigns.models import Alert, Referral, ReferralEvent
from campaigns.models.limits import FACTS
from campaigns.referrals import deadlines
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

State = Referral.State
Actor = ReferralEvent.Actor

COORDINATOR = frozenset({Actor.USER})
PARTNER = frozenset({Actor.PARTNER, Actor.USER})  # by link, or a coordinator recording an answer by phone
TASK = frozenset({Actor.SYSTEM})

# docs/regles.md#signalements-etats; anything that is not here is refused.
TRANSITIONS: dict[tuple[str, str], frozenset[str]] = {
    (State.DRAFT, State.APPROVED): COORDINATOR,
    (State.DRAFT, State.WITHDRAWN): COORDINATOR,
    (State.APPROVED, State.SENT): TASK,
    (State.APPROVED, State.DRAFT): COORDINATOR,
    (State.APPROVED, State.WITHDRAWN): COORDINATOR,
    (State.SENT, State.ACKNOWLEDGED): PARTNER,
    (State.SENT, State.IN_PROGRESS): PARTNER,
    (State.SENT, State.DECLINED): PARTNER,
    (State.SENT, State.WITHDRAWN): COORDINATOR,
    (State.ACKNOWLEDGED, State.IN_PROGRESS): PARTNER,
    (State.ACKNOWLEDGED, State.ANSWERED): PARTNER,
    (State.ACKNOWLEDGED, State.DECLINED): PARTNER,
    (State.ACKNOWLEDGED, State.WITHDRAWN): COORDINATOR,
    (State.IN_PROGRESS, State.ANSWERED): PARTNER,
    (State.IN_PROGRESS, State.DECLINED): PARTNER,
    (State.IN_PROGRESS, State.WITHDRAWN): COORDINATOR,
    (State.ANSWERED, State.CLOSED): COORDINATOR,
    (State.ANSWERED, State.IN_PROGRESS): COORDINATOR,
    (State.DECLINED, State.DRAFT): COORDINATOR,
    (State.DECLINED, State.CLOSED): COORDINATOR,
}
OPEN_STATES = (
    State.DRAFT,
    State.APPROVED,
    State.SENT,
    State.ACKNOWLEDGED,
    State.IN_PROGRESS,
    State.ANSWERED,
    State.DECLINED,
)
WITH_PARTNER = (State.SENT, State.ACKNOWLEDGED, State.IN_PROGRESS)


class ReferralError(Refused):
    """The act does not fit the referral."""


class StateError(ReferralError):
    """The act is not in the table for this state, or somebody acted first."""


def visible(user: User) -> QuerySet[Referral]:
    """The referrals whose household this coordinator or administrator may see."""
    return Referral.objects.filter(scope.in_sight(user, "case__agency"))


def actor_of(by: User | None) -> str:
    """A rule without a person is the partner's own act (by the link)."""
    return Actor.USER if by is not None else Actor.PARTNER


def can_move(referral: Referral, to: str, actor: str = Actor.USER) -> bool:
    return actor in TRANSITIONS.get((referral.state, to), frozenset())


def require(referral: Referral, to: str, actor: str) -> None:
    """Raise StateError unless the table lets ``actor`` move the referral to ``to``."""
    movers = TRANSITIONS.get((referral.state, to))
    now_is = referral.get_state_display()
    if movers is None:
        raise StateError(f"Ce signalement est « {now_is} » : il ne peut pas passer à « {State(to).label} ».")
    if actor not in movers:
        raise StateError(f"Ce passage de « {now_is} » à « {State(to).label} » ne se fait pas ici.")


@transaction.atomic
def move(
    referral: Referral,
    to: str,
    *,
    actor: str,
    by: User | None,
    now: datetime,
    action: str,
    note: str = "",
    **changes: Any,
) -> None:
    """Move ``referral`` to ``to`` with ``changes``, and write the timeline and the journal.

    Conditions: the table allows it to ``actor``, and nobody has moved it since it was read.
    Steps: conditional update; deadline of the new state; timeline; alerts of the old state solved; journal.
    Errors: StateError when the table refuses, or when another person acted first.
    """
    require(referral, to, actor)
    before = referral.state
    department = referral.case.household.department
    changes = {
        "due_at": deadlines.due(to, referral.level, now, department, referral.partner),
        "escalated_at": None,
        **changes,
        "state": to,
    }
    if not Referral.objects.filter(pk=referral.pk, state=before).update(**changes):
        raise StateError("Ce signalement a changé entre-temps. Relisez-le avant d'agir.")
    for field, value in changes.items():
        setattr(referral, field, value)
    note_event(referral, action, actor=actor, by=by, now=now, note=note, from_state=before, to_state=to)
    solve_alerts(referral, by=by, now=now)
    record(f"referral.{action}", referral, by=by, actor=actor)


def note_event(
    referral: Referral,
    action: str,
    *,
    actor: str,
    by: User | None,
    now: datetime,
    note: str = "",
    from_state: str = "",
    to_state: str = "",
) -> ReferralEvent:
    """One line of the timeline."""
    return ReferralEvent.objects.create(
        referral=referral,
        at=now,
        by=by,
        actor=actor,
        partner_id=referral.partner_id,
        action=action,
        from_state=from_state,
        to_state=to_state,
        note=note.strip()[:FACTS],
    )


def record(action: str, referral: Referral, *, by: User | None, actor: str = "") -> None:
    """The journal row of an act: ids and states only."""
    journal.of_case(
        action,
        referral.case,
        referral,
        by=by,
        actor="" if by else actor,
        state=referral.state,
        partner=referral.partner_id,
    )


def solve_alerts(referral: Referral, *, by: User | None, now: datetime) -> None:
    """What an alert asked for has happened: the referral moved."""
    for alert in Alert.objects.unsolved().filter(referral=referral):
        alerts.solve(
            alert=alert, solution=f"Signalement {referral.reference} : {referral.get_state_display()}.", by=by, now=now
        )
