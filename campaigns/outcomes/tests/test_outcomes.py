"""The table of outcomes of docs/regles.md#issues, row by row, through record_call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import calls, outcomes, queue, scripts
from campaigns.models import Call, Case, DueCall, FollowUpPlan, WelfareCheck
from tenants.models import Opposition, PhoneNumber, Tenant
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
# A Tuesday at half past ten.
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
WELL = {"accueil": {"": "oui"}, "information": {"": "oui"}, "courses": {"": "moi"}, "suivi": {"": "non"}}


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Any:
    first, follow_up = scripts_of_the_product()
    return factories.make_campaign(
        volunteers=[volunteer, volunteer2], now=TUESDAY, hours=OFFICE, script=first, follow_up_script=follow_up
    )


def scripts_of_the_product() -> tuple[Any, Any]:
    loaded = {script.kind: script for script in scripts.load_defaults(now=TUESDAY)}
    return loaded["first"], loaded["follow_up"]


@pytest.fixture
def case(campaign: Any) -> Case:
    household = factories.make_household(last_name="Martin", first_name="Jeanne", civility="Mme")
    return factories.make_case(campaign, household, now=TUESDAY)


def well(case: Case) -> dict[str, Any]:
    """Every required answer of a person who is well."""
    people = [str(tenant.pk) for tenant in case.household.tenants.all()]
    personal = {"sante": "bien", "solitude": "rarement"}
    return WELL | {key: dict.fromkeys(people, value) for key, value in personal.items()}


def call(case: Case, by: Any, outcome: str, now: datetime = TUESDAY, **fields: Any) -> Call:
    given = queue.claim_next(campaign=case.campaign, by=by, now=now)
    assert given.case is not None, given.empty
    assert given.case.pk == case.pk
    assert given.call is not None
    return factories.record_call(
        case_id=case.pk, by=by, submission=given.call.submission, outcome=outcome, now=now, **fields
    )


def local(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(PARIS).strftime("%a %d/%m %H:%M")


def test_every_outcome_of_the_product_is_in_the_table() -> None:
    assert set(outcomes.TABLE) == {
        "completed", "callback", "soft_refusal", "refused_campaign", "opt_out", "other_person", "unable", "language",
        "cut_off", "busy", "no_answer", "voicemail_left", "voicemail_none", "wrong_number", "disconnected",
        "hospitalised", "deceased", "moved", "care_home",
    }  # fmt: skip
    assert set(Call.REACHED) == {
        "completed", "callback", "soft_refusal", "refused_campaign", "opt_out", "unable",
    }  # fmt: skip


def test_completed_closes_the_case(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "completed", answers=well(case))
    case.refresh_from_db()
    assert (case.status, case.closed_reason, case.claimed_by) == (Case.Status.CLOSED, "completed", None)
    assert case.reached_at == TUESDAY


def test_completed_waits_for_required_answers(case: Case, volunteer: Any) -> None:
    with pytest.raises(calls.CallError) as refusal:
        call(case, volunteer, "completed", answers={"accueil": {"": "oui"}})
    assert refusal.value.field == "q-information"
    case.refresh_from_db()
    assert case.status == Case.Status.OPEN


def test_callback_goes_to_the_same_volunteer_at_the_agreed_time(case: Case, volunteer: Any, volunteer2: Any) -> None:
    at = datetime(2026, 1, 14, 15, 0, tzinfo=PARIS)
    call(case, volunteer, "callback", callback_at=at)
    case.refresh_from_db()
    assert (case.tier, case.next_call_at, case.next_call_for, case.attempts) == (Case.Tier.CALLBACK, at, volunteer, 0)
    assert queue.claim_next(campaign=case.campaign, by=volunteer, now=at - timedelta(minutes=1)).case is None
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=at + timedelta(minutes=29)).case is None
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=at + timedelta(minutes=30)).case == case


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (datetime(2026, 1, 12, 15, 0, tzinfo=PARIS), "déjà passé"),
        (datetime(2026, 1, 14, 13, 0, tzinfo=PARIS), "n'appelle pas à ce moment-là"),
        (datetime(2026, 1, 17, 15, 0, tzinfo=PARIS), "n'appelle pas à ce moment-là"),
        (datetime(2026, 6, 17, 15, 0, tzinfo=PARIS), "deux mois"),
        (None, "Choisissez"),
    ],
)
def test_a_callback_outside_hours_is_refused_with_the_nearest_proposals(
    case: Case, volunteer: Any, at: datetime | None, message: str
) -> None:
    with pytest.raises(calls.CallError, match=message) as refusal:
        call(case, volunteer, "callback", callback_at=at)
    assert refusal.value.field == "callback_at"
    assert [local(moment) for moment in refusal.value.proposals] == [
        "Tue 13/01 11:30", "Tue 13/01 14:00", "Tue 13/01 17:00", "Wed 14/01 10:00",
    ]  # fmt: skip


def test_soft_refusal_is_tried_once_more_after_7_days_by_somebody_else(
    case: Case, volunteer: Any, volunteer2: Any
) -> None:
    call(case, volunteer, "soft_refusal")
    case.refresh_from_db()
    assert local(case.next_call_at) == "Tue 20/01 10:00"
    later = datetime(2026, 1, 20, 10, 5, tzinfo=PARIS)
    assert queue.claim_next(campaign=case.campaign, by=volunteer, now=later).case is None
    call(case, volunteer2, "soft_refusal", now=later)
    case.refresh_from_db()
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "refused")


def test_refused_campaign_closes_the_case(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "refused_campaign")
    case.refresh_from_db()
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "refused")
    assert case.household.opposed_at is None


def test_opt_out_records_the_opposition_and_stops_everything(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "opt_out")
    case.refresh_from_db()
    case.household.refresh_from_db()
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "opt_out")
    assert case.household.opposed_at == TUESDAY
    assert Opposition.objects.exists()


def test_other_person_is_tried_in_another_slot(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "other_person")
    case.refresh_from_db()
    assert local(case.next_call_at) == "Tue 13/01 11:30"
    assert (case.attempts, case.reached_at) == (1, None)


def test_unable_goes_to_a_coordinator(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "unable")
    case.refresh_from_db()
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.UNABLE)


def test_language_goes_to_a_volunteer_who_speaks_it(case: Case, volunteer: Any, volunteer2: Any) -> None:
    volunteer2.languages = ["pt"]
    volunteer2.save()
    call(case, volunteer, "language", language="pt")
    case.refresh_from_db()
    assert (case.status, case.language) == (Case.Status.OPEN, "pt")
    assert queue.claim_next(campaign=case.campaign, by=volunteer, now=TUESDAY).case is None
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=TUESDAY).case == case


def test_a_language_that_nobody_speaks_goes_to_a_coordinator(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "language", language="ar")
    case.refresh_from_db()
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.LANGUAGE)


@pytest.mark.parametrize("outcome", ["busy", "cut_off"])
def test_a_busy_line_is_tried_twice_after_30_minutes_then_counts_as_no_answer(
    case: Case, volunteer: Any, outcome: str
) -> None:
    moment = datetime(2026, 1, 13, 10, 0, tzinfo=PARIS)
    for expected in ("Tue 13/01 10:30", "Tue 13/01 11:00", "Wed 14/01 14:00"):
        call(case, volunteer, outcome, now=moment)
        case.refresh_from_db()
        assert local(case.next_call_at) == expected
        assert case.attempts == 1
        moment = case.next_call_at or moment


def test_busy_comes_back_to_the_same_volunteer_then_to_anyone(case: Case, volunteer: Any, volunteer2: Any) -> None:
    call(case, volunteer, "busy")
    again = TUESDAY + timedelta(minutes=30)
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=again).case is None
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=again + timedelta(minutes=10)).case == case


def test_four_attempts_on_their_own_days_and_slots_then_a_welfare_check(case: Case, volunteer: Any) -> None:
    moment, seen = datetime(2026, 1, 13, 10, 0, tzinfo=PARIS), []
    for _ in range(4):
        call(case, volunteer, "no_answer", now=moment)
        case.refresh_from_db()
        if case.status != Case.Status.OPEN:
            break
        assert case.next_call_at is not None
        moment = case.next_call_at
        seen.append(local(moment))
    # 1, 3 and 6 working days later; the 4 slots of the day before any comes twice.
    assert seen == ["Wed 14/01 11:00", "Mon 19/01 14:00", "Tue 27/01 17:00"]
    assert (case.status, case.hold_reason, case.attempts) == (Case.Status.ON_HOLD, Case.Hold.WELFARE, 4)
    check = WelfareCheck.objects.get(case=case)
    assert (check.origin, check.due_at - check.opened_at) == (WelfareCheck.Origin.EXHAUSTED, timedelta(hours=72))


@pytest.mark.parametrize("outcome", ["no_answer", "voicemail_left", "voicemail_none"])
def test_no_answer_and_voicemail_wait_for_the_next_retry_day(case: Case, volunteer: Any, outcome: str) -> None:
    call(case, volunteer, outcome)
    case.refresh_from_db()
    assert local(case.next_call_at) == "Wed 14/01 11:00"
    assert (case.attempts, case.voicemail_left) == (1, outcome == "voicemail_left")


@pytest.mark.parametrize("outcome", ["wrong_number", "disconnected"])
def test_a_bad_number_is_marked_and_the_next_one_is_tried_at_once(case: Case, volunteer: Any, outcome: str) -> None:
    other = PhoneNumber.objects.create(household=case.household, e164="+33639980001", rank=1)
    recorded = call(case, volunteer, outcome)
    case.refresh_from_db()
    assert recorded.phone is not None
    recorded.phone.refresh_from_db()
    assert recorded.phone.validity in ("wrong", "disconnected")
    assert (case.next_call_at, case.has_number, case.attempts) == (TUESDAY, True, 0)
    again = call(case, volunteer, outcome, now=TUESDAY + timedelta(minutes=1))
    assert again.phone == other
    case.refresh_from_db()
    assert (case.status, case.has_number) == (Case.Status.OPEN, False)
    assert queue.counts(case.campaign, TUESDAY)["without_number"] == 1


def test_hospitalised_is_called_after_14_days(case: Case, volunteer: Any) -> None:
    call(case, volunteer, "hospitalised")
    case.refresh_from_db()
    assert local(case.next_call_at) == "Tue 27/01 10:00"


@pytest.mark.parametrize("outcome", ["deceased", "moved", "care_home"])
def test_the_only_person_who_died_or_left_closes_the_case(case: Case, volunteer: Any, outcome: str) -> None:
    tenant = case.household.tenants.get()
    with pytest.raises(calls.CallError, match="Précisez"):  # one person lives there: named all the same
        call(case, volunteer, outcome)
    tenant.refresh_from_db()
    assert tenant.status == Tenant.Status.PRESENT
    call(case, volunteer, outcome, tenant_id=tenant.pk)
    case.refresh_from_db()
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, outcome)
    assert case.household.tenants.get().status == outcome


def test_the_widow_or_widower_goes_to_a_coordinator_never_straight_back_to_the_queue(
    campaign: Any, volunteer: Any
) -> None:
    case = factories.make_case(campaign, factories.make_household(people=2), now=TUESDAY)
    first, second = case.household.tenants.order_by("pk")
    with pytest.raises(calls.CallError, match="Précisez"):
        call(case, volunteer, "deceased")
    call(case, volunteer, "deceased", tenant_id=first.pk)
    case.refresh_from_db()
    second.refresh_from_db()
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.PERSON_CLOSED)
    assert second.status == Tenant.Status.PRESENT
    assert [tenant.pk for tenant in calls.people_of(calls.with_household(case.pk))] == [second.pk]


def test_both_numbers_are_tried_before_a_household_counts_as_attempted_twice(case: Case, volunteer: Any) -> None:
    first = case.household.phones.get()
    second = PhoneNumber.objects.create(household=case.household, e164="+33639980002", rank=1)
    moment = TUESDAY
    for phone, expected in ((first, 1), (first, 1), (second, 2), (first, 3)):
        call(case, volunteer, "no_answer", now=moment, phone_id=phone.pk)
        case.refresh_from_db()
        assert case.attempts == expected, phone
        assert case.next_call_at is not None
        moment = case.next_call_at


def test_the_label_of_each_button_says_what_recording_it_does(case: Case, volunteer: Any) -> None:
    labels = outcomes.preview(
        calls.with_household(case.pk), by=volunteer, now=TUESDAY, phone=case.household.phones.get()
    )
    assert labels["no_answer"] == "rappel demain midi"
    assert labels["busy"] == "rappel dans 30 minutes"
    assert labels["soft_refusal"] == "rappel par quelqu'un d'autre mardi 20 janvier matin"
    assert labels["deceased"] == "personne notée, la coordination décide pour le foyer"
    assert set(labels) == set(outcomes.TABLE)


# A follow-up call ----------------------------------------------------------------------------------------


@pytest.fixture
def due(case: Case, volunteer: Any) -> DueCall:
    """A follow-up call of Léa's, due at half past ten this Tuesday."""
    Case.objects.filter(pk=case.pk).update(reached_at=TUESDAY - timedelta(days=7))
    FollowUpPlan.objects.create(
        case=case, household=case.household, cadence="weekly", weekdays=[1], time=TUESDAY.time(), volunteer=volunteer,
        starts_on=date(2026, 1, 6), next_due_at=TUESDAY, review_on=date(2026, 2, 20),
    )  # fmt: skip
    from campaigns import followups

    assert followups.open_due_calls(now=TUESDAY) == 1
    return DueCall.objects.get()


FOLLOWED = {"accueil": {"": "oui"}, "besoins": {"": ["oui"]}, "suite": {"": "continuer"}}


def test_a_follow_up_that_is_made_leaves_the_plan_running(case: Case, due: DueCall, volunteer: Any) -> None:
    person = str(case.household.tenants.get().pk)
    recorded = call(case, volunteer, "completed", answers=FOLLOWED | {"sante": {person: "bien"}})
    case.refresh_from_db()
    due.refresh_from_db()
    assert (due.state, due.call) == (DueCall.State.CALLED, recorded)
    assert (case.status, case.next_call_kind, case.next_call_at) == (Case.Status.OPEN, Case.Kind.FOLLOW_UP, None)
    assert local(due.plan.next_due_at) == "Tue 20/01 10:30"


def test_a_follow_up_that_the_tenant_no_longer_wants_ends_the_plan(case: Case, due: DueCall, volunteer: Any) -> None:
    person = str(case.household.tenants.get().pk)
    answers = FOLLOWED | {"sante": {person: "bien"}, "suite": {"": "arreter"}}
    call(case, volunteer, "completed", answers=answers)
    case.refresh_from_db()
    due.refresh_from_db()
    due.plan.refresh_from_db()
    assert (due.plan.status, due.plan.end_reason, due.state) == ("ended", "tenant", DueCall.State.CALLED)
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "completed")


def test_an_unanswered_follow_up_is_tried_later_today_then_next_morning_then_becomes_a_check(
    case: Case, due: DueCall, volunteer: Any
) -> None:
    moment, seen = TUESDAY, []
    for _ in range(3):
        call(case, volunteer, "no_answer", now=moment)
        case.refresh_from_db()
        if case.status != Case.Status.OPEN:
            break
        assert case.next_call_at is not None
        moment = case.next_call_at
        seen.append(local(moment))
    assert seen == ["Tue 13/01 11:30", "Wed 14/01 10:00"]
    due.refresh_from_db()
    assert due.state == DueCall.State.MISSED
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.WELFARE)
    assert WelfareCheck.objects.get(case=case).origin == WelfareCheck.Origin.MISSED_FOLLOW_UP
    assert case.alerts.get().kind == "unanswered_follow_up"


def test_a_second_try_that_nobody_makes_is_not_missed_in_silence(case: Case, due: DueCall, volunteer: Any) -> None:
    from campaigns import followups

    call(case, volunteer, "no_answer")
    case.refresh_from_db()
    assert case.next_call_at is not None
    assert followups.watch_missed(now=case.next_call_at + timedelta(minutes=119)) == 0
    assert followups.watch_missed(now=case.next_call_at + timedelta(minutes=120)) == 1
    assert case.alerts.get().kind == "missed_follow_up"


def test_a_follow_up_put_off_by_the_tenant_is_watched_at_the_agreed_hour(
    case: Case, due: DueCall, volunteer: Any
) -> None:
    from campaigns import followups

    agreed = datetime(2026, 1, 13, 17, 0, tzinfo=PARIS)
    call(case, volunteer, "callback", callback_at=agreed)
    assert followups.watch_missed(now=agreed + timedelta(minutes=29)) == 0
    assert followups.watch_missed(now=agreed + timedelta(minutes=30)) == 1


@pytest.mark.parametrize(
    ("outcome", "ended"), [("opt_out", "opposition"), ("refused_campaign", "tenant"), ("deceased", "closed_person")]
)
def test_ending_stops_the_plan_at_once(case: Case, due: DueCall, volunteer: Any, outcome: str, ended: str) -> None:
    call(case, volunteer, outcome, tenant_id=case.household.tenants.get().pk)
    plan = FollowUpPlan.objects.get()
    due.refresh_from_db()
    assert (plan.status, plan.end_reason, plan.next_due_at) == ("ended", ended, None)
    assert due.state != DueCall.State.OPENED
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED


def test_the_hospital_pauses_the_plan(case: Case, due: DueCall, volunteer: Any) -> None:
    call(case, volunteer, "hospitalised")
    plan = FollowUpPlan.objects.get()
    assert local(plan.next_due_at) == "Tue 27/01 10:30"
    due.refresh_from_db()
    assert due.state == DueCall.State.SKIPPED
