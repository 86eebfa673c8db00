"""The answers of a recorded call, in words."""

from __future__ import annotations

from campaigns import calls, scripts
from campaigns.calls.views.labels import typography
from campaigns.models import Call
from solidarites.models import User


def answers_in_words(call: Call) -> list[tuple[str, str, str]]:
    """(question as it was spoken, person or nothing, answer) in the order of the script.

    Needs ``call.case`` with its campaign, its household, the landlord and the people.
    """
    if not call.answers or call.script_id is None:
        return []
    content = scripts.content_of(call.script_id)
    names = {str(person.pk): person.full_name for person in call.case.household.tenants.all()}
    values = calls.placeholders(call.case, call.volunteer or User())
    said = []
    for question in content.questions:
        for person, value in (call.answers.get(question.key) or {}).items():
            chosen = question.chosen(value)
            words = ", ".join(choice.label for choice in chosen) if chosen else str(value)
            asked = scripts.fill(question.say or question.guide or question.key, values)
            said.append((typography(asked), names.get(person, ""), words))
    return said
