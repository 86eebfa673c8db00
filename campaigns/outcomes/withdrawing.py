"""Needs that were not heard after all: taken back, as long as no partner was told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from campaigns import referrals
from campaigns.common import needs as categories
from campaigns.models import Need, Referral
from campaigns.models.levels import Level
from solidarites import journal
from solidarites.models import User

REASON = "L'appel a été corrigé par la personne qui l'a fait."


def may_withdraw(need: Need) -> bool:
    """Open, or in sheets that no coordinator has approved yet."""
    if need.state == Need.State.OPEN:
        return True
    sheets = [one.state for one in need.referrals.all()]
    return need.state == Need.State.REFERRED and bool(sheets) and set(sheets) == {Referral.State.DRAFT}


def withdraw_needs(needs: Iterable[Need], *, delete: bool, by: User, now: datetime) -> None:
    """Take these needs out of their drafts, which are withdrawn when nothing is left in them.

    Inside the transaction that corrects the call. ``delete``: they were not heard; otherwise they are open again and
    wait for their new level or agreement.
    """
    for need in needs:
        for referral in need.referrals.filter(state=Referral.State.DRAFT).select_related("case__household"):
            referral.needs.remove(need)
            line = f"{categories.label(need.category)} ({Level(need.level).label})"
            referral.facts = "\n".join(kept for kept in referral.facts.splitlines() if kept != line)
            referral.save(update_fields=["facts"])
            if not referral.needs.exists():
                referrals.withdraw(referral=referral, reason=REASON, by=by, now=now)
        case = need.case
        journal.of_case("need.withdrawn", case, need, by=by)
        if delete:
            need.delete()
        else:
            need.state = Need.State.OPEN
            need.save(update_fields=["state"])
