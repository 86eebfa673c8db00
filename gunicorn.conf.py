"""Read by gunicorn where it starts: its own temporary files are in VAR_DIR, for its own user alone."""

import tempfile

from solidarites import settings  # the rights, and TMPDIR, from the first process on

worker_tmp_dir = tempfile.gettempdir()
# « make demo » answers on this port while it prepares, until the application does.
reuse_port = settings.DEMO
