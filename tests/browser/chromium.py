"""Finds a Chromium for the browser tests, and installs what they lack where it may.

``python -m tests.browser.chromium`` prints its path. Looked for as files, nothing being started: CHROMIUM, the PATH,
then what Playwright downloaded. What is missing comes from the distribution's package manager when root, a browser
from Playwright's download otherwise. One line when something cannot be had.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Where Playwright says that it downloads to, on Linux and on macOS, and what it calls the program there.
DOWNLOADS = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
PROGRAMS = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
# The tests start a browser and Playwright's own driver, a Node.js that does not bring libatomic.
BROWSER, DRIVER = "browser", "driver"
# Package managers that install without asking, and what each calls these.
MANAGERS: dict[str, tuple[list[list[str]], dict[str, list[str]]]] = {
    "apt-get": (
        [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq"]],
        {BROWSER: ["chromium", "fonts-liberation"], DRIVER: ["libatomic1"]},
    ),
    "dnf": ([["dnf", "install", "-y", "-q"]], {BROWSER: ["chromium", "liberation-fonts"], DRIVER: ["libatomic"]}),
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


def _downloaded() -> list[Path]:
    """Those that Playwright downloaded, the latest first."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folders = [Path(chosen)] if chosen else [Path(name).expanduser() for name in DOWNLOADS]
    if chosen == "0" and (spec := find_spec("playwright")) and spec.origin:
        # « 0 »: beside the library.
        folders = [Path(spec.origin).parent / "driver" / "package" / ".local-browsers"]
    builds = [one for folder in folders for one in folder.glob("chromium-*") if one.name[9:].isdecimal()]
    builds.sort(key=lambda one: int(one.name[9:]), reverse=True)
    return [path for build in builds for program in PROGRAMS for path in build.glob(program)]


def _only_tells_of_a_snap(path: str) -> bool:
    # Ubuntu's chromium-browser is a script that tells to install a snap when there is none.
    with Path(path).open("rb") as program:
        return b"snap install chromium" in program.read(4096) and not Path("/snap/bin/chromium").exists()


def find() -> str | None:
    """The path of a Chromium, or None; nothing is started to know it."""
    for candidate in (os.environ.get("CHROMIUM"), *NAMES, *map(str, _downloaded())):
        if candidate and (path := shutil.which(candidate)) and not _only_tells_of_a_snap(path):
            return path
    return None


def _refusal(*command: str, patience: int = 120) -> str:
    """Runs this; its own last words when it fails, nothing when it does not."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    said = (done.stdout + done.stderr).strip()
    if library := re.search(r"error while loading shared libraries: ([^:\s]+)", said):
        return f"sans {library[1]}"
    return said.splitlines()[-1] if said else f"code {done.returncode}"


def missing() -> dict[str, str]:
    """What the tests could not start, and why: the driver, the browser."""
    path = find()
    refusals = {
        DRIVER: _refusal(sys.executable, "-m", "playwright", "--version"),
        BROWSER: _refusal(path, "--version") if path else "aucun Chromium trouvé",
    }
    return {name: why for name, why in refusals.items() if why}


def _manager() -> str | None:
    return next((name for name in MANAGERS if shutil.which(name)), None)


def _packages(names: Iterable[str]) -> list[str]:
    """What brings these, in the words of the machine's package manager; those of Debian where there is none."""
    packages = MANAGERS[_manager() or "apt-get"][1]
    return [package for name in names for package in packages[name]]


def install(lacking: dict[str, str]) -> None:
    root, manager = os.geteuid() == 0, _manager()
    if root and manager:
        # One after the other: where one has no package, the other is installed all the same.
        for name in lacking:
            packages = _packages([name])
            *before, command = MANAGERS[manager][0]
            _bring(manager, packages, *before, [*command, *packages])
        lacking = missing()
    # The driver is what downloads.
    if BROWSER in lacking and DRIVER not in lacking and find() is None:
        command = [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium"]
        _bring("Playwright", ["chromium"], command)


def _bring(bearer: str, packages: list[str], *commands: list[str]) -> None:
    print(f"Il manque {', '.join(packages)} : installation par {bearer}", file=sys.stderr)
    for command in commands:
        if said := _refusal(*command, patience=1800):
            print(f"{bearer} : {said}", file=sys.stderr)
            return


def main() -> int:
    if lacking := missing():
        install(lacking)
        lacking = missing()
    if lacking:
        wanted, manager = _packages(lacking), _manager() or "apt-get"
        print(
            f"ÉCHEC : pour les tests de navigateur, il manque {', '.join(wanted)} ({', '.join(lacking.values())}). "
            f"Faites : sudo {manager} install {' '.join(wanted)} "
            "(un Chromium est ailleurs : make test CHROMIUM=/chemin/vers/chromium)",
            file=sys.stderr,
        )
        return 1
    print(f"Chromium : {find()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
