"""The second factor: asked of coordinators and administrators, in French, and recoverable."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from solidarites import accounts, roles
from solidarites.models import JournalEntry
from tests.factories import PASSWORD, make_user
from tests.pages import press
from tests.strict import StrictClient
from tests.totp import code_of, wrong_code

pytestmark = pytest.mark.django_db
SET_UP = "/compte/second-facteur/application/"
REMOVE = f"{SET_UP}retirer/"
NEW_CODES = "/compte/second-facteur/secours/nouveaux/"


@pytest.fixture(autouse=True)
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def sign_in(client, user):
    return client.post("/connexion/", {"login": user.email, "password": PASSWORD})


def recovery_code():
    return Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]


def shown(client):
    return client.get(SET_UP).context["form"].secret


def set_up(client):
    """The secret shown, confirmed with the code of the moment."""
    secret = shown(client)
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
    assert JournalEntry.objects.filter(action="account.second_factor_installed", object_id=coordinator.pk).exists()


def test_a_wrong_code_is_said_in_french_and_nothing_is_set_up(client, coordinator):
    sign_in(client, coordinator)
    page = client.post(SET_UP, {"code": wrong_code(shown(client))}).content.decode()
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
    page = client.get(REMOVE)
    assert "aussitôt" in page.content.decode()
    assert "invalid-feedback" not in page.content.decode(), "nothing was sent yet"
    assert press(client, page, "Retirer", code=recovery_code())["Location"] == SET_UP
    assert client.get("/compte/")["Location"] == SET_UP
    row = JournalEntry.objects.get(action="account.second_factor_removed")
    assert (row.object_id, row.user) == (coordinator.pk, coordinator)


@pytest.mark.parametrize("code", ["", "000000", "1" * 4000, "\x00"])
def test_an_open_session_alone_removes_nothing_and_makes_no_codes(client, coordinator, code):
    sign_in(client, coordinator)
    secret, _ = set_up(client)
    code = wrong_code(secret) if code == "000000" else code
    before = list(Authenticator.objects.order_by("pk").values("pk", "data"))
    for path in (REMOVE, NEW_CODES):
        answer = client.post(path, {"code": code})
        assert answer.status_code == 200, path
        assert "invalid-feedback" in answer.content.decode()
    assert list(Authenticator.objects.order_by("pk").values("pk", "data")) == before


def test_a_volunteer_who_removes_it_may_do_without(client, volunteer):
    sign_in(client, volunteer)
    set_up(client)
    assert client.post(REMOVE, {"code": recovery_code()})["Location"] == "/compte/second-facteur/"
    assert client.get("/compte/").status_code == 200


def test_every_page_of_it_is_french(client, administrator):
    sign_in(client, administrator)
    set_up(client)
    base = "/compte/second-facteur/"
    for path in ("", "secours/", "secours/nouveaux/", "application/retirer/", "confirmer/"):
        assert client.get(base + path).status_code == 200, path


# The secret that is shown is the one that works ---------------------------------------------------------
def test_the_secret_stays_whatever_else_the_browser_asks_for(client, coordinator):
    sign_in(client, coordinator)
    secret = shown(client)
    for path in ("/", "/tableau-de-bord/", "/compte/second-facteur/", "/compte/confirmer/", "/introuvable/", SET_UP):
        client.get(path)
        client.get(path, headers={"X-Background": "1"})
        client.get(path, headers={"HX-Request": "true"})
    assert client.post(SET_UP, {"code": wrong_code(secret)}).context["form"].secret == secret
    assert shown(client) == secret
    assert client.post(SET_UP, {"code": code_of(secret)}).status_code == 302
    assert decrypt(Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]) == secret


def test_what_polls_is_refused_where_it_stands(client, coordinator):
    """Every page that asks by itself: the banner of alerts, the dashboard, the lists, an import's progress, a call."""
    sign_in(client, coordinator)
    paths = (
        reverse("coordinator:alert_banner"), reverse("coordinator:dashboard"), reverse("coordinator:alert_list"),
        reverse("imports:progress", args=[1]), reverse("caller:heartbeat", args=[1]),
    )  # fmt: skip
    for path in paths:
        for method in (client.get, client.post):
            response = method(path, headers={"X-Background": "1"})
            assert (response.status_code, response.content) == (403, b""), path


def test_a_fragment_asks_the_browser_for_the_page(client, coordinator):
    sign_in(client, coordinator)
    response = client.get(reverse("coordinator:alert_list"), headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == SET_UP
    assert response.content == b""


def test_no_menu_and_nothing_that_polls_stands_on_a_page_before_it_is_installed(client, coordinator):
    sign_in(client, coordinator)
    for path in (SET_UP, "/compte/second-facteur/", "/compte/confirmer/"):
        page = client.get(path).content.decode()
        assert "alert-banner" not in page
        assert "data-background" not in page
        assert 'id="menu"' not in page
        assert "/compte/mot-de-passe/" not in page
        assert "/deconnexion/" in page
    set_up(client)
    page = client.get("/compte/second-facteur/").content.decode()
    assert "alert-banner" in page
    assert 'id="menu"' in page


def test_a_caller_who_also_coordinates_has_no_menu_either(client):
    both = make_user("zoe@exemple.fr", "Zoé", "Marin", roles.VOLUNTEER, roles.COORDINATOR)
    sign_in(client, both)
    page = client.get(SET_UP).content.decode()
    assert 'id="menu"' not in page
    assert "menu-button" not in page


def test_a_volunteer_who_wants_one_keeps_the_menu(client, volunteer):
    sign_in(client, volunteer)
    assert 'id="menu"' in client.get(SET_UP).content.decode()
    _, response = set_up(client)
    assert response["Location"] == "/compte/second-facteur/secours/"


def test_the_secret_of_one_session_serves_no_other(client, client_of, coordinator, administrator):
    sign_in(client, coordinator)
    secret = shown(client)
    elsewhere, colleague = StrictClient(), StrictClient()
    sign_in(elsewhere, coordinator)
    sign_in(colleague, administrator)
    assert len({secret, shown(elsewhere), shown(colleague)}) == 3
    for other in (elsewhere, colleague):
        assert "Code inexact" in other.post(SET_UP, {"code": code_of(secret)}).content.decode()
    client.post("/deconnexion/")
    sign_in(client, coordinator)
    assert shown(client) != secret
    assert not Authenticator.objects.exists()


def test_another_secret_is_shown_on_request_alone(client, coordinator):
    sign_in(client, coordinator)
    first = shown(client)
    path = "/compte/second-facteur/application/autre/"
    assert client.get(path).status_code == 405
    assert shown(client) == first
    assert f'action="{path}"' in client.get(SET_UP).content.decode()
    assert client.post(path)["Location"] == SET_UP
    second = shown(client)
    assert second != first
    assert "Code inexact" in client.post(SET_UP, {"code": code_of(first)}).content.decode()
    assert client.post(SET_UP, {"code": code_of(second)}).status_code == 302


def test_a_secret_that_has_served_is_never_shown_again(client, coordinator):
    sign_in(client, coordinator)
    secret, _ = set_up(client)
    client.post(REMOVE, {"code": recovery_code()})
    assert shown(client) != secret


def test_the_secret_is_that_of_the_standard(client, coordinator):
    """RFC 6238, appendix B: the tests read the page as a telephone does."""
    assert code_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at=59) == "287082"
    sign_in(client, coordinator)
    assert re.fullmatch("[A-Z2-7]{32}", shown(client)), "160 bits, as the standard asks"


# The codes for the day the phone is lost -------------------------------------------------------------------
def test_recovery_codes_are_shown_once_and_made_again_on_request(client, coordinator):
    sign_in(client, coordinator)
    _, response = set_up(client)
    path = response["Location"]
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()
    page = client.get(path).content.decode()
    assert all(code in page for code in codes)
    assert "gardez-les en lieu sûr" in page
    assert "data-print" in page
    again = client.get(path).content.decode()
    assert not any(code in again for code in codes)
    assert "Il en reste 10 sur 10" in again
    response = press(client, client.get(NEW_CODES), "Faire de nouveaux codes", code=codes[0])
    assert response["Location"] == path
    assert JournalEntry.objects.filter(action="account.recovery_codes_made", object_id=coordinator.pk).exists()
    assert client.get(path).context["unused_codes"] != codes


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
        accounts.remove_second_factor(user=administrator, by=administrator, now=timezone.now())


@pytest.mark.django_db
def test_the_only_administrator_without_a_phone_installs_it_again(client_of, administrator):
    Authenticator.objects.create(user=administrator, type="totp", data={"secret": "illisible"})
    call_command("new_second_factor", administrator.email.upper(), stdout=StringIO())
    assert not Authenticator.objects.filter(user=administrator).exists()
    row = JournalEntry.objects.get(action="account.second_factor_removed")
    assert (row.object_id, row.user, row.actor) == (administrator.pk, None, "command")
    with pytest.raises(CommandError, match="Aucun compte"):
        call_command("new_second_factor", "personne@exemple.fr")


def test_once_it_is_installed_the_other_sessions_of_the_account_end(client, client_of, coordinator):
    """They were opened with the password alone."""
    other = StrictClient()
    sign_in(other, coordinator)
    sign_in(client, coordinator)
    set_up(client)
    assert client.get("/personnes/").status_code == 200
    assert other.get("/personnes/")["Location"].startswith("/connexion/")


def test_a_session_that_had_it_ends_when_it_is_removed(client, client_of, coordinator, administrator, settings):
    sign_in(client, coordinator)
    set_up(client)
    assert client.get("/personnes/").status_code == 200
    accounts.remove_second_factor(user=coordinator, by=administrator, now=timezone.now())
    assert client.get("/personnes/")["Location"].startswith("/connexion/")


def test_confirmed_in_another_tab_the_page_leads_to_what_is_installed(client, coordinator):
    sign_in(client, coordinator)
    secret, _ = set_up(client)
    for answer in (client.get(SET_UP), client.post(SET_UP, {"code": code_of(secret)})):
        assert answer["Location"] == "/compte/second-facteur/"


def test_the_browser_where_it_was_installed_stays_known(client, coordinator):
    """A stranger's wrong passwords close other browsers' door, not this one's."""
    sign_in(client, coordinator)
    secret, _ = set_up(client)
    client.post("/deconnexion/")
    for _ in range(12):
        StrictClient().post("/connexion/", {"login": coordinator.email, "password": "faux"})
    assert sign_in(client, coordinator)["Location"].startswith("/compte/second-facteur/code/")


def test_removed_while_its_code_is_asked_for_the_sign_in_begins_again(client, coordinator, administrator):
    """They telephone from that very page: it leads back to the sign-in, and not from one page to the other for ever."""
    sign_in(client, coordinator)
    set_up(client)
    client.post("/deconnexion/")
    assert sign_in(client, coordinator)["Location"].startswith("/compte/second-facteur/code/")
    accounts.remove_second_factor(user=coordinator, by=administrator, now=timezone.now())
    assert client.get("/compte/second-facteur/code/")["Location"] == "/connexion/"
    page = client.get("/connexion/")
    assert page.status_code == 200
    assert "Reconnectez-vous" in page.content.decode()
    assert sign_in(client, coordinator)["Location"] != "/compte/second-facteur/code/"


def test_an_account_without_one_is_told_nothing(volunteer):
    with pytest.raises(CommandError, match="n'a pas de double authentification"):
        call_command("new_second_factor", volunteer.email, stdout=StringIO())
    assert not JournalEntry.objects.filter(action="account.second_factor_removed").exists()


def test_the_only_administrator_without_a_password_is_given_another(client, administrator, monkeypatch, settings):
    settings.REQUIRE_SECOND_FACTOR = settings.HAS_MAIL_SERVER = False
    sign_in(client, administrator)
    monkeypatch.setenv("NEW_PASSWORD", "court")
    with pytest.raises(CommandError):
        call_command("new_password", administrator.email, stdout=StringIO())
    monkeypatch.setenv("NEW_PASSWORD", "sous-les-tilleuls-en-fleur")
    call_command("new_password", administrator.email.upper(), stdout=StringIO())
    assert client.get("/personnes/")["Location"].startswith("/connexion/")
    assert client.post("/connexion/", {"login": administrator.email, "password": PASSWORD}).status_code == 200
    answer = client.post("/connexion/", {"login": administrator.email, "password": "sous-les-tilleuls-en-fleur"})
    assert answer.status_code == 302
    assert "a été changé le" in client.get("/compte/").content.decode()
    assert JournalEntry.objects.filter(action="account.password_changed", actor="command").count() == 1
