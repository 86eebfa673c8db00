"""A list checked by one version and confirmed under another: nobody is dropped, nothing is written, it is said."""

from __future__ import annotations

from dataclasses import fields

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from solidarites.models import JournalEntry
from tenants.imports import jobs, uploads, work
from tenants.imports.people import FORMAT, Person
from tenants.imports.refusal import Refused
from tenants.models import ImportRow, ListImport, Tenant
from tenants.tests.test_import_jobs import LIST, checked, uploaded

pytestmark = pytest.mark.django_db
State = ListImport.State


def by_an_older_version(row: ListImport) -> None:
    """As rows were kept before: values in an order that has changed since, without a format."""
    for line in row.rows.exclude(data={}):
        line.data, line.format = [line.number, "T1", "C1", "Mme", "Martin"], 0
        line.save()
    row.rows.update(format=0)


def again(row: ListImport, text: str = LIST) -> None:
    jobs.set_columns(
        list_import=row, fields={}, by=None, now=timezone.now(), file=ContentFile(text.encode(), name="liste.csv")
    )
    work.run_all()
    row.refresh_from_db()


def test_a_list_of_an_older_format_goes_back_to_its_upload_when_it_is_confirmed(landlord):
    row = checked(landlord)
    by_an_older_version(row)
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert (row.state, row.message) == (State.UPLOADED, jobs.OUTDATED)
    assert not row.rows.exists()
    assert not Tenant.objects.exists()
    assert JournalEntry.objects.filter(action="import.sent_back").count() == 1
    again(row)
    assert (row.state, row.message) == (State.CHECKED, "")
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.APPLIED
    assert Tenant.objects.count() == 3


def test_a_list_confirmed_before_the_upgrade_is_not_written_after_it(landlord):
    row = checked(landlord)
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    by_an_older_version(row)
    work.run_all()
    row.refresh_from_db()
    assert (row.state, row.message) == (State.UPLOADED, jobs.OUTDATED)
    assert not Tenant.objects.exists()
    assert work.run_all() == 0


def test_a_list_to_look_at_again_after_the_upgrade_is_not_read_from_its_older_rows(landlord):
    row = checked(landlord)
    ListImport.objects.update(state=State.CHECK_QUEUED)
    by_an_older_version(row)
    work.run_all()
    row.refresh_from_db()
    assert (row.state, row.message) == (State.UPLOADED, jobs.OUTDATED)


def test_the_worker_sends_back_what_waits_for_a_confirmation_and_leaves_the_others(landlord):
    old, current = checked(landlord), checked(landlord)
    by_an_older_version(old)
    work.run_all()
    old.refresh_from_db()
    current.refresh_from_db()
    assert (old.state, current.state) == (State.UPLOADED, State.CHECKED)


def test_the_columns_somebody_chose_are_kept_and_the_headings_must_be_the_same(landlord):
    row = uploaded(landlord)
    phone = next(c["index"] for c in row.columns if c["field"] == "phone")
    jobs.set_columns(list_import=row, fields={phone: ""}, by=None, now=timezone.now())
    work.run_all()
    by_an_older_version(row)
    work.run_all()
    row.refresh_from_db()
    with pytest.raises(Refused, match="mêmes titres"):
        again(row, LIST.replace("Ville", "Commune"))
    with pytest.raises(Refused, match="de nouveau"):
        jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())
    with pytest.raises(jobs.NotNow):
        jobs.choose_sheet(list_import=row, sheet="", by=None, now=timezone.now())
    again(row)
    assert (row.state, row.counts["phones_valid"]) == (State.CHECKED, 0)


def test_the_page_says_it_and_takes_the_file_again(client_of, administrator, landlord):
    admin = client_of(administrator)
    row = checked(landlord)
    page = reverse("imports:show", args=[row.pk])
    by_an_older_version(row)
    # Before the worker has seen it.
    assert admin.get(page).status_code == 200
    for kind in ("create", "reject", "absent"):
        assert admin.get(reverse("imports:rows", args=[row.pk, kind])).status_code == 200
    shown = admin.post(reverse("imports:confirm", args=[row.pk]), follow=True).content.decode()
    assert "vérifiée avant une mise à jour du logiciel" in shown
    assert 'type="file"' in shown
    url = reverse("imports:columns", args=[row.pk])
    refused = admin.post(url, {})
    assert refused.status_code == 422
    assert "Déposez de nouveau le fichier" in refused.content.decode()
    response = admin.post(url, {"file": SimpleUploadedFile("liste.csv", LIST.encode())}, follow=True)
    assert "En attente" in response.content.decode()
    row.refresh_from_db()
    assert row.state == State.CHECK_QUEUED
    assert uploads.waits(row)


def test_a_row_keeps_its_values_by_their_names(landlord):
    row = checked(landlord)
    line = row.rows.filter(kind=ImportRow.Kind.CREATE).earliest("number")
    assert line.format == FORMAT
    assert (line.data["number"], line.data["last_name"], line.data["birth"]) == (2, "Martin", "1938-03-12")
    assert Person.from_json(line.data).as_json() | {"issues": []} == line.data


def test_another_set_of_names_asks_for_another_format():
    """Names that change without the number: rows of before would be read as if they were of now."""
    names = (
        "number reference household_reference civility last_name first_name birth precision status street building door"
        " postal_code city insee department match_key residence residence_name agency details phones phones_rejected"
        " rejected barred to_confirm nobody beside mark corrected same_as present_word issues"
    )
    assert ([one.name for one in fields(Person)], FORMAT) == (names.split(), 2)
