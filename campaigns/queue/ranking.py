"""What a coordinator does to the order of the queue by hand, besides putting cases first (``queue.put_first``)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from campaigns.models import Case
from campaigns.queue import PASSED_RANK, release
from solidarites import journal
from solidarites.models import User

# Callbacks and follow-ups keep their hour.
MOVABLE = (Case.Tier.PUT_FIRST, Case.Tier.RETRY, Case.Tier.FIRST)


def may_go_last(case: Case, now: datetime) -> bool:
    """Whether ``put_last`` would move it: it waits in the queue, and nobody is calling it."""
    waits = case.status == Case.Status.OPEN and case.has_number and case.tier in MOVABLE
    due = case.tier == Case.Tier.FIRST or (case.next_call_at is not None and case.next_call_at <= now)
    return waits and due and (case.claimed_until is None or case.claimed_until <= now)


@transaction.atomic
def put_last(*, case_ids: list[int], by: User, now: datetime) -> int:
    """A coordinator puts these cases behind the others of their tier; one that was put first goes back to its own.

    Callbacks and follow-ups keep their hour; what is planned for later, held, closed, without a number or being called
    at this moment stays as it is. Returns how many moved.
    """
    due = Q(tier=Case.Tier.FIRST) | Q(next_call_at__lte=now)
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    cases = Case.objects.select_for_update(of=("self",)).filter(
        due, free, pk__in=case_ids, status=Case.Status.OPEN, has_number=True, tier__in=MOVABLE
    )
    moved = list(cases.order_by("pk"))
    for case in moved:
        case.tier = Case.Tier.of(case.next_call_kind)
        if case.tier == Case.Tier.FIRST:
            # As when a volunteer passes it.
            case.rank = case.rank % PASSED_RANK + PASSED_RANK * (case.rank // PASSED_RANK + 1)
        else:
            case.next_call_at = now
        case.save(update_fields=["tier", "rank", "next_call_at"])
        journal.of_case("case.put_last", case, by=by)
    return len(moved)


def release_several(*, case_ids: list[int], by: User, now: datetime) -> int:
    """Take these cases back from whoever holds them; what was typed stays. Returns how many were held."""
    return sum(release(case_id=pk, by=by, now=now) for pk in sorted(set(case_ids)))
