"""Texts to look at again: flagged when they are kept (a call, a message), then left or rewritten by a coordinator."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns import scripts
from campaigns.models import Call, CallRevision, Case, CaseMessage, FlaggedText
from campaigns.models.limits import TEXT
from campaigns.texts import warned
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

COMMENT, MESSAGE = "comment", "message"
LIMIT = TEXT
# In place of a message that is emptied: whoever reads it knows that there was one.
EMPTIED = "Message retiré par la coordination."


class TextError(Refused):
    """The text cannot be decided like this."""


def texts_of(call: Call, content: scripts.Content | None) -> dict[str, str]:
    """Every free text of a call, by its field."""
    found = {COMMENT: call.comment} if call.comment else {}
    for question in content.questions if content is not None else ():
        if question.kind == "text":
            for person, value in call.answers.get(question.key, {}).items():
                found[f"{question.key}:{person}" if person else question.key] = str(value)
    return found


def of_cases(cases: QuerySet[Case]) -> QuerySet[FlaggedText]:
    """Those of the calls and messages of these cases."""
    ids = cases.order_by().values("pk")
    return FlaggedText.objects.filter(Q(call__case__in=ids) | Q(message__case__in=ids))


def read(flagged: FlaggedText) -> str:
    """The text as it stands now; empty when its answer is no longer there."""
    if flagged.message is not None:
        return flagged.message.text
    assert flagged.call is not None  # noqa: S101 - flagged_text_is_somewhere
    if flagged.field == COMMENT:
        return flagged.call.comment
    question, _, person = flagged.field.partition(":")
    return str(flagged.call.answers.get(question, {}).get(person, ""))


def flag(call: Call, content: scripts.Content | None, now: datetime) -> None:
    """Note the texts that raise a warning, inside the transaction that writes them; forget those that no longer do.

    A text already decided is asked about again only when it has changed (see corrections).
    """
    found = {field: warned.codes(text) for field, text in texts_of(call, content).items()}
    found = {field: reasons for field, reasons in found.items() if reasons}
    for field, reasons in found.items():
        FlaggedText.objects.update_or_create(
            call=call,
            field=field,
            defaults={"reasons": reasons, "at": now, "decision": "", "decided_at": None, "decided_by": None},
        )


def flag_message(message: CaseMessage, now: datetime) -> None:
    """Note a message that raises a warning, inside the transaction that keeps it."""
    if reasons := warned.codes(message.text):
        FlaggedText.objects.create(message=message, field=MESSAGE, reasons=reasons, at=now)


def changed(call: Call, content: scripts.Content | None, before: dict[str, str], now: datetime) -> None:
    """After a correction: the flags of texts that went or changed go, the new texts are looked at."""
    after = texts_of(call, content)
    moved = [field for field, text in before.items() if after.get(field) != text]
    FlaggedText.objects.filter(call=call, field__in=moved).delete()
    for field, text in after.items():
        if before.get(field) != text and (reasons := warned.codes(text)):
            FlaggedText.objects.create(call=call, field=field, reasons=reasons, at=now)


@transaction.atomic
def leave(*, flagged: FlaggedText, by: User, now: datetime) -> None:
    """The text is a fact that helps: it stays. Raises TextError when somebody has already decided."""
    _decide(flagged, FlaggedText.Decision.LEFT, by, now)


@transaction.atomic
def rewrite(*, flagged: FlaggedText, text: str, by: User, now: datetime) -> None:
    """Write the text otherwise, or empty it; the one before is kept nowhere, earlier versions of the call included.

    Raises TextError when it is too long, or when somebody has already decided.
    """
    clean = text.replace("\x00", "").strip()
    if len(clean) > LIMIT:
        raise TextError(f"{LIMIT} caractères au plus. Il y en a {len(clean)}.")
    if flagged.message_id is not None:
        _decide(flagged, FlaggedText.Decision.REWRITTEN, by, now)
        CaseMessage.objects.filter(pk=flagged.message_id).update(text=clean or EMPTIED)
        return
    assert flagged.call_id is not None  # noqa: S101 - flagged_text_is_somewhere
    call = Call.objects.select_for_update(of=("self",)).get(pk=flagged.call_id)
    _decide(flagged, FlaggedText.Decision.REWRITTEN, by, now)
    _replace(call, flagged.field, clean)
    call.save(update_fields=["comment", "answers"])
    for revision in CallRevision.objects.filter(call=call):
        _replace(revision, flagged.field, "")
        revision.save(update_fields=["comment", "answers"])
    flagged.call = call


def _replace(row: Any, field: str, text: str) -> None:
    if field == COMMENT:
        row.comment = text
        return
    question, _, person = field.partition(":")
    said = {key: value for key, value in row.answers.get(question, {}).items() if key != person}
    if text:
        said[person] = text
    row.answers = {
        **{key: value for key, value in row.answers.items() if key != question},
        **({question: said} if said else {}),
    }


def _decide(flagged: FlaggedText, decision: str, by: User, now: datetime) -> None:
    fields = {"decision": decision, "decided_at": now, "decided_by": by}
    if not FlaggedText.objects.filter(pk=flagged.pk, decision="").update(**fields):
        raise TextError("Quelqu'un a déjà revu ce texte.")
    flagged.decision, flagged.decided_at, flagged.decided_by = decision, now, by
    case = flagged.case
    journal.of_case("text.decided", case, flagged, by=by, decision=decision)
