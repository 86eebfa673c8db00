"""The ground on which every test stands."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core import mail
from django.core.cache import cache

from solidarites import roles
from tests import strict


@pytest.mark.parametrize("turn", [1, 2])
def test_nothing_of_one_test_is_left_for_the_next(turn):
    assert cache.get("reste") is None
    assert not strict.PERSONAL
    assert not mail.outbox
    cache.set("reste", turn)
    strict.PERSONAL.add("Castaing")


def test_tests_share_no_cache_with_an_installation():
    assert "locmem" in settings.CACHES["default"]["BACKEND"]


@pytest.mark.django_db
def test_every_database_has_the_three_roles():
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)


@pytest.mark.django_db(transaction=True)
def test_the_roles_come_back_after_a_test_that_commits():
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)


def test_each_of_the_cast_holds_one_role(volunteer, coordinator, administrator, switchboard):
    assert volunteer.role_names == {roles.VOLUNTEER}
    assert coordinator.role_names == {roles.COORDINATOR}
    assert administrator.role_names == {roles.ADMINISTRATOR}
    assert switchboard.has_perm(roles.SWITCHBOARD_PERMISSION)
    assert not volunteer.has_perm(roles.SWITCHBOARD_PERMISSION)
