"""What an installation is made of says one thing: the page, the units, nginx, the containers, the example of .env."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import environ
import pytest
import yaml

from scripts.trial import page, systemctl
from tenants.imports.read import MAX_BYTES
from tests.house.source import ROOT

DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx" / "solidarites.conf").read_text()
PROCFILE = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE))
SERVICES = sorted(path.name for path in (DEPLOY / "systemd").glob("*.service"))


# The page and its try ---------------------------------------------------------------------------------------


def test_every_block_of_the_installation_page_is_tried_or_says_why_not():
    text = page.PAGE.read_text()
    found = page.blocks()
    assert len(found) == text.count("\n```") / 2, "a block that the try does not see"
    assert text.count("<!-- essai") == sum(1 for one in found if one.reason), "a mark that stands before no block"
    assert {one.language for one in found} == {"sh"}
    assert sum(1 for one in found if not one.reason) >= 12


def test_a_block_is_read_with_its_heading_and_its_mark():
    text = "### A\n```sh\n# x\necho 1\n```\n### B\n\n<!-- essai: non, il faut la mer -->\n```sh\necho 2\n```\n"
    tried, left = page.blocks(text)
    assert (tried.heading, tried.text, tried.reason) == ("A", "# x\necho 1\n", "")
    assert (left.heading, left.text, left.reason) == ("B", "echo 2\n", "il faut la mer")


def test_the_commands_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets = {one for line in targets for one in line.split()}
    asked = set(re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert asked
    assert asked <= targets


# The processes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_unit_and_a_container_start_the_process_with_the_options_of_the_procfile(tmp_path: Path, name: str):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "deploy").mkdir()
    for file in ("Procfile", "scripts/process.sh", "deploy/start.sh"):
        shutil.copy(ROOT / file, tmp_path / file)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for program in ("gunicorn", "celery"):
        (programs / program).write_text('#!/bin/sh\nbasename "$0"\nprintf "%s\\n" "$@"\n')
        (programs / program).chmod(0o755)

    def said(*command: str) -> str:
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "PORT": "8123"}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    wished = said("sh", "-c", PROCFILE[name])
    unit = (DEPLOY / "systemd" / f"solidarites-{name}.service").read_text()
    (start,) = re.findall(r"^ExecStart=/opt/solidarites/(.+)$", unit, re.MULTILINE)
    assert said(*f"./{start}".split()) == wished
    assert said("deploy/start.sh", name) == wished


def test_a_process_that_does_not_exist_is_refused(tmp_path: Path):
    done = subprocess.run(["sh", ROOT / "scripts" / "process.sh", "wbe"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "web, worker ou beat" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_writes_only_where_the_application_writes(name: str):
    unit = (DEPLOY / "systemd" / name).read_text().splitlines()
    for line in (
        *("User=solidarites", "UMask=0077", "ProtectSystem=strict", "ReadWritePaths=/var/lib/solidarites"),
        *("PrivateTmp=true", "NoNewPrivileges=true", "WorkingDirectory=/opt/solidarites"),
    ):
        assert line in unit
    if "backup" not in name:
        assert {"Restart=always", "KillMode=mixed", "EnvironmentFile=-/etc/default/solidarites"} <= set(unit)
    # The try imitates it, or says that it does not.
    keys = {line.partition("=")[0] for line in unit if "=" in line and not line.startswith("#")}
    assert keys <= systemctl.IMITATED | systemctl.NOT_IMITATED


def test_the_target_starts_the_three_and_stops_them():
    target = (DEPLOY / "systemd" / "solidarites.target").read_text()
    (wanted,) = re.findall(r"^Wants=(.+)$", target, re.MULTILINE)
    assert wanted.split() == [f"solidarites-{name}.service" for name in PROCFILE]
    for name in wanted.split():
        assert "PartOf=solidarites.target" in (DEPLOY / "systemd" / name).read_text().splitlines()


# nginx ------------------------------------------------------------------------------------------------------


def test_nginx_lets_through_what_the_screen_promises():
    (said,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    # The refusal's own page is sent whatever was refused.
    assert "client_max_body_size 0;" in NGINX.partition("location ^~ /_nginx/ {")[2].partition("}")[0]
    assert MAX_BYTES < int(said) * 1024 * 1024 <= MAX_BYTES + 2 * 1024 * 1024
    promised = f"{MAX_BYTES // 1024 // 1024} Mo"
    for path in (
        ROOT / "tenants" / "forms.py",
        ROOT / "templates" / "413.html",
        DEPLOY / "nginx" / "pages" / "413.html",
    ):
        assert promised in path.read_text().replace("\u00a0", " ").replace("\\u00a0", " "), path


def test_nginx_asks_where_the_procfile_listens():
    assert "${HOST:-127.0.0.1}:${PORT:-8000}" in PROCFILE["web"]
    assert re.findall(r"proxy_pass http://([^;]+);", NGINX) == ["127.0.0.1:8000"]


def test_the_log_of_nginx_keeps_neither_tokens_nor_searches():
    (form,) = re.findall(r"log_format solidarites ('.+');", NGINX)
    names = set(re.findall(r"\$(\w+)", form))
    assert not names & {"request", "request_uri", "uri", "args", "query_string", "document_uri", "http_referer"}
    # What stands for the address is its first word.
    (part,) = re.findall(r'"~\^\(([^)]+)\)/" \$1;', NGINX)
    for address, kept in (("/invitation/jeton-secret/", "/invitation"), ("/?q=Martin", None), ("/jeton", None)):
        found = re.match(f"^({part})/", address)
        assert (found.group(1) if found else None) == kept
    assert re.findall(r"access_log (\S+) (\w+);", NGINX) == [("/var/log/nginx/solidarites.log", "solidarites")] * 2
    assert re.findall(r"error_log \S+ (\w+);", NGINX) == ["crit"] * 2


def test_nginx_shows_pages_of_its_own_in_french():
    for codes, name in re.findall(r"error_page ([\d ]+) /_nginx/(\S+);", NGINX):
        html = (DEPLOY / "nginx" / "pages" / name).read_text()
        assert codes
        assert '<html lang="fr">' in html
        assert "<style" not in html
        assert "style=" not in html
        assert re.findall(r'(?:href|src)="([^"]+)"', html) == ["/_nginx/page.css"]


# Settings -----------------------------------------------------------------------------------------------------


def settings_read() -> set[str]:
    text = (ROOT / "solidarites" / "settings.py").read_text()
    return set(re.findall(r"""(?:env\.\w+|_secret)\(\s*"([A-Z_]+)\"""", text))


def test_the_example_of_settings_is_read_as_it_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    example = (ROOT / ".env.example").read_text()
    # What waits behind a comment too, as somebody takes the sign away.
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z_]+=)", "", example, flags=re.MULTILINE))
    for name in settings_read():
        monkeypatch.delenv(name, raising=False)
    before = set(os.environ)
    environ.Env.read_env(str(tmp_path / ".env"))
    # Taken away for good: monkeypatch would bring them back for the tests that follow.
    read = {name: os.environ.pop(name) for name in set(os.environ) - before}
    assert read == {
        "SITE_URL": "https://solidarites.mon-bailleur.fr",
        "VAR_DIR": "/var/lib/solidarites",
        "SECRET_KEY": "",
        "PRIVACY_KEY": "",
        "HEALTH_TOKEN": "",
        "LEGAL_PUBLISHER": "",
        "LEGAL_DIRECTOR": "",
        "LEGAL_HOST": "",
        "ACCESSIBILITY_CONTACT": "",
        "DATABASE_URL": "postgres:///solidarites",
        "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
        "CACHE_URL": "redis://127.0.0.1:6379/1",
        "EMAIL_URL": "smtp+tls://compte:motdepasse@smtp.mon-bailleur.fr:587",
        "DEFAULT_FROM_EMAIL": "Solidarités <solidarites@mon-bailleur.fr>",
        "ADMINS": "informatique@mon-bailleur.fr",
    }
    assert set(read) <= settings_read()


def test_no_comment_stands_behind_a_value():
    for line in (ROOT / ".env.example").read_text().splitlines():
        if not line.startswith("# "):
            assert "#" not in line.removeprefix("#"), line


def test_every_setting_has_its_row_in_the_table():
    rows = [line for line in page.PAGE.read_text().splitlines() if line.startswith("| `")]
    said = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
    # Those that are read before the application.
    shell = {name for line in PROCFILE.values() for name in re.findall(r"\$\{([A-Z_]+):-", line)}
    assert settings_read() | shell <= said


# Containers -------------------------------------------------------------------------------------------------


def test_the_containers_run_without_rights_and_without_secrets():
    image = (DEPLOY / "Dockerfile").read_text()
    assert re.findall(r"^USER (\w+)$", image, re.MULTILINE) == ["solidarites"]
    assert "VOLUME /var/lib/solidarites" in image
    assert {".env", ".git", "var", ".venv"} <= set((ROOT / ".dockerignore").read_text().split())
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = composed["services"]
    assert set(services) == {"postgres", "redis", "prepare", *PROCFILE}
    for name in PROCFILE:
        assert services[name]["command"] == [name]
        assert services[name]["volumes"] == ["var:/var/lib/solidarites"]
        assert services[name]["restart"] == "unless-stopped"
    assert "/sante/" in services["web"]["healthcheck"]["test"][-1]
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key or "PASSWORD" in str(value):
                assert "${POSTGRES_PASSWORD:?" in value, f"{name}: {key}"
