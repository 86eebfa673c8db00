"""The state page, and what it says when a part of the machine stops."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.core.cache import cache
from django.db import OperationalError, connection
from django.utils import timezone

from solidarites import checks, health, mail, scheduler, state
from solidarites.celery import app as celery_app
from solidarites.models import Heartbeat, Installation, OutgoingMail
from tenants.models import ListImport

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 2, 8, 0, tzinfo=UTC)


TOKEN = "un-jeton-de-surveillance-tire-au-hasard"


@pytest.fixture
def alive(settings: Any, tmp_path: Any) -> None:
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.BROKER_DIR = settings.VAR_DIR = tmp_path
    settings.HEALTH_TOKEN = TOKEN
    (tmp_path / "queue").mkdir()
    for name in (health.WORKER, health.BEAT):
        health.beat_now(name, timezone.now())


def ask(client: Any, address: str = "/sante/", accept: str = "*/*", token: str = TOKEN) -> Any:
    cache.clear()
    return client.get(address, headers={"Accept": accept, **({"Authorization": f"Bearer {token}"} if token else {})})


def parts_of(client: Any) -> tuple[int, dict[str, Any]]:
    answer = ask(client)
    return answer.status_code, {part["name"]: part for part in answer.json()["parts"]}


# Who is told what ---------------------------------------------------------------------------------------------
def test_monitoring_reads_that_all_is_well(client: Any, alive: None) -> None:
    status, parts = parts_of(client)
    assert status == 200
    assert list(parts) == ["database", "disk", "broker", "beat", "worker", "tasks", "mail", "backup"]


@pytest.mark.parametrize("token", ["", "un-autre-jeton-tire-au-hasard", "x" * 5000, "é"])
def test_anybody_else_gets_yes_or_no(client: Any, alive: None, token: str) -> None:
    assert ask(client, token=token).content == b'{"ok": true}'
    assert "solidarites_serves 1" in ask(client, "/sante/metriques/", token=token).content.decode()
    Heartbeat.objects.filter(name="worker").delete()
    answer = ask(client, token=token)
    assert (answer.status_code, answer.content) == (503, b'{"ok": false}')
    page = ask(client, accept="text/html", token=token)
    assert page.status_code == 503
    said = page.content.decode()
    assert "Quelque chose ne fonctionne pas" in said
    assert "worker" not in said
    lines = ask(client, "/sante/metriques/", token=token)
    assert lines.status_code == 200
    assert [line for line in lines.content.decode().splitlines() if line[0] != "#"] == ["solidarites_serves 0"]


def test_without_a_token_of_its_own_an_installation_knows_no_token(client: Any, alive: None, settings: Any) -> None:
    settings.HEALTH_TOKEN = ""
    cache.clear()
    for given in ("Bearer ", "Bearer", "Bearer  ", "", "Basic abc"):
        assert client.get("/sante/", headers={"Authorization": given}).json() == {"ok": True}


def test_a_token_in_the_address_opens_nothing(client: Any, alive: None) -> None:
    cache.clear()
    assert client.get(f"/sante/?token={TOKEN}").json() == {"ok": True}


@pytest.mark.parametrize("who", ["coordinator", "administrator"])
def test_who_looks_after_it_reads_a_page(client_of: Any, alive: None, who: str, request: pytest.FixtureRequest) -> None:
    page = ask(client_of(request.getfixturevalue(who)), accept="text/html", token="").content.decode()
    assert "Tout fonctionne" in page
    assert "File des tâches" in page


def test_a_volunteer_reads_yes_or_no(client_of: Any, alive: None, volunteer: Any) -> None:
    page = ask(client_of(volunteer), accept="text/html", token="").content.decode()
    assert "Tout fonctionne" in page
    assert "File des tâches" not in page


def test_a_pass_made_here_is_known_for_a_minute(client: Any, alive: None, time_machine: Any) -> None:
    time_machine.move_to(NOW)
    given = state.new_pass()
    assert "parts" in ask(client, token=given).json()
    assert ask(client, token=signing.dumps("state")).json() == {"ok": True}
    time_machine.shift(timedelta(seconds=61))
    assert "parts" not in ask(client, token=given).json()


@pytest.mark.parametrize(("token", "wrong"), [("", 0), ("court", 1), ("x" * 20, 0)])
def test_a_token_that_one_could_guess_is_refused(settings: Any, token: str, wrong: int) -> None:
    settings.HEALTH_TOKEN = token
    assert len(checks.check_monitoring()) == wrong


def test_prometheus_reads_everything(client: Any, alive: None) -> None:
    health.beat_now(health.BACKUP, timezone.now() - timedelta(hours=1))
    mail.queue_mail(key="a", to="lea.bonnet@exemple.fr", template="alert", context={}, now=timezone.now())
    answer = ask(client, "/sante/metriques/")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.content.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert values["solidarites_serves"] == "1"
    assert values['solidarites_part_ok{part="worker"}'] == "1"
    assert float(values["solidarites_disk_free_bytes"]) > 0
    assert values["solidarites_mails_waiting"] == "1"
    assert values["solidarites_imports_waiting"] == "0"
    assert 3600 <= float(values["solidarites_backup_age_seconds"]) < 3660
    assert any(name.startswith("solidarites_info{version=") for name in values)
    for name in values:
        assert f"# TYPE {name.partition('{')[0]} gauge" in text
    assert "exemple.fr" not in text
    assert ask(client, accept="text/plain").content.decode().startswith("# HELP solidarites_serves")


# The parts -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["worker", "beat"])
def test_a_silent_process_is_named_with_its_last_sign(client: Any, alive: None, name: str) -> None:
    Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=4))
    status, parts = parts_of(client)
    assert status == 503
    assert [part for part, said in parts.items() if not said["ok"]] == [name]
    assert parts[name]["last"]


def test_a_broker_out_of_reach_is_said(client: Any, alive: None, settings: Any) -> None:
    (settings.BROKER_DIR / "queue").rmdir()
    status, parts = parts_of(client)
    assert status == 503
    assert not parts["broker"]["ok"]


def test_a_broker_on_another_machine_that_is_away_is_said(
    client: Any, alive: None, settings: Any, monkeypatch: Any
) -> None:
    nowhere = "redis://127.0.0.1:1/0"
    settings.CELERY_BROKER_URL = nowhere
    connection = celery_app.connection_for_write
    monkeypatch.setattr(celery_app, "connection_for_write", lambda: connection(nowhere))
    status, parts = parts_of(client)
    assert status == 503
    assert (parts["broker"]["ok"], parts["broker"]["detail"]) == (False, "injoignable")
    assert parts["mail"]["ok"], "the parts after it are looked at too"


def test_the_worker_waits_for_its_broker_however_long() -> None:
    assert celery_app.conf.broker_connection_max_retries is None


def test_late_and_lost_mail_is_said(client: Any, alive: None) -> None:
    row = mail.queue_mail(key="a", to="a@exemple.fr", template="alert", context={}, now=timezone.now())
    assert parts_of(client)[1]["mail"]["ok"]
    OutgoingMail.objects.update(next_try_at=timezone.now() - timedelta(minutes=20))
    assert parts_of(client)[1]["mail"]["detail"] == "des messages attendent"
    OutgoingMail.objects.filter(pk=row.pk).update(state="failed")
    assert parts_of(client)[1]["mail"]["detail"].endswith(": 1")


@pytest.mark.parametrize("fields", [{"state": "bounced"}, {"state": "failed", "error": "SMTPRecipientsRefused 550"}])
def test_an_address_that_nobody_has_is_no_trouble_of_the_machine(
    client: Any, alive: None, fields: dict[str, str]
) -> None:
    row = mail.queue_mail(key="a", to="a@exemple.fr", template="alert", context={}, now=timezone.now())
    OutgoingMail.objects.filter(pk=row.pk).update(**fields)
    assert parts_of(client)[1]["mail"]["ok"]


def test_a_failing_task_is_said_until_it_works_again(client: Any, alive: None) -> None:
    task = "campaigns.tasks.open_due_calls"
    assert health.task_failed(task, NOW) == NOW
    assert health.task_failed(task, NOW + timedelta(minutes=3)) == NOW
    assert parts_of(client)[1]["tasks"]["detail"].endswith(": open_due_calls")
    assert health.task_succeeded(task, NOW + timedelta(minutes=4))
    assert parts_of(client)[1]["tasks"]["ok"]
    assert not health.task_succeeded(task, NOW + timedelta(minutes=5))


@pytest.fixture
def no_database(alive: None, monkeypatch: Any) -> None:
    """A server that refuses; a folder that is not there."""
    elsewhere = {"NAME": "/nulle-part/base.sqlite3"} if connection.vendor == "sqlite" else {"HOST": "::1", "PORT": "1"}
    for key, value in elsewhere.items():
        monkeypatch.setitem(connection.settings_dict, key, value)


def test_a_database_that_is_away_is_said_with_no_session(client: Any, no_database: None, caplog: Any) -> None:
    client.cookies["sessionid"] = "une-session-que-personne-ne-peut-lire"
    answer = ask(client)
    assert answer.status_code == 503
    assert [part["name"] for part in answer.json()["parts"] if not part["ok"]] == ["database"]
    assert ask(client, token="").json() == {"ok": False}
    page = ask(client, accept="text/html", token="")
    assert page.status_code == 503
    assert "Quelque chose ne fonctionne pas" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    known = ask(client, accept="text/html").content.decode()
    assert "ne répond pas" in known
    assert "Rien ne s'enregistre en ce moment" in known
    assert 'part="database"} 0' in ask(client, "/sante/metriques/").content.decode()
    for record in caplog.records:
        assert record.levelname != "ERROR"
        assert not record.exc_info


def test_a_database_of_another_version_is_said(client: Any, alive: None, monkeypatch: Any) -> None:
    def no_such_table(*args: Any) -> None:
        raise OperationalError("no such table")

    monkeypatch.setattr(health, "_sign", no_such_table)
    status, parts = parts_of(client)
    assert (status, parts["database"]["detail"]) == (503, "ne se lit pas")


def test_a_database_that_takes_and_never_answers_is_given_up(tmp_path: Any) -> None:
    asked = (
        "import django; django.setup(); from django.conf import settings; from django.utils import timezone;"
        "from solidarites import health;"
        "print(settings.DATABASES['default']['OPTIONS']['connect_timeout'], health.report(timezone.now()).has_database)"
    )
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgres://a:b@127.0.0.1:{silent.getsockname()[1]}/c"
        for url, seconds in ((f"{address}?connect_timeout=2", 2), (address, 5)):
            environment = {**os.environ, "DATABASE_URL": url, "VAR_DIR": str(tmp_path / "var")}
            environment["DJANGO_SETTINGS_MODULE"] = "solidarites.settings"
            done = subprocess.run(
                [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, timeout=180, check=True
            )
            assert done.stdout.split() == [str(seconds), "False"]
            assert "b@" not in done.stderr


def test_a_disk_on_which_nothing_can_be_written_is_said(client: Any, alive: None, settings: Any) -> None:
    settings.VAR_DIR = settings.VAR_DIR / "parti"
    status, parts = parts_of(client)
    assert status == 503
    assert (parts["disk"]["ok"], parts["disk"]["detail"]) == (False, "rien ne s'y écrit")
    assert not ask(client, token="").json()["ok"]


def test_a_disk_that_fills_up_is_told_to_who_looks_after_it(client: Any, alive: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "ROOM_LOW", 10**18)
    status, parts = parts_of(client)
    assert status == 503
    assert parts["disk"]["detail"].startswith("il reste ")
    assert ask(client, token="").status_code == 200, "it still serves"
    health.task_failed("campaigns.tasks.open_due_calls", timezone.now())
    assert "Les appels peuvent continuer" in ask(client, accept="text/html").content.decode()
    monkeypatch.setattr(health, "ROOM_NONE", 10**18)
    assert ask(client, token="").status_code == 503
    assert "Rien ne s'enregistre" in ask(client, accept="text/html").content.decode()


def test_a_late_backup_is_told_to_who_looks_after_it(client: Any, alive: None) -> None:
    now = timezone.now()
    Installation.objects.all().delete()
    assert parts_of(client)[1]["backup"]["ok"], "nothing has started yet"
    Installation.objects.create(pk=1, privacy_key="x", since=now - timedelta(days=2))
    assert parts_of(client)[1]["backup"]["ok"], "a new installation"
    Installation.objects.update(since=now - timedelta(days=4))
    assert parts_of(client)[1]["backup"]["detail"] == "jamais faite"
    health.beat_now(health.BACKUP, now - timedelta(hours=47))
    assert parts_of(client)[0] == 200
    health.beat_now(health.BACKUP, now - timedelta(hours=49))
    status, parts = parts_of(client)
    assert (status, parts["backup"]["ok"]) == (503, False)
    assert ask(client, token="").status_code == 200, "it still serves"
    assert "Le service fonctionne, un point est à voir" in ask(client, accept="text/html").content.decode()


def test_what_waits_is_counted(client: Any, alive: None, settings: Any, landlord: Any) -> None:
    for name in ("1.celery.msg", "2.celery.msg", "3.celery.msg.part"):
        (settings.BROKER_DIR / "queue" / name).touch()
    waiting, busy = (
        ListImport.objects.create(landlord=landlord, file_name="liste.csv", state=ListImport.State.CHECK_QUEUED)
        for _ in range(2)
    )
    assert waiting.leased_until is None
    ListImport.objects.filter(pk=busy.pk).update(leased_until=timezone.now() + timedelta(minutes=1))
    figures = ask(client).json()["figures"]
    assert (figures["tasks_waiting"], figures["imports_waiting"], figures["mails_waiting"]) == (2, 1, 0)


def test_the_state_says_what_the_proxy_lets_it_believe(client: Any, alive: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    asked = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    seen = client.get("/sante/", headers=asked).json()["seen"]
    assert seen == {
        "https": True,
        "host": "testserver:80",
        "address": "203.0.113.7",
        "forwarded": True,
        "proxy_declared": True,
    }


def test_people_read_a_page(client: Any, alive: None) -> None:
    assert "Tout fonctionne" in ask(client, accept="text/html", token="").content.decode()
    health.task_failed("campaigns.tasks.open_due_calls", timezone.now())
    answer = ask(client, accept="text/html")
    assert answer.status_code == 503
    assert "Les appels peuvent continuer" in answer.content.decode()


def test_beat_signs_at_most_every_thirty_seconds(monkeypatch: Any) -> None:
    monkeypatch.setattr(scheduler.PersistentScheduler, "tick", lambda self: 1.0)
    monkeypatch.setattr(scheduler, "close_old_connections", lambda: None)
    one = object.__new__(scheduler.Scheduler)
    signs: list[str] = []
    monkeypatch.setattr(health, "beat_now", lambda name, now: signs.append(name))
    assert one.tick() == 1.0
    one.tick()
    assert signs == ["beat"]


def test_beat_goes_on_without_a_database(monkeypatch: Any) -> None:
    def away(name: str, now: datetime) -> None:
        raise OperationalError("no database")

    monkeypatch.setattr(scheduler.PersistentScheduler, "tick", lambda self: 1.0)
    monkeypatch.setattr(scheduler, "close_old_connections", lambda: None)
    monkeypatch.setattr(health, "beat_now", away)
    assert object.__new__(scheduler.Scheduler).tick() == 1.0


def test_after_a_stop_what_is_vital_leaves_first() -> None:
    late = mail.queue_mail(key="late", to="a@exemple.fr", template="alert", context={}, now=NOW - timedelta(days=1))
    vital = mail.queue_mail(key="vital", to="a@exemple.fr", template="alert", context={}, now=NOW, urgent=True)
    assert mail.due_ids(NOW) == [vital.pk, late.pk]
