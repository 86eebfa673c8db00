"""Hostile files at their real sizes, each read by the command in a process of its own: time, memory, what is said.

A refusal is one that ends with status 1, a French message and not one row in the database. Usage: python -m
benchmarks hostile_lists
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

MEBIBYTE = 1024 * 1024


def _picture(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + os.urandom(20 * MEBIBYTE))


def _line(megabytes: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as stream:
            stream.write("N° locataire;Nom;Prénom\n".encode())
            for _ in range(megabytes):
                stream.write(b"x" * MEBIBYTE)

    return write


def _columns(path: Path) -> None:
    path.write_bytes(b";".join(b"Nom%d" % n for n in range(1_000_000)) + b"\n" + b";".join([b"a"] * 1_000_000) + b"\n")


def _nul(path: Path) -> None:
    path.write_bytes(b"Ref;Nom;Prenom\n" + b"T1;Martin;Jeanne\n" * 3_000_000 + b"T2;\x00;x\n")


def _workbook(**parts: bytes | str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from tenants.tests.test_import_hostile import workbook

        path.write_bytes(workbook(**parts))

    return write


def _sheet_bomb(path: Path) -> None:
    """A gigabyte of spaces in a megabyte, as a sheet."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            chunk = b" " * (16 * MEBIBYTE)
            for _ in range(64):
                part.write(chunk)


def _lying_bomb(path: Path) -> None:
    """A gigabyte that its directory says is a kilobyte."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 1024 * MEBIBYTE)
    size = (1024 * MEBIBYTE).to_bytes(4, "little")
    path.write_bytes(output.getvalue().replace(size, (1024).to_bytes(4, "little")))


def _nested(path: Path) -> None:
    from tenants.tests.test_import_hostile import SHEET

    deep = 500_000
    xml = SHEET.format("<row><c>" + "<is>" * deep + "</is>" * deep + "</c></row>")
    _workbook(**{"xl__worksheets__sheet1.xml": xml})(path)


def _wide_sheet(path: Path) -> None:
    from tenants.tests.test_import_hostile import SHEET

    cells = "".join(f'<c r="A{row}"><v>1</v></c><c r="XFD{row}"><v>1</v></c>' for row in range(1, 200_000))
    _workbook(**{"xl__worksheets__sheet1.xml": SHEET.format(f"<row>{cells}</row>")})(path)


def _repeated(path: Path) -> None:
    from tenants.tests.test_import_hostile import ods

    path.write_bytes(ods('<t:r table:number-rows-repeated="1000000"><c office:value-type="string">x</c></t:r>' * 50))


def _laughs(path: Path) -> None:
    """A billion laughs: entities of entities."""
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    _workbook(**{"xl__sharedStrings.xml": f"<!DOCTYPE x [{entities}]><sst>&a9;</sst>"})(path)


def _old(word: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        from tenants.tests.test_import_hostile import ole

        path.write_bytes(ole(word) + bytes(20 * MEBIBYTE))

    return write


FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a zip bomb (1 GiB in 1 MiB)": (_sheet_bomb, "bomb"),
    "a zip bomb that lies about its size": (_lying_bomb, ""),
    "a deeply nested XLSX (500,000 levels)": (_nested, "nested"),
    "a picture named .csv (20 MiB)": (_picture, "picture"),
    "a million columns": (_columns, "line"),
    "a workbook of 16,384 columns": (_wide_sheet, "columns"),
    "an ODS of repeated rows": (_repeated, "rows"),
    "a single line of 200 MB": (_line(200), "too_big"),
    "a single line of 90 MB": (_line(90), "line"),
    "NUL bytes after 50 MB": (_nul, "nul"),
    "external entities": (
        _workbook(**{"xl__sharedStrings.xml": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst>&a;</sst>'}),
        "entities",
    ),
    "a billion laughs": (_laughs, "entities"),
    "a macro workbook": (_workbook(**{"xl__vbaProject.bin": bytes(5 * MEBIBYTE)}), "macro"),
    "an old macro workbook": (_old("_VBA_PROJECT_CUR"), "macro"),
    "a workbook with a password": (_old("EncryptedPackage"), "password"),
}


def refuse(path: Path, url: str) -> tuple[dict[str, str], int, float, float]:
    """(what the command says, its status, seconds, MiB at the most)."""
    from django.conf import settings

    report = path.with_name("said")
    script = (
        "import resource, subprocess, sys; code = subprocess.call(sys.argv[2:], stdout=open(sys.argv[1], 'w'));"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "manage.py", "import_tenants", str(path), "--json"]
    start = time.perf_counter()
    told = subprocess.run(
        [sys.executable, "-c", script, str(report), *command],
        env={**os.environ, "DATABASE_URL": url},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    spent = time.perf_counter() - start
    status, memory = (int(word) for word in told.stdout.split())
    return json.loads(report.read_text() or "{}"), status, spent, memory / 1024


def main() -> None:
    """Measure in a scratch database, dropped at the end."""
    from django.db import connection

    from tenants.models import Household, Landlord, ListImport, Tenant
    from tests.processes.installation import database_url

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        Landlord.objects.create(code="mesures", name="Mesures")
        print(f"{'file':42} {'size':>9} {'seconds':>8} {'MiB':>6}  refused as")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "liste.csv"
            path.write_text("N° locataire;Nom;Prénom\n")
            _, _, idle, least = refuse(path, database_url())
            print(f"{'(a list of nobody: the command itself)':42} {'':9} {idle:8.1f} {least:6.0f}")
            for name, (write, code) in FILES.items():
                write(path)
                said, status, spent, memory = refuse(path, database_url())
                size = f"{path.stat().st_size / MEBIBYTE:.1f} MiB"
                print(f"{name:42} {size:>9} {spent:8.1f} {memory:6.0f}  {said['error']}: {said['message']}", flush=True)
                assert status == 1, f"{name}: status {status}"
                assert said["error"] == code or not code, f"{name}: {said['error']} instead of {code}"
        left = sum(model.objects.count() for model in (Household, Tenant, ListImport))
        print(f"{len(FILES)} files refused, {left} rows stored")
        assert left == 0
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)
