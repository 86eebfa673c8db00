"""After a backup was put back, before anything starts: one transaction a subject, each safe to run again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction

from campaigns import purge
from campaigns.restoration.memory import Memory
from solidarites import health, journal, mail
from solidarites.models import OutgoingMail, User
from tenants import hashes
from tenants.models import Household

State = OutgoingMail.State
# Somebody outside waits for these and nothing sends them again: a second copy (same Message-ID) beats none. The rest
# is out of date (codes, rhythm of the day) or comes again by itself (reminders, alerts that nobody took).
WAITED_FOR = ("referral_sent", "referral_withdrawn", "caretaker_round", "invitation")


@dataclass
class Settled:
    """What was set right, in numbers, and what a person must look at."""

    carried: int = 0
    opposed: list[int] = field(default_factory=list)
    opposed_again: list[int] = field(default_factory=list)
    accounts: int = 0
    mails: Counter[str] = field(default_factory=Counter)
    unknown_referrals: list[str] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    campaigns: list[str] = field(default_factory=list)
    households_purged: int = 0


def settle(*, memory: Memory, made_at: datetime | None, now: datetime) -> Settled:
    """Carry over, hold back, sign out, purge; then one journal row.

    - Oppositions of the base that was there are written, and their people's households opposed.
    - Accounts closed since are closed again; everybody signs in again (sessions of then would come back to life).
    - Mails: see ``_settle_mails``.
    - The purges whose day came since the backup run, those of people first.
    - Claims need nothing: they ended with their hour, and the worker gives the cases back when it starts.
    """
    done = Settled()
    if memory.readable:
        done.carried, done.opposed = hashes.carry_over(
            found=memory.oppositions, opposed_ids=memory.opposed if memory.same else (), now=now
        )
    done.accounts = _close_accounts(memory)
    Session.objects.all().delete()
    done.mails = _settle_mails(memory, now)
    before = Household.objects.count()
    done.campaigns = [proof.campaign.name for proof in purge.purge_expired(now=now)]
    done.households_purged = before - Household.objects.count()
    if memory.readable and memory.same:
        _compare(memory, done)
    if made_at is not None:
        health.beat_now(health.BACKUP, made_at)
    journal.record(
        "installation.restored",
        oppositions=done.carried,
        households=len(done.opposed),
        accounts=done.accounts,
        mails=done.mails.total(),
        purged=done.households_purged,
    )
    return done


@transaction.atomic
def _close_accounts(memory: Memory) -> int:
    """Who was refused the door since the backup does not get in again by it."""
    open_again = User.objects.filter(is_active=True, email__in=memory.closed_accounts)
    for user in open_again:
        journal.record("account.deactivated", user)
    return open_again.update(is_active=False)


@transaction.atomic
def _settle_mails(memory: Memory, now: datetime) -> Counter[str]:
    """No message of the backup leaves a second time when the base that was there knows what became of it.

    - It does: the row takes that state, sent included, and a referral then goes on as sent. Still waiting there: it
      leaves, under its own Message-ID. Gone there: it was settled more than 30 days ago, and is cancelled.
    - It does not (no readable base): what somebody outside waits for goes again under its own Message-ID, noted as
      unsure, so that no referral is lost; the rest is cancelled.
    """
    found: Counter[str] = Counter()
    for row in OutgoingMail.objects.filter(mail.WAITING).select_for_update().order_by("pk"):
        if not memory.readable:
            again = row.template in WAITED_FOR
            state, sent_at, error = (State.QUEUED if again else State.CANCELLED), None, ""
            row.was_unsure = row.was_unsure or again
        else:
            known = memory.mails.get(row.message_id, (State.CANCELLED, None, ""))
            state, sent_at, error = State(known[0]), known[1], known[2]
            if state in (State.SENDING, State.UNSURE):
                state, row.was_unsure = State.QUEUED, True
        if state == State.QUEUED:
            row.next_try_at = max(row.next_try_at, now)
        row.state, row.sent_at, row.error = state, sent_at, error
        row.save(update_fields=["state", "sent_at", "error", "was_unsure", "next_try_at"])
        found[state] += 1
    return found


def _compare(memory: Memory, done: Settled) -> None:
    """What differs from the base that was there, and that only a person can decide."""
    here = set(Household.objects.values_list("pk", flat=True))
    done.back = sorted(here - set(memory.households))
    opposed = set(Household.objects.filter(opposed_at__isnull=False).values_list("pk", flat=True))
    done.opposed_again = sorted((opposed & set(memory.households)) - set(memory.opposed))
    known = set(OutgoingMail.objects.filter(template="referral_sent").values_list("message_id", flat=True))
    done.unknown_referrals = sorted({ref for sent, ref in memory.referrals.items() if sent not in known and ref})
