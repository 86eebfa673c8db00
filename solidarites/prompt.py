"""Ask for a task by its name, so that a rule knows nothing of tasks.

The work is a row of the database: beat finds it within its rhythm. Asking only makes it prompt.
"""

from __future__ import annotations

from celery import current_app
from django.db import transaction


def ask_for(task: str, *ids: int) -> None:
    """Send the task once the caller's transaction is committed; nothing when it is undone.

    A broker that is down is logged and fails nothing.
    """
    transaction.on_commit(lambda: current_app.send_task(task, args=ids), robust=True)
