from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.utils import timezone


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campagnes"

    def ready(self) -> None:
        # Django forbids models before this moment.
        from campaigns import journaled, listeners  # noqa: PLC0415
        from campaigns.setup import leaving  # noqa: PLC0415
        from solidarites import departures  # noqa: PLC0415

        user_logged_out.connect(leave_the_queue, dispatch_uid="campaigns.queue")
        journaled.connect()
        departures.subscribe(leaving.foresee, leaving.settle)
        listeners.connect()


def leave_the_queue(**kwargs: Any) -> None:
    """Signed out, by oneself or after idle hours: the household held goes to somebody else."""
    from campaigns import queue  # noqa: PLC0415

    if kwargs.get("user") is not None:
        queue.leave(by=kwargs["user"], now=timezone.now())
