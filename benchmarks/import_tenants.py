"""A list of 100,000 people: this import, django-import-export, and the floor, side by side in one run.

The floor is PostgreSQL's COPY of the very rows this import wrote, into the same indexed tables: no reading, no
check. django-import-export is tuned as its users would, reads the same file whole, and does far less with it: see
benchmarks.django_import_export. Each import runs in a process of its own, its start counted.
Needs PostgreSQL (DATABASE_URL). Usage: python -m benchmarks import_tenants
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TABLES = ("tenants_agency", "tenants_residence", "tenants_household", "tenants_tenant", "tenants_phonenumber")


@contextmanager
def clock(name: str, found: dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    found[name] = time.perf_counter() - start


def empty() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")


def alone(name: str, found: dict[str, float], url: str, *command: str) -> float:
    """Run a command in a process of its own; how many MiB it took at the most. Its processor's time beside the clock's:
    on a shared machine the second tells of the others too.
    """
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_maxrss, used.ru_utime + used.ru_stime)"
    )
    environment = {**os.environ, "DATABASE_URL": url}
    with clock(name, found):
        told = subprocess.run(
            [sys.executable, "-c", script, sys.executable, *command],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    kibibytes, seconds = told.stdout.split()
    found[f"{name}: processor"] = float(seconds)
    return int(kibibytes) / 1024


def as_xlsx(source: Path) -> Path:
    import csv

    import xlsxwriter

    target = source.with_suffix(".xlsx")
    with xlsxwriter.Workbook(str(target), {"constant_memory": True}) as book, source.open(encoding="utf-8") as stream:
        sheet = book.add_worksheet("Locataires")
        for number, row in enumerate(csv.reader(stream, delimiter=";")):
            sheet.write_row(number, 0, row)
    return target


def floor(folder: Path, found: dict[str, float]) -> None:
    """Copy the final rows out, empty the tables, and copy the same rows in."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in TABLES:
            with (folder / table).open("wb") as stream:
                cursor.copy_expert(f"COPY {table} TO STDOUT", stream)
        empty()
        with clock("COPY (floor)", found):
            for table in TABLES:
                with (folder / table).open("rb") as stream:
                    cursor.copy_expert(f"COPY {table} FROM STDIN", stream)


def main(rows: int = 100_000) -> None:
    from django.db import connection

    from tenants.models import Landlord
    from tenants.tests.lists import write_csv
    from tests.processes.installation import database_url

    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    before = connection.settings_dict["NAME"]
    found: dict[str, float] = {}
    try:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            path = write_csv(folder / "liste.csv", rows)
            Landlord.objects.create(code="mesures", name="Mesures")
            ours = ("manage.py", "import_tenants")
            url = database_url()
            memory = alone("this import, CSV", found, url, *ours, str(path))
            alone("this import again (nothing changes)", found, url, *ours, str(path))
            floor(folder, found)
            empty()
            alone("this import, XLSX", found, url, *ours, str(as_xlsx(path)))
            empty()
            theirs = alone("django-import-export", found, url, "-m", "benchmarks.django_import_export", str(path))
    finally:
        connection.creation.destroy_test_db(before if before != name else name, verbosity=0)
    spent = found["this import, CSV"]
    for title, seconds in found.items():
        print(f"{title:48} {seconds:8.1f} s")
    print(f"{'memory of this import':48} {memory:8.0f} MiB")
    print(f"{'memory of django-import-export':48} {theirs:8.0f} MiB")
    print(f"{'times the floor':48} {spent / found['COPY (floor)']:8.1f}")
    print(f"{'XLSX against CSV':48} {found['this import, XLSX'] / spent:8.1f}")
    print(f"{'times django-import-export':48} {spent / found['django-import-export']:8.1f}")
