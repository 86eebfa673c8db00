"""The end of a campaign: select, freeze the figures, erase, prove.

What goes, on the closing day + N days: every case with its calls, answers, comments, needs, sheets, plans, checks,
alerts and mails; the households, people and numbers that nothing else needs; what their lists still hold; the details
of the journal. What stays: the frozen totals, the proof with its counts, who did what and when, and oppositions as
keyed hashes.

Who else needs a household:
- another campaign in which it has a case, whatever its state: it goes with the last of them. So does a follow-up
  plan: it goes on only in a campaign that took it over, whose end date is then its own;
- a campaign in preparation, open or paused whose population covers it, enrolled or not;
- a list: one that came after the campaign closed was brought for something newer, and all that landlord's people
  stay. When no campaign has used them 90 days after the last list, they go too (``erase_unused``): people imported
  and never enrolled have no purpose to be kept for.

Every step is a transaction of its own that locks the campaign first, and counts what it erased in the same
transaction: a process killed in the middle leaves whole steps and the next run goes on; two at once take turns and
the second finds nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, Max, Model, OuterRef, QuerySet

from campaigns import alerts, calls
from campaigns.figures import report
from campaigns.models import (
    Alert,
    Call,
    CallReview,
    CallRevision,
    Campaign,
    CaretakerRound,
    CaretakerVisit,
    Case,
    CaseMessage,
    CasePass,
    Debrief,
    DueCall,
    FlaggedText,
    FollowUpPlan,
    FrozenFigures,
    Letter,
    Meeting,
    MeetingAnswer,
    Need,
    NeighbourReport,
    NumberSearch,
    Parting,
    PartnerCode,
    PlanException,
    PurgeProof,
    Referral,
    ReferralEvent,
    SharedMoment,
    WelfareCheck,
    WelfareStep,
)
from campaigns.models.levels import Level
from campaigns.neighbours import reports
from campaigns.setup import enrolment
from campaigns.welfare import caretakers
from solidarites import journal, mail
from solidarites.models import JournalEntry, OutgoingMail, User
from tenants import erasure
from tenants.models import Household, Landlord, ListImport

log = logging.getLogger(__name__)

CASES_A_STEP = 200
HOUSEHOLDS_A_STEP = 500
UNUSED_LIST_DAYS = 90
ALIVE = (Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED)
# What a mail, the journal and the admin's own history may speak of.
ERASED: tuple[type[Model], ...] = (
    Case,
    Call,
    Need,
    FollowUpPlan,
    DueCall,
    Referral,
    WelfareCheck,
    Alert,
    CaretakerRound,
    CaretakerVisit,
    NeighbourReport,
    Letter,
    NumberSearch,
    CallReview,
    CallRevision,
    FlaggedText,
    CaseMessage,
    Debrief,
    Meeting,
    MeetingAnswer,
    SharedMoment,
    CasePass,
    PlanException,
    ReferralEvent,
    PartnerCode,
    WelfareStep,
    Parting,
)


@dataclass(frozen=True)
class Expected:
    """What a purge would erase, for the dry run."""

    campaign: Campaign
    due_on: date
    cases: int
    calls: int
    households: int


# Selecting -----------------------------------------------------------------------------------------


def due_on(campaign: Campaign) -> date | None:
    """The local day from which the campaign's people are erased; None while it is not closed."""
    if campaign.status != Campaign.Status.CLOSED or campaign.closed_at is None:
        return None
    return campaign.closed_at.astimezone(campaign.tz).date() + timedelta(days=campaign.purge_after_days)


def _is_due(campaign: Campaign, now: datetime) -> bool:
    day = due_on(campaign)
    return day is not None and day <= now.astimezone(campaign.tz).date()


def expired(*, now: datetime) -> list[Campaign]:
    """The closed campaigns whose day has come, the oldest first; not those that wait for a decision."""
    return [campaign for campaign in _due(now) if not calls.waiting(campaign).exists()]


def held_back(*, now: datetime) -> list[Campaign]:
    """Those whose day has come, and of which a call still waits for the coordination: nothing of them is erased."""
    return [campaign for campaign in _due(now) if calls.waiting(campaign).exists()]


def _due(now: datetime) -> list[Campaign]:
    closed = Campaign.objects.filter(status=Campaign.Status.CLOSED, closed_at__isnull=False).order_by("closed_at", "pk")
    return [campaign for campaign in closed if _is_due(campaign, now)]


def expected(campaign: Campaign) -> Expected:
    """What the purge of ``campaign`` would erase if it ran now. Writes nothing."""
    day = due_on(campaign)
    assert day is not None  # noqa: S101 - the caller selected closed campaigns
    elsewhere = Case.objects.filter(household=OuterRef("pk")).exclude(campaign=campaign)
    people = _unneeded(_landlords(campaign), _fresh_landlords(campaign)).filter(~Exists(elsewhere))
    return Expected(
        campaign=campaign,
        due_on=day,
        cases=Case.objects.filter(campaign=campaign).count(),
        calls=Call.objects.filter(case__campaign=campaign).count(),
        households=people.count(),
    )


def _landlords(campaign: Campaign) -> set[int]:
    """The landlords whose lists were brought for this campaign."""
    chosen = set(campaign.landlords.values_list("pk", flat=True))
    chosen |= set(campaign.agencies.values_list("landlord", flat=True))
    chosen |= set(campaign.residences.values_list("landlord", flat=True))
    if not chosen:
        return set(Landlord.objects.values_list("pk", flat=True))
    named = Case.objects.filter(campaign=campaign).order_by().values_list("household__landlord", flat=True)
    return chosen | set(named.distinct())


def _last_enrolment(campaign: Campaign) -> datetime | None:
    return Case.objects.filter(campaign=campaign).aggregate(last=Max("enrolled_at"))["last"]


def _fresh_landlords(campaign: Campaign, last_enrolment: datetime | None = None) -> set[int]:
    """Landlords who brought a list after the campaign closed, not for it."""
    assert campaign.closed_at is not None  # noqa: S101 - see due_on
    since = max(filter(None, (campaign.closed_at, last_enrolment or _last_enrolment(campaign))))
    return set(ListImport.objects.filter(created_at__gt=since).values_list("landlord", flat=True))


def _unneeded(landlords: Iterable[int], fresh: Iterable[int]) -> QuerySet[Household]:
    """The households of these landlords that no running campaign covers; cases are for the caller to look at."""
    found = Household.objects.filter(landlord__in=set(landlords) - set(fresh))
    for campaign in Campaign.objects.filter(status__in=ALIVE):
        found = found.exclude(pk__in=enrolment.in_scope(campaign).order_by().values("pk"))
    return found


# Erasing -------------------------------------------------------------------------------------------


def purge_expired(*, now: datetime, by: User | None = None) -> list[PurgeProof]:
    """Purge every campaign whose day has come, then the lists that no campaign uses. Safe to run twice at once.

    A campaign of which a call waits for a decision stays whole, and every coordinator is told.
    """
    calls.keep_unfinished(now=now)
    for campaign in held_back(now=now):
        alerts.raise_alert(kind=Alert.Kind.PURGE_WAITING, level=Level.U2, campaign=campaign, now=now)
    proofs = [
        proof for campaign in expired(now=now) if (proof := purge_campaign(campaign_id=campaign.pk, now=now, by=by))
    ]
    unused = erase_unused(now=now, by=by)
    reports.forget(now=now)
    caretakers.forget_empty()
    if proofs or unused:
        _overwrite_free_pages()
    return proofs


def purge_campaign(*, campaign_id: int, now: datetime, by: User | None = None) -> PurgeProof | None:
    """Freeze the figures of a closed campaign, then erase its people in steps; returns the proof.

    Conditions: closed, its day has come, and none of its calls waits for a decision. None when that does not hold, or
    when another process finished meanwhile.
    """
    for _ in steps(campaign_id=campaign_id, now=now, by=by):
        pass
    return _finish(campaign_id, now, by)


def steps(*, campaign_id: int, now: datetime, by: User | None = None) -> Iterator[str]:
    """The transactions of a purge, one an iteration, each of them worth keeping if the next never comes."""
    if not _begin(campaign_id, now):
        return
    yield "figures"
    while _erase_cases(campaign_id, now):
        yield "cases"
    while _erase_households(campaign_id, now, by):
        yield "households"


def _locked(campaign_id: int, now: datetime) -> Campaign | None:
    """The campaign, locked until the end of the transaction; None when it is no longer to be purged."""
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id).first()
    if campaign is None or not _is_due(campaign, now) or calls.waiting(campaign).exists():
        return None
    return campaign


@transaction.atomic
def _begin(campaign_id: int, now: datetime) -> bool:
    campaign = _locked(campaign_id, now)
    if campaign is None:
        return False
    frozen = report.freeze(campaign, now)
    if "purge" not in frozen.data:
        last = _last_enrolment(campaign)
        frozen.data["purge"] = {
            "landlords": sorted(_landlords(campaign)),
            "last_enrolment": last.isoformat() if last else None,
            "erased": {},
        }
        frozen.save(update_fields=["data"])
    return True


def _count(campaign: Campaign, gone: Counter[str] | dict[str, int]) -> None:
    """Add to what this purge erased, in the transaction that erased it."""
    frozen = FrozenFigures.objects.get(campaign=campaign)
    erased = frozen.data["purge"]["erased"]
    for name, number in gone.items():
        if number:
            erased[name] = erased.get(name, 0) + number
    frozen.save(update_fields=["data"])


@transaction.atomic
def _erase_cases(campaign_id: int, now: datetime) -> bool:
    campaign = _locked(campaign_id, now)
    if campaign is None:
        return False
    ids = list(Case.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True)[:CASES_A_STEP])
    if not ids:
        return False
    # Everything that hangs on a case goes with it: calls, needs, sheets, plans, checks, alerts, passes.
    _count(campaign, Case.objects.filter(pk__in=ids).delete()[1])
    return True


@transaction.atomic
def _erase_households(campaign_id: int, now: datetime, by: User | None) -> bool:
    campaign = _locked(campaign_id, now)
    if campaign is None:
        return False
    kept = FrozenFigures.objects.get(campaign=campaign).data["purge"]
    last = datetime.fromisoformat(kept["last_enrolment"]) if kept["last_enrolment"] else None
    free = _unneeded(kept["landlords"], _fresh_landlords(campaign, last)).filter(
        ~Exists(Case.objects.filter(household=OuterRef("pk")))
    )
    gone = _erase_free(free, by)
    _count(campaign, gone)
    return bool(gone)


def _erase_free(free: QuerySet[Household], by: User | None) -> Counter[str]:
    """Erase a step of ``free``, inside the caller's transaction: locked first, then looked at again."""
    locked = free.order_by("pk").values_list("pk", flat=True)[:HOUSEHOLDS_A_STEP]
    ids = list(Household.objects.select_for_update().filter(pk__in=list(locked)).values_list("pk", flat=True))
    still = list(free.filter(pk__in=ids).values_list("pk", flat=True))
    return erasure.erase_households(ids=still, by=by) if still else Counter()


@transaction.atomic
def _finish(campaign_id: int, now: datetime, by: User | None) -> PurgeProof | None:
    """The last step: lists, mails, what hangs on the campaign alone, the journal's details; then the proof."""
    campaign = _locked(campaign_id, now)
    if campaign is None or Case.objects.filter(campaign=campaign).exists():
        return None
    frozen = FrozenFigures.objects.get(campaign=campaign)
    kept = frozen.data["purge"]
    last = datetime.fromisoformat(kept["last_enrolment"]) if kept["last_enrolment"] else None
    gone: Counter[str] = Counter(Alert.objects.filter(campaign=campaign).delete()[1])
    # Who said they would come goes with the meeting.
    for model in (Meeting, SharedMoment):
        gone.update(model._default_manager.filter(campaign=campaign).delete()[1])
    gone.update(_forget_lists(campaign, kept["landlords"], last, by))
    gone["campaigns.CaretakerRound"] += caretakers.forget_empty()
    gone["solidarites.OutgoingMail"] += _forget_mails()
    gone["solidarites.journal_details"] += _forget_history()
    details = JournalEntry.objects.filter(campaign_id=campaign.pk).exclude(detail={})
    gone["solidarites.journal_details"] += details.update(detail={})
    _count(campaign, gone)
    frozen.refresh_from_db()
    campaign.status, campaign.purged_at = Campaign.Status.PURGED, now
    campaign.save(update_fields=["status", "purged_at"])
    counts = {name: frozen.data["purge"]["erased"][name] for name in sorted(frozen.data["purge"]["erased"])}
    proof = PurgeProof.objects.create(campaign=campaign, purged_at=now, counts=counts)
    journal.record("campaign.purged", campaign, by=by, campaign_id=campaign.pk, rows=sum(counts.values()))
    return proof


def _forget_lists(campaign: Campaign, landlords: Iterable[int], last: datetime | None, by: User | None) -> Counter[str]:
    """What the lists brought for this campaign still hold; newer ones are not its own."""
    assert campaign.closed_at is not None  # noqa: S101 - see due_on
    before = max(filter(None, (campaign.closed_at, last)))
    return erasure.forget_lists(landlord_ids=list(landlords), before=before, by=by)


def _forget_mails() -> int:
    """Delete the mails, sent or waiting, about things that are no longer there."""
    gone = 0
    for model in ERASED:
        left = model._default_manager.filter(pk=OuterRef("object_id"))
        gone += OutgoingMail.objects.filter(mail.about(model)).exclude(Exists(left)).delete()[0]
    return gone


def _forget_history() -> int:
    """Of things that are no longer there: empty the details of the journal, delete the admin's own history."""
    emptied = 0
    for model in ERASED:
        entries = JournalEntry.objects.filter(object_type=model._meta.label_lower).exclude(detail={})
        orphans = entries.filter(~Exists(model._default_manager.filter(pk=OuterRef("object_id"))))
        emptied += orphans.update(detail={})
        rows = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
        ids = {pk: int(str(number)) for pk, number in rows.values_list("pk", "object_id") if str(number).isdecimal()}
        left = set(model._default_manager.filter(pk__in=set(ids.values())).values_list("pk", flat=True))
        LogEntry.objects.filter(pk__in=[pk for pk, number in ids.items() if number not in left]).delete()
    return emptied


# Lists that no campaign uses ------------------------------------------------------------------------


def unused(*, now: datetime) -> QuerySet[Household]:
    """Households without any case, that no running campaign covers, 90 days after the last list of their landlord."""
    limit = now - timedelta(days=UNUSED_LIST_DAYS)
    recent = ListImport.objects.filter(created_at__gte=limit).values_list("landlord", flat=True)
    return _unneeded(Landlord.objects.values_list("pk", flat=True), recent).filter(
        ~Exists(Case.objects.filter(household=OuterRef("pk"))), updated_at__lt=limit
    )


def erase_unused(*, now: datetime, by: User | None = None) -> int:
    """Erase them in steps of one transaction; how many households went."""
    total = 0
    while True:
        with transaction.atomic():
            gone = _erase_free(unused(now=now), by)
        if not gone:
            return total
        total += gone["tenants.Household"]


def _overwrite_free_pages() -> None:
    """On SQLite, deleted rows stay readable in the file until it is rewritten; PostgreSQL's vacuum does it by itself.

    A busy database only postpones it to the next purge: nothing in the product can read those pages.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except DatabaseError:
        log.warning("the database file was busy and could not be rewritten after the purge")
