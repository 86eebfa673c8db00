"""A campaign that was lived in, with something in every table, its end, and words that may stand nowhere after it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection, models

from campaigns import alerts, calls, followups, queue, welfare
from campaigns.calls import corrections, messages
from campaigns.figures.tests import figures_cast
from campaigns.figures.tests.figures_cast import TUESDAY, call
from campaigns.models import (
    Alert,
    Campaign,
    Case,
    Letter,
    Referral,
    WelfareCheck,
)
from campaigns.neighbours import reports
from campaigns.referrals.tests import referral_cast
from campaigns.setup import lifecycle
from campaigns.team import debriefs, meetings, reviews
from campaigns.welfare import letters, without_number
from campaigns.welfare.tests import welfare_cast
from solidarites import journal
from solidarites.models import JournalEntry
from tenants.models import Household, ImportRow, ListImport, UploadedPiece
from tests import factories

CLOSED = TUESDAY + timedelta(days=20)
DUE = CLOSED + timedelta(days=30)
# Short enough for the shortest field; no French text has it.
CANARY = "\u2c6b\u2c6b"


def lived_in(campaign: Campaign, coordinator: Any) -> list[Case]:
    """A campaign with a row of everything, all of it by the rules."""
    volunteer, volunteer2 = campaign.volunteers.order_by("pk")
    needy, lonely, absent, opposed = (factories.make_case(campaign) for _ in range(4))
    call(needy, volunteer, "completed", comment="Ne sort plus.", say={"courses": "personne", "manger": "non"})
    call(lonely, volunteer, "completed", say={"solitude": "souvent"}, follow_up=figures_cast.weekly())
    call(absent, volunteer2, "voicemail_left")
    call(opposed, volunteer2, "opt_out")
    queue.claim_next(campaign=campaign, by=volunteer2, now=TUESDAY + timedelta(days=8))
    referral = referral_cast.make_referral(coordinator, TUESDAY, state=Referral.State.CLOSED, case=needy)
    check = welfare.open_check(case=absent, origin=WelfareCheck.Origin.COORDINATOR, now=TUESDAY, by=coordinator)
    welfare.add_step(check=check, kind="letter", result="Boîte aux lettres pleine.", by=coordinator, now=TUESDAY)
    alert = Alert.objects.get(kind=Alert.Kind.ANSWER, case=needy)
    alerts.solve(alert=alert, solution="Fille prévenue.", by=coordinator, now=TUESDAY)
    alerts.raise_alert(task="essai", kind="task_failed", level="U1", campaign=campaign, now=TUESDAY)
    _unreached(campaign, coordinator, check)
    _shared(campaign, needy, volunteer, coordinator)
    _said_again(campaign, needy, volunteer)
    plan = lonely.plans.get()
    days = [(TUESDAY + timedelta(days=number)).date() for number in (2, 4)]
    followups.add_exception(
        plan_id=plan.pk, first_day=days[0], last_day=days[1], reason="hospital", by=coordinator, now=TUESDAY
    )
    journal.record("referral.read", referral, by=coordinator, note=1)
    LogEntry.objects.log_actions(coordinator.pk, [referral], 2, change_message="faits", single_object=True)
    landlord = needy.household.landlord
    imported = ListImport.objects.create(
        landlord=landlord,
        file_name="liste.csv",
        state=ListImport.State.APPLIED,
        created_at=TUESDAY - timedelta(days=3),
    )
    UploadedPiece.objects.create(list_import=imported, position=0, content=CANARY.encode())
    ImportRow.objects.create(list_import=imported, group=1, number=2, kind="create", data={"nom": "Martin"})
    return [needy, lonely, absent, opposed]


def _unreached(campaign: Campaign, coordinator: Any, check: WelfareCheck) -> None:
    """A letter, a number asked for, a caretaker's round by e-mail, a neighbour's report that was matched."""
    residence = welfare_cast.make_residence()
    Household.objects.filter(pk=check.case.household_id).update(residence=residence)
    case = Case.objects.select_related("campaign", "household__landlord").get(pk=check.case_id)
    letters.make(cases=[case], kind=Letter.Kind.MISSED, by=coordinator, now=TUESDAY)
    without_number.ask(cases=[case], by=coordinator, now=TUESDAY)
    check = WelfareCheck.objects.get(pk=check.pk)
    welfare_cast.make_round([check], coordinator, TUESDAY, email="gardien@exemple.fr")
    report = reports.receive(worries=["mail"], place="12 rue des Lilas", text="Volets clos.", now=TUESDAY)
    reports.match(report=report, case_id=case.pk, level="U2", by=coordinator, now=TUESDAY)


def _shared(campaign: Campaign, case: Case, volunteer: Any, coordinator: Any) -> None:
    """A call read again with a kind word, one that touched, a meeting somebody comes to, a moment."""
    made = case.calls.select_related("case__campaign").get()
    reviews.review(call=made, note="Une belle patience.", by=coordinator, now=TUESDAY)
    debriefs.ask(call=made, by=volunteer, now=TUESDAY)
    later, link = TUESDAY + timedelta(days=1), "https://visio.exemple.fr/equipe"
    planned = meetings.plan(
        campaign=campaign, starts_at=later, link=link, words="Souffler.", by=coordinator, now=TUESDAY
    )
    meetings.answer(meeting=planned[0], comes=True, by=volunteer, now=TUESDAY)
    debriefs.share_moment(campaign=campaign, text="Un rire partagé.", by=volunteer, now=TUESDAY)


def _said_again(campaign: Campaign, case: Case, volunteer: Any) -> None:
    """A call corrected by its author, now with words to look at again; a message taken for the household."""
    made = case.calls.get()
    wanted = calls.Entry(
        outcome="completed",
        answers=made.answers,
        comment="Elle est dépressive.",
        details=calls.Details.from_json(made.draft),
    )
    at = TUESDAY + timedelta(minutes=30)
    corrections.correct(call_id=made.pk, by=volunteer, submission=uuid.uuid4(), wanted=wanted, now=at)
    messages.leave(case_id=case.pk, text="Rappeler après 16 h.", by=volunteer, now=at)


def close(campaign: Campaign, at: datetime = CLOSED) -> None:
    lifecycle.close_campaign(campaign=campaign, by=None, now=at)


def text_fields(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """The fields of a model that could hold a word about somebody."""
    for field in model._meta.concrete_fields:
        if field.choices or field.primary_key:
            continue
        if isinstance(field, models.CharField | models.TextField | models.JSONField):
            yield field


# What may keep its words after a purge, and why.
KEPT = {
    "solidarites.User": "people of the cell, not tenants",
    "solidarites.Invitation": "an account",
    "solidarites.Heartbeat": "machines",
    "campaigns.Campaign": "purpose and settings",
    "campaigns.Partner": "institutions",
    "campaigns.Poster": "a code printed on paper, for a building",
    "campaigns.FaqEdition": "answers to everybody's questions, of nobody",
    "campaigns.UsefulNumber": "public numbers",
    "campaigns.LetterWording": "a landlord's signature and paragraph, for all its letters",
    "campaigns.Script": "what is asked, not what is answered",
    "campaigns.Absence": "days of people of the cell",
    "campaigns.CalendarFeed": "a key of somebody of the cell",
    "campaigns.FrozenFigures": "totals",
    "campaigns.PurgeProof": "counts",
    "tenants.ImportProfile": "headings of columns",
    "tenants.Landlord": "an institution",
    "tenants.Agency": "an institution",
    "tenants.Residence": "a building",
    "tenants.Opposition": "keyed hashes",
    "tenants.Departed": "keyed hashes",
}
# Fields that hold codes of ours, by which the product finds its way.
CODES = {
    "solidarites.JournalEntry": {"actor", "action", "object_type"},
    "solidarites.OutgoingMail": {"object_type", "message_id", "template"},
    "campaigns.Alert": {"key"},
    "campaigns.Call": {"outcome"},
    "campaigns.Need": {"category"},
    "campaigns.ReferralEvent": {"action", "from_state", "to_state"},
    "admin.LogEntry": {"object_id"},
    "tenants.ListImport": {"counts", "encoding", "lease"},
}


def plant_canaries() -> set[str]:
    """Write the canary in every text field of every row; returns the models that had a row."""
    planted = set()
    ours = [model for model in apps.get_models() if model._meta.app_label in ("solidarites", "tenants", "campaigns")]
    for model in [*ours, LogEntry]:
        label = model._meta.label
        if label in KEPT:
            continue
        rows = model._default_manager.all()
        if model is JournalEntry:
            # What was done to a script or a campaign's settings is about nobody.
            rows = rows.exclude(object_type="campaigns.script")
        for pk in list(rows.values_list("pk", flat=True)):
            planted.add(label)
            for field in text_fields(model):
                if field.name in CODES.get(label, set()):
                    continue
                value: Any = f"{CANARY}{pk}"[: field.max_length or 99]
                if isinstance(field, models.JSONField):
                    value = {"texte": value}
                model._default_manager.filter(pk=pk).update(**{field.name: value})
    return planted


def dump() -> str:
    """Every cell of every table."""
    cells: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                cells += [f"{table}: {cell!r} {cell}" for cell in row]
    return "\n".join(cells)


def has_canary(text: str) -> list[str]:
    marks = (CANARY, CANARY.encode("unicode_escape").decode())
    return [line[:200] for line in text.splitlines() if any(mark in line for mark in marks)]
