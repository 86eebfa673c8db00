"""What the logs say, of gunicorn, Celery and Django alike: one form, one clock (UTC), nothing personal.

Addresses carry tokens (invitations, partners' and caretakers' links, calendars) and what somebody searched: their first
word alone is written, as in nginx's log. An error is written with its type and its places in the code; its words may
repeat a row of the database, and are written only for errors of the machine itself.
"""

from __future__ import annotations

import json
import logging
import re
import smtplib
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

Found = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# An address in a message: behind a space, a quote or a bracket, or behind the name of a site.
_ADDRESS = re.compile(r"""(?:(?<=[\s"'(=])|^)(https?://[^/\s"']+)?(/[^\s"')]*)""")
# Loggers of libraries that write addresses.
_WRITE_ADDRESSES = ("django.request", "django.security", "django.server", "gunicorn")
# The errors of the machine: a server that does not answer, a file, a setting. A mail server's answers name people.
_OF_THE_MACHINE = {"django.db.utils.OperationalError", "django.core.exceptions.ImproperlyConfigured"}


def first_word(address: str) -> str:
    """« /invitation/… » of « /invitation/jeton/?q=mots »; « /… » where the first word may be the token itself."""
    path = address.partition("?")[0]
    word, slash, rest = path.removeprefix("/").partition("/")
    if path == "/" and address == path:
        return "/"
    if not slash or not re.fullmatch(r"[a-z0-9-]+", word):
        return "/…"
    return f"/{word}/…" if rest or address != path else f"/{word}/"


def without_addresses(text: str) -> str:
    return _ADDRESS.sub(lambda found: (found[1] or "") + first_word(found[2]), text)


def message_of(record: logging.LogRecord) -> str:
    """The record's words, without what they may repeat of a request or of an error."""
    if record.name == "celery.app.trace" and isinstance(record.args, dict) and "exc" in record.args:
        # Celery's own words hold the error's, and its traceback once more.
        return f"Task {record.args.get('name')}[{record.args.get('id')}] {record.args.get('description', '')}".strip()
    if not record.name.startswith(_WRITE_ADDRESSES):
        return record.getMessage()
    text = record.getMessage()
    if text.startswith("Invalid request"):
        return "Invalid request"  # gunicorn repeats what could not be read
    return without_addresses(text)


def name_of(error: type[BaseException]) -> str:
    module = error.__module__
    return error.__qualname__ if module == "builtins" else f"{module}.{error.__qualname__}"


def words_of(error: BaseException) -> str:
    """The first line of an error of the machine; nothing of any other."""
    of_the_machine = isinstance(error, (OSError, ImportError)) and not isinstance(error, smtplib.SMTPException)
    if not of_the_machine and name_of(type(error)) not in _OF_THE_MACHINE:
        return ""
    return (str(error).strip().splitlines() or [""])[0][:300]


def chain_of(error: BaseException) -> list[BaseException]:
    """The error and what caused it, the cause last."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


def traceback_of(error: BaseException) -> str:
    """As Python writes it, causes first, without the words of the errors nor any value."""
    parts = []
    for one in reversed(chain_of(error)):
        frames = traceback.extract_tb(one.__traceback__)
        lines = [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in frames]
        words = words_of(one)
        parts.append("\n".join([*lines, name_of(type(one)) + (f": {words}" if words else "")]))
    return "\n".join(parts)


class Line(logging.Formatter):
    """« 2026-03-31T07:15:00.123+00:00 WARNING solidarites.mail: … »"""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{moment(record)} {record.levelname} {record.name}: {message_of(record)}"
        error = error_of(record)
        if error and is_known_trouble(record):
            return f"{text} ({name_of(type(error))}: {words_of(error)})"
        return f"{text}\n{traceback_of(error)}" if error else text


class Json(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": moment(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": message_of(record),
        }
        if error := error_of(record):
            words = words_of(error) if is_known_trouble(record) else traceback_of(error)
            said |= {"error": name_of(type(error)), "traceback": words}
        return json.dumps(said, ensure_ascii=False)


def is_known_trouble(record: logging.LogRecord) -> bool:
    """A full disk, a database that is away: each open page says it every few seconds; where tells nothing."""
    return getattr(record, "status_code", 0) == 503


def moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None


class Foreseen(logging.Filter):
    """Django logs as an error every answer from 500 on; those without an exception are ours, given on purpose."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR and not record.exc_info:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True
