"""Two people, or two tasks, at the very same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from campaigns import referrals
from campaigns.models import Alert, PartnerCode, Referral, ReferralEvent
from campaigns.referrals import ReferralError, access
from campaigns.referrals.tests.referral_cast import make_call, make_need, make_partner, make_referral
from solidarites import mail
from solidarites.models import OutgoingMail
from tests.factories import make_case

pytestmark = pytest.mark.django_db(transaction=True)

State = Referral.State
AT_ONCE = 4


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """Run ``act(0)``, ``act(1)``… in threads that start together; what each gave, or the error it met."""
    barrier = threading.Barrier(AT_ONCE)
    results: list[Any] = [None] * AT_ONCE

    def run(index: int) -> None:
        try:
            barrier.wait(timeout=60)
            results[index] = act(index)
        except ReferralError as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


def fresh(pk: int) -> Referral:
    return Referral.objects.select_related(
        "case__household__landlord", "case__campaign", "partner", "mail", "tenant"
    ).get(pk=pk)


def test_a_double_click_approves_once(coordinator, now):
    referral = make_referral(coordinator, now)
    rows = [fresh(referral.pk) for _ in range(AT_ONCE)]
    results = at_once(lambda index: referrals.approve(referral=rows[index], by=coordinator, now=now))
    assert sum(isinstance(result, Referral) for result in results) == 1
    assert sum(isinstance(result, ReferralError) for result in results) == AT_ONCE - 1
    assert OutgoingMail.objects.count() == 1
    assert ReferralEvent.objects.filter(action="approved").count() == 1
    row = Referral.objects.get()
    assert access.token_of(row) in mail.build(OutgoingMail.objects.get()).body


def test_the_partner_and_the_coordinator_at_once_give_one_state(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    rows = [fresh(referral.pk) for _ in range(AT_ONCE)]

    def act(index):
        if index % 2:
            return referrals.decline(referral=rows[index], reason="Trop loin.", by=None, now=now)
        return referrals.withdraw(referral=rows[index], reason="Ne veut plus.", by=coordinator, now=now)

    results = at_once(act)
    assert sum(isinstance(result, Referral) for result in results) == 1
    moves = ReferralEvent.objects.filter(from_state=State.SENT)
    assert moves.count() == 1
    assert Referral.objects.get().state == moves.get().to_state


def test_watching_several_times_at_once_does_each_thing_once(coordinator, now, campaign):
    make_referral(coordinator, now, state=State.SENT, level="U0")
    sent = make_referral(coordinator, now, state=State.APPROVED, level="U3", case=make_case(campaign, now=now))
    OutgoingMail.objects.filter(pk=sent.mail_id).update(state="sent", sent_at=now)
    soon = make_referral(coordinator, now, state=State.SENT, level="U1", case=make_case(campaign, now=now))
    at_once(lambda index: referrals.watch_referrals(now=now + timedelta(hours=2, minutes=30)))
    assert ReferralEvent.objects.filter(referral=sent, action="sent").count() == 1
    assert OutgoingMail.objects.filter(template="referral_reminder").count() == 1
    assert ReferralEvent.objects.filter(referral=soon, action="reminded").count() == 1
    assert Alert.objects.filter(kind=Alert.Kind.REFERRAL_UNANSWERED).count() == 1
    assert ReferralEvent.objects.filter(action="escalated").count() == 1


def test_asking_for_codes_at_once_sends_one(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    results = at_once(lambda index: access.send_code(referral=referral, now=now))
    assert sorted(results) == [False, False, False, True]
    assert PartnerCode.objects.count() == 1


def test_a_code_typed_in_two_browsers_at_once_opens_one(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    access.send_code(referral=referral, now=now)
    code = access.code_of(PartnerCode.objects.get())
    results = at_once(lambda index: access.check_code(referral=referral, code=code, now=now))
    assert sum(results) == 1


def test_guesses_at_once_are_all_counted(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    access.send_code(referral=referral, now=now)
    code = access.code_of(PartnerCode.objects.get())
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    at_once(lambda index: [access.check_code(referral=referral, code=wrong, now=now) for _ in range(3)])
    assert PartnerCode.objects.get().tries == access.TRIES
    assert not access.check_code(referral=referral, code=code, now=now)


def test_drafts_at_once_have_references_of_their_own(coordinator, volunteer, now, campaign):
    make_partner()
    calls = [make_call(make_case(campaign, now=now), volunteer, now) for _ in range(AT_ONCE)]
    needs = [make_need(call) for call in calls]
    at_once(lambda i: referrals.draft_for_call(call=calls[i], needs=[needs[i]], by=volunteer, now=now))
    assert Referral.objects.values("reference").distinct().count() == AT_ONCE
