"""What `make test` looks for on a machine before its tests, and what it does when that is missing."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.house.source import ROOT

WORKS = "exit 0"
NO_LIBRARY = "echo 'node: error while loading shared libraries: libatomic.so.1: cannot open' >&2; exit 127"


class Machine:
    """A machine as empty as one likes: its programs are scripts, its browsers a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs, self.browsers, self.node = folder / "bin", folder / "browsers", folder / "node"
        self.monkeypatch = monkeypatch
        for name, value in {
            "PATH": str(self.programs),
            "PLAYWRIGHT_BROWSERS_PATH": str(self.browsers),
            "PLAYWRIGHT_NODEJS_PATH": str(self.node),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("CHROMIUM", raising=False)
        self.driver(WORKS)
        self.is_(root=False)

    def script(self, path: Path, body: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written with what is there whatever the machine lacks.
        path.write_text(f"#!/bin/sh\nPATH={shlex.quote(os.defpath)}\n{body}\n")
        path.chmod(0o755)
        return path

    def program(self, name: str, body: str = WORKS) -> str:
        return str(self.script(self.programs / name, body))

    def downloaded(self, revision: int, body: str = WORKS) -> str:
        return str(self.script(self.browsers / f"chromium-{revision}" / "chrome-linux64" / "chrome", body))

    def driver(self, body: str) -> None:
        self.script(self.node, body)

    def is_(self, *, root: bool) -> None:
        self.monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Callable[[], tuple[str, list[str]]]:
    """What is said in the end, and what is told besides."""

    def read() -> tuple[str, list[str]]:
        told = capfd.readouterr()
        return told.out, told.err.splitlines()

    return read


def test_looking_for_a_browser_starts_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something is started")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    assert chromium.find() is None
    machine.downloaded(998)
    latest = machine.downloaded(1255)
    assert chromium.find() == latest
    in_path = machine.program("chromium")
    assert chromium.find() == in_path
    monkeypatch.setenv("CHROMIUM", latest)
    assert chromium.find() == latest


def test_a_program_that_only_tells_of_a_snap_is_no_browser(machine: Machine) -> None:
    machine.program("chromium-browser", "echo 'snap install chromium' >&2; exit 1")
    assert chromium.find() is None


def test_what_works_already_is_used_as_it_is(machine: Machine, said: Any) -> None:
    machine.is_(root=True)
    machine.program("apt-get", "echo called >&2; exit 1")
    path = machine.program("chromium")
    assert chromium.main() == 0
    assert said() == (f"Chromium : {path}\n", [])


def test_root_has_what_is_missing_installed(machine: Machine, said: Any) -> None:
    machine.is_(root=True)
    machine.driver(NO_LIBRARY)
    new = machine.programs / "chromium"
    # A package manager that brings each package asked for.
    machine.program(
        "apt-get",
        f'[ "$1" = install ] || exit 0\n'
        f'case "$*" in *libatomic1*) printf "#!/bin/sh\\n" > {machine.node};; esac\n'
        f'case "$*" in *chromium*) printf "#!/bin/sh\\n" > {new}; chmod +x {new};; esac',
    )
    assert chromium.main() == 0
    out, told = said()
    assert out == f"Chromium : {new}\n"
    assert told == [
        "Il manque libatomic1 : installation par apt-get",
        "Il manque chromium, fonts-liberation : installation par apt-get",
    ]


def test_anybody_else_is_told_what_is_missing_in_one_line(machine: Machine, said: Any) -> None:
    machine.driver(NO_LIBRARY)
    machine.program("apt-get", "echo called >&2; exit 1")
    assert chromium.main() == 1
    out, told = said()
    assert (out, len(told)) == ("", 1)
    assert "sans libatomic.so.1" in told[0]
    assert "sudo apt-get install libatomic1 chromium fonts-liberation" in told[0]


def test_a_browser_that_does_not_start_is_told_in_one_line(machine: Machine, said: Any) -> None:
    machine.downloaded(
        1255, "echo 'chrome: error while loading shared libraries: libnss3.so: cannot open' >&2; exit 127"
    )
    assert chromium.main() == 1
    _, told = said()
    assert len(told) == 1
    assert "sans libnss3.so" in told[0]


@pytest.mark.parametrize("root", [False, True], ids=["anybody", "root-without-a-package"])
def test_playwright_downloads_a_browser_where_no_package_is_to_be_had(machine: Machine, said: Any, root: bool) -> None:
    machine.is_(root=root)
    machine.program("apt-get", "echo 'E: Unable to locate package chromium' >&2; exit 100")
    new = machine.browsers / "chromium-1255" / "chrome-linux64" / "chrome"
    # node, cli.js, then what is asked.
    machine.driver(
        f'[ "$2" = install ] || exit 0\nmkdir -p {new.parent}; printf "#!/bin/sh\\n" > {new}; chmod +x {new}'
    )
    assert chromium.main() == 0
    out, told = said()
    assert out == f"Chromium : {new}\n"
    assert told[-1] == "Il manque chromium : installation par Playwright"
    assert ("apt-get : E: Unable to locate package chromium" in told) == root


def test_it_is_a_program_of_its_own(machine: Machine) -> None:
    path = machine.program("chromium")
    command = [sys.executable, "-m", "tests.browser.chromium"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Chromium : {path}\n", "")


@pytest.fixture
def bare(machine: Machine, tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """``bare("requirements.txt")``: scripts/venv.sh on a Debian whose Python has no venv until apt-get brings it."""
    folder = tmp_path / "house"
    (folder / "scripts").mkdir(parents=True)
    for name in ("scripts/venv.sh", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder / name)
    brought = tmp_path / "brought"
    made = f"{folder}/.venv/bin"
    python = machine.program(
        "python",
        f'case "$*" in *"import ensurepip"*) test -e {brought};;\n'
        f'"-m venv"*) mkdir -p {made}; cp "$0" {made}/python;; esac',
    )
    machine.program("apt-get", f'case "$*" in *"install"*python3-venv*) touch {brought};; esac')
    for name in ("dirname", "cat", "cksum", "mkdir", "cp"):
        machine.program(name, f'exec {name} "$@"')

    def run(wanted: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"PYTHON": python}
        return subprocess.run(
            ["/bin/sh", "scripts/venv.sh", wanted], cwd=folder, env=environment, capture_output=True, text=True
        )

    return run


def test_root_who_asks_for_the_tests_has_venv_installed(machine: Machine, bare: Any) -> None:
    machine.program("id", "echo 0")
    done = bare("requirements-dev.txt")
    assert (done.returncode, done.stderr) == (0, "Il manque python3-venv : installation par apt-get\n")


@pytest.mark.parametrize(("uid", "wanted"), [("0", "requirements.txt"), ("1000", "requirements-dev.txt")])
def test_anybody_else_is_told_to_install_venv(machine: Machine, bare: Any, uid: str, wanted: str) -> None:
    machine.program("id", f"echo {uid}")
    done = bare(wanted)
    assert done.returncode == 1
    assert "sudo apt install python3-venv" in done.stderr
    assert "installation par" not in done.stderr
