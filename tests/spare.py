"""A database of the test's own, which a restore may replace: a copy of the empty one, at every migration."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

_number = itertools.count(1)


@contextmanager
def spare_database(folder: Path) -> Iterator[str]:
    """The default connection leads to it until the block ends; gives its name (a path, on SQLite)."""
    original = str(connection.settings_dict["NAME"])
    name = (
        str(folder / "base.sqlite3")
        if connection.vendor == "sqlite"
        else f"{original}_spare_{os.getpid()}_{next(_number)}"
    )
    connections.close_all()
    make_empty(original, name)
    connection.settings_dict["NAME"] = name
    try:
        # However the tests' own database was made, the copy is one that « migrate » made.
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        for app, migration in set(MigrationLoader(None).disk_migrations) - set(recorder.applied_migrations()):
            recorder.record_applied(app, migration)
        yield name
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = original
        if connection.vendor == "postgresql":
            ask_server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def make_empty(original: str, name: str) -> None:
    if connection.vendor == "postgresql":
        ask_server(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
        return
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(name)) as copy:
        source.backup(copy)


def ask_server(statement: str) -> None:
    with closing(server()) as link, link.cursor() as cursor:
        cursor.execute(statement)


def server(name: str = "postgres") -> Any:
    data = connection.settings_dict
    link = psycopg2.connect(
        dbname=name,
        user=data["USER"] or None,
        password=data["PASSWORD"] or None,
        host=data["HOST"] or None,
        port=data["PORT"] or None,
    )
    link.autocommit = True
    return link
