"""Beat, with a sign of life of its own: the worker's alone would not say which of the two has stopped."""

from __future__ import annotations

from typing import Any

from celery.beat import PersistentScheduler
from django.db import close_old_connections
from django.utils import timezone

from solidarites import health

EVERY = 30.0


class Scheduler(PersistentScheduler):
    _next_sign = 0.0

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        pause = super().tick(*args, **kwargs)
        now = timezone.now()
        if now.timestamp() >= self._next_sign:
            self._next_sign = now.timestamp() + EVERY
            health.guarded(lambda: health.beat_now(health.BEAT, now))
            close_old_connections()
        return pause
