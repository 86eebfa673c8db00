"""Runs a module under a clock that the test moves: ``python -m tests.processes.shifted celery -A …``.

The file named by CLOCK_OFFSET holds the seconds to add, read at each call: every process of the
installation jumps at the same instant. Put in place before the models bind ``timezone.now``.
"""

from __future__ import annotations

import os
import runpy
import sys
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

OFFSET = Path(os.environ["CLOCK_OFFSET"])
real_now = timezone.now


def now() -> datetime:
    return real_now() + timedelta(seconds=float(OFFSET.read_text()))


if __name__ == "__main__":
    timezone.now = now
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
