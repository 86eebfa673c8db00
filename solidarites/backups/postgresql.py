"""PostgreSQL: pg_dump of one snapshot, and pg_restore over whatever is there, all of it or nothing."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from solidarites.backups import BackupError
from solidarites.backups.archive import DAMAGED, Look

MAGIC = b"PGDMP"
# What the address of the database may ask of libpq, by the name of its variable.
ASKED = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "service": "PGSERVICE",
    "passfile": "PGPASSFILE",
}
# Of a pg_restore newer than the server, which does not know this setting and does not need it.
UNKNOWN_SETTING = b"SET transaction_timeout = 0;\n"
# Everything that stands in the schema of the application, whatever version left it there; extensions stay.
EMPTY = """
SET lock_timeout = '10s';
SET client_min_messages = 'error';
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT format('DROP %s IF EXISTS %I.%I CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
        'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
        current_schema(), c.relname) AS said
      FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r','p','v','m','f','S')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND (d.deptype = 'e' OR (c.relkind = 'S' AND d.deptype IN ('a', 'i'))))
  LOOP EXECUTE one.said; END LOOP;
  FOR one IN SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) AS said
      FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.deptype = 'e')
  LOOP EXECUTE one.said; END LOOP;
END $$;
"""


def environment() -> dict[str, str]:
    """Where the tools of PostgreSQL find the database; the password stands on no command line."""
    data = connection.settings_dict
    given = {
        "PGDATABASE": str(data["NAME"]),
        "PGUSER": data["USER"],
        "PGPASSWORD": data["PASSWORD"],
        "PGHOST": data["HOST"],
        "PGPORT": str(data["PORT"]),
        **{name: str(data["OPTIONS"].get(key, "")) for key, name in ASKED.items()},
        "PGAPPNAME": "solidarites-backup",
        # The errors read below are in English.
        "LC_ALL": "C.UTF-8",
    }
    return {**os.environ, **{name: value for name, value in given.items() if value}}


def _run(command: list[str], failed: str) -> str:
    """What the program printed. Errors: BackupError, in one line."""
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError as error:
        raise _missing(command[0]) from error
    if done.returncode:
        raise BackupError(_said(failed, done.stderr or f"arrêt par le signal {-done.returncode}"))
    return done.stdout


def _missing(program: str) -> BackupError:
    return BackupError(f"{program} manque sur cette machine : sudo apt install postgresql-client.")


def _said(failed: str, stderr: str) -> str:
    if "No space left on device" in stderr or "File too large" in stderr:
        return f"{failed} : plus de place sur le disque. Libérez de la place, puis recommencez."
    # What it did before is not why it stopped.
    lines = [line for line in stderr.splitlines() if re.search("error|fatal", line, re.IGNORECASE)]
    return f"{failed} : {' '.join(' '.join(lines or [stderr]).split())[:300]}"


def _refuse_older_tools() -> None:
    """pg_dump copies no server newer than itself: said before it tries, with the package to install."""
    # The server first: a wrong address is said whatever is missing here.
    server = _server()
    printed = _run(["pg_dump", "--version"], "pg_dump ne répond pas")
    found = re.search(r"\) (\d+)", printed)
    if found and int(found.group(1)) < server:
        raise BackupError(
            f"pg_dump ({found.group(1)}) est plus ancien que le serveur PostgreSQL ({server}) : installez "
            f"postgresql-client-{server}."
        )


def _server() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10000


def look() -> Look:
    """What the database holds, in the caller's transaction."""
    names = connection.introspection.table_names()
    counts = {}
    with connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(name)}")  # noqa: S608
            counts[name] = cursor.fetchone()[0]
    migrations: dict[str, str] = {}
    for app, name in MigrationRecorder(connection).applied_migrations():
        migrations[app] = max(name, migrations.get(app, ""))
    return Look(counts=counts, migrations=migrations)


def dump(target: Path) -> Look:
    """An archive of pg_dump, and what it holds: both see the same moment, whoever writes meanwhile."""
    _refuse_older_tools()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        seen = look()
        if "django_migrations" not in seen.counts:
            raise BackupError("Cette base PostgreSQL est vide : DATABASE_URL est-elle la bonne ?")
        _run(
            ["pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}"],
            "La copie de la base par pg_dump a échoué",
        )
    check(target)
    return seen


def check(archive: Path) -> None:
    """Read all of it: the list at its head says nothing of an end that is missing."""
    for asked in ("--list", "--file=/dev/null"):
        try:
            _run(["pg_restore", asked, str(archive)], "")
        except BackupError as error:
            if "unsupported version" in str(error):
                raise BackupError(
                    "Cette sauvegarde vient d’un pg_dump plus récent que le pg_restore de cette machine : installez un "
                    "postgresql-client au moins aussi récent. Rien n’est changé."
                ) from error
            if "manque" in str(error):
                raise
            raise BackupError(DAMAGED) from error


def migrations_in(archive: Path) -> dict[str, str]:
    """Of an archive without manifest: the last migration of each application."""
    printed = _run(
        ["pg_restore", "--data-only", "--table=django_migrations", "--file=-", str(archive)],
        "La sauvegarde n’a pas pu être lue",
    )
    found: dict[str, str] = {}
    for line in printed.splitlines():
        columns = line.split("\t")
        if len(columns) == 4 and columns[0].isdigit():
            found[columns[1]] = max(columns[2], found.get(columns[1], ""))
    return found


def is_readable() -> bool:
    return "django_migrations" in connection.introspection.table_names()


def replace(archive: Path, counts: dict[str, int]) -> None:
    """What is there goes, the archive comes, its rows are counted: one transaction, all of it or nothing.

    Errors: BackupError, and the database is as before.
    """
    with tempfile.TemporaryFile() as said:
        whole = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null"]
        try:
            writer = subprocess.Popen(  # noqa: S603
                ["psql", *whole, "--command", EMPTY, "--file=-", "--command", _as_counted(counts)],  # noqa: S607
                env=environment(),
                stdin=subprocess.PIPE,
                stderr=said,
            )
            reader = subprocess.Popen(  # noqa: S603
                ["pg_restore", "--no-owner", "--no-privileges", "--no-comments", "--file=-", str(archive)],  # noqa: S607
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=said,
            )
        except FileNotFoundError as error:
            raise _missing(str(error.filename)) from error
        if not _poured(reader, writer):
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise BackupError(_said("La restauration a échoué, la base est comme avant", text))


def _poured(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> bool:
    """Hand what pg_restore says to psql; an archive that ends too soon is never committed."""
    assert reader.stdout is not None and writer.stdin is not None  # noqa: S101, PT018
    try:
        for line in reader.stdout:
            if line != UNKNOWN_SETTING:
                writer.stdin.write(line)
        if reader.wait():
            writer.kill()
        writer.stdin.close()
    except BrokenPipeError:  # psql stopped at an error, and said which
        reader.kill()
    finally:
        reader.stdout.close()
        reader.wait()
    return writer.wait() == 0 and reader.returncode == 0


def _as_counted(counts: dict[str, int]) -> str:
    """Raises an error in the transaction when a table does not hold as many rows as the manifest says."""
    schema = f'"{_schema()}"'
    lines = [
        f"IF (SELECT count(*) FROM {schema}.{connection.ops.quote_name(table)}) <> {rows:d} THEN "  # noqa: S608
        f"RAISE EXCEPTION 'rows of {table}'; END IF;"
        for table, rows in counts.items()
        if re.fullmatch(r"\w+", table)
    ]
    return f"DO $$ BEGIN {' '.join(lines)} END $$;"


def _schema() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])
