"""Neighbours' reports: received, matched, set aside, forgotten."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import purge, welfare
from campaigns.models import Alert, Campaign, Case, NeighbourReport, Poster, WelfareCheck
from campaigns.neighbours import posters, reports
from campaigns.welfare.tests.welfare_cast import make_door, make_residence
from solidarites import mail
from solidarites.models import JournalEntry, OutgoingMail
from tests import factories
from tests.strict import count_queries

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))
State = NeighbourReport.State

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(volunteer: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer], now=TUESDAY)


def report(now: datetime = TUESDAY, **said: Any) -> NeighbourReport:
    return reports.receive(**({"worries": ["mail"], "place": "12 rue des Lilas, Pessac"} | said), now=now)


def door(campaign: Campaign, **fields: Any) -> Case:
    return factories.make_case(campaign, factories.make_household(**fields), now=TUESDAY)


@pytest.mark.parametrize(
    ("worries", "level", "mails"),
    [
        (["danger", "alone"], "U0", 1),
        (["not_seen"], "U1", 1),
        (["mail", "health"], "U1", 1),
        (["alone", "weather"], "U2", 0),
    ],
)
def test_a_report_raises_its_alert_at_once(coordinator: Any, worries: list[str], level: str, mails: int) -> None:
    made = report(worries=worries, text="Madame Martin ne sort plus.")
    alert = Alert.objects.get()
    assert (made.level, alert.level, alert.kind, alert.case) == (level, level, "neighbour", None)
    assert OutgoingMail.objects.count() == mails
    for row in OutgoingMail.objects.all():
        message = mail.build(row)
        sent = message.subject + message.body + str(message.alternatives)
        assert "Martin" not in sent
        assert "Lilas" not in sent
    entry = JournalEntry.objects.get(action="neighbour.received")
    assert (entry.actor, entry.detail) == ("public", {"level": level})


def test_pressed_twice_it_is_one_report() -> None:
    assert report() == report(TUESDAY + timedelta(minutes=2))
    assert report(TUESDAY + timedelta(minutes=20)).pk
    assert report(text="Et ses volets sont clos.").pk
    assert NeighbourReport.objects.count() == 3


def test_too_long_and_unknown_values_are_cut_or_dropped() -> None:
    made = report(text="x" * 900, worries=["mail", "<script>", "mail"], reporter_name="N" * 200)
    assert (len(made.text), made.worries, len(made.reporter_name)) == (300, ["mail"], 80)


def test_the_address_proposes_the_household(campaign: Campaign, coordinator: Any) -> None:
    right = door(campaign, street="12 rue des Lilas", city="Pessac", postal_code="33600", last_name="Etcheverry")
    door(campaign, street="14 rue des Lilas", city="Pessac", postal_code="33600", last_name="Castaing")
    door(campaign, street="12 rue Sainte-Catherine", city="Bordeaux", last_name="Dupouy")
    for number in range(5):
        # Whatever the neighbours are called, one may have the same name.
        door(campaign, street=f"{number} cours Victor-Hugo", city="Bordeaux", last_name="Etcheverry")
    found = reports.proposals(report=report(), by=coordinator)
    assert found[0].case == right
    assert "lilas" in found[0].why
    assert not any("Hugo" in one.case.household.street for one in found)
    named = report(place="Pessac", who="Madame ETCHEVERRY, 3e étage")
    assert reports.proposals(report=named, by=coordinator)[0].case == right


@pytest.mark.parametrize(
    "floor", ["3e étage", "3ème étage", "3 ème", "au 3e", "3ᵉ\u00a0étage", "étage 3", "Étage\u00a0: 3", "3 étage"]
)
def test_a_floor_is_no_street_number(campaign: Campaign, coordinator: Any, floor: str) -> None:
    street = door(campaign, street="3 cours Victor-Hugo", last_name="Etcheverry")
    right = door(campaign, street="12 rue des Lilas", door="3ème étage gauche", last_name="Etcheverry")
    found = reports.proposals(report=report(place="", who=f"Mme Etcheverry, {floor}"), by=coordinator)
    assert [(one.case, one.why) for one in found] == [(right, "3e, etcheverry"), (street, "etcheverry")]


@pytest.mark.parametrize("place", ["12 rue des Lilas", "12E rue des Lilas", "3e étage, 12 rue des Lilas"])
def test_a_street_number_beside_a_floor_or_a_letter_counts(campaign: Campaign, coordinator: Any, place: str) -> None:
    door(campaign, street="3 rue des Lilas")
    right = door(campaign, street="12 rue des Lilas")
    assert reports.proposals(report=report(place=place), by=coordinator)[0].case == right


def test_accents_capitals_and_hyphens_do_not_matter(campaign: Campaign, coordinator: Any) -> None:
    right = door(campaign, street="3 allée des Épinettes", city="Mérignac")
    door(campaign, street="3 allée des Pins", city="Pessac")
    found = reports.proposals(report=report(place="EPINETTES merignac"), by=coordinator)
    assert [one.case for one in found] == [right]


def test_the_words_of_any_sentence_bring_nobody(campaign: Campaign, coordinator: Any) -> None:
    right = door(campaign, street="12 rue des Lilas", city="Pessac")
    for number in range(9):
        door(campaign, street=f"{number} place Royale et de la Résidence", city="Pau")
    made = report(text="Je ne la vois plus, et ses volets sont clos depuis une semaine.")
    assert [one.case for one in reports.proposals(report=made, by=coordinator)] == [right]


def test_a_posters_residence_alone_is_proposed(campaign: Campaign, coordinator: Any) -> None:
    tilleuls, acacias = make_residence(), make_residence("Les Acacias")
    inside = [make_door(campaign, tilleuls, now=TUESDAY, street="1 place du Parc") for _ in range(2)]
    make_door(campaign, acacias, now=TUESDAY, street="1 place du Parc")
    made = report(residence=tilleuls, place="")
    assert {one.case for one in reports.proposals(report=made, by=coordinator)} == set(inside)
    # Typed by the coordinator: everywhere.
    assert len(reports.proposals(report=made, by=coordinator, words="acacias")) == 1


def test_nothing_outside_the_coordinators_sectors_or_a_running_campaign_is_proposed(
    campaign: Campaign, coordinator: Any, landlord: Any, agency: Any, agency2: Any
) -> None:
    factories.limit_to(coordinator, agency)
    mine = door(campaign, landlord=landlord, agency=agency, street="12 rue des Lilas")
    other = door(campaign, landlord=landlord, agency=agency2, street="12 rue des Lilas")
    over = factories.make_campaign(status=Campaign.Status.CLOSED)
    door(over, landlord=landlord, agency=agency, street="12 rue des Lilas")
    made = report()
    assert [one.case for one in reports.proposals(report=made, by=coordinator)] == [mine]
    with pytest.raises(reports.NeighbourError, match="vos campagnes"):
        reports.match(report=made, case_id=other.pk, level="U1", by=coordinator, now=TUESDAY)


def test_the_search_costs_the_same_whatever_the_number_of_households(campaign: Campaign, coordinator: Any) -> None:
    made = report()
    door(campaign, street="12 rue des Lilas")
    reports.proposals(report=made, by=coordinator)
    with count_queries() as few:
        reports.proposals(report=made, by=coordinator)
    for _ in range(20):
        door(campaign, street="12 rue des Lilas")
    with count_queries() as many:
        assert len(reports.proposals(report=made, by=coordinator)) == reports.PROPOSED
    assert len(few) == len(many) <= 8


def test_matched_it_opens_a_check_and_settles_its_alert(campaign: Campaign, coordinator: Any) -> None:
    made = report(worries=["not_seen"])
    case = door(campaign, street="12 rue des Lilas")
    check = reports.match(report=made, case_id=case.pk, level="U1", by=coordinator, now=TUESDAY)
    assert (check.origin, check.level, check.owner) == (WelfareCheck.Origin.NEIGHBOUR, "U1", coordinator)
    case.refresh_from_db()
    assert case.hold_reason == Case.Hold.WELFARE
    made.refresh_from_db()
    assert (made.state, made.check_row, made.handled_by) == (State.MATCHED, check, coordinator)
    alert = Alert.objects.get()
    assert alert.solved_at
    assert (alert.case_id, alert.campaign_id) == (case.pk, campaign.pk)
    with pytest.raises(reports.NeighbourError, match="déjà traité"):
        reports.dismiss(report=made, dismissal="abuse", by=coordinator, now=TUESDAY)


def test_an_open_check_takes_the_report_in_and_its_urgency(campaign: Campaign, coordinator: Any) -> None:
    case = door(campaign)
    check = welfare.open_by_hand(case_id=case.pk, level="U2", by=coordinator, now=TUESDAY)
    later = TUESDAY + timedelta(hours=1)
    again = reports.match(report=report(), case_id=case.pk, level="U0", by=coordinator, now=later)
    assert again == check
    again.refresh_from_db()
    assert (again.level, again.due_at) == ("U0", later + timedelta(hours=2))
    calm = reports.match(report=report(text="bis"), case_id=case.pk, level="U3", by=coordinator, now=later)
    calm.refresh_from_db()
    assert calm.level == "U0"
    assert check.neighbour_reports.count() == 2


def test_where_no_check_may_open_nothing_changes(campaign: Campaign, coordinator: Any) -> None:
    closed = factories.make_case(campaign, now=TUESDAY, status=Case.Status.CLOSED)
    factories.make_case(factories.make_campaign(now=TUESDAY), closed.household, now=TUESDAY)
    made = report()
    with pytest.raises(welfare.WelfareError, match="autre campagne"):
        reports.match(report=made, case_id=closed.pk, level="U1", by=coordinator, now=TUESDAY)
    made.refresh_from_db()
    assert (made.state, Alert.objects.get().solved_at) == (State.NEW, None)


def test_a_household_that_no_campaign_calls_joins_one_and_its_check_opens(campaign: Campaign, coordinator: Any) -> None:
    young = factories.make_household(street="12 rue des Lilas", city="Pessac", birth_date=date(1990, 1, 1))
    factories.make_household(street="3 cours Victor-Hugo")
    door(campaign, street="12 rue des Lilas", city="Pessac")
    made = report()
    found = reports.proposals_outside(report=made, by=coordinator)
    assert [(one.household, one.case) for one in found] == [(young, None)]
    check = reports.match_outside(
        report=made, household_id=young.pk, campaign_id=campaign.pk, level="U1", by=coordinator, now=TUESDAY
    )
    assert (check.case.household, check.case.campaign, check.owner) == (young, campaign, coordinator)
    # Nobody calls it meanwhile.
    assert (check.case.status, check.case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.WELFARE)
    made.refresh_from_db()
    assert (made.state, made.check_row) == (NeighbourReport.State.MATCHED, check)
    assert not Alert.objects.filter(solved_at=None).exists()
    assert reports.proposals_outside(report=made, by=coordinator) == []


def test_a_household_of_a_closed_campaign_is_proposed_again(campaign: Campaign, coordinator: Any) -> None:
    over = factories.make_campaign(status=Campaign.Status.CLOSED)
    known = door(over, street="12 rue des Lilas")
    Case.objects.update(**factories.closed())
    found = reports.proposals_outside(report=report(), by=coordinator)
    assert [one.household.pk for one in found] == [known.household_id]


def test_who_may_not_join_is_said_and_nothing_changes(
    campaign: Campaign, coordinator: Any, agency: Any, agency2: Any
) -> None:
    opposed = factories.make_household(street="12 rue des Lilas", opposed_at=TUESDAY, agency=agency)
    draft = factories.make_campaign(status=Campaign.Status.DRAFT)
    elsewhere = factories.make_household(agency=agency2)
    inside = factories.make_case(campaign, factories.make_household(agency=agency)).household
    factories.limit_to(coordinator, agency)
    made = report()
    tries = [
        (opposed.pk, campaign.pk, "ne plus être appelé"),
        (elsewhere.pk, campaign.pk, "vos secteurs"),
        (inside.pk, campaign.pk, "vos secteurs"),
        (2**40, campaign.pk, "vos secteurs"),
        (opposed.pk, draft.pk, "vos secteurs"),
    ]
    before = Case.objects.count()
    for household_id, campaign_id, said in tries:
        with pytest.raises(reports.NeighbourError, match=said):
            reports.match_outside(
                report=made, household_id=household_id, campaign_id=campaign_id, level="U1", by=coordinator, now=TUESDAY
            )
    made.refresh_from_db()
    assert (made.state, Case.objects.count()) == (NeighbourReport.State.NEW, before)


def test_a_household_that_a_campaign_in_preparation_counts_joins_the_running_one(
    campaign: Campaign, coordinator: Any
) -> None:
    draft = factories.make_campaign(status=Campaign.Status.DRAFT)
    household = factories.make_household(street="12 rue des Lilas")
    kept = factories.make_case(draft, household, status=Case.Status.PREPARED)
    check = reports.match_outside(
        report=report(), household_id=household.pk, campaign_id=campaign.pk, level="U1", by=coordinator, now=TUESDAY
    )
    kept.refresh_from_db()
    assert (check.case.campaign, check.case.status) == (campaign, Case.Status.ON_HOLD)
    assert kept.status == Case.Status.PREPARED


def test_set_aside_with_a_reason(coordinator: Any) -> None:
    made = report()
    with pytest.raises(reports.NeighbourError, match="raison"):
        reports.dismiss(report=made, dismissal="", by=coordinator, now=TUESDAY)
    reports.dismiss(report=made, dismissal="passed_on", by=coordinator, now=TUESDAY)
    made.refresh_from_db()
    assert (made.state, made.dismissal) == (State.DISMISSED, "passed_on")
    assert "transmis" in Alert.objects.get().solution


def test_reports_are_forgotten_in_their_time(campaign: Campaign, coordinator: Any) -> None:
    aside, waiting, matched = report(text="a"), report(text="b"), report(text="c")
    reports.dismiss(report=aside, dismissal="abuse", by=coordinator, now=TUESDAY)
    case = door(campaign)
    reports.match(report=matched, case_id=case.pk, level="U2", by=coordinator, now=TUESDAY)
    assert reports.forget(now=TUESDAY + timedelta(days=29)) == 0
    # The nightly purge does it.
    purge.purge_expired(now=TUESDAY + timedelta(days=30))
    assert set(NeighbourReport.objects.all()) == {waiting, matched}
    reports.forget(now=TUESDAY + timedelta(days=90))
    assert list(NeighbourReport.objects.all()) == [matched]
    assert Alert.objects.count() == 1
    case.delete()
    assert not NeighbourReport.objects.exists()
    assert not Alert.objects.exists()


# Posters --------------------------------------------------------------------------------------------------------


def test_a_residence_keeps_its_code(campaign: Campaign, coordinator: Any) -> None:
    residence = make_residence()
    make_door(campaign, residence, now=TUESDAY)
    for _ in range(2):
        posters.make(campaign=campaign, residences=[residence], size="a4", by=coordinator, now=TUESDAY)
    poster = Poster.objects.get()
    assert len(poster.code) == 10
    assert str(residence.pk) != poster.code
    assert posters.residence_of(poster.code) == residence


@pytest.mark.parametrize("code", ["", "x", "é" * 10, "\x00" * 4, "ABCDEFGHJ' OR 1=1", "A" * 400])
def test_any_other_code_is_nobodys(code: str) -> None:
    Poster.objects.create(residence=make_residence())
    assert posters.residence_of(code) is None


def test_posters_are_those_of_the_campaign_and_of_the_coordinators_sectors(
    campaign: Campaign, agency: Any, agency2: Any
) -> None:
    mine, other = make_residence(agency=agency), make_residence("Les Acacias", agency=agency2)
    make_residence("Vide", agency=agency)
    for residence in (mine, mine, other):
        make_door(campaign, residence, now=TUESDAY)
    assert list(posters.residences_of(Case.objects.filter(campaign=campaign))) == [mine, other]
    assert list(posters.residences_of(Case.objects.filter(campaign=campaign, agency=agency))) == [mine]


def test_no_poster_without_a_number_a_size_or_a_residence(campaign: Campaign, coordinator: Any) -> None:
    residence = make_residence()

    def make(**fields: Any) -> bytes:
        given = {"campaign": campaign, "residences": [residence], "size": "a4", "by": coordinator, "now": TUESDAY}
        return posters.make(**(given | fields))

    with pytest.raises(posters.PosterError, match="format"):
        make(size="a0")
    with pytest.raises(posters.PosterError, match="au moins une"):
        make(residences=[])
    with pytest.raises(posters.PosterError, match="au plus"):
        make(residences=[residence] * (posters.MOST + 1))
    residence.landlord.callback_number = campaign.callback_number = ""
    with pytest.raises(posters.PosterError, match="numéro de rappel"):
        make()
