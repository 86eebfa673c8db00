"""When something goes wrong: a French page each time, and the two that need nothing to appear."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.test import RequestFactory
from django.urls import path, reverse

from solidarites import errors
from tests.strict import StrictClient, problems_of


@login_not_required
def boom(request):
    raise RuntimeError("panne")


@login_not_required
def bad(request):
    from django.core.exceptions import SuspiciousOperation

    raise SuspiciousOperation


@pytest.fixture
def broken_routes(settings, monkeypatch):
    from solidarites import urls

    monkeypatch.setattr(urls, "urlpatterns", [path("panne/", boom), path("douteux/", bad), *urls.urlpatterns])
    from django.urls import clear_url_caches

    clear_url_caches()
    yield
    clear_url_caches()


def quiet_client() -> StrictClient:
    return StrictClient(raise_request_exception=False)


@pytest.mark.django_db
def test_an_unknown_address(client, client_of, coordinator):
    for browser in (client, client_of(coordinator)):
        response = browser.get("/nulle-part/")
        assert response.status_code == 404
        assert "Cette page n'existe pas" in response.content.decode()


@pytest.mark.django_db
def test_a_page_of_another_role(client_of, volunteer):
    response = client_of(volunteer).get("/personnes/")
    assert response.status_code == 403
    assert "ne vous est pas ouverte" in response.content.decode()


def test_a_fault_of_ours_is_answered_without_the_database(broken_routes):
    # No django_db mark: any query would fail this test.
    response = quiet_client().get("/panne/")
    assert response.status_code == 500
    assert "de notre côté" in response.content.decode()
    response = quiet_client().get("/douteux/")
    assert response.status_code == 400
    assert "comprise" in response.content.decode()


def test_even_without_templates_a_fault_is_answered_in_french(monkeypatch):
    def nothing(*args, **kwargs):
        raise OSError

    monkeypatch.setattr(errors, "render_to_string", nothing)
    response = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Rechargez la page" in response.content.decode()
    assert not problems_of(response.content.decode())


@pytest.mark.django_db
def test_a_form_from_an_old_page_is_refused_in_french():
    response = StrictClient(enforce_csrf_checks=True).post("/connexion/", {"login": "a@exemple.fr"})
    assert response.status_code == 403
    assert "Ce formulaire a expiré" in response.content.decode()


@pytest.mark.django_db
def test_too_many_requests_are_answered_in_french(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    client.post("/connexion/", {})
    response = client.post("/connexion/", {})
    assert response.status_code == 429
    assert "Trop d'essais" in response.content.decode()


@pytest.mark.parametrize("address", ["/connexion/", "/voisins/"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_request_larger_than_its_page_takes_is_refused_before_it_is_read(client, settings, address, kind):
    # No django_db mark: nothing is looked at but its length.
    response = client.generic("POST", address, b"x", content_type=kind, CONTENT_LENGTH=str(settings.BODY_MAX_BYTES + 1))
    assert response.status_code == 413
    assert "trop volumineux" in response.content.decode()


@pytest.mark.django_db
def test_a_form_without_a_file_that_is_too_long_says_so(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    form = {"login": "a" * 2000}
    response = client.post("/connexion/", urlencode(form), content_type="application/x-www-form-urlencoded")
    assert response.status_code == 413
    assert "trop volumineux" in response.content.decode()


@pytest.mark.django_db
def test_a_tenant_list_may_be_as_large_as_its_page_says(client_of, administrator, settings):
    from tenants.imports.read import MAX_BYTES

    browser, address = client_of(administrator), reverse("imports:upload")
    within = browser.generic("POST", address, b"", CONTENT_LENGTH=str(MAX_BYTES))
    assert within.status_code == 200
    beyond = browser.generic("POST", address, b"", CONTENT_LENGTH=str(2 * MAX_BYTES))
    assert beyond.status_code == 413


@pytest.mark.parametrize("by", ["environment", "file"])
def test_during_an_upgrade_every_page_says_when_to_come_back(client, settings, tmp_path, by):
    # No django_db mark here either: the database may be the very thing that is being changed.
    settings.VAR_DIR = tmp_path
    if by == "file":
        (tmp_path / "maintenance").touch()
    else:
        settings.MAINTENANCE = True
    for address in ("/", "/connexion/", "/appels/", "/nulle-part/"):
        response = client.get(address)
        assert response.status_code == 503
        assert response["Retry-After"]
        assert "revient dans quelques minutes" in response.content.decode()
        assert "Content-Security-Policy" in response
    style = client.get("/static/css/app.css")
    assert style.status_code == 200
    style.close()


def test_the_handlers_are_the_ones_django_calls():
    from solidarites import urls

    for code in (400, 403, 404, 500):
        assert getattr(urls, f"handler{code}").startswith("solidarites.errors.")
    assert django_settings.CSRF_FAILURE_VIEW == "solidarites.errors.csrf_failure"
    assert reverse("home") == "/"
