"""Second factors are encrypted under PRIVACY_KEY; one that can be read no more refuses its codes in words."""

from __future__ import annotations

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command

from solidarites import factors, privacy, secrets_at_rest
from solidarites.models import JournalEntry
from solidarites.tests.test_second_factor import code_of, set_up, sign_in

pytestmark = pytest.mark.django_db
CODE = "/compte/second-facteur/code/"
OTHER = "une autre clé"
NOTED = "account.second_factor_unreadable"


@pytest.fixture(autouse=True)
def required(settings):
    settings.REQUIRE_SECOND_FACTOR = True


def recovery_code():
    return Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]


def test_what_is_encrypted_is_read_for_its_purpose_and_under_its_key_alone(settings):
    sealed = secrets_at_rest.encrypt(b"liste", purpose="lists")
    assert b"liste" not in sealed
    assert secrets_at_rest.decrypt(sealed, purpose="lists") == b"liste"
    for data, purpose in ((sealed, "other"), (sealed[:-1], "lists"), (b"", "lists"), ("é\x00".encode(), "lists")):
        with pytest.raises(secrets_at_rest.Unreadable):
            secrets_at_rest.decrypt(data, purpose=purpose)
    settings.PRIVACY_KEY = OTHER
    with pytest.raises(secrets_at_rest.Unreadable):
        secrets_at_rest.decrypt(sealed, purpose="lists")


def test_the_database_holds_no_secret_in_clear_and_the_codes_are_accepted(client, coordinator):
    sign_in(client, coordinator)
    secret, response = set_up(client)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    seed = factors.decrypt(Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).data["seed"])
    assert secret not in kept
    assert seed not in kept
    assert len(client.get(response["Location"]).context["unused_codes"]) == 10
    client.post("/deconnexion/")
    sign_in(client, coordinator)
    assert client.post(CODE, {"code": recovery_code()}).status_code == 302


def test_a_secret_written_in_clear_opens_nothing(client, coordinator):
    """Who can write in the database does not choose somebody's codes."""
    sign_in(client, coordinator)
    set_up(client)
    mine = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    Authenticator.objects.filter(type=Authenticator.Type.TOTP).update(data={"secret": mine})
    client.post("/deconnexion/")
    sign_in(client, coordinator)
    page = client.post(CODE, {"code": code_of(mine)})
    assert page.status_code == 200
    assert factors.UNREADABLE in page.content.decode()


def test_codes_that_can_be_read_no_more_are_refused_with_what_to_do_and_noted(client, coordinator, settings):
    sign_in(client, coordinator)
    secret, _ = set_up(client)
    recovery = recovery_code()
    client.post("/deconnexion/")
    settings.PRIVACY_KEY = OTHER
    sign_in(client, coordinator)
    for tries, code in enumerate((code_of(secret), recovery, "abc"), start=1):
        page = client.post(CODE, {"code": code})
        assert page.status_code == 200
        assert factors.UNREADABLE in page.content.decode()
        assert code in page.content.decode(), "what was typed stays"
        assert JournalEntry.objects.filter(action=NOTED, object_id=coordinator.pk).count() == tries
    assert client.get("/compte/")["Location"].startswith("/connexion/"), "not signed in"


def test_another_factor_that_can_be_read_still_opens(client, coordinator):
    sign_in(client, coordinator)
    set_up(client)
    recovery = recovery_code()
    Authenticator.objects.filter(type=Authenticator.Type.TOTP).update(data={"secret": "f1:abîmé"})
    client.post("/deconnexion/")
    sign_in(client, coordinator)
    assert client.post(CODE, {"code": recovery}).status_code == 302
    assert client.get("/compte/").status_code == 200
    assert Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).last_used_at is not None


@pytest.mark.parametrize("page", ["", "nouveaux/"])
def test_pages_of_recovery_codes_that_can_be_read_no_more_say_so(client, coordinator, settings, page):
    sign_in(client, coordinator)
    set_up(client)
    settings.PRIVACY_KEY = OTHER
    answer = client.get(f"/compte/second-facteur/secours/{page}", follow=True)
    assert answer.redirect_chain == [("/compte/second-facteur/", 302)]
    assert factors.UNREADABLE in answer.content.decode()
    assert JournalEntry.objects.filter(action=NOTED, object_id=coordinator.pk).exists()
    refused = client.post("/compte/second-facteur/secours/nouveaux/", {"code": "123456"}, follow=True)
    assert factors.UNREADABLE in refused.content.decode()


def test_another_key_is_noticed_by_the_factors_before_any_fingerprint(client, coordinator, settings):
    assert factors.recognised() is None
    sign_in(client, coordinator)
    set_up(client)
    assert factors.recognised() is True
    settings.PRIVACY_KEY = OTHER
    assert factors.recognised() is False
    assert "PRIVACY_KEY" in privacy.check()
    Authenticator.objects.filter(type=Authenticator.Type.RECOVERY_CODES).delete()
    Authenticator.objects.update(data={"secret": "JBSWY3DPEHPK3PXP"})
    assert factors.recognised() is None, "those of the release before prove nothing"


def test_a_key_replaced_on_purpose_says_whose_codes_are_lost(client, coordinator, settings):
    sign_in(client, coordinator)
    set_up(client)
    privacy.check()
    settings.PRIVACY_KEY = OTHER
    out = StringIO()
    call_command("privacy_key", accept_new=True, stdout=out)
    assert "la double authentification ne se lit plus\u00a0: 1." in out.getvalue()
    assert "new_second_factor" in out.getvalue()
