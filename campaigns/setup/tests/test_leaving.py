"""An account is closed: what it held is said first, then goes to others, and nothing promised is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from campaigns import alerts, followups, tasks
from campaigns.calls.tests.caller_cast import hold, running_campaign, text
from campaigns.followups import feed, handover
from campaigns.followups.tests.test_follow_ups_views import make_plan
from campaigns.models import Alert, CalendarFeed, Call, Campaign, CampaignVolunteer, Case, CaseMessage, DueCall
from campaigns.welfare.tests.welfare_cast import open_check
from solidarites import accounts, roles
from solidarites.models import JournalEntry, User
from tests import factories
from tests.pages import press

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(coordinator: Any) -> Any:
    """Somebody who coordinates and calls: everything may be theirs."""
    return factories.make_user("zoe@exemple.fr", "Zoé", "Marin", roles.VOLUNTEER, roles.COORDINATOR)


@pytest.fixture
def office(both: Any, volunteer2: Any) -> Campaign:
    return running_campaign(both, volunteer2)


def give_everything(both: Any, volunteer2: Any, office: Campaign) -> dict[str, Any]:
    now = timezone.now()
    held = factories.make_case(office)
    hold(held, both)
    typed = factories.make_case(office, next_call_at=now)
    Call.objects.create(case=typed, volunteer=both, comment="Elle a parlé de sa fille.", saved_at=now)
    promised = factories.make_case(
        office, next_call_for=both, next_call_kind=Case.Kind.CALLBACK, tier=Case.Tier.CALLBACK, anyone_from=now
    )
    covered, alone = factories.make_case(office), factories.make_case(office)
    plans = [make_plan(covered, both, backup=volunteer2), make_plan(alone, both)]
    backed = make_plan(factories.make_case(office), volunteer2, backup=both)
    due = DueCall.objects.create(
        plan=plans[0], case=covered, due_at=now, volunteer=both, grace_until=now + timezone.timedelta(hours=2)
    )
    Case.objects.filter(pk=covered.pk).update(next_call_for=both, next_call_kind=Case.Kind.FOLLOW_UP)
    alert = alerts.raise_alert(task="x", kind=Alert.Kind.TASK_FAILED, level="U2", case=held, now=now)
    alerts.take(alert=alert, by=both, now=now)
    check = open_check(factories.make_case(office), both, now)
    check.owner = both
    check.save()
    CaseMessage.objects.create(case=typed, by=both, text="Rappeler le matin.")
    feed.renew(user=both, now=now)
    return {"held": held, "promised": promised, "plans": plans, "backed": backed, "due": due, "alert": alert}


def test_the_page_says_what_becomes_of_each_thing(client_of, coordinator, administrator, both, volunteer2, office):
    coordinator.groups.add(*User.objects.get(pk=administrator.pk).groups.all())
    give_everything(both, volunteer2, office)
    page = client_of(User.objects.get(pk=coordinator.pk)).get(f"/personnes/{both.pk}/desactiver/")
    said = text(page)
    membership = CampaignVolunteer.objects.get(user=both, campaign=office)
    for words in (
        "Le foyer que cette personne appelle en ce moment revient tout de suite dans la file.",
        "1 appel commencé et non enregistré",
        "1 rappel promis : à la même heure",
        f"2 suivis de la campagne « {office.name} » sont à confier",
        "la personne remplaçante appelle pour 1 d'entre eux",
        f'href="/campagnes/{office.slug}/benevoles/{membership.pk}/suivis/"',
        "1 suivi n'aura plus de remplaçant(e)",
        "1 alerte prise attend de nouveau quelqu'un",
        "1 veille reste à son nom",
        "1 message pris pour un foyer",
        "Le lien de son agenda ne s'ouvre plus.",
    ):
        assert words in said, words
    assert JournalEntry.objects.filter(action="account.deactivated").count() == 0


def test_an_administrator_who_coordinates_nothing_gets_no_link_that_is_closed_to_them(
    client_of, administrator, both, volunteer2, office
):
    give_everything(both, volunteer2, office)
    hugues = client_of(administrator)
    page = hugues.get(f"/personnes/{both.pk}/desactiver/")
    for fate in page.context["fates"]:
        if fate.url:
            assert hugues.get(fate.url).status_code == 200, fate


def test_what_was_theirs_is_given_back_at_once_and_keeps_its_hour(
    client_of, administrator, coordinator, both, volunteer2, office
):
    made = give_everything(both, volunteer2, office)
    before = Case.objects.get(pk=made["promised"].pk)
    hugues = client_of(administrator)
    press(hugues, hugues.get(f"/personnes/{both.pk}/desactiver/"), "Désactiver le compte")
    held, promised = Case.objects.get(pk=made["held"].pk), Case.objects.get(pk=made["promised"].pk)
    assert held.claimed_by is None
    assert (promised.next_call_for, promised.next_call_at, promised.tier) == (None, before.next_call_at, before.tier)
    assert DueCall.objects.get(pk=made["due"].pk).volunteer == volunteer2, "the backup calls"
    assert Alert.objects.get(pk=made["alert"].pk).taken_by is None
    assert not CalendarFeed.objects.exists()
    waiting = handover.to_reassign(followups.plans.FollowUpPlan.objects.all(), timezone.now())
    assert {plan.pk for plan in made["plans"]} <= set(waiting.values_list("pk", flat=True))
    tasks.release_stale_claims()
    assert Call.objects.filter(volunteer=both, state=Call.State.PENDING, comment__startswith="Elle a").exists()
    rows = JournalEntry.objects.filter(action__in=["case.released", "calendar_feed.revoked"])
    assert {row.user for row in rows} == {administrator}


def test_the_agenda_link_of_before_stays_dead_after_a_reactivation(client, administrator, volunteer):
    token = feed.token_of(feed.renew(user=volunteer, now=timezone.now()))
    assert client.get(f"/agenda/{token}.ics").status_code == 200
    accounts.deactivate(user=volunteer, by=administrator, now=timezone.now())
    accounts.reactivate(user=volunteer, by=administrator)
    assert client.get(f"/agenda/{token}.ics").status_code == 404
    again = feed.token_of(feed.renew(user=volunteer, now=timezone.now()))
    assert client.get(f"/agenda/{again}.ics").status_code == 200
    assert again != token
