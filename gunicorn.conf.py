"""Read by gunicorn where it starts: its own temporary files are in VAR_DIR, for its own user alone."""

import tempfile

from solidarites import settings  # noqa: F401  (the rights, and TMPDIR, from the first process on)

worker_tmp_dir = tempfile.gettempdir()
