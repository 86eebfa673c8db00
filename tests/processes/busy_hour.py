"""A busy hour on a real installation whose parts are killed: what acts, what breaks, what counts at the end."""

from __future__ import annotations

import http.client
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from solidarites.models import Heartbeat, OutgoingMail
from tests.house.source import ROOT
from tests.processes.installation import Installation, Process, wait_until
from tests.smtp import free_port


class Clock:
    """The time that every process of the installation believes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "clock"
        self.offset = 0.0
        self.file.write_text("0")

    def now(self) -> datetime:
        return timezone.now() + timedelta(seconds=self.offset)

    def advance(self, seconds: float) -> None:
        self.offset += seconds
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(self.offset))
        fresh.replace(self.file)


class Broker:
    """The queue of messages: killed, it forgets everything it held."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.server: Process | None = None
        self.binary = shutil.which("redis-server") if installation.broker_url.startswith("redis") else None
        if self.binary:
            self.port = free_port()
            installation.use_broker(f"redis://127.0.0.1:{self.port}/0")
            self._start()

    def _start(self) -> None:
        assert self.binary is not None
        log = self.installation.folder / "redis.log"
        arguments = [self.binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.server = Process(arguments, dict(os.environ), log)
        self.installation.processes.append(self.server)
        wait_until(self._answers, say=self.server.output)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        if self.server is not None:
            self.server.kill()
            self._start()
        elif self.installation.broker_url.startswith("redis"):
            # No server of our own to kill: every message and every connection of this database is lost.
            import redis

            link = redis.Redis.from_url(self.installation.broker_url)
            link.flushdb()
            number = str(link.connection_pool.connection_kwargs.get("db", 0))
            for client in link.client_list():
                if client["db"] == number and client["id"] != str(link.client_id()):
                    with suppress(redis.ResponseError):
                        link.client_kill_filter(_id=client["id"])
        else:
            queue = self.installation.folder / "broker" / "queue"
            for message in queue.iterdir():
                message.unlink(missing_ok=True)


class Interrupted:
    """The sendings that a death cut short, one by one: told by the rows, read while nobody can be sending."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()

    def note(self) -> None:
        """Every worker is dead: what is still « sending » was in its hands, this time or an earlier one."""
        rows = OutgoingMail.objects.filter(state=OutgoingMail.State.SENDING)
        self.seen |= set(rows.values_list("message_id", "attempts"))

    def times(self) -> Counter[str]:
        return Counter(message_id for message_id, _ in self.seen)


class Machine:
    """Web, worker and two beats under the test's clock; any of them may be killed and comes back."""

    def __init__(self, installation: Installation, smtp_port: int) -> None:
        self.installation = installation
        self.clock = Clock(installation.folder)
        self.port = free_port()
        installation.environment |= {
            "CLOCK_OFFSET": str(self.clock.file),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "SITE_URL": f"http://127.0.0.1:{self.port}",
        }
        self.broker = Broker(installation)
        self.interrupted = Interrupted()
        self.deaths: Counter[str] = Counter()
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
            cwd=ROOT,
            env=installation.environment,
            check=True,
        )
        self.parts: dict[str, Process] = {}
        for name in ("web", "worker", "beat", "beat2"):
            self.start(name)

    def start(self, name: str) -> None:
        celery = ("celery", "-A", "solidarites")
        arguments: dict[str, tuple[str, ...]] = {
            "web": (
                *("gunicorn", "solidarites.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "1"),
                *("--threads", "6", "--no-control-socket"),
            ),
            "worker": (
                *(*celery, "worker", "--loglevel", "WARNING", "--pool", "prefork", "--concurrency", "2"),
                *("--without-gossip", "--without-mingle"),
            ),
            "beat": (*celery, "beat", "--loglevel", "WARNING"),
            # By mistake: a second one, on « another machine ».
            "beat2": (*celery, "beat", "--loglevel", "WARNING", "--schedule", str(self.installation.folder / "beat2")),
        }
        self.parts[name] = self.installation.start(name, "tests.processes.shifted", *arguments[name])

    def kill(self, name: str) -> None:
        self.deaths[name] += 1
        if name == "broker":
            self.broker.kill()
        else:
            self.parts[name].kill()
            if name == "worker":
                self.interrupted.note()
            self.start(name)

    def at_work(self) -> None:
        """Wait for a sign of the worker: a machine that is still starting proves little when it is killed."""
        Heartbeat.objects.filter(name="worker").delete()

        def seen() -> bool:
            self.ask("solidarites.tasks.heartbeat")
            time.sleep(0.3)
            return Heartbeat.objects.filter(name="worker").exists()

        wait_until(seen, say=self.output)

    def ask(self, *tasks: str) -> None:
        """Beat's rhythm is slower than this hour: its tasks are asked for between its ticks as well."""
        for task in tasks:
            # A broker that has just died loses the question, as it would beat's.
            with suppress(OSError, *self.installation.asker.connection_for_write().connection_errors):
                self.installation.ask(task)

    def output(self) -> str:
        return "\n".join(process.output()[-1500:] for process in self.installation.processes)


class Volunteer(threading.Thread):
    """Calls one household after the other through the pages; sends again what got no answer, as people do."""

    def __init__(self, machine: Machine, client: Client, campaign_id: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.machine, self.campaign_id = machine, campaign_id
        self.random = random.Random(seed)
        self.cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
        self.csrf = "c" * 32
        self.cookies += f"; csrftoken={self.csrf}"
        self.recorded: set[int] = set()
        self.trouble: list[str] = []
        self.over = threading.Event()

    def send(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str, str]:
        while not self.over.is_set():
            link = http.client.HTTPConnection("127.0.0.1", self.machine.port, timeout=20)
            headers = {"Cookie": self.cookies, "Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode({**(fields or {}), "csrfmiddlewaretoken": self.csrf}) if method == "POST" else None
            try:
                link.request(method, path, body, headers)
                answer = link.getresponse()
                return answer.status, answer.getheader("Location", ""), answer.read().decode()
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
            finally:
                link.close()
        return 0, "", ""

    def run(self) -> None:
        while not self.over.is_set():
            status, where, page = self.send("POST", f"/appels/suivant/{self.campaign_id}/")
            held = re.fullmatch(r"/appels/(\d+)/", where)
            if status >= 500 or status in (400, 403):
                self.trouble.append(f"{status} for a claim: {page[:300]}")
            if held is None:
                self.over.wait(0.5)
                continue
            status, _, page = self.send("GET", where)
            submission = re.search(r'name="submission" value="([^"]+)"', page)
            if status != 200 or submission is None:
                if status >= 500:
                    self.trouble.append(f"{status} for a page")
                continue
            fields = {"submission": submission[1], "outcome": self.random.choice(["refused_campaign", "no_answer"])}
            status, where, page = self.send("POST", f"/appels/{held[1]}/enregistrer/", fields)
            done = re.fullmatch(r"/appels/faits/(\d+)/", where)
            if done is not None:
                self.recorded.add(int(done[1]))
            elif status >= 500:
                self.trouble.append(f"{status} for a recording: {page[:300]}")
