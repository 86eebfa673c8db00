"""Calls that a coordinator reads again: everybody's first five of a campaign, then a share drawn once and for all.

For the volunteer's sake, not about them: no score, no ranking, a kind word at most.
"""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import (
    BigIntegerField,
    BooleanField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    Min,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models import (
    Case as Either,
)
from django.db.models.functions import RowNumber

from campaigns.common import scope
from campaigns.models import Call, CallReview, Campaign, Case
from campaigns.models.limits import TEXT
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

FIRST_CALLS = 5
NOTE_LIMIT = TEXT
# Beyond this many the menu no longer counts; how long a count is kept, in seconds.
MOST, COUNTED_FOR = 100, 60
RUNNING = (Campaign.Status.OPEN, Campaign.Status.PAUSED)
# Knuth's multiplicative hash: spreads the numbers of the calls evenly over 32 bits, the same on every database.
SPREAD, RANGE = 2_654_435_761, 2**32


class ReviewError(Refused):
    """The act is not possible."""


# Choosing -------------------------------------------------------------------------------------------


def may_review(by: User) -> QuerySet[Call]:
    """The recorded calls this coordinator may read again: of others, of cases they see, in campaigns that run."""
    cases = scope.visible_cases(by, Case.objects.filter(campaign__status__in=RUNNING)).order_by()
    found = Call.objects.recorded().filter(case__in=cases.values("pk"), recorded_at__isnull=False)
    return found.exclude(volunteer=None).exclude(volunteer=by)


def waiting(by: User) -> QuerySet[Call]:
    """Those that wait to be read again; ``beginner`` is true for one of somebody's first five.

    The draw hangs on the call's own number: looking again, another day or as somebody else, gives the same calls, and
    a larger share adds some without taking any away.
    """
    drawn = Q(case__campaign__review_share__gt=0, spread__lt=_big(RANGE))
    return (
        may_review(by)
        .filter(review=None)
        .annotate(
            spread=F("pk") * _big(SPREAD) % _big(RANGE) * F("case__campaign__review_share"),
            beginner=ExpressionWrapper(Q(pk__in=_first_calls().values("pk")), output_field=BooleanField()),
        )
        .filter(Q(beginner=True) | drawn)
    )


def by_volunteer(calls: QuerySet[Call]) -> QuerySet[Call]:
    """Somebody's calls together, theirs in order: those who begin first, then whose oldest waits longest."""
    begins = Either(When(beginner=True, then=1), default=0, output_field=IntegerField())
    ordered = calls.annotate(
        begins=Window(Max(begins), partition_by="volunteer"), since=Window(Min("recorded_at"), partition_by="volunteer")
    )
    return ordered.order_by("-begins", "since", "volunteer", "recorded_at", "pk")


def count_waiting(by: User) -> int:
    """How many wait, ``MOST`` at most, for the menu of every page: counted once a minute, and after each reading."""
    found: int | None = cache.get(_key(by))
    if found is None:
        found = len(waiting(by).order_by().values_list("pk")[:MOST])
        cache.set(_key(by), found, COUNTED_FOR)
    return found


def _key(by: User) -> str:
    return f"reviews:{by.pk}"


def _big(number: int) -> Value:
    """Sent as a 64-bit number: PostgreSQL would otherwise be given a 32-bit one, cut."""
    return Value(number, output_field=BigIntegerField())


def _first_calls() -> QuerySet[Call]:
    """Counted among all of a volunteer's calls of the campaign, other sectors included: the same five for everybody."""
    order = Window(
        RowNumber(),
        partition_by=[F("case__campaign"), F("volunteer")],
        order_by=[F("recorded_at").asc(), F("pk").asc()],
    )
    made = Call.objects.recorded().filter(volunteer__isnull=False, case__campaign__status__in=RUNNING)
    return made.annotate(order=order).filter(order__lte=FIRST_CALLS)


# Reading again ----------------------------------------------------------------------------------------


def review(*, call: Call, note: str, by: User, now: datetime) -> CallReview:
    """Mark the call as read again, with a word for its volunteer or none.

    Conditions: recorded, made by somebody else (the caller checked the scope). One review a call, whoever was first.
    Raises ReviewError when it was reviewed meanwhile, is not recorded, or is one's own.
    """
    if call.state != Call.State.RECORDED:
        raise ReviewError("Seul un appel enregistré peut être relu.")
    if call.volunteer_id == by.pk:
        raise ReviewError("On ne relit pas ses propres appels.")
    try:
        with transaction.atomic():
            found = CallReview.objects.create(
                call=call, by=by, at=now, note=note.replace("\x00", "").strip()[:NOTE_LIMIT]
            )
            journal.of_case("call.reviewed", call.case, call, by=by, note=bool(found.note))  # fmt: skip
    except IntegrityError:
        raise ReviewError("Cet appel vient d'être relu par quelqu'un d'autre.") from None
    finally:
        cache.delete(_key(by))
    return found


def unread(by: User) -> QuerySet[CallReview]:
    """The kind words this volunteer has not read yet, the oldest first."""
    notes = CallReview.objects.filter(call__volunteer=by, read_at=None).exclude(note="")
    return notes.select_related("by", "call__case__campaign").order_by("at")


@transaction.atomic
def mark_read(*, review_id: int, by: User, now: datetime) -> bool:
    """« Merci, lu »: by the volunteer it was written for; whether it was theirs. Idempotent."""
    mine = CallReview.objects.filter(pk=review_id, call__volunteer=by).exclude(note="")
    if mine.filter(read_at=None).update(read_at=now):
        journal.record("review.read", CallReview(pk=review_id), by=by)
        return True
    return mine.exists()
