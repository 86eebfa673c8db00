"""Follow-up plans on the coordinator's screens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Case, DueCall, FollowUpPlan
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def make_plan(case: Case, volunteer: Any, **fields: Any) -> FollowUpPlan:
    today = timezone.localdate()
    return FollowUpPlan.objects.create(
        case=case,
        household=case.household,
        volunteer=volunteer,
        **{
            "time": "10:00",
            "weekdays": [1],
            "starts_on": today,
            "next_due_at": timezone.now() + timedelta(days=3),
            "review_on": today + timedelta(days=40),
            **fields,
        },
    )


@pytest.fixture
def plan(case: Case, volunteer: Any) -> FollowUpPlan:
    return make_plan(case, volunteer)


def text(response: Any) -> str:
    return response.content.decode()


def test_each_list_holds_its_plans(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    now, today = timezone.now(), timezone.localdate()

    def due(plan: FollowUpPlan, grace: Any) -> None:
        DueCall.objects.create(
            plan=plan, case=plan.case, due_at=now - timedelta(hours=1), grace_until=grace, volunteer=volunteer
        )

    def one(**fields: Any) -> FollowUpPlan:
        return make_plan(factories.make_case(campaign), fields.pop("volunteer", volunteer), **fields)

    late, opened, calm, orphan, review, stranger = one(), one(), one(), one(volunteer=None), one(review_on=today), one()
    due(late, now - timedelta(minutes=5))
    due(opened, now + timedelta(hours=1))
    FollowUpPlan.objects.filter(pk=stranger.pk).update(volunteer=factories.make_user("x@exemple.fr", "X", "Y"))
    ended = one(status="ended", ended_at=now, end_reason="tenant", next_due_at=None)

    def found(state: str) -> set[int]:
        return {row.pk for row in nadia.get(f"/suivis/?etat={state}").context["page_obj"]}

    assert found("late") == {late.pk}
    assert found("today") == {late.pk, opened.pk}
    assert found("reassign") == {orphan.pk, stranger.pk}
    assert found("review") == {review.pk}
    assert found("ended") == {ended.pk}
    assert found("") == {late.pk, opened.pk, calm.pk, orphan.pk, review.pk, stranger.pk}
    # What waits comes first, whatever the hour of the next one.
    assert [row.pk for row in nadia.get("/suivis/").context["page_obj"]][:2] == [late.pk, opened.pk]


def test_plans_are_shared_out_in_running_campaigns_alone(nadia: Any, campaign: Campaign) -> None:
    make_plan(factories.make_case(campaign), None)
    over = factories.make_campaign(status=Campaign.Status.CLOSED)
    page = nadia.get("/suivis/?etat=reassign").content.decode()
    assert f"/campagnes/{campaign.slug}/suivis/repartir/" in page
    assert f"/campagnes/{over.slug}/suivis/repartir/" not in page


def test_the_page_says_the_next_dates(nadia: Any, plan: FollowUpPlan) -> None:
    shown = nadia.get(f"/suivis/{plan.pk}/")
    assert len(shown.context["next_dates"]) == 8
    assert "chaque semaine" in text(shown).lower()


def typed(**fields: Any) -> dict[str, Any]:
    return {"cadence": "fortnightly", "weekdays": ["3"], "time": "11:00", "volunteer": "", "backup": "", **fields}


def test_rhythm_and_people_change(nadia: Any, plan: FollowUpPlan, volunteer2: Any) -> None:
    nadia.post(f"/suivis/{plan.pk}/", typed(volunteer=volunteer2.pk))
    plan.refresh_from_db()
    assert (plan.cadence, plan.weekdays, plan.volunteer) == ("fortnightly", [3], volunteer2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cadence": "daily"},
        {"weekdays": []},
        {"weekdays": ["1", "2"]},
        {"weekdays": ["9"]},
        {"time": "tard"},
        {"time": ""},
        {"volunteer": "999999"},
        {"volunteer": "x"},
    ],
)
def test_what_does_not_fit_is_said_and_nothing_changes(nadia: Any, plan: FollowUpPlan, wrong: dict[str, Any]) -> None:
    answer = nadia.post(f"/suivis/{plan.pk}/", typed(**wrong))
    assert answer.status_code == 200
    assert answer.context["plan_form"].errors
    plan.refresh_from_db()
    assert plan.cadence == "weekly"


def test_the_backup_is_somebody_else(nadia: Any, plan: FollowUpPlan, volunteer: Any) -> None:
    answer = nadia.post(f"/suivis/{plan.pk}/", typed(volunteer=volunteer.pk, backup=volunteer.pk))
    assert "backup" in answer.context["plan_form"].errors


def test_somebody_who_left_the_campaign_is_not_offered(
    nadia: Any, plan: FollowUpPlan, campaign: Campaign, volunteer: Any
) -> None:
    campaign.memberships.filter(user=volunteer).update(active=False)
    shown = nadia.get(f"/suivis/{plan.pk}/")
    assert "à réattribuer" in text(shown)
    assert volunteer not in shown.context["plan_form"].fields["volunteer"].queryset


def test_ending_stops_at_once(nadia: Any, plan: FollowUpPlan) -> None:
    url = f"/suivis/{plan.pk}/terminer/"
    for wrong in ({}, {"reason": "campaign"}, {"reason": "x"}):
        assert nadia.post(url, wrong).context["end_form"].errors
    nadia.post(url, {"reason": "handed_over"})
    plan.refresh_from_db()
    assert (plan.status, plan.end_reason, plan.next_due_at) == ("ended", "handed_over", None)
    shown = text(nadia.get(f"/suivis/{plan.pk}/"))
    assert "confié à une association" in shown
    assert "Faire le bilan" not in shown
    assert "terminé" in text(nadia.post(f"/suivis/{plan.pk}/", typed()))


def test_the_list_costs_the_same_for_one_plan_and_for_fifty(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            plan = make_plan(factories.make_case(campaign), volunteer)
            DueCall.objects.create(plan=plan, case=plan.case, due_at=timezone.now(), grace_until=timezone.now())

    fill(1)
    nadia.get("/suivis/")
    with count_queries() as one:
        nadia.get("/suivis/")
    fill(49)
    with count_queries() as fifty:
        nadia.get("/suivis/")
    assert len(one) == len(fifty) <= 16


def test_who_has_not_made_the_practice_call_opens_nothing(client_of: Any, campaign: Campaign, volunteer: Any) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(training_required=True)
    plan = make_plan(factories.make_case(campaign), volunteer, next_due_at=timezone.now())
    response = client_of(volunteer).post(f"/appels/suivis/{plan.pk}/", follow=True)
    assert response.redirect_chain[0][0].endswith("/appels/")
    assert not DueCall.objects.exists()
    plan.refresh_from_db()
    assert plan.next_due_at is not None
