"""Starting the demonstration again never empties a real database."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from solidarites import roles
from solidarites.models import User
from tests.factories import make_user


@pytest.mark.django_db(transaction=True)
def test_the_demonstration_is_emptied_and_keeps_its_roles(settings):
    settings.DEMO = True
    make_user("benevole@exemple.fr", "Léa", "Bonnet", is_demo=True)
    make_user("invitee@exemple.fr", "Paul", "Girard")
    call_command("forget_demo")
    assert not User.objects.exists()
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)


@pytest.mark.django_db
def test_a_database_of_real_people_is_refused(settings):
    settings.DEMO = True
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    with pytest.raises(CommandError, match="installation réelle"):
        call_command("forget_demo")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_it_serves_the_demonstration_alone(settings):
    settings.DEMO = False
    make_user("benevole@exemple.fr", "Léa", "Bonnet", is_demo=True)
    with pytest.raises(CommandError, match="démonstration"):
        call_command("forget_demo")
    assert User.objects.count() == 1
