"""The author of a call corrects it for a day: every consequence is drawn again, asked of the coordination, or left."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import calls, followups, queue, scripts, welfare
from campaigns.models import (
    Alert,
    Call,
    CallRevision,
    Campaign,
    Case,
    FollowUpPlan,
    Need,
    Partner,
    Referral,
    WelfareCheck,
)
from solidarites.models import JournalEntry
from tenants.models import PhoneNumber
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
LATER = TUESDAY + timedelta(hours=2)
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    loaded = {one.kind: one for one in scripts.load_defaults(now=TUESDAY)}
    return factories.make_campaign(
        volunteers=[volunteer, volunteer2],
        now=TUESDAY,
        hours=OFFICE,
        script=loaded["first"],
        follow_up_script=loaded["follow_up"],
    )


@pytest.fixture
def case(campaign: Campaign) -> Case:
    return factories.make_case(campaign, now=TUESDAY)


@pytest.fixture
def ccas() -> Partner:
    return Partner.objects.create(
        kind="ccas", name="CCAS", email="ccas@exemple.fr", communes=["33063"], categories=["courses", "repas"]
    )


def well(case: Case, **changes: Any) -> dict[str, Any]:
    person = str(case.household.tenants.get().pk)
    return {
        "accueil": {"": "oui"},
        "information": {"": "oui"},
        "sante": {person: "bien"},
        "courses": {"": "moi"},
        "solitude": {person: "rarement"},
        "suivi": {"": "non"},
        **changes,
    }


def record(case: Case, by: Any, outcome: str, **fields: Any) -> Call:
    now = fields.pop("now", TUESDAY)
    given = queue.claim_next(campaign=case.campaign, by=by, now=now)
    assert given.call is not None
    return factories.record_call(
        case_id=case.pk, by=by, submission=given.call.submission, outcome=outcome, now=now, **fields
    )


def correct(call: Call, by: Any, outcome: str, **fields: Any) -> CallRevision | None:
    now, submission = fields.pop("now", LATER), fields.pop("submission", None) or uuid.uuid4()
    answers, comment, phone_id = fields.pop("answers", {}), fields.pop("comment", ""), fields.pop("phone_id", None)
    wanted = calls.Entry(outcome, answers, comment, calls.Details(**fields), phone_id)
    return calls.correct(call_id=call.pk, by=by, submission=submission, wanted=wanted, now=now)


def test_no_answer_becomes_an_exchange(case: Case, volunteer: Any) -> None:
    call = record(case, volunteer, "no_answer")
    correct(call, volunteer, "completed", answers=well(case), comment="Elle allait bien.")
    case.refresh_from_db()
    call.refresh_from_db()
    assert (case.status, case.closed_reason, case.attempts, case.reached_at) == ("closed", "completed", 0, TUESDAY)
    assert (call.outcome, call.is_attempt, call.recorded_at) == ("completed", False, TUESDAY)
    revision = CallRevision.objects.get()
    assert (revision.outcome, revision.comment, revision.asked_outcome) == ("no_answer", "", "")
    assert JournalEntry.objects.filter(action="call.corrected", object_id=call.pk).count() == 1
    assert JournalEntry.objects.filter(action="call.recorded", object_id=call.pk).count() == 1


def test_an_exchange_becomes_no_answer(case: Case, volunteer: Any, ccas: Partner) -> None:
    answers = well(case, courses={"": "personne"}, manger={"": "oui"})
    call = record(case, volunteer, "completed", answers=answers, consents={"courses": "yes"})
    assert Referral.objects.get().state == "draft"
    correct(call, volunteer, "no_answer")
    case.refresh_from_db()
    assert (case.status, case.attempts, case.reached_at, case.slots_tried) == ("open", 1, None, ["morning"])
    # As of the moment of the call: the next working day, in another slot.
    assert case.next_call_at.astimezone(PARIS) == datetime(2026, 1, 14, 11, 0, tzinfo=PARIS)
    assert not Need.objects.exists()
    assert Referral.objects.get().state == "withdrawn"
    phone = PhoneNumber.objects.get()
    assert (phone.validity, phone.validity_at) == ("unknown", None)


def test_there_and_back_leaves_everything_as_the_first_time(case: Case, volunteer: Any) -> None:
    call = record(case, volunteer, "no_answer")
    names = [*calls.undo.TRIED_FIELDS, *Case.MOVED]
    first = Case.objects.values(*names).get()
    correct(call, volunteer, "completed", answers=well(case))
    correct(call, volunteer, "no_answer")
    assert Case.objects.values(*names).get() == first
    assert CallRevision.objects.count() == 2


def test_a_need_added_and_a_need_withdrawn(case: Case, volunteer: Any, ccas: Partner) -> None:
    answers = well(case, courses={"": "personne"}, manger={"": "oui"})
    call = record(case, volunteer, "completed", answers=answers, consents={"courses": "yes"})
    correct(call, volunteer, "completed", answers=well(case, repas={"": "oui"}), consents={"repas": "yes"})
    need = Need.objects.get()
    assert (need.category, need.level, need.consent, need.state) == ("repas", "U3", "yes", "referred")
    assert {one.state: [n.category for n in one.needs.all()] for one in Referral.objects.all()} == {
        "withdrawn": [],
        "draft": ["repas"],
    }
    assert not Alert.objects.filter(kind=Alert.Kind.CORRECTION).exists()


def test_an_unchanged_need_stays_in_its_draft(case: Case, volunteer: Any, ccas: Partner) -> None:
    answers = well(case, courses={"": "personne"}, manger={"": "oui"})
    call = record(case, volunteer, "completed", answers=answers, consents={"courses": "yes"})
    correct(call, volunteer, "completed", answers={**answers, "repas": {"": "oui"}}, consents={"courses": "yes"})
    assert sorted(Need.objects.values_list("category", "state")) == [("courses", "referred"), ("repas", "referred")]
    kept = Referral.objects.get(agreement="yes")
    assert [need.category for need in kept.needs.all()] == ["courses"]


def test_an_agreement_that_was_a_refusal_empties_the_draft(case: Case, volunteer: Any, ccas: Partner) -> None:
    answers = well(case, courses={"": "personne"}, manger={"": "oui"})
    call = record(case, volunteer, "completed", answers=answers, consents={"courses": "yes"})
    correct(call, volunteer, "completed", answers=answers, consents={"courses": "no"})
    need = Need.objects.get()
    assert (need.consent, need.state) == ("no", "open")
    assert Referral.objects.get().state == "withdrawn"


def test_a_sheet_already_sent_is_not_recalled_and_the_coordination_is_told(
    case: Case, volunteer: Any, ccas: Partner
) -> None:
    answers = well(case, courses={"": "personne"}, manger={"": "oui"})
    call = record(case, volunteer, "completed", answers=answers, consents={"courses": "yes"})
    Referral.objects.update(state=Referral.State.SENT)
    correct(call, volunteer, "completed", answers=well(case))
    assert (Referral.objects.get().state, Need.objects.get().state) == ("sent", "referred")
    alert = Alert.objects.get(kind=Alert.Kind.CORRECTION)
    assert (alert.case, alert.level) == (case, "U2")


@pytest.mark.parametrize("since", ["claimed", "called", "put_first"])
def test_once_somebody_has_acted_the_words_are_corrected_the_outcome_is_not(
    case: Case, volunteer: Any, volunteer2: Any, coordinator: Any, since: str
) -> None:
    call = record(case, volunteer, "no_answer", comment="Rien")
    due = TUESDAY + timedelta(days=1, hours=1)
    if since == "put_first":
        queue.put_first(case_ids=[case.pk], by=coordinator, now=TUESDAY)
    else:
        assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=due).call is not None
    if since == "called":
        draft = Call.objects.get(volunteer=volunteer2)
        factories.record_call(case_id=case.pk, by=volunteer2, submission=draft.submission, outcome="no_answer", now=due)
    before = Case.objects.values("status", "attempts", "next_call_at", "tier", "claimed_by").get()
    now = TUESDAY + timedelta(hours=23)
    correct(call, volunteer, "refused_campaign", answers={"accueil": {"": "non"}}, comment="Elle a dit non.", now=now)
    call.refresh_from_db()
    assert (call.outcome, call.comment, call.answers) == (
        "no_answer",
        "Elle a dit non.",
        {"accueil": {"": "non"}},
    )
    assert Case.objects.values("status", "attempts", "next_call_at", "tier", "claimed_by").get() == before
    assert CallRevision.objects.get().asked_outcome == "refused_campaign"
    assert Alert.objects.get(kind=Alert.Kind.CORRECTION).level == "U2"


def test_needs_of_a_conversation_are_kept_even_when_the_outcome_cannot_change(
    case: Case, volunteer: Any, volunteer2: Any, ccas: Partner
) -> None:
    call = record(case, volunteer, "no_answer")
    queue.claim_next(campaign=case.campaign, by=volunteer2, now=TUESDAY + timedelta(days=1, hours=1))
    answers = well(case, courses={"": "personne"}, manger={"": "oui"})
    now = TUESDAY + timedelta(hours=23)
    correct(call, volunteer, "completed", answers=answers, consents={"courses": "yes"}, now=now)
    assert Need.objects.get().state == "referred"
    case.refresh_from_db()
    assert case.claimed_by == volunteer2


def test_never_again_said_by_a_correction_holds_at_once_whoever_has_the_case(
    case: Case, volunteer: Any, volunteer2: Any
) -> None:
    call = record(case, volunteer, "no_answer")
    queue.claim_next(campaign=case.campaign, by=volunteer2, now=TUESDAY + timedelta(days=1, hours=1))
    correct(call, volunteer, "opt_out", now=TUESDAY + timedelta(hours=23))
    case.household.refresh_from_db()
    case.refresh_from_db()
    assert case.household.opposed_at is not None
    assert (case.status, case.claimed_by) == ("closed", None)
    assert Call.objects.get(pk=call.pk).outcome == "opt_out"
    assert Alert.objects.get(kind=Alert.Kind.CORRECTION).level == "U1"


@pytest.mark.parametrize("outcome", ["opt_out", "deceased", "moved", "care_home"])
def test_a_death_a_departure_or_an_opposition_is_undone_by_a_coordinator_alone(
    case: Case, volunteer: Any, outcome: str
) -> None:
    call = record(case, volunteer, outcome, tenant_id=case.household.tenants.get().pk)
    correct(call, volunteer, "no_answer", comment="Erreur de bouton, elle vit ici.")
    call.refresh_from_db()
    case.refresh_from_db()
    assert (call.outcome, call.comment) == (outcome, "Erreur de bouton, elle vit ici.")
    assert case.status == Case.Status.CLOSED
    alert = Alert.objects.get(kind=Alert.Kind.CORRECTION)
    assert alert.level == "U1"
    assert case.household.tenants.get().status == ("present" if outcome == "opt_out" else outcome)


def test_a_plan_agreed_in_a_correction_and_a_plan_taken_back(case: Case, volunteer: Any) -> None:
    call = record(case, volunteer, "completed", answers=well(case))
    rhythm = followups.Rhythm("weekly", (3,), time(15, 0))
    agreed = well(case, suivi={"": "hebdo"})
    correct(call, volunteer, "completed", answers=agreed, follow_up=rhythm)
    plan = FollowUpPlan.objects.get()
    assert (plan.cadence, plan.next_due_at) == ("weekly", datetime(2026, 1, 15, 15, tzinfo=PARIS))
    case.refresh_from_db()
    assert (case.status, case.next_call_kind) == ("open", "follow_up")
    other = followups.Rhythm("weekly", (4,), time(10, 0))
    correct(call, volunteer, "completed", answers=agreed, follow_up=other)
    assert FollowUpPlan.objects.get().weekdays == [4]
    correct(call, volunteer, "completed", answers=well(case))
    assert not FollowUpPlan.objects.exists()
    case.refresh_from_db()
    assert case.status == "closed"


def test_another_hour_for_a_callback(case: Case, volunteer: Any) -> None:
    call = record(case, volunteer, "callback", callback_at=datetime(2026, 1, 14, 15, tzinfo=PARIS))
    at = datetime(2026, 1, 14, 16, 0, tzinfo=PARIS)
    correct(call, volunteer, "callback", callback_at=at)
    case.refresh_from_db()
    assert (case.next_call_at, case.next_call_for, case.next_call_kind) == (at, volunteer, "callback")
    with pytest.raises(calls.CallError, match="déjà passé"):
        correct(call, volunteer, "callback", callback_at=TUESDAY)


def test_a_wrong_number_that_was_right_is_dialled_again(case: Case, volunteer: Any) -> None:
    call = record(case, volunteer, "wrong_number")
    assert PhoneNumber.objects.get().validity == "wrong"
    correct(call, volunteer, "no_answer")
    case.refresh_from_db()
    assert (PhoneNumber.objects.get().validity, case.has_number, case.attempts) == ("unknown", True, 1)


def test_a_check_opened_by_the_last_attempt_goes_with_it_unless_somebody_has_it(
    case: Case, volunteer: Any, coordinator: Any
) -> None:
    Case.objects.update(attempts=3, slots_tried=["midday", "afternoon", "evening"])
    call = record(case, volunteer, "no_answer")
    check = WelfareCheck.objects.get()
    correct(call, volunteer, "completed", answers=well(case))
    assert not WelfareCheck.objects.exists()
    correct(call, volunteer, "no_answer")
    check = WelfareCheck.objects.get()
    welfare.take(check=check, owner=coordinator, by=coordinator)
    correct(call, volunteer, "completed", answers=well(case))
    case.refresh_from_db()
    assert (case.status, case.hold_reason) == ("on_hold", "welfare")
    assert CallRevision.objects.latest("pk").asked_outcome == "completed"


def test_the_unanswered_follow_up_that_was_answered(case: Case, volunteer: Any) -> None:
    rhythm = followups.Rhythm("weekly", (1,), time(10, 0))
    plan = followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=TUESDAY - timedelta(days=7))
    FollowUpPlan.objects.update(next_due_at=TUESDAY - timedelta(minutes=30))
    followups.open_due_calls(now=TUESDAY)
    call = record(case, volunteer, "no_answer")
    due = plan.due_calls.get() if hasattr(plan, "due_calls") else case.due_calls.get()
    assert (due.state, due.unanswered) == ("opened", 1)
    person = str(case.household.tenants.get().pk)
    answers = {
        "accueil": {"": "oui"},
        "sante": {person: "bien"},
        "besoins": {"": ["oui"]},
        "suite": {"": "continuer"},
    }
    correct(call, volunteer, "completed", answers=answers)
    due.refresh_from_db()
    case.refresh_from_db()
    assert (due.state, due.call_id) == ("called", call.pk)
    assert (case.status, case.next_call_kind, case.next_call_at) == ("open", "follow_up", None)


def test_an_alarming_answer_of_a_correction_rings_at_once(case: Case, volunteer: Any) -> None:
    person = str(case.household.tenants.get().pk)
    call = record(case, volunteer, "completed", answers=well(case))
    alarming = well(case, sante={person: "pas_bien"}, urgence={person: "oui"}, manger={"": "oui"})
    correct(call, volunteer, "completed", answers=alarming)
    assert Alert.objects.get(kind=Alert.Kind.ANSWER).level == "U0"
    correct(call, volunteer, "completed", answers=well(case))
    assert Alert.objects.filter(kind=Alert.Kind.ANSWER).count() == 1  # a coordinator closes it


def test_posting_a_correction_twice_corrects_once_and_nothing_changed_writes_nothing(
    case: Case, volunteer: Any
) -> None:
    call = record(case, volunteer, "no_answer")
    assert correct(call, volunteer, "no_answer") is None
    token = uuid.uuid4()
    first = correct(call, volunteer, "busy", submission=token)
    assert correct(call, volunteer, "busy", submission=token) == first
    assert CallRevision.objects.count() == 1


def test_a_correction_is_its_author_s_alone_and_for_a_day(
    case: Case, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    call = record(case, volunteer, "no_answer")
    for other in (volunteer2, coordinator):
        with pytest.raises(queue.NotYoursError):
            correct(call, other, "busy")
    with pytest.raises(queue.NotYoursError, match="un jour est passé"):
        correct(call, volunteer, "busy", now=TUESDAY + timedelta(hours=24))


def test_an_incomplete_or_impossible_correction_is_refused_at_its_field(case: Case, volunteer: Any) -> None:
    call = record(case, volunteer, "no_answer")
    for outcome, fields, where in (
        ("completed", {"answers": {"accueil": {"": "oui"}}}, "q-information"),
        ("inventée", {}, "outcome"),
        ("no_answer", {"comment": "x" * 301}, "comment"),
        ("callback", {}, "callback_at"),
        ("completed", {"answers": well(case), "follow_up": followups.Rhythm("weekly", (6,), time(3))}, "follow_up"),
    ):
        with pytest.raises(calls.CallError) as refusal:
            correct(call, volunteer, outcome, **fields)
        assert refusal.value.field == where
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    with pytest.raises(calls.CallError, match="terminée"):
        correct(call, volunteer, "busy")
    assert not CallRevision.objects.exists()
    case.refresh_from_db()
    assert case.attempts == 1
