"""An installation of the version before keeps what it holds when it is upgraded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
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
# « froid » is in preparation: it had taken a household and its follow-up from « doux », which calls.
campaigns[2].status = "open"
campaigns[2].save()
landlord = apps.get_model("tenants", "Landlord").objects.create(code="demo", name="Bailleur")
households = apps.get_model("tenants", "Household").objects
case = apps.get_model("campaigns", "Case").objects
taken, called, over = (households.create(landlord=landlord) for _ in range(3))
case.create(campaign=campaigns[2], household=taken, status="closed", closed_reason="taken_over")
moved = case.create(campaign=campaigns[0], household=taken)
case.create(campaign=campaigns[2], household=called)
case.create(campaign=campaigns[0], household=over, status="closed")
apps.get_model("campaigns", "FollowUpPlan").objects.create(
    case=moved, household=taken, time="10:00", starts_on=date(2026, 3, 1), review_on=date(2026, 4, 1)
)
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
READ_CASES = """
import django; django.setup()
from django.utils import timezone
from campaigns import followups
from campaigns.models import Alert, Case
for one in Case.objects.order_by("pk"):
    print(one.campaign.slug, one.status)
print(followups.watch_stranded(now=timezone.now()), Alert.objects.get().case.campaign.slug)
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


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upgraded")
    run(folder, "-c", FILL)
    run(folder, "manage.py", "migrate", "--verbosity", "0")
    return folder


def test_absences_noted_before_are_kept_once(upgraded: Path) -> None:
    assert run(upgraded, "-c", READ).splitlines() == [
        "lea@exemple.fr 2026-03-01 2026-03-08",
        "lea@exemple.fr 2026-05-02 None",
    ]


def test_the_cases_of_a_draft_are_in_nobodys_way_and_the_plan_it_took_is_told(upgraded: Path) -> None:
    assert run(upgraded, "-c", READ_CASES).splitlines() == [
        "doux closed",
        "froid prepared",
        "doux open",
        "froid closed",
        "1 froid",
    ]
