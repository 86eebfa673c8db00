"""record_call(): the only door by which a call is recorded; and the draft that keeps every typed word."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Prefetch

from campaigns import alerts, followups, outcomes, referrals, scripts
from campaigns.calendar import NeverOpenError, calendar_of
from campaigns.models import Alert, Call, Campaign, Case, FollowUpPlan, Need, Referral
from campaigns.models.levels import Level
from campaigns.queue import NotYoursError
from solidarites import journal
from solidarites.models import User
from tenants.households import usable_phones
from tenants.models import Household, PhoneNumber, Tenant

COMMENT_LIMIT = 300
# A callback further away than this is a new campaign's work.
CALLBACK_HORIZON = timedelta(days=60)


class CallError(ValueError):
    """The form cannot be recorded as it is: the field, a French message, and for a callback the nearest proposals."""

    def __init__(self, field: str, message: str, proposals: Sequence[datetime] = ()) -> None:
        super().__init__(message)
        self.field, self.message, self.proposals = field, message, list(proposals)


# Reading what the call page needs ---------------------------------------------------------------------


def with_household(case_id: int, *, lock: bool = False) -> Case:
    """The case with its campaign, household, landlord, people and numbers: four queries; its row locked if asked.

    Raises Case.DoesNotExist.
    """
    household = Prefetch(
        "household", Household.objects.select_related("landlord", "agency").prefetch_related("tenants", "phones")
    )
    cases = Case.objects.select_related("campaign").prefetch_related(household)
    return (cases.select_for_update(of=("self",)) if lock else cases).get(pk=case_id)


def people_of(case: Case) -> list[Tenant]:
    """Those who answer for themselves: present and of the campaign's age; the eldest first.

    When nobody's age is known to suffice (enrolled by hand), everybody present.
    """
    present = [tenant for tenant in case.household.tenants.all() if tenant.status == Tenant.Status.PRESENT]
    day = case.campaign.starts_on or case.enrolled_at.date()
    old = [tenant for tenant in present if (tenant.age_on(day) or 0) >= case.campaign.minimum_age]
    return sorted(old or present, key=lambda tenant: (tenant.birth_date is None, tenant.birth_date, tenant.pk))


def script_of(case: Case) -> tuple[int | None, scripts.Content | None]:
    """The script of this call: the follow-up's when a plan asked for it, else the first call's."""
    campaign = case.campaign
    script_id = campaign.script_id
    if case.next_call_kind == Case.Kind.FOLLOW_UP and campaign.follow_up_script_id:
        script_id = campaign.follow_up_script_id
    return (script_id, scripts.content_of(script_id)) if script_id else (None, None)


def placeholders(case: Case, by: User) -> dict[str, str]:
    """What replaces {civilite}, {nom}… in the words to speak."""
    people = people_of(case)
    landlord = case.household.landlord
    first = people[0] if people else None
    civilities = {"M.": "Monsieur", "Mme": "Madame", "Mlle": "Madame"}
    return {
        "civilite": civilities.get(first.civility, first.civility) if first else "",
        "nom": first.last_name.title() if first else "",
        "prenom_appelant": by.first_name or by.display_name,
        "bailleur": landlord.spoken_name or landlord.name,
        "numero_rappel": case.campaign.callback_number or landlord.callback_number,
        "phrase_verification": case.verification_phrase,
    }


def phone_to_dial(case: Case, dialled: Sequence[int | None] = ()) -> PhoneNumber | None:
    """The tenants' own numbers first, and among them one that was not tried yet."""
    phones = usable_phones(case.household)
    own = [phone for phone in phones if not phone.third_party]
    for phone in own:
        if phone.pk not in dialled:
            return phone
    return next(iter(own or phones), None)


def callback_presets(case: Case, now: datetime) -> list[datetime]:
    """Four moments within opening hours: in an hour, then the coming slots of today and of the next two days."""
    calendar = calendar_of(case.campaign, case.region)
    found: list[datetime] = []
    try:
        today = calendar.local(now).date()
        tomorrow = calendar.next_working_day(today + timedelta(days=1))
        after = calendar.next_working_day(tomorrow + timedelta(days=1))
        soon = now.replace(second=0, microsecond=0) + timedelta(hours=1)
        rounded = soon + timedelta(minutes=-soon.minute % 15)
        found.append(calendar.next_opening(rounded))
        for day in (today, tomorrow, after):
            found += [start for start, end in calendar.slot_windows(day).values() if start > now + timedelta(hours=2)]
    except NeverOpenError:
        pass
    return sorted(set(found))[:4]


def check_callback(case: Case, at: datetime | None, now: datetime) -> datetime:
    """A future moment within opening hours and sixty days. Raises CallError with the nearest proposals."""
    proposals = callback_presets(case, now)
    if at is None:
        raise CallError("callback_at", "Choisissez le jour et l'heure du rappel.", proposals)
    calendar = calendar_of(case.campaign, case.region)
    if at <= now:
        raise CallError("callback_at", "Ce moment est déjà passé. Choisissez un moment à venir.", proposals)
    if at > now + CALLBACK_HORIZON:
        raise CallError("callback_at", "Choisissez un moment dans les deux mois.", proposals)
    if not calendar.is_open(at):
        raise CallError("callback_at", "La campagne n'appelle pas à ce moment-là. Voici les plus proches.", proposals)
    return at


# Drafts ---------------------------------------------------------------------------------------------------


@transaction.atomic
def save_draft(
    *, case_id: int, by: User, answers: Mapping[str, Any], comment: str, extra: Mapping[str, Any], now: datetime
) -> Call:
    """Keep what is typed, and raise at once the alerts of alarming answers.

    Raises NotYoursError when this volunteer was never given the case, or has already recorded it.
    """
    call = (
        Call.objects.select_for_update(of=("self",))
        .filter(case_id=case_id, volunteer=by, state=Call.State.DRAFT)
        .first()
    )
    if call is None:
        raise NotYoursError("Ce dossier n'est plus entre vos mains.")
    case = with_household(case_id)
    _, content = script_of(case)
    people = [str(tenant.pk) for tenant in people_of(case)]
    if content is not None:
        call.answers = content.clean(answers, people)
    call.comment, call.draft, call.saved_at = comment.replace("\x00", "")[:COMMENT_LIMIT], dict(extra), now
    call.save(update_fields=["answers", "comment", "draft", "saved_at"])
    if content is not None:
        _raise_answer_alerts(call, case, content.read(call.answers, people).alerts, by, now)
    return call


@transaction.atomic
def raise_button_alert(*, case_id: int, by: User, now: datetime) -> Alert:
    """The red button: works at once, before anything is saved. Raises NotYoursError."""
    call = Call.objects.filter(case_id=case_id, volunteer=by, state=Call.State.DRAFT).select_related("case").first()
    if call is None:
        raise NotYoursError("Ce dossier n'est plus entre vos mains.")
    return alerts.raise_alert(
        key=f"call:{call.pk}:button", kind=Alert.Kind.BUTTON, level=Level.U0, case=call.case, by=by, now=now
    )


def _raise_answer_alerts(call: Call, case: Case, heard: Sequence[scripts.HeardAlert], by: User, now: datetime) -> None:
    keys = {f"call:{call.pk}:{one.question}.{one.choice}:{one.person}": one for one in heard}
    if not keys:
        return
    # Solved meanwhile by a coordinator: the same answer does not ring a second time.
    known = set(Alert.objects.filter(key__in=keys).values_list("key", flat=True))
    for key, one in keys.items():
        if key not in known:
            alerts.raise_alert(key=key, kind=Alert.Kind.ANSWER, level=one.level, case=case, by=by, now=now)


# Recording --------------------------------------------------------------------------------------------------


@transaction.atomic
def record_call(
    *,
    case_id: int,
    by: User,
    submission: uuid.UUID,
    outcome: str,
    now: datetime,
    answers: Mapping[str, Any] | None = None,
    comment: str = "",
    phone_id: int | None = None,
    tenant_id: int | None = None,
    callback_at: datetime | None = None,
    follow_up: followups.Wish | None = None,
    consents: Mapping[str, str] | None = None,
    language: str = "",
    direction: str = Call.Direction.OUTGOING,
    touched_me: bool = False,
) -> Call:
    """Record one attempt and everything that follows from it, once per ``submission``.

    Conditions: the volunteer was given the case (its draft proves it) and the campaign is open or paused. A claim that
    expired and was not taken is still good. When another volunteer took the case or recorded it meanwhile, the
    call is kept as PENDING: nothing follows until a coordinator decides.
    Steps: lock the case; find the same submission; check the form; save the call; needs, alerts, plan, outcome,
    referral drafts; journal.
    Raises CallError (a French message at a field), NotYoursError when the case was never given to ``by``.
    """
    try:
        case = with_household(case_id, lock=True)
    except Case.DoesNotExist:
        raise NotYoursError("Ce dossier n'existe plus.") from None
    call = Call.objects.filter(submission=submission, case_id=case_id, volunteer=by).first()
    if call is None:
        raise NotYoursError("Ce dossier ne vous est pas confié.")
    if call.state != Call.State.DRAFT:
        return call  # posted twice: the first of the two was recorded
    call.case = case
    _check_campaign(case.campaign)
    people = people_of(case)
    keys = [str(tenant.pk) for tenant in people]
    script_id, content = script_of(case)
    call.answers = content.clean(answers or {}, keys) if content is not None else {}
    reading = content.read(call.answers, keys) if content is not None else scripts.Reading()
    tenant = _check_form(case, outcome, comment, reading, callback_at, tenant_id, people, now)
    call.outcome, call.comment, call.script_id = outcome, comment.replace("\x00", "").strip(), script_id
    call.phone = _phone(case, phone_id)
    call.direction, call.touched_me = direction, touched_me
    call.recorded_at = call.saved_at = now
    call.draft = {}
    if not _still_good(case, call, by):
        return _keep_pending(call, by, case, reading, consents, follow_up, callback_at, tenant_id, language)
    _finish(call, case, by, now, reading, people, tenant, callback_at, follow_up, consents or {}, language)
    return call


def _check_campaign(campaign: Campaign) -> None:
    if not campaign.is_running:
        raise CallError(
            "outcome", "Cette campagne est terminée : cet appel ne peut plus être enregistré. Prévenez la coordination."
        )


def _check_form(
    case: Case,
    outcome: str,
    comment: str,
    reading: scripts.Reading,
    callback_at: datetime | None,
    tenant_id: int | None,
    people: list[Tenant],
    now: datetime,
) -> Tenant | None:
    if outcome not in outcomes.TABLE:
        raise CallError("outcome", "Indiquez comment l'appel s'est terminé.")
    if len(comment.strip()) > COMMENT_LIMIT:
        raise CallError("comment", f"{COMMENT_LIMIT} caractères au plus.")
    if outcome == "callback":
        check_callback(case, callback_at, now)
    if outcome == "completed" and reading.missing:
        question, person = reading.missing[0]
        raise CallError(
            f"q-{question.key}-{person}" if person else f"q-{question.key}", "Cette question attend une réponse."
        )
    if outcome not in outcomes.PERSON_STATUS and outcome != "hospitalised":
        return None
    present = [tenant for tenant in case.household.tenants.all() if tenant.status == Tenant.Status.PRESENT]
    chosen = next((tenant for tenant in present if tenant.pk == tenant_id), None)
    if chosen is None and len(present) == 1:
        return present[0]
    if chosen is None:
        raise CallError("tenant_id", "Précisez de quelle personne il s'agit.")
    return chosen


def _phone(case: Case, phone_id: int | None) -> PhoneNumber | None:
    phones = {phone.pk: phone for phone in case.household.phones.all()}
    return phones.get(phone_id) if phone_id else phone_to_dial(case)


def _still_good(case: Case, call: Call, by: User) -> bool:
    """Held by ``by``, or by nobody with nothing recorded since the draft began."""
    if case.claimed_by_id == by.pk:
        return True
    if case.claimed_by_id is not None or case.status == Case.Status.CLOSED:
        return False
    return not Call.objects.filter(case=case, state=Call.State.RECORDED, recorded_at__gt=call.started_at).exists()


def _keep_pending(
    call: Call,
    by: User,
    case: Case,
    reading: scripts.Reading,
    consents: Mapping[str, str] | None,
    follow_up: followups.Wish | None,
    callback_at: datetime | None,
    tenant_id: int | None,
    language: str,
) -> Call:
    call.state = Call.State.PENDING
    # What accepting it will need.
    call.draft = {
        "consents": dict(consents or {}),
        "callback_at": callback_at.isoformat() if callback_at else "",
        "tenant_id": tenant_id,
        "language": language,
        "follow_up": _wish_to_json(follow_up),
    }
    call.save()
    journal.record("call.pending", call, by=by, campaign_id=case.campaign_id, household_id=case.household_id)
    _raise_answer_alerts(call, case, reading.alerts, by, call.recorded_at or call.started_at)
    return call


def _wish_to_json(wish: followups.Wish | None) -> dict[str, Any] | None:
    if wish is None:
        return None
    return {
        "cadence": wish.cadence,
        "weekdays": list(wish.weekdays),
        "time": wish.time.isoformat(),
        "volunteer_id": wish.volunteer_id,
        "backup_id": wish.backup_id,
    }


def _finish(
    call: Call,
    case: Case,
    by: User,
    now: datetime,
    reading: scripts.Reading,
    people: list[Tenant],
    tenant: Tenant | None,
    callback_at: datetime | None,
    follow_up: followups.Wish | None,
    consents: Mapping[str, str],
    language: str,
) -> None:
    """Everything that follows from a call that counts, in record_call's or accept_pending's transaction."""
    call.state, call.kind = Call.State.RECORDED, case.next_call_kind
    situation = outcomes.situation_of(
        case, by=by, now=now, phone=call.phone, callback_at=callback_at, language=language
    )
    if call.outcome == "completed":
        situation = _with_plan(case, call, situation, reading, follow_up, by, now)
    rule = outcomes.TABLE[call.outcome]
    call.is_attempt = rule.attempt and not situation.tried_today
    call.save()
    outcomes.apply(call=call, case=case, situation=situation, by=by, tenant=tenant, language=language)
    if rule.reached:
        _raise_answer_alerts(call, case, reading.alerts, by, now)
        needs = _write_needs(call, case, reading, people, consents, now)
        _draft_referrals(call, needs, by, now)
    if call.outcome == "completed" and call.kind == Case.Kind.CALL_BACK_AFTER_REFERRAL:
        Referral.objects.filter(case=case, state=Referral.State.ANSWERED, called_back_at=None).update(
            called_back_at=now
        )
    journal.record(
        "call.recorded", call, by=by, campaign_id=case.campaign_id, household_id=case.household_id, outcome=call.outcome
    )


def _with_plan(
    case: Case,
    call: Call,
    situation: outcomes.Situation,
    reading: scripts.Reading,
    wish: followups.Wish | None,
    by: User,
    now: datetime,
) -> outcomes.Situation:
    if reading.ends_plan and situation.plan:
        if situation.due is not None:
            followups.mark_called(due=situation.due, call=call, now=now)
        followups.end_plans(case=case, reason=FollowUpPlan.EndReason.TENANT, now=now, by=by)
        return replace(situation, plan=False, due=None)
    if wish is None:
        return situation
    try:
        followups.create_plan(case=case, wish=wish, by=by, now=now)
    except followups.FollowUpError as error:
        raise CallError("follow_up", str(error)) from error
    return replace(situation, plan=True)


def _write_needs(
    call: Call, case: Case, reading: scripts.Reading, people: list[Tenant], consents: Mapping[str, str], now: datetime
) -> list[Need]:
    """One need per person and category, at its most urgent level; one already open takes the new call and level."""
    if not reading.needs:
        return []
    default = people[0].pk if people else None
    heard: dict[tuple[int | None, str], str] = {}
    for one in reading.needs:
        key = (int(one.person) if one.person else default, one.category)
        heard[key] = min(heard.get(key, one.level), one.level)
    existing = {(need.tenant_id, need.category): need for need in Need.objects.filter(case=case, state=Need.State.OPEN)}
    written: list[Need] = []
    for (tenant_id, category), level in sorted(heard.items(), key=lambda item: (item[1], item[0][1])):
        consent = consents.get(category, Need.Consent.UNASKED)
        if consent not in Need.Consent.values:
            consent = Need.Consent.UNASKED
        need = existing.get((tenant_id, category))
        if need is None:
            need = Need(case=case, tenant_id=tenant_id, category=category, created_at=now)
        need.call, need.level, need.consent = call, level, consent
        need.save()
        written.append(need)
    return written


def _draft_referrals(call: Call, needs: list[Need], by: User, now: datetime) -> None:
    """A draft waits for the coordinator, unless the tenant said no or is thinking and nothing is urgent."""
    wanted = [
        need
        for need in needs
        if need.consent in (Need.Consent.YES, Need.Consent.UNASKED) or need.level in (Level.U0, Level.U1)
    ]
    if wanted:
        referrals.draft_for_call(call=call, needs=wanted, by=by, now=now)


# Pending calls: a coordinator decides -------------------------------------------------------------------------


@transaction.atomic
def accept_pending(*, call_id: int, by: User, now: datetime) -> Call:
    """The pending call counts after all: what follows from it is drawn as when it would have been recorded.

    Raises CallError when it is no longer pending, or when what it asked for is no longer possible.
    """
    call = Call.objects.select_for_update(of=("self",)).filter(pk=call_id, state=Call.State.PENDING).first()
    if call is None:
        raise CallError("call", "Cet appel a déjà été traité.")
    call.case = case = with_household(call.case_id, lock=True)
    _check_campaign(case.campaign)
    if case.claimed_by_id is not None and case.claimed_until is not None and case.claimed_until > now:
        raise CallError("call", "Ce foyer est en cours d'appel : attendez la fin de cet appel pour décider.")
    author = call.volunteer or by
    people = people_of(case)
    keys = [str(tenant.pk) for tenant in people]
    _, content = script_of(case)
    reading = content.read(call.answers, keys) if content is not None else scripts.Reading()
    kept = call.draft
    callback_at = datetime.fromisoformat(kept["callback_at"]) if kept.get("callback_at") else None
    if call.outcome == "callback" and callback_at is not None and callback_at <= now:
        callback_at = calendar_of(case.campaign, case.region).next_opening(now)
    tenant = next((one for one in case.household.tenants.all() if one.pk == kept.get("tenant_id")), None)
    if tenant is None and call.outcome in outcomes.PERSON_STATUS:
        tenant = people[0] if len(people) == 1 else None
    call.draft = {}
    wish = _wish_from_json(kept.get("follow_up"))
    _finish(
        call,
        case,
        author,
        now,
        reading,
        people,
        tenant,
        callback_at,
        wish,
        kept.get("consents", {}),
        kept.get("language", ""),
    )
    journal.record("call.accepted", call, by=by, campaign_id=case.campaign_id, household_id=case.household_id)
    return call


def _wish_from_json(kept: Mapping[str, Any] | None) -> followups.Wish | None:
    if not kept:
        return None
    clock = datetime.fromisoformat(f"2000-01-01T{kept['time']}").time()
    return followups.Wish(kept["cadence"], kept["weekdays"], clock, kept["volunteer_id"], kept["backup_id"])


@transaction.atomic
def drop_pending(*, call_id: int, by: User, now: datetime) -> Call:
    """The pending call does not count: kept in the history, nothing follows. Raises CallError when already decided."""
    call = Call.objects.filter(pk=call_id).select_related("case").first()
    changed = Call.objects.filter(pk=call_id, state=Call.State.PENDING).update(state=Call.State.DROPPED)
    if call is None or not changed:
        raise CallError("call", "Cet appel a déjà été traité.")
    call.state = Call.State.DROPPED
    journal.record("call.dropped", call, by=by, campaign_id=call.case.campaign_id, household_id=call.case.household_id)
    return call
