"""An installation of the version before keeps what it holds when it is upgraded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

BEFORE = [("campaigns", "0002_initial"), ("solidarites", "0001_initial")]
FILL = f"""
import django; django.setup()
from datetime import date
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
before = {BEFORE!r}
executor.migrate(before + [n for n in executor.loader.graph.leaf_nodes() if n[0] not in dict(before)])
apps = executor.loader.project_state(before + [("tenants", "0001_initial")]).apps
user = apps.get_model("solidarites", "User").objects.create(email="lea@exemple.fr")
campaigns = [
    apps.get_model("campaigns", "Campaign").objects.create(name=slug, slug=slug) for slug in ("froid", "chaud", "doux")
]
member = apps.get_model("campaigns", "CampaignVolunteer").objects
march, may = (date(2026, 3, 1), date(2026, 3, 8)), (date(2026, 5, 2), None)
for campaign, (first, last) in zip(campaigns, (march, march, may)):
    member.create(user=user, campaign=campaign, absent_from=first, absent_until=last)
"""
READ = """
import django; django.setup()
from campaigns.models import Absence
for one in Absence.objects.order_by("first_day"):
    print(one.user.email, one.first_day, one.last_day)
"""


def run(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {
        "VAR_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'before.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "solidarites.settings",
    }
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_absences_noted_before_are_kept_once(tmp_path: Path) -> None:
    run(tmp_path, "-c", FILL)
    run(tmp_path, "manage.py", "migrate", "--verbosity", "0")
    assert run(tmp_path, "-c", READ).splitlines() == [
        "lea@exemple.fr 2026-03-01 2026-03-08",
        "lea@exemple.fr 2026-05-02 None",
    ]
