"""« À confirmer »: a coordinator decides, and what was held goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Case, FollowUpPlan, Parting
from campaigns.setup import enrolment
from solidarites import roles
from tenants import confirmations, events, households
from tenants.models import Confirmation, Household, Tenant
from tests.factories import (
    limit_to,
    make_agency,
    make_campaign,
    make_case,
    make_household,
    make_landlord,
    make_user,
)
from tests.pages import press

pytestmark = pytest.mark.django_db
LIST = "/a-confirmer/"


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def case() -> Case:
    return make_case(make_campaign(), make_household(first_name="Odile", last_name="Garrigue", people=2))


def ask(case: Case, kind: str, tenant: Tenant | None = None) -> Confirmation:
    found = (case.household_id, tenant.pk if tenant else None, kind, "Oui", True)
    confirmations.ask([found], now=timezone.now())
    return Confirmation.objects.get()


def test_nobody_calls_before_the_decision_and_the_first_call_comes_after_it(nadia: Any, case: Case) -> None:
    ask(case, "do_not_call", case.household.tenants.first())
    case.refresh_from_db()
    assert (case.status, case.hold_reason) == ("on_hold", "to_confirm")
    page = nadia.get(LIST)
    assert "Odile" in page.text
    assert "À confirmer" in nadia.get("/dossiers/").text
    press(nadia, page, "L'appeler")
    case.refresh_from_db()
    assert (case.status, case.next_call_kind) == ("open", "first")
    assert case.next_call_at is not None


def test_what_waits_already_for_another_reason_goes_on_waiting_for_it(nadia: Any, case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(status="on_hold", hold_reason=Case.Hold.WELFARE, next_call_at=None)
    ask(case, "do_not_call", case.household.tenants.first())
    press(nadia, nadia.get(LIST), "L'appeler")
    case.refresh_from_db()
    assert (case.status, case.hold_reason, case.next_call_at) == ("on_hold", "welfare", None)


def test_the_opposition_of_one_leaves_the_other_to_a_coordinator(nadia: Any, case: Case) -> None:
    first, second = case.household.tenants.all()
    ask(case, "do_not_call", first)
    press(nadia, nadia.get(LIST), "Ne plus jamais l'appeler")
    case.household.refresh_from_db()
    assert case.household.opposed_at is None
    assert list(Tenant.objects.filter(opposed_at__isnull=False)) == [first]
    page = nadia.get(LIST)
    assert "Appeler les autres" in page.text
    press(nadia, page, "Appeler les autres")
    case.refresh_from_db()
    assert case.status == "open"
    households.settle_oppositions([case.household_id], now=timezone.now())
    assert not Confirmation.objects.waiting().exists()


def test_a_choice_that_is_none_says_so_and_decides_nothing(nadia: Any, case: Case) -> None:
    row = ask(case, "age_in_doubt")
    nadia.post(f"{LIST}{row.pk}/", {"choice": "peut-être"})
    row.refresh_from_db()
    assert row.decided_at is None


def test_a_new_case_of_a_household_to_confirm_waits_from_its_enrolment() -> None:
    home = make_household()
    confirmations.ask([(home.pk, None, "opposition_number", "", True)], now=timezone.now())
    campaign = make_campaign()
    enrolment.enrol(campaign=campaign, now=timezone.now())
    assert Case.objects.get().hold_reason == "to_confirm"


# Parting --------------------------------------------------------------------------------------------------


@pytest.fixture
def parting(case: Case, volunteer: Any) -> Parting:
    away = make_household(first_name="Bernard", street="77 avenue Thiers")
    case.set_next(kind=Case.Kind.FOLLOW_UP, at=None)
    case.save_moved()
    now = timezone.now()
    FollowUpPlan.objects.create(
        case=case, household=case.household, weekdays=[2], time="14:30", volunteer=volunteer, starts_on=now.date(),
        review_on=now.date(), next_due_at=now + timedelta(days=2),
    )  # fmt: skip
    events.tell(events.HouseholdParted(stays_id=case.household_id, leaves_id=away.pk, now=now))
    return Parting.objects.get()


def test_the_page_shows_both_addresses_and_the_plan_and_refuses_no_choice(nadia: Any, parting: Parting) -> None:
    page = nadia.get(LIST)
    assert f"/separations/{parting.pk}/" in page.text
    page = nadia.get(f"/separations/{parting.pk}/")
    assert "77 avenue Thiers" in page.text
    assert "Sainte-Catherine" in page.text
    answer = press(nadia, page, "Enregistrer ce choix")
    assert answer.status_code == 422
    assert "Choisissez avec qui" in answer.text


@pytest.mark.parametrize("choice", ["stays", "leaves", "both", "end"])
def test_the_plan_goes_on_with_whom_the_coordinator_chooses(
    nadia: Any, parting: Parting, choice: str, volunteer: Any
) -> None:
    page = nadia.get(f"/separations/{parting.pk}/")
    assert press(nadia, page, "Enregistrer ce choix", choice=choice).status_code == 302
    running = set(FollowUpPlan.objects.running().values_list("household", "case__household", "volunteer"))
    one, other = (parting.stays_id,) * 2, (parting.leaves_id,) * 2
    wanted = {"stays": [one], "leaves": [other], "both": [one, other], "end": []}[choice]
    assert running == {(*pair, volunteer.pk) for pair in wanted}
    enrolment.enrol_arrivals(now=timezone.now())
    assert set(Case.objects.values_list("household", flat=True)) == {parting.stays_id, parting.leaves_id}


def test_who_follows_neither_address_sees_nothing(client_of: Any, parting: Parting) -> None:
    other = make_user("ailleurs@exemple.fr", "Zita", "Ailleurs", roles.COORDINATOR)
    limit_to(other, make_agency(make_landlord(), "Agence lointaine"))
    Household.objects.update(agency=make_agency(make_landlord(), "Agence d'à côté"))
    assert client_of(other).get(f"/separations/{parting.pk}/").status_code == 404
