"""The embedded broker: kombu's filesystem transport, safe against readers and killed processes.

kombu writes a message in place, so a worker that looks at that moment reads half of it and stops. Here a
message appears under its name only once it is whole (rename), is taken by a rename inside the same
folder (one taker, whatever the disks), and an unreadable file left by a full disk is put aside.
"""

from __future__ import annotations

import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        # Wall clock, zero-padded: the order survives a restart of the machine.
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        draft = folder / f"{name}.part"
        draft.write_text(dumps(payload))
        draft.replace(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        folder = Path(self.data_folder_in)
        for name in sorted(path.name for path in folder.iterdir()):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f"{name}.{os.getpid()}.taken"
            try:
                (folder / name).rename(taken)
            except OSError:
                continue  # another process took it first
            text = taken.read_text(errors="replace")
            taken.unlink()
            try:
                message: dict[str, Any] = loads(text)
            except ValueError:
                log.warning("an unreadable message was dropped from the broker folder; its row will be found again")
                continue
            return message
        raise Empty


class Transport(filesystem.Transport):
    Channel = Channel
    # Seconds. kombu would wait a whole one, even between the messages of a burst, and beat's ticks grow old behind it.
    polling_interval = 0.1
