"""A row corrected in the preview: for this list, for the next ones, and gone with the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from tenants import erasure
from tenants.imports import jobs, work
from tenants.models import ListCorrection, ListImport, Tenant
from tests.strict import StrictClient

HEAD = "Référence;Nom;Prénom;Date de naissance;Téléphone;Situation\n"
IRMA = "T1;GAY;Irma;;05 36 49 01 01;\n"
pytestmark = pytest.mark.django_db


@pytest.fixture
def checked(landlord: Any) -> Callable[[str], ListImport]:
    def run(text: str) -> ListImport:
        row = jobs.upload(
            landlord=landlord, file=ContentFile(text.encode()), file_name="l.csv", by=None, now=timezone.now()
        )
        jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())
        work.run_all()
        row.refresh_from_db()
        assert row.state == ListImport.State.CHECKED, row.message
        return row

    return run


def written(row: ListImport) -> None:
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == ListImport.State.APPLIED, row.message


def correct(client: StrictClient, row: ListImport, number: int, **right: str) -> Any:
    line = row.rows.get(number=number)
    url = f"/administration/imports/{row.pk}/lignes/{line.pk}/corriger/"
    assert url in client.get(f"/administration/imports/{row.pk}/").text
    form = client.get(url).context["form"]
    return client.post(url, {**{name: form[name].value() for name in form.fields}, **right}, follow=True)


def look_again(client: StrictClient, row: ListImport) -> None:
    client.post(f"/administration/imports/{row.pk}/verifier/")
    work.run_all()
    row.refresh_from_db()
    assert row.state == ListImport.State.CHECKED


@pytest.fixture
def client(client_of: Callable[[Any], StrictClient], administrator: Any) -> StrictClient:
    return client_of(administrator)


def test_a_correction_counts_at_once_and_for_the_next_lists(client: StrictClient, checked: Any) -> None:
    row = checked(HEAD + IRMA)
    page = correct(client, row, 2, last_name="GUAY", birth="05/06/1938", phones="06 39 98 01 02")
    assert "1 correction gardée" in page.text
    refused = client.post(f"/administration/imports/{row.pk}/confirmer/")
    assert (refused.status_code, Tenant.objects.count()) == (422, 0)
    look_again(client, row)
    assert "birth_unknown" not in row.rows.get().codes
    assert "corrected" in row.rows.get().codes
    written(row)
    for _ in range(2):
        one = Tenant.objects.get()
        assert (one.last_name, str(one.birth_date)) == ("GUAY", "1938-06-05")
        assert [phone.e164 for phone in one.phones.all()] == ["+33639980102"]
        again = checked(HEAD + IRMA)
        assert again.counts["tenants_unchanged"] == 1
        written(again)


def test_it_holds_only_as_long_as_the_list_says_the_same_again(client: StrictClient, checked: Any) -> None:
    row = checked(HEAD + IRMA)
    correct(client, row, 2, birth="1938", phones="")
    look_again(client, row)
    written(row)
    written(checked(HEAD + "T1;GAY;Irma;07/08/1939;05 36 49 01 09;\n"))
    one = Tenant.objects.get()
    assert str(one.birth_date) == "1939-08-07"
    assert [phone.e164 for phone in one.phones.all()] == ["+33536490109"]


def test_a_skipped_and_a_rejected_row_are_put_right_for_the_same_file_again(client: StrictClient, checked: Any) -> None:
    text = HEAD.replace("Référence;", "") + "GAY;Irma;1938;05 36 49 01 01;DCD\n;Luc;1936;;\nROUX;Ana;1940;;\n"
    row = checked(text)
    assert "déposez-le de nouveau" in correct(client, row, 2, status="present").text.replace("\n", " ")
    correct(client, row, 3, last_name="NOEL")
    jobs.cancel(list_import=row, by=None, now=timezone.now())
    written(checked(text))
    assert set(Tenant.objects.values_list("last_name", "status")) == {
        ("GAY", "present"),
        ("NOEL", "present"),
        ("ROUX", "present"),
    }
    # Without a reference the whole row is what is remembered: another row is another matter.
    other = checked(HEAD.replace("Référence;", "") + "PETIT;Irma;1938;05 36 49 01 01;DCD\n")
    assert other.counts["tenants_skipped"] == 1


def test_what_cannot_be_read_is_said_at_its_field_and_kept_as_typed(client: StrictClient, checked: Any) -> None:
    row = checked(HEAD + IRMA)
    page = correct(client, row, 2, last_name="", birth="jamais", phones="12")
    assert page.status_code == 422
    for text in ("Indiquez le nom.", "comme 12/03/1938", "ne peut pas être appelé", 'value="jamais"'):
        assert text in page.text
    assert not ListCorrection.objects.exists()


def test_a_correction_is_erased_with_the_person_and_by_the_purge_of_the_lists(
    client: StrictClient, checked: Any, landlord: Any
) -> None:
    row = checked(HEAD + IRMA + "T2;ROUX;Ana;1940;;Parti\n")
    correct(client, row, 2, birth="1938")
    correct(client, row, 3, status="present")
    look_again(client, row)
    written(row)
    assert ListCorrection.objects.filter(tenant=Tenant.objects.get()).count() == 1
    erasure.erase_households(ids=[Tenant.objects.get().household_id])
    assert ListCorrection.objects.count() == 1
    erasure.forget_lists(landlord_ids=[landlord.pk], before=timezone.now() + timedelta(days=1))
    assert not ListCorrection.objects.exists()


def test_who_never_came_is_not_kept_for_ever(client: StrictClient, checked: Any) -> None:
    row = checked(HEAD + "T2;ROUX;Ana;1940;;Parti\n")
    correct(client, row, 2, status="present")
    jobs.forget_old(timezone.now() + timedelta(days=300))
    assert ListCorrection.objects.exists()
    jobs.forget_old(timezone.now() + timedelta(days=366))
    assert not ListCorrection.objects.exists()


def test_a_row_of_a_confirmed_list_is_corrected_no_more(client: StrictClient, checked: Any) -> None:
    row = checked(HEAD + IRMA)
    line = row.rows.get()
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    url = f"/administration/imports/{row.pk}/lignes/{line.pk}/corriger/"
    assert client.post(url, {"last_name": "X"}).status_code == 302
    assert client.get(f"/administration/imports/{row.pk}/lignes/999999/corriger/").status_code == 404
    assert not ListCorrection.objects.exists()
