"""The second factor: asked of coordinators and administrators, in French, and recoverable."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp

from solidarites import accounts
from solidarites.models import JournalEntry
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
SET_UP = "/compte/second-facteur/application/"


@pytest.fixture(autouse=True)
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def sign_in(client, user):
    return client.post("/connexion/", {"login": user.email, "password": PASSWORD})


def code_of(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))


def set_up(client):
    """The secret shown, confirmed with the code of the moment."""
    secret = client.get(SET_UP).context["form"].secret
    return secret, client.post(SET_UP, {"code": code_of(secret)})


@pytest.mark.parametrize("who", ["coordinator", "administrator"])
@pytest.mark.parametrize("path", ["/compte/", "/personnes/", "/admin/"])
def test_those_who_see_many_people_must_set_it_up_first(client_of, request, who, path):
    client = client_of(request.getfixturevalue(who))
    assert client.get(path)["Location"] == SET_UP


def test_volunteers_are_not_asked(client_of, volunteer):
    assert client_of(volunteer).get("/compte/").status_code == 200


def test_the_demonstration_is_exempt(client_of, coordinator, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    assert client_of(coordinator).get("/compte/").status_code == 200


def test_one_may_always_sign_out(client_of, coordinator):
    assert client_of(coordinator).post("/deconnexion/")["Location"] == "/connexion/"


def test_from_first_sign_in_to_the_pages_of_work(client, coordinator):
    assert sign_in(client, coordinator).status_code == 302
    page = client.get(SET_UP)
    assert "Terminer l'installation" in page.content.decode()
    assert "code" in client.post(SET_UP, {"code": "12"}).content.decode()
    _, response = set_up(client)
    assert response["Location"] == "/compte/second-facteur/secours/"
    codes = client.get(response["Location"])
    assert codes.status_code == 200
    assert len(codes.context["unused_codes"]) == 10
    assert client.get("/compte/").status_code == 200


def test_a_wrong_code_is_said_in_french_and_nothing_is_set_up(client, coordinator):
    sign_in(client, coordinator)
    secret = client.get(SET_UP).context["form"].secret
    page = client.post(SET_UP, {"code": "000000" if code_of(secret) != "000000" else "000001"}).content.decode()
    assert "Code inexact" in page
    assert not Authenticator.objects.exists()


def test_next_time_the_code_is_asked_after_the_password(client, coordinator):
    sign_in(client, coordinator)
    secret, _ = set_up(client)
    client.post("/deconnexion/")
    response = sign_in(client, coordinator)
    assert response["Location"] == "/compte/second-facteur/code/"
    assert client.get("/compte/")["Location"].startswith("/connexion/"), "not signed in before the code"
    assert "Code inexact" in client.post(response["Location"], {"code": "123"}).content.decode()
    # A code serves once: a recovery code stands in here.
    recovery = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    assert client.post(response["Location"], {"code": recovery}).status_code == 302
    assert client.get("/compte/").status_code == 200


def test_a_recovery_code_serves_once(client, coordinator):
    sign_in(client, coordinator)
    set_up(client)
    recovery = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    for expected in (302, 200):
        client.post("/deconnexion/")
        sign_in(client, coordinator)
        assert client.post("/compte/second-facteur/code/", {"code": recovery}).status_code == expected


def test_removing_it_asks_a_coordinator_for_another_at_once(client, coordinator):
    sign_in(client, coordinator)
    set_up(client)
    assert client.get("/compte/").status_code == 200
    path = "/compte/second-facteur/application/retirer/"
    assert "aussitôt" in client.get(path).content.decode()
    assert client.post(path).status_code == 302
    assert client.get("/compte/")["Location"] == SET_UP


def test_every_page_of_it_is_french(client, administrator):
    sign_in(client, administrator)
    set_up(client)
    base = "/compte/second-facteur/"
    for path in ("", "secours/", "secours/nouveaux/", "application/retirer/", "confirmer/"):
        assert client.get(base + path).status_code == 200, path
    file = client.get(base + "secours/fichier/")
    assert "codes de secours" in file.content.decode()


def test_an_administrator_helps_a_colleague_who_lost_the_phone(client, client_of, coordinator, administrator, settings):
    sign_in(client, coordinator)
    set_up(client)
    settings.REQUIRE_SECOND_FACTOR = False
    path = f"/personnes/{coordinator.pk}/second-facteur/"
    assert client.post(path).status_code == 403
    helper = client_of(administrator)
    assert "Retirer la double authentification" in helper.get(f"/personnes/{coordinator.pk}/").content.decode()
    helper.post(path)
    assert not Authenticator.objects.filter(user=coordinator).exists()
    assert JournalEntry.objects.filter(action="account.second_factor_removed", object_id=coordinator.pk).exists()


def test_nobody_removes_ones_own_that_way(administrator):
    with pytest.raises(accounts.AccountRefused):
        accounts.remove_second_factor(user=administrator, by=administrator)
