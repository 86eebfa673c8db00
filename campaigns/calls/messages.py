"""A household rings back while another volunteer holds its case: a message is taken, and reaches who has it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from campaigns import alerts, texts
from campaigns.models import Alert, Case, CaseMessage
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.queue import NotYoursError, membership_of
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

LIMIT = TEXT


class MessageError(Refused):
    """The message cannot be kept."""


@transaction.atomic
def leave(*, case_id: int, text: str, by: User, now: datetime) -> CaseMessage:
    """Keep what the person who rang back asked to pass on.

    Conditions: ``by`` calls in the case's campaign, which is running. The holder reads it at once on the call page, the
    next callers in the history; an alert tells the coordination, in case nobody calls soon. A text that raises a gentle
    warning waits among those to look at again.
    Raises NotYoursError, MessageError for an empty or too long text.
    """
    case = Case.objects.select_related("campaign").filter(pk=case_id).first()
    if case is None or not case.campaign.is_running or membership_of(case.campaign, by) is None:
        raise NotYoursError("Ce dossier ne vous est pas confié.")
    clean = text.replace("\x00", "").strip()
    if not clean:
        raise MessageError("Notez ce que la personne vous a demandé de transmettre.")
    if len(clean) > LIMIT:
        raise MessageError(f"{LIMIT} caractères au plus. Il y en a {len(clean)}.")
    latest = CaseMessage.objects.filter(case=case, by=by).first()
    if latest is not None and latest.text == clean and (now - latest.at).total_seconds() < 600:
        return latest  # posted twice
    message = CaseMessage.objects.create(case=case, by=by, at=now, text=clean)
    texts.flag_message(message, now)
    journal.of_case("message.taken", case, message, by=by)
    alerts.raise_alert(message=message, kind=Alert.Kind.MESSAGE, level=Level.U2, case=case, by=by, now=now)
    return message
