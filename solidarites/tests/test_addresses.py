"""The address that limits count: believed from declared proxies alone."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test import RequestFactory

from solidarites.addresses import client_address


@pytest.mark.parametrize(
    ("connects", "forwarded", "expected"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        # Written by the visitor, before what the proxy added.
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9, 10.0.0.7", "203.0.113.9"),
        # Not a declared proxy: what it says of others is not believed.
        ("192.0.2.4", "203.0.113.9", "192.0.2.4"),
        ("127.0.0.1", "pas-une-adresse", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9, pas-une-adresse, 10.0.0.7", "10.0.0.7"),
        ("127.0.0.1", ",,,", "127.0.0.1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("::1", "[2001:db8::2]", "2001:db8::2"),
        # A socket of the machine has no address.
        ("", "203.0.113.9", "203.0.113.9"),
        ("illisible", "203.0.113.9", "127.0.0.1"),
    ],
)
def test_an_address_is_believed_from_a_declared_proxy_alone(settings, connects, forwarded, expected):
    settings.TRUSTED_PROXIES = ["127.0.0.1", "::1", "10.0.0.0/24"]
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=connects, **headers)
    assert client_address(request) == expected


def test_a_proxy_that_is_no_address_is_said_before_starting(settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1", "mandataire"]
    [error] = [one for one in run_checks() if one.id == "solidarites.E002"]
    assert "mandataire" in str(error)
    settings.TRUSTED_PROXIES = ["127.0.0.1", "10.0.0.0/24"]
    assert not [one for one in run_checks() if one.id == "solidarites.E002"]


@pytest.mark.django_db
def test_sign_in_counts_the_visitor_and_not_the_proxy(client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    for address in ("203.0.113.1", "203.0.113.2"):
        assert client.post("/connexion/", {}, HTTP_X_FORWARDED_FOR=address).status_code == 200
    assert client.post("/connexion/", {}, HTTP_X_FORWARDED_FOR="203.0.113.1").status_code == 429
