"""The way of a list on screen: upload, columns, progress, preview, confirmation, report."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from solidarites import journal
from solidarites.middleware import takes_up_to
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, role_required
from tenants import ages
from tenants.forms import CorrectionForm, FileAgainForm, UploadForm
from tenants.imports import columns, corrections, exports, jobs, reasons, uploads
from tenants.imports.departures import MEANINGS
from tenants.imports.fields import DETAILS, LABELS, MODEL
from tenants.imports.people import IN_FILE_ORDER
from tenants.imports.read import MAX_BYTES
from tenants.imports.refusal import Refused
from tenants.models import ImportProfile, ImportRow, ListImport
from tenants.views.shown import (
    TO_CHECK,
    absent_people,
    corrected_as,
    duration,
    progress_of,
    row_view,
    section_views,
    to_check,
)

PER_PAGE = 25
ROWS_PER_PAGE = 50
State = ListImport.State
Kind = ImportRow.Kind


@role_required(ADMINISTRATOR)
@require_GET
def history(request: SignedInRequest) -> HttpResponse:
    """The administrator's home: what was imported by whom, and the way to the next list."""
    found = ListImport.objects.select_related("landlord", "uploaded_by")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    lines = [
        (row, {name: row.counts.get(name, 0) for name in _COUNTS}, duration(_seconds(row))) for row in page.object_list
    ]
    context = {
        "page_obj": page,
        "lines": lines,
        "several": len({row.landlord_id for row, _, _ in lines}) > 1,
        "unknown_ages": ages.unknown().count(),
    }
    return render(request, "administrator/imports/list.html", context)


@takes_up_to(MAX_BYTES + settings.BODY_MAX_BYTES)
@role_required(ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def upload(request: SignedInRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        row = jobs.upload(
            landlord=form.the_landlord(), file=file, file_name=file.name, by=request.user, now=timezone.now()
        )
        if row.state == State.REFUSED:
            form.add_error("file", row.message)
        else:
            return redirect("imports:show", row.pk)
    return render(request, "administrator/imports/upload.html", {"form": form})


@role_required(ADMINISTRATOR)
@require_GET
def guide(request: SignedInRequest) -> HttpResponse:
    """« Préparer votre fichier », on one printed page."""
    return render(
        request, "administrator/imports/guide.html", {"headings": MODEL, "details": DETAILS, "meanings": MEANINGS}
    )


@role_required(ADMINISTRATOR)
@require_GET
def model(request: SignedInRequest) -> HttpResponse:
    return _file(exports.model(), "modele-liste-locataires.xlsx")


@role_required(ADMINISTRATOR)
@require_GET
def show(request: SignedInRequest, pk: int) -> HttpResponse:
    """One import, as far as it is: columns to look over, progress, preview, report."""
    row = _get(pk)
    if row.state == State.UPLOADED:
        return _columns_page(request, row)
    if row.working:
        return render(request, "administrator/imports/progress.html", {"row": row, **progress_of(row, timezone.now())})
    if row.state == State.CHECKED:
        return _preview_page(request, row)
    return render(request, "administrator/imports/report.html", {"row": row, **_figures(row)})


@role_required(ADMINISTRATOR)
@require_GET
def progress(request: SignedInRequest, pk: int) -> HttpResponse:
    """The progress alone, asked for every two seconds; once it is over the page is opened anew."""
    row = _get(pk)
    response = render(request, "administrator/imports/_progress.html", {"row": row, **progress_of(row, timezone.now())})
    if not row.working:
        response["HX-Refresh"] = "true"
    return response


# Columns ------------------------------------------------------------------------------------------------


def _columns_page(
    request: SignedInRequest, row: ListImport, chosen: dict[int, str] | None = None, error: str = ""
) -> HttpResponse:
    header = columns.header_from_json(row.columns)
    for column in header.columns:
        if chosen is not None and not column.refused:
            column.field = chosen.get(column.index, column.field)
    context = {
        "row": row,
        "columns": [c for c in header.columns if c.heading or c.samples],
        "refused": header.refused,
        "second_person": header.unread_people,
        "labels": LABELS,
        "usable": header.usable,
        "profile_name": request.POST.get("profile", "") if request.method == "POST" else "",
        "error": error,
        # A list that an upgrade sent back: its file was erased once it was read.
        "file_form": None if uploads.waits(row) else FileAgainForm(),
    }
    return render(request, "administrator/imports/columns.html", context, status=422 if error else 200)


@takes_up_to(MAX_BYTES + settings.BODY_MAX_BYTES)
@role_required(ADMINISTRATOR)
@require_POST
def set_columns(request: SignedInRequest, pk: int) -> HttpResponse:
    row = _get(pk)
    chosen: dict[int, str] = {}
    for column in row.columns:
        field = request.POST.get(f"column-{column['index']}", column["field"])
        chosen[column["index"]] = field if field in LABELS else ""
    name = " ".join(request.POST.get("profile", "").replace("\x00", "").split())[:80]
    try:
        jobs.set_columns(
            list_import=row,
            fields=chosen,
            profile_name=name,
            file=request.FILES.get("file"),
            by=request.user,
            now=timezone.now(),
        )
    except Refused as error:
        return _columns_page(request, row, chosen, error.message)
    except jobs.NotNow as error:
        messages.info(request, error.message)
    return redirect("imports:show", pk)


@role_required(ADMINISTRATOR)
@require_POST
def choose_sheet(request: SignedInRequest, pk: int) -> HttpResponse:
    row = _get(pk)
    try:
        jobs.choose_sheet(
            list_import=row, sheet=request.POST.get("sheet", "")[:120], by=request.user, now=timezone.now()
        )
    except Refused as error:
        messages.warning(request, error.message)
    except jobs.NotNow as error:
        messages.info(request, error.message)
    return redirect("imports:show", pk)


# Preview and confirmation ---------------------------------------------------------------------------------


def _figures(row: ListImport) -> dict[str, Any]:
    counts = row.counts
    found = [
        {"code": code, "title": reasons.title(code), "advice": reasons.advice(code), "count": count}
        for code, count in sorted(counts.get("issues", {}).items(), key=lambda item: -item[1])
    ]
    skipped = [
        f"{count} {reasons.SKIPPED[kind][count > 1]}"
        for kind, count in counts.get("skipped", {}).items()
        if kind in reasons.SKIPPED
    ]
    return {
        "counts": {name: counts.get(name, 0) for name in (*_COUNTS, "absent", "known", "skipped_rows")},
        "reasons": found,
        "skipped": skipped,
        "refused": counts.get("refused_columns", []),
        "second_person": counts.get("second_person", []),
        "has_remarks": row.rows.exclude(codes="").exists(),
        "took": duration(_seconds(row)),
    }


def _seconds(row: ListImport) -> float:
    """The work alone: reading, comparing, writing; not the time somebody took to look."""
    counts = row.counts
    return counts.get("seconds", counts.get("check_seconds", 0) + counts.get("apply_seconds", 0))


_COUNTS = (
    "rows",
    "second_people",
    "tenants_created",
    "tenants_updated",
    "tenants_unchanged",
    "tenants_skipped",
    "tenants_rejected",
    "tenants_closed",
    "households_created",
    "households_updated",
    "phones_valid",
    "phones_rejected",
    "callable_households",
)


def _preview_page(request: SignedInRequest, row: ListImport, error: str = "") -> HttpResponse:
    journal.record("import.read", row, by=request.user)
    context = {
        "row": row,
        "sections": section_views(row),
        "shrinks": jobs.shrinks(row),
        "corrected": row.counts.get("corrections", 0),
        "corrected_by_file": row.counts.get("corrections_by_file", 0),
        "absent_left": request.POST.get("absent_left") == "on",
        "one_a_row": request.POST.get("one_a_row") == "on",
        "error": error,
        **_figures(row),
    }
    return render(request, "administrator/imports/preview.html", context, status=422 if error else 200)


@role_required(ADMINISTRATOR)
@require_GET
def rows(request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """All rows of one kind (or with one remark: « remarque-CODE »), with the spreadsheet's own numbers."""
    row = _get(pk)
    found = row.rows.all()
    code = kind.removeprefix("remarque-")
    if kind != code and code in reasons.REASONS:
        found, title, advice = found.filter(codes__contains=f" {code} "), reasons.title(code), reasons.advice(code)
    elif kind == TO_CHECK:
        found, title, advice = to_check(row), "À vérifier", ""
    elif kind in Kind.values:
        found, title, advice = found.filter(kind=kind), KINDS[Kind(kind)], ""
    elif kind == "foyers":
        found, title, advice = found.filter(household_kind="update"), "Foyers modifiés", ""
    else:
        raise Http404
    page = Paginator(found.order_by(*IN_FILE_ORDER), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    journal.record("import.read", row, by=request.user)
    absent = absent_people(list(page.object_list))
    context = {
        "row": row,
        "title": title,
        "advice": advice,
        "page_obj": page,
        "lines": [row_view(line, absent) for line in page.object_list],
    }
    return render(request, "administrator/imports/rows.html", context)


KINDS = {
    Kind.CREATE: "Personnes ajoutées",
    Kind.UPDATE: "Personnes modifiées",
    Kind.UNCHANGED: "Personnes inchangées",
    Kind.SKIP: "Parties ou décédées, pas enregistrées",
    Kind.REJECT: "Lignes rejetées",
    Kind.ABSENT: "Personnes connues, absentes de cette liste",
}


@role_required(ADMINISTRATOR)
@require_POST
def confirm(request: SignedInRequest, pk: int) -> HttpResponse:
    row = _get(pk)
    try:
        jobs.confirm(
            list_import=row,
            by=request.user,
            now=timezone.now(),
            absent_left=request.POST.get("absent_left") == "on",
            absent_sure=request.POST.get("absent_sure") == "on",
            one_a_row=request.POST.get("one_a_row") == "on",
        )
    except ValueError as error:
        return _preview_page(request, row, str(error))
    except jobs.NotNow as error:
        messages.info(request, error.message)
    return redirect("imports:show", pk)


@role_required(ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def correct(request: SignedInRequest, pk: int, row: int) -> HttpResponse:
    """One row of a preview: its name, birth, situation and numbers, as they are."""
    one = _get(pk)
    line = get_object_or_404(one.rows.exclude(kind=Kind.ABSENT), pk=row)
    if one.state != State.CHECKED:
        messages.info(request, jobs.MOVED_ON)
        return redirect("imports:show", pk)
    initial, department = corrected_as(line)
    form = CorrectionForm(request.POST or None, initial=initial, only=initial.keys(), department=department)
    if request.method == "POST" and form.is_valid():
        try:
            found = corrections.correct(
                list_import=one, row=line, right=form.cleaned_data, by=request.user, now=timezone.now()
            )
            messages.success(request, _CORRECTED[bool(line.data)] if found else "Rien n’a été changé.")
        except jobs.NotNow as error:
            messages.info(request, error.message)
        return redirect("imports:show", pk)
    journal.record("import.read", one, by=request.user)
    context = {"row": one, "line": row_view(line, {}), "kept": bool(line.data), "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "administrator/imports/correct.html", context, status=status)


_CORRECTED = {
    True: "La correction est gardée. Faites vérifier la liste de nouveau quand vous avez fini.",
    False: "La correction est gardée. Déposez de nouveau le même fichier : elle sera prise en compte.",
}


@role_required(ADMINISTRATOR)
@require_POST
def look_again(request: SignedInRequest, pk: int) -> HttpResponse:
    try:
        jobs.look_again(list_import=_get(pk), by=request.user, now=timezone.now())
    except jobs.NotNow as error:
        messages.info(request, error.message)
    return redirect("imports:show", pk)


@role_required(ADMINISTRATOR)
@require_POST
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    try:
        jobs.cancel(list_import=_get(pk), by=request.user, now=timezone.now())
        messages.success(request, "L’import est annulé. Rien n’a été écrit, le fichier est effacé.")
    except jobs.NotNow as error:
        messages.info(request, error.message)
    return redirect("imports:show", pk)


@role_required(ADMINISTRATOR)
@require_GET
def remarks(request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """Rejects and remarks with the spreadsheet's own row numbers, to hand back to the landlord."""
    row = _get(pk)
    journal.record("import.exported", row, by=request.user)
    content = exports.as_xlsx(row) if kind == "xlsx" else exports.as_csv(row)
    return _file(content, f"remarques-import-{row.pk}.{kind}")


@role_required(ADMINISTRATOR)
@require_POST
def forget_profile(request: SignedInRequest, pk: int) -> HttpResponse:
    """Drop the proposed profile of an upload and look at its headings afresh."""
    row = _get(pk)
    if row.profile_id and row.state == State.UPLOADED:
        ImportProfile.objects.filter(pk=row.profile_id).delete()
        return choose_sheet(request, pk)
    return redirect("imports:show", pk)


def _get(pk: int) -> ListImport:
    return get_object_or_404(ListImport.objects.select_related("landlord", "uploaded_by", "profile"), pk=pk)


TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=TYPES[name.rsplit(".", 1)[1]])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
