"""What goes wrong in the machine itself becomes an alert: a task that fails, an e-mail that does not arrive."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns import alerts
from campaigns.models import Alert, Referral
from campaigns.models.levels import Level
from solidarites import health, mail
from solidarites.models import OutgoingMail

# A task that has failed for this long is more than a passing trouble: coordinators get an e-mail.
FAILING_FOR = timedelta(minutes=15)
LOST = (OutgoingMail.State.FAILED, OutgoingMail.State.BOUNCED)
# campaigns.referrals.watch tells of these, on their referral.
TOLD_ELSEWHERE = mail.about(Referral)

TASKS = {
    "solidarites.tasks.heartbeat": "signe de vie",
    "solidarites.tasks.send_mail": "envoi des e-mails",
    "solidarites.tasks.read_bounces": "lecture des e-mails revenus",
    "solidarites.tasks.forget_old_rows": "effacement du journal ancien",
    "tenants.tasks.run_imports": "lecture des listes",
    "campaigns.tasks.release_stale_claims": "libération des dossiers",
    "campaigns.tasks.open_due_calls": "ouverture des appels de suivi",
    "campaigns.tasks.settle_follow_ups": "fins des suivis et des vagues de chaleur",
    "campaigns.tasks.remind_follow_ups": "rappel des suivis du lendemain",
    "campaigns.tasks.forget_past_absences": "effacement des absences passées",
    "campaigns.tasks.watch_missed_calls": "surveillance des suivis manqués",
    "campaigns.tasks.watch_stranded_plans": "surveillance des suivis qu'aucune campagne n'appelle",
    "campaigns.tasks.watch_referrals": "surveillance des signalements",
    "campaigns.tasks.watch_welfare_checks": "surveillance des veilles",
    "campaigns.tasks.remind_alerts": "rappel des alertes",
    "campaigns.tasks.watch_debriefs": "surveillance des bénévoles à écouter",
    "campaigns.tasks.watch_mail": "surveillance des e-mails",
    "campaigns.tasks.enrol_arrivals": "inscription des nouveaux foyers",
    "campaigns.tasks.enrol_campaign": "inscription des foyers",
    "campaigns.tasks.purge_expired": "effacement des données",
}


def label_of(task: str) -> str:
    return TASKS.get(task, task.rpartition(".")[2].replace("_", " "))


@transaction.atomic
def task_failed(*, task: str, now: datetime) -> None:
    """Raise an alert (U2) at the first failure; U1, by e-mail, when the task still fails 15 minutes later."""
    since = health.task_failed(task, now)
    level = Level.U1 if now - since >= FAILING_FOR else Level.U2
    alerts.raise_alert(task=task, kind=Alert.Kind.TASK_FAILED, level=level, now=now)


@transaction.atomic
def task_succeeded(*, task: str, now: datetime) -> None:
    """Note it; alerts of a task that works again are solved by themselves, those that somebody took excepted."""
    if not health.task_succeeded(task, now):
        return
    mine = Alert.objects.unsolved().filter(kind=Alert.Kind.TASK_FAILED, task=task, taken_by=None)
    for alert in mine:
        alerts.solve(alert=alert, solution="La tâche fonctionne de nouveau.", by=None, now=now)


def watch_mail(*, now: datetime) -> int:
    """Raise one alert for each e-mail that finally failed, referrals' excepted. Safe twice at once.

    U2: an alert about an e-mail sends no e-mail, or a server that refuses them all would make ever more.
    """
    since = now - timedelta(days=7)
    told = Alert.objects.filter(mail=OuterRef("pk"))
    lost = OutgoingMail.objects.filter(~Exists(told), state__in=LOST, next_try_at__gte=since).exclude(TOLD_ELSEWHERE)
    count = 0
    for row in lost:
        alerts.raise_alert(mail=row, kind=Alert.Kind.MAIL_FAILED, level=Level.U2, now=now)
        count += 1
    return count
