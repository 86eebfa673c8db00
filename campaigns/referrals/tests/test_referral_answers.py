"""Referrals once sent: taken back, withdrawn, declined, answered, called back, closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns import referrals
from campaigns.models import Alert, Case, Need, Referral
from campaigns.referrals import ReferralError
from campaigns.referrals.tests.referral_cast import do, make_call, make_partner, make_referral
from solidarites.models import OutgoingMail
from tests import factories

pytestmark = pytest.mark.django_db

State = Referral.State


# Back, withdrawn, rerouted ----------------------------------------------------------------------------------


def test_an_approval_taken_back_keeps_its_message_from_leaving(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    referrals.back_to_draft(referral=referral, by=coordinator, now=now)
    assert OutgoingMail.objects.get().state == OutgoingMail.State.CANCELLED
    assert referral.token == ""
    do("approve", referral, coordinator, now)
    assert OutgoingMail.objects.get(state="queued").key == f"referral:{referral.pk}:sent:2"


def test_an_approval_whose_message_left_cannot_be_taken_back(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    OutgoingMail.objects.update(state=OutgoingMail.State.SENDING)
    with pytest.raises(ReferralError, match="déjà parti"):
        referrals.back_to_draft(referral=referral, by=coordinator, now=now)


def test_withdrawing_shuts_the_link_and_tells_the_partner_by_reference(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    referrals.withdraw(referral=referral, reason="Ne souhaite plus.", by=coordinator, now=now)
    referral.refresh_from_db()
    assert (referral.token, referral.token_until) == ("", None)
    assert OutgoingMail.objects.get(template="referral_withdrawn").context["reference"] == referral.reference
    assert set(referral.needs.values_list("state", flat=True)) == {Need.State.DROPPED}


def test_withdrawing_before_the_message_left_tells_nobody(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    referrals.withdraw(referral=referral, reason="Ne souhaite plus.", by=coordinator, now=now)
    assert list(OutgoingMail.objects.values_list("state", flat=True)) == ["cancelled"]


def test_a_withdrawal_needs_a_reason(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    with pytest.raises(ReferralError, match="pourquoi"):
        referrals.withdraw(referral=referral, reason=" ", by=coordinator, now=now)


def test_a_declined_referral_goes_to_another_partner_with_a_new_link(coordinator, now):
    first, second = make_partner(), make_partner("Mairie de Bordeaux", email="mairie@ville.exemple.fr")
    referral = make_referral(coordinator, now, state=State.DECLINED, partner=first)
    assert referral.token == ""
    with pytest.raises(ReferralError, match="vient de décliner"):
        referrals.reroute(referral=referral, partner=first, by=coordinator, now=now)
    referrals.reroute(referral=referral, partner=second, by=coordinator, now=now)
    referrals.approve(referral=referral, by=coordinator, now=now)
    row = OutgoingMail.objects.get(state="queued")
    assert row.to == second.email
    assert [e.partner for e in referral.events.filter(action__in=["declined", "rerouted"])] == [first, second]


def test_an_urgent_referral_declined_raises_an_alert_until_it_moves_again(coordinator, now):
    referral = make_referral(coordinator, now, state=State.DECLINED, level="U1")
    alert = Alert.objects.get(kind=Alert.Kind.REFERRAL_WAITING)
    do("reroute", referral, coordinator, now)
    alert.refresh_from_db()
    assert alert.solved_at == now


def test_declining_needs_a_reason(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    with pytest.raises(ReferralError):
        referrals.decline(referral=referral, reason="", by=None, now=now)


# Answer, call back, closing -------------------------------------------------------------------------------------


def test_an_answer_opens_the_call_back_to_the_tenant(coordinator, now):
    referral = make_referral(coordinator, now, state=State.IN_PROGRESS)
    Case.objects.update(**factories.closed())
    do("answer", referral, coordinator, now)
    case = Case.objects.get()
    assert case.status == Case.Status.OPEN
    assert case.next_call_kind == Case.Kind.CALL_BACK_AFTER_REFERRAL
    assert case.next_call_at == now
    assert referral.answer_result == "help_in_place"


def test_a_held_case_is_not_put_back_in_the_queue_by_an_answer(coordinator, now):
    referral = make_referral(coordinator, now, state=State.IN_PROGRESS)
    Case.objects.update(status=Case.Status.ON_HOLD, hold_reason=Case.Hold.PERSON_CLOSED)
    do("answer", referral, coordinator, now)
    assert Case.objects.get().status == Case.Status.ON_HOLD
    assert referral.events.filter(action="call_back_blocked").exists()


def test_it_closes_only_after_the_tenant_was_called_back(coordinator, volunteer, now):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    with pytest.raises(ReferralError, match="pas encore été rappelé") as error:
        referrals.close(referral=referral, reason="help_in_place", by=coordinator, now=now)
    assert error.value.field == "no_call_back_reason"
    # Nobody answered: not yet.
    make_call(referral.case, volunteer, now + timedelta(hours=1), outcome="no_answer")
    with pytest.raises(ReferralError):
        referrals.close(referral=referral, reason="help_in_place", by=coordinator, now=now)
    call = make_call(referral.case, volunteer, now + timedelta(hours=2))
    referrals.close(referral=referral, reason="help_in_place", by=coordinator, now=now + timedelta(hours=3))
    referral.refresh_from_db()
    assert referral.called_back_at == call.started_at
    assert set(referral.needs.values_list("state", flat=True)) == {Need.State.MET}
    assert referral.token == ""


def test_a_call_before_the_answer_is_no_call_back(coordinator, volunteer, now):
    referral = make_referral(coordinator, now, state=State.IN_PROGRESS)
    make_call(referral.case, volunteer, now)
    referrals.answer(
        referral=referral, result="help_in_place", text="Fait.", by=coordinator, now=now + timedelta(hours=1)
    )
    with pytest.raises(ReferralError):
        referrals.close(referral=referral, reason="help_in_place", by=coordinator, now=now + timedelta(hours=2))


def test_it_closes_without_a_call_back_when_the_reason_is_written(coordinator, now):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    referrals.close(referral=referral, reason="hospital", no_call_back_reason="Hospitalisée.", by=coordinator, now=now)
    assert referral.no_call_back_reason == "Hospitalisée."
    assert set(referral.needs.values_list("state", flat=True)) == {Need.State.DROPPED}


def test_a_coordinator_may_call_back_herself(coordinator, now):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    referrals.note_call_back(referral=referral, at=now, by=coordinator, now=now)
    referrals.close(referral=referral, reason="help_in_place", by=coordinator, now=now)
    assert referral.state == State.CLOSED
    with pytest.raises(ReferralError, match="futur"):
        referrals.note_call_back(referral=referral, at=now + timedelta(days=1), by=coordinator, now=now)


def test_help_that_did_not_come_goes_back_to_the_partner(coordinator, now):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    referrals.resume(referral=referral, reason="Rien n'est venu.", by=coordinator, now=now)
    assert referral.state == State.IN_PROGRESS
    assert OutgoingMail.objects.filter(template="referral_reminder").count() == 1


def test_a_partner_cannot_answer_twice_nor_take_charge_again(coordinator, now):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    for act in ("answer", "take_charge", "decline", "acknowledge"):
        with pytest.raises(ReferralError):
            do(act, referral, coordinator, now)


def test_an_unknown_result_or_reason_is_refused(coordinator, now):
    referral = make_referral(coordinator, now, state=State.IN_PROGRESS)
    with pytest.raises(ReferralError):
        referrals.answer(referral=referral, result="bogus", text="x", by=None, now=now)
    do("answer", referral, coordinator, now)
    with pytest.raises(ReferralError):
        referrals.close(referral=referral, reason="bogus", no_call_back_reason="x", by=coordinator, now=now)


def test_an_answer_by_phone_is_written_as_the_coordinators(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    referrals.acknowledge(referral=referral, by=coordinator, now=now)
    event = referral.events.last()
    assert (event.actor, event.by) == ("user", coordinator)
    do("take_charge", referral, coordinator, now)
    assert referral.events.last().actor == "partner"


def test_a_phone_call_to_the_partner_is_recorded_with_the_person_reached(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT, level="U0")
    referrals.record_phone_call(referral=referral, person="Mme Roy", at=now, by=coordinator, now=now)
    referral.refresh_from_db()
    assert (referral.phoned_at, referral.phoned_person) == (now, "Mme Roy")
    with pytest.raises(ReferralError, match="futur"):
        referrals.record_phone_call(
            referral=referral, person="Mme Roy", at=now + timedelta(hours=1), by=coordinator, now=now
        )
