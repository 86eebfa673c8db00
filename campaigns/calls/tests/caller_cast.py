"""What the tests of the caller's screens share: a campaign with the default scripts, a held case, a quiet answer."""

from __future__ import annotations

import html
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import queue, scripts
from campaigns.models import Campaign, Case
from solidarites.models import User
from tests.factories import make_campaign


def running_campaign(*volunteers: User, **fields: Any) -> Campaign:
    shipped = {script.kind: script for script in scripts.load_defaults(now=timezone.now())}
    return make_campaign(
        volunteers=list(volunteers),
        **{"script": shipped["first"], "follow_up_script": shipped["follow_up"], **fields},
    )


def hold(case: Case, by: User) -> queue.Given:
    given = queue.claim_next(campaign=case.campaign, by=by, now=timezone.now())
    assert given.case == case
    return given


def text(response: Any) -> str:
    """What a person reads of an answer (or of a fragment): entities resolved, every space an ordinary one."""
    said = response if isinstance(response, str) else response.content.decode()
    return html.unescape(said).replace("\u00a0", " ")


def url(name: str, *args: Any) -> str:
    return reverse(f"caller:{name}", args=args)


def well(case: Case, **more: Any) -> dict[str, Any]:
    """What somebody who is well answers to the first call: every required question."""
    answers = {"q-accueil": "oui", "q-information": "oui", "q-courses": "moi", "q-suivi": "non"}
    for tenant in case.household.tenants.all():
        answers |= {f"q-sante-{tenant.pk}": "bien", f"q-solitude-{tenant.pk}": "rarement"}
    return answers | more


@contextmanager
def budget(most: int) -> Iterator[None]:
    """Statements that read or write: the marks of transactions are left out, a test being inside one already."""
    marks = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT", "BEGIN", "COMMIT")
    with CaptureQueriesContext(connection) as queries:
        yield
    asked = [query["sql"] for query in queries.captured_queries if not query["sql"].startswith(marks)]
    listing = "\n".join(f"  {number}. {sql[:200]}" for number, sql in enumerate(asked, 1))
    assert len(asked) <= most, f"{len(asked)} queries, {most} at most:\n{listing}"
