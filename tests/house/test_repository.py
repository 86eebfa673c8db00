"""House rules on the text of the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.source import ROOT, files, name_of, product_modules, tree

THIS = name_of(Path(__file__))


def test_no_file_speaks_of_one_machine():
    # Written in pieces: this file must not contain what it refuses.
    words = re.compile(
        "|".join(["/" + "work/", "/" + "root/", "/" + "tmp/team", r"/" + "home/[a-z]+/", "/opt/" + "pypi"])
    )
    found = [
        f"{name_of(path)}: {match.group(0)}"
        for path in files()
        if "vendor" not in path.parts and (match := words.search(path.read_text(errors="replace")))
    ]
    assert not found, "\n".join(found)


# What cannot be tried on one of the two databases, and says so.
MAY_SKIP = {"tests/processes/test_pgbouncer.py"}


def test_no_test_is_left_out_in_silence():
    words = re.compile(
        r"(pytest\.|mark\.)(" + "skip|xfail|importor" + r"skip)|unittest\.skip|TODO|FIXME|raise NotImplemented"
    )
    found = [
        f"{name_of(path)}: {match.group(0)}"
        for path in files(".py", ".js", ".html")
        if "vendor" not in path.parts and name_of(path) not in {THIS, *MAY_SKIP}
        if (match := words.search(path.read_text()))
    ]
    assert not found, "\n".join(found)


def locked(name: str) -> dict[str, str]:
    """What is installed: each library, with its version, the machines it is for and the hashes of its files."""
    text = (ROOT / name).read_text().lower()
    return dict(entry.strip().split("==", 1) for entry in re.split(r"\n(?=[a-z])", text) if entry[0] != "#")


def test_every_library_is_pinned_and_known_by_its_hashes():
    used, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert used.items() <= dev.items(), "make pins"
    without = [name for name, entry in dev.items() if "--hash=sha256:" not in entry]
    assert not without
    pins = {name: entry.split()[0] for name, entry in dev.items()}
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().lower().splitlines():
            if line.startswith(("-r", "#")) or not line.strip():
                continue
            assert "==" in line, f"{name}: {line} has no exact version"
            library, version = line.split("==")
            assert pins.get(library.split("[")[0]) == version, f"{line} is not what the locks say (make pins)"


def test_a_file_keeps_one_subject():
    long = [
        f"{name_of(path)}: {lines} lines"
        for path in files(".py")
        if "migrations" not in path.parts
        and (lines := len(path.read_text().splitlines())) > (600 if "tests" in path.parts else 500)
    ]
    assert not long, "split by subject:\n" + "\n".join(long)


# A process of its own, which answers on its standard output.
MAY_PRINT = {"tenants/imports/workbook.py"}


def test_nothing_prints_where_a_log_is_kept():
    """print() belongs to commands; personal data must not slip into a server's output."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in product_modules()
        if "management" not in path.parts and name_of(path) not in MAY_PRINT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not found, found


def test_vendored_code_carries_its_licence():
    vendor = ROOT / "static" / "vendor"
    assert vendor.is_dir(), "static/vendor is missing"
    for folder in sorted(path for path in vendor.iterdir() if path.is_dir()):
        assert list(folder.rglob("LICEN[SC]E*")), f"{name_of(folder)} has no licence"


def test_every_link_of_the_documentation_leads_somewhere():
    broken = [
        f"{name_of(page)}: {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken, broken


def test_every_setting_of_the_environment_is_documented():
    """What settings.py reads from the environment stands in the table of docs/installer.md."""
    said = (ROOT / "docs" / "installer.md").read_text()
    asked = set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", (ROOT / "solidarites" / "settings.py").read_text()))
    assert asked, "no setting found: the pattern is wrong"
    missing = sorted(name for name in asked if f"`{name}`" not in said)
    assert not missing, missing
