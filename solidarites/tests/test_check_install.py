"""manage.py check_install: what it finds of a sound installation, and of each thing that may be wrong with one."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core import signing
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from solidarites import health, installation, privacy, state
from solidarites.models import Heartbeat, Installation
from tests import smtp

SEEN = {"https": True, "host": "127.0.0.1", "address": "127.0.0.1", "forwarded": True, "proxy_declared": True}


@pytest.fixture
def sound(db: None, settings: Any, tmp_path: Path) -> None:
    cache.clear()
    settings.VAR_DIR = settings.BROKER_DIR = tmp_path
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.SECRET_KEY = "x" * 60
    settings.DEFAULT_FROM_EMAIL = "Solidarités <solidarites@exemple.fr>"
    settings.ADMINS = [("", "informatique@exemple.fr")]
    settings.HTTPS = settings.BEHIND_PROXY = settings.HAS_MAIL_SERVER = False
    settings.SITE_URL = "http://127.0.0.1:1"
    (tmp_path / "queue").mkdir()
    tmp_path.chmod(0o700)
    Installation.objects.update_or_create(pk=1, defaults={"privacy_key": privacy.fingerprint()})
    for name in (health.WORKER, health.BEAT, health.BACKUP):
        health.beat_now(name, timezone.now())


def found(**options: Any) -> dict[str, tuple[str, str]]:
    """By name: what was found, in ordinary spaces."""
    said = installation.findings(now=timezone.now, **options)
    return {one.name: (one.verdict, one.text.replace("\u00a0", " ")) for one in said}


def verdict(name: str) -> str:
    return found()[name][0]


def lines_of(capsys: Any) -> list[tuple[str, str]]:
    """(verdict, name) of each line that the command wrote."""
    said = capsys.readouterr().out.replace("\u00a0", " ").splitlines()
    return [(line[:7].strip(), line[8:].partition(" : ")[0]) for line in said]


# The site, as a stub says it ---------------------------------------------------------------------------------------
@pytest.fixture
def site(sound: None, settings: Any, tmp_path_factory: Any) -> Iterator[Callable[..., list[Any]]]:
    servers: list[HTTPServer] = []

    def serve(status: int = 200, said: Any = None, tls: bool = False, late: timedelta = timedelta()) -> list[Any]:
        asked: list[Any] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.headers)
                self.send_response_only(status)
                if status == 301:
                    self.send_header("Location", self.path)
                self.send_header("Date", (datetime.now(UTC) + late).strftime("%a, %d %b %Y %H:%M:%S GMT"))
                self.end_headers()
                self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

            def log_message(self, *args: Any) -> None:
                """Nothing on the console."""

        server = HTTPServer(("127.0.0.1", 0), Answer)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate(tmp_path_factory.mktemp("tls")))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.SITE_URL = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        settings.HTTPS = settings.BEHIND_PROXY = tls
        return asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def certificate(folder: Path) -> Path:
    """Signed by itself, as section 7 of the installation page makes one."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
    path = folder / "cert.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


# A sound installation ----------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_sound_installation_is_good_everywhere(
    sound: None, settings: Any, live_server: Any, capsys: Any, inbox: smtp.Inbox
) -> None:
    settings.SITE_URL, settings.HAS_MAIL_SERVER = live_server.url, True
    call_command("check_install")
    said = capsys.readouterr().out.replace("\u00a0", " ")
    assert {line[:7].strip() for line in said.splitlines()} == {"bon"}, said
    assert f"PRIVACY_KEY : empreinte {privacy.fingerprint()}" in said
    assert "l'application voit http, le nom du site et l'adresse du visiteur" in said
    assert settings.SECRET_KEY not in said
    assert settings.PRIVACY_KEY not in said
    assert not inbox.taken


def test_a_new_installation_signed_by_itself_and_without_mail_passes(settings: Any, site: Any, capsys: Any) -> None:
    settings.ADMINS = []
    Heartbeat.objects.filter(name=health.BACKUP).delete()
    asked = site(said={"ok": True, "seen": SEEN}, tls=True)
    call_command("check_install")
    said = lines_of(capsys)
    assert [name for word, name in said if word != "bon"] == ["courrier", "erreurs de l'application", "certificat"]
    assert "non" not in {word for word, _ in said}
    assert asked[-1]["X-Forwarded-For"] == installation.NOBODY
    kind, _, given = asked[-1]["Authorization"].partition(" ")
    assert (kind, signing.loads(given, salt=state.PASS_SALT)) == ("Bearer", "state")


def test_what_is_wrong_ends_the_command_badly(settings: Any, site: Any, capsys: Any) -> None:
    site(said={"ok": True, "seen": SEEN})
    settings.DEBUG = True
    with pytest.raises(CommandError, match="corriger"):
        call_command("check_install")
    assert ("non", "DEBUG") in lines_of(capsys)


# Each thing ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "word", "expected"),
    [
        ({"https": False}, "X-Forwarded-Proto", "non"),
        ({"address": installation.NOBODY}, "remplacer X-Forwarded-For", "non"),
        ({"host": "10.0.0.5:8000"}, "transmettre Host", "à voir"),
        ({"proxy_declared": False}, "TRUSTED_PROXIES", "à voir"),
        ({"forwarded": False}, "n'envoie pas X-Forwarded-For", "à voir"),
        ({}, "l'application voit https", "bon"),
    ],
)
def test_what_the_proxy_forgets_is_said(site: Any, wrong: dict[str, Any], word: str, expected: str) -> None:
    site(said={"ok": True, "seen": SEEN | wrong}, tls=True)
    said, text = found()["en-têtes du mandataire"]
    assert said == expected
    assert word in text


@pytest.mark.parametrize(
    ("status", "said", "expected", "word"),
    [
        (301, {}, "non", "X-Forwarded-Proto"),
        (503, b"<html>", "non", "maintenance"),
        (503, {"ok": False, "seen": SEEN}, "bon", "mène à cette installation"),
        (400, b"<html>", "non", "ALLOWED_HOSTS"),
        (200, {"ok": True}, "à voir", "une autre installation"),
        (200, [1], "non", "répond 200"),
    ],
)
def test_what_the_site_answers_is_judged(site: Any, status: int, said: Any, expected: str, word: str) -> None:
    site(status=status, said=said)
    assert found()["adresse du site"][0] == expected
    assert word in found()["adresse du site"][1]


def test_a_site_that_does_not_answer_is_said(sound: None) -> None:
    assert found()["adresse du site"] == (
        "non",
        "http://127.0.0.1:1 ne répond pas d'ici (ConnectionRefusedError) : le nom, nginx, le service web.",
    )


@pytest.mark.parametrize(("seconds", "expected"), [(0, "bon"), (12, "à voir"), (400, "non"), (-400, "non")])
def test_a_clock_that_is_wrong_is_said(site: Any, seconds: int, expected: str) -> None:
    site(said={"seen": SEEN}, late=timedelta(seconds=seconds))
    assert verdict("horloge, et celle du site") == expected


def test_the_clock_of_the_database_is_compared(sound: None) -> None:
    name = "horloge, et celle de la base"
    late = {one.name: one.verdict for one in installation.findings(now=lambda: timezone.now() - timedelta(minutes=5))}
    # A file has no clock.
    on_another_machine = connection.vendor == "postgresql"
    assert (found().get(name, ("",))[0], late.get(name, "")) == (("bon", "non") if on_another_machine else ("", ""))


def test_a_name_that_does_not_lead_back_to_the_machine_is_something_to_look_at(sound: None, settings: Any) -> None:
    settings.SITE_URL = "https://solidarites.invalid"
    assert found()["adresse du site"][0] == "à voir"


def test_keys_that_do_not_fit_are_said(sound: None, settings: Any) -> None:
    settings.SECRET_KEY = "courte"
    assert verdict("SECRET_KEY") == "non"
    settings.SECRET_KEY = settings.DEMO_SECRET
    assert verdict("clés") == "non"
    Installation.objects.update(privacy_key="0000-0000-0000-0000")
    assert verdict("PRIVACY_KEY") == "non"
    Installation.objects.all().delete()
    assert verdict("PRIVACY_KEY") == "à voir"


def test_rights_that_are_open_are_said(sound: None, settings: Any, monkeypatch: Any) -> None:
    assert verdict("droits de VAR_DIR") == "bon"
    settings.VAR_DIR.chmod(0o755)
    assert verdict("droits de VAR_DIR") == "non"
    settings.VAR_DIR.chmod(0o700)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert "avec celui de l'application" in found()["droits de VAR_DIR"][1]


def test_a_mail_server_is_really_asked(sound: None, settings: Any, inbox: smtp.Inbox) -> None:
    settings.HAS_MAIL_SERVER = True
    assert found()["courrier"][0] == "bon"
    assert not inbox.taken
    assert "parti" in found(mail_to="informatique@exemple.fr")["courrier"][1]
    assert len(inbox.taken) == 1
    inbox.at_rcpt.append("550 personne de ce nom : informatique@exemple.fr")
    said, text = found(mail_to="informatique@exemple.fr")["courrier"]
    assert said == "non"
    assert "exemple.fr" not in text
    settings.EMAIL_PORT = 1
    assert "ConnectionRefusedError" in found()["courrier"][1]


def test_an_address_that_is_none_is_refused_at_once(db: None) -> None:
    with pytest.raises(CommandError, match="ne se lit pas"):
        call_command("check_install", mail_to="informatique")


def test_a_silent_worker_and_a_broker_away_are_said(sound: None, settings: Any) -> None:
    Heartbeat.objects.filter(name=health.WORKER).delete()
    (settings.BROKER_DIR / "queue").rmdir()
    said = found()
    assert said["tâches automatiques (worker)"][0] == said["file des tâches"][0] == "non"
    assert "démarrez solidarites-worker" in said["tâches automatiques (worker)"][1]


def test_a_late_backup_is_something_to_look_at(sound: None) -> None:
    health.beat_now(health.BACKUP, timezone.now() - timedelta(days=3))
    assert verdict("sauvegarde") == "à voir"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_said_and_the_rest_is_looked_at(sound: None, monkeypatch: Any) -> None:
    elsewhere = {"NAME": "/nulle-part/base.sqlite3"} if connection.vendor == "sqlite" else {"HOST": "::1", "PORT": "1"}
    connection.close()
    with monkeypatch.context() as patch:
        for key, value in elsewhere.items():
            patch.setitem(connection.settings_dict, key, value)
        said = found()
    assert said["base de données"][0] == "non"
    assert "PRIVACY_KEY" not in said
    assert said["disque (VAR_DIR)"][0] == "bon"
    assert "courrier" in said


def test_a_base_that_is_not_up_to_date_is_said(sound: None, monkeypatch: Any) -> None:
    def unapplied(*args: Any, **kwargs: Any) -> None:
        raise SystemExit(1)

    assert verdict("version de la base") == "bon"
    monkeypatch.setattr(installation, "call_command", unapplied)
    assert verdict("version de la base") == "non"
