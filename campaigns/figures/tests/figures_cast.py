"""A small campaign called by the product's own rules, for the tests of its figures and of its end."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigns import calls, followups, queue, scripts
from campaigns.models import Call, Campaign, Case
from solidarites.models import User
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
# Everything the script asks of somebody who is well.
WELL = {
    "accueil": {"": "oui"},
    "information": {"": "oui"},
    "sante": "bien",
    "courses": {"": "moi"},
    "solitude": "rarement",
    "suivi": {"": "non"},
}


def make_campaign(*volunteers: User, now: datetime = TUESDAY, **fields: Any) -> Campaign:
    """An open campaign with the scripts of the product."""
    loaded = {script.kind: script for script in scripts.load_defaults(now=now)}
    fields = {"script": loaded["first"], "follow_up_script": loaded["follow_up"], **fields}
    return factories.make_campaign(volunteers=list(volunteers), now=now, **fields)


def answers_of(case: Case, **changes: str) -> dict[str, Any]:
    """What everybody of the household answers: well, except for ``changes``."""
    people = [str(tenant.pk) for tenant in calls.people_of(calls.with_household(case.pk))]
    content = scripts.content_of(case.campaign.script_id)
    given: dict[str, Any] = {}
    for question, value in {**WELL, **changes}.items():
        asked = content.question(question)
        voices = people if asked is not None and asked.per_person else [""]
        plain = value if isinstance(value, str) else value[""]
        given[question] = dict.fromkeys(voices, plain)
    return given


def call(case: Case, by: User, outcome: str, now: datetime = TUESDAY, **fields: Any) -> Call:
    """One recorded call; ``say`` holds the answers that differ from « everything is well »."""
    queue.release(case_id=case.pk, by=by, now=now)
    Case.objects.filter(pk=case.pk).update(next_call_for=by, status=Case.Status.OPEN)
    given = queue.claim_one(case_id=case.pk, by=by, now=now)
    assert given.call is not None
    say = fields.pop("say", {})
    if outcome == "completed":
        fields.setdefault("answers", answers_of(case, **say))
    elif say:
        fields["answers"] = answers_of(case, **say)
    recorded = factories.record_call(
        case_id=case.pk,
        by=by,
        submission=given.call.submission,
        outcome=outcome,
        now=now + timedelta(minutes=4),
        **fields,
    )
    case.refresh_from_db()
    return recorded


def weekly(day: int = 2) -> followups.Rhythm:
    return followups.Rhythm("weekly", (day,), time(10, 0))
