"""« make demo », once the libraries are there: a page at once, which says how far the preparation is, then the product.

    python scripts/demo.py HOST PORT SITE_URL

The page and the application share the port (SO_REUSEPORT): the page goes away once the application has answered, and
nobody meets a closed door between the two. Standard library alone: importing Django may take longer than a visitor
waits. Whatever stops the preparation, doing it again keeps what is whole and makes the rest.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from html import escape
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "static"
PAGE = Template((ROOT / "scripts" / "demo.html").read_text(encoding="utf-8"))
NAME = "Solidarites-preparation"
SECONDS = 3
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
# As « campaigns.demo.seed » names them, in their order; the last one is ours.
STEPS = {
    "base": "La base de données et les pages",
    "spring": "Le printemps 2020 : 2\u202f320 foyers, 2\u202f700 appels",
    "winter": "Le grand froid, jusqu'à maintenant",
    "start": "Le démarrage de l'application",
}
WAITING = "La démonstration se prépare : attendez quelques instants, puis recommencez.\n"


@dataclass
class Progress:
    """How far it is, as the preparation said it last."""

    step: str = "base"
    percent: int = 0
    words: str = "Préparation de la base de données."

    def page(self) -> bytes:
        reached = list(STEPS).index(self.step)
        lines = []
        for rank, label in enumerate(STEPS.values()):
            state, kind, icon = (
                ("fait", "ok", "check-circle")
                if rank < reached
                else ("en cours", "info", "hourglass-split")
                if rank == reached
                else ("à venir", "muted", "circle")
            )
            picture = (
                f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">'
                f'<use href="/static/vendor/bootstrap-icons.svg#{icon}"/></svg>'
            )
            current = ' aria-current="step"' if rank == reached else ""
            lines.append(
                f'<li{current}>{escape(label)}<br><span class="state state-{kind}">{picture}{state}</span></li>'
            )
        said = PAGE.substitute(seconds=SECONDS, percent=self.percent, words=escape(self.words), steps="\n".join(lines))
        return said.encode()


class Handler(BaseHTTPRequestHandler):
    """The page for a browser, whatever its address; « not yet » for everything else."""

    timeout = 10  # seconds, for a visitor who says nothing

    def __init__(self, progress: Progress, *args: Any) -> None:
        self.progress = progress
        super().__init__(*args)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/static/"):
            self._file((STATIC / path.removeprefix("/static/")).resolve())
        elif "text/html" in self.headers.get("Accept", ""):
            self._answer(200, "text/html; charset=utf-8", self.progress.page(), Refresh=str(SECONDS))
        else:
            self._not_yet()

    def do_POST(self) -> None:
        self._not_yet()

    do_HEAD = do_GET
    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_POST

    def _file(self, path: Path) -> None:
        kind = TYPES.get(path.suffix)
        if kind and path.is_relative_to(STATIC) and path.is_file():
            self._answer(200, kind, path.read_bytes())
        else:
            self._not_yet()

    def _not_yet(self) -> None:
        self._answer(503, "text/plain; charset=utf-8", WAITING.encode(), Retry_After=str(SECONDS))

    def _answer(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        return NAME

    def log_message(self, format: str, *args: Any) -> None:
        """The terminal says how far the preparation is, not who reads."""


class Server(ThreadingHTTPServer):
    allow_reuse_port = True  # of Python 3.11 on: the application binds the same port before this one leaves it
    request_queue_size = 64

    def server_bind(self) -> None:
        # As of 3.12 « allow_reuse_port » says it alone.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who left in the middle is no event."""


class Told(BaseException):
    """Ctrl+C, or whoever started this is ending it."""


def stop(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Told


def prepare(progress: Progress, children: list[subprocess.Popen[Any]]) -> int:
    """Run the seeding, and repeat what it says: to the terminal, and to the page."""
    command = [sys.executable, "manage.py", "seed_demo", "--prepare", "--progress"]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    children.append(child)
    assert child.stdout is not None
    for line in child.stdout:
        said = json.loads(line)
        progress.step, progress.percent, progress.words = said["step"], said["percent"], said["words"]
        if said["print"]:
            print(said["words"], flush=True)
    return child.wait()


def wait_for_the_application(host: str, port: int, server: Server) -> None:
    """The page goes away once the application has answered in its place."""
    while True:
        door = HTTPConnection(host, port, timeout=60)
        try:
            door.request("GET", "/connexion/", headers={"Accept": "text/html"})
            if door.getresponse().getheader("Server") != NAME:
                break
        except (OSError, HTTPException):
            pass  # cut in the middle: asked again
        finally:
            door.close()
        time.sleep(0.3)
    server.shutdown()
    # Who knocked at this door meanwhile is answered before it closes.
    while select.select([server], [], [], 0)[0]:
        server.handle_request()
    server.server_close()


def main(host: str, port: int, url: str) -> int:
    progress = Progress()
    children: list[subprocess.Popen[Any]] = []
    try:
        server = Server((host, port), partial(Handler, progress))
    except OSError as error:
        print(f"Le port {port} de {host} n'est pas libre ({error.strerror}). Un autre : make demo PORT={port + 1}")
        return 1
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        print(f"Préparation de la démonstration. {url} dit où elle en est.", flush=True)
        code = prepare(progress, children)
        if code:
            return code
        progress.step, progress.percent, progress.words = "start", 97, "L'application démarre."
        subprocess.run(["sh", "scripts/welcome.sh", url], cwd=ROOT, check=True)
        serving = subprocess.Popen(["sh", "scripts/serve.sh"], cwd=ROOT)
        children.append(serving)
        here = {"0.0.0.0": "127.0.0.1"}.get(host, host)
        threading.Thread(target=wait_for_the_application, args=(here, port, server), daemon=True).start()
        return serving.wait()
    except Told:
        for child in children:
            if child.poll() is None:
                child.terminate()
                child.wait()
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
