"""A campaign's life, and its volunteers."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from campaigns.models import (
    Alert,
    Campaign,
    CampaignVolunteer,
    Case,
    DueCall,
    FollowUpPlan,
    Referral,
    Script,
    WelfareCheck,
)
from campaigns.setup import lifecycle
from campaigns.setup.lifecycle import LifecycleError
from solidarites import roles
from solidarites.models import JournalEntry
from tests.factories import make_campaign, make_case, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def script():
    return Script.objects.create(key="veille", title="Veille", status=Script.Status.PUBLISHED)


@pytest.fixture
def ready(now, script, volunteer):
    return make_campaign(
        status=Campaign.Status.DRAFT, now=now, starts_on=None, opened_at=None, script=script, volunteers=[volunteer]
    )


def make_plan(case, volunteer=None, **fields):
    return FollowUpPlan.objects.create(
        case=case,
        household=case.household,
        volunteer=volunteer,
        **{
            "time": time(10),
            "weekdays": [2],
            "starts_on": date(2026, 1, 7),
            "next_due_at": case.enrolled_at + timedelta(days=30),
            "review_on": date(2026, 2, 20),
            **fields,
        },
    )


def actions():
    return list(JournalEntry.objects.order_by("id").values_list("action", flat=True))


# Create and change ------------------------------------------------------------------------------------


def test_a_new_campaign_is_a_draft_with_a_free_identifier(now, coordinator, landlord):
    made = [
        lifecycle.create_campaign(
            campaign=Campaign(name="Grand froid", status=Campaign.Status.OPEN),
            related={"landlords": [landlord]},
            by=coordinator,
            now=now,
        )
        for _ in range(3)
    ]
    assert [one.slug for one in made] == ["grand-froid", "grand-froid-2", "grand-froid-3"]
    assert made[0].status == Campaign.Status.DRAFT
    assert list(made[0].landlords.all()) == [landlord]
    assert actions() == ["campaign.created"] * 3


def test_an_old_page_does_not_bring_a_state_back(ready, now, coordinator):
    stale = Campaign.objects.get(pk=ready.pk)
    lifecycle.open_campaign(campaign=ready, by=coordinator, now=now)
    stale.name = "Nouveau nom"
    lifecycle.change_campaign(campaign=stale, related={}, by=coordinator, now=now)
    ready.refresh_from_db()
    assert (ready.name, ready.status, ready.opened_at) == ("Nouveau nom", Campaign.Status.OPEN, now)


def test_a_campaign_that_is_over_does_not_change(now, coordinator):
    campaign = make_campaign(now=now, status=Campaign.Status.CLOSED)
    with pytest.raises(LifecycleError, match="ne change plus"):
        lifecycle.change_campaign(campaign=campaign, related={}, by=coordinator, now=now)


# Open, pause, resume -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("purpose", " ", "la finalité"),
        ("legal_basis", "", "la base légale"),
        ("data_protection_contact", "", "le contact pour la protection des données"),
        ("impact_assessment", "", "la référence de l'analyse d'impact (AIPD)"),
        ("ends_on", None, "la date de fin prévue"),
        ("ends_on", date(2025, 12, 1), "une date de fin à venir"),
        ("script", None, "une trame d'appel publiée"),
        ("callback_number", "", "le numéro de rappel"),
        ("on_call_number", "", "le numéro d'astreinte pour les urgences"),
        ("hours", {"0": []}, "au moins une plage d'appel dans la semaine"),
    ],
)
def test_a_campaign_does_not_open_without(ready, now, coordinator, field, value, said):
    setattr(ready, field, value)
    ready.save()
    assert lifecycle.missing_to_open(ready, now.date()) == [said]
    with pytest.raises(LifecycleError) as refused:
        lifecycle.open_campaign(campaign=ready, by=coordinator, now=now)
    assert refused.value.missing == [said]
    ready.refresh_from_db()
    assert ready.status == Campaign.Status.DRAFT


def test_an_unpublished_script_and_an_inactive_volunteer_do_not_count(ready, now, volunteer):
    ready.script = Script.objects.create(key="brouillon", title="Brouillon")
    ready.follow_up_script = ready.script
    ready.ends_on, ready.starts_on = date(2026, 2, 1), date(2026, 3, 1)
    volunteer.is_active = False
    volunteer.save()
    assert lifecycle.missing_to_open(ready, now.date()) == [
        "une date de fin après le début",
        "une trame d'appel publiée",
        "une trame de suivi publiée",
        "au moins une personne bénévole",
    ]


def test_opening_twice_opens_once(ready, now, coordinator):
    lifecycle.open_campaign(campaign=ready, by=coordinator, now=now)
    lifecycle.open_campaign(campaign=ready, by=coordinator, now=now + timedelta(hours=1))
    assert (ready.status, ready.opened_at, ready.starts_on) == (Campaign.Status.OPEN, now, date(2026, 1, 13))
    assert actions() == ["campaign.opened"]


@pytest.mark.parametrize(
    ("start", "kept"), [(date(2026, 2, 1), date(2026, 1, 13)), (date(2026, 1, 5), date(2026, 1, 5))]
)
def test_opening_early_moves_the_start_to_today_and_a_past_start_stays(ready, now, coordinator, start, kept):
    ready.starts_on = start
    ready.save()
    assert lifecycle.open_campaign(campaign=ready, by=coordinator, now=now).starts_on == kept


def test_pause_and_resume(ready, now, coordinator):
    lifecycle.open_campaign(campaign=ready, by=coordinator, now=now)
    lifecycle.pause(campaign=ready, by=coordinator, now=now)
    lifecycle.pause(campaign=ready, by=coordinator, now=now)
    assert ready.status == Campaign.Status.PAUSED
    lifecycle.resume(campaign=ready, by=coordinator, now=now + timedelta(days=1))
    lifecycle.resume(campaign=ready, by=coordinator, now=now + timedelta(days=1))
    assert (ready.status, ready.opened_at) == (Campaign.Status.OPEN, now)
    assert actions() == ["campaign.opened", "campaign.paused", "campaign.opened"]


def test_states_that_do_not_fit_are_refused_in_french(ready, now, coordinator):
    with pytest.raises(LifecycleError, match="ouverte"):
        lifecycle.pause(campaign=ready, by=coordinator, now=now)
    with pytest.raises(LifecycleError, match="en pause"):
        lifecycle.resume(campaign=ready, by=coordinator, now=now)
    lifecycle.close_campaign(campaign=ready, by=coordinator, now=now)
    with pytest.raises(LifecycleError, match="terminée"):
        lifecycle.open_campaign(campaign=ready, by=coordinator, now=now)


# Close --------------------------------------------------------------------------------------------------------


def test_closing_stops_every_call_and_withdraws_nothing_silently(campaign, coordinator, volunteer, now):
    held = make_case(campaign, claimed_by=volunteer, claimed_at=now, claimed_until=now + timedelta(hours=1))
    waiting = make_case(campaign, status=Case.Status.ON_HOLD, hold_reason=Case.Hold.WELFARE)
    followed = make_case(campaign, next_call_for=volunteer)
    done = make_case(campaign, status=Case.Status.CLOSED, closed_reason="completed")
    plan = make_plan(followed, volunteer)
    due = DueCall.objects.create(plan=plan, case=followed, due_at=now, grace_until=now)
    referral = Referral.objects.create(reference="S-2026-100001", case=followed, state=Referral.State.SENT)
    check = WelfareCheck.objects.create(case=waiting, origin="exhausted", due_at=now)
    alert = Alert.objects.create(case=waiting, campaign=campaign, kind="button", key="x")

    left = lifecycle.still_open(campaign, now)
    assert (left.cases, left.claims, left.plans, left.referrals, left.drafts) == (3, 1, 1, 1, 0)
    assert (left.welfare_checks, left.alerts, left.pending_calls) == (1, 1, 0)
    assert left.anything

    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)
    for row in (held, waiting, followed, done, plan, due, referral, check, alert):
        row.refresh_from_db()
    assert {held.closed_reason, waiting.closed_reason, followed.closed_reason} == {"campaign_closed"}
    assert (held.claimed_by, held.claimed_until, followed.next_call_for, followed.next_call_at) == (None,) * 4
    assert waiting.hold_reason == ""
    assert done.closed_reason == "completed"
    assert (plan.status, plan.end_reason, plan.next_due_at) == ("ended", "campaign", None)
    assert due.state == DueCall.State.SKIPPED
    assert (referral.state, check.closed_at, alert.solved_at) == (Referral.State.SENT, None, None)
    assert (campaign.status, campaign.closed_at) == (Campaign.Status.CLOSED, now)

    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now + timedelta(days=1))
    campaign.refresh_from_db()
    assert campaign.closed_at == now
    assert actions() == ["campaign.closed"]


def test_closing_touches_no_other_campaign(campaign, coordinator, volunteer, now):
    other = make_case(make_campaign(now=now))
    plan = make_plan(other, volunteer)
    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)
    other.refresh_from_db()
    plan.refresh_from_db()
    assert (other.status, plan.status) == (Case.Status.OPEN, "active")


def test_a_purged_campaign_is_not_closed_again(now, coordinator):
    campaign = make_campaign(now=now, status=Campaign.Status.PURGED)
    with pytest.raises(LifecycleError, match="effacées"):
        lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)


def test_a_heat_wave_brings_the_next_calls_forward_and_its_end_sets_them_back(now, coordinator, volunteer):
    campaign = make_campaign(now=now)
    plan = make_plan(make_case(campaign), volunteer, next_due_at=now + timedelta(days=8))
    assert lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 30), by=coordinator, now=now) == 1
    plan.refresh_from_db()
    assert now < plan.next_due_at <= now + timedelta(hours=48)
    lifecycle.set_heat_wave(campaign=campaign, until=None, by=coordinator, now=now)
    plan.refresh_from_db()
    assert plan.next_due_at == datetime(2026, 1, 14, 10, tzinfo=campaign.tz)
    with pytest.raises(LifecycleError, match="à venir"):
        lifecycle.set_heat_wave(campaign=campaign, until=date(2026, 1, 12), by=coordinator, now=now)
    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)
    with pytest.raises(LifecycleError, match="en cours"):
        lifecycle.set_heat_wave(campaign=campaign, until=None, by=coordinator, now=now)


def test_no_campaign_takes_the_address_of_the_form(now, coordinator):
    assert lifecycle.free_slug("Nouvelle") == "nouvelle-2"


# Volunteers ------------------------------------------------------------------------------------------------------


def test_only_active_volunteers_are_added_and_once(now, coordinator, volunteer, volunteer2):
    campaign = make_campaign(now=now)
    gone = make_user("gone@exemple.fr", "Guy", "Roux", roles.VOLUNTEER, is_active=False)
    people = [volunteer, volunteer2, coordinator, gone]
    assert lifecycle.add_volunteers(campaign=campaign, users=people, by=coordinator, now=now) == 2
    assert lifecycle.add_volunteers(campaign=campaign, users=people, by=coordinator, now=now) == 0
    assert set(campaign.memberships.values_list("user", flat=True)) == {volunteer.pk, volunteer2.pk}
    assert actions() == ["campaign.volunteers_added"]


def test_somebody_who_left_comes_back(campaign, now, coordinator, volunteer):
    membership = campaign.memberships.get(user=volunteer)
    lifecycle.remove_volunteer(membership=membership, by=coordinator, now=now)
    assert lifecycle.add_volunteers(campaign=campaign, users=[volunteer], by=coordinator, now=now) == 1
    membership.refresh_from_db()
    assert membership.active
    assert campaign.memberships.count() == 2


def test_removing_a_volunteer_hands_over_all_but_the_call_under_way(campaign, coordinator, volunteer, volunteer2, now):
    promised = make_case(
        campaign, next_call_for=volunteer, anyone_from=now + timedelta(hours=2), tier=Case.Tier.CALLBACK
    )
    under_way = make_case(campaign, claimed_by=volunteer, claimed_until=now + timedelta(hours=1))
    followed = make_case(campaign)
    plan = make_plan(followed, volunteer, backup=volunteer2)
    seconded = make_plan(make_case(campaign), volunteer2, backup=volunteer)
    due = DueCall.objects.create(plan=plan, case=followed, due_at=now, grace_until=now, volunteer=volunteer)
    elsewhere = make_plan(make_case(make_campaign(now=now)), volunteer)

    membership = campaign.memberships.get(user=volunteer)
    assert lifecycle.remove_volunteer(membership=membership, by=coordinator, now=now) == 1
    for row in (promised, under_way, plan, seconded, due, elsewhere):
        row.refresh_from_db()
    assert (promised.next_call_for, promised.anyone_from) == (None, None)
    assert under_way.claimed_by == volunteer
    assert (plan.volunteer, plan.backup, seconded.backup, due.volunteer) == (None, volunteer2, None, None)
    assert elsewhere.volunteer == volunteer
    assert lifecycle.remove_volunteer(membership=membership, by=coordinator, now=now) == 0
    assert actions() == ["campaign.volunteer_removed"]


def test_sectors_and_languages(campaign, coordinator, volunteer, agency, now):
    membership = campaign.memberships.get(user=volunteer)
    lifecycle.set_sectors(membership=membership, agencies=[agency], languages=["pt"], by=coordinator, now=now)
    volunteer.refresh_from_db()
    assert (list(membership.agencies.all()), volunteer.languages) == ([agency], ["pt"])


def test_nobody_joins_a_campaign_that_is_over(now, coordinator, volunteer):
    campaign = make_campaign(now=now, status=Campaign.Status.CLOSED)
    with pytest.raises(LifecycleError):
        lifecycle.add_volunteers(campaign=campaign, users=[volunteer], by=coordinator, now=now)
    assert not CampaignVolunteer.objects.exists()
