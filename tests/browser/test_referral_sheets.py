"""Five sheets as partners print them, looked at as pictures: the guide shows two of them.

Plain, grave danger without agreement, two needs and a contact person, hostile and very long values, the register.
"""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import typst
from django.conf import settings as django_settings
from pypdf import PdfReader

from campaigns import referrals
from campaigns.common.documents import _template
from campaigns.models import Case, Referral
from campaigns.referrals import sheet
from campaigns.referrals.tests.referral_cast import make_partner
from tenants.models import Tenant
from tests.browser.conftest import IMAGES, shown_in_documentation
from tests.factories import make_campaign, make_case, make_household

# What breaks a document that would read values as markup, and a word that no line can hold.
HOSTILE = '#panic("x") $x^2$ [a](b) \\ "]) *gras* _it_ @ref <label> // `raw` 「日本」 é'
LONG = "Nom-composé-interminable-" * 8


@pytest.fixture
def case(now: datetime, coordinator: Any) -> Case:
    jeanne = make_household(
        last_name="Martin", first_name="Jeanne", civility="Mme", street="12 rue des Lilas", building="Bât. B", door="3e"
    )
    return make_case(make_campaign(name="Grand froid", now=now), jeanne, now=now)


def drafted(case: Case, by: Any, now: datetime, *, needs: tuple[str, ...] = ("repas",), **fields: Any) -> Referral:
    tenant = case.household.tenants.get()
    Tenant.objects.filter(pk=tenant.pk).update(birth_date=date(1938, 3, 12), birth_precision=Tenant.Precision.DAY)
    made = referrals.draft_by_hand(
        case=case,
        tenant=Tenant.objects.get(pk=tenant.pk),
        categories=list(needs),
        level=fields.pop("level", "U2"),
        partner=make_partner(),
        by=by,
        now=now,
    )
    agreed = {"agreement": "yes", "agreement_how": "call", "agreement_at": now}
    Referral.objects.filter(pk=made.pk).update(reference="S-2026-482913")
    made.reference = "S-2026-482913"
    return referrals.edit(referral=made, by=by, now=now, **{**agreed, **fields})


SHEETS: dict[str, dict[str, Any]] = {
    "simple": {"facts": "Le four est en panne, elle mange froid.", "since": "dix jours"},
    "sans-accord": {
        "level": "U0",
        "facts": "A chuté ce matin, ne peut plus se lever.\nSa voisine est auprès d'elle.",
        "agreement": "impossible",
        "agreement_how": "",
        "agreement_at": None,
        "grave_danger": True,
        "phoned_person": "Mme Roy, astreinte",
    },
    "deux-besoins": {
        "needs": ("repas", "medicaments"),
        "facts": "Ne porte plus ses courses.\nSon ordonnance n'est pas renouvelée.",
        "since": "trois semaines",
        "help_in_place": "Aide à domicile, deux heures le lundi",
        "contact_person": "Sa fille, Mme Claire Durand, 05 36 49 90 12",
        "contact_agrees": True,
        "assessment": "Voix fatiguée, se dit découragée.",
    },
    "longs": {
        "facts": "\n".join([HOSTILE, "M" * 120, "Mange peu. " * 34])[:600],
        "since": "depuis " + "très " * 20,
        "help_in_place": (HOSTILE * 4)[:200],
        "contact_person": LONG,
        "contact_agrees": True,
        "assessment": "W" * 300,
    },
    "registre": {
        "needs": ("registre",),
        "level": "U3",
        "facts": "Souhaite être inscrite au registre communal, pour être appelée en cas de grand froid.",
        "help_in_place": "Infirmière, chaque matin",
        "contact_person": "Son fils, M. Paul Martin, 05 36 49 90 13",
        "contact_agrees": True,
    },
}


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_holds_on_its_page_tagged_and_confidential(
    name: str, case: Case, coordinator: Any, now: datetime
) -> None:
    fields = dict(SHEETS[name])
    if fields.get("grave_danger"):
        fields["phoned_at"] = now
    if name == "longs":
        Tenant.objects.update(last_name=LONG[:90])
        case.household.street = f"{HOSTILE}, {LONG}"[:200]
        case.household.save()
    made = drafted(case, coordinator, now, **fields)
    pdf = PdfReader(io.BytesIO(sheet.pdf_of(made, now)))
    # Every field filled to its last character takes the top of a second page.
    assert len(pdf.pages) == (2 if name == "longs" else 1)
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert pdf.trailer["/Root"]["/Lang"] == "fr-FR"
    said = " ".join(pdf.pages[0].extract_text().split())
    assert "Document confidentiel" in said
    assert "Signalement S-2026-482913" in said
    assert "CCAS de Bordeaux" in said
    if name == "longs":
        assert '#panic("x")' in said
    picture(name, sheet.sheet_of(made, now))


def picture(name: str, shown: sheet.Sheet) -> None:
    """The page as it is printed; `make screenshots` renews those that the documentation shows."""
    file = f"fiche-{name}.png"
    renew = os.environ.get("SCREENSHOTS") == "1" and file in shown_in_documentation()
    folder = IMAGES if renew else Path(django_settings.VAR_DIR) / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps({**asdict(shown), "demo": False}, ensure_ascii=False)
    made = typst.compile(
        _template("referral"),
        format="png",
        ppi=64,
        sys_inputs={"data": data},
        ignore_system_fonts=True,
    )
    (folder / file).write_bytes(made[0] if isinstance(made, list) else made)
