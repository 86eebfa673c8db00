"""Errors reach somebody, with their type and their place, and with nothing of the people they happened about."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.contrib.auth.decorators import login_not_required
from django.core import mail
from django.db import connection
from django.urls import clear_url_caches, path
from sentry_sdk.transport import Transport

from solidarites import reports
from solidarites.celery import app as celery_app
from tests.strict import StrictClient

CANARY = "canari-Lucienne-Martin"
DSN = "https://cle@sentry.exemple.fr/1"


class Kept(Transport):
    """Keeps what would have left, as it would have left."""

    sent: list[str]

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.sent = []

    def capture_envelope(self, envelope: Any) -> None:
        self.sent.append(envelope.serialize().decode())


@pytest.fixture
def sentry(settings: Any) -> Iterator[Kept]:
    settings.SENTRY_DSN = DSN
    kept = Kept()
    reports.to_sentry(DSN, transport=kept)
    yield kept
    sentry_sdk.init()


@pytest.fixture
def admins(settings: Any) -> None:
    settings.ADMINS = [("", "informatique@exemple.fr")]


def mailed() -> list[Any]:
    for thread in threading.enumerate():
        if thread.name == "report":
            thread.join(10)
    return mail.outbox


@login_not_required
def boom(request: Any, token: str) -> None:
    name = CANARY
    request.session["brouillon"] = CANARY
    sentry_sdk.add_breadcrumb(message=CANARY)
    sentry_sdk.set_user({"email": CANARY})
    sentry_sdk.set_tag("mot", CANARY)
    sentry_sdk.set_context("mots", {"mot": CANARY})
    logging.getLogger("solidarites").warning("un mot de %s", name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [CANARY])
    try:
        raise KeyError(CANARY)
    except KeyError as error:
        raise RuntimeError(f"panne chez {name}") from error


def boom_task(number: int) -> None:
    name = CANARY
    raise RuntimeError(f"panne chez {name}")


@pytest.fixture
def broken(monkeypatch: Any) -> Iterator[StrictClient]:
    from solidarites import urls

    monkeypatch.setattr(urls, "urlpatterns", [path("panne/<str:token>/", boom), *urls.urlpatterns])
    clear_url_caches()
    yield StrictClient(raise_request_exception=False)
    clear_url_caches()


def fail(browser: StrictClient) -> None:
    browser.cookies["mot"] = CANARY
    headers = {"Referer": f"https://exemple.fr/{CANARY}", "User-Agent": CANARY, "Authorization": f"Bearer {CANARY}"}
    answer = browser.post(f"/panne/{CANARY}/?q={CANARY}", {"nom": CANARY}, headers=headers)
    assert answer.status_code == 500


@pytest.mark.django_db
def test_a_page_that_fails_is_told_to_sentry_by_its_type_and_places_alone(sentry: Kept, broken: StrictClient) -> None:
    fail(broken)
    (envelope,) = sentry.sent
    assert CANARY not in envelope
    event = json.loads(envelope.splitlines()[-1])
    assert set(event) == set(reports.KEPT)
    assert event["release"] == reports.version()
    cause, error = event["exception"]["values"]
    assert (cause["type"], error["type"]) == ("KeyError", "RuntimeError")
    for one in (cause, error):
        assert set(one) == {"type", "stacktrace"}
        for frame in one["stacktrace"]["frames"]:
            # The library adds whether a step is of the application.
            assert set(frame) <= {"module", "function", "lineno", "in_app"}
    last = error["stacktrace"]["frames"][-1]
    assert (last["module"], last["function"]) == (__name__, "boom")
    assert "HOME" not in envelope
    assert str(reports.Path(__file__).parent) not in envelope, "no path of the machine"


@pytest.mark.django_db
def test_a_page_that_fails_is_mailed_by_its_type_and_places_alone(admins: None, broken: StrictClient) -> None:
    fail(broken)
    (message,) = mailed()
    assert message.to == ["informatique@exemple.fr"]
    assert message.subject == "[Solidarités] erreur RuntimeError"
    assert CANARY not in str(message.message())
    assert CANARY not in message.body
    assert f"{__name__}.boom, ligne " in message.body
    assert "KeyError" in message.body
    assert f"Version\u00a0: {reports.version()}" in message.body
    assert not message.attachments
    assert not getattr(message, "alternatives", [])


@pytest.mark.django_db
def test_the_same_error_is_told_once(admins: None, sentry: Kept, broken: StrictClient) -> None:
    for _ in range(3):
        fail(broken)
    assert len(mailed()) == len(sentry.sent) == 1
    logging.getLogger("solidarites").error("autre chose")
    assert len(mailed()) == len(sentry.sent) == 2


@pytest.mark.django_db
def test_a_task_that_fails_is_told_too(admins: None, sentry: Kept) -> None:
    # As a worker runs it, which logs what a task raises.
    from celery.app.trace import build_tracer

    task = celery_app.task(name="solidarites.tests.boom")(boom_task)
    try:
        tracer = build_tracer(task.name, task, app=celery_app, eager=False, propagate=False)
        tracer("1", (7,), {}, request={"id": "1", "args": (CANARY,), "is_eager": False})
    finally:
        # The house looks at every task there is.
        celery_app.tasks.unregister(task.name)
    (message,) = mailed()
    (envelope,) = sentry.sent
    assert CANARY not in str(message.message()) + message.body + envelope
    assert f"{__name__}.boom_task, ligne " in message.body


def test_an_error_without_an_exception_is_told_by_its_place(admins: None, sentry: Kept) -> None:
    logging.getLogger("solidarites").error("panne chez %s", CANARY)
    (message,) = mailed()
    assert CANARY not in message.body + sentry.sent[0]
    assert "test_an_error_without_an_exception_is_told_by_its_place, ligne " in message.body


def test_a_mail_server_that_is_away_stops_nothing(admins: None, settings: Any, capsys: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    logging.getLogger("solidarites").error("panne")
    assert not mailed()
    assert "could not be mailed: ConnectionRefusedError" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_request_made_up_by_a_robot_is_told_to_nobody(admins: None, client: Any) -> None:
    assert client.get("/connexion/", headers={"Host": "autre.exemple.fr"}).status_code == 400
    assert not mailed()


def test_warnings_and_an_installation_that_names_nobody_send_nothing(settings: Any, sentry: Kept) -> None:
    logging.getLogger("solidarites").warning("rien de grave")
    settings.SENTRY_DSN = ""
    logging.getLogger("solidarites").error("panne")
    assert not sentry.sent
    assert not mailed()
