"""Read by gunicorn where it starts: its temporary files are in VAR_DIR, its logs are those of the application."""

import tempfile
from typing import Any

from gunicorn import glogging

from solidarites import logs, settings  # (the rights, and TMPDIR, from the first process on)

worker_tmp_dir = tempfile.gettempdir()
# « make demo » answers on this port while it prepares, until the application does.
reuse_port = settings.DEMO


class Logger(glogging.Logger):  # type: ignore[misc]
    """Whatever format is asked for, a line about a request holds neither token, search, cookie nor referrer."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        ours = logs.Json() if settings.LOG_FORMAT == "json" else logs.Line()
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(ours)

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        address = logs.first_word(environ["RAW_URI"])
        kept = {key: value for key, value in found.items() if not key.startswith("{")}
        line = f"{found['m']} {address} {found['H']}"
        return {**kept, "r": line, "U": address, "q": "", "f": "-", "u": "-"}


logger_class = Logger
# No access log unless it is asked for (GUNICORN_CMD_ARGS="--access-logfile -"): nginx keeps one.
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %(M)s ms'
