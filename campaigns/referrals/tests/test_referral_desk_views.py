"""The desk of referrals: order, board, several approved at once, figures and export."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from campaigns import referrals
from campaigns.models import Referral
from campaigns.referrals.tests.referral_cast import canaries, make_partner, make_referral
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import limit_to, make_agency, make_case, make_household, make_user

pytestmark = pytest.mark.django_db
State = Referral.State


@pytest.fixture
def now() -> Any:
    """The screens read the clock themselves."""
    return timezone.now()


@pytest.fixture
def desk(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def text(response: Any) -> str:
    return response.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def test_the_table_is_sorted_by_its_headings_and_nothing_breaks_it(desk: Any, coordinator: Any, now: Any) -> None:
    first = make_referral(coordinator, now, level="U3")
    second = make_referral(coordinator, now, level="U1", partner=make_partner("Abri"))
    for sort, expected in {"level": [second, first], "-level": [first, second], "partner": [second, first]}.items():
        page = desk.get(f"/signalements/?sort={sort}")
        assert [row.record for row in page.context["table"].page.object_list] == expected
    assert 'aria-sort="ascending"' in text(desk.get("/signalements/?sort=level"))
    for odd in ("sort=nul%00", "sort=__class__", "sort=-", "page=x&sort=due_at", "besoin=%00", "resultat=rien"):
        assert desk.get(f"/signalements/?{odd}").status_code == 200


def test_the_board_has_a_column_a_state_and_the_latest_first(desk: Any, coordinator: Any, now: Any) -> None:
    late = make_referral(coordinator, now - timedelta(days=40), state=State.SENT)
    soon = make_referral(coordinator, now, state=State.SENT)
    make_referral(coordinator, now, state=State.CLOSED)
    page = desk.get("/signalements/tableau/")
    columns = {column["state"]: column for column in page.context["columns"]}
    assert set(columns) == set(referrals.OPEN_STATES)
    assert [card["referral"] for card in columns[State.SENT]["cards"]] == [late, soon]
    assert "en retard de" in text(page)
    assert "Aucun signalement en cours" in text(desk.get("/signalements/tableau/?q=inconnu"))


def test_a_full_column_says_how_many_more(desk: Any, coordinator: Any, now: Any, campaign: Any) -> None:
    for _ in range(27):
        make_referral(coordinator, now, case=make_case(campaign, now=now))
    assert "et 2 autres" in text(desk.get("/signalements/tableau/"))


def test_the_board_costs_the_same_for_one_and_for_many(
    desk: Any, coordinator: Any, now: Any, campaign: Any, count_queries: Any
) -> None:
    make_referral(coordinator, now)
    desk.get("/signalements/tableau/")
    with count_queries() as one:
        desk.get("/signalements/tableau/")
    for _ in range(10):
        make_referral(coordinator, now, case=make_case(campaign, now=now))
    with count_queries() as many:
        desk.get("/signalements/tableau/")
    assert len(one) == len(many) <= 20


def test_several_are_approved_at_once_and_what_lacks_something_is_left(
    desk: Any, coordinator: Any, now: Any, campaign: Any
) -> None:
    ready = [make_referral(coordinator, now, case=make_case(campaign, now=now)) for _ in range(3)]
    lacking = make_referral(coordinator, now, case=make_case(campaign, now=now), facts="")
    alone = make_referral(
        coordinator, now, case=make_case(campaign, now=now), agreement="no", no_agreement_reason="Chute hier."
    )
    ids = [one.pk for one in (*ready, lacking, alone)]
    shown = text(desk.post("/signalements/approuver/", {"ids": ids}))
    assert "Approuver 4 signalements" in shown
    assert "Écrivez les faits entendus." in shown
    assert "une deuxième à obtenir" in shown
    assert not OutgoingMail.objects.filter(template="referral_sent").exists()
    said = text(desk.post("/signalements/approuver/", {"ids": ids, "confirmed": "1"}, follow=True))
    assert "3 signalements approuvés" in said
    assert f"{lacking.reference} : Écrivez les faits entendus." in said
    assert "Première approbation notée pour 1" in said
    assert OutgoingMail.objects.filter(template="referral_sent").count() == 3
    # Sent again (a double click): nothing is left to approve, nothing leaves twice.
    desk.post("/signalements/approuver/", {"ids": [one.pk for one in ready], "confirmed": "1"})
    assert OutgoingMail.objects.filter(template="referral_sent").count() == 3


@pytest.mark.parametrize("ids", [[], ["x"], ["9" * 30], ["-1"], ["123456"]])
def test_nothing_chosen_is_said(desk: Any, ids: list[str]) -> None:
    assert "Choisissez au moins un" in text(desk.post("/signalements/approuver/", {"ids": ids}, follow=True))


def test_another_agency_s_drafts_are_not_approved(client_of: Any, coordinator: Any, now: Any, campaign: Any) -> None:
    one = make_referral(coordinator, now, case=make_case(campaign, now=now))
    elsewhere = make_user("yann@exemple.fr", "Yann", "Le Goff", "coordinator")
    limit_to(elsewhere, make_agency(one.case.household.landlord, "Dax"))
    client_of(elsewhere).post("/signalements/approuver/", {"ids": [one.pk], "confirmed": "1"})
    one.refresh_from_db()
    assert one.state == State.DRAFT


def test_the_figures_add_up_and_each_leads_to_its_list(desk: Any, coordinator: Any, now: Any, campaign: Any) -> None:
    mairie = make_partner("Mairie de Pau")
    for state in (State.SENT, State.ACKNOWLEDGED, State.ANSWERED):
        make_referral(coordinator, now - timedelta(hours=3), state=state, case=make_case(campaign, now=now))
    dax = make_household(insee_code="40088", city="Dax")
    make_referral(coordinator, now, state=State.DECLINED, case=make_case(campaign, dax, now=now), partner=mairie)
    page = desk.get("/signalements/chiffres/")
    for title, rows in page.context["tables"]:
        assert sum(row.count for row, _ in rows) == page.context["total"] == 4, title
        for row, url in rows:
            if url:
                assert desk.get(url).context["page_obj"].paginator.count == row.count, url
    by_commune = {row.label: row.count for row, _ in dict(page.context["tables"])["Par commune"]}
    assert by_commune == {"Bordeaux": 3, "Dax": 1}
    # Declining tells that it was read.
    assert sum(row.acknowledged for row in page.context["delays"]) == 3
    assert "Aucun signalement" in text(desk.get("/signalements/chiffres/?campagne=&q=inconnu"))


def cells(response: Any) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(response.content)).get_sheet_by_index(0).to_python()


def test_the_export_has_no_free_text_unless_asked_and_is_journaled(desk: Any, coordinator: Any, now: Any) -> None:
    one = make_referral(coordinator, now, state=State.ACKNOWLEDGED)
    hidden = canaries(one)
    plain = cells(desk.get("/signalements/export.xlsx"))
    assert plain[1][0] == one.reference
    assert not [word for word in hidden if word in str(plain).lower()]
    full = cells(desk.get("/signalements/export.xlsx?textes=oui"))
    assert "canari-faits" in str(full)
    assert [entry.detail for entry in JournalEntry.objects.filter(action="referral.exported").order_by("pk")] == [
        {"count": 1, "texts": False},
        {"count": 1, "texts": True},
    ]


def test_no_cell_of_the_export_is_a_formula(desk: Any, coordinator: Any, now: Any) -> None:
    make_referral(coordinator, now, partner=make_partner("=1+1"), facts="=HYPERLINK()")
    full = cells(desk.get("/signalements/export.xlsx?textes=oui"))
    assert "'=1+1" in full[1]
    assert "'=HYPERLINK()" in full[1]


def test_the_export_follows_the_filters(desk: Any, coordinator: Any, now: Any) -> None:
    make_referral(coordinator, now)
    assert len(cells(desk.get("/signalements/export.xlsx?etat=closed"))) == 1
