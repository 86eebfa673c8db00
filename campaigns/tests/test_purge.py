"""The end of a campaign: nothing personal is left anywhere, and the figures stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from campaigns import followups, purge
from campaigns.figures import report
from campaigns.figures.tests import figures_cast
from campaigns.figures.tests.figures_cast import TUESDAY, call
from campaigns.followups import feed
from campaigns.models import (
    Absence,
    CalendarFeed,
    Campaign,
    Case,
    FrozenFigures,
    PurgeProof,
)
from campaigns.tests.purge_cast import (
    CLOSED,
    DUE,
    KEPT,
    close,
    dump,
    has_canary,
    lived_in,
    plant_canaries,
    text_fields,
)
from solidarites.models import JournalEntry, OutgoingMail, User
from tenants import identity
from tenants.models import Household, ImportRow, ListImport, Opposition, Tenant, UploadedPiece
from tests import factories


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return figures_cast.make_campaign(volunteer, volunteer2)


# Nothing is left -------------------------------------------------------------------------------------


def test_after_the_purge_no_word_about_anybody_is_left(
    campaign: Campaign, coordinator: Any, django_capture_on_commit_callbacks: Any
) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    planted = plant_canaries()
    # Everything that a campaign can hold was really there to be erased.
    expected = {model._meta.label for model in apps.get_app_config("campaigns").get_models()} - set(KEPT)
    # Written out: the journal's details and the admin's history about each are emptied too.
    assert expected - {model._meta.label for model in purge.ERASED} == {
        "campaigns.CampaignPause",
        "campaigns.CampaignVolunteer",
        "campaigns.CoordinatorScope",
    }
    assert expected - planted <= OF_THE_CELL | {
        "campaigns.CasePass",
        "campaigns.DueCall",
        "campaigns.PartnerCode",
        "campaigns.Parting",
    }
    assert {
        "tenants.Household",
        "tenants.Tenant",
        "tenants.PhoneNumber",
        "tenants.ImportRow",
        "admin.LogEntry",
    } <= planted
    assert UploadedPiece.objects.count() == 1
    assert len(has_canary(dump())) > 60
    with django_capture_on_commit_callbacks(execute=True):
        assert len(purge.purge_expired(now=DUE)) == 1
    assert has_canary(dump()) == []
    assert not UploadedPiece.objects.exists()
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.PURGED
    assert campaign.purged_at == DUE
    for model in (Case, Household, Tenant, ImportRow):
        assert not model._default_manager.exists()
    assert not OutgoingMail.objects.filter(object_type="campaigns.referral").exists()


# Deleted by the purge itself once nothing of a case hangs on them.
EMPTIED = {"campaigns.CaretakerRound", "campaigns.Meeting", "campaigns.MeetingAnswer", "campaigns.SharedMoment"}
# Of people of the cell, who stay; a campaign's rows about them go with it, or with their account.
OF_THE_CELL = {"campaigns.CampaignPause", "campaigns.CampaignVolunteer", "campaigns.CoordinatorScope"}


def test_every_model_is_either_purged_or_named_as_kept(campaign: Campaign) -> None:
    """A model added later must be thought of: it hangs on a case or a household, or stands in KEPT."""
    roots = {Case, Household, ListImport}
    for model in [*apps.get_app_config("campaigns").get_models(), *apps.get_app_config("tenants").get_models()]:
        if model._meta.label in (KEPT.keys() | EMPTIED | OF_THE_CELL) or model in roots:
            continue
        # Even without a word in it, a row that leads to somebody goes with them.
        if list(text_fields(model)) or leads_to_somebody(model):
            assert hangs_on(model, roots), f"{model._meta.label} is neither erased with its case nor named as kept"


def leads_to_somebody(model: type[models.Model], seen: frozenset[type[models.Model]] = frozenset()) -> bool:
    """A chain of keys from ``model`` to a person: a tenant, their household, or somebody of the cell."""
    people = {Household, Tenant, Case, User}
    targets = {field.related_model for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)}
    return any(
        target in people or (target not in seen and leads_to_somebody(target, seen | {model}))
        for target in targets
        if isinstance(target, type) and target is not model
    )


def test_what_is_about_people_of_the_cell_goes_with_their_account(volunteer: Any) -> None:
    """Absences and the link of an agenda: nothing of a campaign, nothing that outlives the account."""
    followups.add_absence(user=volunteer, first_day=TUESDAY.date(), last_day=None, by=None, now=TUESDAY)
    feed.renew(user=volunteer, now=TUESDAY)
    for model in (Absence, CalendarFeed):
        assert leads_to_somebody(model)
        assert model._meta.label in KEPT
    volunteer.delete()
    assert not Absence.objects.exists()
    assert not CalendarFeed.objects.exists()


def hangs_on(model: type[models.Model], roots: set[type[models.Model]]) -> bool:
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey) or field.remote_field.on_delete is not models.CASCADE:
            continue
        target = field.related_model
        if target in roots or (target is not model and hangs_on(target, roots)):
            return True
    return False


def test_an_opposition_outlives_the_purge(campaign: Campaign, coordinator: Any) -> None:
    opposed = lived_in(campaign, coordinator)[-1]
    number = opposed.household.phones.get().e164
    close(campaign)
    purge.purge_expired(now=DUE)
    assert Opposition.objects.filter(digest=identity.digest(f"tel:{number}")).exists()


def test_the_journal_keeps_who_did_what_and_loses_the_details(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    before = JournalEntry.objects.count()
    purge.purge_expired(now=DUE)
    assert JournalEntry.objects.count() > before
    recorded = JournalEntry.objects.filter(action="call.recorded")
    assert recorded.count() == 4
    assert set(recorded.values_list("user__email", flat=True)) == {"lea@exemple.fr", "paul@exemple.fr"}
    left = JournalEntry.objects.filter(campaign_id=campaign.pk).exclude(detail={})
    assert set(left.values_list("action", flat=True)) == {"campaign.purged"}


# The figures stay --------------------------------------------------------------------------------------


def test_the_report_gives_the_same_totals_before_and_after(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    before = report.report_of(campaign)
    assert before.totals["people_referred"] == before.totals["follow_up_plans"] == 1
    purge.purge_expired(now=DUE)
    after = report.report_of(campaign)
    assert after.totals == before.totals
    assert (after.needs, after.outcomes, after.referrals) == (before.needs, before.outcomes, before.referrals)
    assert (after.first_call_on, after.last_call_on) == (before.first_call_on, before.last_call_on)
    assert after.frozen_at == DUE


def test_small_cells_are_not_even_kept(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    purge.purge_expired(now=DUE)
    data = FrozenFigures.objects.get(campaign=campaign).data
    values = [row[2] for name in ("needs", "outcomes") for row in data[name]]
    assert values
    assert set(values) == {None}


def test_the_proof_counts_what_went(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    purge.purge_expired(now=DUE)
    proof = PurgeProof.objects.get(campaign=campaign)
    assert proof.counts["campaigns.Case"] == 4
    assert proof.counts["tenants.Household"] == 4
    assert proof.counts["tenants.ImportRow"] == 1
    assert proof.counts["campaigns.Referral"] >= 1


# When ---------------------------------------------------------------------------------------------------


def test_nothing_goes_before_its_day(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    assert purge.due_on(campaign) == DUE.date()
    assert purge.purge_expired(now=DUE - timedelta(days=1)) == []
    assert Case.objects.filter(campaign=campaign).count() == 4
    assert not FrozenFigures.objects.exists()
    # The day, not the hour, counts.
    assert len(purge.purge_expired(now=DUE.replace(hour=0, minute=5))) == 1


@pytest.mark.parametrize("status", [Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED])
def test_a_campaign_that_is_not_closed_is_never_purged(campaign: Campaign, status: str) -> None:
    factories.make_case(campaign)
    Campaign.objects.update(status=status, closed_at=CLOSED)
    assert purge.purge_campaign(campaign_id=campaign.pk, now=DUE) is None
    assert Case.objects.count() == 1


# Who else needs the people ---------------------------------------------------------------------------------


def test_a_household_of_another_campaign_stays_with_its_people(campaign: Campaign, volunteer: Any) -> None:
    shared, gone = factories.make_case(campaign), factories.make_case(campaign)
    close(campaign)
    other = figures_cast.make_campaign(volunteer)
    other.agencies.add(factories.make_agency(shared.household.landlord, "Agence de Pessac"))
    case = factories.make_case(other, shared.household)
    call(case, volunteer, "completed", DUE - timedelta(days=2), comment="Va bien.")
    purge.purge_expired(now=DUE)
    assert list(Household.objects.values_list("pk", flat=True)) == [shared.household_id]
    assert Tenant.objects.count() == shared.household.phones.count() == 1
    assert gone.household_id != shared.household_id
    assert case.calls.get().comment == "Va bien."


def test_a_closed_campaign_that_waits_for_its_own_purge_keeps_its_figures(campaign: Campaign, volunteer: Any) -> None:
    household = factories.make_household()
    later = figures_cast.make_campaign(volunteer)
    for one, closed_at in ((campaign, CLOSED), (later, CLOSED + timedelta(days=10))):
        call(factories.make_case(one, household), volunteer, "completed")
        close(one, closed_at)
    purge.purge_expired(now=DUE)
    assert Household.objects.count() == 1
    assert report.report_of(later).totals["calls"] == 1
    purge.purge_expired(now=DUE + timedelta(days=10))
    assert not Household.objects.exists()


def test_people_imported_and_never_enrolled_go_with_the_last_campaign(campaign: Campaign) -> None:
    factories.make_household(birth_date=None)
    close(campaign)
    purge.purge_expired(now=DUE)
    assert not Household.objects.exists()


@pytest.mark.parametrize("status", [Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED])
def test_people_that_a_running_campaign_covers_stay(campaign: Campaign, agency: Any, status: str) -> None:
    inside = factories.make_household(agency.landlord, agency=agency)
    factories.make_household(agency.landlord)
    close(campaign)
    running = figures_cast.make_campaign(status=status)
    running.agencies.add(agency)
    purge.purge_expired(now=DUE)
    assert list(Household.objects.all()) == [inside]


def test_a_list_brought_after_the_closing_is_for_something_newer(campaign: Campaign) -> None:
    case = factories.make_case(campaign, now=TUESDAY)
    landlord = case.household.landlord
    close(campaign)
    ListImport.objects.create(landlord=landlord, file_name="hiver.csv", created_at=CLOSED + timedelta(days=5))
    purge.purge_expired(now=DUE)
    assert list(Household.objects.all()) == [case.household]
    assert not Case.objects.exists()
    assert ListImport.objects.get().file_name == "hiver.csv"


def test_a_list_that_no_campaign_uses_goes_after_ninety_days(landlord: Any) -> None:
    factories.make_household(landlord, updated_at=TUESDAY)
    ListImport.objects.create(landlord=landlord, file_name="vieille.csv", created_at=TUESDAY)
    purge.purge_expired(now=TUESDAY + timedelta(days=89))
    assert Household.objects.count() == 1
    purge.purge_expired(now=TUESDAY + timedelta(days=91))
    assert not Household.objects.exists()
