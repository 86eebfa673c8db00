"""The coordinator's desk of referrals and of partners."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import referrals
from campaigns.models import Case, Need, Partner, Referral
from campaigns.referrals.tests.referral_cast import make_call, make_need, make_partner, make_referral
from campaigns.referrals.views.referrals import ACTS
from solidarites import roles
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import limit_to, make_agency, make_case, make_user

pytestmark = pytest.mark.django_db

State = Referral.State
LIST = reverse("coordinator:referral_list")


def detail(referral):
    return reverse("coordinator:referral", args=[referral.pk])


def act(client, referral, name, **data):
    return client.post(reverse("coordinator:referral_act", args=[referral.pk, name]), data)


@pytest.fixture
def now():
    """The screens read the clock themselves."""
    return timezone.now()


@pytest.fixture
def desk(client_of, coordinator):
    return client_of(coordinator)


def text(response):
    return response.content.decode().replace("\u00a0", " ")


# The list -----------------------------------------------------------------------------------------------


def test_the_list_shows_each_referral_with_its_state_level_and_delay(desk, coordinator, now):
    late = make_referral(coordinator, now - timedelta(days=30), state=State.SENT)
    make_referral(coordinator, now, state=State.DRAFT, level="U1", partner=late.partner)
    page = text(desk.get(LIST))
    assert late.reference in page
    assert "en retard de" in page
    assert "U1 ce jour" in page


@pytest.mark.parametrize("state", State.values)
def test_every_state_has_its_list_and_its_page(desk, coordinator, now, state):
    referral = make_referral(coordinator, now, state=state)
    assert referral.reference in text(desk.get(LIST, {"etat": state}))
    page = text(desk.get(detail(referral)))
    assert referral.tenant.full_name in page
    assert State(state).label in page


def test_the_filters_narrow_the_list(desk, coordinator, now, make_campaign):
    one = make_referral(coordinator, now - timedelta(days=30), state=State.SENT, level="U1")
    two = make_referral(coordinator, now, partner=make_partner("Mairie"), level="U3")

    def found(**params):
        page = text(desk.get(LIST, params))
        return {referral.pk for referral in (one, two) if referral.reference in page}

    assert found() == {one.pk, two.pk}
    assert found(q=two.reference[-6:]) == {two.pk}
    assert found(etat="late") == {one.pk}
    assert found(etat="open") == {one.pk, two.pk}
    assert found(niveau="U3") == {two.pk}
    assert found(partenaire=one.partner_id) == {one.pk}
    assert found(campagne=one.case.campaign.slug) == {one.pk}
    elsewhere = make_agency(one.case.household.landlord)
    assert found(agence=elsewhere.pk) == set()
    assert found(commune="33063") == {one.pk, two.pk}


@pytest.mark.parametrize(
    "params",
    [
        {"etat": "bogus"},
        {"partenaire": "99999999999999999999"},
        {"partenaire": "x"},
        {"campagne": "\x00"},
        {"q": "\x00"},
        {"agence": "1e400"},
        {"agence": "nan"},
        {"agence": "9" * 40},
        {"commune": "é" * 50},
        {"page": "-1"},
        {"page": "999999999999"},
    ],
)
def test_nothing_in_the_address_breaks_the_list(desk, coordinator, now, params):
    make_referral(coordinator, now)
    assert desk.get(LIST, params).status_code == 200


def test_an_empty_list_says_what_comes_here(desk):
    assert "Aucun signalement" in text(desk.get(LIST))


def test_the_list_costs_the_same_for_one_and_for_many(desk, coordinator, now, campaign, count_queries):
    make_referral(coordinator, now, state=State.SENT)
    desk.get(LIST)  # the first page of a session also writes it
    with count_queries() as one:
        desk.get(LIST)
    for _ in range(12):
        make_referral(coordinator, now, state=State.SENT, case=make_case(campaign, now=now))
    with count_queries() as many:
        desk.get(LIST)
    assert len(one) == len(many) <= 14


# The detail and its acts -------------------------------------------------------------------------------------


def test_a_draft_says_what_is_missing_then_is_completed_and_approved(desk, coordinator, volunteer, case, now):
    partner = make_partner()
    call = make_call(case, volunteer, now)
    need = make_need(call, consent="unasked")
    (referral,) = referrals.draft_for_call(call=call, needs=[need], by=volunteer, now=now)
    page = text(desk.get(detail(referral)))
    assert "Indiquez l'accord du locataire" in page.replace("&#x27;", "'")
    response = desk.post(
        reverse("coordinator:referral_edit", args=[referral.pk]),
        {
            "partner": partner.pk,
            "level": "U1",
            "facts": "Plus rien à manger.\r\nNe sort plus.",
            "agreement": "yes",
            "agreement_how": "coordinator",
            "agreement_at": timezone.localtime(now).strftime("%Y-%m-%dT%H:%M"),
        },
    )
    assert response.status_code == 302
    assert act(desk, referral, "approuver").status_code == 302
    referral.refresh_from_db()
    assert referral.state == State.APPROVED
    assert referral.facts == "Plus rien à manger.\nNe sort plus."
    assert referral.level == "U1"
    assert OutgoingMail.objects.filter(template="referral_sent").count() == 1


def test_a_double_click_on_approve_sends_once_and_says_so_kindly(desk, coordinator, now):
    referral = make_referral(coordinator, now)
    act(desk, referral, "approuver")
    response = act(desk, referral, "approuver")
    assert response.status_code == 302
    assert OutgoingMail.objects.count() == 1


def test_the_whole_way_from_sending_to_closing(desk, coordinator, volunteer, now):
    referral = make_referral(coordinator, now - timedelta(hours=1), state=State.SENT, level="U1")
    moment = timezone.localtime(now).strftime("%Y-%m-%dT%H:%M")
    assert act(desk, referral, "appel", person="Mme Roy", at=moment).status_code == 302
    assert act(desk, referral, "accuse").status_code == 302
    assert act(desk, referral, "prise-en-charge").status_code == 302
    assert act(desk, referral, "commenter", text="Passe jeudi.").status_code == 302
    assert act(desk, referral, "reponse", result="help_in_place", text="Portage.").status_code == 302
    refused = act(desk, referral, "clore", reason="help_in_place")
    assert refused.status_code == 200
    assert "pas encore été rappelé" in text(refused)
    make_call(referral.case, volunteer, timezone.now())
    assert act(desk, referral, "clore", reason="help_in_place").status_code == 302
    referral.refresh_from_db()
    assert referral.state == State.CLOSED
    assert "Mme Roy" in text(desk.get(detail(referral)))


def test_declined_is_rerouted_in_one_act(desk, coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    other = make_partner("Mairie de Bordeaux")
    act(desk, referral, "decline", reason="Hors secteur.")
    assert "Hors secteur." in text(desk.get(detail(referral)))
    act(desk, referral, "reorienter", partner=other.pk)
    referral.refresh_from_db()
    assert (referral.state, referral.partner) == (State.DRAFT, other)


def test_an_act_that_needs_a_text_says_so_at_the_field_and_keeps_what_was_typed(desk, coordinator, now):
    referral = make_referral(coordinator, now, state=State.IN_PROGRESS)
    response = act(desk, referral, "reponse", result="", text="Portage dès lundi.")
    assert response.status_code == 200
    assert "Portage dès lundi." in text(response)
    assert Referral.objects.get(pk=referral.pk).state == State.IN_PROGRESS


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("state", State.values)
def test_no_act_breaks_in_any_state_with_nothing_typed(desk, coordinator, now, state, name):
    referral = make_referral(coordinator, now, state=state)
    response = act(desk, referral, name)
    assert response.status_code in (200, 302)


@pytest.mark.parametrize(
    "data",
    [
        {"person": "x" * 5000, "at": "2026-01-01T10:00"},
        {"person": "Mme Roy", "at": "99999-99-99T99:99"},
        {"person": "Mme Roy", "at": "9999-12-31T23:59"},
        {"person": "Mme Roy", "at": "0001-01-01T00:00"},
        {"person": "a\x00b", "at": "2026-01-01T10:00"},
    ],
)
def test_odd_values_come_back_with_a_message(desk, coordinator, now, data):
    referral = make_referral(coordinator, now, state=State.SENT)
    response = act(desk, referral, "appel", **data)
    assert response.status_code in (200, 302)


def test_editing_refuses_odd_values_and_keeps_the_rest(desk, coordinator, now):
    referral = make_referral(coordinator, now)
    url = reverse("coordinator:referral_edit", args=[referral.pk])
    response = desk.post(url, {"partner": "9" * 30, "level": "U9", "facts": "x" * 700, "agreement_at": "demain"})
    assert response.status_code == 200
    assert "x" * 700 in text(response)
    future = timezone.localtime(now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    response = desk.post(url, {"level": "U2", "facts": "x", "agreement": "yes", "agreement_at": future})
    assert "dans le futur" in text(response)


def test_editing_without_changing_the_agreement_keeps_who_collected_it(desk, case, volunteer, now):
    partner = make_partner()
    call = make_call(case, volunteer, now)
    (referral,) = referrals.draft_for_call(call=call, needs=[make_need(call)], by=volunteer, now=now)
    url = reverse("coordinator:referral_edit", args=[referral.pk])
    page = desk.get(url)
    data = {
        name: value
        for name, value in page.context["form"].initial.items()
        if value not in (None, False) and name not in ("partner", "agreement_at")
    }
    data |= {
        "partner": partner.pk,
        "agreement_at": timezone.localtime(referral.agreement_at).strftime("%Y-%m-%dT%H:%M"),
        "since": "une semaine",
    }
    assert desk.post(url, data).status_code == 302
    referral.refresh_from_db()
    assert referral.since == "une semaine"
    assert (referral.agreement_by, referral.agreement_at) == (volunteer, now)


def test_an_approved_referral_has_no_edit_page(desk, coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    assert desk.get(reverse("coordinator:referral_edit", args=[referral.pk])).status_code == 302


def test_a_referral_by_hand_starts_from_a_household(desk, case, call_of, now):
    partner = make_partner()
    make_need(call_of(case), "courses", consent="thinking", level="U2")
    url = reverse("coordinator:referral_new", args=[case.pk])
    assert 'value="courses"' in text(desk.get(url))
    tenant = case.household.tenants.first()
    response = desk.post(url, {"tenant": tenant.pk, "categories": ["courses"], "level": "U2"})
    referral = Referral.objects.get()
    assert response.headers["Location"] == reverse("coordinator:referral_edit", args=[referral.pk])
    assert referral.partner == partner
    assert not Need.objects.filter(state=Need.State.OPEN).exists()
    assert desk.post(url, {"tenant": tenant.pk, "level": "U2"}).status_code == 200


@pytest.fixture
def call_of(volunteer, now):
    return lambda case: make_call(case, volunteer, now)


def test_reading_a_referral_is_journaled(desk, coordinator, now):
    referral = make_referral(coordinator, now)
    desk.get(detail(referral))
    row = JournalEntry.objects.get(action="referral.read")
    assert (row.user, row.object_id, row.household_id) == (coordinator, referral.pk, referral.case.household_id)


def test_without_a_partner_the_page_names_the_town_hall_to_add(desk, coordinator, now, case):
    referral = make_referral(coordinator, now, case=case)
    Referral.objects.update(partner=None)
    Partner.objects.all().delete()
    page = text(desk.get(detail(referral)))
    assert "la mairie de Bordeaux" in page
    assert reverse("coordinator:partner_new") + "?commune=33063" in page


def test_the_pdf_is_tagged_and_kept_by_no_cache(desk, coordinator, now):
    referral = make_referral(coordinator, now, facts='#import "x"\n*gras* $a$ <b>', since="#panic()")
    response = desk.get(reverse("coordinator:referral_pdf", args=[referral.pk]))
    assert response.content.startswith(b"%PDF-")
    assert b"StructTreeRoot" in response.content
    assert response.headers["Cache-Control"] == "no-store"
    assert referral.reference in response.headers["Content-Disposition"]


def test_the_detail_costs_a_known_number_of_queries(desk, coordinator, now, max_queries):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    with max_queries(30):
        desk.get(detail(referral))


# Who may ------------------------------------------------------------------------------------------------------


def test_another_agency_is_not_seen(desk, coordinator, now, agency, agency2, make_household, campaign):
    referral = make_referral(coordinator, now, case=make_case(campaign, make_household(agency=agency2), now=now))
    limit_to(coordinator, agency)
    assert referral.reference not in text(desk.get(LIST))
    for url in (
        detail(referral),
        reverse("coordinator:referral_edit", args=[referral.pk]),
        reverse("coordinator:referral_pdf", args=[referral.pk]),
        reverse("coordinator:referral_new", args=[referral.case_id]),
    ):
        assert desk.get(url).status_code == 404
    assert act(desk, referral, "approuver").status_code == 404
    assert Referral.objects.get().state == State.DRAFT


def test_volunteers_do_not_open_referrals_and_administrators_read_them(
    client_of, volunteer, administrator, coordinator, now
):
    referral = make_referral(coordinator, now)
    for person, status in ((volunteer, 403), (administrator, 200)):
        client = client_of(person)
        assert client.get(LIST).status_code == 403
        assert client.get(detail(referral)).status_code == status
        assert act(client, referral, "approuver").status_code == 403


def test_anonymous_people_sign_in_first(client, coordinator, now):
    referral = make_referral(coordinator, now)
    for url in (LIST, detail(referral), reverse("coordinator:partner_list")):
        response = client.get(url)
        assert response.status_code == 302
        assert "/connexion/" in response.headers["Location"]


def test_bad_ids_and_methods_are_refused(desk, coordinator, now):
    referral = make_referral(coordinator, now)
    for pk in (999_999, 10**30):
        assert desk.get(f"/signalements/{pk}/").status_code == 404
        assert desk.get(f"/signalements/dossier/{pk}/").status_code == 404
        assert desk.get(f"/partenaires/{pk}/").status_code == 404
    assert desk.post(detail(referral)).status_code == 405
    assert desk.get(reverse("coordinator:referral_act", args=[referral.pk, "approuver"])).status_code == 405
    assert act(desk, referral, "bogus").status_code == 404


# Partners --------------------------------------------------------------------------------------------------------

PARTNER = {
    "kind": "ccas",
    "name": "CCAS de Mérignac",
    "email": "ccas@merignac.exemple.fr",
    "communes": "33700 Mérignac\n33063",
    "departments": "33, 2a",
    "epcis": "Bordeaux Métropole",
    "categories": ["repas"],
    "verified_on": "2026-01-05",
    "active": "on",
}


def test_a_partner_is_added_with_communes_typed_as_people_write_them(client_of, administrator):
    client = client_of(administrator)
    response = client.post(reverse("coordinator:partner_new"), PARTNER)
    partner = Partner.objects.get()
    assert response.headers["Location"] == reverse("coordinator:partner", args=[partner.pk])
    assert partner.communes == ["33281", "33063"]
    assert partner.epcis == ["243300316"]
    assert partner.departments == ["33", "2A"]
    assert partner.categories == ["repas"]
    assert JournalEntry.objects.get(action="partner.created").object_id == partner.pk
    again = client.get(reverse("coordinator:partner", args=[partner.pk]))
    assert "33281 Mérignac" in text(again)
    assert client.post(reverse("coordinator:partner", args=[partner.pk]), PARTNER | {"name": "CCAS"}).status_code == 302
    assert Partner.objects.get().name == "CCAS"
    assert Partner.objects.get().communes == ["33281", "33063"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("communes", "Trifouillis-les-Oies", "Commune introuvable"),
        ("communes", "00000", "Commune introuvable"),
        ("epcis", "Métropole de nulle part", "Intercommunalité introuvable"),
        ("departments", "33, 99", "Département inconnu"),
        ("email", "pas une adresse", "valide"),
        ("name", "", "obligatoire"),
        ("verified_on", "hier", "valide"),
        ("communes", "a\x00b", "nul"),
        ("kind", "bogus", "valide"),
    ],
)
def test_a_mistake_in_a_partner_is_said_at_its_field(desk, field, value, message):
    response = desk.post(reverse("coordinator:partner_new"), PARTNER | {field: value})
    assert response.status_code == 200
    assert message in " ".join(response.context["form"].errors[field])
    assert not Partner.objects.exists()


def test_the_list_of_partners_warns_of_those_not_verified_lately(desk):
    make_partner("Ancien", verified_on=date(2020, 1, 1))
    make_partner("Récent", verified_on=timezone.localdate())
    make_partner("Jamais")
    page = text(desk.get(reverse("coordinator:partner_list")))
    assert "le 01/01/2020, à revoir" in page
    assert "jamais" in page
    only = text(desk.get(reverse("coordinator:partner_list"), {"verifie": "non"}))
    assert "Récent" not in only
    assert "Ancien" in only


def test_a_partners_page_shows_its_referrals_and_delays(desk, coordinator, now):
    referral = make_referral(coordinator, now, state=State.ANSWERED)
    page = text(desk.get(reverse("coordinator:partner", args=[referral.partner_id])))
    assert referral.reference in page
    assert "Jamais vérifié." in page


def test_the_list_of_partners_costs_the_same_for_one_and_for_many(desk, count_queries):
    make_partner()
    desk.get(reverse("coordinator:partner_list"))  # the first page of a session also writes it
    with count_queries() as one:
        desk.get(reverse("coordinator:partner_list"))
    for number in range(20):
        make_partner(f"Partenaire {number}")
    with count_queries() as many:
        desk.get(reverse("coordinator:partner_list"))
    assert len(one) == len(many) <= 12


def test_volunteers_do_not_open_partners(client_of, volunteer):
    client = client_of(volunteer)
    partner = make_partner()
    for url in (
        reverse("coordinator:partner_list"),
        reverse("coordinator:partner_new"),
        reverse("coordinator:partner", args=[partner.pk]),
    ):
        assert client.get(url).status_code == 403


def test_a_missing_commune_brings_its_town_hall(desk):
    page = text(desk.get(reverse("coordinator:partner_new"), {"commune": "33281"}))
    assert "Mairie de Mérignac" in page
    assert desk.get(reverse("coordinator:partner_new"), {"commune": "\x00"}).status_code == 200


def test_a_second_coordinator_approves_without_agreement(client_of, coordinator, now):
    referral = make_referral(coordinator, now, agreement="no", no_agreement_reason="Ne s'alimente plus.")
    desk = client_of(coordinator)
    act(desk, referral, "approuver")
    assert "il manque une deuxième personne" in text(desk.get(detail(referral)))
    refused = act(desk, referral, "approuver")
    assert refused.status_code == 200
    other = client_of(make_user("mehdi@exemple.fr", "Mehdi", "Roche", roles.COORDINATOR))
    act(other, referral, "approuver")
    assert Referral.objects.get().state == State.APPROVED
    assert Case.objects.count() == 1


def test_what_is_over_comes_last(desk, coordinator, now, campaign):
    over = make_referral(coordinator, now, state=State.CLOSED)
    waiting = make_referral(coordinator, now, case=make_case(campaign, now=now))
    page = text(desk.get(LIST))
    assert page.index(waiting.reference) < page.index(over.reference)


def test_a_person_who_has_died_is_said_before_anything_is_sent(desk, coordinator, now):
    referral = make_referral(coordinator, now)
    type(referral.tenant).objects.update(status="deceased")
    assert "Cette personne est notée « décédé »" in text(desk.get(detail(referral)))


@pytest.mark.parametrize(
    ("typed", "kept"), [("0556000000", "05 56 00 00 00"), ("+33 556000000", "05 56 00 00 00"), ("3919", "3919")]
)
def test_a_partners_number_is_kept_readable(desk, typed, kept):
    assert desk.post(reverse("coordinator:partner_new"), PARTNER | {"phone": typed}).status_code == 302
    assert Partner.objects.get().phone == kept


@pytest.mark.parametrize("typed", ["appeler l'accueil", "12345678", "0" * 19])
def test_a_number_that_cannot_be_one_is_said(desk, typed):
    response = desk.post(reverse("coordinator:partner_new"), PARTNER | {"phone": typed})
    assert response.status_code == 200
    assert "numéro de téléphone" in " ".join(response.context["form"].errors["phone"])
