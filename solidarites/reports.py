"""Errors reach somebody: by mail (ADMINS), or at a Sentry server (SENTRY_DSN). Read as the settings are.

Whatever is logged as an error passes here, of pages, tasks and commands alike. Only this leaves: the type of the error
and of its causes, the module, function and line of each step, the version and the moment. Words, values, addresses,
people and machines stay. One error, at one place, is told at most once in ten minutes.
"""

from __future__ import annotations

import logging
import smtplib
import sys
import tomllib
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.mail import mail_admins

from solidarites import limits
from solidarites.limits import Limit
from solidarites.logs import chain_of, error_of, name_of

ONCE = Limit(1, 600)
OURS = ("solidarites", "tenants", "campaigns")
# All that an event may hold; the library adds the machine, its libraries, its own name.
KEPT = ("event_id", "timestamp", "platform", "level", "logger", "release", "exception")


@dataclass(frozen=True)
class Step:
    module: str
    function: str
    line: int


@dataclass(frozen=True)
class Fault:
    """``errors``: the error, then its causes, each with its steps, the innermost last."""

    errors: list[tuple[str, list[Step]]]
    logger: str
    moment: datetime

    @property
    def type(self) -> str:
        return self.errors[0][0]

    @property
    def place(self) -> Step:
        """The innermost step that is ours, else the innermost."""
        steps = self.errors[0][1]
        ours = [step for step in steps if step.module.partition(".")[0] in OURS]
        return (ours or steps)[-1]

    @property
    def fingerprint(self) -> str:
        return sha256(f"{self.type} {self.place}".encode()).hexdigest()[:32]


def fault_of(record: logging.LogRecord) -> Fault:
    error = error_of(record)
    errors = [(name_of(type(one)), _steps(one)) for one in chain_of(error)] if error else []
    logged = Step(record.name, record.funcName or "?", record.lineno)
    if not errors:
        errors = [("error", [logged])]
    elif not errors[0][1]:
        errors[0] = (errors[0][0], [logged])
    return Fault(errors, record.name, datetime.fromtimestamp(record.created, UTC))


def _steps(error: BaseException) -> list[Step]:
    return [
        Step(str(frame.f_globals.get("__name__", "?")), frame.f_code.co_name, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]


class Reporter(logging.Handler):
    """Does nothing on an installation that names nobody. What fails here is told on the console, and stops nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        if not settings.SENTRY_DSN and not settings.ADMINS:
            return
        if getattr(record, "status_code", 500) < 500:
            return  # Django's word for a request that robots made up (another Host)
        try:
            fault = fault_of(record)
            if not _is_new(fault):
                return
            if settings.SENTRY_DSN:
                import sentry_sdk  # noqa: PLC0415  (see to_sentry)

                sentry_sdk.capture_event(event_of(fault))
            if settings.ADMINS:
                # A mail server takes its time, and whoever met the error waits for a page.
                Thread(target=_send, args=(fault,), name="report").start()
        except Exception as error:
            sys.stderr.write(f"an error could not be reported: {name_of(type(error))}\n")


def _is_new(fault: Fault) -> bool:
    """Among all processes where the cache is shared, in this one otherwise."""
    return limits.within(f"report:{fault.fingerprint}", ONCE)


def version() -> str:
    path = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(path.read_text())["project"]["version"])


# By mail ----------------------------------------------------------------------------------------------------
def _send(fault: Fault) -> None:
    try:
        mail_admins(f"erreur {fault.type}", text_of(fault))
    except (OSError, smtplib.SMTPException) as error:
        sys.stderr.write(f"an error could not be mailed: {name_of(type(error))}\n")


def text_of(fault: Fault) -> str:
    """In French, for whoever administers."""
    place = fault.place
    steps = []
    for name, path in reversed(fault.errors):
        steps += [*(f"  {step.module}.{step.function}, ligne {step.line}" for step in path), name, ""]
    return "\n".join(
        [
            "Une erreur est survenue dans Solidarités.",
            "",
            f"Erreur\u00a0: {fault.type}",
            f"Où\u00a0: {place.module}.{place.function}, ligne {place.line}",
            f"Version\u00a0: {version()}",
            f"Moment\u00a0: {fault.moment:%Y-%m-%d %H:%M:%S} UTC",
            "",
            *steps,
            "La même erreur n'est pas redite avant dix minutes. Ce message ne contient aucune donnée\u00a0: ni ce qui",
            "était saisi, ni l'adresse de la page, ni le texte de l'erreur. La suite est dans le journal du serveur.",
        ]
    )


# At a Sentry server -------------------------------------------------------------------------------------------
# What the library may add by itself; whatever it is not told to leave, it takes.
NOTHING: Any = {
    "user_info": False,
    "cookies": {"mode": "off"},
    "http_headers": {"request": {"mode": "off"}},
    "http_bodies": [],
    "url_query_params": {"mode": "off"},
    "graphql": {"document": False, "variables": False},
    "gen_ai": {"inputs": False, "outputs": False},
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
    "frame_context_lines": 0,
}


def to_sentry(dsn: str, **more: Any) -> None:
    """Nothing of the library's own gathering is turned on; ``more`` are its options (a test's transport)."""
    # Loaded where a server is named: settings read this file, and every start would wait for it.
    import sentry_sdk  # noqa: PLC0415

    sentry_sdk.init(
        dsn=dsn,
        release=version(),
        default_integrations=False,
        auto_enabling_integrations=False,
        data_collection=NOTHING,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        server_name="",
        before_send=_only_what_is_said,
        **more,
    )


def event_of(fault: Fault) -> Any:
    values = [
        {
            "type": name,
            "stacktrace": {
                "frames": [{"module": step.module, "function": step.function, "lineno": step.line} for step in steps]
            },
        }
        # Sentry reads the cause first.
        for name, steps in reversed(fault.errors)
    ]
    return {
        "platform": "python",
        "level": "error",
        "logger": fault.logger,
        "timestamp": fault.moment.isoformat(),
        "exception": {"values": values},
    }


def _only_what_is_said(event: Any, hint: Any) -> Any:
    return {key: event[key] for key in KEPT if key in event}
