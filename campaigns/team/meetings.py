"""« Temps d'échange »: meetings by video, alone or repeated; who comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from campaigns.models import Campaign, CampaignVolunteer, Meeting, MeetingAnswer
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

ALIVE = (Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED)
# How long one may last, in minutes.
LENGTHS = (30, 45, 60, 90, 120)
# A meeting stays in sight while it may still be going on: the longest of them.
LASTS = timedelta(minutes=max(LENGTHS))
# Once; every so many weeks.
RHYTHMS = {0: "Une seule fois", 1: "Chaque semaine", 2: "Toutes les deux semaines"}
# A year of weeks: more in one act is a mistake in the date.
MOST_DATES = 53
PAST = "Ce moment est déjà passé. Choisissez un moment à venir."


class MeetingError(Refused):
    """The act is not possible."""


@transaction.atomic
def plan(
    *,
    campaign: Campaign,
    starts_at: datetime,
    link: str,
    words: str,
    by: User,
    now: datetime,
    minutes: int = 45,
    weeks: int = 0,
    until: date | None = None,
) -> list[Meeting]:
    """Announce a meeting to the campaign's volunteers, repeated every ``weeks`` weeks (0: once) up to ``until``.

    Without ``until`` a repeated meeting goes on until the day on which the campaign is to end. All its dates are made
    here, at the same hour of the campaign's clock. Raises MeetingError for a past hour, an address that is not https,
    a campaign that is over, or dates without an end, that end too soon, or too many.
    """
    if campaign.status not in ALIVE:
        raise MeetingError("Cette campagne est terminée.")
    if starts_at <= now:
        raise MeetingError(PAST)
    _check_link(link)
    starts = _dates(starts_at.astimezone(campaign.tz), weeks, until or campaign.ends_on) if weeks else [starts_at]
    series = uuid4() if len(starts) > 1 else None
    common = {"campaign": campaign, "minutes": minutes, "link": link, "words": _few(words), "created_by": by}
    made = [Meeting.objects.create(starts_at=at, series=series, **common) for at in starts]
    journal.record("meeting.planned", made[0], by=by, campaign_id=campaign.pk, dates=len(made))
    return made


def _dates(first: datetime, weeks: int, until: date | None) -> list[datetime]:
    """The same hour of the wall clock, summer and winter. Raises MeetingError."""
    if until is None:
        raise MeetingError("Dites jusqu'à quand\u00a0: cette campagne n'a pas de fin prévue.")
    if until < first.date():
        raise MeetingError("La dernière date est avant la première.")
    count = (until - first.date()).days // (7 * weeks) + 1
    if count > MOST_DATES:
        raise MeetingError(f"{MOST_DATES} dates au plus en une fois. Choisissez une fin plus proche.")
    return [_at(first, first.date() + timedelta(weeks=weeks * number)) for number in range(count)]


def _at(clock: datetime, day: date) -> datetime:
    """That day at the hour of ``clock``, in its zone."""
    return datetime.combine(day, clock.time(), clock.tzinfo)


def _check_link(link: str) -> None:
    if not link.startswith("https://"):
        raise MeetingError("L'adresse doit commencer par https://.")


def _few(words: str) -> str:
    return words.replace("\x00", "").strip()[:200]


@transaction.atomic
def change(
    *,
    meeting: Meeting,
    starts_at: datetime,
    minutes: int,
    link: str,
    words: str,
    following: bool,
    by: User,
    now: datetime,
) -> list[Meeting]:
    """Another day, hour, length, link or words; for the dates that follow too when ``following``.

    The others move by as many days, to the same hour. Who had answered for a date that moves is asked again. Those
    that changed, the nearest first. Raises MeetingError when it is over or cancelled meanwhile, or for a past hour.
    """
    _check_link(link)
    if starts_at <= now:
        raise MeetingError(PAST)
    rows = _locked(meeting, following, now)
    zone = meeting.campaign.tz
    clock = starts_at.astimezone(zone)
    # Of the row as it stands, and not of the page: somebody may have moved it since.
    ahead = clock.date() - rows[0].starts_at.astimezone(zone).date()
    moved = []
    for row in rows:
        at = _at(clock, row.starts_at.astimezone(zone).date() + ahead)
        if at != row.starts_at:
            moved.append(row)
        row.starts_at, row.minutes, row.link, row.words = at, minutes, link, _few(words)
        row.sequence += 1
    Meeting.objects.bulk_update(rows, ["starts_at", "minutes", "link", "words", "sequence"])
    MeetingAnswer.objects.filter(meeting__in=moved).delete()
    journal.record("meeting.changed", meeting, by=by, campaign_id=meeting.campaign_id, dates=len(rows))
    return rows


@transaction.atomic
def cancel(*, meeting: Meeting, by: User, now: datetime, following: bool = False) -> list[Meeting]:
    """Cancelled, and the dates that follow too when ``following``; said until its hour to who meant to come.

    Those that were cancelled. Raises MeetingError when it is over or was cancelled meanwhile.
    """
    rows = _locked(meeting, following, now)
    for row in rows:
        row.cancelled_at = now
        row.sequence += 1
    Meeting.objects.bulk_update(rows, ["cancelled_at", "sequence"])
    journal.record("meeting.cancelled", meeting, by=by, campaign_id=meeting.campaign_id, dates=len(rows))
    return rows


def _locked(meeting: Meeting, following: bool, now: datetime) -> list[Meeting]:
    """This meeting first, then the dates that follow it when asked; none of them cancelled. Raises MeetingError."""
    wanted = Q(pk=meeting.pk)
    if following and meeting.series is not None:
        wanted |= Q(series=meeting.series, campaign=meeting.campaign_id, starts_at__gt=meeting.starts_at)
    rows = list(Meeting.objects.select_for_update().filter(wanted, cancelled_at=None).order_by("starts_at", "pk"))
    if not rows or rows[0].pk != meeting.pk:
        raise MeetingError("Ce temps d'échange est déjà annulé.")
    if rows[0].ends_at <= now:
        raise MeetingError("Ce temps d'échange est terminé.")
    return rows


def following(meeting: Meeting) -> QuerySet[Meeting]:
    """The dates after this one that were announced with it and still stand."""
    if meeting.series is None:
        return Meeting.objects.none()
    return Meeting.objects.filter(series=meeting.series, starts_at__gt=meeting.starts_at, cancelled_at=None)


@transaction.atomic
def answer(*, meeting: Meeting, comes: bool, by: User, now: datetime) -> MeetingAnswer:
    """« Je viens », « Je ne viens pas »; the last word counts.

    Raises MeetingError when it is cancelled, over, or of a campaign in which ``by`` does not call (any more).
    """
    if meeting.cancelled_at is not None:
        raise MeetingError("Ce temps d'échange est annulé.")
    if meeting.ends_at <= now:
        raise MeetingError("Ce temps d'échange est terminé.")
    if not meeting.campaign.memberships.filter(user=by, active=True).exists():
        raise MeetingError("Vous ne faites plus partie des bénévoles de cette campagne.")
    found, _ = MeetingAnswer.objects.update_or_create(meeting=meeting, user=by, defaults={"comes": comes, "at": now})
    journal.record("meeting.answered", meeting, by=by, campaign_id=meeting.campaign_id)
    return found


def of_volunteer(by: User, now: datetime) -> QuerySet[Meeting]:
    """The coming meetings of the campaigns this volunteer calls in, those cancelled too, the nearest first."""
    mine = Campaign.objects.filter(memberships__user=by, memberships__active=True, status__in=ALIVE)
    return Meeting.objects.filter(campaign__in=mine.values("pk"), starts_at__gt=now - LASTS).select_related("campaign")


def with_answers(rows: QuerySet[Meeting]) -> QuerySet[Meeting]:
    """With what people of the team answered; who left it is counted no more."""
    member = CampaignVolunteer.objects.filter(
        campaign=OuterRef("meeting__campaign"), user=OuterRef("user"), active=True, user__is_active=True
    )
    given = MeetingAnswer.objects.filter(Exists(member)).select_related("user").order_by("user__last_name", "user__pk")
    return rows.prefetch_related(Prefetch("answers", given))


def coming(answers: Iterable[MeetingAnswer]) -> list[User]:
    return [one.user for one in answers if one.comes]
