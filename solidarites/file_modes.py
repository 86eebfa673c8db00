"""Nobody else of the machine reads what this installation keeps: everything under VAR_DIR is 0700 or 0600.

Called as settings are read, so by every process, before it writes anything; what an older version or another program
left open is mended then. Standard library alone: nothing is configured yet.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# What a killed process left half written (an upload) may speak of people.
LEFT_OVER = 24 * 3600


def keep_private(folder: Path, *, temporary: bool = True) -> None:
    """From now on this process writes for its own user alone, in ``folder`` alone: its temporary files too."""
    os.umask(UMASK)
    folder.mkdir(parents=True, exist_ok=True)
    mend(folder)
    if temporary:
        # Neither the code nor /tmp has to be writable. Who sets TMPDIR chooses.
        tmp = folder / "tmp"
        tmp.mkdir(exist_ok=True)
        forget_left_overs(tmp)
        os.environ.setdefault("TMPDIR", str(tmp))


def mend(folder: Path) -> None:
    """Take from others what they may read; what belongs to somebody else, or goes away meanwhile, is left."""
    for path in (folder, *_under(folder)):
        with suppress(OSError):
            mode = path.lstat().st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def _under(folder: Path) -> Iterator[Path]:
    for found, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(found, name)


def forget_left_overs(tmp: Path) -> None:
    for path in tmp.iterdir():
        with suppress(OSError):
            if path.is_file() and time.time() - path.lstat().st_mtime > LEFT_OVER:
                path.unlink()
