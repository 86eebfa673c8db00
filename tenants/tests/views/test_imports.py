"""The screens of an import: works · other roles · bad id · wrong method · anonymous, and their query budgets."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook

from tenants.imports import jobs, uploads, work
from tenants.models import Landlord, ListImport, Tenant
from tenants.tests.lists import HEADINGS, people
from tenants.tests.test_import_jobs import LIST

pytestmark = pytest.mark.django_db
State = ListImport.State


def text_of(count: int) -> str:
    rows = [";".join(row) for row in people(count)]
    return ";".join(HEADINGS) + "\n" + "\n".join(rows) + "\n"


def send(client, text=LIST, name="liste.csv", **data):
    file = SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())
    return client.post(reverse("imports:upload"), {"file": file, **data})


def checked(client, text=LIST) -> ListImport:
    send(client, text)
    row = ListImport.objects.latest("pk")
    client.post(reverse("imports:columns", args=[row.pk]))
    work.run_all()
    row.refresh_from_db()
    assert row.state == State.CHECKED
    return row


@pytest.fixture
def admin(client_of, administrator, landlord):
    return client_of(administrator)


def test_a_list_goes_from_its_upload_to_its_report(admin):
    response = send(admin)
    row = ListImport.objects.get()
    assert response.url == reverse("imports:show", args=[row.pk])
    page = admin.get(response.url).content.decode()
    assert "Téléphone" in page
    assert "Loyer" in page
    admin.post(reverse("imports:columns", args=[row.pk]), {"profile": "Siège"})
    assert "En attente" in admin.get(reverse("imports:show", args=[row.pk])).content.decode()
    work.run_all()
    preview = admin.get(reverse("imports:show", args=[row.pk])).content.decode()
    assert "Mme" not in preview
    assert "Jeanne MARTIN" in preview
    assert "Pas de nom" in preview
    admin.post(reverse("imports:confirm", args=[row.pk]))
    work.run_all()
    report = admin.get(reverse("imports:show", args=[row.pk])).content.decode()
    assert "Liste importée" in report
    assert Tenant.objects.count() == 3
    assert "Importée" in admin.get(reverse("imports:list")).content.decode()


def test_the_first_import_names_the_landlord(client_of, administrator):
    client = client_of(administrator)
    assert "Nom du bailleur" in client.get(reverse("imports:upload")).content.decode()
    assert send(client).status_code == 200
    send(client, landlord_name="Garonne Habitat")
    assert Landlord.objects.get().name == "Garonne Habitat"


def test_a_refused_file_says_why_at_the_field(admin):
    response = send(admin, b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "photo.csv")
    assert response.status_code == 200
    assert "image" in response.content.decode()
    assert send(admin, b"", "vide.csv").status_code == 200
    assert admin.post(reverse("imports:upload"), {}).status_code == 200


def test_corrected_columns_are_used_and_kept_when_something_is_missing(admin):
    send(admin)
    row = ListImport.objects.get()
    name = next(c["index"] for c in row.columns if c["field"] == "last_name")
    response = admin.post(reverse("imports:columns", args=[row.pk]), {f"column-{name}": "", "profile": "Mon profil"})
    assert response.status_code == 422
    assert "Mon profil" in response.content.decode()
    phone = next(c["index"] for c in row.columns if c["field"] == "phone")
    admin.post(reverse("imports:columns", args=[row.pk]), {f"column-{phone}": "no-such-field"})
    work.run_all()
    row.refresh_from_db()
    assert row.counts["phones_valid"] == 0


def test_the_progress_fragment_opens_the_page_anew_once_it_is_over(admin):
    send(admin)
    row = ListImport.objects.get()
    admin.post(reverse("imports:columns", args=[row.pk]))
    url = reverse("imports:progress", args=[row.pk])
    assert "HX-Refresh" not in admin.get(url).headers
    ListImport.objects.update(state=State.CHECKING, rows_total=200, rows_done=50, started_at=timezone.now())
    assert 'value="25"' in admin.get(url).content.decode()
    ListImport.objects.update(state=State.CHECK_QUEUED)
    work.run_all()
    assert admin.get(url).headers["HX-Refresh"] == "true"


def test_remarks_are_downloaded_with_the_spreadsheets_numbers_and_no_formula(admin):
    row = checked(admin, LIST + "T9;C9;;x;31/31/1938;=1+2 0800123456;;;;\nT8;C8;Bon;Zoé;@SUM(A1);;;;;\n")
    content = admin.get(reverse("imports:remarks", args=[row.pk, "csv"])).content.decode("utf-8-sig")
    assert "5;" in content
    assert "'@SUM" in content
    sheet = CalamineWorkbook.from_filelike(
        io.BytesIO(admin.get(reverse("imports:remarks", args=[row.pk, "xlsx"])).content)
    ).get_sheet_by_index(0)
    lines = sheet.to_python()
    assert lines[0][0] == "Ligne"
    assert any(line[0] == 5 and line[3] == "Pas de nom" for line in lines)


def test_every_list_of_rows_opens(admin):
    row = checked(admin, LIST)
    for kind in ("create", "update", "unchanged", "skip", "reject", "absent", "foyers", "remarque-birth_unknown"):
        assert admin.get(reverse("imports:rows", args=[row.pk, kind])).status_code == 200
    assert admin.get(reverse("imports:rows", args=[row.pk, "nothing"])).status_code == 404


def test_confirming_twice_or_too_late_says_where_it_is(admin):
    row = checked(admin)
    admin.post(reverse("imports:confirm", args=[row.pk]))
    response = admin.post(reverse("imports:confirm", args=[row.pk]), follow=True)
    assert "changé d’état" in response.content.decode()
    assert "changé d’état" in admin.post(reverse("imports:columns", args=[row.pk]), follow=True).content.decode()


def test_a_list_that_shrinks_asks_twice_before_people_leave(admin):
    row = checked(admin)
    admin.post(reverse("imports:confirm", args=[row.pk]))
    work.run_all()
    short = checked(admin, "\n".join(LIST.splitlines()[:2]))
    response = admin.post(reverse("imports:confirm", args=[short.pk]), {"absent_left": "on"})
    assert response.status_code == 422
    assert "seconde fois" in response.content.decode()
    admin.post(reverse("imports:confirm", args=[short.pk]), {"absent_left": "on", "absent_sure": "on"})
    work.run_all()
    assert Tenant.objects.filter(status="moved").count() == 2


def test_cancelling_erases_the_file(admin):
    send(admin)
    row = ListImport.objects.get()
    assert uploads.waits(row)
    admin.post(reverse("imports:cancel", args=[row.pk]))
    row.refresh_from_db()
    assert row.state == State.CANCELLED
    assert not uploads.waits(row)


def test_guide_and_model_are_there_and_the_model_is_recognised(admin):
    assert admin.get(reverse("imports:guide")).status_code == 200
    content = admin.get(reverse("imports:model")).content
    headings = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[0]
    from tenants.imports.columns import read_header

    assert all(column.field for column in read_header(headings, 0).columns)


def test_a_sheet_can_be_chosen_and_a_profile_forgotten(admin):
    import xlsxwriter

    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        for name, last in (("Vide", ""), ("Sud", "Martin"), ("Nord", "Petit")):
            sheet = book.add_worksheet(name)
            if last:
                sheet.write_row(0, 0, ["N° locataire", "Nom", "Prénom"])
                sheet.write_row(1, 0, ["T1", last, "Zoé"])
    send(admin, output.getvalue(), "classeur.xlsx")
    row = ListImport.objects.get()
    assert row.sheet == "Sud"
    admin.post(reverse("imports:sheet", args=[row.pk]), {"sheet": "Nord"})
    row.refresh_from_db()
    assert row.sheet == "Nord"
    response = admin.post(reverse("imports:sheet", args=[row.pk]), {"sheet": "Ouest"}, follow=True)
    assert "n’existe pas" in response.content.decode()
    admin.post(reverse("imports:columns", args=[row.pk]), {"profile": "Classeur"})
    send(admin, output.getvalue(), "classeur.xlsx")
    again = ListImport.objects.latest("pk")
    assert "Classeur" in admin.get(reverse("imports:show", args=[again.pk])).content.decode()
    admin.post(reverse("imports:forget_profile", args=[again.pk]), {"sheet": "Nord"})
    again.refresh_from_db()
    assert again.profile is None


GETS = ("list", "upload", "guide", "model", "duplicates", "ages")
OF_ONE = ("show", "progress")
POSTS = ("columns", "sheet", "confirm", "cancel", "forget_profile")


@pytest.mark.parametrize("name", GETS + OF_ONE + POSTS)
def test_others_and_unknown_ids_get_nothing(name, client, client_of, volunteer, coordinator, admin):
    args = [] if name in GETS else [10**6]
    url = reverse(f"imports:{name}", args=args)
    method = "post" if name in POSTS else "get"
    assert getattr(client, method)(url).url.startswith("/connexion/")
    for user in (volunteer, coordinator):
        assert getattr(client_of(user), method)(url).status_code == 403
    if args:
        assert getattr(admin, method)(url).status_code == 404
    wrong = "get" if name in POSTS else "put"
    assert getattr(admin, wrong)(url).status_code == 405


@pytest.mark.parametrize("kind", ["create", "remarque-birth_unknown"])
def test_a_page_of_rows_costs_the_same_for_one_and_for_fifty(kind, admin, count_queries):
    costs = []
    admin.get(reverse("imports:list"))
    for count in (2, 60):
        row = checked(admin, text_of(count).replace("/19", "/00"))
        with count_queries() as queries:
            admin.get(reverse("imports:rows", args=[row.pk, kind]))
        costs.append(len(queries))
        jobs.cancel(list_import=row, by=None, now=timezone.now())
    assert costs[0] == costs[1]


def test_history_and_preview_keep_their_budgets(admin, administrator, landlord, count_queries):
    row = checked(admin, text_of(3))
    with count_queries() as few:
        admin.get(reverse("imports:show", args=[row.pk]))
        admin.get(reverse("imports:list"))
    jobs.cancel(list_import=row, by=None, now=timezone.now())
    for _ in range(10):
        ListImport.objects.create(landlord=landlord, uploaded_by=administrator, file_name="x", state="applied")
    row = checked(admin, text_of(80))
    with count_queries() as many:
        admin.get(reverse("imports:show", args=[row.pk]))
        admin.get(reverse("imports:list"))
    assert len(many) <= len(few) + 4  # kinds of rows that the short list had none of
    assert len(many) <= 40
