"""The screen of accounts: who sees whom, what each may do, and what the rules refuse."""

from __future__ import annotations

import pytest

from solidarites import accounts, roles
from solidarites.models import JournalEntry, User
from tests.factories import make_user

pytestmark = pytest.mark.django_db
ACTIONS = ["lien", "lien-mot-de-passe", "retirer", "reactiver", "roles", "second-facteur"]


def test_a_coordinator_sees_those_who_call_an_administrator_everybody(client_of, coordinator, administrator, volunteer):
    page = client_of(coordinator).get("/personnes/").content.decode()
    assert "lea@exemple.fr" in page
    assert "hugues@exemple.fr" not in page
    page = client_of(administrator).get("/personnes/").content.decode()
    assert "lea@exemple.fr" in page
    assert "nadia@exemple.fr" in page
    assert client_of(coordinator).get(f"/personnes/{administrator.pk}/").status_code == 404


@pytest.mark.parametrize("path", ["/personnes/", "/personnes/inviter/", "/personnes/1/"])
def test_volunteers_and_strangers_do_not(client, client_of, volunteer, path):
    assert client_of(volunteer).get(path).status_code == 403
    assert client.get(path)["Location"].startswith("/connexion/")


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_are_sent_by_a_form(client_of, administrator, volunteer, action):
    assert client_of(administrator).get(f"/personnes/{volunteer.pk}/{action}/").status_code == 405


@pytest.mark.parametrize("user_id", ["999999", "9" * 30])
def test_an_unknown_person_is_not_found(client_of, administrator, user_id):
    client = client_of(administrator)
    assert client.get(f"/personnes/{user_id}/").status_code == 404
    for action in ACTIONS:
        assert client.post(f"/personnes/{user_id}/{action}/").status_code == 404


def test_searching_by_name_address_and_state(client_of, administrator, volunteer):
    make_user("yves@exemple.fr", "Yves", "Roy", roles.VOLUNTEER, is_active=False)
    client = client_of(administrator)

    def found(query):
        return {user.email for user in client.get(f"/personnes/?{query}").context["page_obj"]}

    assert found("q=bonnet") == {"lea@exemple.fr"}
    assert found("q=YVES roy") == {"yves@exemple.fr"}
    make_user("zoe@exemple.fr", "Zoé", "L'Étang", roles.VOLUNTEER)
    assert found("q=Mme ZOE letang") == found("q=étang") == found("q=zoe@exemple.fr") == {"zoe@exemple.fr"}
    assert found("etat=deactivated") == {"yves@exemple.fr"}
    assert found("etat=invited") == set()
    assert "yves@exemple.fr" not in found("etat=active")
    assert "Personne ne correspond" in client.get("/personnes/?q=introuvable").content.decode()


@pytest.mark.parametrize("query", ["q=%00", "page=abc", "page=99999", "etat=zz", "q=" + "a" * 4000, "page=-1"])
def test_a_strange_address_is_no_error(client_of, administrator, query):
    assert client_of(administrator).get(f"/personnes/?{query}").status_code == 200


def test_the_list_costs_the_same_for_one_and_for_fifty(client_of, administrator, count_queries):
    client = client_of(administrator)
    client.get("/personnes/")
    with count_queries() as few:
        client.get("/personnes/")
    for index in range(60):
        make_user(f"p{index}@exemple.fr", "Prénom", f"Nom{index:02d}", roles.VOLUNTEER)
    with count_queries() as many:
        response = client.get("/personnes/")
    assert len(many) == len(few) <= 8
    assert len(response.context["page_obj"]) == 50
    assert "Page suivante" in response.content.decode()


def test_deactivating_ends_the_session_and_may_be_undone(client_of, coordinator, volunteer):
    theirs, mine = client_of(volunteer), client_of(coordinator)
    assert theirs.get("/compte/").status_code == 200
    page = mine.post(f"/personnes/{volunteer.pk}/desactiver/", follow=True).content.decode()
    assert "désactivé" in page
    assert "Réactiver le compte" in page
    assert theirs.get("/compte/").status_code == 302
    mine.post(f"/personnes/{volunteer.pk}/reactiver/")
    assert User.objects.get(pk=volunteer.pk).is_active
    actions = list(JournalEntry.objects.filter(object_id=volunteer.pk).order_by("id").values_list("action", flat=True))
    assert actions == ["account.deactivated", "account.reactivated"]


def test_a_coordinator_never_touches_an_account_with_another_role(client_of, coordinator):
    both = make_user("max@exemple.fr", "Max", "Roy", roles.VOLUNTEER, roles.ADMINISTRATOR)
    client = client_of(coordinator)
    assert "Seule l" in client.get(f"/personnes/{both.pk}/").content.decode()
    client.post(f"/personnes/{both.pk}/desactiver/")
    client.post(f"/personnes/{both.pk}/lien/")
    assert User.objects.get(pk=both.pk).is_active
    assert not hasattr(User.objects.get(pk=both.pk), "invitation")
    assert client.post(f"/personnes/{both.pk}/roles/", {"names": ["volunteer"]}).status_code == 403


def test_the_last_administrator_stays(client_of, administrator):
    client = client_of(administrator)
    page = client.post(f"/personnes/{administrator.pk}/roles/", {"names": ["volunteer"]}, follow=True).content.decode()
    assert "seul compte d" in page
    other = make_user("max@exemple.fr", "Max", "Roy", roles.ADMINISTRATOR)
    assert (
        "votre propre compte" in client.post(f"/personnes/{administrator.pk}/desactiver/", follow=True).content.decode()
    )
    client.post(f"/personnes/{other.pk}/desactiver/")
    with pytest.raises(accounts.AccountRefused):
        accounts.set_roles(user=User.objects.get(pk=administrator.pk), names=[], switchboard=False, by=administrator)


def test_roles_and_the_switchboard_right_are_given_and_taken(client_of, administrator, volunteer):
    client = client_of(administrator)
    client.post(f"/personnes/{volunteer.pk}/roles/", {"names": ["volunteer", "coordinator"], "switchboard": "on"})
    user = User.objects.get(pk=volunteer.pk)
    assert user.role_names == {roles.VOLUNTEER, roles.COORDINATOR}
    assert user.has_perm(roles.SWITCHBOARD_PERMISSION)
    client.post(f"/personnes/{volunteer.pk}/roles/", {"names": ["volunteer"]})
    user = User.objects.get(pk=volunteer.pk)
    assert user.role_names == {roles.VOLUNTEER}
    assert not user.has_perm(roles.SWITCHBOARD_PERMISSION)
    assert (
        "Choisissez"
        in client.post(f"/personnes/{volunteer.pk}/roles/", {"names": ["roi"]}, follow=True).content.decode()
    )


def test_what_roles_may_do_in_the_admin(volunteer, coordinator, administrator):
    assert administrator.has_perm("campaigns.delete_referral")
    assert administrator.has_module_perms("tenants")
    assert not administrator.has_perm(roles.SWITCHBOARD_PERMISSION)
    assert coordinator.has_perm("campaigns.change_referral")
    assert not coordinator.has_perm("campaigns.delete_referral")
    assert not coordinator.has_perm("tenants.view_household")
    assert not coordinator.has_module_perms("tenants")
    assert not volunteer.has_perm("campaigns.view_referral")
    assert not volunteer.has_module_perms("campaigns")
    administrator.is_active = False
    assert not administrator.has_perm("campaigns.view_referral")


@pytest.mark.parametrize("path", ["/admin/", "/admin/solidarites/user/", "/admin/solidarites/journalentry/"])
def test_the_admin_of_accounts_opens_and_says_when_it_is_a_demonstration(client_of, administrator, settings, path):
    settings.DEMO = True
    page = client_of(administrator).get(path)
    assert page.status_code == 200
    assert "Démonstration" in page.content.decode()


def test_the_admin_neither_adds_nor_deletes_accounts_and_journal_rows(client_of, administrator, volunteer):
    client = client_of(administrator)
    for path in ("user/add/", f"user/{volunteer.pk}/delete/", "journalentry/add/"):
        assert client.get(f"/admin/solidarites/{path}").status_code == 403
    assert client.get(f"/admin/solidarites/user/{volunteer.pk}/change/").status_code == 200
