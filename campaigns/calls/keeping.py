"""A call that began counts: what can no longer be recorded is kept until a coordinator has decided.

Whatever happened to the campaign, the case or the volunteer meanwhile, the words typed are recorded, or they wait
among the calls to decide (``pending``), with an alert of their own; no campaign is purged while one waits.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from campaigns import alerts, scripts
from campaigns.calls.drafts import raise_answer_alerts
from campaigns.calls.reading import people_of, script_of, with_household
from campaigns.models import Alert, Call, Campaign, Case
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User
from solidarites.roles import VOLUNTEER

# In one tick; the next one goes on.
MOST = 200


def waiting(campaign: Campaign) -> QuerySet[Call]:
    """The calls of the campaign that somebody must still decide of: nothing of it is erased meanwhile."""
    undecided = Q(state=Call.State.PENDING) | Q(Call.WITH_WORDS, state=Call.State.DRAFT)
    return Call.objects.filter(undecided, case__campaign=campaign)


def is_double(call: Call, case: Case) -> bool:
    """Whether somebody else has the case, or recorded a call after this one began."""
    if case.claimed_by_id not in (None, call.volunteer_id):
        return True
    others = Call.objects.recorded().filter(case=case, recorded_at__gt=call.started_at)
    return others.exclude(pk=call.pk).exists()


def keep(*, call: Call, case: Case, reading: scripts.Reading, by: User | None, now: datetime) -> None:
    """Set the call aside for the coordination, and end its volunteer's claim, inside the caller's transaction.

    Nothing follows from it yet, save its alerts: those of its answers, and one that asks for a decision. Of two calls
    of one household in a campaign that goes on, that one is raised for an urgent need alone: the list says the rest.
    """
    call.state = Call.State.PENDING
    call.save()
    if case.claimed_by_id is not None and case.claimed_by_id == call.volunteer_id:
        case.free()
        case.save(update_fields=Case.CLAIMED)
    journal.of_case("call.pending", case, call, by=by)
    raise_answer_alerts(call, case, reading.alerts, by, now)
    level = min([need.level for need in reading.needs], default=Level.U2)
    urgent = level in (Level.U0, Level.U1)
    if urgent or not (case.campaign.is_running and is_double(call, case)):
        level = level if urgent else Level.U2
        alerts.raise_alert(call=call, kind=Alert.Kind.KEPT_CALL, level=level, case=case, by=by, now=now)


def decided(*, call: Call, solution: str, by: User, now: datetime) -> None:
    """What its alert asked for is done; so is what the purge of the campaign waited for, when it was the last one."""
    campaign = call.case.campaign
    done = Q(kind=Alert.Kind.KEPT_CALL, call=call)
    if not waiting(campaign).exists():
        done |= Q(kind=Alert.Kind.PURGE_WAITING, campaign=campaign)
    for alert in Alert.objects.unsolved().filter(done):
        alerts.solve(alert=alert, solution=solution, by=by, now=now)


def keep_unfinished(*, now: datetime) -> int:
    """Show the coordination the drafts that nobody may record any more; how many. Safe twice at once.

    Those of a closed campaign, an hour after their last word, and at once those of an account that was closed or calls
    no more. Their volunteer, if they come back within a day, still finds their text and may still record it.
    """
    callers = User.objects.filter(pk=OuterRef("volunteer"), is_active=True, groups__name=VOLUNTEER)
    left = Q(last_word__lte=now - Case.CLAIM, case__campaign__status=Campaign.Status.CLOSED) | ~Exists(callers)
    drafts = Call.objects.filter(Call.WITH_WORDS, state=Call.State.DRAFT).annotate(
        last_word=Coalesce("saved_at", "started_at")
    )
    kept = 0
    for pk, case_id in drafts.filter(left).order_by("pk").values_list("pk", "case_id")[:MOST]:
        kept += _keep_draft(pk, case_id, now)
    return kept


@transaction.atomic
def _keep_draft(call_id: int, case_id: int, now: datetime) -> bool:
    case = with_household(case_id, lock=True)
    draft = Call.objects.select_for_update(of=("self",)).filter(pk=call_id, state=Call.State.DRAFT).first()
    if draft is None:
        return False
    draft.script_id, content = script_of(case, draft)
    people = [str(tenant.pk) for tenant in people_of(case, since=draft.started_at)]
    reading = content.read(draft.answers, people) if content is not None else scripts.Reading()
    keep(call=draft, case=case, reading=reading, by=None, now=now)
    return True
