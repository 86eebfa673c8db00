"""Who has learned the call screen, and may be given real calls where the campaign asks for it.

The date is the person's, not the membership's: the screen is the same in every campaign, and somebody who learned it
for a heat wave is not asked again in winter. The queue has the person in hand, so looking costs no query.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns.models import Campaign, CampaignVolunteer
from solidarites import journal
from solidarites.models import User


def ready(*, campaign: Campaign, by: User) -> bool:
    """Whether this volunteer may be given real calls: the campaign asks for no training, or it is done."""
    return not campaign.training_required or by.trained_at is not None


@transaction.atomic
def finish(*, campaign: Campaign, by: User, now: datetime) -> bool:
    """The practice call was brought to its end. The first date is kept; whether this was the first time."""
    first = bool(User.objects.filter(pk=by.pk, trained_at=None).update(trained_at=now))
    if first:
        by.trained_at = now
        journal.record("training.done", by, by=by, campaign_id=campaign.pk)
    return first


@transaction.atomic
def mark(*, membership: CampaignVolunteer, trained: bool, by: User, now: datetime) -> bool:
    """A coordinator says that somebody knows the screen (shown side by side), or takes it back. Whether it changed."""
    people = User.objects.filter(pk=membership.user_id, trained_at__isnull=trained)
    if not people.update(trained_at=now if trained else None):
        return False
    membership.user.trained_at = now if trained else None
    action = "training.marked" if trained else "training.unmarked"
    journal.record(action, membership.user, by=by, campaign_id=membership.campaign_id)
    return True
