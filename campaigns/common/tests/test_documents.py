"""Every document is a tagged PDF in French, and shows what was typed as it was typed."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader

from campaigns.common import documents
from campaigns.models import Call, Case, Letter
from campaigns.neighbours import posters
from campaigns.referrals import sheet
from campaigns.referrals.tests import referral_cast
from campaigns.welfare import caretakers, letters, without_number
from campaigns.welfare.tests.welfare_cast import HOSTILE, make_door, make_residence, make_round, open_check
from tenants.models import Household, Tenant
from tests import factories

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3

pytestmark = pytest.mark.django_db


def read(pdf: bytes) -> PdfReader:
    """The PDF, after what every one of them must have for those who do not see it."""
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("fr")
    assert root["/StructTreeRoot"]["/K"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title
    assert b"pdfuaid" in root["/Metadata"].get_data()
    return reader


def words(pdf: bytes) -> str:
    """All its text on one line; what was cut to fit a line is joined again."""
    text = " ".join(page.extract_text() for page in read(pdf).pages)
    return re.sub(r"[\s\u200b\u00a0\u202f]+", " ", text)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u00a0\u202f]+", "", text)


@pytest.fixture
def door(volunteer: Any) -> Case:
    campaign = factories.make_campaign(volunteers=[volunteer], now=TUESDAY)
    made = make_door(campaign, make_residence(), now=TUESDAY, phone=None)
    Call.objects.create(case=made, volunteer=volunteer, state="recorded", outcome="no_answer", started_at=TUESDAY)
    return made


def spoil(case: Case) -> None:
    """The tenant, the address, the campaign and the residence are hostile."""
    Tenant.objects.filter(household=case.household).update(last_name=HOSTILE, first_name=LONG, civility="#x")
    Household.objects.filter(pk=case.household_id).update(street=HOSTILE, building=LONG[:60], door="$y$", city="*Pau*")
    Case.objects.filter(pk=case.pk).update(verification_phrase="#tilleul *47*")
    case.campaign.name = HOSTILE
    case.campaign.save()
    residence = case.household.residence
    assert residence is not None
    residence.name = HOSTILE
    residence.save()
    residence.landlord.spoken_name = HOSTILE
    residence.landlord.save()


def fresh(case: Case) -> list[Case]:
    return list(letters.to_write_to(Case.objects.filter(pk=case.pk)))


@pytest.mark.parametrize("kind", Letter.Kind.values)
def test_a_letter_is_tagged_and_says_who_calls_and_how_to_check_it(door: Case, coordinator: Any, kind: str) -> None:
    Case.objects.filter(pk=door.pk).update(verification_phrase="tilleul martin 47")
    pdf = letters.make(cases=fresh(door), kind=kind, by=coordinator, now=TUESDAY)
    assert len(read(pdf).pages) == 1
    said = words(pdf)
    assert "127.0.0.1:8000/questions/" in said
    for part in ("01 99 00 12 34", "tilleul martin 47", "Gironde Habitat Social", "mardi 13 janvier 2026", "jamais d"):
        assert part in said
    assert squeezed(fresh(door)[0].household.tenants.get().full_name) in squeezed(said)
    assert "112" in said


@pytest.mark.parametrize("kind", Letter.Kind.values)
def test_what_a_list_holds_is_never_markup_in_a_letter(door: Case, coordinator: Any, kind: str) -> None:
    spoil(door)
    said = squeezed(words(letters.make(cases=fresh(door), kind=kind, by=coordinator, now=TUESDAY)))
    for part in (HOSTILE.upper(), HOSTILE, LONG, "$y$", "*Pau*", "#tilleul*47*"):
        assert squeezed(part) in said


def test_a_poster_is_tagged_in_both_sizes_and_its_code_opens_the_page(door: Case, coordinator: Any) -> None:
    residence = door.household.residence
    assert residence is not None
    sizes = {}
    for size in posters.SIZES:
        pdf = posters.make(campaign=door.campaign, residences=[residence], size=size, by=coordinator, now=TUESDAY)
        sizes[size] = float(read(pdf).pages[0].mediabox.width)
        said = words(pdf)
        assert "01 99 00 12 34" in said
        assert "127.0.0.1:8000/questions/" in said
        assert len(read(pdf).pages) == 1
        assert f"/voisins/{residence.poster.code}/" in squeezed(said)
    assert round(sizes["a4"]) == 595
    assert round(sizes["a3"]) == 842
    assert posters.residence_of(residence.poster.code.lower()) == residence


def test_what_a_list_holds_is_never_markup_in_the_other_documents(door: Case, coordinator: Any) -> None:
    spoil(door)
    case = fresh(door)[0]
    check = open_check(case, coordinator, TUESDAY)
    made = make_round([check], coordinator, TUESDAY)
    round_said = squeezed(words(caretakers.list_pdf(made, caretakers.doors_of(made), TUESDAY)))
    asked = squeezed(words(without_number.ask(cases=[case], by=coordinator, now=TUESDAY)))
    for said in (round_said, asked):
        for part in (HOSTILE.upper(), HOSTILE, LONG, "$y$"):
            assert squeezed(part) in said
    residence = case.household.residence
    assert residence is not None
    poster = words(posters.make(campaign=case.campaign, residences=[residence], size="a4", by=coordinator, now=TUESDAY))
    assert squeezed(poster).count(squeezed(HOSTILE)) == 2


def test_the_caretakers_list_holds_names_and_dwellings_and_nothing_else(door: Case, coordinator: Any) -> None:
    household = door.household
    household.notes, household.door = "Entend mal", "porte 12"
    household.save()
    made = make_round([open_check(door, coordinator, TUESDAY)], coordinator, TUESDAY)
    said = words(caretakers.list_pdf(made, caretakers.doors_of(made), TUESDAY))
    assert "porte 12" in said
    assert "Entend mal" not in said
    assert "1941" not in said
    assert "jamais dans un logement" in said


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_no_row_is_cut_between_two_pages(door: Case, coordinator: Any, settings: Any, demo: bool, lines: int) -> None:
    """Its boxes stay beside its name; otherwise an answer would stand against nobody."""
    # A banner above the table and long names in it move the place where the first page ends.
    settings.DEMO = demo
    residence = door.household.residence
    assert residence is not None
    name = "Rangée" + "-du-Bois" * (4 * lines)
    found = [make_door(door.campaign, residence, now=TUESDAY, phone=None, last_name=name) for _ in range(24)]
    cases = list(letters.to_write_to(Case.objects.filter(pk__in=[case.pk for case in found])))
    made = make_round([open_check(case, coordinator, TUESDAY) for case in cases], coordinator, TUESDAY)
    for pdf, box in (
        (without_number.ask(cases=cases, by=coordinator, now=TUESDAY), "inconnu"),
        (caretakers.list_pdf(made, caretakers.doors_of(made), TUESDAY), "absent"),
    ):
        pages = [page.extract_text() for page in read(pdf).pages]
        assert len(pages) > 1
        for page in pages:
            explained = page.count("«")  # « inconnu », said once above the table
            assert page.count("RANGÉE") == page.count(box) - explained > 0, box


def test_the_sheet_of_a_referral_is_tagged_too(coordinator: Any) -> None:
    referral = referral_cast.make_referral(coordinator, TUESDAY)
    assert referral.reference in words(sheet.pdf_of(referral, TUESDAY))


def test_a_demonstration_says_so_on_paper(door: Case, coordinator: Any, settings: Any) -> None:
    settings.DEMO = True
    said = words(letters.make(cases=fresh(door), kind=Letter.Kind.MISSED, by=coordinator, now=TUESDAY))
    assert "Démonstration" in said


def test_the_code_of_a_poster_can_be_read_from_its_picture() -> None:
    svg = documents.qr("https://exemple.fr/voisins/ABCDEFGHJK/")
    assert svg.startswith("<svg")
    assert "<script" not in svg


@pytest.mark.parametrize(
    ("typed", "readable"),
    [
        ("தமிழ்", "Tamilll"),
        ("முத்துலட்சுமி", "Muttulattcumi"),
        ("김영희", "Gimyeonghyi"),
        ("हिन्दी", "Hindii"),
        ("Jeanne 😀", "Jeanne □"),
    ],
)
def test_a_name_that_no_font_draws_is_spelt_in_latin_letters(typed: str, readable: str) -> None:
    assert documents._drawable({"name": typed}) == {"name": readable}
