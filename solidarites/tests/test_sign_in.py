"""Signing in and out: each role to its home, French all along, nothing said about who exists."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.urls import reverse

from solidarites import roles
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
LOGIN = "/connexion/"


def sign_in(client, user, password=PASSWORD, **extra):
    email = user if isinstance(user, str) else user.email
    return client.post(LOGIN, {"login": email, "password": password, **extra})


@pytest.mark.parametrize(
    ("names", "home"),
    [
        ([roles.VOLUNTEER], "/appels/"),
        ([roles.COORDINATOR], "/tableau-de-bord/"),
        ([roles.VOLUNTEER, roles.COORDINATOR], "/tableau-de-bord/"),
        ([roles.ADMINISTRATOR], "/administration/imports/"),
        ([], "/sans-role/"),
    ],
)
def test_each_role_lands_on_its_own_home(client, names, home):
    user = make_user("zoe@exemple.fr", "Zoé", "Marin", *names)
    assert sign_in(client, user)["Location"] == home
    assert client.get("/")["Location"] == home


def test_the_address_is_read_without_case_or_spaces(client, volunteer):
    assert sign_in(client, "  LEA@Exemple.FR ").status_code == 302


def test_the_front_door_leads_strangers_to_the_sign_in_page(client):
    assert client.get("/")["Location"] == LOGIN


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client, volunteer):
    wrong = sign_in(client, volunteer, "pas-le-bon-mot-de-passe")
    unknown = sign_in(client, "personne@exemple.fr", "pas-le-bon-mot-de-passe")
    said = "Adresse e-mail ou mot de passe inexact."
    assert said in wrong.content.decode()
    assert said in unknown.content.decode()
    assert 'value="lea@exemple.fr"' in wrong.content.decode()
    assert "pas-le-bon" not in wrong.content.decode()


@pytest.mark.parametrize("typed", ["", "pas une adresse", "a" * 5000 + "@exemple.fr", "l\x00ea@exemple.fr"])
def test_what_is_no_address_is_said_at_the_field(client, typed):
    response = sign_in(client, typed)
    assert response.status_code == 200
    assert "invalid-feedback" in response.content.decode()


def test_a_deactivated_account_is_told_so_only_with_its_password(client, volunteer):
    volunteer.is_active = False
    volunteer.save()
    assert "inexact" in sign_in(client, volunteer, "autre-mot-de-passe").content.decode()
    response = sign_in(client, volunteer)
    assert response["Location"] == reverse("account_inactive")
    assert "désactivé" in client.get(response["Location"]).content.decode()


def test_one_goes_back_to_the_page_one_came_from_but_never_to_another_site(client, volunteer):
    assert sign_in(client, volunteer, next="/compte/")["Location"] == "/compte/"
    client.logout()
    assert sign_in(client, volunteer, next="https://ailleurs.exemple/")["Location"] == "/appels/"


def test_too_many_wrong_passwords_close_the_door_for_a_while(client, volunteer):
    for _ in range(5):
        sign_in(client, volunteer, "pas-le-bon-mot-de-passe")
    response = sign_in(client, volunteer)
    assert "Trop d" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_signing_out_asks_and_then_ends_the_session(client_of, volunteer):
    client = client_of(volunteer)
    assert "Se déconnecter" in client.get("/deconnexion/").content.decode()
    assert client.post("/deconnexion/")["Location"] == LOGIN
    assert client.get("/compte/")["Location"].startswith(LOGIN)


def test_the_demonstration_shows_its_accounts_and_no_other_installation_does(client, settings):
    assert "exemple.fr" not in client.get(LOGIN).content.decode()
    settings.DEMO = True
    page = client.get(LOGIN).content.decode()
    for email in ("benevole", "benevole2", "coordination", "admin"):
        assert f"{email}@exemple.fr" in page
    assert "Démonstration" in page


def test_there_is_no_way_to_sign_up_by_oneself(client):
    assert client.get(reverse("account_signup"))["Location"] == LOGIN
    assert client.post(reverse("account_signup"), {"email": "x@exemple.fr"}).status_code in (302, 405)


PUBLIC_PAGES = [LOGIN, "/mot-de-passe-oublie/", "/mot-de-passe-oublie/envoye/", "/compte/inactif/", "/invitation/x/"]
OWN_PAGES = ["/compte/", "/compte/mot-de-passe/", "/compte/second-facteur/", "/deconnexion/", "/sans-role/"]


@pytest.mark.parametrize("path", PUBLIC_PAGES + OWN_PAGES)
def test_every_account_page_is_french_and_under_a_strict_policy(client, client_of, volunteer, path):
    # The client refuses English words, inline scripts and inline styles.
    if path in OWN_PAGES:
        client = client_of(volunteer)
    response = client.get(path)
    assert response.status_code in (200, 410)
    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "object-src 'none'" in policy
    page = response.content.decode()
    assert "placeholder" not in page
    assert re.search(r'<meta name="htmx-config" content=\'{[^\']*"allowEval": false', page)


@pytest.mark.parametrize("path", OWN_PAGES)
def test_pages_of_ones_own_account_ask_to_sign_in(client, path):
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)


def test_a_form_sent_after_the_session_ended_leads_home_after_signing_in(client):
    response = client.post("/compte/", {"first_name": "Zoé"})
    assert response["Location"] == f"{LOGIN}?next=/"


def test_the_admin_uses_the_same_sign_in(client, client_of, volunteer):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith(LOGIN)
    assert client_of(volunteer).get("/admin/login/").status_code == 403


def test_the_profile_keeps_what_was_typed_and_says_what_is_missing(client_of, volunteer):
    client = client_of(volunteer)
    data = {"first_name": "Léa-Marie", "last_name": "", "languages": ["es"]}
    page = client.post("/compte/", data).content.decode()
    assert "Ce champ est obligatoire" in page
    assert "Léa-Marie" in page
    client.post("/compte/", {**data, "last_name": "Bonnet", "hide_number": "on"})
    volunteer.refresh_from_db()
    assert (volunteer.first_name, volunteer.languages) == ("Léa-Marie", ["es"])
    assert volunteer.hide_number
    assert not volunteer.keyboard_shortcuts


def test_a_language_outside_the_list_is_refused(client_of, volunteer):
    page = client_of(volunteer).post("/compte/", {"first_name": "Léa", "last_name": "B", "languages": ["xx"]})
    assert "invalid-feedback" in page.content.decode()


def test_sessions_end_with_the_browser(client, volunteer):
    response = sign_in(client, volunteer)
    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert not cookie["max-age"]
    assert cookie["httponly"]
