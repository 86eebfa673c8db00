"""Starting: what an installation refuses, and the first administrator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from solidarites import checks, roles
from solidarites.models import User
from tests.factories import make_user

PASSWORD = "une-phrase-facile-a-retenir"


@pytest.mark.parametrize("name", ["SECRET_KEY", "PRIVACY_KEY"])
def test_a_real_installation_refuses_the_secrets_of_the_demonstration(settings, name):
    setattr(settings, name, settings.DEMO_SECRET)
    with pytest.raises(ImproperlyConfigured, match="secret public"):
        checks.refuse_demonstration_leftovers()
    assert "solidarites.E001" in [one.id for one in run_checks()]
    settings.DEMO = True
    checks.refuse_demonstration_leftovers()
    assert "solidarites.E001" not in [one.id for one in run_checks()]


@pytest.mark.django_db
def test_a_real_installation_refuses_the_accounts_of_the_demonstration(settings):
    settings.SECRET_KEY = settings.PRIVACY_KEY = "un secret bien à nous"
    checks.refuse_demonstration_leftovers()
    make_user("benevole@exemple.fr", "Léa", "Bonnet", is_demo=True)
    with pytest.raises(ImproperlyConfigured, match="comptes de démonstration"):
        checks.refuse_demonstration_leftovers()
    settings.DEMO = True
    checks.refuse_demonstration_leftovers()


@pytest.mark.django_db
def test_the_worker_leaves_instead_of_serving(settings, tmp_path):
    from solidarites.celery import start_worker

    settings.VAR_DIR = tmp_path
    settings.SECRET_KEY = settings.DEMO_SECRET
    with pytest.raises(SystemExit, match="secret public"):
        start_worker()


def test_what_the_address_of_the_database_asks_for_is_kept(tmp_path):
    """« ?sslmode=require » : without it the lists would cross the network in clear."""
    told = subprocess.run(
        [sys.executable, "-c", "from solidarites.settings import DATABASES; print(DATABASES['default']['OPTIONS'])"],
        env={
            **os.environ,
            "DATABASE_URL": "postgres://nom:mot@base.exemple.fr/app?sslmode=require",
            "VAR_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'sslmode': 'require'" in told.stdout


OWN = """
from solidarites import settings as s
print(s.DEMO, s.DATABASES["default"]["NAME"], s.CELERY_BROKER_URL, "redis" in str(s.CACHES),
    s.SECRET_KEY == s.DEMO_SECRET, s.PRIVACY_KEY == s.DEMO_SECRET, s.EMAIL_BACKEND,
    s.HAS_MAIL_SERVER, s.IMAP_URL, s.SITE_URL, s.DEFAULT_FROM_EMAIL)
"""
REAL = {
    "DATABASE_URL": "postgres://nom:mot@base.exemple.fr/vraie",
    "CELERY_BROKER_URL": "redis://redis.exemple.fr/0",
    "CACHE_URL": "redis://redis.exemple.fr/1",
    "SECRET_KEY": "le-vrai-secret",
    "PRIVACY_KEY": "la-vraie-cle",
    "EMAIL_URL": "smtp+tls://nom:mot@smtp.exemple.fr:587",
    "IMAP_URL": "imaps://nom:mot@imap.exemple.fr/INBOX",
    "SITE_URL": "https://solidarites.exemple.fr",
    "DEFAULT_FROM_EMAIL": "service@exemple.fr",
    "VAR_DIR": "/nulle/part",
}
BARE = {"PATH": os.environ["PATH"], "PORT": "8123"}


def told(folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OWN],
        cwd=folder,
        env={**BARE, "PYTHONPATH": str(folder), "SOLIDARITES_DEMO": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture
def code_with_a_real_env(tmp_path: Path) -> Path:
    """The project where it was copied, with the .env of a real installation."""
    shutil.copytree(settings.BASE_DIR / "solidarites", tmp_path / "solidarites")
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in REAL.items()))
    return tmp_path


def test_the_demonstration_takes_nothing_from_the_real_env(code_with_a_real_env: Path) -> None:
    folder = code_with_a_real_env
    alone = (
        f"True {folder}/var/demo/solidarites.sqlite3 filesystem:// False True True "
        "django.core.mail.backends.console.EmailBackend False  http://127.0.0.1:8123 "
        "Solidarités <solidarites@localhost>\n"
    )
    assert told(folder) == alone
    assert "/ailleurs.sqlite3 filesystem://" in told(folder, DEMO_DATABASE_URL="sqlite:////ailleurs.sqlite3")


def test_the_demonstration_keeps_its_own_queue_cache_secrets_and_mail_whatever_is_exported(tmp_path: Path) -> None:
    shutil.copytree(settings.BASE_DIR / "solidarites", tmp_path / "solidarites")
    exported = {name: value for name, value in REAL.items() if name not in ("DATABASE_URL", "VAR_DIR", "SITE_URL")}
    said = told(tmp_path, **exported)
    assert "filesystem:// False True True django.core.mail.backends.console.EmailBackend False  http" in said


@pytest.mark.django_db
def test_the_accounts_of_the_demonstration_open_no_real_installation(client, settings):
    user = make_user("benevole@exemple.fr", "Léa", "Bonnet", is_demo=True)
    user.set_password(PASSWORD)
    user.save()
    signing_in = {"login": user.email, "password": PASSWORD}
    page = client.post("/connexion/", signing_in).content.decode()
    assert "Adresse e-mail ou mot de passe inexact." in page
    client.force_login(user, backend="solidarites.adapters.RolesBackend")
    assert client.get("/").headers["Location"].startswith("/connexion/"), "nor does a session opened before"
    client.logout()
    settings.DEMO = True
    assert client.post("/connexion/", signing_in).status_code == 302


@pytest.fixture
def first_admin(monkeypatch):
    def run(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(f"FIRST_ADMIN_{name}", value)
        out = StringIO()
        call_command("first_admin", stdout=out)
        return out.getvalue()

    return run


@pytest.mark.django_db
def test_the_first_administrator_comes_from_the_environment(first_admin, client):
    assert "est créé" in first_admin(EMAIL="Chef@exemple.fr", PASSWORD=PASSWORD, FIRST_NAME="Anne", LAST_NAME="Roy")
    user = User.objects.get()
    assert user.email == "chef@exemple.fr"
    assert user.has_role(roles.ADMINISTRATOR)
    assert user.check_password(PASSWORD)
    assert first_admin(EMAIL="autre@exemple.fr") == "", "nothing once there is one"
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"EMAIL": "pas-une-adresse", "PASSWORD": PASSWORD}, "adresse"),
        ({"EMAIL": "chef@exemple.fr", "PASSWORD": "court"}, "trop court"),
        ({"EMAIL": "chef@exemple.fr", "PASSWORD": "123456789012345"}, "numérique"),
        ({"EMAIL": ""}, "Aucun compte"),
        ({"EMAIL": "lea@exemple.fr", "PASSWORD": PASSWORD}, "existe déjà"),
    ],
)
def test_a_first_administrator_that_cannot_be_is_refused_in_french(first_admin, volunteer, environment, said):
    with pytest.raises(CommandError, match=said):
        first_admin(**environment)
    assert not User.objects.filter(groups__name=roles.ADMINISTRATOR).exists()


@pytest.mark.django_db
def test_the_terminal_asks_until_the_answers_are_good(monkeypatch):
    answers = iter(["pas une adresse", "chef@exemple.fr", "", "Anne", "Roy"])
    secrets = iter(["court", PASSWORD, "autre-chose-encore", PASSWORD, PASSWORD])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(secrets))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    out = StringIO()
    call_command("first_admin", stdout=out)
    assert User.objects.get().get_full_name() == "Anne Roy"
    assert "trop court" in out.getvalue()
    assert "différents" in out.getvalue()
    assert PASSWORD not in out.getvalue()


@pytest.mark.parametrize(
    ("asked", "expected"), [({}, "False False"), ({"HSTS_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"}, "True True")]
)
def test_hsts_reaches_other_sites_on_request_alone(tmp_path, asked, expected):
    code = "from django.conf import settings as s; print(s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "solidarites.settings",
            "VAR_DIR": str(tmp_path),
            "SITE_URL": "https://solidarites.exemple.fr",
            **asked,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected
