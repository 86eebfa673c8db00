"""Two of everything, each with a VAR_DIR of its own: nothing is shared but the database (and Redis, for a team)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf.global_settings import PASSWORD_HASHERS
from django.db import connection
from django.utils import timezone

from campaigns.models import DueCall, Referral
from solidarites.models import Heartbeat, JournalEntry
from tenants.models import ListImport, Tenant, UploadedPiece
from tests.factories import PASSWORD, make_landlord, make_user
from tests.house.source import ROOT
from tests.processes.installation import Installation, wait_until
from tests.processes.test_follow_ups_survive_a_kill import PLANS, many_plans
from tests.processes.test_sending_survives import approved
from tests.processes.test_start import answers, free_port
from tests.processes.visitor import Visitor
from tests.smtp import smtp_server

PEOPLE = 120
LIST = "Nom;Prénom;Date de naissance;Référence\n" + "".join(
    f"DURAND;Jeanne {chr(65 + n % 26)}{chr(65 + n // 26)};03/04/{1930 + n % 16};L{n}\n" for n in range(PEOPLE)
)
REFERRALS = 20


class Machine:
    """Web, worker and beat of one machine, over a folder that no other machine sees."""

    def __init__(self, folder: Path, **environment: str) -> None:
        folder.mkdir()
        self.installation = Installation(folder)
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.installation.environment |= {"REQUIRE_SECOND_FACTOR": "false", **environment}
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
            cwd=ROOT,
            env=self.installation.environment,
            check=True,
        )

    def start(self) -> None:
        bind = ("--bind", f"127.0.0.1:{self.port}", "--threads", "2", "--no-control-socket")
        self.installation.start("web", "gunicorn", "solidarites.wsgi", *bind)
        self.installation.worker(2)
        self.installation.beat()

    def answers(self) -> bool:
        return answers(f"{self.address}/connexion/")

    def said(self) -> str:
        return "\n".join(process.output()[-2000:] for process in self.installation.processes)


def test_two_machines_share_the_work_and_no_folder(
    tmp_path: Path, transactional_db: None, settings: Any, volunteer: Any, coordinator: Any
) -> None:
    # As the processes themselves, which know nothing of the tests.
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    make_user("hugues@exemple.fr", "Hugues", "Administre", "administrator")
    landlord = make_landlord()
    many_plans(volunteer)
    approved(coordinator, REFERRALS)
    with smtp_server() as (inbox, mail_port):
        site = {
            "SITE_URL": "http://127.0.0.1",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "MAIL_PER_MINUTE": "10000",
        }
        machines = [Machine(tmp_path / name, **site) for name in ("one", "two")]

        def said() -> str:
            return "\n".join(machine.said() for machine in machines)

        try:
            for machine in machines:
                machine.start()
            for machine in machines:
                wait_until(machine.answers, patience=120, say=said)
            first, second = (machine.address for machine in machines)

            # Signed in on one, the session is good on the other; the list sent to one is gone on with on the other.
            hugues = Visitor(first)
            hugues.sign_in("hugues@exemple.fr", PASSWORD)
            hugues.at = second
            upload = hugues.get("/administration/imports/nouvelle-liste/")
            columns = hugues.press(upload, "Déposer la liste", file=LIST.encode())
            sent = ListImport.objects.get()
            # The machine that received the file has no worker any more: the other one reads it.
            machines[1].installation.processes[1].kill()
            hugues.at = first
            hugues.press(columns, "Vérifier la liste")
            read = ListImport.objects.filter(pk=sent.pk, state=ListImport.State.CHECKED)
            wait_until(read.exists, patience=180, say=said)
            assert not UploadedPiece.objects.exists()
            hugues.at = second
            machines[1].installation.worker(2)
            hugues.press(hugues.get(f"/administration/imports/{sent.pk}/"), "Confirmer et écrire")
            written = ListImport.objects.filter(pk=sent.pk, state=ListImport.State.APPLIED)
            wait_until(written.exists, patience=180, say=said)

            wait_until(lambda: DueCall.objects.count() >= PLANS, patience=180, say=said)
            wait_until(lambda: len(inbox.taken) >= REFERRALS, patience=180, say=said)
            # Another round of both beats, asked of both workers, repeats nothing of it.
            since = timezone.now()
            wait_until(lambda: Heartbeat.objects.filter(name="worker", at__gte=since).exists(), patience=180, say=said)
            for machine in machines:
                for process in machine.installation.processes[1:]:
                    process.stop(patience=120)
        finally:
            for machine in machines:
                machine.installation.close()
        assert Tenant.objects.filter(household__landlord=landlord, reference__startswith="L").count() == PEOPLE
        assert JournalEntry.objects.filter(action="import.confirmed").count() == 1
        assert DueCall.objects.count() == DueCall.objects.values("plan").distinct().count() == PLANS
        assert set(Referral.objects.values_list("state", flat=True)) == {Referral.State.SENT}
        assert set(inbox.copies().values()) == {1}, inbox.copies()
    connection.close()
