"""Volunteers at work over HTTP: gunicorn with 2 processes × 8 threads, PostgreSQL, and this process as their browsers.

Signed-in sessions, CSRF included, a connection a request as behind a proxy. ``claims``: the POST of « Appeler le
prochain foyer », each case ended by one statement of the client; ``cycles``: that POST and the one that records a
whole conversation with a need; ``page``: the GET of the call page; ``hour``: all three, a pause after each. The client
is threads over plain sockets: on a machine shared with the server, locust's own work would be part of the measure.
Needs PostgreSQL. Usage: DATABASE_URL=postgres://… python -m benchmarks http_load
"""

from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import psutil
import psycopg2

from benchmarks import world

SIZES = (2_400, 100_000)
SECONDS, HOUR_SECONDS, PAUSE = 6.0, 24.0, 3.0
SECRET = "a" * 32
AIMS = {"claims": ">= 250", "cycles": ">= 100"}
WIDTH = 10
LEVELS = (("claims", 8), ("claims", 41), ("cycles", 8), ("cycles", 41), ("page", 8), ("hour", 41))


@dataclass
class Found:
    """What one run saw, all its clients together."""

    spent: dict[str, list[float]] = field(default_factory=lambda: {"claim": [], "record": [], "page": []})
    # Case and volunteer: whose recording was refused is given the same case again, which is no double.
    given: set[tuple[int, int]] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    empty: threading.Event = field(default_factory=threading.Event)


class Browser:
    """One volunteer, signed in."""

    def __init__(self, port: int, dsn: str, user_id: int, cookie: str, campaign_id: int, found: Found) -> None:
        self.port, self.user_id, self.cookie, self.campaign_id, self.found = port, user_id, cookie, campaign_id, found
        link = psycopg2.connect(dsn)
        link.autocommit = True
        self.database = link.cursor()

    def ask(self, kind: str, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """The status and where it leads; timed from the connection to the last byte."""
        body = urlencode({"csrfmiddlewaretoken": SECRET, **fields}).encode() if fields is not None else b""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: {self.cookie}\r\n"
            f"Accept-Encoding: gzip\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as stream:
            stream.sendall(head + body)
            parts = []
            while part := stream.recv(65536):
                parts.append(part)
        self.found.spent[kind].append(time.perf_counter() - start)
        answer = b"".join(parts).partition(b"\r\n\r\n")[0].decode("latin-1")
        status = int(answer.split(" ", 2)[1]) if answer else 0
        where = answer.partition("\r\nLocation: ")[2].partition("\r\n")[0]
        return status, where

    def claim(self) -> int | None:
        status, where = self.ask("claim", "POST", f"/appels/suivant/{self.campaign_id}/", {})
        if status == 302 and where == "/appels/":
            self.found.empty.set()
        elif status == 302 and where.startswith("/appels/"):
            case_id = int(where.split("/")[2])
            self.found.given.add((case_id, self.user_id))
            return case_id
        else:
            self.found.errors.append(f"claim: {status} {where}")
        return None

    def end(self) -> None:
        """The case is done, without a call: what a claim costs alone."""
        self.database.execute(
            "UPDATE campaigns_case SET status = 'closed', closed_reason = 'measured', claimed_by_id = NULL,"
            " claimed_at = NULL, claimed_until = NULL WHERE claimed_by_id = %s",
            [self.user_id],
        )

    def record(self, case_id: int) -> None:
        self.database.execute(
            "SELECT d.submission, t.id FROM campaigns_call d JOIN campaigns_case c ON c.id = d.case_id"
            " JOIN tenants_tenant t ON t.household_id = c.household_id"
            " WHERE d.case_id = %s AND d.volunteer_id = %s AND d.state = 'draft'",
            [case_id, self.user_id],
        )
        row = self.database.fetchone()
        if row is None:
            self.found.errors.append(f"record: no draft of {case_id}")
            return
        fields = {"submission": str(row[0]), "outcome": "", "comment": "Va bien, voisine présente.", **said(row[1])}
        status, where = self.ask("record", "POST", f"/appels/{case_id}/enregistrer/", fields)
        if status != 302 or "/faits/" not in where:
            self.found.errors.append(f"record: {status} {where}")

    def read(self, case_id: int) -> None:
        status, _ = self.ask("page", "GET", f"/appels/{case_id}/")
        if status != 200:
            self.found.errors.append(f"page: {status}")


def said(person: int) -> dict[str, str]:
    """A whole conversation of the default script: all is well but the shopping, which a partner may be told of."""
    fields = {"consent-courses": "yes"}
    for key, choice, each in CONVERSATION:
        fields[f"q-{key}-{person}" if each else f"q-{key}"] = choice
    return fields


CONVERSATION: list[tuple[str, str, bool]] = []


def learn_script() -> None:
    """An answer to every question asked in that conversation, the first one but for the shopping."""
    from campaigns import scripts
    from campaigns.models import Script

    script = Script.objects.filter(kind="first", status="published").order_by("pk")[0]
    answers: dict[str, dict[str, str]] = {}
    for question in scripts.content_of(script.pk).questions:
        if question.kind != "text" and _shown(question, answers):
            needs = [one.key for one in question.choices if one.need and not one.alert]
            choice = needs[0] if question.key == "courses" else question.choices[0].key
            answers[question.key] = {"1" if question.per_person else "": choice}
            CONVERSATION.append((question.key, choice, question.per_person))


def _shown(question: Any, answers: dict[str, dict[str, str]]) -> bool:
    return not question.shown_if or any(choice in answers.get(key, {}).values() for key, choice in question.shown_if)


def work(what: str, browser: Browser, until: float) -> None:
    found = browser.found
    if what == "hour":
        time.sleep(random.uniform(0, PAUSE))
    held = browser.claim() if what == "page" else None
    while time.perf_counter() < until and not found.empty.is_set():
        if what == "page":
            browser.read(held or 0)
            continue
        case_id = browser.claim()
        if case_id is None:
            continue
        if what == "claims":
            browser.end()
        if what == "hour":
            time.sleep(PAUSE)
            browser.read(case_id)
            time.sleep(PAUSE)
        if what in ("cycles", "hour"):
            browser.record(case_id)
        if what == "hour":
            time.sleep(PAUSE)
    if what == "page":
        browser.end()


class Server:
    """gunicorn as the Procfile starts it, on the scratch database; and what it costs."""

    def __init__(self, url: str, database: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.database, self.backends = database, dict[int, float]()
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "VAR_DIR": self.folder.name,
            "SITE_URL": f"http://127.0.0.1:{self.port}",
            "SECRET_KEY": os.environ["SECRET_KEY"],
            "LOG_LEVEL": "WARNING",
        }
        collect = "manage.py collectstatic --noinput -v0"
        serve = "-m gunicorn solidarites.wsgi --workers 2 --threads 8 --log-level warning --no-control-socket"
        subprocess.run([sys.executable, *collect.split()], env=environment, check=True)
        self.process = subprocess.Popen(
            [sys.executable, *serve.split(), "--bind", f"127.0.0.1:{self.port}"], env=environment
        )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)

    def cost(self) -> tuple[float, float]:
        """Seconds of processor so far: of gunicorn, of PostgreSQL for this database."""
        web = psutil.Process(self.process.pid)
        ours = sum(sum(one.cpu_times()[:2]) for one in [web, *web.children(recursive=True)])
        for one in psutil.process_iter(["cmdline"]):
            title = " ".join(one.info["cmdline"] or [])
            if title.startswith("postgres:") and f" {self.database} " in title:
                with suppress(psutil.NoSuchProcess):
                    self.backends[one.pid] = sum(one.cpu_times()[:2])
        # What a connection closed since has cost still counts.
        return ours, sum(self.backends.values())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)
        self.folder.cleanup()


def cookies(users: list[int]) -> dict[int, str]:
    """A session each, as signing in leaves it."""
    from django.conf import settings
    from django.test import Client

    from solidarites.models import User

    found = {}
    for user in User.objects.filter(pk__in=users):
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        found[user.pk] = f"{settings.SESSION_COOKIE_NAME}={client.session.session_key}; csrftoken={SECRET}"
    return found


def run(
    what: str, clients: int, seconds: float, server: Server, dsn: str, campaign_id: int, signed: dict[int, str]
) -> tuple[Found, float, tuple[float, float]]:
    found = Found()
    people = list(signed.items())[:clients]
    browsers = [Browser(server.port, dsn, user, cookie, campaign_id, found) for user, cookie in people]
    before, start = server.cost(), time.perf_counter()
    threads = [threading.Thread(target=work, args=(what, one, start + seconds)) for one in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, after = time.perf_counter() - start, server.cost()
    for browser in browsers:
        browser.database.close()
    return found, elapsed, (after[0] - before[0], after[1] - before[1])


def called_twice(campaign_id: int) -> int:
    """What the database says: cases with two volunteers' calls, or two recorded ones, since the last tidying."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT d.case_id FROM campaigns_call d JOIN campaigns_case c ON c.id = d.case_id"
            " WHERE c.campaign_id = %s AND d.volunteer_id IS NOT NULL GROUP BY d.case_id"
            " HAVING count(DISTINCT d.volunteer_id) > 1 OR count(*) FILTER (WHERE d.state <> 'draft') > 1) twice",
            [campaign_id],
        )
        return int(cursor.fetchone()[0])


def measure(server: Server, dsn: str) -> None:
    titles = (
        "dossiers", "clients", "mesure", "par s", "objectif", "médiane ms", "95 % ms", "objectif", "erreurs",
        "doublons", "web ms", "base ms", "client ms",
    )  # fmt: skip
    print("claims : demandes ; cycle : demande puis enregistrement ; page : page d'appel ; hour : pauses de 3 s.")
    print("web, base, client : millisecondes de processeur de gunicorn, de PostgreSQL, de cette mesure, par opération.")
    print(" ".join(f"{title:>{WIDTH}}" for title in titles))
    rates: dict[tuple[str, int], list[float]] = {}
    for size in SIZES:
        campaign_id, users = world.make_campaign(size)
        learn_script() if not CONVERSATION else None
        signed = cookies(users)
        world.tidy(campaign_id)
        # Every thread opens its connection, and its plans are made, before the first measure.
        run("cycles", 41, SECONDS / 2, server, dsn, campaign_id, signed)
        for what, clients in LEVELS:
            world.tidy(campaign_id)
            seconds, own = HOUR_SECONDS if what == "hour" else SECONDS, time.process_time()
            found, elapsed, (web, base) = run(what, clients, seconds, server, dsn, campaign_id, signed)
            own = time.process_time() - own
            # A case ended in this run is never given again: two volunteers who had it, two calls of one, are doubles.
            doubles = sum(times - 1 for times in Counter(case_id for case_id, _ in found.given).values())
            doubles += called_twice(campaign_id)
            count = len(found.spent["page" if what == "page" else "claim" if what == "claims" else "record"])
            for step, spent in found.spent.items():
                if len(spent) < 2 or (what == "page" and step != "page"):
                    continue
                spent.sort()
                low, high = statistics.median(spent) * 1000, spent[int(len(spent) * 0.95)] * 1000
                name = what if what in ("claims", "page") else f"{what[:4]}:{step[:5]}"
                aim, limit = AIMS.get(what, ""), "< 60" if what == "hour" and step != "page" else ""
                line = [size, clients, name, f"{count / elapsed:.0f}", aim, f"{low:.1f}", f"{high:.1f}", limit]
                line += [len(found.errors), doubles]
                line += [f"{cost / max(count, 1) * 1000:.1f}" for cost in (web, base, own)]
                print(" ".join(f"{one:>{WIDTH}}" for one in line), flush=True)
            rates.setdefault((what, clients), []).append(count / elapsed)
            for text, times in Counter(found.errors).most_common(3):
                print(f"    {times} × {text}", flush=True)
    for (what, clients), (small, large) in rates.items():
        print(f"{what}, {clients} clients : 100 000 dossiers / 2 400 = {large / small:.2f} (objectif : 0,90 au moins)")


def main() -> None:
    """Measure in a scratch database, dropped at the end."""
    from django.conf import settings
    from django.db import connection

    os.environ.setdefault("SECRET_KEY", settings.SECRET_KEY)
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    database = connection.settings_dict["NAME"]
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(parts._replace(path=f"/{quote(database)}"))
    server = Server(url, database)
    try:
        measure(server, url)
    finally:
        server.close()
        connection.creation.destroy_test_db(before, verbosity=0)
