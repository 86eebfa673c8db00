"""The demonstration writes to no database but its own, and empties no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.demo import accounts as demo_accounts
from campaigns.demo import base, institutions
from solidarites import accounts, roles
from solidarites.models import User
from tenants.imports.at_once import import_list
from tenants.models import Household, Landlord
from tests.factories import make_household, make_user

COMMANDS = [("seed_demo",), ("seed_demo", "--check"), ("forget_demo",)]
REFUSED = "installation réelle"


@pytest.fixture(autouse=True)
def demonstration(settings: Any) -> None:
    settings.DEMO = True


def counts() -> dict[str, int]:
    """The rows of every table."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def a_list(folder: Path, landlord: Landlord, by: User | None) -> None:
    path = folder / "liste.csv"
    path.write_text("N° locataire;Réf. logement;Nom;Prénom;Téléphone\nL1;UG1;DURAND;Anne;05 36 49 00 01\n")
    import_list(path, landlord=landlord, now=timezone.now(), by=by, file_name=path.name)


def refused(*command: str) -> str:
    before = counts()
    with pytest.raises(CommandError, match=REFUSED) as refusal:
        call_command(*command)
    assert counts() == before
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_with_one_real_account_is_refused(command: tuple[str, ...]) -> None:
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    assert "des comptes" in refused(*command)


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_one_real_account_among_those_of_the_demonstration_is_enough(command: tuple[str, ...]) -> None:
    """An earlier seeding may have filled a real database: its mark on some accounts says nothing of the others."""
    demo_accounts.make_known()
    make_user("lea@exemple.fr", "Léa", "Bonnet", is_active=False)
    assert "des comptes" in refused(*command)


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_household_without_any_account_is_refused(command: tuple[str, ...]) -> None:
    make_household()
    assert "des foyers" in refused(*command)


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_list_brought_by_hand_to_the_landlord_of_the_demonstration_is_refused(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    admin = demo_accounts.make_known()["admin@exemple.fr"]
    landlord = institutions.make_landlord()
    a_list(tmp_path, landlord, admin)
    base.refuse_a_real_base()
    a_list(tmp_path, landlord, None)
    assert "des foyers" in refused(*command)


@pytest.mark.django_db
def test_what_is_tried_in_the_demonstration_is_its_own(tmp_path: Path) -> None:
    """It starts again the next day, whoever was invited and whatever list was brought from its pages."""
    admin = demo_accounts.make_known()["admin@exemple.fr"]
    invited = accounts.invite(
        addresses=[accounts.Address("zoe@exemple.fr")], role=roles.COORDINATOR, by=admin, now=timezone.now()
    )
    zoe = User.objects.get(pk=invited.invitations[0].user_id)
    assert zoe.is_demo
    a_list(tmp_path, Landlord.objects.create(code="essai", name="Essai"), zoe)
    assert Household.objects.exists()
    call_command("seed_demo", "--check")


@pytest.mark.django_db
def test_an_account_of_a_real_installation_bears_no_mark(settings: Any, administrator: User) -> None:
    settings.DEMO = False
    accounts.invite(
        addresses=[accounts.Address("zoe@exemple.fr")], role=roles.VOLUNTEER, by=administrator, now=timezone.now()
    )
    assert not User.objects.filter(is_demo=True).exists()


@pytest.mark.django_db
def test_an_empty_database_is_taken() -> None:
    before = counts()
    call_command("seed_demo", "--check")
    assert counts() == before


@pytest.mark.django_db(transaction=True)
def test_the_demonstration_is_emptied_and_keeps_its_roles_and_every_file_that_is_not_its_own(
    settings: Any, tmp_path: Path
) -> None:
    admin = demo_accounts.make_known()["admin@exemple.fr"]
    landlord = institutions.make_landlord()
    a_list(tmp_path, landlord, admin)
    theirs = settings.VAR_DIR / "lists" / "celle-de-quelqu-un.csv"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("une liste d'une autre installation")
    call_command("forget_demo")
    assert not User.objects.exists()
    assert not Household.objects.exists()
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    assert theirs.exists()
    theirs.unlink()


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_these_commands_serve_the_demonstration_alone(command: tuple[str, ...], settings: Any) -> None:
    settings.DEMO = False
    demo_accounts.make_known()
    before = counts()
    with pytest.raises(CommandError, match="démonstration"):
        call_command(*command)
    assert counts() == before


@pytest.mark.django_db
def test_the_refusal_says_what_to_do(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user("lea@exemple.fr", "Léa", "Bonnet")
    settings.VAR_DIR = tmp_path
    assert "Retirez DATABASE_URL" in refused("seed_demo")
    # The file of its own folder: the way out is another folder, never an order to delete this one.
    monkeypatch.setattr(base.connection, "vendor", "sqlite")
    monkeypatch.setitem(base.connection.settings_dict, "NAME", str(tmp_path / "solidarites.sqlite3"))
    said = refused("seed_demo")
    assert f"renommez le dossier {tmp_path}" in said
    assert "supprimez" not in said
