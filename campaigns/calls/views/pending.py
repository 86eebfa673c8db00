"""« Appels à trancher »: recorded twice, or no longer recordable; what becomes of each call is decided here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns import calls, outcomes
from campaigns.calls.views.answers import answers_in_words
from campaigns.calls.views.labels import typography
from campaigns.common import scope
from campaigns.common.calendar import NeverOpenError, calendar_of, moment_label
from campaigns.common.views.pages import back, campaign_filter, narrowed, note_read, page_of, with_people
from campaigns.models import Call, Campaign, Case, FollowUpPlan
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required
from tenants import households

PER_PAGE = 20
# What is done, by the button, with which field of the form; and what is said of it.
DECISIONS: dict[str, tuple[Callable[..., Call], str, str]] = {
    "accept": (calls.accept_pending, "outcome", "L'appel compte\u00a0: ses suites sont lancées."),
    "merge": (calls.merge_pending, "", "Ce qui a été dit est joint au dossier. Le prochain appel ne change pas."),
    "drop": (calls.drop_pending, "reason", "L'appel est écarté. Il reste dans l'historique."),
}
# Question, person, answer.
Words = list[tuple[str, str, str]]
ENDINGS = [(code, outcomes.TABLE[code].label) for code in calls.ENDINGS]


@dataclass(frozen=True)
class ToDecide:
    """A call to decide, with what is needed to."""

    call: Call
    words: Words
    # The calls recorded meanwhile.
    others: list[tuple[Call, Words]]
    held: bool
    why: str
    over: bool
    follows: str
    promised: str

    endings = ENDINGS
    drop_reasons = Call.DropReason.choices


def pending_calls(cases: Iterable[int]) -> list[ToDecide]:
    """The calls to decide of these cases, the oldest first, with what is needed to decide."""
    found = (
        Call.objects.filter(case__in=cases, state=Call.State.PENDING)
        .select_related("volunteer", "script", "case__campaign", "case__household__landlord", "case__claimed_by")
        .prefetch_related(
            with_people("case__household"), "case__household__phones", "case__household__cases", "case__plans"
        )
        .order_by("started_at", "pk")
    )
    return with_words(list(found), timezone.now())


def with_words(pending: list[Call], now: datetime) -> list[ToDecide]:
    """Each with its answers, the calls recorded meanwhile, and what would follow from it."""
    others = (
        Call.objects.recorded()
        .filter(case__in=[call.case_id for call in pending])
        .select_related("volunteer", "script")
        .order_by("recorded_at", "pk")
    )
    by_case: dict[int, list[Call]] = {}
    for other in others:
        by_case.setdefault(other.case_id, []).append(other)
    return [_to_decide(call, by_case.get(call.case_id, []), now) for call in pending]


def _to_decide(call: Call, recorded: list[Call], now: datetime) -> ToDecide:
    others = [one for one in recorded if one.recorded_at and one.recorded_at >= call.started_at]
    for other in others:
        other.case = call.case
    over = bool(outcomes.over_of(call.case))
    return ToDecide(
        call=call,
        words=answers_in_words(call),
        others=[(other, answers_in_words(other)) for other in others],
        held=call.case.claimed_until is not None and call.case.claimed_until > now,
        why=_why(call, twice=bool(others)),
        over=over,
        follows=typography(_follows(call, now)),
        promised=typography(_promised(call, now)) if over else "",
    )


def _why(call: Call, *, twice: bool) -> str:
    """What made the call wait: two for one household, its campaign or its case closed meanwhile, or left unfinished."""
    if not call.outcome:
        return "unfinished"
    if twice or call.case.claimed_by_id not in (None, call.volunteer_id):
        return "double"
    if not call.case.campaign.is_running:
        return "campaign"
    return "case" if call.case.status == Case.Status.CLOSED else "double"


def _promised(call: Call, now: datetime) -> str:
    """What was agreed in the call and no campaign will keep: the coordination must."""
    said = calls.Details.of(call)
    promises = []
    if call.outcome == "callback" and said.callback_at is not None:
        tz = calendar_of(call.case.campaign, call.case.region).tz
        promises.append(f"un rappel {moment_label(said.callback_at, now, tz)}")
    if said.follow_up is not None:
        promises.append(f"un suivi {FollowUpPlan.Cadence(said.follow_up.cadence).label}")
    return " et ".join(promises)


def _follows(call: Call, now: datetime) -> str:
    """What the outcome would bring were it to count; the rule reads the case again when it does."""
    case = call.case
    phones = [phone for phone in households.usable_phones(case.household) if phone.pk != call.phone_id]
    situation = outcomes.bare_situation(case, by_id=call.volunteer_id or 0, now=now)
    callback_at = calls.Details.of(call).callback_at
    if callback_at is not None and callback_at <= now:
        # As the rule does: the moment agreed is over.
        with suppress(NeverOpenError):
            callback_at = situation.calendar.next_opening(now)
    situation = replace(
        situation,
        plan=any(plan.status == FollowUpPlan.Status.ACTIVE for plan in case.plans.all()),
        other_number=bool(phones) and call.phone_id is not None,
        callback_at=callback_at,
        over=outcomes.over_of(case),
    )
    rule = outcomes.TABLE.get(call.outcome)
    return rule.decide(situation).text if rule else ""


@role_required(COORDINATOR)
@require_GET
def pending_list(request: SignedInRequest) -> HttpResponse:
    """The oldest first."""
    cases = scope.visible_cases(request.user, Case.objects.exclude(campaign__status=Campaign.Status.PURGED))
    waiting = Call.objects.filter(case__in=narrowed(request, cases).order_by().values("pk"), state=Call.State.PENDING)
    page = page_of(request, waiting.order_by("started_at", "pk"), PER_PAGE)
    wanted = {call.pk for call in page.object_list}
    rows = [one for one in pending_calls([call.case_id for call in page.object_list]) if one.call.pk in wanted]
    note_read(request, "pending.listed", [one.call.case_id for one in rows])
    context = {"page_obj": page, "rows": rows, "now": timezone.now(), **campaign_filter(request)}
    return render(request, "calls/pending_list.html", context)


@role_required(COORDINATOR)
@require_POST
def pending_call(request: SignedInRequest, call_id: int) -> HttpResponse:
    """Decide: the call counts, its words join the case, or it is set aside."""
    visible = scope.visible_cases(request.user).order_by().values("pk")
    call = get_object_or_404(Call.objects.filter(case__in=visible), pk=call_id)
    decision = DECISIONS.get(request.POST.get("decision", ""))
    if decision is None:
        messages.error(request, "Choisissez ce que devient cet appel.")
        return back(request, "coordinator:case", call.case_id)
    rule, field, done = decision
    given = {field: request.POST.get(field, "")} if field else {}
    try:
        rule(call_id=call.pk, by=request.user, now=timezone.now(), **given)
    except calls.CallError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return back(request, "coordinator:case", call.case_id)
