"""The end of a campaign: nothing personal is left anywhere, and the figures stay."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, models

from campaigns import (
    alerts,
    calls,
    debriefs,
    followups,
    letters,
    lifecycle,
    messages,
    neighbours,
    numberless,
    purge,
    queue,
    report,
    reviews,
    tasks,
    welfare,
)
from campaigns.calls import corrections
from campaigns.followups import feed
from campaigns.models import (
    Absence,
    Alert,
    CalendarFeed,
    Campaign,
    Case,
    FrozenFigures,
    Letter,
    PurgeProof,
    Referral,
    WelfareCheck,
)
from campaigns.tests import figures_cast, referral_cast, welfare_cast
from campaigns.tests.figures_cast import TUESDAY, call
from solidarites import journal
from solidarites.models import JournalEntry, OutgoingMail, User
from tenants import households
from tenants.models import Household, ImportRow, ListImport, Opposition, Tenant
from tests import factories

CLOSED = TUESDAY + timedelta(days=20)
DUE = CLOSED + timedelta(days=30)
# Short enough for the shortest field; no French text has it.
CANARY = "\u2c6b\u2c6b"


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    return figures_cast.make_campaign(volunteer, volunteer2)


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
    alerts.raise_alert(key="neighbour:1", kind="neighbour", level="U1", campaign=campaign, now=TUESDAY)
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
        file=ContentFile(CANARY.encode(), name="liste.csv"),
    )
    ImportRow.objects.create(list_import=imported, group=1, number=2, kind="create", data={"nom": "Martin"})
    return [needy, lonely, absent, opposed]


def _unreached(campaign: Campaign, coordinator: Any, check: WelfareCheck) -> None:
    """A letter, a number asked for, a caretaker's round by e-mail, a neighbour's report that was matched."""
    residence = welfare_cast.make_residence()
    Household.objects.filter(pk=check.case.household_id).update(residence=residence)
    case = Case.objects.select_related("campaign", "household__landlord").get(pk=check.case_id)
    letters.make(cases=[case], kind=Letter.Kind.MISSED, by=coordinator, now=TUESDAY)
    numberless.ask(cases=[case], by=coordinator, now=TUESDAY)
    check = WelfareCheck.objects.get(pk=check.pk)
    welfare_cast.make_round([check], coordinator, TUESDAY, email="gardien@exemple.fr")
    report = neighbours.receive(worries=["mail"], place="12 rue des Lilas", text="Volets clos.", now=TUESDAY)
    neighbours.match(report=report, case_id=case.pk, level="U2", by=coordinator, now=TUESDAY)


def _shared(campaign: Campaign, case: Case, volunteer: Any, coordinator: Any) -> None:
    """A call read again with a kind word, one that touched, a meeting, a moment."""
    made = case.calls.select_related("case__campaign").get()
    reviews.review(call=made, note="Une belle patience.", by=coordinator, now=TUESDAY)
    debriefs.ask(call=made, by=volunteer, now=TUESDAY)
    later, link = TUESDAY + timedelta(days=1), "https://visio.exemple.fr/equipe"
    debriefs.plan_meeting(campaign=campaign, starts_at=later, link=link, words="Souffler.", by=coordinator, now=TUESDAY)
    debriefs.share_moment(campaign=campaign, text="Un rire partagé.", by=volunteer, now=TUESDAY)


def _said_again(campaign: Campaign, case: Case, volunteer: Any) -> None:
    """A call corrected by its author, now with words to look at again; a message taken for the household."""
    made = case.calls.get()
    wanted = corrections.Wanted(
        outcome="completed", answers=made.answers, comment="Elle est dépressive.", said=calls.Said.from_json(made.draft)
    )
    at = TUESDAY + timedelta(minutes=30)
    corrections.correct(call_id=made.pk, by=volunteer, submission=uuid.uuid4(), wanted=wanted, now=at)
    messages.leave(case_id=case.pk, text="Rappeler après 16 h.", by=volunteer, now=at)


def close(campaign: Campaign, at: datetime = CLOSED) -> None:
    lifecycle.close_campaign(campaign=campaign, by=None, now=at)


def text_fields(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """The fields of a model that could hold a word about somebody."""
    for field in model._meta.concrete_fields:
        if isinstance(field, models.FileField) or field.choices or field.primary_key:
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
}
# Fields that hold codes of ours, by which the product finds its way.
CODES = {
    "solidarites.JournalEntry": {"actor", "action", "object_type"},
    "solidarites.OutgoingMail": {"key", "message_id", "template"},
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


# Nothing is left -------------------------------------------------------------------------------------


def test_after_the_purge_no_word_about_anybody_is_left(
    campaign: Campaign, coordinator: Any, django_capture_on_commit_callbacks: Any
) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    planted = plant_canaries()
    # Everything that a campaign can hold was really there to be erased.
    expected = {model._meta.label for model in apps.get_app_config("campaigns").get_models()} - set(KEPT)
    # Written out: the journal's details and the admin's history about each are emptied too.
    assert expected - {model._meta.label for model in purge.ERASED} == {
        "campaigns.CampaignVolunteer",
        "campaigns.CoordinatorScope",
    }
    assert expected - planted <= {"campaigns.CampaignVolunteer", "campaigns.CoordinatorScope", "campaigns.CasePass"} | {
        "campaigns.DueCall",
        "campaigns.PartnerCode",
    }
    assert {
        "tenants.Household",
        "tenants.Tenant",
        "tenants.PhoneNumber",
        "tenants.ImportRow",
        "admin.LogEntry",
    } <= planted
    files = default_storage.listdir("lists")[1]
    assert len(files) == 1
    assert len(has_canary(dump())) > 60
    with django_capture_on_commit_callbacks(execute=True):
        assert len(purge.purge_expired(now=DUE)) == 1
    assert has_canary(dump()) == []
    assert default_storage.listdir("lists")[1] == []
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.PURGED
    assert campaign.purged_at == DUE
    for model in (Case, Household, Tenant, ImportRow):
        assert not model._default_manager.exists()
    assert not OutgoingMail.objects.filter(key__startswith="referral:").exists()


# Deleted by the purge itself once nothing of a case hangs on them.
EMPTIED = {"campaigns.CaretakerRound", "campaigns.Meeting", "campaigns.SharedMoment"}
# Of people of the cell, who stay; a campaign's rows about them go with it, or with their account.
OF_THE_CELL = {"campaigns.CampaignVolunteer", "campaigns.CoordinatorScope"}


def test_every_model_is_either_purged_or_named_as_kept(campaign: Campaign) -> None:
    """A model added later must be thought of: it hangs on a case or a household, or stands in KEPT."""
    roots = {Case, Household, ListImport}
    for model in [*apps.get_app_config("campaigns").get_models(), *apps.get_app_config("tenants").get_models()]:
        if model._meta.label in (KEPT.keys() | EMPTIED | OF_THE_CELL) or model in roots:
            continue
        # Even without a word in it, a row that leads to somebody goes with them.
        if list(text_fields(model)) or leads_to_somebody(model):
            assert hangs_on(model, roots), f"{model._meta.label} is neither erased with its case nor named as kept"


def leads_to_somebody(model: type[models.Model], seen: frozenset[type[models.Model]] = frozenset()) -> bool:
    """A chain of keys from ``model`` to a person: a tenant, their household, or somebody of the cell."""
    people = {Household, Tenant, Case, User}
    targets = {field.related_model for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)}
    return any(
        target in people or (target not in seen and leads_to_somebody(target, seen | {model}))
        for target in targets
        if isinstance(target, type) and target is not model
    )


def test_what_is_about_people_of_the_cell_goes_with_their_account(volunteer: Any) -> None:
    """Absences and the link of an agenda: nothing of a campaign, nothing that outlives the account."""
    followups.add_absence(user=volunteer, first_day=TUESDAY.date(), last_day=None, by=None, now=TUESDAY)
    feed.renew(user=volunteer, now=TUESDAY)
    for model in (Absence, CalendarFeed):
        assert leads_to_somebody(model)
        assert model._meta.label in KEPT
    volunteer.delete()
    assert not Absence.objects.exists()
    assert not CalendarFeed.objects.exists()


def hangs_on(model: type[models.Model], roots: set[type[models.Model]]) -> bool:
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey) or field.remote_field.on_delete is not models.CASCADE:
            continue
        target = field.related_model
        if target in roots or (target is not model and hangs_on(target, roots)):
            return True
    return False


def test_an_opposition_outlives_the_purge(campaign: Campaign, coordinator: Any) -> None:
    opposed = lived_in(campaign, coordinator)[-1]
    number = opposed.household.phones.get().e164
    close(campaign)
    purge.purge_expired(now=DUE)
    assert Opposition.objects.filter(digest=households.digest(f"tel:{number}")).exists()


def test_the_journal_keeps_who_did_what_and_loses_the_details(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    before = JournalEntry.objects.count()
    purge.purge_expired(now=DUE)
    assert JournalEntry.objects.count() > before
    recorded = JournalEntry.objects.filter(action="call.recorded")
    assert recorded.count() == 4
    assert set(recorded.values_list("user__email", flat=True)) == {"lea@exemple.fr", "paul@exemple.fr"}
    left = JournalEntry.objects.filter(campaign_id=campaign.pk).exclude(detail={})
    assert set(left.values_list("action", flat=True)) == {"campaign.purged"}


# The figures stay --------------------------------------------------------------------------------------


def test_the_report_gives_the_same_totals_before_and_after(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    before = report.report_of(campaign)
    assert before.totals["people_referred"] == before.totals["follow_up_plans"] == 1
    purge.purge_expired(now=DUE)
    after = report.report_of(campaign)
    assert after.totals == before.totals
    assert (after.needs, after.outcomes, after.referrals) == (before.needs, before.outcomes, before.referrals)
    assert (after.first_call_on, after.last_call_on) == (before.first_call_on, before.last_call_on)
    assert after.frozen_at == DUE


def test_small_cells_are_not_even_kept(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    purge.purge_expired(now=DUE)
    data = FrozenFigures.objects.get(campaign=campaign).data
    values = [row[2] for name in ("needs", "outcomes") for row in data[name]]
    assert values
    assert set(values) == {None}


def test_the_proof_counts_what_went(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    purge.purge_expired(now=DUE)
    proof = PurgeProof.objects.get(campaign=campaign)
    assert proof.counts["campaigns.Case"] == 4
    assert proof.counts["tenants.Household"] == 4
    assert proof.counts["tenants.ImportRow"] == 1
    assert proof.counts["campaigns.Referral"] >= 1


# When ---------------------------------------------------------------------------------------------------


def test_nothing_goes_before_its_day(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    assert purge.due_on(campaign) == DUE.date()
    assert purge.purge_expired(now=DUE - timedelta(days=1)) == []
    assert Case.objects.filter(campaign=campaign).count() == 4
    assert not FrozenFigures.objects.exists()
    # The day, not the hour, counts.
    assert len(purge.purge_expired(now=DUE.replace(hour=0, minute=5))) == 1


@pytest.mark.parametrize("status", [Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED])
def test_a_campaign_that_is_not_closed_is_never_purged(campaign: Campaign, status: str) -> None:
    factories.make_case(campaign)
    Campaign.objects.update(status=status, closed_at=CLOSED)
    assert purge.purge_campaign(campaign_id=campaign.pk, now=DUE) is None
    assert Case.objects.count() == 1


# Who else needs the people ---------------------------------------------------------------------------------


def test_a_household_of_another_campaign_stays_with_its_people(campaign: Campaign, volunteer: Any) -> None:
    shared, gone = factories.make_case(campaign), factories.make_case(campaign)
    close(campaign)
    other = figures_cast.make_campaign(volunteer)
    other.agencies.add(factories.make_agency(shared.household.landlord, "Agence de Pessac"))
    case = factories.make_case(other, shared.household)
    call(case, volunteer, "completed", DUE - timedelta(days=2), comment="Va bien.")
    purge.purge_expired(now=DUE)
    assert list(Household.objects.values_list("pk", flat=True)) == [shared.household_id]
    assert Tenant.objects.count() == shared.household.phones.count() == 1
    assert gone.household_id != shared.household_id
    assert case.calls.get().comment == "Va bien."


def test_a_closed_campaign_that_waits_for_its_own_purge_keeps_its_figures(campaign: Campaign, volunteer: Any) -> None:
    household = factories.make_household()
    later = figures_cast.make_campaign(volunteer)
    for one, closed_at in ((campaign, CLOSED), (later, CLOSED + timedelta(days=10))):
        call(factories.make_case(one, household), volunteer, "completed")
        close(one, closed_at)
    purge.purge_expired(now=DUE)
    assert Household.objects.count() == 1
    assert report.report_of(later).totals["calls"] == 1
    purge.purge_expired(now=DUE + timedelta(days=10))
    assert not Household.objects.exists()


def test_people_imported_and_never_enrolled_go_with_the_last_campaign(campaign: Campaign) -> None:
    factories.make_household(birth_date=None)
    close(campaign)
    purge.purge_expired(now=DUE)
    assert not Household.objects.exists()


@pytest.mark.parametrize("status", [Campaign.Status.DRAFT, Campaign.Status.OPEN, Campaign.Status.PAUSED])
def test_people_that_a_running_campaign_covers_stay(campaign: Campaign, agency: Any, status: str) -> None:
    inside = factories.make_household(agency.landlord, agency=agency)
    factories.make_household(agency.landlord)
    close(campaign)
    running = figures_cast.make_campaign(status=status)
    running.agencies.add(agency)
    purge.purge_expired(now=DUE)
    assert list(Household.objects.all()) == [inside]


def test_a_list_brought_after_the_closing_is_for_something_newer(campaign: Campaign) -> None:
    case = factories.make_case(campaign, now=TUESDAY)
    landlord = case.household.landlord
    close(campaign)
    ListImport.objects.create(landlord=landlord, file_name="hiver.csv", created_at=CLOSED + timedelta(days=5))
    purge.purge_expired(now=DUE)
    assert list(Household.objects.all()) == [case.household]
    assert not Case.objects.exists()
    assert ListImport.objects.get().file_name == "hiver.csv"


def test_a_list_that_no_campaign_uses_goes_after_ninety_days(landlord: Any) -> None:
    factories.make_household(landlord, updated_at=TUESDAY)
    ListImport.objects.create(landlord=landlord, file_name="vieille.csv", created_at=TUESDAY)
    purge.purge_expired(now=TUESDAY + timedelta(days=89))
    assert Household.objects.count() == 1
    purge.purge_expired(now=TUESDAY + timedelta(days=91))
    assert not Household.objects.exists()


# Stopped half-way, twice at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [1, 2, 3, 4, 5])
def test_stopped_in_the_middle_the_next_run_finishes(
    campaign: Campaign, coordinator: Any, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    monkeypatch.setattr(purge, "CASES_A_STEP", 2)
    monkeypatch.setattr(purge, "HOUSEHOLDS_A_STEP", 2)
    lived_in(campaign, coordinator)
    close(campaign)
    before = report.report_of(campaign).totals
    killed = purge.steps(campaign_id=campaign.pk, now=DUE)
    for _ in range(done):
        next(killed)
    del killed
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSED
    # Half gone already: the figures are the frozen ones.
    assert report.report_of(campaign).totals == before
    proof = purge.purge_expired(now=DUE + timedelta(days=1))[0]
    assert (proof.counts["campaigns.Case"], proof.counts["tenants.Household"]) == (4, 4)
    assert report.report_of(campaign).totals == before
    assert not Household.objects.exists()
    assert purge.purge_expired(now=DUE + timedelta(days=1)) == []


def test_a_step_that_fails_leaves_nothing_half_done(
    campaign: Campaign, coordinator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived_in(campaign, coordinator)
    close(campaign)

    def broken(*args: Any) -> None:
        raise RuntimeError("the machine stops here")

    monkeypatch.setattr(purge, "_count", broken)
    with pytest.raises(RuntimeError):
        purge.purge_expired(now=DUE)
    assert Case.objects.filter(campaign=campaign).count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_once_make_one(coordinator: Any, volunteer: Any, volunteer2: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(purge, "CASES_A_STEP", 1)
    campaign = figures_cast.make_campaign(volunteer, volunteer2)
    lived_in(campaign, coordinator)
    close(campaign)
    before = report.report_of(campaign).totals
    start, proofs, errors = threading.Barrier(2), [], []

    def run() -> None:
        try:
            start.wait()
            proofs.append(purge.purge_campaign(campaign_id=campaign.pk, now=DUE))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(proof is not None for proof in proofs) == [False, True]
    assert PurgeProof.objects.get().counts["campaigns.Case"] == 4
    assert report.report_of(campaign).totals == before


@pytest.mark.django_db(transaction=True)
def test_on_sqlite_the_file_itself_forgets(coordinator: Any, volunteer: Any, volunteer2: Any) -> None:
    """PostgreSQL reuses its pages by itself; there, the same rows are looked for in the tables."""
    campaign = figures_cast.make_campaign(volunteer, volunteer2)
    lived_in(campaign, coordinator)
    close(campaign)
    plant_canaries()
    purge.purge_expired(now=DUE)
    assert has_canary(dump()) == []
    if connection.vendor == "sqlite":
        name = str(settings.DATABASES["default"]["TEST"]["NAME"])
        connection.close()
        for path in (Path(name), Path(f"{name}-wal")):
            assert not path.exists() or CANARY.encode() not in path.read_bytes()


# The command ---------------------------------------------------------------------------------------------------


def run_command(*args: str) -> str:
    out = StringIO()
    call_command("purge_expired", *args, stdout=out)
    return out.getvalue()


def test_the_command_only_says_what_it_would_do(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    said = run_command()
    assert campaign.slug in said
    assert "4 dossiers" in said
    assert "4 foyers" in said
    assert "--confirm" in said
    assert Case.objects.count() == 4
    assert not FrozenFigures.objects.exists()


def test_the_command_erases_when_confirmed(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    assert "Effacement terminé" in run_command("--confirm")
    assert not Case.objects.exists()
    assert run_command("--confirm").strip() == "Rien à effacer."


def test_the_nightly_task_erases(campaign: Campaign, coordinator: Any) -> None:
    lived_in(campaign, coordinator)
    close(campaign)
    assert tasks.purge_expired() == 1
    assert not Case.objects.exists()
    assert tasks.purge_expired() == 0
