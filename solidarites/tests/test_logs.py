"""What the logs say: one form and one clock for all processes, and nothing of who is spoken of."""

from __future__ import annotations

import json
import logging
import os
import re
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, OperationalError
from django.urls import path

from solidarites import logs
from tests.strict import StrictClient

CANARY = "canari-Lucienne-Martin"
# Seconds that a server may take to start on a busy machine.
PATIENCE = 120
MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 ")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/", "/"),
        ("/sante/", "/sante/"),
        ("/invitation/jeton/", "/invitation/…"),
        ("/agenda/jeton.ics", "/agenda/…"),
        ("/personnes/?q=Martin", "/personnes/…"),
        ("/?q=Martin", "/…"),
        ("/jeton-tape-de-travers", "/…"),
        ("/Martin/", "/…"),
        ("/%4dartin/x", "/…"),
        ("", "/…"),
    ],
)
def test_of_an_address_the_first_word_is_written(address: str, kept: str) -> None:
    assert logs.first_word(address) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Not Found: /invitation/jeton/", "Not Found: /invitation/…"),
        ('"GET /personnes/?q=Martin HTTP/1.1" 200 12', '"GET /personnes/… HTTP/1.1" 200 12'),
        ("see https://exemple.fr/invitation/jeton now", "see https://exemple.fr/invitation/… now"),
        ("Listening at: http://127.0.0.1:8000 (12)", "Listening at: http://127.0.0.1:8000 (12)"),
    ],
)
def test_addresses_are_cut_inside_a_message(text: str, kept: str) -> None:
    assert logs.without_addresses(text) == kept


def written(error: Exception, form: logging.Formatter, message: str = "it failed", name: str = "solidarites") -> str:
    try:
        try:
            raise ValueError(CANARY)
        except ValueError:
            raise error  # noqa: B904  (what came before is written too)
    except Exception:
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, message, (), sys.exc_info())
    return form.format(record)


@pytest.mark.parametrize("form", [logs.Line(), logs.Json()])
@pytest.mark.parametrize(
    "error", [RuntimeError(CANARY), IntegrityError(CANARY), smtplib.SMTPRecipientsRefused({CANARY: (550, b"no")})]
)
def test_an_error_is_written_with_its_places_and_without_its_words(error: Exception, form: logging.Formatter) -> None:
    said = written(error, form)
    assert CANARY not in said
    assert type(error).__name__ in said
    assert "ValueError" in said
    assert "in written" in said


@pytest.mark.parametrize("error", [OperationalError("connection refused"), FileNotFoundError(2, "No such file", "/x")])
def test_an_error_of_the_machine_is_written_with_its_words(error: Exception) -> None:
    assert logs.words_of(error) == str(error)
    assert str(error) in written(error, logs.Line())


def test_json_is_one_object_a_line() -> None:
    said = written(RuntimeError(CANARY), logs.Json())
    assert "\n" not in said
    found = json.loads(said)
    assert (found["level"], found["logger"], found["error"]) == ("ERROR", "solidarites", "RuntimeError")
    assert MOMENT.match(found["time"] + " ")


def test_lines_carry_universal_time_whatever_the_zone(monkeypatch: Any) -> None:
    record = logging.LogRecord("solidarites", logging.INFO, __file__, 1, "bonjour", (), None)
    record.created = 1_780_387_200.5
    monkeypatch.setenv("TZ", "Pacific/Noumea")
    time.tzset()
    try:
        assert logs.Line().format(record) == "2026-06-02T08:00:00.500+00:00 INFO solidarites: bonjour"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_failed_task_is_written_without_what_the_error_says() -> None:
    args = {"name": "t", "id": "1", "exc": CANARY, "traceback": CANARY, "description": "raised unexpected"}
    record = logging.LogRecord("celery.app.trace", logging.ERROR, "", 1, "%(exc)s %(traceback)s", (args,), None)
    assert logs.message_of(record) == "Task t[1] raised unexpected"


@login_not_required
def boom(request: Any) -> None:
    raise RuntimeError(CANARY)


@pytest.mark.django_db
def test_a_page_that_fails_or_is_not_there_leaves_no_token(monkeypatch: Any, caplog: Any) -> None:
    from django.urls import clear_url_caches

    from solidarites import urls

    monkeypatch.setattr(urls, "urlpatterns", [path("panne/<str:token>/", boom), *urls.urlpatterns])
    clear_url_caches()
    caplog.handler.setFormatter(logs.Line())
    browser = StrictClient(raise_request_exception=False)
    assert browser.get(f"/panne/{CANARY}/?q={CANARY}").status_code == 500
    assert browser.get(f"/nulle-part/{CANARY}/").status_code == 404
    clear_url_caches()
    assert "Internal Server Error: /panne/…" in caplog.text
    assert "Not Found: /nulle-part/…" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.django_db
def test_an_answer_of_503_given_on_purpose_is_no_error(client: Any, settings: Any, caplog: Any) -> None:
    settings.MAINTENANCE = True
    client.get("/connexion/")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_nobody_else_writes_to_the_administrators() -> None:
    assert not logging.getLogger("django").handlers
    assert logging.getLogger("django.request").propagate


# gunicorn itself -----------------------------------------------------------------------------------------------
APPLICATION = """
def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/panne/"):
        raise RuntimeError(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"bonjour"]
"""


@pytest.mark.parametrize("form", ["line", "json"])
def test_gunicorn_writes_neither_token_nor_search(tmp_path: Path, form: str) -> None:
    (tmp_path / "tiny.py").write_text(APPLICATION)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = django_settings.BASE_DIR
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "tiny",
        "--chdir",
        str(tmp_path),
        "--config",
        f"{root}/gunicorn.conf.py",
    ]
    command += ["--bind", f"127.0.0.1:{port}", "--access-logfile", "-", "--no-control-socket"]
    # Even a format that asks for everything.
    command += ["--access-logformat", '%(h)s "%(r)s" %(U)s %(q)s %(f)s %({cookie}i)s %({query_string}e)s %(s)s']
    environment = {**os.environ, "VAR_DIR": str(tmp_path / "var"), "LOG_FORMAT": form, "TZ": "Pacific/Noumea"}
    environment["PYTHONPATH"] = f"{root}:{tmp_path}"
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for address in ("sante/", f"agenda/{CANARY}.ics", f"personnes/?q={CANARY}", f"panne/{CANARY}/?q={CANARY}"):
                ask(f"http://127.0.0.1:{port}/{address}")
        finally:
            process.terminate()
        said = process.communicate(timeout=PATIENCE)[0]
    assert CANARY not in said
    lines = said.splitlines()
    assert any("GET /sante/ HTTP/1.1" in line for line in lines)
    assert any("GET /agenda/… HTTP/1.1" in line for line in lines)
    assert any("GET /personnes/… HTTP/1.1" in line for line in lines)
    assert any("RuntimeError" in line for line in lines)
    if form == "json":
        assert all(json.loads(line)["time"].endswith("+00:00") for line in lines)
    else:
        assert all(MOMENT.match(line) for line in lines if not line.startswith("  File") and "RuntimeError" not in line)


def ask(address: str) -> None:
    request = Request(address, headers={"Referer": f"http://exemple.fr/{CANARY}", "Cookie": f"a={CANARY}"})
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            urlopen(request, timeout=PATIENCE).read()
        except HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("gunicorn does not answer")
