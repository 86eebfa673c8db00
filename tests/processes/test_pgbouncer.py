"""The busy hour again with PgBouncer in transaction mode before PostgreSQL: no state of a connection is counted on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.processes.installation import Installation, Process, database_url
from tests.processes.test_chaos import survive
from tests.processes.test_start import free_port

INI = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
"""


def installed() -> str:
    """The program, from the distribution's packages when root."""
    if not shutil.which("pgbouncer") and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
        subprocess.run(["apt-get", "install", "-y", "-qq", "pgbouncer"], check=False, env=environment)
    found = shutil.which("pgbouncer")
    assert found, "Il faut PgBouncer : apt install pgbouncer"
    return found


@pytest.fixture
def bouncer(tmp_path: Path) -> Iterator[int]:
    data, listen = connection.settings_dict, free_port()
    user = f"user={data['USER']}" + (f" password={data['PASSWORD']}" if data["PASSWORD"] else "")
    written = INI.format(host=data["HOST"] or "127.0.0.1", port=data["PORT"] or 5432, listen=listen)
    # It refuses to run as root; who it runs as does not read the tests' own folder.
    powerless = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(written.replace("\n[pgbouncer]", f" {user}\n[pgbouncer]"))
        Path(folder).chmod(0o755)
        settings.chmod(0o644)
        process = Process([*powerless, installed(), str(settings)], dict(os.environ), tmp_path / "pgbouncer.log")
        process.wait_for("process up")
        yield listen
        process.kill()


@pytest.mark.soak
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PgBouncer stands before PostgreSQL")
def test_a_busy_hour_behind_pgbouncer(
    installation: Installation, bouncer: int, client_of: Any, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    parts = urlsplit(database_url())
    user = parts.netloc.rpartition("@")[0]
    through = urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{bouncer}"))
    installation.environment |= {"DATABASE_URL": through, "PGBOUNCER": "true"}
    survive(installation, client_of, [volunteer, volunteer2], kills=12, plans=80, calls=400, mails=40)
