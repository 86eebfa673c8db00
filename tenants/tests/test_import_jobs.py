"""From the upload to the report: what a person does, and what the worker does, restarted or doubled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tenants import events
from tenants.imports import jobs, uploads, work
from tenants.imports.refusal import Refused
from tenants.models import Household, ImportProfile, ImportRow, Landlord, ListImport, PhoneNumber, Tenant

pytestmark = pytest.mark.django_db
State = ListImport.State
LIST = (
    "N° locataire;N° contrat;Nom;Prénom;Date de naissance;Téléphone;Adresse;CP;Ville;Loyer\n"
    "T1;C1;Martin;Jeanne;12/03/1938;05 36 49 00 01;1 rue des Lilas;33000;Bordeaux;412\n"
    "T2;C1;Martin;Paul;01/02/1936;05 36 49 00 01;1 rue des Lilas;33000;Bordeaux;412\n"
    "T3;C2;Petit;Odette;;0600000000;2 rue des Lilas;33000;Bordeaux;412\n"
    ";C3;;Sans nom;;;;;;\n"
)


@pytest.fixture
def landlord():
    return Landlord.objects.create(code="test", name="Bailleur de test")


def uploaded(landlord, text=LIST, name="liste.csv") -> ListImport:
    content = text if isinstance(text, bytes) else text.encode()
    return jobs.upload(landlord=landlord, file=ContentFile(content), file_name=name, by=None, now=timezone.now())


def checked(landlord, text=LIST) -> ListImport:
    row = uploaded(landlord, text)
    jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.CHECKED, row.message
    return row


def applied(landlord, text=LIST, **options) -> ListImport:
    row = checked(landlord, text)
    jobs.confirm(list_import=row, by=None, now=timezone.now(), **options)
    work.run_all()
    row.refresh_from_db()
    return row


@pytest.fixture(autouse=True)
def folder(tmp_path, settings) -> Path:
    """VAR_DIR of this machine."""
    settings.VAR_DIR = tmp_path
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_uploaded_list_waits_in_the_database_alone_and_encrypted(landlord, folder):
    row = uploaded(landlord)
    assert uploads.waits(row)
    assert files(folder) == []
    pieces = b"".join(bytes(content) for content in row.pieces.order_by("position").values_list("content", flat=True))
    assert b"Nom" not in pieces
    with uploads.opened(row) as path:
        assert path.read_bytes() == LIST.encode()
        assert path.stat().st_mode & 0o777 == 0o600
    assert files(folder) == []


def test_another_machine_reads_what_one_received(landlord, settings, tmp_path_factory):
    row = uploaded(landlord)
    # Its own folder, the same database and key.
    settings.VAR_DIR = tmp_path_factory.mktemp("other-machine")
    jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.CHECKED, row.message
    assert row.counts["tenants_created"] == 3


def test_a_list_of_several_pieces_is_read_whole_and_in_order(landlord, monkeypatch):
    monkeypatch.setattr(uploads, "PIECE", 7)
    row = uploaded(landlord)
    assert row.pieces.count() > 10
    with uploads.opened(row) as path:
        assert path.read_bytes() == LIST.encode()


def test_under_another_key_a_waiting_list_is_refused_and_asked_for_again(landlord, settings):
    row = uploaded(landlord)
    settings.PRIVACY_KEY = "une tout autre clé"
    jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.REFUSED
    assert "Déposez-le de nouveau" in row.message
    assert not uploads.waits(row)


def test_an_upload_recognises_its_columns_and_refuses_the_needless_one(landlord):
    row = uploaded(landlord)
    assert row.state == State.UPLOADED
    assert {c["heading"]: c["field"] for c in row.columns}["Téléphone"] == "phone"
    rent = row.columns[-1]
    assert rent["refused"]
    assert rent["samples"] == []


def test_nothing_is_written_before_the_confirmation_and_the_file_is_gone_after_the_check(landlord):
    row = checked(landlord)
    assert Tenant.objects.count() == 0
    assert row.counts["tenants_created"] == 3
    assert row.counts["tenants_rejected"] == 1
    assert not uploads.waits(row)
    assert "412" not in str(list(row.rows.values_list("data", "issues", "changes")))


def test_a_confirmed_list_is_written_and_its_rows_forgotten(landlord):
    row = applied(landlord)
    assert row.state == State.APPLIED
    assert (Tenant.objects.count(), Household.objects.count(), PhoneNumber.objects.count()) == (3, 2, 1)
    assert all(data == {} for data in row.rows.values_list("data", flat=True))
    assert row.rows.filter(kind=ImportRow.Kind.REJECT).count() == 1


def test_the_same_list_again_changes_nothing(landlord):
    applied(landlord)
    row = checked(landlord)
    assert row.counts["tenants_created"] == row.counts["tenants_updated"] == row.counts["households_updated"] == 0
    assert row.counts["tenants_unchanged"] == 3


def test_data_changed_after_the_preview_are_checked_again_before_anything_is_written(landlord):
    applied(landlord)
    row = checked(landlord, LIST.replace("Jeanne", "Jeannette"))
    assert row.counts["tenants_updated"] == 1
    Tenant.objects.filter(reference="T1").update(first_name="Jeanne-Marie")
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.CHECKED
    assert "changé" in row.message
    assert Tenant.objects.get(reference="T1").first_name == "Jeanne-Marie"
    assert row.rows.get(kind="update").changes == [["prénom", "Jeanne-Marie", "Jeannette"]]
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.APPLIED
    assert Tenant.objects.get(reference="T1").first_name == "Jeannette"


def test_absent_people_leave_only_when_asked_for_and_twice_when_the_list_shrinks(landlord):
    applied(landlord)
    short = "\n".join(LIST.splitlines()[:2]) + "\n"
    row = checked(landlord, short)
    assert row.counts["absent"] == 2
    with pytest.raises(ValueError, match="seconde fois"):
        jobs.confirm(list_import=row, by=None, now=timezone.now(), absent_left=True)
    jobs.confirm(list_import=row, by=None, now=timezone.now(), absent_left=True, absent_sure=True)
    work.run_all()
    assert set(Tenant.objects.filter(status="moved").values_list("reference", flat=True)) == {"T2", "T3"}
    applied(landlord)
    assert not Tenant.objects.exclude(status="present").exists()


def test_absent_people_stay_by_default(landlord):
    applied(landlord)
    applied(landlord, "\n".join(LIST.splitlines()[:2]) + "\n")
    assert not Tenant.objects.exclude(status="present").exists()


def test_a_person_a_call_found_gone_is_not_brought_back_by_a_list(landlord):
    from tenants import households

    applied(landlord)
    gone = Tenant.objects.get(reference="T1")
    households.close_person(tenant=gone, status=Tenant.Status.DECEASED, now=timezone.now())
    row = applied(landlord)
    gone.refresh_from_db()
    assert gone.status == Tenant.Status.DECEASED
    assert row.counts["issues"]["still_closed"] == 1


def test_a_number_marked_wrong_stays_wrong_unless_it_changed(landlord):
    applied(landlord)
    PhoneNumber.objects.update(validity=PhoneNumber.Validity.WRONG)
    applied(landlord)
    assert PhoneNumber.objects.get().validity == PhoneNumber.Validity.WRONG
    applied(landlord, LIST.replace("05 36 49 00 01", "05 36 49 00 02"))
    assert PhoneNumber.objects.get(e164="+33536490002").usable


def test_an_opposition_survives_the_household_and_every_list(landlord):
    from tenants import households

    applied(landlord)
    household = Household.objects.get(reference="C1")
    households.record_opposition(household=household, now=timezone.now())
    Household.objects.all().delete()
    applied(landlord)
    assert Household.objects.get(reference="C1").opposed_at
    assert not Household.objects.get(reference="C2").opposed_at


def test_subscribers_hear_of_changed_numbers_inside_the_transaction(landlord, monkeypatch):
    heard = []
    monkeypatch.setattr(events, "_subscribers", {events.NumbersChanged: [heard.append]})
    applied(landlord)
    assert {pk for event in heard for pk in event.household_ids} == set(Household.objects.values_list("pk", flat=True))


def test_of_the_departed_and_the_deceased_only_the_name_and_the_word_are_staged(landlord):
    row = checked(landlord, LIST + "T7;C7;Castaing (DCD);Irène;1/1/20;0800;7 rue X;33000;Nulleville;\n")
    skipped = row.rows.get(kind="skip")
    assert (skipped.data, skipped.name, skipped.codes) == ({}, "Irène CASTAING", "")
    assert skipped.issues == [["Nom", "deceased_in_name", "warning", "DCD"]]
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    assert "CASTAING" not in str(list(row.rows.values()))


def test_a_cancelled_import_keeps_nothing(landlord):
    row = checked(landlord)
    jobs.cancel(list_import=row, by=None, now=timezone.now())
    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert not row.rows.exists()
    with pytest.raises(jobs.NotNow):
        jobs.confirm(list_import=row, by=None, now=timezone.now())


def test_a_worker_that_lost_its_import_stops_without_writing(landlord):
    row = checked(landlord)
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    mine = work.claim(timezone.now())
    assert work.claim(timezone.now()) is None
    other = work.claim(timezone.now() + work.LEASE * 2)
    assert other is not None
    work.run(mine)
    assert Tenant.objects.count() == 0
    work.run(other)
    assert Tenant.objects.count() == 3


def test_a_stopped_writing_resumes_where_it_was(landlord, monkeypatch):
    monkeypatch.setattr(work, "CHUNK", 1)
    row = checked(landlord)
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    mine = work.claim(timezone.now())
    mine.state = State.APPLY_QUEUED
    work.renew(mine, state=State.APPLYING, started_at=timezone.now())
    work._write_chunk(mine, work.Checker(landlord))
    assert Household.objects.count() == 1
    assert work.claim(timezone.now()) is None
    resumed = work.claim(timezone.now() + work.LEASE * 2)
    work.run(resumed)
    row.refresh_from_db()
    assert row.state == State.APPLIED
    assert (Tenant.objects.count(), Household.objects.count()) == (3, 2)


def test_a_list_that_breaks_the_worker_is_given_up_and_says_so(landlord, monkeypatch, caplog):
    row = uploaded(landlord)
    jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())

    def broken(*args, **kwargs):
        raise RuntimeError("Martin Jeanne")

    monkeypatch.setattr(work, "grouped", broken)
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.REFUSED
    assert "Martin" not in caplog.text


def test_a_profile_is_proposed_when_the_same_headings_come_back(landlord):
    row = uploaded(landlord)
    index = next(c["index"] for c in row.columns if c["heading"] == "Téléphone")
    jobs.set_columns(list_import=row, fields={index: ""}, by=None, now=timezone.now(), profile_name="Export du siège")
    again = uploaded(landlord)
    assert again.profile == ImportProfile.objects.get(name="Export du siège")
    assert again.columns[index]["field"] == ""


def test_without_a_column_of_names_nothing_starts(landlord):
    row = uploaded(landlord)
    index = next(c["index"] for c in row.columns if c["heading"] == "Nom")
    with pytest.raises(Refused):
        jobs.set_columns(list_import=row, fields={index: ""}, by=None, now=timezone.now())


def test_a_refused_file_leaves_only_its_reason(landlord):
    row = uploaded(landlord, b"\x89PNG\r\n\x1a\n" + b"\x00" * 100)
    assert row.state == State.REFUSED
    assert "image" in row.message
    assert not uploads.waits(row)


def test_what_waited_a_week_is_erased(landlord):
    row = checked(landlord)
    ListImport.objects.update(created_at=timezone.now() - timedelta(days=8))
    jobs.forget_old(timezone.now())
    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert not row.rows.exists()
