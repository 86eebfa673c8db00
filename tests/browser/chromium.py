"""Finds a Chromium for the browser tests, and installs one when there is none.

``python -m tests.browser.chromium`` prints its path. In order: CHROMIUM, the PATH, Playwright's own,
the distribution's package manager when root, Playwright's download. One line when none can be had.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Package managers that install without asking, and the commands to say so.
MANAGERS: dict[str, list[list[str]]] = {
    "apt-get": [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]],
    "dnf": [["dnf", "install", "-y", "-q", "chromium"]],
    "apk": [["apk", "add", "--no-cache", "chromium"]],
}
ARGS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def launch_args() -> list[str]:
    """Chromium refuses its sandbox to root; everybody else keeps it."""
    return [*ARGS, "--no-sandbox"] if os.geteuid() == 0 else ARGS


def _works(path: str | Path) -> bool:
    # Ubuntu's chromium-browser may be a script that only tells to install a snap.
    try:
        done = subprocess.run([str(path), "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b"Chrom" in done.stdout


def find() -> str | None:
    """The path of a Chromium that answers, or None."""
    for candidate in (os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES)):
        if candidate and _works(candidate):
            return candidate
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if own and _works(own) else None


def _run(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=900)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def install() -> None:
    if os.geteuid() == 0:
        for manager, commands in MANAGERS.items():
            if shutil.which(manager):
                print(f"Chromium manque : installation par {manager}", file=sys.stderr)
                if all(map(_run, commands)) and find():
                    return
    print("Chromium manque : installation par Playwright", file=sys.stderr)
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def main() -> int:
    path = find()
    if path is None:
        install()
        path = find()
    if path is None:
        print(
            "ÉCHEC : aucun Chromium pour les tests de navigateur. Installez-le (sudo apt install chromium) "
            "ou donnez son chemin : make test CHROMIUM=/chemin/vers/chromium",
            file=sys.stderr,
        )
        return 1
    print(f"Chromium : {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
