"""Every path through the default scripts: it leads to an end, and what was said before saving is what happened.

The paths are drawn by hypothesis: answers are given question after question, as the page shows them.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import calls, followups, outcomes, queue, scripts
from campaigns.calls.forms import Typed, consent_name
from campaigns.calls.views.follows import outcome_of, what_follows
from campaigns.calls.views.labels import typography, when_label
from campaigns.calls.views.place import place_of
from campaigns.models import Alert, Call, Campaign, Case, FollowUpPlan, Need, Partner, Referral
from campaigns.models.levels import Level
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
CALLBACK = datetime(2026, 1, 14, 15, 0, tzinfo=PARIS)
KINDS = ("first", "follow_up")


@pytest.fixture
def shipped(db: None) -> dict[str, Any]:
    return {script.kind: script for script in scripts.load_defaults(now=TUESDAY)}


def walk(content: scripts.Content, people: list[str], draw: Any) -> dict[str, dict[str, Any]]:
    """Answer whatever is shown, until nothing more is; a question that is not required may be left."""
    answers: dict[str, dict[str, Any]] = {}
    left: set[tuple[str, str]] = set()
    for _ in range(200):
        reading = content.read(answers, people)
        todo = [
            (question, person)
            for question, person in reading.shown
            if not answers.get(question.key, {}).get(person) and (question.key, person) not in left
        ]
        if reading.outcome or not todo:
            return answers
        question, person = todo[0]
        if not question.required and draw(st.booleans()):
            left.add((question.key, person))
            continue
        keys = [choice.key for choice in question.choices]
        value: Any = "Un fait."
        if question.kind == "single":
            value = draw(st.sampled_from(keys))
        elif question.kind == "multi":
            value = draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
        answers.setdefault(question.key, {})[person] = value
    raise AssertionError("this path has no end")


paths = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "people": st.integers(1, 2), "data": st.data(), "consent": st.sampled_from(
        ["yes", "no", "thinking", ""]
    )}
)  # fmt: skip


@given(path=paths)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_path_ends_and_the_summary_is_what_happens(
    shipped: dict[str, Any], volunteer: Any, volunteer2: Any, coordinator: Any, path: dict[str, Any]
) -> None:
    with transaction.atomic():
        _play(shipped, volunteer, volunteer2, path)
        transaction.set_rollback(True)


def _play(shipped: dict[str, Any], volunteer: Any, volunteer2: Any, path: dict[str, Any]) -> None:
    campaign = factories.make_campaign(
        volunteers=[volunteer, volunteer2],
        now=TUESDAY,
        hours=OFFICE,
        script=shipped["first"],
        follow_up_script=shipped["follow_up"],
    )
    Partner.objects.create(kind="ccas", name="CCAS", email="c@exemple.fr", communes=["33063"], categories=["repas"])
    case = factories.make_case(campaign, factories.make_household(people=path["people"]), now=TUESDAY)
    if path["kind"] == "follow_up":
        rhythm = followups.Rhythm("weekly", (1,), time(10, 0))
        followups.create_plan(case=case, rhythm=rhythm, by=volunteer, now=TUESDAY)
        FollowUpPlan.objects.filter(case=case).update(next_due_at=TUESDAY)
        followups.open_due_calls(now=TUESDAY)
    given = queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY)
    assert given.case == case
    assert given.call is not None
    place = place_of(case_id=case.pk, by=volunteer, now=TUESDAY)
    assert place is not None
    assert place.content is not None
    answers = walk(place.content, place.keys, path["data"].draw)
    reading = place.content.read(answers, place.keys)
    outcome = outcome_of(reading)
    # Every path leads to an end: an outcome of the table, with nothing left to ask.
    assert outcome in outcomes.TABLE
    assert outcome != "completed" or not reading.missing

    consents = {need.category: path["consent"] for need in reading.needs if path["consent"]}
    rhythm = followups.Rhythm(reading.cadence, (2, 4) if reading.cadence == "twice_a_week" else (3,), time(15, 0))
    plans = "follow_up" in reading.opens and outcome == "completed"
    fields = {consent_name(category): said for category, said in consents.items()}
    fields |= {"callback": CALLBACK.isoformat()} if outcome == "callback" else {}
    if plans:
        fields |= {"weekdays": [str(day) for day in rhythm.weekdays], "follow_up_time": "15:00"}
    phone, danger = calls.phone_to_dial(place.case), place.danger(reading)
    situation = outcomes.situation_of(place.case, by=volunteer, now=TUESDAY, phone=phone, danger=danger)
    promised = [line.text for line in what_follows(place, Typed(answers, "", fields), reading, situation).lines]
    factories.record_call(
        case_id=case.pk,
        by=volunteer,
        submission=given.call.submission,
        outcome=outcome,
        now=TUESDAY,
        answers=answers,
        consents=consents,
        callback_at=CALLBACK if outcome == "callback" else None,
        follow_up=rhythm if plans else None,
    )
    case.refresh_from_db()
    call = Call.objects.get(pk=given.call.pk)
    assert (call.state, call.outcome) == (Call.State.RECORDED, outcome)
    assert case.claimed_by is None
    _check_next(case, outcome, reading, plans, promised, volunteer)
    _check_needs(case, call, outcome, reading, consents, promised)
    _check_alerts(call, outcome, reading)
    assert (case.neighbour_told_at is not None) == ("neighbour" in reading.opens and outcomes.TABLE[outcome].reached)


def _check_next(case: Case, outcome: str, reading: scripts.Reading, plans: bool, promised: list[str], by: Any) -> None:
    """The table of outcomes, and the sentence that announced it."""
    plan = FollowUpPlan.objects.filter(case=case, status=FollowUpPlan.Status.ACTIVE).first()
    first = promised[0] if len(promised) > 0 else ""
    if reading.vital and outcome != "opt_out":
        assert (case.status, case.is_safety_call, case.next_call_for) == ("open", True, by)
        assert case.next_call_at is not None
        assert case.next_call_at <= TUESDAY + outcomes.SAFETY_WITHIN
        assert case.anyone_from is not None
        assert case.anyone_from <= TUESDAY + outcomes.SAFETY_WITHIN
        assert (plan is not None) >= plans
        assert first.startswith("Rappel de sécurité")
    elif outcome == "completed":
        ended = reading.ends_plan
        assert (plan is not None) == (plans or (case.last_outcome and FollowUpPlan.objects.exists() and not ended))
        assert case.status == ("open" if plan else "closed")
        if plans:
            assert plan is not None
            assert plan.cadence == reading.cadence
            assert f"premier appel par vous {when_label(plan.next_due_at, TUESDAY, PARIS)}." in first
        elif plan is None and ended:
            assert promised[:2] == ["Le suivi s'arrête, comme la personne le souhaite.", "Dossier clos."]
        else:
            assert first == ("Le suivi continue." if plan else "Dossier clos.")
    elif outcome == "callback":
        assert (case.status, case.next_call_at, case.next_call_for) == ("open", CALLBACK, by)
        assert first == typography(f"Rappel {when_label(CALLBACK, TUESDAY, PARIS)}.")
    elif outcome in ("refused_campaign", "opt_out"):
        assert case.status == "closed"
        assert plan is None
        assert first == ("Plus aucun appel." if outcome == "opt_out" else "Dossier clos.")
        case.household.refresh_from_db()
        assert (case.household.opposed_at is not None) == (outcome == "opt_out")
    else:
        assert outcome in ("soft_refusal", "other_person")
        assert case.status == "open"
        assert case.next_call_at is not None
        assert case.next_call_at > TUESDAY
        assert first.startswith("Rappel")
        assert ("quelqu'un d'autre" in first) == (case.not_for == by)


def _check_needs(
    case: Case,
    call: Call,
    outcome: str,
    reading: scripts.Reading,
    consents: dict[str, str],
    promised: list[str],
) -> None:
    """One need per person and category at its worst level; a draft unless the tenant said no to what can wait."""
    heard: dict[str, str] = {}
    for one in outcomes.needs_heard(outcome, reading):
        heard[one.category] = min(heard.get(one.category, one.level), one.level)
    written = list(Need.objects.filter(case=case, call=call))
    assert {need.category for need in written} == set(heard)
    for category, level in heard.items():
        mine = [need for need in written if need.category == category]
        assert min(need.level for need in mine) == level
        referred = {need.state == Need.State.REFERRED for need in mine}
        said = consents.get(category, "unasked")
        waits = said in ("no", "thinking")
        assert referred == {not waits or need.level in (Level.U0, Level.U1) for need in mine}
        sentence = next(text for text in promised if text.startswith(_label(category)))
        assert ("rien ne part" in sentence) == (waits and level not in (Level.U0, Level.U1))
        assert ("signalement préparé" in sentence) == (not waits)
    drafts = Referral.objects.filter(case=case)
    assert set(drafts.values_list("state", flat=True)) <= {Referral.State.DRAFT}
    assert drafts.exists() == any(need.state == Need.State.REFERRED for need in written)
    assert not drafts.filter(agreement="yes").exclude(needs__consent="yes").exists()


def _label(category: str) -> str:
    from campaigns.common import needs

    return needs.label(category)


def _check_alerts(call: Call, outcome: str, reading: scripts.Reading) -> None:
    # Whatever the outcome: the line may be cut in the middle of a danger.
    heard = {(one.question, one.choice, one.person) for one in reading.alerts}
    raised = Alert.objects.filter(call=call, kind__in=Alert.IN_A_CALL).values_list("question", "choice", "tenant_id")
    assert {(question, choice, str(person or "")) for question, choice, person in raised} == heard


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_of_the_default_scripts_is_met_by_some_path(shipped: dict[str, Any], kind: str) -> None:
    """No question is unreachable, and none stands after the end of every path."""
    content = scripts.content_of(shipped[kind].pk)
    for question in content.questions:
        for choice in question.choices:
            answers = _lead_to(content, question)
            assert (question, "1" if question.per_person else "") in content.read(answers, ["1"]).shown
            person = "1" if question.per_person else ""
            answers[question.key] = {person: [choice.key] if question.kind == "multi" else choice.key}
            reading = content.read(answers, ["1"])
            assert (choice.outcome or reading.outcome) == reading.outcome
            if choice.need:
                assert choice.need in {need.category for need in reading.needs}


def _lead_to(content: scripts.Content, wanted: scripts.Question) -> dict[str, dict[str, Any]]:
    """The fewest answers after which ``wanted`` is asked: a condition met, and nothing that ends the conversation."""
    answers: dict[str, dict[str, Any]] = {}
    needed = dict([wanted.shown_if[0]]) if wanted.shown_if else {}
    for question in reversed(content.questions[: content.questions.index(wanted)]):
        if question.key in needed and question.shown_if:
            needed |= dict([question.shown_if[0]])
    for question in content.questions[: content.questions.index(wanted)]:
        person = "1" if question.per_person else ""
        if question.key in needed:
            key = needed[question.key]
            answers[question.key] = {person: [key] if question.kind == "multi" else key}
    return answers


def test_the_campaign_s_own_settings_are_the_default_of_the_product(db: None) -> None:
    campaign = Campaign(name="x", slug="x")
    assert (campaign.max_attempts, campaign.retry_gaps, campaign.slot_ends) == (
        4,
        [1, 3, 6],
        ["11:00", "14:00", "17:00"],
    )
    assert (campaign.busy_minutes, campaign.busy_a_day, campaign.soft_refusal_days, campaign.hospital_days) == (
        30, 2, 7, 14,
    )  # fmt: skip
