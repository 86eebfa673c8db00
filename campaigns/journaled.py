"""The pages of what the journal's rows are about (``solidarites.journal_objects``)."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Model
from django.urls import reverse

from campaigns.models import (
    Alert,
    Campaign,
    Case,
    FaqEdition,
    FollowUpPlan,
    NeighbourReport,
    Partner,
    Referral,
    UsefulNumber,
    WelfareCheck,
)
from solidarites.journal_objects import Find, Thing, noun_of, tell, tell_campaigns
from tenants.models import ListImport

PAGES: tuple[tuple[type[Model], str], ...] = (
    (Alert, "coordinator:alert_detail"),
    (FaqEdition, "coordinator:faq_edition"),
    (FollowUpPlan, "coordinator:follow_up"),
    (NeighbourReport, "coordinator:neighbour_report"),
    (Partner, "coordinator:partner"),
    (Referral, "coordinator:referral"),
    (UsefulNumber, "coordinator:number"),
    (WelfareCheck, "coordinator:welfare_check"),
    (ListImport, "imports:show"),
)


def connect() -> None:
    for model, page in PAGES:
        tell(model._meta.label_lower, _by_number(model, page))
    tell("campaigns.case", _cases)
    tell("campaigns.campaign", _campaigns)
    tell("tenants.household", _households)
    tell_campaigns(lambda: Campaign.objects.order_by("-pk").values_list("pk", "name"))


def _by_number(model: type[Model], page: str) -> Find:
    noun = noun_of(model._meta.label_lower)

    def find(numbers: Collection[int]) -> dict[int, Thing]:
        found = model._default_manager.filter(pk__in=numbers).values_list("pk", flat=True)
        return {pk: Thing(f"{noun} n°\u00a0{pk}", reverse(page, args=[pk])) for pk in found}

    return find


def _cases(numbers: Collection[int]) -> dict[int, Thing]:
    open_ones = Case.objects.exclude(campaign__status=Campaign.Status.PURGED)
    found = open_ones.filter(pk__in=numbers).values_list("pk", flat=True)
    return {pk: Thing(f"dossier n°\u00a0{pk}", reverse("coordinator:case", args=[pk])) for pk in found}


def _campaigns(numbers: Collection[int]) -> dict[int, Thing]:
    found = Campaign.objects.filter(pk__in=numbers).values_list("pk", "name", "slug")
    return {
        pk: Thing(f"campagne «\u00a0{name}\u00a0»", reverse("coordinator:campaign_detail", args=[slug]))
        for pk, name, slug in found
    }


def _households(numbers: Collection[int]) -> dict[int, Thing]:
    """A household is shown on the page of its case, the latest one."""
    cases = Case.objects.exclude(campaign__status=Campaign.Status.PURGED).filter(household__in=numbers).order_by("pk")
    return {
        household: Thing(f"foyer n°\u00a0{household}", reverse("coordinator:case", args=[pk]))
        for household, pk in cases.values_list("household", "pk")
    }
