"""The author of a call corrects it, for a day: ``foresee`` says what would change, ``correct`` does exactly that.

What was said (answers, comment) may always be corrected. The outcome too, while nobody has acted on the household
since (see undo): the case is put back as it was before the call, and the call is recorded again as of its moment. When
somebody has acted, or when the first outcome was one that only a coordinator may undo (a death, an opposition), the
words are corrected, the outcome is not, and the coordination is told. What is true of persons whatever the queue
(never again, died, left) holds at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns import alerts, outcomes, scripts, texts
from campaigns.alerts import dangers
from campaigns.calls import undo
from campaigns.calls.drafts import raise_answer_alerts, unheard
from campaigns.calls.entry import Details, Entry
from campaigns.calls.reading import CallError, people_of, with_household
from campaigns.calls.recording import check_form, clean_comment, finish
from campaigns.models import Alert, Call, CallRevision, Case, FollowUpPlan, Need, Referral, WelfareCheck
from campaigns.models.levels import Level
from campaigns.queue import NotYoursError
from solidarites import journal
from solidarites.models import User
from tenants import households
from tenants.models import Tenant

WINDOW = timedelta(hours=24)
# True of a person or of a household, whatever the queue: recorded at once, undone by a coordinator alone.
FACTS = ("opt_out", *outcomes.PERSON_STATUS)


@dataclass
class Change:
    """What a correction would do."""

    outcome: str
    words: bool = False
    # The outcome, or what goes with it (callback, plan, number), differs from what was recorded.
    moves: bool = False
    # Why the outcome cannot be drawn again by its author; empty when it can.
    obstacle: str = ""
    fact: bool = False
    added: list[scripts.HeardNeed] = field(default_factory=list)
    withdrawn: list[Need] = field(default_factory=list)
    changed: list[Need] = field(default_factory=list)
    with_partner: list[Need] = field(default_factory=list)
    alerts: list[scripts.HeardAlert] = field(default_factory=list)
    reading: scripts.Reading = field(default_factory=scripts.Reading)
    tenant: Tenant | None = None

    @property
    def redo(self) -> bool:
        return self.moves and not self.obstacle

    @property
    def asked(self) -> bool:
        """Only a coordinator may draw this outcome."""
        return self.moves and bool(self.obstacle) and not self.fact

    @property
    def anything(self) -> bool:
        return self.words or self.moves or bool(self.added or self.withdrawn or self.changed or self.with_partner)


def correctable(call: Call, by: User, now: datetime) -> bool:
    return (
        call.volunteer_id == by.pk
        and call.state == Call.State.RECORDED
        and call.recorded_at is not None
        and now - call.recorded_at < WINDOW
    )


def people_then(call: Call, case: Case) -> list[Tenant]:
    """Those who answered in this call, whatever became of them since."""
    ids = call.undo.get("people")
    if not ids:
        return people_of(case)
    found = {tenant.pk: tenant for tenant in case.household.tenants.all()}
    return [found[pk] for pk in ids if pk in found]


def content_then(call: Call) -> scripts.Content | None:
    """The version of the script the call was made with."""
    return scripts.content_of(call.script_id) if call.script_id else None


def foresee(*, call: Call, case: Case, wanted: Entry, by: User, now: datetime) -> Change:
    """What correcting would change. Writes nothing. Raises CallError at the field that is wrong."""
    if not case.campaign.is_running:
        raise CallError(
            "outcome", "Cette campagne est terminée : cet appel ne se corrige plus. Prévenez la coordination."
        )
    people, content = people_then(call, case), content_then(call)
    keys = [str(tenant.pk) for tenant in people]
    answers = content.clean(wanted.answers, keys) if content is not None else {}
    reading = content.read(answers, keys) if content is not None else scripts.Reading()
    vital = dangers.danger_of(call, reading, now).vital
    same_moment = wanted.details.callback_at == Details.from_json(call.draft).callback_at
    if wanted.outcome == call.outcome and (wanted.outcome != "callback" or same_moment):
        # What was recorded was possible; only what is asked now must be.
        tenant = _check_words(wanted, reading, people, vital=vital)
    else:
        tenant = check_form(case, wanted, reading, now, vital=vital)
    change = Change(outcome=wanted.outcome, reading=reading, tenant=tenant)
    change.words = answers != call.answers or clean_comment(wanted.comment) != call.comment
    change.moves = _moves(call, case, wanted, reading) or (reading.vital and not _read_before(call, case).vital)
    if change.moves:
        change.obstacle = _obstacle(call, case, now)
        change.fact = bool(change.obstacle) and wanted.outcome in FACTS and call.outcome != wanted.outcome
    _compare_needs(change, call, wanted, people)
    change.alerts = unheard(call, reading.alerts)
    return change


def _check_words(wanted: Entry, reading: scripts.Reading, people: list[Tenant], *, vital: bool) -> Tenant | None:
    if len(wanted.comment.strip()) > texts.LIMIT:
        raise CallError("comment", f"{texts.LIMIT} caractères au plus.")
    if wanted.outcome == "completed" and reading.missing and not vital:
        question, person = reading.missing[0]
        raise CallError(
            f"q-{question.key}-{person}" if person else f"q-{question.key}", "Cette question attend une réponse."
        )
    return next((one for one in people if one.pk == wanted.details.tenant_id), None)


def _moves(call: Call, case: Case, wanted: Entry, reading: scripts.Reading) -> bool:
    """Whether the case would not stand where the call left it."""
    if wanted.outcome != call.outcome:
        return True
    before = Details.from_json(call.draft)
    if wanted.outcome == "callback":
        return wanted.details.callback_at != before.callback_at
    if wanted.outcome == "completed":
        ended = _read_before(call, case).ends_plan
        return _rhythm(wanted.details) != _rhythm(before) or reading.ends_plan != ended
    if wanted.outcome in outcomes.NUMBER_VALIDITY:
        return wanted.phone_id is not None and wanted.phone_id != call.phone_id
    if wanted.outcome in outcomes.PERSON_STATUS:
        return before.tenant_id is not None and wanted.details.tenant_id not in (None, before.tenant_id)
    return wanted.outcome == "language" and wanted.details.language != before.language


def _read_before(call: Call, case: Case) -> scripts.Reading:
    """What the answers meant when the call was recorded."""
    content = content_then(call)
    keys = [str(tenant.pk) for tenant in people_then(call, case)]
    return content.read(call.answers, keys) if content is not None else scripts.Reading()


def _rhythm(details: Details) -> tuple[Any, ...]:
    rhythm = details.follow_up
    return (rhythm.cadence, tuple(sorted(rhythm.weekdays)), rhythm.time) if rhythm else ()


def _obstacle(call: Call, case: Case, now: datetime) -> str:
    """Why the outcome is no longer the author's to change; empty when it is."""
    if call.outcome in FACTS:
        label = outcomes.TABLE[call.outcome].label
        return f"Seule la coordination peut revenir sur « {label} »."
    if case.claimed_by is not None:
        who = "Vous avez" if case.claimed_by_id == call.volunteer_id else f"{case.claimed_by.display_name} a"
        return f"{who} repris ce foyer depuis."
    later = Call.objects.filter(case=case, recorded_at__gt=call.recorded_at).exclude(pk=call.pk)
    if later.exclude(state__in=[Call.State.DRAFT, Call.State.DROPPED]).exists():
        return "Ce foyer a été appelé de nouveau depuis."
    after = call.undo.get("after")
    if not after or undo.again(after) != after or _acted_on(call, case):
        return "Ce dossier a avancé depuis."
    return ""


def _acted_on(call: Call, case: Case) -> bool:
    """A check that this call opened is in somebody's hands, or another one was opened since."""
    at = call.recorded_at
    assert at is not None  # noqa: S101 - correctable() looked
    return (
        WelfareCheck.objects.filter(case=case, opened_at__gte=at)
        .exclude(opened_at=at, owner=None, steps=None, closed_at=None)
        .exists()
    )


def _compare_needs(change: Change, call: Call, wanted: Entry, people: list[Tenant]) -> None:
    if change.asked and not outcomes.TABLE[wanted.outcome].reached:
        return  # nothing is taken back before the coordination decides
    heard = outcomes.worst(outcomes.needs_heard(wanted.outcome, change.reading), people)
    settled = set()
    for need in call.needs.prefetch_related("referrals").select_related("case"):
        key = (need.tenant_id, need.category)
        consent = outcomes.consent_to(need.category, wanted.details.consents)
        unchanged = key in heard and (heard[key], consent) == (need.level, need.consent)
        if unchanged or need.state in (Need.State.MET, Need.State.DROPPED):
            settled.add(key)
        elif not outcomes.may_withdraw(need):
            settled.add(key)
            change.with_partner.append(need)
        elif key in heard:
            change.changed.append(need)
        elif call.recorded_at is not None and need.created_at >= call.recorded_at:
            change.withdrawn.append(need)
    change.added = [
        scripts.HeardNeed(category, level, str(tenant_id or ""))
        for (tenant_id, category), level in heard.items()
        if (tenant_id, category) not in settled
    ]


# Writing --------------------------------------------------------------------------------------------------


@transaction.atomic
def correct(*, call_id: int, by: User, submission: uuid.UUID, wanted: Entry, now: datetime) -> CallRevision | None:
    """Correct one's own recorded call, once per ``submission``; None when nothing differs from what is recorded.

    Conditions: recorded by ``by`` less than 24 hours ago, in a campaign still running.
    Steps: lock the case; find the same submission; foresee; keep the former version; needs, then the outcome (drawn
    again, or asked of the coordination), alerts of new answers, texts to look at again; journal.
    Raises NotYoursError for another's call or after a day, CallError at a field.
    """
    mine = Call.objects.filter(pk=call_id, volunteer=by).values_list("case_id", flat=True).first()
    if mine is None:
        raise NotYoursError("Cet appel n'est pas le vôtre.")
    case = with_household(mine, lock=True)
    call = Call.objects.select_related("phone").get(pk=call_id)
    call.case = case
    if done := CallRevision.objects.filter(submission=submission, call=call).first():
        return done
    if not correctable(call, by, now):
        raise NotYoursError("Cet appel ne se corrige plus : un jour est passé.")
    change = foresee(call=call, case=case, wanted=wanted, by=by, now=now)
    if not change.anything:
        return None
    revision = CallRevision.objects.create(
        call=call,
        submission=submission,
        at=now,
        by=by,
        outcome=call.outcome,
        answers=call.answers,
        draft=call.draft,
        comment=call.comment,
        asked_outcome=wanted.outcome if change.asked else "",
    )
    content = content_then(call)
    before = texts.texts_of(call, content)
    first_outcome = call.outcome
    _write(call, case, change, wanted, by, now)
    texts.changed(call, content, before, now)
    if (change.moves and change.obstacle) or change.with_partner:
        serious = first_outcome in FACTS or change.fact
        alerts.raise_alert(
            revision=revision,
            kind=Alert.Kind.CORRECTION,
            level=Level.U1 if serious else Level.U2,
            case=case,
            by=by,
            now=now,
        )
    journal.of_case("call.corrected", case, call, by=by, outcome=call.outcome, asked=revision.asked_outcome)
    return revision


def _write(call: Call, case: Case, change: Change, wanted: Entry, by: User, now: datetime) -> None:
    content, people = content_then(call), people_then(call, case)
    keys = [str(tenant.pk) for tenant in people]
    call.answers = content.clean(wanted.answers, keys) if content is not None else {}
    call.comment, call.saved_at = clean_comment(wanted.comment), now
    outcomes.withdraw_needs(change.withdrawn, delete=True, by=by, now=now)
    outcomes.withdraw_needs(change.changed, delete=False, by=by, now=now)
    if change.redo:
        _redo(call, change, wanted, people, by)
        return
    if not change.moves or change.fact:
        call.outcome = wanted.outcome
        call.draft = wanted.details.to_json()
    call.save()
    needs = outcomes.write_needs(call, case, change.added, people, wanted.details.consents, now)
    outcomes.draft_referrals(call, needs, by, now)
    raise_answer_alerts(call, case, change.alerts, by, now)
    if needs and not case.reached_at:
        Case.objects.filter(pk=case.pk).update(reached_at=call.recorded_at)
    if change.fact and wanted.outcome == "opt_out":
        households.record_opposition(household=case.household, now=now, by=by)
    elif change.fact and change.tenant is not None:
        status = outcomes.PERSON_STATUS[wanted.outcome]
        households.close_person(tenant=change.tenant, status=status, now=now, by=by)


def _redo(call: Call, change: Change, wanted: Entry, people: list[Tenant], by: User) -> None:
    """Put the case back as it was before the call, and record the call again as of its moment."""
    at = call.recorded_at
    assert at is not None  # noqa: S101 - correctable() looked
    photo = call.undo["before"]
    _take_back(call, at, by)
    undo.put_back(photo)
    case = with_household(call.case_id, lock=True)
    call.case = case
    phones = {phone.pk: phone for phone in case.household.phones.all()}
    call.phone = phones.get(wanted.phone_id or call.phone_id or 0)
    call.outcome, call.draft = wanted.outcome, wanted.details.to_json()
    reading = replace(change.reading, needs=change.added)
    finish(call, case, by, at, reading, people, change.tenant, wanted.details, again=True)


def _take_back(call: Call, at: datetime, by: User) -> None:
    """What this call made: a plan, a check nobody has taken, the alert of a follow-up without answer."""
    FollowUpPlan.objects.filter(case=call.case_id, created_at=at).delete()
    WelfareCheck.objects.open().filter(case=call.case_id, opened_at=at).delete()
    unmade = (Alert.Kind.MISSED_FOLLOW_UP, Alert.Kind.UNANSWERED_FOLLOW_UP)
    for alert in Alert.objects.unsolved().filter(case=call.case_id, raised_at=at, kind__in=unmade):
        alerts.solve(alert=alert, solution="L'appel a été corrigé par la personne qui l'a fait.", by=by, now=at)
    Referral.objects.filter(case=call.case_id, called_back_at=at, state=Referral.State.ANSWERED).update(
        called_back_at=None
    )


class _Undone(Exception):
    """Ends a rehearsal: nothing of it stays."""


@contextmanager
def rehearsal() -> Iterator[None]:
    """What is written inside is taken back at the end: the summary before a correction reads the real consequences."""
    try:
        with transaction.atomic():
            yield
            raise _Undone
    except _Undone:
        pass
