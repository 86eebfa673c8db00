"""The referrals of a list as a workbook. No cell is ever a formula; free texts only when they are asked for."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter
from django.db.models import QuerySet

from campaigns.common import needs
from campaigns.models import Referral
from tenants.imports.exports import neutral

HEADINGS = (
    "Référence", "Campagne", "Niveau", "État", "Partenaire", "Commune", "Besoins", "Accord", "Préparé le", "Envoyé le",
    "Accusé de réception le", "Heures jusqu'à l'accusé", "Répondu le", "Résultat", "Clos le", "Motif de clôture",
)  # fmt: skip
TEXTS = ("Faits entendus", "Appréciation", "Réponse du partenaire", "Motif du refus")


def workbook(rows: QuerySet[Referral], *, texts: bool) -> bytes:
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("Signalements")
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for column, heading in enumerate((*HEADINGS, *(TEXTS if texts else ()))):
            sheet.set_column(column, column, max(14, len(heading) + 2))
            sheet.write_string(0, column, heading, bold)
        for line, one in enumerate(rows.iterator(chunk_size=500), start=1):
            for column, value in enumerate(_cells(one, texts)):
                if isinstance(value, datetime):
                    sheet.write_datetime(line, column, value, day)
                elif isinstance(value, float):
                    sheet.write_number(line, column, value)
                elif value:
                    sheet.write_string(line, column, neutral(value))
        sheet.freeze_panes(1, 1)
    return output.getvalue()


def _cells(one: Referral, texts: bool) -> list[Any]:
    tz = one.case.campaign.tz
    waited = None
    if one.sent_at and one.acknowledged_at:
        waited = (one.acknowledged_at - one.sent_at).total_seconds() / 3600
    cells: list[Any] = [
        one.reference,
        one.case.campaign.name,
        one.level,
        one.get_state_display(),
        one.partner.name if one.partner else "",
        one.case.household.city,
        ", ".join(sorted({needs.label(need.category) for need in one.needs.all()})),
        one.get_agreement_display() if one.agreement else "",
        _local(one.created_at, tz),
        _local(one.sent_at, tz),
        _local(one.acknowledged_at, tz),
        round(waited, 1) if waited is not None else "",
        _local(one.answered_at, tz),
        one.get_answer_result_display() if one.answer_result else "",
        _local(one.closed_at, tz),
        one.get_close_reason_display() if one.close_reason else "",
    ]
    return cells + ([one.facts, one.assessment, one.answer, one.decline_reason] if texts else [])


def _local(at: datetime | None, tz: ZoneInfo) -> datetime | str:
    """A workbook knows no time zone: the campaign's own clock."""
    return at.astimezone(tz).replace(tzinfo=None) if at else ""
