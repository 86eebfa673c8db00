"""The household one practises on: invented, never written, shown with the campaign's own script and rules.

Rows are made in memory with the number 0, which no row of the database has: what looks around them (a plan, an alert,
an earlier call) finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from campaigns import scripts
from campaigns.common.calendar import calendar_of
from campaigns.models import Call, Campaign, Case, Script
from campaigns.models.campaign import default_hours
from solidarites.models import User
from tenants.models import Household, Landlord, PhoneNumber, Tenant

NOWHERE = 0
# Numbers in 01 99 00 are kept for fiction: nobody has this one.
NUMBER = "+33199000000"
AGE = 82


@dataclass(frozen=True)
class Practice:
    """What the call page needs, of somebody who does not exist."""

    case: Case
    draft: Call
    history: list[Call]
    people: list[Tenant]
    content: scripts.Content | None


def practice_of(*, campaign: Campaign, by: User, now: datetime) -> Practice:
    """A household called once without an answer, with the campaign's script; nothing of it is in the database."""
    if not any(campaign.hours.values()):
        campaign.hours = default_hours()  # in preparation still: the usual hours, on this object alone
    household, people = _household(campaign, now)
    tz = calendar_of(campaign).tz
    yesterday = datetime.combine(now.astimezone(tz).date() - timedelta(days=1), time(10), tz)
    case = Case(
        pk=NOWHERE, campaign=campaign, household=household, claimed_by=by, claimed_at=now,
        tier=Case.Tier.RETRY, next_call_kind=Case.Kind.RETRY, next_call_at=now - timedelta(minutes=5),
        attempts=1, slots_tried=["morning"], last_attempt_on=yesterday.date(), last_call_at=yesterday,
        last_outcome="no_answer", verification_phrase="entraînement seulement",
    )  # fmt: skip
    draft = Call(pk=NOWHERE, case=case, volunteer=by, kind=case.next_call_kind, started_at=now)
    earlier = Call(
        pk=NOWHERE, case=case, state=Call.State.RECORDED, outcome="no_answer", started_at=yesterday,
        recorded_at=yesterday,
    )  # fmt: skip
    return Practice(case, draft, [earlier], people, _content(campaign))


def _household(campaign: Campaign, now: datetime) -> tuple[Household, list[Tenant]]:
    landlord = campaign.landlords.first() or Landlord.objects.first() or Landlord(name="votre bailleur")
    household = Household(
        pk=NOWHERE, landlord=landlord, street="1 rue de l'Exemple", building="Bâtiment A", door="2e étage, porte 4",
        postal_code="33000", city="Bordeaux", insee_code="33063", department="33", living_alone=True,
        notes="Entend mal\u00a0: parlez lentement. Préfère l'après-midi.",
    )  # fmt: skip
    tenant = Tenant(
        pk=NOWHERE, household=household, landlord=landlord, civility="Mme", first_name="Odette", last_name="Exemple",
        birth_date=date(now.year - AGE, 1, 1), birth_precision=Tenant.Precision.YEAR,
    )  # fmt: skip
    phone = PhoneNumber(pk=NOWHERE, household=household, e164=NUMBER)
    hold(household, "tenants", [tenant])
    hold(household, "phones", [phone])
    return household, [tenant]


def hold(row: Household, name: str, related: list[Any]) -> None:
    """Related rows as if they had been prefetched: « row.name.all() » gives them and asks the database nothing."""
    found = getattr(row, name).all()
    found._result_cache, found._prefetch_done = related, True
    cache: dict[str, Any] = row.__dict__.setdefault("_prefetched_objects_cache", {})
    cache[name] = found


def _content(campaign: Campaign) -> scripts.Content | None:
    """The script of the first call; while none is chosen, the latest that is published."""
    if campaign.script_id:
        return scripts.content_of(campaign.script_id)
    usable = Script.objects.filter(kind=Script.Kind.FIRST, status=Script.Status.PUBLISHED)
    latest = scripts.general(usable).order_by("-published_at")
    script = latest.values_list("pk", flat=True).first()
    return scripts.content_of(script) if script else None
