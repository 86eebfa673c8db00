"""The draft that keeps every typed word, and the alerts that work before anything is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns import alerts, scripts
from campaigns.calls.reading import COMMENT_LIMIT, people_of, script_of, with_household
from campaigns.models import Alert, Call, Case
from campaigns.models.levels import Level
from campaigns.queue import NotYoursError
from solidarites.models import User


@transaction.atomic
def save_draft(
    *, case_id: int, by: User, answers: Mapping[str, Any], comment: str, extra: Mapping[str, Any], now: datetime
) -> Call:
    """Keep what is typed, and raise at once the alerts of alarming answers.

    Raises NotYoursError when this volunteer was never given the case, or has already recorded it.
    """
    call = (
        Call.objects.select_for_update(of=("self",))
        .filter(Call.UNFINISHED, case_id=case_id, volunteer=by)
        .order_by("state")
        .first()
    )
    if call is None:
        raise NotYoursError("Ce dossier n'est plus entre vos mains.")
    case = with_household(case_id)
    _, content = script_of(case, call)
    people = [str(tenant.pk) for tenant in people_of(case, since=call.started_at)]
    if content is not None:
        call.answers = content.clean(answers, people)
    call.comment, call.draft, call.saved_at = comment.replace("\x00", "")[:COMMENT_LIMIT], dict(extra), now
    call.save(update_fields=["answers", "comment", "draft", "saved_at"])
    if content is not None:
        raise_answer_alerts(call, case, content.read(call.answers, people).alerts, by, now)
    return call


@transaction.atomic
def raise_button_alert(*, case_id: int, by: User, now: datetime) -> Alert:
    """The red button: works at once, before anything is saved. Raises NotYoursError."""
    mine = Call.objects.filter(Call.UNFINISHED, case_id=case_id, volunteer=by).order_by("state")
    call = mine.select_related("case").first()
    if call is None:
        raise NotYoursError("Ce dossier n'est plus entre vos mains.")
    return alerts.raise_alert(call=call, kind=Alert.Kind.BUTTON, level=Level.U0, case=call.case, by=by, now=now)


def raise_answer_alerts(
    call: Call, case: Case, heard: Sequence[scripts.HeardAlert], by: User | None, now: datetime
) -> None:
    """Each once: settled meanwhile by a coordinator, the same answer does not ring a second time."""
    for one in unheard(call, heard):
        alerts.raise_alert(
            call=call,
            question=one.question,
            choice=one.choice,
            tenant_id=int(one.person) if one.person else None,
            kind=Alert.Kind.ANSWER,
            level=one.level,
            case=case,
            by=by,
            now=now,
        )


def unheard(call: Call, heard: Sequence[scripts.HeardAlert]) -> list[scripts.HeardAlert]:
    """Those that this call has raised no alert for, open or solved."""
    if not heard:
        return []
    rows = Alert.objects.filter(call=call, kind=Alert.Kind.ANSWER).values_list("question", "choice", "tenant_id")
    known = {(question, choice, str(person or "")) for question, choice, person in rows}
    return [one for one in heard if (one.question, one.choice, one.person) not in known]
