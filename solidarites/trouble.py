"""What a page meets and nobody wrote into the code: a disk that is full, a database that does not answer.

Nothing is half written then (each rule is one transaction), and it passes: the page says so, with what was typed.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest

from solidarites.logs import chain_of

NO_ROOM, NO_DATABASE = "no_room", "no_database"

_SYSTEM = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
# SQLite, in the low byte of its codes. A write-ahead log that cannot grow is an error of input and output.
_SQLITE = {
    sqlite3.SQLITE_FULL: NO_ROOM,
    sqlite3.SQLITE_IOERR: NO_ROOM,
    sqlite3.SQLITE_READONLY: NO_ROOM,
    sqlite3.SQLITE_CANTOPEN: NO_DATABASE,
    sqlite3.SQLITE_BUSY: NO_DATABASE,
}
# PostgreSQL: disk_full, io_error, read_only_sql_transaction; then what begins so: connections, resources, a shutdown.
_POSTGRESQL = {"53100": NO_ROOM, "58030": NO_ROOM, "25006": NO_ROOM}
_POSTGRESQL_AWAY = ("08", "53", "57P")

# Never given back in a page: what proves who somebody is.
_SECRET = ("password", "oldpassword", "code", "token")
# Characters: more is a whole document, which the browser still has.
_MOST_TYPED = 200_000


def kind_of(error: BaseException | None) -> str:
    """NO_ROOM, NO_DATABASE, or nothing for an error that is our own."""
    for one in chain_of(error) if error else []:
        if found := _kind_of_one(one):
            return found
    return ""


def _kind_of_one(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in _SYSTEM:
        return NO_ROOM
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get((getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF, "")
    if not isinstance(error, (OperationalError, InterfaceError)):
        return ""
    cause: Any = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return _kind_of_one(cause)
    state = getattr(cause, "pgcode", None)
    if state in _POSTGRESQL:
        return _POSTGRESQL[state]
    # Without a code nobody answered.
    return NO_DATABASE if state is None or state.startswith(_POSTGRESQL_AWAY) else ""


def typed_in(request: HttpRequest) -> list[tuple[str, str]] | None:
    """What this form sent, to be sent again; None when it cannot be (a file, a password, no form of ours)."""
    # An error met before the view may be that of a form on another site: only a browser tells.
    ours = request.resolver_match is not None or request.headers.get("Sec-Fetch-Site") == "same-origin"
    if request.method != "POST" or not ours:
        return None
    try:
        if request.FILES:
            return None
        sent = [(name, str(value)) for name, values in request.POST.lists() for value in values]
    except Exception:  # whatever stopped its reading the first time
        return None
    kept = [(name, value) for name, value in sent if name != "csrfmiddlewaretoken"]
    if any(name.lower().startswith(_SECRET) for name, _ in kept) or sum(len(value) for _, value in kept) > _MOST_TYPED:
        return None
    return kept
