"""What holds for every screen of coordinators: who may open it, by which method, and what a wrong id gives."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import alerts
from campaigns.models import (
    Alert,
    Call,
    Campaign,
    Case,
    DueCall,
    FollowUpPlan,
    Need,
    Parting,
    WelfareCheck,
)
from campaigns.urls import coordinator
from solidarites.models import JournalEntry
from tenants.models import Confirmation
from tests import factories

pytestmark = pytest.mark.django_db

# The stages whose screens are tried here one by one; the tests of the others try their own.
TRIED = ("setup", "alerts", "cases", "calls")
OTHERS = {"volunteer_training", "case_person_back"}
AND = {
    *("campaign_without_number", "welfare_list", "welfare_check", "welfare_owner", "welfare_step", "welfare_close"),
    *("welfare_open", "need_list", "need_settle"),
}


def is_tried(pattern: Any) -> bool:
    stage = pattern.callback.__module__.split(".")[1]
    return pattern.name in AND or (stage in TRIED and pattern.name not in OTHERS)


urlpatterns = [pattern for pattern in coordinator if is_tried(pattern)]

POST_ONLY = {
    "campaign_open", "campaign_pause", "campaign_resume", "campaign_heat_wave", "volunteer_remove", "alert_take",
    "alert_reopen", "follow_up_review", "follow_up_end", "welfare_owner", "welfare_step", "welfare_close",
    "cases_first", "cases_last", "cases_release", "case_first", "case_last", "case_ask", "case_hold", "case_resume",
    "case_close", "case_release", "welfare_open", "case_number", "case_phone", "case_household", "case_person",
    "case_oppose", "case_unoppose", "pending_call", "need_settle", "confirm_decide",
}  # fmt: skip
BOTH = {
    "campaign_create", "campaign_edit", "campaign_enrol", "campaign_ages", "campaign_close", "campaign_volunteers",
    "volunteer", "alert_detail", "follow_up", "welfare_check", "parting",
}  # fmt: skip
# Administrators prepare campaigns too; they see no case unless they coordinate.
FOR_ADMINISTRATORS = {name for name in (pattern.name for pattern in urlpatterns) if name.startswith("campaign")} | {
    "volunteer_list",
    "volunteer",
    "volunteer_remove",
    # Whether the machine works; to them it counts no alert.
    "alert_banner",
    # They see everything: what an alert leads to, which they are sent when nobody coordinates.
    "alert_detail",
    "alert_take",
    "alert_reopen",
    "case",
    "welfare_check",
}
NAMES = [pattern.name for pattern in urlpatterns]
PAGES = [name for name in NAMES if name not in POST_ONLY]


@pytest.fixture
def world(campaign: Campaign, volunteer: Any, agency: Any) -> dict[str, Any]:
    """One of everything that a route names."""
    now = timezone.now()
    case = factories.make_case(campaign, factories.make_household(agency=agency))
    plan = FollowUpPlan.objects.create(
        case=case,
        household=case.household,
        volunteer=volunteer,
        time=time(10),
        weekdays=[2],
        starts_on=date(2026, 1, 7),
        next_due_at=now + timedelta(days=1),
        review_on=date(2026, 2, 20),
    )
    DueCall.objects.create(plan=plan, case=case, due_at=now, grace_until=now)
    call = Call.objects.create(case=case, volunteer=volunteer, state=Call.State.PENDING, outcome="busy")
    pressed = alerts.raise_alert(call=call, kind=Alert.Kind.BUTTON, level="U0", case=case, now=now)
    return {
        "slug": campaign.slug,
        "membership_id": campaign.memberships.get(user=volunteer).pk,
        "alert_id": pressed.pk,
        "plan_id": plan.pk,
        "check_id": WelfareCheck.objects.create(case=case, origin="exhausted", due_at=now).pk,
        "case_id": case.pk,
        "phone_id": case.household.phones.get().pk,
        "call_id": call.pk,
        "need_id": Need.objects.create(case=case, category="courses").pk,
        "confirmation_id": Confirmation.objects.create(household=case.household, kind="do_not_call", blocks=False).pk,
        "parting_id": Parting.objects.create(stays=case.household, leaves=factories.make_household()).pk,
    }


def kwargs_of(name: str, world: dict[str, Any]) -> dict[str, Any]:
    pattern = next(one for one in coordinator if one.name == name)
    return {key: world[key] for key in pattern.pattern.converters}


def address(name: str, world: dict[str, Any]) -> str:
    return reverse(f"coordinator:{name}", kwargs=kwargs_of(name, world))


@pytest.mark.parametrize("name", PAGES)
def test_the_page_works_for_a_coordinator(name: str, world: Any, client_of: Any, coordinator: Any) -> None:
    page = client_of(coordinator).get(address(name, world))
    assert page.status_code == 200


@pytest.mark.parametrize("name", NAMES)
def test_a_volunteer_and_a_stranger_stay_outside(
    name: str, world: Any, client: Any, client_of: Any, volunteer: Any
) -> None:
    url = address(name, world)
    before = Case.objects.get(pk=world["case_id"])
    for method in ("get", "post"):
        assert getattr(client_of(volunteer), method)(url).status_code == 403
        answer = getattr(client, method)(url)
        assert answer.status_code == 302
        assert answer.url.startswith("/connexion/")
    after = Case.objects.get(pk=world["case_id"])
    assert (after.status, after.tier, after.has_number) == (before.status, before.tier, before.has_number)


@pytest.mark.parametrize("name", NAMES)
def test_an_administrator_prepares_campaigns_and_reads_what_an_alert_leads_to(
    name: str, world: Any, client_of: Any, administrator: Any
) -> None:
    method = "post" if name in POST_ONLY else "get"
    status = getattr(client_of(administrator), method)(address(name, world)).status_code
    if name in FOR_ADMINISTRATORS:
        assert status in (200, 302)
    else:
        assert status == 403


@pytest.mark.parametrize("name", NAMES)
def test_the_wrong_method_is_refused(name: str, world: Any, client_of: Any, coordinator: Any) -> None:
    client = client_of(coordinator)
    url = address(name, world)
    if name in POST_ONLY:
        assert client.get(url).status_code == 405
    elif name not in BOTH:
        assert client.post(url).status_code == 405
    assert client.delete(url).status_code == 405


@pytest.mark.parametrize(
    "name", [name for name in NAMES if next(p for p in urlpatterns if p.name == name).pattern.converters]
)
def test_an_unknown_id_gives_not_found(name: str, world: Any, client_of: Any, coordinator: Any) -> None:
    client = client_of(coordinator)
    method = client.post if name in POST_ONLY else client.get
    for key in kwargs_of(name, world):
        wrong = kwargs_of(name, world) | {key: "inconnu" if key == "slug" else 999_999_999}
        assert method(reverse(f"coordinator:{name}", kwargs=wrong)).status_code == 404, key
        if key != "slug":
            # No row has such a number: no address has it either.
            here = kwargs_of(name, world) | {key: 987_654_321}
            address = reverse(f"coordinator:{name}", kwargs=here).replace("987654321", str(10**30))
            assert method(address).status_code == 404, key


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in NAMES
        if {"case_id", "alert_id", "plan_id", "check_id", "call_id", "need_id"}
        & set(next(p for p in urlpatterns if p.name == name).pattern.converters)
    ],
)
def test_another_agency_s_household_does_not_exist(
    name: str, world: Any, client_of: Any, coordinator: Any, agency2: Any
) -> None:
    factories.limit_to(coordinator, agency2)
    client = client_of(coordinator)
    method = client.post if name in POST_ONLY else client.get
    assert method(address(name, world)).status_code == 404


@pytest.mark.parametrize("name", ["alert_list", "follow_up_list", "welfare_list", "case_list", "need_list"])
def test_another_agency_s_households_are_in_no_list(
    name: str, world: Any, client_of: Any, coordinator: Any, agency2: Any
) -> None:
    family = Case.objects.get(pk=world["case_id"]).household.tenants.get().last_name.upper()
    client = client_of(coordinator)
    assert family in client.get(address(name, world)).content.decode()
    factories.limit_to(coordinator, agency2)
    assert family not in client_of(coordinator).get(address(name, world)).content.decode()


@pytest.mark.parametrize("name", ["alert_list", "follow_up_list", "welfare_list", "case_list", "case", "need_list"])
def test_reading_people_leaves_a_row_in_the_journal(name: str, world: Any, client_of: Any, coordinator: Any) -> None:
    client = client_of(coordinator)
    JournalEntry.objects.all()._raw_delete("default")
    client.get(address(name, world))
    row = JournalEntry.objects.get()
    assert (row.user, row.detail["cases"]) == (coordinator, [world["case_id"]])


@pytest.mark.parametrize(
    "query",
    [
        "etat=xx",
        "campagne=xx",
        "agence=xx",
        "agence=999999999999999999999",
        "commune=%00",
        "page=zz",
        "page=99999",
        "q=%00",
    ],
)
@pytest.mark.parametrize(
    "name", ["alert_list", "follow_up_list", "welfare_list", "case_list", "need_list", "volunteer_list"]
)
def test_no_address_breaks_a_list(name: str, query: str, world: Any, client_of: Any, coordinator: Any) -> None:
    assert client_of(coordinator).get(f"{address(name, world)}?{query}").status_code == 200
