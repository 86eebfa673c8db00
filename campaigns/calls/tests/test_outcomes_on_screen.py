"""Every outcome can be reached from the caller's screen: by a button of the page, or by an answer of a script."""

from __future__ import annotations

from campaigns import outcomes, scripts
from campaigns.models import Call, Script
from campaigns.scripts import editing


def led_to_by_scripts() -> set[str]:
    """What the shipped scripts end with; their end is a conversation held."""
    shipped = [scripts.build(editing.default_document(kind)[1]) for kind in Script.Kind.values]
    answers = {choice.outcome for content in shipped for question in content.questions for choice in question.choices}
    return {Call.Outcome.COMPLETED.value, *filter(None, answers)}


def test_every_outcome_has_one_way_on_screen():
    assert set(outcomes.TABLE) == set(Call.Outcome.values)
    buttons = {rule.code.value for way in outcomes.Way if way != outcomes.Way.SCRIPT for rule in outcomes.by(way)}
    assert buttons | led_to_by_scripts() == set(Call.Outcome.values)


def test_what_no_button_offers_is_led_to_by_a_script():
    assert {rule.code.value for rule in outcomes.by(outcomes.Way.SCRIPT)} <= led_to_by_scripts()


def test_only_an_outcome_that_closes_a_person_asks_for_the_name_on_a_page_of_its_own():
    assert {rule.code.value for rule in outcomes.by(outcomes.Way.CLOSING)} == set(outcomes.PERSON_STATUS)
