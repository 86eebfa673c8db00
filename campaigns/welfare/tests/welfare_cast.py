"""Households that nobody reaches: a residence, its doors, their checks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns import welfare
from campaigns.models import Campaign, CaretakerRound, Case, WelfareCheck
from campaigns.welfare import caretakers
from tenants.models import Residence
from tests import factories

# What a template must show as it is, and never read.
HOSTILE = '#eval("1") $x$ *gras* _i_ <b>x</b> `c` @ref \\ // /* [y] ~ ='


def make_residence(name: str = "Les Tilleuls", **fields: Any) -> Residence:
    landlord = fields.pop("landlord", None) or factories.make_landlord()
    agency = fields.pop("agency", None) or factories.make_agency(landlord)
    return Residence.objects.create(landlord=landlord, agency=agency, reference=f"R-{name}"[:60], name=name, **fields)


def make_door(
    campaign: Campaign, residence: Residence, *, now: datetime, phone: str | None = "", **fields: Any
) -> Case:
    """A household of the residence, with its case."""
    household = factories.make_household(
        residence.landlord, agency=residence.agency, residence=residence, phone=phone, **fields
    )
    return factories.make_case(campaign, household, now=now, has_number=phone is not None)


def open_check(case: Case, by: Any, now: datetime, level: str = "U2") -> WelfareCheck:
    return welfare.open_check(case=case, origin=WelfareCheck.Origin.COORDINATOR, level=level, by=by, now=now)


def make_round(checks: list[WelfareCheck], by: Any, now: datetime, email: str = "") -> CaretakerRound:
    residence = checks[0].case.household.residence
    assert residence is not None
    return caretakers.start(residence=residence, checks=checks, email=email, by=by, now=now)
