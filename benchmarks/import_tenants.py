"""A list of 100,000 people: this import, django-import-export, and the floor, side by side in one run.

The floor is PostgreSQL's COPY of the very rows this import wrote, into the same indexed tables: no reading, no
check. django-import-export gets its bulk options and only writes households and people (no numbers, no communes).
It reads a twentieth of the file, extrapolated, unless FULL=1: whole, it needs ten minutes and more on two cores.
Needs PostgreSQL (DATABASE_URL). Usage: [FULL=1] python -m benchmarks import_tenants
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def command(path: Path, url: str) -> None:
    """The command as an administrator runs it, in a process of its own, so that its memory is its own."""
    environment = {**os.environ, "DATABASE_URL": url}
    subprocess.run([sys.executable, "manage.py", "import_tenants", str(path)], env=environment, check=True)


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

    connection.ensure_connection()
    with connection.cursor() as cursor:
        raw = cursor.cursor
        for table in TABLES:
            with (folder / table).open("wb") as stream, raw.copy(f"COPY {table} TO STDOUT") as rows:
                stream.writelines(rows)
        empty()
        with clock("COPY (floor)", found):
            for table in TABLES:
                with (folder / table).open("rb") as stream, raw.copy(f"COPY {table} FROM STDIN") as rows:
                    shutil.copyfileobj(stream, rows)


def other(path: Path, rows: int, landlord: Any) -> float:
    """django-import-export's resource for the same model and file, in its fastest settings."""
    import tablib
    from import_export import fields, resources, widgets

    from tenants.models import Household, Tenant

    class PersonResource(resources.ModelResource):
        reference = fields.Field(column_name="N° locataire", attribute="reference")
        civility = fields.Field(column_name="Civilité", attribute="civility")
        last_name = fields.Field(column_name="Nom", attribute="last_name")
        first_name = fields.Field(column_name="Prénom", attribute="first_name")
        birth_date = fields.Field(
            column_name="Date de naissance", attribute="birth_date", widget=widgets.DateWidget("%d/%m/%Y")
        )
        household = fields.Field(
            column_name="N° contrat",
            attribute="household",
            widget=widgets.ForeignKeyWidget(Household, "reference"),
        )

        class Meta:
            model = Tenant
            import_id_fields = ("reference",)
            fields = ("reference", "civility", "last_name", "first_name", "birth_date", "household")
            use_bulk = True
            batch_size = 1000
            skip_diff = True
            skip_unchanged = False
            report_skipped = False

        def before_import_row(self, row: Any, **kwargs: Any) -> None:
            Household.objects.get_or_create(
                landlord=landlord,
                reference=row["N° contrat"],
                defaults={"street": row["Adresse"], "postal_code": row["Code postal"], "city": row["Commune"]},
            )

        def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
            instance.landlord = landlord

    lines = path.read_text(encoding="utf-8").splitlines()[: rows + 1]
    data = tablib.Dataset().load("\n".join(lines), format="csv", delimiter=";")
    start = time.perf_counter()
    result = PersonResource().import_data(data, dry_run=False, raise_errors=True)
    assert not result.has_errors()
    return time.perf_counter() - start


def main(rows: int = 100_000) -> None:
    from django.db import connection

    from tenants.models import Landlord
    from tenants.tests.lists import write_csv
    from tests.processes.installation import database_url

    rows_for_other = rows if os.environ.get("FULL") else rows // 20
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    before = connection.settings_dict["NAME"]
    found: dict[str, float] = {}
    try:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            path = write_csv(folder / "liste.csv", rows)
            Landlord.objects.create(code="mesures", name="Mesures")
            with clock("this import, CSV", found):
                command(path, database_url())
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            with clock("this import again (nothing changes)", found):
                command(path, database_url())
            floor(folder, found)
            empty()
            workbook = as_xlsx(path)
            with clock("this import, XLSX", found):
                command(workbook, database_url())
            empty()
            spent = other(path, rows_for_other, Landlord.objects.get())
            found[f"django-import-export, {rows_for_other} rows"] = spent
    finally:
        connection.creation.destroy_test_db(before if before != name else name, verbosity=0)
    ours = found["this import, CSV"]
    for title, seconds in found.items():
        print(f"{title:40} {seconds:8.1f} s")
    print(f"{'memory of this import':40} {memory:8.0f} MiB")
    print(f"{'times the floor':40} {ours / found['COPY (floor)']:8.1f}")
    print(f"{'XLSX against CSV':40} {found['this import, XLSX'] / ours:8.1f}")
    print(f"{'faster than django-import-export':40} {spent * rows / rows_for_other / ours:8.1f} ×")
    if rows_for_other < rows:
        print(f"  (its time for {rows_for_other} rows, extrapolated to {rows}; FULL=1 runs it whole)")
