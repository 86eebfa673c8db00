"""The Celery application and the whole schedule.

Every task below finds its work as rows and claims it by a conditional update: running one twice, or two
beats by mistake, repeats nothing. ``delay_on_commit`` elsewhere only makes the same work start sooner.
"""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.contrib.django.task import DjangoTask
from celery.schedules import crontab
from celery.signals import beat_init, setup_logging, worker_init, worker_process_init
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction


class PromptTask(DjangoTask):
    """A broker that is down is logged and never fails the page: beat finds the committed row later."""

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:
        def ask() -> None:
            self.delay(*args, **kwargs)

        transaction.on_commit(ask, robust=True)


app = Celery("solidarites", task_cls=PromptTask)

# No test talks to a broker, except those that start real processes: they run outside pytest.
broker_url = "memory://" if settings.TESTING else settings.CELERY_BROKER_URL
# Celery prefers this variable to its own configuration.
os.environ.pop("CELERY_BROKER_URL", None)
EMBEDDED = broker_url.startswith("filesystem")
TRANSPORT_ALIASES["filesystem"] = "solidarites.broker:Transport"

transport: dict[str, Any] = {}
if EMBEDDED:
    # kombu warns about an address without a host.
    broker_url = "filesystem://localhost//"
    for name in ("queue", "control"):
        (settings.BROKER_DIR / name).mkdir(parents=True, exist_ok=True)
    transport = {
        "data_folder_in": str(settings.BROKER_DIR / "queue"),
        "data_folder_out": str(settings.BROKER_DIR / "queue"),
        "control_folder": str(settings.BROKER_DIR / "control"),
    }


def every(task: str, seconds: float) -> dict[str, Any]:
    """A task on a rhythm; a tick that waited longer than the rhythm is dropped, the next one does its work."""
    return {"task": task, "schedule": seconds, "options": {"expires": max(seconds, 60.0)}}


def nightly(task: str, hour: int, minute: int) -> dict[str, Any]:
    return {"task": task, "schedule": crontab(hour=hour, minute=minute), "options": {"expires": 12 * 3600.0}}


app.conf.update(
    broker_url=broker_url,
    broker_transport_options=transport,
    broker_connection_retry_on_startup=True,
    # However long it was away; celery gives up after a hundred tries.
    broker_connection_max_retries=None,
    # A request never waits long on a broker that is down: beat finds the row a moment later.
    broker_connection_timeout=2,
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.2},
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    # Remote control fans out by files that nobody would tidy up.
    worker_enable_remote_control=not EMBEDDED,
    # Messages of the console mail backend are printed as they are.
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_scheduler="solidarites.scheduler:Scheduler",
    beat_schedule_filename=str(settings.VAR_DIR / "celerybeat-schedule"),
    beat_schedule={
        "heartbeat": every("solidarites.tasks.heartbeat", 30),
        "send-mail": every("solidarites.tasks.send_mail", 20),
        "run-imports": every("tenants.tasks.run_imports", 15),
        "release-stale-claims": every("campaigns.tasks.release_stale_claims", 60),
        "open-due-calls": every("campaigns.tasks.open_due_calls", 60),
        "watch-missed-calls": every("campaigns.tasks.watch_missed_calls", 60),
        "settle-follow-ups": every("campaigns.tasks.settle_follow_ups", 300),
        "remind-follow-ups": every("campaigns.tasks.remind_follow_ups", 600),
        "watch-referrals": every("campaigns.tasks.watch_referrals", 60),
        "watch-welfare-checks": every("campaigns.tasks.watch_welfare_checks", 300),
        "remind-alerts": every("campaigns.tasks.remind_alerts", 60),
        "read-bounces": every("solidarites.tasks.read_bounces", 300),
        "watch-debriefs": every("campaigns.tasks.watch_debriefs", 600),
        "watch-mail": every("campaigns.tasks.watch_mail", 60),
        "enrol-arrivals": every("campaigns.tasks.enrol_arrivals", 600),
        "forget-past-absences": nightly("campaigns.tasks.forget_past_absences", 2, 45),
        "watch-stranded-plans": nightly("campaigns.tasks.watch_stranded_plans", 2, 30),
        "purge-expired": nightly("campaigns.tasks.purge_expired", 2, 15),
        "forget-old-rows": nightly("solidarites.tasks.forget_old_rows", 3, 0),
    },
)
app.autodiscover_tasks(["solidarites", "tenants", "campaigns"])


@setup_logging.connect
def log_as_the_pages_do(loglevel: int | None = None, **kwargs: Any) -> None:
    """Celery sets nothing up itself; its --loglevel is that of the process."""
    if loglevel:
        settings.LOGGING["root"]["level"] = loglevel
    dictConfig(settings.LOGGING)


@worker_init.connect
def start_worker(**kwargs: Any) -> None:
    refuse_to_serve("worker")


@beat_init.connect
def start_beat(**kwargs: Any) -> None:
    refuse_to_serve("beat")


def refuse_to_serve(kind: str) -> None:
    try:
        before_serving(kind)
    except ImproperlyConfigured as error:
        # Celery logs what a signal raises and goes on: only leaving stops it.
        raise SystemExit(str(error)) from error


def before_serving(kind: str) -> None:
    """Nothing serves during a restore, nor with another PRIVACY_KEY; and the demonstration and the real never mix.

    The demonstration refuses a database of real people, a real installation the demonstration's secrets and accounts.
    Web says the same as worker and beat. Raises ImproperlyConfigured, in one line that says what to do.
    """
    # The package of the project imports this file, before any model is there.
    from campaigns.demo import base  # noqa: PLC0415
    from solidarites import checks, running  # noqa: PLC0415

    running.announce(kind)
    if settings.DEMO:
        base.refuse_a_real_base()
    checks.refuse_demonstration_leftovers()
    checks.refuse_other_key()


@worker_process_init.connect
def leave_the_group(**kwargs: Any) -> None:
    """honcho sends SIGTERM to the whole group: the parent alone receives it, and lets each task end."""
    os.setpgid(0, 0)
