"""Households that nobody reaches, on the coordinator's screens: neighbours, caretakers, numbers, letters, posters."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import (
    Alert,
    Campaign,
    CaretakerRound,
    Case,
    Letter,
    NeighbourReport,
    NumberSearch,
    Referral,
    WelfareCheck,
)
from campaigns.neighbours import reports
from campaigns.welfare import caretakers, urls
from campaigns.welfare.tests.welfare_cast import HOSTILE, make_door, make_residence, make_round, open_check
from solidarites.models import JournalEntry, OutgoingMail
from tenants.models import Residence
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


def text(response: Any) -> str:
    return response.content.decode().replace("&#x27;", "'")


def is_pdf(response: Any) -> bool:
    assert response["Cache-Control"] == "private, no-store"
    assert response["Content-Type"] == "application/pdf"
    return bool(response.content.startswith(b"%PDF"))


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def residence(agency: Any) -> Residence:
    return make_residence(agency=agency, landlord=agency.landlord)


@pytest.fixture
def check(campaign: Campaign, residence: Residence, coordinator: Any) -> WelfareCheck:
    return open_check(make_door(campaign, residence, now=timezone.now()), coordinator, timezone.now())


@pytest.fixture
def no_number(campaign: Campaign, residence: Residence) -> Case:
    return make_door(campaign, residence, now=timezone.now(), phone=None)


def report(**said: Any) -> NeighbourReport:
    given = {"worries": ["mail"], "place": "12 rue des Lilas"} | said
    return reports.receive(**given, now=timezone.now())


# Neighbours ---------------------------------------------------------------------------------------


def test_a_report_is_matched_and_its_check_opens(nadia: Any, campaign: Campaign, coordinator: Any) -> None:
    household = factories.make_household(street="12 rue des Lilas", city="Pessac")
    case = factories.make_case(campaign, household)
    made = report(text="Volets clos.", reporter_name="M. Roche", reporter_phone="+33536491234", worries=["not_seen"])
    assert "12 rue des Lilas" in text(nadia.get("/inquietudes/"))
    page = text(nadia.get(f"/inquietudes/{made.pk}/"))
    for part in ("Volets clos.", "M. Roche", "tel:+33536491234", f'value="{case.pk}"', "lilas"):
        assert part in page
    answer = nadia.post(f"/inquietudes/{made.pk}/veille/", {"case": case.pk, "level": "U1"})
    check = WelfareCheck.objects.get()
    assert answer["Location"] == f"/veilles/{check.pk}/"
    shown = text(nadia.get(f"/veilles/{check.pk}/"))
    assert "Volets clos." in shown
    assert check.owner == coordinator
    again = text(nadia.post(f"/inquietudes/{made.pk}/veille/", {"case": case.pk, "level": "U1"}, follow=True))
    assert "déjà traité" in again
    assert made.pk in [one.pk for one in nadia.get("/inquietudes/?etat=matched").context["page_obj"]]
    assert JournalEntry.objects.filter(action="neighbour.read", object_id=made.pk).exists()


def test_a_household_of_other_sectors_is_neither_shown_nor_matched(
    nadia: Any, campaign: Campaign, coordinator: Any, agency: Any, agency2: Any
) -> None:
    factories.limit_to(coordinator, agency)
    household = factories.make_household(agency.landlord, agency=agency2, street="12 rue des Lilas")
    case = factories.make_case(campaign, household)
    made = report()
    for query in ("", "?q=lilas"):
        assert f'value="{case.pk}"' not in text(nadia.get(f"/inquietudes/{made.pk}/{query}"))
    refused = nadia.post(f"/inquietudes/{made.pk}/veille/", {"case": case.pk, "level": "U1"}, follow=True)
    assert "vos campagnes" in text(refused)
    assert not WelfareCheck.objects.exists()


def test_a_household_outside_the_campaign_is_enrolled_for_its_check(nadia: Any, campaign: Campaign) -> None:
    household = factories.make_household(street="12 rue des Lilas", city="Pessac")
    made = report()
    page = text(nadia.get(f"/inquietudes/{made.pk}/"))
    assert "Un foyer qui n'est pas dans la campagne" in page
    assert f'name="household" value="{household.pk}"' in page
    given = {"household": household.pk, "campaign": campaign.pk, "level": "U1"}
    answer = nadia.post(f"/inquietudes/{made.pk}/inscrire/", given)
    check = WelfareCheck.objects.get()
    assert answer["Location"] == f"/veilles/{check.pk}/"
    assert check.case.household == household
    assert JournalEntry.objects.filter(action="households.proposed").exists()
    again = nadia.post(f"/inquietudes/{made.pk}/inscrire/", given, follow=True)
    assert "vient de rejoindre" in text(again)


def test_households_outside_are_looked_for_when_asked(nadia: Any, campaign: Campaign) -> None:
    factories.make_case(campaign, factories.make_household(street="12 rue des Lilas", city="Pessac"))
    outside = factories.make_household(street="12 rue des Lilas", city="Pessac")
    made = report()
    page = text(nadia.get(f"/inquietudes/{made.pk}/"))
    assert 'href="?hors=1#hors"' in page
    shown = f'name="household" value="{outside.pk}"'
    assert shown not in page
    for asked in ("hors=1", "q=lilas"):
        assert shown in text(nadia.get(f"/inquietudes/{made.pk}/?{asked}"))


@pytest.mark.parametrize("data", [{}, {"household": "x"}, {"household": "9" * 40, "campaign": "1", "level": "U1"}])
def test_a_wrong_enrolment_changes_nothing(nadia: Any, campaign: Campaign, data: dict[str, str]) -> None:
    made = report()
    page = nadia.post(f"/inquietudes/{made.pk}/inscrire/", data, follow=True)
    assert "Choisissez le foyer" in text(page)
    made.refresh_from_db()
    assert made.state == "new"


@pytest.mark.parametrize("data", [{}, {"case": "x", "level": "U1"}, {"case": "1", "level": "U9"}, {"case": "9" * 40}])
def test_a_wrong_match_changes_nothing(nadia: Any, campaign: Campaign, data: dict[str, str]) -> None:
    made = report()
    nadia.post(f"/inquietudes/{made.pk}/veille/", data, follow=True)
    made.refresh_from_db()
    assert made.state == "new"


def test_a_report_is_set_aside_with_its_reason(nadia: Any, campaign: Campaign) -> None:
    made = report()
    assert "Choisissez la raison." in text(nadia.post(f"/inquietudes/{made.pk}/sans-suite/", {}))
    nadia.post(f"/inquietudes/{made.pk}/sans-suite/", {"dismissal": "passed_on"})
    made.refresh_from_db()
    assert made.dismissal == "passed_on"
    assert "transmis" in text(nadia.get("/inquietudes/?etat=dismissed")).lower()
    assert "déjà traité" in text(nadia.post(f"/inquietudes/{made.pk}/sans-suite/", {"dismissal": "abuse"}, follow=True))


def test_what_a_neighbour_typed_is_text(nadia: Any, campaign: Campaign) -> None:
    made = report(place=HOSTILE, text="<img src=x onerror=alert(1)>", who="<b>", reporter_name='"><script>')
    page = text(nadia.get(f"/inquietudes/{made.pk}/?q=%00%3Cb%3E"))
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_list_costs_the_same_for_one_report_and_for_fifty(nadia: Any, campaign: Campaign, residence: Any) -> None:
    report(residence=residence)
    nadia.get("/inquietudes/")
    with count_queries() as one:
        nadia.get("/inquietudes/")
    for number in range(30):
        report(residence=residence, text=str(number))
    with count_queries() as fifty:
        nadia.get("/inquietudes/")
    assert len(one) == len(fifty) <= 12


# Caretakers ---------------------------------------------------------------------------------------


def test_a_round_is_asked_for_printed_and_taken_back(nadia: Any, check: WelfareCheck, residence: Residence) -> None:
    assert "Les Tilleuls" in text(nadia.get("/gardiens/"))
    page = nadia.get(f"/gardiens/{residence.pk}/")
    assert page.context["form"]["checks"].value() == [check.pk]
    answer = nadia.post(f"/gardiens/{residence.pk}/", {"checks": [check.pk], "email": "gardien@exemple.fr"})
    made = CaretakerRound.objects.get()
    assert answer["Location"] == f"/gardiens/tournees/{made.pk}/"
    assert OutgoingMail.objects.get(template="caretaker_round").to == "gardien@exemple.fr"
    shown = text(nadia.get(f"/gardiens/tournees/{made.pk}/"))
    assert f"/gardien/{caretakers.token_of(made)}/" in shown
    assert "pas encore été ouvert" in shown
    assert is_pdf(nadia.get(f"/gardiens/tournees/{made.pk}/liste.pdf"))
    nadia.post(f"/gardiens/tournees/{made.pk}/retirer/")
    shown = text(nadia.get(f"/gardiens/tournees/{made.pk}/"))
    assert "Lien retiré" in shown
    assert caretakers.token_of(made) not in shown


def test_a_link_of_the_release_before_opens_and_is_shown_no_more(
    nadia: Any, check: WelfareCheck, residence: Residence, coordinator: Any
) -> None:
    made = caretakers.start(residence=residence, checks=[check], by=coordinator, now=timezone.now())
    CaretakerRound.objects.update(seed="", token_hash=caretakers.hash_of("t" * 43))
    shown = text(nadia.get(f"/gardiens/tournees/{made.pk}/"))
    assert "Le lien déjà transmis s'ouvre encore" in shown
    assert "Copier" not in shown
    assert caretakers.find("t" * 43, timezone.now()) == made


def test_no_round_without_a_door_or_with_a_strange_address(
    nadia: Any, check: WelfareCheck, residence: Residence
) -> None:
    for data in ({}, {"checks": [check.pk], "email": "gardien"}, {"checks": ["999999"]}, {"checks": ["x"]}):
        assert nadia.post(f"/gardiens/{residence.pk}/", data).context["form"].errors
    assert not CaretakerRound.objects.exists()


def test_rounds_of_other_sectors_do_not_exist(
    client_of: Any, campaign: Campaign, residence: Residence, coordinator: Any, agency2: Any
) -> None:
    check = open_check(make_door(campaign, residence, now=timezone.now()), coordinator, timezone.now())
    made = make_round([check], coordinator, timezone.now())
    other = factories.make_user("zoe@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    factories.limit_to(other, agency2)
    browser = client_of(other)
    assert "Les Tilleuls" not in text(browser.get("/gardiens/"))
    assert browser.get(f"/gardiens/{residence.pk}/").status_code == 302
    for end in ("", "liste.pdf"):
        assert browser.get(f"/gardiens/tournees/{made.pk}/{end}").status_code == 404
    assert browser.post(f"/gardiens/tournees/{made.pk}/retirer/").status_code == 404


def test_the_caretakers_answer_proposes_how_the_check_ends(nadia: Any, check: WelfareCheck, coordinator: Any) -> None:
    made = make_round([check], coordinator, timezone.now())
    caretakers.answer(made=made, visit_id=made.visits.get().pk, answer="well", now=timezone.now())
    page = nadia.get(f"/veilles/{check.pk}/")
    assert page.context["close_form"].initial == {"result": "well"}
    assert "par le lien du gardien" in text(page)


# A check, to its end ------------------------------------------------------------------------------


def test_a_letter_opens_as_a_pdf_and_is_noted(nadia: Any, check: WelfareCheck) -> None:
    assert is_pdf(nadia.post(f"/veilles/{check.pk}/lettre/", {"kind": "missed"}))
    assert check.steps.get().kind == "letter"
    assert nadia.post(f"/veilles/{check.pk}/lettre/", {"kind": "numberless"}).context["letter_form"].errors
    nadia.post(f"/veilles/{check.pk}/clore/", {"result": "well"})
    late = nadia.post(f"/veilles/{check.pk}/lettre/", {"kind": "missed"}, follow=True)
    assert "déjà close" in text(late)


def test_a_residence_is_written_to_in_one_pdf(
    nadia: Any, check: WelfareCheck, campaign: Campaign, residence: Residence, coordinator: Any
) -> None:
    second = open_check(make_door(campaign, residence, now=timezone.now()), coordinator, timezone.now())
    other = open_check(
        make_door(campaign, make_residence("Les Acacias"), now=timezone.now()), coordinator, check.due_at
    )
    assert is_pdf(nadia.post("/veilles/lettres/", {"kind": "notice", "residence": residence.pk}))
    assert set(Letter.objects.values_list("case", flat=True)) == {check.case_id, second.case_id}
    assert not other.steps.exists()
    refused = text(nadia.post("/veilles/lettres/", {"kind": "notice", "residence": "x"}, follow=True))
    assert "adresse" in refused
    assert "Choisissez la lettre." in text(nadia.post("/veilles/lettres/", {}, follow=True))


def test_found_in_difficulty_the_needs_become_a_referral_to_read(
    nadia: Any, check: WelfareCheck, coordinator: Any
) -> None:
    data = {"result": "difficulty", "categories": ["repas", "soins"], "note": "Ne sort plus."}
    answer = nadia.post(f"/veilles/{check.pk}/clore/", data)
    referral = Referral.objects.get()
    assert answer["Location"] == f"/signalements/{referral.pk}/modifier/"
    assert (referral.state, referral.level, referral.tenant) == ("draft", "U2", check.case.household.tenants.get())
    assert {need.category for need in referral.needs.all()} == {"repas", "soins"}
    check.case.refresh_from_db()
    assert (check.case.status, check.case.urgent) == (Case.Status.OPEN, True)


def test_needs_of_who_is_well_make_no_referral(nadia: Any, check: WelfareCheck) -> None:
    nadia.post(f"/veilles/{check.pk}/clore/", {"result": "well", "categories": ["repas"]})
    assert not Referral.objects.exists()


# Numbers ------------------------------------------------------------------------------------------


def test_letters_and_the_agencys_list_leave_their_trace(nadia: Any, no_number: Case, campaign: Campaign) -> None:
    url = f"/campagnes/{campaign.slug}/sans-numero/"
    assert "Rien encore" in text(nadia.get(url))
    assert is_pdf(nadia.post(f"{url}lettres/"))
    assert is_pdf(nadia.post(f"{url}demander/"))
    shown = text(nadia.get(url))
    assert "lettre produite" in shown
    assert "numéro demandé" in shown
    history = text(nadia.get(f"/dossiers/{no_number.pk}/sans-numero/"))
    assert "Lettre produite" in history
    assert "pas encore de réponse" in history
    empty = nadia.post(f"{url}lettres/", {"case": "999999"}, follow=True)
    assert "adresse" in text(empty)
    assert "Aucun numéro" in text(nadia.post(f"{url}demander/", {"residence": "999999"}, follow=True))


def test_one_letter_for_one_household(nadia: Any, no_number: Case, campaign: Campaign, residence: Residence) -> None:
    make_door(campaign, residence, now=timezone.now(), phone=None)
    assert is_pdf(nadia.post(f"/campagnes/{campaign.slug}/sans-numero/lettres/", {"case": no_number.pk}))
    assert Letter.objects.get().case == no_number


def test_the_list_is_narrowed_by_residence_and_by_what_was_done(
    nadia: Any, no_number: Case, campaign: Campaign, residence: Residence
) -> None:
    other = make_door(campaign, make_residence("Les Acacias"), now=timezone.now(), phone=None)
    NumberSearch.objects.create(case=other)

    def found(query: str) -> set[int]:
        page = nadia.get(f"/campagnes/{campaign.slug}/sans-numero/?{query}")
        return {case.pk for case in page.context["page_obj"]}

    assert found("") == {no_number.pk, other.pk}
    assert found(f"residence={residence.pk}") == found("etat=nothing") == {no_number.pk}
    assert found("etat=asked") == {other.pk}
    assert found("etat=letter") == found("etat=not_found") == set()
    assert found("residence=abc&etat=xyz") == {no_number.pk, other.pk}


def test_a_number_found_or_not(nadia: Any, no_number: Case, campaign: Campaign) -> None:
    url = f"/dossiers/{no_number.pk}/sans-numero/"
    assert nadia.post(f"{url}trouve/", {"number": "0800"}).context["number_form"].errors
    assert "pas été demandé" in text(nadia.post(f"{url}introuvable/", follow=True))
    nadia.post(f"/campagnes/{campaign.slug}/sans-numero/demander/")
    nadia.post(f"{url}introuvable/")
    assert not NumberSearch.objects.get().found
    answer = nadia.post(f"{url}trouve/", {"number": "05 36 49 12 34"})
    assert answer["Location"] == f"/campagnes/{campaign.slug}/sans-numero/"
    no_number.refresh_from_db()
    assert no_number.has_number
    assert "n'est plus sur la liste" in text(nadia.get(url))


def test_news_close_the_case_or_open_a_check(nadia: Any, no_number: Case, campaign: Campaign, residence: Any) -> None:
    url = f"/dossiers/{no_number.pk}/sans-numero/nouvelles/"
    assert set(nadia.post(url, {}).context["news_form"].errors) == {"how", "well"}
    nadia.post(url, {"how": "visited", "well": "yes"})
    no_number.refresh_from_db()
    assert no_number.closed_reason == "visited"
    assert "n'est plus sur la liste" in text(nadia.post(url, {"how": "visited", "well": "yes"}))
    poorly = make_door(campaign, residence, now=timezone.now(), phone=None)
    answer = nadia.post(f"/dossiers/{poorly.pk}/sans-numero/nouvelles/", {"how": "replied", "well": "no"})
    assert answer["Location"] == f"/veilles/{WelfareCheck.objects.get().pk}/"


def test_the_list_costs_the_same_for_one_household_and_for_fifty(
    nadia: Any, no_number: Case, campaign: Campaign, residence: Residence
) -> None:
    url = f"/campagnes/{campaign.slug}/sans-numero/"
    nadia.get(url)
    with count_queries() as one:
        nadia.get(url)
    for _ in range(30):
        Letter.objects.create(
            case=make_door(campaign, residence, now=timezone.now(), phone=None), kind="numberless", day="2026-01-13"
        )
    with count_queries() as fifty:
        nadia.get(url)
    assert len(one) == len(fifty) <= 14


# Posters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["a4", "a3"])
def test_posters_one_by_one_and_of_an_agency(
    nadia: Any, check: WelfareCheck, campaign: Campaign, residence: Residence, size: str
) -> None:
    url = f"/campagnes/{campaign.slug}/affiches/"
    assert "Les Tilleuls" in text(nadia.get(url))
    assert is_pdf(nadia.post(url, {"residence": residence.pk, "size": size}))
    assert is_pdf(nadia.post(url, {"agency": residence.agency_id, "size": size}))
    assert "format" in text(nadia.post(url, {"residence": residence.pk, "size": "a0"}, follow=True))
    assert "au moins une" in text(nadia.post(url, {"residence": "x", "size": size}, follow=True))


# Who may ------------------------------------------------------------------------------------------


def test_every_screen_is_the_coordinators_alone(
    client: Any, client_of: Any, volunteer: Any, check: WelfareCheck, no_number: Case, campaign: Campaign
) -> None:
    from django.urls import reverse

    known = {
        "check_id": check.pk, "case_id": no_number.pk, "slug": campaign.slug, "report_id": report().pk,
        "residence_id": check.case.household.residence_id, "round_id": 1,
        "landlord_id": check.case.household.landlord_id,
    }  # fmt: skip
    for pattern in urls.coordinator:
        names = pattern.pattern.converters
        url = reverse(f"coordinator:{pattern.name}", kwargs={name: known[name] for name in names})
        for method in ("get", "post"):
            refused = getattr(client_of(volunteer), method)(url).status_code
            assert refused in (403, 405), f"{method} {url}: {refused}"
            assert getattr(client, method)(url).status_code in (302, 405), url


@pytest.mark.parametrize("number", [0, 999_999])
def test_what_does_not_exist_is_not_found(nadia: Any, campaign: Campaign, number: int) -> None:
    for url in ("/inquietudes/{}/", "/gardiens/{}/", "/gardiens/tournees/{}/", "/dossiers/{}/sans-numero/"):
        assert nadia.get(url.format(number)).status_code == 404
    assert nadia.post(f"/veilles/{number}/lettre/", {"kind": "missed"}).status_code == 404


def test_an_alert_leads_to_what_raised_it(nadia: Any, check: WelfareCheck, coordinator: Any) -> None:
    made = report()
    rounds = make_round([check], coordinator, timezone.now())
    caretakers.answer(made=rounds, visit_id=rounds.visits.get().pk, answer="help", now=timezone.now())
    by_kind = {alert.kind: alert.pk for alert in Alert.objects.all()}
    assert f"/inquietudes/{made.pk}/" in text(nadia.get(f"/alertes/{by_kind['neighbour']}/"))
    assert f"/veilles/{check.pk}/" in text(nadia.get(f"/alertes/{by_kind['caretaker']}/"))


def test_the_agency_may_be_asked_for_one_number(
    nadia: Any, no_number: Case, campaign: Campaign, residence: Residence
) -> None:
    make_door(campaign, residence, now=timezone.now(), phone=None)
    assert is_pdf(nadia.post(f"/campagnes/{campaign.slug}/sans-numero/demander/", {"case": no_number.pk}))
    assert NumberSearch.objects.get().case == no_number
