"""A real installation beside the test: its own folder and broker, the test's database, real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psutil
from celery import Celery
from django.conf import settings
from django.db import connection

ROOT = settings.BASE_DIR
# A busy machine is not a fault of the product.
PATIENCE = 120.0


class Process:
    """A process in its own group, killed with everything it started."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as stream:
            self.popen = subprocess.Popen(
                arguments,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, patience: float = PATIENCE) -> None:
        wait_until(lambda: words in self.output() or self.popen.poll() is not None, patience, self.output)
        assert words in self.output(), f"« {words} » never came:\n{self.output()[-4000:]}"

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def kill(self) -> None:
        """As a power cut: SIGKILL to the process and all that it started, no last words; they are gone afterwards."""
        family: list[psutil.Process] = []
        if self.popen.poll() is None:
            parent = psutil.Process(self.popen.pid)
            # The parent first: it would start others in the place of its children.
            family = [parent, *parent.children(recursive=True)]
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._signal(signal.SIGKILL)
        self.popen.wait(timeout=PATIENCE)
        wait_until(lambda: not any(map(is_alive, family)), say=self.output)

    def stop(self, patience: float = PATIENCE) -> int:
        """As honcho and systemd: SIGTERM to the whole group; what is held is finished first."""
        self._signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout=patience)
        finally:
            self.kill()


def is_alive(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def wait_until(happened: Callable[[], Any], patience: float = PATIENCE, say: Callable[[], str] = str) -> None:
    until = time.monotonic() + patience
    while not happened():
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience:.0f} s in vain\n{say()[-4000:]}")
        time.sleep(0.005)


class Installation:
    """Processes started here read DATABASE_URL, CELERY_BROKER_URL and VAR_DIR, as on a real machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self.broker_url = self.shared_broker = self._broker()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))},
            "VAR_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": self.broker_url,
            "SECRET_KEY": settings.SECRET_KEY,
            "PRIVACY_KEY": settings.PRIVACY_KEY,
            "EMAIL_URL": "consolemail://",
            "PYTHONUNBUFFERED": "1",
        }
        self.environment.pop("DJANGO_SETTINGS_MODULE", None)
        self.use_broker(self.broker_url)
        if self.broker_url.startswith("redis"):
            self.asker.control.purge()

    def use_broker(self, url: str) -> None:
        """Processes started from now on, and what is asked, go through this broker."""
        self.broker_url = self.environment["CELERY_BROKER_URL"] = url
        broker = url.replace("filesystem://", "filesystem://localhost//")
        self.asker = Celery("asker", broker=broker, set_as_current=False)
        self.asker.conf.broker_transport_options = self._transport()

    def _broker(self) -> str:
        given = settings.CELERY_BROKER_URL
        if not given.startswith("redis"):
            return "filesystem://"
        # A database of its own beside those of a running installation and of the other test processes.
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        parts = urlsplit(given)
        return urlunsplit(parts._replace(path=f"/{3 + worker % 12}"))

    def _transport(self) -> dict[str, Any]:
        if not self.broker_url.startswith("filesystem"):
            return {}
        queue, control = self.folder / "broker" / "queue", self.folder / "broker" / "control"
        for path in (queue, control):
            path.mkdir(parents=True, exist_ok=True)
        return {"data_folder_in": str(queue), "data_folder_out": str(queue), "control_folder": str(control)}

    def start(self, name: str, *arguments: str, **environment: str) -> Process:
        log = self.folder / f"{name}-{len(self.processes)}.log"
        process = Process([sys.executable, "-m", *arguments], {**self.environment, **environment}, log)
        self.processes.append(process)
        return process

    def worker(self, concurrency: int = 1) -> Process:
        """The worker of the Procfile, once it listens."""
        process = self.start(
            "worker",
            *("celery", "-A", "solidarites", "worker", "--loglevel", "INFO", "--pool", "prefork"),
            *("--concurrency", str(concurrency), "--without-gossip", "--without-mingle"),
        )
        process.wait_for(" ready.")
        return process

    def beat(self) -> Process:
        process = self.start("beat", "celery", "-A", "solidarites", "beat", "--loglevel", "INFO")
        process.wait_for("beat: Starting")
        return process

    def ask(self, task: str, *arguments: Any) -> None:
        """Put a message on the real broker, as ``delay_on_commit`` does."""
        self.asker.send_task(task, args=arguments)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
        # Those of a broker of our own died with it.
        if self.broker_url == self.shared_broker and self.broker_url.startswith("redis"):
            self.asker.control.purge()
        self.asker.close()


def database_url() -> str:
    """The test's own database, for processes that read DATABASE_URL."""
    data = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{data['NAME']}"
    user = quote(data["USER"] or "") + (f":{quote(data['PASSWORD'])}" if data["PASSWORD"] else "")
    return f"postgres://{user}@{data['HOST'] or '127.0.0.1'}:{data['PORT'] or 5432}/{data['NAME']}"
