"""The queue: its order, claim, renew, pass, release, and why it is empty.

The order itself is one statement (``queue_order``): it locks the first free row of the first tier that has one,
skipping rows that others hold, and takes it: no case is given twice and nobody waits on another's lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, FilteredRelation, Min, Q, QuerySet

from campaigns import scripts, texts
from campaigns.alerts import dangers
from campaigns.cases import alive_elsewhere, call_again_after_a_danger
from campaigns.common.calendar import NeverOpenError, calendar_of, open_regions
from campaigns.models import Call, Campaign, CampaignVolunteer, Case, CaseMessage, CasePass
from campaigns.practice import training
from campaigns.queue import order
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

# A never-called case that is passed goes behind every other one of its tier.
PASSED_RANK = 10**12


class QueueError(Refused):
    """The act is not possible."""


class CaseHeldError(QueueError):
    """Another volunteer holds the case."""

    def __init__(self, holder: User) -> None:
        super().__init__(f"Ce dossier est en cours d'appel par {holder.get_short_name()}.")
        self.holder = holder


class NotYoursError(QueueError):
    """The case was never given to this volunteer."""


class UntrainedError(QueueError):
    """The campaign asks for the practice call first."""

    def __init__(self) -> None:
        super().__init__(Empty(Empty.UNTRAINED).message)


@dataclass(frozen=True)
class Empty:
    """Why nothing was given, and when the next call is due."""

    CLOSED_HOURS = "closed_hours"
    PAUSED = "paused"
    NOT_RUNNING = "not_running"
    NOT_MEMBER = "not_member"
    UNTRAINED = "untrained"
    ALL_DONE = "all_done"
    ALL_HELD = "all_held"
    ONLY_FUTURE = "only_future"
    NONE_FOR_YOU = "none_for_you"
    PROMISED = "promised"

    code: str
    next_at: datetime | None = None

    @property
    def message(self) -> str:
        return {
            self.CLOSED_HOURS: "La campagne n'appelle pas à cette heure-ci.",
            self.PAUSED: "La campagne est en pause. La coordination la reprendra.",
            self.NOT_RUNNING: "Cette campagne n'est pas ouverte.",
            self.NOT_MEMBER: "Vous ne faites pas partie des bénévoles de cette campagne.",
            self.UNTRAINED: "Cette campagne demande un entraînement de cinq minutes avant les vrais appels.",
            self.ALL_DONE: "Tous les foyers ont été appelés. Merci de votre aide.",
            self.ALL_HELD: "Tous les foyers à appeler sont en ce moment avec d'autres bénévoles.",
            self.ONLY_FUTURE: "Il ne reste que des appels prévus plus tard.",
            self.NONE_FOR_YOU: "Les foyers qui attendent ne correspondent pas à votre secteur ou à vos langues, "
            "ou vous les avez passés aujourd'hui.",
            self.PROMISED: "Les foyers qui attendent sont gardés pour la personne qui doit les rappeler.",
        }[self.code]

    @property
    def told(self) -> str:
        """The same in the coordination's words."""
        return {
            self.CLOSED_HOURS: "Hors des horaires d'appel, rien n'est proposé aux bénévoles, sauf l'urgent.",
            self.PAUSED: "Pendant la pause, chacun peut terminer son appel, et rien d'autre n'est proposé.",
            self.ALL_DONE: "Plus aucun foyer à proposer. Ceux qui restent attendent une décision ou un numéro.",
            self.ALL_HELD: "Tous les foyers à appeler sont en ce moment avec des bénévoles.",
            self.ONLY_FUTURE: "Rien à proposer maintenant. Il ne reste que des appels prévus plus tard.",
        }.get(self.code, self.message)


@dataclass(frozen=True)
class Given:
    """What « Appeler le prochain foyer » gave: a case with the draft of its call, or the reason for nothing."""

    case: Case | None = None
    call: Call | None = None
    empty: Empty | None = None


@dataclass(frozen=True)
class Member:
    """A volunteer's place in a campaign; no agency means every agency."""

    pk: int
    agency_ids: tuple[int, ...]


# Reading --------------------------------------------------------------------------------------------


def _asked(campaign: Campaign, by: User, member: Member, now: datetime) -> dict[str, Any]:
    """What the order of the queue depends on, for this volunteer at this moment."""
    return {
        "campaign_id": campaign.pk,
        "by_id": by.pk,
        "now": now,
        "today": now.astimezone(campaign.tz).date(),
        "regions": open_regions(campaign, now),
        "languages": ["", *by.languages],
        "sectors": member.agency_ids,
    }


def membership_of(campaign: Campaign, by: User) -> Member | None:
    """The volunteer's place in the campaign with its sectors (one query); None for who is not an active member."""
    memberships = CampaignVolunteer.objects.filter(campaign=campaign, user=by, active=True)
    found = list(memberships.values_list("pk", "agencies"))
    return Member(found[0][0], tuple(agency for _, agency in found if agency)) if found else None


def place_in(campaign_id: int, by: User) -> tuple[Campaign, Member | None] | None:
    """The campaign with this volunteer's place in it (one query); None when there is no such campaign."""
    mine = FilteredRelation("memberships", condition=Q(memberships__user=by, memberships__active=True))
    rows = Campaign.objects.filter(pk=campaign_id).annotate(mine=mine)
    found: list[Any] = list(rows.annotate(member_id=F("mine__pk"), sector_id=F("mine__agencies")).order_by())
    if not found:
        return None
    campaign = found[0]
    sectors = tuple(row.sector_id for row in found if row.sector_id)
    return campaign, Member(campaign.member_id, sectors) if campaign.member_id else None


def peek(*, campaign: Campaign, by: User, now: datetime, membership: Member | None = None) -> Case | None:
    """The case that would be given next (``membership`` when it was read already). A look: claims nothing, writes
    nothing.
    """
    membership = membership or membership_of(campaign, by)
    if membership is None or campaign.status != Campaign.Status.OPEN or not training.ready(campaign=campaign, by=by):
        return None
    return order.look(**_asked(campaign, by, membership, now))


def states(now: datetime) -> dict[str, Q]:
    """The condition of each state a case may be in: every enrolled case meets exactly one."""
    open_case = Q(status=Case.Status.OPEN)
    prepared = Q(status=Case.Status.PREPARED)
    dialable = open_case & Q(has_number=True)
    free = dialable & (Q(claimed_until=None) | Q(claimed_until__lte=now))
    later = ~Q(tier=Case.Tier.FIRST) & (Q(next_call_at=None) | Q(next_call_at__gt=now))
    return {
        "prepared": prepared & Q(has_number=True),
        "ready": free & ~later,
        "held": dialable & Q(claimed_until__gt=now),
        "scheduled": free & later,
        "blocked": Q(status=Case.Status.ON_HOLD),
        "done": Q(status=Case.Status.CLOSED),
        "without_number": (open_case | prepared) & Q(has_number=False),
    }


def counts(campaign: Campaign, now: datetime, cases: QuerySet[Case] | None = None) -> dict[str, int]:
    """Prepared, ready, held, scheduled, blocked, done, without a number: they always add up to ``enrolled``."""
    mine = (Case.objects.all() if cases is None else cases).filter(campaign=campaign)
    counted = {name: Count("pk", filter=state) for name, state in states(now).items()}
    return dict(mine.aggregate(enrolled=Count("pk"), **counted))


def why_empty(*, campaign: Campaign, by: User, membership: Member | None, now: datetime) -> Empty:
    """The reason in the volunteer's words, and when the next call is due."""
    if campaign.status == Campaign.Status.OPEN and membership is None:
        return Empty(Empty.NOT_MEMBER)
    if campaign.status == Campaign.Status.OPEN and not training.ready(campaign=campaign, by=by):
        return Empty(Empty.UNTRAINED)
    theirs = Q(language__in=["", *by.languages]) & (Q(not_for=None) | ~Q(not_for=by))
    if membership is not None and membership.agency_ids:
        theirs &= Q(agency__in=membership.agency_ids)
    found = _why(campaign, now, theirs, Q(next_call_for=None) | Q(next_call_for=by))
    return found or Empty(Empty.NONE_FOR_YOU, _next_due(campaign, now, theirs, Q(next_call_for=by)))


def idle(*, campaign: Campaign, now: datetime) -> Empty | None:
    """Why volunteers are given nothing at this moment, for the coordination; None while there is something to give."""
    ready = Case.objects.filter(states(now)["ready"], campaign=campaign)
    reachable = ready.filter(Q(urgent=True) | Q(region__in=open_regions(campaign, now)))
    free = Q(next_call_for=None) | Q(anyone_from__lte=now)
    if campaign.status == Campaign.Status.OPEN and reachable.filter(free).exists():
        return None
    found = _why(campaign, now, Q(), Q())
    return found or Empty(Empty.PROMISED, _next_due(campaign, now, Q(), Q()))


def _why(campaign: Campaign, now: datetime, fitting: Q, mine: Q) -> Empty | None:
    """What the campaign and its cases say; None when some that fit are ready and something else keeps them."""
    if campaign.status != Campaign.Status.OPEN:
        return Empty(Empty.PAUSED if campaign.status == Campaign.Status.PAUSED else Empty.NOT_RUNNING)
    kinds = states(now)
    waiting = Case.objects.filter(kinds["ready"] | kinds["scheduled"], fitting, campaign=campaign)
    regions = set(waiting.values_list("region", flat=True).distinct())
    if regions and not regions & set(open_regions(campaign, now)):
        openings = (_opening(campaign, one, now) for one in regions)
        return Empty(Empty.CLOSED_HOURS, min(filter(None, openings), default=None))
    numbers = counts(campaign, now)
    if numbers["ready"]:
        return None
    if numbers["scheduled"]:
        return Empty(Empty.ONLY_FUTURE, _next_due(campaign, now, fitting, mine))
    return Empty(Empty.ALL_HELD if numbers["held"] else Empty.ALL_DONE)


def _opening(campaign: Campaign, region: str, now: datetime) -> datetime | None:
    try:
        return calendar_of(campaign, region).next_opening(now)
    except NeverOpenError:
        return None


def _next_due(campaign: Campaign, now: datetime, fitting: Q, mine: Q) -> datetime | None:
    """The next moment at which one of these cases may be given: its hour, or when it opens to everybody."""
    cases = Case.objects.filter(fitting, campaign=campaign, status=Case.Status.OPEN, has_number=True)
    due = cases.filter(mine | Q(next_call_for=None), next_call_at__gt=now).aggregate(at=Min("next_call_at"))["at"]
    freed = cases.filter(anyone_from__gt=now).aggregate(at=Min("anyone_from"))["at"]
    return min((moment for moment in (due, freed) if moment is not None), default=None)


# Claiming -------------------------------------------------------------------------------------------


def claim_next(*, campaign: Campaign, by: User, now: datetime, membership: Member | None = None) -> Given:
    """Give this volunteer the next case of the campaign, with the draft of its call.

    Conditions: the campaign is open, the volunteer an active member (``membership`` when it was read already) and
    trained where that is asked for. One open claim per volunteer: asking again returns to it, renewed, whatever its
    campaign. Returns the reason when nothing is given; raises nothing.
    """
    membership = membership or membership_of(campaign, by)
    try:
        return _claim_next(campaign, by, membership, now)
    except IntegrityError:
        # Two requests of one volunteer at the same instant: the other one got a case, return to it.
        return _claim_next(campaign, by, membership, now)


def _claim_next(campaign: Campaign, by: User, membership: Member | None, now: datetime) -> Given:
    trained = training.ready(campaign=campaign, by=by)
    if membership is not None and trained and campaign.status == Campaign.Status.OPEN:
        given = _take(campaign, by, membership, now)
        if given is not None:
            return given
    with transaction.atomic():
        mine = current_claim(by)
        if mine is not None:
            return _renewed(mine, by, now)
    return Given(empty=why_empty(campaign=campaign, by=by, membership=membership, now=now))


@transaction.atomic
def _take(campaign: Campaign, by: User, member: Member, now: datetime) -> Given | None:
    case = order.take(until=now + Case.CLAIM, **_asked(campaign, by, member, now))
    if case is None:
        return None
    case.campaign = campaign
    return _given(case, by, now)


def current_claim(by: User) -> Case | None:
    """The case this volunteer holds, expired or not, as long as nobody else took it."""
    return next(iter(Case.objects.filter(claimed_by=by)[:1]), None)


def _renewed(case: Case, by: User, now: datetime) -> Given:
    Case.objects.filter(pk=case.pk, claimed_by=by).update(claimed_until=now + Case.CLAIM)
    case.claimed_until = now + Case.CLAIM
    return Given(case=case, call=_draft(case, by, now))


def _give(case: Case, by: User, now: datetime) -> Given:
    free = Q(claimed_by=None) | Q(claimed_until__lte=now)
    # The status it was read in: a household that rings back is taken whatever its case's.
    taken = Case.objects.filter(free, pk=case.pk, status=case.status).update(
        claimed_by=by, claimed_at=now, claimed_until=now + Case.CLAIM
    )
    if not taken:
        raise QueueError("Ce dossier vient d'être pris. Demandez le suivant.")
    case.claimed_by, case.claimed_at, case.claimed_until = by, now, now + Case.CLAIM
    return _given(case, by, now)


def _given(case: Case, by: User, now: datetime) -> Given:
    _note_claim(case, by)
    return Given(case=case, call=_draft(case, by, now))


def _note_claim(case: Case, by: User) -> None:
    journal.of_case("case.claimed", case, by=by)


def _draft(case: Case, by: User, now: datetime) -> Call:
    """The draft is the proof that the case was given to this volunteer, and where every typed word is kept."""
    kept = Call.objects.filter(case=case, volunteer=by, state=Call.State.DRAFT).first()
    return kept or _new_draft(case, by, now)


def _new_draft(case: Case, by: User, now: datetime) -> Call:
    # Two at once: the unique draft refuses the second, and claim_next returns to the first.
    # It keeps the version it begins with: what is typed still fits when the campaign changes its script meanwhile.
    script_id = scripts.script_for(case)
    return Call.objects.create(case=case, volunteer=by, kind=case.next_call_kind, script_id=script_id, started_at=now)


@transaction.atomic
def claim_one(*, case_id: int, by: User, now: datetime, incoming: bool = False) -> Given:
    """Give this volunteer one named case: their own callback or follow-up, or a household that rings back.

    Raises CaseHeldError when another volunteer holds it; NotYoursError when it is neither due to this volunteer,
    nor open to anyone, nor a returned call; UntrainedError when the campaign asks for the practice call first;
    QueueError when they already hold another case, or when it is not open.
    """
    mine = current_claim(by)
    if mine is not None:
        if mine.pk == case_id:
            return _renewed(mine, by, now)
        raise QueueError("Terminez ou passez d'abord le dossier que vous avez en cours.")
    case = (
        Case.objects.select_for_update(of=("self",)).select_related("claimed_by", "campaign").filter(pk=case_id).first()
    )
    if case is None or membership_of(case.campaign, by) is None:
        raise NotYoursError("Ce dossier ne vous est pas confié.")
    if not training.ready(campaign=case.campaign, by=by):
        raise UntrainedError
    if case.claimed_by is not None and case.claimed_until is not None and case.claimed_until > now:
        raise CaseHeldError(case.claimed_by)
    if not case.campaign.is_running:
        raise QueueError("Cette campagne n'est pas ouverte.")
    if case.status != Case.Status.OPEN and not incoming:
        raise QueueError("Ce dossier n'est plus à appeler.")
    if case.status not in Case.ALIVE and alive_elsewhere(case):
        raise QueueError("Ce foyer est suivi dans une autre campagne.")
    if not incoming and case.next_call_for_id != by.pk:
        raise NotYoursError("Ce dossier ne vous est pas confié.")
    return _give(case, by, now)


def renew(*, case_id: int, by: User, now: datetime) -> bool:
    """Heartbeat of the open form: hold the case 60 minutes more. False when it is no longer held by this volunteer."""
    return bool(Case.objects.filter(pk=case_id, claimed_by=by).update(claimed_until=now + Case.CLAIM))


@transaction.atomic
def pass_case(*, case_id: int, by: User, reason: str, now: datetime) -> Case:
    """« Passer »: give the case back with a reason; it is not served again to this volunteer today.

    It goes to the end of its tier; a callback or a follow-up keeps its hour and is offered to everybody. After a vital
    alert, somebody else calls at once. What was typed stays as a message.
    Raises NotYoursError when the volunteer does not hold it, QueueError for an unknown reason.
    """
    if reason not in CasePass.Reason.values:
        raise QueueError("Choisissez une raison dans la liste.")
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("campaign")
        .filter(pk=case_id, claimed_by=by)
        .first()
    )
    if case is None:
        raise NotYoursError("Ce dossier n'est plus entre vos mains.")
    today = now.astimezone(case.campaign.tz).date()
    CasePass.objects.get_or_create(case=case, user=by, day=today, defaults={"reason": reason})
    if case.tier == Case.Tier.FIRST:
        case.rank = case.rank % PASSED_RANK + PASSED_RANK * (case.rank // PASSED_RANK + 1)
    elif case.tier in (Case.Tier.CALLBACK, Case.Tier.FOLLOW_UP):
        case.anyone_from = now
    elif case.next_call_at is not None and case.next_call_at < now:
        case.next_call_at = now
    case.claimed_by = case.claimed_at = case.claimed_until = None
    case.save(update_fields=["rank", "anyone_from", "next_call_at", "claimed_by", "claimed_at", "claimed_until"])
    drafts = Call.objects.filter(case=case, volunteer=by, state=Call.State.DRAFT)
    for typed in drafts.exclude(comment="").values_list("comment", flat=True):
        # The next caller reads it in the history, the coordination on the household's page.
        texts.flag_message(CaseMessage.objects.create(case=case, by=by, at=now, text=typed), now)
    # What was heard in a danger stays readable from its alert.
    drafts.filter(Exists(dangers.rang())).update(state=Call.State.DROPPED)
    drafts.delete()
    call_again_after_a_danger([case.pk], now)
    journal.of_case("case.passed", case, by=by, reason=reason)
    return case


@transaction.atomic
def release(*, case_id: int, by: User, now: datetime) -> bool:
    """A coordinator takes a claim off; what the volunteer typed stays and may still be recorded."""
    freed = Case.objects.filter(pk=case_id, claimed_by__isnull=False).update(
        claimed_by=None, claimed_at=None, claimed_until=None
    )
    if freed:
        case = Case.objects.only("campaign_id", "household_id").get(pk=case_id)
        call_again_after_a_danger([case_id], now)
        journal.of_case("case.released", case, by=by)
    return bool(freed)


@transaction.atomic
def leave(*, by: User, now: datetime) -> bool:
    """The volunteer signs out, or their session ends: the case they held goes back to the queue at once.

    What they typed stays, and may still be recorded as long as nobody else takes the case.
    """
    mine = current_claim(by)
    if mine is None or not Case.objects.filter(pk=mine.pk, claimed_by=by).update(
        claimed_by=None, claimed_at=None, claimed_until=None
    ):
        return False
    call_again_after_a_danger([mine.pk], now)
    journal.of_case("case.left", mine, by=by)
    return True


def release_stale(*, now: datetime) -> int:
    """Free the claims that expired, and those of closed accounts; the drafts stay, and are still good until somebody
    else takes the case.
    """
    with transaction.atomic():
        stale = list(
            Case.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(claimed_until__lte=now) | Q(claimed_by__is_active=False), claimed_by__isnull=False)
            .values_list("pk", "campaign_id", "claimed_by_id")[:500]
        )
        for pk, campaign_id, user_id in stale:
            journal.record("case.claim_expired", Case(pk=pk), campaign_id=campaign_id, volunteer=user_id)
        # The rows are locked: nobody has renewed them since.
        pks = [pk for pk, _, _ in stale]
        freed = Case.objects.filter(pk__in=pks).update(claimed_by=None, claimed_at=None, claimed_until=None)
        call_again_after_a_danger(pks, now)
        return freed


def put_first(*, case_ids: list[int], by: User, now: datetime) -> int:
    """A coordinator puts these open cases at the head; callbacks and follow-ups keep their hour."""
    with transaction.atomic():
        moved = Case.objects.filter(
            pk__in=case_ids, status=Case.Status.OPEN, tier__in=[Case.Tier.RETRY, Case.Tier.FIRST]
        )
        found = list(moved.select_for_update().order_by("pk").only("campaign_id", "household_id"))
        changed = Case.objects.filter(pk__in=[case.pk for case in found]).update(
            tier=Case.Tier.PUT_FIRST, rank=0, next_call_at=now, next_call_for=None, anyone_from=None
        )
        for case in found:
            journal.of_case("case.put_first", case, by=by)
    return changed


def claims_of(campaign: Campaign, now: datetime) -> QuerySet[Case]:
    """Who is calling whom now, for the coordinator."""
    return (
        Case.objects.filter(campaign=campaign, claimed_until__gt=now)
        .select_related("claimed_by")
        .order_by(F("claimed_at"))
    )
