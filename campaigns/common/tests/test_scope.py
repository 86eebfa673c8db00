"""What a coordinator sees: their agencies, and what nobody of the coordination follows."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns import alerts
from campaigns.common import scope
from campaigns.models import Alert, Campaign, Case, CoordinatorScope
from campaigns.neighbours import posters, reports
from campaigns.welfare.tests.welfare_cast import make_door, make_residence
from solidarites import roles
from solidarites.models import User
from tests import factories


@pytest.fixture
def zoe(coordinator: Any, agency: Any, agency2: Any) -> User:
    """Nadia follows Bordeaux, Zoé Langon."""
    other = factories.make_user("zoe@exemple.fr", "Zoé", "Ailleurs", roles.COORDINATOR)
    CoordinatorScope.objects.create(user=coordinator).agencies.add(agency)
    CoordinatorScope.objects.create(user=other).agencies.add(agency2)
    return other


@pytest.fixture
def cases(campaign: Campaign, landlord: Any, agency: Any, agency2: Any) -> dict[str, Case]:
    pau = factories.make_agency(landlord, "Agence de Pau")
    where = {"Bordeaux": agency, "Langon": agency2, "Pau": pau, "": None}
    return {
        name: factories.make_case(campaign, factories.make_household(landlord, agency=one))
        for name, one in where.items()
    }


def seen_by(user: User, cases: dict[str, Case]) -> set[str]:
    pks = set(scope.visible_cases(user).values_list("pk", flat=True))
    return {name for name, case in cases.items() if case.pk in pks}


def told_of(case: Case) -> set[str]:
    return set(scope.coordinators_of(case).values_list("first_name", flat=True))


def test_each_sees_their_agency_and_what_nobody_follows(coordinator: Any, zoe: User, cases: dict[str, Case]) -> None:
    assert seen_by(coordinator, cases) == {"Bordeaux", "Pau", ""}
    assert seen_by(zoe, cases) == {"Langon", "Pau", ""}
    assert {name: told_of(case) for name, case in cases.items()} == {
        "Bordeaux": {"Nadia"}, "Langon": {"Zoé"}, "Pau": {"Nadia", "Zoé"}, "": {"Nadia", "Zoé"},
    }  # fmt: skip
    assert {name for name, case in cases.items() if scope.is_followed(case)} == {"Bordeaux", "Langon"}


def test_who_is_invited_and_has_not_come_follows_nothing(coordinator: Any, zoe: User, cases: dict[str, Case]) -> None:
    """Nobody reads yet what would be theirs alone."""
    invited = factories.make_user("ana@exemple.fr", "", "", roles.COORDINATOR)
    invited.set_unusable_password()
    invited.save()
    assert seen_by(coordinator, cases) == {"Bordeaux", "Pau", ""}
    assert told_of(cases["Pau"]) == told_of(cases[""]) == {"Nadia", "Zoé"}


@pytest.mark.parametrize("gone", ["deactivated", "role"])
def test_who_is_no_longer_there_follows_nothing(coordinator: Any, zoe: User, cases: dict[str, Case], gone: str) -> None:
    if gone == "deactivated":
        User.objects.filter(pk=zoe.pk).update(is_active=False)
    else:
        zoe.groups.clear()
    assert seen_by(coordinator, cases) == {"Bordeaux", "Langon", "Pau", ""}
    assert told_of(cases["Langon"]) == {"Nadia"}
    assert seen_by(User.objects.get(pk=zoe.pk), cases) == set()


def test_who_follows_everything_follows_every_agency_and_what_has_none_stays_everybodys(
    coordinator: Any, zoe: User, cases: dict[str, Case]
) -> None:
    everywhere = factories.make_user("ana@exemple.fr", "Ana", "Ruiz", roles.COORDINATOR)
    assert seen_by(everywhere, cases) == set(cases)
    assert seen_by(coordinator, cases) == {"Bordeaux", ""}
    assert told_of(cases["Pau"]) == {"Ana"}
    assert told_of(cases[""]) == {"Ana", "Nadia", "Zoé"}
    User.objects.filter(pk=everywhere.pk).update(is_active=False)
    assert seen_by(coordinator, cases) == {"Bordeaux", "Pau", ""}


def test_an_administrator_sees_everything(administrator: Any, zoe: User, cases: dict[str, Case]) -> None:
    assert seen_by(administrator, cases) == set(cases)
    for case in cases.values():
        alerts.raise_alert(task=f"a{case.pk}", kind=Alert.Kind.TASK_FAILED, level="U1", case=case, now=case.enrolled_at)
    assert alerts.visible(administrator).count() == len(cases)


def test_its_residences_have_their_posters_and_its_neighbours_an_answer(
    coordinator: Any, zoe: User, campaign: Campaign, landlord: Any, now: Any
) -> None:
    pau = factories.make_agency(landlord, "Agence de Pau")
    residence = make_residence("Les Tilleuls", landlord=landlord, agency=pau)
    case = make_door(campaign, residence, now=now, street="12 rue des Lilas")
    outside = factories.make_household(landlord, agency=None, street="14 rue des Lilas")
    report = reports.receive(worries=["mail"], place="rue des Lilas", now=now)
    for person in (coordinator, zoe):
        assert list(posters.residences_of(scope.visible_cases(person))) == [residence]
        assert [one.case for one in reports.proposals(report=report, by=person)] == [case]
        assert [one.household for one in reports.proposals_outside(report=report, by=person)] == [outside]


def test_it_costs_one_query_whatever_the_number_of_coordinators(
    coordinator: Any, zoe: User, cases: dict[str, Case], count_queries: Any, landlord: Any
) -> None:
    assert coordinator.has_role(roles.COORDINATOR)
    with count_queries() as few:
        seen_by(coordinator, cases)
    for number in range(8):
        person = factories.make_user(f"c{number}@exemple.fr", "Ana", "Ruiz", roles.COORDINATOR)
        agency = factories.make_agency(landlord, f"Agence {number}")
        CoordinatorScope.objects.create(user=person).agencies.add(agency)
    with count_queries() as many:
        seen_by(coordinator, cases)
    assert len(few) == len(many) == 2
