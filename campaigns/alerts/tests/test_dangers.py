"""A vital answer: the call may end at once, the case stays open, somebody calls back within two hours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from campaigns import alerts, calls, outcomes, queue, scripts
from campaigns.alerts import dangers
from campaigns.models import Alert, Call, Campaign, Case, CasePass, Need, Script, WelfareCheck
from campaigns.models.levels import Level
from tenants import duplicates
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
# A Tuesday at half past ten; the campaign closes at six in the evening.
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
HALF_PAST_FIVE = TUESDAY.replace(hour=17, minute=30)
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
TWO_HOURS = timedelta(hours=2)


@pytest.fixture
def shipped(db: None) -> dict[str, Script]:
    return {script.kind: script for script in scripts.load_defaults(now=TUESDAY)}


@pytest.fixture
def campaign(shipped: dict[str, Script], volunteer: Any, volunteer2: Any, coordinator: Any) -> Campaign:
    return factories.make_campaign(
        volunteers=[volunteer, volunteer2],
        now=TUESDAY,
        hours=OFFICE,
        script=shipped["first"],
        follow_up_script=shipped["follow_up"],
    )


@pytest.fixture
def case(campaign: Campaign) -> Case:
    return factories.make_case(campaign, factories.make_household(), now=TUESDAY)


def draft(case: Case, by: Any, now: datetime = TUESDAY) -> Call:
    given = queue.claim_next(campaign=case.campaign, by=by, now=now)
    assert given.case == case
    assert given.call is not None
    return given.call


def record(call: Call, by: Any, outcome: str = "completed", now: datetime = TUESDAY, **fields: Any) -> Call:
    return factories.record_call(
        case_id=call.case_id, by=by, submission=call.submission, outcome=outcome, now=now, **fields
    )


def fallen(case: Case) -> dict[str, Any]:
    person = str(case.household.tenants.order_by("pk").first().pk)  # type: ignore[union-attr]
    return {"sante": {person: "pas_bien"}, "urgence": {person: "oui"}}


def well(case: Case) -> dict[str, Any]:
    person = str(case.household.tenants.get().pk)
    quiet = {"accueil": "oui", "information": "oui", "courses": "moi", "suivi": "non"}
    return {key: {"": value} for key, value in quiet.items()} | {
        "sante": {person: "bien"},
        "solitude": {person: "rarement"},
    }


def leading_to(content: scripts.Content, question: scripts.Question, person: str) -> Iterator[tuple[str, str, str]]:
    """The answers without which this question is not asked: the first condition of each, back to the beginning."""
    if not question.shown_if:
        return
    key, choice = question.shown_if[0]
    before = content.question(key)
    assert before is not None
    yield from leading_to(content, before, person)
    yield key, person if before.per_person else "", choice


def vital_answers() -> list[tuple[str, str, str]]:
    """Every answer of the shipped scripts that says that somebody is in danger: read from the files themselves."""
    return [
        (kind, question.key, choice.key)
        for kind, content in shipped_contents().items()
        for question in content.questions
        for choice in question.choices
        if choice.level == Level.U0
    ]


def shipped_contents() -> dict[str, scripts.Content]:
    read = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(scripts.DEFAULTS.glob("*.yaml"))]
    return {one["kind"]: scripts.build(one) for one in read}


VITAL = vital_answers()


def test_each_shipped_script_asks_of_a_danger() -> None:
    assert {kind for kind, _, _ in VITAL} == {"first", "follow_up", "welfare"}
    assert len(VITAL) >= 6


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("outcome", ["", "cut_off", "busy", "no_answer", "unable", "callback", "soft_refusal"])
@pytest.mark.parametrize(("kind", "question", "choice"), VITAL)
def test_after_any_vital_answer_the_call_ends_with_nothing_else_answered(
    campaign: Campaign,
    shipped: dict[str, Script],
    volunteer: Any,
    volunteer2: Any,
    kind: str,
    question: str,
    choice: str,
    outcome: str,
    people: int,
) -> None:
    case = factories.make_case(campaign, factories.make_household(people=people), now=TUESDAY)
    call = draft(case, volunteer)
    Call.objects.filter(pk=call.pk).update(script=shipped[kind])
    content = scripts.content_of(shipped[kind].pk)
    asked = content.question(question)
    assert asked is not None
    person = str(case.household.tenants.first().pk)  # type: ignore[union-attr]
    answers: dict[str, dict[str, Any]] = {question: {person if asked.per_person else "": choice}}
    for key, who, value in leading_to(content, asked, person):
        answers[key] = {who: value}
    record(call, volunteer, outcome or "completed", answers=answers)

    case.refresh_from_db()
    alert = Alert.objects.get(case=case, level=Level.U0)
    assert (alert.kind, alert.solved_at) == (Alert.Kind.ANSWER, None)
    assert (case.status, case.is_safety_call, case.next_call_for) == (Case.Status.OPEN, True, volunteer)
    assert case.next_call_at is not None
    assert TUESDAY <= case.next_call_at <= TUESDAY + TWO_HOURS
    assert not WelfareCheck.objects.exists()
    told = next(one for one in asked.choices if one.key == choice)
    needs = Need.objects.filter(case=case, call=call)
    assert [(need.category, need.level) for need in needs] == ([(told.need, Level.U0)] if told.need else [])
    # For the volunteer from its hour on; for everybody within the two hours.
    assert queue.claim_next(campaign=campaign, by=volunteer2, now=case.next_call_at - timedelta(minutes=1)).case is None
    given = queue.claim_next(campaign=campaign, by=volunteer2, now=TUESDAY + TWO_HOURS)
    assert given.case == case


def test_a_vital_answer_alerts_even_where_the_script_forgot_to(shipped: dict[str, Script]) -> None:
    content = scripts.build(
        {"questions": [{"key": "feu", "choices": [{"key": "oui", "label": "Oui", "need": "logement", "level": "U0"}]}]}
    )
    reading = content.read({"feu": {"": "oui"}}, [])
    assert reading.vital
    assert [alert.level for alert in reading.alerts] == [Level.U0]


def test_without_a_danger_the_answers_are_still_awaited(case: Case, volunteer: Any) -> None:
    person = str(case.household.tenants.get().pk)
    with pytest.raises(calls.CallError, match="attend une réponse"):
        record(draft(case, volunteer), volunteer, answers={"sante": {person: "pas_bien"}, "urgence": {person: "non"}})


# The red button ------------------------------------------------------------------------------------------
def test_the_red_button_alone_ends_the_call_and_keeps_the_case_open(case: Case, volunteer: Any) -> None:
    call = draft(case, volunteer)
    calls.raise_button_alert(case_id=case.pk, by=volunteer, now=TUESDAY)
    record(call, volunteer)
    case.refresh_from_db()
    assert (case.status, case.is_safety_call) == (Case.Status.OPEN, True)
    assert case.next_call_at == TUESDAY + timedelta(hours=1)


def test_even_after_every_answer_the_case_is_not_closed_by_the_exchange(case: Case, volunteer: Any) -> None:
    call = draft(case, volunteer)
    calls.raise_button_alert(case_id=case.pk, by=volunteer, now=TUESDAY)
    record(call, volunteer, answers=well(case))
    case.refresh_from_db()
    assert (case.status, case.is_safety_call) == (Case.Status.OPEN, True)


def test_an_alert_that_somebody_has_settled_asks_for_nothing_more(case: Case, volunteer: Any, coordinator: Any) -> None:
    call = draft(case, volunteer)
    alert = calls.raise_button_alert(case_id=case.pk, by=volunteer, now=TUESDAY)
    alerts.solve(alert=alert, solution="Erreur de bouton.", by=coordinator, now=TUESDAY)
    record(call, volunteer, answers=well(case))
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED


# When ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at", "due"),
    [("10:30", "11:30"), ("17:30", "18:30"), ("18:20", "19:20"), ("18:50", "19:30"), ("19:40", "19:40"),
     ("20:10", "21:10")],
)  # fmt: skip
def test_the_safety_call_is_due_within_two_hours_and_before_eight_in_the_evening(
    campaign: Campaign, at: str, due: str
) -> None:
    calendar = outcomes.bare_situation(Case(campaign=campaign), by_id=1, now=TUESDAY).calendar
    now = datetime.fromisoformat(f"2026-01-13T{at}").replace(tzinfo=PARIS)
    assert outcomes.safety_call_at(calendar, now).astimezone(PARIS).strftime("%d %H:%M") == f"13 {due}"


def test_the_safety_call_is_given_after_the_opening_hours(case: Case, volunteer: Any, volunteer2: Any) -> None:
    record(draft(case, volunteer, HALF_PAST_FIVE), volunteer, now=HALF_PAST_FIVE, answers=fallen(case))
    half_past_six = HALF_PAST_FIVE + timedelta(hours=1)
    assert queue.idle(campaign=case.campaign, now=half_past_six + timedelta(minutes=30)) is None
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=half_past_six).case is None
    given = queue.claim_next(campaign=case.campaign, by=volunteer, now=half_past_six)
    assert given.case == case
    assert given.call is not None
    # Somebody is well again: the case ends as any other.
    record(given.call, volunteer, now=half_past_six, answers=well(case))
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED


def test_a_nearer_moment_that_was_agreed_is_kept_and_a_later_one_waits(case: Case, volunteer: Any) -> None:
    soon = TUESDAY + timedelta(minutes=30)
    call = draft(case, volunteer)
    record(call, volunteer, "callback", answers=fallen(case), callback_at=soon)
    case.refresh_from_db()
    assert (case.next_call_at, case.is_safety_call) == (soon, True)


def test_nobody_answers_the_safety_call_it_is_tried_again_within_two_hours(case: Case, volunteer: Any) -> None:
    record(draft(case, volunteer), volunteer, answers=fallen(case))
    later = TUESDAY + timedelta(hours=1)
    record(draft(case, volunteer, later), volunteer, "no_answer", now=later)
    case.refresh_from_db()
    assert (case.next_call_at, case.is_safety_call) == (later + timedelta(hours=1), True)


def test_the_next_day_nobody_answers_as_on_any_other_day(case: Case, volunteer: Any) -> None:
    record(draft(case, volunteer), volunteer, answers=fallen(case))
    tomorrow = TUESDAY + timedelta(days=1)
    record(draft(case, volunteer, tomorrow), volunteer, "no_answer", now=tomorrow)
    case.refresh_from_db()
    assert (case.next_call_kind, case.urgent) == (Case.Kind.RETRY, False)


@pytest.mark.parametrize("outcome", ["opt_out", "hospitalised"])
def test_an_opposition_and_the_hospital_keep_their_own_rule(case: Case, volunteer: Any, outcome: str) -> None:
    record(draft(case, volunteer), volunteer, outcome, answers=fallen(case))
    case.refresh_from_db()
    assert not case.is_safety_call
    assert Alert.objects.filter(case=case, level=Level.U0, solved_at=None).exists()


# The call ends without being recorded -----------------------------------------------------------------------
@pytest.mark.parametrize("end", ["pass", "leave", "release", "stale"])
def test_a_call_left_in_the_middle_of_a_danger_is_made_again_at_once_by_anybody(
    case: Case, volunteer: Any, volunteer2: Any, coordinator: Any, end: str
) -> None:
    quiet = factories.make_case(case.campaign, factories.make_household(), now=TUESDAY, rank=99)
    draft(case, volunteer)
    calls.raise_button_alert(case_id=case.pk, by=volunteer, now=TUESDAY)
    now = TUESDAY + timedelta(minutes=5)
    if end == "pass":
        queue.pass_case(case_id=case.pk, by=volunteer, reason=CasePass.Reason.TIME, now=now)
    elif end == "leave":
        queue.leave(by=volunteer, now=now)
    elif end == "release":
        queue.release(case_id=case.pk, by=coordinator, now=now)
    else:
        now = TUESDAY + timedelta(minutes=61)
        queue.release_stale(now=now)
    case.refresh_from_db()
    assert (case.is_safety_call, case.next_call_at, case.next_call_for) == (True, now, None)
    assert queue.claim_next(campaign=case.campaign, by=volunteer2, now=now).case == case
    quiet.refresh_from_db()
    assert quiet.next_call_kind == Case.Kind.FIRST


# Corrections --------------------------------------------------------------------------------------------------
def correct(call: Call, by: Any, now: datetime, **changes: Any) -> None:
    wanted = calls.Entry("completed", changes.pop("answers"), changes.pop("comment", ""), calls.Details())
    calls.correct(call_id=call.pk, by=by, submission=uuid.uuid4(), wanted=wanted, now=now)


def test_the_words_of_a_call_ended_in_a_danger_are_corrected_with_nothing_more_asked(
    case: Case, volunteer: Any
) -> None:
    call = record(draft(case, volunteer), volunteer, answers=fallen(case))
    correct(call, volunteer, TUESDAY + timedelta(minutes=5), answers=fallen(case), comment="Les pompiers arrivent.")
    call.refresh_from_db()
    case.refresh_from_db()
    assert call.comment == "Les pompiers arrivent."
    assert case.is_safety_call


def test_a_danger_noted_in_a_correction_opens_the_case_again(case: Case, volunteer: Any) -> None:
    call = record(draft(case, volunteer), volunteer, answers=well(case))
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    correct(call, volunteer, TUESDAY + timedelta(minutes=5), answers=well(case) | fallen(case))
    case.refresh_from_db()
    assert case.is_safety_call
    assert Alert.objects.filter(case=case, level=Level.U0).count() == 1


# Whom to dial ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "question", "choice"), VITAL)
def test_every_danger_of_the_shipped_scripts_has_its_number(kind: str, question: str, choice: str) -> None:
    asked = shipped_contents()[kind].question(question)
    assert asked is not None
    wanted = {"urgence": "15", "idees_noires": "3114", "signes": "18"}[question]
    assert wanted in dangers.numbers_for(asked, next(one for one in asked.choices if one.key == choice))


@pytest.mark.parametrize(
    ("guide", "numbers"),
    [
        ("Appelez le 18.", ["18"]),
        ("Restez 15 minutes, jusqu'à 18 h au plus.", ["15", "18", "17", "112", "3114"]),
        ("Le 3114 écoute ; le 114 par SMS.", ["3114", "114"]),
        ("Le 05 36 49 15 17 n'est pas un numéro d'urgence, 112 si.", ["112"]),
    ],
)
def test_the_number_is_the_one_of_the_advice(guide: str, numbers: list[str]) -> None:
    choice = scripts.Choice("oui", "Oui", level="U0", alert=True)
    question = scripts.Question("q", "", "", guide, "single", True, False, (), (choice,))
    assert dangers.numbers_for(question, choice) == numbers


def test_a_cause_of_the_longest_names_that_a_script_may_have_is_kept_whole(case: Case, volunteer: Any) -> None:
    call = draft(case, volunteer)
    person = case.household.tenants.get().pk
    said = {"call": call, "question": "q" * 60, "tenant_id": person, "kind": Alert.Kind.ANSWER, "level": Level.U0}
    for choice in ("c" * 59 + "a", "c" * 59 + "b"):
        for _ in range(2):
            alerts.raise_alert(choice=choice, case=case, now=TUESDAY, **said)
    assert Alert.objects.filter(question="q" * 60, tenant=person).count() == 2
    assert dangers.raised_in(call, Alert.objects.all()[0])


def test_an_alert_without_the_cause_that_its_kind_asks_for_is_refused(case: Case) -> None:
    """Two causes under one name would be one alert, and a danger would be told to nobody."""
    for kind in Alert.Kind:
        if kind != Alert.Kind.PURGE_WAITING:
            with pytest.raises(ValueError, match="without its cause"):
                alerts.raise_alert(kind=kind, level=Level.U1, case=case, now=TUESDAY)
    assert not Alert.objects.exists()


def test_who_told_of_a_danger_is_still_named_once_their_two_records_are_one(
    case: Case, volunteer: Any, administrator: Any
) -> None:
    call = draft(case, volunteer)
    told = case.household.tenants.get()
    said = {"call": call, "question": "sante", "choice": "mal", "tenant_id": told.pk}
    alert = alerts.raise_alert(kind=Alert.Kind.ANSWER, level=Level.U0, case=case, now=TUESDAY, **said)
    kept = factories.make_household(case.household.landlord).tenants.get()
    duplicates.merge(kept=kept, gone=told, by=administrator, now=TUESDAY)
    alert.refresh_from_db()
    assert alert.tenant == kept
    assert alerts.raise_alert(kind=Alert.Kind.BUTTON, level=Level.U0, case=case, call=call, now=TUESDAY) != alert
