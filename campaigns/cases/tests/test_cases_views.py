"""Cases and needs on the coordinator's screens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import queue
from campaigns.models import Call, Campaign, Case, FollowUpPlan, Need, Referral, Script
from campaigns.models.case import CasePass
from tenants.models import PhoneNumber, Tenant
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def text(response: Any) -> str:
    return response.content.decode()


def found(nadia: Any, query: str) -> set[int]:
    return {row.pk for row in nadia.get(f"/dossiers/?{query}").context["page_obj"]}


# The list -----------------------------------------------------------------------------------------------


def test_the_filters_hold_what_the_dashboard_counts(nadia: Any, campaign: Campaign, volunteer: Any) -> None:
    now = timezone.now()
    soon, past = now + timedelta(hours=3), now - timedelta(hours=1)
    retry = {"tier": Case.Tier.RETRY, "next_call_kind": Case.Kind.RETRY, "rank": 0}
    agreed = {"tier": Case.Tier.CALLBACK, "next_call_kind": Case.Kind.CALLBACK}
    cases = {
        "ready": factories.make_case(campaign),
        "held": factories.make_case(campaign, claimed_by=volunteer, claimed_until=soon),
        "scheduled": factories.make_case(campaign, next_call_at=soon, attempts=2, last_outcome="busy", **retry),
        "blocked": factories.make_case(campaign, status=Case.Status.ON_HOLD, hold_reason=Case.Hold.UNABLE),
        "without_number": factories.make_case(campaign, factories.make_household(phone=None), has_number=False),
        "done": factories.make_case(campaign, status=Case.Status.CLOSED, closed_at=now, reached_at=now),
    }
    missed = factories.make_case(campaign, next_call_at=past, anyone_from=past, next_call_for=volunteer, **agreed)
    planned = factories.make_case(campaign, next_call_at=soon, next_call_for=volunteer, **agreed)
    counts = queue.counts(campaign, now)
    for state, case in cases.items():
        rows = found(nadia, f"etat={state}")
        assert case.pk in rows
        assert len(rows) == counts[state]
    assert found(nadia, "attente=unable") == {cases["blocked"].pk}
    assert found(nadia, "issue=busy") == found(nadia, "tentatives=2") == {cases["scheduled"].pk}
    assert found(nadia, "joint=oui") == {cases["done"].pk}
    assert not found(nadia, "joint=non") & {cases["done"].pk, cases["without_number"].pk}
    assert found(nadia, "rappel=due") == found(nadia, "rappel=missed") == {missed.pk}
    assert found(nadia, "rappel=planned") == {planned.pk}


def test_a_call_to_be_decided_is_found(nadia: Any, case: Case, volunteer: Any) -> None:
    factories.make_case(case.campaign)
    Call.objects.create(case=case, volunteer=volunteer, state=Call.State.PENDING, outcome="busy")
    assert found(nadia, "etat=pending") == {case.pk}


def test_campaign_agency_and_commune(nadia: Any, campaign: Campaign, agency: Any) -> None:
    here = factories.make_case(campaign, factories.make_household(agency=agency))
    factories.make_case(campaign, factories.make_household(insee_code="33227", city="Langon"))
    factories.make_case(factories.make_campaign())
    slug = campaign.slug
    assert len(found(nadia, f"campagne={slug}")) == 2
    assert found(nadia, f"campagne={slug}&agence={agency.pk}") == {here.pk}
    assert found(nadia, f"campagne={slug}&commune=33063") == {here.pk}


def test_search_by_name_case_number_or_phone_number(nadia: Any, campaign: Campaign) -> None:
    household = factories.make_household(last_name="Etchegaray", first_name="Paulette", phone="+33536490042")
    case, other = factories.make_case(campaign, household), factories.make_case(campaign)
    assert found(nadia, "q=etchega") == found(nadia, "q=paulette+etchegaray") == {case.pk}
    assert found(nadia, f"q={other.pk}") == {other.pk}
    assert found(nadia, "q=05+36+49+00+42") == found(nadia, "q=%2B33536490042") == {case.pk}
    assert found(nadia, "q=personne") == set()
    assert "Aucun dossier ne correspond" in text(nadia.get("/dossiers/?q=personne"))


@pytest.mark.parametrize(
    "typed",
    [
        "guérin", "Guérin", "GUERIN", "guerin", "Mme Guérin", "madame guerin", "guerin mireille", "Mireille GUÉRIN",
        "mirei", "jeanne mireille", "jeanne-mireille", "erin", "M. et Mme Guérin", "  guérin,  mireille ",
        "05.36.49.00.43", "0536490043", "0033 5 36 49 00 43", "+33 (0)5 36 49 00 43", "05/36/49/00/43", "536490043",
    ],
)  # fmt: skip
def test_a_person_is_found_however_she_is_typed(nadia: Any, campaign: Campaign, typed: str) -> None:
    household = factories.make_household(last_name="GUÉRIN", first_name="Jeanne-Mireille", phone="+33536490043")
    case = factories.make_case(campaign, household)
    factories.make_case(campaign, factories.make_household(last_name="Guerlain", first_name="Élise"))
    assert found(nadia, urlencode({"q": typed})) == {case.pk}


@pytest.mark.parametrize(
    ("last_name", "first_name", "typed"),
    [
        ("L'HERMITTE", "Éliane", "lhermitte eliane"),
        ("Lhermitte", "Eliane", "l'hermitte Éliane"),
        ("LE CŒUR", "Jean Pierre", "lecoeur jean-pierre"),
        ("Dos Santos", "Conceição", "CONCEICAO dossantos"),
        ("M'Bala", "Aïssata", "mme m’bala aissata"),
    ],
)
def test_spaces_apostrophes_and_ligatures_do_not_count(
    nadia: Any, campaign: Campaign, last_name: str, first_name: str, typed: str
) -> None:
    case = factories.make_case(campaign, factories.make_household(last_name=last_name, first_name=first_name))
    assert found(nadia, urlencode({"q": typed})) == {case.pk}


def test_a_name_changed_by_hand_is_found_by_its_new_one_alone(nadia: Any, campaign: Campaign) -> None:
    case = factories.make_case(campaign, factories.make_household(last_name="Guérin", first_name="Mireille"))
    tenant = case.household.tenants.get()
    tenant.last_name = "Étienne"
    tenant.save(update_fields=["last_name"])
    assert found(nadia, "q=etienne") == {case.pk}
    assert found(nadia, "q=guerin") == set()


def test_a_purged_campaign_s_cases_are_nowhere(nadia: Any) -> None:
    case = factories.make_case(factories.make_campaign(status=Campaign.Status.PURGED))
    assert found(nadia, "") == set()
    assert nadia.get(f"/dossiers/{case.pk}/").status_code == 404


def test_ticked_cases_go_first(nadia: Any, campaign: Campaign, agency2: Any) -> None:
    cases = [factories.make_case(campaign) for _ in range(3)]
    answer = nadia.post(
        "/dossiers/mettre-en-tete/", {"case": [cases[0].pk, cases[1].pk, "x"], "next": "/dossiers/?etat=ready"}
    )
    assert answer.url == "/dossiers/?etat=ready"
    assert [Case.objects.get(pk=case.pk).tier for case in cases] == [3, 3, 5]
    assert nadia.post("/dossiers/mettre-en-tete/", {"next": "https://ailleurs.example/"}).url == "/dossiers/"


def test_the_list_costs_the_same_for_one_case_and_for_fifty(
    nadia: Any, campaign: Campaign, agency: Any, volunteer: Any
) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            factories.make_case(campaign, factories.make_household(agency=agency, people=2), next_call_for=volunteer)

    fill(1)
    nadia.get("/dossiers/")
    with count_queries() as one:
        nadia.get("/dossiers/")
    fill(49)
    with count_queries() as fifty:
        nadia.get("/dossiers/")
    assert len(one) == len(fifty) <= 16


# One case -----------------------------------------------------------------------------------------------------


def test_the_page_tells_the_whole_story(nadia: Any, case: Case, volunteer: Any, volunteer2: Any) -> None:
    now = timezone.now()
    content = {
        "questions": [
            {
                "key": "sante",
                "say": "Comment allez-vous ?",
                "per_person": True,
                "choices": [{"key": "bien", "label": "Bien"}],
            },
            {"key": "autre", "say": "Autre chose ?", "kind": "text"},
        ]
    }
    script = Script.objects.create(key="k", title="T", status=Script.Status.PUBLISHED, content=content)
    tenant = case.household.tenants.get()
    Call.objects.create(
        case=case, volunteer=volunteer, state=Call.State.RECORDED, outcome="completed", comment="Parle de son jardin.",
        script=script, answers={"sante": {str(tenant.pk): "bien"}, "autre": {"": "Rien"}}, recorded_at=now,
    )  # fmt: skip
    CasePass.objects.create(case=case, user=volunteer2, day=timezone.localdate(), reason="known")
    Need.objects.create(case=case, tenant=tenant, category="courses")
    Referral.objects.create(reference="S-2026-123456", case=case)
    shown = text(nadia.get(f"/dossiers/{case.pk}/")).replace("\u00a0", " ")
    for words in (
        "Mme Jeanne MARTIN", "Parle de son jardin.", "Comment allez-vous ?", "Bien", "Rien", "Échange réalisé",
        "Paul Girard", "je connais cette personne", "Courses et approvisionnement", "S-2026-123456",
    ):  # fmt: skip
        assert words in shown, words


def test_the_page_costs_the_same_for_one_call_and_for_fifty(nadia: Any, case: Case, volunteer: Any) -> None:
    def fill(count: int) -> None:
        for number in range(count):
            Call.objects.create(case=case, volunteer=volunteer, state=Call.State.RECORDED, outcome="no_answer")
            Need.objects.create(case=case, category=f"autre{number}", state=Need.State.MET)
            Referral.objects.create(reference=f"S-{count}-{number}", case=case)

    fill(1)
    nadia.get(f"/dossiers/{case.pk}/")
    with count_queries() as one:
        nadia.get(f"/dossiers/{case.pk}/")
    fill(49)
    with count_queries() as fifty:
        nadia.get(f"/dossiers/{case.pk}/")
    assert len(one) == len(fifty) <= 26


def after(nadia: Any, case: Case, act: str, **data: Any) -> Case:
    nadia.post(f"/dossiers/{case.pk}/{act}/", data)
    return Case.objects.get(pk=case.pk)


def test_put_first_hold_and_call_again(nadia: Any, case: Case) -> None:
    assert after(nadia, case, "en-tete").tier == Case.Tier.PUT_FIRST
    assert after(nadia, case, "attente").hold_reason == Case.Hold.COORDINATOR
    assert "Faire rappeler ce foyer" in text(nadia.get(f"/dossiers/{case.pk}/"))
    again = after(nadia, case, "reprendre")
    assert (again.status, again.next_call_kind) == (Case.Status.OPEN, Case.Kind.ASKED)
    answer = nadia.post(f"/dossiers/{case.pk}/reprendre/", follow=True)
    assert "pas en attente" in text(answer)


def test_a_closed_case_may_be_called_again(nadia: Any, case: Case) -> None:
    nadia.post(f"/dossiers/{case.pk}/clore/", {"reason": "not_found"})
    case.refresh_from_db()
    assert (case.status, case.closed_reason) == (Case.Status.CLOSED, "not_found")
    assert "introuvable" in text(nadia.get(f"/dossiers/{case.pk}/"))
    again = after(nadia, case, "appeler")
    assert (again.status, again.tier) == (Case.Status.OPEN, Case.Tier.PUT_FIRST)


@pytest.mark.parametrize("reason", ["", "xx"])
def test_closing_wants_a_reason_of_the_list(nadia: Any, case: Case, reason: str) -> None:
    assert nadia.post(f"/dossiers/{case.pk}/clore/", {"reason": reason}).context["close_form"].errors
    case.refresh_from_db()
    assert case.status == Case.Status.OPEN


def test_a_followed_case_is_not_closed_over_its_plan(nadia: Any, case: Case) -> None:
    today = timezone.localdate()
    FollowUpPlan.objects.create(
        case=case, household=case.household, time="10:00", weekdays=[1], starts_on=today, review_on=today
    )
    answer = nadia.post(f"/dossiers/{case.pk}/clore/", {"reason": "by_hand"}, follow=True)
    assert "Un suivi est en cours" in text(answer)


def test_a_claim_is_taken_back_and_the_text_stays(nadia: Any, case: Case, campaign: Campaign, volunteer: Any) -> None:
    given = queue.claim_next(campaign=campaign, by=volunteer, now=timezone.now())
    assert given.case == case
    assert "Léa Bonnet a ce dossier en main" in text(nadia.get(f"/dossiers/{case.pk}/"))
    assert after(nadia, case, "liberer").claimed_by is None
    assert Call.objects.get().state == Call.State.DRAFT
    assert "Personne ne tenait" in text(nadia.post(f"/dossiers/{case.pk}/liberer/", follow=True))


def test_a_number_is_added_marked_wrong_and_tried_again(nadia: Any, case: Case) -> None:
    phone = case.household.phones.get()
    nadia.post(f"/dossiers/{case.pk}/numero/{phone.pk}/")
    case.refresh_from_db()
    phone.refresh_from_db()
    assert (phone.validity, case.has_number) == (PhoneNumber.Validity.WRONG, False)
    nadia.post(f"/dossiers/{case.pk}/numero/{phone.pk}/")
    case.refresh_from_db()
    assert case.has_number
    nadia.post(f"/dossiers/{case.pk}/numero/", {"number": "06 39 98 11 22", "label": "fille", "third_party": "on"})
    added = case.household.phones.get(e164="+33639981122")
    assert (added.label, added.third_party) == ("fille", True)


def test_a_number_that_cannot_be_called_is_said_and_stays_typed(nadia: Any, case: Case) -> None:
    answer = nadia.post(f"/dossiers/{case.pk}/numero/", {"number": "0899 12 34 56"})
    assert "que l&#x27;on peut appeler" in text(answer)
    assert "0899 12 34 56" in text(answer)


def test_another_household_s_number_is_not_found(nadia: Any, case: Case) -> None:
    other = factories.make_household().phones.get()
    assert nadia.post(f"/dossiers/{case.pk}/numero/{other.pk}/").status_code == 404


def test_language_and_fragility_reach_the_queue(nadia: Any, case: Case) -> None:
    nadia.post(f"/dossiers/{case.pk}/foyer/", {"language": "pt", "fragile": "on", "notes": "Entend mal."})
    case.refresh_from_db()
    case.household.refresh_from_db()
    assert (case.language, case.fragile, case.household.notes) == ("pt", True, "Entend mal.")
    assert nadia.post(f"/dossiers/{case.pk}/foyer/", {"language": "xx"}).context["household_form"].errors


def test_a_death_is_noted_and_the_widow_goes_to_the_coordinator(nadia: Any, campaign: Campaign) -> None:
    case = factories.make_case(campaign, factories.make_household(people=2))
    gone = case.household.tenants.first()
    assert nadia.post(f"/dossiers/{case.pk}/personne/", {"tenant": gone.pk}).context["person_form"].errors
    nadia.post(f"/dossiers/{case.pk}/personne/", {"tenant": gone.pk, "status": "deceased"})
    case.refresh_from_db()
    gone.refresh_from_db()
    assert (gone.status, case.hold_reason) == (Tenant.Status.DECEASED, Case.Hold.PERSON_CLOSED)


def test_an_opposition_wants_a_confirmation(nadia: Any, case: Case) -> None:
    assert after(nadia, case, "opposition").status == Case.Status.OPEN
    assert after(nadia, case, "opposition", sure="yes").closed_reason == "opt_out"
    assert "Ne plus appeler" in text(nadia.get(f"/dossiers/{case.pk}/"))


@pytest.mark.parametrize(("decision", "state"), [("accept", Call.State.RECORDED), ("drop", Call.State.DROPPED)])
def test_a_call_recorded_twice_is_decided(nadia: Any, case: Case, volunteer: Any, decision: str, state: str) -> None:
    call = Call.objects.create(case=case, volunteer=volunteer, state=Call.State.PENDING, outcome="refused_campaign")
    assert "Un appel en double à trancher" in text(nadia.get(f"/dossiers/{case.pk}/"))
    nadia.post(f"/dossiers/appels/{call.pk}/", {"decision": decision})
    call.refresh_from_db()
    assert call.state == state
    answer = nadia.post(f"/dossiers/appels/{call.pk}/", {"decision": decision}, follow=True)
    assert "déjà été traité" in text(answer)


# Needs ------------------------------------------------------------------------------------------------------------


def test_needs_without_a_referral_wait_in_their_list(nadia: Any, case: Case) -> None:
    waiting = Need.objects.create(case=case, category="courses", level="U2")
    urgent = Need.objects.create(case=case, category="repas", level="U1")
    handed = Need.objects.create(case=case, category="soins", state=Need.State.REFERRED)
    Referral.objects.create(reference="S-2026-1", case=case).needs.add(handed)
    shown = nadia.get("/besoins/")
    assert list(shown.context["page_obj"]) == [urgent, waiting]
    assert reverse("coordinator:referral_new", args=[case.pk]) in text(shown)


@pytest.mark.parametrize("state", ["met", "dropped"])
def test_a_need_is_settled_once(nadia: Any, case: Case, state: str) -> None:
    need = Need.objects.create(case=case, category="courses")
    assert "Choisissez" in text(nadia.post(f"/besoins/{need.pk}/", {"state": "referred"}, follow=True))
    assert nadia.post(f"/besoins/{need.pk}/", {"state": state, "next": "/besoins/"}).url == "/besoins/"
    need.refresh_from_db()
    assert need.state == state
    assert "déjà été traité" in text(nadia.post(f"/besoins/{need.pk}/", {"state": state}, follow=True))


def test_the_list_of_needs_costs_the_same_for_one_and_for_fifty(nadia: Any, campaign: Campaign) -> None:
    def fill(count: int) -> None:
        for _ in range(count):
            case = factories.make_case(campaign)
            Need.objects.create(case=case, tenant=case.household.tenants.get(), category="courses")

    fill(1)
    nadia.get("/besoins/")
    with count_queries() as one:
        nadia.get("/besoins/")
    fill(49)
    with count_queries() as fifty:
        nadia.get("/besoins/")
    assert len(one) == len(fifty) <= 12
