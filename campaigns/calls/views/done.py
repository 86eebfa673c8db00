"""After the call: what was recorded and what happens next; one's own calls stay open for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from campaigns import calls, outcomes, scripts
from campaigns.alerts import dangers
from campaigns.calls.views.follows import Line
from campaigns.calls.views.labels import both_clocks, family, past_label, person_closed
from campaigns.common import needs
from campaigns.models import Alert, Call, Case, FollowUpPlan, Need
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import VOLUNTEER, role_required
from tenants.models import Tenant

# A volunteer sees their own calls again for a day.
RECENT = timedelta(hours=24)


@role_required(VOLUNTEER)
@require_GET
@never_cache
def done(request: SignedInRequest, call_id: int) -> HttpResponse:
    """One's own call, for 24 hours: what was recorded and what happens next."""
    now = timezone.now()
    recorded = (
        Call.objects.filter(pk=call_id, volunteer=request.user, recorded_at__gte=now - RECENT)
        .exclude(state=Call.State.DRAFT)
        .first()
    )
    if recorded is None:
        journal.record("access.refused", by=request.user, route="caller:done", call=call_id)
        raise Http404
    case = calls.with_household(recorded.case_id)
    journal.of_case("call.read", case, recorded, by=request.user)
    everybody = list(case.household.tenants.all())
    there = calls.people_of(case, since=recorded.started_at)
    closed = person_closed(recorded, everybody)
    rule = outcomes.TABLE.get(recorded.outcome)
    return render(
        request,
        "calls/done.html",
        {
            "call": recorded,
            "campaign": case.campaign,
            "name": closed.full_name if closed else family(there or everybody),
            "at": past_label(recorded.recorded_at or recorded.started_at, now, case.campaign.tz),
            "label": rule.label if rule else "Appel",
            "pending": recorded.state == Call.State.PENDING,
            "can_correct": calls.correctable(recorded, request.user, now) and case.campaign.is_running,
            "lines": what_happens(recorded, case, request.user, now),
            "danger_numbers": numbers_after(recorded),
            "can_go_on": case.campaign.status == case.campaign.Status.OPEN,
        },
    )


def numbers_after(recorded: Call) -> list[tuple[str, str]]:
    """The numbers of a danger of this call stay at hand as long as nobody has settled it."""
    mine = [one for one in dangers.unsettled(recorded.case_id) if dangers.raised_in(recorded, one)]
    content = scripts.content_of(recorded.script_id) if recorded.script_id else None
    return [(number, dangers.NUMBERS[number]) for number in dangers.numbers_of(mine, content)]


def what_happens(recorded: Call, case: Case, by: User, now: datetime) -> list[Line]:
    """Read from the rows, not from the form: what is really planned."""
    if recorded.state == Call.State.PENDING:
        return [Line("hourglass-split", _kept(recorded, case, by), "attention")]
    if recorded.state == Call.State.DROPPED:
        return [Line("slash-circle", "La coordination a écarté cet appel : il ne compte pas.")]
    if recorded.state == Call.State.MERGED:
        where = "à celui de l'autre bénévole" if _taker(case, by) else "au dossier"
        text = f"La coordination a joint votre appel {where} : ce qui a été dit est gardé."
        return [Line("people", text), *_need_lines(recorded)]
    return [
        *_twice_lines(recorded, by),
        *_alert_lines(recorded),
        *_plan_lines(case, by, now),
        *_next_lines(case, by, now),
        *_need_lines(recorded),
    ]


def _kept(recorded: Call, case: Case, by: User) -> str:
    """Why the coordination decides."""
    who = _taker(case, by, recorded.started_at)
    if not case.campaign.is_running:
        text = "La campagne a été close pendant votre appel."
    elif who:
        return f"Ce dossier a été repris par {who} : la coordination décide de ce qu'on en fait."
    elif _by_a_list(case, recorded.started_at):
        text = "Une nouvelle liste du bailleur dit que plus personne n'habite ici."
    elif case.status == Case.Status.CLOSED:
        text = "Ce dossier a été clos pendant votre appel."
    elif case.status == Case.Status.ON_HOLD:
        text = "Ce dossier a été mis en attente pendant votre appel."
    else:
        return "Ce dossier a été repris par quelqu'un d'autre : la coordination décide de ce qu'on en fait."
    return f"{text} Votre texte est gardé : la coordination décide."


def _by_a_list(case: Case, since: datetime) -> bool:
    """Whether everybody is gone, somebody by a list that came during the call."""
    people = case.household.tenants.all()
    gone = all(one.status != Tenant.Status.PRESENT for one in people)
    return gone and any(one.closed_by_list and one.status_at and one.status_at >= since for one in people)


def _taker(case: Case, by: User, since: datetime | None = None) -> str:
    """Who has the case, or called since (since ``since``: earlier calls are another story)."""
    if case.claimed_by is not None and case.claimed_by_id != by.pk:
        return case.claimed_by.get_short_name()
    last = case.calls.recorded().exclude(volunteer=by).select_related("volunteer")
    if since is not None:
        last = last.filter(recorded_at__gte=since)
    call = last.order_by("-recorded_at").first()
    return call.volunteer.get_short_name() if call and call.volunteer else ""


def _twice_lines(recorded: Call, by: User) -> list[Line]:
    """Another volunteer's call of the same household, which waits for the coordination."""
    other = (
        Call.objects.filter(case=recorded.case_id, state=Call.State.PENDING, started_at__lte=recorded.recorded_at)
        .exclude(volunteer=by)
        .select_related("volunteer")
        .first()
    )
    if other is None:
        return []
    who = other.volunteer.get_short_name() if other.volunteer else "Quelqu'un d'autre"
    return [Line("people", f"{who} avait aussi appelé ce foyer : la coordination décide de ce qu'on en fait.")]


def _alert_lines(recorded: Call) -> list[Line]:
    if Alert.objects.filter(call=recorded, kind__in=Alert.IN_A_CALL).exists():
        return [Line("exclamation-octagon-fill", "L'alerte est transmise à la coordination.", "alert")]
    return []


def _plan_lines(case: Case, by: User, now: datetime) -> list[Line]:
    plan = FollowUpPlan.objects.active().filter(case=case).select_related("volunteer").first()
    if plan is None or plan.next_due_at is None:
        return []
    who = f"par {plan.volunteer}" if plan.volunteer else "par l'équipe"
    who = "par vous" if plan.volunteer_id == by.pk else who
    when = both_clocks(plan.next_due_at, now, case)
    return [Line("heart", f"Suivi {plan.get_cadence_display()}, prochain appel {who} {when}.")]


def _next_lines(case: Case, by: User, now: datetime) -> list[Line]:
    if case.status == Case.Status.CLOSED:
        return [Line("check-circle", "Dossier clos : plus d'appel prévu dans cette campagne.")]
    if case.status == Case.Status.ON_HOLD:
        return [Line("people", f"La coordination prend la suite : {case.get_hold_reason_display()}.")]
    if not case.has_number:
        return [Line("search", "Aucun numéro valable : la coordination cherche comment joindre ce foyer.")]
    if case.next_call_at is None:
        return []
    if case.campaign.is_paused:
        return [_waits_for_the_campaign(case, now)]
    if case.is_safety_call:
        who = "par vous, puis par toute l'équipe" if case.next_call_for_id == by.pk else "par toute l'équipe"
        return [Line("clock", f"Rappel de sécurité {_when(case, now)}, {who}.", "alert")]
    who = " par vous" if case.next_call_for_id == by.pk else ""
    soon = case.next_call_at <= now
    return [Line("clock", f"Prochain appel{who} : {'dès que possible' if soon else _when(case, now)}.")]


def _waits_for_the_campaign(case: Case, now: datetime) -> Line:
    if case.is_safety_call:
        text = (
            f"Rappel de sécurité {_when(case, now)}. La campagne est en pause : il n'est proposé qu'à vous, parmi vos "
            "appels prévus. La coordination en est prévenue."
        )
        return Line("exclamation-octagon-fill", text, "alert")
    return Line("pause-circle", "La campagne est en pause : le prochain appel attend qu'elle reprenne.")


def _when(case: Case, now: datetime) -> str:
    return both_clocks(case.next_call_at or now, now, case)


def _need_lines(recorded: Call) -> list[Line]:
    lines = []
    for need in Need.objects.filter(call=recorded).order_by("level", "category"):
        kind = "alert" if need.level in (Level.U0, Level.U1) else ""
        delay = Level(need.level).label.partition(":")[2].strip()
        lines.append(Line("flag", f"{needs.label(need.category)}, {delay} : {_consent_text(need)}", kind))
    return lines


def _consent_text(need: Need) -> str:
    if need.state == Need.State.REFERRED:
        return "transmis à la coordination, qui relit avant d'envoyer."
    return {
        Need.Consent.NO: "refus noté, rien ne part.",
        Need.Consent.THINKING: "la personne y réfléchit, rien ne part.",
    }.get(Need.Consent(need.consent), "transmis à la coordination.")
