"""The commune's register of vulnerable people: a request of its own, at the person's rhythm alone."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from campaigns import referrals
from campaigns.models import Referral
from campaigns.referrals import ReferralError, sending, sheet
from campaigns.referrals.tests.referral_cast import make_call, make_need, make_partner, make_referral
from tests.factories import make_case

pytestmark = pytest.mark.django_db
Kind = Referral.Kind


def request(coordinator: Any, now: Any, **fields: Any) -> Referral:
    """A draft of the register, with the agreement of the person."""
    base = make_referral(coordinator, now)
    made = referrals.draft_by_hand(
        case=base.case,
        tenant=base.tenant,
        categories=["registre"],
        level="U3",
        partner=base.partner,
        by=coordinator,
        now=now,
    )
    agreed = {"agreement": "yes", "agreement_how": "coordinator", "agreement_at": now}
    return referrals.edit(referral=made, by=coordinator, now=now, **{**agreed, **fields})


def words(referral: Referral, now: Any) -> str:
    reader = PdfReader(io.BytesIO(sheet.pdf_of(referral, now)))
    assert len(reader.pages) == 1
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    return " ".join(reader.pages[0].extract_text().split())


def test_the_form_says_what_the_law_asks_and_only_there_the_birth_date(coordinator: Any, now: Any) -> None:
    made = request(coordinator, now, help_in_place="Infirmière le matin", contact_person="Sa fille")
    made.tenant.birth_date = date(1938, 3, 12)
    said = words(made, now)
    assert made.kind == Kind.REGISTER
    for word in ("registre communal", "L. 121-6-1", "12/03/1938", "Infirmière le matin", made.tenant.full_name):
        assert word in said
    # A third person who was not asked is not named.
    assert "Sa fille" not in said
    help_sheet = Referral.objects.exclude(pk=made.pk).get()
    help_sheet.tenant.birth_date = date(1938, 3, 12)
    assert "1938" not in words(help_sheet, now)


@pytest.mark.parametrize("said", ["no", "impossible"])
def test_nobody_is_registered_without_agreeing(coordinator: Any, now: Any, said: str) -> None:
    made = request(coordinator, now, agreement=said, no_agreement_reason="Motif.", grave_danger=True)
    assert "agreement" in {problem.field for problem in sending.missing_for_approval(made)}
    with pytest.raises(ReferralError, match="à sa demande"):
        referrals.approve(referral=made, by=coordinator, now=now)


def test_it_is_approved_sent_and_followed_like_any_referral(coordinator: Any, now: Any) -> None:
    made = request(coordinator, now)
    referrals.approve(referral=made, by=coordinator, now=now)
    assert made.state == Referral.State.APPROVED


def test_it_is_never_mixed_with_help(coordinator: Any, volunteer: Any, case: Any, now: Any) -> None:
    make_partner()
    with pytest.raises(ReferralError, match="à part"):
        referrals.draft_by_hand(
            case=case, tenant=None, categories=["registre", "repas"], level="U3", by=coordinator, now=now
        )
    call = make_call(case, volunteer, now)
    heard = [make_need(call, category) for category in ("repas", "registre", "courses")]
    drafts = referrals.draft_for_call(call=call, needs=heard, by=volunteer, now=now)
    assert sorted((draft.kind, draft.needs.count()) for draft in drafts) == [("help", 2), ("register", 1)]


def test_the_case_offers_it_and_fills_the_form(client_of: Any, coordinator: Any, campaign: Any, now: Any) -> None:
    case = make_case(campaign)
    nadia = client_of(coordinator)
    assert f"/signalements/dossier/{case.pk}/?registre" in nadia.get(f"/dossiers/{case.pk}/").content.decode()
    form = nadia.get(f"/signalements/dossier/{case.pk}/?registre").context["form"]
    assert form.initial["categories"] == ["registre"]
    sent = {"tenant": case.household.tenants.get().pk, "categories": ["registre"], "level": "U3", "facts": "Souhaite."}
    nadia.post(f"/signalements/dossier/{case.pk}/?registre", sent)
    assert Referral.objects.get().kind == Kind.REGISTER
