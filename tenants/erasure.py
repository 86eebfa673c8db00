"""Erase given households, and what the lists they came from still hold; count what went.

What stays: landlords, agencies and residences (they name nobody) and oppositions, which are keyed hashes, so that who
asked never to be called again is not called by the next campaign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from solidarites import journal
from solidarites.models import JournalEntry
from tenants import departed
from tenants.models import Household, ImportRow, ListCorrection, ListImport, PhoneNumber, Tenant, UploadedPiece

# What the admin's own history may speak of: its rows hold the number of the object and which fields were changed.
ADMIN_OBJECTS = (Household, Tenant, PhoneNumber)
FORGOTTEN = "liste effacée"


@transaction.atomic
def erase_households(*, ids: Collection[int], by: Any = None) -> Counter[str]:
    """Delete these households with their people and numbers, and the details of the journal about them.

    The caller has made sure that nothing of a campaign hangs on them: what does goes with them. Rows are locked
    first, so that nobody gives one of them a new case meanwhile. Returns how many rows of each model went; one
    journal row.
    """
    locked = list(
        Household.objects.select_for_update().filter(pk__in=list(ids)).order_by("pk").values_list("pk", flat=True)
    )
    if not locked:
        return Counter()
    departed.remember_closed(locked, timezone.now())
    erased: Counter[str] = Counter()
    for model in (PhoneNumber, Tenant):
        rows = list(model.objects.filter(household__in=locked).values_list("pk", flat=True))
        _forget_admin_history(model, rows)
    _forget_admin_history(Household, locked)
    erased["solidarites.journal_details"] = forget_journal(household_ids=locked)
    erased.update(Household.objects.filter(pk__in=locked).delete()[1])
    journal.record("households.erased", by=by, count=len(locked))
    return +erased


def forget_journal(*, household_ids: Collection[int]) -> int:
    """Empty the details of the journal's rows about these households; who did what, when, stays its 12 months."""
    return JournalEntry.objects.filter(household_id__in=list(household_ids)).exclude(detail={}).update(detail={})


def _forget_admin_history(model: Any, ids: Collection[int]) -> None:
    kind = ContentType.objects.get_for_model(model)
    LogEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in ids]).delete()


@transaction.atomic
def forget_lists(*, landlord_ids: Collection[int], before: datetime, by: Any = None) -> Counter[str]:
    """Erase what finished imports of these landlords still hold: rows, file, the file's name, sheets and columns.

    Only lists uploaded before ``before``; the counts of each import stay. One under way is left alone.
    """
    finished = ListImport.objects.filter(landlord__in=list(landlord_ids), created_at__lt=before).exclude(
        state__in=ListImport.TO_CHECK + ListImport.TO_WRITE
    )
    return _forget(finished, by)


def _forget(imports: QuerySet[ListImport], by: Any) -> Counter[str]:
    erased: Counter[str] = Counter()
    # What was corrected of people who never became known; the others' goes with them.
    nobodys = ListCorrection.objects.filter(tenant=None, landlord__in=imports.values("landlord"))
    erased["tenants.ListCorrection"] += nobodys.delete()[0]
    pieces = UploadedPiece.objects.filter(list_import=OuterRef("pk"))
    for one in imports.filter(~Q(file_name=FORGOTTEN) | Exists(pieces)).order_by("pk"):
        erased["tenants.UploadedPiece"] += UploadedPiece.objects.filter(list_import=one).delete()[0]
        erased["tenants.ImportRow"] += ImportRow.objects.filter(list_import=one).delete()[0]
        # The columns were kept with samples of what stood in them.
        one.file_name, one.columns, one.sheets, one.recognised = FORGOTTEN, [], [], {}
        one.message = one.sheet = ""
        one.save(update_fields=["file_name", "columns", "sheets", "recognised", "sheet", "message"])
        journal.record("import.forgotten", one, by=by)
    return +erased
