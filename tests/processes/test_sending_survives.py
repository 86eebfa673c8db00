"""Worker and broker killed while approved referrals leave, before a server that is rude: none lost, none told twice."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Alert, Referral
from campaigns.referrals.tests.referral_cast import make_partner, make_referral
from solidarites import mail
from solidarites.models import OutgoingMail
from tests.factories import make_campaign, make_case
from tests.processes.busy_hour import Broker, Interrupted
from tests.processes.installation import Installation, wait_until
from tests.smtp import CLOSE, ids_of, smtp_server

State = Referral.State
TASKS = ("solidarites.tasks.send_mail", "campaigns.tasks.watch_referrals")


def approved(coordinator: Any, count: int) -> list[Referral]:
    now = timezone.now() - timedelta(seconds=5)
    partner = make_partner()
    campaign = make_campaign(now=now)
    return [
        make_referral(coordinator, now, state=State.APPROVED, partner=partner, case=make_case(campaign, now=now))
        for _ in range(count)
    ]


def survive(installation: Installation, coordinator: Any, *, count: int, kills: int) -> None:
    approved(coordinator, count)
    with smtp_server() as (inbox, port):
        # So that deaths fall between a message taken and its answer.
        inbox.slowness = 0.05
        # Their pace and their patience are not what is looked at here.
        installation.environment |= {
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "EMAIL_TIMEOUT": "10",
            "MAIL_PER_MINUTE": "10000",
        }
        broker, interrupted = Broker(installation), Interrupted()
        worker = installation.worker()
        for number in range(kills):
            # Deaths fall all along the sending, whatever the machine's speed.
            already = len(inbox.taken)
            if number % 2:
                inbox.answers = ["451 later", CLOSE, "", "421 busy"]
                inbox.keeps_when_closing = True
            for task in TASKS:
                installation.ask(task)
            wait_until(lambda known=already: len(inbox.taken) > known, say=worker.output)
            if number == 0:
                broker.kill()
            worker.kill()
            interrupted.note()
            worker = installation.worker()
            # Pauses and leases pass at once; what was tried comes after what never was, or the first ones would
            # meet every death and every rudeness until no try is left.
            past = timezone.now() - timedelta(seconds=1)
            OutgoingMail.objects.filter(mail.WAITING, next_try_at__gt=past).update(next_try_at=past)

        def settled() -> bool:
            past = timezone.now() - timedelta(seconds=1)
            OutgoingMail.objects.filter(state=OutgoingMail.State.QUEUED, attempts__gt=0).update(next_try_at=past)
            for task in TASKS:
                installation.ask(task)
            time.sleep(0.4)
            return not Referral.objects.filter(state=State.APPROVED).exists()

        wait_until(settled, patience=120, say=worker.output)
        worker.kill()
        rows = {row.message_id: row for row in OutgoingMail.objects.all()}
        assert len(rows) == count
        assert set(inbox.copies()) == set(rows), "each intended message has arrived, and no other"
        # A second copy only where a process died while the server answered, or where the server cut after taking it.
        reasons = interrupted.times() + Counter(ids_of(inbox.closed))
        more = {key: copies - 1 for key, copies in inbox.copies().items() if copies > 1}
        assert all(count <= reasons[key] for key, count in more.items()), "a second copy that nothing explains"
        assert all(rows[key].was_unsure for key in more)
        assert {row.state for row in rows.values()} == {OutgoingMail.State.SENT}
        assert set(Referral.objects.values_list("state", flat=True)) == {State.SENT}
        moves = Referral.objects.filter(events__action="sent").count()
        assert moves == count, "told once in each timeline"
        print(
            f"\n{count} referrals, {kills} kills: {len(inbox.taken)} copies, {sum(more.values())} of them second ones; "
            f"{len(interrupted.seen)} sendings cut short by a death, {len(inbox.closed)} by the server"
        )
    assert not Alert.objects.filter(kind=Alert.Kind.MAIL_FAILED).exists()
    connection.close()


def test_thirty_referrals_leave_once_whatever_dies(installation: Installation, coordinator: Any) -> None:
    survive(installation, coordinator, count=30, kills=2)


@pytest.mark.soak
def test_three_hundred_referrals_leave_once_whatever_dies(installation: Installation, coordinator: Any) -> None:
    survive(installation, coordinator, count=300, kills=20)
